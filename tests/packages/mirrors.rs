//! Mirrors: which are asked, in which order, and what they may do wrong. How long a silent one is waited for is held by
//! the fetcher's own tests, for it takes twenty seconds here.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use snapbox::{IntoData, str};

use super::Bench;
use crate::support::debian::Deb;
use crate::support::server::{Reply, Server};
use crate::support::workspace::{Outcome, outcome};

/// A build from this mirror alone, which cannot do.
fn refuses(mirror: &Server, expected: impl IntoData) {
    let bench = Bench::new(vec![Deb::system()]);
    let refused = bench.build(&["--mirror", &mirror.url]);
    snapbox::assert_data_eq!(mirror.named("http://MIRROR", &refused.stderr), expected.raw());
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(1)));
    assert_eq!(bench.workspace.out(), [""; 0]);
    // Nothing that a mirror served wrongly is kept.
    assert_eq!(bench.objects(), (Vec::new(), Vec::new()));
}

fn html(body: &str) -> Reply {
    Reply::Whole("200 OK", vec!["Content-Type: text/html".to_owned()], body.as_bytes().to_vec())
}

#[test]
fn a_mirror_without_the_package_is_told() {
    refuses(
        &Server::new(|_| Reply::status("404 Not Found")),
        str![[r#"
fetching one file, 14.5 kB
error: the file cannot be fetched
  cause: `system 1.0` (pool/system_1.0_all.deb): `http://MIRROR`: 404 Not Found
  hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`

"#]],
    );
}

#[test]
fn a_mirror_that_serves_a_page_is_told() {
    refuses(
        &Server::new(|_| html("<!DOCTYPE html><title>Please sign in</title>")),
        str![[r#"
fetching one file, 14.5 kB
error: the file cannot be fetched
  cause: `system 1.0` (pool/system_1.0_all.deb): `http://MIRROR`: sends 44 bytes (text/html) instead of 14576
  hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`

"#]],
    );
}

#[test]
fn a_mirror_that_serves_other_bytes_of_the_same_size_is_told() {
    let mut bytes = Deb::system().bytes();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    refuses(
        &Server::new(move |_| Reply::ok(&bytes)),
        str![[r#"
fetching one file, 14.5 kB
error: the file cannot be fetched
  cause: `system 1.0` (pool/system_1.0_all.deb): `http://MIRROR`: sends other content (application/octet-stream) of the same size
  hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`

"#]],
    );
}

#[test]
fn a_mirror_that_breaks_off_is_told() {
    let bytes = Deb::system().bytes();
    let cut = Server::new(move |_| Reply::Truncated("200 OK", Vec::new(), bytes.clone(), 100));
    refuses(
        &cut,
        str![[r#"
fetching one file, 14.5 kB
error: the file cannot be fetched
  cause: `system 1.0` (pool/system_1.0_all.deb): `http://MIRROR`: the connection was closed after 100 of 14576 bytes
  hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`

"#]],
    );
}

#[test]
fn a_mirror_that_redirects_for_ever_is_told() {
    refuses(
        &Server::new(|request| Reply::Whole("302 Found", vec![format!("Location: {}x", request.path)], Vec::new())),
        str![[r#"
fetching one file, 14.5 kB
error: the file cannot be fetched
  cause: `system 1.0` (pool/system_1.0_all.deb): `http://MIRROR`: redirects more than 5 times
  hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`

"#]],
    );
}

#[test]
fn a_mirror_that_speaks_no_http_is_told() {
    refuses(
        &Server::new(|_| Reply::Whole("\u{7}", Vec::new(), Vec::new())),
        str![[r#"
fetching one file, 14.5 kB
error: the file cannot be fetched
  cause: `system 1.0` (pool/system_1.0_all.deb): `http://MIRROR`: no HTTP: http parse fail: invalid response status
  hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`

"#]],
    );
}

#[test]
fn a_mirror_that_is_not_there_is_told() {
    let bench = Bench::new(vec![Deb::system()]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = bench.build(&["--mirror", &format!("http://{free}/debian")]);
    snapbox::assert_data_eq!(
        refused.stderr.replace(&free.to_string(), "MIRROR"),
        str![[r#"
fetching one file, 14.5 kB
error: the file cannot be fetched
  cause: `system 1.0` (pool/system_1.0_all.deb): `http://MIRROR/debian`: connection refused
  hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`

"#]]
        .raw()
    );
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(1)));
}

/// Neither a route nor a resolver.
#[test]
fn a_machine_without_a_network_is_told() {
    let bench = Bench::sound();
    let build = bench.command(&["--mirror", "http://mirror.invalid/debian", "--mirror", "http://192.0.2.1/debian"]);
    let mut command = Command::new("unshare");
    command.arg("--net").arg(build.get_program()).args(build.get_args()).current_dir(bench.workspace.path());
    command.env_clear().envs(build.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let refused = outcome(&mut command);
    snapbox::assert_data_eq!(refused.stderr, str![[r#"
fetching 2 files, 119.2 kB
error: 2 of 2 files cannot be fetched
  cause: `noise 1.0` (pool/noise_1.0_all.deb): `http://mirror.invalid/debian`: the name of the host cannot be resolved; `http://192.0.2.1/debian`: Network is unreachable (os error 101)
  cause: `system 1.0` (pool/system_1.0_all.deb): `http://mirror.invalid/debian`: the name of the host cannot be resolved; `http://192.0.2.1/debian`: Network is unreachable (os error 101)
  hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`

"#]].raw());
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(1)));
}

#[test]
fn the_next_mirror_is_asked_for_what_the_first_does_not_give() {
    let bench = Bench::sound();
    let (first, second) =
        (bench.mirror(|request, _| request.path.contains("noise").then(|| html("no"))), bench.sound_mirror());
    let built = bench.build(&["--mirror", &first.url, "--mirror", &second.url]);
    assert_eq!(built.code, Some(0));
    let note = built.stderr.lines().find(|line| line.starts_with("note: ")).unwrap();
    assert_eq!(
        first.named("FIRST", note),
        "note: the mirror `FIRST` did not give one file: sends 2 bytes (text/html) instead of 104698"
    );
    assert_eq!(second.asked(), ["/pool/noise_1.0_all.deb"]);
}

/// A build with mirrors of three kinds, each of which has nothing; who is asked, in the order of asking.
fn order(bench: &Bench, build: impl FnOnce(&[String; 4]) -> Command) -> (Vec<usize>, Outcome) {
    let nothing = [(); 4].map(|()| Server::new(|_| Reply::status("404 Not Found")));
    let mut refused = outcome(&mut build(&nothing.each_ref().map(|mirror| mirror.url.clone())));
    for (number, mirror) in nothing.iter().enumerate() {
        refused.stderr = mirror.named(&format!("http://{number}"), &refused.stderr);
    }
    let asked = nothing.iter().enumerate().filter(|(_, mirror)| !mirror.asked().is_empty());
    let mut order: Vec<_> = asked.map(|(number, _)| number).collect();
    order.sort_by_key(|number| refused.stderr.find(&format!("`http://{number}`")));
    assert_eq!(bench.workspace.out(), [""; 0]);
    (order, refused)
}

#[test]
fn mirrors_of_the_command_line_come_before_the_environments_and_the_layouts() {
    let bench = Bench::new(vec![Deb::system()]);
    let layout = fs::read_to_string(bench.workspace.join("layout.toml")).unwrap();
    let (order, refused) = order(&bench, |[zero, one, two, three]| {
        bench.workspace.write("layout.toml", format!("{layout}mirrors = [\"{three}\"]\n"));
        // The suite of another release is not asked for.
        let mut command = bench.command(&["--mirror", &format!("tiny={zero}"), "--mirror", &format!("other={two}")]);
        command.env("VEZAIMG_MIRROR", one);
        command
    });
    assert_eq!(order, [0, 1, 3]);
    snapbox::assert_data_eq!(refused.stderr, str![[r#"
fetching one file, 14.5 kB
error: the file cannot be fetched
  cause: `system 1.0` (pool/system_1.0_all.deb): `http://0`: 404 Not Found; `http://1`: 404 Not Found; `http://3`: 404 Not Found
  hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`

"#]].raw());
}

#[test]
fn credentials_are_not_shown() {
    let bench = Bench::sound();
    let mirror = bench.mirror(|request, _| {
        let authorization = request.head.iter().find(|line| line.to_ascii_lowercase().starts_with("authorization: "));
        let known = authorization.is_some_and(|line| line.ends_with(" Basic bWU6czNjcmV0"));
        (!known).then(|| Reply::status("401 Unauthorized"))
    });
    let with = |pair: &str| mirror.url.replace("http://", &format!("http://{pair}@"));
    let refused = bench.build(&["--mirror", &with("me:wr0ng")]);
    assert!(!refused.stderr.contains("wr0ng"), "{}", refused.stderr);
    assert!(refused.stderr.contains("`http://***@127.0.0.1:"), "{}", refused.stderr);
    let built = bench.build(&["--mirror", &with("me:s3cret"), "--json"]);
    assert_eq!(built.code, Some(0));
    assert!(!format!("{}{}", built.stdout, built.stderr).contains("s3cret"));
    for entry in walkdir::WalkDir::new(bench.workspace.join("out")) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let content = fs::read(entry.path()).unwrap();
            assert!(!content.windows(6).any(|window| window == b"s3cret"), "{}", entry.path().display());
        }
    }
}

#[test]
fn what_is_no_address_of_a_mirror_is_told_without_its_password() {
    let bench = Bench::new(vec![Deb::system()]);
    let refused = bench.build(&["--mirror", "ftp://me:s3cret@mirror.example/debian"]);
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
error: `ftp://***@mirror.example/debian` is not the address of a mirror
  hint: such as `http://HOST/debian`, `bookworm-security=https://HOST/debian-security` or `file:///srv/debian`

"#]]
        .raw()
    );
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(2)));
}
