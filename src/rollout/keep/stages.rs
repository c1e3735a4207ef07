//! How a directory gets onto a volume: prepared while its container serves, finished while it idles, settled while it is
//! stopped. Each can be done again at any time; what is done already stays.

use std::time::{Duration, Instant};

use super::copy::{Copied, copy, copy_in_view};
use super::service;
use super::volume::{ASIDE, Mounted, Volume, instance, is_marked, marks};
use crate::Error;
use crate::incus::{Attributes, Client, Failure, Instance, InstanceName, Kind, NewVolume, Node, Status};
use crate::rollout::instance::marks::INSTANCE;
use crate::rootfs::TargetPath;

/// For the copy in bulk.
const BULK: Duration = Duration::from_secs(4 * 3600);

/// Copies after which a directory that still changes is given up.
const MOST_COPIES: u32 = 3;

/// How many names a message quotes.
const MOST_NAMED: usize = 5;

/// For a directory that neither container has.
const DEFAULT: Attributes = Attributes { uid: 0, gid: 0, mode: 0o755 };

/// What came of the preparations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// The volume is there and filled, up to what is written from now on.
    Ready,
    /// No volume can be made or filled, for this reason, and none is left: the directory has to be carried.
    CannotMake(String),
}

/// Makes the volume, has the running `leaving` container mount it aside, and copies in bulk while it serves. A directory
/// that it has not gets the attributes that it has in `entering`, which has to be there.
///
/// `progress` is told the bytes that are copied and the bytes in all. ^C is heeded when it is done.
///
/// # Errors
/// The copy fails, as on a full disk, or Incus does not answer.
pub fn prepare(
    client: &Client,
    leaving: &InstanceName,
    entering: &InstanceName,
    volume: &Volume,
    progress: &dyn Fn(u64, u64),
) -> crate::Result<Prepared> {
    let before = instance(client, leaving)?;
    let mounted = volume.mounted(&before);
    if mounted == Mounted::InPlace {
        return Ok(Prepared::Ready);
    }
    if before.status != Status::Running {
        abandon(client, leaving, entering, volume)?;
        return Ok(Prepared::CannotMake(format!("`{leaving}` does not run, so that nothing can be copied within it")));
    }
    if mounted == Mounted::Nowhere {
        let made = make(client, &before, volume)?.and_then(|()| attach(client, leaving, volume));
        if let Err(failure) = made {
            return cannot(client, leaving, entering, volume, failure);
        }
    }
    // It serves, so that what was whole is no more.
    note(client, leaving, volume, false)?;
    let attributes = attributes(client, &[leaving, entering], &volume.path)?;
    for _ in 0..MOST_COPIES {
        match copy_in_view(client, leaving, volume, Some(attributes), BULK, progress)? {
            Copied::All(_) => break,
            Copied::ButForGone => {}
            Copied::Lacks(tool) => {
                abandon(client, leaving, entering, volume)?;
                return Ok(Prepared::CannotMake(format!("`{tool}` is not installed in `{leaving}`")));
            }
        }
    }
    Ok(Prepared::Ready)
}

/// The inner failure is what Incus says about making it.
fn make(client: &Client, leaving: &Instance, volume: &Volume) -> crate::Result<Result<(), Failure>> {
    let marks = marks(client.project(), leaving.name.as_str(), &volume.path);
    if let Some(there) = seen(client, volume)? {
        return match is_marked(&there, &marks) {
            true => Ok(Ok(())),
            false => Err(Error::refused(format!("the volume `{}` was made meanwhile by somebody else", volume.name))),
        };
    }
    let mut config: crate::incus::Config = marks.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    if leaving.expanded_config.get("security.idmap.isolated").is_some_and(|isolated| is_true(isolated)) {
        // Old and new count users from different numbers of the host.
        config.insert("security.shifted".to_owned(), "true".to_owned());
    }
    let member = Some(leaving.location.clone()).filter(|member| !matches!(member.as_str(), "" | "none"));
    let description = format!("{} of {}, kept by vezaimg", volume.path, leaving.name);
    Ok(client.create_volume(&volume.pool, &NewVolume { name: volume.name.clone(), config, description, member }))
}

