//! The real systemd, asked about unit files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Deserializer, Value};

/// What `systemd-analyze security` says of one unit: the level, and per id the name, whether it is set, its share.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) level: String,
    pub(super) points: BTreeMap<String, (String, Option<bool>, Option<String>)>,
}

/// The answers for some units, in their order.
pub(super) fn security(units: &[String]) -> Vec<Reference> {
    let none: Vec<Vec<(&str, &str)>> = vec![Vec::new(); units.len()];
    security_with_drop_ins(units, &none)
}

/// The answers for some units, each with drop-ins: a path such as `service.d/a.conf`, where `UNIT` stands for the
/// unit's own name, and the text.
pub(super) fn security_with_drop_ins(units: &[String], drop_ins: &[Vec<(&str, &str)>]) -> Vec<Reference> {
    let table = analyze(units, drop_ins, &["--json=short"]);
    let points: Vec<_> =
        Deserializer::from_slice(&table.stdout).into_iter::<Value>().map(|rows| rows.expect("json")).collect();
    let summary = analyze(units, drop_ins, &[]);
    let summary = String::from_utf8(summary.stdout).expect("text");
    let levels: Vec<_> = summary.lines().filter_map(|line| line.split_once("Overall exposure level for ")).collect();
    assert_eq!(points.len(), units.len(), "{}", String::from_utf8_lossy(&table.stderr));
    assert_eq!(levels.len(), units.len(), "{summary}");
    let level = |line: &str| line.split_whitespace().nth(1).expect("a level").to_owned();
    points
        .iter()
        .zip(levels)
        .map(|(rows, (_, line))| Reference { level: level(line), points: rows_by_id(rows) })
        .collect()
}

fn rows_by_id(rows: &Value) -> BTreeMap<String, (String, Option<bool>, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let rows = rows.as_array().expect("rows").iter().map(|row| {
        let name = text(&row["name"]).expect("a name");
        (text(&row["json_field"]).expect("an id"), (name, row["set"].as_bool(), text(&row["exposure"])))
    });
    rows.collect()
}

/// Per unit, the lines that systemd complains about while it loads it, from 1, and what it says.
pub(super) fn complaints(units: &[String]) -> Vec<BTreeMap<usize, String>> {
    let none: Vec<Vec<(&str, &str)>> = vec![Vec::new(); units.len()];
    let output = analyze(units, &none, &[]);
    let mut complaints = vec![BTreeMap::new(); units.len()];
    for line in String::from_utf8(output.stderr).expect("text").lines() {
        let Some((file, rest)) = line.split_once(".service:") else { continue };
        let Some((number, message)) = rest.split_once(": ") else { continue };
        let (Some((_, unit)), Ok(number)) = (file.rsplit_once("/u"), number.parse()) else { continue };
        let unit: usize = unit.parse().expect("the number of a unit");
        complaints[unit].entry(number).or_insert_with(|| message.to_owned());
    }
    complaints
}

/// What systemd has understood of a unit, in the words of its debug log.
pub(super) fn dump(unit: &str) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("u.service");
    fs::write(&path, unit).expect("a unit");
    let mut command = command(directory.path(), &[path], &[]);
    let output = command.env("SYSTEMD_LOG_LEVEL", "debug").output().expect("systemd-analyze runs");
    String::from_utf8(output.stdout).expect("text")
}

fn analyze(units: &[String], drop_ins: &[Vec<(&str, &str)>], arguments: &[&str]) -> Output {
    let directory = tempfile::tempdir().expect("a directory");
    if drop_ins.iter().all(Vec::is_empty) {
        let paths: Vec<_> = (0..units.len()).map(|index| directory.path().join(format!("u{index}.service"))).collect();
        paths.iter().zip(units).for_each(|(path, unit)| fs::write(path, unit).expect("a unit"));
        return run(directory.path(), &paths, arguments);
    }
    // A type's drop-ins hold for every unit of a directory: each unit gets a directory, and a run, of its own.
    let runs = units.iter().zip(drop_ins).enumerate().map(|(index, (unit, drop_ins))| {
        let root = directory.path().join(index.to_string());
        let path = root.join("u.service");
        fs::create_dir(&root).expect("a directory");
        fs::write(&path, unit).expect("a unit");
        for (name, text) in drop_ins {
            let drop_in = root.join(name.replace("UNIT", "u.service"));
            fs::create_dir_all(drop_in.parent().expect("a parent")).expect("a directory");
            fs::write(drop_in, text).expect("a drop-in");
        }
        run(&root, &[path], arguments)
    });
    let runs: Vec<_> = runs.collect();
    let joined = |stream: fn(&Output) -> &[u8]| runs.iter().flat_map(|run| stream(run).to_vec()).collect();
    Output { status: runs[0].status, stdout: joined(|run| &run.stdout), stderr: joined(|run| &run.stderr) }
}

fn run(root: &Path, units: &[PathBuf], arguments: &[&str]) -> Output {
    command(root, units, arguments).output().expect("systemd-analyze runs")
}

/// Nothing of the machine's own units counts: they are looked for in `root` alone.
fn command(root: &Path, units: &[PathBuf], arguments: &[&str]) -> Command {
    let mut command = Command::new("systemd-analyze");
    command.args(["security", "--offline=true", "--no-pager"]).args(arguments).args(units);
    command.env("LC_ALL", "C.UTF-8").env("SYSTEMD_UNIT_PATH", root);
    command
}
