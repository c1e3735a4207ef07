//! What a rollout or a rollback set out to do, and how far it got: kept in the pool's lock, so that any machine can go on.
//!
//! It holds intentions only. Where the containers are and what HAProxy does is read from them, always.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::incus::{Fingerprint, InstanceName};

/// The format that is written, and the only one that is read.
const FORMAT: u32 = 1;

/// The largest that is written or read, in bytes.
const LARGEST: usize = 1 << 20;

/// The longest id, in bytes.
const LONGEST_ID: usize = 64;

/// One operation on one pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Journal {
    /// Tells this operation from every other: what it made bears it.
    pub id: String,
    /// What is done.
    pub kind: Kind,
    /// The fingerprint of the image that a rollout brings.
    pub image: Option<String>,
    /// The release that it holds, for people.
    pub release: String,
    /// When it began.
    pub started: Timestamp,
    /// What becomes of each instance, by its name; an instance that is not named is left alone.
    pub instances: BTreeMap<String, Course>,
}

/// What is done to a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// New containers are made of an image.
    Rollout,
    /// The containers before come back.
    Rollback,
}

impl Kind {
    /// The subcommand.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Rollout => "rollout",
            Self::Rollback => "rollback",
        }
    }
}

/// What becomes of one instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Course {
    /// Not taken up yet.
    Waiting,
    /// On its way.
    Forward,
    /// On its way back, for this reason.
    Back(String),
    /// Done.
    Done,
    /// It was taken out and came back, for this reason; the ones after it are left alone.
    Restored(String),
    /// It was never taken out, for this reason; the ones after it are left alone.
    GivenUp(String),
}

/// The frame of a journal in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame<T> {
    version: u32,
    operation: T,
}

/// A frame of any format.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl Journal {
    /// The journal as JSON of the format 1, as [`read`](Self::read) reads it.
    ///
    /// # Errors
    /// It is one that could not be read again: why.
    pub fn to_json(&self) -> Result<String, String> {
        self.check()?;
        let json =
            serde_json::to_string(&Frame { version: FORMAT, operation: self }).map_err(|error| error.to_string())?;
        if json.len() > LARGEST { Err(too_large()) } else { Ok(json) }
    }

    /// What somebody wrote. Control characters in what is for people become spaces.
    ///
    /// # Errors
    /// It is no journal, or one of another format: why.
    pub fn read(json: &str) -> Result<Self, String> {
        if json.len() > LARGEST {
            return Err(too_large());
        }
        // What the parser quotes may be anything: only where it is goes into a message.
        let place = |error: &serde_json::Error| format!("it makes no sense at column {}", error.column());
        let Version { version } = serde_json::from_str(json).map_err(|error| place(&error))?;
        if version != FORMAT {
            return Err(format!("it is of the format {version}, and this vezaimg knows the format {FORMAT}"));
        }
        let frame: Frame<Self> = serde_json::from_str(json).map_err(|error| place(&error))?;
        let mut journal = frame.operation;
        journal.check()?;
        let reasons = journal.instances.values_mut().filter_map(|course| match course {
            Course::Back(reason) | Course::Restored(reason) | Course::GivenUp(reason) => Some(reason),
            Course::Waiting | Course::Forward | Course::Done => None,
        });
        for text in reasons.chain([&mut journal.release]) {
            *text = text.replace(char::is_control, " ");
        }
        Ok(journal)
    }

    /// What it is of, for people: `a rollout of 2026-11-22 14:02 UTC`.
    pub fn called(&self) -> String {
        format!("a {} of {}", self.kind.verb(), self.started.strftime("%Y-%m-%d %H:%M UTC"))
    }

    fn check(&self) -> Result<(), String> {
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if !(1..=LONGEST_ID).contains(&self.id.len()) || !self.id.bytes().all(is_id) {
            return Err(format!("its id is not at most {LONGEST_ID} letters, digits and dashes"));
        }
        if self.image.as_deref().is_some_and(|image| Fingerprint::parse(image).is_none()) {
            return Err("its image is no fingerprint".to_owned());
        }
        match self.instances.keys().all(|name| InstanceName::parse(name).is_some()) {
            true => Ok(()),
            false => Err("one of its instances has a name that no instance has".to_owned()),
        }
    }
}

fn too_large() -> String {
    format!("it is larger than {} MiB", LARGEST >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> Journal {
        Journal {
            id: "7f3a".to_owned(),
            kind: Kind::Rollout,
            image: Some("0a".repeat(32)),
            release: "v1.4.2".to_owned(),
            started: "2026-11-22T14:02:11Z".parse().unwrap(),
            instances: [
                ("api-1".to_owned(), Course::Back("never healthy: ä".to_owned())),
                ("api-2".to_owned(), Course::Waiting),
            ]
            .into(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let json = journal().to_json().unwrap();
        let expected = format!(
            concat!(
                r#"{{"version":1,"operation":{{"id":"7f3a","kind":"rollout","image":"{}","release":"v1.4.2","#,
                r#""started":"2026-11-22T14:02:11Z","instances":"#,
                r#"{{"api-1":{{"back":"never healthy: ä"}},"api-2":"waiting"}}}}}}"#,
            ),
            "0a".repeat(32)
        );
        assert_eq!(json, expected);
        assert_eq!(Journal::read(&json), Ok(journal()));
    }

    #[test]
    fn what_is_no_journal_is_refused_with_the_reason() {
        let json = journal().to_json().unwrap();
        let no_sense = "it makes no sense at column ";
        for (text, why) in [
            (String::new(), no_sense),
            ("{}".to_owned(), no_sense),
            (json.replace(r#""release""#, r#""relaese""#), no_sense),
            (json.replace(r#""rollout""#, r#""reboot""#), no_sense),
            (
                json.replace(r#""version":1"#, r#""version":2"#),
                "it is of the format 2, and this vezaimg knows the format 1",
            ),
            (json.replace("7f3a", "7f;a"), "its id is not at most 64 letters, digits and dashes"),
            (json.replace("7f3a", ""), "its id is not at most 64 letters, digits and dashes"),
            (json.replace("0a0a", "0A0A"), "its image is no fingerprint"),
            (json.replace("api-2", "../api"), "one of its instances has a name that no instance has"),
            (format!("{json}{}", " ".repeat(LARGEST)), "it is larger than 1 MiB"),
        ] {
            let read = Journal::read(&text).unwrap_err();
            assert!(read.starts_with(why), "{text}: {read}");
        }
    }

    #[test]
    fn what_could_not_be_read_is_not_written() {
        for (journal, why) in [
            (Journal { id: "a b".to_owned(), ..journal() }, "its id is not at most 64 letters, digits and dashes"),
            (Journal { release: "v".repeat(LARGEST), ..journal() }, "it is larger than 1 MiB"),
        ] {
            assert_eq!(journal.to_json().unwrap_err(), why);
        }
    }

    #[test]
    fn a_reason_moves_no_cursor() {
        let instances = [("api-1".to_owned(), Course::Back("a\u{1b}[2J\nb".to_owned()))].into();
        let json = Journal { instances, ..journal() }.to_json().unwrap();
        let read = Journal::read(&json).unwrap();
        assert_eq!(read.instances["api-1"], Course::Back("a [2J b".to_owned()));
    }
}
