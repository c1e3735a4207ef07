//! Profiles. Creating one is atomic, and replacing one too: the rollout's lock is a profile.

use serde::Deserialize;
use serde_json::{Value, json};
use ureq::http::{Method, header};

use super::exchange::Call;
use super::{Client, Config, Devices, Result, json};
use crate::rootfs::escaped;

/// A profile.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// A person's words about it.
    #[serde(default, deserialize_with = "json::or_default")]
    pub description: String,
    /// The settings that it gives.
    #[serde(default, deserialize_with = "json::or_default")]
    pub config: Config,
    /// The devices that it gives.
    #[serde(default, deserialize_with = "json::or_default")]
    pub devices: Devices,
    /// The paths of the API of what uses it, such as `/1.0/instances/web-1`; not sent.
    #[serde(default, deserialize_with = "json::or_default")]
    pub used_by: Vec<String>,
}

/// The state of an object when it was read, by which Incus knows whether somebody wrote since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Etag(pub(super) String);

impl Profile {
    fn content(&self) -> Value {
        json!({"description": self.description, "config": self.config, "devices": self.devices})
    }
}

impl Client {
    /// The profile of that name, if there is one, and its state for [`replace_profile`](Self::replace_profile).
    ///
    /// # Errors
    /// As every request: see [`Kind`](super::Kind).
    pub fn profile(&self, name: &str) -> Result<Option<(Profile, Etag)>> {
        let call = Call::get(&["profiles", name], format!("show the profile `{}`", escaped(name.as_bytes())));
        let Some(answer) = self.read_if_there(&call)? else { return Ok(None) };
        let etag = answer.etag().ok_or_else(|| call.malformed("its answer has no ETag"))?;
        Ok(Some((answer.metadata, etag)))
    }

    /// Every profile of the project.
    ///
    /// # Errors
    /// As every request: see [`Kind`](super::Kind).
    pub fn profiles(&self) -> Result<Vec<Profile>> {
        let call = Call::get(&["profiles"], "list its profiles").query("recursion", "1");
        Ok(self.read_one(&call)?.metadata)
    }

    /// Creates a profile.
    ///
    /// # Errors
    /// As every request; [`Exists`](super::Kind::Exists) when the name is taken.
    pub fn create_profile(&self, profile: &Profile) -> Result<()> {
        let wanted = format!("create the profile `{}`", escaped(profile.name.as_bytes()));
        let mut body = profile.content();
        body["name"] = json!(profile.name);
        let call = Call::new(Method::POST, &["profiles"], wanted).body(body);
        self.change(&call).map(drop).map_err(super::Failure::or_exists)
    }

    /// Replaces a profile's content, if it is still as it was read.
    ///
    /// # Errors
    /// As every request; [`Changed`](super::Kind::Changed) when somebody wrote since, [`NotFound`](super::Kind::NotFound)
    /// when somebody deleted it.
    pub fn replace_profile(&self, profile: &Profile, read: &Etag) -> Result<()> {
        let wanted = format!("replace the profile `{}`", escaped(profile.name.as_bytes()));
        let call = Call::new(Method::PUT, &["profiles", &profile.name], wanted);
        self.change(&call.header(header::IF_MATCH, &read.0).body(profile.content())).map(drop)
    }

    /// Deletes a profile.
    ///
    /// # Errors
    /// As every request; [`NotFound`](super::Kind::NotFound) when it is not there.
    pub fn delete_profile(&self, name: &str) -> Result<()> {
        let wanted = format!("delete the profile `{}`", escaped(name.as_bytes()));
        self.change(&Call::new(Method::DELETE, &["profiles", name], wanted)).map(drop)
    }
}
