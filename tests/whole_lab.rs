//! The platform as a whole: a balancer, two APIs and two streamers, each of an image of its own layout, found in one
//! inventory, on a real Incus that had nothing before, by vezaimg and `incus` alone.

// How long nobody was served is for a person to read.
#![allow(clippy::print_stdout)]

mod nameserver;
mod outage;
mod packages;
mod pair;
mod platform;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use yaml_serde::Value;

use crate::readme::{block, commands};
use crate::sample::binary;
use crate::support::load::{Load, Shape};
use crate::support::workspace::{Outcome, outcome};
use crate::support::{Instance, seconds, wait_for};
use outage::Outage;
use packages::Packages;
use platform::Platform;

fn assert_done(done: &Outcome) {
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
}

fn names(instances: &[Instance<'_>]) -> BTreeSet<String> {
    instances.iter().map(|instance| instance.name().to_owned()).collect()
}

fn release(instance: &Instance<'_>) -> String {
    platform::lab().incus(&["config", "get", instance.name(), "image.vezaimg.release"]).trim_end().to_owned()
}

#[test]
fn the_whole_platform_is_made_rolled_and_kept_serving_by_its_inventory() {
    let platform = Platform::start();
    let hosts: BTreeSet<_> = (0..8).map(|_| platform.host("/api/v1/health").unwrap()).collect();
    assert_eq!(hosts, names(&platform.apis));
    let tracks = platform.tracks();
    assert_eq!(tracks.values().cloned().collect::<BTreeSet<_>>(), names(&platform.streamers));

    a_cookie_pins_its_session(&platform);
    https_is_as_mozilla_has_it(&platform);
    both_pools_are_rolled_under_load(&platform);
    assert_eq!(platform.tracks(), tracks, "every track is where it was");
    a_streamer_that_goes_takes_its_tracks_along(&platform, &tracks);
    the_drills_pass(&platform);
    the_balancer_is_rolled(&platform);
    assert_eq!(platform.tracks(), tracks);
    the_playbook_of_the_readme_rolls_once(&platform);
    the_workflow_of_the_readme_publishes_and_rolls(&platform);
}

fn a_cookie_pins_its_session(platform: &Platform) {
    let url = format!("http://{}/api/v1/health", platform.entry(80));
    let ask = format!("for _ in 1 2 3 4 5 6; do curl --silent --cookie jar --cookie-jar jar {url}; done");
    let asked = outcome(&mut platform.shell(&ask));
    assert_done(&asked);
    let answers = serde_json::Deserializer::from_str(&asked.stdout).into_iter::<serde_json::Value>();
    let hosts: Vec<_> = answers.map(|answer| answer.unwrap()["host"].as_str().unwrap().to_owned()).collect();
    assert!(hosts.len() == 6 && hosts.iter().all(|host| *host == hosts[0]), "{hosts:?}");
}

fn https_is_as_mozilla_has_it(platform: &Platform) {
    let agreed = platform.handshake(&[]);
    assert_eq!(agreed, Some(("TLSv1.3".to_owned(), "TLS_AES_256_GCM_SHA384".to_owned())));
    let cipher = |wanted: &str| platform.handshake(&["-tls1_2", "-cipher", wanted]).map(|(_, cipher)| cipher);
    for wanted in ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"] {
        assert_eq!(cipher(wanted).as_deref(), Some(wanted));
    }
    assert_eq!(cipher("AES128-SHA:AES256-GCM-SHA384:ECDHE-RSA-AES128-SHA:@SECLEVEL=0"), None);
    for version in ["-tls1", "-tls1_1"] {
        assert_eq!(platform.handshake(&[version, "-cipher", "ALL:@SECLEVEL=0"]), None, "{version}");
    }
}

fn both_pools_are_rolled_under_load(platform: &Platform) {
    let shape = Shape { gets: 2, posts: 4, sockets: 2, pause: Duration::from_millis(50) };
    let load = Load::start(platform.entry(80), shape);
    for (layout, release) in [("backend-api", "a2"), ("stream-server", "s2")] {
        assert_done(&platform.inventory(&["rollout", &platform.service(layout, release)]));
    }
    load.stop().assert_clean();
    for (pool, file, expected) in [(&platform.apis, "backend-api", "a2"), (&platform.streamers, "stream-server", "s2")]
    {
        for instance in pool {
            assert_eq!(instance.exec(&["cat", &format!("/etc/veza/{file}.env")]), instance.name());
            assert_eq!(release(instance), expected);
        }
    }
}

fn a_streamer_that_goes_takes_its_tracks_along(platform: &Platform, tracks: &BTreeMap<String, String>) {
    let [goes, stays] = &platform.streamers;
    goes.stop();
    wait_for("its tracks to move", seconds(60), || {
        let hosts = tracks.keys().map(|track| platform.host(&format!("/hls/{track}/0.ts")));
        let hosts = hosts.collect::<Result<Vec<_>, _>>()?;
        if hosts.iter().all(|host| host == stays.name()) { Ok(()) } else { Err(format!("{hosts:?}")) }
    });
    goes.start();
    platform.wait_available();
    assert_eq!(platform.tracks(), *tracks, "and they come back with it");
}

