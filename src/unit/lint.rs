//! What systemd would ignore in a unit file, and what was probably meant.

use super::{UnitFile, directives, kinds::Kind, values};
use crate::diagnostic::nearest;

/// One thing in a unit file that systemd would not do as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The section, without brackets.
    pub section: String,
    /// The directive; none when it is the section that is wrong.
    pub directive: Option<String>,
    /// The value as it stands in the file; empty when it is the section that is wrong.
    pub value: String,
    /// What is wrong: lower case, one sentence, names in backticks, no final period.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

/// Everything in the unit file of a service that systemd 252 would ignore or warn of, in the file's order. Sections and
/// directives whose names begin with `X-` are nobody's business.
pub fn lint(unit: &UnitFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for section in unit.sections().iter().filter(|section| !section.name().starts_with("X-")) {
        if directives::of(section.name()).is_none() {
            findings.push(unknown_section(section.name()));
            continue;
        }
        let known = section.directives().iter().filter(|directive| !directive.name().starts_with("X-"));
        findings.extend(known.filter_map(|directive| finding(section.name(), directive.name(), directive.value())));
    }
    findings
}

fn finding(section: &str, directive: &str, value: &str) -> Option<Finding> {
    let (message, hint) = match (directives::kind(section, directive), directives::successor(directive)) {
        (None, _) => unknown_directive(section, directive),
        (Some(_), Some(successor)) => obsolete(directive, successor),
        (Some(kind), None) if value.is_empty() => empty(directive, kind)?,
        (Some(kind), None) => {
            let wrong = values::check(kind, value).err()?;
            (format!("`{directive}=` takes {}, not `{}`", wrong.expected, wrong.given), wrong.hint)
        }
    };
    let directive = Some(directive.to_owned());
    Some(Finding { section: section.to_owned(), directive, value: value.to_owned(), message, hint })
}

fn obsolete(directive: &str, successor: &str) -> (String, Option<String>) {
    let hint = format!("write `{successor}=`, whose values are not always the same");
    (format!("`{directive}=` is obsolete"), Some(hint))
}

/// An empty value resets a list, and says nothing of a directive that holds one value.
fn empty(directive: &str, kind: Kind) -> Option<(String, Option<String>)> {
    let hint = "leave the line out to keep the default".to_owned();
    (!kind.may_be_empty(directive)).then(|| (format!("`{directive}=` has no value"), Some(hint)))
}

fn unknown_section(section: &str) -> Finding {
    let message = format!("a service has no section `[{section}]`");
    let hint = nearest(section, directives::sections()).map(|near| format!("write `[{near}]`"));
    Finding { section: section.to_owned(), directive: None, value: String::new(), message, hint }
}

fn unknown_directive(section: &str, directive: &str) -> (String, Option<String>) {
    let message = format!("`[{section}]` has no directive `{directive}=`");
    let near = || nearest(directive, directives::of(section)?).map(|near| format!("write `{near}=`"));
    let home = directives::home(directive).map(|home| format!("move it to `[{home}]`"));
    (message, home.or_else(near))
}
