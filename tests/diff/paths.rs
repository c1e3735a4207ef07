//! Paths by field, rights, texts, and packages.

use std::process::Command;

use snapbox::{IntoData, str};

use super::{NEW, OLD, build, json, told, two};
use crate::support::workspace::{SMALL_BASE, Small, Workspace, tar_of};

#[test]
fn a_mode_that_changed_is_told_and_what_anybody_may_write_is_news() {
    let workspace = two(|workspace| {
        workspace.change_layout(
            "path = \"/etc/app/app.conf\"\nmode = \"0644\"",
            "path = \"/etc/app/app.conf\"\nmode = \"0666\"",
        );
    });
    snapbox::assert_data_eq!(
        told(&workspace, OLD, NEW, &[]),
        str![[r#"
anyone writes  /etc/app/app.conf 0666 0:0, new
changed        /etc/app/app.conf mode 0644 → 0666

"#]]
    );
}

#[test]
fn a_text_that_changed_is_told_line_by_line() {
    let workspace = two(|workspace| {
        workspace.change_layout(
            "content = \"port = {{ port }}\\n\"",
            "content = \"# before\\nport = {{ port }}\\nhost = here\"",
        );
    });
    snapbox::assert_data_eq!(
        told(&workspace, OLD, NEW, &[]),
        str![[r#"
changed        /etc/app/app.conf size 12 → 32, content
--- a/etc/app/app.conf
+++ b/etc/app/app.conf
@@ -1 +1,3 @@
+# before
 port = 8080
+host = here
\ No newline at end of file

"#]]
        .raw()
    );
}

#[test]
fn what_comes_and_goes_is_told_as_it_is_there() {
    let workspace = two(|workspace| {
        workspace.change_layout("path = \"/usr/local/bin/app\"\ntarget", "path = \"/usr/local/bin/api\"\ntarget");
    });
    snapbox::assert_data_eq!(
        told(&workspace, OLD, NEW, &[]),
        str![[r#"
added          /usr/local/bin/api -> /opt/app/app symlink 0777 0:0
removed        /usr/local/bin/app -> /opt/app/app symlink 0777 0:0

"#]]
    );
}

fn with_base(workspace: &Workspace, more: &[Small<'_>]) {
    workspace.write("base.tar", tar_of(SMALL_BASE.iter().chain(more)));
}

#[test]
fn packages_are_told_by_version_and_way_and_their_list_not_again() {
    let status = |packages: &[(&str, &str)]| {
        let packages = packages.iter().map(|(name, version)| {
            format!("Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n")
        });
        packages.collect::<String>()
    };
    let base = |workspace: &Workspace, packages: &[(&str, &str)]| {
        let status = status(packages);
        with_base(
            workspace,
            &[
                Small::Directory("./var/lib/", 0o755),
                Small::Directory("./var/lib/dpkg/", 0o755),
                Small::File("./var/lib/dpkg/status", 0o644, status.as_bytes()),
            ],
        );
    };
    let workspace = Workspace::new();
    base(&workspace, &[("back", "1:1.0"), ("gone", "1"), ("libssl3", "3.0.9-1"), ("same", "1"), ("tilde", "1.0~rc1")]);
    build(&workspace, "old");
    base(&workspace, &[("back", "2.0"), ("libssl3", "3.0.10-1"), ("new", "1"), ("same", "1"), ("tilde", "1.0")]);
    build(&workspace, "new");
    snapbox::assert_data_eq!(
        told(&workspace, OLD, NEW, &[]),
        str![[r#"
packages       back 1:1.0 → 2.0, downgrade
               gone:amd64 1, gone
               libssl3 3.0.9-1 → 3.0.10-1
               new:amd64 1, new
               tilde 1.0~rc1 → 1.0
changed        /var/lib/dpkg/status size 395 → 389, content

"#]]
    );
    let told = json(&workspace, OLD, NEW);
    assert_eq!(told["packages"][0]["direction"], "downgrade");
    assert_eq!(told["packages"][2]["direction"], "upgrade");
    assert_eq!(told["texts"][0]["left_out"], "packages");
}

/// As root packs them: with what tells a file from another beside its content.
#[test]
fn every_field_of_a_path_is_told() {
    let workspace = Workspace::new();
    let script = "mkdir -p root/etc root/usr/bin && cd root && echo 1 > usr/bin/tool && ln -s a usr/link && echo f > usr/type
                  echo same > usr/both && ln usr/both usr/hard && printf 'a\\0' > usr/data
                  setcap cap_net_raw=ep usr/bin/tool && setfattr --name user.note --value old usr/both
                  tar --create --xattrs --xattrs-include='*' --sort=name --mtime=@1 --file ../old.tar .
                  setcap cap_net_raw,cap_sys_admin=eip usr/bin/tool && setfattr --name user.note --value new usr/both
                  setfattr --name user.more --value '' usr/both
                  ln -sf b usr/link && rm usr/type && mkdir usr/type && chown 5:6 usr/data && printf 'b\\0\\0' > usr/data
                  rm usr/hard && echo other > usr/hard && chmod 4755 usr/hard && mkfifo usr/pipe
                  tar --create --xattrs --xattrs-include='*' --sort=name --mtime=@2 --file ../new.tar .";
    let made = Command::new("sh").args(["-euc", script]).current_dir(workspace.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    snapbox::assert_data_eq!(
        told(&workspace, "old.tar", "new.tar", &[]),
        str![[r#"
set-id         /usr/hard 4755 0:0, new
capabilities   /usr/bin/tool cap_net_raw=ep → cap_net_raw,cap_sys_admin=eip
added          /usr/pipe fifo 0644 0:0
changed        /usr/bin/tool mtime, security.capability cap_net_raw=ep → cap_net_raw,cap_sys_admin=eip
               /usr/both mtime, user.more "", new, user.note 6f6c64 → 6e6577
               /usr/data uid 0 → 5, gid 0 → 6, mtime, size 2 → 3, content
               /usr/hard type hardlink → file, mode 0644 → 4755, mtime
               /usr/link mtime, target a → b
               /usr/type type file → directory, mode 0644 → 0755, mtime
               / mtime
               /etc mtime
               /usr mtime
               /usr/bin mtime
not compared   1 file, not text

"#]]
    );
}

#[test]
fn paths_whose_time_alone_is_another_are_counted_and_in_json_listed() {
    let files: Vec<_> = (0..30).map(|number| format!("usr/{number}")).collect();
    let image = |mtime: u64| {
        let mut tar = tar::Builder::new(Vec::new());
        for file in &files {
            let mut header = tar::Header::new_ustar();
            header.set_mode(0o644);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(mtime);
            header.set_size(0);
            tar.append_data(&mut header, file, &b""[..]).unwrap();
        }
        tar.into_inner().unwrap()
    };
    let workspace = Workspace::new();
    workspace.write("old.tar", image(1));
    workspace.write("new.tar", image(2));
    assert_eq!(told(&workspace, "old.tar", "new.tar", &[]), "changed        30 paths differ by mtime alone\n");
    assert_eq!(told(&workspace, "old.tar", "new.tar", &["--stat"]), "paths          30 by mtime alone\n");
    assert_eq!(json(&workspace, "old.tar", "new.tar")["paths"]["changed"].as_array().unwrap().len(), 30);
}
