//! Images: by name, and brought in once.

use std::cell::RefCell;
use std::os::unix::fs::FileExt;

use sha2::{Digest, Sha256};
use vezaimg::error::Class;
use vezaimg::incus::{Client, Fingerprint, InstanceKind, Kind};
use vezaimg::interrupt::Interrupt;

use super::{client, import, kind, small_image};
use crate::support::Lab;

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn an_import_uploads_once_and_the_image_is_found_by_any_of_its_names() {
    let (client, lab) = (client(), Lab::shared());
    let (bytes, alias) = (small_image("import twice"), lab.unique("an/alias with spaces"));

    let first = import(&client, &bytes, Some(&alias)).unwrap();
    let second = import(&client, &bytes, Some(&alias)).unwrap();

    assert_eq!(first.fingerprint.as_str(), sha256(&bytes));
    assert_eq!((first.uploaded, second.uploaded), (true, false));
    assert_eq!(first.fingerprint, second.fingerprint);
    let image = client.image(first.fingerprint.as_str()).unwrap().unwrap();
    assert_eq!(image.aliases, [alias.as_str()]);
    assert_eq!((image.architecture.as_str(), image.kind), ("x86_64", InstanceKind::Container));
    assert_eq!((image.size, image.cached, image.public), (bytes.len() as u64, false, false));
    assert_eq!(image.properties["release"], "import twice");
    assert_eq!(image.created_at.as_second(), 1_746_057_600);
    assert!(image.uploaded_at.as_second() >= client.now().unwrap().as_second() - 60);
    assert_eq!(image.last_used_at, None);
    assert_eq!(client.image(first.fingerprint.short()).unwrap().as_ref(), Some(&image));
    assert_eq!(client.image(&alias).unwrap().as_ref(), Some(&image));
    assert_eq!(client.image(&first.fingerprint.as_str()[..11]).unwrap(), None);
    assert!(client.images().unwrap().contains(&image));

    client.delete_image(&image.fingerprint).unwrap();
    assert_eq!(client.image(image.fingerprint.as_str()).unwrap(), None);
    assert_eq!(kind(client.delete_image(&image.fingerprint)), Kind::NotFound);
}

#[test]
fn an_alias_goes_over_to_the_image_that_is_imported_under_it() {
    let (client, alias) = (client(), Lab::shared().unique("moves"));
    let old = import(&client, &small_image("moves: old"), Some(&alias)).unwrap().fingerprint;
    let new = import(&client, &small_image("moves: new"), Some(&alias)).unwrap().fingerprint;

    assert_eq!(client.image(&alias).unwrap().unwrap().fingerprint, new);
    assert_eq!(client.image(old.as_str()).unwrap().unwrap().aliases, [""; 0]);
}

#[test]
fn a_reference_to_nothing_is_nothing_whatever_it_holds() {
    let client = client();
    for reference in ["", "nothing", "../instances", "a?b#c%", "0123456789ab", &"0".repeat(64)] {
        assert_eq!(client.image(reference).unwrap(), None, "{reference}");
    }
}

#[test]
fn what_is_no_image_is_refused_with_the_reason_that_incus_gives() {
    let client = client();
    let mut broken = small_image("broken");
    broken.truncate(700);
    for (bytes, reason) in [(b"no image at all".as_slice(), "Unsupported compression"), (&broken, "")] {
        let error = import(&client, bytes, None).unwrap_err();
        assert_eq!(error.class(), Class::Failed);
        assert!(error.message().starts_with("Incus cannot import `/"), "{error}");
        assert!(error.causes().iter().any(|cause| cause.contains(reason)), "{error}");
        assert_eq!(client.image(&sha256(bytes)).unwrap(), None);
    }
}

#[test]
fn a_large_image_goes_up_in_pieces_that_are_told() {
    let client = client();
    let file = tempfile::NamedTempFile::new().unwrap();
    let size = 64 << 20;
    file.as_file().set_len(size).unwrap();
    file.as_file().write_all_at(&small_image("large"), 0).unwrap();
    let told = RefCell::new(Vec::new());

    let imported =
        client.import(file.path(), None, None, &|done, _| told.borrow_mut().push(done), &Interrupt::default());

    assert!(imported.unwrap().uploaded);
    let told = told.into_inner();
    assert!(told.len() > 100 && told.is_sorted() && told.last() == Some(&size), "{}", told.len());
}

#[test]
fn an_upload_that_incus_does_not_want_ends_in_its_reason_and_no_broken_pipe() {
    // A project that may hold 1 MB at most says no before it has read anything.
    let (lab, project) = (Lab::shared(), Lab::shared().unique("full"));
    lab.incus(&["project", "create", &project, "-c", "features.images=true", "-c", "limits.disk=1MB"]);
    let client = Client::at(&lab.directory().join("unix.socket"), Some(&project)).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(256 << 20).unwrap();

    let error = client.import(file.path(), None, None, &|_, _| {}, &Interrupt::default()).unwrap_err();

    assert!(error.to_string().contains("quota") || error.to_string().contains("limit"), "{error}");
}

/// Whoever looked at it looked at other bytes.
#[test]
fn a_file_that_is_another_than_expected_is_not_sent() {
    let client = client();
    let (file, other) = (tempfile::NamedTempFile::new().unwrap(), sha256(b"other"));
    let bytes = small_image("swapped");
    file.as_file().write_all_at(&bytes, 0).unwrap();

    let expected = Fingerprint::parse(&other).unwrap();
    let error = client.import(file.path(), Some(&expected), None, &|_, _| {}, &Interrupt::default()).unwrap_err();

    assert_eq!(error.message(), format!("`{}` has changed since it was looked at", file.path().display()));
    assert_eq!(error.causes(), [format!("it was {}, and is {}", &other[..12], &sha256(&bytes)[..12])]);
    assert_eq!(client.image(&sha256(&bytes)).unwrap(), None);
}

#[test]
fn a_file_that_is_none_and_an_alias_that_is_none_are_invalid() {
    let client = client();
    let import = |path: &str, alias| client.import(path.as_ref(), None, alias, &|_, _| {}, &Interrupt::default());
    for (path, alias, message) in [
        ("/nowhere", None, "cannot read the image `/nowhere`"),
        ("/dev/null", None, "cannot read the image `/dev/null`"),
        ("/", None, "cannot read the image `/`"),
        ("/nowhere", Some("a\nb"), "`a\\x0ab` is no alias of an image"),
        ("/nowhere", Some(""), "`` is no alias of an image"),
    ] {
        let error = import(path, alias).unwrap_err();
        assert_eq!((error.class(), error.message()), (Class::Invalid, message));
    }
}
