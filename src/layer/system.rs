//! What every image has of its own, whatever its service: accounts, an empty machine id, a name that Incus fills in.

use super::Content;
use super::accounts::Accounts;
use super::plant::{Planter, ROOT_FILE};
use crate::layout::{Access, Layout};
use crate::rootfs::{Kind, Mode, Survey, TargetPath};
use crate::secrets;
use crate::{Error, Result};

const ACCOUNTS: &str = "declare accounts as [[user]] and [[group]]";
const NAMES: &str = "Incus fills it in with the container's own name, from the image's template";
const IDENTITY: &str = "it is empty in an image, so that every container gets an id of its own";

/// The paths, and what to say to a layout that wants to write one.
pub(super) const PATHS: [(&str, &str); 8] = [
    ("/etc/passwd", ACCOUNTS),
    ("/etc/group", ACCOUNTS),
    ("/etc/shadow", ACCOUNTS),
    ("/etc/gshadow", ACCOUNTS),
    ("/etc/hostname", NAMES),
    ("/etc/hosts", NAMES),
    ("/etc/machine-id", IDENTITY),
    ("/var/lib/dbus/machine-id", IDENTITY),
];

/// Files of the base whose content is needed: accounts, and what `os-release` says.
pub(super) fn wants(path: &TargetPath) -> bool {
    const WANTED: [&[u8]; 6] =
        [b"etc/passwd", b"etc/group", b"etc/shadow", b"etc/gshadow", b"etc/os-release", b"usr/lib/os-release"];
    WANTED.contains(&path.as_relative())
}

/// Whether this is a root file system that can be booted.
pub(super) fn check(survey: &Survey) -> Result<()> {
    let base = survey.base();
    if survey.content(&TargetPath::known("/etc/passwd")).is_none() {
        return Err(Error::invalid(format!("`{base}` is not a root file system: it has no file `/etc/passwd`"))
            .hint("of the packages of [base], `base-passwd` brings it")
            .hint(
                "a tar has `/etc`, `/usr` and so on at its top, or below `rootfs/` with a `metadata.yaml` beside it",
            ));
    }
    let present = |path: &'static str| survey.resolve(&TargetPath::known(path)).is_some();
    if !present("/usr/lib/systemd/systemd") && !present("/lib/systemd/systemd") {
        return Err(Error::invalid(format!("`{base}` has no systemd, which runs the service")).hint(
            "add `systemd`, `systemd-sysv` and `udev` to the packages of [base], or to what the base is made with",
        ));
    }
    if !present("/sbin/init") && !present("/usr/sbin/init") {
        return Err(Error::invalid(format!("`{base}` has no `/sbin/init`, which Incus starts"))
            .hint("the package `systemd-sysv` brings it"));
    }
    Ok(())
}

pub(super) fn plant(planter: &mut Planter<'_>, layout: &Layout, survey: &Survey) -> Result<()> {
    let mut accounts = Accounts {
        passwd: account_file(survey, "/etc/passwd")?,
        group: account_file(survey, "/etc/group")?,
        shadow: account_file(survey, "/etc/shadow")?,
        gshadow: account_file(survey, "/etc/gshadow")?,
    };
    let clashes = accounts.add(&layout.users, &layout.groups);
    if !clashes.is_empty() {
        let error = Error::invalid(format!("accounts of the layout clash with those of the base `{}`", survey.base()));
        let error = clashes.into_iter().fold(error, Error::cause);
        return Err(error.hint("give the layout's account a free number, or the name and number that the base has"));
    }
    // 42 is the group `shadow` on every Debian; a base that has the files keeps its own owner.
    let secret = Access { uid: 0, gid: 42, mode: Mode::from_bits(0o640) };
    let files = [
        ("/etc/passwd", ROOT_FILE, accounts.passwd),
        ("/etc/group", ROOT_FILE, accounts.group),
        ("/etc/shadow", secret, accounts.shadow),
        ("/etc/gshadow", secret, accounts.gshadow),
    ];
    for (path, default, content) in files {
        planter.rewritten(TargetPath::known(path), default, content);
    }

    let machine_id = Access { mode: Mode::from_bits(0o444), ..ROOT_FILE };
    planter.file(TargetPath::known("/etc/machine-id"), machine_id, Content::Bytes(Vec::new()));
    // libdbus looks here first: a copy in the base would be one identity for every container.
    if survey.tree().get(&TargetPath::known("/var/lib/dbus/machine-id")).is_some() {
        planter.link(TargetPath::known("/var/lib/dbus/machine-id"), "/etc/machine-id");
    }
    let name = format!("{}\n", layout.image.name);
    planter.file(TargetPath::known("/etc/hostname"), ROOT_FILE, Content::Bytes(name.into_bytes()));
    let hosts = hosts(&layout.image.name);
    planter.file(TargetPath::known("/etc/hosts"), ROOT_FILE, Content::Bytes(hosts.into_bytes()));
    Ok(())
}

/// The base's lines, none when it has no such file. One that is there and was not read must not pass for an empty one:
/// the image would lose every account of the base.
fn account_file(survey: &Survey, path: &'static str) -> Result<Vec<u8>> {
    let path = TargetPath::known(path);
    match (survey.content(&path), survey.tree().get(&path)) {
        (Some(content), _) => Ok(content.to_vec()),
        (None, None) => Ok(Vec::new()),
        (None, Some(entry)) => {
            let what = match entry.kind {
                Kind::File(_) => "too large to be read",
                _ => "not a plain file",
            };
            Err(Error::invalid(format!("`{path}` of `{}` is {what}, and accounts are appended to it", survey.base()))
                .hint("make the base again with a plain file there"))
        }
    }
}

/// `/etc/hosts` for a machine of this name, which may be a placeholder of Incus's templates.
pub(crate) fn hosts(name: &str) -> String {
    format!(
        "127.0.0.1\tlocalhost\n127.0.1.1\t{name}\n\n\
         ::1\tlocalhost ip6-localhost ip6-loopback\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n"
    )
}

/// Private halves of SSH host keys that the base brings along: every container would share them.
pub(super) fn notes(survey: &Survey) -> Vec<String> {
    let keys =
        survey.tree().iter().filter(|(path, entry)| matches!(entry.kind, Kind::File(_)) && secrets::is_host_key(path));
    keys.map(|(path, _)| {
        format!("the base holds the SSH host key `{path}`: every container made from this image would share it")
    })
    .collect()
}
