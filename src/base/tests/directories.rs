//! Directories as bases.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, symlink};

use super::fixture::{Mount, Place, Recorder, as_user, read};
use crate::base::directory::Walk;
use crate::base::meter::Meter;
use crate::base::{Dropped, Form, open};
use crate::error::{Class, Result};
use crate::rootfs::Kind;
use crate::ui::{Event, Silent};

const PASS_THE_TAR: &str =
    "hint: pass the tar that it was unpacked from, or run this command as root on a tree that root unpacked";

const TREE: &str = r#"
    mkdir -m 755 tree; cd tree; umask 022
    mkdir dev usr; mkdir usr/a; touch usr/a/x usr/a-b usr/B; mknod dev/null c 1 3
    mknod usr/disk b 8 0; mkfifo -m 600 usr/pipe; ln -s a/x usr/link
    printf two > usr/one; ln usr/one usr/a/two; chown 7:8 usr/one; chmod 2755 usr/one
    setfattr -n user.r -v root .; setfattr -n user.k -v v usr/B; setfattr -n trusted.t -v v usr/B; truncate -s 100000 usr/holes
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("usr/socket")'
    find . -exec touch -h -d @5.5 {} +
"#;

#[test]
fn a_directory_is_read_in_byte_order_whatever_the_order_of_creation() {
    let zeros = super::fixture::digest(&[0; 100_000]);
    let expected = format!(
        "d0755 0:0 @5 / user.r=root\n\
         d0755 0:0 @5 /dev\n\
         d0755 0:0 @5 /usr\n\
         -0644 0:0 @5 /usr/B \"\" user.k=v\n\
         d0755 0:0 @5 /usr/a\n\
         -2755 7:8 @5 /usr/a/two \"two\"\n\
         -0644 0:0 @5 /usr/a/x \"\"\n\
         -0644 0:0 @5 /usr/a-b \"\"\n\
         -0644 0:0 @5 /usr/holes 100000 bytes {zeros}\n\
         l0777 0:0 @5 /usr/link -> a/x\n\
         h2755 7:8 @5 /usr/one = /usr/a/two\n\
         p0600 0:0 @5 /usr/pipe\n"
    );
    let place = Place::new();
    place.sh(TREE);
    symlink(place.path("tree"), place.path("link")).unwrap();
    for name in ["tree", "link"] {
        let (form, lines, description) = read(&place.paths(&[name])).unwrap();
        assert_eq!((form, lines.concat()), (Form::Directory, expected.clone()));
        assert_eq!(description.dropped, Dropped { devices: 1, sockets: 1, under_dev: 1, xattrs: 1 });
    }
    assert!(!open(&place.paths(&["tree"])).unwrap().has_times());
}

#[test]
fn a_mounted_file_system_is_left_out() {
    let place = Place::new();
    place.sh("mkdir -p tree/mnt; chmod 755 tree tree/mnt; touch tree/mnt/below");
    let mounted = Mount::of_one_mib(place.path("tree/mnt"));
    place.sh("touch tree/mnt/other");

    let listener = Recorder::default();
    let mut paths = Vec::new();
    let base = open(&place.paths(&["tree"])).unwrap();
    base.read(&listener, &mut |path, _| {
        paths.push(path.to_string());
        Ok(())
    })
    .unwrap();
    drop(mounted);
    assert_eq!(paths, ["/", "/mnt"]);
    let note = Event::Note("left out of the base `tree` what is mounted at `/mnt`".into());
    let notes = listener.events().into_iter().map(|event| match event {
        Event::Note(text) => Event::Note(place.scrub(text)),
        other => other,
    });
    assert_eq!(notes.collect::<Vec<_>>(), [note, Event::Progress { done: 0, total: None }]);
}

#[test]
fn a_tree_that_an_ordinary_user_unpacked_is_refused() {
    let place = Place::new();
    place.sh("mkdir -p tree/etc; touch tree/etc/motd; chown -R 1234:1234 tree");
    assert_eq!(
        place.refusal(&["tree"]),
        format!("`tree` belongs to uid 1234, not to root: its owners were lost when it was unpacked\n{PASS_THE_TAR}")
    );
    place.sh("chown 0:50 tree");
    assert_eq!(
        place.refusal(&["tree"]),
        format!("`tree` belongs to gid 50, not to root: its owners were lost when it was unpacked\n{PASS_THE_TAR}")
    );
}

