//! A private Incus: see `lab.sh`, which starts it and takes it away again.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use vezaimg::incus::{Client, InstanceName};

use super::Instance;

/// The path of a script beside this file.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support").join(name)
}

/// A running Incus with a pool, a bridge that gives out addresses, and a default profile. It ends with its value, or
/// with the test process, whichever way that ends.
pub(crate) struct Lab {
    script: Child,
    /// The script stays until this closes.
    leash: Option<ChildStdin>,
    directory: PathBuf,
    bridge: String,
    init: u32,
}

impl Lab {
    /// The lab that all tests of this process share; the first call starts it.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Lab> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A lab of the caller's own.
    pub(crate) fn start() -> Self {
        let mut script = Command::new(script("lab.sh"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`lab.sh` can be started");
        let leash = script.stdin.take();
        let mut ready = String::new();
        let stdout = script.stdout.take().expect("stdout is a pipe");
        BufReader::new(stdout).read_line(&mut ready).expect("`lab.sh` writes UTF-8");
        let ["ready", directory, bridge, init] = ready.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("`lab.sh` started no lab and said on stderr why; on stdout it said {ready:?}");
        };
        let init = init.parse().expect("`lab.sh` ends its line with a process id");
        Self { directory: directory.into(), bridge: bridge.into(), init, script, leash }
    }

    /// The daemon's `INCUS_DIR`, which holds `unix.socket`.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The bridge that instances hang on.
    pub(crate) fn bridge(&self) -> &str {
        &self.bridge
    }

    /// The process that all others of the lab die with, `incusd` and the containers included.
    pub(crate) fn init(&self) -> u32 {
        self.init
    }

    /// The script that takes the lab away.
    pub(crate) fn script(&self) -> &Child {
        &self.script
    }

    /// A name for an instance or an image that no other test of this process has.
    pub(crate) fn unique(&self, stem: &str) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        format!("{stem}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
    }

    /// An `incus` call against this lab, quiet, without an input, ended after three minutes with exit code 124.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command
            .args(["--kill-after=5", "180", "incus", "--quiet"])
            .args(arguments)
            .env("INCUS_DIR", &self.directory)
            .env("INCUS_CONF", concat!(env!("CARGO_TARGET_TMPDIR"), "/incus-client"))
            .stdin(Stdio::null());
        command
    }

    /// What an `incus` call wrote and how it ended.
    pub(crate) fn try_incus(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("`timeout` can be started")
    }

    /// What a successful `incus` call wrote to stdout.
    ///
    /// # Panics
    /// When the call fails, with all that it wrote.
    pub(crate) fn incus(&self, arguments: &[&str]) -> String {
        stdout_of(&format!("incus {}", arguments.join(" ")), self.try_incus(arguments))
    }

    /// The daemon, for this project's own client.
    pub(crate) fn client(&self) -> Client {
        Client::at(&self.directory.join("unix.socket"), None).expect("a socket needs nothing else")
    }

    /// What a command in a container wrote and how it ended; with code 255 where it could not be run.
    ///
    /// Incus records what it writes: of a container that boots, `incus exec` may drop it.
    pub(crate) fn exec(&self, container: &str, command: &[&str]) -> Output {
        let name = InstanceName::parse(container).expect("tests name their containers well");
        let (code, stdout, stderr) = match self.client().exec(&name, command, Duration::from_secs(180)) {
            Ok(output) => (output.code, output.stdout, output.stderr),
            Err(failure) => (255, Vec::new(), failure.to_string().into_bytes()),
        };
        Output { status: ExitStatus::from_raw(code << 8), stdout, stderr }
    }

    /// Imports a unified image, or the metadata and the root file system of a split one, and returns its fingerprint.
    pub(crate) fn import(&self, files: &[&Path], alias: &str) -> String {
        let files = files.iter().map(|path| path.to_str().expect("paths of tests are UTF-8"));
        let arguments: Vec<_> = ["image", "import"].into_iter().chain(files).chain(["--alias", alias]).collect();
        self.incus(&arguments);
        let image: serde_json::Value = self.query(&format!("/1.0/images/aliases/{alias}"));
        image["target"].as_str().expect("an alias has a target").to_owned()
    }

    /// What the daemon answers to a GET.
    pub(crate) fn query(&self, path: &str) -> serde_json::Value {
        serde_json::from_str(&self.incus(&["query", path])).expect("Incus answers in JSON")
    }

    /// Creates and starts an unprivileged container; `options` are those of `incus launch`.
    pub(crate) fn launch(&self, image: &str, name: &str, options: &[&str]) -> Instance<'_> {
        // From here on, so that one that was created but did not start is deleted as well.
        let instance = Instance::new(self, name);
        self.incus(&[&["launch", image, name], options].concat());
        instance
    }
}

/// Waits until the script has taken everything away.
impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.leash.take());
        if let Err(error) = self.script.wait() {
            eprintln!("`lab.sh` cannot be waited for: {error}");
        }
    }
}

/// A successful command's stdout.
pub(super) fn stdout_of(command: &str, output: Output) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{command}` ended with {}:\n{stdout}{stderr}", output.status);
    stdout
}
