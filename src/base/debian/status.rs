//! A package's paragraph in dpkg's list of what is installed, `/var/lib/dpkg/status`.

use std::fmt::Write as _;

use super::unpacked::Unpacked;
use crate::rootfs::TargetPath;

/// What dpkg does with a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    /// Copied.
    Text,
    /// Relations to other packages, which dpkg writes in one line.
    Relations,
    /// dpkg's own, which no package can say.
    Own,
    /// Known from an archive's index, and not kept.
    Index,
}

/// The fields that dpkg knows in the order in which it writes them, `fieldinfos` of its `lib/dpkg/parse.c`. Others follow
/// in the package's own order.
const FIELDS: [(&str, Field); 30] = [
    ("Package", Field::Text),
    ("Essential", Field::Text),
    ("Protected", Field::Text),
    ("Status", Field::Own),
    ("Priority", Field::Text),
    ("Section", Field::Text),
    ("Installed-Size", Field::Text),
    ("Origin", Field::Text),
    ("Maintainer", Field::Text),
    ("Bugs", Field::Text),
    ("Architecture", Field::Text),
    ("Multi-Arch", Field::Text),
    ("Source", Field::Text),
    ("Version", Field::Text),
    ("Config-Version", Field::Index),
    ("Replaces", Field::Relations),
    ("Provides", Field::Relations),
    ("Depends", Field::Relations),
    ("Pre-Depends", Field::Relations),
    ("Recommends", Field::Relations),
    ("Suggests", Field::Relations),
    ("Breaks", Field::Relations),
    ("Conflicts", Field::Relations),
    ("Enhances", Field::Relations),
    ("Conffiles", Field::Own),
    ("Filename", Field::Index),
    ("Size", Field::Index),
    ("MD5sum", Field::Index),
    ("Description", Field::Text),
    ("Triggers-Pending", Field::Index),
];

/// The paragraph without the empty line after it.
pub(super) fn paragraph(package: &Unpacked) -> String {
    let fields = &package.control.fields;
    let mut text = String::new();
    for (name, field) in FIELDS {
        let value = fields.get(name).filter(|value| !value.is_empty());
        let value = match field {
            Field::Text => value.map(str::to_owned),
            Field::Relations => value.map(|value| value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")),
            Field::Own if name == "Status" => Some("install ok installed".to_owned()),
            Field::Own => conffiles(package),
            Field::Index => None,
        };
        if let Some(value) = value {
            push(&mut text, name, &value);
        }
    }
    let known = |name: &str| FIELDS.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    for (name, value) in fields.iter().filter(|(name, value)| !known(name) && !value.is_empty()) {
        push(&mut text, name, value);
    }
    text
}

fn push(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str(if value.starts_with('\n') { ":" } else { ": " });
    text.push_str(value);
    text.push('\n');
}

/// The configuration files that are in the image, each with its MD5, on lines of their own.
fn conffiles(package: &Unpacked) -> Option<String> {
    let mut value = String::new();
    for path in &package.control.conffiles {
        let Some(md5) = package.conffiles.get(path) else { continue };
        value.push('\n');
        value.push_str(&line(path, md5));
    }
    (!value.is_empty()).then_some(value)
}

fn line(path: &TargetPath, md5: &[u8; 16]) -> String {
    let mut line = format!(" /{} ", String::from_utf8_lossy(path.as_relative()));
    for byte in md5 {
        // Writing to a string never fails.
        let _ = write!(line, "{byte:02x}");
    }
    line
}
