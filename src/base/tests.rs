//! Bases made by the programs that make them in the world, and by hand where those would not.

mod damage;
mod directories;
pub(super) mod fixture;
mod formats;
mod images;
mod squashes;
mod tars;
