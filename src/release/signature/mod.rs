//! Signatures of releases: OpenSSH's SSHSIG over the list of checksums, which names every other file of a release.
//!
//! ```text
//! image, manifest, SBOM, provenance ──sha256──▶ .sha256 ──ssh-keygen -Y sign──▶ .sig
//! ```
//!
//! `ssh-keygen` makes and verifies them, as it does for git: it knows the agent, hardware keys, certificates and all that
//! an `allowed_signers` file may say (ssh-keygen(1), ALLOWED SIGNERS). Anybody can do the same without vezaimg:
//! `ssh-keygen -Y verify -f allowed_signers -I WHO -n vezaimg -s RELEASE.sig <RELEASE.sha256`.

mod armor;

use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub use self::armor::Armor;
use crate::rootfs::escaped;
use crate::{Error, Result};

/// What the signatures are for: one made for anything else, such as a commit, counts for nothing here.
const NAMESPACE: &str = "vezaimg";
/// Of OpenSSH 8.2 or newer, from the package `openssh-client`.
const SSH_KEYGEN: &str = "ssh-keygen";
/// How much of what it says is shown, in bytes.
const LONGEST_SAYING: usize = 2048;
/// How much of a file of allowed signers is read, in bytes.
const LONGEST_SIGNERS: u64 = 1 << 20;
/// The most names that one key is tried under.
const MOST_PRINCIPALS: usize = 100;

/// A key that signs.
#[derive(Clone, Debug)]
pub struct Signer {
    key: PathBuf,
}

/// Who may sign: an `allowed_signers` file.
#[derive(Clone, Debug)]
pub struct Signers {
    file: PathBuf,
}

/// By whom something was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The name that the file of allowed signers gives the key.
    pub principal: String,
    /// The key, as `ssh-keygen -l` shows it: `SHA256:…`.
    pub key: String,
}

impl Signer {
    /// A private key's file, or a public key's whose other half the agent holds.
    ///
    /// # Errors
    /// It is not there, or no key; `ssh-keygen` is not installed.
    pub fn open(key: &Path) -> Result<Self> {
        let shown = key.display();
        fs::metadata(key).map_err(|cause| {
            Error::invalid(format!("cannot read the key `{shown}`")).cause(cause).hint(
                "`--sign` takes the file of a private key, or of a public one that the agent holds the other half of",
            )
        })?;
        let mut command = Command::new(SSH_KEYGEN);
        command.arg("-l").arg("-f").arg(key);
        let told = output(command, &[], "look at a key")?;
        match told.status.success() {
            true => Ok(Self { key: key.to_owned() }),
            false => Err(Error::invalid(format!("`{shown}` is no SSH key"))
                .cause(said(&told))
                .hint("`ssh-keygen -t ed25519 -f release_key` makes one")),
        }
    }

    /// Its file, for messages.
    pub fn key(&self) -> &Path {
        &self.key
    }

    /// The signature of a message, in its armour. A passphrase is asked for on the terminal, by `ssh-keygen` itself.
    ///
    /// # Errors
    /// The agent does not hold the key, or the passphrase is wrong.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let mut command = Command::new(SSH_KEYGEN);
        command.args(["-q", "-Y", "sign", "-n", NAMESPACE, "-f"]).arg(&self.key);
        // A hardware key waits to be touched, and says so there.
        let stderr = if io::stderr().is_terminal() { Stdio::inherit() } else { Stdio::piped() };
        let signed = run(command.stderr(stderr), message, "sign")?;
        match signed.status.success() {
            true => Ok(signed.stdout),
            false => Err(Error::failed(format!("cannot sign with the key `{}`", self.key.display()))
                .cause(said(&signed))
                .hint("`ssh-add -L` lists the keys that the agent holds; nothing was left behind")),
        }
    }
}

impl Signer {
    /// The signature of a message that may have been signed before, into this file: where the same key has, that signature
    /// stays, for not every kind of key gives the same one again.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub(super) fn sign_again(&self, message: &[u8], file: &Path) -> Result<Vec<u8>> {
        let signature = self.sign(message)?;
        let there = read_armor(file).ok().filter(|there| {
            let same = Armor::parse(&signature).is_ok_and(|new| new.has_key_of(there));
            same && check(message, "the release", there, "the signature").is_ok()
        });
        Ok(there.map_or(signature, |there| there.text().as_bytes().to_vec()))
    }
}

/// Reads a signature's file.
///
/// # Errors
/// It cannot be read, or is none.
pub fn read_armor(file: &Path) -> io::Result<Armor> {
    let mut text = Vec::new();
    fs::File::open(file)?.take(Armor::LONGEST).read_to_end(&mut text)?;
    Armor::parse(&text).map_err(io::Error::other)
}

