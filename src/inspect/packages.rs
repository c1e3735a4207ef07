//! The Debian packages that are installed, by dpkg's list: `/var/lib/dpkg/status`, or as images without dpkg have it a
//! file a package in `status.d`.

use deb822_fast::borrowed::BorrowedParser;
use serde::Serialize;

use super::{Contents, texts};

/// A package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Such as `amd64`, or `all`.
    pub architecture: String,
    /// The source package that it was built from, with the version where that is another.
    pub source: Option<String>,
}

/// The installed packages by name. A paragraph that is none is passed over: the list is the image's own word.
pub(super) fn installed(contents: &Contents) -> Vec<Package> {
    let lists = texts::package_lists(&contents.tree);
    let texts: Vec<_> = lists.iter().filter_map(|path| contents.lossy_text(path)).collect();
    of_texts(texts.iter().map(AsRef::as_ref))
}

/// The installed packages of the lists with these texts, by name.
pub(crate) fn of_texts<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<Package> {
    let mut packages: Vec<_> = texts.flat_map(|text| text.split("\n\n")).filter_map(package).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

fn package(paragraph: &str) -> Option<Package> {
    let paragraphs = BorrowedParser::new(paragraph).parse_all().ok()?;
    let paragraph = paragraphs.into_iter().next()?;
    let field = |name: &str| paragraph.get_single(name).map(str::to_owned);
    // Lists of a file a package say nothing of a status.
    let is_gone =
        |status: &str| ["not-installed", "config-files", "half-installed"].iter().any(|it| status.ends_with(it));
    let is_installed = field("Status").is_none_or(|status| !is_gone(&status));
    is_installed.then_some(())?;
    Some(Package {
        name: field("Package")?,
        version: field("Version")?,
        architecture: field("Architecture")?,
        source: field("Source"),
    })
}
