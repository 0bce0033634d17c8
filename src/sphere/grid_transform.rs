//! What the transforms on product grids share: rings of equal length, shapes, weights.

use super::chains::Chains;
use super::packed::{pack_all, unpack_all};
use super::plan::ShtScratch;
use super::ring_transform::RingTransform;
use super::sample::Sample;
use super::sampling::Sampling;
use crate::check;
use crate::{Error, Result};
use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use num_complex::Complex64;
use std::f64::consts::PI;

/// A transform with one set of functions on one product grid.
pub(super) struct GridTransform<K> {
    pub band_limit: usize,
    pub sampling: Sampling,
    /// `[rings, longitudes]`.
    pub shape: [usize; 2],
    pub core: RingTransform<K>,
    /// Quadrature weights of the rings, longitude included.
    pub weights: Vec<f64>,
}

impl<K: Chains> GridTransform<K> {
    /// Puts together the transform of the rings of a sampling.
    pub fn new(core: RingTransform<K>, sampling: Sampling) -> Result<Self> {
        let rings = core.fourier.rings.rings();
        let shape = [rings.len(), rings[0].longitudes];
        let mut weights = match core.extension_weight() {
            Some(weight) => vec![weight; shape[0]],
            None => sampling.colatitude_weights(core.band_limit)?,
        };
        for weight in &mut weights {
            *weight *= 2.0 * PI / shape[1] as f64;
        }
        Ok(GridTransform {
            band_limit: core.band_limit,
            sampling,
            shape,
            core,
            weights,
        })
    }

    /// `[L, 2L − 1]`.
    pub fn coeffs_shape(&self) -> [usize; 2] {
        [self.band_limit, 2 * self.band_limit - 1]
    }

    /// Refuses another shape.
    pub fn check(&self, what: &str, found: (usize, usize), expected: [usize; 2]) -> Result<()> {
        if [found.0, found.1] == expected {
            return Ok(());
        }
        Err(Error::shape(
            format!(
                "{what} of band limit {} ({})",
                self.band_limit, self.sampling
            ),
            format!("{expected:?}"),
            vec![found.0, found.1],
        ))
    }

    /// Coefficients from samples; `transposed` as in [`RingTransform::analyse`].
    pub fn analyse<T: Sample>(
        &self,
        signal: ArrayView2<'_, T>,
        transposed: bool,
        weights: Option<&[f64]>,
        coeffs: ArrayViewMut2<'_, Complex64>,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        self.check("signal", signal.dim(), self.shape)?;
        self.check("coefficients", coeffs.dim(), self.coeffs_shape())?;
        scratch.fit::<T, _>(&self.core);
        let samples = signal.as_standard_layout();
        let samples = samples.as_slice().expect("the layout is standard");
        let ShtScratch { ring, packed, .. } = scratch;
        if !self
            .core
            .analyse(samples, transposed, weights, packed, ring)
        {
            return not_finite(signal);
        }
        unpack_all::<T>(packed, coeffs, ring.parallel);
        Ok(())
    }

    /// Samples from coefficients; `transposed` as in [`RingTransform::synthesise`].
    pub fn synthesise<T: Sample>(
        &self,
        coeffs: ArrayView2<'_, Complex64>,
        transposed: bool,
        weights: Option<&[f64]>,
        mut signal: ArrayViewMut2<'_, T>,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        self.check("signal", signal.dim(), self.shape)?;
        self.check("coefficients", coeffs.dim(), self.coeffs_shape())?;
        scratch.fit::<T, _>(&self.core);
        let ShtScratch { ring, packed, .. } = scratch;
        if !pack_all::<T>(coeffs, packed, ring.parallel) {
            return check::finite("coefficients", coeffs);
        }
        in_place(&mut signal, |samples| {
            self.core
                .synthesise(packed, transposed, weights, samples, ring);
        });
        Ok(())
    }
}

/// Works on the samples as one slice, or on a copy that is written back.
pub(super) fn in_place<T: Sample>(signal: &mut ArrayViewMut2<'_, T>, work: impl FnOnce(&mut [T])) {
    if let Some(samples) = signal.as_slice_mut() {
        return work(samples);
    }
    let mut copy = Array2::from_elem(signal.dim(), T::default());
    work(copy.as_slice_mut().expect("a new array is contiguous"));
    signal.assign(&copy);
}

/// Names the first sample that is not finite.
pub(super) fn not_finite<T: Sample>(signal: ArrayView2<'_, T>) -> Result<()> {
    check::finite("signal", signal)?;
    // The weighted sums of finite samples overflowed.
    Err(Error::not_finite("signal times its weights", Vec::new()))
}
