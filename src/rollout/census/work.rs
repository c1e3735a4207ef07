//! Who works on a pool, and what was left unfinished.

use jiff::Timestamp;
use serde::Serialize;

use crate::incus::Client;
use crate::rollout::fleet::{Fleet, Origin, PoolName};
use crate::rollout::journal::{Journal, Kind};
use crate::rollout::lock::{self, Holder, quoted};
use crate::{Error, Result};

/// What a pool's lock says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Work {
    /// Who holds the lock, or held it last and is gone.
    pub holder: Option<HolderCensus>,
    /// Whether somebody holds it now.
    pub is_held: bool,
    /// What is being done, or was left unfinished.
    pub operation: Option<Journal>,
    /// The command that goes on with what nobody is doing.
    pub goes_on: Option<String>,
}

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HolderCensus {
    /// The operator.
    pub user: String,
    /// The machine.
    pub host: String,
    /// The process there.
    pub pid: u32,
    /// The subcommand.
    pub verb: String,
    /// Since when.
    pub since: Timestamp,
    /// When it last said that it lives.
    pub renewed: Timestamp,
}

impl From<Holder> for HolderCensus {
    fn from(holder: Holder) -> Self {
        Self {
            host: holder.host().to_owned(),
            pid: holder.pid(),
            user: holder.user,
            verb: holder.verb,
            since: holder.since,
            renewed: holder.renewed,
        }
    }
}

/// Reads a pool's lock.
pub(super) fn look(client: &Client, fleet: &Fleet, pool: &PoolName) -> Result<Option<Work>> {
    let Some(held) = lock::look(client, pool)? else { return Ok(None) };
    let goes_on = held.journal.as_ref().filter(|_| held.is_gone).map(|journal| resume(journal, fleet, pool));
    Ok(Some(Work {
        holder: held.holder.map(HolderCensus::from),
        is_held: !held.is_gone,
        operation: held.journal,
        goes_on,
    }))
}

/// That nothing else may begin on a pool while an operation is unfinished there; `since` says what that would do.
pub fn unfinished(journal: &Journal, fleet: &Fleet, pool: &PoolName, since: &str) -> Error {
    let text = format!("pool `{pool}`: {} is unfinished, and {since}", journal.called());
    Error::refused(text).hint(format!("`{}` goes on with it", resume(journal, fleet, pool)))
}

/// The command that goes on with an operation that was cut off.
pub fn resume(journal: &Journal, fleet: &Fleet, pool: &PoolName) -> String {
    let image = match (journal.kind, journal.image.as_deref().and_then(|image| image.get(..12))) {
        (Kind::Rollout, Some(image)) => format!(" {image}"),
        _ => String::new(),
    };
    let verb = journal.kind.verb();
    let name = quoted(&fleet.name);
    let origin = match &fleet.origin {
        Origin::File => format!("--fleet {name}"),
        Origin::Inventory(layouts) => {
            let layouts: String = layouts.iter().map(|layout| format!(" --layout {}", quoted(layout))).collect();
            format!("--inventory {name}{layouts}")
        }
    };
    format!("vezaimg {verb}{image} {origin} --pool {pool}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;
    use crate::rollout::fleet;

    #[test]
    fn the_command_that_goes_on_is_one_to_paste() {
        let text = "[haproxy]\nsockets = \"tcp:a:1\"\n[[pool]]\nname = \"api\"\ninstances = [\"a\", \"b\"]\nbackends = \"b\"\n";
        let fleet = fleet::parse(Source { name: "my fleet.toml".to_owned(), text: text.to_owned() }).unwrap();
        let mut journal = Journal {
            id: "1".to_owned(),
            kind: Kind::Rollout,
            image: Some("0a".repeat(32)),
            release: "v2".to_owned(),
            started: Timestamp::UNIX_EPOCH,
            instances: [].into(),
        };
        let pool = &fleet.pools[0].name;
        let expected = "vezaimg rollout 0a0a0a0a0a0a --fleet 'my fleet.toml' --pool api";
        assert_eq!(resume(&journal, &fleet, pool), expected);
        let layouts = vec!["layouts/api.toml".to_owned(), "my layout.toml".to_owned()];
        let inventory = Fleet { name: "lab.yml".to_owned(), origin: Origin::Inventory(layouts), ..fleet.clone() };
        let expected = "vezaimg rollout 0a0a0a0a0a0a --inventory lab.yml --layout layouts/api.toml --layout 'my layout.toml' --pool api";
        assert_eq!(resume(&journal, &inventory, pool), expected);
        journal.kind = Kind::Rollback;
        assert_eq!(resume(&journal, &fleet, pool), "vezaimg rollback --fleet 'my fleet.toml' --pool api");
    }
}
