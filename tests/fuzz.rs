//! Readers of what others write, held to what a mutator makes of it: no panic, no hang, no memory above a bound.
//!
//! `cargo test fuzz::` runs a few thousand inputs a target, always the same. `VEZAIMG_FUZZ_SECONDS=600` lets each go on for
//! so long, on other inputs each time; `tests/run --soak` does that. The same targets run under libFuzzer, by coverage:
//! see `tests/fuzz/README.md`.

#[path = "fuzz/mutator.rs"]
mod mutator;
#[path = "fuzz/seeds.rs"]
mod seeds;
#[path = "fuzz/targets.rs"]
mod targets;

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use mutator::{Form, Mutator};

/// Inputs of a short run.
const FEW: u64 = 1500;
/// What no input may take, in a build without optimisation on a busy machine.
const HANG: Duration = Duration::from_secs(20);
/// All the memory that a run may map, in bytes: the program, its threads' stacks and libraries included.
const MOST_MEMORY: u64 = 3 << 30;
/// What it may really use at once, in bytes.
const MOST_RESIDENT: u64 = 512 << 20;

/// Where a child is told to be one.
const CHILD: &str = "VEZAIMG_FUZZ_CHILD";
const SECONDS: &str = "VEZAIMG_FUZZ_SECONDS";
/// Names a directory to write every target's seeds into, for a fuzzer that takes a corpus.
const CORPUS: &str = "VEZAIMG_FUZZ_CORPUS";

/// The input that is being read, and since when.
type Now = Arc<Mutex<Option<(Instant, Vec<u8>)>>>;

/// Past the test harness, which keeps what a test prints to itself.
fn say(line: &str) {
    io::stdout().write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// Runs a target in a process of its own, whose memory is bounded.
fn run(name: &str, form: Form, seeds: Vec<Vec<u8>>, target: fn(&[u8])) {
    if env::var(CHILD).is_ok_and(|child| child == name) {
        return child(name, form, seeds, target);
    }
    if let Some(corpus) = env::var_os(CORPUS) {
        let directory = Path::new(&corpus).join(name);
        fs::create_dir_all(&directory).unwrap();
        let mut numbered = seeds.iter().enumerate();
        return numbered.try_for_each(|(number, seed)| fs::write(directory.join(format!("{number}")), seed)).unwrap();
    }
    let mut command = Command::new("prlimit");
    command.arg(format!("--as={MOST_MEMORY}")).arg(env::current_exe().unwrap());
    command.args(["--exact", &format!("fuzz::{name}"), "--nocapture", "--test-threads=1"]).env(CHILD, name);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{name} ended with {}:\n{said}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    let outcome =
        said.lines().find_map(|line| line.find("fuzzed ").map(|at| &line[at..])).unwrap_or_else(|| panic!("{said}"));
    say(outcome);
}

fn child(name: &str, form: Form, seeds: Vec<Vec<u8>>, target: fn(&[u8])) {
    let seconds: u64 = env::var(SECONDS).ok().map_or(0, |seconds| seconds.parse().unwrap());
    let seed = if seconds == 0 { 1 } else { u64::from(process::id()) };
    let began = Instant::now();
    let now = Now::default();
    watch(name, &now);
    let mut mutator = Mutator::new(form, seeds.clone(), seed);
    let mut slowest = Duration::ZERO;
    let mut count = 0;
    let mut inputs = seeds.into_iter();
    while count < FEW || began.elapsed() < Duration::from_secs(seconds) {
        // Each seed once as it is.
        let input = inputs.next().unwrap_or_else(|| mutator.next());
        let started = Instant::now();
        *now.lock().unwrap() = Some((started, input.clone()));
        if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
            found(name, "a panic", &input);
        }
        slowest = slowest.max(started.elapsed());
        count += 1;
    }
    *now.lock().unwrap() = None;
    let resident = resident();
    say(&format!(
        "fuzzed {name}: {count} inputs in {:.0} s, the slowest took {slowest:.1?}, {} MiB at most",
        began.elapsed().as_secs_f64(),
        resident >> 20
    ));
    assert!(resident < MOST_RESIDENT, "{resident} bytes of memory");
}

/// Ends the process with the input that takes too long.
fn watch(name: &str, now: &Now) {
    let (name, now) = (name.to_owned(), Arc::clone(now));
    thread::spawn(move || {
        loop {
            thread::sleep(Duration::from_secs(1));
            let late = now.lock().unwrap().clone().filter(|(started, _)| started.elapsed() > HANG);
            if let Some((_, input)) = late {
                found(&name, "a hang", &input);
            }
        }
    });
}

/// Keeps an input that does harm, and ends the run.
fn found(name: &str, what: &str, input: &[u8]) -> ! {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    fs::create_dir_all(&directory).unwrap();
    let path = directory.join(format!("{name}-{}", process::id()));
    fs::write(&path, input).unwrap();
    say(&format!("{what} at `{}`: {}", path.display(), input[..input.len().min(400)].escape_ascii()));
    process::exit(1)
}

/// The most memory that this process has really used, proc_pid_status(5).
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

macro_rules! fuzz {
    ($($name:ident: $form:expr;)*) => {
        $(
            #[test]
            fn $name() {
                run(stringify!($name), $form, seeds::$name(), targets::$name);
            }
        )*
    };
}

fuzz! {
    tar: Form::Tar;
    image: Form::Tar;
    frames: Form::Binary;
    deb: Form::Binary;
    deb_data: Form::Tar;
    packed: Form::Tar;
    lock: Form::Text(&["[[package]]", "[[suite]]", "sha256 = \"", "epoch = ", "\"\"\"", "version = 99"]);
    layout: Form::Text(&["[[file]]", "[extends]", "{{ ", " }}", "{% for x in range(9) %}", "owner = ", "0777", "\"\"\""]);
    deb822: Form::Text(&["Package: ", "Depends: a (>= 1) | b", "\n ", "Version: 1:2-3~", "SHA256:", "\n\n", "Provides: x (= 1)"]);
    metadata: Form::Text(&["properties:", "&a", "*a", "!!binary", "architecture: x86_64", "<<: ", "- ", "? ", "\n  "]);
    haproxy: Form::Text(&["\n\n", ",", "# ", "0x", "no", "-1", "18446744073709551616", "\u{fffd}", "18446744073709551615"]);
    incus: Form::Text(&["{", "}", "[", "null", "\"config\":", "\\ud800", "1e999", "-0", "\"status\":\"Running\"", "metadata"]);
    release: Form::Text(&["\"entries\":[", "\"sha256\":", "-----END SSH SIGNATURE-----", "  ", "\n", "\"_type\"", "null"]);
    unit: Form::Text(&["[Service]", "ExecStart=", "\\\n", "SystemCallFilter=~@", "CapabilityBoundingSet=", "%n", "\t", "=;"]);
    program: Form::Binary;
}
