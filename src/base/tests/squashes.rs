//! Squashfs, alone and as the second half of a split image.

use std::fs::{self, File};
use std::thread;
use std::time::Duration;

use super::fixture::{Place, Tar, read};
use crate::base::fault::FETCH_AGAIN;
use crate::base::meter::Meter;
use crate::base::squashfs::{SQFS2TAR, Squashfs};
use crate::base::{Dropped, Form, Sink, open};
use crate::error::{Class, Error, Result};
use crate::interrupt::Interrupt;
use crate::ui::Silent;

const TREE: &str = r#"
    mkdir -m 755 tree; cd tree; umask 022
    mkdir dev etc; mknod dev/null c 1 3; printf hi > etc/motd; ln etc/motd etc/issue; ln -s motd etc/link
    chown 1001:1002 etc/motd; setcap cap_net_bind_service=ep etc/motd; chmod 4755 etc/motd
    setfattr -n user.k -v v etc; mkfifo -m 600 etc/pipe
    find . -exec touch -h -d @1700000000 {} +; cd ..
"#;

const LISTING: &str = "\
d0755 0:0 @1700000000 /
d0755 0:0 @1700000000 /dev
d0755 0:0 @1700000000 /etc user.k=v
-4755 1001:1002 @1700000000 /etc/issue \"hi\" security.capability=\\x01\\x00\\x00\\x02\\x00\\x04\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00
l0777 0:0 @1700000000 /etc/link -> motd
h4755 1001:1002 @1700000000 /etc/motd = /etc/issue
p0600 0:0 @1700000000 /etc/pipe
";

fn squashed(options: &str) -> Place {
    let place = Place::new();
    place.sh(&format!("{TREE} mksquashfs tree base.squashfs -no-progress {options} > /dev/null"));
    place
}

#[test]
fn a_squashfs_gives_what_it_was_made_from() {
    for compressor in ["gzip", "xz", "zstd"] {
        let place = squashed(&format!("-comp {compressor}"));
        let (form, lines, description) = read(&place.paths(&["base.squashfs"])).unwrap();
        assert_eq!((form, lines.concat().as_str()), (Form::Squashfs, LISTING), "{compressor}");
        assert_eq!(description.dropped, Dropped { under_dev: 1, ..Dropped::default() });
        assert!(open(&place.paths(&["base.squashfs"])).unwrap().has_times());
    }
}

#[test]
fn a_split_image_with_a_squashfs_is_taken_in_either_order() {
    let place = squashed("-all-time 1700000000");
    place.write("meta.tar", &Tar::new().file("metadata.yaml", b"architecture: x86_64\n").whole());
    for names in [["meta.tar", "base.squashfs"], ["base.squashfs", "meta.tar"]] {
        let (form, lines, description) = read(&place.paths(&names)).unwrap();
        assert_eq!((form, lines.concat().as_str()), (Form::Split, LISTING));
        assert_eq!(description.image.unwrap().architecture.as_deref(), Some("x86_64"));
    }
}

#[test]
fn a_truncated_squashfs_is_refused_wherever_it_is_cut() {
    let place = squashed("-nopad");
    let whole = fs::read(place.path("base.squashfs")).unwrap();
    for length in 4..whole.len() {
        let path = place.write("cut", &whole[..length]);
        assert_eq!(
            place.scrub(open(&[path]).unwrap_err()),
            format!("`cut` ends before the last of its tables: it is truncated\nhint: {FETCH_AGAIN}")
        );
    }
}

/// Makes a `tool` of a script; a shell writes it, so that no thread of this process holds it open when it runs.
fn make_tool(place: &Place, script: &str) -> String {
    place.sh(&format!("cat > tool <<'END'\n#!/bin/sh\n{script}\nEND\nchmod +x tool"));
    place.path("tool").display().to_string()
}

/// Reads a squashfs by a tool that may be another.
fn read_by(place: &Place, tool: &str, image: &str, sink: Sink<'_>) -> Result<Dropped> {
    let file = File::open(place.path(image)).unwrap();
    let squashfs = Squashfs { name: image, image: &file, tool, interrupt: &Interrupt::default() };
    Ok(squashfs.read(&Meter::new(&Silent, None), sink)?.dropped)
}

