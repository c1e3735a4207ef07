//! Directories on volumes.

use vezaimg::error::Class;
use vezaimg::incus::{Client, InstanceName};
use vezaimg::layout::KeepHow;
use vezaimg::rollout::contract::Kept;
use vezaimg::rollout::keep::{Prepared, Volume, Way, abandon, finish, is_whole, prepare, settle, ways};

use super::{Pair, client, devices, listing, name, shell, target, volumes};
use crate::support::{Lab, seconds};

const LOGS: &str = "/var/log/app";

/// Writes all the time and rotates every two hundred lines, as logs do.
const WRITER: &str = r#"
mkdir -m 0750 -p /var/log/app && chown 1:1001 /var/log/app
cat >/usr/local/bin/writer <<'END'
#!/bin/sh
cd /var/log/app
n=0
while :; do
    n=$((n + 1)); echo "line $n" >>app.log
    if [ $((n % 200)) = 0 ]; then
        for i in 4 3 2 1; do [ ! -e app.log.$i ] || mv app.log.$i app.log.$((i + 1)); done
        mv app.log app.log.1
    fi
done
END
chmod +x /usr/local/bin/writer
printf '[Service]\nExecStart=/usr/local/bin/writer\n' >/etc/systemd/system/writer.service
systemctl start writer
"#;

/// The same with times and numbers of names, as a volume keeps them.
fn whole_listing(instance: &crate::support::Instance<'_>, path: &str) -> String {
    let times = format!("cd {path} && find . -printf '%P %y %m %U %G %n %T@ %l\\n' | LC_ALL=C sort");
    shell(instance, &times) + &listing(instance, path)
}

fn volume(pair: &Pair) -> Volume {
    match pair.way(LOGS, KeepHow::Volume).unwrap() {
        Way::Volume(volume) => volume,
        other => panic!("{other:?}"),
    }
}

fn prepared(pair: &Pair) -> Prepared {
    let (leaving, entering) = pair.names();
    prepare(&client(), &leaving, &entering, &volume(pair), &|_, _| {}).unwrap()
}

fn finished(pair: &Pair, unit: Option<&str>) -> vezaimg::Result<()> {
    finish(&client(), &name(&pair.leaving), unit, &volume(pair), seconds(60))
}

fn holds_all(pair: &Pair) -> bool {
    let leaving = client().instance(&name(&pair.leaving)).unwrap().unwrap();
    is_whole(&leaving, &volume(pair))
}

fn settled(pair: &Pair) -> vezaimg::Result<()> {
    let (leaving, entering) = pair.names();
    settle(&client(), &leaving, &entering, &volume(pair))
}

/// Every step twice, each with nothing but what Incus knows: as after a kill between any two.
#[test]
fn logs_that_are_written_and_rotated_all_the_time_arrive_whole() {
    let pair = Pair::new("logs");
    let (leaving, entering) = pair.names();
    shell(&pair.leaving, WRITER);
    shell(
        &pair.leaving,
        "cd /var/log/app; mkdir -m 2775 old; head -c 1000000000 /dev/urandom >old/big; ln old/big old/same; ln -s app.log now
         mkfifo pipe; cp /bin/true tool; setcap cap_net_raw+ep tool; echo gone >gone; echo odd >\"$(printf 'a\\n\\377')\"",
    );
    let name = format!("{leaving}.var-log-app");
    assert_eq!(volume(&pair).name, name);
    let told = std::cell::RefCell::new(Vec::new());
    let progress = |done, total| told.borrow_mut().push((done, total));
    assert_eq!(prepare(&client(), &leaving, &entering, &volume(&pair), &progress).unwrap(), Prepared::Ready);
    let last = *told.borrow().last().unwrap();
    assert!(last.0 == last.1 && last.1 >= 1_000_000_000, "{last:?}");
    shell(&pair.leaving, "cd /var/log/app; rm gone; mkdir old/new; mv old/big old/new; touch -d 2001-01-01 app.log.5");
    assert_eq!(prepared(&pair), Prepared::Ready);
    assert!(!holds_all(&pair));
    assert_eq!(settled(&pair).unwrap_err().class(), Class::Refused);

    // On a busy machine the writer may rest for the time of one look.
    let error = (0..20).find_map(|_| finished(&pair, None).err()).unwrap();
    assert_eq!(error.message(), format!("`{LOGS}` of `{leaving}` still changes after its service has stopped"));
    finished(&pair, Some("writer.service")).unwrap();
    finished(&pair, Some("writer.service")).unwrap();
    assert_eq!(shell(&pair.leaving, "systemctl show -p ActiveState --value writer"), "inactive\n");
    assert!(holds_all(&pair));
    let before = whole_listing(&pair.leaving, LOGS);
    assert_eq!(whole_listing(&pair.leaving, "/.vezaimg/var-log-app"), before);
    assert_eq!(settled(&pair).unwrap_err().class(), Class::Refused, "it runs");
    pair.leaving.stop();
    assert!(holds_all(&pair));
    settled(&pair).unwrap();
    settled(&pair).unwrap();

    pair.entering.start();
    assert_eq!(whole_listing(&pair.entering, LOGS), before);
    assert_eq!(shell(&pair.entering, "getcap /var/log/app/tool"), "/var/log/app/tool cap_net_raw=ep\n");
    // The one that comes back uses the same, and nothing of the move is left in it.
    pair.leaving.start();
    shell(&pair.entering, "echo from the new one >/var/log/app/shared");
    assert_eq!(shell(&pair.leaving, "cat /var/log/app/shared; ls -A / | grep vezaimg || true"), "from the new one\n");
    assert_eq!(devices(&pair.leaving)["vezaimg-var-log-app"]["source"], name);
    assert_eq!(prepared(&pair), Prepared::Ready);
    finished(&pair, None).unwrap();
    assert_eq!(volumes().iter().filter(|path| path.ends_with(&name)).count(), 1);
}

