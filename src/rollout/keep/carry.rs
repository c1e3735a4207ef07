//! Small files, carried from a stopped container into a stopped one through the file API.

use crate::incus::{Client, InstanceName};
use crate::interrupt::Interrupt;
use crate::rootfs::TargetPath;

/// What was carried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Whether there is anything at the path in the leaving container; otherwise the entering one was left as it is.
    pub is_there: bool,
    /// Files, directories and symbolic links.
    pub entries: u64,
    /// Bytes of files.
    pub bytes: u64,
    /// Sockets, named pipes and devices, which were not carried.
    pub skipped: Vec<TargetPath>,
}

/// Carries what is at `path` from one stopped container to another, and compares.
///
/// # Errors
/// It differs when it is read back, a name or a bound is exceeded, Incus refuses, or `interrupt`.
pub fn carry(
    client: &Client,
    from: &InstanceName,
    to: &InstanceName,
    path: &TargetPath,
    interrupt: &Interrupt,
) -> crate::Result<Carried> {
    let _ = (client, from, to, path, interrupt);
    unimplemented!()
}
