//! A fleet out of Ansible's inventory: who there is. What they are, the layouts say.

use super::decode::{local, rollable};
use super::draft::{Draft, DraftPool};
use super::{Fleet, IncusAt, Origin, PoolShape};
use crate::diagnostic::{Place, Problem};
use crate::document::{self, Placed};
use crate::haproxy::Address;
use crate::inventory::{Inventory, Value};
use crate::{Error, Result};

/// A layout's `[pool]`: the containers of a group of the inventory.
#[derive(Clone, Debug)]
pub struct InventoryPool {
    /// The inventory's group of its containers.
    pub group: Placed<String>,
    /// The inventory's group of the containers in which HAProxy runs: one, or the members of a pair.
    pub balancers: Placed<String>,
    /// HAProxy's runtime API inside them: `HOST:PORT`, or the path of a unix socket.
    pub socket: Placed<String>,
    /// HAProxy's map of draining servers, where it is not called `draining.map`.
    pub drain_map: Option<Placed<String>>,
    /// Everything else.
    pub shape: PoolShape,
}

/// What the `incus` connection plugin of `community.general` calls the remote and the project of a host.
const REMOTE: &str = "ansible_incus_remote";
const PROJECT: &str = "ansible_incus_project";

/// The pools whose groups the inventory has; `layouts` are those that were named for it.
///
/// # Errors
/// It has none of the groups, or what there is makes no sound fleet: every problem.
pub fn from_inventory(inventory: &Inventory, pools: Vec<InventoryPool>, layouts: Vec<String>) -> Result<Fleet> {
    let name = inventory.name();
    let groups: Vec<_> = pools.iter().map(|pool| format!("`{}`", pool.group.value)).collect();
    let mut reader = Reader { inventory, problems: Vec::new() };
    let is_there = |pool: &InventoryPool| inventory.hosts_of(&pool.group.value).is_some_and(|hosts| !hosts.is_empty());
    let pools: Vec<_> = pools.into_iter().filter(is_there).collect();
    let Some(first) = pools.first() else {
        let message = match groups.is_empty() {
            true => "no layout has a `[pool]`, which would name a group of the inventory".to_owned(),
            false => format!("`{name}` has no host in {}", groups.join(", ")),
        };
        let hint = "a layout names the group of its containers in `[pool]`; other layouts are named with `--layout`";
        return Err(Error::invalid(message).hint(hint));
    };
    let sockets = reader.sockets(first);
    let drain_map = first.drain_map.as_ref().map(|map| map.value.clone());
    pools.iter().for_each(|pool| reader.same_balancers(first, pool));
    let members: Vec<_> = pools.iter().map(|pool| reader.members(pool)).collect();
    let incus = IncusAt {
        remote: reader.common(REMOTE, &members).unwrap_or_else(local),
        project: reader.common(PROJECT, &members),
    };
    let drafts = pools.into_iter().zip(members).map(|(pool, instances)| DraftPool {
        count: instances.len(),
        shape: pool.shape,
        instances: instances.into_iter().filter_map(|host| reader.instance(host)).collect(),
    });
    let pools = drafts.collect();
    let draft = Draft { incus, sockets, drain_map, pools };
    reader.problems.extend(draft.problems());
    match document::verdict(name, &reader.problems) {
        Ok(()) => Ok(draft.into_fleet(name.to_owned(), Origin::Inventory(layouts))),
        Err(error) => Err(error.problems(reader.problems)),
    }
}

struct Reader<'a> {
    inventory: &'a Inventory,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    fn refuse(&mut self, place: Place, message: String, hint: &str) {
        self.problems.push(Problem::error(place, message).hint(hint));
    }

    fn members(&self, pool: &InventoryPool) -> Vec<&'a str> {
        self.inventory.hosts_of(&pool.group.value).unwrap_or_default()
    }

    fn instance(&mut self, host: &str) -> Option<Placed<crate::incus::InstanceName>> {
        let place = self.inventory.place_of(host);
        match rollable(host) {
            Ok(value) => Some(Placed { value, place }),
            Err((message, hint)) => {
                self.refuse(place, message, &hint);
                None
            }
        }
    }

    fn sockets(&mut self, pool: &InventoryPool) -> Vec<Placed<Address>> {
        let (group, socket) = (&pool.balancers, &pool.socket.value);
        let hosts = self.inventory.hosts_of(&group.value).unwrap_or_default();
        if hosts.is_empty() {
            let message = format!("`{}` has no host in `{}`, the group of HAProxy", self.inventory.name(), group.value);
            self.refuse(group.place.clone(), message, "`balancers` in [pool] names it");
        }
        let mut sockets = Vec::new();
        for host in hosts {
            let slash = if socket.starts_with('/') { "" } else { "/" };
            match Address::parse(&format!("incus:{host}{slash}{socket}")) {
                Some(value) => sockets.push(Placed { value, place: self.inventory.place_of(host) }),
                None => {
                    let message = format!("`{socket}` of `{host}` is not a socket of HAProxy");
                    let hint = "such as \"127.0.0.1:9100\" or \"/run/haproxy/admin.sock\", in a container of that name";
                    self.refuse(pool.socket.place.clone(), message, hint);
                }
            }
        }
        sockets
    }

    /// A rollout drains a server on every socket that it knows.
    fn same_balancers(&mut self, first: &InventoryPool, pool: &InventoryPool) {
        let key = |pool: &InventoryPool| {
            let map = pool.drain_map.as_ref().map(|map| map.value.clone());
            (pool.balancers.value.clone(), pool.socket.value.clone(), map)
        };
        if key(first) != key(pool) {
            let message = format!("`{}` and `{}` are behind different balancers", first.group.value, pool.group.value);
            self.refuse(pool.balancers.place.clone(), message, "name the layouts of one of them with `--layout`");
        }
    }

    /// What a variable is for every host; none where no host has it.
    fn common(&mut self, variable: &str, pools: &[Vec<&str>]) -> Option<String> {
        let mut found: Option<(&str, Option<String>)> = None;
        for host in pools.iter().flatten() {
            let value = match self.inventory.variables_of(host).unwrap_or_default().remove(variable) {
                Some(Value::Plain(text)) if !text.contains("{{") => Some(text),
                Some(_) => {
                    let message = format!("`{variable}` of `{host}` is no plain text, which alone can be read here");
                    self.refuse(
                        self.inventory.place_of(host),
                        message,
                        "write it as it is, without a template or a vault",
                    );
                    return None;
                }
                None => None,
            };
            match &found {
                None => found = Some((host, value)),
                Some((_, first)) if *first == value => {}
                Some((first, _)) => {
                    let message = format!("`{variable}` of `{host}` is another than that of `{first}`");
                    self.refuse(self.inventory.place_of(host), message, "one fleet is in one project of one remote");
                    return None;
                }
            }
        }
        found.and_then(|(_, value)| value)
    }
}