/// A rollback to a container that is older than the volume.
#[test]
fn a_container_that_lacks_the_device_is_given_it() {
    let pair = Pair::new("back");
    shell(&pair.leaving, "mkdir -p /var/log/app; echo kept >/var/log/app/file");
    assert_eq!(prepared(&pair), Prepared::Ready);
    finished(&pair, None).unwrap();
    pair.leaving.stop();
    settled(&pair).unwrap();
    Lab::shared().incus(&["config", "device", "remove", pair.entering.name(), "vezaimg-var-log-app"]);
    settled(&pair).unwrap();
    pair.entering.start();
    assert_eq!(shell(&pair.entering, "cat /var/log/app/file"), "kept\n");
}

#[test]
fn what_was_prepared_can_be_taken_back() {
    let mut pair = Pair::new("abandoned");
    let (leaving, entering) = pair.names();
    shell(&pair.leaving, "mkdir -p /var/log/app; echo kept >/var/log/app/file");
    let before = (devices(&pair.leaving), volumes());
    for stop in [false, true] {
        assert_eq!(prepared(&pair), Prepared::Ready);
        let volume = volume(&pair);
        finished(&pair, None).unwrap();
        if stop {
            pair.leaving.stop();
        }
        abandon(&client(), &leaving, &entering, &volume).unwrap();
        abandon(&client(), &leaving, &entering, &volume).unwrap();
        assert_eq!(devices(&pair.leaving), before.0);
        assert!(!volumes().iter().any(|path| path.contains(&volume.name)));
    }
    let expected = format!("`{leaving}` does not run, so that nothing can be copied within it");
    assert_eq!(prepared(&pair), Prepared::CannotMake(expected));
    pair.leaving.start();
    assert_eq!(shell(&pair.leaving, "cat /var/log/app/file; ls -A / | grep vezaimg || true"), "kept\n");

    // A container that was moved aside tells in a note whose it is.
    assert_eq!(prepared(&pair), Prepared::Ready);
    let volume = volume(&pair);
    pair.leaving.stop();
    Lab::shared().incus(&["config", "set", leaving.as_str(), &format!("user.vezaimg.instance={leaving}")]);
    pair.leaving.rename(&format!("{leaving}-prev"));
    abandon(&client(), &name(&pair.leaving), &entering, &volume).unwrap();
    assert!(!volumes().iter().any(|path| path.contains(&volume.name)));
}

/// A container that comes back after its volume was finished writes beside it: what was whole is no more.
#[test]
fn what_was_whole_is_not_once_its_container_is_prepared_anew() {
    let pair = Pair::new("anew");
    shell(&pair.leaving, "mkdir -p /var/log/app; echo one >/var/log/app/file");
    assert_eq!(prepared(&pair), Prepared::Ready);
    finished(&pair, None).unwrap();
    pair.leaving.stop();
    pair.leaving.start();
    shell(&pair.leaving, "echo two >>/var/log/app/file");
    assert_eq!(prepared(&pair), Prepared::Ready);
    assert!(!holds_all(&pair));
    finished(&pair, None).unwrap();
    assert_eq!(shell(&pair.leaving, "cat /.vezaimg/var-log-app/file"), "one\ntwo\n");
}

#[test]
fn a_directory_that_is_missing_gets_the_attributes_that_the_image_gives_it() {
    let pair = Pair::new("missing");
    let made = ["file", "create", "--type=directory", "--mode=0750", "--uid=1", "--gid=1001"];
    Lab::shared().incus(&[&made[..], &[&format!("{}{LOGS}", pair.entering.name())]].concat());
    assert_eq!(prepared(&pair), Prepared::Ready);
    finished(&pair, None).unwrap();
    pair.leaving.stop();
    settled(&pair).unwrap();
    pair.entering.start();
    assert_eq!(shell(&pair.entering, "stat -c '%a %u %g' /var/log/app"), "750 1 1001\n");
}

