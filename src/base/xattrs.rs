//! Which extended attributes of a base go into an image.
//!
//! Kept are those that mean the same on every machine and that GNU tar can set again when Incus unpacks the image:
//!
//! - `user.*`: the content's own;
//! - `security.capability`: file capabilities, which programs need to work;
//! - `system.posix_acl_access` and `system.posix_acl_default`: access lists by number.
//!
//! Left out and counted is what belongs to the machine that the base was made on: labels of its security module
//! (`security.selinux`, `security.SMACK64`), signatures made with its keys (`security.ima`, `security.evm`), marks of
//! its overlay mounts (`trusted.overlay.*`, which would turn entries into whiteouts in the next overlay) and the other
//! attributes of its file system (`trusted.*`, `btrfs.*`, `system.nfs4_acl`).

use crate::rootfs::Xattrs;

/// `XATTR_NAME_MAX` and `XATTR_SIZE_MAX` of Linux, in bytes.
const LONGEST_NAME: usize = 255;
const LONGEST_VALUE: usize = 65_536;

/// The attributes that one entry keeps, and how many it does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) kept: Xattrs,
    pub(super) dropped: u64,
}

impl Chosen {
    /// Takes an attribute if it is one to keep; a name that comes again replaces what stood there.
    ///
    /// # Errors
    /// The end of a sentence that begins with the entry.
    pub(super) fn take(&mut self, name: Vec<u8>, value: Vec<u8>) -> Result<(), &'static str> {
        if !is_portable(&name) {
            self.dropped += 1;
            return Ok(());
        }
        if name.len() > LONGEST_NAME || value.len() > LONGEST_VALUE || name.contains(&0) {
            return Err("has an extended attribute that Linux could not hold");
        }
        self.kept.insert(name, value);
        Ok(())
    }
}

/// Whether an attribute of this name goes into an image.
pub(super) fn is_portable(name: &[u8]) -> bool {
    let exact: [&[u8]; 3] = [b"security.capability", b"system.posix_acl_access", b"system.posix_acl_default"];
    exact.contains(&name) || name.strip_prefix(b"user.").is_some_and(|rest| !rest.is_empty())
}
