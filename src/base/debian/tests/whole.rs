//! A base from front to end.

use super::fixture::{Deb, ar, gzip, read, xz, zstd};
use crate::base::tests::fixture::{Recorder, Tar};
use crate::base::{Base, Dropped, Form};
use crate::ui::{Event, Silent};

/// A compressor.
type Pack = fn(&[u8]) -> Vec<u8>;

fn sample() -> Deb {
    let owned = |tar: Tar| {
        tar.with(b'0', b"./usr/su", b"su", |header| {
            header.set_mode(0o4755);
            header.set_gid(42);
        })
    };
    let tar = owned(Tar::new().directory("./").directory("./usr/")).directory("./dev/").entry(b'3', b"./dev/null", b"");
    Deb::new("p").data(tar.entry(b'4', b"./disk", b"").entry(b'6', b"./pipe", b""))
}

const LISTING: &str = "\
d0755 0:0 @1 /
d0755 0:0 @1 /usr
-4755 0:42 @1 /usr/su \"su\"
d0755 0:0 @1 /dev
p0644 0:0 @1 /pipe
d0755 0:0 @1000 /usr/bin
l0777 0:0 @1000 /bin -> usr/bin
d0755 0:0 @1000 /usr/lib
l0777 0:0 @1000 /lib -> usr/lib
d0755 0:0 @1000 /usr/sbin
l0777 0:0 @1000 /sbin -> usr/sbin
d0755 0:0 @1000 /var
d0755 0:0 @1000 /var/lib
d0755 0:0 @1000 /var/lib/dpkg
d0755 0:0 @1000 /var/lib/dpkg/info
-0644 0:0 @1000 /var/lib/dpkg/info/p.list \"/.\\n/usr\\n/usr/su\\n/dev\\n/pipe\\n\"
";

#[test]
fn a_package_becomes_a_base_whatever_it_is_compressed_with() {
    let (control, data) = (sample().control_tar(), sample().data.whole());
    let ways: [(&str, Pack); 4] = [("", <[u8]>::to_vec), (".gz", gzip), (".xz", xz), (".zst", zstd)];
    for (ending, pack) in ways {
        let (control_name, data_name) = (format!("control.tar{ending}"), format!("data.tar{ending}/"));
        let members: [(&str, &[u8]); 5] = [
            ("debian-binary", b"2.1\nmore\n"),
            ("_other", b"odd"),
            (&control_name, &pack(&control)),
            (&data_name, &pack(&data)),
            ("_signature", b""),
        ];
        let (lines, dropped) = read(vec![sample().archive(&ar(&members))], &[], &Silent).unwrap();
        assert_eq!(lines[..lines.len() - 1].concat(), LISTING, "{ending}");
        assert!(lines[lines.len() - 1].contains(" /var/lib/dpkg/status "), "{ending}");
        assert_eq!(dropped, Dropped { devices: 1, sockets: 0, under_dev: 1, xattrs: 0 });
    }
}

#[test]
fn the_order_of_the_archives_makes_no_difference() {
    let deb = |name, fields| Deb::new(name).fields(fields).data(Tar::new().directory("./").file(name, b""));
    let debs = [deb("aa", ""), deb("bb", ""), deb("mm", ""), deb("zz", "Replaces: bb\n")];
    let archives = |debs: &[Deb]| debs.iter().map(|deb| deb.archive(&deb.bytes())).collect();
    let forwards = read(archives(&debs), &[], &Silent).unwrap();
    let mut backwards = debs;
    backwards.reverse();
    assert_eq!(read(archives(&backwards), &[], &Silent).unwrap(), forwards);
    let files: String = forwards.0.into_iter().take(5).collect();
    assert_eq!(
        files,
        "d0755 0:0 @1 /\n-0644 0:0 @1 /aa \"\"\n-0644 0:0 @1 /mm \"\"\n-0644 0:0 @1 /zz \"\"\n-0644 0:0 @1 /bb \"\"\n"
    );
}

#[test]
fn progress_is_told_in_bytes_of_the_archives() {
    let bytes = sample().bytes();
    let recorder = Recorder::default();
    read(vec![sample().archive(&bytes)], &[], &recorder).unwrap();
    let total = bytes.len() as u64;
    let last = recorder.events().pop();
    assert_eq!(last, Some(Event::Progress { done: total, total: Some(total) }));
}

#[test]
fn a_base_of_packages_is_told_as_such() {
    let base: Base = super::fixture::base(Vec::new(), &[]);
    assert_eq!((base.name(), base.form(), base.has_times()), ("layouts/test.lock", Form::Packages, true));
}

#[test]
fn what_the_sink_says_is_passed_on() {
    let deb = sample();
    let base = super::fixture::base(vec![deb.archive(&deb.bytes())], &[]);
    let error = base.read(&Silent, &mut |_, _| Err(crate::Error::failed("enough"))).unwrap_err();
    assert_eq!(error.to_string(), "enough");
}
