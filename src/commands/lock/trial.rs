//! The base of a new lock put together once: whether it can be, and whether it needs what was left out of it.

use std::collections::BTreeSet;

use crate::base::{Base, Packages};
use crate::debian::{Closure, Index, Package};
use crate::fetch::Fetcher;
use crate::interrupt::Interrupt;
use crate::layer;
use crate::layout::DebianBase;
use crate::lock::needs::{Need, Needs, Offer};
use crate::lock::{self, Lock};
use crate::rootfs::{Body, Digest, Entry, Summary, Survey, TargetPath, escaped};
use crate::ui::{Bytes, Console, Event, Listener};
use crate::{Error, Result};

/// The largest file that is looked into, in bytes: some four times the largest program of Debian that serves.
const LARGEST: u64 = 256 << 20;
/// The release whose packages' scripts were read.
const KNOWN_RELEASE: &str = "bookworm";

/// What a trial needs.
pub(super) struct Trial<'a> {
    pub(super) fetcher: &'a Fetcher<'a>,
    pub(super) interrupt: &'a Interrupt,
    pub(super) console: &'a Console,
}

impl Trial<'_> {
    /// Fetches the packages, which a build will want anyway, and puts them together without writing anything.
    ///
    /// # Errors
    /// A package cannot be had, two of them hold the same path, or a file needs a package that was left out.
    pub(super) fn run(
        &self,
        name: &str,
        lock: &Lock,
        base: &DebianBase,
        index: &Index,
        closure: &Closure<'_>,
    ) -> Result<()> {
        let packages = lock.packages(name, &base.exclude_paths, self.fetcher)?;
        self.console.event(Event::Stage("putting the base together".to_owned()));
        let undone = packages.undone()?;
        let (survey, needs) = self.assemble(name, packages)?;
        let missing = needs.missing(&survey);
        let idle: Vec<_> = closure.idle.iter().filter_map(|name| index.get(name)).collect();
        self.refuse_left_out(&missing, &closure.left_out, &idle)?;
        self.warn_of_release(&survey);
        undone.into_iter().for_each(|sentence| self.console.event(Event::Note(sentence)));
        Ok(())
    }

    fn assemble(&self, name: &str, packages: Packages) -> Result<(Survey, Needs)> {
        let mut needs = Needs::default();
        let mut survey = Survey::new(name);
        Base::of_packages(packages).read(self.console, &mut |path, entry| {
            self.interrupt.check()?;
            survey.admit(&path, &entry, |_| false)?;
            let Entry { metadata, kind } = entry;
            let mut wanted = None;
            let kind = kind.try_map(|body| {
                let content = content(&path, body)?;
                needs.note(&path, metadata.mode, &content);
                wanted = layer::wants(&path, content.len() as u64).then(|| content.clone());
                Ok::<_, Error>(Summary { size: content.len() as u64, sha256: Digest::of_bytes(&content) })
            })?;
            survey.note(path, Entry { metadata, kind }, wanted);
            Ok(())
        })?;
        survey.missing_directories()?;
        layer::check(&survey)?;
        Ok((survey, needs))
    }

    /// What scripts would have done is declared for one release; packages of another may do something else.
    fn warn_of_release(&self, survey: &Survey) {
        let text = survey.content(&TargetPath::known("/usr/lib/os-release")).unwrap_or_default();
        if let Some(release) = unknown_release(&String::from_utf8_lossy(text)) {
            self.console.event(Event::Warning(format!(
                "vezaimg knows what the scripts of `{KNOWN_RELEASE}` do, and this base is `{}`: see that it boots as it should",
                escaped(release.as_bytes())
            )));
        }
    }

    /// What is missing and a package that was left out would bring, is needed after all. What no package brings is as
    /// Debian has it: a plugin, say, whose library is only suggested. Packages that are `idle` in `without` count too: an
    /// essential package such as `perl-base` is needed without being depended upon.
    fn refuse_left_out(
        &self,
        missing: &[(&Need, &TargetPath)],
        left_out: &[&Package],
        idle: &[&Package],
    ) -> Result<()> {
        let candidates: Vec<_> = left_out.iter().chain(idle).copied().collect();
        if missing.is_empty() || candidates.is_empty() {
            return Ok(());
        }
        self.console.event(Event::Stage("looking into the packages that are left out".to_owned()));
        let mut causes = Vec::new();
        let mut needed = BTreeSet::new();
        for archive in lock::archives(candidates, self.fetcher)? {
            let package = archive.package.name.clone();
            let offer = Offer::of(archive.paths()?.iter());
            for (need, path) in missing.iter().filter(|(need, _)| offer.meets(need)) {
                causes.push(format!("`{path}` {need}, which `{package}` brings"));
                needed.insert(package.clone());
            }
        }
        if causes.is_empty() {
            return Ok(());
        }
        let error = Error::invalid("the base needs packages at run time that `without` leaves out");
        let error = causes.into_iter().fold(error, Error::cause);
        let names =
            |names: &BTreeSet<String>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let unasked: BTreeSet<_> =
            needed.iter().filter(|name| idle.iter().any(|idle| idle.name == **name)).cloned().collect();
        let error = error.hint(format!("take {} out of `without` in [base]", names(&needed)));
        let error = match unasked.is_empty() {
            true => error,
            false => error.hint(format!("and add {} to `packages`: nothing else brings it", names(&unasked))),
        };
        Err(error.hint("or leave the files that need them out, with `exclude-paths`"))
    }
}

fn content(path: &TargetPath, body: Body<'_>) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    if body.size > LARGEST {
        return Err(Error::invalid(format!("`{path}` is larger than {}, too large to be looked into", Bytes(LARGEST)))
            .hint("leave it out with `exclude-paths`"));
    }
    let read = body.reader.read_to_end(&mut content);
    read.map_err(|cause| {
        cause.downcast::<Error>().unwrap_or_else(|cause| Error::invalid(format!("cannot read `{path}`")).cause(cause))
    })?;
    Ok(content)
}

/// The release of Debian that an os-release(5) names, if it is another than the one that is known.
fn unknown_release(os_release: &str) -> Option<&str> {
    let field = |name: &str| os_release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let release = field("VERSION_CODENAME").filter(|_| field("ID") == Some("debian"));
    release.filter(|release| *release != KNOWN_RELEASE)
}

#[cfg(test)]
mod tests {
    use super::unknown_release;

    #[test]
    fn a_release_whose_scripts_were_never_read_is_known_by_its_os_release() {
        let of = |release: &str| format!("PRETTY_NAME=\"Debian\"\nVERSION_CODENAME={release}\nID=debian\n");
        assert_eq!(unknown_release(&of("trixie")), Some("trixie"));
        assert_eq!(unknown_release(&of("bookworm")), None);
        assert_eq!(unknown_release("ID=small\nVERSION_CODENAME=tiny\n"), None);
        assert_eq!(unknown_release(""), None);
    }
}
