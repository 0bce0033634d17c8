//! The matrices of a rotation among the harmonics of one degree, complex and real.

use super::by_degree::wigner_d_matrix;
use crate::group::EulerZyz;
use crate::{Result, memory};
use ndarray::Array2;
use num_complex::Complex64;
use std::f64::consts::SQRT_2;

/// Computes Wigner's matrix $`D^\ell_{mn} = e^{-im\alpha} \, d^\ell_{mn}(\beta) \, e^{-in\gamma}`$, shape `[2ℓ + 1, 2ℓ + 1]`, entry
/// `[m + ℓ, n + ℓ]`.
///
/// It is the matrix of the active rotation $`R_z(\alpha) R_y(\beta) R_z(\gamma)`$ on the coefficients of a degree:
/// $`\hat f_m \to \sum_n D_{mn} \hat f_n`$.
///
/// # Cost and accuracy
/// O(ℓ³) time. [`CoefficientRotation`](crate::sphere::CoefficientRotation) rotates coefficients without the matrix.
///
/// # Errors
/// As [`wigner_d_matrix`].
///
/// # Examples
/// ```
/// use haarmonic::group::EulerZyz;
/// use haarmonic::wigner::wigner_matrix;
/// let quarter = std::f64::consts::FRAC_PI_2;
/// let turn = wigner_matrix(1, &EulerZyz::new(quarter, 0.0, 0.0)?)?;       // about z: e^{−imα}
/// assert!((turn[[2, 2]] + haarmonic::num_complex::Complex64::I).norm() < 1e-15);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn wigner_matrix(degree: usize, rotation: &EulerZyz) -> Result<Array2<Complex64>> {
    let small = wigner_d_matrix(degree, rotation.beta())?;
    let mut matrix = memory::zeros("Wigner matrix", small.raw_dim(), "use a smaller degree")?;
    let l = degree as f64;
    for (((m, n), value), small) in matrix.indexed_iter_mut().zip(&small) {
        let (m, n): (usize, usize) = (m, n);
        let angle = (m as f64 - l) * rotation.alpha() + (n as f64 - l) * rotation.gamma();
        *value = Complex64::from_polar(*small, -angle);
    }
    Ok(matrix)
}

/// Computes the orthogonal matrix of a rotation among the real harmonics $`S_{\ell m}`$ of a degree, shape `[2ℓ + 1, 2ℓ + 1]`, entry
/// `[m + ℓ, n + ℓ]`.
///
/// With the real harmonics of [`SphericalHarmonics::write_real`](crate::sphere::SphericalHarmonics::write_real),
/// $`S_n(R^{-1} x) = \sum_m M_{mn} S_m(x)`$, and the coefficients of a rotated function are M times its coefficients. Degree 1 is the
/// rotation matrix for the components y, z, x.
///
/// # Cost and accuracy
/// As [`wigner_matrix`].
///
/// # Errors
/// As [`wigner_d_matrix`].
///
/// # Examples
/// ```
/// use haarmonic::group::{EulerZyz, Rotation};
/// use haarmonic::wigner::real_wigner_matrix;
/// let euler = EulerZyz::new(0.3, 1.1, -0.7)?;
/// let (matrix, rotation) = (real_wigner_matrix(1, &euler)?, Rotation::from(euler).to_matrix());
/// let axes = [1, 2, 0];                                                   // y, z, x
/// for (i, j) in [(0, 0), (0, 1), (2, 1)] {
///     assert!((matrix[[i, j]] - rotation[axes[i]][axes[j]]).abs() < 1e-15);
/// }
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn real_wigner_matrix(degree: usize, rotation: &EulerZyz) -> Result<Array2<f64>> {
    let complex = wigner_matrix(degree, rotation)?;
    let mut matrix = memory::zeros("Wigner matrix", complex.raw_dim(), "use a smaller degree")?;
    let l = degree;
    let sign = |m: usize| if m.is_multiple_of(2) { 1.0 } else { -1.0 };
    // A function with real coefficients c has f_m = (−1)^m (c_m − i c_−m)/√2 for m > 0, from which c_m = (−1)^m √2 Re f_m and
    // c_−m = −(−1)^m √2 Im f_m. Columns are the images of c_n and c_−n.
    for m in 0..=l {
        let mut write = |column: usize, image: Complex64| {
            if m == 0 {
                matrix[[l, column]] = image.re;
            } else {
                matrix[[l + m, column]] = sign(m) * SQRT_2 * image.re;
                matrix[[l - m, column]] = -sign(m) * SQRT_2 * image.im;
            }
        };
        write(l, complex[[l + m, l]]);
        for n in 1..=l {
            let right = sign(n) / SQRT_2 * complex[[l + m, l + n]];
            let left = complex[[l + m, l - n]] / SQRT_2;
            write(l + n, right + left);
            write(l - n, Complex64::I * (left - right));
        }
    }
    Ok(matrix)
}
