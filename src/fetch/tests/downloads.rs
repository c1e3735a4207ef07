use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::server::{Reply, Server};
use super::{Bench, wanted};
use crate::fetch::fetcher::Fetcher;
use crate::ui::Event;

pub(super) const CONTENT: &[u8] = b"the content of a package";

/// An address at which nobody listens.
pub(super) fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// The error of fetching one file from one such mirror, whose address is `MIRROR` in it.
fn error_from(reply: impl Fn(&super::server::Request) -> Reply + Send + Sync + 'static) -> String {
    let (bench, server) = (Bench::new(), Server::new(reply));
    let error = bench.fetcher(&[&server.url]).fetch(&[wanted("a", CONTENT)]).unwrap_err();
    server.named("MIRROR", &error.to_string())
}

/// The error of one file and one mirror for this reason.
pub(super) fn because(reason: &str) -> String {
    format!(
        "the file cannot be fetched\n\
         cause: `a 1.0` (pool/a.deb): `MIRROR`: {reason}\n\
         hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`"
    )
}

#[test]
fn what_is_missing_is_fetched_the_largest_first_and_what_is_there_is_not() {
    let contents: Vec<Vec<u8>> = (1..=20).map(|size| vec![b'x'; size * 1000]).collect();
    let served = contents.clone();
    let server = Server::new(move |request| {
        let name = request.path.trim_start_matches("/debian/pool/").trim_end_matches(".deb");
        Reply::ok(&served[name.parse::<usize>().unwrap()])
    });
    let bench = Bench::new();
    let mut staged = bench.store.stage().unwrap();
    staged.write_all(&contents[3]).unwrap();
    bench.store.keep(staged).unwrap();
    let all: Vec<_> = contents.iter().enumerate().map(|(at, content)| wanted(&at.to_string(), content)).collect();
    let fetcher = bench.fetcher(&[&format!("{}/debian/", server.url)]);
    let missing: Vec<_> = fetcher.look(&all).unwrap().1.iter().map(|wanted| wanted.size / 1000).collect();
    assert_eq!(missing, [20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 3, 2, 1]);
    fetcher.fetch(&all).unwrap();
    fetcher.fetch(&all).unwrap();
    assert!(contents.iter().all(|content| bench.has(content)));
    assert_eq!(server.asked().len(), 19);
    assert_eq!(bench.told.stages_and_notes(), ["fetching 19 files, 206.0 kB"]);
    let last = bench.told.0.borrow().last().cloned();
    assert_eq!(last, Some(Event::Progress { done: 206_000, total: Some(206_000) }));
}

