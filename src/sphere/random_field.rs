//! Random isotropic fields on the sphere, from their spectra.

use super::axes::{half_index, half_len};
use super::limits::check_band_limit;
use crate::numeric::normal::{complex_normal, real_normal};
use crate::{Error, Result, check, memory};
use ndarray::{Array2, Array3, ArrayView2, ArrayView3, ArrayViewMut2, Axis, Ix2};
use num_complex::Complex64;
use rand::Rng;

const SPECTRUM: &str = "spectrum of a random field";
const SPECTRA: &str = "spectra of random fields";
/// A correlation below this many n ε is rounding, for n fields.
const ROUNDING: f64 = 16.0;

/// Real Gaussian fields on the sphere whose law no rotation changes: one field, or several correlated ones, with given spectra.
///
/// ```math
/// \mathrm E \; \hat f^i_{\ell m} \, \overline{\hat f^j_{\ell' m'}} = C^{ij}_\ell \, \delta_{\ell\ell'} \, \delta_{mm'} , \qquad
/// \mathrm E \; f^i(x) \, f^j(y) = \sum_{\ell < L} \frac{2\ell+1}{4\pi} \, C^{ij}_\ell \, P_\ell(x \cdot y)
/// ```
/// The mean is zero. [`SpectrumNorm::Mean`](super::spectra::SpectrumNorm::Mean) of a sample estimates $`C_\ell`$. Samples are coefficients
/// in the half layout that all plans take, so that one synthesis gives maps on any grid or rings. Coefficients E and B of fields with spin
/// are samples of two fields, one after the other ([`SpinPlan`](super::SpinPlan)).
///
/// # Cost and accuracy
/// O(fields² L²) for a sample; the synthesis takes longer. The same generator gives the same coefficients of each degree for every L.
///
/// # Examples
/// ```
/// use haarmonic::ndarray::Array3;
/// use haarmonic::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
/// use haarmonic::sphere::{RandomField, Sampling, ShtPlanner};
///
/// let limit = 32;
/// let spectrum: Vec<f64> = (0..limit).map(|l| 1.0 / (1 + l * l) as f64).collect();
/// let coeffs = RandomField::new(&spectrum)?.sample(&mut Xoshiro256PlusPlus::seed_from_u64(1))?;
/// let plan = ShtPlanner::new().plan(limit, Sampling::GaussLegendre)?;
/// let mut maps = Array3::<f64>::zeros((1, 32, 63));
/// plan.inverse_into(coeffs.view(), maps.view_mut(), &mut plan.make_scratch())?;
/// assert!(maps.iter().all(|value| value.abs() < 5.0));
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RandomField {
    /// For each degree A with A Aᵀ = C, `[L, fields, fields]`.
    roots: Array3<f64>,
}

impl RandomField {
    /// Makes one field.
    ///
    /// # Arguments
    /// * `spectrum` — $`C_\ell`$ for ℓ < L, not negative
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a negative number or a length that is no band limit, [`Error::NotFinite`].
    pub fn new(spectrum: &[f64]) -> Result<Self> {
        check_band_limit(spectrum.len())?;
        check::finite(SPECTRUM, ndarray::aview1(spectrum))?;
        let mut roots = Array3::zeros((spectrum.len(), 1, 1));
        for (degree, (root, &power)) in roots.iter_mut().zip(spectrum).enumerate() {
            check::not_negative(&format!("{SPECTRUM} at degree {degree}"), power)?;
            *root = power.sqrt();
        }
        Ok(RandomField { roots })
    }

