//! A fleet out of Ansible's inventory: who there is. What they are, the layouts say.

use std::net::IpAddr;

use super::decode::{is_project, is_remote, local, rollable};
use super::draft::{Draft, DraftPool};
use super::{Fleet, IncusAt, Origin, PoolShape};
use crate::diagnostic::{Place, Problem};
use crate::document::{self, Placed, shown};
use crate::haproxy::Address;
use crate::incus::InstanceName;
use crate::inventory::{Inventory, Value, Variables};
use crate::{Error, Result};

/// A layout's `[pool]`: the containers of a group of the inventory.
#[derive(Clone, Debug)]
pub struct InventoryPool {
    /// What its images are called: the layout's `[image]`.
    pub layout: String,
    /// The inventory's group of its containers.
    pub group: Placed<String>,
    /// What they are behind; none of balancers.
    pub behind: Option<Behind>,
    /// Everything else.
    pub shape: PoolShape,
}

/// The HAProxy in front of a pool.
#[derive(Clone, Debug)]
pub struct Behind {
    /// The inventory's group of the containers in which it runs: one, or the members of a pair.
    pub balancers: Placed<String>,
    /// Its runtime API inside them: `HOST:PORT`, or the path of a unix socket.
    pub socket: Placed<String>,
    /// Its map of draining servers, where it is not called `draining.map`.
    pub drain_map: Option<String>,
}

/// What the connection plugin `community.general.incus` reads of a host: the instance, its remote and its project, and what
/// it takes where nothing is said.
const CONNECTION: &str = "ansible_connection";
const INSTANCE: [&str; 2] = ["ansible_incus_host", "ansible_host"];
const REMOTE: (&str, &str) = ("ansible_incus_remote", "local");
const PROJECT: (&str, &str) = ("ansible_incus_project", "default");

/// The pools whose groups the inventory has: those that are `wanted` by name, or all of them. `layouts` are those that were
/// named for it.
///
/// # Errors
/// It has none of the groups, or what there is makes no sound fleet: every problem.
pub fn from_inventory(
    inventory: &Inventory,
    mut pools: Vec<InventoryPool>,
    wanted: &[String],
    layouts: Vec<String>,
) -> Result<Fleet> {
    let name = inventory.name();
    // Nobody's own pool waits for another one to be right. A name that is no pool's is for the fleet to tell.
    if pools.iter().any(|pool| pool.shape.is_one_of(wanted)) {
        pools.retain(|pool| pool.shape.is_one_of(wanted));
    }
    let groups: Vec<_> = pools.iter().map(|pool| format!("`{}`", pool.group.value)).collect();
    pools.retain(|pool| inventory.hosts_of(&pool.group.value).is_some_and(|hosts| !hosts.is_empty()));
    if pools.is_empty() {
        let message = match groups.is_empty() {
            true => "no layout has a `[pool]`, which would name a group of the inventory".to_owned(),
            false => format!("`{name}` has no host in {}", groups.join(", ")),
        };
        let hint = "a layout names the group of its containers in `[pool]`; other layouts are named with `--layout`";
        return Err(Error::invalid(message).hint(hint));
    }
    let mut reader = Reader { inventory, problems: Vec::new() };
    let mut behind = pools.iter().filter_map(|pool| Some((pool, pool.behind.as_ref()?)));
    let (balancers, sockets, drain_map) = match behind.next() {
        None => Default::default(),
        Some((first, balancer)) => {
            behind.for_each(|(pool, other)| reader.same_balancers((first, balancer), (pool, other)));
            let members = reader.members(&balancer.balancers.value);
            let sockets = reader.sockets(balancer, &members);
            (members, sockets, balancer.drain_map.clone())
        }
    };
    let members: Vec<_> = pools.iter().map(|pool| reader.members(&pool.group.value)).collect();
    let everybody: Vec<_> = members.iter().flatten().chain(&balancers).collect();
    let hint = "as `incus remote list` shows it, without a colon";
    let remote = reader.common(REMOTE, &everybody, is_remote, hint);
    let project = reader.common(PROJECT, &everybody, is_project, "as `incus project list` shows it");
    let incus = IncusAt { remote: remote.unwrap_or_else(local), project };
    let drafts = pools.into_iter().zip(members).map(|(pool, members)| DraftPool {
        count: members.len(),
        shape: pool.shape,
        layout: Some(pool.layout),
        instances: members.iter().filter_map(|member| reader.instance(member)).collect(),
    });
    let pools = drafts.collect();
    let draft = Draft { incus, signers: None, sockets, drain_map, pools };
    reader.problems.extend(draft.problems());
    match document::verdict(name, &reader.problems) {
        Ok(()) => Ok(draft.into_fleet(name.to_owned(), Origin::Inventory(layouts))),
        Err(error) => Err(error.problems(reader.problems)),
    }
}

/// A host of a group.
struct Member<'a> {
    host: &'a str,
    variables: Variables,
    place: Place,
}

