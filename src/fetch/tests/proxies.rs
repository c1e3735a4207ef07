use std::sync::{Arc, Mutex};

use super::server::{Reply, Server};
use super::{Bench, wanted};
use crate::fetch::fetcher::{Fetcher, Network};
use crate::fetch::proxy::Proxies;

/// The proxies of an environment.
fn proxies(variables: &[(&str, &str)]) -> crate::Result<Proxies> {
    let value = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Proxies::new(value)
}

fn through<'a>(bench: &'a Bench, mirror: &str, variables: &[(&str, &str)]) -> Fetcher<'a> {
    let fetcher = bench.fetcher(&[mirror]);
    let network = fetcher.network.map(|network| Network { proxies: proxies(variables).unwrap(), ..network });
    Fetcher { network, ..fetcher }
}

#[test]
fn a_plain_mirror_is_asked_for_by_its_whole_address() {
    let credentials = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&credentials);
    let proxy = Server::new(move |request| {
        let is_credential = |line: &&String| line.to_ascii_lowercase().contains("authorization:");
        let mut lines: Vec<_> = request.head.iter().filter(is_credential).cloned().collect();
        lines.sort();
        seen.lock().unwrap().push(lines);
        Reply::ok(if request.path.ends_with("a.deb") { b"aa" } else { b"b" })
    });
    let bench = Bench::new();
    let url = proxy.url.replace("http://", "http://me:pass%20word@");
    let fetcher = through(&bench, "http://you:secret@mirror.invalid:8080/debian", &[("http_proxy", &url)]);
    fetcher.fetch(&[wanted("a", b"aa")]).unwrap();
    fetcher.fetch(&[wanted("b", b"b")]).unwrap();
    let base = "http://mirror.invalid:8080/debian/pool";
    assert_eq!(proxy.asked(), [format!("{base}/a.deb"), format!("{base}/b.deb")]);
    let both = ["Proxy-Authorization: Basic bWU6cGFzcyB3b3Jk", "authorization: Basic eW91OnNlY3JldA=="];
    assert_eq!(*credentials.lock().unwrap(), [both, both]);
}

#[test]
fn a_mirror_behind_tls_is_tunnelled_to() {
    let proxy = Server::new(|_| Reply::status("403 Forbidden"));
    let bench = Bench::new();
    let fetcher = through(&bench, "https://mirror.invalid/debian", &[("HTTPS_PROXY", &proxy.url)]);
    let error = fetcher.fetch(&[wanted("a", b"a")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file cannot be fetched\n\
         cause: `a 1.0` (pool/a.deb): `https://mirror.invalid/debian`: through the proxy: 403\n\
         hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`"
    );
    assert_eq!(proxy.asked(), ["mirror.invalid:443"]);
}

#[test]
fn a_proxy_that_cannot_be_reached_is_named_as_what_is_wrong() {
    let bench = Bench::new();
    let proxy = super::downloads::nobody();
    for mirror in ["http://mirror.invalid/debian", "https://mirror.invalid/debian"] {
        let error = through(&bench, mirror, &[("all_proxy", &proxy)]).fetch(&[wanted("a", b"a")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the file cannot be fetched\n\
                 cause: `a 1.0` (pool/a.deb): `{mirror}`: through the proxy: connection refused\n\
                 hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`"
            )
        );
    }
}

#[test]
fn what_needs_no_proxy_is_asked_directly() {
    let mirror = Server::new(|_| Reply::ok(b"a"));
    let proxy = Server::new(|_| Reply::status("502 Bad Gateway"));
    let bench = Bench::new();
    let variables = [("all_proxy", proxy.url.as_str()), ("no_proxy", "localhost, 127.0.0.1")];
    through(&bench, &mirror.url, &variables).fetch(&[wanted("a", b"a")]).unwrap();
    assert_eq!((mirror.asked(), proxy.asked()), (vec!["/pool/a.deb".to_owned()], Vec::new()));
}

#[test]
fn a_proxy_that_is_none_is_told_without_its_password() {
    let error = proxies(&[("https_proxy", "gopher://me:secret@host:70")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the environment's `https_proxy` is not the address of a proxy\n\
         hint: such as `https_proxy=http://HOST:3128`, or unset it"
    );
}

#[test]
fn an_empty_variable_names_no_proxy() {
    let none = proxies(&[("http_proxy", ""), ("HTTPS_PROXY", " ")]).unwrap();
    assert!(none.http.is_none() && none.https.is_none());
}
