//! The unit that an image names as its own, as systemd.unit(5) puts it together: the first file of its name, and every
//! drop-in, by file name over all directories.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Contents;
use crate::rootfs::{Kind, Resolved, TargetPath};
use crate::unit::{UnitFile, boolean, exec_program, exposure, is_service_name};

/// Where units are, the first directory of a file name counting; systemd.unit(5).
pub(super) const DIRECTORIES: [&str; 4] =
    ["/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

/// What the names of unit files end with, systemd.unit(5).
const SUFFIXES: [&str; 10] =
    [".service", ".socket", ".timer", ".target", ".mount", ".automount", ".path", ".slice", ".swap", ".scope"];

/// Whether a file is a unit, or a drop-in of one, by its path.
pub(crate) fn is_unit_file(path: &TargetPath) -> bool {
    let within = |directory: &str| {
        let rest = path.as_relative().strip_prefix(directory.trim_start_matches('/').as_bytes())?;
        rest.strip_prefix(b"/")
    };
    DIRECTORIES.into_iter().filter_map(within).any(|name| match name.iter().position(|byte| *byte == b'/') {
        None => SUFFIXES.iter().any(|suffix| name.ends_with(suffix.as_bytes())),
        Some(slash) => name.get(..slash).is_some_and(|above| above.ends_with(b".d")) && name.ends_with(b".conf"),
    })
}

/// No unit has more drop-ins than these; an image that has takes no more memory for it.
const MOST_DROP_INS: usize = 100;
/// What is not quite right is told up to so many times.
const MOST_WARNINGS: usize = 20;

/// A unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its file.
    pub path: String,
    /// Whether it is switched off for good: its file is empty, or a link to `/dev/null`.
    pub masked: bool,
    /// What is read after it, in order.
    pub drop_ins: Vec<String>,
    /// Whom it runs as; root where it says nothing.
    pub user: Option<String>,
    /// Whether that is a user who is there only while it runs.
    pub dynamic_user: bool,
    /// The program that it starts.
    pub exec: Option<String>,
    /// How exposed it is, 0.0 to 10.0, as `systemd-analyze security` counts it; none for one that never runs, or whose file
    /// was not looked at.
    pub exposure: Option<String>,
    /// The word for it, such as `OK`.
    pub rating: Option<&'static str>,
    /// What systemd ignores of its files, and what was not looked at: the first twenty.
    pub warnings: Vec<String>,
}

/// What stands at a path where a unit or a drop-in may be.
enum Found<'a> {
    /// Nothing that systemd would take for one: it looks further.
    Nothing,
    /// Of these bytes, at that path once links are followed.
    Text(TargetPath, &'a [u8]),
    /// It is too long.
    Unread,
    Masked,
}

impl Service {
    /// The unit of a name, if it is there.
    pub(super) fn find(name: &str, contents: &Contents) -> Option<Self> {
        let template = is_service_name(name).then(|| template(name))?;
        let (path, found) = [Some(name), template.as_deref()].into_iter().flatten().find_map(|name| {
            DIRECTORIES.iter().map(|directory| format!("{directory}/{name}")).find_map(|path| {
                let found = look(&path, contents);
                (!matches!(found, Found::Nothing)).then_some((path, found))
            })
        })?;
        let mut service = Self {
            name: name.to_owned(),
            path,
            masked: matches!(found, Found::Masked),
            drop_ins: Vec::new(),
            user: None,
            dynamic_user: false,
            exec: None,
            exposure: None,
            rating: None,
            warnings: Vec::new(),
        };
        match found {
            Found::Text(file, text) => service.read(&file, text, contents),
            Found::Unread => service.warn(format!("{} was not looked at", service.path)),
            Found::Masked | Found::Nothing => {}
        }
        Some(service)
    }

