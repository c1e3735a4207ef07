//! `[[pool]]`: containers that serve the same.

use super::super::draft::{DraftPool, PoolShape};
use super::super::{Entry, PoolName};
use super::{checked, pace};
use crate::document::{Placed, Section, shown};
use crate::incus::InstanceName;

/// What a rollout puts behind an instance's name: for the container that it makes, and for the one that it keeps.
const RESERVED: [&str; 2] = ["-prev", "-next"];
/// The longest name that leaves room for `-prev-999`.
const LONGEST: usize = 54;

/// A pool that lists its instances.
pub(super) fn pool(section: Section<'_>) -> DraftPool {
    let instances = section.required_texts("instances", "[\"backend-api-1\", \"backend-api-2\"]");
    let instances = instances.into_iter().filter_map(|text| instance(&section, text)).collect();
    let shape = shape(&section);
    let count = section.count("instances");
    section.finish();
    DraftPool { shape, instances, layout: None, count }
}

/// What there is to say of a pool, whoever is in it.
pub(crate) fn shape(section: &Section<'_>) -> PoolShape {
    let is_balancer = section.flag("balancer", false);
    let least = "min-available";
    PoolShape {
        place: section.place(),
        name: name(section),
        is_balancer,
        backends: if is_balancer { none(section) } else { backends(section) },
        min_available: section.has(least).then(|| section.number(least, "1", "from 0 up")).flatten(),
        entry: entry(section),
        pace: pace::pace(section),
        keep_volumes: section.flag("keep-volumes", true),
    }
}

fn backends(section: &Section<'_>) -> Vec<Placed<String>> {
    let hint = "HAProxy's names are made of letters, digits, `-`, `_`, `.` and `:`";
    let backends = section.required_texts("backends", "[\"api_pool\"]").into_iter();
    backends.filter_map(|text| checked(section, text, is_backend, "name of a backend", hint)).collect()
}

/// Balancers stand behind nothing.
fn none(section: &Section<'_>) -> Vec<Placed<String>> {
    if section.has("backends") {
        let message = "a pool of balancers has `backends`".to_owned();
        section.refuse::<()>(section.place(), message, "leave them out, or `balancer = true`");
    }
    Vec::new()
}

fn name(section: &Section<'_>) -> Option<Placed<PoolName>> {
    let name = section.required_text("name", "\"backend-api\"")?;
    match PoolName::parse(&name.value) {
        Some(value) => Some(Placed { value, place: name.place }),
        None => {
            let message = format!("`{}` is not the name of a pool", shown(&name.value));
            let hint = "at most 40 lower-case letters, digits and `-`, with no `-` at either end";
            section.refuse(name.place, message, hint)
        }
    }
}

fn entry(section: &Section<'_>) -> Option<Entry> {
    let text = section.text("entry")?;
    Entry::parse(&text.value).map_or_else(|why| section.refuse(text.place, why, ""), Some)
}

fn instance(section: &Section<'_>, text: Placed<String>) -> Option<Placed<InstanceName>> {
    match rollable(&text.value) {
        Ok(value) => Some(Placed { value, place: text.place }),
        Err((message, hint)) => section.refuse(text.place, message, &hint),
    }
}

/// The name of an instance that can be rolled.
///
/// # Errors
/// It is none: what is wrong, and the way out.
pub(in super::super) fn rollable(text: &str) -> Result<InstanceName, (String, String)> {
    let Some(name) = InstanceName::parse(text) else {
        let hint = "a letter, then letters, digits and `-`, with no `-` at the end";
        return Err((format!("`{}` is not the name of an instance", shown(text)), hint.to_owned()));
    };
    if let Some((stem, suffix)) = RESERVED.iter().find_map(|suffix| Some((text.strip_suffix(suffix)?, suffix))) {
        let message = format!("instance name `{text}` ends with `{suffix}`, which a rollout keeps for itself");
        return Err((message, format!("name the one that serves, such as \"{stem}\"")));
    }
    if let Some((stem, number)) = text.rsplit_once("-prev-")
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        let message = format!("instance name `{text}` is what a rollout calls a container from long before");
        return Err((message, format!("name the one that serves, such as \"{stem}\"")));
    }
    if text.len() > LONGEST {
        let message = format!("instance name `{text}` is longer than {LONGEST} characters");
        return Err((message, "a rollout keeps old containers as `NAME-prev-12`, and Incus takes 63".to_owned()));
    }
    Ok(name)
}

/// What HAProxy takes as the name of a proxy, <https://docs.haproxy.org/2.6/configuration.html#4>.
fn is_backend(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=255).contains(&text.len()) && text.bytes().all(fits)
}
