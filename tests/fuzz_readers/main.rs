//! Readers survive any bytes: no panic, bounded time, and no memory beyond what the length of the file allows.
//!
//! `HAARMONIC_FUZZ_INPUTS=100000 cargo test --test fuzz_readers -- --nocapture` tries more damaged files of each
//! form and says how many.

mod arrays;
mod harness;
#[path = "../common/image_files.rs"]
mod image_files;
#[cfg(feature = "images")]
mod image_folders;
mod images;
mod molecules;
#[allow(dead_code)]
#[path = "../common/network_files.rs"]
mod network_files;
mod networks;
mod stores;

/// What a reader takes whatever the file: buffers, tables of a decoder, the text of an error.
const FIXED: usize = 1 << 20;
/// Deflate cannot expand by more than this.
const DEFLATE: usize = 1032;

fn as_it_is(content: &[u8]) -> Vec<u8> {
    content.to_vec()
}

fn any<const N: usize>(read: [bool; N]) -> bool {
    read.contains(&true)
}

fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|k| (k as f64 * 0.7).sin()).collect()
}
