use super::{HEADER, pem, subject};
use crate::base::debian::steps::tests::System;

/// Made by OpenSSL for `C=HU, O="  Veza   Főtanúsítvány ", OU=B + CN="A  Root"`; its `-subject_hash` is `85421cdf`.
const ODD: &str = include_str!("odd.crt");

#[test]
fn the_hash_of_a_subject_is_that_of_openssl() {
    let certificates = pem::certificates(ODD).unwrap();
    let hashes: Vec<_> = certificates.iter().map(|certificate| subject::hash(certificate)).collect();
    assert_eq!(hashes, [Some(0x85421cdf)]);
}

#[test]
fn certificates_are_bundled_listed_and_linked_to() {
    let bare = ODD.trim_end();
    let made = System::default()
        .package("ca-certificates")
        .content("/usr/share/ca-certificates/mozilla/A (one), two.crt", bare)
        .content("/usr/share/ca-certificates/veza/B.crt", ODD)
        .content("/usr/share/ca-certificates/veza/C.crt", &ODD.repeat(2))
        .run();
    assert_eq!(made.text("/etc/ssl/certs/ca-certificates.crt"), ODD.repeat(4));
    let list = "mozilla/A (one), two.crt\nveza/B.crt\nveza/C.crt\n";
    assert_eq!(made.text("/etc/ca-certificates.conf"), format!("{HEADER}{list}"));
    assert_eq!(
        made.listing("/etc/ssl/certs"),
        "0755 0:0 /etc/ssl/certs/\n\
         0777 0:0 /etc/ssl/certs/85421cdf.0 -> A_=one=__two.pem\n\
         0777 0:0 /etc/ssl/certs/A_=one=__two.pem -> /usr/share/ca-certificates/mozilla/A (one), two.crt\n\
         0777 0:0 /etc/ssl/certs/B.pem -> /usr/share/ca-certificates/veza/B.crt\n\
         0777 0:0 /etc/ssl/certs/C.pem -> /usr/share/ca-certificates/veza/C.crt\n\
         0644 0:0 /etc/ssl/certs/ca-certificates.crt\n"
    );
}

#[test]
fn what_is_no_certificate_is_refused() {
    let refused = |text: &str| {
        System::default().package("ca-certificates").content("/usr/share/ca-certificates/x.crt", text).refused()
    };
    let hint = "hint: the file comes from one of the packages: leave that package out, or report it to Debian";
    for text in ["", "-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n"] {
        assert_eq!(refused(text), format!("`/usr/share/ca-certificates/x.crt` is not PEM\n{hint}"));
    }
    let text = "-----BEGIN CERTIFICATE-----\nMIT/////\n-----END CERTIFICATE-----\n";
    assert_eq!(refused(text), format!("`/usr/share/ca-certificates/x.crt` is not an X.509 certificate\n{hint}"));
}

#[test]
fn no_piece_of_a_certificate_makes_a_hash_or_a_panic() {
    let [certificate] = &pem::certificates(ODD).unwrap()[..] else { panic!() };
    for length in 0..certificate.len() {
        assert_eq!(subject::hash(&certificate[..length]), None, "{length}");
    }
}
