//! The image, built again from what its provenance says.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;

use serde_json::Value;

use super::Request;
use crate::archive::Codec;
use crate::commands::build::{self, SourceDate};
use crate::image::{Epoch, Format};
use crate::layout::{self, Scalar};
use crate::release::{CHECKSUMS, Checksums, Parameters, Provenance, ReleaseName};
use crate::rootfs::escaped;
use crate::ui::Console;
use crate::verify::{Check, Files, Seal};
use crate::{Error, Result};

const CHECK: &str = "rebuild";

/// Builds a release again, elsewhere, and compares every file of it.
///
/// # Errors
/// It cannot be built: what it needs was not given, or is another.
pub(super) fn rebuild(
    request: &Request,
    provenance: &Provenance,
    files: &Files,
    seal: &Seal,
    console: &Console,
) -> Result<Check> {
    let cannot = |cause: std::io::Error| Error::failed("cannot build the image again").cause(cause);
    let elsewhere = tempfile::Builder::new().prefix("vezaimg-").tempdir().map_err(cannot)?;
    let parameters = provenance.parameters();
    let layout = settled(request.layout.clone().unwrap_or_default(), parameters)?;
    let mut again = of(request, layout, parameters)?;
    again.out = elsewhere.path().to_owned();
    build::make(&again, console)?;
    let list = fs::read(elsewhere.path().join(files.name(CHECKSUMS))).unwrap_or_default();
    let ours = Checksums::parse(&list);
    let ours: BTreeMap<_, _> = ours.iter().flat_map(Checksums::files).cloned().collect();
    let others = seal.files().iter().filter(|(file, digest)| ours.get(file) != Some(digest));
    let faults: Vec<_> =
        others.map(|(file, _)| format!("`{}` comes out otherwise", escaped(file.as_bytes()))).collect();
    Ok(match faults.is_empty() {
        true => Check::good(CHECK, format!("{} files, byte for byte", seal.files().len())),
        false => Check::bad(CHECK, "other bytes", faults),
    })
}

/// The layout with the values and the allowances of the build, where no others are given.
///
/// # Errors
/// It was built with an inventory, and none is given.
pub(super) fn settled(mut layout: layout::Request, parameters: &Parameters) -> Result<layout::Request> {
    let has_own_values = !layout.set.is_empty() || !layout.vars.is_empty() || layout.inventory.is_some();
    if parameters.inventory && layout.inventory.is_none() {
        return Err(Error::invalid("the image was built with an inventory, which is not given")
            .hint("name it with `--inventory FILE`: what it holds is not written down, for it may be secret"));
    }
    if layout.allow_secrets.is_empty() {
        layout.allow_secrets.clone_from(&parameters.allowed_secrets);
    }
    if !has_own_values {
        let known = parameters.variables.iter().filter_map(|(name, value)| Some((name.clone(), scalar(value)?)));
        layout.values = known.collect();
    }
    Ok(layout)
}

/// The build that the parameters tell of.
fn of(request: &Request, layout: layout::Request, parameters: &Parameters) -> Result<build::Request> {
    let unknown = |what: &str, value: &str| {
        Error::invalid(format!("the provenance names the {what} `{}`", escaped(value.as_bytes())))
            .hint("a newer vezaimg may know it")
    };
    Ok(build::Request {
        layout,
        binary: request.binary.clone(),
        base: request.base.clone(),
        release: Some(ReleaseName::parse(&parameters.release).map_err(|_| unknown("release", &parameters.release))?),
        out: std::path::PathBuf::new(),
        format: [Format::Unified, Format::Split]
            .into_iter()
            .find(|format| format.name() == parameters.format)
            .ok_or_else(|| unknown("format", &parameters.format))?,
        codec: [Codec::Zstd, Codec::Gzip]
            .into_iter()
            .find(|codec| codec.name() == parameters.compression)
            .ok_or_else(|| unknown("compression", &parameters.compression))?,
        level: Some(parameters.level),
        jobs: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        mirrors: Vec::new(),
        offline: false,
        source_date: SourceDate::Given(parameters.source_date_epoch.map(Epoch::from_seconds)),
        sign: None,
        json: false,
    })
}

fn scalar(value: &Value) -> Option<Scalar> {
    match value {
        Value::String(text) => Some(Scalar::Text(text.clone())),
        Value::Bool(flag) => Some(Scalar::Flag(*flag)),
        Value::Number(number) => number.as_i64().map(Scalar::Number),
        _ => None,
    }
}
