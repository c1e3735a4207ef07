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

/// Sees to it that the container runs, and takes the drill's note from it. Where the drill may not have heard of what it
/// asked for, that may come later still: `unsure` looks for a while.
///
/// # Errors
/// It does not run, or keeps the note: what Incus said last, with the way out.
pub(super) fn revive(client: &Client, name: &InstanceName, unsure: bool) -> Result<()> {
    let begun = Instant::now();
    loop {
        match attempt(client, name) {
            Ok(()) if unsure && begun.elapsed() < LATE => sleep(PAUSE),
            Err(error) if begun.elapsed() >= PATIENCE => {
                return Err(error.hint(format!("`incus start {name}` starts it, and so does the next `vezaimg drill`")));
            }
            Err(_) => sleep(PAUSE),
            done => return done,
        }
    }
}

fn attempt(client: &Client, name: &InstanceName) -> Result<()> {
    let found = client.instance(name)?.ok_or_else(|| Error::failed(format!("`{name}` is gone")))?;
    if found.status != Status::Running {
        client.start(name)?;
    }
    let note = &mut |settings: &mut crate::incus::Settings| {
        settings.config.remove(marks::DRILL);
    };
    Ok(client.change_instance(name, note)?)
}
