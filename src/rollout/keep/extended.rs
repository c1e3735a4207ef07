//! What the file API can neither tell nor set of a carried file or directory: set-user-id, set-group-id and sticky bits,
//! and extended attributes, ACLs and file capabilities among them.
//!
//! ```text
//! read      leaving runs   cp --attributes-only ─▶ empty stand-ins ─▶ tar ─▶ noted on it, with what else is unseen
//! expect    both stopped   of what was carried ─▶ noted on the entering container
//! complete  entering runs  unit stopped; tar ─▶ stand-ins ─▶ cp --attributes-only; read, and compared; unit started
//! ```
//!
//! Contents never pass: a stand-in has none. Carried are the attributes that images carry; labels of the host's security
//! module are the host's.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{copy, note, service};
use crate::archive::{self, Codec, Compression, Segment};
use crate::incus::{Client, Config, Instance, InstanceName};
use crate::rollout::instance::marks;
use crate::rootfs::{Body, Entry, Kind, Metadata, Mode, TargetPath, Xattrs, escaped};
use crate::{Error, Result, base};

/// For a look at the files, or for a change of them, and until systemd of a container that boots answers.
const PATIENCE: Duration = Duration::from_secs(120);

/// For the service to stop, which has hardly begun.
const STOP: Duration = Duration::from_secs(20);

/// The most bytes that the tar of stand-ins may have.
const LARGEST: u64 = 64 << 20;

/// Both work in a directory of their own, on a file system that keeps attributes.
const WORK: &str = r#"
umask 077
work=$(mktemp -d /var/tmp/vezaimg.XXXXXXXXXX)
trap 'rm -rf "$work"' EXIT
"#;

/// A tar of stand-ins, named by number, of the files and directories that are its arguments.
const READ: &str = r#"
n=0
for path; do
    if [ -L "$path" ]; then :
    elif [ -d "$path" ]; then
        mkdir "$work/$n"
        tar --create --no-recursion --format=posix --xattrs --xattrs-include='*' --file="$work/tar" -C "$path" .
        tar --extract --same-owner --same-permissions --xattrs --xattrs-include='*' --file="$work/tar" -C "$work/$n"
        rm "$work/tar"
    elif [ -f "$path" ]; then
        # It may go meanwhile, as logs do that are rotated.
        cp --attributes-only --preserve=mode,ownership,xattr -- "$path" "$work/$n" || [ ! -e "$path" ]
    fi
    n=$((n + 1))
done
tar --create --gzip --format=posix --numeric-owner --xattrs --xattrs-include='*' -C "$work" .
"#;

/// Gives the attributes of the stand-ins of its first argument to the files and directories that follow. No link is followed.
const SET: &str = r#"
tar=$1
shift
printf %s "$tar" | base64 --decode |
    tar --extract --gzip --same-owner --same-permissions --xattrs --xattrs-include='*' -C "$work"
n=0
for path; do
    if [ -L "$path" ]; then
        echo "$path is a symbolic link" >&2
        exit 1
    fi
    cp --recursive --attributes-only --preserve=mode,xattr --no-target-directory -- "$work/$n" "$path"
    n=$((n + 1))
done
"#;

/// Attributes of one path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Extended {
    /// Whether it is a directory.
    #[serde(default, skip_serializing_if = "is_false")]
    is_directory: bool,
    /// All twelve bits, as `4755`.
    mode: String,
    /// Extended attributes, in base64.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    xattrs: BTreeMap<String, String>,
}

/// Attributes by absolute path.
pub(super) type ByPath = BTreeMap<String, Extended>;

/// The attributes of these files and directories of a running container; what is not there, or is neither, has none.
///
/// # Errors
/// Refused: they are more than can be noted. Failed: the container cannot be looked into.
pub(super) fn read(client: &Client, container: &InstanceName, paths: &BTreeSet<String>) -> Result<ByPath> {
    if paths.is_empty() {
        return Ok(ByPath::new());
    }
    // The longest list of arguments that Linux takes is longer than a note may be.
    if paths.iter().map(|path| path.len() + 1).sum::<usize>() > note::LARGEST {
        return Err(too_many(container, paths.len()));
    }
    let paths: Vec<_> = paths.iter().map(String::as_str).collect();
    let tar = run(client, container, "read", READ, &paths)?;
    let members = base::members("a list of attributes", &tar, LARGEST);
    let members = members.map_err(|error| Error::failed(cannot("read", container)).cause(error.line()))?;
    let mut found = ByPath::new();
    for (name, metadata, is_directory) in members {
        let number = str::from_utf8(&name).ok().and_then(|name| name.trim_matches(['.', '/']).parse::<usize>().ok());
        // Where the host has a security module, everything has an attribute: the host's.
        let is_any = metadata.mode.bits() > 0o777 || !metadata.xattrs.is_empty();
        if let Some(path) = number.and_then(|number| paths.get(number)).filter(|_| is_any) {
            found.insert((*path).to_owned(), Extended::of(container, path, &metadata, is_directory)?);
        }
    }
    Ok(found)
}

/// Notes on the entering container what is to be set on what was carried to `path`, in the place of what was noted of it.
///
/// # Errors
/// Refused: it is more than can be noted. Failed: Incus does not answer.
pub(super) fn expect(client: &Client, entering: &InstanceName, path: &TargetPath, carried: &ByPath) -> Result<()> {
    let mut outcome = Ok(());
    client.change_instance(entering, &mut |settings| outcome = add(&mut settings.config, entering, path, carried))?;
    outcome
}

