//! Files of an instance that never ran, and of one that does.

use std::io::Read;
use std::thread::sleep;
use std::time::Instant;

use vezaimg::incus::{Attributes, Client, InstanceName, Kind, Node};
use vezaimg::rootfs::TargetPath;

use super::{booted, created, kind, name, unique};
use crate::support::seconds;

const OWNED: Attributes = Attributes { uid: 12, gid: 34, mode: 0o640 };

fn path(text: &str) -> TargetPath {
    TargetPath::parse(text).unwrap()
}

fn write(client: &Client, name: &InstanceName, at: &str, attributes: Attributes, content: &[u8]) {
    client.write_file(name, &path(at), attributes, content.len() as u64, &mut &*content).unwrap();
}

/// The attributes and the content of a file.
fn read(client: &Client, name: &InstanceName, at: &str) -> (Attributes, Vec<u8>) {
    let Some(Node::File { attributes, mut body, size }) = client.read(name, &path(at)).unwrap() else { panic!("{at}") };
    let mut content = Vec::new();
    body.read_to_end(&mut content).unwrap();
    assert_eq!(size, Some(content.len() as u64));
    (attributes, content)
}

#[test]
fn files_of_an_instance_that_never_ran_are_as_they_are_written() {
    let (client, name) = created("files");

    assert_eq!(read(&client, &name, "/etc/present").1, b"as it was");
    write(&client, &name, "/etc/new", OWNED, b"secret");
    assert_eq!(read(&client, &name, "/etc/new"), (OWNED, b"secret".to_vec()));
    // Incus would keep the owner and the mode of what is there.
    let other = Attributes { uid: 0, gid: 0, mode: 0o755 };
    write(&client, &name, "/etc/new", other, b"");
    assert_eq!(read(&client, &name, "/etc/new"), (other, Vec::new()));
    assert!(client.read(&name, &path("/etc/none")).unwrap().is_none());
}

#[test]
fn directories_and_links_are_made_read_and_removed() {
    let (client, name) = created("tree");
    let (directory, link) = (path("/srv/ä b%2F?#"), path("/srv/link"));

    client.make_directory(&name, &directory, OWNED).unwrap();
    assert_eq!(kind(client.make_directory(&name, &directory, OWNED)), Kind::Exists);
    write(&client, &name, "/srv/ä b%2F?#/in it", OWNED, b"x");
    client.make_symlink(&name, &link, b"/etc/present").unwrap();
    client.make_symlink(&name, &link, b"/etc/elsewhere").unwrap();

    match client.read(&name, &directory).unwrap() {
        Some(Node::Directory { attributes, names }) => {
            assert_eq!((attributes, names), (OWNED, vec!["in it".to_owned()]));
        }
        other => panic!("{other:?}"),
    }
    match client.read(&name, &link).unwrap() {
        Some(Node::Symlink { target, .. }) => assert_eq!(target, b"/etc/elsewhere"),
        other => panic!("{other:?}"),
    }
    // What it pointed to is not what is written.
    write(&client, &name, "/srv/link", OWNED, b"a file now");
    assert_eq!(read(&client, &name, "/srv/link"), (OWNED, b"a file now".to_vec()));
    assert!(client.read(&name, &path("/etc/elsewhere")).unwrap().is_none());

    assert_eq!(kind(client.remove(&name, &directory)), Kind::Refused);
    for gone in ["/srv/ä b%2F?#/in it", "/srv/ä b%2F?#", "/srv/link", "/srv/link"] {
        client.remove(&name, &path(gone)).unwrap();
    }
    match client.read(&name, &path("/srv")).unwrap() {
        Some(Node::Directory { names, .. }) => assert_eq!(names, [""; 0]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn twenty_megabytes_are_streamed_both_ways() {
    let (client, name) = created("stream");
    let bytes: Vec<u8> = (0..5_000_000_u32).flat_map(u32::to_le_bytes).collect();

    write(&client, &name, "/srv/log", OWNED, &bytes);

    assert!(read(&client, &name, "/srv/log") == (OWNED, bytes), "what came back is not what was written");
}

/// When its helper ends, Incus removes the socket of the container that has the name by then, and does so again to whoever
/// asks for it too soon.
#[test]
fn files_are_found_after_a_rename_although_the_helper_of_another_container_ends() {
    let ((client, old), (_, new)) = (created("old"), created("new"));
    write(&client, &new, "/etc/present", OWNED, b"of the new one");
    let prev = unique("prev");
    // A helper ends 15 seconds after it was asked last.
    sleep(seconds(17));
    assert_eq!(read(&client, &old, "/etc/present").1, b"as it was");
    let begun = Instant::now();
    client.rename_instance(&old, &prev).unwrap();
    client.rename_instance(&new, &old).unwrap();
    // Asked now and then, the new one's goes on for 25 seconds.
    for at in [0, 13, 17] {
        sleep(seconds(at).saturating_sub(begun.elapsed()));
        assert_eq!(read(&client, &old, "/etc/present").1, b"of the new one", "after {:?}", begun.elapsed());
    }
}

#[test]
fn content_that_is_not_as_long_as_said_is_told() {
    let (client, name) = created("short");
    for (content, why) in [(b"ab".as_slice(), "shorter"), (b"abcd", "longer")] {
        let failure = client.write_file(&name, &path("/srv/x"), OWNED, 3, &mut &*content).unwrap_err();
        assert_eq!(failure.kind(), Kind::Lost);
        assert_eq!(failure.causes(), [format!("its content: it is {why} than was said")]);
    }
}

#[test]
fn an_instance_that_is_not_there_is_no_missing_file() {
    let (client, _) = created("missing");
    let nobody = name("nobody");
    assert_eq!(client.read(&nobody, &path("/etc/x")).unwrap_err().kind(), Kind::NotFound);
    assert_eq!(kind(client.remove(&nobody, &path("/etc/x"))), Kind::NotFound);
    let written = client.write_file(&nobody, &path("/etc/x"), OWNED, 1, &mut b"x".as_slice());
    assert_eq!(kind(written), Kind::NotFound);
}

#[test]
fn a_mode_that_incus_would_change_is_refused_before_anything_is() {
    let (client, name, instance) = booted("setuid");
    write(&client, &name, "/root/tool", Attributes { uid: 5, gid: 6, mode: 0o007 }, b"x");
    assert_eq!(instance.exec(&["stat", "--format=%a %u %g %s", "/root/tool"]), "7 5 6 1\n");
    let special = Attributes { uid: 5, gid: 6, mode: 0o4750 };

    let written = client.write_file(&name, &path("/root/tool"), special, 1, &mut b"y".as_slice()).unwrap_err();
    let made = client.make_directory(&name, &path("/root/directory"), special).unwrap_err();

    let reason = "it sets no set-user-id, set-group-id or sticky bit, as in the mode 4750";
    for failure in [written, made] {
        assert_eq!((failure.kind(), failure.causes()), (Kind::Refused, [reason.to_owned()].as_slice()));
    }
    assert_eq!(read(&client, &name, "/root/tool").1, b"x");
}
