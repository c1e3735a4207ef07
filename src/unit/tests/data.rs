use std::process::Command;

use crate::unit::syscalls;

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect("systemd is installed");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_system_call_groups_are_those_of_systemd() {
    let theirs = run("systemd-analyze", &["--no-pager", "syscall-filter"]);
    assert_eq!(syscalls::parse(include_str!("../syscalls.txt")), syscalls::parse(&theirs));
}

#[test]
fn the_directives_are_those_of_systemd() {
    let theirs = run("/lib/systemd/systemd", &["--dump-configuration-items"]);
    let mut section = "";
    let mut lines = Vec::new();
    for line in theirs.lines() {
        match (line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')), line.split_once('=')) {
            (Some(name), _) => section = name,
            (None, Some((directive, parser))) if ["Unit", "Service", "Install"].contains(&section) => {
                lines.push(format!("{section}.{directive} {parser}\n"));
            }
            _ => {}
        }
    }
    assert_eq!(include_str!("../directives.txt"), lines.concat());
}
