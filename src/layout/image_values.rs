//! Values that only a layout has: paths inside the image, and modes.

use crate::document::{Placed, Section};
use crate::rootfs::{Mode, TargetPath};

impl Section<'_> {
    /// A path inside the image.
    pub(super) fn path(&self, key: &'static str) -> Option<Placed<TargetPath>> {
        self.as_path(self.required_text(key, "\"/path/in/the/image\"")?)
    }

    /// Reads a string as a path inside the image.
    pub(super) fn as_path(&self, text: Placed<String>) -> Option<Placed<TargetPath>> {
        match TargetPath::parse(&text.value) {
            Ok(path) if !path.is_root() => Some(Placed { value: path, place: text.place }),
            Ok(_) => self.refuse(text.place, "path `/` is the root itself".to_owned(), "name something below it"),
            Err(error) => self.refuse(
                text.place,
                format!("path `{}` {}", text.value.escape_debug(), error.reason()),
                "write it from the root of the image, such as \"/etc/veza\"",
            ),
        }
    }

    /// A mode as text.
    pub(super) fn mode(&self, example: &str) -> Option<Mode> {
        let key = "mode";
        if !self.has(key) {
            return self.missing(key, &format!("\"{example}\""));
        }
        let hint = format!("a mode is text of four octal digits, such as \"{example}\"");
        let text = self.text_or(key, &hint)?;
        match Mode::parse(&text.value) {
            Some(mode) => Some(mode),
            None => self.refuse(text.place, format!("mode `{}` is not four octal digits", text.value), &hint),
        }
    }
}
