//! Who says so, and of which bytes: the signature, and the checksums that it covers.

use std::io;
use std::path::{Path, PathBuf};

use super::files::Files;
use super::{Check, counted};
use crate::interrupt::Interrupt;
use crate::release::{Armor, Checksums, MANIFEST, PROVENANCE, SPDX, Signed, Signers, check};
use crate::rootfs::{Digest, escaped};
use crate::ui::{Event, Listener};
use crate::{Error, Result};

const SIGNATURE: &str = "signature";
const CHECKSUMS: &str = "checksums";

/// What the signature covers, once every byte of it has been read.
#[derive(Clone, Debug)]
pub struct Seal {
    /// Who signed, if somebody was asked about.
    pub signed: Option<Signed>,
    /// The digest of every file, by name.
    checksums: Checksums,
}

impl Seal {
    /// Every file of the release, and its digest.
    pub fn files(&self) -> &[(String, Digest)] {
        self.checksums.files()
    }

    /// The digest of a file of the release.
    pub fn digest(&self, name: &str) -> Option<Digest> {
        self.checksums.files().iter().find(|(file, _)| file == name).map(|(_, digest)| *digest)
    }

    /// The paths of the image's files, in the order in which they make it up.
    pub fn images(&self, files: &Files) -> Vec<PathBuf> {
        self.image_digests(files).map(|(name, _)| files.path(name)).collect()
    }

    /// The names and digests of the image's files.
    pub fn image_digests<'s>(&'s self, files: &'s Files) -> impl Iterator<Item = (&'s str, Digest)> {
        let images = self.checksums.files().iter().filter(|(name, _)| files.is_image(name));
        images.map(|(name, digest)| (name.as_str(), *digest))
    }
}

/// Who has signed an image's file, and the digest that it had then. Of the release nothing else is read: neither is the
/// image known to have that digest now.
///
/// # Errors
/// [`Refused`](crate::error::Class::Refused) if it is unsigned, or not signed by whom it should be.
pub fn vouched(image: &Path, signers: &Signers) -> Result<(Signed, Digest)> {
    let files = Files::beside(image)?;
    let (list_name, name) = (files.checksums(), files.signature());
    let unsigned = |file: &str, cause: io::Error| {
        Error::refused(format!("nobody has signed `{}`", image.display()))
            .cause(format!("`{file}`: {cause}"))
            .hint("`vezaimg build --sign KEY` signs a release; its files lie beside the image")
    };
    let list = files.read(&list_name, Checksums::LONGEST).map_err(|cause| unsigned(&list_name, cause))?;
    let text = files.read(&name, Armor::LONGEST).map_err(|cause| unsigned(&name, cause))?;
    let armor = Armor::parse(&text).map_err(|wrong| unsigned(&name, io::Error::other(wrong)))?;
    let signed = signers.verify(&list, &list_name, &armor, &name)?;
    let list = Checksums::parse(&list);
    let file = files.image();
    let listed = list.iter().flat_map(Checksums::files).find(|(name, _)| name == file);
    match listed {
        Some((_, digest)) => Ok((signed, *digest)),
        None => {
            Err(Error::refused(format!("`{list_name}`, which is signed, does not list `{}`", escaped(file.as_bytes()))))
        }
    }
}

/// Looks at the signature and at the checksums of every file. The seal is there if both hold, and with `signers` only if
/// one of them has signed.
pub fn seal(
    files: &Files,
    signers: Option<&Signers>,
    interrupt: &Interrupt,
    listener: &dyn Listener,
) -> (Vec<Check>, Option<Seal>) {
    let name = files.checksums();
    let list = match files.read(&name, Checksums::LONGEST) {
        Ok(list) => list,
        Err(cause) => {
            let fault = format!("`{name}`: {cause}");
            return (vec![Check::bad(CHECKSUMS, "cannot be read", vec![fault])], None);
        }
    };
    let (signature, signed) = signature(files, &list, &name, signers);
    if signature.is_bad() {
        return (vec![signature, Check::open(CHECKSUMS, "nobody vouches for them")], None);
    }
    let Some(checksums) = Checksums::parse(&list) else {
        let fault = format!("`{name}` is not as `vezaimg build` writes it");
        return (vec![signature, Check::bad(CHECKSUMS, "cannot be read", vec![fault])], None);
    };
    let faults = faults(files, &checksums, interrupt, listener);
    match faults.is_empty() {
        true => {
            let good = Check::good(CHECKSUMS, counted(checksums.files().len(), "file", "files"));
            (vec![signature, good], Some(Seal { signed, checksums }))
        }
        false => (vec![signature, Check::bad(CHECKSUMS, "not what was built", faults)], None),
    }
}

fn signature(files: &Files, list: &[u8], list_name: &str, signers: Option<&Signers>) -> (Check, Option<Signed>) {
    let name = files.signature();
    let bad = |fault: String| (Check::bad(SIGNATURE, "not good", vec![fault]), None);
    let text = match files.read(&name, Armor::LONGEST) {
        Ok(text) => text,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound && signers.is_none() => {
            return (Check::open(SIGNATURE, "nobody has signed"), None);
        }
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return bad(format!("`{name}` is not there")),
        Err(cause) => return bad(format!("`{name}`: {cause}")),
    };
    let armor = match Armor::parse(&text) {
        Ok(armor) => armor,
        Err(wrong) => return bad(format!("`{name}`: {wrong}")),
    };
    let outcome = match signers {
        Some(signers) => signers.verify(list, list_name, &armor, &name).map(Some),
        None => check(list, list_name, &armor, &name).map(|()| None),
    };
    match outcome {
        Ok(Some(signed)) => {
            let found = format!("of {} with {}", signed.principal, signed.key);
            (Check::good(SIGNATURE, found), Some(signed))
        }
        Ok(None) => (Check::open(SIGNATURE, format!("by {}; `--signers FILE` says who may", armor.key())), None),
        Err(error) => bad(error.line()),
    }
}

/// Everything that is not as listed.
fn faults(files: &Files, checksums: &Checksums, interrupt: &Interrupt, listener: &dyn Listener) -> Vec<String> {
    let mut faults = Vec::new();
    let listed: Vec<_> = checksums.files().iter().map(|(name, _)| name.as_str()).collect();
    let beside = [MANIFEST, SPDX, PROVENANCE].map(|ending| files.name(ending));
    for name in beside.iter().map(String::as_str).chain([files.image()]) {
        if !listed.contains(&name) {
            faults.push(format!("`{}` is not listed", escaped(name.as_bytes())));
        }
    }
    for (at, (name, expected)) in checksums.files().iter().enumerate() {
        let shown = escaped(name.as_bytes());
        if !files.may_list(name) || listed.iter().take(at).any(|before| before == name) {
            faults.push(format!("`{shown}` is listed, and is none of this release, or comes twice"));
            continue;
        }
        listener.event(Event::Stage(format!("hashing `{shown}`")));
        match files.digest(name, interrupt) {
            Ok(digest) if digest == *expected => {}
            Ok(_) => faults.push(format!("`{shown}` has other bytes")),
            Err(cause) => faults.push(format!("`{shown}`: {cause}")),
        }
    }
    faults
}
