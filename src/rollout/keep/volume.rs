//! The custom volume of a kept directory: what it is called, and where instances mount it.
//!
//! Of the directory `/var/log/veza` of `web-1` it is `web-1.var-log-veza`, in the pool of the container's root, by the
//! device `vezaimg-var-log-veza`: at `/.vezaimg/var-log-veza` while it is filled, at `/var/log/veza` from then on.

use sha2::{Digest, Sha256};

use crate::Error;
use crate::incus::{self, Client, Device, Instance, InstanceName, Kind};
use crate::rootfs::{TargetPath, escaped};

/// What devices of ours are called.
const DEVICE: &str = "vezaimg-";

/// Where volumes are filled: below a directory that only root may enter.
pub(super) const ASIDE: &str = "/.vezaimg";

/// The longest part of a name that stands for a path.
const LONGEST: usize = 40;

/// How many volumes of one name may be in the way.
const MOST_NAMESAKES: u32 = 100;

/// A custom volume that holds a kept directory, there already or to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// The storage pool.
    pub pool: String,
    /// Its name in the pool.
    pub name: String,
    /// The device by which instances mount it.
    pub device: String,
    /// The directory that it holds.
    pub path: TargetPath,
}

/// Where an instance mounts a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mounted {
    /// Nowhere.
    Nowhere,
    /// Where it is filled.
    Aside,
    /// At its directory.
    InPlace,
}

impl Volume {
    /// The volume of a device that is mounted at or above the path, if it is one of ours.
    pub(super) fn of_device(path: &TargetPath, name: &str, device: &Device) -> Option<Self> {
        (name.starts_with(DEVICE) && super::mounted_at(device)? == *path).then_some(())?;
        Some(Self {
            pool: device.get("pool")?.clone(),
            name: device.get("source")?.clone(),
            device: name.to_owned(),
            path: path.clone(),
        })
    }

    /// The volume that is being filled for this path.
    pub(super) fn aside(leaving: &Instance, path: &TargetPath) -> Option<Self> {
        let slug = slug(path);
        let name = format!("{DEVICE}{slug}");
        let device = leaving.devices.get(&name)?;
        (device.get("path")? == &format!("{ASIDE}/{slug}")).then_some(())?;
        Some(Self {
            pool: device.get("pool")?.clone(),
            name: device.get("source")?.clone(),
            device: name,
            path: path.clone(),
        })
    }

    /// A volume to be made, or one that was made for this container and never attached. Another's is never taken: it may
    /// be all that is left of somebody's logs.
    pub(super) fn to_be(client: &Client, leaving: &Instance, pool: &str, path: &TargetPath) -> crate::Result<Self> {
        // Of a pool whose volumes may not be seen none can be made either, which is found out soon enough.
        let there = visible(client, pool)?;
        let (slug, project) = (slug(path), client.project());
        let marks = marks(project, leaving.name.as_str(), path);
        let stem = format!("{}.{slug}", leaving.name);
        for number in 1..=MOST_NAMESAKES {
            let name = if number == 1 { stem.clone() } else { format!("{stem}.{number}") };
            let is_free = there.iter().find(|volume| volume.name == name).is_none_or(|volume| {
                let is_ours = is_marked(volume, &marks);
                let is_younger = volume.created_at.is_some_and(|created| created > leaving.created_at);
                is_ours && is_younger && volume.used_by.is_empty()
            });
            if is_free {
                let device = format!("{DEVICE}{slug}");
                return Ok(Self { pool: pool.to_owned(), name, device, path: path.clone() });
            }
        }
        let pool = escaped(pool.as_bytes());
        Err(Error::refused(format!("the pool `{pool}` has {MOST_NAMESAKES} volumes called `{stem}` already"))
            .hint("delete those that nothing uses: `incus storage volume list` shows them"))
    }

    /// Where it is filled.
    pub(super) fn aside_path(&self) -> String {
        format!("{ASIDE}/{}", slug(&self.path))
    }

    /// The device that mounts it there.
    pub(super) fn device_aside(&self) -> Device {
        self.device_at(self.aside_path())
    }

