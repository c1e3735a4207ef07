//! The machine against a small world in which everything can go wrong, and against observations of no world at all.

mod any;
mod world;

use std::time::Duration;

use super::*;
use crate::haproxy::Admin;
use world::{Container, Event, Fate, World};

fn terms(min_available: usize) -> Terms {
    Terms {
        min_available,
        drain: Duration::from_secs(5),
        websocket: Duration::from_secs(5),
        healthy: Duration::from_secs(10),
        healthy_count: 3,
        healthy_for: Duration::from_secs(5),
        allow_sticky_race: false,
    }
}

/// How a swap went.
#[derive(Debug)]
struct Run {
    world: World,
    end: Action,
    actions: Vec<Action>,
}

/// Runs a swap to its end, each look with what happens at it; after the last event nothing happens any more.
fn run(fate: Fate, min_available: usize, peers: usize, events: &[Event]) -> Run {
    run_in(World::new(fate, peers), min_available, events)
}

fn run_in(mut world: World, min_available: usize, events: &[Event]) -> Run {
    let peers = world.peers;
    let mut swap = Swap::new(terms(min_available), Goal::Forward);
    let mut actions = Vec::new();
    for look in 0..5_000 {
        let mut fails = false;
        match events.get(look).copied().unwrap_or(Event::PeerUp) {
            Event::Nothing => {}
            Event::Killed => swap = Swap::new(terms(min_available), world.goal.clone()),
            Event::Reloaded => {
                world.admin = Admin::Ready;
                world.ignores_cookies = false;
                world.rise = Some(0);
                world.forgot = true;
            }
            Event::Fails => fails = true,
            Event::PeerDown => world.peers = world.peers.saturating_sub(1),
            Event::PeerUp => world.peers = peers,
            Event::Interrupted => world.interrupted = true,
        }
        let seen = world.look();
        let mut action = swap.next(&seen);
        if fails && !matches!(action, Action::Wait(_) | Action::Commit | Action::Stop(_) | Action::Turn(_)) {
            action = swap.failed("it cannot be done".to_owned());
        }
        check(&world, &seen, &action, min_available);
        world.act(&action);
        if let Action::Turn(_) = &action {
            swap = Swap::new(terms(min_available), world.goal.clone());
        }
        assert!(!world.exposes(), "{action:?} lets requests come to {world:#?}");
        actions.push(action.clone());
        if matches!(action, Action::Commit | Action::Stop(_)) {
            return Run { world, end: action, actions };
        }
    }
    panic!("no end within 5,000 looks: {:?} in {world:#?}", actions.last());
}

/// What may never be done, whatever happened before.
fn check(world: &World, seen: &Seen, action: &Action, min_available: usize) {
    let proved = world.live().is_some_and(|(live, _)| live.body.is_proved);
    let serves = seen.rotation.serves() && world.answers() && proved;
    if serves && matches!(action, Action::Drain | Action::Maintain | Action::Halt) {
        assert!(seen.peers >= min_available, "{action:?} with {} peers", seen.peers);
    }
    if !world.is_behind {
        let wants = world.goal == Goal::Forward && world.old.body.is_running;
        assert!(!wants || !matches!(action, Action::Halt) || seen.peers >= min_available, "{} peers", seen.peers);
        assert!(!matches!(action, Action::Drain | Action::Maintain | Action::GiveBack), "{action:?} of no server");
        return;
    }
    if matches!(action, Action::Halt) {
        assert_eq!(world.admin, Admin::Maint, "stopped while HAProxy may send requests");
    }
    if matches!(action, Action::Start) {
        assert_ne!(world.admin, Admin::Ready, "started while HAProxy may send requests");
    }
    if matches!(action, Action::Prove) {
        assert!(seen.entering.is_some_and(|entering| entering.is_complete), "proved before it is complete");
    }
    if matches!(action, Action::Detach) {
        assert!(!world.old.body.is_attached || !world.new.is_some_and(|new| new.body.is_attached));
    }
    if matches!(action, Action::MoveIn) {
        assert!(world.live().is_none(), "two containers of one name");
    }
}

fn steps(run: &Run) -> Vec<&Action> {
    let mut steps: Vec<_> = run.actions.iter().filter(|action| !matches!(action, Action::Wait(_))).collect();
    steps.dedup();
    steps
}

/// What a swap takes from its beginning to its end.
const STEPS: [Action; 15] = [
    Action::Stage,
    Action::Drain,
    Action::Maintain,
    Action::Halt,
    Action::Detach,
    Action::MoveAside,
    Action::MoveIn,
    Action::Carry,
    Action::Attach,
    Action::Recheck,
    Action::Start,
    Action::Complete,
    Action::Prove,
    Action::Ready,
    Action::Commit,
];

