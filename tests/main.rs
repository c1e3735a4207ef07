//! The integration tests: vezaimg as its users meet it, one module a subject.

mod lab_support;
mod support;
