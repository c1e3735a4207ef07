use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Clock, Epoch, Metadata};
use crate::binary::{Architecture, Binary, GoBuildInfo};
use crate::layout;
use crate::release::ReleaseName;
use crate::rootfs::{Digest, Entry, Kind, Mode, Summary, Survey, TargetPath, Xattrs};

fn go_program() -> Binary {
    let settings = [("vcs.revision", "a9efaa0c7112"), ("vcs.modified", "true")];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned()));
    Binary {
        path: PathBuf::from("bin/veza-api"),
        size: 1,
        sha256: Digest([7; 32]),
        architecture: Architecture::X86_64,
        interpreter: None,
        needed: Vec::new(),
        rpath: Vec::new(),
        runpath: Vec::new(),
        versions: Vec::new(),
        go: Some(GoBuildInfo {
            go_version: "go1.23.5".to_owned(),
            settings: BTreeMap::from(settings),
            ..GoBuildInfo::default()
        }),
        secrets: Vec::new(),
    }
}

/// A base of which only `os-release` is known.
fn survey(os_release: &str) -> Survey {
    let mut survey = Survey::new("base.tar");
    let metadata =
        crate::rootfs::Metadata { mode: Mode::from_bits(0o644), uid: 0, gid: 0, mtime: 0, xattrs: Xattrs::new() };
    let kind = Kind::File(Summary { size: os_release.len() as u64, sha256: Digest([0; 32]) });
    let content = os_release.as_bytes().to_vec();
    survey.note(TargetPath::known("/usr/lib/os-release"), Entry { metadata, kind }, Some(content));
    survey
}

fn yaml(os_release: &str, binary: &Binary) -> String {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/layouts/backend-api.toml");
    let request = layout::Request { file: Some(default.into()), ..layout::Request::default() };
    let (layout, _) = layout::read(&request).unwrap().usable().unwrap();
    let release = ReleaseName::parse("v1.4.2").unwrap();
    let metadata =
        Metadata::new(&layout, &release, Epoch::from_seconds(1_767_225_600), &survey(os_release), Some(binary));
    let (path, content) = metadata.files().unwrap().remove(0);
    assert_eq!(path, TargetPath::known("/metadata.yaml"));
    String::from_utf8(content).unwrap()
}

#[test]
fn the_metadata_carries_the_contract_of_the_image_and_the_revision_of_a_go_program() {
    let os_release = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_CODENAME=bookworm\n";
    assert_eq!(
        yaml(os_release, &go_program()),
        "architecture: x86_64
creation_date: 1767225600
properties:
  architecture: x86_64
  description: Veza backend API v1.4.2 on Debian GNU/Linux 12 (bookworm)
  name: veza-backend-api-v1.4.2-x86_64
  os: Debian
  release: bookworm
  vezaimg.format: '1'
  vezaimg.go: go1.23.5
  vezaimg.health: 8080/api/v1/health
  vezaimg.keep: carry:/etc/veza/backend-api.env volume:/var/log/veza
  vezaimg.layout: veza-backend-api
  vezaimg.release: v1.4.2
  vezaimg.revision: a9efaa0c7112-modified
  vezaimg.unit: veza-backend-api.service
templates:
  /etc/hostname:
    when:
    - create
    - copy
    - rename
    template: hostname.tpl
  /etc/hosts:
    when:
    - create
    - copy
    - rename
    template: hosts.tpl
"
    );
}

#[test]
fn what_a_base_says_of_itself_stays_a_string_of_yaml() {
    let metadata = yaml("PRETTY_NAME=\"a: b\\n# c\x07\"\nID='12'\nVERSION_ID=\"{{ x }}\"\n", &go_program());
    assert!(metadata.contains("  description: 'Veza backend API v1.4.2 on a: b\\n# c'\n"), "{metadata}");
    assert!(metadata.contains("  os: '12'\n  release: '{{ x }}'\n"), "{metadata}");
}

#[test]
fn times_are_clamped_kept_or_all_the_epoch() {
    let epoch = Epoch::from_seconds(1000);
    let clamped = |clock: Clock| [500, 1000, 2000, u64::MAX].map(|mtime| clock.clamp(mtime));
    assert_eq!(clamped(Clock::new(Some(epoch), true)), [500, 1000, 1000, 1000]);
    assert_eq!(clamped(Clock::new(None, true)), [500, 1000, 2000, 253_402_300_799]);
    assert_eq!(clamped(Clock::new(Some(epoch), false)), [1000; 4]);
    assert_eq!(clamped(Clock::new(None, false)), [Epoch::TIMELESS.seconds(); 4]);
    // Incus takes no image whose time is zero.
    assert_eq!(Clock::new(None, true).epoch(0).seconds(), 1);
}
