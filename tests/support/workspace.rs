//! A directory of its own with everything that a build needs, small and made anew for every test.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use snapbox::IntoData;
use tempfile::TempDir;

/// 2026-01-01, the time of every entry of the small base.
pub(crate) const BASE_TIME: u64 = 1_767_225_600;

/// A layout of every kind of entry, small enough to be read in a golden.
pub(crate) const LAYOUT: &str = r#"[image]
name = "small"
description = "Small"
architecture = "x86_64"

[vars]
user = "app"
port = 8080

[[group]]
name = "{{ user }}"
gid = 1001

[[user]]
name = "{{ user }}"
uid = 1001

[[directory]]
path = "/opt/app"
mode = "0755"

[[directory]]
path = "/var/log/app"
owner = "{{ user }}"
group = "{{ user }}"
mode = "0750"

[[file]]
path = "/etc/app/app.conf"
mode = "0644"
content = "port = {{ port }}\n"

[[link]]
path = "/usr/local/bin/app"
target = "/opt/app/app"

[binary]
path = "/opt/app/app"
mode = "0755"

[unit]
name = "app.service"
exec = "/opt/app/app"
user = "{{ user }}"
environment = { PORT = "{{ port }}" }
write-paths = ["/var/log/app"]

[network]
interface = "eth0"

[health]
port = "{{ port }}"
path = "/health"

[[keep]]
path = "/var/log/app"
how = "volume"
"#;

/// What a run of vezaimg left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

/// The directory. Paths in messages are relative: vezaimg runs inside it.
pub(crate) struct Workspace {
    directory: TempDir,
}

impl Workspace {
    /// A layout, a base and a binary that build.
    pub(crate) fn new() -> Self {
        let workspace = Self { directory: TempDir::with_prefix("vezaimg-test-").unwrap() };
        // Other users take part in some tests.
        fs::set_permissions(workspace.path(), fs::Permissions::from_mode(0o755)).unwrap();
        workspace.write("layout.toml", LAYOUT);
        workspace.write("app", small_program());
        workspace.write("base.tar", small_base());
        workspace
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Writes the layout with one piece of its text changed.
    pub(crate) fn change_layout(&self, from: &str, to: &str) {
        assert_eq!(LAYOUT.matches(from).count(), 1, "`{from}` is not one place of the layout");
        self.write("layout.toml", LAYOUT.replace(from, to));
    }

    /// The command, inside the directory, with an environment of its own.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vezaimg"));
        command.current_dir(self.path()).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdin(Stdio::null());
        command
    }

    /// Runs vezaimg with these arguments.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Outcome {
        outcome(self.command().args(arguments))
    }

    /// Builds with the small layout, base and binary, and more arguments.
    pub(crate) fn build(&self, arguments: &[&str]) -> Outcome {
        let all = ["build", "--layout", "layout.toml", "--binary", "app", "--base", "base.tar"];
        self.run(all.iter().chain(arguments))
    }

    /// Builds, and holds the refusal to all that it prints: this on stderr, nothing on stdout, exit code 2, and nothing
    /// left in `out/`.
    pub(crate) fn refuses(&self, arguments: &[&str], expected: impl IntoData) {
        let outcome = self.build(arguments);
        snapbox::assert_data_eq!(outcome.stderr, expected.raw());
        assert_eq!((outcome.stdout.as_str(), outcome.code), ("", Some(2)));
        assert_eq!(self.out(), [""; 0]);
    }

    /// The names in `out/`, sorted; hidden ones too.
    pub(crate) fn out(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.join("out")) else { return Vec::new() };
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Runs a command and collects what it left.
pub(crate) fn outcome(command: &mut Command) -> Outcome {
    let output = command.output().unwrap();
    Outcome {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code(),
    }
}

/// A static x86-64 program that exits at once: an ELF header, one program header, and `exit(0)`.
pub(crate) fn small_program() -> Vec<u8> {
    const HEADERS: u64 = 64 + 56;
    const ADDRESS: u64 = 0x40_0000;
    let code: [u8; 12] = [0x31, 0xff, 0xb8, 0x3c, 0, 0, 0, 0x0f, 0x05, 0x0f, 0x0b, 0x90];
    let size = HEADERS + code.len() as u64;
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    elf.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    for word in [ADDRESS + HEADERS, 64, 0] {
        elf.extend(word.to_le_bytes());
    }
    elf.extend([0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    elf.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    for word in [0, ADDRESS, ADDRESS, size, size, 0x1000] {
        elf.extend(word.to_le_bytes());
    }
    elf.extend(code);
    elf
}

/// An entry of the small base.
pub(crate) enum Small<'a> {
    Directory(&'a str, u32),
    File(&'a str, u32, &'a [u8]),
    Link(&'a str, &'a str),
}

/// What is just enough to be taken for Debian with systemd.
pub(crate) const SMALL_BASE: &[Small<'static>] = &[
    Small::Directory("./", 0o755),
    Small::Directory("./etc/", 0o755),
    Small::File("./etc/group", 0o644, b"root:x:0:\nshadow:x:42:\n"),
    Small::File("./etc/gshadow", 0o640, b"root:*::\nshadow:*::\n"),
    Small::File("./etc/hostname", 0o644, b"build-host\n"),
    Small::File("./etc/machine-id", 0o444, b"0123456789abcdef0123456789abcdef\n"),
    Small::File("./etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/bash\n"),
    Small::File("./etc/shadow", 0o640, b"root:*:19000:0:99999:7:::\n"),
    Small::Link("./sbin", "usr/sbin"),
    Small::Directory("./usr/", 0o755),
    Small::Directory("./usr/lib/", 0o755),
    Small::File("./usr/lib/os-release", 0o644, b"PRETTY_NAME=\"Small 1\"\nID=small\nVERSION_CODENAME=tiny\n"),
    Small::Directory("./usr/lib/systemd/", 0o755),
    Small::Directory("./usr/lib/systemd/system/", 0o755),
    Small::File("./usr/lib/systemd/system/systemd-networkd.service", 0o644, b"[Service]\n"),
    Small::File("./usr/lib/systemd/systemd", 0o755, b"\x7fELF"),
    Small::Directory("./usr/sbin/", 0o755),
    Small::Link("./usr/sbin/init", "../lib/systemd/systemd"),
    Small::Directory("./var/", 0o755),
    Small::Directory("./var/log/", 0o755),
];

/// The small base as a tar.
pub(crate) fn small_base() -> Vec<u8> {
    tar_of(SMALL_BASE.iter())
}

/// A tar of these entries, all root's.
pub(crate) fn tar_of<'a>(entries: impl Iterator<Item = &'a Small<'a>>) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for entry in entries {
        let mut header = tar::Header::new_ustar();
        header.set_mtime(BASE_TIME);
        header.set_uid(0);
        header.set_gid(0);
        let (name, mode, content): (&str, u32, &[u8]) = match entry {
            Small::Directory(name, mode) => {
                header.set_entry_type(tar::EntryType::Directory);
                (name, *mode, b"")
            }
            Small::File(name, mode, content) => (name, *mode, content),
            Small::Link(name, target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_link_name_literal(target).unwrap();
                (name, 0o777, b"")
            }
        };
        // Written past the crate's checks: some tests want names that it refuses.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        header.set_cksum();
        tar.append(&header, content).unwrap();
    }
    tar.into_inner().unwrap()
}
