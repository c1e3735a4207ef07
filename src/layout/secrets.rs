//! What must never enter an image.

use std::fmt;

use crate::rootfs::TargetPath;

/// Why a file is taken for a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secret {
    /// Its content is a private key.
    PrivateKey,
    /// It is named like the private half of an SSH host key.
    HostKey,
    /// It is named like a file of environment variables.
    EnvironmentFile,
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PrivateKey => "holds a private key",
            Self::HostKey => "is an SSH host key",
            Self::EnvironmentFile => "is an environment file",
        })
    }
}

/// Tells whether a file is a secret, by its name or by the PEM header of a private key in its content.
pub(crate) fn find(path: &TargetPath, content: &[u8]) -> Option<Secret> {
    let name = path.name();
    if is_host_key(path) {
        return Some(Secret::HostKey);
    }
    if name == b".env" || name.ends_with(b".env") || name.starts_with(b".env.") {
        return Some(Secret::EnvironmentFile);
    }
    holds_private_key(content).then_some(Secret::PrivateKey)
}

/// Whether the path is that of the private half of an SSH host key.
pub(crate) fn is_host_key(path: &TargetPath) -> bool {
    let name = path.name();
    name.starts_with(b"ssh_host_") && name.ends_with(b"_key")
}

/// Looks for the armour of RFC 7468 and OpenSSH: `-----BEGIN … PRIVATE KEY-----`.
fn holds_private_key(content: &[u8]) -> bool {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let starts = content.windows(BEGIN.len()).enumerate().filter(|(_, window)| *window == BEGIN);
    starts.map(|(at, _)| &content[at + BEGIN.len()..]).any(|rest| {
        let label = rest.split(|byte| *byte == b'-' || *byte == b'\n').next().unwrap_or_default();
        label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK")
    })
}
