//! Notes that a container bears in its own configuration, as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::incus::{Config, InstanceName};
use crate::{Error, Result};

/// The most bytes that a note may have.
pub(super) const LARGEST: usize = 64 << 10;

/// What is noted in a container's configuration; without a note, nothing.
pub(super) fn read<T: DeserializeOwned + Default>(config: &Config, key: &str, container: &InstanceName) -> Result<T> {
    let Some(note) = config.get(key) else { return Ok(T::default()) };
    // What the parser would quote has no place in a message.
    serde_json::from_str(note)
        .map_err(|_| Error::failed(format!("the setting `{key}` of `{container}` is not what vezaimg notes there")))
}

/// A note's text.
///
/// # Errors
/// It is too long, which `refusal` says of so many bytes.
pub(super) fn text<T: Serialize>(note: &T, refusal: impl FnOnce(usize) -> Error) -> Result<String> {
    let text = serde_json::to_string(note).map_err(|cause| Error::failed("cannot write JSON").cause(cause))?;
    if text.len() > LARGEST { Err(refusal(text.len())) } else { Ok(text) }
}

/// Puts a note into a configuration, or takes it out where there is nothing to be noted.
pub(super) fn put<T: Default + PartialEq>(config: &mut Config, key: &str, note: &T, text: &str) {
    match *note == T::default() {
        true => config.remove(key),
        false => config.insert(key.to_owned(), text.to_owned()),
    };
}