/// Through the container that HAProxy runs in, as the inventory names it.
fn the_drills_pass(platform: &Platform) {
    for arguments in [
        &["--pool", "backend-api"][..],
        &["--pool", "stream-server", "--health-path", "/hls/track-1/0.ts", "--websockets", "0"],
    ] {
        let drilled = platform.inventory(&[&["drill", "--json"], arguments].concat());
        assert_done(&drilled);
        let report: Value = serde_json::from_str(&drilled.stdout).unwrap();
        assert_eq!(report["passed"], Value::Bool(true), "{report:#?}");
        platform.wait_available();
    }
    let refused = platform.inventory(&["drill", "--pool", "haproxy"]);
    assert_eq!(
        (refused.code, refused.stderr.as_str()),
        (
            Some(2),
            "error: the pool `haproxy` is one of balancers: no other balancer would find one of them DOWN\n  \
             hint: `--pool` names one behind them\n"
        )
    );
}

/// The README's commands. Nobody stands in for the only balancer.
fn the_balancer_is_rolled(platform: &Platform) {
    let vezaimg = |command: &str| {
        let arguments = command.strip_prefix("vezaimg ").expect("a command of vezaimg's");
        let certificate = arguments.replace("/etc/haproxy/tls/lab.pem", platform::CERTIFICATE);
        outcome(platform.vezaimg().args(certificate.split(' ')))
    };
    let commands = commands("```console balancer");
    let [http, https, rollout] = &commands[..] else { panic!("{commands:?}") };
    assert_done(&vezaimg(http));
    assert_done(&vezaimg(https));
    let refused = vezaimg(rollout.strip_suffix(" --accept-outage").unwrap());
    let expected = "error: nothing was changed: 1 thing is in the way\n  cause: no other balancer of pool `haproxy` stands in \
                    for `haproxy`: nobody is served for some 3 s while it is swapped, and every connection is closed\n  \
                    hint: `--accept-outage` goes on\n";
    assert_eq!(refused.code, Some(3));
    assert!(refused.stderr.ends_with(expected), "{}", refused.stderr);

    let outage = Outage::watch(platform.entry(80), "/haproxy/health");
    assert_done(&vezaimg(rollout));
    let outage = outage.longest();
    println!("nobody was served for {outage:?}");
    assert_eq!(release(&platform.haproxy), "h2");
    assert!(platform.handshake(&[]).is_some(), "the certificate went over");
    platform.wait_available();
    assert_done(&platform.inventory(&["rollback", "--pool", "haproxy", "--accept-outage"]));
    assert_ne!(release(&platform.haproxy), "h2");
    platform.wait_available();
}

fn the_playbook_of_the_readme_rolls_once(platform: &Platform) {
    platform.workspace.write("deploy.yml", block("```yaml playbook"));
    let play = || {
        let extra = format!("binary={}", binary().display());
        let mut play =
            platform.shell("exec ansible-playbook --inventory inventory/lab.yml deploy.yml --extra-vars \"$1\"");
        outcome(play.args(["ansible-playbook", &extra]))
    };
    for changed in ["changed=1", "changed=0"] {
        let played = play();
        assert_done(&played);
        assert!(played.stdout.contains(changed), "{}", played.stdout);
    }
    for api in &platform.apis {
        assert!(release(api).starts_with("sha-"), "{}", release(api));
    }
}

/// All steps but those that get the program, as a runner gives them to a shell.
fn the_workflow_of_the_readme_publishes_and_rolls(platform: &Platform) {
    let packages = Packages::start();
    let workflow: Value = yaml_serde::from_str(&block("```yaml workflow")).unwrap();
    let job = &workflow["jobs"]["release"];
    let evaluated = |text: &str| {
        [
            ("${{ github.ref_name }}", "v3".to_owned()),
            ("${{ github.server_url }}", format!("http://{}", packages.address)),
            ("${{ github.repository_owner }}", "veza".to_owned()),
            ("${{ secrets.PACKAGES_TOKEN }}", "t0ken".to_owned()),
        ]
        .iter()
        .fold(text.to_owned(), |text, (expression, value)| text.replace(expression, value))
    };
    let variables = |of: &Value| -> Vec<(String, String)> {
        let pairs = of["env"].as_mapping().into_iter().flatten();
        pairs.map(|(key, value)| (key.as_str().unwrap().to_owned(), evaluated(value.as_str().unwrap()))).collect()
    };
    std::fs::create_dir(platform.workspace.join("bin")).unwrap();
    std::os::unix::fs::symlink(binary(), platform.workspace.join("bin/veza-api")).unwrap();
    let steps = job["steps"].as_sequence().unwrap().iter();
    let steps: Vec<_> =
        steps.filter(|step| step["run"].as_str().is_some_and(|run| !run.starts_with("go build"))).collect();
    assert_eq!(steps.len(), 3, "build, publish, roll");
    for step in steps {
        let mut run = platform.shell(step["run"].as_str().unwrap());
        assert_done(&outcome(run.envs(variables(job)).envs(variables(step))));
    }
    let put = packages.put();
    let files = put.keys().map(|path| Path::new(path).file_name().unwrap().to_str().unwrap().to_owned());
    let expected = ["incus.tar.zst", "manifest.json", "provenance.json", "sha256", "spdx.json"]
        .map(|end| format!("veza-backend-api-v3-x86_64.{end}"));
    assert_eq!(files.collect::<Vec<_>>(), expected);
    let at = |path: &String| path.starts_with("/api/packages/veza/generic/veza-backend-api/v3/");
    assert!(put.iter().all(|(path, (size, token))| at(path) && *size > 0 && token == "token t0ken"), "{put:?}");
    for api in &platform.apis {
        assert_eq!(release(api), "v3");
    }
}
