//! Maps and the lists of ACLs.

use vezaimg::haproxy::{Kind, Map};

use super::{DEFAULTS, admin};
use crate::support::Balancer;

#[test]
fn lists_are_told_by_file_and_use_and_changed_as_often_as_wanted() {
    let config = format!(
        "{DEFAULTS}backend b
  ignore-persist if {{ req.cook(SERVERID),map_str({{dir}}/draining.map) -m found }}
  http-request deny if {{ src -f {{dir}}/blocked.acl }}
  server a 127.0.0.1:1
"
    );
    let files = [("draining.map", ""), ("blocked.acl", "10.0.0.1\n")];
    let balancer = Balancer::start_with(&config, &files);
    let socket = admin(&balancer);
    let all = socket.maps().unwrap();
    let list = |file: &str| -> &Map {
        let path = balancer.path(file).to_str().unwrap().to_owned();
        all.iter().find(|map| map.file.as_ref() == Some(&path)).unwrap_or_else(|| panic!("{file}: {all:?}"))
    };
    let read = |file: &str| (list(file).map, list(file).acl, list(file).entries);
    assert_eq!(read("draining.map"), (true, false, Some(0)));
    assert_eq!(read("blocked.acl"), (false, true, Some(1)));
    assert!(all.iter().any(|map| map.file.is_none() && map.acl), "inline patterns have no file");

    let entries = |file: &str| -> Vec<String> {
        let entries = socket.entries(list(file)).unwrap();
        entries.into_iter().map(|(key, value)| format!("{key}={value}")).collect()
    };
    let map = list("draining.map");
    assert_eq!(entries("draining.map"), [""; 0]);
    for _ in 0..2 {
        socket.add_entry(map, "backend-api-1", "1").unwrap();
        assert_eq!(entries("draining.map"), ["backend-api-1=1"]);
    }
    socket.add_entry(map, "backend-api-1", "2").unwrap();
    socket.add_entry(map, "b:._~%=+/", "1").unwrap();
    assert_eq!(entries("draining.map"), ["backend-api-1=2", "b:._~%=+/=1"]);
    // HAProxy itself adds an entry as often as it is told.
    balancer.ask(&format!("add map #{} backend-api-1 2", map.id));
    assert_eq!(entries("draining.map").len(), 3);
    for _ in 0..2 {
        socket.remove_entry(map, "backend-api-1").unwrap();
        assert_eq!(entries("draining.map"), ["b:._~%=+/=1"]);
    }

    let acl = list("blocked.acl");
    socket.add_entry(acl, "10.0.0.2", "").unwrap();
    socket.add_entry(acl, "10.0.0.2", "").unwrap();
    assert_eq!(entries("blocked.acl"), ["10.0.0.1=", "10.0.0.2="]);
    socket.remove_entry(acl, "10.0.0.1").unwrap();
    assert_eq!(entries("blocked.acl"), ["10.0.0.2="]);
    let complaint = socket.add_entry(acl, "no-address", "").unwrap_err();
    assert_eq!(complaint.kind(), Kind::Refused, "{complaint}");
}

#[test]
fn what_would_be_another_command_is_not_sent() {
    let balancer = Balancer::start_with(
        &format!(
            "{DEFAULTS}backend b\n  ignore-persist if {{ req.cook(S),map_str({{dir}}/a.map) -m found }}\n  \
             server a 127.0.0.1:1\n"
        ),
        &[("a.map", "")],
    );
    let socket = admin(&balancer);
    let map = socket.maps().unwrap().into_iter().find(|map| map.map).unwrap();
    for word in ["", "a b", "a;disable server b/a", "a\n", "a\\", "<<", "\u{1b}", "é", &"x".repeat(2000)] {
        for failure in [
            socket.add_entry(&map, word, "1").unwrap_err(),
            socket.add_entry(&map, "a", word).unwrap_err(),
            socket.remove_entry(&map, word).unwrap_err(),
        ] {
            assert_eq!(failure.kind(), Kind::Refused);
            assert!(failure.to_string().ends_with("cannot stand in a map of HAProxy's"), "{failure}");
        }
    }
    assert_eq!(socket.entries(&map).unwrap(), []);
}
