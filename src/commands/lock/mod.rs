//! `vezaimg lock`: the layout's `[base]`, resolved against Debian's archive and pinned.
//!
//! ```text
//! [base] ─▶ archive ─▶ closure ─▶ lock ─▶ trial ─▶ layouts/NAME.lock
//!            InRelease  packages           the base put together once
//!            Packages
//! ```

mod archive;
mod command;
mod report;
mod trial;

use std::path::PathBuf;

use self::archive::Archive;
pub(in crate::commands) use self::command::command;
use self::report::Report;
use self::trial::Trial;
use crate::debian::{self, Closure, Keyring};
use crate::fetch::{Fetcher, Mirrors};
use crate::image::Epoch;
use crate::interrupt::Interrupt;
use crate::layout::{self, DebianBase, Layout, LockFile};
use crate::lock::{self, Lock, Suite};
use crate::staged;
use crate::store::Store;
use crate::ui::{Console, Event, Listener};
use crate::{Error, Result};

/// What `vezaimg lock` is asked to do.
#[derive(Debug)]
pub struct Request {
    /// The layout and its variables.
    pub layout: layout::Request,
    /// Mirrors to try first.
    pub mirrors: Vec<String>,
    /// The keys that sign Debian's archive; otherwise Debian's own.
    pub keyring: Option<PathBuf>,
    /// Only tell what a new lock would change.
    pub check: bool,
    /// A JSON object on stdout instead of text.
    pub json: bool,
}

/// Makes the lock, or tells what a new one would change.
///
/// # Errors
/// The layout has no sound `[base]`, the archive cannot be had or not be trusted, a package does not exist or cannot
/// be met, or the packages do not make a base. With `check`: a new lock would be another.
pub fn run(request: &Request, console: &Console) -> Result<()> {
    let reading = layout::read(&request.layout)?;
    let lock_file = reading.lock.clone();
    let (layout, warnings) = reading.usable()?;
    warnings.iter().for_each(|problem| console.problem(problem));
    let base = wanted(&layout)?;
    let destination = if request.check { None } else { Some(lock_file.writable()?) };
    let interrupt = Interrupt::on_signals().map_err(|cause| Error::failed("cannot watch for signals").cause(cause))?;
    let command = command(&request.layout, &lock_file);
    let old = current(&lock_file, &command, request.check, console)?;
    let keyring = Keyring::find(request.keyring.as_deref())?;
    let store = Store::open()?;
    let mirrors = Mirrors::of_machine(&request.mirrors, &base.mirrors, None)?;
    let fetcher = Fetcher::new(&store, mirrors, &interrupt, console)?;

    let archive = Archive { fetcher: &fetcher, keyring: &keyring, old: old.as_ref(), console };
    let (index, suites) = archive.read(base, layout.image.architecture.debian())?;
    let closure = debian::resolve(&index, &base.packages, &base.without)?;
    let new = pin(base, &layout, suites, &closure);
    let report = Report::new(lock_file.name(), command, old.as_ref(), &new);
    let Some(destination) = destination else {
        warn_of_idle(&closure, console);
        return report.check(request.json, console);
    };
    let trial = Trial { fetcher: &fetcher, interrupt: &interrupt, console };
    trial.run(&lock_file.name(), &new, base, &index, &closure)?;
    warn_of_idle(&closure, console);
    if !report.is_current() {
        staged::replace(destination, &new.to_string()).map_err(|cause| {
            Error::invalid(format!("cannot write `{}`", destination.display()))
                .cause(cause)
                .hint("the lock lies beside its layout: make that directory writable, or copy the layout elsewhere")
        })?;
    }
    report.tell(request.json, console)
}

/// The `[base]` of a layout.
fn wanted(layout: &Layout) -> Result<&DebianBase> {
    let base = layout.base.as_ref().map(|base| &base.value);
    base.ok_or_else(|| {
        Error::invalid(format!("the layout of `{}` has no [base] to lock", layout.image.name))
            .hint("add `[base]` with `debian = \"bookworm\"` and `packages = [\"systemd\", …]`")
    })
}

/// The lock that is there. To somebody who makes it anew, one that cannot be read is as good as none.
fn current(lock_file: &LockFile, command: &str, check: bool, console: &Console) -> Result<Option<Lock>> {
    let Some(source) = lock_file.read()? else { return Ok(None) };
    match Lock::parse(source, command) {
        Ok(lock) => Ok(Some(lock)),
        Err(error) if check => Err(error),
        Err(error) => {
            console.event(Event::Note(format!("{}; it is made anew", error.message())));
            Ok(None)
        }
    }
}

/// Says what of `without` makes no difference.
fn warn_of_idle(closure: &Closure<'_>, console: &Console) {
    for name in &closure.idle {
        console.event(Event::Warning(format!("no package of the base wants `{name}`: it can go from `without`")));
    }
}

/// What the archive gave, as a lock.
fn pin(base: &DebianBase, layout: &Layout, suites: Vec<Suite>, closure: &Closure<'_>) -> Lock {
    let newest = suites.iter().map(|suite| suite.date).max();
    Lock {
        base: lock::checksum(base),
        architecture: layout.image.architecture.debian().to_owned(),
        epoch: newest.unwrap_or(Epoch::TIMELESS),
        suites,
        packages: closure.packages.iter().map(|package| (*package).clone()).collect(),
    }
}
