mod data;
mod exposure;
mod file;
mod lint;
mod reference;
mod service;
