//! A base made of Debian packages: unpacked straight from the `.deb`s, without running one of their scripts.
//!
//! ```text
//! .deb ─▶ control ─▶ order ─▶ data ─▶ paths ─────────────▶ sink
//!  …       fields     who      tar     merged /usr,    ╲
//!          scripts    yields           excluded paths   ▶ steps ─▶ sink
//!                                                          what scripts would have done
//! ```

mod steps;
mod unpacked;
