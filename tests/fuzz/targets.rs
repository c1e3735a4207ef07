//! What is fuzzed: each takes any bytes, and must come back.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use vezaimg::base::{self, Archive, Base, Packages};
use vezaimg::debian::{Index, Package, Release, Version, relations};
use vezaimg::diagnostic::Source;
use vezaimg::haproxy::{Address, Channel, Result as Answer, Socket};
use vezaimg::image::Epoch;
use vezaimg::incus::{Client, InstanceName};
use vezaimg::layout;
use vezaimg::lock::Lock;
use vezaimg::release::{Armor, Checksums, Manifest, Provenance};
use vezaimg::rollout::contract::Contract;
use vezaimg::rootfs::{Body, Digest, Entry, Kind, Survey, TargetPath};
use vezaimg::ui::Silent;
use vezaimg::unit::{UnitFile, exposure};

/// What a base may unpack to here, in bytes: a bomb is somebody else's to stop.
const MOST_CONTENT: u64 = 64 << 20;

/// Reads every entry as a build does, and its body.
fn survey(name: &str, read: impl FnOnce(&mut dyn FnMut(TargetPath, Entry<Body<'_>>) -> vezaimg::Result<()>)) {
    let mut survey = Survey::new(name);
    let mut left = MOST_CONTENT;
    read(&mut |path, entry| {
        survey.admit(&path, &entry, |_| false)?;
        let Entry { metadata, kind } = entry;
        let kind = match kind {
            Kind::File(body) => {
                let size = body.size;
                let read = io::copy(&mut body.reader.take(left), &mut io::sink());
                let read = read.map_err(|cause| vezaimg::Error::failed("unread").cause(cause))?;
                left -= read;
                if left == 0 {
                    return Err(vezaimg::Error::refused("more than is looked at here"));
                }
                assert!(read <= size, "{read} bytes of {size}");
                Kind::File(vezaimg::rootfs::Summary { size: read, sha256: Digest::of_bytes(b"") })
            }
            Kind::Directory => Kind::Directory,
            Kind::Symlink(target) => Kind::Symlink(target),
            Kind::HardLink(target) => Kind::HardLink(target),
            Kind::Fifo => Kind::Fifo,
        };
        survey.note(path, Entry { metadata, kind }, None);
        Ok(())
    });
    let _ = survey.missing_directories();
    for (path, _) in survey.tree().iter() {
        let _ = survey.resolve(path);
    }
}

/// A file without a name that holds these bytes.
fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

/// A file with a name, always the same, that holds these bytes.
fn named(name: &str, bytes: &[u8]) -> PathBuf {
    static DIRECTORY: OnceLock<tempfile::TempDir> = OnceLock::new();
    let path = DIRECTORY.get_or_init(|| tempfile::tempdir().unwrap()).path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// A root file system in a tar.
pub(crate) fn tar(data: &[u8]) {
    let path = named("base.tar", data);
    if let Ok(base) = base::open(&[path]) {
        survey("tar", |sink| drop(base.read(&Silent, sink)));
    }
}

/// An Incus image, as a store gives it.
pub(crate) fn image(data: &[u8]) {
    survey("image", |sink| {
        drop(base::read_image("image", data.len() as u64, &mut Cursor::new(data), &Silent, sink));
    });
}

/// The same, compressed by anything.
pub(crate) fn frames(data: &[u8]) {
    image(data);
}

/// A Debian package, beside nothing.
pub(crate) fn deb(data: &[u8]) {
    let package = Package {
        name: "app".to_owned(),
        version: Version::parse("1.0").unwrap(),
        architecture: "all".to_owned(),
        suite: "tiny".to_owned(),
        file: "pool/app_1.0_all.deb".to_owned(),
        size: data.len() as u64,
        sha256: Digest::of_bytes(data),
    };
    let packages = Packages {
        name: "layout.lock".to_owned(),
        archives: vec![Archive { package, file: file(data) }],
        exclude: vec!["/usr/share/doc/*".to_owned()],
        epoch: Epoch::from_seconds(1_767_225_600),
    };
    survey("deb", |sink| drop(Base::of_packages(packages).read(&Silent, sink)));
}

/// A Debian package whose data is a tar that was changed before it was packed.
pub(crate) fn deb_data(data: &[u8]) {
    let mut ar = b"!<arch>\n".to_vec();
    let mut member = |name: &str, content: &[u8]| {
        ar.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, content.len()).as_bytes());
        ar.extend(content);
        ar.resize(ar.len().next_multiple_of(2), b'\n');
    };
    member("debian-binary", b"2.0\n");
    let control = b"Package: app\nVersion: 1.0\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n";
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(control.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "./control", control.as_slice()).unwrap();
    member("control.tar.gz", &gzipped(&tar.into_inner().unwrap()));
    member("data.tar.gz", &gzipped(data));
    deb(&ar);
}

/// An image that was changed before it was compressed.
pub(crate) fn packed(data: &[u8]) {
    image(&gzipped(data));
}

fn gzipped(data: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(data).unwrap();
    gzip.finish().unwrap()
}

/// A lock: what is read is written as it was.
pub(crate) fn lock(data: &[u8]) {
    let parse = |text: String| Lock::parse(Source { name: "layout.lock".to_owned(), text }, "vezaimg lock");
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(lock) = parse(text.to_owned()) {
        let written = lock.to_string();
        assert_eq!(parse(written.clone()).unwrap().to_string(), written);
    }
}

/// A layout, its templates rendered.
pub(crate) fn layout(data: &[u8]) {
    let request = layout::Request { file: Some(named("layout.toml", data)), ..layout::Request::default() };
    if let Ok(reading) = layout::read(&request)
        && let Err(error) = reading.usable()
    {
        let _ = error.to_string();
    }
}

/// Indices, Release files, relations and versions of Debian's archive.
pub(crate) fn deb822(data: &[u8]) {
    let mut index = Index::new("amd64");
    if index.read("tiny", data).is_ok() {
        let _ = vezaimg::debian::resolve(&index, &["app".to_owned()], &[]);
    }
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(release) = Release::parse(text, "the Release") {
        let _ = release.packages_index("main", "amd64");
    }
    for line in text.lines().take(50) {
        let versions: Vec<_> = relations(line)
            .filter_map(Result::ok)
            .filter_map(|_| Version::parse(line.split(['(', ')', '=', ' ']).next_back()?))
            .collect();
        if let [one, other, ..] = versions.as_slice() {
            assert_eq!(one.cmp(other), other.cmp(one).reverse());
        }
    }
}

/// The metadata.yaml of an image.
pub(crate) fn metadata(data: &[u8]) {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in [("metadata.yaml", data), ("rootfs/etc/hostname", b"app\n")] {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, content).unwrap();
    }
    image(&tar.into_inner().unwrap());
}

