//! `vezaimg build`: layout, base and binary in; an image in `out/`.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;

use crate::archive::Compression;
use crate::base::{self, Base, Description, Dropped};
use crate::binary::{self, Architecture, Binary};
use crate::diagnostic::Severity;
use crate::image::{BaseSegment, Clock, Epoch, Format, Metadata, Packed, Packer, Pass};
use crate::interrupt::Interrupt;
use crate::layer::{self, Layer};
use crate::layout::{self, Layout, lint};
use crate::release::{ArtifactName, Listing, Manifest, Outbox, ReleaseName};
use crate::rootfs::{Survey, TargetPath, Tree, escaped};
use crate::ui::{Bytes, Console, Event, Lasted, Listener};
use crate::{Error, Result};

/// What `vezaimg build` is asked to do.
#[derive(Debug)]
pub struct Request {
    /// The layout and its variables.
    pub layout: layout::Request,
    /// The program.
    pub binary: PathBuf,
    /// The base: one path, or the two of a split image; none for the layout's lock.
    pub base: Vec<PathBuf>,
    /// The release's name; otherwise the binary's digest names it.
    pub release: Option<ReleaseName>,
    /// Where the image lands.
    pub out: PathBuf,
    /// One file or two.
    pub format: Format,
    /// How it is compressed.
    pub compression: Compression,
    /// A JSON object on stdout instead of the path.
    pub json: bool,
}

/// The build's result, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Report {
    /// The image; of a split image, its metadata.
    image: String,
    fingerprint: String,
    rootfs_digest: String,
    /// Bytes of the image.
    size: u64,
    release: String,
    layout: String,
    /// Seconds since 1970.
    epoch: u64,
    /// Every file of the release, in the order in which `incus image import` takes the image's own.
    files: Vec<String>,
    #[serde(skip)]
    entries: usize,
    #[serde(skip)]
    images: usize,
}

/// Builds the image.
///
/// # Errors
/// Whatever is wrong with the request, the layout, the binary or the base; see each stage.
pub fn run(request: &Request, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let started = Instant::now();
    let (layout, warnings) = layout::read(&request.layout)?.usable()?;
    warnings.iter().for_each(|problem| console.problem(problem));
    lint::usable(&layout, None)?;
    let binary = binary::read(&request.binary)?;
    let base = open_base(request)?;
    if binary.architecture != layout.image.architecture {
        // Known before the base is read.
        check_binary(&layout, &binary, &Survey::new(base.name()), console)?;
    }
    let clock = Clock::new(source_date_epoch()?, base.has_times());
    let outbox = Outbox::open(&request.out)?;
    let mut segment = read_base(request, &layout, &binary, base, clock, &outbox, console, interrupt)?;
    let layer = make_layer(&layout, &binary, &segment, console)?;
    let epoch = clock.epoch(segment.survey.newest());
    let release = request.release.clone().unwrap_or_else(|| ReleaseName::of_binary(binary.sha256));
    let metadata = Metadata::new(&layout, &release, epoch, &segment.survey, &binary);
    let Request { format, compression, .. } = request;
    let packer = Packer { format: *format, compression, epoch, outbox: &outbox, interrupt };
    console.event(Event::Stage("packing the image".to_owned()));
    let packed = packer.pack(&metadata, &mut segment, layer)?;
    let report = publish(&layout, &release, epoch, segment.survey, packed, &outbox)?;
    console.end_stage();
    tell(&report, request.json, started, console)
}

fn open_base(request: &Request) -> Result<Base> {
    if request.base.is_empty() {
        return Err(Error::invalid("there is no base to build on")
            .hint("name one with `--base`: a directory, a rootfs tar, or an Incus image")
            .hint("such as: mmdebstrap --variant=minbase --include=systemd,systemd-sysv,udev,dbus,ca-certificates bookworm base.tar"));
    }
    base::open(&request.base)
}

fn source_date_epoch() -> Result<Option<Epoch>> {
    match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => Epoch::parse(&text).map(Some),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(Error::invalid("SOURCE_DATE_EPOCH is not a number")),
    }
}

#[expect(clippy::too_many_arguments, reason = "the stage where everything meets")]
fn read_base(
    request: &Request,
    layout: &Layout,
    binary: &Binary,
    base: Base,
    clock: Clock,
    outbox: &Outbox,
    console: &Console,
    interrupt: &Interrupt,
) -> Result<BaseSegment> {
    console.event(Event::Stage(format!("reading the base `{}`", base.name())));
    let owned = layer::owned(layout);
    let pass = Pass {
        owned: &owned,
        wants: &|path, size| layer::wants(path, size) || binary.wants(path),
        clock,
        prefix: request.format.prefix(),
        compression: &request.compression,
        interrupt,
    };
    pass.run(base, outbox, console)
}

/// An image that is for another machine cannot be the base.
fn fits(base: &Description, architecture: Architecture, survey: &Survey) -> Result<()> {
    match base.image.as_ref().and_then(|image| image.architecture.as_deref()) {
        Some(there) if there != architecture.as_str() => Err(Error::invalid(format!(
            "the base `{}` is for `{}`, the layout for `{architecture}`",
            survey.base(),
            escaped(there.as_bytes())
        ))
        .hint("name a base of the layout's architecture, or change `architecture` in [image]")),
        _ => Ok(()),
    }
}

