//! That a fleet is as a rollout is to leave it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{INSTANCES, Veza};

/// Where the sample service logs.
const LOG: &str = "/var/log/veza/veza-api.log";

impl Veza {
    /// Holds the fleet to what every ended rollout, rollback or restore owes: each instance live, on this image and in its
    /// place, each server UP with its full share and no cookie kept away, whatever stands beside an instance stopped and
    /// without a network, the env files as they were pushed, and no lock.
    ///
    /// # Panics
    /// When something else is so.
    pub(crate) fn assert_whole(&self, fingerprint: &str, has_prev: bool) {
        self.wait_available();
        for haproxy in &self.balancers {
            let map = haproxy.ask(&format!("show map {}", haproxy.drain_map().display()));
            assert_eq!(map.trim(), "", "the drain map holds somebody");
        }
        let listed = self.lab.query(&format!("{INSTANCES}?recursion=1"));
        let mut left: BTreeMap<&str, &Value> = listed
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|instance| Some((instance["name"].as_str()?, instance)))
            .filter(|(name, _)| name.starts_with(&format!("{}-", self.stem)))
            .collect();
        for member in &self.members {
            let name = member.name();
            let live = left.remove(name).unwrap_or_else(|| panic!("`{name}` is gone"));
            assert_eq!(live["status"], "Running", "{name}: {live:#}");
            assert_eq!(live["config"]["volatile.base_image"], *fingerprint, "{name}: {live:#}");
            let address = &live["expanded_devices"]["eth0"]["ipv4.address"];
            assert_eq!(*address, member.address().to_string(), "{name}: {live:#}");
            for note in ["user.vezaimg.detached", "user.vezaimg.trial"] {
                assert!(live["config"][note].is_null(), "{name} bears `{note}`: {live:#}");
            }
            let (prev, next) = (format!("{name}-prev"), format!("{name}-next"));
            assert!(!has_prev || left.contains_key(&*prev), "`{prev}` is gone");
            for beside in [prev, next] {
                let Some(aside) = left.remove(&*beside) else { continue };
                assert_eq!(aside["status"], "Stopped", "{beside}: {aside:#}");
                assert_eq!(aside["config"]["boot.autostart"], "false", "{beside}: {aside:#}");
                let devices = aside["expanded_devices"].as_object().expect("an instance has devices");
                assert!(devices.values().all(|device| device["type"] != "nic"), "{beside}: {aside:#}");
            }
            member.wait_healthy();
        }
        assert!(left.is_empty(), "left over: {:?}", left.keys());
        let profiles = self.lab.query("/1.0/profiles").to_string();
        assert!(!profiles.contains(&format!("/vezaimg.{}\"", self.stem)), "the lock is there: {profiles}");
        self.assert_env();
    }

    /// What each instance's service has logged so far.
    pub(crate) fn logs(&self) -> Vec<String> {
        self.members.iter().map(|member| String::from_utf8(member.instance.pull(LOG)).unwrap()).collect()
    }

    /// # Panics
    /// When a log does not begin with what it was before, byte for byte, or lacks an answer to a POST of those that
    /// clients got since.
    pub(crate) fn assert_logs(&self, before: &[String], posts: u64) {
        let mut answered = 0;
        for (member, (before, now)) in self.members.iter().zip(before.iter().zip(self.logs())) {
            let since = now.strip_prefix(before.as_str());
            let since = since.unwrap_or_else(|| panic!("the log of `{}` lost lines", member.name()));
            let lines = since.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
            answered += lines.filter(|line| line["method"] == "POST" && line["status"] == 200).count() as u64;
        }
        assert!(answered >= posts, "the logs hold {answered} POSTs, and {posts} were answered");
    }
}
