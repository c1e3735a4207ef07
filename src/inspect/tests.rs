use super::capabilities;
use super::*;
use crate::ui::Silent;

/// A root file system of these files, as a tar.
fn rootfs(files: &[(&str, &str)]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut tar = tar::Builder::new(file.as_file());
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, path, content.as_bytes()).unwrap();
    }
    tar.finish().unwrap();
    drop(tar);
    file
}

fn contents(files: &[(&str, &str)]) -> Contents {
    let file = rootfs(files);
    let source = Source::find(&[file.path().to_str().unwrap().to_owned()]).unwrap();
    Contents::read(&source, None, &Silent).unwrap()
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
