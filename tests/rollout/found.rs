//! Incus and HAProxy as they stand, to be compared with how they stand later.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::Lab;
use crate::support::veza::{INSTANCES, VOLUMES, Veza};

/// Columns of `show servers state` that tell what was decided about a server and what its checks made of it; the others
/// are times and counts.
const DECIDED: [&str; 7] =
    ["be_name", "srv_name", "srv_addr", "srv_op_state", "srv_admin_state", "srv_uweight", "srv_iweight"];

/// Everything that a rollout can change.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    /// Each instance of the fleet and beside it: all that Incus has of it.
    pub(super) instances: BTreeMap<String, Value>,
    pub(super) volumes: Vec<String>,
    /// Locks are profiles.
    pub(super) profiles: Vec<String>,
    /// The decided columns of each balancer's servers.
    pub(super) servers: Vec<String>,
    /// The entries of the first balancer's drain map.
    pub(super) drain_map: String,
}

impl Found {
    pub(super) fn of(veza: &Veza) -> Self {
        let lab = Lab::shared();
        let instance = |name: String| {
            let found = lab.query(&format!("{INSTANCES}/{name}"));
            (name, found)
        };
        let stem = veza.stem();
        let list = |path: &str| -> Vec<String> {
            let listed = lab.query(path);
            listed.as_array().unwrap().iter().map(|url| url.as_str().unwrap().to_owned()).collect()
        };
        let haproxy = veza.haproxy();
        Self {
            instances: veza.names(INSTANCES).into_iter().map(instance).collect(),
            volumes: veza.names(VOLUMES),
            profiles: list("/1.0/profiles").into_iter().filter(|profile| profile.contains(stem)).collect(),
            servers: servers(&haproxy.ask("show servers state")),
            drain_map: haproxy.ask(&format!("show map {}", haproxy.drain_map().display())).trim().to_owned(),
        }
    }
}

pub(super) fn servers(answer: &str) -> Vec<String> {
    let mut lines = answer.lines().skip(1);
    let names: Vec<_> = lines.next().unwrap().trim_start_matches("# ").split(' ').collect();
    let columns: Vec<_> = DECIDED.iter().map(|name| names.iter().position(|other| other == name).unwrap()).collect();
    let row = |line: &str| {
        let cells: Vec<_> = line.split(' ').collect();
        columns.iter().map(|column| cells[*column]).collect::<Vec<_>>().join(" ")
    };
    lines.filter(|line| !line.is_empty()).map(row).collect()
}

/// What vezaimg said, with names and addresses that every run chooses anew as any reader would call them.
pub(crate) fn told(veza: &Veza, said: &str) -> String {
    let mut told = said.replace(veza.stem(), "api");
    for (index, member) in veza.members().iter().enumerate() {
        told = told.replace(&member.address().to_string(), &format!("10.0.0.{}", index + 1));
    }
    told = told.replace(&veza.haproxy().entry().ip().to_string(), "127.0.0.1");
    told = told.replace(&veza.haproxy().drain_map().parent().unwrap().display().to_string(), "/etc/haproxy");
    // On a slow machine a step lasts so long that it is told how far it is: `api-1  settling: slow start`.
    let is_detail = |line: &&str| line.starts_with("api-") && line.contains(": ");
    let mut lines: Vec<_> = told.lines().filter(|line| !is_detail(line)).collect();
    // In which order the journal takes what systemd and the service write at one moment is chance: systemd's come first.
    let journal = |line: &&str| {
        line.starts_with("  cause: ") && [" systemd[1]: ", " veza-api["].iter().any(|by| line.contains(by))
    };
    for lines in lines.chunk_by_mut(|a, b| journal(a) && journal(b)) {
        lines.sort_by_key(|line| line.contains(" veza-api["));
    }
    lines.into_iter().fold(String::new(), |told, line| told + line + "\n")
}

/// A table's rows with one space between cells: how wide they are depends on names that every run chooses anew.
pub(super) fn squeezed(table: &str) -> String {
    let squeeze = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n";
    table.lines().map(squeeze).collect()
}
