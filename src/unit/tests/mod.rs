mod data;
mod exposure;
mod file;
mod reference;
