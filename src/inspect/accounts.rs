//! Users and groups, by passwd(5) and group(5).

use std::collections::BTreeMap;

use serde::Serialize;

use super::Contents;
use crate::rootfs::TargetPath;

/// Who is there, in the files' order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Accounts {
    /// The users.
    pub users: Vec<User>,
    /// The groups.
    pub groups: Vec<Group>,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its first group's number.
    pub gid: u32,
    /// Its home directory.
    pub home: String,
    /// What it logs in to.
    pub shell: String,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its number.
    pub gid: u32,
    /// Users who are in it besides.
    pub members: Vec<String>,
}

impl Accounts {
    /// What the image's files say; a line that is no account is passed over.
    pub(super) fn of(contents: &Contents) -> Self {
        let text = |path| contents.lossy_text(&TargetPath::known(path)).unwrap_or_default();
        Self {
            users: text("/etc/passwd").lines().filter_map(user).collect(),
            groups: text("/etc/group").lines().filter_map(group).collect(),
        }
    }

    /// The names of users by their numbers; of several the first.
    pub fn user_names(&self) -> BTreeMap<u32, &str> {
        self.users.iter().rev().map(|user| (user.uid, user.name.as_str())).collect()
    }

    /// The names of groups by their numbers; of several the first.
    pub fn group_names(&self) -> BTreeMap<u32, &str> {
        self.groups.iter().rev().map(|group| (group.gid, group.name.as_str())).collect()
    }
}

fn user(line: &str) -> Option<User> {
    let [name, _, uid, gid, _, home, shell] = fields(line)?;
    let [name, home, shell] = [name, home, shell].map(str::to_owned);
    Some(User { name, uid: uid.parse().ok()?, gid: gid.parse().ok()?, home, shell })
}

fn group(line: &str) -> Option<Group> {
    let [name, _, gid, members] = fields(line)?;
    let members = members.split(',').filter(|member| !member.is_empty()).map(str::to_owned).collect();
    Some(Group { name: name.to_owned(), gid: gid.parse().ok()?, members })
}

fn fields<const N: usize>(line: &str) -> Option<[&str; N]> {
    line.split(':').collect::<Vec<_>>().try_into().ok().filter(|fields: &[&str; N]| !fields[0].is_empty())
}
