//! `passwd`, `group`, `shadow` and `gshadow`: passwd(5), group(5), shadow(5), gshadow(5).
//!
//! ```text
//! base-passwd's masters ──────────────▶ Accounts ─▶ four files
//! declared, as adduser would make them ─▶ Wanted ─▶ ids ─╯
//! sysusers.d ─────────────────────────▶
//! ```
//!
//! Ids that Debian does not fix follow from the **name alone**, as far as they can, so that they stay when packages come
//! and go: what is kept from one release to the next carries its owner as a number.

mod declared;
mod ids;
mod masters;
mod sysusers;
mod wanted;

use self::wanted::Wanted;
use super::plan::{Plan, Rights};
use crate::base::debian::unpacked::System;
use crate::error::Result;
use crate::rootfs::TargetPath;

/// A line of `passwd` and of `shadow`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct User {
    name: String,
    uid: u32,
    gid: u32,
    comment: String,
    home: String,
    shell: String,
    password: Password,
}

/// A line of `group` and of `gshadow`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    name: String,
    gid: u32,
    members: Vec<String>,
    password: Password,
}

/// How a password is locked; Debian's tools write it in three ways. None of them ever matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Password {
    /// `*`, of base-passwd.
    Star,
    /// `!`, of adduser.
    Bang,
    /// `!*`, of systemd-sysusers.
    BangStar,
}

impl Password {
    fn as_str(self) -> &'static str {
        match self {
            Self::Star => "*",
            Self::Bang => "!",
            Self::BangStar => "!*",
        }
    }
}

/// Everybody who is known to the system, those of base-passwd first and the others by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Accounts {
    users: Vec<User>,
    groups: Vec<Group>,
}

pub(super) fn wants(path: &TargetPath) -> bool {
    masters::wants(path) || sysusers::wants(path)
}

impl Accounts {
    /// The accounts that the packages of a system make.
    ///
    /// # Errors
    /// A master or a file of `sysusers.d` is not what its format says, or there are no ids left.
    pub(super) fn of(system: &System) -> Result<Self> {
        let mut accounts = masters::read(system)?;
        let mut wanted = Wanted::default();
        declared::add(&mut wanted, system);
        sysusers::add(&mut wanted, system)?;
        ids::give(&mut accounts, wanted)?;
        Ok(accounts)
    }

    /// The number of a user. Root is there even without a line.
    pub(super) fn uid(&self, name: &str) -> Option<u32> {
        let found = self.users.iter().find(|user| user.name == name).map(|user| user.uid);
        found.or_else(|| (name == "root").then_some(0))
    }

    /// The number of a group. Root's is there even without a line.
    pub(super) fn gid(&self, name: &str) -> Option<u32> {
        let found = self.groups.iter().find(|group| group.name == name).map(|group| group.gid);
        found.or_else(|| (name == "root").then_some(0))
    }

    /// The four files, if there is anybody. No password has a date of its last change: that would be a clock.
    pub(super) fn plan(&self, plan: &mut Plan<'_>) -> Result<()> {
        if self.users.is_empty() {
            return Ok(());
        }
        let secret = Rights { mode: 0o640, owner: "root", group: "shadow" };
        let [passwd, group, shadow, gshadow] = self.files();
        plan.file(TargetPath::known("/etc/passwd"), Rights::root(0o644), passwd)?;
        plan.file(TargetPath::known("/etc/group"), Rights::root(0o644), group)?;
        plan.file(TargetPath::known("/etc/shadow"), secret, shadow)?;
        plan.file(TargetPath::known("/etc/gshadow"), secret, gshadow)
    }

    /// `passwd`, `group`, `shadow` and `gshadow`.
    fn files(&self) -> [String; 4] {
        let [mut passwd, mut group, mut shadow, mut gshadow] = [const { String::new() }; 4];
        for User { name, uid, gid, comment, home, shell, password } in &self.users {
            passwd.push_str(&format!("{name}:x:{uid}:{gid}:{comment}:{home}:{shell}\n"));
            shadow.push_str(&format!("{name}:{}:::::::\n", password.as_str()));
        }
        for Group { name, gid, members, password } in &self.groups {
            let members = members.join(",");
            group.push_str(&format!("{name}:x:{gid}:{members}\n"));
            gshadow.push_str(&format!("{name}:{}::{members}\n", password.as_str()));
        }
        [passwd, group, shadow, gshadow]
    }
}

/// Whether this may be the name of an account: what systemd calls a name in relaxed mode, and no more.
fn is_name(name: &str) -> bool {
    let first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let rest = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    name.len() <= 32 && name.bytes().next().is_some_and(first) && name.bytes().all(rest)
}

/// Whether this may be a field of a line.
fn is_field(text: &str) -> bool {
    !text.contains(|character: char| character == ':' || character.is_control())
}

#[cfg(test)]
mod tests;
