//! Users, groups, and numbers that moved.

use snapbox::str;

use super::{NEW, OLD, told, two};
use crate::support::workspace::{Small, Workspace, tar_of};

#[test]
fn a_uid_that_moved_is_told_first_and_with_what_it_owns() {
    let workspace = two(|workspace| workspace.change_layout("uid = 1001", "uid = 1002"));
    snapbox::assert_data_eq!(
        told(&workspace, OLD, NEW, &[]),
        str![[r#"
moved ids      user app 1001 → 1002: files that outlive the image stay with 1001
users          app uid 1001 → 1002
changed        /etc/passwd content
               /usr/lib/tmpfiles.d/vezaimg-small.conf content
               /var/log/app uid 1001 → 1002
--- a/etc/passwd
+++ b/etc/passwd
@@ -1,2 +1,2 @@
 root:x:0:0:root:/root:/bin/bash
-app:x:1001:1001::/nonexistent:/usr/sbin/nologin
+app:x:1002:1001::/nonexistent:/usr/sbin/nologin
--- a/usr/lib/tmpfiles.d/vezaimg-small.conf
+++ b/usr/lib/tmpfiles.d/vezaimg-small.conf
@@ -1,2 +1,2 @@
 # The owners and modes of directories that [[keep]] puts on a volume.
-d /var/log/app 0750 1001 1001 -
+d /var/log/app 0750 1002 1001 -

"#]]
    );
    snapbox::assert_data_eq!(
        told(&workspace, OLD, NEW, &["--stat"]),
        str![[r#"
moved ids      1 moved
users          1 changed
paths          3 changed

"#]]
    );
}

#[test]
fn a_number_that_another_has_now_is_told() {
    let image = |passwd: &str, group: &str| {
        tar_of(
            [
                Small::File("etc/group", 0o644, group.as_bytes()),
                Small::File("etc/passwd", 0o644, passwd.as_bytes()),
                Small::Directory("usr", 0o755),
            ]
            .iter(),
        )
    };
    let workspace = Workspace::new();
    let old = "root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\nweb:x:998:998::/srv:/bin/false\napp:x:999:999::/:/bin/sh\n";
    workspace.write("old.tar", image(old, "root:x:0:\nweb:x:998:\nadm:x:4:web\n"));
    let new = "root:x:0:0:root:/root:/bin/sh\nweb:x:999:998::/srv:/bin/sh\ndb:x:998:997::/var:/bin/false\n";
    workspace.write("new.tar", image(new, "root:x:0:\nweb:x:998:\nadm:x:4:\n"));
    let all = told(&workspace, "old.tar", "new.tar", &["--no-text"]);
    snapbox::assert_data_eq!(
        all,
        str![[r#"
moved ids      user web 998 → 999: files that outlive the image stay with 998
               user 998 was web, and is db
               user 999 was app, and is web
users          app uid 999, gid 999, home /, shell /bin/sh, gone
               db uid 998, gid 997, home /var, shell /bin/false, new
               toor uid 0, gid 0, home /root, shell /bin/sh, gone
               web uid 998 → 999, shell /bin/false → /bin/sh
groups         adm members web → ""
changed        /etc/group size 33 → 30, content
               /etc/passwd size 112 → 88, content

"#]]
    );
}
