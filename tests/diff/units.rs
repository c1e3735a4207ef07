//! Units, by directive.

use snapbox::str;

use super::{NEW, OLD, told, two};
use crate::support::workspace::{Small, Workspace, tar_of};

const METADATA: Small<'static> =
    Small::File("metadata.yaml", 0o644, b"architecture: x86_64\nproperties:\n  vezaimg.unit: app.service\n");

#[test]
fn a_setting_of_the_unit_is_told_by_directive_with_what_it_exposes() {
    let workspace = two(|workspace| {
        workspace.change_layout(
            "exec = \"/opt/app/app\"",
            "exec = \"/opt/app/app --verbose\"\noverrides = { MemoryMax = \"1G\", NoNewPrivileges = \"no\" }",
        );
    });
    snapbox::assert_data_eq!(
        told(&workspace, OLD, NEW, &[]),
        str![[r#"
service        exposure 1.2 OK → 1.4 OK
units          /etc/systemd/system/app.service
                 [Service] ExecStart /opt/app/app → /opt/app/app --verbose
                 [Service] MemoryMax 1G, new
                 [Service] NoNewPrivileges yes → no
changed        /etc/systemd/system/app.service size 1587 → 1661, content

"#]]
    );
}

/// systemd reads on behind a line that it cannot use, and so is what changed there told.
#[test]
fn a_line_that_systemd_ignores_hides_nothing() {
    let workspace = Workspace::new();
    for (file, unit) in [
        ("old.tar", "[Service]\nExecStart=/bin/a\nUser=app\n"),
        ("new.tar", "[Service]\nExecStart=/bin/evil\nUser=app\ngarbage\n"),
    ] {
        let unit = Small::File("rootfs/etc/systemd/system/app.service", 0o644, unit.as_bytes());
        workspace.write(file, tar_of([METADATA, unit].iter()));
    }
    let told = told(&workspace, "old.tar", "new.tar", &[]);
    assert!(told.contains("[Service] ExecStart /bin/a → /bin/evil\n"), "{told}");
    assert!(!told.contains("[Service] User"), "{told}");
    assert!(told.contains("\n+garbage\n"), "{told}");
}

#[test]
fn drop_ins_that_come_and_go_units_of_others_and_comments_are_told() {
    const APP: Small<'static> =
        Small::File("rootfs/etc/systemd/system/app.service", 0o644, b"[Service]\nExecStart=/app\n");
    let workspace = Workspace::new();
    workspace.write(
        "old.tar",
        tar_of(
            [
                METADATA,
                APP,
                Small::File(
                    "rootfs/etc/systemd/system/app.service.d/10-gone.conf",
                    0o644,
                    b"[Service]\nMemoryMax=512M\n",
                ),
                Small::File(
                    "rootfs/etc/systemd/system/app.service.d/20-list.conf",
                    0o644,
                    b"[Service]\nEnvironment=A=1\nEnvironment=B=1\n",
                ),
                Small::File("rootfs/usr/lib/systemd/system/a.timer", 0o644, b"[Timer]\nOnCalendar=daily\n"),
                Small::File("rootfs/usr/lib/systemd/system/b.socket", 0o644, b"# one\n[Socket]\nListenStream=1\n"),
                Small::File("rootfs/usr/lib/systemd/system/gone.service", 0o644, b"[Service]\nExecStart=/gone\n"),
            ]
            .iter(),
        ),
    );
    workspace.write(
        "new.tar",
        tar_of(
            [
                METADATA,
                APP,
                Small::File(
                    "rootfs/etc/systemd/system/app.service.d/20-list.conf",
                    0o644,
                    b"[Service]\nEnvironment=A=1\nEnvironment=C=1\nEnvironment=\n",
                ),
                Small::File(
                    "rootfs/etc/systemd/system/app.service.d/30-new.conf",
                    0o644,
                    b"[Service]\nMemoryMax=1G\nUser=app\n",
                ),
                Small::File(
                    "rootfs/usr/lib/systemd/system/a.timer",
                    0o644,
                    b"[Timer]\nOnCalendar=weekly\n[Install]\nWantedBy=timers.target\n",
                ),
                Small::File("rootfs/usr/lib/systemd/system/b.socket", 0o644, b"# two\n[Socket]\nListenStream=1\n"),
            ]
            .iter(),
        ),
    );
    snapbox::assert_data_eq!(
        told(&workspace, "old.tar", "new.tar", &[]),
        str![[r#"
service        drop-in /etc/systemd/system/app.service.d/10-gone.conf, gone
               drop-in /etc/systemd/system/app.service.d/30-new.conf, new
               exposure 9.6 UNSAFE → 9.2 UNSAFE
               user root → app
units          /etc/systemd/system/app.service.d/10-gone.conf, gone
                 [Service] MemoryMax 512M, gone
               /etc/systemd/system/app.service.d/20-list.conf
                 [Service] Environment B=1, gone
                 [Service] Environment "", new
                 [Service] Environment C=1, new
               /etc/systemd/system/app.service.d/30-new.conf, new
                 [Service] MemoryMax 1G, new
                 [Service] User app, new
               /usr/lib/systemd/system/a.timer
                 [Install] WantedBy timers.target, new
                 [Timer] OnCalendar daily → weekly
               /usr/lib/systemd/system/b.socket
               /usr/lib/systemd/system/gone.service, gone
added          /etc/systemd/system/app.service.d/30-new.conf file 0644 0:0, 32 B
removed        /etc/systemd/system/app.service.d/10-gone.conf file 0644 0:0, 25 B
               /usr/lib/systemd/system/gone.service file 0644 0:0, 26 B
changed        /etc/systemd/system/app.service.d/20-list.conf size 42 → 55, content
               /usr/lib/systemd/system/a.timer size 25 → 59, content
               /usr/lib/systemd/system/b.socket content
--- a/usr/lib/systemd/system/b.socket
+++ b/usr/lib/systemd/system/b.socket
@@ -1,3 +1,3 @@
-# one
+# two
 [Socket]
 ListenStream=1

"#]]
    );
}
