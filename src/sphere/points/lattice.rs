//! The fine grid: its sizes, its borders, and where things lie.

use super::kernel::Shape;
use crate::simd::fft::is_smooth;

/// Numbers in 256 bytes.
const ROW_STEP: usize = 32;

/// The fine grid of half the doubled sphere: rows θ = 2π i/n from pole to pole with borders beyond them, columns φ = 2π q/n with
/// borders on both sides, so that no loop over a support wraps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lattice {
    /// Points on a full meridian circle, even.
    pub theta: usize,
    /// Points on a circle of latitude, even.
    pub phi: usize,
    /// Grid points in the support of the kernel.
    pub width: usize,
    /// Columns before φ = 0.
    pub left: usize,
    /// Rows before θ = 0, and after θ = π.
    pub border: usize,
    /// Numbers from row to row.
    pub stride: usize,
}

impl Lattice {
    /// The grid of a shape for the orders and frequencies below a band limit.
    pub(super) fn new(shape: Shape, band_limit: usize) -> Self {
        let least = (shape.refinement * (2 * band_limit - 1) as f64).ceil() as usize;
        let size = smooth_even(least.max(2 * shape.width));
        let (width, left) = (shape.width, shape.width / 2);
        // Right of the last column: half a support, one more if φ/h rounds up, and what a vector reads beyond the support.
        let columns = left + size + width.div_ceil(2) + 1 + shape.lanes();
        // From row to row an odd multiple of 256 bytes: the places of the rows of a support differ modulo 4096 by 256 bytes or more, so that
        // they fall on different sets of a cache, and no load waits for a store that only looks like its own.
        let steps = columns.div_ceil(ROW_STEP) | 1;
        Lattice {
            theta: size,
            phi: size,
            width,
            left,
            border: width.div_ceil(2),
            stride: ROW_STEP * steps,
        }
    }

    /// Rows from pole to pole.
    pub(super) fn rows(&self) -> usize {
        self.theta / 2 + 1
    }

    /// Numbers of a plane.
    pub(super) fn plane(&self) -> usize {
        (self.rows() + 2 * self.border) * self.stride
    }
}

/// The least even number without prime factors above 5 that is not smaller.
pub(super) fn smooth_even(least: usize) -> usize {
    let even = least.next_multiple_of(2).max(2);
    let found = (even..).step_by(2).find(|size| is_smooth(*size));
    found.expect("there is a power of two")
}

#[cfg(test)]
mod tests {
    use super::super::kernel::SHAPES;
    use super::*;

    #[test]
    fn sizes_are_even_smooth_and_large_enough() {
        assert_eq!([1, 7, 16, 17, 1023].map(smooth_even), [2, 8, 16, 18, 1024]);
        for shape in SHAPES {
            for band_limit in [1, 2, 3, 16, 100, 509] {
                let lattice = Lattice::new(shape, band_limit);
                let least = shape.refinement * (2 * band_limit - 1) as f64;
                for size in [lattice.theta, lattice.phi] {
                    assert!(size as f64 >= least && size >= 2 * shape.width && size % 2 == 0);
                }
                assert!(lattice.border <= lattice.theta / 2);
                assert_eq!(lattice.stride / ROW_STEP % 2, 1);
            }
        }
    }
}
