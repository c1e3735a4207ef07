//! Whether the service of a layout can run: its unit's directives, its program, its user, the paths that it writes to.

use crate::diagnostic::{Place, Problem, Severity};
use crate::rootfs::{Kind, Mode, Survey, TargetPath};
use crate::unit::{exec_program, lint};
use crate::{Error, Result};

use super::model::{Access, Layout, Unit};

/// What is wrong with the layout's service. With a base, paths that are not the layout's are looked up there; without
/// one, they are left for the build to look up.
pub fn problems(layout: &Layout, base: Option<&Survey>) -> Vec<Problem> {
    let Some(unit) = &layout.unit else { return Vec::new() };
    let mut problems = directives(unit);
    problems.extend(program(layout, unit, base));
    problems.extend(write_paths(layout, unit, base));
    problems.extend(working_directory(layout, unit, base));
    problems.sort_by_key(|problem| problem.place.span.start);
    problems
}

/// The warnings, or one error that holds every problem.
///
/// # Errors
/// The service cannot run.
pub fn usable(layout: &Layout, base: Option<&Survey>) -> Result<Vec<Problem>> {
    let problems = problems(layout, base);
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        let unit = layout.unit.as_ref().map(|unit| unit.name.value.as_str()).unwrap_or_default();
        return Err(Error::invalid(format!("the unit `{unit}` cannot run as it is")).problems(problems));
    }
    Ok(problems)
}

/// The paths that a layout's unit leaves to the base: worth knowing where there is no base to look them up in. That the
/// program of a layout without a binary is the base's, is as it should be.
pub fn left_to_base(layout: &Layout) -> Vec<Problem> {
    let Some(unit) = &layout.unit else { return Vec::new() };
    let program = layout.binary.as_ref().and_then(|_| exec_program(&unit.spec.exec));
    let program = program.map(|path| ("exec", "ExecStart", path));
    let write_paths = unit.spec.write_paths.iter().map(|path| ("write-paths", path.as_str(), path.as_str()));
    let left = |(key, at, text): (&str, &str, &str)| {
        let path = TargetPath::parse(text).ok()?;
        let message = format!("`{key}` names `{path}`, which only a base can hold");
        let problem = Problem::warning(place(unit, at), message).hint("the build looks it up in the base");
        own(layout, &followed(layout, &path)).is_none().then_some(problem)
    };
    program.into_iter().chain(write_paths).filter_map(left).collect()
}

fn place(unit: &Unit, key: &str) -> Place {
    unit.places.get(key).unwrap_or(&unit.place).clone()
}

fn directives(unit: &Unit) -> Vec<Problem> {
    let finding = |finding: crate::unit::Finding| {
        let place = place(unit, finding.directive.as_deref().unwrap_or_default());
        let problem = Problem::error(place, finding.message);
        match finding.hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    };
    lint(&unit.spec.render()).into_iter().map(finding).collect()
}

/// An entry that the layout itself puts at a path.
enum Own {
    Directory(Access),
    Executable,
    Plain,
}

fn own(layout: &Layout, path: &TargetPath) -> Option<Own> {
    if let Some(directory) = layout.directories.iter().find(|entry| entry.path.value == *path) {
        return Some(Own::Directory(directory.access));
    }
    let files = layout.files.iter().map(|file| (&file.path.value, file.access.mode));
    let program = layout.binary.iter().map(|binary| (&binary.path.value, binary.access.mode));
    let mut files = files.chain(program);
    let (_, mode) = files.find(|(there, _)| *there == path)?;
    Some(if executable(mode) { Own::Executable } else { Own::Plain })
}

/// Where a `[[link]]` of the layout leads; a path that is none leads to itself.
fn followed(layout: &Layout, path: &TargetPath) -> TargetPath {
    let mut here = path.clone();
    // Each link once at most: more would be a circle.
    for _ in &layout.links {
        let Some(link) = layout.links.iter().find(|link| link.path.value == here) else { break };
        let next = match link.target.strip_prefix('/') {
            Some(absolute) => TargetPath::from_relative(absolute.as_bytes()),
            None => here.parent().unwrap_or_else(TargetPath::root).join(link.target.as_bytes()),
        };
        let Ok(next) = next else { break };
        here = next;
    }
    here
}

