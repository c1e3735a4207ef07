//! The `.network` file, and systemd-networkd switched on.

use super::Content;
use super::plant::{Planter, ROOT_FILE};
use crate::layout::{Layout, Network};
use crate::rootfs::{Survey, TargetPath};
use crate::{Error, Result};

/// Sorts before any file that a base brings for the same interface: the first match wins, systemd.network(5).
const DIRECTORY: &str = "/etc/systemd/network";

/// What `systemctl enable systemd-networkd` would make in Debian 12: its `WantedBy=`, `Also=` and `Alias=`.
const LINKS: [(&str, &str); 5] = [
    ("dbus-org.freedesktop.network1.service", "systemd-networkd.service"),
    ("multi-user.target.wants/systemd-networkd.service", "systemd-networkd.service"),
    ("network-online.target.wants/systemd-networkd-wait-online.service", "systemd-networkd-wait-online.service"),
    ("sockets.target.wants/systemd-networkd.socket", "systemd-networkd.socket"),
    ("sysinit.target.wants/systemd-network-generator.service", "systemd-network-generator.service"),
];

/// The file that the layout's `[network]` asks for.
pub(super) fn path(layout: &Layout) -> Option<(TargetPath, &'static str)> {
    let network = layout.network.as_ref()?;
    let directory = TargetPath::known(DIRECTORY);
    let path = directory.join(format!("10-vezaimg-{}.network", network.interface).as_bytes()).ok()?;
    Some((path, "it is made from [network]"))
}

pub(super) fn plant(planter: &mut Planter<'_>, layout: &Layout, survey: &Survey) -> Result<()> {
    let (Some(network), Some((path, _))) = (&layout.network, path(layout)) else { return Ok(()) };
    let units = ["/usr/lib/systemd/system", "/lib/systemd/system"].map(TargetPath::known);
    let unit = |name: &str| {
        let found = units.iter().filter_map(|directory| directory.join(name.as_bytes()).ok());
        found.into_iter().find(|path| survey.resolve(path).is_some())
    };
    if unit("systemd-networkd.service").is_none() {
        return Err(Error::invalid(format!(
            "[network] needs systemd-networkd, which `{}` does not have",
            survey.base()
        ))
        .hint("Debian 12 has it in the package `systemd`; or leave [network] out and let the base configure it"));
    }
    planter.file(path, ROOT_FILE, Content::Bytes(file(network).into_bytes()));
    for (link, name) in LINKS {
        let Ok(link) = TargetPath::known("/etc/systemd/system").join(link.as_bytes()) else { continue };
        if let (Some(target), None) = (unit(name), survey.tree().get(&link)) {
            planter.link(link, target.to_string());
        }
    }
    Ok(())
}

/// systemd.network(5). The MAC is the client's identity towards DHCP: a new root has a new machine id, and with the
/// default identity the same container would get another address after every swap. Names of neighbours are found without
/// the network's domain. The name is Incus's to give, and the one that DHCP gives is not asked for.
fn file(network: &Network) -> String {
    let Network { interface, dhcp } = network;
    let mut text = format!("# From [network] of the layout.\n[Match]\nName={interface}\n\n[Network]\n");
    if *dhcp {
        text.push_str(
            "DHCP=ipv4\nIPv6AcceptRA=yes\n\n[DHCPv4]\nClientIdentifier=mac\nUseDomains=yes\nUseHostname=no\n",
        );
    } else {
        text.push_str("DHCP=no\nIPv6AcceptRA=no\nLinkLocalAddressing=no\n");
    }
    text
}
