//! The closure beside the answer of a real apt that has the same index: the machine's own lists.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use snapbox::assert_data_eq;
use tempfile::TempDir;

use crate::debian::{Index, resolve};

/// Sets of packages, one a line.
const SETS: [&str; 20] = [
    "systemd systemd-sysv udev dbus ca-certificates iproute2 base-files base-passwd bash coreutils dash findutils grep \
     sed util-linux libc-bin login netbase tzdata",
    "systemd systemd-sysv udev dbus ca-certificates iproute2 apt usrmerge",
    "systemd systemd-sysv apt usr-is-merged",
    "init haproxy",
    "openssh-server",
    "python3 python3-venv",
    "postgresql",
    "nginx",
    "exim4",
    "mailutils cron",
    "mailutils postfix",
    "openjdk-17-jre-headless",
    "base-files logrotate",
    "base-files gawk",
    "bsd-mailx",
    "apache2 php",
    "mariadb-server",
    "debootstrap redis-server docker.io",
    "build-essential",
    "samba xfce4",
];

/// A suite's name and the text of its index.
type Suite = (String, Vec<u8>);

/// The machine's own.
static ARCHITECTURE: LazyLock<String> =
    LazyLock::new(|| run(Command::new("dpkg").arg("--print-architecture")).trim().to_owned());

/// What the machine's apt has of its own release: the release itself, its updates, security.
static SUITES: LazyLock<Vec<Suite>> = LazyLock::new(|| {
    let os = fs::read_to_string("/etc/os-release").unwrap();
    let release = os.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")).unwrap().trim_matches('"');
    let targets = run(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(CODENAME) $(FILENAME)",
        "Created-By: Packages",
        &format!("Architecture: {}", *ARCHITECTURE),
        "Component: main",
    ]));
    let suites = ["", "-updates", "-security"].map(|suffix| format!("{release}{suffix}"));
    let text = |suite: String| {
        let files = targets.lines().filter_map(|line| line.split_once(' ')).filter(|(codename, _)| *codename == suite);
        let text = files.map(|(_, file)| run(Command::new("/usr/lib/apt/apt-helper").args(["cat-file", file])));
        let text = text.collect::<String>().into_bytes();
        (suite, text)
    };
    suites.map(text).into_iter().filter(|(_, text)| !text.is_empty()).collect()
});

fn run(command: &mut Command) -> String {
    let output = command.env("LC_ALL", "C").output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// An apt of our own, of whose system nothing is installed.
struct Apt(TempDir);

impl Apt {
    fn new(suites: &[Suite]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for directory in ["state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(at(directory)).unwrap();
        }
        let mut sources = fs::File::create(at("sources.list")).unwrap();
        for (suite, text) in suites {
            fs::create_dir(at(suite)).unwrap();
            fs::write(at(suite).join("Packages"), text).unwrap();
            writeln!(sources, "deb [trusted=yes] file:{} ./", at(suite).display()).unwrap();
        }
        fs::write(at("status"), "").unwrap();
        fs::write(at("apt.conf"), configuration(root.path())).unwrap();
        let apt = Self(root);
        apt.get(&["update"]);
        apt
    }

    fn get(&self, arguments: &[&str]) -> String {
        run(Command::new("apt-get").env("APT_CONFIG", self.0.path().join("apt.conf")).args(arguments))
    }

    /// What it would install, a `name version` a line.
    fn installs(&self, set: &str) -> String {
        let mut arguments = vec!["--simulate", "--no-install-recommends", "install"];
        arguments.extend(set.split_whitespace());
        let output = self.get(&arguments);
        // Inst libc6 (2.36-9+deb12u10 localhost [amd64])
        let installed = output.lines().filter_map(|line| line.strip_prefix("Inst ")?.split_once(" ("));
        let version = |rest: &str| rest.split(' ').next().unwrap().to_owned();
        lines(installed.map(|(name, rest)| format!("{name} {}", version(rest))))
    }
}

fn configuration(root: &Path) -> String {
    let (root, architecture) = (root.display(), &*ARCHITECTURE);
    format!(
        r#"
        Dir::Etc::main "/dev/null";
        Dir::Etc::parts "/dev/null";
        Dir::Etc::sourcelist "{root}/sources.list";
        Dir::Etc::sourceparts "/dev/null";
        Dir::Etc::preferences "/dev/null";
        Dir::Etc::preferencesparts "/dev/null";
        Dir::State "{root}/state";
        Dir::State::status "{root}/status";
        Dir::Cache "{root}/cache";
        APT::Architecture "{architecture}";
        APT::Architectures {{ "{architecture}"; }};
        APT::Sandbox::User "";
        Acquire::Languages "none";
        "#
    )
}

fn lines(items: impl Iterator<Item = String>) -> String {
    let mut items: Vec<_> = items.collect();
    items.sort();
    items.iter().map(|item| format!("{item}\n")).collect()
}

#[test]
fn a_list_brings_what_apt_would_install_for_it() {
    let mut index = Index::new(&ARCHITECTURE);
    for (suite, text) in SUITES.iter() {
        index.read(suite, text.as_slice()).unwrap();
    }
    let apt = Apt::new(&SUITES);
    for set in SETS {
        let wanted: Vec<_> = set.split_whitespace().map(str::to_owned).collect();
        let closure = resolve(&index, &wanted, &[]).unwrap_or_else(|error| panic!("{set}: {error}"));
        let ours = lines(closure.packages.iter().map(|package| format!("{} {}", package.name, package.version)));
        assert_data_eq!(format!("{set}\n{ours}"), format!("{set}\n{}", apt.installs(set)));
    }
}
