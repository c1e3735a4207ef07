//! Fleet files that are sound, and whatever else a file may hold.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::haproxy::Address;

/// The fleet file of the design, with every key.
const WHOLE: &str = r#"# two members behind a pair
[incus]
remote = "lab"
project = "veza"

[images]
signers = "allowed_signers"

[haproxy]
sockets = ["tcp:127.0.0.1:9100", "incus:haproxy-2/run/haproxy/admin.sock"]
drain-map = "/etc/haproxy/draining.map"

[[pool]]
name = "backend-api"
instances = ["backend-api-1", "backend-api-2", "backend-api-3"]
backends = ["api_pool", "ws.pool:2"]
min-available = 2
entry = "http://lb.example:8080"
drain-timeout = "45s"
websocket-timeout = "0s"
stop-timeout = "1min 30s"
healthy-timeout = "2min"
healthy-count = 5
healthy-for = "1h"
keep-volumes = false

[[pool]]
name = "stream"
instances = ["stream-1"]
backends = ["stream_pool"]
min-available = 0
"#;

const LEAST: &str = r#"
[haproxy]
sockets = "unix:/run/haproxy/admin.sock"

[[pool]]
name = "api"
instances = ["a", "b"]
backends = "api"
"#;

fn parsed(text: &str) -> Result<Fleet> {
    parse(Source { name: "fleet.toml".to_owned(), text: text.to_owned() })
}

fn pool_name(text: &str) -> PoolName {
    PoolName::parse(text).unwrap()
}

fn instances(names: &[&str]) -> Vec<crate::incus::InstanceName> {
    names.iter().map(|name| crate::incus::InstanceName::parse(name).unwrap()).collect()
}

#[test]
fn every_key_is_read() {
    let expected = Fleet {
        signers: Some("lab/allowed_signers".into()),
        origin: Origin::File,
        name: "lab/fleet.toml".to_owned(),
        incus: IncusAt { remote: "lab".to_owned(), project: Some("veza".to_owned()) },
        balancer: Balancer {
            sockets: ["tcp:127.0.0.1:9100", "incus:haproxy-2/run/haproxy/admin.sock"]
                .map(|text| Address::parse(text).unwrap())
                .to_vec(),
            drain_map: Some("/etc/haproxy/draining.map".to_owned()),
        },
        pools: vec![
            Pool {
                layout: None,
                name: pool_name("backend-api"),
                instances: instances(&["backend-api-1", "backend-api-2", "backend-api-3"]),
                backends: vec!["api_pool".to_owned(), "ws.pool:2".to_owned()],
                min_available: 2,
                entry: Some(Entry::parse("http://lb.example:8080").unwrap()),
                pace: Pace {
                    drain: Duration::from_secs(45),
                    websocket: Duration::ZERO,
                    stop: Duration::from_secs(90),
                    healthy: Duration::from_secs(120),
                    healthy_count: 5,
                    healthy_for: Duration::from_secs(3600),
                },
                keep_volumes: false,
            },
            Pool {
                layout: None,
                name: pool_name("stream"),
                instances: instances(&["stream-1"]),
                backends: vec!["stream_pool".to_owned()],
                min_available: 0,
                entry: None,
                pace: Pace::default(),
                keep_volumes: true,
            },
        ],
    };
    let source = Source { name: "lab/fleet.toml".to_owned(), text: WHOLE.to_owned() };
    assert_eq!(parse(source).unwrap(), expected);
}

#[test]
fn what_is_left_out_has_its_default() {
    let fleet = parsed(LEAST).unwrap();
    assert_eq!(fleet.incus, IncusAt { remote: "local".to_owned(), project: None });
    assert_eq!(fleet.balancer.drain_map, None);
    let [pool] = fleet.pools.as_slice() else { panic!("{fleet:?}") };
    assert_eq!((pool.min_available, &pool.entry, pool.keep_volumes), (1, &None, true));
    let seconds = Duration::from_secs;
    let pace = Pace {
        drain: seconds(30),
        websocket: seconds(60),
        stop: seconds(30),
        healthy: seconds(30),
        healthy_count: 3,
        healthy_for: seconds(30),
    };
    assert_eq!(pool.pace, pace);
}

