mod unpacked;

use super::capabilities;
use super::*;
use crate::ui::Silent;

/// An entry of a root file system.
#[derive(Clone, Copy)]
enum It<'a> {
    File(&'a [u8]),
    SetId(&'a [u8]),
    Link(&'a str),
    Hard(&'a str),
    Directory,
}

/// A root file system of these entries in this order, as a tar.
fn rootfs(entries: &[(&str, It<'_>)]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut tar = tar::Builder::new(file.as_file());
    for (path, it) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_uid(0);
        header.set_gid(0);
        header.set_mode(if matches!(it, It::SetId(_)) { 0o4755 } else { 0o644 });
        header.set_size(0);
        match it {
            It::File(content) | It::SetId(content) => {
                header.set_size(content.len() as u64);
                tar.append_data(&mut header, path, *content).unwrap();
            }
            It::Link(target) | It::Hard(target) => {
                let is_hard = matches!(it, It::Hard(_));
                header.set_entry_type(if is_hard { tar::EntryType::Link } else { tar::EntryType::Symlink });
                tar.append_link(&mut header, path, target).unwrap();
            }
            It::Directory => {
                header.set_entry_type(tar::EntryType::Directory);
                tar.append_data(&mut header, path, &b""[..]).unwrap();
            }
        }
    }
    tar.finish().unwrap();
    drop(tar);
    file
}

fn source(file: &tempfile::NamedTempFile) -> Source {
    Source::find(&[file.path().to_str().unwrap().to_owned()]).unwrap()
}

fn look(entries: &[(&str, It<'_>)]) -> Contents {
    Contents::read(&source(&rootfs(entries)), None, &Silent).unwrap()
}

fn contents(files: &[(&str, &str)]) -> Contents {
    look(&files.iter().map(|(path, content)| (*path, It::File(content.as_bytes()))).collect::<Vec<_>>())
}

#[test]
fn drop_ins_come_by_file_name_and_the_first_directory_of_a_name_counts() {
    let contents = contents(&[
        ("etc/systemd/system/app.service", "[Service]\nExecStart=/usr/bin/old\nUser=old\n"),
        ("etc/systemd/system/app.service.d/50-b.conf", "[Service]\nUser=etc\n"),
        ("usr/lib/systemd/system/app.service.d/50-b.conf", "[Service]\nUser=usr\n"),
        ("usr/lib/systemd/system/app.service.d/60-c.conf", "[Service]\nExecStart=\nExecStart=-/usr/bin/new --flag\n"),
        ("usr/lib/systemd/system/app.service", "[Service]\nExecStart=/usr/bin/shadowed\n"),
        ("usr/lib/systemd/system/service.d/10-a.conf", "[Service]\nPrivateTmp=yes\n"),
        ("usr/lib/systemd/system/service.d/60-c.conf", "[Service]\nUser=all\n"),
        ("usr/lib/systemd/system/other.service.d/70-d.conf", "[Service]\nUser=other\n"),
    ]);
    let service = Service::find("app.service", &contents).unwrap();
    assert_eq!(service.path, "/etc/systemd/system/app.service");
    assert_eq!(
        service.drop_ins,
        [
            "/usr/lib/systemd/system/service.d/10-a.conf",
            "/etc/systemd/system/app.service.d/50-b.conf",
            "/usr/lib/systemd/system/app.service.d/60-c.conf"
        ]
    );
    assert_eq!((service.user.as_deref(), service.exec.as_deref()), (Some("etc"), Some("/usr/bin/new")));
    assert!(Service::find("none.service", &contents).is_none());
}

#[test]
fn a_unit_of_others_is_read_as_systemd_reads_it() {
    let contents = look(&[
        ("etc/systemd/system/veza-api.service", It::Link("/srv/units/veza-api.service")),
        ("srv/units/veza-api.service", It::File(b"User=early\n[Service]\nnonsense\nExecStart=/usr/bin/api\nUser=a\n")),
        ("usr/lib/systemd/system/veza-api.service", It::File(b"[Service]\nExecStart=/usr/bin/vendor\n")),
        ("etc/systemd/system/veza-api.service.d", It::Link("../../../srv/drop-ins")),
        ("srv/drop-ins/10-linked.conf", It::File(b"[Service]\nUser=linked\xff\nGroup=linked\n")),
        ("srv/drop-ins/20-masked.conf", It::Link("/dev/null")),
        ("usr/lib/systemd/system/veza-api.service.d/20-masked.conf", It::File(b"[Service]\nUser=masked\n")),
        ("usr/lib/systemd/system/veza-.service.d/30-prefix.conf", It::File(b"[Service]\nDynamicUser=yes\n")),
        ("usr/lib/systemd/system/other-.service.d/40-other.conf", It::File(b"[Service]\nUser=other\n")),
        ("usr/lib/systemd/system/service.d/50-all.conf", It::File(b"[Service]\nPrivateTmp=yes\n")),
    ]);
    let service = Service::find("veza-api.service", &contents).unwrap();
    assert_eq!(
        service.drop_ins,
        [
            "/etc/systemd/system/veza-api.service.d/10-linked.conf",
            "/usr/lib/systemd/system/veza-.service.d/30-prefix.conf",
            "/usr/lib/systemd/system/service.d/50-all.conf",
        ]
    );
    assert_eq!(
        service.warnings,
        [
            "/etc/systemd/system/veza-api.service, line 1: `User=` stands before the first section",
            "/etc/systemd/system/veza-api.service, line 3: `nonsense` is neither a section nor an assignment",
            "/etc/systemd/system/veza-api.service.d/10-linked.conf, line 2: it is no UTF-8",
        ]
    );
    assert_eq!((service.path.as_str(), service.masked), ("/etc/systemd/system/veza-api.service", false));
    assert_eq!((service.user.as_deref(), service.dynamic_user), (Some("a"), true));
    assert_eq!(service.exec.as_deref(), Some("/usr/bin/api"));
    assert_eq!(service.rating, Some("EXPOSED"));
}

#[test]
fn a_masked_unit_is_told_as_such_and_never_falls_through_to_the_vendors() {
    for mask in [It::Link("/dev/null"), It::Link("../../../dev/null"), It::File(b"")] {
        let contents = look(&[
            ("dev", It::Directory),
            ("etc/systemd/system/app.service", mask),
            ("usr/lib/systemd/system/app.service", It::File(b"[Service]\nExecStart=/usr/bin/vendor\n")),
        ]);
        let service = Service::find("app.service", &contents).unwrap();
        assert!(service.masked);
        assert_eq!((service.exec, service.exposure, service.rating), (None, None, None));
    }
}

#[test]
fn an_instance_of_a_template_and_an_alias_have_the_drop_ins_of_both_names() {
    let contents = look(&[
        ("usr/lib/systemd/system/app@.service", It::File(b"[Service]\nExecStart=/usr/bin/app\n")),
        ("usr/lib/systemd/system/app@.service.d/a.conf", It::File(b"[Service]\nUser=template\n")),
        ("usr/lib/systemd/system/app@1.service.d/b.conf", It::File(b"[Service]\nUser=instance\n")),
        ("etc/systemd/system/alias.service", It::Link("/usr/lib/systemd/system/own.service")),
        ("usr/lib/systemd/system/own.service", It::File(b"[Service]\nUser=unit\n")),
        ("usr/lib/systemd/system/own.service.d/a.conf", It::File(b"[Service]\nUser=own\n")),
        ("usr/lib/systemd/system/alias.service.d/b.conf", It::File(b"[Service]\nUser=alias\n")),
    ]);
    let users = ["app@1.service", "alias.service"].map(|name| Service::find(name, &contents).unwrap().user.unwrap());
    assert_eq!(users, ["instance", "alias"]);
}

#[test]
fn what_tells_is_read_where_links_lead_to_and_what_is_no_utf_8_for_the_rest() {
    const STATUS: &[u8] =
        b"Package: a\nStatus: install ok installed\nArchitecture: all\nVersion: 1\nMaintainer: \xff\n";
    let contents = look(&[
        ("etc/passwd", It::Link("../usr/etc/passwd")),
        ("usr/etc/passwd", It::File(b"root:x:0:0:root:/root:/bin/sh\napp:x:1:1:\xff:/:/bin/sh\n")),
        ("srv/group", It::File(b"root:x:0:\n")),
        ("etc/group", It::Hard("srv/group")),
        ("var/lib/dpkg", It::Link("/usr/lib/sysimage/dpkg")),
        ("usr/lib/sysimage/dpkg/status", It::File(STATUS)),
        ("usr/lib/sysimage/dpkg/status.d/b", It::File(b"Package: b\nVersion: 2\nArchitecture: all\n")),
    ]);
    let accounts = Accounts::of(&contents);
    assert_eq!(accounts.users.iter().map(|user| &*user.name).collect::<Vec<_>>(), ["root", "app"]);
    assert_eq!(accounts.groups.len(), 1);
    assert_eq!(packages::installed(&contents).iter().map(|it| &*it.name).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(contents.left_out, LeftOut::default());
}

#[test]
fn what_is_too_long_to_be_looked_at_is_told() {
    let long = vec![b'\n'; (16 << 20) + 1];
    let part = vec![b'\n'; 16 << 20];
    let unread = look(&[
        ("etc/passwd", It::File(&long)),
        ("var/lib/dpkg/status.d/a", It::File(&part)),
        ("var/lib/dpkg/status.d/b", It::File(&part)),
        ("var/lib/dpkg/status.d/c", It::File(&part)),
        ("var/lib/dpkg/status.d/d", It::File(&part)),
        ("var/lib/dpkg/status.d/e", It::File(b"x")),
    ])
    .left_out
    .unread;
    assert_eq!(
        unread.iter().map(|it| (&*it.path, it.why)).collect::<Vec<_>>(),
        [
            ("/etc/passwd", "is longer than 16 MiB"),
            ("/var/lib/dpkg/status.d/e", "would make texts of more than 64 MiB"),
        ]
    );
}

#[test]
fn packages_are_those_that_are_installed_in_either_form_of_the_list() {
    const STATUS: &str = "Package: b\nStatus: install ok installed\nArchitecture: all\nVersion: 2\nDescription: two\n lines\n\n\
                          Package: gone\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1\n\n\
                          nothing of the kind\n\n\
                          Package: a\nStatus: install ok installed\nSource: src-a (3)\nArchitecture: amd64\nVersion: 1:1-1\n";
    let contents = contents(&[
        ("var/lib/dpkg/status", STATUS),
        ("var/lib/dpkg/status.d/c", "Package: c\nVersion: 3\nArchitecture: amd64\n"),
    ]);
    let found = packages::installed(&contents);
    let found: Vec<_> =
        found.iter().map(|it| (&*it.name, &*it.version, &*it.architecture, it.source.as_deref())).collect();
    assert_eq!(found, [("a", "1:1-1", "amd64", Some("src-a (3)")), ("b", "2", "all", None), ("c", "3", "amd64", None)]);
}

#[test]
fn accounts_are_by_name_and_lines_that_are_none_are_passed_over() {
    let contents = contents(&[
        (
            "etc/passwd",
            "root:x:0:0:root:/root:/bin/sh\nbroken\n:x:1:1::/:\napp:x:1001:1001::/nonexistent:/usr/sbin/nologin\n",
        ),
        ("etc/group", "root:x:0:\nadm:x:4:app,root\nodd:x:many:\n"),
    ]);
    let accounts = Accounts::of(&contents);
    assert_eq!(
        accounts.users.iter().map(|user| (&*user.name, user.uid)).collect::<Vec<_>>(),
        [("root", 0), ("app", 1001)]
    );
    assert_eq!(accounts.groups[1].members, ["app", "root"]);
    assert_eq!(accounts.user_names(), [(0, "root"), (1001, "app")].into());
    assert_eq!(accounts.group_names()[&4], "adm");
}

/// Values as setcap(8) writes them, and texts that cap_from_text(3) reads.
#[test]
fn capabilities_are_read_in_every_version() {
    let second = |permitted: u32, inheritable: u32, magic: u32| {
        [magic, permitted, inheritable, 0, 0].iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>()
    };
    assert_eq!(capabilities::text(&second(1 << 10, 0, 0x0200_0001)).as_deref(), Some("cap_net_bind_service=ep"));
    assert_eq!(
        capabilities::text(&second(1 << 13 | 1 << 12, 0, 0x0200_0000)).as_deref(),
        Some("cap_net_admin,cap_net_raw=p")
    );
    assert_eq!(
        capabilities::text(&second(1, 1 | 2, 0x0200_0001)).as_deref(),
        Some("cap_dac_override=ei cap_chown=eip")
    );
    let third = [second(0, 0, 0x0300_0001), 0_u32.to_le_bytes().to_vec()].concat();
    assert_eq!(capabilities::text(&third).as_deref(), Some(""));
    let mut high = second(0, 0, 0x0200_0001);
    high[12] = 1 << 6 | 1 << 7;
    high[15] = 1 << 7;
    assert_eq!(capabilities::text(&high).as_deref(), Some("cap_perfmon,cap_bpf,63=ep"));
    for broken in [&b""[..], &second(1, 0, 0x0200_0001)[..19], &second(1, 0, 0x0400_0001), &third[..20]] {
        assert_eq!(capabilities::text(broken), None);
    }
}
