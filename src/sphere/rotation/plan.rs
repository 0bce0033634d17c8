//! Plans of rotations.

use super::batch::{Passenger, rotate_all};
use super::method::{Method, method};
use super::signals::{
    CoefficientRotationScratch, Kind, Tilt, Turn, first_not_finite, rotate_group,
};
use super::tables::RotationTables;
use crate::check;
use crate::group::EulerZyz;
use crate::sphere::axes::{Layout, half_len, in_place, leading};
use crate::sphere::limits::{Limits, check_band_limit};
use crate::wigner::seeds::check_angles;
use crate::{Error, Result};
use ndarray::{Array, ArrayView, ArrayView2, ArrayViewMut, ArrayViewMut2, Dimension, IxDyn};
use num_complex::Complex64;

/// Rotates signals of one band limit. The tables are made once and serve any rotation of single signals and batches.
///
/// ```math
/// (R f)(x) = f(R^{-1} x) , \qquad (Rf)_{\ell m} = \sum_n D^\ell_{mn}(\alpha, \beta, \gamma)\, f_{\ell n}
/// ```
/// Rotations are active, as in [`rotate_coefficients`](super::rotate_coefficients), and unitary: both the inverse and the adjoint are the
/// rotation by $`R^{-1}`$. The Wigner functions are not stored. A recursion in the degree computes them once for all signals of a
/// batch. The plan is immutable and may be shared between threads. Conventions: see [`crate::conventions`].
///
/// | plan | coefficients |
/// |---|---|
/// | [`complex`](CoefficientRotation::complex) | of complex signals: `[.., L, 2L − 1]`, entry `[l, m + L − 1]`; entries with \|m\| > ℓ are ignored, and zero afterwards |
/// | [`real`](CoefficientRotation::real) | of real signals, in about half of the time: `[.., L, 2L − 1]`; only entries with 0 ≤ m ≤ ℓ are read, at m = 0 only the real parts; all orders are written |
/// | [`half`](CoefficientRotation::half) | of real signals, m ≥ 0: `[.., L (L + 1) / 2]`, entry `m (2L − 1 − m) / 2 + l`, the order of healpy and ducc0 |
///
/// Leading axes are a batch.
///
/// # Cost and accuracy
/// O(L³) time per signal, O(L²) memory for tables and scratch. Three or more real signals on one thread share each Wigner function, in
/// working memory that each call allocates per thread. Error of a coefficient relative to the norm of its degree: 4e-15
/// at L = 64, 6e-15 at L = 512 (`docs/accuracy.md`), at any angle.
///
/// # Examples
/// ```
/// use haarmonic::group::EulerZyz;
/// use haarmonic::sphere::{CoefficientRotation, coefficients};
/// use ndarray::{Array3, Axis};
/// let rotation = CoefficientRotation::real(2)?;
/// let mut z = coefficients::zeros(2)?;
/// z[[1, 1]] = 1.0.into();                                        // Y₁₀, proportional to z
/// let quarter = EulerZyz::new(0.0, std::f64::consts::FRAC_PI_2, 0.0)?;
/// let x = rotation.rotate(z.view(), &quarter)?;
/// assert!((x[[1, 2]].re + 0.5_f64.sqrt()).abs() < 4.0 * f64::EPSILON);     // (Y₁₋₁ − Y₁₁) / √2, proportional to x
/// assert!((x[[1, 0]].re - 0.5_f64.sqrt()).abs() < 4.0 * f64::EPSILON);
///
/// let five = Array3::from_shape_fn((5, 2, 3), |(i, l, m)| z[[l, m]] * i as f64);
/// let rotated = rotation.rotate(five.view(), &quarter)?;
/// assert!((rotated[[4, 1, 2]] - 4.0 * x[[1, 2]]).norm() < 8.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// VMK88, Eq. 4.1 (5); KR08, Sect. 3.
#[derive(Debug)]
pub struct CoefficientRotation {
    tables: RotationTables,
    kind: Kind,
    layout: Layout,
}

impl CoefficientRotation {
    /// Makes the tables for complex signals of a band limit.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or too large.
    pub fn complex(band_limit: usize) -> Result<Self> {
        Self::new(band_limit, Kind::Complex, Layout::Full)
    }

    /// Makes the tables for real signals of a band limit.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or too large.
    pub fn real(band_limit: usize) -> Result<Self> {
        Self::new(band_limit, Kind::Real, Layout::Full)
    }

    /// Makes the tables for real signals of a band limit in the half layout.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or too large.
    pub fn half(band_limit: usize) -> Result<Self> {
        Self::new(band_limit, Kind::Real, Layout::Half)
    }

    fn new(band_limit: usize, kind: Kind, layout: Layout) -> Result<Self> {
        check_band_limit(band_limit)?;
        Ok(CoefficientRotation {
            tables: RotationTables::new(band_limit),
            kind,
            layout,
        })
    }

