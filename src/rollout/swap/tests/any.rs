//! Whatever happens, and whatever is seen.

use std::time::Duration;

use proptest::prelude::*;

use super::super::*;
use super::world::{Event, Fate, World};
use super::{run_in, terms};
use crate::haproxy::Admin;

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => Just(Event::Nothing),
        2 => Just(Event::Killed),
        1 => Just(Event::Reloaded),
        1 => Just(Event::Fails),
        1 => Just(Event::PeerDown),
        1 => Just(Event::PeerUp),
        1 => Just(Event::Interrupted),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![Just(Fate::Healthy), Just(Fate::NeverHealthy), Just(Fate::NoUnit), (3..40_u32).prop_map(Fate::Crashes)]
}

fn body() -> impl Strategy<Value = Option<Body>> {
    let flags = any::<[bool; 7]>();
    proptest::option::of(flags.prop_map(
        |[is_live, is_running, is_attached, is_staged, is_carried, is_complete, is_proved]| Body {
            is_live,
            is_running,
            is_attached,
            is_staged,
            is_carried,
            is_complete,
            is_proved,
        },
    ))
}

fn serving() -> impl Strategy<Value = Serving> {
    let admin = prop_oneof![Just(Admin::Ready), Just(Admin::Drain), Just(Admin::Maint)];
    (admin, any::<[bool; 4]>(), 0..3_u64, 0..3_u64).prop_map(|(admin, flags, requests, tunnels)| Serving {
        admin,
        is_up: flags[0],
        check_passes: Some(flags[1]),
        throttle: flags[2].then_some(50),
        is_sticky: true,
        ignores_cookies: flags[3],
        requests,
        tunnels,
    })
}

prop_compose! {
    fn seen()(
        entering in body(),
        leaving in body(),
        servers in proptest::collection::vec(serving(), 1..4),
        peers in 0..3_usize,
        another_is_out in any::<bool>(),
        healthy in any::<bool>(),
        interrupted in any::<bool>(),
    ) -> Seen {
        let vitals = Vitals {
            unit: Some(UnitState::Active { restarts: 0 }),
            health: Some(if healthy { Ok(()) } else { Err("503".to_owned()) }),
        };
        Seen {
            now: Duration::ZERO,
            entering,
            leaving,
            rotation: Rotation(servers),
            peers,
            another_is_out,
            was_reloaded: false,
            vitals: Some(vitals),
            interrupted,
        }
    }
}

proptest! {
    /// Whatever happens, at whatever time: the swap ends, never with fewer than enough, and what serves is known.
    #[test]
    fn every_path_ends_done_restored_or_told(
        fate in fate(),
        min_available in 0..3_usize,
        is_behind in any::<bool>(),
        events in proptest::collection::vec(event(), 0..120),
    ) {
        let run = run_in(World { is_behind, ..World::new(fate, 2) }, min_available, &events);
        let world = &run.world;
        match &run.end {
            Action::Commit => {
                let (live, is_new) = world.live().unwrap();
                prop_assert!(live.body.is_running && live.body.is_attached && live.body.is_proved);
                prop_assert_eq!(is_new, world.goal == Goal::Forward);
                prop_assert_eq!(world.admin, Admin::Ready);
            }
            Action::Stop(Ending::Interrupted | Ending::Untouched(_)) => {
                let (live, _) = world.live().unwrap();
                prop_assert!(live.body.is_running && live.body.is_attached);
                prop_assert_eq!(world.admin, Admin::Ready);
            }
            Action::Stop(Ending::Stuck(why)) => prop_assert!(!why.is_empty()),
            other => prop_assert!(false, "ended with {:?}", other),
        }
    }

    /// Whatever is seen, true or not: no instance is taken out without enough peers, or beside another that is out.
    #[test]
    fn no_observation_takes_out_what_is_needed(sequence in proptest::collection::vec(seen(), 1..30), min in 0..3_usize) {
        let mut swap = Swap::new(terms(min), Goal::Forward);
        for seen in &sequence {
            let action = swap.next(seen);
            let leaving = seen.leaving.is_some_and(|leaving| leaving.is_live && leaving.is_running);
            let takes_out = match action {
                Action::Drain => true,
                Action::Maintain => seen.rotation.0.iter().any(|server| server.admin == Admin::Ready),
                _ => false,
            };
            if leaving && takes_out {
                prop_assert!(seen.peers >= min && !seen.another_is_out, "{:?} at {:?}", action, seen);
            }
            if action == Action::Halt {
                prop_assert!(seen.rotation.all(Admin::Maint));
            }
            if action == Action::Start {
                prop_assert!(seen.rotation.0.iter().all(|server| server.admin == Admin::Drain));
            }
        }
    }
}