struct Fixed(String);

impl Channel for Fixed {
    fn ask(&self, _: &str) -> Answer<String> {
        Ok(self.0.clone())
    }
}

/// Whatever HAProxy answers, whatever it was asked.
pub(crate) fn haproxy(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let socket = Socket::over(&Address::parse("tcp:127.0.0.1:9100").unwrap(), Arc::new(Fixed(text)));
    let _ = socket.level();
    let _ = socket.observe();
    let _ = socket.cookies();
    let _ = socket.server_of(SocketAddr::from(([127, 0, 0, 1], 40_000)));
    if let Ok(maps) = socket.maps() {
        for map in &maps {
            let _ = socket.entries(map);
        }
    }
}

/// A server that answers everything alike, once it has greeted.
struct Fake {
    client: Client,
    answer: Arc<Mutex<Vec<u8>>>,
    _directory: tempfile::TempDir,
}

impl Fake {
    fn start() -> Self {
        const GREETING: &str =
            r#"{"type":"sync","metadata":{"auth":"trusted","environment":{"server_version":"6.0"}}}"#;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("unix.socket");
        let listener = UnixListener::bind(&path).unwrap();
        let answer = Arc::new(Mutex::new(GREETING.as_bytes().to_vec()));
        let said = Arc::clone(&answer);
        thread::spawn(move || {
            for mut socket in listener.incoming().map_while(Result::ok) {
                let mut head = [0; 4096];
                let _ = socket.read(&mut head);
                let body = said.lock().unwrap().clone();
                let length = body.len();
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
                let _ = socket.write_all(head.as_bytes()).and_then(|()| socket.write_all(&body));
            }
        });
        let client = Client::at(&path, None).unwrap().with_patience(Duration::ZERO);
        Self { client, answer, _directory: directory }
    }
}

/// Whatever Incus answers, whatever it was asked.
pub(crate) fn incus(data: &[u8]) {
    static FAKE: OnceLock<Fake> = OnceLock::new();
    let fake = FAKE.get_or_init(Fake::start);
    let framed = [br#"{"type":"sync","metadata":"#, data, b"}"].concat();
    let name = InstanceName::parse("api-1").unwrap();
    for body in [data, &framed] {
        *fake.answer.lock().unwrap() = body.to_vec();
        let client = &fake.client;
        for instance in client.instances().into_iter().flatten().take(20) {
            let _ = (instance.image(), instance.root_pool(), instance.nics().count());
            if let Err(wrong) = Contract::of_container(&instance) {
                assert!(!wrong.is_empty());
            }
        }
        let _ = client.instance(&name);
        let _ = client.state(&name);
        let _ = client.images();
        let _ = client.image("veza");
        let _ = client.profiles();
        let _ = client.pool("default");
        let _ = client.volumes("default");
    }
}

/// The files of a release.
pub(crate) fn release(data: &[u8]) {
    let mut entries = 0;
    let _ = Manifest::read(&mut Cursor::new(data), &mut |_| entries += 1);
    if let Ok(provenance) = Provenance::parse(data) {
        let mut text = Vec::new();
        provenance.write(&mut text).unwrap();
        assert_eq!(Provenance::parse(&text).as_ref(), Ok(&provenance));
    }
    if let Some(list) = Checksums::parse(data) {
        assert_eq!(list.to_string().as_bytes(), data);
    }
    if let Ok(armor) = Armor::parse(data) {
        assert_eq!(armor.text().as_bytes(), data);
    }
}

/// A systemd unit, and how exposed it is.
pub(crate) fn unit(data: &[u8]) {
    let (lenient, _) = UnitFile::lenient(data);
    let _ = exposure(&lenient);
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(unit) = UnitFile::parse(text) {
        let written = unit.to_string();
        assert_eq!(UnitFile::parse(&written).map(|unit| unit.to_string()), Ok(written));
    }
}

/// A program: ELF, and what compilers write into it.
pub(crate) fn program(data: &[u8]) {
    let _ = vezaimg::binary::program(data);
    let _ = vezaimg::binary::linkage(data);
}
