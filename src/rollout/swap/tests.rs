//! The machine against a small world in which everything can go wrong, and against observations of no world at all.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::haproxy::Admin;

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

/// Where a container stands, and what was noted on it.
#[derive(Clone, Copy, Debug)]
struct Container {
    body: Body,
    /// Looks since its start; its fate depends on it.
    age: u32,
}

/// What becomes of the new release.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Healthy,
    NeverHealthy,
    NoUnit,
    /// Its service ends so many looks after its start.
    Crashes(u32),
}

/// What happens at a look.
#[derive(Clone, Copy, Debug)]
enum Event {
    Nothing,
    /// The process is killed: the machine begins anew with the goal that was written down.
    Killed,
    /// HAProxy forgets what it was told.
    Reloaded,
    /// The next action fails.
    Fails,
    PeerDown,
    PeerUp,
    Interrupted,
}

#[derive(Debug)]
struct World {
    old: Container,
    new: Option<Container>,
    admin: Admin,
    ignores_cookies: bool,
    /// Looks until HAProxy's check has passed; `None` when it does not run.
    rise: Option<u32>,
    throttle: u32,
    requests: u64,
    peers: usize,
    fate: Fate,
    interrupted: bool,
    /// The goal as the journal has it.
    goal: Goal,
    clock: Duration,
    /// HAProxy was reloaded since the last action: it may give requests to whom it must not.
    forgot: bool,
}

impl World {
    fn new(fate: Fate, peers: usize) -> Self {
        let serving = Body {
            is_live: true,
            is_running: true,
            is_attached: true,
            is_staged: true,
            is_carried: true,
            is_proved: true,
        };
        Self {
            old: Container { body: serving, age: 100 },
            new: None,
            admin: Admin::Ready,
            ignores_cookies: false,
            rise: Some(0),
            throttle: 0,
            requests: 2,
            peers,
            fate,
            interrupted: false,
            goal: Goal::Forward,
            clock: Duration::ZERO,
            forgot: false,
        }
    }

    fn live(&self) -> Option<(Container, bool)> {
        let new = self.new.filter(|new| new.body.is_live).map(|new| (new, true));
        new.or(self.old.body.is_live.then_some((self.old, false)))
    }

    /// Whether what bears the name answers health checks.
    fn answers(&self) -> bool {
        let Some((live, is_new)) = self.live() else { return false };
        let runs = live.body.is_running && live.body.is_attached;
        runs && match self.fate {
            _ if !is_new => true,
            Fate::Healthy => live.age >= 2,
            Fate::NeverHealthy | Fate::NoUnit => false,
            Fate::Crashes(age) => live.age >= 2 && live.age < age,
        }
    }

    fn vitals(&self, container: Container, is_new: bool) -> Option<Vitals> {
        if !container.body.is_running {
            return None;
        }
        let unit = match self.fate {
            Fate::NoUnit if is_new => UnitState::Dead("not-found".to_owned()),
            Fate::Crashes(age) if is_new && container.age >= age => UnitState::Dead("failed".to_owned()),
            _ => UnitState::Active { restarts: 0 },
        };
        let health = if self.answers() { Ok(()) } else { Err("503".to_owned()) };
        Some(Vitals { unit: Some(unit), health: Some(health) })
    }

