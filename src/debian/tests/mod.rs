mod release;
mod signature;
mod version;
