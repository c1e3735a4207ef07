//! `vezaimg build`: layout, base and binary in; an image in `out/`.

mod ground;
pub(in crate::commands) mod inputs;
mod report;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

use self::ground::Ground;
use self::inputs::Inputs;
use crate::archive::{Codec, Compression, FORMAT_VERSION};
use crate::base::{Description, Dropped};
use crate::binary::{self, Architecture, Binary};
use crate::diagnostic::Severity;
use crate::image::{BaseSegment, Clock, Epoch, Format, Metadata, Packed, Packer, Pass, Recipe};
use crate::interrupt::Interrupt;
use crate::layer::{self, Layer};
use crate::layout::{self, Layout, lint};
use crate::release::{Allowed, Derived, Listing, Made, Outbox, Published, Release, ReleaseName, Signer, sbom};
use crate::rootfs::{Digest, Entry, Survey, TargetPath, Tree, escaped};
use crate::ui::{Console, Event, Listener};
use crate::{Error, Result};

/// What `vezaimg build` is asked to do.
#[derive(Debug)]
pub struct Request {
    /// The layout and its variables.
    pub layout: layout::Request,
    /// The program; none for a layout without `[binary]`.
    pub binary: Option<PathBuf>,
    /// The base: one path, or the two of a split image; none for the layout's lock.
    pub base: Vec<PathBuf>,
    /// The release's name; otherwise the digest of the binary names it, or without one that of the whole content.
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
    /// Mirrors to try first for the packages of the lock.
    pub mirrors: Vec<String>,
    /// Take packages from the store alone.
    pub offline: bool,
    /// Where the image's time is from.
    pub source_date: SourceDate,
    /// The key that signs the release.
    pub sign: Option<PathBuf>,
    /// A JSON object on stdout instead of the path.
    pub json: bool,
}

/// Where an image's time is from; none is that of the base.
#[derive(Clone, Copy, Debug)]
pub enum SourceDate {
    /// What `SOURCE_DATE_EPOCH` says, if it is set.
    Environment,
    /// This one, whatever the environment says.
    Given(Option<Epoch>),
}

/// Builds the image.
///
/// # Errors
/// Whatever is wrong with the request, the layout, the binary or the base; see each stage.
pub fn run(request: &Request, console: &Console) -> Result<()> {
    let started = Instant::now();
    let built = make(request, console)?;
    match request.json {
        true => report::print_json(&built, console),
        false => report::tell(&built, started, console),
    }
}

/// An image that lies in its place.
#[derive(Debug)]
pub(in crate::commands) struct Built {
    /// The layout that it was built from.
    layout: Layout,
    name: ReleaseName,
    epoch: Epoch,
    /// Its files.
    pub(in crate::commands) published: Published,
}

/// Builds an image, and prints nothing of it on stdout.
///
/// # Errors
/// As [`run`].
pub(in crate::commands) fn make(request: &Request, console: &Console) -> Result<Built> {
    let compression = Compression::new(request.codec, request.level, request.jobs)?;
    let mut reading = layout::read(&request.layout)?;
    let (lock_file, files) = (reading.lock.clone(), reading.files.clone());
    let binary = reading.layout.as_ref().map(|layout| binary_of(request, layout));
    if let (Some(layout), Some(Ok(Some(binary)))) = (&reading.layout, &binary) {
        reading.problems.extend(layout::secrets::in_binary(layout, &binary.secrets));
    }
    let (layout, warnings) = reading.usable()?;
    warnings.iter().for_each(|problem| console.problem(problem));
    let binary = binary.transpose()?.flatten();
    let ground = Ground::open(request, &layout, &lock_file)?;
    let source_date_epoch = match request.source_date {
        SourceDate::Environment => Epoch::from_environment()?,
        SourceDate::Given(epoch) => epoch,
    };
    let clock = ground.clock(source_date_epoch);
    let signer = request.sign.as_deref().map(Signer::open).transpose()?;
    let outbox = Outbox::open(&request.out)?;
    // From here on there is something to clean up; before, a signal may end the process as it always does.
    let interrupt = Interrupt::on_signals().map_err(|cause| Error::failed("cannot watch for signals").cause(cause))?;
    let build = Build {
        request,
        compression: &compression,
        layout: &layout,
        binary: binary.as_ref(),
        outbox: &outbox,
        console,
        interrupt: &interrupt,
    };
    let inputs = Inputs { layout: files, base: ground.digests()?, lock: ground.lock().cloned() };
    let mut segment = build.base_segment(ground, clock, &inputs)?;
    let layer = build.make_layer(&segment)?;
    let epoch = clock.epoch(segment.survey.newest());
    let name = match (&request.release, &binary) {
        (Some(name), _) => name.clone(),
        (None, Some(binary)) => ReleaseName::of(binary.sha256),
        (None, None) => ReleaseName::of(content_of(&segment.survey, &layer)?),
    };
    let found = binary.as_ref().map(|binary| binary.secrets.as_slice()).unwrap_or_default();
    let allowed = layout::secrets::allowed(&layout, found).into_iter();
    let allowed_secrets = allowed.map(|(allowed, kinds)| Allowed::new(allowed, kinds)).collect();
    let release = Release { image: &layout.image, name, epoch, allowed_secrets };
    let packed = build.pack(&mut segment, layer, &release)?;
    let program = layout.binary.as_ref().map(|program| &program.path.value).zip(binary.as_ref());
    let made = Made {
        of: sbom::Components::of(&segment.survey, inputs.lock.as_ref(), program),
        parameters: inputs::parameters(request, &layout, &release.name, &compression, source_date_epoch),
        derived: Derived { epoch: epoch.seconds(), format: FORMAT_VERSION },
        inputs: inputs.resources(Some(&segment.survey), binary.as_ref())?,
    };
    if let Some(signer) = &signer {
        // Without a spinner, which would write over a question for the passphrase.
        console.end_stage();
        console.line(&format!("signing with `{}`", escaped(signer.key().as_os_str().as_encoded_bytes())));
    }
    let published = release.publish(segment.into_tree(), packed, made, signer.as_ref(), &outbox)?;
    let Release { name, .. } = release;
    Ok(Built { layout, name, epoch, published })
}