#[test]
fn an_entry_that_belongs_to_the_reading_user_is_refused_unless_that_is_root() {
    let place = Place::new();
    place.sh("mkdir -p tree/etc; touch tree/etc/motd; chown 1234:0 tree/etc/motd");
    let walk = |euid: u32| -> Result<Dropped> {
        let (path, meter) = (place.path("tree"), Meter::new(&Silent, None));
        Walk::new(&path, "tree", euid, &meter).read(&mut |_, _| Ok(()))
    };
    assert_eq!(
        walk(1234).unwrap_err().to_string(),
        format!(
            "`etc/motd` in `tree` belongs to uid 1234, who runs this command: its owners were lost when it was unpacked\n{PASS_THE_TAR}"
        )
    );
    walk(0).unwrap();
    walk(99).unwrap();
}

#[test]
fn what_the_user_may_not_read_is_named() {
    let place = Place::new();
    place.sh("chmod 755 .; mkdir -p tree/etc/secret; echo > tree/etc/shadow; chmod 600 tree/etc/shadow; chmod 700 tree/etc/secret");
    let refusal = || place.scrub(as_user(1234, || super::fixture::listing(&place.paths(&["tree"]))).unwrap_err());
    let denied = |entry| {
        format!(
            "`{entry}` in `tree` cannot be read by this user\ncause: Permission denied (os error 13)\n{PASS_THE_TAR}"
        )
    };
    let secret = refusal();
    assert!(secret.starts_with("`etc/secret` in `tree` cannot be read by this user\n"), "{secret}");
    place.sh("rmdir tree/etc/secret");
    assert_eq!(refusal(), denied("etc/shadow"));
    place.sh("chmod 700 tree");
    assert_eq!(refusal(), "cannot read `tree`\ncause: Permission denied (os error 13)");
}

#[test]
fn an_unpacked_image_is_one_directory_too_high() {
    let place = Place::new();
    place.sh("mkdir -p image/rootfs image/templates; touch image/metadata.yaml");
    assert_eq!(
        place.refusal(&["image"]),
        "`image` is an unpacked image, not a root file system\nhint: pass `image/rootfs`"
    );
}

/// What is said when `change` happens to the file `tree/x` of 3,000 bytes while the sink has it, before it reads it.
fn changed_by(change: impl Fn(&Place)) -> String {
    let place = Place::new();
    place.write("tree/x", &[b'x'; 3000]);
    let base = open(&place.paths(&["tree"])).unwrap();
    let outcome = base.read(&Silent, &mut |_, entry| {
        if let Kind::File(body) = entry.kind {
            change(&place);
            let mut content = Vec::new();
            if body.reader.read_to_end(&mut content).is_ok() {
                assert_eq!(content.len(), 3000);
            }
        }
        Ok(())
    });
    let error = outcome.unwrap_err();
    assert_eq!(error.class(), Class::Invalid);
    place.scrub(error)
}

#[test]
fn a_file_that_changes_while_it_is_read_is_refused() {
    let expected = "`x` in `tree` changed while it was being read\n\
                    hint: a base must not be in use: copy it first, or stop what writes to it";
    let append = |place: &Place| {
        fs::OpenOptions::new().append(true).open(place.path("tree/x")).unwrap().write_all(b"more").unwrap();
    };
    let shorten = |place: &Place| {
        fs::OpenOptions::new().write(true).open(place.path("tree/x")).unwrap().set_len(10).unwrap();
    };
    assert_eq!(changed_by(append), expected);
    assert_eq!(changed_by(shorten), expected);
    assert_eq!(
        changed_by(|place| {
            place.write("tree/x", &[b'y'; 3000]);
        }),
        expected
    );
}

#[test]
fn a_file_that_becomes_a_link_after_it_was_seen_is_not_followed() {
    let place = Place::new();
    place.write("tree/a", b"a");
    place.write("tree/b", b"b");
    place.write("secret", b"b");
    let base = open(&place.paths(&["tree"])).unwrap();
    let mut seen = Vec::new();
    let outcome = base.read(&Silent, &mut |path, entry| {
        seen.push(path.to_string());
        // The walk has listed the directory by now and opens `b` next.
        if path.name() == b"a" {
            fs::remove_file(place.path("tree/b")).unwrap();
            symlink(place.path("secret"), place.path("tree/b")).unwrap();
        }
        assert!(!matches!(entry.kind, Kind::File(_)) || path.name() == b"a");
        Ok(())
    });
    outcome.unwrap();
    assert_eq!(seen, ["/", "/a", "/b"]);
}

#[test]
fn reading_leaves_the_tree_as_it_was() {
    let place = Place::new();
    place.sh(TREE);
    let before = fs::metadata(place.path("tree/usr/one")).unwrap();
    place.list(&["tree"]);
    let after = fs::metadata(place.path("tree/usr/one")).unwrap();
    assert_eq!((before.mtime(), before.ctime(), before.mode()), (after.mtime(), after.ctime(), after.mode()));
}
