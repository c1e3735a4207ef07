//! The containers that stand for one instance, and which of them comes and which goes.

use std::net::IpAddr;

use super::{Attachments, marks};
use crate::incus::{self, Client, Instance, InstanceName, Status};
use crate::rollout::journal::Kind;
use crate::rollout::swap::Body;

/// The names of an instance's containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// While it is live.
    pub live: InstanceName,
    /// Beside it.
    pub next: InstanceName,
    /// Kept from before.
    pub prev: InstanceName,
}

impl Names {
    /// The names, unless the instance's own is too long for those of the others.
    pub fn of(instance: &InstanceName) -> Option<Self> {
        Some(Self { live: instance.clone(), next: instance.beside("next")?, prev: instance.beside("prev")? })
    }

    /// The number of a container kept from long before, such as `3` of `NAME-prev-3`.
    pub fn shelf(&self, name: &InstanceName) -> Option<u32> {
        name.as_str().strip_prefix(self.prev.as_str())?.strip_prefix('-')?.parse().ok().filter(|number| *number >= 2)
    }
}

/// The three, where they are there.
#[derive(Clone, Debug)]
pub struct Containers {
    /// Their names.
    pub names: Names,
    /// The one that is live.
    pub live: Option<Instance>,
    /// The one beside it.
    pub next: Option<Instance>,
    /// The one kept from before.
    pub prev: Option<Instance>,
}

/// Which container comes in an operation, and which goes.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// The one that the operation brings.
    pub incoming: Option<&'a Instance>,
    /// The one that served before it.
    pub outgoing: Option<&'a Instance>,
}

impl Containers {
    /// Looks for them.
    ///
    /// # Errors
    /// Incus cannot be asked.
    pub fn look(client: &Client, names: &Names) -> incus::Result<Self> {
        Ok(Self {
            names: names.clone(),
            live: client.instance(&names.live)?,
            next: client.instance(&names.next)?,
            prev: client.instance(&names.prev)?,
        })
    }

    /// Who comes and who goes: what the operation brings bears its note.
    pub fn sides(&self, kind: Kind, operation: &str) -> Sides<'_> {
        let comes = |container: &&Instance| marks::has(container, marks::INCOMING, operation);
        let all = [&self.live, &self.next, &self.prev].map(Option::as_ref);
        let incoming = all.into_iter().flatten().find(comes);
        let home = match kind {
            Kind::Rollout => &self.prev,
            Kind::Rollback => &self.next,
        };
        let outgoing = [&self.live, home].into_iter().flatten().find(|container| !comes(container));
        Sides { incoming, outgoing }
    }

    /// Where the container goes that makes room in an operation: the one that served goes to `-prev` in a rollout; in a
    /// rollback, where it came from.
    pub fn home(&self, kind: Kind, is_incoming: bool) -> &InstanceName {
        match (kind, is_incoming) {
            (Kind::Rollout, false) | (Kind::Rollback, true) => &self.names.prev,
            (Kind::Rollout, true) | (Kind::Rollback, false) => &self.names.next,
        }
    }

    /// A container as the machine sees it. What served before an operation was made ready for it long ago.
    pub fn body(&self, container: &Instance, operation: &str, is_incoming: bool) -> Body {
        Body {
            is_live: container.name == self.names.live,
            is_running: container.status != Status::Stopped,
            is_attached: !container.config.contains_key(marks::DETACHED),
            is_staged: !is_incoming || marks::has(container, marks::STAGED, operation),
            is_carried: !is_incoming || marks::has(container, marks::CARRIED, operation),
            is_complete: !is_incoming || !container.config.contains_key(marks::EXTENDED),
            is_proved: !container.config.contains_key(marks::TRIAL),
        }
    }

    /// The addresses that Incus reserves for the instance, whichever container has them now.
    pub fn addresses(&self) -> Vec<IpAddr> {
        let all = [&self.live, &self.next, &self.prev].into_iter().flatten();
        let mut addresses: Vec<_> = match &self.live {
            Some(live) if !live.config.contains_key(marks::DETACHED) => Attachments::of(live).addresses(),
            // Those that stand aside from before have the notes of other times.
            _ => {
                let in_use = all
                    .filter(|one| one.config.contains_key(marks::HALTED) || one.config.contains_key(marks::INCOMING));
                in_use.filter_map(Attachments::noted).flat_map(|noted| noted.addresses()).collect()
            }
        };
        addresses.sort_unstable();
        addresses.dedup();
        addresses
    }
}