/// Checks the layout, the binary and the base against each other, and makes the layer.
fn make_layer(layout: &Layout, binary: &Binary, base: &BaseSegment, console: &Console) -> Result<Tree<layer::Content>> {
    let survey = &base.survey;
    fits(&base.description, layout.image.architecture, survey)?;
    let Layer { tree, notes } = layer::assemble(layout, binary, survey)?;
    lint::usable(layout, Some(survey))?.iter().for_each(|problem| console.problem(problem));
    check_binary(layout, binary, survey, console)?;
    let notes = notes.into_iter().chain(left_out(&base.description));
    notes.for_each(|note| console.event(Event::Note(note)));
    Ok(tree)
}

/// What of the base is not in the image. Entries below `/dev` go without saying: Incus makes them.
fn left_out(description: &Description) -> Option<String> {
    let Dropped { devices, sockets, xattrs, under_dev: _ } = description.dropped;
    let counted = [(devices, "device node"), (sockets, "socket"), (xattrs, "extended attribute")];
    let part = |(n, what): &(u64, &str)| format!("{n} {what}{}", if *n == 1 { "" } else { "s" });
    let parts: Vec<_> = counted.iter().filter(|(n, _)| *n > 0).map(part).collect();
    (!parts.is_empty()).then(|| format!("left out of the base: {}", parts.join(", ")))
}

/// Whether the binary can run on the base.
fn check_binary(layout: &Layout, binary: &Binary, survey: &Survey, console: &Console) -> Result<()> {
    let program = &layout.binary.path.value;
    let faults = binary.check(layout.image.architecture, &program.parent().unwrap_or_else(TargetPath::root), survey);
    let (errors, warnings): (Vec<_>, Vec<_>) = faults.into_iter().partition(|fault| fault.severity == Severity::Error);
    if !errors.is_empty() {
        let error = Error::invalid(format!("`{}` cannot run on the base `{}`", binary.path.display(), survey.base()));
        return Err(errors.into_iter().fold(error, |error, fault| error.cause(fault.message).hint(fault.hint)));
    }
    warnings.into_iter().for_each(|fault| console.event(Event::Warning(fault.message)));
    Ok(())
}

/// Writes what goes beside the image, and gives everything its name; the image last.
fn publish(
    layout: &Layout,
    release: &ReleaseName,
    epoch: Epoch,
    survey: Survey,
    packed: Packed,
    outbox: &Outbox,
) -> Result<Report> {
    let Packed { files, fingerprint, layer } = packed;
    let name = ArtifactName::new(&layout.image.name, release, layout.image.architecture.as_str());
    let mut tree = survey.into_tree();
    tree.extend(layer);
    let unwritten = |cause| outbox.unwritten("what goes beside the image", &cause);
    let listing = Listing::of(&tree).map_err(unwritten)?;
    let size = files.iter().map(|file| file.summary.size).sum();
    let images: Vec<_> = files.iter().map(|file| name.with(&file.ending)).collect();
    let manifest = Manifest {
        manifest: Manifest::VERSION,
        image: &images,
        fingerprint: fingerprint.to_string(),
        rootfs_digest: listing.digest().to_string(),
        release: release.to_string(),
        layout: &layout.image.name,
        epoch: epoch.seconds(),
    };
    let mut beside = vec![(name.with(".manifest.json"), outbox.stage()?), (name.with(".sha256"), outbox.stage()?)];
    manifest.write(&listing, beside[0].1.file()).map_err(unwritten)?;
    for (image, file) in images.iter().zip(&files) {
        writeln!(beside[1].1.file(), "{}  {image}", file.summary.sha256).map_err(unwritten)?;
    }
    let names = images.iter().chain(beside.iter().map(|(name, _)| name));
    let paths: Vec<_> = names.map(|name| outbox.path(name).display().to_string()).collect();
    let report = Report {
        image: paths[0].clone(),
        fingerprint: manifest.fingerprint,
        rootfs_digest: manifest.rootfs_digest,
        size,
        release: manifest.release,
        layout: layout.image.name.clone(),
        epoch: epoch.seconds(),
        entries: listing.entries(),
        images: images.len(),
        files: paths,
    };
    beside.extend(images.into_iter().zip(files.into_iter().map(|file| file.staged)));
    outbox.publish(beside)?;
    Ok(report)
}

fn tell(report: &Report, json: bool, started: Instant, console: &Console) -> Result<()> {
    let images = &report.files[..report.images];
    if json {
        let object = serde_json::to_string(report).map_err(|error| Error::failed("cannot write JSON").cause(error))?;
        return console.result(&object);
    }
    let took = Lasted(started.elapsed());
    console.detail("image", &format!("{}, {} entries, in {took}", Bytes(report.size), report.entries));
    console.detail("fingerprint", &report.fingerprint);
    console.detail("rootfs", &report.rootfs_digest);
    console.detail("next", &format!("incus image import {} --alias {}", images.join(" "), report.layout));
    images.iter().try_for_each(|image| console.result(image))
}
