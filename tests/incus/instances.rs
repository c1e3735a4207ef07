//! The life of an instance.

use std::time::Instant;

use vezaimg::incus::{Client, InstanceKind, Kind, Status};

use super::{DEADLINE, booted, client, created, import, kind, name, new, small, small_image, unique};
use crate::support::{Lab, seconds, wait_for};

#[test]
fn an_instance_is_created_stopped_from_its_image_with_what_was_asked_for() {
    let (client, web) = (client(), unique("web"));
    let mut wanted = new(&web, small());
    wanted.architecture = Some("x86_64".to_owned());
    wanted.config.insert("user.vezaimg.since".to_owned(), "now".to_owned());
    wanted.devices.insert("eth0".to_owned(), [("type".to_owned(), "none".to_owned())].into());
    wanted.description = "for `tests`".to_owned();

    client.create_instance(&wanted, DEADLINE).unwrap();

    let failure = client.create_instance(&wanted, DEADLINE).unwrap_err();
    assert_eq!(failure.kind(), Kind::Exists, "{failure}");
    let instance = client.instance(&web).unwrap().unwrap();
    assert_eq!((&instance.name, instance.kind, &instance.status), (&web, InstanceKind::Container, &Status::Stopped));
    assert_eq!(instance.image().as_ref(), Some(small()));
    assert_eq!(instance.property("release"), Some("shared"));
    assert_eq!((instance.architecture.as_str(), instance.ephemeral), ("x86_64", false));
    assert_eq!((instance.profiles.as_slice(), &instance.devices), (["default".to_owned()].as_slice(), &wanted.devices));
    assert_eq!((instance.description.as_str(), instance.location.as_str()), ("for `tests`", "none"));
    assert_eq!(instance.config["user.vezaimg.since"], "now");
    assert_eq!((instance.root_pool(), instance.nics().count()), (Some("default"), 0));
    assert!(instance.created_at.as_second() >= client.now().unwrap().as_second() - 60);
    assert_eq!(client.state(&web).unwrap().status, Status::Stopped);
    assert_eq!(client.state(&web).unwrap().pid, None);

    Lab::shared().incus(&["snapshot", "create", web.as_str()]);
    let listed = client.instances().unwrap().into_iter().find(|listed| listed.name == web);
    assert_eq!(listed.as_ref(), client.instance(&web).unwrap().as_ref());
    assert_eq!(client.snapshots(&web).unwrap(), 1);

    client.delete_instance(&web).unwrap();
    assert_eq!((client.instance(&web).unwrap(), client.snapshots(&web).unwrap()), (None, 0));
    assert_eq!(kind(client.delete_instance(&web)), Kind::NotFound);
}

#[test]
fn an_image_that_is_not_there_makes_no_instance() {
    let (client, nothing) = (client(), unique("nothing"));
    let image = vezaimg::incus::Fingerprint::parse(&"0".repeat(64)).unwrap();
    let failure = client.create_instance(&new(&nothing, &image), DEADLINE).unwrap_err();
    assert!(matches!(failure.kind(), Kind::NotFound | Kind::Refused), "{failure}");
    assert_eq!(client.instance(&nothing).unwrap(), None);
}

#[test]
fn an_instance_is_renamed_unless_the_name_is_taken() {
    let (client, old) = created("old");
    let (_, taken) = created("taken");
    let next = unique("next");

    assert_eq!(kind(client.rename_instance(&old, &taken)), Kind::Exists);
    client.rename_instance(&old, &next).unwrap();

    assert_eq!(client.instance(&old).unwrap(), None);
    assert_eq!(client.instance(&next).unwrap().unwrap().name, next);
    assert_eq!(kind(client.rename_instance(&old, &next)), Kind::NotFound);
}

#[test]
fn a_change_is_written_over_nobody_elses() {
    let (client, web) = created("changed");
    let set = |key: &str| Lab::shared().incus(&["config", "set", web.as_str(), &format!("{key}=other")]);
    let mut calls = 0;

    client
        .change_instance(&web, &mut |settings| {
            calls += 1;
            if calls == 1 {
                set("user.theirs");
            }
            settings.config.insert("user.mine".to_owned(), calls.to_string());
            settings.description = "changed".to_owned();
        })
        .unwrap();

    let instance = client.instance(&web).unwrap().unwrap();
    assert_eq!((calls, instance.config["user.mine"].as_str()), (2, "2"));
    assert_eq!((instance.config["user.theirs"].as_str(), instance.description.as_str()), ("other", "changed"));
    assert_eq!(instance.image().as_ref(), Some(small()));

    let mut always = 0;
    let stubborn = client.change_instance(&web, &mut |settings| {
        always += 1;
        set(&format!("user.n{always}"));
        settings.description = "never".to_owned();
    });
    assert_eq!((kind(stubborn), always), (Kind::Changed, 5));

    let before = client.instance(&web).unwrap();
    client.change_instance(&web, &mut |_| {}).unwrap();
    assert_eq!(client.instance(&web).unwrap(), before);
    assert_eq!(kind(client.change_instance(&name("nobody"), &mut |_| {})), Kind::NotFound);
}

