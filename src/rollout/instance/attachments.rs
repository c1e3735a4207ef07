//! What only one of an instance's containers may have at a time: its network interfaces, their addresses, and proxies.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::marks;
use crate::incus::{Config, Device, Devices, Instance, Settings};

/// Types of devices that are the instance's place in the network. The others are the container's own.
const TYPES: [&str; 3] = ["nic", "infiniband", "proxy"];
/// An Incus device that takes away what a profile gives.
const NONE: &str = "none";
const AUTOSTART: &str = "boot.autostart";

/// Devices that were taken from a container, and what is needed to give them back, to it or to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Attachments {
    /// The container's own devices.
    devices: BTreeMap<String, Device>,
    /// Devices of profiles that were masked.
    masked: Vec<String>,
    /// MAC addresses that Incus chose: `volatile.NAME.hwaddr`.
    volatile: Config,
    /// `boot.autostart`, where it is set.
    autostart: Option<String>,
}

impl Attachments {
    /// What a container has now.
    pub fn of(container: &Instance) -> Self {
        let own = container.devices.iter().filter(|(_, device)| is_place(device));
        let from_profiles = container
            .expanded_devices
            .iter()
            .filter(|(name, device)| is_place(device) && !container.devices.contains_key(*name));
        let key = |name: &String| format!("volatile.{name}.hwaddr");
        let volatile = container.expanded_devices.keys().map(key);
        Self {
            devices: own.map(|(name, device)| (name.clone(), device.clone())).collect(),
            masked: from_profiles.map(|(name, _)| name.clone()).collect(),
            volatile: volatile.filter_map(|key| Some((key.clone(), container.config.get(&key)?.clone()))).collect(),
            autostart: container.config.get(AUTOSTART).cloned(),
        }
    }

    /// Whether there are devices among them that it has now, and not only masks.
    pub fn is_any(&self) -> bool {
        !self.devices.is_empty() || !self.masked.is_empty()
    }

    /// What was noted on a container when it was taken from it.
    pub fn noted(container: &Instance) -> Option<Self> {
        serde_json::from_str(container.config.get(marks::DETACHED)?).ok()
    }

    /// Takes them from a container, and notes them on it. It does not start of itself any more.
    pub fn take_from(&self, settings: &mut Settings) {
        self.mask(&mut settings.devices);
        for key in self.volatile.keys() {
            settings.config.remove(key);
        }
        settings.config.insert(AUTOSTART.to_owned(), "false".to_owned());
        // Strings and maps of strings: this cannot fail.
        let text = serde_json::to_string(self).unwrap_or_default();
        settings.config.insert(marks::DETACHED.to_owned(), text);
    }

    /// Masks what profiles give. A device of the container's own may stand before one of a profile's, which must not come
    /// to light when it is taken.
    pub fn mask(&self, devices: &mut Devices) {
        for name in self.devices.keys().chain(&self.masked) {
            devices.insert(name.clone(), Device::from([("type".to_owned(), NONE.to_owned())]));
        }
    }

    /// Gives the devices alone to a container, each with its MAC address as its own setting: of a device that comes instead
    /// of a mask, Incus forgets the address in `volatile.NAME.hwaddr`, even one that is set together with it, and what
    /// its DHCP server is told has another. Once the device is there, [`give_to`](Self::give_to) makes it as it was.
    pub fn give_devices_to(&self, settings: &mut Settings) {
        for name in &self.masked {
            if settings.devices.get(name).is_some_and(|device| kind(device) == Some(NONE)) {
                settings.devices.remove(name);
            }
        }
        let with_address = |(name, device): (&String, &Device)| {
            let mut device = device.clone();
            if let Some(address) = self.volatile.get(&format!("volatile.{name}.hwaddr")) {
                device.entry("hwaddr".to_owned()).or_insert_with(|| address.clone());
            }
            (name.clone(), device)
        };
        settings.devices.extend(self.devices.iter().map(with_address));
    }

    /// Gives all of them to a container, which then bears no note of them any more.
    pub fn give_to(&self, settings: &mut Settings) {
        self.give_devices_to(settings);
        settings.devices.extend(self.devices.clone());
        settings.config.extend(self.volatile.clone());
        match &self.autostart {
            Some(value) => settings.config.insert(AUTOSTART.to_owned(), value.clone()),
            None => settings.config.remove(AUTOSTART),
        };
        settings.config.remove(marks::DETACHED);
    }

    /// The addresses that Incus reserves for them.
    pub fn addresses(&self) -> Vec<IpAddr> {
        let keys = ["ipv4.address", "ipv6.address"];
        let texts = self.devices.values().flat_map(|device| keys.iter().filter_map(|key| device.get(*key)));
        texts.filter_map(|text| text.parse().ok()).collect()
    }
}

/// Whether the device is a part of the instance's place in the network.
pub(super) fn is_place(device: &Device) -> bool {
    kind(device).is_some_and(|kind| TYPES.contains(&kind))
}

fn kind(device: &Device) -> Option<&str> {
    device.get("type").map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::instance::containers::tests::container;

    fn device(pairs: &[(&str, &str)]) -> Device {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn settings(container: &Instance) -> Settings {
        Settings {
            config: container.config.clone(),
            devices: container.devices.clone(),
            profiles: container.profiles.clone(),
            description: String::new(),
        }
    }

    #[test]
    fn what_is_taken_from_a_container_can_be_given_back_to_it() {
        let mut before = container("backend-api-1");
        before.config.insert("volatile.eth0.hwaddr".to_owned(), "10:66:6a:00:00:01".to_owned());
        before.config.insert("boot.autostart".to_owned(), "true".to_owned());
        let nic = device(&[("type", "nic"), ("network", "lab"), ("ipv4.address", "10.0.0.2")]);
        let logs = device(&[("type", "disk"), ("pool", "default"), ("source", "logs"), ("path", "/var/log/veza")]);
        before.devices = Devices::from([("eth0".to_owned(), nic.clone()), ("logs".to_owned(), logs.clone())]);
        let storage = device(&[("type", "nic"), ("nictype", "macvlan"), ("parent", "enp1")]);
        before.expanded_devices = before.devices.clone();
        before.expanded_devices.insert("storage0".to_owned(), storage);

        let attachments = Attachments::of(&before);
        let mut settings = settings(&before);
        attachments.take_from(&mut settings);
        let mask = device(&[("type", "none")]);
        let masked = [("eth0".to_owned(), mask.clone()), ("logs".to_owned(), logs), ("storage0".to_owned(), mask)];
        assert_eq!(settings.devices, Devices::from(masked));
        assert_eq!(settings.config["boot.autostart"], "false");
        assert!(!settings.config.contains_key("volatile.eth0.hwaddr"));

        let after = Instance { config: settings.config.clone(), devices: settings.devices.clone(), ..before.clone() };
        let noted = Attachments::noted(&after).unwrap();
        assert_eq!(noted, attachments);
        assert_eq!(noted.addresses(), ["10.0.0.2".parse::<IpAddr>().unwrap()]);
        noted.give_to(&mut settings);
        assert_eq!((settings.config, settings.devices), (before.config, before.devices));
    }

    #[test]
    fn a_mask_of_the_users_own_stays() {
        let mut before = container("backend-api-1");
        before.devices = Devices::from([("eth1".to_owned(), device(&[("type", "none")]))]);
        before.expanded_devices = before.devices.clone();
        let mut settings = settings(&before);
        let attachments = Attachments::of(&before);
        attachments.take_from(&mut settings);
        attachments.give_to(&mut settings);
        assert_eq!(settings.devices, before.devices);
    }
}
