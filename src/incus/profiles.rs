//! Profiles. Creating one is atomic, and replacing one too: the rollout's lock is a profile.

use super::{Client, Config, Devices, Result};

/// A profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// A person's words about it.
    pub description: String,
    /// The settings that it gives.
    pub config: Config,
    /// The devices that it gives.
    pub devices: Devices,
    /// The paths of the API of what uses it, such as `/1.0/instances/web-1`; not sent.
    pub used_by: Vec<String>,
}

/// The state of an object when it was read, by which Incus knows whether somebody wrote since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Etag(String);

impl Client {
    /// The profile of that name, if there is one, and its state for [`replace_profile`](Self::replace_profile).
    ///
    /// # Errors
    /// As every request: see [`Kind`](super::Kind).
    pub fn profile(&self, name: &str) -> Result<Option<(Profile, Etag)>> {
        let _ = name;
        unimplemented!()
    }

    /// Every profile of the project.
    ///
    /// # Errors
    /// As every request: see [`Kind`](super::Kind).
    pub fn profiles(&self) -> Result<Vec<Profile>> {
        unimplemented!()
    }

    /// Creates a profile.
    ///
    /// # Errors
    /// As every request; [`Exists`](super::Kind::Exists) when the name is taken.
    pub fn create_profile(&self, profile: &Profile) -> Result<()> {
        let _ = profile;
        unimplemented!()
    }

    /// Replaces a profile's content, if it is still as it was read.
    ///
    /// # Errors
    /// As every request; [`Changed`](super::Kind::Changed) when somebody wrote since.
    pub fn replace_profile(&self, profile: &Profile, read: &Etag) -> Result<()> {
        let _ = (profile, read);
        unimplemented!()
    }

    /// Deletes a profile.
    ///
    /// # Errors
    /// As every request; [`NotFound`](super::Kind::NotFound) when it is not there.
    pub fn delete_profile(&self, name: &str) -> Result<()> {
        let _ = name;
        unimplemented!()
    }
}
