//! Files and trees through the file API.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use vezaimg::error::Class;
use vezaimg::interrupt::Interrupt;
use vezaimg::layout::KeepHow;
use vezaimg::rollout::keep::{Carried, Way, carry, complete, survey};

use super::{Pair, client, listing, shell, target};
use crate::support::Lab;

const SECRET: &str = "a6d0-token-that-nobody-may-see";

#[test]
fn a_secret_file_is_carried_with_its_parents_and_seen_nowhere() {
    let pair = Pair::new("secret");
    let (leaving, entering) = pair.names();
    shell(&pair.leaving, "mkdir -m 0750 /etc/veza && chown 0:1001 /etc/veza");
    pair.leaving.push("/etc/veza/api.env", SECRET.as_bytes(), "0640", 1, 1001);
    let path = target("/etc/veza/api.env");
    assert_eq!(pair.way("/etc/veza/api.env", KeepHow::Carry).unwrap(), Way::Carry);
    survey(&client(), &leaving, std::slice::from_ref(&path)).unwrap();
    let before = listing(&pair.leaving, "/etc/veza");
    pair.leaving.stop();

    let carried = || carry(&client(), &leaving, &entering, &path, &Interrupt::default()).unwrap();
    let expected = Carried { is_there: true, entries: 1, bytes: SECRET.len() as u64, skipped: Vec::new() };
    assert_eq!([carried(), carried()], [expected.clone(), expected]);
    let nothing = carry(&client(), &leaving, &entering, &target("/etc/veza/none"), &Interrupt::default()).unwrap();
    assert_eq!(nothing, Carried::default());

    pair.entering.start();
    assert_eq!(listing(&pair.entering, "/etc/veza"), before);
    assert_eq!(shell(&pair.entering, "stat -c '%a %u %g' /etc/veza /etc/veza/api.env"), "750 0 1001\n640 1 1001\n");
    let operations = Lab::shared().incus(&["query", "/1.0/operations?recursion=2"]);
    assert!(!operations.contains(SECRET), "{operations}");
    // Logs, records of commands, the database: everything of the daemon's but the root file systems.
    let seen = mentions(Lab::shared().directory());
    assert_eq!(seen, Vec::<String>::new());
}

/// The files of the lab, outside of its storage, that hold the secret.
fn mentions(directory: &Path) -> Vec<String> {
    let skipped = ["storage-pools", "images"].map(|name| directory.join(name));
    let files = walkdir::WalkDir::new(directory)
        .into_iter()
        .filter_entry(|entry| !skipped.iter().any(|skipped| entry.path() == skipped));
    let files = files.filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    let mut seen = 0;
    let holds = |path: &Path| {
        let found = fs::read(path).is_ok_and(|bytes| bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()));
        seen += 1;
        found.then(|| path.display().to_string())
    };
    let found = files.map(walkdir::DirEntry::into_path).collect::<Vec<_>>();
    let found: Vec<_> = found.iter().map(std::path::PathBuf::as_path).filter_map(holds).collect();
    assert!(seen > 3, "there were files to look into");
    found
}

#[test]
fn a_tree_is_carried_in_the_place_of_what_the_image_brought() {
    let pair = Pair::new("tree");
    let (leaving, entering) = pair.names();
    shell(
        &pair.leaving,
        r#"mkdir -p /srv/k/deep/er /srv/k/empty; cd /srv/k
        echo text >a; : >none; head -c 20000000 /dev/urandom >big; echo x >"$(printf 'odd \n%%&?#"é')"; echo y >-dash
        ln -s ../k/a relative; ln -s /etc/passwd absolute; ln -s nowhere/at/all dangling
        mkfifo pipe; echo z >deep/er/file; ln a deep/second
        chmod 0604 a; chown 1:1001 a deep; chmod 0711 deep; chmod 0777 empty; chmod 0 none"#,
    );
    let before = listing(&pair.leaving, "/srv/k");
    pair.entering.push("/srv/k", b"a file where a tree will be", "0644", 0, 0);
    let path = target("/srv/k");
    survey(&client(), &leaving, &[path.clone(), target("/not/there")]).unwrap();
    pair.leaving.stop();

    let carried = || carry(&client(), &leaving, &entering, &path, &Interrupt::default()).unwrap();
    let first = carried();
    assert_eq!(first.skipped, [target("/srv/k/pipe")]);
    assert_eq!((first.is_there, first.entries), (true, 14));
    pair.entering.push("/srv/k/empty/of-the-image", b"", "0644", 0, 0);
    assert_eq!(carried(), first);

    pair.entering.start();
    let without_pipe: String =
        before.lines().filter(|line| !line.starts_with("pipe p ")).map(|line| format!("{line}\n")).collect();
    assert_eq!(listing(&pair.entering, "/srv/k"), without_pipe);
}

