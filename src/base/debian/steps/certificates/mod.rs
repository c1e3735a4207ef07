//! The certificates that the system trusts, as `update-ca-certificates` and `openssl rehash` lay them out in
//! `/etc/ssl/certs`: one bundle, a link a certificate, and a link by the hash of its subject.

mod pem;
mod subject;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::plan::{Plan, Rights};
use super::{text, unsound};
use crate::error::Result;
use crate::rootfs::TargetPath;

const SOURCE: &str = "/usr/share/ca-certificates";
const DIRECTORY: &str = "/etc/ssl/certs";
const CONFIGURATION: &str = "/etc/ca-certificates.conf";
/// How the script begins the file.
const HEADER: &str = include_str!("header.txt");

pub(super) fn wants(path: &TargetPath) -> bool {
    path.is_within(&TargetPath::known(SOURCE)) && path.name().ends_with(b".crt")
}

/// The bundle holds every certificate of the packages; links and the list name those that are in the image.
pub(super) fn plan(plan: &mut Plan<'_>) -> Result<()> {
    if !plan.has("ca-certificates") {
        return Ok(());
    }
    let source = TargetPath::known(SOURCE);
    let (mut list, mut bundle) = (HEADER.as_bytes().to_vec(), Vec::new());
    let mut names = BTreeMap::new();
    for (path, content) in plan.contents_below(&source).filter(|(path, _)| wants(path)) {
        bundle.extend_from_slice(content);
        if !content.ends_with(b"\n") {
            bundle.push(b'\n');
        }
        if plan.exists(path) {
            list.extend(path.as_relative().iter().skip(source.as_relative().len() + 1));
            list.push(b'\n');
            let certificates = pem::certificates(text(path, content)?);
            names.insert(link_name(path.name()), (path, certificates.ok_or_else(|| unsound(path, "is not PEM"))?));
        }
    }
    plan.file(TargetPath::known(CONFIGURATION), Rights::root(0o644), list)?;
    let directory = TargetPath::known(DIRECTORY);
    plan.file(TargetPath::known("/etc/ssl/certs/ca-certificates.crt"), Rights::root(0o644), bundle)?;
    // Those of one subject are numbered in the order of their names; the same certificate is not linked twice.
    let mut hashes: BTreeMap<u32, Vec<Vec<u8>>> = BTreeMap::new();
    for (name, (path, certificates)) in names {
        let Ok(link) = directory.join(&name) else { continue };
        plan.link(link, path.to_string())?;
        // A file of several has no one subject.
        let [certificate] = certificates.as_slice() else { continue };
        let hash = subject::hash(certificate).ok_or_else(|| unsound(path, "is not an X.509 certificate"))?;
        let same = hashes.entry(hash).or_default();
        if !same.contains(certificate) {
            if let Ok(link) = directory.join(format!("{hash:08x}.{}", same.len()).as_bytes()) {
                plan.link(link, name)?;
            }
            same.push(certificate.clone());
        }
    }
    Ok(())
}

/// The link's name: what shells and `openssl rehash` trip over is replaced.
fn link_name(name: &[u8]) -> Vec<u8> {
    let stem = name.strip_suffix(b".crt").unwrap_or(name);
    let replaced = stem.iter().map(|byte| match byte {
        b' ' | b',' => b'_',
        b'(' | b')' => b'=',
        other => *other,
    });
    replaced.chain(*b".pem").collect()
}
