//! Files and trees through the file API.

use std::fs;
use std::path::Path;

use vezaimg::error::Class;
use vezaimg::interrupt::Interrupt;
use vezaimg::layout::KeepHow;
use vezaimg::rollout::keep::{Carried, Way, carry, survey};

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

#[test]
fn what_the_file_api_cannot_set_is_refused_before_anything_starts() {
    let pair = Pair::new("refused");
    let (leaving, _) = pair.names();
    let refused = |script: &str, what: &str| {
        shell(&pair.leaving, &format!("rm -rf /srv/k; mkdir /srv/k; cd /srv/k; echo x >file; {script}"));
        let error = survey(&client(), &leaving, &[target("/srv/k")]).unwrap_err();
        let expected = format!("files that are to be carried from `{leaving}` have {what}");
        assert_eq!((error.message(), error.class()), (expected.as_str(), Class::Refused));
    };
    refused("chmod 4755 file", "set-user-id, set-group-id or sticky bits: `/srv/k/file`");
    refused("mkdir dir; chmod 2750 dir", "set-user-id, set-group-id or sticky bits: `/srv/k/dir`");
    refused("setcap cap_net_raw+ep file", "extended attributes or ACLs: `/srv/k/file`");
    refused(r#"echo >"$(printf 'b\377')""#, r"names that are not UTF-8: `/srv/k/b\xff`");
    shell(&pair.leaving, "rm -rf /srv/k; mkdir /srv/k; echo x >/srv/k/file");
    survey(&client(), &leaving, &[target("/srv/k")]).unwrap();
}
