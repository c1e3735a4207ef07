//! The lab itself: that it is a real Incus, and that nothing of it stays.

// The functions that tests share are no tests to clippy.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use crate::support::{Instance, Lab, Reply, base, http_get, script, seconds, wait_for};

const BOOT: Duration = seconds(120);

/// Imports a split image packed by hand: the base with networkd switched on, and what Incus requires of a
/// `metadata.yaml`.
fn import_hand_made(lab: &Lab) -> String {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (metadata, rootfs) = (scratch.path().join("metadata.tar"), scratch.path().join("rootfs.tar"));

    let text = "architecture: x86_64\ncreation_date: 1746057600\nproperties:\n  description: packed by hand\n";
    fs::write(scratch.path().join("metadata.yaml"), text).unwrap();
    tar(&["--create", "metadata.yaml"], &metadata, scratch.path());

    let layer = scratch.path().join("layer");
    let network = "[Match]\nName=eth0\n\n[Network]\nDHCP=ipv4\n\n[DHCPv4]\nClientIdentifier=mac\n";
    fs::create_dir_all(layer.join("etc/systemd/network")).unwrap();
    fs::write(layer.join("etc/systemd/network/eth0.network"), network).unwrap();
    for (target, unit) in [("multi-user", "systemd-networkd"), ("network-online", "systemd-networkd-wait-online")] {
        let wants = layer.join(format!("etc/systemd/system/{target}.target.wants"));
        fs::create_dir_all(&wants).unwrap();
        symlink(format!("/lib/systemd/system/{unit}.service"), wants.join(format!("{unit}.service"))).unwrap();
    }
    fs::copy(base(), &rootfs).unwrap();
    tar(&["--append", "--mode=u=rwX,go=rX", "--owner=0", "--group=0", "./etc/systemd"], &rootfs, &layer);

    lab.import(&[&metadata, &rootfs], &lab.unique("packed-by-hand"))
}

fn tar(arguments: &[&str], archive: &Path, directory: &Path) {
    let mut command = Command::new("tar");
    command.arg("--file").arg(archive).arg("--directory").arg(directory).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&output.stderr));
}

/// A container of the shared lab, from the image that is imported there once.
pub(crate) fn booted(stem: &str) -> Instance<'static> {
    static IMPORTED: OnceLock<String> = OnceLock::new();
    let lab = Lab::shared();
    let image = IMPORTED.get_or_init(|| import_hand_made(lab));
    let instance = lab.launch(image, &lab.unique(stem), &[]);
    instance.wait_running(BOOT);
    instance
}

#[test]
fn an_image_packed_by_hand_boots_unprivileged_with_an_address() {
    let instance = booted("boot");
    let lab = Lab::shared();

    let address = instance.ipv4(BOOT);
    let bridge = lab.query(&format!("/1.0/networks/{}", lab.bridge()));
    let gateway = bridge["config"]["ipv4.address"].as_str().unwrap();
    assert_eq!(address.octets()[..3], gateway.strip_suffix(".1/24").map(octets).unwrap());

    assert_eq!(instance.exec(&["systemctl", "--failed", "--plain", "--no-legend"]), "");
    assert_eq!(instance.exec(&["awk", "{ print $2 }", "/proc/self/uid_map"]), "1000000\n");
    assert_eq!(instance.exec(&["stat", "--file-system", "--format=%T", "/proc/meminfo"]), "fuseblk\n");
    assert_eq!(instance.exec_status(&["sh", "-c", "exit 7"]).status.code(), Some(7));
}

fn octets(prefix: &str) -> Vec<u8> {
    prefix.split('.').map(|octet| octet.parse().unwrap()).collect()
}

#[test]
fn files_go_into_a_container_and_come_back_with_owner_and_mode() {
    let instance = booted("files");
    let content: Vec<u8> = (0..=255).cycle().take(100_000).collect();

    instance.push("/root/bytes", &content, "0640", 12, 34);

    assert_eq!(instance.pull("/root/bytes"), content);
    assert_eq!(instance.exec(&["stat", "--format=%a %u %g %s", "/root/bytes"]), "640 12 34 100000\n");
}

#[test]
fn a_server_in_a_container_answers_the_machine() {
    let instance = booted("http");
    // All of the request is read: closing a socket with unread bytes resets the connection.
    let serve = r"printf 'HTTP/1.1 418 short and stout\r\n\r\n'; sed '/^\r$/q' | head -n 1";
    let listen = ["systemd-run", "--quiet", "systemd-socket-activate", "--listen=8080", "--accept", "--inetd"];
    instance.exec(&[&listen[..], &["sh", "-c", serve]].concat());

    let address = (instance.ipv4(BOOT), 8080);
    let reply =
        wait_for("the server to listen", seconds(20), || http_get(address, "/tea").map_err(|error| error.to_string()));

    assert_eq!(reply, Reply { status: 418, body: "GET /tea HTTP/1.1\r\n".into() });
}

