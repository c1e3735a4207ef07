//! Squashfs, alone and as the second half of a split image.

use std::cell::OnceCell;
use std::fs;

use super::fixture::{Mount, Place, Tar, read};
use crate::base::fault::FETCH_AGAIN;
use crate::base::meter::Meter;
use crate::base::squashfs::{Squashfs, UNSQUASHFS};
use crate::base::{Base, Declared, Dropped, Form, Sink, open_as};
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
        assert_eq!(description.dropped, Dropped::default());
        assert!(open_as(&place.paths(&["base.squashfs"]), 0).unwrap().has_times());
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
            place.scrub(open_as(&[path], 0).unwrap_err()),
            format!("`cut` ends before the last of its tables: it is truncated\nhint: {FETCH_AGAIN}")
        );
    }
}

/// Reads a squashfs with a directory of the place as scratch, which must be empty again afterwards.
fn read_in(place: &Place, tool: &str, image: &str, sink: Sink<'_>) -> Result<Dropped> {
    fs::create_dir(place.path("scratch")).unwrap();
    let (path, scratch) = (place.path(image), place.path("scratch"));
    let squashfs = Squashfs { name: image, image: &path, tool, scratch: &scratch, interrupt: &Interrupt::default() };
    let outcome = squashfs.read(&OnceCell::new(), &Meter::new(&Silent, None), sink);
    assert_eq!(fs::read_dir(scratch).unwrap().count(), 0);
    outcome
}

#[test]
fn a_corrupt_squashfs_is_refused_and_nothing_is_left_behind() {
    let place = squashed("-noI");
    let mut bytes = fs::read(place.path("base.squashfs")).unwrap();
    let tables = 96..bytes.len().min(2000);
    bytes[tables].fill(0xa5);
    place.write("bad", &bytes);
    let error = read_in(&place, UNSQUASHFS, "bad", &mut |_, _| Ok(())).unwrap_err();
    assert_eq!(error.class(), Class::Invalid);
    assert_eq!(error.message(), "`bad` cannot be unpacked by `unsquashfs`");
    assert_eq!(error.causes().len(), 1);
    assert_eq!(error.hints(), [FETCH_AGAIN]);
}

#[test]
fn a_squashfs_needs_root() {
    let place = squashed("");
    let error = open_as(&place.paths(&["base.squashfs"]), 1000).unwrap_err();
    assert_eq!(
        place.scrub(error),
        "`base.squashfs` is a squashfs, whose owners only root can unpack\n\
         hint: run `sqfs2tar --root-becomes . 'base.squashfs' > base.tar`, from the package `squashfs-tools-ng`, and pass the tar\n\
         hint: or run this command as root"
    );
}

#[test]
fn what_the_hint_says_works() {
    let place = squashed("");
    place.sh("sqfs2tar --root-becomes . base.squashfs > base.tar");
    let mut unpacked: Vec<_> = LISTING.lines().collect();
    let converted = place.list(&["base.tar"]);
    let mut converted: Vec<_> = converted.lines().collect();
    // The squashfs keeps which name came first; the tar orders names by itself.
    unpacked.sort_unstable();
    converted.sort_unstable();
    assert_eq!(converted, unpacked);
}

#[test]
fn a_missing_unsquashfs_names_its_package() {
    let place = squashed("");
    let error = read_in(&place, "unsquashfs-that-is-not-there", "base.squashfs", &mut |_, _| Ok(())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`base.squashfs` is a squashfs, and `unsquashfs-that-is-not-there` is not installed\n\
         hint: `apt-get install squashfs-tools` installs it\n\
         hint: run `sqfs2tar --root-becomes . 'base.squashfs' > base.tar`, from the package `squashfs-tools-ng`, and pass the tar"
    );
    assert_eq!(error.class(), Class::Failed);
}

