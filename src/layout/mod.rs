//! What an image holds: a TOML file and its variables, read into a checked [`Layout`].
//!
//! ```text
//! layouts/NAME.toml ─┐
//! --vars FILE ───────┼▶ document ─▶ decode ─▶ validate ─▶ Layout
//! --set KEY=VALUE ───┘  places      types     paths,
//!                       templates   names     accounts
//! ```
//!
//! Reading is strict, and goes on after a mistake: a person gets all of them at once, each with file, line and column.
//! Strings outside `[vars]` are templates (minijinja, whose language is Jinja's); an undefined name is an error.

mod allowed_secrets;
mod decode;
mod embedded;
mod extend;
mod files;
mod image_values;
pub mod lint;
mod lock_file;
mod model;
mod pools;
pub mod secrets;
mod template;
mod validate;
mod variables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::de::DeValue;

use crate::diagnostic::{Problem, Severity, Source};
use crate::document::{self, Document};
use crate::inventory::Inventory;
use crate::rootfs::Digest;
use crate::{Error, Result};
use extend::Chain;
use files::Files;
use template::Templates;
use variables::Variables;

pub use crate::document::Placed;
pub use embedded::{DEFAULT, EMBEDDED, EmbeddedFile};
pub use lock_file::LockFile;
pub use model::{
    Access, AllowedSecret, DebianBase, Directory, File, Group, Health, Image, Keep, KeepHow, Layout, Link, Network,
    Program, Unit, User,
};
pub use pools::pools;
pub use variables::Scalar;

/// Which layout is wanted, with which variables.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The file; otherwise `layouts/backend-api.toml` where there is one, else the copy in the binary.
    pub file: Option<PathBuf>,
    /// Files of variables, the later ones stronger.
    pub vars: Vec<PathBuf>,
    /// `KEY=VALUE`, stronger than any file.
    pub set: Vec<String>,
    /// An inventory of Ansible's: what its hosts have for variables, weaker than any file, and what templates see as
    /// `groups` and `hostvars`.
    pub inventory: Option<PathBuf>,
    /// `PATH=REASON`: files that may hold what looks like a secret.
    pub allow_secrets: Vec<String>,
    /// Final values, which stand whatever else is given: those of a build that is done again.
    pub values: BTreeMap<String, Scalar>,
}

/// What reading a layout gave.
#[derive(Debug)]
pub struct Reading {
    /// What the layout is called in messages: its path, or that of the copy in the binary.
    pub name: String,
    /// The layout, when enough of it could be read. It may only be used if no problem is an error.
    pub layout: Option<Layout>,
    /// Everything that is wrong with it, errors and warnings, in the order of the text.
    pub problems: Vec<Problem>,
    /// Where its lock lies, or is to lie.
    pub lock: LockFile,
    /// The layout, those that it extends and the files that they name, as they were read: by name, without directory
    /// where they stand beside the layout.
    pub files: BTreeMap<String, Digest>,
}

impl Reading {
    /// The layout and its warnings, or one error that holds every problem.
    ///
    /// # Errors
    /// There is a problem that stops the work.
    pub fn usable(self) -> Result<(Layout, Vec<Problem>)> {
        match (self.verdict(), self.layout) {
            (Ok(()), Some(layout)) => Ok((layout, self.problems)),
            (Err(error), _) => Err(error.problems(self.problems)),
            (Ok(()), None) => Err(Error::invalid(format!("`{}` is no layout", self.name))),
        }
    }

    /// Whether the layout can be used, in one sentence.
    ///
    /// # Errors
    /// There is a problem that stops the work.
    pub fn verdict(&self) -> Result<()> {
        document::verdict(&self.name, &self.problems)
    }
}

/// Reads a layout with its variables.
///
/// # Errors
/// A file cannot be read at all. Whatever is wrong inside one is in [`Reading::problems`].
pub fn read(request: &Request) -> Result<Reading> {
    let (source, files) = open(request.file.as_deref())?;
    let lock = LockFile::beside(&source, &files);
    parse(source, files, lock, request)
}

/// The layout's text, and where its own files lie.
fn open(file: Option<&Path>) -> Result<(Source, Files)> {
    let default = Path::new("layouts").join(DEFAULT);
    let file = match file {
        Some(file) => file,
        None if default.exists() => &default,
        None => {
            let embedded = EMBEDDED.iter().find(|file| file.name == DEFAULT).map(EmbeddedFile::source);
            return Ok((embedded.unwrap_or_default(), Files::embedded()));
        }
    };
    if file.extension().is_some_and(|extension| extension == "lock") {
        return Err(Error::invalid(format!("`{}` has the name of a lock, not of a layout", file.display()))
            .hint("the lock of `NAME.toml` is `NAME.lock`: name the layout, or give it another name"));
    }
    let source = document::read_source(file, "a layout", "`vezaimg init` writes one to start from")?;
    let directory = file.parent().unwrap_or(Path::new("")).to_owned();
    Ok((source, Files::beside(directory)))
}

fn parse(source: Source, files: Files, lock: LockFile, request: &Request) -> Result<Reading> {
    let name = source.name.clone();
    let own = Path::new(&name).file_name().unwrap_or_default().to_string_lossy();
    files.note(&own, source.text.as_bytes());
    let mut problems = Vec::new();
    let Some(chain) = Chain::read(source, &files, &mut problems) else {
        return Ok(Reading { name, layout: None, problems, lock, files: files.into_digests() });
    };
    let texts = chain.texts();
    let laid_out = texts.laid_out();
    let root = extend::joined(&laid_out);
    let mut variables = match root.get("vars").map(toml::Spanned::get_ref) {
        Some(DeValue::Table(table)) => Variables::from_defaults(table, |span| texts.place(span), &mut problems),
        _ => Variables::default(),
    };
    chain.await_given(&mut variables, &mut problems);
    let inventory = request.inventory.as_deref().map(Inventory::read).transpose()?;
    for file in &request.vars {
        variables.read_file(file, &mut problems)?;
    }
    for argument in &request.set {
        variables.set(argument, &mut problems);
    }
    let hosts = inventory.as_ref().map(Inventory::hosts).unwrap_or_default();
    if let Some(inventory) = &inventory {
        variables.read_inventory(inventory, &hosts, &mut problems);
    }
    chain.give(&mut variables, &mut problems);
    variables.settle(&request.values);
    let templates = Templates::new(&variables).with_inventory(inventory.as_ref(), &hosts);
    let document = Document::with_templates(texts, move |text, place| templates.render(text, place));
    let mut layout = decode::layout(&document, &root, &files);
    problems.extend(document.into_problems());
    if let Some(layout) = &mut layout {
        layout.variables = variables.into_values();
        allowed_secrets::add(layout, &request.allow_secrets, &mut problems);
        problems.extend(validate::problems(layout));
        problems.extend(lint::problems(layout, None));
        let is_whole = problems.iter().all(|problem| problem.severity == Severity::Warning);
        problems.extend(secrets::problems(layout, is_whole));
    }
    problems.sort_by(|a, b| {
        let own = |problem: &Problem| problem.place.source.name == name;
        (own(a), &a.place.source.name, a.place.span.start).cmp(&(own(b), &b.place.source.name, b.place.span.start))
    });
    Ok(Reading { name, layout, problems, lock, files: files.into_digests() })
}
