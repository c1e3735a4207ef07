//! What scripts would do that the steps do not: a scan for the tools that packages call.
//!
//! A shell script cannot be understood without running it; this finds the plain calls, which are nearly all.

mod shell;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

/// Packages whose scripts have been read: what they do is declared, or belongs to a running machine.
const READ: [&str; 30] = [
    "adduser",
    "apt",
    "base-files",
    "base-passwd",
    "bash",
    "ca-certificates",
    "dash",
    "dbus",
    "dbus-daemon",
    "dbus-system-bus-common",
    "debianutils",
    "gawk",
    "haproxy",
    "init-system-helpers",
    "iptables",
    "less",
    "libc6",
    "mawk",
    "nano",
    "netbase",
    "netcat-openbsd",
    "openssh-client",
    "openssh-server",
    "openssl",
    "passwd",
    "procps",
    "systemd",
    "tar",
    "udev",
    "util-linux",
];

/// Options of adduser, addgroup, useradd and groupadd that are followed by a value.
const WITH_VALUE: [&str; 33] = [
    "--comment",
    "--conf",
    "--expiredate",
    "--firstgid",
    "--firstuid",
    "--gecos",
    "--gid",
    "--groups",
    "--home",
    "--home-dir",
    "--inactive",
    "--ingroup",
    "--key",
    "--lastgid",
    "--lastuid",
    "--password",
    "--root",
    "--shell",
    "--skel",
    "--uid",
    "--base-dir",
    "-b",
    "-c",
    "-d",
    "-e",
    "-f",
    "-g",
    "-G",
    "-k",
    "-K",
    "-p",
    "-s",
    "-u",
];

/// What to do about an owner.
const UNDONE: &str = "which is left undone; if it is a directory, declare it as [[directory]]";

/// What `preinst` and `postinst` of a package would do to accounts, alternatives, rights, configuration files and units
/// and no step does: a sentence each, sorted.
pub(in crate::base::debian) fn undone(package: &str, scripts: &[&str]) -> Vec<String> {
    if READ.contains(&package) {
        return Vec::new();
    }
    let commands = scripts.iter().flat_map(|script| shell::commands(script));
    let sentences: BTreeSet<_> = commands.filter_map(|command| sentence(package, &command)).collect();
    sentences.into_iter().collect()
}

fn sentence(package: &str, command: &[String]) -> Option<String> {
    let (tool, words) = command.split_first()?;
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let after = |option: &str| words.iter().position(|word| *word == option).map(|at| &words[at + 1..]);
    let what = match tool.rsplit('/').next()? {
        "adduser" if words.contains(&"--group") && !words.contains(&"--system") => group(name(&words)?),
        "adduser" | "useradd" => user(name(&words)?),
        "addgroup" | "groupadd" => group(name(&words)?),
        "update-alternatives" => match after("--install")? {
            [link, _, path, ..] => format!("link {} to {}: declare it as [[link]]", named(link), named(path)),
            _ => return None,
        },
        "dpkg-statoverride" => {
            match after("--add")?.iter().filter(|word| !word.starts_with('-')).collect::<Vec<_>>()[..] {
                [owner, group, mode, path] => {
                    let (path, owner, mode) = (located(path), named(&format!("{owner}:{group}")), named(mode));
                    format!("give {path} to {owner} with mode {mode}, {UNDONE}")
                }
                _ => return None,
            }
        }
        "ucf" => format!("write {}: declare it as [[file]]", named(words.iter().rfind(|word| !word.starts_with('-'))?)),
        "systemctl" => {
            let unit = after("enable")?.iter().find(|word| !word.starts_with('-'))?;
            format!("switch on {}: declare its link in `/etc/systemd/system` as [[link]]", named(unit))
        }
        "chown" => match plain(&words)[..] {
            [owner, path, ..] if !["root", "root:", "root:root", "0:0"].contains(&owner) => {
                format!("give {} to {}, {UNDONE}", located(path), named(owner))
            }
            _ => return None,
        },
        "mkdir" => directory(&plain(&words))?,
        "install" if words.contains(&"-d") => directory(&plain(&words))?,
        "ln" if words.iter().any(|word| word.starts_with("-s")) => match plain(&words)[..] {
            [target, link] if lasts(link) && !target.contains('$') => {
                format!("link {} to {}: declare it as [[link]]", named(link), named(target))
            }
            _ => return None,
        },
        _ => return None,
    };
    Some(format!("the scripts of `{}` would {what}", shown(package)))
}

/// The words that are no options.
fn plain<'a>(words: &[&'a str]) -> Vec<&'a str> {
    words.iter().copied().filter(|word| !word.starts_with('-')).collect()
}

/// The last word, if it is a directory that would be in the image.
fn directory(words: &[&str]) -> Option<String> {
    let path = words.last().filter(|path| lasts(path))?;
    Some(format!("make the directory {}: declare it as [[directory]]", named(path)))
}

/// Whether a path is a plain one, and not of those that are made at every boot.
fn lasts(path: &str) -> bool {
    let fleeting = ["/run/", "/var/run/", "/tmp/", "/dev/"].iter().any(|top| path.starts_with(top));
    path.starts_with('/') && !path.contains('$') && !fleeting
}

fn user(name: &str) -> String {
    let known = if name.contains('$') { "that they call " } else { "" };
    format!("add the user {known}{}: declare it as [[user]]", named(name))
}

fn group(name: &str) -> String {
    let known = if name.contains('$') { "that they call " } else { "" };
    format!("add the group {known}{}: declare it as [[group]]", named(name))
}

/// The first word that is no option and no option's value.
fn name<'a>(words: &[&'a str]) -> Option<&'a str> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if WITH_VALUE.contains(word) {
            words.next();
        } else if !word.starts_with('-') {
            return Some(word);
        }
    }
    None
}

/// A path in a sentence; one that only the running script knows stands as the script has it.
fn located(path: &str) -> String {
    let unknown = if path.contains('$') { "what they call " } else { "" };
    format!("{unknown}{}", named(path))
}

/// A name in a sentence.
fn named(name: &str) -> String {
    format!("`{}`", shown(name))
}

fn shown(text: &str) -> String {
    crate::rootfs::escaped(text.as_bytes())
}
