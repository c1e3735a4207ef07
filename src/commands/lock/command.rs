//! The command that makes a layout's lock, as hints name it.

use std::path::Path;

use crate::layout::{LockFile, Request};

/// The command for the layout of this request, to be typed into a shell. What `--set` gives may be a secret: it is for
/// whoever types to repeat.
pub(in crate::commands) fn command(layout: &Request, lock: &LockFile) -> String {
    let path = |path: &Path| quoted(&path.display().to_string());
    let file = layout.file.as_ref().map(|file| format!(" --layout {}", path(file)));
    let vars = layout.vars.iter().map(|file| format!(" --vars {}", path(file)));
    let set = layout.set.iter().map(|set| format!(" --set {}=…", quoted(set.split('=').next().unwrap_or_default())));
    let options: String = file.into_iter().chain(vars).chain(set).collect();
    match lock {
        LockFile::File(_) => format!("vezaimg lock{options}"),
        // The copy in this program has to be written out first.
        LockFile::Embedded(_) => format!("vezaimg init && vezaimg lock{options}"),
    }
}

/// A word as a POSIX shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:@%+,".contains(&byte);
    match !word.is_empty() && word.bytes().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
