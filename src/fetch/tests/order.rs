use std::fs;

use tempfile::TempDir;

use crate::fetch::{Address, AptSource, Mirrors, apt_sources};
use crate::image::Epoch;

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn source(suite: &str, uri: &str) -> AptSource {
    AptSource { suite: suite.to_owned(), uri: uri.to_owned() }
}

fn shown(mirrors: &Mirrors, suite: &str) -> Vec<String> {
    mirrors.of_suite(suite).iter().map(ToString::to_string).collect()
}

#[test]
fn mirrors_are_asked_in_the_order_of_who_names_them() {
    let mirrors = Mirrors::new(
        &strings(&["http://given/debian/", "bookworm-security=http://given/security"]),
        " http://one/debian,bookworm=file:///srv/debian\nhttp://user:secret@two/archive",
        vec![source("bookworm", "http://apt/debian/"), source("bookworm-security", "http://apt/debian-security")],
        &strings(&["https://layout/debian", "http://given/debian"]),
        "https://snapshots/archive",
        Epoch::parse_rfc3339("2026-11-20T00:12:41Z"),
    );
    let mirrors = mirrors.unwrap();
    assert_eq!(
        shown(&mirrors, "bookworm"),
        [
            "http://given/debian",
            "http://one/debian",
            "file:///srv/debian",
            "http://***@two/archive",
            "http://apt/debian",
            "https://layout/debian",
            "https://snapshots/archive/debian/20261120T001241Z",
            "https://snapshots/archive/debian/20261121T001241Z",
        ]
    );
    assert_eq!(
        shown(&mirrors, "bookworm-security"),
        [
            "http://given/debian-security",
            "http://given/security",
            "http://one/debian-security",
            "http://***@two/archive",
            "http://apt/debian-security",
            "https://layout/debian-security",
            "https://snapshots/archive/debian-security/20261120T001241Z",
            "https://snapshots/archive/debian-security/20261121T001241Z",
        ]
    );
}

#[test]
fn snapshots_can_be_switched_off() {
    let date = Epoch::parse_rfc3339("2026-11-20T00:12:41Z");
    let mirrors = Mirrors::new(&[], "", Vec::new(), &[], "", date).unwrap();
    assert_eq!(shown(&mirrors, "bookworm"), [""; 0]);
}

#[test]
fn what_is_no_address_of_a_mirror_is_told_without_its_credentials() {
    for (wrong, shown) in [
        ("ftp://host/debian", "ftp://host/debian"),
        ("host/debian", "host/debian"),
        ("", ""),
        ("http://", "http://"),
        ("http:///debian", "http:///debian"),
        ("http://host/debian?a=b", "http://host/debian?a=b"),
        ("http://us er:secret@host/debian", "http://***@host/debian"),
        ("http://user:se/cret@host:port/", "http://***@host:port/"),
        ("http://user:80/cret@host/", "http://***@host/"),
        ("http://host:port/", "http://host:port/"),
        ("http://host/\u{1b}[2J", "http://host/\\x1b[2J"),
        ("file://host/srv", "file://host/srv"),
        ("file:///srv/%00", "file:///srv/%00"),
        ("file:srv", "file:srv"),
    ] {
        let expected = format!(
            "`{shown}` is not the address of a mirror\nhint: such as `http://HOST/debian`, \
             `bookworm-security=https://HOST/debian-security` or `file:///srv/debian`"
        );
        assert_eq!(Address::parse(wrong).unwrap_err().to_string(), expected);
    }
}

#[test]
fn an_address_is_shown_without_its_credentials_alone() {
    for (text, shown) in [
        ("https://user:secret@host:8080/debian/", "https://***@host:8080/debian"),
        ("http://token@host/debian", "http://***@host/debian"),
        ("file:///srv/a@b", "file:///srv/a@b"),
        ("http://[::1]:80/debian", "http://[::1]:80/debian"),
        ("file:/srv/debian", "file:/srv/debian"),
    ] {
        assert_eq!(Address::parse(text).unwrap().to_string(), shown);
    }
}

#[test]
fn the_sources_of_apt_are_read_in_both_styles() {
    let root = TempDir::with_prefix("vezaimg-apt-").unwrap();
    let write = |name: &str, text: &str| {
        let path = root.path().join("etc/apt").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "sources.list",
        "# deb http://off/debian bookworm main\n\
         deb http://plain/debian bookworm main contrib # why\n\
         deb-src http://source/debian bookworm main\n\
         deb [ arch=amd64 signed-by=/usr/share/keyrings/a.gpg ] https://options/debian bookworm-security main\n\
         deb [trusted=yes]\thttp://tight/debian\tbookworm-updates\tmain\n\
         deb mirror+file:/etc/apt/mirrors.txt bookworm main\n\
         deb cdrom:[Debian]/ bookworm main\n\
         deb http://flat/debian ./\n\
         deb http://half\n\
         deb [unclosed http://never/debian bookworm\n",
    );
    write("sources.list.d/b.list", "deb file:/srv/debian bookworm main\n");
    write("sources.list.d/b.list.save", "deb http://saved/debian bookworm main\n");
    write("sources.list.d/with space.list", "deb http://ignored/debian bookworm main\n");
    write(
        "sources.list.d/a.sources",
        "Types: deb deb-src\n\
         # a comment inside\n\
         URIs: http://one/debian\n\
         \x20http://two/debian\n\
         Suites: bookworm bookworm-updates\n\
         Components: main\n\
         Signed-By:\n\
         \x20-----BEGIN PGP PUBLIC KEY BLOCK-----\n\
         \x20.\n\
         \x20abc\n\
         \n\
         enabled: no\n\
         Types: deb\n\
         URIs: http://off/debian\n\
         Suites: bookworm\n\
         \x20\n\
         Types: deb-src\n\
         URIs: http://source/debian\n\
         Suites: bookworm\n\
         \n\
         Types: deb\n\
         Uris: mirror+https://list/debian\n\
         Suites: bookworm\n",
    );
    write("sources.list.d/c.sources", "no deb822 at all\n");
    assert_eq!(
        apt_sources(root.path()),
        [
            source("bookworm", "http://plain/debian"),
            source("bookworm-security", "https://options/debian"),
            source("bookworm-updates", "http://tight/debian"),
            source("bookworm", "http://one/debian"),
            source("bookworm", "http://two/debian"),
            source("bookworm-updates", "http://one/debian"),
            source("bookworm-updates", "http://two/debian"),
            source("bookworm", "file:/srv/debian"),
        ]
    );
}

#[test]
fn a_machine_without_apt_has_no_sources() {
    assert_eq!(apt_sources(TempDir::with_prefix("vezaimg-apt-").unwrap().path()), []);
}