fn executable(mode: Mode) -> bool {
    mode.bits() & 0o111 != 0
}

fn program(layout: &Layout, unit: &Unit, base: Option<&Survey>) -> Option<Problem> {
    // What is not the path of a program is among the directives' findings.
    let program = exec_program(&unit.spec.exec)?;
    let path = TargetPath::parse(program).ok()?;
    let wrong = |what: &str| {
        let problem = Problem::error(place(unit, "ExecStart"), format!("`exec` names `{path}`, which {what}"));
        Some(match &layout.binary {
            Some(binary) => problem.hint(format!("the binary is `{}`", binary.path.value)),
            None => problem,
        })
    };
    // `/bin` is a link on a merged /usr: what the layout puts into `/usr/bin` is there as well.
    let real = base.zip(path.parent()).and_then(|(base, parent)| base.resolve(&parent)?.0.join(path.name()).ok());
    let own = own(layout, &followed(layout, &path)).or_else(|| own(layout, real.as_ref()?));
    match (own, base) {
        (Some(Own::Executable), _) => None,
        (Some(Own::Plain), _) => wrong("nobody may execute"),
        (Some(Own::Directory(_)), _) => wrong("is a directory"),
        (None, None) => None,
        (None, Some(base)) => match base.resolve(&path) {
            Some((_, entry)) if matches!(entry.kind, Kind::File(_)) && executable(entry.metadata.mode) => None,
            Some(_) => wrong("is not an executable file in the base"),
            None => wrong("is neither in the layout nor in the base"),
        },
    }
}

fn write_paths(layout: &Layout, unit: &Unit, base: Option<&Survey>) -> Vec<Problem> {
    let users: Vec<_> = layout.users.iter().filter(|user| user.name.value == unit.spec.user).collect();
    let uid = match users[..] {
        [user] => user.uid.value,
        [] if unit.spec.user == "root" => 0,
        // Its own tables are at fault, which was reported.
        _ => return Vec::new(),
    };
    let check = |text: &String| {
        let path = TargetPath::parse(text).ok()?;
        let wrong = |what: String, hint: String| {
            Some(Problem::error(place(unit, text), format!("`write-paths` names `{path}`, which {what}")).hint(hint))
        };
        let owned_by = |owner: u32, mode: Mode| {
            if owner != uid {
                let what = format!("belongs to uid {owner} and not to the unit's user `{}`", unit.spec.user);
                return wrong(what, format!("give the directory `owner = \"{}\"`", unit.spec.user));
            }
            if mode.bits() & 0o200 == 0 {
                return wrong(
                    format!("has mode {mode}, which its owner may not write to"),
                    "such as \"0750\"".to_owned(),
                );
            }
            None
        };
        match (own(layout, &path), base) {
            (Some(Own::Directory(_)), _) if layout.unclear.contains(&path) => None,
            (Some(Own::Directory(access)), _) => owned_by(access.uid, access.mode),
            (Some(_), _) => {
                wrong("is a file of the image".to_owned(), "name the directory that holds what is written".to_owned())
            }
            (None, None) => None,
            (None, Some(base)) => match base.resolve(&path) {
                Some((_, entry)) => owned_by(entry.metadata.uid, entry.metadata.mode),
                None => wrong(
                    "is neither in the layout nor in the base".to_owned(),
                    "declare it as a [[directory]]".to_owned(),
                ),
            },
        }
    };
    unit.spec.write_paths.iter().filter_map(check).collect()
}

fn working_directory(layout: &Layout, unit: &Unit, base: Option<&Survey>) -> Option<Problem> {
    let path = TargetPath::parse(unit.spec.working_directory.as_deref()?).ok()?;
    let there = match (own(layout, &path), base) {
        (Some(Own::Directory(_)), _) | (None, None) => true,
        (Some(_), _) => false,
        (None, Some(base)) => {
            let holds_binary = layout.binary.iter().any(|binary| binary.path.value.is_within(&path));
            holds_binary || base.resolve(&path).is_some_and(|(_, entry)| matches!(entry.kind, Kind::Directory))
        }
    };
    let message = format!("`working-directory` names `{path}`, which is not a directory of the image");
    (!there).then(|| Problem::error(place(unit, "WorkingDirectory"), message).hint("declare it as a [[directory]]"))
}
