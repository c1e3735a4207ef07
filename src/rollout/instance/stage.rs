//! The container that is made beside the live one.

use jiff::Timestamp;

use super::attachments::is_place;
use super::{Attachments, marks};
use crate::incus::{Config, Fingerprint, Instance, InstanceName, NewInstance};

/// What Incus sets of itself, or what belongs to the other container's image.
const NOT_COPIED: [&str; 3] = ["volatile.", "image.", marks::PREFIX];

/// A container of the image that is in all else as the live one, but has no place in the network yet.
///
/// It bears its notes from its creation on, so that whoever finds it knows whose it is.
pub fn new_container(live: &Instance, name: &InstanceName, image: &Fingerprint, operation: &str) -> NewInstance {
    let attachments = Attachments::of(live);
    let is_own = |key: &String| !NOT_COPIED.iter().any(|prefix| key.starts_with(prefix));
    let own = live.config.iter().filter(|(key, _)| is_own(key));
    let mut config: Config = own.map(|(key, value)| (key.clone(), value.clone())).collect();
    let devices = live.devices.iter().filter(|(_, device)| !is_place(device));
    let mut devices = devices.map(|(name, device)| (name.clone(), device.clone())).collect();
    attachments.mask(&mut devices);
    let noted = serde_json::to_string(&attachments).unwrap_or_default();
    config.extend([
        ("boot.autostart".to_owned(), "false".to_owned()),
        (marks::INSTANCE.to_owned(), live.name.to_string()),
        (marks::INCOMING.to_owned(), operation.to_owned()),
        (marks::TRIAL.to_owned(), "yes".to_owned()),
        (marks::DETACHED.to_owned(), noted),
    ]);
    NewInstance {
        name: name.clone(),
        image: image.clone(),
        architecture: None,
        profiles: live.profiles.clone(),
        config,
        devices,
        description: live.description.clone(),
        member: (live.location != "none" && !live.location.is_empty()).then(|| live.location.clone()),
    }
}

/// The notes of a container that became live. Those of the operation stay until its journal says that it is over.
pub fn commit(config: &mut Config, operation: &str, now: Timestamp) {
    config.insert(marks::OPERATION.to_owned(), operation.to_owned());
    config.insert(marks::SINCE.to_owned(), now.to_string());
}
