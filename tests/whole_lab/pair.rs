//! Two balancers, as behind one address: one answers while the other is swapped.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::outage::answers;
use super::platform::{build, lab, layouts, vezaimg};
use crate::support::veza::{Running, Static};
use crate::support::{Instance, seconds, wait_for};

const HEALTH: &str = "/haproxy/health";

#[test]
fn one_of_two_balancers_answers_while_the_other_is_swapped() {
    let workspace = layouts();
    // Each is its own server of the API.
    let own = [
        "haproxy_backend_api_fallback=own=127.0.0.1",
        "haproxy_backend_api_port=80",
        "haproxy_health_path=/haproxy/health",
    ];
    let own: Vec<_> = own.iter().flat_map(|variable| ["--set", variable]).collect();
    let images =
        ["p1", "p2"].map(|release| build(&workspace, "haproxy", &[&["--release", release], &own[..]].concat()));
    lab().incus(&["image", "import", &images[0], "--alias", "pair"]);
    let addresses = [Static::take(lab()), Static::take(lab())];
    let pair: Vec<_> = ["pair-1", "pair-2"]
        .iter()
        .zip(&addresses)
        .map(|(name, address)| {
            let device = format!("eth0,ipv4.address={}", address.address());
            lab().incus(&["launch", "pair", name, "--device", &device]);
            Instance::new(lab(), name)
        })
        .collect();
    let doors: [SocketAddr; 2] = [0, 1].map(|index: usize| (addresses[index].address(), 80).into());
    for door in doors {
        wait_for("a balancer to answer", seconds(60), || {
            if answers(door, HEALTH) { Ok(()) } else { Err("it does not".to_owned()) }
        });
    }
    let pool =
        "[[pool]]\nname = \"pair\"\ninstances = [\"pair-1\", \"pair-2\"]\nbalancer = true\nhealthy-for = \"1s\"\n";
    workspace.write("fleet.toml", pool);
    let rollout = || Running::spawn(vezaimg(&workspace).args(["rollout", &images[1], "--fleet", "fleet.toml"]));

    // Where the other does not answer, none is taken out.
    pair[1].exec(&["systemctl", "stop", "haproxy.service"]);
    let waits = rollout();
    waits.wait_for_stderr("waiting for its peers", seconds(60));
    waits.signal(rustix::process::Signal::INT);
    let interrupted = waits.wait(seconds(60));
    assert_eq!(interrupted.code, Some(5), "{interrupted:?}");
    assert!(answers(doors[0], HEALTH));
    pair[1].exec(&["systemctl", "start", "haproxy.service"]);

    let (over, gaps) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let watch = {
        let (over, gaps) = (Arc::clone(&over), Arc::clone(&gaps));
        thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                if !doors.iter().any(|door| answers(*door, HEALTH)) {
                    gaps.store(true, Ordering::Relaxed);
                }
                thread::sleep(Duration::from_millis(50));
            }
        })
    };
    let rolled = rollout().wait(seconds(300));
    over.store(true, Ordering::Relaxed);
    watch.join().unwrap();
    assert_eq!(rolled.code, Some(0), "{rolled:?}");
    assert!(!gaps.load(Ordering::Relaxed), "at some time neither answered");
    for name in ["pair-1", "pair-2"] {
        assert_eq!(lab().incus(&["config", "get", name, "image.vezaimg.release"]), "p2\n");
        lab().try_incus(&["delete", "--force", &format!("{name}-prev")]);
    }
}
