//! Sets of rings of constant colatitude, each with equispaced longitudes of its own.

use super::grid::Grid;
use super::limits::{MAX_BAND_LIMIT, check_band_limit};
use super::sampling::Sampling;
use crate::numeric::legendre::check_colatitude;
use crate::{Error, Result};
use std::f64::consts::PI;

/// A ring of constant colatitude with equispaced longitudes $`\varphi_p = \varphi_0 + 2\pi p/n`$.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ring {
    /// θ in radians, from 0 to π.
    pub colatitude: f64,
    /// n, at least one.
    pub longitudes: usize,
    /// $`\varphi_0`$ in radians.
    pub first_longitude: f64,
}

/// Rings in any order; their samples lie one ring after the other in one array.
///
/// # Examples
/// ```
/// use haarmonic::sphere::{Ring, Rings};
/// let equator = Ring { colatitude: std::f64::consts::FRAC_PI_2, longitudes: 8, first_longitude: 0.0 };
/// let rings = Rings::new(vec![equator])?;
/// assert_eq!(rings.samples(), 8);
/// assert_eq!(Rings::healpix(2)?.samples(), 12 * 2 * 2);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Rings {
    rings: Vec<Ring>,
    /// Where each ring starts, and the number of samples.
    offsets: Vec<usize>,
}

/// The largest HEALPix resolution.
pub const MAX_NSIDE: usize = 1 << 13;

impl Rings {
    /// Makes a set of rings, in the given order, after checking them.
    ///
    /// # Errors
    /// [`Error::Empty`] without rings, [`Error::InvalidValue`] for a colatitude outside $`[0, \pi]`$, a ring without longitudes
    /// or with more than 2²⁰, or a first longitude that is not finite.
    pub fn new(rings: Vec<Ring>) -> Result<Self> {
        if rings.is_empty() {
            return Err(Error::empty("rings"));
        }
        let mut offsets = vec![0];
        for (index, ring) in rings.iter().enumerate() {
            check_colatitude(ring.colatitude)?;
            if ring.longitudes == 0 || ring.longitudes > 1 << 20 {
                return Err(Error::invalid(
                    format!("number of longitudes of ring {index}"),
                    ring.longitudes,
                    "1 to 1048576",
                ));
            }
            if !ring.first_longitude.is_finite() {
                return Err(Error::not_finite("first longitudes of rings", vec![index]));
            }
            offsets.push(offsets[index] + ring.longitudes);
        }
        Ok(Rings { rings, offsets })
    }

    /// Returns the rings of a sampling of the sphere, with a given number of longitudes from φ = 0.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the band limit or the number of longitudes is out of range.
    pub fn product(sampling: Sampling, band_limit: usize, longitudes: usize) -> Result<Self> {
        Self::equal(sampling.colatitudes(band_limit)?, longitudes, 0.0)
    }

