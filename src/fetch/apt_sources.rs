//! The mirrors that the machine itself takes packages from, as apt's configuration names them: sources.list(5).
//!
//! What cannot be read is left out: it is apt's to complain about, and other mirrors follow.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use deb822_fast::Deb822;

/// The largest configuration file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Where apt takes a suite from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AptSource {
    /// The suite, such as `bookworm-security`.
    pub suite: String,
    /// The archive's address, as it stands there.
    pub uri: String,
}

/// The sources of binary packages that the system below `root` has enabled, in apt's own order.
pub fn apt_sources(root: &Path) -> Vec<AptSource> {
    let apt = root.join("etc/apt");
    let mut sources = read(&apt.join("sources.list")).map(|text| one_line(&text)).unwrap_or_default();
    let mut files: Vec<PathBuf> = fs::read_dir(apt.join("sources.list.d"))
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default();
    files.sort();
    for file in files.iter().filter(|file| is_considered(file)) {
        let Some(text) = read(file) else { continue };
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("list") => sources.extend(one_line(&text)),
            Some("sources") => sources.extend(deb822(&text)),
            _ => {}
        }
    }
    sources.retain(|source| is_archive(&source.uri) && !source.suite.ends_with('/'));
    sources
}

/// "file names … may only contain letters, digits, underscore, hyphen and period; otherwise … ignored".
fn is_considered(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    !name.starts_with('.') && name.bytes().all(fits)
}

/// The schemes that are an archive's own address, and neither a list of others (`mirror+file:`) nor a medium.
fn is_archive(uri: &str) -> bool {
    ["http:", "https:", "file:"].iter().any(|scheme| uri.starts_with(scheme))
}

fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = File::open(path).ok().filter(|file| file.metadata().is_ok_and(|metadata| metadata.is_file()))?;
    let length = file.take(LARGEST + 1).read_to_string(&mut text).ok()?;
    (length as u64 <= LARGEST).then_some(text)
}

/// `deb [ option=value … ] uri suite component …  # comment`
fn one_line(text: &str) -> Vec<AptSource> {
    let line = |line: &str| {
        let line = line.split('#').next().unwrap_or_default().trim();
        let rest = line.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t', '[']))?.trim_start();
        let rest = match rest.strip_prefix('[') {
            Some(options) => options.split_once(']')?.1,
            None => rest,
        };
        let mut words = rest.split_whitespace();
        Some(AptSource { uri: words.next()?.to_owned(), suite: words.next()?.to_owned() })
    };
    text.lines().filter_map(line).collect()
}

/// Paragraphs of `Types`, `URIs`, `Suites` and perhaps `Enabled`.
fn deb822(text: &str) -> Vec<AptSource> {
    // A line with nothing but blanks separates paragraphs here; lines of comment may stand anywhere.
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let text: String = lines.map(|line| format!("{}\n", line.trim_end())).collect();
    let Ok(paragraphs) = text.parse::<Deb822>() else { return Vec::new() };
    let mut sources = Vec::new();
    for paragraph in paragraphs.iter() {
        let field = |name: &str| {
            let (_, value) = paragraph.iter().find(|(field, _)| field.eq_ignore_ascii_case(name))?;
            Some(value.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        };
        let is_off = |values: Vec<String>| {
            let no = ["no", "false", "without", "off", "disable"];
            values.iter().any(|value| no.contains(&value.to_ascii_lowercase().as_str()))
        };
        if field("Enabled").is_some_and(is_off)
            || !field("Types").is_some_and(|types| types.iter().any(|it| it == "deb"))
        {
            continue;
        }
        for suite in field("Suites").unwrap_or_default() {
            let of = |uri| AptSource { suite: suite.clone(), uri };
            sources.extend(field("URIs").unwrap_or_default().into_iter().map(of));
        }
    }
    sources
}
