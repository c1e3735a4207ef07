use super::accepted::{self, Accepted};
use super::tree::Tree;
use super::{Comparison, Difference};

/// What stands in a tar.
enum Body {
    Directory,
    File(&'static str),
    Link(&'static str),
}
use Body::{Directory, File, Link};

type Member = (&'static str, u32, (u64, u64), Body);

fn tree(members: &[Member]) -> Tree {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, mode, (uid, gid), body) in members {
        let mut header = tar::Header::new_gnu();
        header.set_mode(*mode);
        header.set_uid(*uid);
        header.set_gid(*gid);
        header.set_size(0);
        match body {
            Directory => {
                header.set_entry_type(tar::EntryType::Directory);
                tar.append_data(&mut header, name, std::io::empty()).unwrap();
            }
            File(content) => {
                header.set_size(content.len() as u64);
                tar.append_data(&mut header, name, content.as_bytes()).unwrap();
            }
            Link(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                tar.append_link(&mut header, name, target).unwrap();
            }
        }
    }
    Tree::read(tar.into_inner().unwrap().as_slice(), "")
}

fn compare(ours: &[Member], oracle: &[Member]) -> Vec<Difference> {
    super::compare(tree(ours), tree(oracle)).differences
}

const ROOT: (u64, u64) = (0, 0);

#[test]
fn every_field_but_the_time_is_compared() {
    let ours = [
        ("etc", 0o755, ROOT, Directory),
        ("etc/group", 0o644, ROOT, File("root:x:0:\nmail:x:8:\n")),
        ("etc/motd", 0o644, ROOT, File("one")),
        ("etc/only-here", 0o644, ROOT, File("")),
        ("etc/passwd", 0o644, ROOT, File("root:x:0:0:root:/root:/bin/bash\n")),
        ("run", 0o755, ROOT, Directory),
        ("sbin", 0o777, ROOT, Link("usr/sbin")),
    ];
    let oracle = [
        ("./", 0o755, ROOT, Directory),
        ("./etc/", 0o700, ROOT, Directory),
        ("./etc/group", 0o644, ROOT, File("root:x:0:\nmail:x:8:\n")),
        ("./etc/motd", 0o644, (0, 8), File("two")),
        ("./etc/passwd", 0o644, ROOT, File("root:x:0:0:root:/root:/bin/bash\n")),
        ("./etc/only-there", 0o644, ROOT, File("")),
        ("./run", 0o777, ROOT, Link("var/run")),
        ("./sbin", 0o777, ROOT, Link("usr/bin")),
    ];
    let found: Vec<_> = compare(&ours, &oracle).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "/etc | mode | ours 0755, the oracle's 0700",
            "/etc/motd | owner | ours root:root, the oracle's root:mail",
            "/etc/motd | content | ours 7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed, the oracle's \
             3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3",
            "/etc/only-here | extra | ours file, the oracle's nothing",
            "/etc/only-there | missing | ours nothing, the oracle's file",
            "/run | type | ours directory, the oracle's link",
            "/sbin | target | ours usr/sbin, the oracle's usr/bin",
        ]
    );
}

#[test]
fn accounts_with_other_numbers_are_the_same_and_so_is_what_they_own() {
    let ours = [
        ("etc/group", 0o644, ROOT, File("root:x:0:\nveza:x:431:\n")),
        ("etc/passwd", 0o644, ROOT, File("root:x:0:0:root:/root:/bin/bash\nveza:x:431:431::/srv:/bin/sh\n")),
        ("etc/shadow", 0o640, ROOT, File("root:*:::::::\nveza:!:::::::\n")),
        ("srv", 0o755, (431, 431), Directory),
    ];
    let oracle = [
        ("etc/group", 0o644, ROOT, File("veza:x:101:\nroot:x:0:\n")),
        ("etc/passwd", 0o644, ROOT, File("veza:x:100:101::/srv:/bin/sh\nroot:x:0:0:root:/root:/bin/bash\n")),
        ("etc/shadow", 0o640, ROOT, File("root:*:20412:0:99999:7:::\nveza:!:20412::::::\n")),
        ("srv", 0o755, (100, 101), Directory),
    ];
    assert_eq!(compare(&ours, &oracle), []);
}

#[test]
fn paths_of_packages_that_only_the_oracle_has_are_not_compared() {
    let ours = [
        ("lib", 0o777, ROOT, Link("usr/lib")),
        ("var/lib/dpkg/status", 0o644, ROOT, File("Package: veza\nArchitecture: all\n")),
        ("var/lib/dpkg/info/veza.list", 0o644, ROOT, File("/.\n/lib\n")),
    ];
    let oracle = [
        ("lib", 0o777, ROOT, Link("usr/lib")),
        (
            "var/lib/dpkg/status",
            0o644,
            ROOT,
            File("Package: veza\nArchitecture: all\n\nPackage: perl\nArchitecture: amd64\n"),
        ),
        ("var/lib/dpkg/info/veza.list", 0o644, ROOT, File("/.\n/lib\n")),
        ("var/lib/dpkg/info/perl:amd64.list", 0o644, ROOT, File("/.\n/lib\n/lib/perl\n")),
        ("usr/lib/perl", 0o755, ROOT, Directory),
        ("usr/lib/made-by-a-script", 0o755, ROOT, Directory),
    ];
    let found: Vec<_> = compare(&ours, &oracle).iter().map(|found| format!("{} {}", found.path, found.field)).collect();
    assert_eq!(found, ["/usr/lib/made-by-a-script missing", "/var/lib/dpkg/status content",]);
}

#[test]
fn an_unlisted_difference_fails_and_so_does_a_listed_one_that_occurs_in_no_set() {
    let list = Accepted::all(
        "# why\n\n/var/cache/*/x | missing | a cache\n/etc/motd | content | ours is shorter\n/gone | extra | long ago\n\
         /var/lib/dpkg/lock | missing without dpkg | it is dpkg's\n/etc/motd | content without bash | never met\n",
    );
    let set = |packages: &[&str], found: &[(&str, &'static str)]| {
        let differences = found.iter().map(|(path, field)| {
            let [path, ours, oracle] = [path, "a", "b"].map(str::to_owned);
            Difference { path, field, ours, oracle }
        });
        let packages = packages.iter().map(|name| (*name).to_owned()).collect();
        Comparison { packages, differences: differences.collect() }
    };
    let appliance =
        set(&["bash"], &[("/var/cache/a/b/x", "missing"), ("/etc/motd", "mode"), ("/var/lib/dpkg/lock", "missing")]);
    let whole =
        set(&["bash", "dpkg"], &[("/etc/motd", "content"), ("/etc/motd", "mode"), ("/var/lib/dpkg/lock", "missing")]);
    assert_eq!(
        accepted::verdict(&[appliance, whole], &list),
        "/etc/motd | mode | ours a, the oracle's b\n\
         /var/lib/dpkg/lock | missing | ours a, the oracle's b\n\
         /gone | extra | does not occur any more\n\
         /etc/motd | content without bash | does not occur any more\n"
    );
}
