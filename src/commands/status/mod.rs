//! `vezaimg status`: what a fleet's instances run, how they do, and who works on them.

mod lines;
mod words;

use crate::commands::rollout::{self, Scope};
use crate::rollout::census::Census;
use crate::ui::{Console, Event, Listener};
use crate::{Error, Result};

/// What `vezaimg status` is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which pools of which fleet.
    pub scope: Scope,
    /// Print one JSON object.
    pub json: bool,
}

/// Shows how a fleet stands.
///
/// # Errors
/// Incus cannot be asked, or a part of the fleet could not be read: then the rest was printed. A fleet that does badly
/// is no error.
pub fn run(request: &Request, console: &Console) -> Result<()> {
    let (fleet, client) = rollout::open(&request.scope, console)?;
    let census = Census::take(&client, &fleet, &|fleet| rollout::balance(fleet, &client))?;
    if request.json {
        console.json(&census)?;
    } else {
        lines::print(&census, console)?;
        for note in &census.notes {
            console.event(Event::Note(note.clone()));
        }
    }
    verdict(&census)
}

/// What could not be read, all of it at once.
fn verdict(census: &Census) -> Result<()> {
    let message = match census.unread.len() {
        0 => return Ok(()),
        1 => "1 part of the fleet could not be read".to_owned(),
        count => format!("{count} parts of the fleet could not be read"),
    };
    let mut hints: Vec<_> = census.unread.iter().flat_map(|unread| &unread.hints).collect();
    let mut seen = std::collections::BTreeSet::new();
    hints.retain(|hint| seen.insert(*hint));
    let error = census.unread.iter().fold(Error::failed(message), |error, unread| error.cause(&unread.text));
    Err(hints.into_iter().fold(error, Error::hint))
}