    /// Makes correlated fields.
    ///
    /// # Arguments
    /// * `spectra` — $`C^{ij}_\ell`$, shape `[fields, fields, L]`, for each ℓ a symmetric matrix without negative eigenvalues. Fields may
    ///   depend on each other
    ///
    /// # Cost and accuracy
    /// O(fields³ L). Covariances of samples are those of the matrices to rounding, also for fields of very different size.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`]; [`Error::InvalidValue`] for a matrix that is not symmetric or L that
    /// is no band limit; [`Error::NotPositiveDefinite`] for eigenvalues that are negative beyond rounding.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::ndarray::Array3;
    /// use haarmonic::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
    /// use haarmonic::sphere::RandomField;
    ///
    /// // The second field is twice the first.
    /// let spectra = Array3::from_shape_fn((2, 2, 8), |(i, j, _)| ((i + 1) * (j + 1)) as f64);
    /// let fields = RandomField::correlated(spectra.view())?;
    /// let coeffs = fields.sample(&mut Xoshiro256PlusPlus::seed_from_u64(1))?;
    /// assert!((coeffs[[1, 5]] - 2.0 * coeffs[[0, 5]]).norm() < 1e-15);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn correlated(spectra: ArrayView3<'_, f64>) -> Result<Self> {
        let (fields, columns, limit) = spectra.dim();
        check::not_empty(SPECTRA, fields)?;
        check::shape(SPECTRA, &[fields, columns], &[fields, fields])?;
        check_band_limit(limit)?;
        check::finite(SPECTRA, spectra)?;
        let mut roots = Array3::zeros((limit, fields, fields));
        for (degree, (mut root, matrix)) in roots
            .outer_iter_mut()
            .zip(spectra.axis_iter(Axis(2)))
            .enumerate()
        {
            root.assign(&square_root(degree, matrix)?);
        }
        Ok(RandomField { roots })
    }

    /// Returns the band limit L (exclusive).
    pub fn band_limit(&self) -> usize {
        self.roots.dim().0
    }

    /// Returns the number of fields.
    pub fn fields(&self) -> usize {
        self.roots.dim().1
    }

    /// Draws the coefficients of all fields, shape `[fields, L (L + 1) / 2]`, entry `m (2L − 1 − m) / 2 + l` for m ≥ 0.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> Result<Array2<Complex64>> {
        let shape = Ix2(self.fields(), half_len(self.band_limit()));
        let change = "use a lower band limit, or fewer fields";
        let mut coeffs = memory::zeros("coefficients of random fields", shape, change)?;
        self.sample_into(rng, coeffs.view_mut())?;
        Ok(coeffs)
    }

    /// Draws the coefficients of all fields into an array, as [`sample`](Self::sample).
    ///
    /// # Arguments
    /// * `coeffs` — shape `[fields, L (L + 1) / 2]`; overwritten
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`].
    pub fn sample_into<R: Rng + ?Sized>(
        &self,
        rng: &mut R,
        mut coeffs: ArrayViewMut2<'_, Complex64>,
    ) -> Result<()> {
        let (limit, fields) = (self.band_limit(), self.fields());
        let expected = [fields, half_len(limit)];
        check::shape("coefficients of random fields", coeffs.shape(), &expected)?;
        let mut normal = vec![Complex64::ZERO; fields];
        // Degree by degree: the numbers of a degree do not depend on L.
        for (degree, root) in self.roots.outer_iter().enumerate() {
            for order in 0..=degree {
                normal.fill_with(|| match order {
                    0 => real_normal(rng).into(),
                    _ => complex_normal(rng),
                });
                let place = half_index(limit, degree, order);
                for (mut field, root) in coeffs.outer_iter_mut().zip(root.outer_iter()) {
                    field[place] = root.iter().zip(&normal).map(|(root, z)| z * *root).sum();
                }
            }
        }
        Ok(())
    }
}

/// A with A Aᵀ = C, by the Cholesky factorisation of the correlations with the largest pivot first.
///
/// Correlations do not depend on the sizes of the fields, and pivots in falling order tell dependent fields from independent ones: what
/// is left at the end is rounding, or C has a negative eigenvalue.
fn square_root(degree: usize, matrix: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
    let fields = matrix.nrows();
    let guard = ROUNDING * fields as f64 * f64::EPSILON;
    let refused = |found: String| {
        Err(Error::not_positive_definite(
            format!("{SPECTRA} at degree {degree}"),
            found,
            "use a matrix of covariances",
        ))
    };
    let mut deviations = Vec::with_capacity(fields);
    for (field, &power) in matrix.diag().iter().enumerate() {
        if power < 0.0 {
            return refused(format!("{power:.3e} for field {field}"));
        }
        deviations.push(power.sqrt());
    }
    // A field that vanishes has no covariance with any other.
    let correlation = |i: usize, j: usize| match (deviations[i], deviations[j], matrix[[i, j]]) {
        (_, _, 0.0) => 0.0,
        (a, b, covariance) => covariance / a / b,
    };
    let mut rest = Array2::from_shape_fn((fields, fields), |(i, j)| correlation(i, j));
    for i in 0..fields {
        for j in 0..i {
            if (matrix[[i, j]] - matrix[[j, i]]).abs() > guard * deviations[i] * deviations[j] {
                let found = format!(
                    "{} at [{i}, {j}], {} at [{j}, {i}]",
                    matrix[[i, j]],
                    matrix[[j, i]]
                );
                let what = format!("{SPECTRA} at degree {degree}");
                return Err(Error::invalid(what, found, "a symmetric matrix"));
            }
        }
    }
    let mut root = Array2::zeros((fields, fields));
    for column in 0..fields {
        let pivot = (0..fields).fold(0, |best, i| match rest[[i, i]] > rest[[best, best]] {
            true => i,
            false => best,
        });
        let size = rest[[pivot, pivot]];
        if size <= guard {
            break;
        }
        for i in 0..fields {
            root[[i, column]] = rest[[i, pivot]] / size.sqrt();
        }
        for i in 0..fields {
            for j in 0..fields {
                rest[[i, j]] -= root[[i, column]] * root[[j, column]];
            }
        }
    }
    // NaN must not pass.
    let too_large = |left: &&f64| left.is_nan() || left.abs() > 4.0 * guard;
    if let Some(left) = rest.iter().find(too_large) {
        return refused(format!("{left:.3e} left of the correlations"));
    }
    for (mut row, deviation) in root.outer_iter_mut().zip(deviations) {
        row *= deviation;
    }
    Ok(root)
}
