//! The Wigner transform: harmonic analysis of functions on SO(3).

use super::classes::Coefficients;
use super::grid::RotationGrid;
use super::passes::{Buffers, Passes};
use crate::check;
use crate::sphere::Sample;
use crate::sphere::axes::{leading, replace_axes};
use crate::{Error, Result};
use ndarray::{
    Array, Array3, ArrayView, ArrayView3, ArrayViewMut, ArrayViewMut3, Axis, Dimension, IxDyn,
};
use num_complex::Complex64;
use std::fmt;

/// The forward and inverse Wigner transform for one band limit and grid.
///
/// ```math
/// f(\alpha,\beta,\gamma) = \sum_{\ell<L} \sum_{m,n} \frac{2\ell+1}{8\pi^2}\, \hat f^{n}_{\ell m}\; d^\ell_{mn}(\beta)\, e^{i(m\alpha+n\gamma)} ,
/// \qquad
/// \hat f^{n}_{\ell m} = \int_0^{2\pi}\!\! d\alpha \int_0^\pi\!\! \sin\beta\, d\beta \int_0^{2\pi}\!\! d\gamma\; f\; d^\ell_{mn}(\beta)\, e^{-i(m\alpha+n\gamma)}
/// ```
/// Conventions: see [`crate::conventions`]. Orders n are below N ≤ L in modulus; N = L unless the grid or
/// [`WignerPlanner::plan_orders`](super::WignerPlanner::plan_orders) says otherwise. Coefficients have shape
/// `[2N − 1, L, 2L − 1]`, entry `[n + N − 1, l, m + L − 1]`; samples have shape `[γ, β, α]`. The function is real exactly if
/// $`\hat f^{-n}_{\ell,-m} = (-1)^{m-n} \overline{\hat f^n_{\ell m}}`$.
///
/// Plans are immutable and may be shared between threads. Every call uses the calling thread alone. The adjoints of the two directions
/// are not offered.
///
/// # Cost and accuracy
/// O(L³ N) time; scratch O(L²), or up to 256 MB where that is more (with McEwen–Wiaux samples the forward transform needs
/// as much as the samples). The Wigner functions are tabulated where that takes a megabyte at most, else computed on the fly, one recursion for up to eight
/// pairs of orders and eight angles in the lanes of a vector. Real signals cost half of complex ones. Grids made by
/// [`RotationGrid::fast`] are the fastest.
///
/// # Examples
/// ```
/// use haarmonic::{so3::WignerPlanner, sphere::Sampling};
/// use ndarray::Array3;
/// let plan = WignerPlanner::new().plan(2, Sampling::DriscollHealy)?;
/// // f = cos β is d¹₀₀: one coefficient, 8π²/3.
/// let betas = plan.grid().betas().to_vec();
/// let samples = Array3::from_shape_fn(plan.signal_shape(), |(_, b, _)| betas[b].cos());
/// let coeffs = plan.forward(samples.view())?;
/// let want = 8.0 * std::f64::consts::PI.powi(2) / 3.0;
/// assert!((coeffs[[1, 1, 1]].re - want).abs() < 64.0 * f64::EPSILON * want);
/// let back: Array3<f64> = plan.inverse(coeffs.view())?;
/// assert!((&back - &samples).iter().all(|error| error.abs() < 64.0 * f64::EPSILON));
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// KR08, Sect. 2; MBLPM15, Sect. 3.
pub struct WignerPlan {
    band_limit: usize,
    order_limit: usize,
    grid: RotationGrid,
    passes: Passes,
}

/// Work space of a [`WignerPlan`]; its content never affects results, and it grows to fit any plan it is used with.
#[derive(Debug, Clone, Default)]
pub struct WignerScratch {
    buffers: Buffers,
}

impl WignerPlan {
    /// The limits fit the grid.
    pub(super) fn new(band_limit: usize, order_limit: usize, grid: RotationGrid) -> Result<Self> {
        Ok(WignerPlan {
            band_limit,
            order_limit,
            passes: Passes::new(band_limit, order_limit, &grid)?,
            grid,
        })
    }

    /// Returns the band limit L: degrees are below it.
    pub fn band_limit(&self) -> usize {
        self.band_limit
    }

    /// Returns the order limit N: the orders n of γ are below N in modulus. N ≤ L.
    pub fn order_limit(&self) -> usize {
        self.order_limit
    }

    /// Returns the grid.
    pub fn grid(&self) -> &RotationGrid {
        &self.grid
    }

    /// Returns the shape `[γ, β, α]` of samples.
    pub fn signal_shape(&self) -> [usize; 3] {
        self.grid.shape()
    }

    /// Returns the shape `[n, l, m]` of coefficients, `[2N − 1, L, 2L − 1]`.
    pub fn coeffs_shape(&self) -> [usize; 3] {
        [
            2 * self.order_limit - 1,
            self.band_limit,
            2 * self.band_limit - 1,
        ]
    }

    /// Makes an array of zero coefficients.
    pub fn make_coeffs(&self) -> Array3<Complex64> {
        Array3::zeros(self.coeffs_shape())
    }

