//! The lock's text, and what is refused in it.

use super::needs::{Need, Needs, Offer};
use super::{Lock, Suite, checksum};
use crate::debian::{Package, Version};
use crate::diagnostic::Source;
use crate::image::Epoch;
use crate::layout::DebianBase;
use crate::rootfs::{Digest, Entry, Kind, Metadata, Mode, Summary, Survey, TargetPath, Xattrs};

fn package(name: &str, version: &str, suite: &str) -> Package {
    Package {
        name: name.to_owned(),
        version: Version::parse(version).unwrap(),
        architecture: "amd64".to_owned(),
        suite: suite.to_owned(),
        file: format!("pool/main/{name}_{version}_amd64.deb"),
        size: 1234,
        sha256: Digest::of_bytes(version.as_bytes()),
    }
}

fn lock() -> Lock {
    let date = |text| Epoch::parse_rfc3339(text).unwrap();
    Lock {
        base: Digest([0xab; 32]),
        architecture: "amd64".to_owned(),
        epoch: date("2026-11-20T00:12:41Z"),
        suites: vec![
            Suite { name: "bookworm".to_owned(), date: date("2026-07-11T10:16:37Z") },
            Suite { name: "bookworm-security".to_owned(), date: date("2026-11-20T00:12:41Z") },
        ],
        packages: vec![package("bash", "5.2.15-2+b7", "bookworm"), package("libssl3", "3.0.17-1", "bookworm-security")],
    }
}

fn read(text: String) -> crate::Result<Lock> {
    Lock::parse(Source { name: "small.lock".to_owned(), text }, "vezaimg lock")
}

fn refused(change: impl Fn(String) -> String) -> String {
    read(change(lock().to_string())).unwrap_err().to_string()
}

#[test]
fn a_lock_is_text_that_reads_back_as_it_was() {
    let text = lock().to_string();
    let ab = "ab".repeat(32);
    let (bash, ssl) = (Digest::of_bytes(b"5.2.15-2+b7"), Digest::of_bytes(b"3.0.17-1"));
    let expected = format!(
        "# The Debian packages underneath the layout's image. Written by `vezaimg lock`; not to be edited.
version = 1
base = \"{ab}\"
architecture = \"amd64\"
epoch = 1795133561 # 2026-11-20T00:12:41Z

[[suite]]
name = \"bookworm\"
date = \"2026-07-11T10:16:37Z\"

[[suite]]
name = \"bookworm-security\"
date = \"2026-11-20T00:12:41Z\"

[[package]]
name = \"bash\"
version = \"5.2.15-2+b7\"
architecture = \"amd64\"
suite = \"bookworm\"
file = \"pool/main/bash_5.2.15-2+b7_amd64.deb\"
size = 1234
sha256 = \"{bash}\"

[[package]]
name = \"libssl3\"
version = \"3.0.17-1\"
architecture = \"amd64\"
suite = \"bookworm-security\"
file = \"pool/main/libssl3_3.0.17-1_amd64.deb\"
size = 1234
sha256 = \"{ssl}\"
"
    );
    assert_eq!(text, expected);
    assert_eq!(read(text).unwrap(), lock());
}

#[test]
fn a_lock_of_a_newer_format_names_both_formats() {
    let error = refused(|text| text.replace("version = 1\n", "version = 2\nnew = true\n"));
    assert_eq!(
        error,
        "`small.lock` is a lock of format 2, and this vezaimg reads 1\n\
         hint: take the vezaimg that made it, or a newer one; or run `vezaimg lock` to make the lock again"
    );
}

#[test]
fn every_unsound_package_is_told_with_its_place() {
    let error = refused(|text| {
        text.replace("file = \"pool/main/bash", "file = \"../main/bash").replace("size = 1234", "size = 0")
    });
    assert_eq!(
        error,
        "`small.lock` is not a lock as `vezaimg lock` writes it\n\
         small.lock:15:1: `bash` has a `file` that is no path below a mirror\n\
         small.lock:24:1: `libssl3` has a size of 0 bytes\n\
         hint: run `vezaimg lock` to make it again, or take the file from version control"
    );
}

