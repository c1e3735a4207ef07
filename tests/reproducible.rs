//! The same inputs give the same bytes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use snapbox::{IntoData, str};

use crate::support::workspace::{LAYOUT, Workspace, outcome};

fn image(workspace: &Workspace) -> Vec<u8> {
    let name = workspace.out().into_iter().find(|name| name.ends_with(".tar.zst")).unwrap();
    fs::read(workspace.join("out").join(name)).unwrap()
}

/// Everything that may differ from one machine to another and must not show: user, umask, time zone, language,
/// directory, home, and the number of jobs.
#[test]
fn nothing_of_the_machine_shows_in_the_bytes() {
    let here = Workspace::new();
    assert_eq!(here.build(&["--jobs", "1"]).code, Some(0));

    let there = Workspace::new();
    let vezaimg = there.join("vezaimg");
    fs::copy(env!("CARGO_BIN_EXE_vezaimg"), &vezaimg).unwrap();
    fs::set_permissions(there.path(), fs::Permissions::from_mode(0o777)).unwrap();
    fs::create_dir_all(there.join("deep/er")).unwrap();
    fs::create_dir(there.join("out")).unwrap();
    fs::set_permissions(there.join("out"), fs::Permissions::from_mode(0o777)).unwrap();
    let script = "umask 0077; cd deep/er; exec ../../vezaimg build --layout ../../layout.toml --binary ../../app \
                  --base ../../base.tar --out ../../out --jobs 5";
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", script]);
    command.env("TZ", "Pacific/Kiritimati").env("LANG", "tr_TR.UTF-8").env("LC_ALL", "tr_TR.UTF-8");
    let outcome = outcome(command.env("HOME", "/nonexistent").current_dir(there.path()));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);

    assert_eq!(here.out(), there.out());
    for name in here.out() {
        let bytes = |workspace: &Workspace| fs::read(workspace.join("out").join(&name)).unwrap();
        assert!(bytes(&here) == bytes(&there), "{name} differs");
    }
}

/// Copies a tree with its entries made in another order, and with times of another year.
fn unpack(workspace: &Workspace, script: &str) {
    let mut command = Command::new("sh");
    let status = command.args(["-euc", script]).current_dir(workspace.path()).status().unwrap();
    assert!(status.success());
}

#[test]
fn the_order_and_the_times_of_a_directory_do_not_show() {
    let build = |script: &str| {
        let workspace = Workspace::new();
        unpack(&workspace, script);
        let outcome = workspace.run(["build", "--layout", "layout.toml", "--binary", "app", "--base", "tree"]);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        image(&workspace)
    };
    let plain = build("mkdir tree; tar -C tree --numeric-owner -xpf base.tar");
    let shuffled = build(
        "mkdir tree; tar -tf base.tar | sort -r >names; tar -C tree --numeric-owner -xpf base.tar ./var ./usr
         tar -C tree --numeric-owner -xpf base.tar; find tree -exec touch -h -d 2031-05-06 {} +",
    );
    assert!(plain == shuffled);
}

#[test]
fn times_above_source_date_epoch_become_it() {
    let workspace = Workspace::new();
    let mut command = workspace.command();
    command.env("SOURCE_DATE_EPOCH", "1000000000").args(["build", "--layout", "layout.toml", "--binary", "app"]);
    let built = outcome(command.args(["--base", "base.tar", "--release", "old"]));
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    let listing = listing(&workspace.join("out/small-old-x86_64.incus.tar.zst"));
    assert!(listing.lines().all(|line| line.contains("2001-09-09 01:46")), "{listing}");
}

#[test]
fn a_source_date_epoch_that_is_no_time_is_refused() {
    let workspace = Workspace::new();
    let mut command = workspace.command();
    command.env("SOURCE_DATE_EPOCH", "yesterday").args(["build", "--layout", "layout.toml", "--binary", "app"]);
    let refused = outcome(command.args(["--base", "base.tar"]));
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
error: SOURCE_DATE_EPOCH is `yesterday`, which is not a number of seconds since 1970 from 1 to 253402300799
  hint: such as `SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)`

"#]]
        .raw()
    );
    assert_eq!(refused.code, Some(2));
}

/// What GNU tar sees in an image: the reader that Incus uses.
fn listing(image: &Path) -> String {
    let mut command = Command::new("tar");
    let listed = outcome(command.args(["--numeric-owner", "--full-time", "-tvf"]).arg(image).env("TZ", "UTC"));
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    listed.stdout
}

/// The golden bytes: when they change, [`vezaimg::archive::FORMAT_VERSION`] does too, and the listing tells what did.
#[test]
fn the_bytes_are_those_of_the_golden_digest() {
    let golden = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let mut digests = String::new();
    for arguments in [&["--compression", "zstd"], &["--compression", "gzip"]] {
        for format in ["unified", "split"] {
            let workspace = Workspace::new();
            let built = workspace.build(&[arguments, &["--format", format, "--release", "golden"][..]].concat());
            assert_eq!(built.code, Some(0), "{}", built.stderr);
            let checksums = fs::read_to_string(workspace.join("out/small-golden-x86_64.sha256")).unwrap();
            checksums.lines().filter(|line| line.contains(".tar.")).for_each(|line| digests += &format!("{line}\n"));
            if (arguments[1], format) == ("zstd", "unified") {
                let image = workspace.join("out/small-golden-x86_64.incus.tar.zst");
                snapbox::assert_data_eq!(
                    listing(&image),
                    snapbox::Data::read_from(&golden("small.listing"), None).raw()
                );
                for ending in ["manifest.json", "spdx.json", "provenance.json"] {
                    let text =
                        fs::read_to_string(workspace.join(&format!("out/small-golden-x86_64.{ending}"))).unwrap();
                    let expected = golden(&format!("small.{ending}"));
                    snapbox::assert_data_eq!(text, snapbox::Data::read_from(&expected, None).raw());
                }
            }
        }
    }
    snapbox::assert_data_eq!(digests, snapbox::Data::read_from(&golden("small.sha256"), None).raw());
}

/// Directories on a volume are given back their owners by tmpfiles.d, whose specifiers and quotes are not the path's.
#[test]
fn a_kept_path_reaches_tmpfiles_literally() {
    let workspace = Workspace::new();
    workspace.write("layout.toml", LAYOUT.replace("/var/log/app", "/var/log/100%h's"));
    assert_eq!(workspace.build(&["--release", "v1"]).code, Some(0));
    let read = "tar xOf out/small-v1-x86_64.incus.tar.zst rootfs/usr/lib/tmpfiles.d/vezaimg-small.conf";
    let output = Command::new("sh").args(["-c", read]).current_dir(workspace.path()).output().unwrap();
    assert!(output.status.success());
    let expected = "# The owners and modes of directories that [[keep]] puts on a volume.\nd /var/log/100%%h\\x27s 0750 1001 1001 -\n";
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}