#[cfg(test)]
pub(in crate::rollout) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::incus::InstanceKind;

    pub(in crate::rollout) fn container(name: &str) -> Instance {
        Instance {
            name: InstanceName::parse(name).unwrap(),
            kind: InstanceKind::Container,
            status: Status::Running,
            ephemeral: false,
            architecture: "x86_64".to_owned(),
            profiles: vec!["default".to_owned()],
            config: BTreeMap::new(),
            devices: BTreeMap::new(),
            expanded_config: BTreeMap::new(),
            expanded_devices: BTreeMap::new(),
            description: String::new(),
            location: "none".to_owned(),
            created_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn marked(name: &str, key: &str, value: &str) -> Instance {
        let mut container = container(name);
        container.config.insert(key.to_owned(), value.to_owned());
        container
    }

    fn of(all: [Option<Instance>; 3]) -> Containers {
        let [live, next, prev] = all;
        Containers { names: Names::of(&InstanceName::parse("api").unwrap()).unwrap(), live, next, prev }
    }

    fn names(sides: Sides<'_>) -> [Option<&str>; 2] {
        [sides.incoming, sides.outgoing].map(|side| side.map(|container| container.name.as_str()))
    }

    #[test]
    fn the_sides_of_a_rollout_are_known_at_every_point() {
        let incoming = |name| Some(marked(name, marks::INCOMING, "id"));
        let plain = |name| Some(container(name));
        let sides = |all| names(of(all).sides(Kind::Rollout, "id")).map(|name| name.map(str::to_owned));
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(sides([plain("api"), None, plain("api-prev")]), [None, some("api")]);
        assert_eq!(sides([plain("api"), incoming("api-next"), plain("api-prev")]), [some("api-next"), some("api")]);
        assert_eq!(sides([None, incoming("api-next"), plain("api-prev")]), [some("api-next"), some("api-prev")]);
        assert_eq!(sides([incoming("api"), None, plain("api-prev")]), [some("api"), some("api-prev")]);
        // What another operation left does not come in this one.
        assert_eq!(sides([plain("api"), Some(marked("api-next", marks::INCOMING, "old")), None]), [None, some("api")]);
    }

    #[test]
    fn the_sides_of_a_rollback_are_known_at_every_point() {
        let incoming = |name| Some(marked(name, marks::INCOMING, "id"));
        let plain = |name| Some(container(name));
        let sides = |all| names(of(all).sides(Kind::Rollback, "id")).map(|name| name.map(str::to_owned));
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(sides([plain("api"), None, incoming("api-prev")]), [some("api-prev"), some("api")]);
        assert_eq!(sides([None, plain("api-next"), incoming("api-prev")]), [some("api-prev"), some("api-next")]);
        assert_eq!(sides([incoming("api"), plain("api-next"), None]), [some("api"), some("api-next")]);
    }

    #[test]
    fn the_containers_of_long_ago_have_numbers() {
        let names = Names::of(&InstanceName::parse("api").unwrap()).unwrap();
        let shelf = |name: &str| names.shelf(&InstanceName::parse(name).unwrap());
        assert_eq!([shelf("api-prev-2"), shelf("api-prev-12")], [Some(2), Some(12)]);
        assert_eq!([shelf("api-prev"), shelf("api-prev-1"), shelf("api-prev-x"), shelf("apix-prev-2")], [None; 4]);
    }
}
