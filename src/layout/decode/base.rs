//! `[base]`: the Debian system underneath.

use crate::debian::{MOVING_NAMES, is_debian_name};
use crate::document::Section;
use crate::fetch;
use crate::layout::{DebianBase, Placed};

pub(super) fn debian_base(section: Section<'_>) -> Placed<DebianBase> {
    let place = section.place();
    let components = section.has("components").then(|| words(&section, "components", "component"));
    let packages = words(&section, "packages", "package");
    let without = words(&section, "without", "package");
    for name in without.iter().filter(|name| packages.iter().any(|package| package.value == name.value)) {
        let message = format!("`{}` stands in `packages` and in `without`", name.value);
        section.refuse::<()>(name.place.clone(), message, "take it out of one of them");
    }
    let base = DebianBase {
        debian: release(&section).unwrap_or_default(),
        components: components.map_or_else(|| vec!["main".to_owned()], values),
        packages: values(packages),
        without: values(without),
        exclude_paths: patterns(&section),
        mirrors: mirrors(&section),
    };
    section.finish();
    Placed { value: base, place }
}

fn values(texts: Vec<Placed<String>>) -> Vec<String> {
    texts.into_iter().map(|text| text.value).collect()
}

fn release(section: &Section<'_>) -> Option<String> {
    let name = section.required_text("debian", "\"bookworm\"")?;
    let place = name.place;
    if MOVING_NAMES.contains(&name.value.as_str()) {
        let message = format!("`{}` is another release from time to time", name.value);
        return section.refuse(place, message, "write the release's code name, such as \"bookworm\"");
    }
    if name.value.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Some(name.value);
    }
    let message = format!("`{}` is not the code name of a release", name.value);
    section.refuse(place, message, "such as \"bookworm\"; its security updates come with it")
}

/// Names as Debian's policy has them: of packages (5.6.7), and of components.
fn words(section: &Section<'_>, key: &'static str, what: &str) -> Vec<Placed<String>> {
    let mut sound: Vec<Placed<String>> = Vec::new();
    for name in section.texts(key) {
        let text = &name.value;
        let place = name.place.clone();
        if !is_debian_name(text) {
            let hint = "names are made of a-z, 0-9, `+`, `-` and `.`, without a version or an architecture";
            section.refuse::<()>(place, format!("`{text}` is not the name of a {what}"), hint);
        } else if sound.iter().any(|before| before.value == *text) {
            section.refuse::<()>(place, format!("`{text}` stands twice in `{key}`"), "take one of them out");
        } else {
            sound.push(name);
        }
    }
    sound
}

fn patterns(section: &Section<'_>) -> Vec<String> {
    let sound = |pattern: &Placed<String>| {
        let text = &pattern.value;
        let absolute = text.strip_prefix('!').unwrap_or(text).starts_with('/');
        if !absolute {
            let hint = "such as \"/usr/share/doc/*\"; a `!` before it keeps what an earlier one leaves out";
            let message = format!("`{text}` is not a pattern of absolute paths");
            section.refuse::<()>(pattern.place.clone(), message, hint);
        } else if text.contains("[:") {
            let message = format!("`{text}` names a class of characters, which is not read");
            section.refuse::<()>(pattern.place.clone(), message, "write the characters out, such as `[0-9]`");
        }
        absolute
    };
    section.texts("exclude-paths").into_iter().filter(sound).map(|pattern| pattern.value).collect()
}

fn mirrors(section: &Section<'_>) -> Vec<String> {
    let sound = |mirror: &Placed<String>| {
        let known = fetch::is_mirror(&mirror.value);
        if !known {
            let message = format!("`{}` is not the address of a mirror", mirror.value);
            let hint = "such as \"https://mirror.example/debian\", or \"bookworm-security=https://…\" for one suite";
            section.refuse::<()>(mirror.place.clone(), message, hint);
        }
        known
    };
    section.texts("mirrors").into_iter().filter(sound).map(|mirror| mirror.value).collect()
}