#[test]
fn what_no_lock_says_is_refused() {
    let cases: [(&str, &str, &str); 9] = [
        ("size = 1234", "size = 1234\nurl = \"x\"", "unknown field `url`"),
        ("architecture = \"amd64\"\nepoch", "epoch", "missing field `architecture`"),
        (
            "amd64\"\nsuite = \"bookworm\"",
            "arm64\"\nsuite = \"bookworm\"",
            "`bash` is for `arm64`, and the lock for `amd64`",
        ),
        (
            "suite = \"bookworm-security\"",
            "suite = \"sid\"",
            "`libssl3` is of the suite `sid`, which the lock does not have",
        ),
        ("name = \"libssl3\"", "name = \"alsa\"", "`alsa` does not come in the order of names"),
        ("name = \"libssl3\"", "name = \"bash\"", "`bash` does not come in the order of names"),
        ("5.2.15-2+b7\"\narch", "five\\n\"\narch", "`bash` has no sound version"),
        ("base = \"ab", "base = \"xy", "`base` is not a sha256"),
        ("date = \"2026-07-11T10:16:37Z\"", "date = \"July\"", "a `[[suite]]` has no sound name and date"),
    ];
    for (from, to, expected) in cases {
        let error = refused(|text| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
        assert!(error.contains(expected), "{from} -> {to}: {error}");
    }
}

#[test]
fn changes_are_told_by_name_and_security_is_marked() {
    let mut newer = lock();
    newer.packages = vec![package("libssl3", "3.0.18-1", "bookworm-security"), package("zstd", "1.5", "bookworm")];
    let changes: Vec<_> = lock().changes(&newer).iter().map(ToString::to_string).collect();
    assert_eq!(changes, ["bash 5.2.15-2+b7, gone", "libssl3 3.0.17-1 → 3.0.18-1 (security)", "zstd 1.5, new"]);
    assert_eq!(lock().changes(&lock()), []);
}

#[test]
fn the_checksum_of_a_base_does_not_depend_on_where_it_comes_from() {
    let base = DebianBase {
        debian: "bookworm".to_owned(),
        components: vec!["main".to_owned()],
        packages: vec!["bash".to_owned(), "dash".to_owned()],
        without: Vec::new(),
        exclude_paths: Vec::new(),
        mirrors: Vec::new(),
    };
    let with = |change: fn(&mut DebianBase)| {
        let mut changed = base.clone();
        change(&mut changed);
        checksum(&changed)
    };
    assert_eq!(checksum(&base), with(|base| base.mirrors.push("http://mirror.example/debian".to_owned())));
    let others = [
        with(|base| base.debian = "trixie".to_owned()),
        with(|base| base.components.push("contrib".to_owned())),
        with(|base| base.packages.swap(0, 1)),
        with(|base| base.packages.truncate(1)),
        with(|base| base.without.push("dash".to_owned())),
        with(|base| base.exclude_paths.push("dash".to_owned())),
    ];
    for (index, other) in others.iter().enumerate() {
        assert!(*other != checksum(&base) && !others[..index].contains(other), "{index}");
    }
}

fn survey(paths: &[&'static str]) -> Survey {
    let mut survey = Survey::new("a base");
    let metadata = Metadata { mode: Mode::from_bits(0o755), uid: 0, gid: 0, mtime: 0, xattrs: Xattrs::new() };
    for directory in ["/", "/usr", "/usr/bin", "/usr/lib"] {
        let entry = Entry { metadata: metadata.clone(), kind: Kind::Directory };
        survey.note(TargetPath::known(directory), entry, None);
    }
    let link = Entry { metadata: metadata.clone(), kind: Kind::Symlink(b"usr/bin".to_vec()) };
    survey.note(TargetPath::known("/bin"), link, None);
    for path in paths {
        let kind = Kind::File(Summary { size: 0, sha256: Digest([0; 32]) });
        survey.note(TargetPath::known(path), Entry { metadata: metadata.clone(), kind }, None);
    }
    survey
}

#[test]
fn a_script_needs_its_interpreter_and_a_text_does_not() {
    let mut needs = Needs::default();
    let mut note =
        |path, mode, text: &str| needs.note(&TargetPath::known(path), Mode::from_bits(mode), text.as_bytes());
    note("/usr/bin/shell", 0o755, "#!/bin/sh -e\n");
    note("/usr/bin/perl5", 0o755, "#! /usr/bin/perl -w\n");
    note("/usr/bin/snake", 0o755, "#!/usr/bin/env -S X=1 python3 -u\n");
    note("/usr/share/example.pl", 0o644, "#!/usr/bin/perl\n");
    note("/usr/bin/text", 0o755, "no program at all");
    let there = survey(&["/usr/bin/sh"]);
    let told: Vec<_> = needs.missing(&there).iter().map(|(need, path)| format!("{path} {need}")).collect();
    assert_eq!(
        told,
        ["/usr/bin/perl5 is started by `/usr/bin/perl`", "/usr/bin/snake is started by the command `python3`"]
    );
    let offer = Offer::of([TargetPath::known("/usr/bin/perl")].iter());
    assert!(offer.meets(&Need::Program(TargetPath::known("/bin/perl"))));
    assert!(!offer.meets(&Need::Command("python3".to_owned())));
}

#[test]
fn a_program_needs_the_libraries_that_it_is_linked_to() {
    let program = std::fs::read("/proc/self/exe").unwrap();
    let mut needs = Needs::default();
    needs.note(&TargetPath::known("/usr/bin/program"), Mode::from_bits(0o755), &program);
    let missing = |paths: &[&'static str]| -> Vec<String> {
        needs.missing(&survey(paths)).iter().map(|(need, _)| need.to_string()).collect()
    };
    let without = missing(&[]);
    assert!(without.contains(&"needs the library `libc.so.6`".to_owned()), "{without:?}");
    let with = missing(&["/usr/lib/libc.so.6"]);
    assert_eq!(with.len() + 1, without.len(), "{with:?}");
}
