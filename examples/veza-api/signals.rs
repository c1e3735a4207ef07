//! Signals, as something the main thread can wait for.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
use signal_hook::{flag, low_level::pipe};

use crate::failure::Failure;

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// A signal to stop, by name.
    Stop(&'static str),
    /// A signal to turn healthy into unhealthy or back.
    Toggle,
    /// The time given has come.
    Due,
}

/// Signals caught from now on. Each sets its flag, then writes a byte into one socket that the main thread reads.
pub(crate) struct Signals {
    wake: UnixStream,
    flags: [(Wake, Arc<AtomicBool>); 3],
}

impl Signals {
    /// Catches SIGTERM, SIGINT and SIGUSR1.
    ///
    /// # Errors
    /// The system refuses a socket pair or a handler.
    pub(crate) fn catch() -> Result<Self, Failure> {
        let caught = || -> io::Result<Self> {
            let (wake, write) = UnixStream::pair()?;
            let catch = |signal, wake| {
                let caught = Arc::new(AtomicBool::new(false));
                flag::register(signal, Arc::clone(&caught))?;
                pipe::register(signal, write.try_clone()?)?;
                Ok::<_, io::Error>((wake, caught))
            };
            let flags = [
                catch(SIGTERM, Wake::Stop("SIGTERM"))?,
                catch(SIGINT, Wake::Stop("SIGINT"))?,
                catch(SIGUSR1, Wake::Toggle)?,
            ];
            Ok(Self { wake, flags })
        };
        caught().map_err(|error| Failure::failed("cannot catch signals").cause(error))
    }

    /// Waits for a signal, or until `due`.
    ///
    /// # Errors
    /// The wake-up socket cannot be read.
    pub(crate) fn wait(&self, due: Option<Instant>) -> Result<Wake, Failure> {
        let failed = |error| Failure::failed("cannot wait for signals").cause(error);
        loop {
            if let Some((wake, _)) = self.flags.iter().find(|(_, caught)| caught.swap(false, Ordering::SeqCst)) {
                return Ok(*wake);
            }
            let left = due.map(|due| due.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(Wake::Due);
            }
            self.wake.set_read_timeout(left).map_err(failed)?;
            match (&self.wake).read(&mut [0; 64]) {
                Ok(_) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }
}
