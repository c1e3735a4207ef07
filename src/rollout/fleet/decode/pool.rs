//! `[[pool]]`: containers that serve the same.

use super::super::PoolName;
use super::super::draft::DraftPool;
use super::{checked, pace};
use crate::document::{Placed, Section, shown};
use crate::incus::InstanceName;

/// What a rollout puts behind an instance's name: for the container that it makes, and for the one that it keeps.
const RESERVED: [&str; 2] = ["-prev", "-next"];
/// The longest name that leaves room for `-prev-999`.
const LONGEST: usize = 54;

pub(super) fn pool(section: Section<'_>) -> DraftPool {
    let name = name(&section);
    let instances = section.required_texts("instances", "[\"backend-api-1\", \"backend-api-2\"]");
    let instances = instances.into_iter().filter_map(|text| instance(&section, text)).collect();
    let hint = "HAProxy's names are made of letters, digits, `-`, `_`, `.` and `:`";
    let backends = section.required_texts("backends", "[\"api_pool\"]").into_iter();
    let backends = backends.filter_map(|text| checked(&section, text, is_backend, "name of a backend", hint)).collect();
    let min_available = min_available(&section).unwrap_or(1);
    let pace = pace::pace(&section);
    let keep_volumes = section.flag("keep-volumes", true);
    section.finish();
    DraftPool { name, instances, backends, min_available, pace, keep_volumes }
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

fn instance(section: &Section<'_>, text: Placed<String>) -> Option<Placed<InstanceName>> {
    let Placed { value: text, place } = text;
    let refuse = |message: String, hint: &str| section.refuse(place.clone(), message, hint);
    let Some(value) = InstanceName::parse(&text) else {
        let hint = "a letter, then letters, digits and `-`, with no `-` at the end";
        return refuse(format!("`{}` is not the name of an instance", shown(&text)), hint);
    };
    if let Some((stem, suffix)) = RESERVED.iter().find_map(|suffix| Some((text.strip_suffix(suffix)?, suffix))) {
        let message = format!("instance name `{text}` ends with `{suffix}`, which a rollout keeps for itself");
        return refuse(message, &format!("name the one that serves, such as \"{stem}\""));
    }
    if let Some((stem, number)) = text.rsplit_once("-prev-")
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        let message = format!("instance name `{text}` is what a rollout calls a container from long before");
        return refuse(message, &format!("name the one that serves, such as \"{stem}\""));
    }
    if text.len() > LONGEST {
        let message = format!("instance name `{text}` is longer than {LONGEST} characters");
        return refuse(message, "a rollout keeps old containers as `NAME-prev-12`, and Incus takes 63");
    }
    Some(Placed { value, place })
}

/// What HAProxy takes as the name of a proxy, <https://docs.haproxy.org/2.6/configuration.html#4>.
fn is_backend(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=255).contains(&text.len()) && text.bytes().all(fits)
}

/// Fewer than there are instances; one where nothing is said, of two or more.
fn min_available(section: &Section<'_>) -> Option<usize> {
    let key = "min-available";
    let instances = section.count("instances");
    if !section.has(key) {
        if instances != 1 {
            return Some(1);
        }
        let hint = "nobody serves while the only instance is swapped: add `min-available = 0` if that may be";
        return section.refuse(section.place(), format!("`{key}` is missing from a [[pool]] of one"), hint);
    }
    let least = section.number::<usize>(key, "1", "from 0 up")?;
    // A pool without instances was reported as that.
    if instances == 0 || least.value < instances {
        return Some(least.value);
    }
    let message = match instances {
        1 => format!("`{key}` is {}, and the pool has 1 instance", least.value),
        more => format!("`{key}` is {}, and the pool has {more} instances", least.value),
    };
    section.refuse(least.place, message, &format!("at most {}: one at a time is out", instances - 1))
}
