//! Who holds a lock: what it says of itself, as JSON of the format 1, and whether it is gone.

use std::fs;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::LIFE;
use super::process::Process;
use super::words::between;
use crate::{Error, Result};

/// The format that is written, and the only one that is read.
const FORMAT: u32 = 1;

/// The largest that is read, in bytes.
const LARGEST: usize = 4_096;

/// The longest of its words, in bytes.
const LONGEST_WORD: usize = 128;

/// Who holds a lock. Its texts hold no control characters and are at most 128 bytes long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Holder {
    version: u32,
    /// The operator's name on that machine.
    pub user: String,
    process: Process,
    /// The verb of its command line, such as `rollout`.
    pub verb: String,
    /// Tells this hold from every other.
    token: String,
    /// When it took the lock, by the daemon's clock.
    pub since: Timestamp,
    /// When it last said that it lives, by the daemon's clock.
    pub renewed: Timestamp,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl Holder {
    /// This process, as of `now`.
    pub(super) fn own(verb: &str, now: Timestamp) -> Result<Self> {
        let mut process = Process::own()?;
        process.host = word(&process.host);
        let token = fs::read_to_string("/proc/sys/kernel/random/uuid")
            .map_err(|cause| Error::failed("the kernel gives no random number for a lock").cause(cause))?;
        let holder = Self {
            version: FORMAT,
            user: user(),
            process,
            verb: word(verb),
            token: token.trim_end().to_owned(),
            since: now,
            renewed: now,
        };
        Ok(holder)
    }

    /// The machine's name.
    pub fn host(&self) -> &str {
        &self.process.host
    }

    /// The process's number on that machine.
    pub fn pid(&self) -> u32 {
        self.process.pid
    }

    /// Whether it is a process of this very machine.
    pub fn is_here(&self) -> bool {
        self.process.is_here()
    }

    /// Whether it holds the lock no more: it did not renew it, or it is known to have ended. A time that lies ahead is
    /// no better than one that is long past: the daemon's clock was set back since.
    pub(super) fn is_gone(&self, now: Timestamp) -> bool {
        self.age(now) > LIFE || between(now, self.renewed) > LIFE || self.process.is_dead()
    }

    /// How long ago it renewed the lock.
    pub(super) fn age(&self, now: Timestamp) -> Duration {
        between(self.renewed, now)
    }

    /// Whether the two are one hold.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.token == other.token
    }

    /// As [`read`](Self::read) reads it.
    pub(super) fn to_json(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|cause| Error::failed("the holder of a lock cannot be written").cause(cause))
    }

    /// What somebody wrote, or why it is no holder.
    pub(super) fn read(text: &str) -> std::result::Result<Self, String> {
        if text.len() > LARGEST {
            return Err(format!("it is larger than {LARGEST} bytes"));
        }
        let place = |error: &serde_json::Error| format!("it makes no sense at column {}", error.column());
        let Version { version } = serde_json::from_str(text).map_err(|error| place(&error))?;
        if version != FORMAT {
            return Err(format!("it is of the format {version}, and this vezaimg knows the format {FORMAT}"));
        }
        let holder: Self = serde_json::from_str(text).map_err(|error| place(&error))?;
        let sound = [&holder.user, &holder.verb, &holder.token].into_iter().all(|text| is_word(text));
        match sound && holder.process.is_sound() {
            true => Ok(holder),
            false => Err("a word of it is empty, too long or has control characters".to_owned()),
        }
    }
}

/// Whether a text may stand in a message.
pub(super) fn is_word(text: &str) -> bool {
    (1..=LONGEST_WORD).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// A text of this machine as one that may stand in a message.
fn word(text: &str) -> String {
    let mut word: String = text.chars().filter(|character| !character.is_control()).collect();
    while word.len() > LONGEST_WORD {
        word.pop();
    }
    if word.is_empty() { "unknown".to_owned() } else { word }
}

/// The operator: who became root through sudo is still called by the own name.
fn user() -> String {
    let name = |variable| std::env::var(variable).ok().filter(|name| !name.is_empty());
    let named = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(name);
    word(&named.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_763_800_000 + second).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let holder = Holder::own("rollout", at(0)).unwrap();
        assert_eq!(Holder::read(&holder.to_json().unwrap()), Ok(holder));
    }

    #[test]
    fn what_is_no_holder_is_told_from_one() {
        let holder = Holder::own("rollout", at(0)).unwrap();
        let json = holder.to_json().unwrap();
        let with = |change: &dyn Fn(&mut Holder)| {
            let mut holder = holder.clone();
            change(&mut holder);
            holder.to_json().unwrap()
        };
        let word = "a word of it is empty, too long or has control characters";
        let nowhere = "it makes no sense at column ";
        for (text, why) in [
            (String::new(), nowhere),
            ("{}".to_owned(), nowhere),
            ("[1]".to_owned(), nowhere),
            (json.replace(r#""user""#, r#""owner""#), nowhere),
            (json.replace(&holder.since.to_string(), "yesterday"), nowhere),
            (with(&|holder| holder.version = 2), "it is of the format 2, and this vezaimg knows the format 1"),
            (format!("{json}{}", " ".repeat(LARGEST)), "it is larger than 4096 bytes"),
            (with(&|holder| holder.user = "a\u{1b}[2J".to_owned()), word),
            (with(&|holder| holder.verb = String::new()), word),
            (with(&|holder| holder.process.host = "h".repeat(129)), word),
            (with(&|holder| holder.process.pid = 0), word),
        ] {
            let read = Holder::read(&text).unwrap_err();
            assert!(read.starts_with(why), "{text}: {read}");
        }
    }

    #[test]
    fn a_holder_is_gone_when_it_did_not_renew_the_lock() {
        let holder = Holder::own("rollout", at(0)).unwrap();
        for (now, gone) in [(0, false), (45, false), (46, true), (-45, false), (-46, true)] {
            assert_eq!(holder.is_gone(at(now)), gone, "{now}");
        }
    }

    #[test]
    fn names_of_this_machine_always_fit() {
        assert_eq!(word("an\u{1b}na"), "anna");
        assert_eq!(word("\n"), "unknown");
        assert_eq!(word(&"ä".repeat(100)).len(), 128);
        assert!(is_word(&user()));
    }
}
