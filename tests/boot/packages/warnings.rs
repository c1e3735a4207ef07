//! What a container's journal may hold of the priority `warning` and above.

use std::collections::BTreeSet;

use super::*;

/// `IDENTIFIER: MESSAGE | REASON`, a line each, every number as `N`. Which of them occur depends on the kernel and on
/// what the host lends to its containers, so that one that does not occur is no fault.
const KNOWN: &str = include_str!("warnings.txt");

/// The distinct lines of this boot's journal that are not in the list, in its form.
pub(super) fn unknown(instance: &Instance<'_>) -> String {
    let lines = KNOWN.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let known: BTreeSet<_> = lines.map(|line| line.split_once(" | ").expect("a line has a reason").0).collect();
    let journal = instance.exec(&["journalctl", "--boot", "--priority=warning", "--output=json", "--no-pager"]);
    let seen: BTreeSet<_> = journal.lines().map(line).collect();
    seen.into_iter().filter(|line| !known.contains(line.as_str())).map(|line| line + "\n").collect()
}

/// One entry in the list's form.
fn line(entry: &str) -> String {
    let entry: serde_json::Value = serde_json::from_str(entry).unwrap();
    let [identifier, message] = ["SYSLOG_IDENTIFIER", "MESSAGE"].map(|field| entry[field].as_str().unwrap_or("?"));
    let mut line = String::new();
    for character in format!("{identifier}: {message}").chars() {
        match character {
            '0'..='9' if line.ends_with('N') => {}
            '0'..='9' => line.push('N'),
            other => line.push(other),
        }
    }
    line
}

#[test]
fn a_line_that_differs_in_its_numbers_alone_is_the_same() {
    let entry = r#"{"SYSLOG_IDENTIFIER":"veza","MESSAGE":"pid 4711 has uid=65534, fd 3","_PID":"4711"}"#;
    assert_eq!(line(entry), "veza: pid N has uid=N, fd N");
}
