//! Whether a store has this image, and whether every container of its layout runs it.

use super::{Check, counted};
use crate::Result;
use crate::incus::{Client, Instance};
use crate::rollout::instance::marks;
use crate::rootfs::{Digest, escaped};

/// Whether the image is in the store; an image there is known by the digest of its bytes.
///
/// # Errors
/// Incus cannot be asked.
pub fn stored(client: &Client, fingerprint: Digest) -> Result<Check> {
    let place = client.remote();
    Ok(match client.image(&fingerprint.to_string())? {
        Some(image) if image.fingerprint.as_str() == fingerprint.to_string() => {
            Check::good("store", format!("`{place}` has it"))
        }
        _ => Check::bad("store", format!("`{place}` does not have it"), Vec::new()),
    })
}

/// Whether every container of the layout was made of this image; what a rollout keeps of the one before does not count.
///
/// # Errors
/// Incus cannot be asked.
pub fn instances(client: &Client, layout: &str, fingerprint: Digest) -> Result<Check> {
    const CHECK: &str = "instances";
    let all = client.instances()?;
    let is_live = |it: &&Instance| it.config.get(marks::INSTANCE).is_none_or(|name| name == it.name.as_str());
    let of_layout = |it: &&Instance| it.property("vezaimg.layout") == Some(layout);
    let live: Vec<_> = all.iter().filter(of_layout).filter(is_live).collect();
    if live.is_empty() {
        return Ok(Check::open(CHECK, format!("none of the layout `{layout}`")));
    }
    let expected = fingerprint.to_string();
    let others = live.iter().filter(|it| it.image().is_none_or(|image| image.as_str() != expected));
    let line = |it: &&Instance| {
        let release = it.property("vezaimg.release").map(|release| escaped(release.as_bytes()));
        let image = it.image().map(|image| image.short().to_owned());
        format!("`{}` runs {} ({})", it.name, release.unwrap_or_default(), image.unwrap_or_default())
    };
    let faults: Vec<_> = others.map(line).collect();
    Ok(match faults.is_empty() {
        true => Check::good(CHECK, format!("{} of `{layout}`", counted(live.len(), "instance", "instances"))),
        false => Check::bad(CHECK, "run another image", faults),
    })
}
