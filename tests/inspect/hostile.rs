//! Images that want to cost more than they should, or to show what is not there.

use std::fs::File;
use std::io::Write;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::workspace::{Small, Workspace, small_base, tar_of};

fn refused(workspace: &Workspace, image: &str, error: &str) {
    let outcome = workspace.run(["inspect", image]);
    assert!(outcome.stderr.contains(error), "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "");
    assert!(matches!(outcome.code, Some(2 | 3)), "{:?}", outcome.code);
}

const METADATA: Small<'static> = Small::File("metadata.yaml", 0o644, b"architecture: x86_64\ncreation_date: 1\n");

#[test]
fn a_sparse_file_of_ten_gigabytes_is_refused_before_it_is_read() {
    let workspace = Workspace::new();
    let script = "mkdir rootfs && truncate --size 10GB rootfs/hole && echo 'architecture: x86_64' > metadata.yaml
                  tar --create --sparse --file image.tar metadata.yaml rootfs";
    let made = Command::new("sh").args(["-euc", script]).current_dir(workspace.path()).status();
    assert!(made.unwrap().success());
    refused(&workspace, "image.tar", "error: `image.tar` holds files of more than 8 GiB, more than is looked at\n");
}

/// Some 10 kB that unpack to 10 MB and declare 9 GB.
#[test]
fn a_bomb_is_refused_at_its_header() {
    let workspace = Workspace::new();
    let mut header = tar::Header::new_ustar();
    header.set_path("rootfs/zeros").unwrap();
    header.set_mode(0o644);
    header.set_size(9_000_000_000);
    header.set_cksum();
    let front = tar_of([METADATA].iter());
    let mut gzip = GzEncoder::new(File::create(workspace.join("image.tar.gz")).unwrap(), Compression::best());
    gzip.write_all(&front[..front.len() - 1024]).unwrap();
    gzip.write_all(header.as_bytes()).unwrap();
    gzip.write_all(&vec![0; 10_000_000]).unwrap();
    gzip.finish().unwrap();
    refused(
        &workspace,
        "image.tar.gz",
        "error: `image.tar.gz` holds files of more than 8 GiB, more than is looked at\n",
    );
}

#[test]
fn a_tar_of_a_million_entries_is_refused() {
    let workspace = Workspace::new();
    let mut gzip = GzEncoder::new(File::create(workspace.join("image.tar.gz")).unwrap(), Compression::fast());
    let front = tar_of([METADATA].iter());
    gzip.write_all(&front[..front.len() - 1024]).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o644);
    header.set_size(0);
    for number in 0..1_000_000 {
        header.set_path(format!("rootfs/{number}")).unwrap();
        header.set_cksum();
        gzip.write_all(header.as_bytes()).unwrap();
    }
    gzip.write_all(&[0; 1024]).unwrap();
    gzip.finish().unwrap();
    refused(
        &workspace,
        "image.tar.gz",
        "error: `image.tar.gz` holds more than 500,000 entries, more than is looked at\n",
    );
}

/// Some hundred kilobytes whose entries each stand in two thousand directories that no entry names.
#[test]
fn directories_that_are_only_implied_are_bounded() {
    let workspace = Workspace::new();
    let file = File::create(workspace.join("image.tar.gz")).unwrap();
    let mut tar = tar::Builder::new(GzEncoder::new(file, Compression::fast()));
    let mut add = |path: String, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, path, content).unwrap();
    };
    add("metadata.yaml".to_owned(), b"architecture: x86_64\n");
    for number in 0..200 {
        add(format!("rootfs/{number}/{}x", "a/".repeat(2_000)), b"");
    }
    tar.into_inner().unwrap().finish().unwrap();
    refused(
        &workspace,
        "image.tar.gz",
        "error: `image.tar.gz` holds names, links and attributes of more than 256 MiB, more than is looked at\n",
    );
}

#[test]
fn an_image_inside_an_image_is_a_file_like_any_other() {
    let workspace = Workspace::new();
    let inner = tar_of([METADATA, Small::File("rootfs/inner", 0o644, b"x")].iter());
    workspace.write("image.tar", tar_of([METADATA, Small::File("rootfs/image.tar", 0o644, &inner)].iter()));
    let tree = super::inspected(&workspace, &["image.tar", "--tree"]).stdout;
    assert_eq!(tree.lines().count(), 1, "{tree}");
}

#[test]
fn what_is_no_image_is_told_by_what_it_is() {
    let workspace = Workspace::new();
    workspace.write("empty", "");
    workspace.write("text", "a text\n");
    workspace.write("cut.tar", &small_base()[..2000]);
    refused(&workspace, "empty", "error: `empty` is empty\n");
    refused(&workspace, "text", "error: `text` is of no format that a base can have\n");
    refused(&workspace, "cut.tar", "error: `cut.tar` ");
    refused(&workspace, ".", "error: `.` is a directory, not an image\n");
}

/// An escape sequence in a name, in a property, and in an account.
#[test]
fn nothing_in_an_image_moves_the_cursor() {
    let workspace = Workspace::new();
    let metadata = b"architecture: x86_64\nproperties:\n  os: \"\\e[2J\"\n";
    workspace.write(
        "image.tar",
        tar_of(
            [
                Small::File("metadata.yaml", 0o644, metadata),
                Small::File("rootfs/etc/passwd", 0o644, b"\x1b[31mroot:x:0:0::/:/bin/sh\n"),
                Small::File("rootfs/\x1b[2J", 0o666, b""),
            ]
            .iter(),
        ),
    );
    for arguments in [&["image.tar"][..], &["image.tar", "--tree"], &["image.tar", "--json"]] {
        let shown = super::inspected(&workspace, arguments).stdout;
        assert!(!shown.contains('\x1b'), "{shown:?}");
    }
}
