//! Whether the manifest lists what the image holds, entry by entry.

use std::collections::BTreeMap;
use std::io::Cursor;

use serde::Deserialize;

use super::files::{Files, known};
use super::seal::Seal;
use super::{Check, counted};
use crate::inspect::{Contents, LeftOut};
use crate::release::{self, MANIFEST, Manifest};
use crate::rootfs::Digest;

const CHECK: &str = "manifest";
/// The largest manifest that is read, in bytes: of 500,000 entries.
const LARGEST: u64 = 256 << 20;

/// How many entries more than the image has are looked at.
const MOST_MORE: usize = 1000;

#[derive(Deserialize)]
struct Named {
    path: String,
}

/// Compares the manifest with what the image holds, and gives it where they are the same. `fingerprint` is what Incus calls
/// the image.
pub fn listing(
    files: &Files,
    seal: &Seal,
    contents: &Contents,
    fingerprint: Option<Digest>,
) -> (Check, Option<Manifest>) {
    let name = files.name(MANIFEST);
    let bad = |fault: String| (Check::bad(CHECK, "cannot be read", vec![fault]), None);
    let Some(sha256) = seal.digest(&name) else { return bad(format!("`{name}` is not listed")) };
    let content = match known(files, &name, sha256, LARGEST) {
        Ok(content) => content,
        Err(fault) => return bad(fault),
    };
    let mut listed = BTreeMap::new();
    let mut faults = Vec::new();
    let most = contents.tree.len() + MOST_MORE;
    let read = Manifest::read(&mut Cursor::new(content), &mut |line| match serde_json::from_str::<Named>(line) {
        _ if listed.len() + faults.len() > most => {}
        Ok(Named { path }) => {
            if let Some(before) = listed.insert(path, line.to_owned()) {
                faults.push(format!("an entry comes twice: {before}"));
            }
        }
        Err(_) => faults.push("a line is no entry".to_owned()),
    });
    let manifest = match read {
        Ok(manifest) => manifest,
        Err(cause) => return bad(format!("`{name}`: {cause}")),
    };
    for line in release::lines(&contents.tree).map_while(Result::ok) {
        let Ok(Named { path }) = serde_json::from_str(&line) else { continue };
        match listed.remove(&path) {
            Some(entry) if entry == line => {}
            Some(_) => faults.push(format!("`{path}` is another in the image")),
            None => faults.push(format!("`{path}` is in the image alone")),
        }
    }
    faults.extend(listed.into_keys().map(|path| format!("`{path}` is in the manifest alone")));
    faults.extend(left_out(contents));
    faults.extend(head(&manifest, files, seal, contents, fingerprint));
    match faults.is_empty() {
        true => (Check::good(CHECK, counted(contents.tree.len(), "entry", "entries")), Some(manifest)),
        false => (Check::bad(CHECK, "does not list what the image holds", faults), None),
    }
}

/// What is in the archive and in no listing; `vezaimg build` writes nothing of the kind.
fn left_out(contents: &Contents) -> impl Iterator<Item = String> {
    let LeftOut { under_dev, devices, sockets, xattrs, twice, ambiguous, unread: _ } = &contents.left_out;
    let counts = [
        (*under_dev, "entries below `/dev`"),
        (*devices, "device nodes"),
        (*sockets, "sockets"),
        (*xattrs, "extended attributes of another machine"),
        (twice.len() as u64, "paths that come twice"),
        (ambiguous.len() as u64, "entries that readers of the archive make different things of"),
    ];
    counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("the image holds {count} {what}"))
}

/// What the manifest says besides the entries.
fn head(
    manifest: &Manifest,
    files: &Files,
    seal: &Seal,
    contents: &Contents,
    fingerprint: Option<Digest>,
) -> Vec<String> {
    let images: Vec<_> = seal.image_digests(files).map(|(name, _)| name.to_owned()).collect();
    let property = |key: &str| contents.metadata().and_then(|it| it.properties.get(key).cloned()).unwrap_or_default();
    let made = contents.metadata().and_then(|it| it.creation_date);
    let rootfs = contents.digest().map(|digest| digest.to_string()).unwrap_or_default();
    let facts = [
        ("image", manifest.image.join(" "), images.join(" ")),
        ("fingerprint", manifest.fingerprint.clone(), fingerprint.map(|it| it.to_string()).unwrap_or_default()),
        ("rootfs_digest", manifest.rootfs_digest.clone(), rootfs),
        ("release", manifest.release.clone(), property("vezaimg.release")),
        ("layout", manifest.layout.clone(), property("vezaimg.layout")),
        ("epoch", manifest.epoch.to_string(), made.map(|it| it.to_string()).unwrap_or_default()),
    ];
    let others = facts.into_iter().filter(|(_, said, found)| said != found);
    others.map(|(key, said, found)| format!("its `{key}` is `{said}`, and the image's `{found}`")).collect()
}
