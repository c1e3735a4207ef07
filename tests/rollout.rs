//! A fleet rolled onto another image under load, on a real Incus behind a real HAProxy.

mod ground;
mod plain;
