//! What stands between vezaimg and those whom it talks to, and fails on demand.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// An address that stands for another, and that can refuse for a while.
pub(crate) struct Refusing {
    address: SocketAddr,
    is_closed: Arc<AtomicBool>,
    is_over: Arc<AtomicBool>,
}

impl Refusing {
    pub(crate) fn before(target: SocketAddr) -> Self {
        let mut listener = Some(TcpListener::bind("127.0.0.1:0").unwrap());
        let address = listener.as_ref().unwrap().local_addr().unwrap();
        let [is_closed, is_over] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        let (closed, over) = (Arc::clone(&is_closed), Arc::clone(&is_over));
        thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                if closed.load(Ordering::Relaxed) {
                    listener = None;
                } else {
                    let open = listener.get_or_insert_with(|| TcpListener::bind(address).unwrap());
                    open.set_nonblocking(true).unwrap();
                    while let Ok((near, _)) = open.accept() {
                        near.set_nonblocking(false).unwrap();
                        let Ok(far) = TcpStream::connect(target) else { continue };
                        let (back, forth) = ((far.try_clone().unwrap(), near.try_clone().unwrap()), (near, far));
                        thread::spawn(move || copy(forth.0, forth.1));
                        thread::spawn(move || copy(back.0, back.1));
                    }
                }
                thread::sleep(Duration::from_millis(2));
            }
        });
        Self { address, is_closed, is_over }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on nobody listens, or somebody does again.
    pub(crate) fn refuse(&self, refuse: bool) {
        self.is_closed.store(refuse, Ordering::Relaxed);
    }
}

impl Drop for Refusing {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// What was asked to be changed, and how often.
type Asked = Arc<Mutex<BTreeMap<String, u32>>>;

/// A socket that stands for that of Incus. Of whatever is asked to be changed, the first time, the
/// fourth and the seventh, the request gets there, and the connection ends before the answer comes back.
pub(crate) struct Lossy {
    directory: TempDir,
    asked: Asked,
    is_armed: Arc<AtomicBool>,
}

impl Lossy {
    pub(crate) fn before(target: &Path) -> Self {
        let directory = TempDir::with_prefix("vezaimg-lossy-").unwrap();
        let listener = UnixListener::bind(directory.path().join("socket")).unwrap();
        let (asked, is_armed) = (Asked::default(), Arc::new(AtomicBool::new(false)));
        let (target, losing, armed) = (target.to_owned(), Arc::clone(&asked), Arc::clone(&is_armed));
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let (losing, armed) = (Arc::clone(&losing), Arc::clone(&armed));
                let Ok(far) = UnixStream::connect(&target) else { continue };
                thread::spawn(move || relay(near, far, &losing, &armed));
            }
        });
        Self { directory, asked, is_armed }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    /// Whether answers are lost from now on; at first, none is.
    pub(crate) fn lose(&self, lose: bool) {
        self.is_armed.store(lose, Ordering::SeqCst);
    }

    /// The requests whose answer was lost.
    pub(crate) fn lost(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

/// Requests of one connection come one after another, each after the answer to the one before.
fn relay(mut near: UnixStream, mut far: UnixStream, asked: &Mutex<BTreeMap<String, u32>>, is_armed: &AtomicBool) {
    let loses = Arc::new(AtomicBool::new(false));
    let (mut back, mut answers, lose) = (near.try_clone().unwrap(), far.try_clone().unwrap(), Arc::clone(&loses));
    let answering = thread::spawn(move || {
        let mut buffer = [0; 64 << 10];
        while let Ok(count @ 1..) = answers.read(&mut buffer) {
            if lose.load(Ordering::SeqCst) || back.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = back.shutdown(Shutdown::Both);
        let _ = answers.shutdown(Shutdown::Both);
    });
    let mut buffer = [0; 64 << 10];
    while let Ok(count @ 1..) = near.read(&mut buffer) {
        if let Some(request) = change(&buffer[..count]).filter(|_| is_armed.load(Ordering::SeqCst)) {
            let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
            let times = asked.entry(request).or_default();
            loses.store(times.is_multiple_of(3) && *times < 9, Ordering::SeqCst);
            *times += 1;
        }
        if far.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = far.shutdown(Shutdown::Write);
    let _ = answering.join();
}

/// Method and path of what changes something.
fn change(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let (method, rest) = text.split_once(' ')?;
    if !matches!(method, "POST" | "PUT" | "PATCH" | "DELETE") {
        return None;
    }
    let target = rest.split_once(" HTTP/1.1\r\n")?.0;
    Some(format!("{method} {target}"))
}
