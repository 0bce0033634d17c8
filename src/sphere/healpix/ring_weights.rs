//! Weights of the rings of the HEALPix grid that integrate more degrees exactly than equal weights do.

use super::faces::pixels_before;
use super::grid::Healpix;
use crate::{Error, Result};

impl Healpix {
    /// Computes weights of the rings, near equal ones, whose sums of Legendre polynomials are exact up to a degree.
    ///
    /// The weights $`\tfrac{4\pi}{12 nside^2}(1 + d_r)`$ have equal deviations on both rings of a pair of mirror images, the smallest
    /// $`\sum_r (n_r d_r)^2`$ with $`\sum_r n_r (1 + d_r) P_\ell(\cos\theta_r) = 12 nside^2 \, \delta_{\ell 0}`$ for ℓ up to the degree, n the
    /// numbers of pixels of the pairs. Degree 3 nside suits analyses up to the band limit 2 nside: their error before iterations falls,
    /// and each iteration gains more. Near the largest degree, 4 nside − 2, the deviations are large, and weights may be negative.
    ///
    /// # Returns
    /// The solid angle of a sample for each of the `4 nside − 1` rings, for [`RingPlan::with_weights`](crate::sphere::RingPlan::with_weights).
    ///
    /// # Cost and accuracy
    /// O(nside³) time and O(nside²) memory.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the degree is above 4 nside − 2.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::sphere::{Healpix, PixelOrder, RingPlan, Rings};
    /// use ndarray::Array1;
    /// let weights = Healpix::new(8, PixelOrder::Ring)?.ring_weights(24)?;
    /// let plan = RingPlan::new(Rings::healpix(8)?, 16)?.with_weights(&weights)?;
    /// let mut coeffs = plan.make_coeffs();
    /// coeffs[[12, 15]] = 1.0.into();                              // degree 12, order 0
    /// let map: Array1<f64> = plan.inverse(coeffs.view())?;
    /// assert!(plan.forward(map.view())?[[0, 15]].norm() < 1e-14); // zero: degree 12 is integrated exactly
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    ///
    /// # References
    /// Gorski05.
    pub fn ring_weights(&self, degree: usize) -> Result<Vec<f64>> {
        let nside = self.nside();
        let most = 4 * nside - 2;
        if degree > most {
            let expected = format!("at most 4 nside − 2, {most}");
            return Err(Error::invalid("degree of ring weights", degree, expected));
        }
        let deviations = deviations(nside, degree);
        let ring = |i: usize| 1.0 + deviations[i.min(4 * nside - i) - 1];
        Ok((1..4 * nside)
            .map(|i| self.pixel_area() * ring(i))
            .collect())
    }
}

/// The deviations of the rings 1 … 2 nside.
///
/// With $`x_r = n_r d_r`$ this is the smallest x with $`\sum_r x_r P_\ell = b_\ell`$, ℓ even (odd sums vanish). The polynomials are made
/// orthonormal one after the other; each adds one component to x, which meets its condition and leaves those before alone.
fn deviations(nside: usize, degree: usize) -> Vec<f64> {
    let n = nside as f64;
    let pairs = 2 * nside;
    let cosines: Vec<f64> = (1..=pairs)
        .map(|i| {
            if i < nside {
                1.0 - (i as f64 / n).powi(2) / 3.0
            } else {
                (4 * nside - 2 * i) as f64 / (3.0 * n)
            }
        })
        .collect();
    let pixels: Vec<f64> = (1..=pairs)
        .map(|i| {
            let ring = pixels_before(nside, i + 1) - pixels_before(nside, i);
            // The equator is alone.
            let images = if i == pairs { 1 } else { 2 };
            (images * ring) as f64
        })
        .collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (mut before, mut here) = (vec![0.0; pairs], vec![1.0; pairs]);
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(degree / 2 + 1);
    let mut solution = vec![0.0; pairs];
    for l in 0..=degree {
        if l % 2 == 0 {
            let mut direction = here.clone();
            // Twice is enough for orthogonality to rounding.
            for _ in 0..2 {
                for other in &basis {
                    let part = dot(other, &direction);
                    for (value, other) in direction.iter_mut().zip(other) {
                        *value -= part * other;
                    }
                }
            }
            let norm = dot(&direction, &direction).sqrt();
            direction.iter_mut().for_each(|value| *value /= norm);
            // Σ n P_0 is the number of pixels.
            let wanted = if l == 0 { 0.0 } else { -dot(&pixels, &here) };
            let factor = (wanted - dot(&solution, &here)) / dot(&direction, &here);
            for (value, direction) in solution.iter_mut().zip(&direction) {
                *value += factor * direction;
            }
            basis.push(direction);
        }
        let k = l as f64;
        for ((here, before), x) in here.iter_mut().zip(&mut before).zip(&cosines) {
            let next = ((2.0 * k + 1.0) * x * *here - k * *before) / (k + 1.0);
            (*before, *here) = (*here, next);
        }
    }
    solution.iter().zip(&pixels).map(|(x, n)| x / n).collect()
}