/// A tree that has all that the file API knows nothing of, made where the tools for it are, and packed.
const ATTRIBUTED: &str = r#"cd "$(mktemp -d)"; mkdir shared inherits
    echo secret >env; setfacl -m u:1001:r,g:2002:rw env
    echo '#!/bin/sh' >tool; chmod 4755 tool; cp /bin/true net; setcap cap_net_raw,cap_net_bind_service+ep net
    setfattr -n user.note -v 'a "b" c' net; setfattr -n user.empty tool
    chmod 2770 shared; chown 1001:2002 shared; chmod 1777 inherits; setfacl -d -m u:1001:rwx inherits
    odd=$(printf 'a\nb\\c 10:00 é'); echo x >"$odd"; setfattr -n user.odd -v 1 "$odd"
    echo y >plain; ln -s env link; ln net second; echo z >gone; chmod 4711 gone
    tar --create --xattrs --xattrs-include='*' .; rm -r "$PWD""#;

/// The attributes of everything in a tar that is piped to it.
const ATTRIBUTES: &str = r#"cd "$(mktemp -d)"; base64 --decode | tar --extract --xattrs --xattrs-include='*'
    find . -mindepth 1 -printf '%p %y %m %U %G %s\n' | LC_ALL=C sort
    getfacl --recursive --numeric . ; find . -print0 | LC_ALL=C sort -z | xargs -0 getfattr --no-dereference --dump --match=-
    rm -r "$PWD""#;

fn attributes(instance: &crate::support::Instance<'_>) -> String {
    let tar = "tar --create --xattrs --xattrs-include='*' -C /srv/k . | base64";
    let tar = shell(instance, tar);
    String::from_utf8(here(ATTRIBUTES, tar.as_bytes())).unwrap()
}

/// What a shell on this machine, stopped at its first error, makes of its input.
fn here(script: &str, input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("sh");
    let mut child = command.args(["-euc", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    output.stdout
}

#[test]
fn what_the_file_api_cannot_set_is_set_once_the_container_runs() {
    let pair = Pair::new("attributes");
    let (leaving, entering) = pair.names();
    pair.leaving.push("/srv/k.tar", &here(ATTRIBUTED, b""), "0600", 0, 0);
    let unpack = "tar --extract --same-permissions --xattrs --xattrs-include='*' --file=/srv/k.tar -C /srv/k";
    shell(&pair.leaving, &format!("mkdir /srv/k; {unpack}"));
    let path = target("/srv/k");
    survey(&client(), &leaving, std::slice::from_ref(&path)).unwrap();
    shell(&pair.leaving, "rm /srv/k/gone");
    let before = attributes(&pair.leaving);
    for part in ["user:1001:r--", "default:user:1001:rwx", "security.capability=", "user.note=", "./tool f 4755 0 0 10"]
    {
        assert!(before.contains(part), "{before}");
    }
    pair.leaving.stop();
    for path in ["/srv/k", "/not/there"] {
        carry(&client(), &leaving, &entering, &target(path), &Interrupt::default()).unwrap();
    }

    pair.entering.start();
    assert!(!attributes(&pair.entering).contains("user:1001"));
    let done = || {
        let entering = client().instance(&entering).unwrap().unwrap();
        complete(&client(), &entering, Some("that-is-not-there.service")).unwrap();
        entering.config.contains_key("user.vezaimg.extended")
    };
    assert_eq!([done(), done()], [true, false]);
    assert_eq!(attributes(&pair.entering), before);
    assert_eq!(shell(&pair.entering, "cat /srv/k/env; find /var/tmp -name 'vezaimg*'"), "secret\n");
}

#[test]
fn a_link_in_the_place_of_a_carried_file_is_not_followed() {
    let pair = Pair::new("swapped");
    let (leaving, entering) = pair.names();
    shell(&pair.leaving, "mkdir /srv/k; echo x >/srv/k/tool; chmod 4755 /srv/k/tool");
    survey(&client(), &leaving, &[target("/srv/k")]).unwrap();
    pair.leaving.stop();
    carry(&client(), &leaving, &entering, &target("/srv/k"), &Interrupt::default()).unwrap();
    pair.entering.start();
    shell(&pair.entering, "rm /srv/k/tool; ln -s /etc/shadow /srv/k/tool");
    let before = shell(&pair.entering, "stat -c '%a %u %g' /etc/shadow");
    let error = complete(&client(), &client().instance(&entering).unwrap().unwrap(), None).unwrap_err();
    assert_eq!(
        error.line(),
        format!("cannot set extended attributes of kept files in `{entering}`: /srv/k/tool is a symbolic link")
    );
    assert_eq!(shell(&pair.entering, "stat -c '%a %u %g' /etc/shadow; find /var/tmp -name 'vezaimg*'"), before);
}

#[test]
fn a_name_that_is_not_utf_8_is_refused_before_anything_starts() {
    let pair = Pair::new("refused");
    let (leaving, _) = pair.names();
    shell(&pair.leaving, r#"mkdir /srv/k; cd /srv/k; echo >"$(printf 'b\377')""#);
    let error = survey(&client(), &leaving, &[target("/srv/k")]).unwrap_err();
    let expected = format!(r"`/srv/k/b\xff` is to be carried from `{leaving}`, and its name is not UTF-8");
    assert_eq!((error.message(), error.class()), (expected.as_str(), Class::Refused));
}
