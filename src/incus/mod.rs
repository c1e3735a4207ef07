//! A client of Incus: its REST API over the unix socket, or over TLS to a remote of the user's `incus` configuration.
//!
//! ```text
//! Client ─▶ images, instances, exec, files, storage, profiles     what is asked, a file a subject
//!              └─▶ operation                                       what goes on after the answer
//!                    └─▶ exchange                                  one request, one bounded answer, a Failure's kind
//!                          └─▶ transport: unix, tls                bytes
//! ```
//!
//! The API is that of <https://linuxcontainers.org/incus/docs/main/rest-api/>. What it answers is checked as far as it
//! is used here and otherwise ignored, so that a newer Incus is no error. What only reads is asked again when the
//! connection is lost, as while incusd restarts; what changes something is sent once, and whoever asked is told that
//! nobody knows what came of it: [`Kind::Lost`].

mod address;
mod client;
mod content;
mod exchange;
mod exec;
mod failure;
mod files;
mod form;
mod images;
mod import;
mod instance;
mod instances;
mod json;
mod name;
mod operation;
mod profiles;
mod remotes;
mod settings;
mod storage;
#[cfg(test)]
mod tests;
mod transport;

pub use client::{Client, Server};
pub(crate) use content::Content;
pub use exec::Output;
pub use failure::{Failure, Kind, Result};
pub use files::{Attributes, Node, Stat, What};
pub(crate) use form::Form;
pub(crate) use images::Export;
pub use images::Image;
pub use import::Imported;
pub use instance::{Config, Device, Devices, Instance, InstanceKind, Status};
pub use instances::{NewInstance, State};
pub use name::{Fingerprint, InstanceName};
pub use profiles::{Etag, Profile};
pub use settings::Settings;
pub use storage::{NewVolume, Pool, Volume};
