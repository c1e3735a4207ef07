//! `vezaimg build`: layout, base and binary in; an image in `out/`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;

use crate::archive::{Codec, Compression};
use crate::base::{self, Base, Description, Dropped};
use crate::binary::{self, Architecture, Binary};
use crate::diagnostic::Severity;
use crate::image::{BaseSegment, Clock, Epoch, Format, Metadata, Packed, Packer, Pass};
use crate::interrupt::Interrupt;
use crate::layer::{self, Layer};
use crate::layout::{self, Layout, lint};
use crate::release::{Outbox, Published, Release, ReleaseName};
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
    pub codec: Codec,
    /// The codec's level; its default otherwise.
    pub level: Option<i32>,
    /// Threads that compress.
    pub jobs: NonZeroUsize,
    /// A JSON object on stdout instead of the path.
    pub json: bool,
}

/// The build's result, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Report<'a> {
    /// The image; of a split image, its metadata.
    image: String,
    fingerprint: String,
    rootfs_digest: String,
    /// Bytes of the image.
    size: u64,
    release: String,
    layout: &'a str,
    /// Seconds since 1970.
    epoch: u64,
    /// Every file of the release, the image's own first.
    files: Vec<String>,
}

/// Builds the image.
///
/// # Errors
/// Whatever is wrong with the request, the layout, the binary or the base; see each stage.
pub fn run(request: &Request, console: &Console) -> Result<()> {
    let started = Instant::now();
    let compression = Compression::new(request.codec, request.level, request.jobs)?;
    let (layout, warnings) = layout::read(&request.layout)?.usable()?;
    warnings.iter().for_each(|problem| console.problem(problem));
    let binary = binary::read(&request.binary)?;
    let base = open_base(request)?;
    let clock = Clock::new(source_date_epoch()?, base.has_times());
    let outbox = Outbox::open(&request.out)?;
    // From here on there is something to clean up; before, a signal may end the process as it always does.
    let interrupt = Interrupt::on_signals().map_err(|cause| Error::failed("cannot watch for signals").cause(cause))?;
    let build = Build {
        request,
        compression: &compression,
        layout: &layout,
        binary: &binary,
        outbox: &outbox,
        console,
        interrupt: &interrupt,
    };
    let mut segment = build.read_base(base, clock)?;
    let layer = build.make_layer(&segment)?;
    let epoch = clock.epoch(segment.survey.newest());
    let name = request.release.clone().unwrap_or_else(|| ReleaseName::of_binary(binary.sha256));
    let release = Release { image: &layout.image, name, epoch };
    let packed = build.pack(&mut segment, layer, &release)?;
    let published = release.publish(segment.into_tree(), packed, &outbox)?;
    if request.json {
        return print_json(&release, &published, console);
    }
    tell(&published, &layout, started, console)
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

/// What every stage needs.
struct Build<'a> {
    request: &'a Request,
    compression: &'a Compression,
    layout: &'a Layout,
    binary: &'a Binary,
    outbox: &'a Outbox,
    console: &'a Console,
    interrupt: &'a Interrupt,
}

