//! What outlives a swap: how each path that an image wants kept gets from the leaving container to the entering one.
//!
//! ```text
//! ways ─▶ Elsewhere   on a disk device of the user's already: the entering container gets the device, as every other
//!      ─▶ Carry       survey (leaving runs) ─▶ carry (both stopped) ─▶ complete (entering runs): through the file API and
//!                     our memory, and what that API cannot set afterwards
//!      ─▶ Volume      prepare (leaving serves) ─▶ finish (leaving idles) ─▶ settle (both stopped)
//! ```
//!
//! The state of a volume is read from Incus every time: where its device is on the leaving container, and a note there
//! that it is whole. So each step can be done again, by another process too, wherever the last one was killed. Where no
//! volume can be made ([`Prepared::CannotMake`]), or it is not whole when both containers are stopped ([`is_whole`]), what was
//! prepared is taken back ([`abandon`]) and the directory is carried as a tree, which [`survey()`] has to have seen.

mod carry;
mod copy;
mod extended;
mod note;
pub(in crate::rollout) mod service;
mod stages;
mod survey;
mod unseen;
mod volume;

pub use carry::{Carried, carry};
pub use copy::size;
pub use extended::complete;
pub use stages::{Prepared, abandon, finish, is_whole, prepare, settle};
pub use survey::{check, survey};
pub use volume::Volume;
pub(in crate::rollout) use volume::visible;

use super::contract::Kept;
use crate::Error;
use crate::incus::{Client, Device, Instance, Node};
use crate::layout::KeepHow;
use crate::rootfs::{TargetPath, escaped};

/// How a kept path gets from the leaving container to the entering one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// It is carried, while both are stopped.
    Carry,
    /// It is on a disk device of the user's, which the entering container gets too: nothing is to be done.
    Elsewhere {
        /// The device's name.
        device: String,
    },
    /// It is on a volume of ours, or will be.
    Volume(Volume),
}

/// How each kept path gets over. Nothing is changed. Without `volumes`, directories are carried too, unless they are on
/// a device already.
///
/// # Errors
/// Refused: a directory cannot be on a volume as it is. Failed: Incus does not answer.
pub fn ways(client: &Client, leaving: &Instance, kept: &[Kept], volumes: bool) -> crate::Result<Vec<(Kept, Way)>> {
    kept.iter().map(|kept| Ok((kept.clone(), way(client, leaving, kept, volumes)?))).collect()
}

fn way(client: &Client, leaving: &Instance, kept: &Kept, volumes: bool) -> crate::Result<Way> {
    if let Some((name, device)) = device_above(leaving, &kept.path) {
        let ours = Volume::of_device(&kept.path, name, device).filter(|_| kept.how == KeepHow::Volume);
        return Ok(ours.map_or_else(|| Way::Elsewhere { device: name.to_owned() }, Way::Volume));
    }
    let Some(pool) = leaving.root_pool().filter(|_| volumes && kept.how == KeepHow::Volume) else {
        return Ok(Way::Carry);
    };
    // Once it is being filled, nothing is asked any more: the instance may be out of rotation.
    if let Some(volume) = Volume::aside(leaving, &kept.path) {
        return Ok(Way::Volume(volume));
    }
    check_mountable(client, leaving, &kept.path)?;
    Volume::to_be(client, leaving, pool, &kept.path).map(Way::Volume)
}

/// The disk device, of the instance's own or a profile's, that holds this path; the innermost, if there are several.
fn device_above<'a>(leaving: &'a Instance, path: &TargetPath) -> Option<(&'a str, &'a Device)> {
    mounts(leaving)
        .filter(|(_, _, at)| path.is_within(at))
        .max_by_key(|(_, _, at)| at.as_relative().len())
        .map(|(name, device, _)| (name, device))
}

/// Disk devices that are mounted anywhere but at the root, with the path.
fn mounts(instance: &Instance) -> impl Iterator<Item = (&str, &Device, TargetPath)> {
    instance.expanded_devices.iter().filter_map(|(name, device)| {
        let at = mounted_at(device).filter(|at| !at.is_root())?;
        Some((name.as_str(), device, at))
    })
}

/// Where a disk device is mounted, if it is one that is.
fn mounted_at(device: &Device) -> Option<TargetPath> {
    device.get("type").filter(|kind| *kind == "disk")?;
    TargetPath::from_relative(device.get("path")?.trim_start_matches('/').as_bytes()).ok()
}

/// A volume is mounted over what is there: that has to be a directory, reached without a detour.
fn check_mountable(client: &Client, leaving: &Instance, path: &TargetPath) -> crate::Result<()> {
    let name = &leaving.name;
    if let Some((device, _, at)) = mounts(leaving).find(|(_, _, at)| at.is_within(path)) {
        let device = escaped(device.as_bytes());
        return Err(Error::refused(format!("`{path}` of `{name}` is to be kept, and holds the device `{device}`"))
            .hint(format!("keep what is beside `{at}` by paths of their own, or mount a volume at `{path}`")));
    }
    for at in [path.clone()].into_iter().chain(path.ancestors()).filter(|at| !at.is_root()) {
        let what = match client.read(name, &at)? {
            None | Some(Node::Directory { .. }) => continue,
            Some(Node::Symlink { .. }) => "a symbolic link",
            Some(Node::File { .. }) => "a file",
        };
        return Err(Error::refused(format!("`{path}` of `{name}` cannot be kept on a volume: `{at}` is {what}"))
            .hint("let `[[keep]]` of the layout name the directory itself"));
    }
    Ok(())
}
