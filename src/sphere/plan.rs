//! Reusable plans of the spherical-harmonic transform.

use super::extension::Extension;
use super::legendre_tables::{LegendreTables, RING_BLOCK};
use super::sample::Sample;
use super::sampling::{Sampling, check_band_limit};
use crate::{Error, Result};
use ndarray::{Array2, ArrayView2};
use num_complex::Complex64;
use pulp::Arch;
use rustfft::{Fft, FftPlanner};
use std::f64::consts::PI;
use std::fmt;
use std::sync::Arc;

/// An immutable plan of the spherical-harmonic transform for one band limit and one sampling.
///
/// ```math
/// \hat f_{\ell m} = \int_{S^2} f \, \overline{Y_{\ell m}} \, d\Omega , \qquad
/// f(\theta, \varphi) = \sum_{\ell < L} \sum_{|m| \le \ell} \hat f_{\ell m} Y_{\ell m}(\theta, \varphi)
/// ```
/// Signals have shape `[rings, 2L − 1]` ([`Sampling::shape`]), coefficients `[L, 2L − 1]`
/// ([`coefficients`](super::coefficients)). For signals of band limit L the two directions are inverse to each other on
/// every sampling. Signals may be real (half the cost) or complex.
///
/// Conventions: see [`crate::conventions`].
pub struct ShtPlan {
    pub(super) band_limit: usize,
    sampling: Sampling,
    pub(super) shape: [usize; 2],
    pub(super) tables: LegendreTables,
    /// Quadrature weights of the northern rings of the Legendre stage, longitude included.
    pub(super) weights: Vec<f64>,
    pub(super) phi: [Arc<dyn Fft<f64>>; 2],
    pub(super) extension: Option<Extension>,
    pub(super) arch: Arch,
}

/// Working memory of one [`ShtPlan`]; its content never affects results.
pub struct ShtScratch {
    pub(super) planar: Vec<f64>,
    pub(super) sums: Vec<f64>,
    pub(super) rows: Vec<Complex64>,
    pub(super) columns: Vec<Complex64>,
    pub(super) fft: Vec<Complex64>,
}

/// Pairs of rings that go through the FFTs together.
pub(super) const PAIRS: usize = RING_BLOCK;

impl ShtPlan {
    pub(super) fn build(
        band_limit: usize,
        sampling: Sampling,
        fft: &mut FftPlanner<f64>,
    ) -> Result<Self> {
        check_band_limit(band_limit)?;
        let shape = sampling.shape(band_limit)?;
        let [rings, longitudes] = shape;
        let extension = match sampling {
            Sampling::McEwenWiaux => Some(Extension::new(band_limit, fft)),
            _ => None,
        };
        let (colatitudes, mut weights) = match &extension {
            None => (
                sampling.colatitudes(band_limit)?,
                sampling.colatitude_weights(band_limit)?,
            ),
            Some(extension) => (
                (0..rings)
                    .map(|t| (2 * t + 1) as f64 * PI / (2 * rings) as f64)
                    .collect(),
                vec![extension.midpoint_weight(); rings],
            ),
        };
        weights.truncate(rings.div_ceil(2));
        for weight in &mut weights {
            *weight *= 2.0 * PI / longitudes as f64;
        }
        Ok(ShtPlan {
            band_limit,
            sampling,
            shape,
            tables: LegendreTables::new(band_limit, rings, &colatitudes),
            weights,
            phi: [
                fft.plan_fft_forward(longitudes),
                fft.plan_fft_inverse(longitudes),
            ],
            extension,
            arch: Arch::new(),
        })
    }

    /// Returns the band limit L (exclusive).
    pub fn band_limit(&self) -> usize {
        self.band_limit
    }

    /// Returns the sampling.
    pub fn sampling(&self) -> Sampling {
        self.sampling
    }

    /// Returns the shape of a signal, `[rings, 2L − 1]`.
    pub fn signal_shape(&self) -> [usize; 2] {
        self.shape
    }

    /// Returns the shape of the coefficients, `[L, 2L − 1]`.
    pub fn coeffs_shape(&self) -> [usize; 2] {
        [self.band_limit, 2 * self.band_limit - 1]
    }

    /// Returns the number of coefficients that are not zero by definition, `L * L`.
    pub fn coeff_len(&self) -> usize {
        self.band_limit * self.band_limit
    }