impl Build<'_> {
    /// Reads the base once: its segment, and what there is to know of it.
    fn read_base(&self, base: Base, clock: Clock) -> Result<BaseSegment> {
        if self.binary.architecture != self.layout.image.architecture {
            // Known before the base is read.
            self.check_binary(&Survey::new(base.name()))?;
        }
        self.console.event(Event::Stage(format!("reading the base `{}`", base.name())));
        let pass = Pass {
            owned: layer::owned(self.layout),
            wants: &|path, size| layer::wants(path, size) || self.binary.wants(path),
            clock,
            prefix: self.request.format.prefix(),
            compression: self.compression,
            interrupt: self.interrupt,
        };
        pass.run(base, self.outbox, self.console)
    }

    /// Checks the layout, the binary and the base against each other, and makes the layer.
    fn make_layer(&self, base: &BaseSegment) -> Result<Tree<layer::Content>> {
        let survey = &base.survey;
        fits(&base.description, self.layout.image.architecture, survey)?;
        let Layer { tree, notes } = layer::assemble(self.layout, self.binary, survey)?;
        lint::usable(self.layout, Some(survey))?.iter().for_each(|problem| self.console.problem(problem));
        self.check_binary(survey)?;
        let notes = notes.into_iter().chain(left_out(&base.description));
        notes.for_each(|note| self.console.event(Event::Note(note)));
        Ok(tree)
    }

    /// Whether the binary can run on the base.
    fn check_binary(&self, survey: &Survey) -> Result<()> {
        let directory = self.layout.binary.path.value.parent().unwrap_or_else(TargetPath::root);
        let faults = self.binary.check(self.layout.image.architecture, &directory, survey);
        let (errors, warnings): (Vec<_>, Vec<_>) =
            faults.into_iter().partition(|fault| fault.severity == Severity::Error);
        if !errors.is_empty() {
            let (binary, base) = (self.binary.path.display(), survey.base());
            let error = Error::invalid(format!("`{binary}` cannot run on the base `{base}`"));
            return Err(errors.into_iter().fold(error, |error, fault| error.cause(fault.message).hint(fault.hint)));
        }
        warnings.into_iter().for_each(|fault| self.console.event(Event::Warning(fault.message)));
        Ok(())
    }

    fn pack(&self, base: &mut BaseSegment, layer: Tree<layer::Content>, release: &Release<'_>) -> Result<Packed> {
        self.console.event(Event::Stage("packing the image".to_owned()));
        let metadata = Metadata::new(self.layout, &release.name, release.epoch, &base.survey, self.binary);
        let packer = Packer {
            format: self.request.format,
            compression: self.compression,
            epoch: release.epoch,
            outbox: self.outbox,
            interrupt: self.interrupt,
        };
        packer.pack(&metadata, base, layer)
    }
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

/// What of the base is not in the image. Entries below `/dev` go without saying: Incus makes them.
fn left_out(description: &Description) -> Option<String> {
    let Dropped { devices, sockets, xattrs, under_dev: _ } = description.dropped;
    let counted = [(devices, "device node"), (sockets, "socket"), (xattrs, "extended attribute")];
    let part = |(n, what): &(u64, &str)| format!("{n} {what}{}", if *n == 1 { "" } else { "s" });
    let parts: Vec<_> = counted.iter().filter(|(n, _)| *n > 0).map(part).collect();
    (!parts.is_empty()).then(|| format!("left out of the base: {}", parts.join(", ")))
}

fn print_json(release: &Release<'_>, published: &Published, console: &Console) -> Result<()> {
    let files = || published.images.iter().chain(&published.beside);
    let report = Report {
        image: published.images.first().cloned().unwrap_or_default(),
        fingerprint: published.fingerprint.to_string(),
        rootfs_digest: published.rootfs_digest.to_string(),
        size: published.size,
        release: release.name.to_string(),
        layout: &release.image.name,
        epoch: release.epoch.seconds(),
        files: files().cloned().collect(),
    };
    let object = serde_json::to_string(&report).map_err(|error| Error::failed("cannot write JSON").cause(error))?;
    console.result(&object)
}

fn tell(published: &Published, layout: &Layout, started: Instant, console: &Console) -> Result<()> {
    console.end_stage();
    let Published { images, size, entries, fingerprint, rootfs_digest, .. } = published;
    let took = Lasted(started.elapsed());
    console.detail("image", &format!("{}, {entries} entries, in {took}", Bytes(*size)));
    console.detail("fingerprint", &fingerprint.to_string());
    console.detail("rootfs", &rootfs_digest.to_string());
    console.detail("next", &format!("incus image import {} --alias {}", images.join(" "), layout.image.name));
    images.iter().try_for_each(|image| console.result(image))
}