    /// Makes work space of the right size.
    pub fn make_scratch(&self) -> WignerScratch {
        let mut scratch = WignerScratch::default();
        self.passes.fit(&mut scratch.buffers);
        scratch
    }

    /// Computes samples from coefficients.
    ///
    /// # Arguments
    /// * `coeffs` — shape `[.., 2N − 1, L, 2L − 1]`; entries with |m| > ℓ or |n| > ℓ are ignored. For a real function only entries with m ≥ 0 are
    ///   read; the others are implied, $`\hat f^{-n}_{\ell,-m} = (-1)^{m-n} \overline{\hat f^n_{\ell m}}`$
    /// * `samples` — shape `[.., γ, β, α]`, with the leading axes of `coeffs`, a batch; overwritten
    /// * `scratch` — from [`WignerPlan::make_scratch`]
    ///
    /// # Cost and accuracy
    /// As for the [plan](WignerPlan). Coefficients that are not contiguous are copied first.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if an array has another shape, [`Error::NotFinite`] if a coefficient that is read is NaN or
    /// infinite; the content of `samples` is then unspecified.
    pub fn inverse_into<T: Sample, D: Dimension>(
        &self,
        coeffs: ArrayView<'_, Complex64, D>,
        samples: ArrayViewMut<'_, T, D>,
        scratch: &mut WignerScratch,
    ) -> Result<()> {
        self.check(samples.shape(), coeffs.shape())?;
        each(
            coeffs.into_dyn(),
            samples.into_dyn(),
            |coeffs, samples, place| {
                let coeffs = coeffs.as_standard_layout();
                let source = DenseCoefficients {
                    coeffs: coeffs.as_slice().expect("standard layout"),
                    band_limit: self.band_limit,
                    order_limit: self.order_limit,
                };
                // The array is too long to be read once more only for the check.
                if self.passes.inverse(&source, samples, &mut scratch.buffers) {
                    Ok(())
                } else {
                    // Of real functions orders m ≥ 0 are read.
                    let first = if T::ROWS == 1 { self.band_limit - 1 } else { 0 };
                    Err(self.not_finite(&coeffs.view(), first, place))
                }
            },
        )
    }

    /// Computes samples from coefficients, allocating the result; see [`WignerPlan::inverse_into`].
    ///
    /// # Errors
    /// As [`WignerPlan::inverse_into`].
    pub fn inverse<T: Sample, D: Dimension>(
        &self,
        coeffs: ArrayView<'_, Complex64, D>,
    ) -> Result<Array<T, D>> {
        let shape: D = replace_axes(COEFFICIENTS, coeffs.shape(), 3, &self.signal_shape())?;
        let mut samples = Array::from_elem(shape, T::default());
        self.inverse_into(coeffs, samples.view_mut(), &mut self.make_scratch())?;
        Ok(samples)
    }

    /// Computes the coefficients of functions from their samples.
    ///
    /// Exact (up to rounding) if the function has degrees below the band limit of the grid.
    ///
    /// # Arguments
    /// * `samples` — shape `[.., γ, β, α]`, real or complex; unchanged
    /// * `coeffs` — shape `[.., 2N − 1, L, 2L − 1]`, with the leading axes of `samples`, a batch; overwritten, zero where |m| > ℓ or |n| > ℓ
    /// * `scratch` — from [`WignerPlan::make_scratch`]
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if an array has another shape, [`Error::NotFinite`] if a sample is NaN or infinite.
    pub fn forward_into<T: Sample, D: Dimension>(
        &self,
        samples: ArrayView<'_, T, D>,
        coeffs: ArrayViewMut<'_, Complex64, D>,
        scratch: &mut WignerScratch,
    ) -> Result<()> {
        self.check(samples.shape(), coeffs.shape())?;
        each(
            samples.into_dyn(),
            coeffs.into_dyn(),
            |samples, coeffs, _| self.forward_one(samples, coeffs, scratch),
        )
    }

    /// Computes the coefficients of functions, allocating the result; see [`WignerPlan::forward_into`].
    ///
    /// # Errors
    /// As [`WignerPlan::forward_into`].
    pub fn forward<T: Sample, D: Dimension>(
        &self,
        samples: ArrayView<'_, T, D>,
    ) -> Result<Array<Complex64, D>> {
        let shape: D = replace_axes(SAMPLES, samples.shape(), 3, &self.coeffs_shape())?;
        let mut coeffs = Array::zeros(shape);
        self.forward_into(samples, coeffs.view_mut(), &mut self.make_scratch())?;
        Ok(coeffs)
    }

    /// Checks the axes of samples and coefficients.
    fn check(&self, samples: &[usize], coeffs: &[usize]) -> Result<()> {
        let batch = leading(SAMPLES, samples, &self.signal_shape())?;
        let expected = [batch, &self.coeffs_shape()].concat();
        check::shape(COEFFICIENTS, coeffs, &expected)
    }

