//! Command lines of `ExecStart=` and its kin.

/// The program of a command line such as `ExecStart=` takes, without its prefixes `@`, `-`, `:`, `+` and `!`, and
/// without the quotes around it; none when the line names no program.
///
/// A path is returned as it is written: escapes and specifiers are left alone.
pub fn exec_program(line: &str) -> Option<&str> {
    let command = line.trim_start().trim_start_matches(['@', '-', ':', '+', '!']).trim_start();
    let program = match command.strip_prefix(['"', '\'']) {
        Some(rest) => rest.split_once(command.chars().next()?)?.0,
        None => command.split_whitespace().next()?,
    };
    (!program.is_empty()).then_some(program)
}