#[test]
fn a_swap_takes_its_steps_in_their_order() {
    let run = run(Fate::Healthy, 1, 1, &[]);
    assert_eq!(steps(&run), STEPS.iter().collect::<Vec<_>>());
}

#[test]
fn a_balancer_is_swapped_without_a_drain_as_soon_as_enough_others_answer() {
    let alone = |peers| World { is_behind: false, ..World::new(Fate::Healthy, peers) };
    let run = run_in(alone(0), 0, &[]);
    let of_servers = |step: &&Action| matches!(step, Action::Drain | Action::Maintain | Action::Ready);
    assert_eq!(steps(&run), STEPS.iter().filter(|step| !of_servers(step)).collect::<Vec<_>>());
    let run = run_in(alone(0), 1, &[]);
    let Action::Stop(Ending::Untouched(why)) = &run.end else { panic!("{:?}", run.end) };
    assert_eq!(why, "0 of the pool's other balancers answer, and 1 must");
}

#[test]
fn a_release_that_never_gets_healthy_is_turned_back() {
    for fate in [Fate::NeverHealthy, Fate::NoUnit, Fate::Crashes(9)] {
        let run = run(fate, 1, 1, &[]);
        assert_eq!(run.end, Action::Commit, "{fate:?}");
        assert!(matches!(run.world.goal, Goal::Restore(_)), "{fate:?}");
        let restored = Body { is_proved: true, ..World::new(fate, 1).old.body };
        assert_eq!(run.world.old.body, restored, "{fate:?}");
        assert_eq!((run.world.admin, run.world.ignores_cookies), (Admin::Ready, false), "{fate:?}");
    }
}

#[test]
fn nothing_is_taken_out_without_enough_peers() {
    let events = [Event::PeerDown; 1].into_iter().chain([Event::Nothing; 400]).collect::<Vec<_>>();
    let run = run(Fate::Healthy, 1, 1, &events);
    let why = "0 of the pool's other instances are UP and unthrottled, and 1 must be".to_owned();
    assert_eq!(run.end, Action::Stop(Ending::Untouched(why)));
    assert_eq!(steps(&run), [&Action::Stage, &run.end]);
}

#[test]
fn a_peer_that_dies_during_the_drain_brings_the_instance_back() {
    let events = [Event::Nothing, Event::Nothing, Event::PeerDown, Event::Nothing, Event::PeerUp];
    let run = run(Fate::Healthy, 1, 1, &events);
    let begin = [Action::Stage, Action::Drain, Action::GiveBack, Action::Drain, Action::Maintain];
    assert_eq!(steps(&run)[..5], begin.iter().collect::<Vec<_>>()[..]);
    assert_eq!(run.end, Action::Commit);
}

#[test]
fn somebody_who_asks_to_stop_gets_the_instance_back_before_it_is_halted_and_the_new_one_after() {
    let early = run(Fate::Healthy, 1, 1, &[Event::Nothing, Event::Nothing, Event::Interrupted]);
    assert_eq!(early.end, Action::Stop(Ending::Interrupted));
    assert!(early.world.old.body.is_running && early.world.admin == Admin::Ready && !early.world.ignores_cookies);

    let events: Vec<_> = [Event::Nothing; 10].into_iter().chain([Event::Interrupted]).collect();
    let late = run(Fate::Healthy, 1, 1, &events);
    assert_eq!(late.end, Action::Stop(Ending::Interrupted));
    let new = late.world.new.unwrap().body;
    assert!(new.is_live && new.is_running && new.is_proved && late.world.admin == Admin::Ready);
}

#[test]
fn an_action_that_fails_anywhere_ends_with_the_old_one_serving() {
    let smooth = run(Fate::Healthy, 1, 1, &[]);
    for at in 0..smooth.actions.len() {
        let events: Vec<_> = (0..=at).map(|look| if look == at { Event::Fails } else { Event::Nothing }).collect();
        let run = run(Fate::Healthy, 1, 1, &events);
        assert_eq!(run.end, Action::Commit, "at {at}");
        assert_eq!(run.world.admin, Admin::Ready, "at {at}");
        if run.world.goal != Goal::Forward {
            assert!(run.world.old.body.is_live && run.world.old.body.is_running && run.world.old.body.is_attached);
        }
    }
}

