//! One word for an image that is two files.

use std::path::Path;

use crate::{Error, Result};

/// The files of a split image, by `METADATA,ROOTFS`, or by the metadata that vezaimg wrote beside the other half; anything else
/// as it stands.
///
/// # Errors
/// There is metadata that vezaimg wrote, and no other half beside it.
pub(super) fn halves(reference: &str) -> Result<Vec<String>> {
    let exists = |path: &str| Path::new(path).exists();
    if !exists(reference) {
        let halves = reference.split_once(',').filter(|(first, second)| exists(first) && exists(second));
        return Ok(halves.map_or_else(|| vec![reference.to_owned()], |(a, b)| vec![a.to_owned(), b.to_owned()]));
    }
    let Some((artifact, compression)) = reference.rsplit_once(".meta.tar.").filter(|(_, end)| !end.contains('/'))
    else {
        return Ok(vec![reference.to_owned()]);
    };
    let other = format!("{artifact}.rootfs.tar.{compression}");
    if exists(&other) {
        return Ok(vec![reference.to_owned(), other]);
    }
    Err(Error::invalid(format!("`{reference}` is half of an image, and `{other}` is not there"))
        .hint(format!("name both files: `{reference},ROOTFS`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_split_image_one_word_is_enough() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        for name in ["a.meta.tar.zst", "a.rootfs.tar.zst", "b.meta.tar.gz", "b.rootfs.tar.zst", "c,d"] {
            std::fs::write(path(name), "").unwrap();
        }
        let [meta, rootfs] = [path("a.meta.tar.zst"), path("a.rootfs.tar.zst")];
        assert_eq!(halves(&meta).unwrap(), [meta.clone(), rootfs.clone()]);
        assert_eq!(halves(&rootfs).unwrap(), std::slice::from_ref(&rootfs));
        assert_eq!(halves(&format!("{rootfs},{meta}")).unwrap(), [rootfs, meta]);
        assert_eq!(halves(&path("c,d")).unwrap(), [path("c,d")]);
        assert_eq!(halves("remote:alias").unwrap(), ["remote:alias"]);
        assert_eq!(halves("none,neither").unwrap(), ["none,neither"]);
        let alone = halves(&path("b.meta.tar.gz")).unwrap_err();
        assert!(alone.message().ends_with("b.rootfs.tar.gz` is not there"), "{alone}");
    }
}
