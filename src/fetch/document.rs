//! A file of no known content, such as `InRelease`: the first that the caller accepts.

use std::sync::mpsc::{self, RecvTimeoutError};

use super::address::Address;
use super::client::Client;
use super::failure::{Failure, Kind};
use super::fetcher::{Fetcher, OTHER_MIRROR, TICK, no_mirror};
use crate::error::Class;
use crate::rootfs::escaped;
use crate::ui::Event;
use crate::{Error, Result};

impl Fetcher<'_> {
    /// What `accept` makes of a document of at most `most` bytes. What it refuses leads to the next mirror; what it fails
    /// at ends the run. Documents are not kept.
    ///
    /// # Errors
    /// No mirror has it in an acceptable form, with every mirror's reason: of the class that all refusals have, if all
    /// mirrors were refused; or somebody asked to stop.
    pub fn document<T>(&self, suite: &str, path: &str, most: u64, accept: &dyn Fn(&[u8]) -> Result<T>) -> Result<T> {
        let name = escaped(path.as_bytes());
        let Some(network) = &self.network else {
            return Err(Error::failed(format!("`{name}` can only be fetched")).hint("run it without `--offline`"));
        };
        let client = Client::new(network.limits, &network.proxies);
        let (mut reasons, mut classes, mut hints) = (Vec::new(), Vec::new(), Vec::new());
        let addresses = network.mirrors.of_suite(suite);
        for mirror in addresses {
            let reason = match self.get(&client, &mirror, path, most)? {
                Err(failure) => {
                    classes.push(Class::Failed);
                    failure.reason
                }
                Ok(document) => match accept(&document) {
                    Ok(accepted) => {
                        let note = |(mirror, reason)| format!("the mirror `{mirror}` did not give `{name}`: {reason}");
                        reasons.into_iter().map(note).for_each(|note| self.listener.event(Event::Note(note)));
                        return Ok(accepted);
                    }
                    // Not the mirror's doing.
                    Err(error) if error.class() == Class::Failed => return Err(error),
                    Err(refusal) => {
                        classes.push(refusal.class());
                        for hint in refusal.hints() {
                            if !hints.contains(hint) {
                                hints.push(hint.clone());
                            }
                        }
                        refusal.line()
                    }
                },
            };
            reasons.push((mirror, reason));
        }
        let unsound = || format!("no mirror has a sound `{name}`");
        let error = match classes.as_slice() {
            [first, rest @ ..] if *first == Class::Refused && rest.iter().all(|class| class == first) => {
                Error::refused(unsound())
            }
            [first, rest @ ..] if *first == Class::Invalid && rest.iter().all(|class| class == first) => {
                Error::invalid(unsound())
            }
            [] => Error::failed(format!("`{name}` cannot be fetched")).cause(no_mirror(suite)),
            _ => Error::failed(format!("`{name}` cannot be fetched")),
        };
        let cause = |(mirror, reason): &(Address, String)| format!("`{mirror}`: {reason}");
        let error = reasons.iter().map(cause).fold(error, Error::cause);
        if hints.is_empty() {
            hints.push(OTHER_MIRROR.to_owned());
        }
        Err(hints.into_iter().fold(error, Error::hint))
    }

    /// Reads a document on a thread of its own, so that a request to stop need not wait for the mirror.
    fn get(&self, client: &Client, mirror: &Address, path: &str, most: u64) -> Result<Result<Vec<u8>, Failure>> {
        let limits = client.limits();
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut attempt = 1;
                let outcome = loop {
                    match read(client, mirror, path, most) {
                        Err(failure) if failure.kind == Kind::Broken && attempt < limits.attempts => {
                            std::thread::sleep(limits.pause * attempt);
                            attempt += 1;
                        }
                        outcome => break outcome,
                    }
                };
                // Nobody listens any more to one that was stopped.
                let _ = sender.send(outcome);
            });
            loop {
                if let Err(stopped) = self.go_on() {
                    client.stop();
                    return Err(stopped);
                }
                match receiver.recv_timeout(TICK) {
                    Ok(outcome) => return Ok(outcome),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return Ok(Err(Failure::broken("stopped"))),
                }
            }
        })
    }
}

fn read(client: &Client, mirror: &Address, path: &str, most: u64) -> Result<Vec<u8>, Failure> {
    let mut answer = client.get(mirror, path, 0)?;
    let too_large = || Failure::refused(format!("sends more than {most} bytes"));
    if answer.length.is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let expected = answer.length;
    let mut document = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = answer.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        document.extend_from_slice(&buffer[..length]);
        if document.len() as u64 > most {
            return Err(too_large());
        }
    }
    match expected {
        Some(expected) if expected != document.len() as u64 => {
            Err(Failure::broken(format!("ended after {} of {expected} bytes", document.len())))
        }
        _ => Ok(document),
    }
}
