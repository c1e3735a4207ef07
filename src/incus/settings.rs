//! Changing an instance without undoing what somebody else changed.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use ureq::http::{Method, header};

use super::exchange::Call;
use super::{Client, Config, Devices, InstanceName, Kind, Result, json};

/// For devices to be attached to and detached from a running instance.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often a change is begun anew.
const ATTEMPTS: u32 = 5;

/// What may be written of an instance besides [`Settings`].
const KEPT: [&str; 3] = ["architecture", "ephemeral", "stateful"];

/// What may be changed of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Settings {
    /// Its own settings.
    #[serde(default, deserialize_with = "json::or_default")]
    pub config: Config,
    /// Its own devices.
    #[serde(default, deserialize_with = "json::or_default")]
    pub devices: Devices,
    /// Its profiles, the later ones overrule the earlier.
    #[serde(default, deserialize_with = "json::or_default")]
    pub profiles: Vec<String>,
    /// A person's words about it.
    #[serde(default, deserialize_with = "json::or_default")]
    pub description: String,
}

impl Client {
    /// Changes an instance's settings. `change` is called again, with what is there then, when somebody else wrote
    /// meanwhile; if it changes nothing, nothing is sent.
    ///
    /// # Errors
    /// As every request; [`Changed`](super::Kind::Changed) when somebody else wrote five times in a row.
    pub fn change_instance(&self, name: &InstanceName, change: &mut dyn FnMut(&mut Settings)) -> Result<()> {
        let segments = ["instances", name.as_str()];
        let read = Call::get(&segments, format!("show `{name}`"));
        let mut left = 1..ATTEMPTS;
        loop {
            let answer = self.read_one::<Map<String, Value>>(&read)?;
            let etag = answer.etag().ok_or_else(|| read.malformed("its answer has no ETag"))?;
            let of_another_type = |_| read.malformed("a value of another type");
            let before = Settings::deserialize(Value::Object(answer.metadata.clone())).map_err(of_another_type)?;
            let mut after = before.clone();
            change(&mut after);
            if after == before {
                return Ok(());
            }
            let mut body = answer.metadata;
            body.retain(|key, _| KEPT.contains(&key.as_str()));
            body.insert("config".to_owned(), json!(after.config));
            body.insert("devices".to_owned(), json!(after.devices));
            body.insert("profiles".to_owned(), json!(after.profiles));
            body.insert("description".to_owned(), json!(after.description));
            let call = Call::new(Method::PUT, &segments, format!("change `{name}`"));
            match self.run(&call.header(header::IF_MATCH, etag.0).body(Value::Object(body)), PATIENCE) {
                Err(failure) if failure.kind() == Kind::Changed && left.next().is_some() => {}
                outcome => return outcome.map(drop),
            }
        }
    }
}
