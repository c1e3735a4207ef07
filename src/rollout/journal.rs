//! What a rollout or a rollback set out to do, and how far it got: kept in the pool's lock, so that any machine can go on.
//!
//! It holds intentions only. Where the containers are and what HAProxy does is read from them, always.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One operation on one pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
}
