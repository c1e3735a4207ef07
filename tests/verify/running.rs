//! What a store has and what containers hold, on a real Incus.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::sample::binary;
use crate::support::locked::{Layouts, locked, networked};
use crate::support::veza::run;
use crate::support::workspace::{Workspace, outcome};
use crate::support::{Lab, seconds};

/// An image of the default layout in the lab's store, and its file.
fn imported(lab: &Lab, workspace: &Workspace, release: &str) -> (PathBuf, String) {
    let mut command = networked(workspace);
    command.args(["build", "-q", "--level", "1", "--release", release, "--binary"]).arg(binary());
    let built = outcome(&mut command);
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    let image = workspace.join(built.stdout.trim());
    let fingerprint = lab.import(&[&image], &lab.unique("verified"));
    (image, fingerprint)
}

/// What `verify` says, without the checks of the files.
fn told(workspace: &Workspace, arguments: &[&str]) -> (Value, Option<i32>) {
    let outcome = run(workspace, &[&["verify", "--json"], arguments].concat());
    let report = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{}", outcome.stderr));
    (report, outcome.code)
}

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["checks"].as_array().unwrap().iter().find(|it| it["check"] == name).unwrap()
}

#[test]
fn what_a_running_container_changed_is_told_and_what_it_keeps_stands_apart() {
    let (lab, workspace) = (Lab::shared(), locked(&Layouts::own()));
    let (image, fingerprint) = imported(lab, &workspace, "drift");
    let name = lab.unique("drift");
    let instance = lab.launch(&fingerprint, &name, &[]);
    instance.wait_running(seconds(120));
    instance.push("/etc/veza/backend-api.env", b"SECRET=1\n", "0640", 0, 1001);
    let image = image.to_str().unwrap();

    let (report, code) = told(&workspace, &[image, "--instance", &name]);
    let good = check(&report, "drift");
    assert_eq!((&good["verdict"], code), (&json!("good"), Some(0)), "{report}");
    let drift = &report["drift"][0];
    assert_eq!(drift["kept"], json!(["/etc/veza/backend-api.env", "/var/log/veza"]));
    assert_eq!((&drift["changed"], &drift["missing"], &drift["added"]), (&json!({}), &json!([]), &json!([])));
    assert!(drift["compared"].as_u64().unwrap() > 1000, "{drift}");

    let change = "echo 1 >>/etc/systemd/system.conf; chmod 777 /opt/veza; rm /usr/bin/env; chown 5 /etc/passwd; \
                  ln -sf /bin/dash /etc/alternatives/awk; mkdir -p /opt/new/below; echo key >/root/.ssh/authorized_keys; \
                  echo x >/var/lib/state; rm /usr/bin/nproc; mkdir /usr/bin/nproc; \
                  mkfifo /opt/pipe; rm /usr/bin/yes; mkfifo -m 755 /usr/bin/yes";
    instance.exec(&["sh", "-euc", change]);
    let (report, code) = told(&workspace, &[image, "--instance", &name]);
    assert_eq!(code, Some(1));
    let drift = &report["drift"][0];
    let expected = json!({
        "/etc/alternatives/awk": ["target"],
        "/etc/passwd": ["uid"],
        "/etc/systemd/system.conf": ["content"],
        "/opt/veza": ["mode"],
        "/usr/bin/nproc": ["type"],
        // Nobody waits for what is written into a pipe.
        "/usr/bin/yes": ["content"],
    });
    assert_eq!(drift["changed"], expected);
    assert_eq!(drift["missing"], json!(["/usr/bin/env"]));
    assert_eq!(drift["added"], json!(["/opt/new", "/opt/pipe", "/root/.ssh/authorized_keys"]));
    assert!(drift["state"].as_array().unwrap().contains(&json!("/var/lib/state")), "{drift}");
    assert!(!report.to_string().contains("SECRET"), "what is kept was read");
    drop(instance);
    lab.incus(&["image", "delete", &fingerprint]);
}

#[test]
fn a_store_without_it_and_instances_on_another_are_told() {
    let (lab, workspace) = (Lab::start(), locked(&Layouts::own()));
    let asked = |image: &PathBuf, more: &[&str]| {
        let mut command = workspace.command();
        command.env("INCUS_DIR", lab.directory()).env("INCUS_CONF", workspace.join("incus"));
        let outcome = outcome(command.args(["verify", "--json", "--incus"]).arg(image).args(more));
        (serde_json::from_str::<Value>(&outcome.stdout).unwrap(), outcome.code)
    };
    let (first, fingerprint) = imported(&lab, &workspace, "first");
    let (report, code) = asked(&first, &[]);
    assert_eq!((&check(&report, "store")["verdict"], code), (&json!("good"), Some(0)));
    assert_eq!(check(&report, "instances")["found"], "none of the layout `veza-backend-api`");

    let (second, other) = imported(&lab, &workspace, "second");
    let [one, two] = [("one", &fingerprint), ("two", &other)].map(|(name, image)| lab.launch(image, name, &[]));
    let (report, code) = asked(&first, &[]);
    let instances = check(&report, "instances");
    assert_eq!(instances["faults"], json!([format!("`two` runs second ({})", &other[..12])]));
    assert_eq!((&instances["found"], code), (&json!("run another image"), Some(1)));

    let (report, code) = asked(&first, &["--instance", "two"]);
    assert_eq!(check(&report, "drift")["found"], format!("`two` was made of the image {}", &other[..12]));
    assert_eq!(code, Some(1));

    drop((one, two));
    lab.incus(&["image", "delete", &other]);
    let (report, code) = asked(&second, &[]);
    assert_eq!((&check(&report, "store")["found"], code), (&json!("`local` does not have it"), Some(1)));
}
