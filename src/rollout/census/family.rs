//! All containers of one instance: the three of a swap, and those kept from longer ago.

use crate::incus::{Instance, InstanceName};
use crate::rollout::instance::{Containers, Names};

/// The containers of one instance.
#[derive(Clone, Debug)]
pub struct Family {
    /// The live one, and those right beside it.
    pub containers: Containers,
    /// `NAME-prev-2`, `NAME-prev-3`, …, the highest number first: the newest.
    pub shelf: Vec<Instance>,
}

impl Family {
    /// Those of these instances that bear its names.
    pub fn among(all: &[Instance], names: &Names) -> Self {
        let find = |name: &InstanceName| all.iter().find(|instance| instance.name == *name).cloned();
        let mut shelf: Vec<_> =
            all.iter().filter_map(|instance| Some((names.shelf(&instance.name)?, instance))).collect();
        shelf.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
        Self {
            containers: Containers {
                names: names.clone(),
                live: find(&names.live),
                next: find(&names.next),
                prev: find(&names.prev),
            },
            shelf: shelf.into_iter().map(|(_, instance)| instance.clone()).collect(),
        }
    }

    /// The containers kept from before, the newest first.
    pub fn kept(&self) -> impl Iterator<Item = &Instance> {
        self.containers.prev.iter().chain(&self.shelf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::instance::tests::container;

    #[test]
    fn a_family_is_found_by_its_names_the_newest_of_before_first() {
        let all =
            ["api-prev-2", "api", "api-prev-10", "api-prev", "api-prev-x", "apix-prev-3", "api-next"].map(container);
        let family = Family::among(&all, &Names::of(&InstanceName::parse("api").unwrap()).unwrap());
        let kept: Vec<_> = family.kept().map(|instance| instance.name.as_str()).collect();
        assert_eq!(kept, ["api-prev", "api-prev-10", "api-prev-2"]);
        let beside = [&family.containers.live, &family.containers.next].map(|one| one.as_ref().unwrap().name.as_str());
        assert_eq!(beside, ["api", "api-next"]);
    }
}
