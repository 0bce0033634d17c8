//! Spectra of kernels on the rotation group SO(3).

use std::f64::consts::PI;

use faer::{Mat, Side, c64};
use ndarray::{Array3, ArrayView3};
use num_complex::Complex64;

use super::mercer::without_noise;
use super::refined::{self, PRECISION, angles, change, check_degrees, checked, refined, size};
use crate::group::{EulerZyz, Rotation};
use crate::numeric::larger;
use crate::so3::{RotationGrid, WignerPlanner};
use crate::sphere::Sampling;
use crate::{Error, Result, check};

/// The largest number of degrees of a kernel of all angles.
const MOST_DEGREES: usize = 64;
/// The largest band limit of its grid, which has ten million rotations.
const LARGEST_GRID: usize = 2 * (MOST_DEGREES + 2);
/// The error of an eigenvalue after two Wigner transforms, relative to the largest one.
const GRID_PRECISION: f64 = 256.0 * f64::EPSILON;

/// The eigenvalues of a kernel $`k(R, R') = \varphi(R^{-1} R')`$ on SO(3), with respect to the Haar measure of mass 1.
///
/// ```math
/// A_\ell = \int \varphi(R) \, D^\ell(R) \, dR , \qquad
/// \varphi(R) = \sum_\ell (2\ell+1) \, \mathrm{tr}\bigl(A_\ell^\top \, \overline{D^\ell(R)}\bigr)
/// ```
/// Each of the 2ℓ + 1 eigenvalues of the Hermitian matrix $`A_\ell`$ belongs to 2ℓ + 1 functions of degree ℓ. The kernel is positive definite exactly
/// if no eigenvalue is negative. If φ depends on the angle of the rotation alone, a class function, then all eigenvalues of a degree are equal.
///
/// # Examples
/// ```
/// use haarmonic::spectral::RotationSpectrum;
/// // 1 + 2 cos ω is the trace of a rotation by ω, the character of degree 1.
/// let spectrum = RotationSpectrum::of_class_function(3, |omega| Ok(omega.iter().map(|w| 1.0 + 2.0 * w.cos()).collect()))?;
/// assert!((spectrum.eigenvalues[1][0] - 1.0 / 3.0).abs() < 1e-15);
/// assert_eq!(spectrum.eigenvalues[1].len(), 3);
/// assert_eq!((spectrum.eigenvalues[0][0], spectrum.eigenvalues[2][0]), (0.0, 0.0));
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// KR08, Sect. 2.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RotationSpectrum {
    /// For each degree ℓ the 2ℓ + 1 eigenvalues of $`A_\ell`$, the largest first; zero where they are below [`floor`](Self::floor).
    pub eigenvalues: Vec<Vec<f64>>,
    /// φ of the identity, which is the sum of all eigenvalues with their multiplicities.
    pub trace: f64,
    /// The sum of the eigenvalues of all further degrees, and so the largest error of the kernel without them.
    pub tail: f64,
    /// The error of each eigenvalue: smaller ones have no digits.
    pub floor: f64,
}

impl RotationSpectrum {
    /// Computes the eigenvalues of a kernel that depends on the angle between two rotations alone.
    ///
    /// ```math
    /// k(\omega) = \sum_\ell (2\ell+1) \, \mu_\ell \, \chi_\ell(\omega) , \qquad
    /// \mu_\ell = \frac{1}{2\ell+1} \, \frac{2}{\pi} \int_0^\pi k(\omega) \sin\bigl((\ell+\tfrac12)\omega\bigr) \sin\tfrac\omega2 \, d\omega
    /// ```
    ///
    /// # Arguments
    /// * `degrees` — number of degrees, 1 to 2048
    /// * `kernel` — the kernel at angles ω in `[0, π]`, radians, of $`R^{-1} R'`$
    ///
    /// # Cost and accuracy
    /// O(n) values of the kernel and O(n · degrees) time with n nodes of Gauss–Legendre in ω; n is doubled until no eigenvalue changes by more than
    /// 32 ε of the largest one. That error is [`floor`](Self::floor).
    ///
    /// # Errors
    /// * [`Error::InvalidValue`] — degrees out of range, a kernel whose eigenvalues are negative
    /// * [`Error::NotFinite`], [`Error::ShapeMismatch`] — for bad values of the kernel
    /// * [`Error::NotConverged`] — 8192 nodes are not enough
    pub fn of_class_function(
        degrees: usize,
        mut kernel: impl FnMut(&[f64]) -> Result<Vec<f64>>,
    ) -> Result<Self> {
        check_degrees(degrees, refined::MOST_DEGREES)?;
        let mut values = |omega: &[f64]| -> Result<Vec<f64>> {
            let values = kernel(omega)?;
            checked(&values, omega.len())?;
            Ok(values)
        };
        let trace = values(&[0.0])?[0];
        let [found] = refined("spectrum of a class function", degrees, |nodes| {
            Ok([class_coefficients(degrees, nodes, &mut values)?])
        })?;
        let floor = PRECISION * size(&found);
        let all = found.into_iter().enumerate();
        let eigenvalues = all.map(|(l, value)| vec![value; 2 * l + 1]).collect();
        Self::new(eigenvalues, trace, floor)
    }