    /// Returns the rings of a grid.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::sphere::{Grid, GridFamily, Rings};
    /// let grid = Grid::new(GridFamily::Fejer1, 180, 360)?;
    /// assert_eq!(Rings::of_grid(&grid).samples(), 180 * 360);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn of_grid(grid: &Grid) -> Self {
        let [_, longitudes] = grid.shape();
        Self::equal(grid.colatitudes(), longitudes, grid.first_longitude())
            .expect("a grid has been checked")
    }

    /// Rings with equal longitudes.
    fn equal(colatitudes: Vec<f64>, longitudes: usize, first_longitude: f64) -> Result<Self> {
        let ring = |colatitude| Ring {
            colatitude,
            longitudes,
            first_longitude,
        };
        Self::new(colatitudes.into_iter().map(ring).collect())
    }

    /// Returns the `4 nside − 1` rings of the HEALPix grid in ring order, `12 nside²` points of equal area.
    ///
    /// With i the number of the ring from the north, the caps $`i < nside`$ have $`\cos\theta = 1 - i^2/(3 nside^2)`$ and 4i
    /// longitudes from $`\pi/(4i)`$; the belt has $`\cos\theta = 4/3 - 2i/(3 nside)`$ and 4 nside longitudes, shifted by half a step
    /// on every second ring.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `nside` is 0 or above [`MAX_NSIDE`].
    ///
    /// # References
    /// Gorski05, Sect. 5.
    pub fn healpix(nside: usize) -> Result<Self> {
        check_nside(nside)?;
        Self::new((1..4 * nside).map(|i| healpix_ring(nside, i)).collect())
    }

    /// Returns the rings.
    pub fn rings(&self) -> &[Ring] {
        &self.rings
    }

    /// Returns the number of samples of all rings.
    pub fn samples(&self) -> usize {
        self.offsets[self.rings.len()]
    }

    /// Returns the range of the samples of ring `index` in the array of all samples.
    ///
    /// # Panics
    /// If there is no such ring.
    pub fn range(&self, index: usize) -> std::ops::Range<usize> {
        self.offsets[index]..self.offsets[index + 1]
    }

    /// Returns the largest number of longitudes of a ring.
    pub fn most_longitudes(&self) -> usize {
        let counts = self.rings.iter().map(|ring| ring.longitudes);
        counts.max().unwrap_or(0)
    }

    /// The common number and the common first longitude of all rings, if there are such.
    pub(super) fn uniform(&self) -> Option<(usize, f64)> {
        let longitudes = |ring: &Ring| (ring.longitudes, ring.first_longitude);
        let first = longitudes(&self.rings[0]);
        self.rings
            .iter()
            .all(|ring| longitudes(ring) == first)
            .then_some(first)
    }
}

/// Accepts a resolution from 1 to [`MAX_NSIDE`].
pub(super) fn check_nside(nside: usize) -> Result<()> {
    if nside == 0 || nside > MAX_NSIDE {
        let expected = format!("1 to {MAX_NSIDE}");
        return Err(Error::invalid("HEALPix resolution nside", nside, expected));
    }
    Ok(())
}

/// Ring i = 1 … 4 nside − 1 of the HEALPix grid.
pub(super) fn healpix_ring(nside: usize, i: usize) -> Ring {
    let n = nside as f64;
    let north = i.min(4 * nside - i);
    let ring = if north < nside {
        // 1 − cos θ = i²/(3 nside²) = 2 sin²(θ/2)
        let half = north as f64 / (n * 6.0_f64.sqrt());
        Ring {
            colatitude: 2.0 * half.asin(),
            longitudes: 4 * north,
            first_longitude: PI / (4 * north) as f64,
        }
    } else {
        let cosine = (4 * nside as i64 - 2 * north as i64) as f64 / (3.0 * n);
        let shifted = (north - nside).is_multiple_of(2);
        Ring {
            colatitude: PI / 2.0 - cosine.asin(),
            longitudes: 4 * nside,
            first_longitude: if shifted { PI / (4.0 * n) } else { 0.0 },
        }
    };
    Ring {
        colatitude: if i > 2 * nside {
            PI - ring.colatitude
        } else {
            ring.colatitude
        },
        ..ring
    }
}

/// Returns a number of longitudes, at least `2L − 1`, for fast Fourier transforms: even, and without prime factors above five.
///
/// # Errors
/// [`Error::InvalidValue`] if `band_limit` is 0 or too large.
///
/// # Examples
/// ```
/// assert_eq!(haarmonic::sphere::fast_longitudes(64)?, 128);      // 127 is prime
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn fast_longitudes(band_limit: usize) -> Result<usize> {
    check_band_limit(band_limit)?;
    let smooth = |count: &usize| {
        let mut rest = *count;
        for prime in [2, 3, 5] {
            while rest.is_multiple_of(prime) {
                rest /= prime;
            }
        }
        rest == 1
    };
    let found = (2 * band_limit..=4 * MAX_BAND_LIMIT)
        .step_by(2)
        .find(smooth);
    Ok(found.expect("there is a power of two within a factor of two"))
}
