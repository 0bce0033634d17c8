//! The method for a number of points: direct sums, or a fine grid with a kernel; from sizes alone, before anything is built.

use super::kernel::{SHAPES, Shape};
use super::lattice::Lattice;
use crate::{Error, Result};

/// How values at points are computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Method {
    /// Each point is a ring of its own.
    Direct,
    /// Interpolation on a fine grid.
    Grid(Shape),
}

/// The least tolerance: rounding in the transforms is not far below.
pub(super) const LEAST_TOLERANCE: f64 = 1e-13;

/// The largest tolerance.
pub(super) const LARGEST_TOLERANCE: f64 = 1e-2;

/// Nanoseconds on one core: per grid point; per point and per point and vector of the support; per coefficient for the Legendre stage and
/// per point, and per coefficient and point, for direct sums.
const GRID_POINT: f64 = 5.0;
const POINT: f64 = 13.0;
const POINT_VECTOR: f64 = 1.5;
const LEGENDRE: f64 = 0.05;
const DIRECT_POINT: f64 = 300.0;
const DIRECT: f64 = 0.15;

/// Chooses the cheapest method whose error is below the tolerance.
///
/// Errors of both angles add, so that the error of each must not exceed half of the tolerance.
pub(super) fn method(band_limit: usize, points: usize, tolerance: f64) -> Result<Method> {
    if !(LEAST_TOLERANCE..=LARGEST_TOLERANCE).contains(&tolerance) {
        return Err(Error::invalid(
            "tolerance of values at points",
            tolerance,
            format!("{LEAST_TOLERANCE:e} to {LARGEST_TOLERANCE:e}"),
        ));
    }
    let fits = SHAPES.iter().filter(|shape| 2.0 * shape.error <= tolerance);
    let best = fits.min_by(|a, b| {
        let [a, b] = [a, b].map(|shape| cost(shape, band_limit, points));
        a.total_cmp(&b)
    });
    let shape = *best.expect("some shape has an error below the least tolerance");
    let coefficients = (band_limit * band_limit) as f64;
    let each = DIRECT_POINT + DIRECT * coefficients;
    let direct = each * points.next_multiple_of(8) as f64;
    if direct <= cost(&shape, band_limit, points) {
        return Ok(Method::Direct);
    }
    Ok(Method::Grid(shape))
}

fn cost(shape: &Shape, band_limit: usize, points: usize) -> f64 {
    let lattice = Lattice::new(*shape, band_limit);
    let vectors = shape.width * shape.lanes() / 8;
    GRID_POINT * (lattice.rows() * lattice.phi) as f64
        + points as f64 * (POINT + POINT_VECTOR * vectors as f64)
        + LEGENDRE * (band_limit as f64).powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_points_are_summed_directly() {
        for band_limit in [1, 16, 512, 2048] {
            assert_eq!(method(band_limit, 1, 1e-12).unwrap(), Method::Direct);
            assert_ne!(
                method(band_limit, 1_000_000, 1e-12).unwrap(),
                Method::Direct
            );
        }
    }

    #[test]
    fn many_points_take_the_cheapest_support() {
        for (tolerance, width, refinement) in [(1e-6, 8, 1.75), (1e-3, 6, 1.5), (1e-12, 14, 2.0)] {
            match method(512, 1_000_000, tolerance).unwrap() {
                Method::Grid(shape) => {
                    assert_eq!((shape.width, shape.refinement), (width, refinement));
                }
                Method::Direct => panic!("direct sums"),
            }
        }
        for exponent in 2..=13 {
            let tolerance = 10.0_f64.powi(-exponent);
            if let Method::Grid(shape) = method(512, 1_000_000, tolerance).unwrap() {
                assert!(2.0 * shape.error <= tolerance);
            }
        }
    }

    #[test]
    fn tolerances_have_bounds() {
        for tolerance in [0.0, 1e-14, 0.1, -1.0, f64::NAN, f64::INFINITY] {
            assert!(method(16, 1000, tolerance).is_err(), "{tolerance}");
        }
    }
}