#[test]
fn what_was_unpacked_goes_away_whether_the_sink_takes_or_refuses_it() {
    for refuses in [false, true] {
        let place = squashed("");
        let mut unpacked = false;
        let outcome = read_in(&place, UNSQUASHFS, "base.squashfs", &mut |path, _| {
            unpacked = fs::read_dir(place.path("scratch")).unwrap().count() == 1;
            if refuses { Err(Error::invalid(format!("no `{path}`"))) } else { Ok(()) }
        });
        assert!(unpacked);
        assert_eq!(outcome.map_err(|error| error.to_string()).err(), refuses.then(|| "no `/`".to_owned()));
    }
}

/// A kilobyte that says it has more than fits.
#[test]
fn a_squashfs_that_says_it_holds_too_much_is_not_unpacked() {
    let place = squashed("");
    place.sh("truncate -s 1G tree/0; for name in $(seq 64); do ln tree/0 tree/$name; done
              mksquashfs tree bomb.squashfs -no-progress > /dev/null");
    let error = read_in(&place, UNSQUASHFS, "bomb.squashfs", &mut |_, _| Ok(())).unwrap_err();
    assert_eq!(error.to_string(), "`bomb.squashfs` holds more than 64 GiB of files");
    let small = place.path("base.squashfs");
    let declared = open_as(&[small], 0).unwrap().declared().unwrap();
    assert_eq!(declared, Some(Declared { entries: 8, content: 4 }));
}

#[test]
fn a_squashfs_is_unpacked_once_and_no_longer_than_it_is_wanted() {
    let place = squashed("");
    let base = open_as(&place.paths(&["base.squashfs"]), 0).unwrap();
    let count = |base: &Base| {
        let mut count = 0;
        base.read(&Silent, &mut |_, _| {
            count += 1;
            Ok(())
        })
        .unwrap();
        count
    };
    let first = count(&base);
    let unpacked = base.unpacked.get().unwrap().path().to_owned();
    assert_eq!((count(&base), base.unpacked.get().unwrap().path()), (first, unpacked.as_path()));
    drop(base);
    assert!(!unpacked.exists());
}

#[test]
fn an_interrupt_stops_the_unpacking_and_leaves_nothing() {
    let place = squashed("");
    // Goes on for longer than anybody waits.
    place.sh(
        "printf '#!/bin/sh\\ncase $1 in -lln) ;; *) exec sleep 600 ;; esac\\n' > tool; chmod +x tool; mkdir scratch",
    );
    let (image, tool, scratch) = (place.path("base.squashfs"), place.path("tool"), place.path("scratch"));
    let interrupt = Interrupt::default();
    let squashfs =
        Squashfs { name: "x", image: &image, tool: tool.to_str().unwrap(), scratch: &scratch, interrupt: &interrupt };
    let asked = interrupt.clone();
    let asks = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        asked.request();
    });
    let error = squashfs.read(&OnceCell::new(), &Meter::new(&Silent, None), &mut |_, _| Ok(())).unwrap_err();
    asks.join().unwrap();
    assert_eq!((error.class(), fs::read_dir(&scratch).unwrap().count()), (Class::Interrupted, 0));
}

#[test]
fn a_full_disk_is_not_the_images_fault() {
    let place = squashed("");
    place.sh("head -c 3M /dev/urandom > tree/large; mksquashfs tree large.squashfs -no-progress > /dev/null
              mkdir small");
    let small = Mount::of_one_mib(place.path("small"));
    let (image, scratch) = (place.path("large.squashfs"), place.path("small"));
    let squashfs = Squashfs {
        name: "large.squashfs",
        image: &image,
        tool: UNSQUASHFS,
        scratch: &scratch,
        interrupt: &Interrupt::default(),
    };
    let outcome = squashfs.read(&OnceCell::new(), &Meter::new(&Silent, None), &mut |_, _| Ok(()));
    let left = fs::read_dir(&scratch).unwrap().count();
    drop(small);
    let error = outcome.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot unpack `large.squashfs`\ncause: no storage space\nhint: `TMPDIR` names another directory to unpack into"
    );
    assert_eq!((error.class(), left), (Class::Failed, 0));
}
