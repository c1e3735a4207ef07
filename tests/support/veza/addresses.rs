//! Addresses that no two tests have.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::support::Lab;

/// The last octets that a lab's bridge gives out to nobody by itself: see `lab.sh`.
const STATIC: std::ops::RangeInclusive<u8> = 100..=254;

static TAKEN: Mutex<BTreeSet<u8>> = Mutex::new(BTreeSet::new());

fn taken() -> MutexGuard<'static, BTreeSet<u8>> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An address on a lab's bridge, for a container's `ipv4.address`; it is free again with its value.
pub(crate) struct Static(Ipv4Addr);

impl Static {
    pub(crate) fn take(lab: &Lab) -> Self {
        let bridge = lab.query(&format!("/1.0/networks/{}", lab.bridge()));
        let gateway = bridge["config"]["ipv4.address"].as_str().and_then(|text| text.strip_suffix("/24"));
        let [a, b, c, _] =
            gateway.and_then(|text| text.parse::<Ipv4Addr>().ok()).expect("the bridge is a /24").octets();
        let mut taken = taken();
        let free = STATIC.into_iter().find(|octet| !taken.contains(octet));
        let octet = free.expect("fewer containers run at once than there are addresses");
        taken.insert(octet);
        Self(Ipv4Addr::new(a, b, c, octet))
    }

    pub(crate) fn address(&self) -> Ipv4Addr {
        self.0
    }
}

impl Drop for Static {
    fn drop(&mut self) {
        taken().remove(&self.0.octets()[3]);
    }
}

/// An address of the machine's loopback network on which these ports are free, and which no other value of this process
/// got. A port of 127.0.0.1 that was free a moment ago may be anybody's by now; here nobody else is.
pub(super) fn loopback(ports: &[u16]) -> Ipv4Addr {
    static COUNT: AtomicU16 = AtomicU16::new(0);
    let [high, low] = u16::try_from(std::process::id() % 65_536).unwrap().to_be_bytes();
    let mut candidates = (0..256).map(|_| {
        let [_, count] = COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        // Not in 127.0.0.0/16, where people keep addresses of their own; from above, for others may count from below.
        Ipv4Addr::new(127, high | 1, low, !count)
    });
    let free = |address: &Ipv4Addr| ports.iter().all(|port| TcpListener::bind((*address, *port)).is_ok());
    candidates.find(free).expect("a loopback address is free")
}
