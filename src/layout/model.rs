//! What a layout says once it is read, rendered and checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::variables::Scalar;
use crate::binary::Architecture;
use crate::diagnostic::Place;
use crate::document::Placed;
use crate::rollout::fleet::InventoryPool;
use crate::rootfs::{Mode, TargetPath};
use crate::unit::ServiceSpec;

/// What an image holds on top of its base, apart from the binary's own bytes.
///
/// Every owner is declared or `root`, every path absolute and normal, and no path stands twice.
#[derive(Clone, Debug)]
pub struct Layout {
    /// `[image]`.
    pub image: Image,
    /// The variables' final values.
    pub variables: BTreeMap<String, Scalar>,
    /// `[base]`, when there is one.
    pub base: Option<Placed<DebianBase>>,
    /// `[[group]]`.
    pub groups: Vec<Group>,
    /// `[[user]]`.
    pub users: Vec<User>,
    /// `[[directory]]`.
    pub directories: Vec<Directory>,
    /// `[[file]]`.
    pub files: Vec<File>,
    /// `[[link]]`.
    pub links: Vec<Link>,
    /// `[binary]`: where the program goes, and whose it is; none where the base brings it.
    pub binary: Option<Program>,
    /// `[unit]`.
    pub unit: Option<Unit>,
    /// `[network]`.
    pub network: Option<Network>,
    /// `[health]`.
    pub health: Option<Health>,
    /// `[[keep]]`: what outlives a swap.
    pub keep: Vec<Keep>,
    /// `[[allow-secret]]` and `--allow-secret`: files that may hold what looks like a secret, by their paths.
    pub allowed_secrets: Vec<AllowedSecret>,
    /// `[pool]`: where its containers stand in an inventory, and behind what.
    pub pool: Option<InventoryPool>,
    /// Directories whose own table has a problem: nothing is at fault for what follows from them. Empty in a layout
    /// that may be used.
    pub(super) unclear: BTreeSet<TargetPath>,
}

/// What the image is called.
#[derive(Clone, Debug)]
pub struct Image {
    /// The first part of every artifact's name, such as `veza-backend-api`.
    pub name: String,
    /// One line for `incus image list`.
    pub description: String,
    /// What its programs run on.
    pub architecture: Architecture,
}

/// The Debian system that a lock pins underneath.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebianBase {
    /// The release's code name.
    pub debian: String,
    /// The archive's components, such as `main`.
    pub components: Vec<String>,
    /// Packages wanted by name; their dependencies come with them.
    pub packages: Vec<String>,
    /// Packages left out although something depends on them: what only maintainer scripts need.
    pub without: Vec<String>,
    /// Paths left out, as shell patterns.
    pub exclude_paths: Vec<String>,
    /// Mirrors to try after the machine's own.
    pub mirrors: Vec<String>,
}

/// A system group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: Placed<String>,
    /// Its number.
    pub gid: Placed<u32>,
}

/// A system user; its password is locked.
#[derive(Clone, Debug)]
pub struct User {
    /// Its name.
    pub name: Placed<String>,
    /// Its number.
    pub uid: Placed<u32>,
    /// Its primary group's number.
    pub gid: u32,
    /// Home directory, as it stands in `/etc/passwd`.
    pub home: String,
    /// Login shell.
    pub shell: String,
    /// The comment field.
    pub comment: String,
}

/// Who owns an entry and what may be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Owner, by number.
    pub uid: u32,
    /// Group, by number.
    pub gid: u32,
    /// Permission bits.
    pub mode: Mode,
}

/// A directory.
#[derive(Clone, Debug)]
pub struct Directory {
    /// Where.
    pub path: Placed<TargetPath>,
    /// Whose.
    pub access: Access,
}

/// A file whose content the layout gives.
#[derive(Clone, Debug)]
pub struct File {
    /// Where.
    pub path: Placed<TargetPath>,
    /// Whose.
    pub access: Access,
    /// Its content.
    pub content: Vec<u8>,
}

/// A symbolic link, owned by root.
#[derive(Clone, Debug)]
pub struct Link {
    /// Where.
    pub path: Placed<TargetPath>,
    /// What it points at, as it stands.
    pub target: String,
}

/// Where the binary goes.
#[derive(Clone, Debug)]
pub struct Program {
    /// Where.
    pub path: Placed<TargetPath>,
    /// Whose.
    pub access: Access,
}

/// The service.
#[derive(Clone, Debug)]
pub struct Unit {
    /// The file's name, such as `veza-backend-api.service`.
    pub name: Placed<String>,
    /// What goes into it.
    pub spec: ServiceSpec,
    /// Where each directive of `[unit.overrides]`, each path of `write-paths` and each variable, as `Environment=NAME`,
    /// stands.
    pub places: BTreeMap<String, Place>,
    /// The `[unit]` header.
    pub place: Place,
}

/// How the container gets its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The interface's name inside the container.
    pub interface: String,
    /// Whether DHCP for IPv4 and router advertisements for IPv6 configure it.
    pub dhcp: bool,
}

/// Where the service says that it is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// TCP port.
    pub port: u16,
    /// Path of an HTTP GET that answers 200.
    pub path: String,
}

impl Health {
    /// Reads what [`Display`](fmt::Display) writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (port, path) = text.split_at_checked(text.find('/')?)?;
        let port = port.parse().ok().filter(|port| *port > 0)?;
        path.bytes().all(|byte| byte.is_ascii_graphic()).then(|| Self { port, path: path.to_owned() })
    }
}

/// `8080/api/v1/health`: the form of the image property `vezaimg.health`.
impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.port, self.path)
    }
}

/// A path that outlives a swap of the container.
#[derive(Clone, Debug)]
pub struct Keep {
    /// Where.
    pub path: Placed<TargetPath>,
    /// How it gets from the old container to the new one.
    pub how: KeepHow,
}

/// A file that may hold what looks like a secret.
#[derive(Clone, Debug)]
pub struct AllowedSecret {
    /// Where, in the image.
    pub path: Placed<TargetPath>,
    /// Why, in one line for whoever reads the manifest.
    pub reason: String,
}

/// How a kept path gets from the old container to the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepHow {
    /// Copied while the old one stands still: small files.
    Carry,
    /// On a custom volume that both mount: directories that grow.
    Volume,
}

/// `carry` or `volume`.
impl fmt::Display for KeepHow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Carry => "carry",
            Self::Volume => "volume",
        })
    }
}