#[test]
fn a_corrupt_squashfs_is_refused_in_the_words_of_the_tool() {
    let place = squashed("-noI");
    let mut bytes = fs::read(place.path("base.squashfs")).unwrap();
    let tables = 96..bytes.len().min(2000);
    bytes[tables].fill(0xa5);
    place.write("bad", &bytes);
    let error = read_by(&place, SQFS2TAR, "bad", &mut |_, _| Ok(())).unwrap_err();
    assert_eq!(error.class(), Class::Invalid);
    assert_eq!(
        error.to_string(),
        format!(
            "`bad` cannot be read by `sqfs2tar`\ncause: loading ID table: location out of bounds.\nhint: {FETCH_AGAIN}"
        )
    );
}

/// Every seventh byte of a small one, one after the other: an error or a tree.
#[test]
fn a_squashfs_with_a_changed_byte_is_read_or_refused() {
    let place = squashed("-nopad");
    let whole = fs::read(place.path("base.squashfs")).unwrap();
    let mut refused = 0;
    for at in (4..whole.len()).step_by(7) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        let path = place.write("changed", &bytes);
        let outcome = open(&[path]).and_then(|base| base.read(&Silent, &mut |_, _| Ok(())));
        let class = outcome.err().map(|error| error.class());
        assert!(matches!(class, None | Some(Class::Invalid)), "{at}: {class:?}");
        refused += usize::from(class.is_some());
    }
    assert!(refused > 20, "{refused}");
}

#[test]
fn what_no_tar_can_hold_is_counted() {
    let place = squashed("");
    place.sh("python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"tree/etc/socket\")'
              mknod tree/etc/node c 1 3; rm base.squashfs; mksquashfs tree base.squashfs -no-progress > /dev/null");
    let dropped = read_by(&place, SQFS2TAR, "base.squashfs", &mut |_, _| Ok(())).unwrap();
    assert_eq!(dropped, Dropped { devices: 1, sockets: 1, under_dev: 1, xattrs: 0 });
}

#[test]
fn what_the_tool_leaves_out_unasked_is_refused() {
    let place = squashed("");
    let tool = make_tool(&place, "echo 'WARNING: ./x: strange' >&2; echo 'Skipping ./x' >&2; exec sqfs2tar \"$@\"");
    let error = read_by(&place, &tool, "base.squashfs", &mut |_, _| Ok(()));
    assert_eq!(
        place.scrub(error.unwrap_err()),
        "`base.squashfs` holds what `tool` cannot give\ncause: WARNING: ./x: strange"
    );
}

#[test]
fn a_missing_tool_names_its_package() {
    let place = squashed("");
    let error = read_by(&place, "a-tool-that-is-not-there", "base.squashfs", &mut |_, _| Ok(())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`base.squashfs` is a squashfs, and `a-tool-that-is-not-there` is not installed\n\
         hint: `apt-get install squashfs-tools-ng` installs it"
    );
    assert_eq!(error.class(), Class::Failed);
}

#[test]
fn a_sink_that_refuses_ends_the_tool() {
    let place = squashed("");
    place.sh("head -c 3M /dev/urandom > tree/large; mksquashfs tree large.squashfs -no-progress > /dev/null");
    let refused =
        read_by(&place, SQFS2TAR, "large.squashfs", &mut |path, _| Err(Error::invalid(format!("no `{path}`"))));
    assert_eq!(refused.unwrap_err().to_string(), "no `/`");
}

/// A real bomb takes `mksquashfs` minutes to make, so the tool is another; `inspect::hostile` has a real one.
#[test]
fn what_holds_too_much_is_not_read_to_its_end() {
    let place = squashed("");
    place.sh("truncate -s 65G tree/bomb");
    let tool = make_tool(&place, &format!("exec tar -C {} -c .", place.path("tree").display()));
    let error = read_by(&place, &tool, "base.squashfs", &mut |_, _| Ok(())).unwrap_err();
    assert_eq!(error.to_string(), "`base.squashfs` holds more than 64 GiB of files");
}

#[test]
fn an_interrupt_ends_a_tool_that_says_nothing() {
    let place = squashed("");
    // Goes on for longer than anybody waits.
    let tool = make_tool(&place, "exec sleep 600");
    let image = File::open(place.path("base.squashfs")).unwrap();
    let interrupt = Interrupt::default();
    let squashfs = Squashfs { name: "x", image: &image, tool: &tool, interrupt: &interrupt };
    let asked = interrupt.clone();
    let asks = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        asked.request();
    });
    let error = squashfs.read(&Meter::new(&Silent, None), &mut |_, _| Ok(())).unwrap_err();
    asks.join().unwrap();
    assert_eq!(error.class(), Class::Interrupted);
}
