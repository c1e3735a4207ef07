//! Whether an InRelease is signed by Debian: the verdict is `gpgv`'s.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::rootfs::escaped;
use crate::{Error, Result};

/// The verifier, from the package of that name.
const GPGV: &str = "gpgv";
/// Where Debian's package `debian-archive-keyring` puts its keys.
const DEBIANS_OWN: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// The largest InRelease in bytes. That of bookworm has 151,075.
pub const LARGEST_RELEASE: u64 = 8 << 20;
/// How much of what gpgv says is shown, in bytes.
const LONGEST_SAYING: usize = 2048;
/// What a text with a signature around it begins with, RFC 9580, 7.1.
const FIRST_LINE: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";

/// A file of public keys, any of which may sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyring(PathBuf);

impl Keyring {
    /// The file given, or the one of Debian's own package.
    ///
    /// # Errors
    /// [`Invalid`](crate::error::Class::Invalid) if the file given cannot be read, or is text where `gpgv` takes none;
    /// [`Failed`](crate::error::Class::Failed) if none is given and Debian's is not installed.
    pub fn find(given: Option<&Path>) -> Result<Self> {
        Self::find_beside(given, Path::new(DEBIANS_OWN))
    }

    /// [`Self::find`] with Debian's own at another place.
    pub(super) fn find_beside(given: Option<&Path>, own: &Path) -> Result<Self> {
        let Some(path) = given else {
            return match own.is_file() {
                true => Ok(Self(own.to_owned())),
                false => Err(Error::failed(format!("there is no keyring `{}` to verify Debian with", own.display()))
                    .hint("`apt-get install debian-archive-keyring` installs it")
                    .hint("or `--keyring FILE` names another file of Debian's keys")),
            };
        };
        let shown = path.display();
        let unusable = |error: io::Error| Error::invalid(format!("cannot read the keyring `{shown}`")).cause(error);
        // Without a slash gpgv would look for it among its own files.
        let path = std::path::absolute(path).map_err(unusable)?;
        let mut head = Vec::new();
        File::open(&path).and_then(|file| file.take(16).read_to_end(&mut head)).map_err(unusable)?;
        if head.starts_with(b"-----BEGIN PGP") {
            return Err(Error::invalid(format!("the keyring `{shown}` is text, of which `{GPGV}` reads none"))
                .hint(format!("`gpg --dearmor <'{shown}' >keyring.gpg` makes one that it reads")));
        }
        Ok(Self(path))
    }
}

/// The text of an InRelease, as `gpgv` gives it, once a key of the keyring has signed it. `what` is what messages call
/// it, such as ``the InRelease of `bookworm` ``.
///
/// Debian signs with several keys, of which a keyring may know some: one good signature is enough, as it is for apt, and
/// a bad one is too many.
///
/// # Errors
/// [`Refused`](crate::error::Class::Refused) if it is not signed, or by no key that the keyring holds and that is still
/// good, or was changed; [`Failed`](crate::error::Class::Failed) if `gpgv` is not installed or does not run.
pub fn verify(in_release: &[u8], keyring: &Keyring, what: &str) -> Result<String> {
    verify_with(GPGV, in_release, keyring, what)
}

