//! Changing an instance without undoing what somebody else changed.

use super::{Client, Config, Devices, InstanceName, Result};

/// What may be changed of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Its own settings.
    pub config: Config,
    /// Its own devices.
    pub devices: Devices,
    /// Its profiles, the later ones overrule the earlier.
    pub profiles: Vec<String>,
    /// A person's words about it.
    pub description: String,
}

impl Client {
    /// Changes an instance's settings. `change` is called again, with what is there then, when somebody else wrote
    /// meanwhile; if it changes nothing, nothing is sent.
    ///
    /// # Errors
    /// As every request; [`Changed`](super::Kind::Changed) when somebody else wrote five times in a row.
    pub fn change_instance(&self, name: &InstanceName, change: &mut dyn FnMut(&mut Settings)) -> Result<()> {
        let _ = (name, change);
        unimplemented!()
    }
}
