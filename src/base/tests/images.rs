//! Incus images, unified and split, and what looks like one.

use std::collections::BTreeMap;

use super::fixture::{Place, Tar, filter, read};
use crate::base::{Form, ImageMetadata};

const METADATA: &[u8] = b"architecture: x86_64\ncreation_date: 1700000000\nexpiry_date: 1\nproperties:\n  os: Debian\n  \
    release: 12\n  version: '1.10'\n  serial: 1.10\ntemplates:\n  /etc/hostname:\n    when: [create]\n    template: hostname.tpl\nunknown: {}\n";

fn described() -> Option<ImageMetadata> {
    let text = |text: &str| text.to_owned();
    let properties = [("os", "Debian"), ("release", "12"), ("serial", "1.10"), ("version", "1.10")];
    let properties: BTreeMap<_, _> = properties.map(|(key, value)| (text(key), text(value))).into();
    Some(ImageMetadata { architecture: Some(text("x86_64")), creation_date: Some(1_700_000_000), properties })
}

fn metadata(prefix: &str) -> Tar {
    Tar::new()
        .file(&format!("{prefix}metadata.yaml"), METADATA)
        .directory(&format!("{prefix}templates/"))
        .file(&format!("{prefix}templates/hostname.tpl"), b"{{ container.name }}")
}

fn rootfs(tar: Tar, prefix: &str) -> Tar {
    tar.directory(&format!("{prefix}rootfs/"))
        .directory(&format!("{prefix}rootfs/etc/"))
        .file(&format!("{prefix}rootfs/etc/motd"), b"hi")
        .link(b'1', &format!("{prefix}rootfs/etc/issue"), &format!("{prefix}rootfs/etc/motd"))
        .link(b'2', &format!("{prefix}rootfs/etc/link"), "/rootfs/etc/motd")
        .with(b'3', format!("{prefix}rootfs/dev/null").as_bytes(), b"", |_| {})
}

const ROOTFS: &str = "d0755 0:0 @1 /\nd0755 0:0 @1 /etc\n-0644 0:0 @1 /etc/motd \"hi\"\n\
    h0644 0:0 @1 /etc/issue = /etc/motd\nl0644 0:0 @1 /etc/link -> /rootfs/etc/motd\n";

fn plain_rootfs() -> Tar {
    Tar::new().directory("./").directory("./etc/").file("./etc/motd", b"hi").directory("./rootfs/")
}

const PLAIN_ROOTFS: &str = "d0755 0:0 @1 /\nd0755 0:0 @1 /etc\n-0644 0:0 @1 /etc/motd \"hi\"\nd0755 0:0 @1 /rootfs\n";

const MIXED: &str = "`by-hand.tar` is neither an Incus image nor a root file system: it looks like both\n\
    hint: an image holds `metadata.yaml`, `templates` and `rootfs` alone; make the tar again with `--sort=name`";

#[test]
fn a_unified_image_is_stripped_to_its_root_file_system() {
    let place = Place::new();
    for prefix in ["", "./"] {
        let top = if prefix.is_empty() { Tar::new() } else { Tar::new().directory("./") };
        place.write("base", &rootfs(top.raw(&metadata(prefix).0), prefix).whole());
        let (form, lines, description) = read(&place.paths(&["base"])).unwrap();
        assert_eq!((form, lines.concat().as_str()), (Form::Unified, ROOTFS));
        assert_eq!(description.image, described());
        assert_eq!(description.dropped.under_dev, 1);
    }
}

#[test]
fn the_metadata_of_a_unified_image_may_come_last() {
    let place = Place::new();
    place.write("base", &rootfs(Tar::new(), "").raw(&metadata("").0).whole());
    let (form, lines, description) = read(&place.paths(&["base"])).unwrap();
    assert_eq!((form, lines.concat().as_str(), description.image), (Form::Unified, ROOTFS, described()));

    let templates = Tar::new().directory("templates").file("templates/hostname.tpl", b"x");
    place.write("base", &rootfs(templates, "").file("metadata.yaml", METADATA).whole());
    assert_eq!(read(&place.paths(&["base"])).unwrap().0, Form::Unified);
}

#[test]
fn a_root_file_system_may_hold_directories_named_as_an_images_parts() {
    let place = Place::new();
    let tar = Tar::new().directory("./").directory("./templates/").directory("./etc").directory("./rootfs");
    let (form, lines, _) = read(&[place.write("base", &tar.whole())]).unwrap();
    assert_eq!(form, Form::RootfsTar);
    assert_eq!(lines.concat(), "d0755 0:0 @1 /\nd0755 0:0 @1 /templates\nd0755 0:0 @1 /etc\nd0755 0:0 @1 /rootfs\n");
}

