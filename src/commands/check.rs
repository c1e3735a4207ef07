//! `vezaimg check`: every problem of a layout and its unit, and how exposed the unit is.

use serde::Serialize;

use crate::commands::lock::command;
use crate::diagnostic::{Problem, Severity};
use crate::layout::{self, Layout, LockFile, lint};
use crate::lock::Lock;
use crate::ui::Console;
use crate::unit::{Exposure, exposure};
use crate::{Error, Result};

/// What `vezaimg check` is asked to do.
#[derive(Clone, Debug)]
pub struct Request {
    /// The layout and its variables.
    pub layout: layout::Request,
    /// Print the unit file.
    pub unit: bool,
    /// Print one JSON object.
    pub json: bool,
}

/// The result, as `--json` prints it.
#[derive(Serialize)]
struct Report<'a> {
    layout: &'a str,
    problems: Vec<JsonProblem>,
    /// None without a unit.
    exposure: Option<JsonExposure>,
}

#[derive(Serialize)]
struct JsonProblem {
    severity: &'static str,
    file: String,
    line: usize,
    column: usize,
    message: String,
    hint: Option<String>,
}

#[derive(Serialize)]
struct JsonExposure {
    unit: String,
    level: String,
    rating: &'static str,
    remaining: Vec<JsonPoint>,
}

#[derive(Serialize)]
struct JsonPoint {
    id: String,
    name: String,
    exposure: String,
    description: String,
}

/// Checks the layout.
///
/// # Errors
/// A problem stops the work: the layout cannot be built from.
pub fn run(request: &Request, console: &Console) -> Result<()> {
    let mut reading = layout::read(&request.layout)?;
    reading.problems.extend(reading.layout.iter().flat_map(lint::left_to_base));
    let unlocked = reading.layout.as_ref().and_then(|layout| unlocked(layout, &reading.lock, &request.layout));
    reading.problems.extend(unlocked);
    let exposed = reading.layout.as_ref().and_then(exposed);
    if request.json {
        print_json(&reading.name, &reading.problems, exposed.as_ref(), console)?;
        // The problems are in the object; stderr gets the sentence alone.
        return reading.verdict();
    }
    let name = reading.name.clone();
    let (layout, warnings) = reading.usable()?;
    warnings.iter().for_each(|problem| console.problem(problem));
    if request.unit {
        return print_unit(&layout, console);
    }
    match &exposed {
        None => console.result(&format!("{name}: ok, no unit")),
        Some((unit, exposure)) => {
            for point in exposure.remaining() {
                let level = point.exposure.map(|level| level.to_string()).unwrap_or_default();
                console.detail(&level, &format!("{:<40} {}", point.name, point.description));
            }
            console.result(&format!("{name}: ok, exposure of {unit} {} {}", exposure.level, exposure.level.rating()))
        }
    }
}

/// What is wrong with the lock, at the `[base]` that it is to pin: a build with `--base` can do without.
fn unlocked(layout: &Layout, lock_file: &LockFile, request: &layout::Request) -> Option<Problem> {
    let base = layout.base.as_ref()?;
    let lock = Lock::of_layout(lock_file, &base.value, layout.image.architecture, &command(request, lock_file));
    let error = lock.err()?;
    let problem = Problem::warning(base.place.clone(), error.message());
    Some(error.hints().iter().fold(problem, Problem::hint))
}

fn exposed(layout: &Layout) -> Option<(String, Exposure)> {
    let unit = layout.unit.as_ref()?;
    Some((unit.name.value.clone(), exposure(&unit.spec.render())))
}

fn print_unit(layout: &Layout, console: &Console) -> Result<()> {
    let Some(unit) = &layout.unit else {
        return Err(Error::invalid("the layout has no `[unit]`").hint("leave out `--unit`"));
    };
    console.result(unit.spec.render().to_string().trim_end())
}

fn print_json(name: &str, problems: &[Problem], exposed: Option<&(String, Exposure)>, console: &Console) -> Result<()> {
    let problem = |problem: &Problem| {
        let (line, column) = problem.place.line_column();
        JsonProblem {
            severity: match problem.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            file: problem.place.source.name.clone(),
            line,
            column,
            message: problem.message.clone(),
            hint: problem.hint.clone(),
        }
    };
    let exposure = exposed.map(|(unit, exposure)| JsonExposure {
        unit: unit.clone(),
        level: exposure.level.to_string(),
        rating: exposure.level.rating(),
        remaining: exposure
            .remaining()
            .into_iter()
            .map(|point| JsonPoint {
                id: point.id.clone(),
                name: point.name.clone(),
                exposure: point.exposure.map(|level| level.to_string()).unwrap_or_default(),
                description: point.description.clone(),
            })
            .collect(),
    });
    let report = Report { layout: name, problems: problems.iter().map(problem).collect(), exposure };
    console.json(&report)
}
