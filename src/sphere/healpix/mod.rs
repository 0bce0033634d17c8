//! The pixels of the HEALPix grid: numbers, centres, neighbours, discs, resolutions, weights of rings.

mod disc;
mod faces;
mod grid;
mod neighbours;
mod regrade;
mod ring_weights;

pub use grid::{Healpix, PixelOrder};
pub use regrade::MaskRule;
