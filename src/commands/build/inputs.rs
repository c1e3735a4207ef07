//! What a build was made of, for its provenance.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Request;
use crate::archive::Compression;
use crate::binary::Binary;
use crate::debian::Package;
use crate::image::Epoch;
use crate::layout::{Layout, Scalar};
use crate::lock::Lock;
use crate::release::{Listing, Parameters, ReleaseName, Resource, Role, sbom};
use crate::rootfs::{Digest, Survey};
use crate::{Error, Result, secrets};

/// Everything that went into an image, gathered while it was there.
#[derive(Debug)]
pub(in crate::commands) struct Inputs {
    /// The layout and its files, by name.
    pub(in crate::commands) layout: BTreeMap<String, Digest>,
    /// Of the lock, or of what `--base` names.
    pub(in crate::commands) base: Vec<Digest>,
    /// The packages of the lock.
    pub(in crate::commands) lock: Option<Lock>,
}

impl Inputs {
    /// What tells the base's content apart from every other's; none where only reading it all would tell.
    pub(super) fn identity(&self) -> Option<Digest> {
        let digests: String = self.base.iter().map(ToString::to_string).collect();
        (!digests.is_empty()).then(|| Digest::of_bytes(digests.as_bytes()))
    }

    /// As the provenance lists them; a directory only if it was read.
    ///
    /// # Errors
    /// None in practice.
    pub(in crate::commands) fn resources(
        &self,
        base: Option<&Survey>,
        binary: Option<&Binary>,
    ) -> Result<Vec<Resource>> {
        let layout = self.layout.iter().map(|(name, digest)| Resource::file(name, *digest).input(Role::Layout));
        let mut all: Vec<_> = layout.collect();
        match (&self.lock, self.base.as_slice()) {
            (Some(lock), digests) => {
                all.extend(digests.iter().map(|digest| Resource::file("lock", *digest).input(Role::Lock)));
                all.extend(lock.packages.iter().map(package));
            }
            (None, []) => {
                let listed = base.map(listing).transpose()?;
                all.extend(listed.map(|digest| Resource::listing("base", digest).input(Role::Base)));
            }
            (None, [digest]) => all.push(Resource::file("base", *digest).input(Role::Base)),
            (None, digests) => {
                let named = ["base metadata", "base rootfs"].into_iter().zip(digests);
                all.extend(named.map(|(name, digest)| Resource::file(name, *digest).input(Role::Base)));
            }
        }
        all.extend(binary.map(|binary| Resource::file("binary", binary.sha256).input(Role::Binary)));
        Ok(all)
    }
}

fn package(package: &Package) -> Resource {
    let uri = sbom::package_url(&package.name, &package.version.to_string(), &package.architecture);
    Resource::file(&package.name, package.sha256).at(uri).input(Role::Package)
}

/// What a directory is known by.
fn listing(base: &Survey) -> Result<Digest> {
    let listing = Listing::of(base.tree()).map_err(|cause| Error::failed("cannot list the base").cause(cause))?;
    Ok(listing.digest())
}

/// The layout's variables with their final values; nothing in the place of one that may be a secret, which may have reached
/// neither the image nor what lies beside it.
pub(in crate::commands) fn variables(layout: &Layout) -> BTreeMap<String, Value> {
    let value = |scalar: &Scalar| match scalar {
        Scalar::Text(text) => Value::from(text.as_str()),
        Scalar::Number(number) => Value::from(*number),
        Scalar::Flag(flag) => Value::from(*flag),
    };
    let known = |name: &str, scalar: &Scalar| match secrets::may_be_secret(name, &scalar.to_string()) {
        true => Value::Null,
        false => value(scalar),
    };
    layout.variables.iter().map(|(name, scalar)| (name.clone(), known(name, scalar))).collect()
}

/// What the command line and the layout say.
pub(super) fn parameters(
    request: &Request,
    layout: &Layout,
    release: &ReleaseName,
    compression: &Compression,
    source_date_epoch: Option<Epoch>,
) -> Parameters {
    Parameters {
        layout: layout.image.name.clone(),
        release: release.to_string(),
        variables: variables(layout),
        inventory: request.layout.inventory.is_some(),
        allowed_secrets: request.layout.allow_secrets.clone(),
        format: request.format.name().to_owned(),
        compression: compression.codec().name().to_owned(),
        level: compression.level(),
        source_date_epoch: source_date_epoch.map(Epoch::seconds),
    }
}
