use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};

use super::Pool;
use crate::archive::frames::Frame;

fn jobs(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

/// A frame known by how much of it is filled.
fn frame(number: usize) -> Frame {
    Frame { input: Box::default(), filled: number, output: Vec::new() }
}

#[test]
fn frames_come_back_in_the_order_in_which_they_were_pushed() {
    let (second_is_done, second_was_done) = mpsc::sync_channel(1);
    let second_was_done = Mutex::new(second_was_done);
    let mut pool = Pool::new(jobs(2), move |frame| {
        match frame.filled {
            0 => second_was_done.lock().unwrap().recv().unwrap(),
            1 => second_is_done.send(()).unwrap(),
            _ => {}
        }
        Ok(())
    });
    for number in 0..3 {
        pool.push(frame(number)).unwrap();
    }
    let order: Vec<usize> = std::iter::from_fn(|| pool.take()).map(|frame| frame.unwrap().filled).collect();
    assert_eq!(order, [0, 1, 2]);
}

#[test]
fn every_worker_works_at_once_and_there_are_no_more_than_asked_for() {
    let (all_at_work, at_work) = (Arc::new(Barrier::new(3)), Arc::new(AtomicUsize::new(0)));
    let most = Arc::new(AtomicUsize::new(0));
    let mut pool = {
        let most = Arc::clone(&most);
        Pool::new(jobs(3), move |_| {
            most.fetch_max(at_work.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            all_at_work.wait();
            at_work.fetch_sub(1, Ordering::SeqCst);
            all_at_work.wait();
            Ok(())
        })
    };
    let mut full_at = Vec::new();
    for pushed in 0..6 {
        full_at.push(pool.is_full());
        pool.push(frame(pushed)).unwrap();
    }
    assert_eq!(full_at, [false, false, false, false, true, true]);
    assert_eq!(std::iter::from_fn(|| pool.take()).count(), 6);
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[test]
fn one_frame_starts_one_thread() {
    let mut pool = Pool::new(jobs(8), |_| Ok(()));
    for number in 0..3 {
        pool.push(frame(number)).unwrap();
        pool.take().unwrap().unwrap();
    }
    assert_eq!(pool.workers.len(), 1);
}

#[test]
fn work_that_panics_is_an_error_and_the_thread_goes_on() {
    let mut pool = Pool::new(jobs(1), |frame| match frame.filled {
        0 => panic!("the compressor has a bug"),
        1 => Err(io::Error::other("no memory")),
        _ => Ok(()),
    });
    let mut told = Vec::new();
    for number in 0..3 {
        pool.push(frame(number)).unwrap();
    }
    while let Some(frame) = pool.take() {
        told.push(frame.map(|frame| frame.filled).map_err(|error| error.to_string()));
    }
    assert_eq!(told, [Err("a thread that compresses panicked".into()), Err("no memory".into()), Ok(2)]);
}

#[test]
fn a_dropped_pool_leaves_no_thread_behind() {
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let mut pool = Pool::new(jobs(2), move |_| {
        let _held = &held;
        Ok(())
    });
    for number in 0..4 {
        pool.push(frame(number)).unwrap();
    }
    drop(pool);
    assert_eq!(Arc::strong_count(&alive), 1);
}