#[test]
fn balancers_stand_behind_nothing_and_are_rolled_by_themselves() {
    let pool =
        |name: &str, list: &str, more: &str| format!("[[pool]]\nname = \"{name}\"\ninstances = {list}\n{more}\n");
    let one = pool("lb", "[\"lb-1\"]", "balancer = true");
    let alone = &parsed(&one).unwrap();
    assert!(alone.balancer.sockets.is_empty());
    assert!(alone.pools[0].is_balancer() && alone.pools[0].goes_out());
    let pair = parsed(&pool("lb", "[\"lb-1\", \"lb-2\"]", "balancer = true")).unwrap();
    assert_eq!((pair.pools[0].min_available, pair.pools[0].goes_out()), (1, false));

    let both = format!("{LEAST}{one}").replace("unix:/run", "incus:lb-1/run");
    let mut all = parsed(&both).unwrap();
    let names = |pools: &[Pool]| pools.iter().map(|pool| pool.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&all.set_balancers_apart(false).unwrap()), ["lb"]);
    assert_eq!((names(&all.pools), all.balancer.sockets.len()), (vec!["api".to_owned()], 1));
    let error = parsed(&both).unwrap().set_balancers_apart(true).unwrap_err();
    assert_eq!(error.message(), "the pool `lb` of balancers cannot be rolled along with what is behind it");
    let mut named = parsed(&both).unwrap().only(&["lb".to_owned()]).unwrap();
    assert_eq!(names(&named.set_balancers_apart(true).unwrap()), [""; 0]);
    assert_eq!((names(&named.pools), named.balancer.sockets.len()), (vec!["lb".to_owned()], 0));

    let said = |text: &str| {
        parsed(text).unwrap_err().places().iter().map(|problem| problem.message.clone()).collect::<Vec<_>>()
    };
    let behind = pool("lb", "[\"lb-1\"]", "balancer = true\nbackends = [\"b\"]");
    assert_eq!(said(&behind), ["a pool of balancers has `backends`"]);
    let inside = format!("{LEAST}{}", pool("web", "[\"lb-1\", \"w\"]", "backends = [\"b\"]"));
    assert_eq!(said(&inside.replace("unix:/run", "incus:lb-1/run")), ["HAProxy itself runs in `lb-1`"]);
}

#[test]
fn a_name_may_be_as_long_as_leaves_room_for_the_old_container() {
    let name = "x".repeat(54);
    let fleet = parsed(&LEAST.replace("\"a\"", &format!("\"{name}\""))).unwrap();
    assert_eq!(fleet.pools[0].instances[0].beside("prev-999").unwrap().as_str().len(), 63);
    assert!(parsed(&LEAST.replace("\"a\"", &format!("\"{name}x\""))).is_err());
}

#[test]
fn a_pool_s_name_is_short_and_in_lower_case() {
    for name in ["a", "7", "backend-api", &"x".repeat(40)] {
        assert!(PoolName::parse(name).is_some(), "{name}");
    }
    for name in ["", "-", "-a", "a-", "A", "a_b", "a.b", "a/b", "ä", &"x".repeat(41)] {
        assert!(PoolName::parse(name).is_none(), "{name}");
    }
}

#[test]
fn a_fleet_may_be_narrowed_to_some_of_its_pools() {
    let fleet = parsed(WHOLE).unwrap();
    let names = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        fleet.only(&names).unwrap().pools.into_iter().map(|pool| pool.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["stream"]), ["stream"]);
    assert_eq!(names(&["stream", "backend-api", "stream"]), ["backend-api", "stream"]);
    assert_eq!(names(&[]), ["backend-api", "stream"]);
}

