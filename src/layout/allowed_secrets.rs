//! Files that may hold what looks like a secret, each with the reason that the manifest gives.

use std::sync::Arc;

use super::model::{AllowedSecret, Layout};
use crate::diagnostic::{Place, Problem, Source};
use crate::document::{Placed, at};
use crate::rootfs::TargetPath;
use crate::secrets::is_in_sentence;

/// What a reason is, for a hint.
pub(super) const REASON: &str = "one line that tells whoever reads the manifest why it is no secret";

/// The most characters of a reason.
const LONGEST: usize = 300;

const EXAMPLE: &str = "such as `--allow-secret '/etc/app/test.pem=only the tests use this key'`";

/// Adds what the arguments `PATH=REASON` allow to what the layout does, in the order of the paths.
pub(super) fn add(layout: &mut Layout, arguments: &[String], problems: &mut Vec<Problem>) {
    let given = arguments.iter().map(|argument| parse(argument));
    let (given, faults): (Vec<_>, Vec<_>) = given.partition(Result::is_ok);
    problems.extend(faults.into_iter().filter_map(Result::err));
    let allowed = &mut layout.allowed_secrets;
    allowed.extend(given.into_iter().filter_map(Result::ok));
    // Stable: of two for one path, the later one is told.
    allowed.sort_by(|a, b| a.path.value.cmp(&b.path.value));
    for pair in allowed.windows(2) {
        if let [first, second] = pair
            && first.path.value == second.path.value
        {
            let message = format!("`{}` is allowed a secret twice", second.path.value);
            let problem = Problem::error(second.path.place.clone(), message);
            problems.push(problem.hint(format!("first at {}", at(&first.path.place))).without_line());
        }
    }
}

fn parse(argument: &str) -> Result<AllowedSecret, Problem> {
    let source = Arc::new(Source { name: "--allow-secret".to_owned(), text: argument.to_owned() });
    let place = Place { source, span: 0..argument.find('=').unwrap_or(argument.len()) };
    let wrong = |message: String, hint: &str| Problem::error(place.clone(), message).hint(hint).without_line();
    let Some((path, reason)) = argument.split_once('=') else {
        return Err(wrong("`--allow-secret` wants PATH=REASON".to_owned(), EXAMPLE));
    };
    let value = TargetPath::parse(path).map_err(|error| {
        let message = format!("path `{}` {}", path.escape_debug(), error.reason());
        wrong(message, "write it from the root of the image")
    })?;
    match unfit(reason) {
        Some(why) => Err(wrong(format!("the reason for `{value}` {why}"), REASON)),
        None => Ok(AllowedSecret { path: Placed { value, place }, reason: reason.to_owned() }),
    }
}

/// Why a text is no reason, if it is none.
pub(super) fn unfit(reason: &str) -> Option<&'static str> {
    if reason.trim().is_empty() {
        return Some("is empty");
    }
    if reason.chars().any(char::is_control) {
        return Some("is not one line of text");
    }
    if reason.chars().count() > LONGEST {
        return Some("is longer than 300 characters");
    }
    is_in_sentence(reason).then_some("holds a secret itself")
}

/// Whether a file may hold what looks like a secret.
pub(super) fn may(layout: &Layout, path: &TargetPath) -> bool {
    layout.allowed_secrets.iter().any(|allowed| allowed.path.value == *path)
}

/// What is allowed and not needed, of the paths that `is_idle` knows to hold no secret: it would let a later one pass.
pub(super) fn idle(layout: &Layout, is_idle: impl Fn(&TargetPath) -> bool) -> impl Iterator<Item = Problem> {
    let idle = layout.allowed_secrets.iter().filter(move |allowed| is_idle(&allowed.path.value));
    idle.map(|allowed| {
        let message = format!("`{}` may hold a secret, and none is found there", allowed.path.value);
        let hint = "allow no more than there is, by the file's path in the image";
        Problem::error(allowed.path.place.clone(), message).hint(hint).without_line()
    })
}
