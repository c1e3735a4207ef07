//! Users and groups, appended to the base's own files.
//!
//! The formats are those of passwd(5), group(5), shadow(5) and gshadow(5). Lines of the base are kept to the byte,
//! even those that do not parse; a file is only ever appended to.

use crate::layout::{Group, User};
use crate::rootfs::escaped;

/// The four files' contents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Accounts {
    pub(super) passwd: Vec<u8>,
    pub(super) group: Vec<u8>,
    pub(super) shadow: Vec<u8>,
    pub(super) gshadow: Vec<u8>,
}

impl Accounts {
    /// Adds the accounts that are not there yet, and returns every clash as a sentence that names both sides.
    ///
    /// An account of the same name and number is left as it is. New ones get a locked password (`!`) and no date of
    /// its last change, which would be a clock in the image.
    pub(super) fn add(&mut self, users: &[User], groups: &[Group]) -> Vec<String> {
        let mut clashes = Vec::new();
        for group in groups {
            let (name, gid) = (&group.name.value, group.gid.value);
            match compare(&self.group, name, gid, "group", "gid") {
                Comparison::Clash(clash) => clashes.push(clash),
                Comparison::Same => {}
                Comparison::New => append(&mut self.group, &format!("{name}:x:{gid}:")),
            }
            if !has(&self.gshadow, name) {
                append(&mut self.gshadow, &format!("{name}:!::"));
            }
        }
        for user in users {
            let (name, uid) = (&user.name.value, user.uid.value);
            match compare(&self.passwd, name, uid, "user", "uid") {
                Comparison::Clash(clash) => clashes.push(clash),
                Comparison::Same => {}
                Comparison::New => {
                    let User { gid, comment, home, shell, .. } = user;
                    append(&mut self.passwd, &format!("{name}:x:{uid}:{gid}:{comment}:{home}:{shell}"));
                }
            }
            if !has(&self.shadow, name) {
                append(&mut self.shadow, &format!("{name}:!:::::::"));
            }
        }
        clashes
    }
}

enum Comparison {
    New,
    Same,
    Clash(String),
}

/// Looks for the account by name and by number: both files have the name first and the number third.
fn compare(file: &[u8], name: &str, id: u32, what: &str, number: &str) -> Comparison {
    let mut same = false;
    for line in file.split(|byte| *byte == b'\n') {
        let mut fields = line.split(|byte| *byte == b':');
        let there = fields.next().unwrap_or_default();
        let there_id =
            fields.nth(1).and_then(|field| str::from_utf8(field).ok()).and_then(|field| field.parse::<u32>().ok());
        match (there == name.as_bytes(), there_id) {
            (true, Some(there_id)) if there_id == id => same = true,
            (true, Some(there_id)) => {
                return Comparison::Clash(format!(
                    "{what} `{name}` has {number} {id} in the layout and {there_id} in the base"
                ));
            }
            (false, Some(there_id)) if there_id == id => {
                return Comparison::Clash(format!(
                    "{number} {id} is {what} `{name}` in the layout and `{}` in the base",
                    escaped(there)
                ));
            }
            _ => {}
        }
    }
    if same { Comparison::Same } else { Comparison::New }
}

fn has(file: &[u8], name: &str) -> bool {
    file.split(|byte| *byte == b'\n').any(|line| line.split(|byte| *byte == b':').next() == Some(name.as_bytes()))
}

fn append(file: &mut Vec<u8>, line: &str) {
    if file.last().is_some_and(|last| *last != b'\n') {
        file.push(b'\n');
    }
    file.extend_from_slice(line.as_bytes());
    file.push(b'\n');
}
