//! What gains rights, and what anybody may write: where that is news.

use serde::Serialize;

use super::Change;
use super::change::changes;
use crate::inspect::{self, Special};

/// What deserves a second look, by path, where it is not the same in both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// Files that run as their owner or group, whoever starts them: mode and owners.
    pub set_id: Vec<Change>,
    /// Files that are started with capabilities.
    pub capabilities: Vec<Change>,
    /// What anybody may write: mode and owners.
    pub world_writable: Vec<Change>,
}

impl Findings {
    pub(super) fn between(old: &inspect::Findings, new: &inspect::Findings) -> Self {
        let capable = |findings: &inspect::Findings| {
            let capable = findings.capabilities.iter();
            capable.map(|it| (it.path.clone(), it.capabilities.clone())).collect::<Vec<_>>()
        };
        Self {
            set_id: changes(special(&old.set_id), special(&new.set_id)),
            capabilities: changes(capable(old), capable(new)),
            world_writable: changes(special(&old.world_writable), special(&new.world_writable)),
        }
    }
}

fn special(found: &[Special]) -> Vec<(String, String)> {
    found.iter().map(|it| (it.path.clone(), format!("{} {}:{}", it.mode, it.uid, it.gid))).collect()
}
