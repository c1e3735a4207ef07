//! What scripts would do that the steps do not: a scan for the tools that packages call.
//!
//! A shell script cannot be understood without running it; this finds the plain calls, which are nearly all.

mod shell;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

/// Packages whose scripts have been read: what they do is declared, or belongs to a running machine.
const READ: [&str; 25] = [
    "adduser",
    "apt",
    "base-files",
    "base-passwd",
    "bash",
    "ca-certificates",
    "dash",
    "dbus",
    "dbus-system-bus-common",
    "debianutils",
    "gawk",
    "haproxy",
    "iptables",
    "less",
    "mawk",
    "nano",
    "netcat-openbsd",
    "openssh-client",
    "openssh-server",
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
                    let (path, mode) = (named(path), named(mode));
                    format!(
                        "give {path} to {} with mode {mode}, which is left undone",
                        named(&format!("{owner}:{group}"))
                    )
                }
                _ => return None,
            }
        }
        "ucf" => format!("write {}: declare it as [[file]]", named(words.iter().rfind(|word| !word.starts_with('-'))?)),
        "systemctl" => {
            let unit = after("enable")?.iter().find(|word| !word.starts_with('-'))?;
            format!("switch on {}, which is left undone", named(unit))
        }
        _ => return None,
    };
    Some(format!("the scripts of `{}` would {what}", shown(package)))
}

fn user(name: &str) -> String {
    format!("add the user {}: declare it as [[user]]", named(name))
}

fn group(name: &str) -> String {
    format!("add the group {}: declare it as [[group]]", named(name))
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

/// A name in a sentence; one that only the running script knows stands as the script has it.
fn named(name: &str) -> String {
    format!("`{}`", shown(name))
}

fn shown(text: &str) -> String {
    crate::rootfs::escaped(text.as_bytes())
}
