//! Storage pools, and the custom volumes in them that hold file systems.

use jiff::Timestamp;

use super::{Client, Config, Result};

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// Its settings.
    pub config: Config,
    /// A person's words about it.
    pub description: String,
    /// The paths of the API of what uses it, such as `/1.0/instances/web-1`.
    pub used_by: Vec<String>,
    /// When it was created; an old Incus did not write that down.
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

impl Client {
    /// A storage pool, and how full it is.
    ///
    /// # Errors
    /// As every request; [`NotFound`](super::Kind::NotFound) when it is not there.
    pub fn pool(&self, name: &str) -> Result<Pool> {
        let _ = name;
        unimplemented!()
    }

    /// The custom volumes of a pool that hold file systems.
    ///
    /// # Errors
    /// As every request: see [`Kind`](super::Kind).
    pub fn volumes(&self, pool: &str) -> Result<Vec<Volume>> {
        let _ = pool;
        unimplemented!()
    }

    /// The custom volume of that name, if there is one that holds a file system.
    ///
    /// # Errors
    /// As every request: see [`Kind`](super::Kind).
    pub fn volume(&self, pool: &str, name: &str) -> Result<Option<Volume>> {
        let _ = (pool, name);
        unimplemented!()
    }

    /// Creates a custom volume that holds a file system.
    ///
    /// # Errors
    /// As every request; [`Exists`](super::Kind::Exists) when the name is taken.
    pub fn create_volume(&self, pool: &str, new: &NewVolume) -> Result<()> {
        let _ = (pool, new);
        unimplemented!()
    }

    /// Deletes a custom volume.
    ///
    /// # Errors
    /// As every request; [`Refused`](super::Kind::Refused) while something uses it.
    pub fn delete_volume(&self, pool: &str, name: &str) -> Result<()> {
        let _ = (pool, name);
        unimplemented!()
    }
}
