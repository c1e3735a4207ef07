//! A base with apt, dpkg and the essential packages goes on as any Debian does; and its certificates are trusted.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use snapbox::{IntoData, assert_data_eq, str};
use vezaimg::rootfs::Digest;

use super::*;
use crate::support::locked::lock_of;
use crate::support::{script, seconds, wait_for};

/// With those of the default layout, apt and every essential package.
const PACKAGES: [&str; 6] = ["apt", "bsdutils", "dpkg", "init-system-helpers", "ncurses-bin", "perl-base"];
const REPOSITORY: &str = "/srv/repository";

/// A container of that set and one package more, whose certificate authority exists for this test alone.
struct Debian {
    instance: Instance<'static>,
    /// What the authority vouches for: a server's certificate and its key.
    server: [(&'static str, Vec<u8>); 2],
}

fn debian() -> &'static Debian {
    static DEBIAN: OnceLock<Debian> = OnceLock::new();
    DEBIAN.get_or_init(|| {
        let layout = layout_with(&PACKAGES, Some(&[]));
        let workspace = Workspace::new();
        authority(&workspace);
        let deb = package(&workspace, "veza-test-ca", "", &[("usr/share/ca-certificates/veza/test.crt", "ca.crt")]);
        let file = "pool/main/v/veza-test-ca/veza-test-ca_1_all.deb";
        let bytes = fs::read(&deb).unwrap();
        workspace.write(&format!("mirror/{file}"), &bytes);
        let entry = format!(
            "\n[[package]]\nname = \"veza-test-ca\"\nversion = \"1\"\narchitecture = \"all\"\nsuite = \"bookworm\"\n\
             file = \"{file}\"\nsize = {}\nsha256 = \"{}\"\n",
            bytes.len(),
            Digest::of_bytes(&bytes)
        );
        // The place of the name in the order of names.
        let lock = lock_of(&layout);
        let at = lock.find("\n[[package]]\nname = \"zlib1g\"").unwrap();
        layout.write(&workspace);
        workspace.write("layouts/backend-api.lock", format!("{}{entry}{}", &lock[..at], &lock[at..]));
        let mirror = format!("file://{}", workspace.join("mirror").display());
        let instance = boot(&workspace, &["--level", "1", "--mirror", &mirror], "debian");
        let server = ["server.crt", "server.key"].map(|name| (name, fs::read(workspace.join(name)).unwrap()));
        Debian { instance, server }
    })
}

/// A certificate authority, and a server's certificate of its making, as `ca.crt`, `server.crt` and `server.key`.
fn authority(workspace: &Workspace) {
    run(
        workspace,
        "openssl req -x509 -newkey ed25519 -nodes -keyout ca.key -out ca.crt -days 3650 -subj '/CN=Veza Test Root'
         openssl req -newkey ed25519 -nodes -keyout server.key -out server.csr -subj '/CN=tls.test'
         printf 'subjectAltName=DNS:tls.test\\n' >server.ext
         openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -extfile server.ext -days 3650 -out server.crt",
    );
}

/// Makes a package of files, each with the workspace's file that is its content, and returns its path.
fn package(workspace: &Workspace, name: &str, control: &str, files: &[(&str, &str)]) -> PathBuf {
    let root = format!("packages/{name}");
    let fields = format!(
        "Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: vezaimg <test@localhost>\n{control}\
         Description: made by a test\n"
    );
    workspace.write(&format!("{root}/DEBIAN/control"), fields);
    for (path, content) in files {
        workspace.write(&format!("{root}/{path}"), fs::read(workspace.join(content)).unwrap());
        if path.ends_with("inst") {
            let executable = fs::Permissions::from_mode(0o755);
            fs::set_permissions(workspace.join(&format!("{root}/{path}")), executable).unwrap();
        }
    }
    let build = format!(
        "(cd {root}; find usr -type f -exec md5sum '{{}}' + >DEBIAN/md5sums)
         dpkg-deb --root-owner-group --build {root} packages"
    );
    run(workspace, &build);
    workspace.join(&format!("packages/{name}_1_all.deb"))
}

/// Runs a script on this machine, in the workspace.
fn run(workspace: &Workspace, script: &str) {
    let ended = outcome(Command::new("sh").args(["-euc", script]).current_dir(workspace.path()));
    assert_eq!(ended.code, Some(0), "{script}\n{}", ended.stderr);
}

/// dpkg finds nothing wrong and nothing left to do, and every package is installed.
fn assert_sound(instance: &Instance<'_>) {
    let script = "dpkg --audit; dpkg --verify; dpkg --configure --pending
                  dpkg-query --show --showformat='${db:Status-Abbrev}\\n' | sort -u";
    assert_eq!(shell(instance, script), "ii \n");
}

#[test]
fn apt_installs_and_removes_packages_with_scripts_and_triggers() {
    let (Debian { instance, .. }, workspace) = (debian(), Workspace::new());
    assert_sound(instance);

    workspace.write("postinst", "#!/bin/sh\nset -e\nadduser --system --group --quiet --no-create-home veza-probe\n");
    workspace.write("triggers", "activate-noawait ldconfig\n");
    workspace.write("probe", "installed\n");
    let files =
        [("DEBIAN/postinst", "postinst"), ("DEBIAN/triggers", "triggers"), ("usr/share/veza-probe/probe", "probe")];
    let deb = package(&workspace, "veza-probe", "Depends: adduser, libc-bin\n", &files);
    let debs = workspace.join("debs");
    fs::create_dir(&debs).unwrap();
    fs::copy(&deb, debs.join("veza-probe_1_all.deb")).unwrap();
    let repository = workspace.join("repository");
    let made = outcome(Command::new(script("repository.sh")).arg(&debs).arg(&repository));
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    push(instance, &repository, REPOSITORY);

    let install = format!(
        "echo 'deb [trusted=yes] file:{REPOSITORY} ./' >/etc/apt/sources.list
         apt-get update
         DEBIAN_FRONTEND=noninteractive apt-get install --yes veza-probe"
    );
    let said = shell(instance, &install);
    for complaint in ["W: ", "E: ", "warning: ", "error: "] {
        assert!(!said.contains(complaint), "{said}");
    }
    for step in ["Setting up veza-probe (1) ...", "Processing triggers for libc-bin ("] {
        assert!(said.contains(step), "{said}");
    }
    let seen = "cat /usr/share/veza-probe/probe; getent passwd veza-probe | cut -d: -f1,6,7";
    assert_eq!(shell(instance, seen), "installed\nveza-probe:/nonexistent:/usr/sbin/nologin\n");
    assert_sound(instance);

    let said = shell(instance, "DEBIAN_FRONTEND=noninteractive apt-get purge --yes veza-probe");
    assert!(said.contains("Removing veza-probe (1) ..."), "{said}");
    assert_eq!(shell(instance, "! ls /usr/share/veza-probe 2>/dev/null; ! dpkg --status veza-probe 2>/dev/null"), "");
    assert_sound(instance);
}

/// Puts the files of a directory into one of the container.
fn push(instance: &Instance<'_>, directory: &Path, target: &str) {
    instance.exec(&["mkdir", "-p", target]);
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        instance.push(&format!("{target}/{name}"), &fs::read(entry.path()).unwrap(), "0644", 0, 0);
    }
}