    /// Makes an array of coefficients, all zero.
    pub fn make_coeffs(&self) -> Array2<Complex64> {
        Array2::zeros(self.coeffs_shape())
    }

    /// Makes an array for a signal, all zero.
    pub fn make_signal<T: Sample>(&self) -> Array2<T> {
        Array2::from_elem(self.shape, T::default())
    }

    /// Makes the working memory of the `*_into` methods; it serves real and complex signals.
    pub fn make_scratch(&self) -> ShtScratch {
        let [planar, sums, rows, columns, fft] = self.scratch_lengths();
        ShtScratch {
            planar: vec![0.0; planar],
            sums: vec![0.0; sums],
            rows: vec![Complex64::ZERO; rows],
            columns: vec![Complex64::ZERO; columns],
            fft: vec![Complex64::ZERO; fft],
        }
    }

    /// Computes the coefficients of a sampled signal, allocating the result.
    ///
    /// # Errors
    /// As [`ShtPlan::forward_into`].
    pub fn forward<T: Sample>(&self, signal: ArrayView2<'_, T>) -> Result<Array2<Complex64>> {
        let mut coeffs = self.make_coeffs();
        self.forward_into(signal, coeffs.view_mut(), &mut self.make_scratch())?;
        Ok(coeffs)
    }

    /// Computes the samples of a signal from its coefficients, allocating the result.
    ///
    /// # Errors
    /// As [`ShtPlan::inverse_into`].
    pub fn inverse<T: Sample>(&self, coeffs: ArrayView2<'_, Complex64>) -> Result<Array2<T>> {
        let mut signal = self.make_signal();
        self.inverse_into(coeffs, signal.view_mut(), &mut self.make_scratch())?;
        Ok(signal)
    }

    pub(super) fn check(
        &self,
        what: &str,
        found: (usize, usize),
        expected: [usize; 2],
    ) -> Result<()> {
        if [found.0, found.1] == expected {
            return Ok(());
        }
        Err(Error::ShapeMismatch {
            what: format!(
                "{what} of band limit {} ({})",
                self.band_limit, self.sampling
            ),
            expected: format!("{expected:?}"),
            found: vec![found.0, found.1],
        })
    }

    pub(super) fn check_scratch(&self, scratch: &ShtScratch) -> Result<()> {
        let found = scratch.lengths();
        let expected = self.scratch_lengths();
        if found.iter().zip(&expected).all(|(f, e)| f >= e) {
            return Ok(());
        }
        Err(Error::ShapeMismatch {
            what: "scratch of a spherical-harmonic plan".into(),
            expected: format!("{expected:?}, as from make_scratch of this plan"),
            found: found.to_vec(),
        })
    }

    fn scratch_lengths(&self) -> [usize; 5] {
        let limit = self.band_limit;
        let columns = match self.extension {
            Some(_) => 2 * limit * limit,
            None => 0,
        };
        let fft = self
            .phi
            .iter()
            .map(|plan| plan.get_inplace_scratch_len())
            .chain(self.extension.as_ref().map(Extension::scratch_len))
            .max()
            .unwrap_or(0);
        [
            8 * limit * self.tables.padded_rings,
            4 * RING_BLOCK * limit.div_ceil(2),
            2 * PAIRS * self.shape[1],
            columns,
            fft,
        ]
    }
}

impl ShtScratch {
    fn lengths(&self) -> [usize; 5] {
        [
            self.planar.len(),
            self.sums.len(),
            self.rows.len(),
            self.columns.len(),
            self.fft.len(),
        ]
    }
}

impl fmt::Debug for ShtPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShtPlan")
            .field("band_limit", &self.band_limit)
            .field("sampling", &self.sampling)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ShtScratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ShtScratch").field(&self.lengths()).finish()
    }
}

/// Refuses an array that holds a NaN or an infinity.
pub(super) fn check_finite<T: Copy>(
    what: &str,
    array: ArrayView2<'_, T>,
    is_finite: impl Fn(T) -> bool,
) -> Result<()> {
    if array.iter().all(|value| is_finite(*value)) {
        return Ok(());
    }
    let (index, _) = array
        .indexed_iter()
        .find(|(_, value)| !is_finite(**value))
        .expect("some value is not finite");
    Err(Error::NotFinite {
        what: what.into(),
        index: vec![index.0, index.1],
    })
}
