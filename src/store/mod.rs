//! Kernel matrices on disk: tiles that are written one after the other, and survive whatever ends the program.

mod fingerprint;
mod gram_store;
mod manifest;
mod tile;

pub use gram_store::{GramStore, Report, StoreOptions};