#[test]
fn an_account_that_is_added_can_log_in() {
    let script = "adduser --quiet --disabled-password --gecos Alice alice >/dev/null
                  su --login alice --command='id --user --name; pwd; echo $SHELL; loginctl --no-legend | wc -l'";
    assert_eq!(shell(&debian().instance, script), "alice\n/home/alice\n/bin/bash\n1\n");
}

/// Every certificate verifies by the bundle, which Go and many others read, and by the links of its subject's hash,
/// which OpenSSL follows. Some of Debian's own have expired.
#[test]
fn openssl_finds_every_certificate_of_the_packages_both_ways() {
    let script = "cd /etc/ssl/certs
                  for pem in *.pem; do
                      openssl verify -no_check_time -no-CAfile -no-CAstore -CApath . $pem
                      openssl verify -no_check_time -no-CApath -no-CAstore -CAfile ca-certificates.crt $pem
                  done | grep --invert-match ': OK$' || true
                  ls *.pem | grep --count . >/tmp/links
                  [ $(grep --count 'BEGIN CERTIFICATE' ca-certificates.crt) = $(cat /tmp/links) ]
                  [ $(cat /tmp/links) -gt 100 ]
                  cp --recursive --no-dereference . /tmp/certs
                  openssl rehash /tmp/certs 2>/dev/null
                  diff --recursive --no-dereference . /tmp/certs
                  update-ca-certificates
                  dpkg --verify";
    assert_data_eq!(
        shell(&debian().instance, script),
        str![[r#"
Updating certificates in /etc/ssl/certs...
0 added, 0 removed; done.
Running hooks in /etc/ca-certificates/update.d...
done.

"#]]
        .raw()
    );
}

/// The authority comes the way of Debian's own: in a package below `/usr/share/ca-certificates`. A handshake with a
/// server that it vouches for is the same with any other, and needs no network.
#[test]
fn a_server_with_a_certificate_of_an_authority_in_the_bundle_is_trusted() {
    let Debian { instance, server } = debian();
    for (name, content) in server {
        instance.push(&format!("/root/{name}"), content, "0600", 0, 0);
    }
    let server = "openssl s_server -accept 127.0.0.1:8443 -cert /root/server.crt -key /root/server.key -quiet -www";
    shell(instance, &format!("systemd-run --unit=tls-server {server}"));
    let client = "openssl s_client -connect 127.0.0.1:8443 -verify_return_error -verify_hostname";
    let verdict = |name: &str, trust: &str| {
        let script = format!("{client} {name} {trust} </dev/null 2>&1");
        let seen = instance.exec_status(&["sh", "-c", &script]);
        let said = String::from_utf8_lossy(&seen.stdout).into_owned();
        let verdict = said.lines().find_map(|line| line.trim().strip_prefix("Verify return code: "));
        verdict.map(str::to_owned).ok_or(said)
    };

    wait_for("the server to listen", seconds(30), || verdict("tls.test", ""));
    let neither = "-no-CApath -no-CAfile -no-CAstore";
    let bundle = "-no-CApath -no-CAstore -CAfile /etc/ssl/certs/ca-certificates.crt";
    let links = "-no-CAfile -no-CAstore -CApath /etc/ssl/certs";
    let ok = Ok("0 (ok)".to_owned());
    for trust in ["", bundle, links] {
        assert_eq!(verdict("tls.test", trust), ok, "{trust}");
    }
    for (name, trust) in [("tls.test", neither), ("other.test", bundle)] {
        let refused = verdict(name, trust);
        assert!(refused != ok, "{name} {trust}: {refused:?}");
    }
}
