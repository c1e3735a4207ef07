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
    /// The container's own devices, with the MAC addresses that Incus chose for them: what gives out addresses is told
    /// of a device's when the device is added, and not when Incus chooses another later.
    devices: BTreeMap<String, Device>,
    /// Devices of profiles that were masked.
    masked: Vec<String>,
    /// Their MAC addresses, which Incus chose: `volatile.NAME.hwaddr`.
    volatile: Config,
    /// `boot.autostart`, where it is set.
    autostart: Option<String>,
}

impl Attachments {
    /// What a container has now.
    pub fn of(container: &Instance) -> Self {
        let chosen = |name: &String| container.config.get(&hwaddr_key(name));
        let own = container.devices.iter().filter(|(_, device)| is_place(device)).map(|(name, device)| {
            let mut device = device.clone();
            if let Some(hwaddr) = chosen(name) {
                device.entry("hwaddr".to_owned()).or_insert_with(|| hwaddr.clone());
            }
            (name.clone(), device)
        });
        let from_profiles = container
            .expanded_devices
            .iter()
            .filter(|(name, device)| is_place(device) && !container.devices.contains_key(*name));
        let masked: Vec<_> = from_profiles.map(|(name, _)| name.clone()).collect();
        Self {
            devices: own.collect(),
            volatile: masked.iter().filter_map(|name| Some((hwaddr_key(name), chosen(name)?.clone()))).collect(),
            masked,
            autostart: container.config.get(AUTOSTART).cloned(),
        }
    }

    /// What was noted on a container when it was taken from it.
    pub fn noted(container: &Instance) -> Option<Self> {
        serde_json::from_str(container.config.get(marks::DETACHED)?).ok()
    }

    /// Takes them from a container, and notes them on it. It does not start of itself any more.
    pub fn take_from(&self, settings: &mut Settings) {
        self.mask(&mut settings.devices);
        for name in self.devices.keys().chain(&self.masked) {
            settings.config.remove(&hwaddr_key(name));
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

    /// Gives them to a container, all but the MAC addresses of profiles' devices: Incus forgets those of a device whose
    /// type changes, as that of a mask does. [`finish`](Self::finish) follows.
    pub fn give_to(&self, settings: &mut Settings) {
        for name in &self.masked {
            if settings.devices.get(name).is_some_and(|device| kind(device) == Some(NONE)) {
                settings.devices.remove(name);
            }
        }
        settings.devices.extend(self.devices.clone());
        match &self.autostart {
            Some(value) => settings.config.insert(AUTOSTART.to_owned(), value.clone()),
            None => settings.config.remove(AUTOSTART),
        };
    }

    /// Gives a container that has the devices of profiles their MAC addresses, and notes no longer that they were taken.
    pub fn finish(&self, settings: &mut Settings) {
        settings.config.extend(self.volatile.clone());
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

fn hwaddr_key(device: &str) -> String {
    format!("volatile.{device}.hwaddr")
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

    fn config(pairs: &[(&str, &str)]) -> Config {
        device(pairs)
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
    fn what_is_taken_from_a_container_can_be_given_to_it_or_another_with_its_mac_addresses() {
        let mut before = container("backend-api-1");
        before.config = config(&[
            ("volatile.eth0.hwaddr", "10:66:6a:00:00:01"),
            ("volatile.storage0.hwaddr", "10:66:6a:00:00:02"),
            ("boot.autostart", "true"),
        ]);
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
        let masked = [("eth0", mask.clone()), ("logs", logs.clone()), ("storage0", mask)];
        assert_eq!(settings.devices, masked.map(|(name, device)| (name.to_owned(), device)).into());
        assert_eq!(settings.config["boot.autostart"], "false");
        assert_eq!(settings.config.keys().collect::<Vec<_>>(), ["boot.autostart", marks::DETACHED]);

        let after = Instance { config: settings.config.clone(), devices: settings.devices.clone(), ..before.clone() };
        let noted = Attachments::noted(&after).unwrap();
        assert_eq!(noted, attachments);
        assert_eq!(noted.addresses(), ["10.0.0.2".parse::<IpAddr>().unwrap()]);
        noted.give_to(&mut settings);
        noted.finish(&mut settings);
        // A MAC address of the container's own device is its own from now on; that of a profile's stays Incus's choice.
        let pinned = Device::from_iter(nic.into_iter().chain(device(&[("hwaddr", "10:66:6a:00:00:01")])));
        assert_eq!(settings.devices, Devices::from([("eth0".to_owned(), pinned), ("logs".to_owned(), logs)]));
        assert_eq!(
            settings.config,
            config(&[("volatile.storage0.hwaddr", "10:66:6a:00:00:02"), ("boot.autostart", "true")])
        );
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
        attachments.finish(&mut settings);
        assert_eq!(settings.devices, before.devices);
    }
}
