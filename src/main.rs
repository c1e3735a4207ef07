//! The `vezaimg` command.

fn main() {}
