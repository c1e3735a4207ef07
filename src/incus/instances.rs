//! Instances: what there are, and their lives.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use ureq::http::Method;

use super::exchange::Call;
use super::{Client, Config, Devices, Failure, Fingerprint, Instance, InstanceName, Kind, Result, Status, json};

/// For an instance to start, all its devices made.
const START: Duration = Duration::from_secs(300);

/// For an instance's processes to be gone once they are killed.
const KILL: Duration = Duration::from_secs(120);

/// For an instance to get another name, its volume and snapshots too.
const RENAME: Duration = Duration::from_secs(120);

/// For an instance's volume and snapshots to be deleted.
const DELETE: Duration = Duration::from_secs(600);

/// How much longer than an instance may take to stop Incus may take to say so.
const TIDYING: Duration = Duration::from_secs(60);

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

impl State {
    /// Its first IPv4 address that others can reach it at.
    pub fn ipv4(&self) -> Option<IpAddr> {
        let mut addresses = self.addresses.iter().map(|(_, address)| *address);
        addresses.find(|address| address.is_ipv4() && !address.is_loopback())
    }
}

impl Client {
    /// Every instance of the project, virtual machines too.
    ///
    /// # Errors
    /// As every request: see [`Kind`].
    pub fn instances(&self) -> Result<Vec<Instance>> {
        let call = Call::get(&["instances"], "list its instances").query("recursion", "1");
        Ok(self.read_one(&call)?.metadata)
    }

    /// The instance of that name, if there is one.
    ///
    /// # Errors
    /// As every request: see [`Kind`].
    pub fn instance(&self, name: &InstanceName) -> Result<Option<Instance>> {
        // Without its state, which Incus fails to tell of an instance that stops just now: `Invalid PID ''`.
        let call = Call::get(&["instances", name.as_str()], format!("show `{name}`"));
        Ok(self.read_if_there(&call)?.map(|answer| answer.metadata))
    }

    /// How many snapshots there are of an instance; none of one that is not there.
    ///
    /// # Errors
    /// As every request: see [`Kind`].
    pub fn snapshots(&self, name: &InstanceName) -> Result<usize> {
        let call = Call::get(&["instances", name.as_str(), "snapshots"], format!("list the snapshots of `{name}`"));
        Ok(self.read_if_there::<Vec<IgnoredAny>>(&call)?.map_or(0, |answer| answer.metadata.len()))
    }

    /// Creates an instance and leaves it stopped.
    ///
    /// # Errors
    /// As every request; [`Exists`](super::Kind::Exists) when the name is taken, [`TimedOut`](super::Kind::TimedOut) when
    /// the image is not unpacked within the deadline: Incus goes on with it.
    pub fn create_instance(&self, new: &NewInstance, deadline: Duration) -> Result<()> {
        let mut body = json!({
            "name": new.name.as_str(),
            "type": "container",
            "source": {"type": "image", "fingerprint": new.image.as_str()},
            "profiles": new.profiles,
            "config": new.config,
            "devices": new.devices,
            "description": new.description,
        });
        if let Some(architecture) = &new.architecture {
            body["architecture"] = json!(architecture);
        }
        let call = Call::new(Method::POST, &["instances"], format!("create `{}`", new.name)).body(body);
        let call = new.member.iter().fold(call, |call, member| call.query("target", member));
        self.run(&call, deadline).map(drop).map_err(Failure::or_exists)
    }

    /// Gives a stopped instance another name.
    ///
    /// # Errors
    /// As every request; [`Exists`](super::Kind::Exists) when the name is taken, [`Refused`](super::Kind::Refused) while
    /// it runs.
    pub fn rename_instance(&self, from: &InstanceName, to: &InstanceName) -> Result<()> {
        let call = Call::new(Method::POST, &["instances", from.as_str()], format!("rename `{from}` to `{to}`"));
        self.run(&call.body(json!({"name": to.as_str()})), RENAME).map(drop).map_err(Failure::or_exists)
    }

    /// Deletes a stopped instance, with its snapshots.
    ///
    /// # Errors
    /// As every request; [`NotFound`](super::Kind::NotFound) when it is not there.
    pub fn delete_instance(&self, name: &InstanceName) -> Result<()> {
        self.run(&Call::new(Method::DELETE, &["instances", name.as_str()], format!("delete `{name}`")), DELETE)
            .map(drop)
    }

    /// Starts an instance.
    ///
    /// # Errors
    /// As every request; [`Refused`](super::Kind::Refused) with what Incus says when it does not start, or runs already.
    pub fn start(&self, name: &InstanceName) -> Result<()> {
        let call = state_call(name, format!("start `{name}`"));
        self.run(&call.body(json!({"action": "start", "timeout": -1})), START).map(drop)
    }

    /// Asks the instance's own systemd to stop it.
    ///
    /// # Errors
    /// As every request; [`TimedOut`](super::Kind::TimedOut) when it is not done after `grace`, and the instance goes on.
    pub fn stop(&self, name: &InstanceName, grace: Duration) -> Result<()> {
        let begun = Instant::now();
        // Whole seconds; a zero would kill.
        let seconds = grace.as_secs() + u64::from(grace.subsec_nanos() > 0);
        let call = state_call(name, format!("stop `{name}`"));
        let call = call.body(json!({"action": "stop", "timeout": seconds.max(1), "force": false}));
        match self.run(&call, grace + TIDYING) {
            // An instance that did not stop in time is for Incus a failure like any other.
            Err(failure)
                if failure.kind() == Kind::Refused
                    && begun.elapsed() >= grace
                    && self.instance(name)?.is_some_and(|instance| instance.status == Status::Running) =>
            {
                Err(call.timed_out(grace))
            }
            outcome => outcome.map(drop),
        }
    }

    /// Ends the instance's processes without asking them.
    ///
    /// # Errors
    /// As every request: see [`Kind`].
    pub fn kill(&self, name: &InstanceName) -> Result<()> {
        let call = state_call(name, format!("kill `{name}`"));
        self.run(&call.body(json!({"action": "stop", "timeout": -1, "force": true})), KILL).map(drop)
    }

    /// What an instance does at the moment.
    ///
    /// # Errors
    /// As every request; [`NotFound`](super::Kind::NotFound) when it is not there.
    pub fn state(&self, name: &InstanceName) -> Result<State> {
        let wanted = format!("tell the state of `{name}`");
        let answer = self.read_one::<StateAnswer>(&Call::get(&["instances", name.as_str(), "state"], wanted))?.metadata;
        let addresses = answer.network.into_iter().flat_map(|(interface, network)| {
            network.addresses.into_iter().map(move |address| (interface.clone(), address.address))
        });
        Ok(State {
            status: answer.status,
            pid: u32::try_from(answer.pid).ok().filter(|pid| *pid > 0),
            addresses: addresses.collect(),
        })
    }
}

fn state_call(name: &InstanceName, wanted: String) -> Call {
    Call::new(Method::PUT, &["instances", name.as_str(), "state"], wanted)
}

#[derive(Deserialize)]
struct StateAnswer {
    status: Status,
    #[serde(default)]
    pid: i64,
    #[serde(default, deserialize_with = "json::or_default")]
    network: BTreeMap<String, Network>,
}

#[derive(Deserialize)]
struct Network {
    #[serde(default, deserialize_with = "json::or_default")]
    addresses: Vec<Address>,
}

#[derive(Deserialize)]
struct Address {
    address: IpAddr,
}
