//! Starts a container that a drill has stopped, whichever drill that was.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::incus::{Client, InstanceName, Status};
use crate::rollout::instance::marks;
use crate::{Error, Result};

/// How long it is tried: Incus may be away, or busy with what was asked of it before.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(1);
/// How long Incus may take to do what it was asked by somebody who did not hear its answer.
const LATE: Duration = Duration::from_secs(5);

/// Sees to it that a container that bears a drill's note runs, and takes the note from it; whether it bore one. What bears
/// none was not stopped by a drill. Where the drill may not have heard of what it asked for, that may come later still:
/// `unsure` looks for a while.
///
/// # Errors
/// It does not run, or keeps the note: what Incus said last, with the way out.
pub(super) fn revive(client: &Client, name: &InstanceName, unsure: bool) -> Result<bool> {
    let (begun, mut was_noted) = (Instant::now(), false);
    loop {
        // As long as more may come, the note stays: without it nobody would start the container.
        let is_last = !unsure || begun.elapsed() >= LATE;
        match attempt(client, name, is_last) {
            Ok(is_noted) => {
                was_noted |= is_noted;
                if is_last {
                    return Ok(was_noted);
                }
                sleep(PAUSE);
            }
            Err(error) if begun.elapsed() >= PATIENCE => {
                return Err(error.hint(format!("`incus start {name}` starts it, and so does the next `vezaimg drill`")));
            }
            Err(_) => sleep(PAUSE),
        }
    }
}

fn attempt(client: &Client, name: &InstanceName, is_last: bool) -> Result<bool> {
    let found = client.instance(name)?.ok_or_else(|| Error::failed(format!("`{name}` is gone")))?;
    if !found.config.contains_key(marks::DRILL) {
        return Ok(false);
    }
    if found.status != Status::Running {
        client.start(name)?;
    }
    if is_last {
        client.change_instance(name, &mut |settings| drop(settings.config.remove(marks::DRILL)))?;
    }
    Ok(true)
}