#[test]
fn a_control_character_reaches_no_message() {
    let fleets = [
        LEAST.replace("\"a\"", r#""\u001b[2Ja""#),
        LEAST.replace("\"api\"", r#""\u001b[2Japi""#),
        LEAST.replace("unix:/run", r"\u001b[2J"),
        format!("\"\\u001b[2J\" = 1\n{LEAST}"),
        format!("{LEAST}drain-timeout = \"\\u001b[2J\"\n"),
        format!("[incus]\nremote = \"\\u001b[2J\"\nproject = \"\\u001b[2J\"\n{LEAST}"),
    ];
    for fleet in fleets {
        let error = parsed(&fleet).unwrap_err().to_string();
        assert!(!error.contains('\u{1b}') && error.contains("\\x1b"), "{error}");
    }
}

#[test]
fn a_file_full_of_mistakes_is_refused_with_the_first_thousand() {
    let fleet = LEAST.replace("\"a\"", &["\"-\""; 100_000].join(", "));
    let error = parsed(&fleet).unwrap_err();
    assert_eq!((error.message(), error.places().len()), ("`fleet.toml` has 1000 problems", 1000));
}

#[test]
fn a_key_as_long_as_the_file_is_refused_at_once() {
    let error = parsed(&format!("{} = 1\n{LEAST}", "k".repeat(4_000_000))).unwrap_err();
    let [problem] = error.places() else { panic!("{error}") };
    assert_eq!(problem.message, format!("unknown key `{}…` in the fleet", "k".repeat(80)));
}

/// A fleet file with pieces of fleet files, or anything else, in place of some of its bytes.
fn mutated() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "",
            "\"",
            "[",
            "]",
            "[[pool]]",
            "[haproxy]",
            "[incus]",
            "=",
            "\n",
            ",",
            "0",
            "-1",
            "99999999999999999999",
            "30",
            "30s",
            "1h 1min",
            "ms",
            "tcp:",
            "unix:/",
            "incus:a/",
            ":65535",
            "-prev",
            "-next",
            "a",
            "true",
            "{}",
            "{{",
            "1979-05-27",
            "pool = 3\n",
            "min-available",
            "healthy-count",
            "\u{feff}",
            "\u{0}",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,4}",
        any::<char>().prop_map(String::from),
    ];
    let changes = prop::collection::vec((any::<prop::sample::Index>(), 0..12_usize, piece), 1..6);
    changes.prop_map(|changes| {
        let mut text: Vec<char> = WHOLE.chars().collect();
        for (at, length, piece) in changes {
            let start = at.index(text.len() + 1);
            let end = (start + length).min(text.len());
            text.splice(start..end, piece.chars());
        }
        text.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn any_fleet_file_is_read_as_it_promises_or_refused_with_places(text in mutated()) {
        match parsed(&text) {
            Ok(fleet) => {
                prop_assert!(!fleet.pools.is_empty() && !fleet.balancer.sockets.is_empty());
                let mut seen = std::collections::BTreeSet::new();
                for pool in &fleet.pools {
                    prop_assert!(pool.min_available < pool.instances.len() && !pool.backends.is_empty());
                    prop_assert!((1..=Pace::MOST_ANSWERS).contains(&pool.pace.healthy_count));
                    prop_assert!(!pool.pace.drain.is_zero() && pool.pace.drain <= Pace::LONGEST);
                    for instance in &pool.instances {
                        prop_assert!(instance.beside("prev").is_some() && seen.insert(instance.clone()));
                    }
                }
            }
            Err(error) => {
                prop_assert_eq!(error.class() as u8, 2);
                prop_assert!(!error.places().is_empty());
                for problem in error.places() {
                    prop_assert!(text.get(problem.place.span.clone()).is_some(), "{}", problem);
                    prop_assert!(!problem.message.contains(char::is_control), "{}", problem);
                }
            }
        }
    }
}
