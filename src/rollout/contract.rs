//! What an image says of itself to a rollout: its `vezaimg.*` properties, as `vezaimg build` writes them.

use std::fmt;

use crate::incus::Instance;
use crate::layout::{Health, KeepHow};
use crate::rootfs::{TargetPath, escaped};
use crate::unit::is_service_name;

/// The most paths that an image may want kept.
const MOST_KEPT: usize = 64;

/// The contract between an image and a rollout.
///
/// Properties are whatever the maker of an image, or anybody who may edit it in the store, has written: each is checked
/// before it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contract {
    /// `vezaimg.layout`: what the image is one of. Empty for an image that vezaimg did not build.
    pub layout: String,
    /// `vezaimg.release`.
    pub release: String,
    /// `vezaimg.unit`: the service's systemd unit.
    pub unit: Option<String>,
    /// `vezaimg.health`: port and path of an HTTP GET that answers 200.
    pub health: Option<Health>,
    /// `vezaimg.keep`: what outlives a swap.
    pub keep: Vec<Kept>,
}

/// A path that outlives a swap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where.
    pub path: TargetPath,
    /// How it gets from the old container to the new one.
    pub how: KeepHow,
}

impl Contract {
    /// Reads the properties, looked up by name without what an instance's configuration puts before them.
    ///
    /// # Errors
    /// Every property that is not what `vezaimg build` writes, each in one sentence.
    pub fn of<'a>(property: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Vec<String>> {
        let mut wrong = Vec::new();
        let mut read = |name: &str, parse: &mut dyn FnMut(&str) -> bool| {
            let Some(value) = property(name) else { return };
            if !parse(value) {
                wrong.push(format!("its property `{name}` is `{}`", escaped(value.as_bytes())));
            }
        };
        let mut contract = Self::default();
        read("vezaimg.layout", &mut |value| take_word(&mut contract.layout, value));
        read("vezaimg.release", &mut |value| take_word(&mut contract.release, value));
        read("vezaimg.unit", &mut |value| {
            contract.unit = is_service_name(value).then(|| value.to_owned());
            contract.unit.is_some()
        });
        read("vezaimg.health", &mut |value| {
            contract.health = Health::parse(value);
            contract.health.is_some()
        });
        read("vezaimg.keep", &mut |value| match keep(value) {
            Some(keep) => {
                contract.keep = keep;
                true
            }
            None => false,
        });
        if wrong.is_empty() { Ok(contract) } else { Err(wrong) }
    }

    /// That of the image that a container was made of.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn of_container(container: &Instance) -> Result<Self, Vec<String>> {
        Self::of(|key| container.property(key))
    }

    /// Whether vezaimg built the image.
    pub fn is_ours(&self) -> bool {
        !self.layout.is_empty()
    }
}

/// The release and its layout, such as `v1.4.2`; what an image is called that has neither.
impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.release.is_empty() { "no release" } else { &self.release })
    }
}

fn take_word(place: &mut String, value: &str) -> bool {
    let fits = value.bytes().all(|byte| byte.is_ascii_graphic()) && (1..=128).contains(&value.len());
    if fits {
        value.clone_into(place);
    }
    fits
}

/// `carry:/etc/veza/backend-api.env volume:/var/log/veza`.
fn keep(text: &str) -> Option<Vec<Kept>> {
    let word = |word: &str| {
        let (how, path) = word.split_once(':')?;
        let how = match how {
            "carry" => KeepHow::Carry,
            "volume" => KeepHow::Volume,
            _ => return None,
        };
        let path = TargetPath::parse(path).ok().filter(|path| !path.is_root())?;
        Some(Kept { path, how })
    };
    let keep: Vec<_> = text.split(' ').map(word).collect::<Option<_>>()?;
    let apart = |one: &Kept| keep.iter().filter(|other| other.path.is_within(&one.path)).count() == 1;
    (keep.len() <= MOST_KEPT && keep.iter().all(apart)).then_some(keep)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(properties: &[(&str, &str)]) -> Result<Contract, Vec<String>> {
        let properties: std::collections::BTreeMap<_, _> = properties.iter().copied().collect();
        Contract::of(|name| properties.get(name).copied())
    }

    #[test]
    fn an_image_of_ours_says_everything() {
        let contract = of(&[
            ("vezaimg.layout", "veza-backend-api"),
            ("vezaimg.release", "v1.4.2"),
            ("vezaimg.unit", "veza-backend-api.service"),
            ("vezaimg.health", "8080/api/v1/health"),
            ("vezaimg.keep", "carry:/etc/veza/backend-api.env volume:/var/log/veza"),
        ]);
        let path = |text: &str| TargetPath::parse(text).unwrap();
        let expected = Contract {
            layout: "veza-backend-api".to_owned(),
            release: "v1.4.2".to_owned(),
            unit: Some("veza-backend-api.service".to_owned()),
            health: Some(Health { port: 8080, path: "/api/v1/health".to_owned() }),
            keep: vec![
                Kept { path: path("/etc/veza/backend-api.env"), how: KeepHow::Carry },
                Kept { path: path("/var/log/veza"), how: KeepHow::Volume },
            ],
        };
        assert_eq!(contract, Ok(expected));
    }

    #[test]
    fn an_image_of_others_says_nothing() {
        let contract = of(&[("os", "Debian")]).unwrap();
        assert!(!contract.is_ours());
        assert_eq!(contract.to_string(), "no release");
    }

    #[test]
    fn properties_that_are_not_what_a_build_writes_are_all_told() {
        let wrong = of(&[
            ("vezaimg.layout", "a b"),
            ("vezaimg.release", ""),
            ("vezaimg.unit", "x; reboot.service"),
            ("vezaimg.health", "0/x"),
            ("vezaimg.keep", "carry:/etc/x move:/y"),
        ]);
        let told = [
            "its property `vezaimg.layout` is `a b`",
            "its property `vezaimg.release` is ``",
            "its property `vezaimg.unit` is `x; reboot.service`",
            "its property `vezaimg.health` is `0/x`",
            "its property `vezaimg.keep` is `carry:/etc/x move:/y`",
        ];
        assert_eq!(wrong.unwrap_err(), told);
        for keep in ["", "carry:/", "carry:etc", "carry:/a/../b", "carry:/a carry:/a", "volume:/a carry:/a/b"] {
            assert!(of(&[("vezaimg.keep", keep)]).is_err(), "{keep}");
        }
        for health in ["8080", "8080health", "/health", "8080/a b", "99999/x", "8080/\u{7f}"] {
            assert!(of(&[("vezaimg.health", health)]).is_err(), "{health}");
        }
    }
}