impl Signers {
    /// The file of allowed signers.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(file: &Path) -> Result<Self> {
        match fs::File::open(file).and_then(|opened| opened.metadata()) {
            Ok(found) if found.is_file() => Ok(Self { file: file.to_owned() }),
            Ok(_) => Err(Error::invalid(format!("`{}` is no file of allowed signers", file.display())).hint(FORMAT)),
            Err(cause) => Err(Error::invalid(format!("cannot read the allowed signers `{}`", file.display()))
                .cause(cause)
                .hint(FORMAT)),
        }
    }

    /// Who signed a message, which messages call `what`, with a signature that they call `name`.
    ///
    /// # Errors
    /// [`Refused`](crate::error::Class::Refused) if nobody did who may.
    pub fn verify(&self, message: &[u8], what: &str, armor: &Armor, name: &str) -> Result<Signed> {
        let key = armor.key();
        armor.for_namespace(name)?;
        let shown = self.file.display();
        let scratch = Scratch::new(armor)?;
        let mut command = scratch.command("find-principals");
        let found = output(command.arg("-f").arg(&self.file), &[], "find who signed")?;
        // It tells those of the first line with the key; another one may allow what that does not.
        let mut names: Vec<_> = String::from_utf8_lossy(&found.stdout).lines().map(str::to_owned).collect();
        names.extend(self.principals_of(armor)?);
        names.retain(|name| !name.is_empty() && !name.starts_with('!'));
        names.truncate(MOST_PRINCIPALS);
        let mut names = names.iter();
        let mut refusal = None;
        let verified = names.find(|name| {
            let mut command = scratch.command("verify");
            command.args(["-n", NAMESPACE, "-I", name, "-f"]).arg(&self.file);
            match output(&mut command, message, "verify a signature") {
                Ok(told) if told.status.success() => true,
                Ok(told) => {
                    refusal = Some(Ok(said(&told)));
                    false
                }
                Err(error) => {
                    refusal = Some(Err(error));
                    false
                }
            }
        });
        match (verified, refusal) {
            (Some(principal), _) => Ok(Signed { principal: escaped(principal.as_bytes()), key }),
            (None, Some(Err(error))) => Err(error),
            (None, Some(Ok(cause))) => {
                Err(Error::refused(format!("`{name}` is no good signature of `{what}`")).cause(cause).hint(format!(
                    "the key {key} is in `{shown}`: was the file changed after it was signed, or may the key \
                               not sign with the namespace `{NAMESPACE}`, or not at this time?"
                )))
            }
            (None, None) => {
                Err(Error::refused(format!("`{what}` is signed by {key}, whom `{shown}` does not allow")).hint(FORMAT))
            }
        }
    }
}

impl Signers {
    /// The names of every line with the key.
    fn principals_of(&self, armor: &Armor) -> Result<Vec<String>> {
        let mut text = Vec::new();
        let read = fs::File::open(&self.file).and_then(|file| file.take(LONGEST_SIGNERS).read_to_end(&mut text));
        read.map_err(|cause| {
            Error::invalid(format!("cannot read the allowed signers `{}`", self.file.display())).cause(cause)
        })?;
        let text = String::from_utf8_lossy(&text);
        let key = armor.encoded_key();
        let lines = text.lines().filter(|line| line.split_whitespace().any(|word| word == key));
        let names = lines.filter_map(|line| line.trim_start().split([' ', '\t']).next());
        Ok(names.flat_map(|names| names.trim_matches('"').split(',')).map(str::to_owned).collect())
    }
}

/// Whether a signature is of a message, whoever made it: it says nothing of who that may be.
///
/// # Errors
/// [`Refused`](crate::error::Class::Refused) if it is not.
pub fn check(message: &[u8], what: &str, armor: &Armor, name: &str) -> Result<()> {
    armor.for_namespace(name)?;
    let scratch = Scratch::new(armor)?;
    let mut command = scratch.command("check-novalidate");
    let told = output(command.args(["-n", NAMESPACE]), message, "check a signature")?;
    match told.status.success() {
        true => Ok(()),
        false => Err(Error::refused(format!("`{name}` is no good signature of `{what}`")).cause(said(&told))),
    }
}

/// The way out where nobody who may has signed.
const FORMAT: &str = "a line of it is a name and a public key, such as `release@example.org ssh-ed25519 AAAA…`";

/// A directory of our own with a signature in it: `ssh-keygen` reads the message from stdin, and the signature from a file.
struct Scratch {
    directory: tempfile::TempDir,
}

impl Scratch {
    fn new(armor: &Armor) -> Result<Self> {
        let cannot = |cause: io::Error| Error::failed("cannot write a signature into a temporary file").cause(cause);
        let directory = tempfile::Builder::new().prefix("vezaimg-").tempdir().map_err(cannot)?;
        let scratch = Self { directory };
        fs::write(scratch.file(), armor.text()).map_err(cannot)?;
        Ok(scratch)
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("signature")
    }

    fn command(&self, action: &str) -> Command {
        let mut command = Command::new(SSH_KEYGEN);
        command.args(["-Y", action, "-s"]).arg(self.file());
        command
    }
}

/// Runs `ssh-keygen` with something on stdin; what it says is for messages.
fn output(mut command: impl std::borrow::BorrowMut<Command>, input: &[u8], what: &str) -> Result<Output> {
    run(command.borrow_mut().stderr(Stdio::piped()), input, what)
}

fn run(command: &mut Command, input: &[u8], what: &str) -> Result<Output> {
    command.env("LC_ALL", "C").stdin(Stdio::piped()).stdout(Stdio::piped());
    let cannot = |cause: io::Error| match cause.kind() {
        io::ErrorKind::NotFound => Error::failed(format!("cannot {what}: `{SSH_KEYGEN}` is not installed"))
            .hint("`apt-get install openssh-client` installs it"),
        _ => Error::failed(format!("cannot run `{SSH_KEYGEN}` to {what}")).cause(cause),
    };
    let mut child = command.spawn().map_err(cannot)?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that has seen enough closes it; its status tells.
        match stdin.write_all(input) {
            Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => return Err(cannot(cause)),
            _ => {}
        }
    }
    child.wait_with_output().map_err(cannot)
}

/// Its words on one line.
fn said(output: &Output) -> String {
    let words = output.stderr.get(..output.stderr.len().min(LONGEST_SAYING)).unwrap_or_default();
    let lines: Vec<_> =
        words.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).collect();
    match lines.as_slice() {
        [] => output.status.to_string(),
        lines => lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("; "),
    }
}
