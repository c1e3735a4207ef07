//! `vezaimg init`: the embedded layouts, written out to be edited.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::layout::EMBEDDED;
use crate::staged;
use crate::ui::Console;
use crate::{Error, Result};

/// What `vezaimg init` is asked to do.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where `layouts/` is made.
    pub directory: PathBuf,
}

/// Writes the layouts. A file of other content is never overwritten.
///
/// # Errors
/// A file is there already with other content, or cannot be written.
pub fn run(request: &Request, console: &Console) -> Result<()> {
    // `layouts/…` and not `./layouts/…`, as a person would write it.
    let layouts = request.directory.strip_prefix(".").unwrap_or(&request.directory).join("layouts");
    let files: Vec<_> = EMBEDDED.iter().map(|file| (layouts.join(file.name), file.content)).collect();
    let edited: Vec<_> = files.iter().filter(|(path, content)| is_other(path, content)).collect();
    if !edited.is_empty() {
        let error = Error::refused("layouts that were edited are not overwritten");
        let error = edited
            .into_iter()
            .fold(error, |error, (path, _)| error.cause(format!("`{}` is there already", path.display())));
        return Err(error.hint("name another directory: `vezaimg init DIR`"));
    }
    for (path, content) in &files {
        write(path, content).map_err(|cause| {
            Error::invalid(format!("cannot write `{}`", path.display()))
                .cause(cause)
                .hint("name a directory that you can write to")
        })?;
        console.result(&path.display().to_string())?;
    }
    console.detail("next", "edit them, and see what `vezaimg check` says");
    Ok(())
}

fn is_other(path: &Path, content: &str) -> bool {
    match fs::read(path) {
        Ok(there) => there != content.as_bytes(),
        // A `layouts` that is a file is for the writing to tell.
        Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
    }
}

fn write(path: &Path, content: &str) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
    staged::replace(path, content)
}
