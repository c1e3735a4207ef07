use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::{Amount, Pruned, Pruning, Store, Usage, directory};
use crate::rootfs::Digest;

fn store() -> (TempDir, Store) {
    let directory = TempDir::with_prefix("vezaimg-store-").unwrap();
    let store = Store::at(&directory.path().join("store")).unwrap();
    (directory, store)
}

fn digest(content: &[u8]) -> Digest {
    Digest(Sha256::digest(content).into())
}

fn keep(store: &Store, content: &[u8]) -> (Digest, u64) {
    let mut staged = store.stage().unwrap();
    staged.write_all(content).unwrap();
    store.keep(staged).unwrap()
}

fn read(store: &Store, content: &[u8]) -> Option<Vec<u8>> {
    let file = store.object(digest(content), content.len() as u64).unwrap();
    file.map(|mut file| {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// Every file, as a sorted listing of paths below the store.
fn listing(store: &Store) -> Vec<String> {
    let mut names: Vec<_> = walkdir::WalkDir::new(store.directory())
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| !entry.file_type().is_dir())
        .map(|entry| entry.path().strip_prefix(store.directory()).unwrap().display().to_string())
        .collect();
    names.sort();
    names
}

fn age(path: &Path, days: u64) {
    let file = File::open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(days * 86_400)).unwrap();
}

fn days(days: u64) -> Pruning {
    Pruning { unused_for: Some(Duration::from_secs(days * 86_400)), dry_run: false }
}

fn amount(count: u64, size: u64) -> Amount {
    Amount { count, size }
}

#[test]
fn the_place_follows_the_environment() {
    let place = |variables: &[(&str, &str)]| {
        directory(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| PathBuf::from(value)))
    };
    let home = ("HOME", "/home/a");
    assert_eq!(
        [
            place(&[home, ("XDG_CACHE_HOME", "/cache"), ("VEZAIMG_CACHE", "mine")]),
            place(&[home, ("XDG_CACHE_HOME", "/cache")]),
            place(&[home, ("XDG_CACHE_HOME", "relative")]),
            place(&[home]),
            place(&[]),
        ],
        [
            Some("mine".into()),
            Some("/cache/vezaimg".into()),
            Some("/home/a/.cache/vezaimg".into()),
            Some("/home/a/.cache/vezaimg".into()),
            None
        ]
    );
}

#[test]
fn what_is_kept_is_read_back_by_its_digest() {
    let (_directory, store) = store();
    assert_eq!(keep(&store, b"content"), (digest(b"content"), 7));
    assert_eq!(read(&store, b"content"), Some(b"content".to_vec()));
    assert_eq!(read(&store, b"other"), None);
    let name = digest(b"content").to_string();
    let path = store.object_path(digest(b"content"));
    assert_eq!(listing(&store), [String::from("lock"), format!("objects/{}/{name}", &name[..2])]);
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o222, 0);
}

#[test]
fn what_was_staged_and_not_kept_leaves_nothing() {
    let (_directory, store) = store();
    let mut staged = store.stage().unwrap();
    staged.write_all(b"half").unwrap();
    drop(staged);
    assert_eq!(listing(&store), ["lock"]);
}

#[test]
fn a_corrupt_or_truncated_object_is_absent_and_gone() {
    let (_directory, store) = store();
    for damaged in [&b"CONTENT"[..], b"conten", b"content and more", b""] {
        keep(&store, b"content");
        let path = store.object_path(digest(b"content"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(&path, damaged).unwrap();
        assert_eq!(read(&store, b"content"), None);
        assert_eq!(listing(&store), ["lock"]);
    }
}

#[test]
fn keeping_puts_sound_content_in_place_of_damaged() {
    let (_directory, store) = store();
    let path = store.object_path(digest(b"content"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "CONTENT").unwrap();
    keep(&store, b"content");
    assert_eq!(read(&store, b"content"), Some(b"content".to_vec()));
}

#[test]
fn a_fifo_or_a_link_in_the_place_of_an_object_is_never_opened() {
    let (directory, store) = store();
    let path = store.object_path(digest(b"content"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert_eq!(read(&store, b"content"), None);
    fs::remove_file(&path).unwrap();
    fs::write(directory.path().join("elsewhere"), "content").unwrap();
    std::os::unix::fs::symlink(directory.path().join("elsewhere"), &path).unwrap();
    assert_eq!(read(&store, b"content"), None);
}

#[test]
fn the_same_content_is_kept_by_many_at_once() {
    let (_directory, store) = store();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let own = Store::at(store.directory()).unwrap();
                for content in 0..20_u8 {
                    keep(&own, &[content; 4096]);
                    assert_eq!(read(&own, &[content; 4096]), Some(vec![content; 4096]));
                }
            });
        }
    });
    assert_eq!(store.usage().unwrap(), Usage { objects: amount(20, 20 * 4096), ..Usage::default() });
}

#[test]
fn a_record_is_read_back_until_it_is_damaged() {
    let (_directory, store) = store();
    let key = digest(b"key");
    assert_eq!(store.record(key).unwrap(), None);
    store.set_record(key, b"first").unwrap();
    store.set_record(key, b"second").unwrap();
    assert_eq!(store.record(key).unwrap(), Some(b"second".to_vec()));
    let path = store.record_path(key);
    let whole = fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    flipped[70] ^= 1;
    for damaged in [&flipped, &whole[..whole.len() - 1], &whole[..10], b""] {
        fs::remove_file(&path).unwrap();
        fs::write(&path, damaged).unwrap();
        assert_eq!(store.record(key).unwrap(), None);
    }
    assert_eq!(listing(&store), [String::from("lock"), format!("records/{key}")]);
}

