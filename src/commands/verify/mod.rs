//! `vezaimg verify`: whether a release is what it says, and what runs is that release.

mod again;
mod lines;

use std::path::PathBuf;

use serde::Serialize;

use crate::base;
use crate::binary;
use crate::commands::build::inputs::{self, Inputs};
use crate::commands::lock::command as lock_command;
use crate::incus::{Client, Fingerprint, InstanceName};
use crate::inspect::{Contents, Source};
use crate::interrupt::Interrupt;
use crate::layout;
use crate::lock::Lock;
use crate::release::{Provenance, Resource, Role, Signers};
use crate::rollout::contract::Contract;
use crate::rootfs::{Digest, escaped};
use crate::ui::Console;
use crate::verify::{self, Check, Drift, Files, Given, Seal};
use crate::{Error, Result};

/// What `vezaimg verify` is asked to do.
#[derive(Debug)]
pub struct Request {
    /// The image.
    pub image: PathBuf,
    /// Who may sign.
    pub signers: Option<PathBuf>,
    /// The layout that it should be built from, if one was given.
    pub layout: Option<layout::Request>,
    /// The program that it should hold.
    pub binary: Option<PathBuf>,
    /// What it should stand on.
    pub base: Vec<PathBuf>,
    /// Build it again, and compare the bytes.
    pub rebuild: bool,
    /// Where containers are.
    pub place: Place,
    /// Ask whether the store and every instance of the layout have it.
    pub incus: bool,
    /// Instances whose files are compared.
    pub instances: Vec<InstanceName>,
    /// A JSON object on stdout instead of lines.
    pub json: bool,
}

/// A project of an Incus.
#[derive(Debug)]
pub struct Place {
    /// A remote of `incus remote list`; empty for the default one.
    pub remote: String,
    /// The project, if not the remote's own.
    pub project: Option<String>,
}

/// The outcome, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Report<'a> {
    image: String,
    /// Whether everything that was looked at holds, and everything that was asked for could be looked at.
    good: bool,
    /// Why the rest could not be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Who signed, if that was asked.
    signer: Option<&'a str>,
    checks: &'a [Check],
    /// The files of each instance.
    drift: &'a [Drift],
}

/// What was found so far: a person sees each check as soon as it is known, a script all of them at the end.
struct Findings<'a> {
    /// Who is told at once.
    console: Option<&'a Console>,
    checks: Vec<Check>,
    drift: Vec<Drift>,
}

impl Findings<'_> {
    fn take(&mut self, check: Check) -> Result<()> {
        self.console.map_or(Ok(()), |console| lines::print(&check, console))?;
        self.checks.push(check);
        Ok(())
    }
}

/// Verifies a release.
///
/// # Errors
/// Something could not be looked at; or something that was looked at does not hold, which is told before.
pub fn run(request: &Request, console: &Console) -> Result<()> {
    let files = Files::beside(&request.image)?;
    let signers = request.signers.as_deref().map(Signers::open).transpose()?;
    // What cannot be asked is known before anything is read.
    let asks = request.incus || !request.instances.is_empty();
    let place = &request.place;
    let client = asks.then(|| Client::connect(&place.remote, place.project.as_deref())).transpose()?;
    let interrupt = Interrupt::on_signals().map_err(|cause| Error::failed("cannot watch for signals").cause(cause))?;
    let mut findings = Findings { console: (!request.json).then_some(console), checks: Vec::new(), drift: Vec::new() };
    let (checks, seal) = verify::seal(&files, signers.as_ref(), &interrupt, console);
    checks.into_iter().try_for_each(|check| findings.take(check))?;
    let looked = match &seal {
        Some(seal) => look(request, &files, seal, client.as_ref(), console, &interrupt, &mut findings),
        None => Ok(()),
    };
    console.end_stage();
    let Findings { checks, drift, .. } = findings;
    let bad: Vec<_> = checks.iter().filter(|check| check.is_bad()).map(|check| check.check).collect();
    let shown = request.image.display().to_string();
    if request.json {
        console.json(&Report {
            image: shown.clone(),
            good: bad.is_empty() && looked.is_ok(),
            error: looked.as_ref().err().map(Error::line),
            signer: seal.as_ref().and_then(|seal| seal.signed.as_ref()).map(|signed| signed.principal.as_str()),
            checks: &checks,
            drift: &drift,
        })?;
    }
    looked?;
    match bad.is_empty() {
        true => Ok(()),
        false => Err(Error::failed(format!("`{shown}` does not hold: {}", bad.join(", ")))),
    }
}