    /// Returns the band limit L.
    pub fn band_limit(&self) -> usize {
        self.tables.band_limit
    }

    /// Makes the working memory of one thread.
    pub fn make_scratch(&self) -> CoefficientRotationScratch {
        let mut scratch = CoefficientRotationScratch::default();
        scratch.prepare(&self.tables, 2);
        scratch
    }

    /// Makes working memory with which calls share the signals of a batch among the threads of the current `rayon` pool.
    ///
    /// Results do not depend on the number of threads.
    pub fn make_parallel_scratch(&self) -> CoefficientRotationScratch {
        let mut scratch = self.make_scratch();
        scratch.parallel = true;
        scratch
    }

    /// Rotates signals actively by one rotation into a caller's array.
    ///
    /// # Arguments
    /// * `coeffs` — one signal, or more of them along leading axes
    /// * `rotated` — the shape of `coeffs`; overwritten; its content is unspecified after an error in a batch
    /// * `scratch` — from [`make_scratch`](CoefficientRotation::make_scratch) or
    ///   [`make_parallel_scratch`](CoefficientRotation::make_parallel_scratch)
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if an array has another shape, [`Error::NotFinite`] if a coefficient that is read is NaN or infinite.
    pub fn rotate_into<D: Dimension>(
        &self,
        coeffs: ArrayView<'_, Complex64, D>,
        euler: &EulerZyz,
        rotated: ArrayViewMut<'_, Complex64, D>,
        scratch: &mut CoefficientRotationScratch,
    ) -> Result<()> {
        let (coeffs, mut rotated) = (coeffs.into_dyn(), rotated.into_dyn());
        let axes = self.axes();
        let batch = leading(
            COEFFICIENTS,
            coeffs.shape(),
            &axes[axes.len() - self.rank()..],
        )?;
        check::shape(ROTATED, rotated.shape(), coeffs.shape())?;
        let tilt = Tilt::new(euler.beta(), self.band_limit());
        let buffer = std::mem::take(&mut scratch.phases);
        let phases = tilt.phases(euler.alpha(), euler.gamma(), buffer);
        let finite = if batch.is_empty() && self.layout == Layout::Full {
            let turn = Turn {
                coeffs: coeffs.view().into_dimensionality().expect("two axes"),
                phases: &phases,
            };
            let rotated = rotated.into_dimensionality().expect("two axes");
            self.rotate_few(&tilt, &[turn], &mut [rotated], scratch)
        } else {
            let standard = coeffs.as_standard_layout();
            let from = standard.as_slice().expect("the layout is standard");
            let length = self.layout.len(Limits::all(self.band_limit()));
            let turns = from.chunks_exact(length).map(|one| (one, &phases[..]));
            in_place(&mut rotated, |to| {
                self.rotate_slices(&tilt, turns, to, scratch)
            })
        };
        scratch.phases = phases;
        if finite {
            Ok(())
        } else {
            Err(self.not_finite(&coeffs))
        }
    }

    /// Rotates signals actively by one rotation, allocating the result; see [`CoefficientRotation::rotate_into`].
    ///
    /// # Errors
    /// As [`CoefficientRotation::rotate_into`].
    pub fn rotate<D: Dimension>(
        &self,
        coeffs: ArrayView<'_, Complex64, D>,
        euler: &EulerZyz,
    ) -> Result<Array<Complex64, D>> {
        let mut rotated = Array::zeros(coeffs.raw_dim());
        self.rotate_into(coeffs, euler, rotated.view_mut(), &mut self.make_scratch())?;
        Ok(rotated)
    }

    /// Rotates one signal by several rotations that share β.
    ///
    /// # Arguments
    /// * `coeffs` — one signal
    /// * `beta` — in radians
    /// * `turns` — α and γ of each rotation, in radians
    /// * `rotated` — one axis more, for the rotations; overwritten
    /// * `scratch` — as for [`CoefficientRotation::rotate_into`]
    ///
    /// # Cost and accuracy
    /// Three or more rotations on one thread share each Wigner function.
    ///
    /// # Errors
    /// As [`CoefficientRotation::rotate_into`], and [`Error::NotFinite`] if an angle is NaN or infinite.
    pub fn rotate_by_each_into<D: Dimension>(
        &self,
        coeffs: ArrayView<'_, Complex64, D>,
        beta: f64,
        turns: &[[f64; 2]],
        rotated: ArrayViewMut<'_, Complex64, D::Larger>,
        scratch: &mut CoefficientRotationScratch,
    ) -> Result<()> {
        check_angles(&[beta])?;
        check_angles(turns.as_flattened())?;
        let (coeffs, mut rotated) = (coeffs.into_dyn(), rotated.into_dyn());
        let axes = self.axes();
        let axes = &axes[axes.len() - self.rank()..];
        check::shape(COEFFICIENTS, coeffs.shape(), axes)?;
        check::shape(ROTATED, rotated.shape(), &[&[turns.len()], axes].concat())?;
        let tilt = Tilt::new(beta, self.band_limit());
        let phases: Vec<_> = turns
            .iter()
            .map(|&[alpha, gamma]| tilt.phases(alpha, gamma, Vec::new()))
            .collect();
        let standard = coeffs.as_standard_layout();
        let from = standard.as_slice().expect("the layout is standard");
        let turns = phases.iter().map(|phases| (from, &phases[..]));
        if in_place(&mut rotated, |to| {
            self.rotate_slices(&tilt, turns, to, scratch)
        }) {
            return Ok(());
        }
        Err(self.not_finite(&coeffs))
    }