#[test]
fn a_download_goes_on_where_it_stopped() {
    let (_directory, store) = store();
    let sha256 = digest(b"content");
    let mut partial = store.partial(sha256, 1 << 20).unwrap().unwrap();
    assert_eq!(partial.length(), 0);
    partial.write_all(b"cont").unwrap();
    drop(partial);
    let mut partial = store.partial(sha256, 1 << 20).unwrap().unwrap();
    assert_eq!(partial.length(), 4);
    partial.write_all(b"ent").unwrap();
    assert!(store.promote(partial, sha256, 7).unwrap());
    assert_eq!(read(&store, b"content"), Some(b"content".to_vec()));
    assert_eq!(listing(&store).len(), 2);
}

#[test]
fn a_download_of_other_bytes_is_deleted() {
    let (_directory, store) = store();
    let sha256 = digest(b"content");
    let mut partial = store.partial(sha256, 1 << 20).unwrap().unwrap();
    partial.write_all(b"CONTENT").unwrap();
    assert!(!store.promote(partial, sha256, 7).unwrap());
    assert_eq!(listing(&store), ["lock"]);
}

#[test]
fn a_download_has_one_maker_at_a_time_and_starts_over_on_demand() {
    let (_directory, store) = store();
    let sha256 = digest(b"content");
    let mut partial = store.partial(sha256, 1 << 20).unwrap().unwrap();
    assert!(Store::at(store.directory()).unwrap().partial(sha256, 1 << 20).unwrap().is_none());
    partial.write_all(b"wrong").unwrap();
    partial.restart().unwrap();
    assert_eq!(partial.length(), 0);
    partial.write_all(b"content").unwrap();
    assert!(store.promote(partial, sha256, 7).unwrap());
    assert_eq!(store.partial(sha256, 1 << 20).unwrap().unwrap().length(), 0);
}

#[test]
fn pruning_removes_what_was_not_used_for_long() {
    let (_directory, store) = store();
    for content in [&b"old"[..], b"used", b"new one"] {
        keep(&store, content);
    }
    store.set_record(digest(b"a"), format!("object {}\n", digest(b"old")).as_bytes()).unwrap();
    store.set_record(digest(b"b"), format!("object {}\n", digest(b"used")).as_bytes()).unwrap();
    store.set_record(digest(b"c"), b"of no object").unwrap();
    store.set_record(digest(b"d"), b"long ago").unwrap();
    fs::write(store.record_path(digest(b"e")), "damaged").unwrap();
    store.partial(digest(b"p"), 1 << 20).unwrap().unwrap().write_all(b"part").unwrap();
    fs::write(store.directory().join("notes.txt"), "mine").unwrap();
    fs::write(store.directory().join("objects/README"), "mine too").unwrap();
    for old in [&b"old"[..], b"used"] {
        age(&store.object_path(digest(old)), 31);
    }
    age(&store.record_path(digest(b"d")), 31);
    read(&store, b"used").unwrap();

    let dry = store.prune(&Pruning { dry_run: true, ..days(30) }).unwrap();
    let before = listing(&store);
    let pruned = store.prune(&days(30)).unwrap();
    let removed = Usage {
        objects: amount(1, 3),
        records: amount(3, 65 + 72 + 65 + 8 + 7),
        partial: amount(1, 4),
        unknown: amount(0, 0),
    };
    let kept = Usage {
        objects: amount(2, 4 + 7),
        records: amount(2, 65 + 72 + 65 + 12),
        partial: amount(0, 0),
        unknown: amount(2, 4 + 8),
    };
    assert_eq!((dry, pruned), (Pruned { removed, kept }, Pruned { removed, kept }));
    assert_eq!((before.len(), store.usage().unwrap()), (12, kept));
    assert_eq!(read(&store, b"used"), Some(b"used".to_vec()));
}

#[test]
fn pruning_everything_leaves_what_is_not_ours() {
    let (_directory, store) = store();
    keep(&store, b"content");
    store.set_record(digest(b"a"), b"content").unwrap();
    fs::write(store.directory().join("notes.txt"), "mine").unwrap();
    store.prune(&Pruning { unused_for: None, dry_run: false }).unwrap();
    assert_eq!(listing(&store), ["lock", "notes.txt"]);
}

#[test]
fn a_store_in_use_is_not_pruned() {
    let (_directory, store) = store();
    keep(&store, b"content");
    let path = store.directory().join("lock");
    let mut holder = std::process::Command::new("flock");
    let holder = holder.args(["--no-fork", "--shared"]).arg(&path).args(["sh", "-c", "echo held; exec sleep 60"]);
    let holder = holder.stdout(std::process::Stdio::piped());
    let mut holder = holder.spawn().unwrap();
    holder.stdout.as_mut().unwrap().read_exact(&mut [0; 5]).unwrap();
    let outcome = store.prune(&Pruning { unused_for: None, dry_run: false });
    let (pid, refused) = (holder.id(), outcome.unwrap_err());
    holder.kill().unwrap();
    holder.wait().unwrap();
    let expected = format!(
        "the store `{}` is in use by `sleep` (process {pid})\nhint: wait until it has ended",
        store.directory().display()
    );
    assert_eq!((refused.to_string(), refused.class() as u8), (expected, 3));
    assert_eq!(read(&store, b"content"), Some(b"content".to_vec()));
}

#[test]
fn a_store_that_cannot_be_made_is_told_with_the_way_out() {
    let directory = TempDir::with_prefix("vezaimg-store-").unwrap();
    let path = directory.path().join("file");
    fs::write(&path, "").unwrap();
    let expected = format!(
        "cannot use the store `{}`\ncause: Not a directory (os error 20)\nhint: name a directory that you can write to: \
         `VEZAIMG_CACHE=DIR`",
        path.display()
    );
    assert_eq!(Store::at(&path).unwrap_err().to_string(), expected);
}
