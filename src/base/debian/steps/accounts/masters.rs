//! base-passwd's masters: the accounts of every Debian system, with numbers that Debian has fixed.

use super::{Accounts, Group, Password, User, is_field, is_name};
use crate::base::debian::steps::{text, unsound};
use crate::base::debian::unpacked::System;
use crate::error::Result;
use crate::rootfs::TargetPath;

const PASSWD: &str = "/usr/share/base-passwd/passwd.master";
const GROUP: &str = "/usr/share/base-passwd/group.master";

pub(super) fn wants(path: &TargetPath) -> bool {
    [PASSWD, GROUP].iter().any(|known| TargetPath::known(known) == *path)
}

/// The accounts of the masters, in their order; none without the masters.
pub(super) fn read(system: &System) -> Result<Accounts> {
    Ok(Accounts { users: lines(system, PASSWD, user)?, groups: lines(system, GROUP, group)? })
}

fn lines<T>(system: &System, path: &'static str, parse: fn(&str) -> Option<T>) -> Result<Vec<T>> {
    let path = TargetPath::known(path);
    let Some(content) = system.contents.get(&path) else { return Ok(Vec::new()) };
    let lines = text(&path, content)?.lines().enumerate();
    lines
        .map(|(index, line)| {
            parse(line).ok_or_else(|| unsound(&path, format!("has a line {} that is no account", index + 1)))
        })
        .collect()
}

fn user(line: &str) -> Option<User> {
    let [name, _, uid, gid, comment, home, shell] = fields(line)?;
    let [name, comment, home, shell] = [name, comment, home, shell].map(str::to_owned);
    let password = Password::Star;
    Some(User { name, uid: uid.parse().ok()?, gid: gid.parse().ok()?, comment, home, shell, password })
}

fn group(line: &str) -> Option<Group> {
    let [name, _, gid, members] = fields(line)?;
    let members = members.split(',').filter(|member| !member.is_empty()).map(str::to_owned).collect();
    Some(Group { name: name.to_owned(), gid: gid.parse().ok()?, members, password: Password::Star })
}

fn fields<const N: usize>(line: &str) -> Option<[&str; N]> {
    let fields: Vec<_> = line.split(':').collect();
    let sound = fields.iter().all(|field| is_field(field)) && fields.first().is_some_and(|name| is_name(name));
    sound.then_some(fields)?.try_into().ok()
}
