//! Which images may go.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{OldImage, Pruning, Stock};
use crate::incus::{Fingerprint, Image, Instance, InstanceKind};
use crate::rollout::census::{Family, called, shown};
use crate::rollout::receipt::Release;

const LAYOUT: &str = "vezaimg.layout";
const RELEASE: &str = "vezaimg.release";

/// Puts those that may go into the plan, once the containers in it are gone.
pub(super) fn choose(stock: &Stock<'_>, families: &[Family], plan: &mut Pruning) {
    let live = families.iter().filter_map(|family| family.containers.live.as_ref());
    let layouts: BTreeSet<_> = live.filter_map(|live| live.property(LAYOUT)).collect();
    let goes = |instance: &&Instance| plan.containers.iter().any(|old| old.container == instance.name);
    let used = used(stock.instances.iter().filter(|instance| !goes(instance)));
    let mut by_layout: BTreeMap<&str, Vec<&Image>> = BTreeMap::new();
    for image in stock.images.iter().filter(|image| image.kind == InstanceKind::Container) {
        let layout = image.properties.get(LAYOUT).map(String::as_str);
        if let Some(layout) = layout.filter(|layout| layouts.contains(layout)) {
            by_layout.entry(layout).or_default().push(image);
        }
    }
    for mut images in by_layout.into_values() {
        // When it came into the store: what an image says of its own making is the same for many.
        images.sort_by_key(|image| (Reverse(image.uploaded_at), image.fingerprint.clone()));
        // The newest may be there for a rollout that is about to begin.
        for image in images.into_iter().skip(stock.keep.saturating_add(1)) {
            if used.contains(&image.fingerprint) || stock.awaited.contains(&image.fingerprint) {
                continue;
            }
            match obstacle(image) {
                Some(why) => plan.stays(format!("image {}", name(image)), why),
                None => plan.images.push(OldImage {
                    fingerprint: image.fingerprint.clone(),
                    release: image.properties.get(RELEASE).cloned().unwrap_or_default(),
                    size: image.size,
                }),
            }
        }
    }
}

/// The images that instances were made of.
pub(super) fn used<'i>(instances: impl Iterator<Item = &'i Instance>) -> BTreeSet<Fingerprint> {
    instances.filter_map(Instance::image).collect()
}

/// Why an image may not go: somebody has named it, or given it away.
pub(super) fn obstacle(image: &Image) -> Option<String> {
    match image.aliases.first() {
        Some(alias) => Some(format!("it bears the alias `{}`", shown(alias))),
        None => image.public.then(|| "it is public".to_owned()),
    }
}

/// `v1.4.2 (0123456789ab)`.
fn name(image: &Image) -> String {
    let release = image.properties.get(RELEASE).cloned().unwrap_or_default();
    let release = Release { release, fingerprint: image.fingerprint.to_string() };
    format!("{} ({})", called(&release), image.fingerprint.short())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::diagnostic::Source;
    use crate::incus::Status;
    use crate::rollout::fleet::{self, Fleet};
    use crate::rollout::instance::marks;
    use crate::rollout::instance::tests::container;

    fn fleet() -> Fleet {
        let pool = "name = \"api\"\ninstances = [\"a\"]\nbackends = \"b\"\nmin-available = 0\n";
        let text = format!("[haproxy]\nsockets = \"tcp:a:1\"\n[[pool]]\n{pool}");
        fleet::parse(Source { name: "fleet.toml".to_owned(), text }).unwrap()
    }

    fn fingerprint(digit: u8) -> Fingerprint {
        Fingerprint::parse(&format!("{digit:x}").repeat(64)).unwrap()
    }

    /// An image that came at this hour.
    fn image(digit: u8, layout: &str) -> Image {
        Image {
            fingerprint: fingerprint(digit),
            aliases: Vec::new(),
            architecture: "x86_64".to_owned(),
            size: 1000,
            properties: [(LAYOUT.to_owned(), layout.to_owned()), (RELEASE.to_owned(), format!("v{digit}"))].into(),
            created_at: Timestamp::UNIX_EPOCH,
            uploaded_at: Timestamp::from_second(i64::from(digit) * 3600).unwrap(),
            last_used_at: None,
            kind: InstanceKind::Container,
            cached: false,
            public: false,
        }
    }

    fn made_of(name: &str, digit: u8) -> Instance {
        let mut instance = container(name);
        let pairs =
            [("volatile.base_image", fingerprint(digit).to_string()), ("image.vezaimg.layout", "api".to_owned())];
        instance.config.extend(pairs.map(|(key, value)| (key.to_owned(), value)));
        instance
    }

    fn plan(instances: &[Instance], images: &[Image], keep: usize, awaited: &[u8]) -> Pruning {
        let awaited = awaited.iter().map(|digit| fingerprint(*digit)).collect();
        Stock { fleet: &fleet(), keep, instances, images, awaited: &awaited }.plan()
    }

    fn goes(plan: &Pruning) -> Vec<&str> {
        plan.images.iter().map(|image| image.release.as_str()).collect()
    }

    #[test]
    fn what_nothing_was_made_of_goes_but_for_the_newest() {
        let images = [1, 2, 3, 4, 5].map(|digit| image(digit, "api"));
        let instances = [made_of("a", 3), made_of("elsewhere", 1)];
        assert_eq!(goes(&plan(&instances, &images, 0, &[])), ["v4", "v2"]);
        assert_eq!(goes(&plan(&instances, &images, 1, &[])), ["v2"]);
        assert_eq!(goes(&plan(&instances, &images, 9, &[])), [""; 0]);
        assert_eq!(goes(&plan(&instances, &images, 0, &[2])), ["v4"]);
    }

    #[test]
    fn an_image_goes_with_the_last_container_that_was_made_of_it() {
        let mut prev = made_of("a-prev", 1);
        prev.status = Status::Stopped;
        prev.config.insert(marks::INSTANCE.to_owned(), "a".to_owned());
        let (instances, images) = ([made_of("a", 2), prev], [1, 2].map(|digit| image(digit, "api")));
        assert_eq!(goes(&plan(&instances, &images, 0, &[])), ["v1"]);
        let still = [&instances[..], &[made_of("other", 1)]].concat();
        assert_eq!(goes(&plan(&still, &images, 0, &[])), [""; 0]);
    }

    #[test]
    fn images_of_others_are_none_of_our_business() {
        let mut machine = image(2, "api");
        machine.kind = InstanceKind::VirtualMachine;
        let mut plain = image(3, "api");
        plain.properties.clear();
        let images = [image(1, "web"), machine, plain, image(4, "api"), image(5, "api")];
        let plan = plan(&[made_of("a", 5)], &images, 0, &[]);
        assert_eq!((goes(&plan), plan.stays.len()), (vec!["v4"], 0));
    }

    #[test]
    fn an_image_that_somebody_named_or_gave_away_stays() {
        let (mut named, mut public) = (image(1, "api"), image(2, "api"));
        named.aliases.push("golden\u{1b}".to_owned());
        public.public = true;
        let plan = plan(&[made_of("a", 3)], &[named, public, image(3, "api")], 0, &[]);
        let stays: Vec<_> = plan.stays.iter().map(|stays| (stays.what.as_str(), stays.why.as_str())).collect();
        let expected = [
            ("image v2 (222222222222)", "it is public"),
            ("image v1 (111111111111)", "it bears the alias `golden\\x1b`"),
        ];
        assert_eq!((goes(&plan), stays), (Vec::new(), expected.to_vec()));
    }
}
