//! Events of the library, and what is made of them on a terminal.
//!
//! The library never prints: it tells a [`Listener`]. [`Console`] is the one place that writes to stdout and stderr.

mod console;
mod diagnostics;
mod printable;
mod quantity;
mod table;
mod tracks;

pub use console::Console;
pub use printable::printable;
pub use quantity::{Bytes, Lasted};
pub use table::Table;
pub use tracks::Tracks;

/// Something that happened which a person may want to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A stage of the work began, such as ``reading the base `base.tar` ``.
    Stage(String),
    /// Bytes done of the present stage, of a total where it is known.
    Progress {
        /// Bytes done so far.
        done: u64,
        /// Bytes in all, when known.
        total: Option<u64>,
    },
    /// Worth knowing, nothing to do.
    Note(String),
    /// Probably not what was meant; the work goes on.
    Warning(String),
}

/// Whoever is told.
pub trait Listener {
    /// Takes one event. It must not block for long: it is called from the middle of the work.
    fn event(&self, event: Event);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Listener for Silent {
    fn event(&self, _: Event) {}
}
