//! Values of Incus's JSON that are checked as they are read.

use jiff::Timestamp;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::{Fingerprint, InstanceName};

/// Go writes an empty list or map as `null`.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

pub(super) fn instance_name<'de, D: Deserializer<'de>>(from: D) -> Result<InstanceName, D::Error> {
    let text = String::deserialize(from)?;
    InstanceName::parse(&text).ok_or_else(|| D::Error::custom("not the name of an instance"))
}

pub(super) fn fingerprint<'de, D: Deserializer<'de>>(from: D) -> Result<Fingerprint, D::Error> {
    let text = String::deserialize(from)?;
    Fingerprint::parse(&text).ok_or_else(|| D::Error::custom("not a fingerprint"))
}

/// RFC 3339.
pub(super) fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    String::deserialize(from)?.parse().map_err(|_| D::Error::custom("not a time"))
}

/// The same; what never was is the first second of Go's or of Unix's time.
pub(super) fn time_if_any<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let time = time(from)?;
    Ok((time > Timestamp::UNIX_EPOCH).then_some(time))
}