    /// Time passes, and the world is looked at.
    fn look(&mut self) -> Seen {
        self.clock += Duration::from_millis(500);
        for container in [Some(&mut self.old), self.new.as_mut()].into_iter().flatten() {
            container.age += u32::from(container.body.is_running);
        }
        self.rise = match (self.answers(), self.rise) {
            (false, _) => Some(2),
            (true, rise) => rise.map(|rise| rise.saturating_sub(1)),
        };
        self.throttle = self.throttle.saturating_sub(1);
        self.requests = if self.admin == Admin::Ready { 2 } else { self.requests.saturating_sub(1) };
        let is_up = self.admin != Admin::Maint && self.rise == Some(0);
        let serving = Serving {
            admin: self.admin,
            is_up,
            check_passes: Some(is_up),
            throttle: (is_up && self.throttle > 0).then_some(50),
            is_sticky: true,
            ignores_cookies: self.ignores_cookies,
            requests: self.requests,
            tunnels: 0,
        };
        let restoring = self.goal != Goal::Forward;
        let (old, new) = (Some((self.old, false)), self.new.map(|new| (new, true)));
        let (entering, leaving) = if restoring { (old, new) } else { (new, old) };
        Seen {
            now: self.clock,
            entering: entering.map(|(container, _)| container.body),
            leaving: leaving.map(|(container, _)| container.body),
            rotation: Rotation(vec![serving]),
            peers: self.peers,
            another_is_out: false,
            was_reloaded: false,
            vitals: entering.and_then(|(container, is_new)| self.vitals(container, is_new)),
            interrupted: self.interrupted,
        }
    }

    fn entering(&mut self) -> &mut Container {
        if self.goal != Goal::Forward {
            return &mut self.old;
        }
        self.new.as_mut().expect("what enters was staged")
    }

    fn leaving(&mut self) -> &mut Container {
        if self.goal == Goal::Forward {
            return &mut self.old;
        }
        self.new.as_mut().expect("what leaves was staged")
    }

    fn act(&mut self, action: &Action) {
        self.forgot = false;
        match action {
            Action::Stage => {
                self.new = Some(Container { body: Body { is_staged: true, ..Body::default() }, age: 0 });
            }
            Action::Drain => {
                self.ignores_cookies = true;
                self.admin = if self.admin == Admin::Ready { Admin::Drain } else { self.admin };
            }
            Action::Maintain => self.admin = Admin::Maint,
            Action::Halt => {
                let leaving = self.leaving();
                leaving.body.is_proved = false;
                leaving.body.is_running = false;
            }
            Action::Carry => self.entering().body.is_carried = true,
            Action::Detach => self.leaving().body.is_attached = false,
            Action::MoveAside => self.leaving().body.is_live = false,
            Action::MoveIn => self.entering().body.is_live = true,
            Action::Attach => self.entering().body.is_attached = true,
            Action::Recheck => {
                self.ignores_cookies = true;
                self.admin = Admin::Drain;
                self.rise = Some(2);
            }
            Action::Start => {
                self.entering().body.is_running = true;
                self.entering().age = 0;
            }
            Action::Prove => self.entering().body.is_proved = true,
            Action::Ready | Action::GiveBack => {
                self.throttle = if self.admin == Admin::Ready { self.throttle } else { 4 };
                self.admin = Admin::Ready;
                self.ignores_cookies = false;
            }
            Action::Turn(why) => self.goal = Goal::Restore(why.clone()),
            Action::Wait(_) | Action::Commit | Action::Stop(_) => {}
        }
    }

    /// Whether a request can come to a container that is not known to be well.
    fn exposes(&self) -> bool {
        let proved = self.live().is_some_and(|(live, _)| live.body.is_proved && live.body.is_running);
        self.admin == Admin::Ready && !self.forgot && !proved
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
    let mut world = World::new(fate, peers);
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
    if matches!(action, Action::Halt) {
        assert_eq!(world.admin, Admin::Maint, "stopped while HAProxy may send requests");
    }
    if matches!(action, Action::Start) {
        assert_ne!(world.admin, Admin::Ready, "started while HAProxy may send requests");
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

#[test]
fn a_swap_takes_its_steps_in_their_order() {
    let run = run(Fate::Healthy, 1, 1, &[]);
    let expected = [
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
        Action::Prove,
        Action::Ready,
        Action::Commit,
    ];
    assert_eq!(steps(&run), expected.iter().collect::<Vec<_>>());
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
    let flags = any::<[bool; 6]>();
    proptest::option::of(flags.prop_map(|[is_live, is_running, is_attached, is_staged, is_carried, is_proved]| Body {
        is_live,
        is_running,
        is_attached,
        is_staged,
        is_carried,
        is_proved,
    }))
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
        events in proptest::collection::vec(event(), 0..120),
    ) {
        let run = run(fate, min_available, 2, &events);
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
