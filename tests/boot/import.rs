//! What Incus says of an image on its way in.

use serde_json::json;

use super::{Imported, assert_healthy, base, build, image};
use crate::support::Lab;
use crate::support::workspace::Workspace;

#[test]
fn the_store_knows_a_unified_image_by_the_predicted_fingerprint_and_its_properties() {
    let image = image();
    assert_eq!(image.report["fingerprint"], image.fingerprint.as_str());

    let stored = Lab::shared().query(&format!("/1.0/images/{}", image.fingerprint));
    let seen = json!({
        "architecture": stored["architecture"], "created_at": stored["created_at"], "size": stored["size"],
        "type": stored["type"], "properties": stored["properties"],
    });
    let expected = json!({
        "architecture": "x86_64",
        // The time of the base's newest entry.
        "created_at": "2025-05-01T00:00:00Z",
        "size": image.report["size"],
        "type": "container",
        "properties": {
            "architecture": "x86_64",
            "description": "Veza backend API lab on Debian GNU/Linux 12 (bookworm)",
            "name": "veza-backend-api-lab-x86_64",
            "os": "Debian",
            "release": "bookworm",
            "vezaimg.format": vezaimg::archive::FORMAT_VERSION.to_string(),
            "vezaimg.health": "8080/api/v1/health",
            "vezaimg.keep": "carry:/etc/veza/backend-api.env volume:/var/log/veza",
            "vezaimg.layout": "veza-backend-api",
            "vezaimg.release": "lab",
            "vezaimg.unit": "veza-backend-api.service",
        },
    });
    assert_eq!(seen, expected);
}

#[test]
fn a_gzip_image_gets_the_predicted_fingerprint() {
    let image = Imported::new(&Workspace::new(), base(), &["--compression", "gzip"]);
    assert_eq!(image.report["fingerprint"], image.fingerprint.as_str());
}

#[test]
fn a_split_image_gets_the_predicted_fingerprint_and_boots() {
    let image = Imported::new(&Workspace::new(), base(), &["--format", "split"]);
    assert_eq!(image.report["fingerprint"], image.fingerprint.as_str());

    assert_healthy(&image.boot("split"), env!("CARGO_PKG_VERSION"));
}

#[test]
fn an_image_that_is_built_again_is_in_the_store_already() {
    let image = image();
    let workspace = Workspace::new();
    let again = build(&workspace, base(), &[]);

    let path = "out/veza-backend-api-lab-x86_64.incus.tar.zst";
    assert_eq!(again.stdout, format!("{path}\n"));
    let path = workspace.join(path);
    let refused = Lab::shared().try_incus(&["image", "import", path.to_str().unwrap()]);
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert_eq!((refused.status.code(), &*stderr), (Some(1), "Error: Image with same fingerprint already exists\n"));
    assert_eq!(Lab::shared().query(&format!("/1.0/images/{}", image.fingerprint))["size"], image.report["size"]);
}
