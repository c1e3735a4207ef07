//! The README as a newcomer follows it: every command of its transcripts runs, in a fresh checkout, on a real Incus, and
//! prints what the README says.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::locked::{Layouts, lock_of};
use crate::support::veza::{Recipe, Veza};
use crate::support::{Lab, seconds, wait_for};

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// A command of a transcript, and what it is said to print.
pub(crate) struct Step {
    pub(crate) command: String,
    pub(crate) output: String,
}

/// The steps of all blocks that begin with this line, in order.
pub(crate) fn steps(block: &str) -> Vec<Step> {
    let readme = fs::read_to_string(Path::new(REPOSITORY).join("README.md")).unwrap();
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        match (line, inside) {
            (line, false) if line == block => inside = true,
            ("```", true) => inside = false,
            (line, true) => match line.strip_prefix("$ ") {
                Some(command) => steps.push(Step { command: command.to_owned(), output: String::new() }),
                None => {
                    let output = &mut steps.last_mut().expect("a transcript begins with a command").output;
                    output.push_str(line);
                    output.push('\n');
                }
            },
            _ => {}
        }
    }
    steps
}

/// What stands in the block that begins with this line, which another test tries.
pub(crate) fn block(begins: &str) -> String {
    let readme = fs::read_to_string(Path::new(REPOSITORY).join("README.md")).unwrap();
    let lines = readme.lines().skip_while(|line| *line != begins).skip(1).take_while(|line| *line != "```");
    let block: String = lines.map(|line| format!("{line}\n")).collect();
    assert!(!block.is_empty(), "the README has no `{begins}`");
    block
}

/// The commands of those blocks, which another test tries.
pub(crate) fn commands(block: &str) -> Vec<String> {
    steps(block).into_iter().map(|step| step.command).collect()
}

/// What a transcript and a run have in common: digests and figures differ from one machine to another.
fn without_figures(text: &str) -> String {
    let mut plain = String::new();
    for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '.') {
        let core = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let is_digest = core.len() >= 12 && core.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_figure = core.parse::<f64>().is_ok();
        plain.push_str(if is_digest || is_figure { "#" } else { core });
        plain.push_str(&word[core.len()..]);
    }
    plain
}

/// A copy of what git tracks or would, without anything that was built.
fn fresh_checkout(at: &Path) {
    let script =
        "git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from=- | tar -x -C \"$0\"";
    let status = Command::new("bash").args(["-euo", "pipefail", "-c", script]).arg(at).current_dir(REPOSITORY).status();
    assert!(status.unwrap().success());
    // What a newcomer waits for once: the crates, compiled.
    symlink(Path::new(REPOSITORY).join("target"), at.join("target")).unwrap();
}

#[test]
fn every_command_of_the_readme_runs_and_prints_what_it_says() {
    let steps = steps("```console");
    assert!(steps.len() >= 7, "the README has {} commands", steps.len());
    let checkout = tempfile::TempDir::with_prefix("vezaimg-readme-").unwrap();
    fresh_checkout(checkout.path());
    // Mirrors keep the newest alone, and not every machine reaches the snapshots of what a lock pinned some weeks ago.
    fs::write(checkout.path().join("layouts/backend-api.lock"), lock_of(&Layouts::own())).unwrap();
    let store = tempfile::TempDir::with_prefix("vezaimg-readme-store-").unwrap();
    let lab = Lab::shared();
    let path = format!("{REPOSITORY}/target/release:{}", std::env::var("PATH").unwrap());
    for Step { command, output } in steps {
        let run = || {
            let mut shell = Command::new("bash");
            shell.args(["-euo", "pipefail", "-c", &command]).current_dir(checkout.path()).stdin(Stdio::null());
            shell.env("INCUS_DIR", lab.directory()).env("PATH", &path).env("CARGO_TERM_QUIET", "true");
            shell.env("VEZAIMG_CACHE", store.path());
            let ran = shell.output().unwrap();
            let [stdout, stderr] = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
            if ran.status.success() { Ok((stdout, stderr)) } else { Err(format!("{stdout}{stderr}")) }
        };
        // A person takes a moment to type, in which a container boots.
        let patience = if command.starts_with("incus exec") { seconds(60) } else { seconds(0) };
        let (stdout, stderr) = wait_for(&format!("`{command}`"), patience, run);
        if !output.is_empty() {
            // On a terminal both streams meet; a build ends with the result, `init` begins with it.
            let printed = [format!("{stderr}{stdout}"), format!("{stdout}{stderr}")];
            let printed = printed.map(|text| without_figures(&text));
            let said = without_figures(&output);
            assert!(printed.contains(&said), "$ {command}\nthe README says:\n{said}\nit prints:\n{}", printed[0]);
        }
    }
    lab.incus(&["delete", "--force", "backend-api-1"]);
}

#[test]
fn a_fleet_is_rolled_as_the_readme_says() {
    let commands = commands("```console fleet");
    assert_eq!(commands.len(), 5, "commands of a fleet in the README");
    let veza = Veza::new("readme").pool("healthy-for = \"1s\"\n").start();
    let built = Recipe::good("v2").build(veza.workspace());
    for command in commands {
        let arguments: Vec<_> = command.split(' ').collect();
        let (program, arguments) = arguments.split_first().unwrap();
        let done = veza.command(arguments);
        assert_eq!((*program, done.code), ("vezaimg", Some(0)), "$ {command}\n{}{}", done.stdout, done.stderr);
        // The rollout's, and the rollback's.
        let expected = match arguments[0] {
            "rollout" if !arguments.contains(&"--dry-run") => "v2",
            "status" => "v2",
            _ => "1.0.0",
        };
        assert_eq!(veza.versions(), [expected; 2], "$ {command}");
    }
    assert!(built.file.ends_with("out/veza-backend-api-v2-x86_64.incus.tar.zst"), "{}", built.file.display());
}
