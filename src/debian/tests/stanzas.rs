//! Indices made up for a test.

use crate::debian::Index;

/// The text of an index with a paragraph for each of `packages`: `name version`, then further fields behind semicolons.
pub(super) fn packages(packages: &[&str]) -> String {
    let paragraph = |package: &&str| {
        let mut fields = package.split("; ");
        let (name, version) = fields.next().unwrap().split_once(' ').unwrap();
        let more: String = fields.map(|field| format!("{field}\n")).collect();
        let architecture = if more.contains("Architecture:") { "" } else { "Architecture: amd64\n" };
        format!(
            "Package: {name}\nVersion: {version}\n{architecture}{more}\
             Filename: pool/{name}.deb\nSize: 1\nSHA256: {}\n\n",
            "5".repeat(64)
        )
    };
    packages.iter().map(paragraph).collect()
}

/// An index for amd64 of one suite, `bookworm`.
pub(super) fn index(described: &[&str]) -> Index {
    let mut index = Index::new("amd64");
    index.read("bookworm", packages(described).as_bytes()).unwrap();
    index
}
