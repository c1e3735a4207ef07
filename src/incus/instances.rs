//! Instances: what there are, and their lives.

use std::net::IpAddr;
use std::time::Duration;

use super::{Client, Config, Devices, Fingerprint, Instance, InstanceName, Result, Status};

/// An instance to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInstance {
    /// Its name.
    pub name: InstanceName,
    /// The image, of the store of its project.
    pub image: Fingerprint,
    /// Such as `x86_64`; the image's own otherwise.
    pub architecture: Option<String>,
    /// Its profiles, the later ones overrule the earlier. None means none, not the default one.
    pub profiles: Vec<String>,
    /// Its own settings.
    pub config: Config,
    /// Its own devices.
    pub devices: Devices,
    /// A person's words about it.
    pub description: String,
    /// The member of the cluster where it is to be; Incus chooses otherwise.
    pub member: Option<String>,
}

/// What an instance does at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// In a word.
    pub status: Status,
    /// Its first process, as its host sees it, while it runs.
    pub pid: Option<u32>,
    /// Its addresses, each with the interface inside that has it; those of the loopback too.
    pub addresses: Vec<(String, IpAddr)>,
}

impl Client {
    /// Every instance of the project, virtual machines too.
    ///
    /// # Errors
    /// As every request: see [`Kind`](super::Kind).
    pub fn instances(&self) -> Result<Vec<Instance>> {
        unimplemented!()
    }

    /// The instance of that name, if there is one.
    ///
    /// # Errors
    /// As every request: see [`Kind`](super::Kind).
    pub fn instance(&self, name: &InstanceName) -> Result<Option<Instance>> {
        let _ = name;
        unimplemented!()
    }

    /// Creates an instance and leaves it stopped.
    ///
    /// # Errors
    /// As every request; [`Exists`](super::Kind::Exists) when the name is taken, [`TimedOut`](super::Kind::TimedOut) when
    /// the image is not unpacked within the deadline: Incus goes on with it.
    pub fn create_instance(&self, new: &NewInstance, deadline: Duration) -> Result<()> {
        let _ = (new, deadline);
        unimplemented!()
    }

    /// Gives a stopped instance another name.
    ///
    /// # Errors
    /// As every request; [`Exists`](super::Kind::Exists) when the name is taken, [`Refused`](super::Kind::Refused) while
    /// it runs.
    pub fn rename_instance(&self, from: &InstanceName, to: &InstanceName) -> Result<()> {
        let _ = (from, to);
        unimplemented!()
    }

    /// Deletes a stopped instance, with its snapshots.
    ///
    /// # Errors
    /// As every request; [`NotFound`](super::Kind::NotFound) when it is not there.
    pub fn delete_instance(&self, name: &InstanceName) -> Result<()> {
        let _ = name;
        unimplemented!()
    }

    /// Starts an instance.
    ///
    /// # Errors
    /// As every request; [`Refused`](super::Kind::Refused) with what Incus says when it does not start, or runs already.
    pub fn start(&self, name: &InstanceName) -> Result<()> {
        let _ = name;
        unimplemented!()
    }

    /// Asks the instance's own systemd to stop it.
    ///
    /// # Errors
    /// As every request; [`TimedOut`](super::Kind::TimedOut) when it is not done after `grace`, and the instance goes on.
    pub fn stop(&self, name: &InstanceName, grace: Duration) -> Result<()> {
        let _ = (name, grace);
        unimplemented!()
    }

    /// Ends the instance's processes without asking them.
    ///
    /// # Errors
    /// As every request: see [`Kind`](super::Kind).
    pub fn kill(&self, name: &InstanceName) -> Result<()> {
        let _ = name;
        unimplemented!()
    }

    /// What an instance does at the moment.
    ///
    /// # Errors
    /// As every request; [`NotFound`](super::Kind::NotFound) when it is not there.
    pub fn state(&self, name: &InstanceName) -> Result<State> {
        let _ = name;
        unimplemented!()
    }
}
