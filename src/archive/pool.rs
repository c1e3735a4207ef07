//! Threads that compress, and give back in the order in which they were given.

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::frames::Frame;

#[cfg(test)]
mod tests;

/// What is done to a frame: its input compressed into its output.
type Work = dyn Fn(&mut Frame) -> io::Result<()> + Send + Sync;

/// A frame on its way to a worker, and where the worker sends it back.
struct Task {
    frame: Frame,
    reply: SyncSender<io::Result<Frame>>,
}

/// At most `jobs` worker threads, started as frames come, and the frames that they hold.
///
/// Dropped, it forgets the frames that wait, lets every worker end the frame that it is at, and joins them.
pub(super) struct Pool {
    work: Arc<Work>,
    jobs: usize,
    queue: Option<Sender<Task>>,
    /// The other end of `queue`; a worker holds the lock while it waits.
    waiting: Arc<Mutex<Receiver<Task>>>,
    /// What was pushed and not yet taken, the oldest first.
    in_flight: VecDeque<Receiver<io::Result<Frame>>>,
    workers: Vec<JoinHandle<()>>,
}

impl Pool {
    /// A pool of up to `jobs` threads, none of which runs yet.
    pub(super) fn new(jobs: NonZeroUsize, work: impl Fn(&mut Frame) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let (queue, waiting) = mpsc::channel();
        Self {
            work: Arc::new(work),
            jobs: jobs.get(),
            queue: Some(queue),
            waiting: Arc::new(Mutex::new(waiting)),
            in_flight: VecDeque::new(),
            workers: Vec::new(),
        }
    }

    /// Whether a frame must be taken before the next is pushed: every worker has one to do, and whoever is done first
    /// has one to do next, which bounds the memory. More would not make it faster: the reader is not what is waited for.
    pub(super) fn is_full(&self) -> bool {
        self.in_flight.len() > self.jobs
    }

    /// Gives a frame to the workers.
    ///
    /// # Errors
    /// No thread can be started.
    pub(super) fn push(&mut self, frame: Frame) -> io::Result<()> {
        if self.workers.len() < self.jobs && self.workers.len() <= self.in_flight.len() {
            self.workers.push(self.spawn()?);
        }
        // One place is enough for the one answer: no worker ever waits to give a frame back.
        let (reply, answer) = mpsc::sync_channel(1);
        let queue = self.queue.as_ref().ok_or_else(worker_lost)?;
        queue.send(Task { frame, reply }).map_err(|_| worker_lost())?;
        self.in_flight.push_back(answer);
        Ok(())
    }

    /// Waits for the oldest frame that was pushed and not yet taken; none if there is none.
    ///
    /// # Errors
    /// What the work said, or that it panicked.
    pub(super) fn take(&mut self) -> Option<io::Result<Frame>> {
        let answer = self.in_flight.pop_front()?;
        Some(answer.recv().unwrap_or_else(|_| Err(worker_lost())))
    }

    fn spawn(&self) -> io::Result<JoinHandle<()>> {
        let (work, waiting) = (Arc::clone(&self.work), Arc::clone(&self.waiting));
        thread::Builder::new().name("compress".into()).spawn(move || {
            while let Some(Task { mut frame, reply }) = next(&waiting) {
                // Every frame is answered for, so that no one waits for a thread that is gone. A frame whose work
                // panicked is not used again.
                let worked = panic::catch_unwind(AssertUnwindSafe(|| work(&mut frame)));
                let done = worked.unwrap_or_else(|_| Err(worker_lost())).map(|()| frame);
                // Nobody listens once the pool is being dropped.
                let _ = reply.send(done);
            }
        })
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.queue = None;
        while next(&self.waiting).is_some() {}
        for worker in self.workers.drain(..) {
            // Panics are caught frame by frame.
            let _ = worker.join();
        }
    }
}

/// The next task; none when there will be no more. The lock is held while waiting, and nothing panics under it.
fn next(waiting: &Mutex<Receiver<Task>>) -> Option<Task> {
    waiting.lock().ok()?.recv().ok()
}

fn worker_lost() -> io::Error {
    io::Error::other("a thread that compresses panicked")
}
