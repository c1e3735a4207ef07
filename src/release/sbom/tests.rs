//! The bill of materials of a small system.

use super::*;
use crate::binary::{Architecture, GoBuildInfo};
use crate::image::Epoch;
use crate::rootfs::{Entry, Kind, Metadata, Mode, Summary, Xattrs};

const STATUS_TEXT: &str = "\
Package: base-files
Status: install ok installed
Architecture: amd64
Version: 12.4+deb12u15

Package: libstdc++6
Status: install ok installed
Architecture: amd64
Source: gcc-12 (12.2.0-14)
Version: 12.2.0-14+deb12u1

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1
";

const COPYRIGHT: &str = "\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: GPL-2+ or Artistic, and BSD-3-clause
 text

Files: debian/*
License: Expat

License: GPL-3
 not of a file
";

fn survey(files: &[(&str, &str)]) -> Survey {
    let mut survey = Survey::new("base");
    for (path, content) in files {
        let summary = Summary { size: content.len() as u64, sha256: Digest::of_bytes(content.as_bytes()) };
        let metadata = Metadata { mode: Mode::from_bits(0o644), uid: 0, gid: 0, mtime: 0, xattrs: Xattrs::new() };
        let entry = Entry { metadata, kind: Kind::File(summary) };
        for above in TargetPath::parse(path).unwrap().ancestors() {
            let metadata = Metadata { mode: Mode::from_bits(0o755), uid: 0, gid: 0, mtime: 0, xattrs: Xattrs::new() };
            survey.note(above, Entry { metadata, kind: Kind::Directory }, None);
        }
        survey.note(TargetPath::parse(path).unwrap(), entry, Some(content.as_bytes().to_vec()));
    }
    survey
}

fn module(path: &str, version: &str) -> GoModule {
    GoModule { path: path.to_owned(), version: version.to_owned(), ..GoModule::default() }
}

fn binary() -> Binary {
    let mut replaced = module("example.org/old", "v1.0.0");
    replaced.replacement = Some(Box::new(module("example.org/new", "v2.0.0")));
    Binary {
        path: "veza-api".into(),
        size: 4,
        sha256: Digest::of_bytes(b"veza"),
        architecture: Architecture::X86_64,
        interpreter: None,
        needed: Vec::new(),
        rpath: Vec::new(),
        runpath: Vec::new(),
        versions: Vec::new(),
        secrets: Vec::new(),
        go: Some(GoBuildInfo {
            go_version: "go1.23.5".to_owned(),
            main: Some(module("veza.example/backend", "(devel)")),
            deps: vec![module("github.com/lib/pq", "v1.10.9"), replaced],
            ..GoBuildInfo::default()
        }),
    }
}

fn written() -> serde_json::Value {
    let survey = survey(&[
        ("/usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
        (STATUS, STATUS_TEXT),
        ("/usr/share/doc/libstdc++6/copyright", COPYRIGHT),
        ("/usr/share/doc/base-files/copyright", "This is Debian.\n"),
    ]);
    let path = TargetPath::known("/opt/veza/backend-api/veza-api");
    let components = Components::of(&survey, None, Some((&path, &binary())));
    let subject = Subject {
        layout: "veza-backend-api",
        release: "v1",
        file: Some("veza-backend-api-v1-x86_64.incus.tar.zst"),
        fingerprint: Digest::of_bytes(b"image"),
        epoch: Epoch::from_seconds(1_767_225_600),
    };
    let mut text = Vec::new();
    components.write_spdx(&subject, &mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn packages_modules_and_the_system_stand_with_their_urls() {
    let document = written();
    let told: Vec<_> = document["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
            let purl = text(&it["externalRefs"][0]["referenceLocator"]);
            let columns = ["primaryPackagePurpose", "name", "versionInfo", "licenseDeclared", "sourceInfo"];
            columns.iter().map(|key| text(&it[key])).chain([purl]).collect::<Vec<_>>().join(" | ")
        })
        .collect();
    let expected = [
        "CONTAINER | veza-backend-api | v1 | NOASSERTION | - | -",
        "OPERATING-SYSTEM | debian | 12 | NOASSERTION | - | -",
        "LIBRARY | base-files | 12.4+deb12u15 | NOASSERTION | built package from: base-files 12.4+deb12u15 | \
         pkg:deb/debian/base-files@12.4%2Bdeb12u15?arch=amd64&distro=debian-12",
        "LIBRARY | libstdc++6 | 12.2.0-14+deb12u1 | ((GPL-2.0-or-later OR LicenseRef-Artistic) AND BSD-3-Clause) AND MIT | \
         built package from: gcc-12 12.2.0-14 | \
         pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12",
        "APPLICATION | veza.example/backend | - | NOASSERTION | - | pkg:golang/veza.example/backend",
        "LIBRARY | stdlib | 1.23.5 | NOASSERTION | - | pkg:golang/stdlib@1.23.5",
        "LIBRARY | github.com/lib/pq | v1.10.9 | NOASSERTION | - | pkg:golang/github.com/lib/pq@v1.10.9",
        "LIBRARY | example.org/new | v2.0.0 | NOASSERTION | - | pkg:golang/example.org/new@v2.0.0",
    ];
    assert_eq!(told, expected);
    let unlisted = &document["hasExtractedLicensingInfos"];
    assert_eq!(unlisted[0]["licenseId"], "LicenseRef-Artistic");
    assert_eq!(unlisted.as_array().unwrap().len(), 1);
}

#[test]
fn every_package_is_reached_from_the_document() {
    let document = written();
    let related = document["relationships"].as_array().unwrap();
    for package in document["packages"].as_array().unwrap() {
        assert!(related.iter().any(|it| it["relatedSpdxElement"] == package["SPDXID"]), "{package}");
    }
}
