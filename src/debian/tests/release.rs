use crate::debian::{IndexFile, Release};
use crate::decompress::Compression;
use crate::error::Class;
use crate::image::Epoch;
use crate::rootfs::Digest;

const WHAT: &str = "the InRelease of `bookworm`";

/// As Debian's security suite writes it.
const TEXT: &str = "\
Origin: Debian
Suite: oldstable-security
Codename: bookworm-security
Date: Fri, 20 Nov 2026 00:12:41 UTC
Valid-Until: Fri, 27 Nov 2026 00:12:41 UTC
Acquire-By-Hash: yes
Architectures: all amd64 arm64
Components: updates/main updates/contrib
SHA256:
 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855        0 main/Contents-amd64
 1111111111111111111111111111111111111111111111111111111111111111       30 main/binary-amd64/Packages.gz
 2222222222222222222222222222222222222222222222222222222222222222       20 main/binary-amd64/Packages.xz
 3333333333333333333333333333333333333333333333333333333333333333       10 contrib/binary-amd64/Packages.gz
 4444444444444444444444444444444444444444444444444444444444444444       99 main/binary-arm64/Packages
";

fn parse(text: &str) -> Release {
    Release::parse(text, WHAT).unwrap()
}

fn epoch(text: &str) -> Epoch {
    Epoch::parse_rfc3339(text).unwrap()
}

#[test]
fn its_fields_are_read() {
    let release = parse(TEXT);
    assert_eq!(release.suite.as_deref(), Some("oldstable-security"));
    assert_eq!(release.codename, "bookworm-security");
    assert_eq!(release.date, epoch("2026-11-20T00:12:41Z"));
    assert_eq!(release.valid_until, Some(epoch("2026-11-27T00:12:41Z")));
    assert_eq!(release.architectures, ["all", "amd64", "arm64"]);
    assert_eq!(release.components, ["updates/main", "updates/contrib"]);
    assert!(release.by_hash);
}

#[test]
fn an_index_is_found_by_its_content_and_preferred_in_xz() {
    let index = parse(TEXT).packages_index("main", "amd64").unwrap();
    let expected = IndexFile {
        path: format!("main/binary-amd64/by-hash/SHA256/{}", "2".repeat(64)),
        compression: Compression::Xz,
        size: 20,
        sha256: Digest([0x22; 32]),
    };
    assert_eq!(index, expected);
}

#[test]
fn an_index_without_by_hash_is_found_by_its_name() {
    let index = parse(&TEXT.replace("Acquire-By-Hash: yes\n", "")).packages_index("contrib", "amd64").unwrap();
    let expected = IndexFile {
        path: "contrib/binary-amd64/Packages.gz".to_owned(),
        compression: Compression::Gzip,
        size: 10,
        sha256: Digest([0x33; 32]),
    };
    assert_eq!(index, expected);
}

#[test]
fn what_it_does_not_have_is_told_with_what_it_has() {
    let release = parse(TEXT);
    let refusal = |component, architecture| release.packages_index(component, architecture).unwrap_err().to_string();
    assert_eq!(
        refusal("non-free", "amd64"),
        "`bookworm-security` has no component `non-free`\nhint: it has `main`, `contrib`"
    );
    assert_eq!(
        refusal("main", "riscv64"),
        "`bookworm-security` has no architecture `riscv64`\nhint: it has `amd64`, `arm64`"
    );
    assert_eq!(
        refusal("main", "arm64"),
        "`bookworm-security` has neither `main/binary-arm64/Packages.xz` nor `main/binary-arm64/Packages.gz`"
    );
}

#[test]
fn it_holds_within_its_days() {
    let release = parse(TEXT);
    for now in ["2026-11-20T00:12:41Z", "2026-11-19T23:12:41Z", "2026-11-27T00:12:41Z"] {
        release.check("bookworm-security", epoch(now)).unwrap();
    }
    let forever = TEXT.replace("Valid-Until: Fri, 27 Nov 2026 00:12:41 UTC\n", "");
    parse(&forever).check("bookworm-security", epoch("2099-01-01T00:00:00Z")).unwrap();
}

#[test]
fn an_expired_one_tells_both_dates() {
    let error = parse(TEXT).check("bookworm-security", epoch("2026-11-27T00:12:42Z")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`bookworm-security` of 2026-11-20T00:12:41Z was valid until 2026-11-27T00:12:41Z, and it is \
         2026-11-27T00:12:42Z\n\
         hint: the mirror is behind, or stands still: try another one with `--mirror`\n\
         hint: or this machine's clock is ahead"
    );
    assert_eq!(error.class(), Class::Refused);
}

#[test]
fn one_of_the_future_is_refused() {
    let error = parse(TEXT).check("bookworm-security", epoch("2026-11-19T23:12:40Z")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`bookworm-security` was made at 2026-11-20T00:12:41Z, and it is only 2026-11-19T23:12:40Z\n\
         hint: this machine's clock is behind"
    );
}

#[test]
fn a_name_that_moves_is_answered_with_the_code_name() {
    for moving in ["oldstable-security", "stable-security", "testing"] {
        let error = parse(TEXT).check(moving, epoch("2026-11-21T00:00:00Z")).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "`{moving}` is `bookworm-security` today and another release later on\n\
                 hint: write the code name: `bookworm-security`"
            )
        );
    }
}

#[test]
fn another_suite_is_refused() {
    let error = parse(TEXT).check("trixie-security", epoch("2026-11-21T00:00:00Z")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "asked for the suite `trixie-security`, the mirror serves `bookworm-security`\n\
         hint: check the name of the release, or try another mirror with `--mirror`"
    );
}

#[test]
fn a_file_that_is_not_sound_is_refused() {
    for (part, instead, cause) in [
        ("Codename: bookworm-security\n", "", "it has no `Codename` of one line"),
        (
            "Date: Fri, 20 Nov 2026 00:12:41 UTC",
            "Date: 2026-11-20",
            "its `Date` is `2026-11-20`, which is no date in UTC",
        ),
        (
            "Date: Fri, 20 Nov 2026 00:12:41 UTC",
            "Date: Fri, 20 Nov 2026 00:12:41 CET",
            "its `Date` is `Fri, 20 Nov 2026 00:12:41 CET`, which is no date in UTC",
        ),
        ("SHA256:", "SHA512:", "it has no `SHA256`"),
        (
            "       30 main",
            "       -1 main",
            "its `SHA256` has the line `1111111111111111111111111111111111111111111111111111111111111111       -1 main/binary-amd64/Packages.gz`",
        ),
        (
            "       30 main",
            " 99999999999 main",
            "its `SHA256` has the line `1111111111111111111111111111111111111111111111111111111111111111 99999999999 main/binary-amd64/Packages.gz`",
        ),
        (
            "main/Contents",
            "../Contents",
            "its `SHA256` has the line `e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855        0 ../Contents-amd64`",
        ),
        ("contrib/binary", "main/binary", "its `SHA256` has `main/binary-amd64/Packages.gz` twice"),
        ("SHA256:", "\nSHA256:", "it is not one paragraph"),
    ] {
        let error = Release::parse(&TEXT.replace(part, instead), WHAT).unwrap_err();
        assert_eq!(error.to_string(), format!("the InRelease of `bookworm` is no sound Release file\ncause: {cause}"));
    }
}
