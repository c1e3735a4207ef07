//! Bases of packages that the tests write themselves, byte by byte.

mod conflicts;
mod database;
mod fixture;
mod hostile;
mod placing;
mod whole;
