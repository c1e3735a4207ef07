//! systemd's unit files, as systemd 252 (Debian 12) understands them.
//!
//! ```text
//! ServiceSpec ─▶ UnitFile ─▶ text          what the image holds
//!                   ├──────▶ Exposure      what `systemd-analyze security --offline=true` would say
//!                   └──────▶ Findings      what systemd would ignore, and what was probably meant
//! ```
//!
//! Nothing here runs systemd: its tables are embedded, and the tests compare them with the real program.

mod directives;
mod exec;
mod exposure;
mod file;
mod hardening;
mod kinds;
mod lint;
mod names;
mod quantities;
mod service;
mod syscalls;
mod values;
mod words;

#[cfg(test)]
mod tests;

pub use exec::exec_program;
pub use exposure::{Assessment, Exposure, Level, exposure};
pub use file::{Directive, Section, SyntaxError, UnitFile};
pub use hardening::Hardening;
pub use lint::{Finding, lint};
pub(crate) use names::{boolean, capability_name};
pub use service::{ServiceSpec, is_service_name};
pub(crate) use words::split as words;