/// The volume, if it is there and may be seen: what may not be seen cannot be made either.
fn seen(client: &Client, volume: &Volume) -> crate::Result<Option<crate::incus::Volume>> {
    match client.volume(&volume.pool, &volume.name) {
        Err(failure) if failure.kind() == Kind::Denied => Ok(None),
        there => Ok(there?),
    }
}

/// As Incus reads a boolean.
fn is_true(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "on")
}

fn attach(client: &Client, leaving: &InstanceName, volume: &Volume) -> Result<(), Failure> {
    client.change_instance(leaving, &mut |settings| {
        settings.devices.insert(volume.device.clone(), volume.device_aside());
    })
}

/// What Incus does not want to do is no error: the directory can be carried.
fn cannot(
    client: &Client,
    leaving: &InstanceName,
    entering: &InstanceName,
    volume: &Volume,
    failure: Failure,
) -> crate::Result<Prepared> {
    if !matches!(failure.kind(), Kind::Denied | Kind::Refused | Kind::NotFound) {
        return Err(failure.into());
    }
    abandon(client, leaving, entering, volume)?;
    Ok(Prepared::CannotMake(failure.to_string()))
}

/// Owner, group and mode of the directory in the first instance that has it.
fn attributes(client: &Client, instances: &[&InstanceName], path: &TargetPath) -> crate::Result<Attributes> {
    for name in instances {
        if let Some(Node::Directory { attributes, .. }) = client.read(name, path)? {
            return Ok(attributes);
        }
    }
    Ok(DEFAULT)
}

/// Whether the volume holds all that the directory held: it is in its place, or was finished and the `leaving` container
/// has not been prepared anew since.
pub fn is_whole(leaving: &Instance, volume: &Volume) -> bool {
    match volume.mounted(leaving) {
        Mounted::InPlace => true,
        Mounted::Aside => leaving.config.get(&volume.note()) == Some(&volume.name),
        Mounted::Nowhere => false,
    }
}

/// Copies the rest: `leaving` runs and gets no request. The unit, if one is named, is stopped first, and killed when it
/// has not stopped after half of the deadline. Then both are compared, and that the volume is whole is noted. Of a
/// volume that is in its place nothing is to be done, and the unit runs on.
///
/// Only the unit is stopped: what others write from then on is lost.
///
/// # Errors
/// Refused: nothing was prepared. Failed: the unit does not stop, the copy fails, or the directory still changes.
pub fn finish(
    client: &Client,
    leaving: &InstanceName,
    unit: Option<&str>,
    volume: &Volume,
    deadline: Duration,
) -> crate::Result<()> {
    let begun = Instant::now();
    match volume.mounted(&instance(client, leaving)?) {
        Mounted::InPlace => return Ok(()),
        Mounted::Aside => {}
        Mounted::Nowhere => {
            return Err(Error::refused(format!("the volume `{}` is not prepared on `{leaving}`", volume.name)));
        }
    }
    if let Some(unit) = unit {
        service::stop(client, leaving, unit, deadline / 2)?;
    }
    let mut differing = Vec::new();
    for _ in 0..MOST_COPIES {
        let left = deadline.saturating_sub(begun.elapsed());
        match copy(client, leaving, volume, None, left)? {
            Copied::All(names) if names.is_empty() => return note(client, leaving, volume, true),
            Copied::All(names) => differing = names,
            Copied::ButForGone => {}
            Copied::Lacks(tool) => return Err(Error::failed(format!("`{tool}` is not installed in `{leaving}`"))),
        }
    }
    let more = differing.len().saturating_sub(MOST_NAMED);
    differing.truncate(MOST_NAMED);
    let error = Error::failed(format!("`{}` of `{leaving}` still changes after its service has stopped", volume.path));
    Err(match differing.is_empty() {
        true => error,
        false => error.cause(format!("`{}` and {more} more", differing.join("`, `"))),
    })
}

