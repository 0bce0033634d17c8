//! Readers survive any bytes: no panic, bounded time, and no memory beyond what the length of the file allows.
//!
//! `HAARMONIC_FUZZ_INPUTS=100000 cargo test --features full --test fuzz_readers -- --nocapture` tries more damaged files of each
//! form and says how many. The allocator of this program counts, so that no other tests may run in it.

mod arrays;
#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "fits")]
mod fits;
mod harness;
#[cfg(feature = "images")]
mod image_folders;
mod images;
mod molecules;
mod networks;
mod stores;
