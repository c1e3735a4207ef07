//! `vezaimg status` and `vezaimg prune` on a real Incus: what stands, what does not, and what may go.

mod broken;
mod ground;
mod prune;
mod shown;
