//! No secret in what a layout puts into the layer, but where it says why.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::allowed_secrets;
use super::model::{AllowedSecret, Layout, Unit};
use crate::diagnostic::{Place, Problem};
use crate::document::Placed;
use crate::layer;
use crate::rootfs::TargetPath;
use crate::secrets::{Finding, Spot, find, of_value, sentences};

const FILE: &str = "push it into the container, and name it in `[[keep]]` so that it outlives a swap";
const UNIT: &str = "put it into the `environment-file`, pushed into the container and named in `[[keep]]`";
const BINARY: &str = "have the program read it when it starts, from its env file";
const VALUE: &str = "whoever sees the image reads it: leave it out";

/// A part of the layer: where it lies, where the layout speaks of it, what was found, what to do.
struct Part<'l> {
    path: Cow<'l, TargetPath>,
    place: &'l Place,
    findings: Vec<Finding>,
    hint: &'static str,
}

impl Part<'_> {
    /// The source line may hold the secret, and is never shown.
    fn problems(&self) -> impl Iterator<Item = Problem> {
        let path = &self.path;
        let hint = format!("{}; or say why it may be there with `--allow-secret {path}=REASON`", self.hint);
        sentences(&self.findings).into_iter().map(move |sentence| {
            let message = format!("`{path}` {sentence}, and secrets never enter an image");
            Problem::error(self.place.clone(), message).hint(hint.clone()).without_line()
        })
    }
}

/// The secrets in what the layout writes, and, where it could be read as a whole, allowances that nothing needs. The
/// binary is not the layout's: see [`in_binary`].
pub(super) fn problems(layout: &Layout, is_whole: bool) -> Vec<Problem> {
    let parts: Vec<_> = parts(layout).filter(holds_some).collect();
    let found: BTreeSet<_> = parts.iter().map(|part| &*part.path).collect();
    let is_open = |part: &&Part<'_>| !allowed_secrets::may(layout, &part.path);
    let mut problems: Vec<_> = parts.iter().filter(is_open).flat_map(Part::problems).collect();
    if is_whole {
        let binary = layout.binary.as_ref().map(|binary| &binary.path.value);
        let is_idle = |path: &TargetPath| !found.contains(path) && binary != Some(path);
        problems.extend(allowed_secrets::idle(layout, is_idle));
    }
    problems
}

/// What the layout allows with the kinds of what is found there, in the program too: each once, in order.
pub fn allowed<'l>(layout: &'l Layout, program: &[Finding]) -> Vec<(&'l AllowedSecret, BTreeSet<String>)> {
    let mut kinds: BTreeMap<TargetPath, BTreeSet<String>> = BTreeMap::new();
    let mut add = |path: &TargetPath, findings: &[Finding]| {
        kinds.entry(path.clone()).or_default().extend(findings.iter().map(|finding| finding.secret.kind()));
    };
    if !layout.allowed_secrets.is_empty() {
        parts(layout).for_each(|part| add(&part.path, &part.findings));
        layout.binary.iter().for_each(|binary| add(&binary.path.value, program));
    }
    let of = |allowed: &AllowedSecret| kinds.get(&allowed.path.value).cloned().unwrap_or_default();
    layout.allowed_secrets.iter().map(|allowed| (allowed, of(allowed))).collect()
}

/// The secrets in the program that goes into the image of the layout.
pub fn in_binary(layout: &Layout, findings: &[Finding]) -> Vec<Problem> {
    let Some(program) = &layout.binary else { return Vec::new() };
    let Placed { value: path, place } = &program.path;
    let part = Part { path: Cow::Borrowed(path), place, findings: findings.to_vec(), hint: BINARY };
    if !holds_some(&part) {
        return allowed_secrets::idle(layout, |allowed| allowed == path).collect();
    }
    if allowed_secrets::may(layout, path) { Vec::new() } else { part.problems().collect() }
}

/// A secret in a property of the image, which no allowance covers.
pub(super) fn in_property(key: &str, text: &Placed<String>) -> Option<Problem> {
    let secret = of_value(&text.value)?;
    let message = format!("`{key}` {secret}, and secrets never enter an image");
    Some(Problem::error(text.place.clone(), message).hint(VALUE).without_line())
}

fn holds_some(part: &Part<'_>) -> bool {
    !part.findings.is_empty()
}

/// All that the layout itself puts into the layer.
fn parts(layout: &Layout) -> impl Iterator<Item = Part<'_>> {
    files(layout).chain(values(layout)).chain(layout.unit.iter().flat_map(unit))
}

fn files(layout: &Layout) -> impl Iterator<Item = Part<'_>> {
    layout.files.iter().map(|file| {
        let Placed { value: path, place } = &file.path;
        Part { path: Cow::Borrowed(path), place, findings: find(path, &file.content), hint: FILE }
    })
}

/// What stands in a line of a file that is not the layout's alone, or in no file.
fn values(layout: &Layout) -> impl Iterator<Item = Part<'_>> {
    let users = layout.users.iter().flat_map(|user| {
        let fields = [&user.comment, &user.home, &user.shell];
        fields.map(|field| (Cow::Owned(TargetPath::known("/etc/passwd")), &user.name.place, field))
    });
    let links = layout.links.iter().map(|link| (Cow::Borrowed(&link.path.value), &link.path.place, &link.target));
    users.chain(links).map(|(path, place, text)| {
        let finding = of_value(text).map(|secret| Finding { spot: Spot::Name, secret });
        Part { path, place, findings: finding.into_iter().collect(), hint: VALUE }
    })
}

/// The unit, each variable of its environment for itself.
fn unit(unit: &Unit) -> Vec<Part<'_>> {
    let Some(path) = layer::unit_path(unit) else { return Vec::new() };
    let text = unit.spec.render().to_string();
    let lines: Vec<_> = text.lines().collect();
    let part = |finding: Finding| {
        let line = match finding.spot {
            Spot::Line(line) => lines.get(line - 1).copied().unwrap_or_default(),
            Spot::Name | Spot::Byte(_) => "",
        };
        let variable = line.strip_prefix("Environment=").and_then(|rest| rest.trim_start_matches('"').split_once('='));
        let place = variable.and_then(|(name, _)| unit.places.get(&format!("Environment={name}")));
        let directive = || line.split_once('=').and_then(|(name, _)| unit.places.get(name));
        let place = place.or_else(directive).unwrap_or(&unit.place);
        Part { path: Cow::Owned(path.clone()), place, findings: vec![finding], hint: UNIT }
    };
    find(&path, text.as_bytes()).into_iter().map(part).collect()
}