    /// Computes the eigenvalues of a kernel $`\varphi(R^{-1} R')`$, from Wigner transforms of φ.
    ///
    /// The kernel of a network on the orbit of one signal, $`f_0`$ and all its rotations, has this form: φ(R) is the kernel of $`f_0`$ and
    /// $`R f_0`$. Pooling over rotations leaves degree 0 of it alone.
    ///
    /// # Arguments
    /// * `degrees` — number of degrees, 1 to 64
    /// * `tolerance` — the error of each eigenvalue that is allowed, relative to the largest one, above 0
    /// * `kernel` — φ at given rotations, which has $`\varphi(R^{-1}) = \varphi(R)`$
    ///
    /// # Cost and accuracy
    /// Grids of 4M³ rotations for M = degrees + 2 and twice, four times … that, until the eigenvalues change by less than `tolerance` and rounding
    /// (256 ε). The last change, or rounding if it is larger, is [`floor`](Self::floor). A kernel that has a kink at the identity, as of ReLU, converges like a
    /// power of M, smooth ones faster.
    ///
    /// # Errors
    /// * [`Error::InvalidValue`] — arguments out of range, a kernel that is not symmetric or whose eigenvalues are negative
    /// * [`Error::NotFinite`], [`Error::ShapeMismatch`] — for bad values of the kernel
    /// * [`Error::NotConverged`] — the largest grid, of band limit 132 at most, is not enough
    ///
    /// # Examples
    /// ```
    /// use haarmonic::spectral::RotationSpectrum;
    /// // The kernel (x · R x)² of the orbit of a vector x is a function on the sphere: of each matrix A, one eigenvalue is not zero.
    /// let x = [0.6, 0.0, 0.8];
    /// let spectrum = RotationSpectrum::of_invariant_kernel(4, 1e-12, |rotations| {
    ///     let product = |y: [f64; 3]| x[0] * y[0] + x[1] * y[1] + x[2] * y[2];
    ///     Ok(rotations.iter().map(|r| product(r.apply(x)).powi(2)).collect())
    /// })?;
    /// assert!((spectrum.eigenvalues[0][0] - 1.0 / 3.0).abs() < 1e-14);
    /// assert!((spectrum.eigenvalues[2][0] - 2.0 / 15.0).abs() < 1e-14);
    /// assert_eq!(spectrum.eigenvalues[2][1], 0.0);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn of_invariant_kernel(
        degrees: usize,
        tolerance: f64,
        mut kernel: impl FnMut(&[Rotation]) -> Result<Vec<f64>>,
    ) -> Result<Self> {
        check_degrees(degrees, MOST_DEGREES)?;
        check::positive("tolerance of a spectrum on SO(3)", tolerance)?;
        let tolerance = tolerance.max(GRID_PRECISION);
        let mut values = |rotations: &[Rotation]| -> Result<Vec<f64>> {
            let values = kernel(rotations)?;
            checked(&values, rotations.len())?;
            Ok(values)
        };
        let trace = values(&[Rotation::identity()])?[0];
        let mut planner = WignerPlanner::new();
        let mut limit = degrees + 2;
        let (mut before, _) = matrix_eigenvalues(degrees, limit, &mut planner, &mut values)?;
        loop {
            limit *= 2;
            let (now, asymmetry) = matrix_eigenvalues(degrees, limit, &mut planner, &mut values)?;
            let (change, size) = change(&before.concat(), &now.concat());
            if change <= tolerance * size {
                check_symmetric(asymmetry, size, tolerance)?;
                return Self::new(now, trace, larger(change, GRID_PRECISION * size));
            }
            if 2 * limit > LARGEST_GRID {
                return Err(Error::not_converged(
                    "spectrum on SO(3)",
                    change / size,
                    tolerance,
                    format!("a grid of band limit {limit}"),
                ));
            }
            before = now;
        }
    }

    fn new(mut eigenvalues: Vec<Vec<f64>>, trace: f64, floor: f64) -> Result<Self> {
        for (degree, values) in eigenvalues.iter_mut().enumerate() {
            without_noise(degree, values, floor)?;
        }
        let known: f64 = eigenvalues
            .iter()
            .map(|values| values.len() as f64 * values.iter().sum::<f64>())
            .sum();
        Ok(RotationSpectrum {
            eigenvalues,
            trace,
            tail: (trace - known).max(0.0),
            floor,
        })
    }

    /// Returns all eigenvalues in one list, and the number of functions of each, as [`LearningCurve::new`](super::LearningCurve::new) takes them.
    pub fn with_multiplicities(&self) -> (Vec<f64>, Vec<f64>) {
        let counts = self.eigenvalues.iter();
        let counts = counts.flat_map(|values| vec![values.len() as f64; values.len()]);
        (self.eigenvalues.concat(), counts.collect())
    }

    /// Returns $`\sum_i \lambda_i/(\lambda_i + \delta)`$ over all functions, the number of functions that a ridge of nδ for n points leaves free; for
    /// known degrees alone.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] unless δ > 0.
    pub fn effective_dimension(&self, ridge: f64) -> Result<f64> {
        check::positive("ridge of an effective dimension", ridge)?;
        Ok(self.sum(|value| value / (value + ridge)))
    }

    /// Returns $`(\sum_i \lambda_i)^2/\sum_i \lambda_i^2`$ over all functions, the number of functions that carry the kernel.
    pub fn participation_ratio(&self) -> f64 {
        self.trace * self.trace / self.sum(|value| value * value)
    }

    fn sum(&self, term: impl Fn(f64) -> f64) -> f64 {
        let degrees = self.eigenvalues.iter();
        degrees
            .map(|values| {
                values.len() as f64 * values.iter().map(|&value| term(value)).sum::<f64>()
            })
            .sum()
    }
}