#[test]
fn a_start_that_is_refused_is_not_taken_for_one_after_which_the_container_stopped() {
    let out = |admin| Serving {
        admin,
        is_up: false,
        check_passes: Some(false),
        throttle: None,
        is_sticky: false,
        ignores_cookies: false,
        requests: 0,
        tunnels: 0,
    };
    let mut seen = Seen {
        now: Duration::ZERO,
        entering: Some(Body { is_live: true, is_attached: true, is_carried: true, is_staged: true, ..Body::default() }),
        leaving: None,
        rotation: Rotation(vec![out(Admin::Maint)]),
        peers: 1,
        another_is_out: false,
        was_reloaded: false,
        vitals: None,
        interrupted: false,
    };
    let mut swap = Swap::new(terms(1), Goal::Restore("never healthy".to_owned()));
    assert_eq!(swap.next(&seen), Action::Recheck);
    seen.rotation = Rotation(vec![out(Admin::Drain)]);
    for _ in 0..5 {
        assert_eq!(swap.next(&seen), Action::Start);
        swap.undone(&Action::Start);
    }
    assert_eq!([(); 2].map(|()| swap.next(&seen)), [Action::Start, Action::Start]);
    assert!(matches!(swap.next(&seen), Action::Stop(Ending::Stuck(_))));
}

#[test]
fn without_a_look_at_cookies_a_drain_counts_only_if_it_is_allowed() {
    let mut seen = World::new(Fate::Healthy, 1).look();
    seen.entering = Some(Body { is_staged: true, ..Body::default() });
    seen.rotation.0[0].admin = Admin::Drain;
    assert_eq!(Swap::new(terms(1), Goal::Forward).next(&seen), Action::Drain);
    let allowed = Terms { allow_sticky_race: true, ..terms(1) };
    assert!(matches!(Swap::new(allowed, Goal::Forward).next(&seen), Action::Wait(Wait::Idle { .. })));
}

/// Two containers, of which the leaving one serves, drained, with a request in flight.
fn draining() -> Seen {
    let mut world = World::new(Fate::Healthy, 1);
    world.act(&Action::Stage);
    world.act(&Action::Drain);
    world.look()
}

#[test]
fn on_the_way_back_too_requests_in_flight_end_before_their_container_is_stopped() {
    let mut seen = draining();
    let serves = Body { is_live: true, is_running: true, is_attached: true, is_proved: true, ..Body::default() };
    (seen.entering, seen.leaving) = (Some(Body { is_carried: true, ..Body::default() }), Some(serves));
    let mut swap = Swap::new(terms(1), Goal::Restore("it crashed".to_owned()));
    assert!(seen.rotation.requests() > 0);
    assert!(matches!(swap.next(&seen), Action::Wait(Wait::Idle { requests: 1, .. })));
    seen.rotation.0[0].requests = 0;
    assert_eq!(swap.next(&seen), Action::Maintain);
}

#[test]
fn what_a_former_process_of_haproxy_has_left_is_waited_for() {
    let mut seen = draining();
    seen.rotation.0[0].requests = 0;
    let idle =
        |swap: &mut Swap, seen: &Seen| (0..4).all(|_| matches!(swap.next(seen), Action::Wait(Wait::Idle { .. })));
    let mut swap = Swap::new(terms(1), Goal::Forward);
    seen.was_reloaded = true;
    assert!(idle(&mut swap, &seen));
    seen.now += terms(1).drain;
    assert!(!idle(&mut swap, &seen), "its time is over");
}

#[test]
fn what_is_not_staged_yet_is_staged_whoever_has_put_the_instance_into_maintenance() {
    let mut world = World::new(Fate::Healthy, 1);
    world.act(&Action::Maintain);
    world.new = Some(Container { body: Body::default(), age: 0 });
    assert_eq!(Swap::new(terms(1), Goal::Forward).next(&world.look()), Action::Stage);
    world.old.body.is_running = false;
    assert_eq!(Swap::new(terms(1), Goal::Forward).next(&world.look()), Action::Stage);
}

/// Of a busy host, systemd may not answer in time: what the service answers itself counts.
#[test]
fn a_unit_that_cannot_be_asked_takes_no_healthy_release_back() {
    let mut world = World::new(Fate::Healthy, 1);
    world.act(&Action::Stage);
    for action in [Action::Halt, Action::MoveAside, Action::MoveIn, Action::Attach, Action::Start, Action::Prove] {
        world.act(&action);
    }
    world.entering().age = 100;
    let mut swap = Swap::new(terms(1), Goal::Forward);
    for _ in 0..6 {
        let mut seen = world.look();
        seen.vitals = Some(Vitals { unit: Some(UnitState::Unknown), health: Some(Ok(())) });
        assert!(!matches!(swap.next(&seen), Action::Turn(_)));
    }
}
