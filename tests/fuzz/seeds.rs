//! What inputs are made of: what the real ones wrote, and small ones by hand.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::support::workspace::{LAYOUT, Small, Workspace, small_base, small_program, tar_of};

fn read(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn all(directory: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(directory))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// A small image, and a release beside it.
fn built(options: &[&str]) -> Workspace {
    let workspace = Workspace::new();
    let built = workspace.build(&[&["--release", "v1"], options].concat());
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    workspace
}

fn out(workspace: &Workspace, part: &str) -> Vec<u8> {
    let name = workspace.out().into_iter().find(|name| name.contains(part)).unwrap();
    fs::read(workspace.join("out").join(name)).unwrap()
}

fn plain_image() -> Vec<u8> {
    zstd::decode_all(out(&built(&[]), ".tar.zst").as_slice()).unwrap()
}

/// Long names and links of GNU and pax, a sparse file, extended attributes, what is left out.
fn rich() -> Vec<u8> {
    let script = "mkdir -p t/etc t/usr/bin t/$(printf 'd%.0s' $(seq 90))/$(printf 'e%.0s' $(seq 90)); cd t; \
                  echo root:x:0:0::/:/bin/sh >etc/passwd; truncate -s 1M etc/sparse; echo x | dd of=etc/sparse bs=1 \
                  seek=600000 conv=notrunc status=none; ln etc/passwd etc/hard; ln -s ../x etc/soft; mkfifo etc/fifo; \
                  for d in d*/e*; do touch $d/file; done; setfattr -n user.note -v hello etc/passwd; ";
    let tar = |options: &str| {
        let workspace = Workspace::new();
        let script = format!("{script} tar {options} --sparse --numeric-owner -cf ../rich.tar .");
        let mut command = std::process::Command::new("sh");
        assert!(command.args(["-euc", &script]).current_dir(workspace.path()).status().unwrap().success());
        fs::read(workspace.join("rich.tar")).unwrap()
    };
    [tar("--format=gnu"), tar("--format=pax --xattrs")].concat()
}

pub(crate) fn tar() -> Vec<Vec<u8>> {
    let rich = rich();
    let (gnu, pax) = rich.split_at(rich.len() / 2);
    vec![small_base(), gnu.to_vec(), pax.to_vec()]
}

pub(crate) fn image() -> Vec<Vec<u8>> {
    let entries = [
        Small::File("metadata.yaml", 0o644, b"architecture: x86_64\n"),
        Small::File("rootfs/etc/passwd", 0o644, b"root:x:0:0::/:/bin/sh\n"),
        Small::Link("rootfs/lib", "usr/lib"),
    ];
    vec![plain_image(), tar_of(entries.iter())]
}

pub(crate) fn frames() -> Vec<Vec<u8>> {
    let plain = plain_image();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&plain).unwrap();
    vec![
        out(&built(&[]), ".tar.zst"),
        out(&built(&["--compression", "gzip"]), ".tar.gz"),
        gzip.finish().unwrap(),
        xz(&plain),
    ]
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let workspace = Workspace::new();
    workspace.write("plain", bytes);
    let mut command = std::process::Command::new("xz");
    assert!(command.arg("plain").current_dir(workspace.path()).status().unwrap().success());
    fs::read(workspace.join("plain.xz")).unwrap()
}

pub(crate) fn deb() -> Vec<Vec<u8>> {
    let files = [Small::Directory("./usr/", 0o755), Small::File("./usr/app", 0o755, b"#!/bin/sh\n")];
    let packages = [crate::support::debian::Deb::system(), crate::support::debian::Deb::new("app", &files)];
    packages.iter().map(crate::support::debian::Deb::bytes).collect()
}

pub(crate) fn deb_data() -> Vec<Vec<u8>> {
    tar()
}

pub(crate) fn packed() -> Vec<Vec<u8>> {
    image()
}

pub(crate) fn lock() -> Vec<Vec<u8>> {
    let whole = String::from_utf8(read("layouts/backend-api.lock")).unwrap();
    let head: Vec<_> = whole.split_inclusive("\n\n").take(6).collect();
    vec![head.concat().into_bytes(), whole.into_bytes()]
}

pub(crate) fn layout() -> Vec<Vec<u8>> {
    let files = ["appliance", "service", "backend-api", "stream-server", "haproxy"];
    let mut seeds: Vec<_> = files.iter().map(|name| read(&format!("layouts/{name}.toml"))).collect();
    seeds.push(LAYOUT.into());
    seeds
}

pub(crate) fn deb822() -> Vec<Vec<u8>> {
    all("tests/fuzz/seeds/deb822")
}

pub(crate) fn metadata() -> Vec<Vec<u8>> {
    let image = plain_image();
    let mut archive = tar::Archive::new(image.as_slice());
    let mut first = archive.entries().unwrap().next().unwrap().unwrap();
    let mut metadata = Vec::new();
    std::io::Read::read_to_end(&mut first, &mut metadata).unwrap();
    vec![metadata, br#"{"architecture":"x86_64","creation_date":1,"properties":{"os":"x"},"templates":{}}"#.to_vec()]
}

pub(crate) fn haproxy() -> Vec<Vec<u8>> {
    all("tests/fuzz/seeds/haproxy")
}

pub(crate) fn incus() -> Vec<Vec<u8>> {
    all("tests/fuzz/seeds/incus")
}

pub(crate) fn release() -> Vec<Vec<u8>> {
    let workspace = built(&[]);
    let signature = b"-----BEGIN SSH SIGNATURE-----\n\
        U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgl25hCxzCAqluRhuu5LP5I5lAQY\n\
        URLkUHB5GTAizqFRIAAAAHdmV6YWltZwAAAAAAAAAGc2hhNTEyAAAAUwAAAAtzc2gtZWQy\n\
        NTUxOQAAAEBJL88vZb52l4yOJce1Es6zPom6i9Ryl48YBArJwYjE5NoT4a9wXJ3po4k1QI\n\
        BU8z8L/0F+GX1vNjgDiXKUdn4F\n-----END SSH SIGNATURE-----\n";
    let parts = [".manifest.json", ".provenance.json", ".sha256"].map(|part| out(&workspace, part));
    parts.into_iter().chain([signature.to_vec()]).collect()
}

pub(crate) fn unit() -> Vec<Vec<u8>> {
    let workspace = Workspace::new();
    let unit = workspace.run(["check", "--layout", "layout.toml", "--unit"]).stdout;
    let other = "# A comment\n[Unit]\nDescription=a \\\n  b\n[Service]\nExecStart=/bin/a --b \"c d\"\nExecStart=\n\
                 ExecStart=-/bin/a\nSystemCallFilter=~@mount\nCapabilityBoundingSet=\nProtectSystem=strict\n";
    vec![unit.into_bytes(), other.into()]
}

pub(crate) fn program() -> Vec<Vec<u8>> {
    let sample = fs::read(crate::sample::binary()).unwrap();
    vec![small_program(), sample[..sample.len().min(1 << 16)].to_vec(), fs::read("/bin/true").unwrap()]
}