#[test]
fn a_path_on_a_device_of_the_users_is_left_there() {
    let pair = Pair::new("elsewhere");
    let lab = Lab::shared();
    let volume = lab.unique("users");
    lab.incus(&["storage", "volume", "create", "default", &volume]);
    lab.incus(&["storage", "volume", "attach", "default", &volume, pair.leaving.name(), "data", "/var/log"]);
    let expected = Way::Elsewhere { device: "data".to_owned() };
    assert_eq!(pair.way(LOGS, KeepHow::Volume).unwrap(), expected);
    assert_eq!(pair.way(LOGS, KeepHow::Carry).unwrap(), expected);
    let error = pair.way("/var", KeepHow::Volume).unwrap_err();
    let message = format!("`/var` of `{}` is to be kept, and holds the device `data`", pair.leaving.name());
    assert_eq!((error.message(), error.class()), (message.as_str(), Class::Refused));
}

#[test]
fn a_link_in_the_way_of_a_volume_is_refused() {
    let pair = Pair::new("link");
    let error = pair.way("/var/run/app", KeepHow::Volume).unwrap_err();
    let expected = format!(
        "`/var/run/app` of `{}` cannot be kept on a volume: `/var/run` is a symbolic link",
        pair.leaving.name()
    );
    assert_eq!((error.message(), error.class()), (expected.as_str(), Class::Refused));
    assert_eq!(pair.way("/etc/hostname", KeepHow::Volume).unwrap_err().class(), Class::Refused);
}

/// It may be all that is left of somebody's logs.
#[test]
fn a_volume_of_that_name_is_never_taken_over() {
    let pair = Pair::new("namesake");
    let theirs = format!("{}.var-log-app", pair.leaving.name());
    Lab::shared().incus(&["storage", "volume", "create", "default", &theirs]);
    assert_eq!(volume(&pair).name, format!("{theirs}.2"));
    assert_eq!(prepared(&pair), Prepared::Ready);
    assert_eq!(volume(&pair).name, format!("{theirs}.2"));
}

#[test]
fn where_a_project_allows_no_volume_the_directory_is_to_be_carried() {
    let lab = Lab::shared();
    let project = lab.unique("restricted");
    let incus = |arguments: &[&str]| lab.incus(&[arguments, &["--project", &project]].concat());
    lab.incus(&["project", "create", &project, "-c", "features.images=false"]);
    incus(&["profile", "device", "add", "default", "root", "disk", "path=/", "pool=default", "size=1GiB"]);
    incus(&["launch", super::image(), "old"]);
    incus(&["create", super::image(), "new"]);
    let client = Client::at(&lab.directory().join("unix.socket"), Some(&project)).unwrap();
    let [old, new] = ["old", "new"].map(|name| InstanceName::parse(name).unwrap());
    let leaving = client.instance(&old).unwrap().unwrap();
    let kept = [Kept { path: target(LOGS), how: KeepHow::Volume }];
    assert_eq!(ways(&client, &leaving, &kept, false).unwrap()[0].1, Way::Carry);
    let cannot = |setting: &str, why: &str| {
        lab.incus(&["project", "set", &project, "restricted=true", setting]);
        let Way::Volume(volume) = ways(&client, &leaving, &kept, true).unwrap()[0].1.clone() else {
            panic!("a volume is tried first")
        };
        assert_eq!(prepare(&client, &old, &new, &volume, &|_, _| {}).unwrap(), Prepared::CannotMake(why.to_owned()));
        assert_eq!(client.instance(&old).unwrap().unwrap().devices, leaving.devices);
        assert_eq!(client.volumes("default").unwrap(), []);
    };
    cannot(
        "restricted.devices.disk=block",
        "Incus cannot change `old`: Failed checking if instance update allowed: Invalid device \
         \"vezaimg-var-log-app\" on container \"old\" of project \"PROJECT\": Disk devices are forbidden"
            .replace("PROJECT", &project)
            .as_str(),
    );
    cannot(
        "limits.disk=4GiB",
        "Incus cannot create the volume `old.var-log-app` of the pool `default`: Failed checking if volume creation \
         allowed: Failed getting usage of project entities: Custom volume \"old.var-log-app\" in project \"PROJECT\" has \
         no \"size\" config set"
            .replace("PROJECT", &project)
            .as_str(),
    );
    incus(&["delete", "--force", "old", "new"]);
    lab.incus(&["project", "delete", &project]);
}
