//! Paths inside an image.

use std::fmt;

/// An absolute path inside an image: bytes, normalised, free of empty, `.` and `..` components and of NUL.
///
/// Names in an image are bytes, not text: a base may hold any. Stored without the leading slash, so that the root is
/// the empty path and byte order puts every directory before what it holds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetPath(Box<[u8]>);

/// Why some bytes are not a path inside an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathError {
    /// A layout's path does not begin with a slash.
    Relative,
    /// An archive's path begins with a slash.
    Absolute,
    /// It has a `..` component.
    Parent,
    /// It has an empty or a `.` component where none is allowed, or ends in a slash.
    NotNormal,
    /// It holds a NUL byte.
    Nul,
    /// A component is longer than 255 bytes, or the whole longer than 4,095.
    TooLong,
}

impl PathError {
    /// The end of a sentence that begins with the path.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Relative => "is not absolute",
            Self::Absolute => "is absolute",
            Self::Parent => "has a `..` component",
            Self::NotNormal => "has an empty or `.` component, or ends in `/`",
            Self::Nul => "holds a NUL byte",
            Self::TooLong => "is longer than Linux allows (255 bytes a name, 4,095 a path)",
        }
    }
}

impl TargetPath {
    /// The root directory.
    pub fn root() -> Self {
        Self(Box::default())
    }

    /// A path that the source code names.
    pub(crate) fn known(text: &'static str) -> Self {
        debug_assert!(Self::parse(text).is_ok(), "{text}");
        Self(text.trim_start_matches('/').as_bytes().into())
    }

    /// A path as a layout writes it: absolute and already normalised, such as `/etc/veza`.
    ///
    /// # Errors
    /// [`PathError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let relative = text.strip_prefix('/').ok_or(PathError::Relative)?;
        if relative.is_empty() {
            return Ok(Self::root());
        }
        for component in relative.split('/') {
            match component {
                "" | "." => return Err(PathError::NotNormal),
                ".." => return Err(PathError::Parent),
                _ => {}
            }
        }
        Self::checked(relative.as_bytes())
    }

    /// A path as archives and directory walks give it: relative, perhaps with a leading `./` or a trailing slash.
    ///
    /// # Errors
    /// [`PathError`] for an absolute path, a `..` component, a NUL byte, or one that Linux could not hold.
    pub fn from_relative(bytes: &[u8]) -> Result<Self, PathError> {
        if bytes.first() == Some(&b'/') {
            return Err(PathError::Absolute);
        }
        let mut clean = Vec::with_capacity(bytes.len());
        for component in bytes.split(|byte| *byte == b'/') {
            match component {
                b"" | b"." => continue,
                b".." => return Err(PathError::Parent),
                _ => {}
            }
            if !clean.is_empty() {
                clean.push(b'/');
            }
            clean.extend_from_slice(component);
        }
        Self::checked(&clean)
    }

    fn checked(relative: &[u8]) -> Result<Self, PathError> {
        if relative.contains(&0) {
            return Err(PathError::Nul);
        }
        if relative.len() > 4094 || relative.split(|byte| *byte == b'/').any(|name| name.len() > 255) {
            return Err(PathError::TooLong);
        }
        Ok(Self(relative.into()))
    }

    /// The bytes without the leading slash; empty for the root.
    pub fn as_relative(&self) -> &[u8] {
        &self.0
    }

    /// Whether this is the root directory.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The last component; empty for the root.
    pub fn name(&self) -> &[u8] {
        self.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
    }

    /// The directory that holds it; none for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let end = self.0.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        Some(Self(self.0[..end].into()))
    }

    /// Every directory above it, the nearest first and the root last.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> + use<> {
        std::iter::successors(self.parent(), Self::parent)
    }

    /// The path of an entry in this directory. `name` may itself have several components, as in
    /// [`from_relative`](Self::from_relative).
    ///
    /// # Errors
    /// As [`from_relative`](Self::from_relative).
    pub fn join(&self, name: &[u8]) -> Result<Self, PathError> {
        let mut bytes = self.0.to_vec();
        bytes.push(b'/');
        bytes.extend_from_slice(name);
        Self::from_relative(bytes.strip_prefix(b"/").unwrap_or(&bytes))
    }

    /// Whether it is `directory` itself or anything below it.
    pub fn is_within(&self, directory: &Self) -> bool {
        match self.0.strip_prefix(&*directory.0) {
            Some(rest) => directory.is_root() || rest.is_empty() || rest.first() == Some(&b'/'),
            None => false,
        }
    }
}

/// With the leading slash; bytes that are not UTF-8 as `\xNN`.
impl fmt::Display for TargetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("/")?;
        write_bytes(f, &self.0)
    }
}

impl fmt::Debug for TargetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TargetPath({self})")
    }
}

/// A name for people, as [`TargetPath`]'s display writes it.
pub fn escaped(bytes: &[u8]) -> String {
    struct Escaped<'a>(&'a [u8]);
    impl fmt::Display for Escaped<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write_bytes(f, self.0)
        }
    }
    Escaped(bytes).to_string()
}

/// Writes a name for people: control characters and what is not UTF-8 as `\xNN`, a backslash doubled, so that no two
/// names look alike and none can move the cursor.
fn write_bytes(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => f.write_str("\\\\")?,
                control if control.is_control() => {
                    let mut buffer = [0; 4];
                    for byte in control.encode_utf8(&mut buffer).bytes() {
                        write!(f, "\\x{byte:02x}")?;
                    }
                }
                other => write!(f, "{other}")?,
            }
        }
        for byte in chunk.invalid() {
            write!(f, "\\x{byte:02x}")?;
        }
    }
    Ok(())
}
