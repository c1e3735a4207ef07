//! A fleet in another project than `default`: one that has everything of its own, and one that shares it.

use std::net::Ipv4Addr;

use super::{assert_done, version};
use crate::rollout::rolls::QUICK;
use crate::support::veza::{Config, ENV_FILE, Haproxy, Recipe, run};
use crate::support::workspace::Workspace;
use crate::support::{Lab, seconds, wait_for};

/// A container of the project, started, with an address that is its own for good.
fn started(project: &str, image: &str, name: &str) -> Ipv4Addr {
    let lab = Lab::shared();
    let incus = |arguments: &[&str]| lab.incus(&[arguments, &["--project", project]].concat());
    incus(&["create", image, name, "--storage", "default", "--network", lab.bridge()]);
    incus(&["start", name]);
    let address = wait_for("an address", seconds(120), || {
        let state = lab.query(&format!("/1.0/instances/{name}/state?project={project}"));
        let addresses = state["network"]["eth0"]["addresses"].as_array().cloned().unwrap_or_default();
        let inet = addresses.iter().find(|address| address["family"] == "inet");
        inet.and_then(|address| address["address"].as_str()?.parse::<Ipv4Addr>().ok()).ok_or_else(|| state.to_string())
    });
    let fixed = format!("ipv4.address={address}");
    let own = lab.query(&format!("/1.0/instances/{name}?project={project}"))["devices"]["eth0"].is_object();
    incus(&["config", "device", if own { "set" } else { "override" }, name, "eth0", &fixed]);
    version(address);
    address
}

/// Rolls a fleet of one that is in this project, and back.
fn roll_there_and_back(project: &str, image: &str) {
    let (lab, workspace) = (Lab::shared(), Workspace::new());
    let name = lab.unique("elsewhere");
    let address = started(project, &Recipe::good("1.0.0").imported_in_project(project), &name);
    let env = format!("{name}{ENV_FILE}");
    workspace.write("env", "JWT_SECRET=of-the-project\n");
    let file = workspace.join("env");
    let pushed =
        ["file", "push", file.to_str().unwrap(), &env, "--mode=0640", "--uid=0", "--gid=1001", "--project", project];
    lab.incus(&pushed);
    let haproxy = Haproxy::start(&Config::default(), &[(name.clone(), address)]);
    haproxy.wait_available(&name);
    workspace.write(
        "fleet.toml",
        format!(
            "[incus]\nproject = \"{project}\"\n\n[haproxy]\nsockets = [\"tcp:{}\"]\n\n[[pool]]\nname = \"api\"\n\
             instances = [\"{name}\"]\nbackends = [\"api_pool\"]\nmin-available = 0\n{QUICK}",
            haproxy.admin()
        ),
    );
    let notes = ["pool `api` has `min-available = 0`: its service may be away during a swap"];

    assert_done(&run(&workspace, &["rollout", image, "--fleet", "fleet.toml"]), &notes);

    assert_eq!(version(address), "2.0.0");
    let prev = lab.query(&format!("/1.0/instances/{name}-prev?project={project}"));
    assert_eq!((&prev["status"], &prev["project"]), (&"Stopped".into(), &project.into()));
    assert_eq!(lab.incus(&["file", "pull", &env, "-", "--project", project]), "JWT_SECRET=of-the-project\n");
    let profiles = lab.query(&format!("/1.0/profiles?project={project}")).to_string();
    assert!(!profiles.contains(&format!("vezaimg.{project}")), "{profiles}");

    assert_done(&run(&workspace, &["rollback", "--fleet", "fleet.toml"]), &notes);

    assert_eq!(version(address), "1.0.0");
    assert_eq!(lab.incus(&["file", "pull", &env, "-", "--project", project]), "JWT_SECRET=of-the-project\n");
}

#[test]
fn a_project_with_everything_of_its_own_gets_the_image_too() {
    let (lab, workspace) = (Lab::shared(), Workspace::new());
    let project = lab.unique("own");
    lab.incus(&["project", "create", &project]);
    let built = Recipe::good("2.0.0").build(&workspace);
    roll_there_and_back(&project, built.file.to_str().unwrap());
    let images = lab.query(&format!("/1.0/images?project={project}"));
    assert!(images.to_string().contains(&built.fingerprint), "{images}");
}

#[test]
fn a_project_that_shares_images_profiles_and_volumes() {
    let lab = Lab::shared();
    let project = lab.unique("sharing");
    let shares = ["features.images=false", "features.profiles=false", "features.storage.volumes=false"];
    let options: Vec<_> = shares.iter().flat_map(|share| ["-c", share]).collect();
    lab.incus(&[&["project", "create", &project], &options[..]].concat());
    roll_there_and_back(&project, &Recipe::good("2.0.0").imported());
}