#[test]
fn a_running_instance_has_a_process_and_addresses_and_stops_when_asked() {
    let (client, web, _instance) = booted("runs");

    let state = wait_for("an address", seconds(60), || {
        let state = client.state(&web).unwrap();
        let is_up = |(interface, address): &(String, std::net::IpAddr)| interface == "eth0" && address.is_ipv4();
        if state.addresses.iter().any(is_up) { Ok(state) } else { Err(format!("{state:?}")) }
    });
    assert_eq!(state.status, Status::Running);
    assert!(state.pid.is_some());
    assert!(state.addresses.contains(&("lo".to_owned(), "127.0.0.1".parse().unwrap())));
    assert_eq!(kind(client.start(&web)), Kind::Refused);
    assert_eq!(kind(client.delete_instance(&web)), Kind::Refused);

    client.stop(&web, seconds(60)).unwrap();
    assert_eq!(client.state(&web).unwrap().status, Status::Stopped);
    client.start(&web).unwrap();
    client.kill(&web).unwrap();
    assert_eq!(client.state(&web).unwrap().status, Status::Stopped);
}

#[test]
fn an_instance_that_does_not_stop_in_time_goes_on_and_can_be_killed() {
    let (client, web, instance) = booted("stays");
    let hold = "systemd-run --quiet --property=TimeoutStopSec=90 --property=KillMode=process sh -c \
                'trap \"\" TERM; while :; do sleep 1; done'";
    instance.exec(&["sh", "-c", hold]);
    let begun = Instant::now();

    let failure = client.stop(&web, seconds(2)).unwrap_err();

    assert_eq!(failure.kind(), Kind::TimedOut, "{failure}");
    assert!(begun.elapsed() < seconds(20), "{:?}", begun.elapsed());
    assert_eq!(client.state(&web).unwrap().status, Status::Running);
    client.kill(&web).unwrap();
    assert_eq!(client.state(&web).unwrap().status, Status::Stopped);
}

#[test]
fn a_command_ends_with_its_code_and_both_its_outputs() {
    let (client, web, _instance) = booted("exec");
    let run = |command: &[&str]| client.exec(&web, command, DEADLINE);

    let output = run(&["sh", "-c", "printf 'a\\0b'; echo oops >&2; exit 7"]).unwrap();
    assert_eq!(
        (output.code, output.stdout.as_slice(), output.stderr.as_slice()),
        (7, b"a\0b".as_slice(), b"oops\n".as_slice())
    );
    assert_eq!(run(&["true"]).unwrap().code, 0);
    assert_eq!(run(&["sh", "-c", "kill -KILL $$"]).unwrap().code, 137);
    assert_eq!(run(&["cat"]).unwrap().stdout, b"");
    let missing = run(&["/no/such/program"]);
    assert!(matches!(&missing, Ok(output) if output.code == 127) || kind(missing) == Kind::Refused);
    let much = run(&["sh", "-c", "head -c 20000000 /dev/zero"]).unwrap_err();
    assert_eq!((much.kind(), much.causes()), (Kind::Refused, ["it writes more than 16 MiB".to_owned()].as_slice()));

    let begun = Instant::now();
    let failure = client.exec(&web, &["sleep", "30"], seconds(1)).unwrap_err();
    assert_eq!(failure.kind(), Kind::TimedOut);
    assert_eq!(failure.message(), format!("Incus did not run `sleep` in `{web}` within 1 s"));
    assert!(begun.elapsed() < seconds(10));

    let left = Lab::shared().query(&format!("/1.0/instances/{web}/logs/exec-output"));
    assert_eq!(left, serde_json::json!([]));
    client.kill(&web).unwrap();
    assert_eq!(kind(client.exec(&web, &["true"], DEADLINE)), Kind::Refused);
}

#[test]
fn a_project_has_its_own_instances_and_images() {
    let (lab, project) = (Lab::shared(), Lab::shared().unique("another project"));
    assert!(!lab.try_incus(&["project", "create", &project]).status.success(), "a project's name has no spaces");
    let project = lab.unique("other");
    lab.incus(&["project", "create", &project]);
    let other = Client::at(&lab.directory().join("unix.socket"), Some(&project)).unwrap();
    let root =
        [("type", "disk"), ("path", "/"), ("pool", "default")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let (web, image) =
        (unique("elsewhere"), import(&other, &small_image("of another project"), None).unwrap().fingerprint);

    let mut wanted = new(&web, &image);
    wanted.devices.insert("root".to_owned(), root.into());
    other.create_instance(&wanted, DEADLINE).unwrap();

    assert_eq!(other.project(), project);
    assert_eq!(other.instances().unwrap().len(), 1);
    assert!(other.instance(&web).unwrap().is_some());
    assert_eq!(client().instance(&web).unwrap(), None);
    assert_eq!(client().image(image.as_str()).unwrap(), None);
}
