//! Numbers for accounts.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::wanted::{Primary, Wanted, WantedUser};
use super::{Accounts, Group, User};
use crate::error::{Error, Result};

/// Numbers of system accounts that nobody has fixed: Debian Policy 9.2.2 leaves 100 to 999 to them.
const FIRST: u32 = 100;
const COUNT: u32 = 900;

/// Gives every account that is wanted and not there yet its number: the one that was asked for if it is free, then, in
/// the order of names, the first that is free from `100 + sha256(name) mod 900` upwards, round to 100 after 999. A user's
/// group has the user's number if both are free.
///
/// # Errors
/// A primary group is not known, or nothing is free.
pub(super) fn give(accounts: &mut Accounts, wanted: Wanted) -> Result<()> {
    let mut taken = Taken {
        uids: accounts.users.iter().map(|user| user.uid).collect(),
        gids: accounts.groups.iter().map(|group| group.gid).collect(),
    };
    let Wanted { mut users, mut groups, members } = wanted;
    users.retain(|name, _| accounts.users.iter().all(|user| user.name != *name));
    groups.retain(|name, _| accounts.groups.iter().all(|group| group.name != *name));

    for user in users.values_mut() {
        user.uid = user.uid.filter(|uid| taken.uids.insert(*uid));
    }
    for group in groups.values_mut() {
        group.gid = group.gid.filter(|gid| taken.gids.insert(*gid));
    }
    let names: BTreeSet<_> = users.keys().chain(groups.keys()).cloned().collect();
    for name in &names {
        let (user, group) = (users.get_mut(name), groups.get_mut(name));
        let is_without = |id: &Option<u32>| id.is_none();
        let needs_uid = user.as_ref().is_some_and(|user| is_without(&user.uid));
        let needs_gid = group.as_ref().is_some_and(|group| is_without(&group.gid));
        if needs_uid || needs_gid {
            let id = taken.next(name, needs_uid, needs_gid)?;
            user.filter(|_| needs_uid).into_iter().for_each(|user| user.uid = Some(id));
            group.filter(|_| needs_gid).into_iter().for_each(|group| group.gid = Some(id));
        }
    }
    let new_groups = groups.into_iter().filter_map(|(name, group)| {
        Some(Group { name, gid: group.gid?, members: Vec::new(), password: group.password })
    });
    accounts.groups.extend(new_groups);
    for (name, user) in users {
        let user = user_line(accounts, name, user)?;
        accounts.users.push(user);
    }
    for group in &mut accounts.groups {
        let new = members.get(&group.name).into_iter().flatten();
        let new: Vec<_> = new.filter(|member| !group.members.contains(member)).cloned().collect();
        group.members.extend(new);
    }
    Ok(())
}

fn user_line(accounts: &Accounts, name: String, user: WantedUser) -> Result<User> {
    let WantedUser { uid, primary, comment, home, shell, password } = user;
    let group = match primary {
        Primary::Own => name.clone(),
        Primary::Named(group) => group,
        Primary::Number(gid) => {
            let uid = uid.unwrap_or(gid);
            return Ok(User { name, uid, gid, comment, home, shell, password });
        }
    };
    let unknown = || {
        Error::invalid(format!("the user `{name}` is to be in the group `{group}`, which none of the packages makes"))
            .hint("add the package `base-passwd` to [base]")
    };
    let gid = accounts.gid(&group).ok_or_else(unknown)?;
    let uid = uid.unwrap_or(gid);
    Ok(User { name, uid, gid, comment, home, shell, password })
}

/// Numbers that somebody has.
struct Taken {
    uids: BTreeSet<u32>,
    gids: BTreeSet<u32>,
}

impl Taken {
    /// Takes the number of a name as a user's, a group's or both.
    fn next(&mut self, name: &str, as_uid: bool, as_gid: bool) -> Result<u32> {
        let start = start(name);
        let free = |id: &u32| !(as_uid && self.uids.contains(id) || as_gid && self.gids.contains(id));
        let id = (0..COUNT).map(|step| FIRST + (start + step) % COUNT).find(free).ok_or_else(|| {
            Error::invalid(format!("no number from {FIRST} to {} is left for the account `{name}`", FIRST + COUNT - 1))
                .hint("leave out packages that make accounts")
        })?;
        if as_uid {
            self.uids.insert(id);
        }
        if as_gid {
            self.gids.insert(id);
        }
        Ok(id)
    }
}

/// The sha256 of a name as one number, modulo [`COUNT`].
fn start(name: &str) -> u32 {
    Sha256::digest(name.as_bytes()).iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % COUNT)
}
