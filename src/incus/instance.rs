//! What Incus knows about an instance.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;

use super::{Fingerprint, InstanceName, json};

/// Settings by key.
pub type Config = BTreeMap<String, String>;

/// A device's settings, `type` among them.
pub type Device = BTreeMap<String, String>;

/// Devices by name.
pub type Devices = BTreeMap<String, Device>;

/// What an instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceKind {
    /// A system container.
    Container,
    /// A virtual machine.
    VirtualMachine,
}

/// What an instance does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Status {
    /// Its processes run.
    Running,
    /// It has no processes.
    Stopped,
    /// Its processes stand still.
    Frozen,
    /// What Incus says it does: `Error`, `Starting`, …
    Other(String),
}

impl From<String> for Status {
    fn from(status: String) -> Self {
        match status.as_str() {
            "Running" => Self::Running,
            "Stopped" => Self::Stopped,
            "Frozen" => Self::Frozen,
            _ => Self::Other(status),
        }
    }
}

/// As Incus says it.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "Running",
            Self::Stopped => "Stopped",
            Self::Frozen => "Frozen",
            Self::Other(status) => status,
        })
    }
}

/// An instance.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Instance {
    /// Its name.
    #[serde(deserialize_with = "json::instance_name")]
    pub name: InstanceName,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: InstanceKind,
    /// What it does.
    pub status: Status,
    /// Whether it goes when it stops.
    #[serde(default, deserialize_with = "json::or_default")]
    pub ephemeral: bool,
    /// Such as `x86_64`.
    pub architecture: String,
    /// Its profiles, the later ones overrule the earlier.
    #[serde(default, deserialize_with = "json::or_default")]
    pub profiles: Vec<String>,
    /// Its own settings.
    #[serde(default, deserialize_with = "json::or_default")]
    pub config: Config,
    /// Its own devices.
    #[serde(default, deserialize_with = "json::or_default")]
    pub devices: Devices,
    /// The settings with those of the profiles.
    #[serde(default, deserialize_with = "json::or_default")]
    pub expanded_config: Config,
    /// The devices with those of the profiles.
    #[serde(default, deserialize_with = "json::or_default")]
    pub expanded_devices: Devices,
    /// A person's words about it.
    #[serde(default, deserialize_with = "json::or_default")]
    pub description: String,
    /// The member of the cluster where it is; `none` without a cluster.
    #[serde(default, deserialize_with = "json::or_default")]
    pub location: String,
    /// When it was created.
    #[serde(deserialize_with = "json::time")]
    pub created_at: Timestamp,
}

impl Instance {
    /// The image that it was created from; a copy of an instance knows it too.
    pub fn image(&self) -> Option<Fingerprint> {
        Fingerprint::parse(self.config.get("volatile.base_image")?)
    }

    /// A property of the image that it was created from.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.config.get(&format!("image.{name}")).map(String::as_str)
    }

    /// The storage pool that its root file system is in.
    pub fn root_pool(&self) -> Option<&str> {
        let is_root = |device: &&Device| {
            let has = |key: &str, value: &str| device.get(key).is_some_and(|found| found == value);
            has("type", "disk") && has("path", "/")
        };
        self.expanded_devices.values().find(is_root)?.get("pool").map(String::as_str)
    }

    /// Its network interfaces, those of profiles too, by the device's name.
    pub fn nics(&self) -> impl Iterator<Item = (&str, &Device)> {
        let is_nic = |device: &Device| device.get("type").is_some_and(|kind| kind == "nic");
        self.expanded_devices
            .iter()
            .filter(move |(_, device)| is_nic(device))
            .map(|(name, device)| (name.as_str(), device))
    }
}
