//! `metadata.yaml` and its templates, <https://linuxcontainers.org/incus/docs/main/reference/image_format/>.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Epoch;
use crate::archive::FORMAT_VERSION;
use crate::binary::{Binary, GoBuildInfo};
use crate::layer;
use crate::layout::Layout;
use crate::release::ReleaseName;
use crate::rootfs::{Survey, TargetPath};
use crate::{Error, Result};

/// What Incus is told of an image.
#[derive(Debug, Serialize)]
pub struct Metadata {
    architecture: &'static str,
    creation_date: u64,
    properties: BTreeMap<&'static str, String>,
    templates: BTreeMap<&'static str, Template>,
}

/// A file that Incus writes into a container.
#[derive(Debug, Serialize)]
struct Template {
    /// At creation, and when a container gets another name.
    when: [&'static str; 3],
    template: &'static str,
}

const WHEN: [&str; 3] = ["create", "copy", "rename"];
const HOSTNAME: &str = "hostname.tpl";
const HOSTS: &str = "hosts.tpl";
/// pongo2, Incus's template language.
const NAME: &str = "{{ container.name }}";

impl Metadata {
    /// What is said of an image: the layout's contract for the rollout, and where it comes from.
    pub fn new(layout: &Layout, release: &ReleaseName, epoch: Epoch, survey: &Survey, binary: Option<&Binary>) -> Self {
        let architecture = layout.image.architecture.as_str();
        let os_release = OsRelease::of(|path| survey.content(path));
        let description = match os_release.get("PRETTY_NAME") {
            Some(os) => format!("{} {release} on {os}", layout.image.description),
            None => format!("{} {release}", layout.image.description),
        };
        let mut properties = BTreeMap::from([
            ("architecture", architecture.to_owned()),
            ("description", description),
            ("name", format!("{}-{release}-{architecture}", layout.image.name)),
            ("vezaimg.format", FORMAT_VERSION.to_string()),
            ("vezaimg.layout", layout.image.name.clone()),
            ("vezaimg.release", release.to_string()),
        ]);
        let mut property = |key, value: Option<String>| value.map(|value| properties.insert(key, value));
        property("os", os_release.get("ID").map(capitalized));
        property("release", os_release.get("VERSION_CODENAME").or(os_release.get("VERSION_ID")));
        property("vezaimg.unit", layout.unit.as_ref().map(|unit| unit.name.value.clone()));
        property("vezaimg.health", layout.health.as_ref().map(ToString::to_string));
        let go = binary.and_then(|binary| binary.go.as_ref());
        property("vezaimg.go", go.map(|go| go.go_version.clone()));
        property("vezaimg.revision", go.and_then(revision));
        let keep: Vec<_> = layout.keep.iter().map(|keep| format!("{}:{}", keep.how, keep.path.value)).collect();
        property("vezaimg.keep", (!keep.is_empty()).then(|| keep.join(" ")));
        let templates = BTreeMap::from([
            ("/etc/hostname", Template { when: WHEN, template: HOSTNAME }),
            ("/etc/hosts", Template { when: WHEN, template: HOSTS }),
        ]);
        Self { architecture, creation_date: epoch.seconds(), properties, templates }
    }

    /// The files that stand before the root file system, in their order: `metadata.yaml` first, since Incus reads no
    /// further than it must.
    ///
    /// # Errors
    /// None in practice: these values can all be written as YAML.
    pub fn files(&self) -> Result<Vec<(TargetPath, Vec<u8>)>> {
        let yaml =
            yaml_serde::to_string(self).map_err(|error| Error::failed("cannot write metadata.yaml").cause(error))?;
        let hostname = format!("{NAME}\n");
        let hosts = layer::hosts(NAME);
        Ok(vec![
            (TargetPath::known("/metadata.yaml"), yaml.into_bytes()),
            (TargetPath::known("/templates/hostname.tpl"), hostname.into_bytes()),
            (TargetPath::known("/templates/hosts.tpl"), hosts.into_bytes()),
        ])
    }
}

/// The commit that a Go program was built from, marked where its tree had changes that no commit holds.
fn revision(go: &GoBuildInfo) -> Option<String> {
    go.revision().map(|revision| format!("{revision}{}", if go.is_modified() { "-modified" } else { "" }))
}

/// os-release(5).
pub(crate) struct OsRelease(BTreeMap<String, String>);

impl OsRelease {
    /// That of a root file system whose files `content` gives.
    pub(crate) fn of<'c>(content: impl Fn(&TargetPath) -> Option<&'c [u8]>) -> Self {
        let paths = ["/etc/os-release", "/usr/lib/os-release"].map(TargetPath::known);
        let content = paths.iter().find_map(content).unwrap_or_default();
        let text = String::from_utf8_lossy(content);
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let plain = |value: &str| -> String {
            let bare = value.trim().trim_matches(['"', '\'']);
            bare.chars().filter(|character| !character.is_control()).take(128).collect()
        };
        Self(pairs.map(|(key, value)| (key.trim().to_owned(), plain(value))).collect())
    }

    /// The value of a key, if it is not empty.
    pub(crate) fn get(&self, key: &str) -> Option<String> {
        self.0.get(key).filter(|value| !value.is_empty()).cloned()
    }
}

/// `debian` as Incus's own images write it: `Debian`.
fn capitalized(id: String) -> String {
    let mut characters = id.chars();
    characters.next().map(|first| first.to_ascii_uppercase().to_string() + characters.as_str()).unwrap_or_default()
}
