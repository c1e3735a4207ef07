//! What outlives an image: the env file that is pushed, and the log directory on a volume.

use super::{BOOT, SERVICE, assert_healthy, image, shell};
use crate::support::{Instance, Lab};

const ENV_FILE: &str = "/etc/veza/backend-api.env";

/// As a rollout does it: volume and env file are there before the first start.
#[test]
fn the_env_file_and_a_new_volume_for_the_logs_reach_the_service() {
    let lab = Lab::shared();
    let (name, volume) = (lab.unique("kept"), lab.unique("logs"));
    let instance = Instance::new(lab, &name);
    lab.incus(&["create", &image().fingerprint, &name]);
    lab.incus(&["storage", "volume", "create", "default", &volume]);
    lab.incus(&["storage", "volume", "attach", "default", &volume, &name, "logs", "/var/log/veza"]);
    instance.push(ENV_FILE, b"VEZA_VERSION=2.0.0-env\n", "0600", 0, 0);
    instance.start();
    instance.wait_running(BOOT);

    assert_healthy(&instance, "2.0.0-env");
    let seen = "stat --format='%A %u %g %n' /etc/veza/backend-api.env /var/log/veza /var/log/veza/*
                findmnt --noheadings --output=TARGET --target=/var/log/veza/veza-api.log
                grep --count '\"event\":\"start\".*\"version\":\"2.0.0-env\"' /var/log/veza/veza-api.log";
    assert_eq!(
        shell(&instance, seen),
        "-rw------- 0 0 /etc/veza/backend-api.env\ndrwxr-x--- 1001 1001 /var/log/veza\n\
         -rw------- 1001 1001 /var/log/veza/veza-api.log\n/var/log/veza\n1\n"
    );

    instance.push(ENV_FILE, b"VEZA_VERSION=2.0.1-env\n", "0600", 0, 0);
    instance.exec(&["systemctl", "restart", SERVICE]);

    assert_healthy(&instance, "2.0.1-env");
}
