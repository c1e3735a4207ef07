//! Where a workflow publishes: it takes what is put, as Forgejo's package registry does.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Sizes by path, and the authorization that each was put with.
type Put = Arc<Mutex<BTreeMap<String, (u64, String)>>>;

pub(super) struct Packages {
    pub(super) address: SocketAddr,
    put: Put,
}

impl Packages {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, put) = (listener.local_addr().unwrap(), Put::default());
        let taken = Arc::clone(&put);
        thread::spawn(move || listener.incoming().for_each(|stream| take(stream.unwrap(), &taken)));
        Self { address, put }
    }

    pub(super) fn put(&self) -> BTreeMap<String, (u64, String)> {
        self.put.lock().unwrap().clone()
    }
}

fn take(stream: TcpStream, put: &Put) {
    let mut reader = BufReader::new(stream);
    let head: Vec<_> = reader.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
    let header = |name: &str| {
        let mut found = head.iter().filter_map(|line| line.split_once(": "));
        found.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let Some(path) = head.first().and_then(|line| line.strip_prefix("PUT ")?.split(' ').next()) else { return };
    if header("Expect").is_some() {
        reader.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
    }
    let length = header("Content-Length").unwrap().parse().unwrap();
    let size = std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink()).unwrap();
    put.lock().unwrap().insert(path.to_owned(), (size, header("Authorization").unwrap_or_default()));
    reader.get_mut().write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
}
