//! Storage pools, and the custom volumes in them that hold file systems.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use ureq::http::Method;

use super::exchange::Call;
use super::{Client, Config, Failure, Result, json};
use crate::rootfs::escaped;

/// For a volume to be made or deleted, content and all.
const PATIENCE: Duration = Duration::from_secs(600);

/// The content of a volume that is mounted, rather than handed on as a disk.
const FILE_SYSTEM: &str = "filesystem";

/// A storage pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Such as `dir` or `zfs`.
    pub driver: String,
    /// Bytes that are taken.
    pub used: u64,
    /// Bytes that there are; 0 when the driver does not say.
    pub total: u64,
}

/// A custom volume that holds a file system.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// Its settings.
    #[serde(default, deserialize_with = "json::or_default")]
    pub config: Config,
    /// A person's words about it.
    #[serde(default, deserialize_with = "json::or_default")]
    pub description: String,
    /// The paths of the API of what uses it, such as `/1.0/instances/web-1`.
    #[serde(default, deserialize_with = "json::or_default")]
    pub used_by: Vec<String>,
    /// When it was created; an old Incus did not write that down.
    #[serde(default, deserialize_with = "json::time_if_any")]
    pub created_at: Option<Timestamp>,
}

/// A custom volume to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVolume {
    /// Its name.
    pub name: String,
    /// Its settings.
    pub config: Config,
    /// A person's words about it.
    pub description: String,
    /// The member of the cluster where it is to be.
    pub member: Option<String>,
}

#[derive(Deserialize)]
struct PoolAnswer {
    driver: String,
}

#[derive(Deserialize)]
struct Resources {
    space: Space,
}

#[derive(Deserialize)]
struct Space {
    used: u64,
    #[serde(default)]
    total: u64,
}

#[derive(Deserialize)]
struct VolumeAnswer {
    content_type: String,
    #[serde(flatten)]
    volume: Volume,
}

impl VolumeAnswer {
    fn of_files(self) -> Option<Volume> {
        (self.content_type == FILE_SYSTEM).then_some(self.volume)
    }
}

fn named(pool: &str, volume: &str) -> String {
    format!("the volume `{}` of the pool `{}`", escaped(volume.as_bytes()), escaped(pool.as_bytes()))
}

impl Client {
    /// A storage pool, and how full it is.
    ///
    /// # Errors
    /// As every request; [`NotFound`](super::Kind::NotFound) when it is not there.
    pub fn pool(&self, name: &str) -> Result<Pool> {
        let call = Call::get(&["storage-pools", name], format!("show the pool `{}`", escaped(name.as_bytes())));
        let driver = self.read_one::<PoolAnswer>(&call)?.metadata.driver;
        let Resources { space } = self.read_one(&call.beside(&["storage-pools", name, "resources"]))?.metadata;
        Ok(Pool { driver, used: space.used, total: space.total })
    }

    /// The custom volumes of a pool that hold file systems.
    ///
    /// # Errors
    /// As every request: see [`Kind`](super::Kind).
    pub fn volumes(&self, pool: &str) -> Result<Vec<Volume>> {
        let wanted = format!("list the volumes of the pool `{}`", escaped(pool.as_bytes()));
        let call = Call::get(&["storage-pools", pool, "volumes", "custom"], wanted).query("recursion", "1");
        let volumes: Vec<VolumeAnswer> = self.read_one(&call)?.metadata;
        Ok(volumes.into_iter().filter_map(VolumeAnswer::of_files).collect())
    }

    /// The custom volume of that name, if there is one that holds a file system.
    ///
    /// # Errors
    /// As every request: see [`Kind`](super::Kind).
    pub fn volume(&self, pool: &str, name: &str) -> Result<Option<Volume>> {
        let segments = ["storage-pools", pool, "volumes", "custom", name];
        let answer = self.read_if_there(&Call::get(&segments, format!("show {}", named(pool, name))))?;
        Ok(answer.and_then(|answer| VolumeAnswer::of_files(answer.metadata)))
    }

    /// Creates a custom volume that holds a file system.
    ///
    /// # Errors
    /// As every request; [`Exists`](super::Kind::Exists) when the name is taken.
    pub fn create_volume(&self, pool: &str, new: &NewVolume) -> Result<()> {
        let body = json!({
            "name": new.name,
            "config": new.config,
            "description": new.description,
            "content_type": FILE_SYSTEM,
        });
        let wanted = format!("create {}", named(pool, &new.name));
        let call = Call::new(Method::POST, &["storage-pools", pool, "volumes", "custom"], wanted).body(body);
        let call = new.member.iter().fold(call, |call, member| call.query("target", member));
        self.run(&call, PATIENCE).map(drop).map_err(Failure::or_exists)
    }

    /// Deletes a custom volume.
    ///
    /// # Errors
    /// As every request; [`Refused`](super::Kind::Refused) while something uses it.
    pub fn delete_volume(&self, pool: &str, name: &str) -> Result<()> {
        let segments = ["storage-pools", pool, "volumes", "custom", name];
        self.run(&Call::new(Method::DELETE, &segments, format!("delete {}", named(pool, name))), PATIENCE).map(drop)
    }
}