    fn read(&mut self, file: &TargetPath, text: &[u8], contents: &Contents) {
        let mut unit = self.parsed(&self.path.clone(), text);
        // A link of another name is an alias, and the file's name is the unit's.
        let own = str::from_utf8(file.name()).ok().filter(|own| is_service_name(own) && !own.contains("@."));
        let own = own.filter(|own| *own != self.name);
        let drop_ins = drop_ins(&own.into_iter().chain([self.name.as_str()]).collect::<Vec<_>>(), contents);
        if drop_ins.len() > MOST_DROP_INS {
            self.warn(format!("of {} drop-ins the first {MOST_DROP_INS} were looked at", drop_ins.len()));
        }
        for path in drop_ins.into_iter().take(MOST_DROP_INS) {
            match look(&path, contents) {
                Found::Text(_, text) => {
                    unit.apply(&self.parsed(&path, text));
                    self.drop_ins.push(path);
                }
                Found::Unread => self.warn(format!("{path} was not looked at")),
                Found::Masked | Found::Nothing => {}
            }
        }
        let exposed = exposure(&unit);
        self.exposure = Some(exposed.level.to_string());
        self.rating = Some(exposed.level.rating());
        self.exec = unit.list("Service", "ExecStart").last().and_then(|line| exec_program(line)).map(str::to_owned);
        self.user = unit.last("Service", "User").filter(|user| !user.is_empty()).map(str::to_owned);
        self.dynamic_user = unit.last("Service", "DynamicUser").and_then(boolean).unwrap_or_default();
    }

    fn parsed(&mut self, path: &str, text: &[u8]) -> UnitFile {
        let (unit, ignored) = UnitFile::lenient(text);
        ignored.iter().for_each(|error| self.warn(format!("{path}, {error}")));
        unit
    }

    fn warn(&mut self, warning: String) {
        if self.warnings.len() < MOST_WARNINGS {
            self.warnings.push(warning);
        }
    }
}

/// The template that an instance is of: `app@.service` for `app@1.service`.
fn template(name: &str) -> Option<String> {
    name.split_once('@').map(|(prefix, _)| format!("{prefix}@.service"))
}

fn look<'a>(path: &str, contents: &'a Contents) -> Found<'a> {
    let Ok(path) = TargetPath::parse(path) else { return Found::Nothing };
    match contents.tree.resolve(&path) {
        Resolved::Entry(file, entry) => match (&entry.kind, contents.content(&file)) {
            (Kind::File(summary), _) if summary.size == 0 => Found::Masked,
            (Kind::File(_), Some(text)) => Found::Text(file, text),
            (Kind::File(_), None) => Found::Unread,
            _ => Found::Nothing,
        },
        // Incus makes it.
        Resolved::Missing(missing) if missing == TargetPath::known("/dev/null") => Found::Masked,
        Resolved::Missing(missing) if missing == TargetPath::known("/dev") => match contents.tree.get(&path) {
            Some(entry) if entry.kind == Kind::Symlink(b"/dev/null".to_vec()) => Found::Masked,
            _ => Found::Nothing,
        },
        Resolved::Missing(_) | Resolved::Broken(_) => Found::Nothing,
    }
}

/// Sorted by file name. Of one name a unit's own comes before that of all services, and below that the first directory's
/// counts; in one directory the unit's own before that of its template, and that before those of its prefixes.
fn drop_ins(names: &[&str], contents: &Contents) -> Vec<String> {
    let own = names.iter().flat_map(|name| with_prefixes(name)).collect::<Vec<_>>();
    let all = ["service".to_owned()];
    let mut found = BTreeMap::new();
    for kinds in [own.as_slice(), &all] {
        for directory in DIRECTORIES {
            for kind in kinds {
                let directory = format!("{directory}/{kind}.d");
                let Ok(inside) = TargetPath::parse(&directory).map(|path| contents.names_in(&path)) else { continue };
                for name in inside.into_iter().filter(|name| name.ends_with(b".conf")) {
                    let Ok(text) = String::from_utf8(name.clone()) else { continue };
                    found.entry(name).or_insert_with(|| format!("{directory}/{text}"));
                }
            }
        }
    }
    found.into_values().collect()
}

/// Whose drop-ins are a unit's too: `a-b.service`, `a-.service`.
fn with_prefixes(name: &str) -> Vec<String> {
    let mut names = vec![name.to_owned()];
    names.extend(template(name).filter(|template| template != name));
    let (stem, rest) = name.split_at(name.find('@').or_else(|| name.rfind(".service")).unwrap_or(name.len()));
    let dashes = stem.rmatch_indices('-').filter(|(at, _)| at + 1 < stem.len());
    names.extend(dashes.map(|(at, _)| format!("{}{rest}", &stem[..=at])));
    names
}
