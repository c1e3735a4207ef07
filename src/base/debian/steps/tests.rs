//! A system in a few literals, and what the steps make of it.

use super::run;
use crate::base::debian::control::Control;
use crate::base::debian::unpacked::{self, Unpacked};
use crate::debian::Version;
use crate::rootfs::{Entry, Kind, Metadata, Mode, TargetPath, Tree, Xattrs};

/// A time that no clock gives.
pub(super) const EPOCH: u64 = 1_000_000_007;

/// A system as the unpacker leaves it.
#[derive(Default)]
pub(super) struct System(unpacked::System);

/// What the steps made.
pub(super) struct Made(Tree<Vec<u8>>);

fn entry(mode: u32, kind: Kind<u64>) -> Entry<u64> {
    let metadata = Metadata { mode: Mode::from_bits(mode), uid: 0, gid: 0, mtime: 1, xattrs: Xattrs::new() };
    Entry { metadata, kind }
}

impl System {
    /// With an unpacked package of that name.
    pub(super) fn package(self, name: &str) -> Self {
        self.script(name, "")
    }

    /// With a package that has a `postinst`.
    pub(super) fn script(mut self, name: &str, postinst: &str) -> Self {
        let version = Version::parse("1").unwrap();
        let mut package = Unpacked::new(name.to_owned(), version, "all".to_owned(), Control::default());
        package.scripts.insert("postinst".to_owned(), postinst.to_owned());
        self.0.packages.insert(name.to_owned(), package);
        self
    }

    /// With a file in the tree, and the directories above it.
    pub(super) fn file(mut self, path: &str) -> Self {
        let path = TargetPath::parse(path).unwrap();
        for above in path.ancestors() {
            self.0.tree.insert(above, entry(0o755, Kind::Directory));
        }
        self.0.tree.insert(path, entry(0o644, Kind::File(0)));
        self
    }

    /// With a symbolic link in the tree.
    pub(super) fn link(mut self, path: &str, target: &str) -> Self {
        self.0.tree.insert(TargetPath::parse(path).unwrap(), entry(0o777, Kind::Symlink(target.into())));
        self
    }

    /// With a file whose content was captured.
    pub(super) fn content(mut self, path: &str, content: &str) -> Self {
        self.0.contents.insert(TargetPath::parse(path).unwrap(), content.into());
        self.file(path)
    }

    /// With a file that was withheld.
    pub(super) fn withheld(mut self, path: &str, content: &str) -> Self {
        let path = TargetPath::parse(path).unwrap();
        assert!(super::withholds(&path), "{path}");
        self.0.contents.insert(path.clone(), content.into());
        self.0.withheld.insert(path, entry(0o755, Kind::File(content.len() as u64)));
        self
    }

    pub(super) fn run(self) -> Made {
        let made = run(&self.0, EPOCH).unwrap();
        assert!(made.is_sorted_by(|(a, _), (b, _)| a < b));
        Made(made.into_iter().collect())
    }

    /// The error that the steps end in.
    pub(super) fn refused(self) -> String {
        run(&self.0, EPOCH).unwrap_err().to_string()
    }
}

impl Made {
    /// The content of a file.
    pub(super) fn text(&self, path: &str) -> String {
        match self.0.get(&TargetPath::parse(path).unwrap()).map(|entry| &entry.kind) {
            Some(Kind::File(content)) => String::from_utf8(content.clone()).unwrap(),
            other => panic!("{path}: {other:?}"),
        }
    }

    /// Every entry below a directory: mode, owner, path, and the target of a link.
    pub(super) fn listing(&self, below: &str) -> String {
        let below = TargetPath::parse(below).unwrap();
        let line = |(path, entry): (&TargetPath, &Entry<Vec<u8>>)| {
            let Metadata { mode, uid, gid, mtime, .. } = &entry.metadata;
            assert!(*mtime == EPOCH || *mtime == 1, "{path}");
            let end = match &entry.kind {
                Kind::Directory => "/".to_owned(),
                Kind::Symlink(target) => format!(" -> {}", String::from_utf8_lossy(target)),
                _ => String::new(),
            };
            format!("{mode} {uid}:{gid} {path}{end}\n")
        };
        self.0.iter().filter(|(path, _)| path.is_within(&below)).map(line).collect()
    }
}

const MASTERS: [(&str, &str); 2] = [
    ("/usr/share/base-passwd/passwd.master", "root:*:0:0:root:/root:/bin/bash\n"),
    ("/usr/share/base-passwd/group.master", "root:*:0:\nmail:*:8:\nshadow:*:42:\nutmp:*:43:\n"),
];