#[test]
fn a_corrupt_object_is_fetched_again() {
    let (bench, server) = (Bench::new(), Server::new(|_| Reply::ok(CONTENT)));
    let all = [wanted("a", CONTENT)];
    bench.fetcher(&[&server.url]).fetch(&all).unwrap();
    let objects = walkdir::WalkDir::new(bench.store.directory().join("objects"));
    let object = objects.into_iter().map(Result::unwrap).find(|entry| entry.file_type().is_file()).unwrap();
    fs::remove_file(object.path()).unwrap();
    fs::write(object.path(), "the content of a packagf").unwrap();
    bench.fetcher(&[&server.url]).fetch(&all).unwrap();
    assert!(bench.has(CONTENT));
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn a_mirror_that_fails_leads_to_the_next_and_is_told_once() {
    let good = Server::new(|_| Reply::ok(CONTENT));
    let bad = Server::new(|_| Reply::status("404 Not Found"));
    let bench = Bench::new();
    bench.fetcher(&[&bad.url, &good.url]).fetch(&[wanted("a", CONTENT)]).unwrap();
    assert!(bench.has(CONTENT));
    assert_eq!(
        bench.told.stages_and_notes().iter().map(|text| bad.named("BAD", text)).collect::<Vec<_>>(),
        ["fetching one file, 24 B", "the mirror `BAD` did not give one file: 404 Not Found"]
    );
}

#[test]
fn a_mirror_that_cannot_be_reached_is_asked_no_more() {
    let contents: Vec<Vec<u8>> = (1..=90).map(|size| vec![b'x'; size]).collect();
    let served = contents.clone();
    let server = Server::new(move |request| {
        let name = request.path.trim_start_matches("/pool/").trim_end_matches(".deb");
        Reply::ok(&served[name.parse::<usize>().unwrap()])
    });
    let (bench, nobody) = (Bench::new(), nobody());
    let all: Vec<_> = contents.iter().enumerate().map(|(at, content)| wanted(&at.to_string(), content)).collect();
    bench.fetcher(&[&nobody, &server.url]).fetch(&all).unwrap();
    assert_eq!(
        bench.told.stages_and_notes(),
        ["fetching 90 files, 4.0 kB".to_owned(), format!("the mirror `{nobody}` was left out: connection refused")]
    );
}

#[test]
fn every_file_that_cannot_be_had_is_told_with_every_reason() {
    let html = Server::new(|_| {
        Reply::Whole("200 OK", vec!["Content-Type: text/html".to_owned()], b"<html>log in</html>".to_vec())
    });
    let one = Server::new(|request| match request.path.as_str() {
        "/pool/b.deb" => Reply::ok(b"bbb"),
        _ => Reply::status("404 Not Found"),
    });
    let bench = Bench::new();
    let all = [wanted("c", b"cc"), wanted("b", b"bbb"), wanted("a", b"a")];
    let error = bench.fetcher(&[&html.url, &one.url, "bullseye=http://elsewhere.invalid"]).fetch(&all).unwrap_err();
    assert_eq!(
        one.named("ONE", &html.named("HTML", &error.to_string())),
        "2 of 3 files cannot be fetched\n\
         cause: `a 1.0` (pool/a.deb): `HTML`: sends 19 bytes (text/html) instead of 1; `ONE`: 404 Not Found\n\
         cause: `c 1.0` (pool/c.deb): `HTML`: sends 19 bytes (text/html) instead of 2; `ONE`: 404 Not Found\n\
         hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`"
    );
    assert!(bench.has(b"bbb"));
}

#[test]
fn a_file_that_is_not_there_is_told() {
    assert_eq!(error_from(|_| Reply::status("404 Not Found")), because("404 Not Found"));
}

#[test]
fn other_bytes_of_the_same_size_are_told_and_dropped() {
    let reply = |_: &super::server::Request| Reply::ok(&[b'x'; 24]);
    assert_eq!(error_from(reply), because("sends other content (application/octet-stream) of the same size"));
}

#[test]
fn a_body_longer_than_the_file_is_given_up_at_once() {
    let endless = |_: &super::server::Request| {
        let chunk = [&b"ffff\r\n"[..], &[b'x'; 0xffff], b"\r\n"].concat();
        Reply::Truncated("200 OK", vec!["Transfer-Encoding: chunked".to_owned()], chunk.repeat(4), chunk.len() * 3)
    };
    assert_eq!(error_from(endless), because("sends more (no content type) than 24 bytes"));
}

#[test]
fn a_mirror_that_redirects_for_ever_is_given_up() {
    let reply =
        |_: &super::server::Request| Reply::Whole("302 Found", vec!["Location: /pool/a.deb".to_owned()], Vec::new());
    assert_eq!(error_from(reply), because("redirects more than 5 times"));
}

#[test]
fn a_redirect_is_followed() {
    let server = Server::new(|request| match request.path.as_str() {
        "/there" => Reply::ok(CONTENT),
        _ => Reply::Whole("302 Found", vec!["Location: /there".to_owned()], Vec::new()),
    });
    let bench = Bench::new();
    bench.fetcher(&[&server.url]).fetch(&[wanted("a", CONTENT)]).unwrap();
    assert_eq!(server.asked(), ["/pool/a.deb", "/there"]);
}

#[test]
fn a_mirror_that_stalls_is_given_up() {
    let server = Server::new(|_| Reply::Stalled("200 OK", Vec::new(), CONTENT.to_vec(), 0));
    let error = Bench::new().impatient(&[&server.url]).fetch(&[wanted("a", CONTENT)]).unwrap_err();
    assert_eq!(server.named("MIRROR", &error.to_string()), because("nothing came for 0.5 s after 0 of 24 bytes"));
}

/// 24 bytes that take a fifth of a second, for somebody who has no patience at all.
#[test]
fn a_mirror_that_crawls_is_given_up() {
    let crawling = Server::new(|_| {
        std::thread::sleep(std::time::Duration::from_millis(200));
        Reply::ok(CONTENT)
    });
    let bench = Bench::new();
    let mut fetcher = bench.fetcher(&[&crawling.url]);
    fetcher.network.as_mut().unwrap().limits.crawl = std::time::Duration::ZERO;
    let error = fetcher.fetch(&[wanted("a", CONTENT)]).unwrap_err();
    let reason = "slower than 5 kB a second after 0 of 24 bytes";
    assert_eq!(crawling.named("MIRROR", &error.to_string()), because(reason));
    assert!(!bench.has(CONTENT));
}

#[test]
fn a_mirror_that_stalls_leads_to_the_next() {
    let first = Server::new(|_| Reply::Stalled("200 OK", Vec::new(), CONTENT.to_vec(), 7));
    let second = Server::new(|request| Reply::ranged(request, CONTENT));
    let bench = Bench::new();
    bench.impatient(&[&first.url, &second.url]).fetch(&[wanted("a", CONTENT)]).unwrap();
    assert!(bench.has(CONTENT));
    assert_eq!(second.asked(), ["/pool/a.deb from 7"]);
}

#[test]
fn a_mirror_that_is_overloaded_is_asked_again() {
    let times = AtomicUsize::new(0);
    let server = Server::new(move |_| match times.fetch_add(1, Ordering::Relaxed) {
        0 | 1 => Reply::status("503 Service Unavailable"),
        _ => Reply::ok(CONTENT),
    });
    let bench = Bench::new();
    bench.fetcher(&[&server.url]).fetch(&[wanted("a", CONTENT)]).unwrap();
    assert_eq!(server.asked().len(), 3);
    assert_eq!(bench.told.stages_and_notes(), ["fetching one file, 24 B"]);
}

/// Not even the mirror is waited for, whose patience is a minute.
#[test]
fn a_request_to_stop_ends_what_is_under_way_and_keeps_what_came() {
    let bench = Bench::new();
    let interrupt = bench.interrupt.clone();
    let server = Server::new(move |_| {
        interrupt.request();
        Reply::Stalled("200 OK", Vec::new(), CONTENT.to_vec(), 7)
    });
    let fetcher = bench.fetcher(&[&server.url]);
    let error = fetcher.fetch(&[wanted("a", CONTENT)]).unwrap_err();
    assert_eq!(
        (error.to_string(), error.class() as u8),
        ("interrupted; what was fetched is kept, and the same command goes on from there".to_owned(), 5)
    );
    let asked = fetcher.document("bookworm", "InRelease", 100, &|_| Ok(())).unwrap_err();
    assert_eq!(asked.class() as u8, 5);
}

#[test]
fn no_network_is_told_of_every_mirror() {
    let (bench, nobody) = (Bench::new(), nobody());
    let error = bench.fetcher(&[&nobody, "http://nowhere.invalid/debian"]).fetch(&[wanted("a", CONTENT)]).unwrap_err();
    assert_eq!(
        error.to_string().replace(&nobody, "MIRROR"),
        because("connection refused; `http://nowhere.invalid/debian`: the name of the host cannot be resolved")
    );
}

#[test]
fn no_mirror_at_all_is_told() {
    let error = Bench::new().fetcher(&["bullseye=file:///srv"]).fetch(&[wanted("a", CONTENT)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file cannot be fetched\n\
         cause: `a 1.0` (pool/a.deb): no mirror is known for `bookworm`\n\
         hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`"
    );
}

#[test]
fn a_directory_of_this_machine_is_a_mirror() {
    let bench = Bench::new();
    let mirror = tempfile::TempDir::with_prefix("vezaimg mirror ").unwrap();
    fs::create_dir(mirror.path().join("pool")).unwrap();
    fs::write(mirror.path().join("pool/a.deb"), CONTENT).unwrap();
    let url = format!("file://{}", mirror.path().display()).replace(' ', "%20");
    let fetched = bench.fetcher(&[&url]).fetch(&[wanted("a", CONTENT), wanted("b", b"b")]);
    assert!(bench.has(CONTENT));
    assert_eq!(
        fetched.unwrap_err().to_string().replace(&url, "MIRROR"),
        "one of 2 files cannot be fetched\n\
         cause: `b 1.0` (pool/b.deb): `MIRROR`: No such file or directory (os error 2)\n\
         hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`"
    );
}

#[test]
fn credentials_are_sent_and_never_shown() {
    let server = Server::new(|request| {
        let sent = request.head.iter().any(|line| line.eq_ignore_ascii_case("authorization: Basic dXNlcjpzZWNyZXQ="));
        if sent { Reply::status("403 Forbidden") } else { Reply::status("401 Unauthorized") }
    });
    let bench = Bench::new();
    let url = server.url.replace("http://", "http://user:secret@");
    let error = bench.fetcher(&[&url]).fetch(&[wanted("a", CONTENT)]).unwrap_err();
    let shown = server.url.replace("http://", "http://***@");
    assert_eq!(error.to_string().replace(&shown, "MIRROR"), because("403 Forbidden"));
}

#[test]
fn offline_every_missing_file_is_told_at_once() {
    let bench = Bench::new();
    let mut staged = bench.store.stage().unwrap();
    staged.write_all(CONTENT).unwrap();
    bench.store.keep(staged).unwrap();
    let fetcher = Fetcher::offline(&bench.store, &bench.interrupt, &bench.told);
    fetcher.fetch(&[wanted("there", CONTENT)]).unwrap();
    let error = fetcher.fetch(&[wanted("b", b"bb"), wanted("there", CONTENT), wanted("a", b"a")]).unwrap_err();
    assert_eq!(
        error.to_string().replace(&bench.store.directory().display().to_string(), "STORE"),
        "2 of 3 files are not in the store `STORE`\n\
         cause: `a 1.0`: `a.deb`, 1 B\n\
         cause: `b 1.0`: `b.deb`, 2 B\n\
         hint: run it once without `--offline`, or name a store that has them: `VEZAIMG_CACHE=DIR`"
    );
}

#[test]
fn two_that_want_the_same_at_once_fetch_it_once() {
    let asked = std::sync::Arc::new(AtomicUsize::new(0));
    let counter = std::sync::Arc::clone(&asked);
    let content = vec![b'x'; 1 << 20];
    let served = content.clone();
    let server = Server::new(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(std::time::Duration::from_millis(100));
        Reply::ok(&served)
    });
    let bench = Bench::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let other = Bench::new();
                let store = crate::store::Store::at(bench.store.directory()).unwrap();
                let fetcher = other.fetcher(&[&server.url]);
                Fetcher { store: &store, ..fetcher }.fetch(&[wanted("a", &content)]).unwrap();
            });
        }
    });
    assert!(bench.has(&content));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

