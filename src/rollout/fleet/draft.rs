//! A fleet as it was written, with places: what must hold between its values is looked at here, whatever kind of file
//! they come from.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Balancer, Entry, Fleet, IncusAt, Origin, Pace, Pool, PoolName};
use crate::diagnostic::{Place, Problem};
use crate::document::{Placed, at};
use crate::haproxy::Address;
use crate::incus::InstanceName;

/// A fleet whose every value is sound in itself.
///
/// What could not be read was reported, and is left out or has its default here: so that nothing else is at fault for
/// it, and so that a draft may only become a fleet when there is no problem at all.
pub(super) struct Draft {
    pub(super) incus: IncusAt,
    pub(super) signers: Option<String>,
    pub(super) sockets: Vec<Placed<Address>>,
    pub(super) drain_map: Option<String>,
    pub(super) pools: Vec<DraftPool>,
}

/// A pool of a [`Draft`].
pub(super) struct DraftPool {
    pub(super) shape: PoolShape,
    pub(super) instances: Vec<Placed<InstanceName>>,
    /// The layout of its images, where that is known.
    pub(super) layout: Option<String>,
    /// How many instances are meant, whether or not their names are sound.
    pub(super) count: usize,
}

/// What there is to say of a pool, whoever is in it.
#[derive(Clone, Debug)]
pub struct PoolShape {
    /// The table that says it.
    pub(super) place: Place,
    pub(super) name: Option<Placed<PoolName>>,
    /// Whether it is the balancers themselves: they are in no backend.
    pub(super) is_balancer: bool,
    pub(super) backends: Vec<Placed<String>>,
    pub(super) min_available: Option<Placed<usize>>,
    pub(super) entry: Option<Entry>,
    pub(super) pace: Pace,
    pub(super) keep_volumes: bool,
}

impl PoolShape {
    /// Whether it has one of these names.
    pub(crate) fn is_one_of(&self, names: &[String]) -> bool {
        self.name.as_ref().is_some_and(|own| names.iter().any(|name| name == own.value.as_str()))
    }

    /// Whether it is the balancers themselves.
    pub(crate) fn is_balancer(&self) -> bool {
        self.is_balancer
    }

    /// Its name, as far as there is one.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|name| name.value.as_str())
    }
}

impl Draft {
    /// All that does not hold between the values.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let names = self.pools.iter().filter_map(|pool| pool.shape.name.as_ref());
        let mut problems = twice(names.map(|name| (name.value.to_string(), &name.place)), |name| {
            format!("pool `{name}` is declared twice")
        });
        problems.extend(twice(self.sockets.iter().map(|socket| (socket.value.to_string(), &socket.place)), |socket| {
            format!("socket `{socket}` stands twice")
        }));
        for pool in &self.pools {
            let backends = pool.shape.backends.iter().map(|backend| (backend.value.clone(), &backend.place));
            problems.extend(twice(backends, |backend| format!("backend `{backend}` stands twice")));
            problems.extend(pool.too_few());
        }
        self.instances(&mut problems);
        problems
    }

    fn instances(&self, problems: &mut Vec<Problem>) {
        let mut taken: BTreeMap<&InstanceName, (usize, &Place)> = BTreeMap::new();
        for (index, pool) in self.pools.iter().enumerate() {
            for instance in &pool.instances {
                let name = &instance.value;
                let problem = |message| Problem::error(instance.place.clone(), message);
                if let Some((first, place)) = taken.get(name) {
                    let message = match *first == index {
                        true => format!("instance `{name}` stands twice"),
                        false => format!("instance `{name}` is in two pools"),
                    };
                    problems.push(problem(message).hint(format!("first at {}", at(place))));
                    continue;
                }
                taken.insert(name, (index, &instance.place));
                if let Some(socket) = self.sockets.iter().find(|socket| runs_in(&socket.value, name))
                    && !pool.shape.is_balancer
                {
                    let message = format!("HAProxy itself runs in `{name}`");
                    let at = at(&socket.place);
                    let hint = format!(
                        "see the socket at {at}; a pool of balancers says `balancer = true`, and no `backends`"
                    );
                    problems.push(problem(message).hint(hint));
                }
            }
        }
    }

    /// The fleet, of a draft that has no problem.
    pub(super) fn into_fleet(self, name: String, origin: Origin) -> Fleet {
        let sockets = self.sockets.into_iter().map(|socket| socket.value).collect();
        let pools = self.pools.into_iter().filter_map(DraftPool::into_pool).collect();
        let beside = Path::new(&name).parent().unwrap_or(Path::new(""));
        let signers = self.signers.map(|file| beside.join(file));
        let balancer = Balancer { sockets, drain_map: self.drain_map };
        Fleet { name, origin, incus: self.incus, signers, balancer, pools }
    }
}

impl DraftPool {
    /// Fewer stay than there are, and how many stay of one has to be said.
    fn too_few(&self) -> Option<Problem> {
        let key = "min-available";
        match (&self.shape.min_available, self.count) {
            // A pool without instances was reported as that.
            (_, 0) => None,
            (None, 1) if !self.shape.is_balancer => {
                let message = format!("`{key}` is missing from a [[pool]] of one");
                let hint = "nobody serves while the only instance is swapped: add `min-available = 0` if that may be";
                Some(Problem::error(self.shape.place.clone(), message).hint(hint))
            }
            (Some(least), count) if least.value >= count => {
                let instances = if count == 1 { "1 instance".to_owned() } else { format!("{count} instances") };
                let message = format!("`{key}` is {}, and the pool has {instances}", least.value);
                let hint = format!("at most {}: one at a time is out", count - 1);
                Some(Problem::error(least.place.clone(), message).hint(hint))
            }
            _ => None,
        }
    }

    fn into_pool(self) -> Option<Pool> {
        let Self { shape, instances, layout, count: _ } = self;
        // One that stands alone cannot stay: that costs `--accept-outage`.
        let least = if shape.is_balancer && instances.len() == 1 { 0 } else { 1 };
        Some(Pool {
            name: shape.name?.value,
            instances: instances.into_iter().map(|instance| instance.value).collect(),
            layout,
            backends: shape.backends.into_iter().map(|backend| backend.value).collect(),
            min_available: shape.min_available.map_or(least, |least| least.value),
            entry: shape.entry,
            pace: shape.pace,
            keep_volumes: shape.keep_volumes,
        })
    }
}

fn runs_in(socket: &Address, name: &InstanceName) -> bool {
    matches!(socket, Address::Incus { instance, .. } if instance == name)
}

/// A problem for every value that stood before.
fn twice<'a>(values: impl Iterator<Item = (String, &'a Place)>, message: impl Fn(&str) -> String) -> Vec<Problem> {
    let mut taken: BTreeMap<String, &Place> = BTreeMap::new();
    let mut problems = Vec::new();
    for (value, place) in values {
        match taken.get(&value) {
            Some(first) => {
                let problem = Problem::error(place.clone(), message(&value));
                problems.push(problem.hint(format!("first at {}", at(first))));
            }
            None => drop(taken.insert(value, place)),
        }
    }
    problems
}
