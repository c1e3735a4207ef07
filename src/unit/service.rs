//! The service unit of an image.

use std::collections::{BTreeMap, BTreeSet};

use super::hardening::{self, Hardening};
use super::{Directive, UnitFile, words};

/// What a layout says of its service; [`render`](Self::render) makes the unit file of it.
///
/// Command lines, unit names and overrides are systemd's syntax, where `%` opens a specifier. Everything else is
/// taken literally.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceSpec {
    /// One line for people.
    pub description: String,
    /// The command line of `ExecStart=`.
    pub exec: String,
    /// The user that it runs as.
    pub user: String,
    /// The group that it runs as.
    pub group: String,
    /// An absolute path; systemd's own default is `/`.
    pub working_directory: Option<String>,
    /// Variables, with their values as the program shall see them.
    pub environment: BTreeMap<String, String>,
    /// Absolute paths; a leading `-` says that the file may be missing.
    pub environment_files: Vec<String>,
    /// Units to start after, when they start at all. The network is not assumed: `network-online.target` stands here.
    pub after: Vec<String>,
    /// Units to pull in.
    pub wants: Vec<String>,
    /// Units without which it does not start.
    pub requires: Vec<String>,
    /// Targets that start it, such as `multi-user.target`.
    pub wanted_by: Vec<String>,
    /// The hardening profile.
    pub hardening: Hardening,
    /// Absolute paths that stay writable where the profile makes the file system read-only.
    pub write_paths: Vec<String>,
    /// Directives of `[Service]` and their values, in place of what the defaults or the profile would have written; no
    /// values at all drop the directive.
    pub overrides: BTreeMap<String, Vec<String>>,
}

impl ServiceSpec {
    /// The unit file. A comment above the hardening explains each point of exposure that remains.
    pub fn render(&self) -> UnitFile {
        let plain = self.assemble(self.service());
        if self.hardening == Hardening::Off {
            return plain;
        }
        let mut comments = hardening::remaining(&plain, &self.overrides);
        let commented = self.service().into_iter().map(|directive| {
            let first = hardening::is_hardening(directive.name());
            let lines = if first { std::mem::take(&mut comments) } else { Vec::new() };
            lines.iter().fold(directive, |directive, line| directive.comment(line))
        });
        let service = commented.collect();
        self.assemble(service)
    }

    /// A drop-in that says the hardening again, each list reset first, for `NAME.service.d/`; empty when there is
    /// none.
    ///
    /// systemd 252 sorts drop-ins by file name over all directories, so that `service.d/zzz-lxc-service.conf` is read
    /// after `NAME.service.d/10-local.conf`: the more specific directory wins only between files of one name
    /// (systemd.unit(5), and tried). To have the last word, the file must sort last:
    /// `zzzz-vezaimg-hardening.conf`.
    pub fn hardening_drop_in(&self) -> UnitFile {
        let mut unit = UnitFile::default();
        let mut seen = BTreeSet::new();
        for directive in self.service().into_iter().filter(|directive| hardening::is_hardening(directive.name())) {
            let section = unit.section_mut("Service");
            let first = seen.insert(directive.name().to_owned());
            if let Some(empty) = hardening::reset(directive.name(), directive.value())
                && first
                && empty != directive.value()
            {
                section.push(Directive::new(directive.name(), empty));
            }
            section.push(directive);
        }
        unit
    }

    fn assemble(&self, service: Vec<Directive>) -> UnitFile {
        let mut unit = UnitFile::default();
        let head = unit.section_mut("Unit");
        if !self.description.is_empty() {
            head.push(Directive::new("Description", &words::literal(&self.description)));
        }
        for (name, units) in [("After", &self.after), ("Wants", &self.wants), ("Requires", &self.requires)] {
            if !units.is_empty() {
                head.push(Directive::new(name, &units.join(" ")));
            }
        }
        let section = unit.section_mut("Service");
        service.into_iter().for_each(|directive| section.push(directive));
        if !self.wanted_by.is_empty() {
            unit.section_mut("Install").push(Directive::new("WantedBy", &self.wanted_by.join(" ")));
        }
        unit
    }

    /// The directives of `[Service]`, overrides applied.
    fn service(&self) -> Vec<Directive> {
        let mut defaults = self.process();
        if self.hardening == Hardening::Strict {
            defaults.extend(hardening::STRICT.iter().map(|(name, value)| Directive::new(name, value)));
        }
        if !self.write_paths.is_empty() {
            let paths: Vec<_> = self.write_paths.iter().map(|path| words::path(path)).collect();
            defaults.push(Directive::new("ReadWritePaths", &paths.join(" ")));
        }
        self.overridden(defaults)
    }

    fn process(&self) -> Vec<Directive> {
        // `exec` and not `simple`: starting fails at once when the user is unknown or the program cannot run, where
        // `simple` would report success first.
        let mut lines = vec![Directive::new("Type", "exec")];
        for (name, value) in [("User", &self.user), ("Group", &self.group)] {
            if !value.is_empty() {
                lines.push(Directive::new(name, value));
            }
        }
        if let Some(directory) = &self.working_directory {
            lines.push(Directive::new("WorkingDirectory", &words::literal(directory)));
        }
        for (name, value) in &self.environment {
            lines.push(Directive::new("Environment", &words::environment(name, value)));
        }
        for file in &self.environment_files {
            lines.push(Directive::new("EnvironmentFile", &words::literal(file)));
        }
        lines.push(Directive::new("ExecStart", &self.exec));
        lines.push(Directive::new("Restart", "on-failure"));
        // Three seconds apart, starts never reach the limit of five in ten seconds: a service whose database is away
        // comes back by itself when the database does.
        lines.push(Directive::new("RestartSec", "3s"));
        // A balancer has drained it before it is stopped: what is still open after half a minute will not end.
        lines.push(Directive::new("TimeoutStopSec", "30s"));
        lines
    }

    fn overridden(&self, defaults: Vec<Directive>) -> Vec<Directive> {
        let mut lines = Vec::new();
        let mut placed = BTreeSet::new();
        for directive in defaults {
            match self.overrides.get_key_value(directive.name()) {
                None => lines.push(directive),
                Some((name, values)) if placed.insert(name) => lines.extend(assignments(name, values)),
                Some(_) => {}
            }
        }
        for (name, values) in self.overrides.iter().filter(|(name, _)| !placed.contains(name)) {
            lines.extend(assignments(name, values));
        }
        lines
    }
}

fn assignments<'a>(name: &'a str, values: &'a [String]) -> impl Iterator<Item = Directive> + use<'a> {
    values.iter().map(move |value| Directive::new(name, value))
}

/// Whether this is the name of a service unit, as systemd.unit(5) has it.
pub fn is_service_name(name: &str) -> bool {
    let stem = name.strip_suffix(".service").unwrap_or_default();
    let fits = stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":_.-@\\".contains(&byte));
    fits && !stem.is_empty() && name.len() < 256
}