/// [`verify`] with the program `gpgv`.
pub(super) fn verify_with(gpgv: &str, in_release: &[u8], keyring: &Keyring, what: &str) -> Result<String> {
    if in_release.len() as u64 > LARGEST_RELEASE {
        return Err(Error::refused(format!("{what} has more than {LARGEST_RELEASE} bytes")));
    }
    if !in_release.starts_with(FIRST_LINE) {
        return Err(Error::refused(format!("{what} is not signed")).hint(OTHER_MIRROR));
    }
    let cannot = |error: io::Error| Error::failed(format!("cannot run `{gpgv}` on {what}")).cause(error);
    // Private, so that no key and no setting of the user's own has a say.
    let home = tempfile::Builder::new().prefix("vezaimg-").tempdir().map_err(cannot)?;
    let (signed, text) = (home.path().join("InRelease"), home.path().join("Release"));
    fs::write(&signed, in_release).map_err(cannot)?;
    let mut command = Command::new(gpgv);
    command.arg("--homedir").arg(home.path()).arg("--keyring").arg(&keyring.0);
    command.args(["--weak-digest", "SHA1", "--weak-digest", "RIPEMD160"]);
    // What it says to programs comes alone on stdout: nothing that it quotes can pass for it.
    command.args(["--status-fd", "1", "--output"]).arg(&text).arg("--").arg(&signed);
    command.env("GNUPGHOME", home.path()).env("LC_ALL", "C").env("TZ", "UTC").stdin(Stdio::null());
    let output = command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::failed(format!("cannot verify {what}: `{gpgv}` is not installed"))
            .hint("`apt-get install gpgv` installs it"),
        _ => cannot(error),
    })?;
    let status = String::from_utf8_lossy(&output.stdout);
    Verdict::of(&status).into_result(keyring, what).map_err(|error| match said(&output.stderr) {
        said if said.is_empty() => error.cause(output.status),
        said => error.cause(said),
    })?;
    let text = fs::read(&text).map_err(cannot)?;
    String::from_utf8(text).map_err(|_| Error::refused(format!("{what} is not UTF-8")).hint(OTHER_MIRROR))
}

/// The way out when a mirror's file is not what Debian signed.
const OTHER_MIRROR: &str = "the mirror serves something else than Debian's file: try another one with `--mirror`";

/// What gpgv's status lines come to, GnuPG's doc/DETAILS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    /// The text is not what was signed.
    Changed,
    /// The key has expired, or the signature has.
    Expired,
    Revoked,
    UnknownKey,
    /// None of these: gpgv's own words have to do.
    Unverifiable,
}

impl Verdict {
    fn of(status: &str) -> Self {
        let keywords: Vec<_> =
            status.lines().filter_map(|line| line.strip_prefix("[GNUPG:] ")?.split(' ').next()).collect();
        let has = |keyword: &str| keywords.contains(&keyword);
        // A second text would be one that the first signature does not cover.
        let texts = keywords.iter().filter(|keyword| **keyword == "PLAINTEXT").count();
        if has("BADSIG") {
            Self::Changed
        } else if has("ERROR") || texts != 1 {
            Self::Unverifiable
        } else if has("GOODSIG") && has("VALIDSIG") {
            Self::Good
        } else if has("EXPKEYSIG") || has("EXPSIG") {
            Self::Expired
        } else if has("REVKEYSIG") {
            Self::Revoked
        } else if has("NO_PUBKEY") {
            Self::UnknownKey
        } else {
            Self::Unverifiable
        }
    }

    fn into_result(self, keyring: &Keyring, what: &str) -> Result<()> {
        let keyring = keyring.0.display();
        let newer = "a newer `debian-archive-keyring` may hold the key; `--keyring FILE` names its file";
        Err(match self {
            Self::Good => return Ok(()),
            Self::Changed => Error::refused(format!("{what} was changed after it was signed")).hint(OTHER_MIRROR),
            Self::Expired => {
                Error::refused(format!("the key in `{keyring}` that signed {what} has expired")).hint(newer)
            }
            Self::Revoked => {
                Error::refused(format!("the key in `{keyring}` that signed {what} was revoked")).hint(newer)
            }
            Self::UnknownKey => {
                Error::refused(format!("{what} is signed by no key of the keyring `{keyring}`")).hint(newer)
            }
            Self::Unverifiable => {
                Error::refused(format!("the signature of {what} cannot be verified")).hint(OTHER_MIRROR)
            }
        })
    }
}

/// gpgv's words on one line.
fn said(stderr: &[u8]) -> String {
    let words = &stderr[..stderr.len().min(LONGEST_SAYING)];
    let lines = words.split(|byte| *byte == b'\n').map(|line| line.strip_prefix(b"gpgv:").unwrap_or(line).trim_ascii());
    lines.filter(|line| !line.is_empty()).map(escaped).collect::<Vec<_>>().join("; ")
}
