//! Files that are secrets by their names.

use super::Secret;
use crate::rootfs::TargetPath;

/// What programs take passwords from: ftp and curl, `PostgreSQL`, `MySQL`, git, Vault, postfix, ppp, strongSwan.
const LOGINS: [&[u8]; 10] = [
    b".netrc",
    b"_netrc",
    b".pgpass",
    b".mylogin.cnf",
    b".git-credentials",
    b".vault-token",
    b"sasl_passwd",
    b"chap-secrets",
    b"pap-secrets",
    b"ipsec.secrets",
];

/// The private halves that `ssh-keygen` makes.
const SSH_KEYS: [&[u8]; 4] = [b"id_rsa", b"id_dsa", b"id_ecdsa", b"id_ed25519"];

/// How the names of key stores end: PKCS #12, Java's, `KeePass`, Kerberos.
const KEY_STORES: [&[u8]; 6] = [b".p12", b".pfx", b".jks", b".keystore", b".kdbx", b".keytab"];

/// What the ends of an `.env` file's name say of one that shows which variables there are.
const SAMPLES: [&[u8]; 4] = [b".example", b".sample", b".template", b".dist"];

/// Tells whether a file is a secret, by its name.
pub(super) fn find(path: &TargetPath) -> Option<Secret> {
    let name = path.name();
    let ends = |endings: &[&[u8]]| endings.iter().any(|ending| name.ends_with(ending));
    if is_host_key(path) {
        return Some(Secret::HostKey);
    }
    if is_of_environment(name) && !ends(&SAMPLES) {
        return Some(Secret::EnvironmentFile);
    }
    if SSH_KEYS.contains(&name) {
        return Some(Secret::PrivateKey);
    }
    if ends(&KEY_STORES) {
        return Some(Secret::KeyStore);
    }
    LOGINS.contains(&name).then_some(Secret::Logins)
}

/// Whether a file of this name holds variables of an environment: `.env`, `app.env.old`, `.env-prod`, `.envrc`.
pub(super) fn is_of_environment(name: &[u8]) -> bool {
    let ends = |rest: &[u8]| rest.first().is_none_or(|byte| b".-_".contains(byte));
    let mut places = name.windows(4).enumerate().filter(|(_, four)| four == b".env");
    name == b".envrc" || places.any(|(at, _)| name.get(at + 4..).is_some_and(ends))
}

/// Whether the path is that of the private half of an SSH host key.
pub(crate) fn is_host_key(path: &TargetPath) -> bool {
    let name = path.name();
    name.starts_with(b"ssh_host_") && name.ends_with(b"_key")
}