    /// Computes the samples of a real function from coefficients; false if some of these is NaN or infinite.
    pub(super) fn inverse_from(
        &self,
        coeffs: &dyn Coefficients,
        samples: ArrayViewMut3<'_, f64>,
        scratch: &mut WignerScratch,
    ) -> Result<bool> {
        check::shape(SAMPLES, samples.shape(), &self.signal_shape())?;
        let finite = self.passes.inverse(coeffs, samples, &mut scratch.buffers);
        Ok(finite)
    }

    fn forward_one<T: Sample>(
        &self,
        samples: ArrayView3<'_, T>,
        mut coeffs: ArrayViewMut3<'_, Complex64>,
        scratch: &mut WignerScratch,
    ) -> Result<()> {
        // Other memory orders are served by a copy.
        let mut copy = Vec::new();
        let target = match coeffs.as_slice_mut() {
            Some(target) => target,
            None => {
                copy.resize(coeffs.len(), Complex64::ZERO);
                &mut copy
            }
        };
        let buffers = &mut scratch.buffers;
        if !self.passes.forward(samples.reborrow(), target, buffers) {
            check::finite(SAMPLES, samples)?;
        }
        let [_, rows, columns] = self.coeffs_shape();
        for (i, row) in target.chunks_exact_mut(columns).enumerate() {
            let valid = self.valid(i / rows, i % rows);
            row[..valid.start].fill(Complex64::ZERO);
            row[valid.end..].fill(Complex64::ZERO);
        }
        if !copy.is_empty() {
            let copy = ArrayView3::from_shape(self.coeffs_shape(), &copy);
            coeffs.assign(&copy.expect("as long as the coefficients"));
        }
        Ok(())
    }

    /// The columns m of row `[n, l]` with |m|, |n| ≤ l.
    fn valid(&self, n: usize, l: usize) -> std::ops::Range<usize> {
        let centre = self.band_limit - 1;
        if n.abs_diff(self.order_limit - 1) > l {
            centre..centre
        } else {
            centre - l..centre + l + 1
        }
    }

    /// The first coefficient that is NaN or infinite, of the columns from `first` on; entries with |m| > l or |n| > l may hold
    /// anything.
    fn not_finite(
        &self,
        coeffs: &ArrayView3<'_, Complex64>,
        first: usize,
        place: &[usize],
    ) -> Error {
        let mut entries = coeffs.indexed_iter();
        let found = entries.find(|((n, l, m), value)| {
            *m >= first && self.valid(*n, *l).contains(m) && !value.is_finite()
        });
        let index = found.map_or_else(Vec::new, |((n, l, m), _)| [place, &[n, l, m]].concat());
        Error::not_finite(COEFFICIENTS, index)
    }
}

const COEFFICIENTS: &str = "coefficients on SO(3)";
const SAMPLES: &str = "samples on SO(3)";

/// Calls `work` with each entry of a batch along the leading axes of two arrays, and its place there.
fn each<A, B>(
    from: ArrayView<'_, A, IxDyn>,
    mut to: ArrayViewMut<'_, B, IxDyn>,
    mut work: impl FnMut(ArrayView3<'_, A>, ArrayViewMut3<'_, B>, &[usize]) -> Result<()>,
) -> Result<()> {
    let batch = IxDyn(&from.shape()[..from.ndim() - 3]);
    for place in ndarray::indices(batch) {
        let (mut from, mut to) = (from.view(), to.view_mut());
        for &index in place.slice() {
            from = from.index_axis_move(Axis(0), index);
            to = to.index_axis_move(Axis(0), index);
        }
        let one = "three axes are left";
        let (from, to) = (from.into_dimensionality(), to.into_dimensionality());
        work(from.expect(one), to.expect(one), place.slice())?;
    }
    Ok(())
}

/// An array of shape `[2N − 1, L, 2L − 1]`.
struct DenseCoefficients<'a> {
    coeffs: &'a [Complex64],
    band_limit: usize,
    order_limit: usize,
}

impl Coefficients for DenseCoefficients<'_> {
    fn write(&self, first: usize, orders: &[[i64; 2]], rows: &mut [f64]) {
        let columns = 2 * self.band_limit - 1;
        let (m_shift, n_shift) = (self.band_limit as i64 - 1, self.order_limit as i64 - 1);
        let mut starts = [0; 8];
        for (start, [m, n]) in starts.iter_mut().zip(orders) {
            let row = (n + n_shift) as usize * self.band_limit + first;
            *start = row * columns + (m + m_shift) as usize;
        }
        for (i, row) in rows.chunks_exact_mut(2 * orders.len()).enumerate() {
            for (pair, start) in row.as_chunks_mut::<2>().0.iter_mut().zip(&starts) {
                let value = self.coeffs[start + i * columns];
                *pair = [value.re, value.im];
            }
        }
    }
}

impl fmt::Debug for WignerPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WignerPlan")
            .field("band_limit", &self.band_limit)
            .field("sampling", &self.grid.sampling())
            .field("signal_shape", &self.signal_shape())
            .finish()
    }
}