    /// The axes of one signal are the last [`CoefficientRotation::rank`] of these.
    fn axes(&self) -> [usize; 2] {
        let limit = self.band_limit();
        match self.layout {
            Layout::Full => [limit, 2 * limit - 1],
            Layout::Half => [1, half_len(limit)],
        }
    }

    fn rank(&self) -> usize {
        match self.layout {
            Layout::Full => 2,
            Layout::Half => 1,
        }
    }

    /// Signals that count as one or two real ones; says whether all coefficients that are read are finite, and leaves the results alone
    /// if not.
    fn rotate_few(
        &self,
        tilt: &Tilt,
        turns: &[Turn<'_>],
        rotated: &mut [ArrayViewMut2<'_, Complex64>],
        scratch: &mut CoefficientRotationScratch,
    ) -> bool {
        let mut coeffs = turns.iter().map(|turn| &turn.coeffs);
        if coeffs.any(|coeffs| first_not_finite(self.kind, coeffs).is_some()) {
            return false;
        }
        match self.kind.columns() * turns.len() {
            0 => {}
            1 => rotate_group::<1>(&self.tables, self.kind, tilt, turns, rotated, scratch),
            _ => rotate_group::<2>(&self.tables, self.kind, tilt, turns, rotated, scratch),
        }
        true
    }

    /// Signals with their phases, together if there are some, one by one otherwise; says whether all coefficients that are read are finite.
    fn rotate_slices<'a>(
        &self,
        tilt: &Tilt,
        turns: impl ExactSizeIterator<Item = (&'a [Complex64], &'a [Complex64])>,
        rotated: &mut [Complex64],
        scratch: &mut CoefficientRotationScratch,
    ) -> bool {
        let limit = self.band_limit();
        let outputs = rotated.chunks_exact_mut(self.layout.len(Limits::all(limit)));
        if method(self.layout, self.kind.columns() * turns.len()) == Method::Few {
            let axes = (limit, 2 * limit - 1);
            let turns: Vec<_> = turns
                .map(|(coeffs, phases)| Turn {
                    coeffs: ArrayView2::from_shape(axes, coeffs).expect("one signal"),
                    phases,
                })
                .collect();
            let mut outputs: Vec<_> = outputs
                .map(|out| ArrayViewMut2::from_shape(axes, out).expect("one signal"))
                .collect();
            return self.rotate_few(tilt, &turns, &mut outputs, scratch);
        }
        let mut signals: Vec<_> = turns
            .zip(outputs)
            .map(|((coeffs, phases), rotated)| Passenger {
                coeffs,
                phases,
                rotated,
            })
            .collect();
        let parallel = scratch.parallel;
        rotate_all(limit, self.kind, self.layout, tilt, &mut signals, parallel)
    }

    /// The first coefficient that is read and not finite.
    fn not_finite(&self, coeffs: &ArrayView<'_, Complex64, IxDyn>) -> Error {
        let limit = self.band_limit();
        let read = |index: &[usize]| match (self.layout, index) {
            (Layout::Full, [.., l, column]) => match self.kind {
                Kind::Real => (limit - 1..limit + l).contains(column),
                Kind::Complex => column.abs_diff(limit - 1) <= *l,
            },
            _ => true,
        };
        // Of the half layout the imaginary parts at m = 0, the first L entries, are not read.
        let finite = |index: &[usize], value: &Complex64| {
            let real = self.layout == Layout::Half && index.last() < Some(&limit);
            value.re.is_finite() && (real || value.im.is_finite())
        };
        let found = coeffs
            .indexed_iter()
            .find(|(index, value)| read(index.slice()) && !finite(index.slice(), value));
        let index = found.map_or_else(Vec::new, |(index, _)| index.slice().to_vec());
        Error::not_finite(COEFFICIENTS, index)
    }
}

const COEFFICIENTS: &str = "spherical-harmonic coefficients";
const ROTATED: &str = "rotated spherical-harmonic coefficients";
