//! Files of an instance, running or not, even one that was never started.

use std::fmt;
use std::io::Read;

use serde::Deserialize;
use serde::de::IgnoredAny;
use ureq::Body;
use ureq::http::{HeaderMap, HeaderName, Method, header};

use super::content::Content;
use super::exchange::{Call, text};
use super::{Client, InstanceName, Kind, Result};
use crate::rootfs::TargetPath;

const UID: HeaderName = HeaderName::from_static("x-incus-uid");
const GID: HeaderName = HeaderName::from_static("x-incus-gid");
const MODE: HeaderName = HeaderName::from_static("x-incus-mode");
const TYPE: HeaderName = HeaderName::from_static("x-incus-type");
const WRITE: HeaderName = HeaderName::from_static("x-incus-write");

/// Owner, group and permission bits, as the instance sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// Owner, by number.
    pub uid: u32,
    /// Group, by number.
    pub gid: u32,
    /// The nine permission bits: `0o000` to `0o777`. Set-user-id, set-group-id and sticky Incus neither tells nor sets.
    pub mode: u32,
}

/// What is at a path.
pub enum Node {
    /// A regular file.
    File {
        /// Owner, group and mode.
        attributes: Attributes,
        /// The content, as it comes; it ends in an error when the connection breaks.
        body: Box<dyn Read + Send>,
        /// Its size in bytes, if Incus says it.
        size: Option<u64>,
    },
    /// A directory.
    Directory {
        /// Owner, group and mode.
        attributes: Attributes,
        /// What it holds, sorted.
        names: Vec<String>,
    },
    /// A symbolic link.
    Symlink {
        /// Owner, group and mode.
        attributes: Attributes,
        /// Where it points; Incus makes what is relative absolute.
        target: Vec<u8>,
    },
}

/// What is at a path, without what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Owner, group and mode.
    pub attributes: Attributes,
    /// Which of [`Node`]'s it is.
    pub what: What,
}

/// Which of [`Node`]'s something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A regular file, of so many bytes if Incus says it; or a pipe or a socket, of none.
    File {
        /// Bytes.
        size: Option<u64>,
    },
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
}

/// Without the content of a file, which may be a secret.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { attributes, size, .. } => {
                f.debug_struct("File").field("attributes", attributes).field("size", size).finish_non_exhaustive()
            }
            Self::Directory { attributes, names } => {
                f.debug_struct("Directory").field("attributes", attributes).field("names", names).finish()
            }
            Self::Symlink { attributes, target } => {
                f.debug_struct("Symlink").field("attributes", attributes).field("target", target).finish()
            }
        }
    }
}

impl Client {
    /// What is at this path, without reading it: of a pipe nobody writes to, nothing ever comes. A symbolic link at its end is
    /// not followed.
    ///
    /// # Errors
    /// As every request; [`Malformed`](super::Kind::Malformed) for what is none of [`Node`]'s.
    pub fn stat(&self, name: &InstanceName, path: &TargetPath) -> Result<Option<Stat>> {
        match self.answered(&files(Method::HEAD, name, path, "look at"), name) {
            // The answer to this has no body, which would say why.
            Err(failure) if failure.kind() == Kind::Refused => {
                self.answered(&files(Method::GET, name, path, "look at"), name)
            }
            answered => answered,
        }
        .map(|found| found.map(|(stat, _)| stat))
    }

    /// What is at this path; a symbolic link at its end is not followed.
    ///
    /// # Errors
    /// As every request; [`Malformed`](super::Kind::Malformed) for what is none of [`Node`]'s.
    pub fn read(&self, name: &InstanceName, path: &TargetPath) -> Result<Option<Node>> {
        let call = files(Method::GET, name, path, "read").unhurried();
        let Some((Stat { attributes, what }, body)) = self.answered(&call, name)? else { return Ok(None) };
        match what {
            What::File { size } => Ok(Some(Node::File { attributes, body: Box::new(body.into_reader()), size })),
            What::Directory => {
                let listing: Listing =
                    serde_json::from_slice(&call.bounded(body)?).map_err(|_| call.malformed("no list of names"))?;
                let mut names = listing.metadata.unwrap_or_default();
                // They become parts of paths.
                if names.iter().any(|name| matches!(name.as_str(), "" | "." | "..") || name.contains(['/', '\0'])) {
                    return Err(call.malformed("a name that no file can have"));
                }
                names.sort_unstable();
                Ok(Some(Node::Directory { attributes, names }))
            }
            What::Symlink => Ok(Some(Node::Symlink { attributes, target: call.bounded(body)? })),
        }
    }

