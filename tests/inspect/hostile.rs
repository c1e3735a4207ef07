//! Images that want to cost more than they should, or to show what is not there.

use std::fs::File;
use std::io::Write;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::workspace::{Small, Workspace, outcome, small_base, tar_of};

fn refused(workspace: &Workspace, image: &str, code: i32, error: &str) {
    let outcome = workspace.run(["inspect", image]);
    let told = outcome.stderr.strip_prefix(&format!("reading `{image}`\n")).unwrap_or(&outcome.stderr);
    assert_eq!((told, outcome.stdout.as_str(), outcome.code), (error, "", Some(code)));
}

const METADATA: Small<'static> = Small::File("metadata.yaml", 0o644, b"architecture: x86_64\ncreation_date: 1\n");

#[test]
fn a_sparse_file_of_ten_gigabytes_is_refused_before_it_is_read() {
    let workspace = Workspace::new();
    let script = "mkdir rootfs && truncate --size 10GB rootfs/hole && echo 'architecture: x86_64' > metadata.yaml
                  tar --create --sparse --file image.tar metadata.yaml rootfs";
    let made = Command::new("sh").args(["-euc", script]).current_dir(workspace.path()).status();
    assert!(made.unwrap().success());
    refused(&workspace, "image.tar", 3, "error: `image.tar` holds files of more than 8 GiB, more than is looked at\n");
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
        3,
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
        3,
        "error: `image.tar.gz` holds more than 500,000 entries, more than is looked at\n",
    );
}

/// YAML that its readers need minutes for: every bracket is weighed against all that are open.
#[test]
fn metadata_that_is_nested_without_end_is_refused_at_once() {
    let workspace = Workspace::new();
    for (text, what) in [
        ("[".repeat(100_000), "has more than 1,000 lists and maps in brackets"),
        ("{".repeat(100_000), "has more than 1,000 lists and maps in brackets"),
        ("- ".repeat(200_000), "is longer than 256 KiB"),
    ] {
        let entries = [Small::File("metadata.yaml", 0o644, text.as_bytes()), Small::File("rootfs/x", 0o644, b"")];
        workspace.write("image.tar", tar_of(entries.iter()));
        refused(&workspace, "image.tar", 2, &format!("error: `metadata.yaml` in `image.tar` {what}\n"));
    }
}

/// Links to one large directory, each of which might hold drop-ins.
#[test]
fn links_to_a_large_directory_are_followed_no_more_than_a_thousand_times() {
    let workspace = Workspace::new();
    let script = "mkdir -p rootfs/big/a/b rootfs/usr/lib/systemd/system && cp /dev/null metadata.yaml
                  echo 'architecture: x86_64' >metadata.yaml; cd rootfs/big/a/b; seq 100000 | xargs touch; cd ../../../..
                  cd rootfs/usr/lib/systemd/system; for n in $(seq 20000); do echo $n.d; done | xargs -n1 ln -s /big
                  cd - && tar -cf image.tar metadata.yaml rootfs";
    assert!(Command::new("sh").args(["-euc", script]).current_dir(workspace.path()).output().unwrap().status.success());
    let told = crate::inspect::inspected(&workspace, &["image.tar"]).stdout;
    assert!(told.contains(" is behind more than 1,000 links\n"), "{told}");
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
        3,
        "error: `image.tar.gz` holds names, links and attributes of more than 256 MiB, more than is looked at\n",
    );
}