    /// The device that mounts it at its directory.
    pub(super) fn device_in_place(&self) -> Device {
        self.device_at(format!("/{}", String::from_utf8_lossy(self.path.as_relative())))
    }

    fn device_at(&self, path: String) -> Device {
        let settings = [("type", "disk"), ("pool", &self.pool), ("source", &self.name), ("path", &path)];
        settings.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
    }

    /// Where the instance mounts it.
    pub(super) fn mounted(&self, instance: &Instance) -> Mounted {
        let is_it =
            |device: &Device| device.get("pool") == Some(&self.pool) && device.get("source") == Some(&self.name);
        match instance.expanded_devices.get(&self.device).filter(|device| is_it(device)) {
            Some(device) if super::mounted_at(device).as_ref() == Some(&self.path) => Mounted::InPlace,
            Some(device) if device.get("path") == Some(&self.aside_path()) => Mounted::Aside,
            _ => Mounted::Nowhere,
        }
    }

    /// The setting by which the leaving container says that the volume is whole: its value is the volume's name.
    pub(super) fn note(&self) -> String {
        format!("user.vezaimg.whole.{}", slug(&self.path))
    }
}

/// The volumes of a pool that may be seen.
pub(in crate::rollout) fn visible(client: &Client, pool: &str) -> incus::Result<Vec<incus::Volume>> {
    match client.volumes(pool) {
        Err(failure) if matches!(failure.kind(), Kind::Denied | Kind::NotFound) => Ok(Vec::new()),
        there => there,
    }
}

/// By which a volume of ours is known.
pub(super) fn marks(project: &str, instance: &str, path: &TargetPath) -> [(&'static str, String); 3] {
    [
        ("user.vezaimg.project", project.to_owned()),
        ("user.vezaimg.instance", instance.to_string()),
        ("user.vezaimg.path", path.to_string()),
    ]
}

/// Whether a volume bears these marks.
pub(super) fn is_marked(volume: &incus::Volume, marks: &[(&str, String)]) -> bool {
    marks.iter().all(|(key, value)| volume.config.get(*key) == Some(value))
}

/// An instance that has to be there.
pub(super) fn instance(client: &Client, name: &InstanceName) -> crate::Result<Instance> {
    client.instance(name)?.ok_or_else(|| Error::failed(format!("the instance `{name}` is gone")))
}

/// A path as a part of a name. Where two could become the same, or it is too long, some digits of its sha256 follow.
fn slug(path: &TargetPath) -> String {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'/';
    let relative = path.as_relative();
    let is_plain = relative.iter().all(plain) && relative.len() <= LONGEST;
    let fit = |byte: &u8| if byte.is_ascii_alphanumeric() { char::from(*byte) } else { '-' };
    if is_plain {
        return relative.iter().map(fit).collect();
    }
    let digits: String = Sha256::digest(relative).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let cut: String = relative.iter().take(LONGEST - 9).map(fit).collect();
    format!("{cut}-{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> TargetPath {
        TargetPath::parse(text).unwrap()
    }

    #[test]
    fn a_path_becomes_a_part_of_a_name_that_no_other_path_has() {
        assert_eq!(slug(&path("/var/log/veza")), "var-log-veza");
        assert_eq!(slug(&path("/var/log-veza")), "var-log-veza-b30fca43");
        let long = slug(&path(&format!("/{}", "é/".repeat(40).trim_end_matches('/'))));
        assert!(long.len() == LONGEST && long.is_ascii(), "{long}");
    }

    #[test]
    fn a_device_of_ours_is_told_by_name_and_place() {
        let volume = Volume {
            pool: "default".to_owned(),
            name: "web-1.srv-data".to_owned(),
            device: "vezaimg-srv-data".to_owned(),
            path: path("/srv/data"),
        };
        let device = volume.device_in_place();
        assert_eq!(Volume::of_device(&path("/srv/data"), "vezaimg-srv-data", &device), Some(volume.clone()));
        assert_eq!(Volume::of_device(&path("/srv/data/x"), "vezaimg-srv-data", &device), None);
        assert_eq!(Volume::of_device(&path("/srv/data"), "logs", &device), None);
        assert_eq!(volume.device_aside()["path"], "/.vezaimg/srv-data");
    }
}
