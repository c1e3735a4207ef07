//! The files of a container, read through Incus, which needs nothing inside it: what runs there cannot lie about its files.
//!
//! What is at a path is asked for before it is read: a pipe that took the place of a file would be waited for without end.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::incus::{Attributes, Client, InstanceName, Kind::Malformed, Node, Stat, What};
use crate::interrupt::Interrupt;
use crate::rootfs::{Digest, Digesting, Summary, TargetPath};
use crate::{Error, Result};

/// How many requests are under way at once: each takes Incus some milliseconds, and most of them waiting.
const CONNECTIONS: usize = 4;

/// The files of a running or stopped container.
pub(super) struct Container<'a> {
    pub(super) client: &'a Client,
    pub(super) name: &'a InstanceName,
    pub(super) interrupt: &'a Interrupt,
}

/// What is to be found out about a path.
pub(super) struct Question {
    pub(super) path: TargetPath,
    /// The size of the file that is expected there: one of another size is not read.
    pub(super) size: Option<u64>,
    /// Whether a directory's names are asked for.
    pub(super) is_entered: bool,
}

/// What is at a path.
#[derive(Debug)]
pub(super) enum Found {
    /// Nothing, or what Incus cannot tell about.
    Nothing,
    /// A file, or a pipe or a socket, which Incus tells as an empty one.
    File {
        attributes: Attributes,
        /// In bytes, if Incus says it.
        size: Option<u64>,
        /// None where it was not read, being of another size.
        content: Option<Summary>,
    },
    Directory {
        attributes: Attributes,
        /// None where they were not asked for.
        names: Vec<String>,
    },
    Symlink {
        /// As Incus tells it: absolute.
        target: Vec<u8>,
    },
}

impl Container<'_> {
    /// The answers in the order of the questions.
    ///
    /// # Errors
    /// Something cannot be read, or somebody asked to stop.
    pub(super) fn ask(&self, questions: &[Question]) -> Result<Vec<Found>> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut answers = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(question) = questions.get(at) else { return Ok(answers) };
                let answer = self.interrupt.check().and_then(|()| self.answer(question));
                // Nobody needs the others' answers any more.
                answers.push((at, answer.inspect_err(|_| next.store(questions.len(), Ordering::Relaxed))?));
            }
        };
        let answers: Result<Vec<_>> = thread::scope(|scope| {
            let workers: Vec<_> = (0..CONNECTIONS.min(questions.len())).map(|_| scope.spawn(work)).collect();
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
        });
        let mut answers: Vec<_> = answers?.into_iter().flatten().collect();
        answers.sort_unstable_by_key(|(at, _)| *at);
        Ok(answers.into_iter().map(|(_, found)| found).collect())
    }

    fn answer(&self, question: &Question) -> Result<Found> {
        let Question { path, size, is_entered } = question;
        let stat = match self.client.stat(self.name, path) {
            Err(failure) if failure.kind() == Malformed => None,
            stat => stat?,
        };
        let Some(Stat { attributes, what }) = stat else { return Ok(Found::Nothing) };
        Ok(match what {
            What::File { size: found @ Some(_) } if found != *size => {
                Found::File { attributes, size: found, content: None }
            }
            What::File { size: Some(0) } => {
                let nothing = Summary { size: 0, sha256: Digest::of_bytes(&[]) };
                Found::File { attributes, size: Some(0), content: Some(nothing) }
            }
            What::Directory if !is_entered => Found::Directory { attributes, names: Vec::new() },
            _ => self.read(path, *size)?,
        })
    }

    fn read(&self, path: &TargetPath, size: Option<u64>) -> Result<Found> {
        Ok(match self.client.read(self.name, path)? {
            // It went between the two questions.
            None => Found::Nothing,
            Some(Node::Directory { attributes, names }) => Found::Directory { attributes, names },
            Some(Node::Symlink { target, .. }) => Found::Symlink { target },
            Some(Node::File { attributes, body, size: said }) => {
                let body = Digesting::new(self.interrupt.reader(body));
                let read = body.drain(size.unwrap_or_default().saturating_add(1));
                self.interrupt.check()?;
                let unread = |cause| Error::failed(format!("cannot read `{path}` of `{}`", self.name)).cause(cause);
                Found::File { attributes, size: said, content: Some(read.map_err(unread)?) }
            }
        })
    }
}