/// On a file system of its own, in a process of its own: this same test, which then finds the store's place named.
#[test]
fn a_full_disk_is_told_with_the_way_out() {
    const STORE: &str = "VEZAIMG_TEST_FULL_STORE";
    if let Ok(place) = std::env::var(STORE) {
        let content = vec![b'x'; 4 << 20];
        let served = content.clone();
        let server = Server::new(move |_| Reply::ok(&served));
        let bench = Bench::new();
        let store = crate::store::Store::at(place.as_ref()).unwrap();
        let fetcher = Fetcher { store: &store, ..bench.fetcher(&[&server.url]) };
        assert_eq!(
            fetcher.fetch(&[wanted("a", &content)]).unwrap_err().to_string().replace(&place, "STORE"),
            "cannot write into the store `STORE`\n\
             cause: No space left on device (os error 28)\n\
             hint: make room: `vezaimg cache prune --all`, or name another directory: `VEZAIMG_CACHE=DIR`"
        );
        return;
    }
    let place = tempfile::TempDir::with_prefix("vezaimg-full-").unwrap();
    let script = format!("mount -t tmpfs -o size=1m,mode=700 none \"${STORE}\" && exec \"$0\" \"$@\"");
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", "fetch::tests::downloads::a_full_disk_is_told_with_the_way_out"]);
    let output = command.env(STORE, place.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