/// Makes `rootfs.squashfs` of what a script leaves in `root`, with the other half of the image beside it.
fn squashed(script: &str, options: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("meta.tar", tar_of([METADATA].iter()));
    let script = format!("mkdir root && {script} && mksquashfs root rootfs.squashfs -quiet -no-progress {options}");
    let made = Command::new("sh").args(["-euc", &script]).current_dir(workspace.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    workspace
}

#[test]
fn a_squashfs_that_would_fill_the_disk_is_refused() {
    let workspace = squashed("truncate --size 9G root/0", "-b 1M");
    let mut command = workspace.command();
    // What is read as a stream needs no place.
    command.env("TMPDIR", workspace.join("none")).args(["inspect", "meta.tar", "rootfs.squashfs"]);
    let refused = outcome(&mut command);
    assert_eq!(
        refused.stderr,
        "reading `meta.tar + rootfs.squashfs`\n\
         error: `meta.tar + rootfs.squashfs` holds files of more than 8 GiB, more than is looked at\n"
    );
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(3)));
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
    const AGAIN: &str = "  hint: fetch or make it again; `sha256sum` tells whether it is whole\n";
    let refused = |image, error: &str| refused(&workspace, image, 2, error);
    refused("empty", &format!("error: `empty` is empty\n{AGAIN}"));
    refused(
        "text",
        "error: `text` is neither a tar nor a squashfs\n  cause: it begins with `a text\\n`\n  hint: an image is a tar \
         (plain, gzip, xz or zstd), a squashfs, or both; a base may be a directory too\n",
    );
    refused("cut.tar", &format!("error: `cut.tar` ends in the middle of `etc/group`: it is truncated\n{AGAIN}"));
    refused(".", "error: `.` is a directory, not an image\n  hint: name the file that `vezaimg build` has printed\n");
    let status = Command::new("mkfifo").arg(workspace.join("pipe")).status();
    assert!(status.unwrap().success());
    refused(
        "pipe",
        "error: `pipe` is neither a regular file nor a directory\n  hint: write what it gives into a file first: it is read \
         more than once\n",
    );
}

/// Escape sequences, a C1 control and a bidirectional override in names, a property, an account and a path that is not
/// there, on what passes for a terminal.
#[test]
fn nothing_in_an_image_moves_the_cursor() {
    let workspace = Workspace::new();
    let metadata = "architecture: x86_64\nproperties:\n  os: \"\\e[2J\u{202e}\"\n";
    workspace.write(
        "image.tar",
        tar_of(
            [
                Small::File("metadata.yaml", 0o644, metadata.as_bytes()),
                Small::File("rootfs/etc/passwd", 0o644, "\x1b[31mroot\u{9b}2J:x:0:0::/:/bin/sh\n".as_bytes()),
                Small::File("rootfs/\x1b[2J\u{200b}", 0o666, b""),
            ]
            .iter(),
        ),
    );
    let on_a_terminal = |arguments: &[&str]| {
        outcome(workspace.command().env("CLICOLOR_FORCE", "1").args([&["inspect", "image.tar"], arguments].concat()))
    };
    let whole = on_a_terminal(&[]);
    for line in [
        "properties     os = \u{fffd}[2J\u{fffd}\n",
        "users              0 \u{fffd}[31mroot\u{fffd}2J  /  /bin/sh\n",
        "anyone writes  0666 \u{fffd}[31mroot\u{fffd}2J:0 /\\x1b[2J\u{fffd}\n",
    ] {
        assert!(whole.stdout.contains(line), "{line}\n{:?}", whole.stdout);
    }
    let tree = on_a_terminal(&["--tree"]);
    assert_eq!(
        tree.stdout,
        "- 0666 0:0                   0 /\\x1b[2J\u{fffd}\nd 0755 0:0                   0 /etc\n\
         - 0644 0:0                  31 /etc/passwd\n"
    );
    let json = on_a_terminal(&["--json"]);
    assert!(json.stdout.contains(r#""properties":{"os":"\u001b[2J\u202e"}"#), "{}", json.stdout);
    assert!(json.stdout.contains(r#"{"name":"\u001b[31mroot\u009b2J","uid":0"#), "{}", json.stdout);
    let lines = on_a_terminal(&["--tree", "--json"]);
    assert!(lines.stdout.starts_with(r#"{"path":"/\\x1b[2J\u200b","#), "{}", lines.stdout);
    for told in [whole, tree, json, lines] {
        let moves = |character: char| matches!(character, '\x1b' | '\u{9b}' | '\u{202e}' | '\u{200b}');
        assert!(!told.stdout.contains(moves), "{:?}", told.stdout);
        assert_eq!(told.code, Some(0), "{}", told.stderr);
    }
    let none = on_a_terminal(&["--file", "/\u{202e}gpj"]);
    assert_eq!(
        none.stderr.split_once('\n').unwrap().1,
        "\u{1b}[1m\u{1b}[31merror\u{1b}[0m: `image.tar` has no `/\u{fffd}gpj`\n  \u{1b}[1m\u{1b}[36mhint\u{1b}[0m: `--tree` lists what \
         there is\n"
    );
    assert_eq!(none.code, Some(2));
}