#[test]
fn what_is_half_an_image_and_half_a_root_file_system_is_refused() {
    let place = Place::new();
    assert_eq!(place.refuse_tar(&rootfs(metadata(""), "").directory("etc")), MIXED);
    assert_eq!(place.refuse_tar(&Tar::new().directory("rootfs").directory("etc")), MIXED);
    assert_eq!(place.refuse_tar(&plain_rootfs().file("./metadata.yaml", METADATA)), MIXED);
    assert_eq!(
        place.refuse_tar(&metadata("")),
        "`by-hand.tar` holds the metadata of an image and no `rootfs/`\n\
         hint: pass both files of a split image"
    );
    assert_eq!(
        place.refuse_tar(&rootfs(Tar::new(), "")),
        "`by-hand.tar` holds `rootfs/` and no `metadata.yaml`\n\
         hint: an Incus image has both; a root file system tar has `etc` and `usr` at its top"
    );
}

#[test]
fn the_metadata_of_an_image_must_be_one_file_of_yaml() {
    let place = Place::new();
    let refuse = |tar: Tar| place.refuse_tar(&tar.directory("rootfs"));
    assert_eq!(
        refuse(Tar::new().file("metadata.yaml", b"architecture: [1]\n")),
        "`metadata.yaml` in `by-hand.tar` is not the metadata of an Incus image\n\
         cause: architecture: invalid type: sequence, expected a string at line 1 column 15"
    );
    assert_eq!(refuse(metadata("").raw(&metadata("").0)), "`metadata.yaml` in `by-hand.tar` comes twice");
    assert_eq!(
        refuse(Tar::new().link(b'2', "metadata.yaml", "x")),
        "`metadata.yaml` in `by-hand.tar` is not a regular file"
    );
    let long = vec![b'#'; (1 << 20) + 1];
    assert_eq!(
        refuse(Tar::new().file("metadata.yaml", &long)),
        "`metadata.yaml` in `by-hand.tar` is longer than 256 KiB"
    );
}

#[test]
fn aliases_of_aliases_in_the_metadata_are_not_multiplied() {
    // Nine aliases to the power of nine.
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let alias = format!("*a{}, ", level - 1).repeat(9);
        bomb.push_str(&format!("a{level}: &a{level} [{alias}]\n"));
    }
    let place = Place::new();
    place.write("base", &Tar::new().file("metadata.yaml", bomb.as_bytes()).directory("rootfs").whole());
    assert_eq!(read(&place.paths(&["base"])).unwrap().2.image, Some(ImageMetadata::default()));

    bomb.push_str("architecture: *a9\n");
    let refusal = place.refuse_tar(&Tar::new().file("metadata.yaml", bomb.as_bytes()).directory("rootfs"));
    assert!(
        refusal.starts_with("`metadata.yaml` in `by-hand.tar` is not the metadata of an Incus image\n"),
        "{refusal}"
    );
}

#[test]
fn metadata_that_says_little_is_read_as_far_as_it_goes() {
    let place = Place::new();
    for (text, architecture) in [("{}", None), ("architecture: aarch64\nproperties:\n", Some("aarch64".to_owned()))] {
        place.write("base", &Tar::new().file("metadata.yaml", text.as_bytes()).directory("rootfs").whole());
        let image = read(&place.paths(&["base"])).unwrap().2.image.unwrap();
        assert_eq!(image, ImageMetadata { architecture, ..ImageMetadata::default() });
    }
}

#[test]
fn a_hard_link_that_leads_out_of_the_root_file_system_is_refused() {
    let tar = metadata("").directory("rootfs").link(b'1', "rootfs/x", "metadata.yaml");
    assert_eq!(Place::new().refuse_tar(&tar), "`rootfs/x` in `by-hand.tar` is a hard link that leads out of `rootfs/`");
}

#[test]
fn a_split_image_is_taken_in_either_order() {
    let place = Place::new();
    place.write("meta", &filter("xz", &["-c"], &metadata("").whole()));
    place.write("root", &filter("zstd", &["-qc"], &plain_rootfs().whole()));
    for names in [["meta", "root"], ["root", "meta"]] {
        let (form, lines, description) = read(&place.paths(&names)).unwrap();
        assert_eq!((form, lines.concat().as_str()), (Form::Split, PLAIN_ROOTFS));
        assert_eq!(description.image, described());
    }
}

#[test]
fn two_files_that_are_no_pair_are_refused() {
    let place = Place::new();
    place.write("meta", &metadata("").whole());
    place.write("root", &plain_rootfs().whole());
    place.write("whole", &rootfs(metadata(""), "").whole());
    place.sh("mkdir tree");
    let no_pair = |first, second, which| {
        format!(
            "of `{first}` and `{second}`, {which} begins as the metadata tar of a split image\n\
             hint: pass one tar that holds `metadata.yaml` and one tar or squashfs that is the root file system"
        )
    };
    assert_eq!(place.refusal(&["meta", "meta"]), no_pair("meta", "meta", "both"));
    assert_eq!(place.refusal(&["root", "root"]), no_pair("root", "root", "neither"));
    assert_eq!(
        place.refusal(&["whole", "root"]),
        "`whole` is a whole image and takes no second file\nhint: pass it alone"
    );
    assert_eq!(
        place.refusal(&["tree", "root"]),
        "`tree` is a directory, which takes no second file\nhint: pass it alone"
    );
}
