//! `vezaimg init` and `vezaimg check`.

use std::fs;
use std::path::Path;

use snapbox::{IntoData, str};

use crate::support::workspace::{LAYOUT, Workspace, outcome};

#[test]
fn init_writes_the_layouts_which_check_takes() {
    let workspace = Workspace::new();
    let written = workspace.run(["init"]);
    snapbox::assert_data_eq!(
        &written.stdout,
        str![[r#"
layouts/backend-api.toml
layouts/backend-api.lock
layouts/stream-server.toml
layouts/stream-server.lock
layouts/haproxy.toml
layouts/haproxy.cfg
layouts/haproxy.lock
layouts/service.toml
layouts/appliance.toml

"#]]
        .raw()
    );
    snapbox::assert_data_eq!(
        written.stderr,
        str![[r#"
        next  edit them, and see what `vezaimg check` says

"#]]
        .raw()
    );
    for name in written.stdout.lines() {
        let ours = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
        assert_eq!(fs::read_to_string(workspace.join(name)).unwrap(), ours, "{name}");
    }
    let checked = workspace.run(["check"]);
    snapbox::assert_data_eq!(
        checked.stdout,
        str![[r#"
layouts/backend-api.toml: ok, exposure of veza-backend-api.service 1.2 OK

"#]]
        .raw()
    );
    assert_eq!((written.code, checked.code), (Some(0), Some(0)));
    let streamer = workspace.run(["check", "--layout", "layouts/stream-server.toml", "--quiet"]);
    snapbox::assert_data_eq!(
        streamer.stdout,
        str![[r#"
layouts/stream-server.toml: ok, exposure of veza-stream-server.service 1.2 OK

"#]]
        .raw()
    );
    assert_eq!((streamer.stderr.as_str(), streamer.code), ("", Some(0)));
    // What others extend is no service of its own until it has a lock, and sound all the same.
    let service = workspace.run(["check", "--layout", "layouts/service.toml", "--quiet"]);
    assert_eq!(service.code, Some(0), "{}", service.stderr);
}

#[test]
fn init_never_overwrites_a_layout_that_was_edited() {
    let workspace = Workspace::new();
    workspace.write("layouts/backend-api.toml", "# mine\n");
    let refused = workspace.run(["init"]);
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
error: layouts that were edited are not overwritten
  cause: `layouts/backend-api.toml` is there already
  hint: name another directory: `vezaimg init DIR`

"#]]
        .raw()
    );
    assert_eq!(refused.code, Some(3));
    assert_eq!(fs::read_to_string(workspace.join("layouts/backend-api.toml")).unwrap(), "# mine\n");
}

#[test]
fn init_again_changes_nothing() {
    let workspace = Workspace::new();
    let first = workspace.run(["init", "here"]);
    let again = workspace.run(["init", "here"]);
    assert_eq!(first, again);
}

#[test]
fn check_takes_the_embedded_layout_where_there_is_none() {
    let workspace = Workspace::new();
    let checked = workspace.run(["check"]);
    snapbox::assert_data_eq!(
        checked.stdout,
        str![[r#"
<embedded>/backend-api.toml: ok, exposure of veza-backend-api.service 1.2 OK

"#]]
        .raw()
    );
    snapbox::assert_data_eq!(
        checked.stderr,
        str![[r#"
         0.5  PrivateNetwork=                          the service may use the system's network
         0.3  RestrictAddressFamilies=~AF_(INET|INET6) the service may open Internet sockets
         0.2  PrivateMounts=                           the service may add mounts that the whole system sees
         0.2  IPAddressDeny=                           the service may talk to any address
         0.1  DeviceAllow=                             the service may open some devices, by way of ProtectClock=
         0.1  RootDirectory=/RootImage=                the service sees the system's root directory
         0.1  RestrictAddressFamilies=~AF_UNIX         the service may open Unix sockets

"#]]
        .raw()
    );
    assert_eq!(checked.code, Some(0));
}

#[test]
fn check_prints_the_unit() {
    let workspace = Workspace::new();
    let checked = workspace.run(["check", "--unit"]);
    snapbox::assert_data_eq!(
        checked.stdout,
        str![[r#"
[Unit]
Description=Veza backend API
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
User=veza-api
Group=veza-api
WorkingDirectory=/opt/veza/backend-api
Environment=PORT=8080
EnvironmentFile=-/etc/veza/backend-api.env
ExecStart=/opt/veza/backend-api/veza-api
Restart=on-failure
RestartSec=3s
TimeoutStopSec=30s
# Exposure 1.2 of 10, as systemd-analyze security counts it. What remains, and why:
# - PrivateNetwork=: the service is there to be reached over the network
# - RestrictAddressFamilies=~AF_(INET|INET6): it listens on and connects to Internet sockets
# - PrivateMounts=: ProtectSystem= and others imply it, which an offline analysis does not see
# - IPAddressDeny=: the addresses of its peers belong to the fleet, not to the image
# - DeviceAllow=: ProtectClock= itself allows reading the clock's device, which PrivateDevices= hides
# - RootDirectory=/RootImage=: the container already is a root of its own
# - RestrictAddressFamilies=~AF_UNIX: the journal and local databases speak over Unix sockets
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ReadOnlyPaths=/run
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
PrivateUsers=yes
ProtectHostname=yes
ProtectClock=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectProc=invisible
ProcSubset=pid
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
UMask=0077
ReadWritePaths=/var/log/veza

[Install]
WantedBy=multi-user.target

"#]]
        .raw()
    );
    assert_eq!(checked.code, Some(0));
}

#[test]
fn check_gives_problems_as_json() {
    let workspace = Workspace::new();
    workspace.change_layout("mode = \"0750\"", "mode = 750");
    let checked = workspace.run(["check", "--layout", "layout.toml", "--json"]);
    snapbox::assert_data_eq!(checked.stdout, str![[r#"
{"layout":"layout.toml","problems":[{"severity":"error","file":"layout.toml","line":26,"column":8,"message":"`mode` is a whole number, expected a string","hint":"a mode is text of four octal digits, such as \"0755\""}],"exposure":{"unit":"app.service","level":"1.2","rating":"OK","remaining":[{"id":"PrivateNetwork","name":"PrivateNetwork=","exposure":"0.5","description":"the service may use the system's network"},{"id":"RestrictAddressFamilies_AF_INET_INET6","name":"RestrictAddressFamilies=~AF_(INET|INET6)","exposure":"0.3","description":"the service may open Internet sockets"},{"id":"PrivateMounts","name":"PrivateMounts=","exposure":"0.2","description":"the service may add mounts that the whole system sees"},{"id":"IPAddressDeny","name":"IPAddressDeny=","exposure":"0.2","description":"the service may talk to any address"},{"id":"DeviceAllow","name":"DeviceAllow=","exposure":"0.1","description":"the service may open some devices, by way of ProtectClock="},{"id":"RootDirectoryOrRootImage","name":"RootDirectory=/RootImage=","exposure":"0.1","description":"the service sees the system's root directory"},{"id":"RestrictAddressFamilies_AF_UNIX","name":"RestrictAddressFamilies=~AF_UNIX","exposure":"0.1","description":"the service may open Unix sockets"}]}}

"#]].raw());
    snapbox::assert_data_eq!(
        checked.stderr,
        str![[r#"
error: `layout.toml` has 1 problem

"#]]
        .raw()
    );
    assert_eq!(checked.code, Some(2));
}

/// The whole of the default layout's unit, through the tool that the figure comes from.
#[test]
fn the_default_unit_s_exposure_is_what_systemd_says_and_at_most_1_2() {
    let workspace = Workspace::new();
    let unit = workspace.run(["check", "--unit"]);
    workspace.write("veza-backend-api.service", unit.stdout);
    let mut analyze = std::process::Command::new("systemd-analyze");
    let analyze = analyze.args(["security", "--offline=true", "--threshold=12", "--no-pager"]);
    let theirs = outcome(analyze.arg(workspace.join("veza-backend-api.service")));
    // Beyond the threshold, in tenths, it would fail.
    assert_eq!(theirs.code, Some(0), "{}{}", theirs.stdout, theirs.stderr);
    let ours = workspace.run(["check"]).stdout;
    let level = ours.trim_end().strip_suffix(" OK").and_then(|line| line.rsplit(' ').next()).unwrap();
    assert!(
        theirs.stdout.contains(&format!("exposure level for veza-backend-api.service: {level} OK")),
        "{}",
        theirs.stdout
    );
}

#[test]
fn the_program_may_be_a_link_of_the_layout() {
    let workspace = Workspace::new();
    let unit = "[unit]\nname = \"app.service\"\nexec = \"/usr/local/bin/app\"\nuser = \"{{ user }}\"\n\n[binary]";
    workspace.write("layout.toml", LAYOUT.split("[unit]").next().unwrap().replace("[binary]", unit));
    let outcome = workspace.build(&[]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
}

#[test]
fn check_says_what_it_leaves_to_the_base_and_a_build_looks_it_up() {
    let workspace = Workspace::new();
    let layout = LAYOUT.replace("exec = \"/opt/app/app\"", "exec = \"/usr/sbin/init\"\nhardening = \"off\"");
    workspace.write(
        "layout.toml",
        layout.replace("user = \"{{ user }}\"\nenv", "env").replace("[\"/var/log/app\"]", "[\"/var/log\"]"),
    );
    let checked = workspace.run(["check", "--layout", "layout.toml", "--quiet"]);
    snapbox::assert_data_eq!(
        checked.stderr,
        str![[r#"
warning: `exec` names `/usr/sbin/init`, which only a base can hold
  --> layout.toml:43:8
   |
43 | exec = "/usr/sbin/init"
   |        ^^^^^^^^^^^^^^^^
   |
   = hint: the build looks it up in the base

warning: `write-paths` names `/var/log`, which only a base can hold
  --> layout.toml:46:16
   |
46 | write-paths = ["/var/log"]
   |                ^^^^^^^^^^
   |
   = hint: the build looks it up in the base


"#]]
        .raw()
    );
    let built = workspace.build(&[]);
    assert_eq!((checked.code, built.code), (Some(0), Some(0)), "{}", built.stderr);
    assert!(!built.stderr.contains("warning"), "{}", built.stderr);
}

#[test]
fn a_program_behind_a_link_of_the_base_is_found() {
    let workspace = Workspace::new();
    // `/sbin` is a link to `/usr/sbin` there.
    let layout = LAYOUT.replace("path = \"/opt/app/app\"", "path = \"/usr/sbin/app\"");
    workspace.write("layout.toml", layout.replace("exec = \"/opt/app/app\"", "exec = \"/sbin/app\""));
    let built = workspace.build(&[]);
    assert_eq!(built.code, Some(0), "{}", built.stderr);
}

#[test]
fn a_level_that_a_codec_does_not_have_is_a_usage_error() {
    let workspace = Workspace::new();
    let refused = workspace.build(&["--compression", "gzip", "--level", "12"]);
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
error: gzip has no level `12`
  hint: give a level from 1 to 9; 9 is the default

"#]]
        .raw()
    );
    assert_eq!((refused.code, workspace.out().len()), (Some(2), 0));
}
