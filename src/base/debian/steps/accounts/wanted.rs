//! Accounts before they have their numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::Password;

/// Debian's shell for whom nobody logs in as.
pub(super) const NOLOGIN: &str = "/usr/sbin/nologin";

/// Which primary group a user has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Primary {
    /// One of the same name, made with the user.
    Own,
    /// This one.
    Number(u32),
    /// The one of this name.
    Named(String),
}

/// A user whom a package wants.
#[derive(Clone, Debug)]
pub(super) struct WantedUser {
    /// The number that the package asks for.
    pub(super) uid: Option<u32>,
    pub(super) primary: Primary,
    pub(super) comment: String,
    pub(super) home: String,
    pub(super) shell: String,
    pub(super) password: Password,
}

/// A group that a package wants.
#[derive(Clone, Debug)]
pub(super) struct WantedGroup {
    /// The number that the package asks for.
    pub(super) gid: Option<u32>,
    pub(super) password: Password,
}

/// What all packages want, by name. Who comes first says what an account looks like.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) users: BTreeMap<String, WantedUser>,
    pub(super) groups: BTreeMap<String, WantedGroup>,
    /// Groups with those who are members beside their own.
    pub(super) members: BTreeMap<String, BTreeSet<String>>,
}

impl Wanted {
    pub(super) fn user(&mut self, name: &str, user: WantedUser) {
        if self.users.contains_key(name) {
            return;
        }
        if user.primary == Primary::Own {
            self.group(name, WantedGroup { gid: user.uid, password: user.password });
        }
        self.users.insert(name.to_owned(), user);
    }

    pub(super) fn group(&mut self, name: &str, group: WantedGroup) {
        self.groups.entry(name.to_owned()).or_insert(group);
    }

    pub(super) fn member(&mut self, user: &str, group: &str) {
        self.members.entry(group.to_owned()).or_default().insert(user.to_owned());
    }
}