/// $`\mu_\ell`$ from n nodes in the angle.
fn class_coefficients(
    degrees: usize,
    nodes: usize,
    values: &mut impl FnMut(&[f64]) -> Result<Vec<f64>>,
) -> Result<Vec<f64>> {
    let (omega, weights) = angles(nodes)?;
    let mut weighted = values(&omega)?;
    for ((value, w), omega) in weighted.iter_mut().zip(&weights).zip(&omega) {
        // (2/π) dω = dx
        *value *= w * (0.5 * omega).sin();
    }
    let coefficient = |degree: usize| {
        let frequency = degree as f64 + 0.5;
        let terms = weighted.iter().zip(&omega);
        let sum: f64 = terms.map(|(v, omega)| v * (frequency * omega).sin()).sum();
        sum / (2 * degree + 1) as f64
    };
    Ok((0..degrees).map(coefficient).collect())
}

/// The eigenvalues of all matrices of a function, from a grid of some band limit, and how far the matrices are from Hermitian ones.
fn matrix_eigenvalues(
    degrees: usize,
    limit: usize,
    planner: &mut WignerPlanner,
    values: &mut impl FnMut(&[Rotation]) -> Result<Vec<f64>>,
) -> Result<(Vec<Vec<f64>>, f64)> {
    let grid = RotationGrid::fast(limit, limit, Sampling::GaussLegendre)?;
    let mut samples = Array3::zeros(grid.shape());
    let (alphas, gammas) = (grid.alphas(), grid.gammas());
    let mut rotations = Vec::with_capacity(alphas.len() * grid.betas().len());
    for (mut plane, &gamma) in samples.outer_iter_mut().zip(&gammas) {
        rotations.clear();
        for &beta in grid.betas() {
            for &alpha in &alphas {
                rotations.push(Rotation::from(EulerZyz::new(alpha, beta, gamma)?));
            }
        }
        plane
            .iter_mut()
            .zip(values(&rotations)?)
            .for_each(|(entry, value)| *entry = value);
    }
    let plan = planner.plan_on(degrees, &grid)?;
    let coeffs = plan.forward(samples.view())?;
    let mut eigenvalues = Vec::with_capacity(degrees);
    let mut asymmetry = 0.0;
    for degree in 0..degrees {
        let matrix = matrix(coeffs.view(), degree);
        for m in 0..matrix.nrows() {
            for n in 0..=m {
                let gap = (matrix[(m, n)] - matrix[(n, m)].conj()).norm();
                asymmetry = larger(gap, asymmetry);
            }
        }
        let mut found = matrix
            .self_adjoint_eigenvalues(Side::Lower)
            .map_err(|error| Error::backend("faer", format!("{error:?}")))?;
        found.reverse();
        eigenvalues.push(found);
    }
    Ok((eigenvalues, asymmetry))
}

/// $`A_\ell`$ from Wigner coefficients, which are the integrals with $`D^\ell`$ over all angles, of volume 8π².
fn matrix(coeffs: ArrayView3<'_, Complex64>, degree: usize) -> Mat<c64> {
    let origin = coeffs.shape()[1] - 1 - degree;
    let orders = 2 * degree + 1;
    Mat::from_fn(orders, orders, |m, n| {
        coeffs[[origin + n, degree, origin + m]] / (8.0 * PI * PI)
    })
}

/// Refuses matrices that are not Hermitian by more than their error.
fn check_symmetric(asymmetry: f64, size: f64, tolerance: f64) -> Result<()> {
    match asymmetry <= 8.0 * tolerance * size {
        true => Ok(()),
        false => Err(Error::invalid(
            "kernel on SO(3)",
            format!("matrices that are not Hermitian, by {asymmetry:.1e}"),
            "a symmetric kernel: the value at a rotation is that at its inverse",
        )),
    }
}
