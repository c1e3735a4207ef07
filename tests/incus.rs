//! The client of Incus against a real one.

mod files;
mod images;
mod instances;
mod locks;
mod remote;
mod restart;
mod storage;

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use vezaimg::incus::{Client, Fingerprint, InstanceName, Kind, NewInstance};
use vezaimg::interrupt::Interrupt;

use crate::support::workspace::Workspace;
use crate::support::{Instance, Lab, base, seconds};

const DEADLINE: Duration = seconds(120);

/// The shared lab's default project.
fn client() -> Client {
    Lab::shared().client()
}

fn name(text: &str) -> InstanceName {
    InstanceName::parse(text).unwrap()
}

/// A name that no other test has.
fn unique(stem: &str) -> InstanceName {
    name(&Lab::shared().unique(stem))
}

/// What is to be created, with the default profile.
fn new(name: &InstanceName, image: &Fingerprint) -> NewInstance {
    NewInstance {
        name: name.clone(),
        image: image.clone(),
        architecture: None,
        profiles: vec!["default".to_owned()],
        config: [].into(),
        devices: [].into(),
        description: String::new(),
        member: None,
    }
}

fn import(client: &Client, image: &[u8], alias: Option<&str>) -> vezaimg::Result<vezaimg::incus::Imported> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), image).unwrap();
    import_file(client, file.path(), alias)
}

fn import_file(client: &Client, file: &Path, alias: Option<&str>) -> vezaimg::Result<vezaimg::incus::Imported> {
    client.import(file, None, alias, &|_, _| {}, &Interrupt::default())
}

/// A unified image that Incus takes and that nothing runs in; `release` makes it one of its own.
fn small_image(release: &str) -> Vec<u8> {
    let metadata = format!(
        "architecture: x86_64\ncreation_date: 1746057600\nproperties:\n  release: {release:?}\n  os: nothing\n"
    );
    let mut tar = tar::Builder::new(Vec::new());
    let mut add = |name: &str, mode: u32, kind: tar::EntryType, content: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, name, content).unwrap();
    };
    add("metadata.yaml", 0o644, tar::EntryType::Regular, metadata.as_bytes());
    for directory in ["rootfs", "rootfs/etc", "rootfs/srv", "rootfs/tmp"] {
        add(directory, 0o755, tar::EntryType::Directory, b"");
    }
    add("rootfs/etc/present", 0o600, tar::EntryType::Regular, b"as it was");
    tar.into_inner().unwrap()
}

/// The small image, imported once.
fn small() -> &'static Fingerprint {
    static SMALL: OnceLock<Fingerprint> = OnceLock::new();
    SMALL.get_or_init(|| import(&client(), &small_image("shared"), None).unwrap().fingerprint)
}

/// A stopped instance of the small image.
fn created(stem: &str) -> (Client, InstanceName) {
    let (client, name) = (client(), unique(stem));
    client.create_instance(&new(&name, small()), DEADLINE).unwrap();
    (client, name)
}

/// A built image with a Debian that boots, which is in the directory.
fn bootable(workspace: &Workspace) -> std::path::PathBuf {
    let base = base().to_str().unwrap();
    let outcome = workspace.run([
        "build",
        "--layout",
        "layout.toml",
        "--binary",
        "app",
        "--base",
        base,
        "--level",
        "1",
        "--release",
        "lab",
    ]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    workspace.join(outcome.stdout.trim())
}

/// A running instance with systemd.
fn booted(stem: &str) -> (Client, InstanceName, Instance<'static>) {
    static IMAGE: OnceLock<Fingerprint> = OnceLock::new();
    let client = client();
    let image = IMAGE.get_or_init(|| {
        let workspace = Workspace::new();
        import_file(&client, &bootable(&workspace), None).unwrap().fingerprint
    });
    let name = unique(stem);
    let instance = Instance::new(Lab::shared(), name.as_str());
    client.create_instance(&new(&name, image), DEADLINE).unwrap();
    client.start(&name).unwrap();
    instance.wait_running(DEADLINE);
    (client, name, instance)
}

/// The kind of a failure.
fn kind<T: std::fmt::Debug>(outcome: vezaimg::incus::Result<T>) -> Kind {
    outcome.unwrap_err().kind()
}