    /// What the headers say of an answer, and its body; none where nothing is at the path.
    fn answered(&self, call: &Call, name: &InstanceName) -> Result<Option<(Stat, Body)>> {
        let (headers, body) = match self.read_raw(call) {
            Err(failure) if failure.kind() == Kind::NotFound => {
                // Of the instance itself Incus says the same.
                let instance = call.beside(&["instances", name.as_str()]);
                return self.read_one::<IgnoredAny>(&instance).map(|_| None);
            }
            read => read?,
        };
        let attributes = Attributes::read(&headers).ok_or_else(|| call.malformed("no owner, group and mode"))?;
        let what = match text(&headers, &TYPE).as_deref() {
            Some("file") => {
                What::File { size: text(&headers, &header::CONTENT_LENGTH).and_then(|size| size.parse().ok()) }
            }
            Some("directory") => What::Directory,
            Some("symlink") => What::Symlink,
            _ => return Err(call.malformed("neither a file, nor a directory, nor a symbolic link")),
        };
        Ok(Some((Stat { attributes, what }, body)))
    }

    /// Writes a file of exactly `size` bytes, in the place of what is there.
    ///
    /// # Errors
    /// As every request; also when `body` fails, or has another size.
    pub fn write_file(
        &self,
        name: &InstanceName,
        path: &TargetPath,
        attributes: Attributes,
        size: u64,
        body: &mut dyn Read,
    ) -> Result<()> {
        let call = files(Method::POST, name, path, "write").kind("file").attributes(attributes)?;
        // Incus sets neither owner nor mode of what is there, and follows a link.
        self.remove(name, path)?;
        self.put(&call.header(WRITE, "overwrite"), size, body)
    }

    /// Makes a directory; its parent has to be there.
    ///
    /// # Errors
    /// As every request; [`Exists`](super::Kind::Exists) when something is there.
    pub fn make_directory(&self, name: &InstanceName, path: &TargetPath, attributes: Attributes) -> Result<()> {
        let call = files(Method::POST, name, path, "make the directory").kind("directory").attributes(attributes)?;
        // Of a directory that is there Incus says that it has made it.
        let is_there = match self.read_raw(&files(Method::HEAD, name, path, "look for")) {
            Ok(_) => true,
            Err(failure) if failure.kind() == Kind::NotFound => false,
            Err(failure) => return Err(failure),
        };
        if is_there {
            return Err(call.refused(Kind::Exists).cause("something is there"));
        }
        self.change(&call).map(drop)
    }

    /// Makes a symbolic link, in the place of what is there; Incus gives it to the instance's root.
    ///
    /// # Errors
    /// As every request: see [`Kind`].
    pub fn make_symlink(&self, name: &InstanceName, path: &TargetPath, target: &[u8]) -> Result<()> {
        self.remove(name, path)?;
        let call = files(Method::POST, name, path, "make the symbolic link").kind("symlink");
        self.put(&call, target.len() as u64, &mut &*target)
    }

    /// Removes a file, a symbolic link or an empty directory; that it is not there is fine.
    ///
    /// # Errors
    /// As every request; [`Refused`](super::Kind::Refused) for a directory that holds something.
    pub fn remove(&self, name: &InstanceName, path: &TargetPath) -> Result<()> {
        match self.change(&files(Method::DELETE, name, path, "remove")) {
            Err(failure) if failure.kind() == Kind::NotFound => {
                let call = Call::get(&["instances", name.as_str()], format!("remove `{path}` from `{name}`"));
                self.read_one::<IgnoredAny>(&call).map(drop)
            }
            outcome => outcome.map(drop),
        }
    }

    fn put(&self, call: &Call, size: u64, body: &mut dyn Read) -> Result<()> {
        let mut content = Content::new(body, size);
        let answer = self.upload(call, size, &mut content);
        match content.fault() {
            Some(fault) => Err(call.lost().cause(format!("its content: {fault}"))),
            None => answer.map(drop),
        }
    }
}

#[derive(Deserialize)]
struct Listing {
    metadata: Option<Vec<String>>,
}

fn files(method: Method, name: &InstanceName, path: &TargetPath, verb: &str) -> Call {
    let absolute = [b"/", path.as_relative()].concat();
    let wanted = format!("{verb} `{path}` in `{name}`");
    Call::new(method, &["instances", name.as_str(), "files"], wanted).query("path", absolute)
}

impl Attributes {
    fn read(headers: &HeaderMap) -> Option<Self> {
        let number = |name: &HeaderName| text(headers, name)?.parse().ok();
        let mode = u32::from_str_radix(&text(headers, &MODE)?, 8).ok().filter(|mode| *mode <= 0o777)?;
        Some(Self { uid: number(&UID)?, gid: number(&GID)?, mode })
    }
}

impl Call {
    fn kind(self, kind: &str) -> Self {
        self.header(TYPE, kind)
    }

    fn attributes(self, attributes: Attributes) -> Result<Self> {
        let Attributes { uid, gid, mode } = attributes;
        if mode > 0o777 {
            let why = format!("it sets no set-user-id, set-group-id or sticky bit, as in the mode {mode:04o}");
            return Err(self.refused(Kind::Refused).cause(why));
        }
        // The zero makes it octal.
        Ok(self.header(UID, uid.to_string()).header(GID, gid.to_string()).header(MODE, format!("0{mode:o}")))
    }
}
