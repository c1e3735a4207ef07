//! What a list of packages brings along.

mod apt;
mod offers;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};

use self::apt::Choice;
use self::offers::Offers;
use self::trouble::Trouble;
use super::{Index, Package};
use crate::diagnostic::nearest;
use crate::{Error, Result};

/// Packages that need nothing but each other and what is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure<'i> {
    /// The packages, by name.
    pub packages: Vec<&'i Package>,
    /// What would be among them if nothing were left out, by name: the packages named to be, and what they alone bring.
    pub left_out: Vec<&'i Package>,
    /// Packages named to be left out that would not have come anyway, by name.
    pub idle: Vec<String>,
}

/// The packages of a list with all that their Depends and Pre-Depends bring along, as `apt-get install
/// --no-install-recommends` of apt 2.6 would choose them for an empty system: of alternatives what is chosen already,
/// else the first that can be installed, and of several providers the one that apt prefers.
///
/// `without` names packages that do not come. A dependency that one of them could satisfy counts as met.
///
/// # Errors
/// [`Invalid`](crate::error::Class::Invalid), with every reason as a cause: a package does not exist or is both wanted
/// and left out, a dependency cannot be met, or two packages refuse to be installed together.
pub fn resolve<'i>(index: &'i Index, wanted: &[String], without: &[String]) -> Result<Closure<'i>> {
    let offers = Offers::new(index);
    let mut reasons = Vec::new();
    let mut known = |names: &[String]| -> Vec<usize> {
        let place = |name: &String| match place(index, name) {
            Some(at) => Some(at),
            None => {
                reasons.push(unknown(&offers, name));
                None
            }
        };
        names.iter().filter_map(place).collect()
    };
    let (wanted, without) = (known(wanted), known(without).into_iter().collect::<BTreeSet<_>>());
    let name = |at: &usize| &index.records()[*at].package.name;
    let both = wanted.iter().filter(|at| without.contains(at));
    reasons.extend(both.map(|at| format!("`{}` is both wanted and to be left out", name(at))));
    if !reasons.is_empty() {
        return Err(unresolvable(reasons));
    }

    let choice = Choice::make(&offers, &wanted, &without);
    let reasons = Trouble::new(&offers, &choice, &wanted, &without).reasons();
    if !reasons.is_empty() {
        return Err(unresolvable(reasons));
    }
    let everything = match without.is_empty() {
        true => choice.clone(),
        false => Choice::make(&offers, &wanted, &BTreeSet::new()),
    };
    let idle = without.iter().filter(|at| !everything.has(**at)).map(|at| name(at).clone()).collect::<BTreeSet<_>>();
    Ok(Closure {
        packages: by_name(index, |at| choice.has(at)),
        left_out: by_name(index, |at| everything.has(at) && !choice.has(at)),
        idle: idle.into_iter().collect(),
    })
}

fn by_name(index: &Index, take: impl Fn(usize) -> bool) -> Vec<&Package> {
    let records = index.records().iter().enumerate();
    let taken = records.filter(|(at, _)| take(*at)).map(|(_, record)| (record.package.name.as_str(), &record.package));
    taken.collect::<BTreeMap<_, _>>().into_values().collect()
}

fn place(index: &Index, name: &str) -> Option<usize> {
    index.real(index.name(name)?)
}

fn unresolvable(reasons: Vec<String>) -> Error {
    let error = Error::invalid("the list of packages does not resolve");
    reasons.into_iter().fold(error, Error::cause)
}

/// Why a name is not a package, and what was probably meant.
fn unknown(offers: &Offers<'_>, name: &str) -> String {
    let shown = crate::rootfs::escaped(name.as_bytes());
    let providers = offers.providers_of(name);
    if !providers.is_empty() {
        let providers = providers.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        return format!("`{shown}` is virtual: name a package that provides it, such as {providers}");
    }
    match nearest(name, offers.index.packages().map(|package| package.name.as_str())) {
        Some(near) => format!("there is no package `{shown}`; the nearest is `{near}`"),
        None => format!("there is no package `{shown}`"),
    }
}