#[test]
fn base_files_finds_what_its_script_makes() {
    let system = MASTERS.iter().fold(System::default(), |system, (path, text)| system.content(path, text));
    let made = system
        .package("base-files")
        .content("/usr/share/base-files/dot.bashrc", "# bash\n")
        .content("/usr/share/base-files/info.dir", "no place for it\n")
        .file("/root/.keep")
        .file("/usr/local/lib/ours")
        .run();
    assert_eq!(made.text("/root/.bashrc"), "# bash\n");
    assert_eq!(
        made.listing("/"),
        "0755 0:0 /etc/\n\
         0755 0:0 /etc/dpkg/\n\
         0755 0:0 /etc/dpkg/origins/\n\
         0777 0:0 /etc/dpkg/origins/default -> debian\n\
         0644 0:0 /etc/group\n\
         0640 0:42 /etc/gshadow\n\
         0755 0:0 /etc/opt/\n\
         0644 0:0 /etc/passwd\n\
         0640 0:42 /etc/shadow\n\
         0755 0:0 /media/\n\
         0755 0:0 /mnt/\n\
         0755 0:0 /opt/\n\
         0644 0:0 /root/.bashrc\n\
         0755 0:0 /run/\n\
         1777 0:0 /run/lock/\n\
         0755 0:0 /srv/\n\
         0755 0:0 /usr/local/bin/\n\
         0755 0:0 /usr/local/etc/\n\
         0755 0:0 /usr/local/games/\n\
         0755 0:0 /usr/local/include/\n\
         0777 0:0 /usr/local/man -> share/man\n\
         0755 0:0 /usr/local/sbin/\n\
         0755 0:0 /usr/local/share/\n\
         0755 0:0 /usr/local/share/man/\n\
         0755 0:0 /usr/local/src/\n\
         0755 0:0 /var/\n\
         0777 0:0 /var/lock -> /run/lock\n\
         0755 0:0 /var/log/\n\
         0660 0:43 /var/log/btmp\n\
         0664 0:43 /var/log/lastlog\n\
         0664 0:43 /var/log/wtmp\n\
         2775 0:8 /var/mail/\n\
         0755 0:0 /var/opt/\n\
         0777 0:0 /var/run -> /run\n\
         0755 0:0 /var/spool/\n\
         0777 0:0 /var/spool/mail -> ../mail\n"
    );
}

#[test]
fn a_program_of_a_group_gets_its_mode_and_dpkg_is_told() {
    let system = MASTERS.iter().fold(System::default(), |system, (path, text)| system.content(path, text));
    let helper = "/usr/lib/dbus-1.0/dbus-daemon-launch-helper";
    let made = system
        .package("dbus")
        .package("dbus-system-bus-common")
        .package("dpkg")
        .withheld(helper, "ELF")
        .withheld("/usr/bin/ssh-agent", "of nobody we know")
        .run();
    let gid = made.text("/etc/group").lines().find_map(|line| line.strip_prefix("messagebus:x:").map(str::to_owned));
    let gid = gid.unwrap().replace(':', "");
    assert_eq!(made.text(helper), "ELF");
    assert_eq!(
        made.listing("/usr"),
        format!(
            "0755 0:0 /usr/bin/\n0755 0:0 /usr/bin/ssh-agent\n0755 0:0 /usr/lib/\n0755 0:0 /usr/lib/dbus-1.0/\n4754 0:{gid} {helper}\n"
        )
    );
    assert_eq!(made.text("/var/lib/dpkg/statoverride"), format!("root messagebus 4754 {helper}\n"));
}

#[test]
fn an_owner_whom_no_package_makes_is_refused() {
    assert_eq!(
        System::default().package("base-files").refused(),
        "`/var/mail` belongs to the group `mail`, which none of the packages makes\n\
         hint: add `base-passwd`, or the package that makes it, to `packages` of [base]"
    );
}

#[test]
fn shells_are_listed_by_their_own_names_and_by_their_places() {
    let made = System::default()
        .content("/usr/share/debianutils/shells", "# valid login shells\n/bin/sh\n")
        .content("/usr/share/debianutils/shells.d/bash", "# of bash\n/bin/bash\n/bin/rbash\n")
        .content("/usr/share/debianutils/shells.d/dash", "/bin/dash\n/bin/sh\n")
        .file("/usr/bin/bash")
        .link("/bin", "usr/bin")
        .run();
    assert_eq!(
        made.text("/etc/shells"),
        "# valid login shells\n/bin/sh\n/usr/bin/sh\n/bin/bash\n/usr/bin/bash\n/bin/rbash\n/usr/bin/rbash\n\
         /bin/dash\n/usr/bin/dash\n"
    );
}