struct Reader<'a> {
    inventory: &'a Inventory,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    fn refuse<T>(&mut self, place: Place, message: String, hint: &str) -> Option<T> {
        self.problems.push(Problem::error(place, message).hint(hint));
        None
    }

    fn members(&self, group: &str) -> Vec<Member<'a>> {
        let inventory = self.inventory;
        let member = |host| Member {
            host,
            variables: inventory.variables_of(host).unwrap_or_default(),
            place: inventory.place_of(group, host),
        };
        inventory.hosts_of(group).unwrap_or_default().into_iter().map(member).collect()
    }

    /// The text of a host's variable; none where it has none, or one that cannot be read here.
    fn variable(&mut self, member: &Member<'_>, name: &str) -> Option<String> {
        match member.variables.get(name)? {
            Value::Plain(text) if !text.contains("{{") && !text.contains("{%") => Some(text.clone()),
            _ => {
                let message = format!("`{name}` of `{}` is no plain text, which alone can be read here", member.host);
                self.refuse(member.place.clone(), message, "write it as it is, without a template or a vault")
            }
        }
    }

    /// What Incus calls a host: what the connection plugin would take, else its own name, up to the first dot.
    fn instance_name(&mut self, member: &Member<'_>) -> String {
        let [incus_host, host] = INSTANCE;
        let is_incus = |connection: String| connection.rsplit('.').next() == Some("incus");
        let mut named = self.variable(member, incus_host);
        if named.is_none() && self.variable(member, CONNECTION).is_some_and(is_incus) {
            // An address is for whoever connects in another way.
            named = self.variable(member, host).filter(|host| host.parse::<IpAddr>().is_err());
        }
        let named = named.unwrap_or_else(|| member.host.to_owned());
        named.split('.').next().unwrap_or_default().to_owned()
    }

    fn instance(&mut self, member: &Member<'_>) -> Option<Placed<InstanceName>> {
        match rollable(&self.instance_name(member)) {
            Ok(value) => Some(Placed { value, place: member.place.clone() }),
            Err((message, hint)) => self.refuse(member.place.clone(), message, &hint),
        }
    }

    fn sockets(&mut self, behind: &Behind, balancers: &[Member<'_>]) -> Vec<Placed<Address>> {
        let (group, socket) = (&behind.balancers, &behind.socket.value);
        if balancers.is_empty() {
            let message = format!("`{}` has no host in `{}`, the group of HAProxy", self.inventory.name(), group.value);
            self.refuse::<()>(group.place.clone(), message, "`balancers` in [pool] names it");
        }
        let slash = if socket.starts_with('/') { "" } else { "/" };
        let address = |member: &Member<'_>| {
            let instance = self.instance_name(member);
            match Address::parse(&format!("incus:{instance}{slash}{socket}")) {
                Some(value) => Some(Placed { value, place: member.place.clone() }),
                None => {
                    let message = format!("`{}` in `{}` is not a socket of HAProxy", shown(socket), shown(&instance));
                    let hint = "such as \"127.0.0.1:9100\" or \"/run/haproxy/admin.sock\", in a container of that name";
                    self.refuse(behind.socket.place.clone(), message, hint)
                }
            }
        };
        balancers.iter().filter_map(address).collect()
    }

    /// A rollout drains a server on every socket that it knows.
    fn same_balancers(&mut self, first: (&InventoryPool, &Behind), other: (&InventoryPool, &Behind)) {
        let key =
            |behind: &Behind| (behind.balancers.value.clone(), behind.socket.value.clone(), behind.drain_map.clone());
        if key(first.1) != key(other.1) {
            let (first, place, other) = (&first.0.group.value, &other.1.balancers.place, &other.0.group.value);
            let message = format!("`{first}` and `{other}` are behind different balancers");
            self.refuse::<()>(place.clone(), message, "name one of the pools with `--pool`");
        }
    }

    /// What a variable is for every host, those without it taken for what the plugin takes them; none where no host has it.
    fn common(
        &mut self,
        (variable, default): (&str, &str),
        members: &[&Member<'_>],
        fits: fn(&str) -> bool,
        hint: &str,
    ) -> Option<String> {
        let known = self.problems.len();
        let values: Vec<_> = members.iter().map(|member| (*member, self.variable(member, variable))).collect();
        if self.problems.len() > known {
            return None;
        }
        let (first, value) = values.iter().find_map(|(member, value)| Some((*member, value.clone()?)))?;
        if !fits(&value) {
            let message = format!("`{variable}` of `{}` is `{}`, which cannot be", first.host, shown(&value));
            return self.refuse(first.place.clone(), message, hint);
        }
        for (member, other) in values {
            let other = other.unwrap_or_else(|| default.to_owned());
            if other != value {
                let message = format!(
                    "`{variable}` of `{}` is `{}`, and that of `{}` is `{value}`",
                    member.host,
                    shown(&other),
                    first.host
                );
                return self.refuse(member.place.clone(), message, "one fleet is in one project of one remote");
            }
        }
        Some(value)
    }
}
