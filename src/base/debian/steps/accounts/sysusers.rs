//! `/usr/lib/sysusers.d/*.conf`, sysusers.d(5).

use super::wanted::{NOLOGIN, Primary, Wanted, WantedGroup, WantedUser};
use super::{Password, is_field, is_name};
use crate::base::debian::steps::{text, unsound};
use crate::base::debian::unpacked::System;
use crate::error::Result;
use crate::rootfs::{Resolved, TargetPath};

const DIRECTORY: &str = "/usr/lib/sysusers.d";

pub(super) fn wants(path: &TargetPath) -> bool {
    path.parent() == Some(TargetPath::known(DIRECTORY)) && path.name().ends_with(b".conf")
}

/// Adds what the packages' files ask for, in the order of the files' names. Memberships come last: they make an account
/// only if no line describes it.
pub(super) fn add(wanted: &mut Wanted, system: &System) -> Result<()> {
    for of_members in [false, true] {
        for (path, content) in system.contents.iter().filter(|(path, _)| wants(path)) {
            for (index, line) in text(path, content)?.lines().enumerate() {
                let line = line.trim();
                let is_said = !line.is_empty() && !line.starts_with('#');
                if !is_said || line.starts_with('m') != of_members {
                    continue;
                }
                let added = words(line).and_then(|words| add_line(wanted, system, &words));
                added.ok_or_else(|| {
                    unsound(path, format!("has a line {} that sysusers.d(5) does not describe", index + 1))
                })?;
            }
        }
    }
    Ok(())
}

/// One line: type, name, id, comment, home, shell.
fn add_line(wanted: &mut Wanted, system: &System, words: &[String]) -> Option<()> {
    let mut words = words.iter().map(|word| Some(word.as_str()).filter(|word| *word != "-"));
    let (kind, name) = (words.next()??, words.next()?);
    let [id, comment, home, shell] = std::array::from_fn(|_| words.next().flatten());
    // A range of numbers: ours follow from names.
    if kind == "r" {
        return Some(());
    }
    let name = name.filter(|name| is_name(name))?;
    let password = Password::BangStar;
    match kind {
        "u" | "u!" => {
            let (uid, primary) = id.map_or(Some((None, Primary::Own)), |id| user_id(system, id))?;
            let home = home.unwrap_or("/");
            let shell = shell.unwrap_or(if uid == Some(0) { "/bin/sh" } else { NOLOGIN });
            let comment = comment.unwrap_or_default();
            let sound = [comment, home, shell].iter().all(|field| is_field(field) && !field.contains('%'));
            let [comment, home, shell] = [comment, home, shell].map(str::to_owned);
            let user = WantedUser { uid, primary, comment, home, shell, password };
            sound.then(|| wanted.user(name, user))
        }
        "g" => {
            let gid = match id {
                None => None,
                Some(path) if path.starts_with('/') => owner(system, path).map(|(_, gid)| gid),
                Some(number) => Some(parse_id(number)?),
            };
            wanted.group(name, WantedGroup { gid, password });
            Some(())
        }
        "m" => {
            let group = id.filter(|group| is_name(group))?;
            wanted.group(group, WantedGroup { gid: None, password });
            let [comment, home, shell] = ["", "/", NOLOGIN].map(str::to_owned);
            let primary = Primary::Own;
            wanted.user(name, WantedUser { uid: None, primary, comment, home, shell, password });
            wanted.member(name, group);
            Some(())
        }
        _ => None,
    }
}

/// `uid`, `uid:gid`, `uid:group`, `-:group`, or a path whose owner it is.
fn user_id(system: &System, id: &str) -> Option<(Option<u32>, Primary)> {
    if id.starts_with('/') {
        let owner = owner(system, id);
        return Some((owner.map(|(uid, _)| uid), owner.map_or(Primary::Own, |(_, gid)| Primary::Number(gid))));
    }
    let (uid, group) = id.split_once(':').map_or((id, None), |(uid, group)| (uid, Some(group)));
    let uid = if uid == "-" { None } else { Some(parse_id(uid)?) };
    let primary = match group {
        None => Primary::Own,
        Some(group) => match parse_id(group) {
            Some(gid) => Primary::Number(gid),
            None if is_name(group) => Primary::Named(group.to_owned()),
            None => return None,
        },
    };
    Some((uid, primary))
}

/// A number that can be an account's: -1 in 16 and 32 bits means "none" to the kernel.
fn parse_id(number: &str) -> Option<u32> {
    number.parse().ok().filter(|id| ![u32::from(u16::MAX), u32::MAX].contains(id))
}

/// Owner and group of a path, if it is there.
fn owner(system: &System, path: &str) -> Option<(u32, u32)> {
    match system.tree.resolve(&TargetPath::parse(path).ok()?) {
        Resolved::Entry(_, entry) => Some((entry.metadata.uid, entry.metadata.gid)),
        Resolved::Missing(_) | Resolved::Broken(_) => None,
    }
}

/// The words of a line; none if a quote is not closed.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '"' | '\'' => rest[1..].split_once(first)?,
            _ => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    Some(words)
}