fn add(config: &mut Config, entering: &InstanceName, path: &TargetPath, carried: &ByPath) -> Result<()> {
    let mut wanted: ByPath = note::read(config, marks::EXTENDED, entering)?;
    wanted.retain(|noted, _| !TargetPath::parse(noted).is_ok_and(|noted| noted.is_within(path)));
    wanted.extend(carried.iter().map(|(path, extended)| (path.clone(), extended.clone())));
    let text = note::text(&wanted, |_| too_many(entering, wanted.len()))?;
    note::put(config, marks::EXTENDED, &wanted, &text);
    Ok(())
}

/// Sets on a container that was just started what [`carry`](super::carry()) noted, and compares. Its service, if it is
/// known, is stopped meanwhile: it sees no file before it is as it was, and cannot put another one in its place.
///
/// # Errors
/// What is read back differs, a tool is not installed, or Incus refuses; then the service stays stopped.
pub fn complete(client: &Client, entering: &Instance, unit: Option<&str>) -> Result<()> {
    let name = &entering.name;
    let wanted: ByPath = note::read(&entering.config, marks::EXTENDED, name)?;
    if !wanted.is_empty() {
        if let Some(unit) = unit {
            service::await_systemd(client, name, PATIENCE)?;
            service::stop(client, name, unit, STOP)?;
        }
        let tar = STANDARD.encode(stand_ins(&wanted)?);
        let arguments: Vec<_> = [&tar].into_iter().chain(wanted.keys()).map(String::as_str).collect();
        run(client, name, "set", SET, &arguments)?;
        let found = read(client, name, &wanted.keys().cloned().collect())?;
        if let Some((path, _)) = wanted.iter().find(|(path, extended)| found.get(*path) != Some(*extended)) {
            let path = escaped(path.as_bytes());
            return Err(Error::failed(format!("`{path}` was carried to `{name}`, and its attributes differ")));
        }
        if let Some(unit) = unit {
            service::start(client, name, unit)?;
        }
    }
    client.change_instance(name, &mut |settings| drop(settings.config.remove(marks::EXTENDED)))?;
    Ok(())
}

impl Extended {
    fn of(container: &InstanceName, path: &str, metadata: &Metadata, is_directory: bool) -> Result<Self> {
        let text = |name: &Vec<u8>| {
            String::from_utf8(name.clone()).map_err(|_| {
                let path = escaped(path.as_bytes());
                Error::refused(format!(
                    "`{path}` of `{container}` has an extended attribute whose name is not UTF-8: `{}`",
                    escaped(name)
                ))
            })
        };
        let xattrs = metadata.xattrs.iter().map(|(name, value)| Ok((text(name)?, STANDARD.encode(value))));
        Ok(Self { is_directory, mode: metadata.mode.to_string(), xattrs: xattrs.collect::<Result<_>>()? })
    }

    /// Whether the file API shows this of what has these attributes: it knows of the nine permission bits alone.
    pub(super) fn is_shown_as(&self, is_directory: bool, mode: u32) -> bool {
        let own = Mode::parse(&self.mode).map(|own| own.bits() & 0o777);
        self.is_directory == is_directory && own == Some(mode & 0o777)
    }

    fn metadata(&self) -> Option<Metadata> {
        let value = |(name, value): (&String, &String)| Some((name.clone().into_bytes(), STANDARD.decode(value).ok()?));
        let xattrs: Xattrs = self.xattrs.iter().map(value).collect::<Option<_>>()?;
        Some(Metadata { mode: Mode::parse(&self.mode)?, uid: 0, gid: 0, mtime: 0, xattrs })
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// A tar of empty files that have the attributes, named by number.
///
/// A directory's stand-in is a directory: only it can have a default ACL.
fn stand_ins(wanted: &ByPath) -> Result<Vec<u8>> {
    let failed = |cause: &dyn std::fmt::Display| Error::failed("cannot write a tar").cause(cause.to_string());
    let gzip = Compression::new(Codec::Gzip, None, NonZeroUsize::MIN)?;
    let mut segment = Segment::new(Vec::new(), &gzip, "");
    for (number, extended) in wanted.values().enumerate() {
        let path = TargetPath::parse(&format!("/{number}")).map_err(|error| failed(&error.reason()))?;
        let metadata = extended.metadata().ok_or_else(|| failed(&"a note is malformed"))?;
        let kind = match extended.is_directory {
            true => Kind::Directory,
            false => Kind::File(Body { size: 0, reader: &mut std::io::empty() }),
        };
        segment.append(&path, Entry { metadata, kind }).map_err(|error| failed(&error))?;
    }
    let tar = segment.finish().map_err(|error| failed(&error))?;
    archive::end(tar, &gzip).map_err(|error| failed(&error))
}

fn run(client: &Client, container: &InstanceName, verb: &str, script: &str, arguments: &[&str]) -> Result<Vec<u8>> {
    let script = [WORK, script].concat();
    let command = [&["sh", "-euc", &script, "sh"], arguments].concat();
    let output = client.exec(container, &command, PATIENCE)?;
    match output.code {
        0 => Ok(output.stdout),
        _ => Err(Error::failed(cannot(verb, container)).cause(copy::last_lines(&output.stderr))),
    }
}

fn cannot(verb: &str, container: &InstanceName) -> String {
    format!("cannot {verb} extended attributes of kept files in `{container}`")
}

fn too_many(container: &InstanceName, paths: usize) -> Error {
    let what = "have extended attributes, ACLs, set-user-id, set-group-id or sticky bits";
    Error::refused(format!("{paths} files that are to be carried from `{container}` {what}: too many to be noted"))
        .hint("keep their directory on a volume (`how = \"volume\"`)")
}
