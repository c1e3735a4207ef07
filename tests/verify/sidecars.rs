//! The bill of materials and the provenance, by the validators of those who wrote the formats.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::sample::binary;
use crate::support::locked::{Layouts, locked, networked};
use crate::support::workspace::{Outcome, Workspace, outcome};

const STEM: &str = "out/veza-backend-api-v1-x86_64";

/// The python that has them.
fn python() -> PathBuf {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/validators.sh");
    let made = outcome(Command::new(script).arg(env!("CARGO_TARGET_TMPDIR")));
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    made.stdout.trim().into()
}

fn built() -> Workspace {
    let workspace = locked(&Layouts::own());
    let built = outcome(networked(&workspace).args(["build", "-q", "--release", "v1", "--binary"]).arg(binary()));
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    workspace
}

fn spdx_tools(workspace: &Workspace, file: &str) -> Outcome {
    let tool = python().with_file_name("pyspdxtools");
    outcome(Command::new(tool).args(["-i", file]).current_dir(workspace.path()))
}

fn in_toto(workspace: &Workspace, file: &str) -> Outcome {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/provenance.py");
    outcome(Command::new(python()).args([script, file]).current_dir(workspace.path()))
}

fn json(workspace: &Workspace, file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(workspace.join(file)).unwrap()).unwrap()
}

#[test]
fn the_bill_of_materials_is_valid_and_names_every_package_with_its_digest() {
    let workspace = built();
    let file = format!("{STEM}.spdx.json");
    let valid = spdx_tools(&workspace, &file);
    assert_eq!((valid.stderr.as_str(), valid.code), ("", Some(0)));
    let document = json(&workspace, &file);
    let lock = std::fs::read_to_string(workspace.join("layouts/backend-api.lock")).unwrap();
    let pinned: Vec<_> = lock.lines().filter_map(|line| line.strip_prefix("sha256 = \"")?.strip_suffix('"')).collect();
    assert!(pinned.len() > 50, "{lock}");
    let packages = document["packages"].as_array().unwrap();
    for sha256 in pinned {
        let found = packages.iter().find(|it| it["checksums"][0]["checksumValue"] == sha256);
        let found = found.unwrap_or_else(|| panic!("no package with {sha256}"));
        let purl = found["externalRefs"][0]["referenceLocator"].as_str().unwrap();
        assert!(purl.starts_with("pkg:deb/debian/") && purl.ends_with("&distro=debian-12"), "{purl}");
    }
    let stated = packages.iter().filter(|it| it["licenseDeclared"] != "NOASSERTION").count();
    assert!(stated * 10 > packages.len() * 8, "{stated} licences of {} packages", packages.len());

    // The validator does find what is wrong.
    super::replace(&workspace.join(&file), "\"SPDX-2.3\"", "\"SPDX-2.9\"");
    assert_ne!(spdx_tools(&workspace, &file).code, Some(0));
}

#[test]
fn the_provenance_is_valid_and_names_everything_that_went_in() {
    let workspace = built();
    let file = format!("{STEM}.provenance.json");
    let valid = in_toto(&workspace, &file);
    assert_eq!((valid.stderr.as_str(), valid.code), ("", Some(0)));
    let statement = json(&workspace, &file);
    let inputs = statement["predicate"]["buildDefinition"]["resolvedDependencies"].as_array().unwrap();
    let of = |role: &str| inputs.iter().filter(|it| it["annotations"]["role"] == role).count();
    assert_eq!((of("layout"), of("lock"), of("binary"), of("base")), (3, 1, 1, 0));
    assert!(of("package") > 50);

    super::replace(&workspace.join(&file), "\"runDetails\"", "\"runDetailz\"");
    assert_ne!(in_toto(&workspace, &file).code, Some(0));
}