/// The program that the layout asks for.
///
/// # Errors
/// None is given, one is given and none asked for, or it is no program.
fn binary_of(request: &Request, layout: &Layout) -> Result<Option<Binary>> {
    match (&layout.binary, &request.binary) {
        (Some(_), Some(path)) => binary::read(path).map(Some),
        (None, None) => Ok(None),
        (Some(program), None) => {
            let message = format!("the layout `{}` puts a binary at `{}`", layout.image.name, program.path.value);
            Err(Error::invalid(message).hint("name the program with `--binary FILE`"))
        }
        (None, Some(path)) => {
            let message =
                format!("the layout `{}` has no place for the binary `{}`", layout.image.name, path.display());
            Err(Error::invalid(message).hint("leave out `--binary`, or say with `[binary]` where it goes"))
        }
    }
}

/// What every stage needs.
struct Build<'a> {
    request: &'a Request,
    compression: &'a Compression,
    layout: &'a Layout,
    binary: Option<&'a Binary>,
    outbox: &'a Outbox,
    console: &'a Console,
    interrupt: &'a Interrupt,
}

impl Build<'_> {
    /// The base's segment, and what there is to know of the base: as it was kept, or from one pass over it.
    fn base_segment(&self, ground: Ground<'_>, clock: Clock, inputs: &Inputs) -> Result<BaseSegment> {
        let name = ground.name().to_owned();
        if self.binary.is_some_and(|binary| binary.architecture != self.layout.image.architecture) {
            // Known before the base is read.
            self.check_binary(&Survey::new(&name))?;
        }
        let pass = Pass {
            owned: layer::owned(self.layout),
            wants: &|path, size| {
                let by_binary = self.binary.is_some_and(|binary| binary.wants(path));
                by_binary || layer::wants(path, size) || sbom::wants(path, size)
            },
            clock,
            prefix: self.request.format.prefix(),
            compression: self.compression,
            interrupt: self.interrupt,
        };
        let stamp = ground.stamp();
        let recipe = inputs
            .identity()
            .and_then(|identity| Recipe::new(identity, &pass, &self.binary.map(Binary::interest).unwrap_or_default()));
        if let Some((store, recipe)) = ground.store().zip(recipe)
            && let Some(kept) = BaseSegment::kept(store, recipe, &pass, &name)?
        {
            self.console.event(Event::Stage(format!("taking the base `{name}` as it was compressed before")));
            return Ok(kept);
        }
        let (base, store) = ground.base(self.request, self.interrupt, self.console)?;
        self.console.event(Event::Stage(format!("reading the base `{name}`")));
        let mut segment = pass.run(base.heeding(self.interrupt), self.outbox, self.console)?;
        if !stamp.still_holds() {
            return Err(Error::invalid(format!("the base `{name}` changed while it was read"))
                .hint("a base must not be written to during a build"));
        }
        if let Some((store, recipe)) = store.as_ref().zip(recipe)
            && let Err(error) = segment.keep(store, recipe)
        {
            let why = error.line();
            self.console.event(Event::Warning(format!("the next build compresses the base again: {why}")));
        }
        Ok(segment)
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
        let Some((program, binary)) = self.layout.binary.as_ref().zip(self.binary) else { return Ok(()) };
        let directory = program.path.value.parent().unwrap_or_else(TargetPath::root);
        let faults = binary.check(self.layout.image.architecture, &directory, survey);
        let (errors, warnings): (Vec<_>, Vec<_>) =
            faults.into_iter().partition(|fault| fault.severity == Severity::Error);
        if !errors.is_empty() {
            let (binary, base) = (binary.path.display(), survey.base());
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

/// The digest of what an image without a binary of its own will hold.
fn content_of(base: &Survey, layer: &Tree<layer::Content>) -> Result<Digest> {
    let mut whole = base.tree().clone();
    let summary = |entry: &Entry<layer::Content>| Entry {
        metadata: entry.metadata.clone(),
        kind: entry.kind.as_ref().map(layer::Content::summary),
    };
    whole.extend(layer.iter().map(|(path, entry)| (path.clone(), summary(entry))));
    let listing = Listing::of(&whole).map_err(|cause| Error::failed("cannot list the image").cause(cause))?;
    Ok(listing.digest())
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
