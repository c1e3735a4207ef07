//! The integration tests: vezaimg as its users meet it, one module a subject.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod lab_support;
mod sample;
mod support;
