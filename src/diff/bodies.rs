//! The contents of files that changed.

use std::collections::BTreeMap;

use crate::inspect::{Contents, Source};
use crate::rootfs::{TargetPath, escaped};
use crate::ui::{Event, Listener};
use crate::{Error, Result};

/// The contents of some files of an image.
#[derive(Debug, Default)]
pub(super) struct Bodies(BTreeMap<TargetPath, Vec<u8>>);

impl Bodies {
    /// Reads an image once more, for these files by the names that the archive has for them. How much that may be is the caller's to bound: by what was there in the pass before.
    ///
    /// # Errors
    /// The image cannot be read again, or is another by now.
    pub(super) fn read(
        source: &Source,
        contents: &Contents,
        wanted: BTreeMap<TargetPath, TargetPath>,
        listener: &dyn Listener,
    ) -> Result<Self> {
        let mut bodies = BTreeMap::new();
        if wanted.is_empty() {
            return Ok(Self(bodies));
        }
        let image = escaped(source.name().as_bytes());
        listener.event(Event::Stage(format!("reading `{image}` for what changed")));
        let files = wanted.keys().cloned().collect();
        contents.read_files(source, &files, listener, &mut |path, body| {
            let mut content = Vec::new();
            let read = body.read_to_end(&mut content);
            read.map_err(|cause| Error::failed(format!("cannot read `{path}` of `{image}`")).cause(cause))?;
            bodies.insert(wanted.get(path).unwrap_or(path).clone(), content);
            Ok(())
        })?;
        Ok(Self(bodies))
    }

    /// The content of a file that was asked for.
    pub(super) fn get(&self, path: &TargetPath) -> Option<&[u8]> {
        self.0.get(path).map(Vec::as_slice)
    }
}
