//! Directories that grow, on a custom volume that old and new both mount.

use std::time::Duration;

use crate::incus::{Client, InstanceName};
use crate::rootfs::TargetPath;

/// A custom volume of ours that holds a kept directory, there already or to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// The storage pool.
    pub pool: String,
    /// Its name in the pool.
    pub name: String,
    /// The device by which instances mount it.
    pub device: String,
    /// The directory that it holds.
    pub path: TargetPath,
}

/// What came of the preparations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// The volume is there and filled, up to what is written from now on.
    Ready,
    /// No volume can be made, for this reason: the directory has to be carried.
    CannotMake(String),
}

/// Makes the volume and copies in bulk while the `leaving` container runs and serves.
///
/// # Errors
/// The copy fails, or Incus does not answer.
pub fn prepare(
    client: &Client,
    leaving: &InstanceName,
    entering: &InstanceName,
    volume: &Volume,
    progress: &dyn Fn(u64, u64),
) -> crate::Result<Prepared> {
    let _ = (client, leaving, entering, volume, progress);
    unimplemented!()
}

/// Whether the volume holds all that the directory held when its container last ran.
///
/// # Errors
/// Incus does not answer.
pub fn is_whole(client: &Client, leaving: &InstanceName, volume: &Volume) -> crate::Result<bool> {
    let _ = (client, leaving, volume);
    unimplemented!()
}

/// Stops the unit, copies the rest, compares and notes that the volume is whole. `leaving` runs and gets no request.
///
/// # Errors
/// The unit does not stop in time, or the copy differs.
pub fn finish(
    client: &Client,
    leaving: &InstanceName,
    unit: Option<&str>,
    volume: &Volume,
    deadline: Duration,
) -> crate::Result<()> {
    let _ = (client, leaving, unit, volume, deadline);
    unimplemented!()
}

/// Has both stopped containers mount the volume at its path.
///
/// # Errors
/// The volume is not whole, or Incus refuses.
pub fn settle(client: &Client, leaving: &InstanceName, entering: &InstanceName, volume: &Volume) -> crate::Result<()> {
    let _ = (client, leaving, entering, volume);
    unimplemented!()
}

/// Takes back what `prepare` did, as long as nothing was settled.
///
/// # Errors
/// Incus refuses.
pub fn abandon(client: &Client, leaving: &InstanceName, entering: &InstanceName, volume: &Volume) -> crate::Result<()> {
    let _ = (client, leaving, entering, volume);
    unimplemented!()
}
