//! What outlives a swap, between real containers of a plain Debian: the leaving one runs, the entering one never did.

mod carry;
mod volume;

use std::fs::File;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use vezaimg::incus::{self, Client, InstanceName};
use vezaimg::layout::KeepHow;
use vezaimg::rollout::contract::Kept;
use vezaimg::rollout::keep::{Way, ways};
use vezaimg::rootfs::TargetPath;

use crate::support::{Instance, Lab, base, seconds};

const BOOT: Duration = seconds(120);

/// What tells two trees apart, but for times: type, mode, owner, names of a file, size, target, digest.
const LISTING: &str = r#"cd "$1" && find . -printf '%P %y %m %U %G %l\n' | LC_ALL=C sort
    find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum"#;

/// An image that is nothing but the Debian that tests stand on.
fn image() -> &'static str {
    static IMAGE: OnceLock<String> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let metadata = directory.path().join("metadata.tar");
        let mut archive = tar::Builder::new(File::create(&metadata).unwrap());
        let text = b"architecture: x86_64\ncreation_date: 1746057600\n";
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, "metadata.yaml", &text[..]).unwrap();
        archive.finish().unwrap();
        let lab = Lab::shared();
        lab.import(&[Path::new(&metadata), base()], &lab.unique("plain"))
    })
}

/// A container that serves, and one that is to take its place.
struct Pair {
    leaving: Instance<'static>,
    entering: Instance<'static>,
}

impl Pair {
    fn new(stem: &str) -> Self {
        let lab = Lab::shared();
        let name = lab.unique(stem);
        let leaving = lab.launch(image(), &name, &[]);
        leaving.wait_running(BOOT);
        let entering = Instance::new(lab, &format!("{name}-next"));
        lab.incus(&["init", image(), entering.name()]);
        Self { leaving, entering }
    }

    fn names(&self) -> (InstanceName, InstanceName) {
        (name(&self.leaving), name(&self.entering))
    }

    /// Looked up anew, as another process does.
    fn way(&self, path: &str, how: KeepHow) -> vezaimg::Result<Way> {
        let leaving = client().instance(&name(&self.leaving)).unwrap().unwrap();
        ways(&client(), &leaving, &[Kept { path: target(path), how }], true).map(|ways| ways[0].1.clone())
    }
}

/// A client of its own, as another process has.
fn client() -> Client {
    Lab::shared().client()
}

fn name(instance: &Instance<'_>) -> InstanceName {
    InstanceName::parse(instance.name()).unwrap()
}

fn target(path: &str) -> TargetPath {
    TargetPath::parse(path).unwrap()
}

/// What a shell in a container, stopped at its first error, writes.
fn shell(instance: &Instance<'_>, script: &str) -> String {
    instance.exec(&["sh", "-euc", script])
}

fn listing(instance: &Instance<'_>, path: &str) -> String {
    instance.exec(&["sh", "-euc", LISTING, "sh", path])
}

fn devices(instance: &Instance<'_>) -> incus::Devices {
    client().instance(&name(instance)).unwrap().unwrap().devices
}

fn volumes() -> Vec<String> {
    let volumes = Lab::shared().query("/1.0/storage-pools/default/volumes/custom");
    volumes.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