/// Everything behind the checksums.
fn look(
    request: &Request,
    files: &Files,
    seal: &Seal,
    client: Option<&Client>,
    console: &Console,
    interrupt: &Interrupt,
    findings: &mut Findings<'_>,
) -> Result<()> {
    let images: Vec<_> = seal.images(files).into_iter().map(|path| path.display().to_string()).collect();
    let source = Source::find(&images)?.heeding(interrupt);
    let contents = Contents::read(&source, None, console)?;
    let fingerprint = source.fingerprint()?;
    let (listed, manifest) = verify::listing(files, seal, &contents, fingerprint);
    // One that does not hold itself proves nothing about another.
    let sound = manifest.as_ref().filter(|_| !listed.is_bad());
    findings.take(listed)?;
    match verify::provenance(files, seal) {
        Ok(provenance) => {
            let given = given(request, &provenance)?;
            findings.take(verify::origin(&provenance, sound, given.as_ref()))?;
            if request.rebuild {
                findings.take(again::rebuild(request, &provenance, files, seal, console)?)?;
            }
        }
        Err(check) => findings.take(check)?,
    }
    if client.is_some() && fingerprint.is_none() {
        findings.take(Check::bad("store", "half of an image has no fingerprint", Vec::new()))?;
    }
    if let Some((client, fingerprint)) = client.zip(fingerprint) {
        if request.incus {
            findings.take(verify::stored(client, fingerprint)?)?;
            findings.take(match &manifest {
                Some(manifest) => verify::instances(client, &manifest.layout, fingerprint)?,
                None => Check::open("instances", "the manifest does not tell of which layout"),
            })?;
        }
        let known = Fingerprint::parse(&fingerprint.to_string());
        let property = |key: &str| contents.metadata().and_then(|it| it.properties.get(key)).map(String::as_str);
        let contract = Contract::of(property).map_err(|wrong| {
            wrong.into_iter().fold(Error::failed("the image is not as `vezaimg build` makes them"), Error::cause)
        })?;
        for name in &request.instances {
            let (check, drift) =
                verify::drift(client, name, &contents.tree, &contract, known.as_ref(), console, interrupt)?;
            findings.take(check)?;
            findings.drift.push(drift);
        }
    }
    Ok(())
}

/// What was given to be compared; none if nothing was.
fn given(request: &Request, provenance: &Provenance) -> Result<Option<Given>> {
    let mut given = Given::default();
    if let Some(layout) = &request.layout {
        // What is built again has the values of the build; otherwise it is asked whether the layout gives them.
        let layout = match request.rebuild {
            true => again::settled(layout.clone(), provenance.parameters())?,
            false => layout.clone(),
        };
        let command = lock_command(&layout, &layout::read(&layout)?.lock);
        let reading = layout::read(&layout)?;
        let (lock_file, files) = (reading.lock.clone(), reading.files.clone());
        let (layout, _) = reading.usable()?;
        if layout.image.name != provenance.parameters().layout {
            let (ours, theirs) = (&layout.image.name, escaped(provenance.parameters().layout.as_bytes()));
            return Err(Error::invalid(format!("the layout given is `{ours}`, and the image's `{theirs}`"))
                .hint("name the image's own layout with `--layout`"));
        }
        let base = layout.base.as_ref().filter(|_| request.base.is_empty());
        let lock = base.map(|base| Lock::of_layout(&lock_file, &base.value, layout.image.architecture, &command));
        let lock = lock.transpose()?;
        let base = lock.iter().map(|lock| Digest::of_bytes(lock.to_string().as_bytes())).collect();
        given.inputs.extend(Inputs { layout: files, base, lock }.resources(None, None)?);
        given.variables = Some(inputs::variables(&layout));
    }
    if !request.base.is_empty() {
        let base = base::open(&request.base)?.digests()?;
        if base.is_empty() && !request.rebuild {
            return Err(Error::invalid("a base that is a directory is not compared file by file")
                .hint("`--rebuild` builds on it again, and compares what comes out"));
        }
        let inputs = Inputs { layout: Default::default(), base, lock: None };
        given.inputs.extend(inputs.resources(None, None)?);
    }
    if let Some(path) = &request.binary {
        given.inputs.push(Resource::file("binary", binary::read(path)?.sha256).input(Role::Binary));
    }
    Ok((!given.inputs.is_empty()).then_some(given))
}
