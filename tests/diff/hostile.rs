//! Images that want to cost more than they should, or to show what is not there.

use super::{json, told};
use crate::support::workspace::{Small, Workspace, tar_of};

fn pair<P: AsRef<str>, C: AsRef<[u8]>>(old: &[(P, C)], new: &[(P, C)]) -> Workspace {
    let image = |files: &[(P, C)]| {
        let file = |(path, content): &'_ (P, C)| (path.as_ref().to_owned(), content.as_ref().to_vec());
        let files: Vec<_> = files.iter().map(file).collect();
        let files: Vec<_> = files.iter().map(|(path, content)| Small::File(path, 0o644, content)).collect();
        tar_of(files.iter())
    };
    let workspace = Workspace::new();
    workspace.write("old.tar", image(old));
    workspace.write("new.tar", image(new));
    workspace
}

/// In a name, in a text, in an account, in a directive, in a version: of C0, of C1, and of what turns the order round.
#[test]
fn nothing_in_two_images_moves_the_cursor() {
    let evil = "\x1b[2J\r\u{9b}2J\u{202e}\u{2066}";
    let [old, new] = ["1", "2"].map(|it| {
        let passwd = format!("{evil}:x:{it}:0::/{evil}:/bin/sh\n");
        let unit = format!("[Service]\nExecStart=/{evil}{it}\n");
        let status =
            format!("Package: a{evil}\nStatus: install ok installed\nArchitecture: {evil}\nVersion: {it}{evil}\n");
        let text = format!("one\n{evil}{it}\n{evil}");
        [passwd, unit, status, text]
    });
    let name = format!("etc/{evil}");
    let paths = ["etc/passwd", "usr/lib/systemd/system/a.service", "var/lib/dpkg/status", &name];
    let side = |texts: [String; 4]| paths.into_iter().zip(texts).collect::<Vec<_>>();
    let workspace = pair(&side(old), &side(new));
    for arguments in [&[][..], &["--stat"], &["--json"]] {
        let shown = workspace.run([&["diff", "old.tar", "new.tar"], arguments].concat());
        assert_eq!(shown.code, Some(1), "{}", shown.stderr);
        for character in ['\x1b', '\r', '\u{9b}', '\u{202e}', '\u{2066}'] {
            assert!(!shown.stdout.contains(character) && !shown.stderr.contains(character), "{arguments:?}: {shown:?}");
        }
    }
    let whole = told(&workspace, "old.tar", "new.tar", &[]);
    assert!(whole.contains("\n-\u{fffd}[2J\u{fffd}\u{fffd}2J\u{fffd}\u{fffd}1\n"), "{whole}");
}

/// What a line cannot hold, another ending, and what is no text at all.
#[test]
fn what_is_no_text_or_too_much_is_counted_by_why() {
    let long = vec![b'a'; (1 << 20) + 1];
    let longer = vec![b'b'; (1 << 20) + 1];
    let workspace = pair(
        &[("etc/binary", &b"a\0"[..]), ("etc/latin", b"\xe9"), ("etc/long", &long), ("etc/text", b"a\rb\n")],
        &[("etc/binary", b"b\0"), ("etc/latin", b"\xe8"), ("etc/long", &longer), ("etc/text", b"a\rc\n")],
    );
    let told = told(&workspace, "old.tar", "new.tar", &[]);
    let expected = "\
not compared   2 files, not text
               1 file, of more than 1 MiB
--- a/etc/text
+++ b/etc/text
@@ -1 +1 @@
-a\u{fffd}b
+a\u{fffd}c
";
    assert!(told.ends_with(expected), "{told}");
    let texts = json(&workspace, "old.tar", "new.tar")["texts"].clone();
    let left_out: Vec<_> = texts.as_array().unwrap().iter().map(|text| text["left_out"].as_str()).collect();
    assert_eq!(left_out, [Some("binary"), Some("binary"), Some("large"), None]);
}

/// Half a million lines each that have next to nothing in common: the shortest way would take hours.
#[test]
fn texts_that_have_nothing_in_common_are_compared_in_bounded_time() {
    let text = |seed: u64| {
        let mut state = seed;
        let mut line = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            [b'a' + u8::try_from(state >> 60).unwrap(), b'\n']
        };
        (0..1 << 19).flat_map(|_| line()).collect::<Vec<u8>>()
    };
    let (old, new) = (text(1), text(2));
    let names: Vec<_> = (0..3).map(|number| format!("etc/{number}")).collect();
    let side = |text: &[u8]| names.iter().map(|name| (name.clone(), text.to_vec())).collect::<Vec<_>>();
    let workspace = pair(&side(&old), &side(&new));
    let start = std::time::Instant::now();
    let told = told(&workspace, "old.tar", "new.tar", &[]);
    assert!(start.elapsed() < crate::support::seconds(120), "{:?}", start.elapsed());
    assert_eq!(told.matches("--- a/etc/").count(), 3);
}

#[test]
fn of_thousands_of_texts_the_first_are_compared_and_the_rest_is_counted() {
    let names: Vec<_> = (0..2_100).map(|number| format!("etc/{number:04}")).collect();
    let side = |content: &'static [u8]| names.iter().map(|name| (name.as_str(), content)).collect::<Vec<_>>();
    let workspace = pair(&side(b"old\n"), &side(b"new\n"));
    let told = told(&workspace, "old.tar", "new.tar", &[]);
    assert!(
        told.contains("\nnot compared   100 files, past the first 2,000 files or 32 MiB\n--- a/etc/0000\n"),
        "{told:.300}"
    );
    assert_eq!(told.matches("\n--- a/etc/").count(), 2_000);
}
