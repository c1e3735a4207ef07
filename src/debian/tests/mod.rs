mod apt;
mod closure;
mod index;
mod relation;
mod release;
mod signature;
mod stanzas;
mod version;
