//! The lock of a pool on a real Incus: who gets it, who loses it, and what it says.

// The functions that tests share are no tests to clippy.
#![allow(clippy::panic, clippy::unwrap_used)]

mod lost;
mod taking;
mod writing;

use std::collections::BTreeMap;
use std::fs;

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use vezaimg::incus::{Client, Profile};
use vezaimg::rollout::fleet::PoolName;
use vezaimg::rollout::journal::{Course, Journal, Kind};

use crate::support::Lab;

const HOLDER: &str = "user.vezaimg.holder";
const JOURNAL: &str = "user.vezaimg.journal";

/// A pool of its own in the shared lab, and a client.
struct Place {
    client: Client,
    pool: PoolName,
    profile: String,
}

impl Place {
    fn new() -> Self {
        Self::of(Lab::shared())
    }

    fn of(lab: &Lab) -> Self {
        let client = lab.client();
        let pool = PoolName::parse(&lab.unique("pool")).unwrap();
        let profile = format!("vezaimg.{pool}");
        Self { client, pool, profile }
    }

    fn found(&self) -> Option<Profile> {
        self.client.profile(&self.profile).unwrap().map(|(profile, _)| profile)
    }

    /// What the lock says of its holder.
    fn holder(&self) -> Value {
        serde_json::from_str(&self.found().unwrap().config[HOLDER]).unwrap()
    }

    /// Writes a profile of this configuration, as somebody by hand or another machine does.
    fn put(&self, config: &[(&str, String)]) {
        let config = config.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        let devices = BTreeMap::new();
        let profile =
            Profile { name: self.profile.clone(), description: String::new(), config, devices, used_by: Vec::new() };
        match self.client.profile(&self.profile).unwrap() {
            Some((_, etag)) => self.client.replace_profile(&profile, &etag).unwrap(),
            None => self.client.create_profile(&profile).unwrap(),
        }
    }

    /// The daemon's clock, so many seconds ago.
    fn ago(&self, seconds: i64) -> Timestamp {
        self.client.now().unwrap().checked_sub(seconds.seconds()).unwrap()
    }

    /// Another machine's process that took the lock and renewed it so many seconds ago.
    fn elsewhere(&self, since: i64, renewed: i64) -> Value {
        json!({
            "version": 1,
            "user": "bob",
            "process": {"host": "ops-2", "boot": "b", "namespace": "pid:[1]", "pid": 4711, "started": 1},
            "verb": "rollback",
            "token": "bob's",
            "since": self.ago(since),
            "renewed": self.ago(renewed),
        })
    }

    /// A process of this machine that took the lock and renewed it just now.
    fn here(&self, pid: u32) -> Value {
        let read = |path: &str| fs::read_to_string(path).unwrap().trim_end().to_owned();
        let stat = read(&format!("/proc/{pid}/stat"));
        let started: u64 = stat.rsplit_once(") ").unwrap().1.split(' ').nth(19).unwrap().parse().unwrap();
        let namespace = fs::read_link("/proc/self/ns/pid").unwrap();
        let mut holder = self.elsewhere(0, 0);
        holder["process"] = json!({
            "host": read("/proc/sys/kernel/hostname"),
            "boot": read("/proc/sys/kernel/random/boot_id"),
            "namespace": namespace.to_str().unwrap(),
            "pid": pid,
            "started": started,
        });
        holder
    }
}

/// What is left of it goes with its value.
impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.client.delete_profile(&self.profile);
    }
}

fn journal(release: &str) -> Journal {
    Journal {
        id: "7f3a".to_owned(),
        kind: Kind::Rollout,
        image: Some("0a".repeat(32)),
        release: release.to_owned(),
        started: "2026-11-22T14:02:11Z".parse().unwrap(),
        instances: [
            ("api-1".to_owned(), Course::Back("never healthy: 503".to_owned())),
            ("api-2".to_owned(), Course::Waiting),
        ]
        .into(),
    }
}
