//! The document, SPDX 2.3 in JSON: <https://spdx.github.io/spdx-spec/v2.3/>.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::purl::Purl;
use super::{Components, Go, Installed, Program, System};
use crate::binary::GoModule;
use crate::image::Epoch;
use crate::rootfs::Digest;

/// What SPDX writes where nothing is said.
const NOT_SAID: &str = "NOASSERTION";
const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const IMAGE: &str = "SPDXRef-Image";
const SYSTEM: &str = "SPDXRef-OperatingSystem";
const PROGRAM: &str = "SPDXRef-Program";

/// What a document is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The layout's image name.
    pub layout: &'a str,
    /// The release.
    pub release: &'a str,
    /// The image's file; none for a split image, of which no single file has its digest.
    pub file: Option<&'a str>,
    /// What Incus will call it.
    pub fingerprint: Digest,
    /// The image's time, which is the document's.
    pub epoch: Epoch,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: String,
    document_namespace: String,
    creation_info: CreationInfo,
    packages: Vec<Package>,
    relationships: Vec<Relationship>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    has_extracted_licensing_infos: Vec<ExtractedLicence>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreationInfo {
    created: String,
    creators: [String; 1],
    license_list_version: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    name: String,
    #[serde(rename = "SPDXID")]
    id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    version_info: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_file_name: Option<String>,
    supplier: &'static str,
    download_location: &'static str,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_info: Option<String>,
    license_concluded: &'static str,
    license_declared: String,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef>,
    primary_package_purpose: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: &'static str,
    checksum_value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: &'static str,
    related_spdx_element: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExtractedLicence {
    license_id: String,
    name: String,
    extracted_text: String,
}

impl Components {
    /// Writes the document, which depends on nothing but these components and the subject.
    ///
    /// # Errors
    /// The writer's.
    pub fn write_spdx(&self, subject: &Subject<'_>, out: &mut dyn Write) -> io::Result<()> {
        let mut out = io::BufWriter::new(out);
        serde_json::to_writer_pretty(&mut out, &self.document(subject))?;
        out.write_all(b"\n")?;
        out.flush()
    }

    fn document(&self, subject: &Subject<'_>) -> Document {
        let name = format!("{}-{}", subject.layout, subject.release);
        let mut document = Document {
            spdx_version: "SPDX-2.3",
            data_license: "CC0-1.0",
            id: DOCUMENT,
            document_namespace: format!("https://spdx.org/spdxdocs/{name}-{}", subject.fingerprint),
            name,
            creation_info: CreationInfo {
                created: subject.epoch.to_string(),
                creators: [format!("Tool: vezaimg-{}", env!("CARGO_PKG_VERSION"))],
                license_list_version: list_version(),
            },
            packages: vec![image(subject), self.system.package()],
            relationships: Vec::new(),
            has_extracted_licensing_infos: self.unlisted_licences(),
        };
        document.relate(DOCUMENT, "DESCRIBES", IMAGE);
        document.relate(IMAGE, "CONTAINS", SYSTEM);
        for installed in &self.packages {
            document.add(SYSTEM, "CONTAINS", installed.package(&self.system));
        }
        if let Some(program) = &self.program {
            document.add(IMAGE, "CONTAINS", program.package(subject));
            for module in program.go.iter().flat_map(Go::packages) {
                document.add(PROGRAM, "DEPENDS_ON", module);
            }
        }
        document
    }

    fn unlisted_licences(&self) -> Vec<ExtractedLicence> {
        let found = self.packages.iter().filter_map(|it| Some((it.package.name.as_str(), it.licence.as_ref()?)));
        let mut unlisted = BTreeMap::new();
        for (package, licence) in found {
            licence.unlisted.iter().for_each(|(reference, name)| {
                unlisted.entry(reference).or_insert((name, package));
            });
        }
        let infos = unlisted.into_iter().map(|(reference, (name, package))| ExtractedLicence {
            license_id: reference.clone(),
            name: name.clone(),
            extracted_text: format!("what Debian calls `{name}`: see /usr/share/doc/{package}/copyright of the image"),
        });
        infos.collect()
    }
}

/// The version of the list of licences, of which SPDX 2.3 writes two numbers.
fn list_version() -> String {
    spdx::license_version().splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
}

impl Document {
    fn relate(&mut self, one: &str, how: &'static str, other: &str) {
        self.relationships.push(Relationship {
            spdx_element_id: one.to_owned(),
            relationship_type: how,
            related_spdx_element: other.to_owned(),
        });
    }

    /// Adds a package that something holds; of what is there already, nothing.
    fn add(&mut self, holder: &str, how: &'static str, package: Package) {
        if self.packages.iter().all(|there| there.id != package.id) {
            self.relate(holder, how, &package.id);
            self.packages.push(package);
        }
    }
}

/// Of whom nothing more is known than name and version.
fn plain(id: String, name: &str, version: &str, purpose: &'static str) -> Package {
    Package {
        name: name.to_owned(),
        id,
        version_info: version.to_owned(),
        package_file_name: None,
        supplier: NOT_SAID,
        download_location: NOT_SAID,
        files_analyzed: false,
        checksums: Vec::new(),
        source_info: None,
        license_concluded: NOT_SAID,
        license_declared: NOT_SAID.to_owned(),
        copyright_text: NOT_SAID,
        external_refs: Vec::new(),
        primary_package_purpose: purpose,
    }
}

/// A package with a URL, which is also what its identifier is made of: the same in every image.
fn located(kind: &str, name: &str, version: &str, purl: &Purl) -> Package {
    let purl = purl.to_string();
    let fits = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let word: String = name.chars().map(fits).collect();
    let mut digits = Digest::of_bytes(purl.as_bytes()).to_string();
    digits.truncate(12);
    let mut package = plain(format!("SPDXRef-{kind}-{word}-{digits}"), name, version, "LIBRARY");
    package.external_refs.push(ExternalRef {
        reference_category: "PACKAGE-MANAGER",
        reference_type: "purl",
        reference_locator: purl,
    });
    package
}

fn sha256(digest: Digest) -> Checksum {
    Checksum { algorithm: "SHA256", checksum_value: digest.to_string() }
}

fn image(subject: &Subject<'_>) -> Package {
    let mut package = plain(IMAGE.to_owned(), subject.layout, subject.release, "CONTAINER");
    package.package_file_name = subject.file.map(str::to_owned);
    package.checksums.push(sha256(subject.fingerprint));
    package
}

impl System {
    fn package(&self) -> Package {
        let version = self.version.as_deref().unwrap_or_default();
        plain(SYSTEM.to_owned(), self.id.as_deref().unwrap_or("linux"), version, "OPERATING-SYSTEM")
    }
}

impl Installed {
    fn package(&self, system: &System) -> Package {
        let mut package = located("deb", &self.package.name, &self.package.version, &system.purl(&self.package));
        package.source_info = Some(format!("built package from: {}", self.source()));
        if let Some(licence) = &self.licence {
            package.license_declared.clone_from(&licence.expression);
        }
        if let Some((file, digest)) = &self.archive {
            package.package_file_name = Some(file.clone());
            package.checksums.push(sha256(*digest));
        }
        package
    }

    /// Name and version of the source package; dpkg notes what differs from the package's own.
    fn source(&self) -> String {
        let own = &self.package;
        let source = own.source.as_deref().unwrap_or(&own.name);
        match source.split_once(" (") {
            Some((name, version)) => format!("{name} {}", version.trim_end_matches(')')),
            None => format!("{source} {}", own.version),
        }
    }
}

impl Program {
    fn package(&self, subject: &Subject<'_>) -> Package {
        let main = self.go.as_ref().and_then(|go| go.main.as_ref());
        let file = String::from_utf8_lossy(self.path.name()).into_owned();
        let mut package = match main {
            Some(main) => Package { id: PROGRAM.to_owned(), ..module(main) },
            None => plain(PROGRAM.to_owned(), &file, subject.release, ""),
        };
        package.primary_package_purpose = "APPLICATION";
        package.package_file_name = Some(self.path.to_string());
        package.checksums.push(sha256(self.sha256));
        package
    }
}

impl Go {
    /// The standard library, and the modules.
    fn packages(&self) -> impl Iterator<Item = Package> {
        let stdlib = located("golang", "stdlib", &self.version, &Purl::new("golang", "", "stdlib", &self.version));
        std::iter::once(stdlib).chain(self.modules.iter().map(module))
    }
}

/// A module of Go. Of one that was built from a working tree nobody knows the version.
fn module(module: &GoModule) -> Package {
    let version = if module.version == "(devel)" { "" } else { &module.version };
    let (namespace, name) = module.path.rsplit_once('/').unwrap_or(("", &module.path));
    located("golang", &module.path, version, &Purl::new("golang", namespace, name, version))
}