fn note(client: &Client, leaving: &InstanceName, volume: &Volume, is_whole: bool) -> crate::Result<()> {
    client.change_instance(leaving, &mut |settings| {
        match is_whole {
            true => settings.config.insert(volume.note(), volume.name.clone()),
            false => settings.config.remove(&volume.note()),
        };
    })?;
    Ok(())
}

/// Has both stopped containers mount the volume at its path: the leaving one too, so that it finds the same when it comes
/// back.
///
/// # Errors
/// Refused: the volume is not whole, or `leaving` runs. Failed: Incus refuses, or does not answer.
pub fn settle(client: &Client, leaving: &InstanceName, entering: &InstanceName, volume: &Volume) -> crate::Result<()> {
    let before = instance(client, leaving)?;
    if !is_whole(&before, volume) {
        return Err(Error::refused(format!("the volume `{}` does not hold all of `{}` yet", volume.name, volume.path)));
    }
    if volume.mounted(&before) == Mounted::Aside {
        if before.status != Status::Stopped {
            return Err(Error::refused(format!(
                "the volume `{}` cannot take its place: `{leaving}` runs",
                volume.name
            )));
        }
        client.change_instance(leaving, &mut |settings| {
            settings.devices.insert(volume.device.clone(), volume.device_in_place());
            settings.config.remove(&volume.note());
        })?;
    }
    remove_aside(client, leaving, volume)?;
    client.change_instance(entering, &mut |settings| {
        settings.devices.insert(volume.device.clone(), volume.device_in_place());
        settings.config.remove(&volume.note());
    })?;
    Ok(())
}

/// Takes back what [`prepare`] did: the device, the directory that it was mounted at, and the volume, unless something
/// uses it. Of a volume that is in its place anywhere nothing is touched. Either container may be gone.
///
/// # Errors
/// Incus refuses, or does not answer.
pub fn abandon(client: &Client, leaving: &InstanceName, entering: &InstanceName, volume: &Volume) -> crate::Result<()> {
    let mut owner = None;
    for name in [leaving, entering] {
        let Some(before) = client.instance(name)? else { continue };
        match volume.mounted(&before) {
            Mounted::InPlace => return Ok(()),
            Mounted::Aside => {}
            Mounted::Nowhere if name == leaving => {}
            Mounted::Nowhere => continue,
        }
        client.change_instance(name, &mut |settings| {
            if settings.devices.get(&volume.device) == Some(&volume.device_aside()) {
                settings.devices.remove(&volume.device);
            }
            settings.config.remove(&volume.note());
        })?;
        if volume.mounted(&before) == Mounted::Aside {
            remove_aside(client, name, volume)?;
        }
        if name == leaving {
            // Its container may have been moved aside.
            owner = Some(before.config.get(INSTANCE).map_or_else(|| before.name.to_string(), String::clone));
        }
    }
    let Some(owner) = owner else { return Ok(()) };
    let marks = marks(client.project(), &owner, &volume.path);
    let unused = seen(client, volume)?.filter(|there| there.used_by.is_empty() && is_marked(there, &marks));
    match unused.map(|_| client.delete_volume(&volume.pool, &volume.name)) {
        Some(Err(failure)) if failure.kind() != Kind::NotFound => Err(failure.into()),
        _ => Ok(()),
    }
}

/// Removes the empty directory at which the volume was mounted; another volume may still be mounted beside it.
fn remove_aside(client: &Client, name: &InstanceName, volume: &Volume) -> crate::Result<()> {
    for path in [volume.aside_path().as_str(), ASIDE] {
        let Ok(path) = TargetPath::parse(path) else { continue };
        match client.remove(name, &path) {
            Err(failure) if failure.kind() == Kind::Refused => {}
            outcome => outcome?,
        }
    }
    Ok(())
}
