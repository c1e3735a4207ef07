//! The streamer's layout: what it shares with the default one, and what is its own.

use serde_json::Value;
use snapbox::{IntoData, assert_data_eq, str};

use super::*;
use crate::support::locked::{Layouts, lock_of};
use crate::support::{http_get, seconds, wait_for};

#[test]
fn the_streamer_serves_on_its_own_port_from_its_own_directories() {
    let workspace = Workspace::new();
    Layouts::own().write(&workspace);
    workspace.write("layouts/stream-server.toml", include_str!("../../../layouts/stream-server.toml"));
    // The sample is told where its log goes; the platform's streamer knows.
    let layout = "[extends]\nlayout = \"stream-server.toml\"\n\n[unit]\n\
                  environment = { VEZA_LOG_DIR = \"{{ stream_server_log_dir }}\" }\n";
    workspace.write("layouts/sample.toml", layout);
    // All of them stand on the same packages.
    workspace.write("layouts/sample.lock", lock_of(&Layouts::own()));
    let instance = boot(&workspace, &["--layout", "layouts/sample.toml", "--level", "1"], "streamer");

    let address = (instance.ipv4(seconds(60)), 8082);
    let health = wait_for("the streamer to be healthy", seconds(60), || match http_get(address, "/api/v1/health") {
        Ok(reply) if reply.status == 200 => {
            serde_json::from_str::<Value>(&reply.body).map_err(|error| error.to_string())
        }
        seen => Err(format!("{seen:?}")),
    });
    assert_eq!(health["host"], instance.name());
    let script = "systemctl is-active veza-stream-server.service
        systemctl show --property=User,Group,WorkingDirectory,ReadWritePaths veza-stream-server.service
        id veza-stream
        stat --format='%a %U %G %n' /opt/veza/stream-server /etc/veza /var/log/veza-stream /var/cache/veza-stream
        ls /opt/veza/stream-server /var/log/veza-stream
        ls /opt/veza/backend-api 2>&1 || getent passwd veza-api || echo 'nothing of the API'";
    assert_data_eq!(
        shell(&instance, script),
        str![[r#"
active
WorkingDirectory=/opt/veza/stream-server
User=veza-stream
Group=veza-stream
ReadWritePaths=/var/log/veza-stream /var/cache/veza-stream
uid=1002(veza-stream) gid=1002(veza-stream) groups=1002(veza-stream)
755 veza-stream veza-stream /opt/veza/stream-server
750 root veza-stream /etc/veza
750 veza-stream veza-stream /var/log/veza-stream
750 veza-stream veza-stream /var/cache/veza-stream
/opt/veza/stream-server:
veza-stream-server

/var/log/veza-stream:
veza-api.log
ls: cannot access '/opt/veza/backend-api': No such file or directory
nothing of the API

"#]]
        .raw()
    );
}
