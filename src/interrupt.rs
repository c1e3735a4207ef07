//! A request to stop, as ^C makes it, heeded between two steps of the work.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Error, Result};

/// Whether somebody asked to stop. Clones share the answer.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Sets it when the process gets SIGINT, SIGTERM or SIGHUP; a second signal ends the process at once.
    ///
    /// # Errors
    /// The kernel refuses the handler.
    pub fn on_signals() -> io::Result<Self> {
        let interrupt = Self::default();
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
            let flag = || Arc::clone(&interrupt.0);
            signal_hook::flag::register_conditional_shutdown(signal, crate::error::Class::Interrupted as i32, flag())?;
            signal_hook::flag::register(signal, flag())?;
        }
        Ok(interrupt)
    }

    /// Asks to stop, as a signal does.
    #[cfg(test)]
    pub(crate) fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked to stop.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// # Errors
    /// Somebody asked to stop.
    pub fn check(&self) -> Result<()> {
        if self.is_requested() {
            return Err(Error::interrupted("interrupted; nothing was left behind"));
        }
        Ok(())
    }

    /// A reader that fails once somebody asked to stop.
    pub fn reader<R: Read>(&self, inner: R) -> impl Read {
        Interruptible { inner, interrupt: self.clone() }
    }
}

struct Interruptible<R> {
    inner: R,
    interrupt: Interrupt,
}

impl<R: Read> Read for Interruptible<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupt.check().map_err(io::Error::other)?;
        self.inner.read(buffer)
    }
}
