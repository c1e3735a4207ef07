//! One binary package, as an index offers it and a lock pins it.

use super::Version;
use crate::rootfs::Digest;

/// A `.deb` by name, version and content. Ordered by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// Its name, such as `libc6`.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Debian's name of the architecture, or `all`.
    pub architecture: String,
    /// The suite whose index offers it, such as `bookworm-security`.
    pub suite: String,
    /// Its path below a mirror of that suite, such as `pool/main/g/glibc/libc6_2.36-9_amd64.deb`.
    pub file: String,
    /// Its size in bytes.
    pub size: u64,
    /// The sha256 of the file.
    pub sha256: Digest,
}

/// Whether it can be the name of a package or of a component, Policy 5.6.7, as short as dpkg takes it.
pub(crate) fn is_debian_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
    name.bytes().all(fits) && name.starts_with(|first: char| first.is_ascii_alphanumeric())
}

/// Whether a path stays where it is put behind the address of a mirror.
pub(crate) fn is_below_mirror(path: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._~/:".contains(&byte);
    path.bytes().all(fits) && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}
