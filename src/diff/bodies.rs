//! The contents of files that changed.

use std::collections::BTreeMap;

use crate::Result;
use crate::inspect::{Contents, Source};
use crate::rootfs::{TargetPath, escaped};
use crate::ui::{Event, Listener};

/// The contents of some files of an image.
#[derive(Debug, Default)]
pub(super) struct Bodies(BTreeMap<TargetPath, Vec<u8>>);

impl Bodies {
    /// Reads an image once more, for these files by the names that the archive has for them. How much that may be is the
    /// caller's to bound: by what was there in the pass before.
    ///
    /// # Errors
    /// The image cannot be read again, or is another by now.
    pub(super) fn read(
        source: &Source,
        contents: &Contents,
        wanted: BTreeMap<TargetPath, TargetPath>,
        listener: &dyn Listener,
    ) -> Result<Self> {
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        let image = escaped(source.name().as_bytes());
        listener.event(Event::Stage(format!("reading `{image}` for what changed")));
        let bodies = contents.bodies(source, &wanted.keys().cloned().collect(), listener)?;
        let named = bodies.into_iter().filter_map(|(own, body)| Some((wanted.get(&own)?.clone(), body)));
        Ok(Self(named.collect()))
    }

    /// The content of a file that was asked for.
    pub(super) fn get(&self, path: &TargetPath) -> Option<&[u8]> {
        self.0.get(path).map(Vec::as_slice)
    }
}
