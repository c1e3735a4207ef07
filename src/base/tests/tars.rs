//! Tars that GNU tar wrote, with all that a root file system can hold.

use super::fixture::{Place, digest, read};
use crate::base::{Dropped, Form};

/// `cap_net_bind_service=ep`, as the kernel stores it (`struct vfs_cap_data`, revision 2).
const CAPABILITY: &str = "security.capability=\\x01\\x00\\x00\\x02\\x00\\x04\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00";

/// A tree with one of everything; `tar` then packs `tree` in the given way.
fn everything(tar: &str) -> Place {
    let place = Place::new();
    place.sh(r#"
        mkdir -m 755 tree; cd tree; umask 022
        mkdir dev etc usr tmp run; mknod dev/null c 1 3; touch dev/shm; chmod 1777 tmp
        echo set-id > usr/su; chown 0:42 usr/su; chmod 6755 usr/su
        echo bind > usr/bind; chown 1001:1002 usr/bind; chmod 755 usr/bind; setcap cap_net_bind_service=ep usr/bind
        ln usr/bind usr/bind-too; ln -s ../etc/gone usr/link
        mkfifo -m 600 run/pipe; mknod -m 660 run/disk b 8 0
        setfattr -n user.note -v "$(printf 'two\nlines')" etc
        setfattr -n trusted.overlay.opaque -v y etc
        printf 'not text' > "$(printf 'etc/\377\376')"
        long=$(printf '%0200d' 7); mkdir -p "usr/$long"; printf deep > "usr/$long/$long"
        printf start > run/sparse; truncate -s 1M run/sparse; printf end >> run/sparse
        ln -s "$long/$long/$long" usr/far
        find . -exec touch -h -d @1700000000.75 {} +
    "#);
    place.sh(&format!("cd tree; tar --create --sort=name --numeric-owner {tar} --file ../base.tar ."));
    place
}

fn expected(time: &str, attributes: bool) -> String {
    let long = format!("{:0200}", 7);
    let sparse = digest(&[b"start".as_slice(), &vec![0; (1 << 20) - 5], b"end"].concat());
    let (capability, note) =
        if attributes { (format!(" {CAPABILITY}"), " user.note=two\\nlines") } else { (String::new(), "") };
    format!(
        "d0755 0:0 @{time} /\n\
         d0755 0:0 @{time} /dev\n\
         d0755 0:0 @{time} /etc{note}\n\
         -0644 0:0 @{time} /etc/\\xff\\xfe \"not text\"\n\
         d0755 0:0 @{time} /run\n\
         p0600 0:0 @{time} /run/pipe\n\
         -0644 0:0 @{time} /run/sparse 1048579 bytes {sparse}\n\
         d1777 0:0 @{time} /tmp\n\
         d0755 0:0 @{time} /usr\n\
         d0755 0:0 @{time} /usr/{long}\n\
         -0644 0:0 @{time} /usr/{long}/{long} \"deep\"\n\
         -0755 1001:1002 @{time} /usr/bind \"bind\\n\"{capability}\n\
         h0755 1001:1002 @{time} /usr/bind-too = /usr/bind\n\
         l0777 0:0 @{time} /usr/far -> {long}/{long}/{long}\n\
         l0777 0:0 @{time} /usr/link -> ../etc/gone\n\
         -6755 0:42 @{time} /usr/su \"set-id\\n\"\n"
    )
}

#[test]
fn all_that_a_root_file_system_holds_survives_a_pax_tar() {
    let place = everything("--format=posix --xattrs --xattrs-include='*'");
    let (form, lines, description) = read(&place.paths(&["base.tar"])).unwrap();
    assert_eq!(lines.concat(), expected("1700000000", true));
    assert_eq!(form, Form::RootfsTar);
    assert_eq!(description.image, None);
    assert_eq!(description.dropped, Dropped { devices: 1, sockets: 0, under_dev: 2, xattrs: 1 });
}

#[test]
fn all_but_attributes_survives_gnu_tars_own_format() {
    assert_eq!(everything("--format=gnu").list(&["base.tar"]), expected("1700000000", false));
}

#[test]
fn every_form_of_a_sparse_file_expands_to_the_same_content() {
    for way in [
        "--sparse --format=gnu",
        "--sparse --format=posix --sparse-version=0.0",
        "--sparse --format=posix --sparse-version=0.1",
        "--sparse --format=posix --sparse-version=1.0",
    ] {
        assert_eq!(everything(way).list(&["base.tar"]), expected("1700000000", false), "{way}");
    }
}

#[test]
fn a_sparse_file_whose_map_outgrows_its_header_is_expanded() {
    let place = Place::new();
    place.sh("mkdir tree; for at in $(seq 0 99); do \
             printf x$at | dd of=tree/holes bs=1 seek=$((at * 65536)) conv=notrunc status=none; done; \
         truncate -s 7M tree/holes; truncate -s 5M tree/hole; chmod 644 tree/hole*; touch -d @1 tree/hole*");
    let mut content = vec![0; 7 << 20];
    for at in 0..100 {
        let text = format!("x{at}");
        content[at * 65536..][..text.len()].copy_from_slice(text.as_bytes());
    }
    let (holes, hole) = (digest(&content), digest(&vec![0; 5 << 20]));
    let expected = format!("-0644 0:0 @1 /hole 5242880 bytes {hole}\n-0644 0:0 @1 /holes 7340032 bytes {holes}\n");
    for way in
        ["--format=gnu", "--format=posix --sparse-version=0.0", "--format=posix --sparse-version=0.1", "--format=posix"]
    {
        place.sh(&format!("cd tree; tar --create --sparse {way} --file ../base.tar hole holes"));
        assert_eq!(place.list(&["base.tar"]), expected, "{way}");
    }
}

#[test]
fn a_ustar_name_of_255_bytes_is_joined_from_its_two_fields() {
    let place = Place::new();
    let directory = format!("{:0150}", 3);
    place.sh(&format!("mkdir -p tree/{directory}; cd tree; echo > {directory}/{:095}; chmod 600 {directory}/*; touch -d @1 {directory}/*; tar --format=ustar -cf ../base.tar {directory}/*", 4));
    assert_eq!(place.list(&["base.tar"]), format!("-0600 0:0 @1 /{directory}/{:095} \"\\n\"\n", 4));
}

#[test]
fn a_v7_tar_is_read() {
    let place = Place::new();
    place.sh("mkdir -p tree/etc; cd tree; echo hi > etc/motd; ln -s motd etc/link; chmod 755 etc; chmod 644 etc/motd
              touch -h -d @1 etc etc/*; tar --format=v7 --sort=name -cf ../base.tar etc; ! grep -q ustar ../base.tar");
    assert_eq!(
        place.list(&["base.tar"]),
        "d0755 0:0 @1 /etc\nl0777 0:0 @1 /etc/link -> motd\n-0644 0:0 @1 /etc/motd \"hi\\n\"\n"
    );
}

#[test]
fn owners_above_two_million_are_read_in_both_formats() {
    for format in ["gnu", "posix"] {
        let place = Place::new();
        place.sh(&format!(
            "echo > file; chmod 644 file; touch -d @1 file
             tar --format={format} --owner=:4294967294 --group=:3000000 -cf base.tar file"
        ));
        assert_eq!(place.list(&["base.tar"]), "-0644 4294967294:3000000 @1 /file \"\\n\"\n", "{format}");
    }
}

#[test]
fn a_time_before_1970_is_1970_and_a_fraction_is_floored() {
    for (time, format, shown) in [
        ("-5.5", "posix", 0),
        ("-5", "gnu", 0),
        ("7.999999999", "posix", 7),
        ("99999999999", "gnu", 99_999_999_999_u64),
    ] {
        let place = Place::new();
        place.sh(&format!("echo > file; chmod 644 file; tar --mtime=@{time} --format={format} -cf base.tar file"));
        assert_eq!(place.list(&["base.tar"]), format!("-0644 0:0 @{shown} /file \"\\n\"\n"), "{time}");
    }
}

#[test]
fn an_access_list_survives() {
    let place = Place::new();
    place.sh("mkdir tree; echo > tree/file; chmod 640 tree/file; touch -d @1 tree/file; setfacl -m u:1001:r tree/file
              cd tree; tar --format=posix --xattrs --xattrs-include='*' -cf ../base.tar file");
    let acl = xattr::get(place.path("tree/file"), "system.posix_acl_access").unwrap().unwrap();
    let acl = acl.escape_ascii().to_string();
    assert_eq!(place.list(&["base.tar"]), format!("-0640 0:0 @1 /file \"\\n\" system.posix_acl_access={acl}\n"));
}