#[test]
fn an_instance_is_deleted_with_its_value() {
    let instance = booted("gone");
    let path = format!("/1.0/instances/{}", instance.name());
    assert_eq!(Lab::shared().query(&path)["status"], "Running");

    drop(instance);

    let output = Lab::shared().try_incus(&["query", &path]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && stderr.ends_with("Instance not found\n"), "{output:?}");
}

/// What a lab has outside of its namespaces, and its processes.
struct Traces {
    init: PathBuf,
    bridge: PathBuf,
    directory: PathBuf,
}

impl Traces {
    fn of(lab: &Lab) -> Self {
        Self {
            init: format!("/proc/{}", lab.init()).into(),
            bridge: Path::new("/sys/class/net").join(lab.bridge()),
            directory: lab.directory().to_owned(),
        }
    }

    /// Those that there are.
    fn left(&self) -> Vec<String> {
        let paths = [&self.init, &self.bridge, &self.directory].into_iter().filter(|path| path.exists());
        let mut left: Vec<_> = paths.map(|path| path.display().to_string()).collect();
        left.extend(self.processes());
        left.extend(self.cgroups());
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        let mounts = mounts.lines().filter(|line| line.contains(self.directory.to_str().unwrap()));
        left.extend(mounts.map(str::to_owned));
        left
    }

    /// Processes that name the directory in their command line: dnsmasq, LXC's monitors, the lab's own scripts.
    fn processes(&self) -> impl Iterator<Item = String> {
        let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        processes.filter_map(|process| {
            let command = fs::read(process.path().join("cmdline")).ok()?;
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            command.contains(self.directory.to_str()?).then_some(command)
        })
    }

    /// The lab's cgroups, of which there is one a hierarchy, without those in them.
    fn cgroups(&self) -> impl Iterator<Item = String> {
        let name = self.bridge.file_name().unwrap();
        let cgroups = walkdir::WalkDir::new("/sys/fs/cgroup").into_iter().filter_map(Result::ok);
        cgroups.filter(move |cgroup| cgroup.file_name() == name).map(|cgroup| cgroup.path().display().to_string())
    }

    fn wait_until_gone(&self) {
        wait_for("nothing of the lab to be left", seconds(30), || match &self.left()[..] {
            [] => Ok(()),
            left => Err(left.join("\n")),
        });
    }
}

/// A lab of its own with a running container; the container is left to the lab.
fn lab_with_a_container() -> (Lab, Traces) {
    let lab = Lab::start();
    let name = lab.unique("left");
    let image = import_hand_made(&lab);
    let instance = lab.launch(&image, &name, &[]);
    instance.wait_running(BOOT);
    std::mem::forget(instance);
    let traces = Traces::of(&lab);
    assert!(traces.processes().any(|command| command.starts_with("dnsmasq")), "{:?}", traces.left());
    assert_ne!(traces.cgroups().count(), 0);
    (lab, traces)
}

#[test]
fn a_lab_that_ends_leaves_nothing() {
    let (lab, traces) = lab_with_a_container();
    drop(lab);
    assert_eq!(traces.left(), Vec::<String>::new());
}

#[test]
fn a_lab_whose_owner_is_killed_goes_away_by_itself() {
    // `exec sleep` makes the owner, who alone holds the lab's standard input, the process that is killed below. The
    // lab's standard output is not the owner's, or a lab that does not start would be waited for in vain.
    let mut owner = Command::new("bash")
        .args(["-c", r#"exec {lab}> >(exec "$0"); exec sleep 600 >&2"#])
        .arg(script("lab.sh"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(owner.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let words: Vec<_> = ready.split_whitespace().collect();
    let &["ready", directory, bridge, init] = &words[..] else { panic!("{ready:?}") };
    let traces = Traces {
        init: format!("/proc/{init}").into(),
        bridge: Path::new("/sys/class/net").join(bridge),
        directory: directory.into(),
    };
    assert!(traces.init.exists() && traces.bridge.exists() && traces.directory.join("unix.socket").exists());

    owner.kill().unwrap();
    assert_eq!(owner.wait().unwrap().signal(), Some(9));

    traces.wait_until_gone();
}

#[test]
fn the_next_lab_sweeps_one_whose_script_was_killed() {
    let (lab, traces) = lab_with_a_container();
    let killed = Command::new("kill").args(["-KILL", &lab.script().id().to_string()]).status().unwrap();
    assert!(killed.success());
    wait_for("the killed lab's processes to end", seconds(30), || match traces.init.exists() {
        false => Ok(()),
        true => Err(traces.left().join("\n")),
    });
    drop(lab);
    assert!(traces.directory.exists() && traces.bridge.exists(), "the script took them away after its own death");

    drop(Lab::start());

    assert_eq!(traces.left(), Vec::<String>::new());
}
