//! What an image was built from: `.provenance.json`, an in-toto statement with SLSA's predicate.
//!
//! <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>, <https://slsa.dev/spec/v1.0/provenance>. It
//! holds everything that the bytes depend on, and nothing else: neither who built it nor when, where or how long. A second
//! build from what it names gives the same file.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::rootfs::Digest;

/// What says how the parameters and dependencies are to be read. No host answers for it: the specification is this file.
const BUILD_TYPE: &str = "pkg:cargo/vezaimg#build/v1";
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "https://slsa.dev/provenance/v1";

/// A statement about the files of an image.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    #[serde(rename = "_type")]
    kind: String,
    /// The image's files.
    pub subject: Vec<Resource>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    /// How they were built.
    pub predicate: Predicate,
}

/// SLSA's provenance.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Predicate {
    /// What was asked for, and what it was made of.
    pub build_definition: BuildDefinition,
    /// What made it.
    pub run_details: RunDetails,
}

/// What was asked for, and what it was made of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BuildDefinition {
    build_type: String,
    /// What the command line and the layout say.
    pub external_parameters: Parameters,
    /// What follows from them.
    pub internal_parameters: Derived,
    /// What went in.
    pub resolved_dependencies: Vec<Resource>,
}

/// What the command line and the layout say, apart from what went in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
    /// The layout's image name.
    pub layout: String,
    /// The release.
    pub release: String,
    /// The layout's variables with their final values; null for one that may be a secret.
    pub variables: BTreeMap<String, serde_json::Value>,
    /// Whether templates saw an inventory. What it holds is not written down: it may be secret.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inventory: bool,
    /// What `--allow-secret` said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_secrets: Vec<String>,
    /// `unified` or `split`.
    pub format: String,
    /// `zstd` or `gzip`.
    pub compression: String,
    /// The compressor's level.
    pub level: i32,
    /// `SOURCE_DATE_EPOCH`, where it was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_date_epoch: Option<u64>,
}

/// What follows from the parameters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Derived {
    /// The image's time, in seconds since 1970.
    pub epoch: u64,
    /// The version of the bytes, `vezaimg.format` of the image.
    pub format: u32,
}

/// What made it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RunDetails {
    /// The program.
    pub builder: Builder,
}

/// The program.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Builder {
    id: String,
    /// Versions by name.
    pub version: BTreeMap<String, String>,
}

/// A file, in-toto's resource descriptor.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// What it is called.
    pub name: String,
    /// Of a package, its URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Digests by algorithm.
    pub digest: BTreeMap<String, String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Annotations>,
}

/// What a resource is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Annotations {
    /// Which of the inputs it is.
    pub role: Role,
}

/// The inputs of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A layout, or a file that one names.
    Layout,
    /// The lock.
    Lock,
    /// A Debian package of the lock.
    Package,
    /// What `--base` names.
    Base,
    /// What `--binary` names.
    Binary,
}

/// What a directory is known by, which has no bytes: the digest of its listing, as manifests have it.
const LISTING: &str = "vezaimgListing";

impl Provenance {
    /// The largest that is read back, in bytes: a lock of a thousand packages gives 300 kB.
    pub const LARGEST: u64 = 16 << 20;

    /// The statement about these files of an image.
    pub fn new(subject: Vec<Resource>, parameters: Parameters, derived: Derived, inputs: Vec<Resource>) -> Self {
        let version = BTreeMap::from([("vezaimg".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]);
        Self {
            kind: STATEMENT.to_owned(),
            subject,
            predicate_type: PREDICATE.to_owned(),
            predicate: Predicate {
                build_definition: BuildDefinition {
                    build_type: BUILD_TYPE.to_owned(),
                    external_parameters: parameters,
                    internal_parameters: derived,
                    resolved_dependencies: inputs,
                },
                run_details: RunDetails {
                    builder: Builder {
                        id: concat!("pkg:cargo/vezaimg@", env!("CARGO_PKG_VERSION")).to_owned(),
                        version,
                    },
                },
            },
        }
    }

    /// Reads a statement back.
    ///
    /// # Errors
    /// The sentence says what it is not.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let found: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let definition = &found.predicate.build_definition;
        for (there, expected) in
            [(&found.kind, STATEMENT), (&found.predicate_type, PREDICATE), (&definition.build_type, BUILD_TYPE)]
        {
            if there != expected {
                return Err(format!("it is of the type `{}`, and not `{expected}`", there.escape_debug()));
            }
        }
        Ok(found)
    }

    /// Writes it.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut out = io::BufWriter::new(out);
        serde_json::to_writer_pretty(&mut out, self)?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// What the command line and the layout said.
    pub fn parameters(&self) -> &Parameters {
        &self.predicate.build_definition.external_parameters
    }

    /// What went in.
    pub fn inputs(&self) -> &[Resource] {
        &self.predicate.build_definition.resolved_dependencies
    }
}

impl Resource {
    /// A file with its sha256.
    pub fn file(name: impl Into<String>, sha256: Digest) -> Self {
        let digest = BTreeMap::from([("sha256".to_owned(), sha256.to_string())]);
        Self { name: name.into(), uri: None, digest, annotations: None }
    }

    /// A directory with the digest of its listing.
    pub fn listing(name: impl Into<String>, digest: Digest) -> Self {
        let digest = BTreeMap::from([(LISTING.to_owned(), digest.to_string())]);
        Self { name: name.into(), uri: None, digest, annotations: None }
    }

    /// The same as an input of a build.
    #[must_use]
    pub fn input(self, role: Role) -> Self {
        Self { annotations: Some(Annotations { role }), ..self }
    }

    /// The same with a URL.
    #[must_use]
    pub fn at(self, uri: String) -> Self {
        Self { uri: Some(uri), ..self }
    }

    /// What input it is; none for what is no input.
    pub fn role(&self) -> Option<Role> {
        self.annotations.map(|annotations| annotations.role)
    }
}
