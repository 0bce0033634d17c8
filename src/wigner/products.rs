//! Products of spherical harmonics: Clebsch–Gordan coefficients and integrals of three harmonics, complex and real.

use super::families::{WignerFamily, check_orders, degrees_as_integers, is_odd, is_triangle};
use super::symbols::wigner_3j;
use crate::Result;
use ndarray::{Array2, Array3};
use num_complex::Complex64;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// The basis of the functions of one degree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum HarmonicBasis {
    /// $`Y_{\ell m}`$ with the Condon–Shortley phase.
    Complex,
    /// The real harmonics $`S_{\ell m}`$ of [`SphericalHarmonics::write_real`](crate::sphere::SphericalHarmonics::write_real).
    Real,
}

/// Computes one Clebsch–Gordan coefficient.
///
/// In the complex basis this is $`\langle \ell_1 m_1 \ell_2 m_2 | \ell m \rangle`$ with the phase of Condon and Shortley,
///
/// ```math
/// \langle \ell_1 m_1 \ell_2 m_2 | \ell m \rangle = (-1)^{\ell_1-\ell_2+m} \sqrt{2\ell+1}
///   \begin{pmatrix} \ell_1 & \ell_2 & \ell \\ m_1 & m_2 & -m \end{pmatrix}
/// ```
/// In the real basis it couples two tensors whose components rotate like $`S_{\ell m}`$ to a third: the result has the components
/// $`\sum_{m_1 m_2} C_{m_1 m_2 m} \, u_{m_1} v_{m_2}`$. It is the complex coefficient in the other basis, times −i if
/// $`\ell_1+\ell_2+\ell`$ is odd, which makes it real; two vectors then couple to $`u \times v / \sqrt2`$ and to $`-u \cdot v / \sqrt3`$.
/// In both bases the coefficients form an orthogonal matrix.
///
/// # Arguments
/// * `degrees` — $`\ell_1, \ell_2, \ell`$, at most [`MAX_DEGREE`](super::MAX_DEGREE)
/// * `orders` — $`m_1, m_2, m`$; zero where one is larger than its degree
///
/// # Cost and accuracy
/// O(ℓ) time for the least degree ℓ.
///
/// # Errors
/// [`Error::InvalidValue`](crate::Error::InvalidValue) if a degree or an order is too large.
///
/// # Examples
/// ```
/// use haarmonic::wigner::{HarmonicBasis, clebsch_gordan};
/// let near = |found: f64, want: f64| (found - want).abs() < 4.0 * f64::EPSILON;
/// assert!(near(clebsch_gordan(HarmonicBasis::Complex, [1, 1, 1], [1, 0, 1])?, 0.5_f64.sqrt()));
/// // The orders −1, 0, 1 of degree 1 are y, z, x: x and y couple to z.
/// assert!(near(clebsch_gordan(HarmonicBasis::Real, [1, 1, 1], [1, -1, 0])?, 0.5_f64.sqrt()));
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// VMK88, Chapter 8.
pub fn clebsch_gordan(basis: HarmonicBasis, degrees: [usize; 3], orders: [i64; 3]) -> Result<f64> {
    let l = degrees_as_integers(degrees)?;
    let m = check_orders(orders)?;
    let lookup = |m1, m2| wigner_3j(degrees, [m1, m2, -m1 - m2]);
    coefficient(basis, l, m, lookup)
}

/// Computes all Clebsch–Gordan coefficients of three degrees, as [`clebsch_gordan`] has them.
///
/// # Returns
/// Shape $`[2\ell_1+1, 2\ell_2+1, 2\ell+1]`$, entry `[m1 + l1, m2 + l2, m + l]`; all zero if the degrees form no triangle.
///
/// # Cost and accuracy
/// O(ℓ₁ ℓ₂ ℓ) time and memory.
///
/// # Errors
/// [`Error::InvalidValue`](crate::Error::InvalidValue) if a degree is too large, [`Error::OutOfMemory`](crate::Error::OutOfMemory).
///
/// # Examples
/// ```
/// use haarmonic::wigner::{HarmonicBasis, clebsch_gordan_tensor};
/// let coupling = clebsch_gordan_tensor(HarmonicBasis::Real, [1, 1, 0])?;      // −u·v/√3
/// assert_eq!(coupling.dim(), (3, 3, 1));
/// assert!((coupling[[2, 2, 0]] + (1.0_f64 / 3.0).sqrt()).abs() < 4.0 * f64::EPSILON);
/// assert_eq!(coupling[[2, 1, 0]], 0.0);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn clebsch_gordan_tensor(basis: HarmonicBasis, degrees: [usize; 3]) -> Result<Array3<f64>> {
    let l = degrees_as_integers(degrees)?;
    let shape = degrees.map(|degree| 2 * degree + 1);
    let mut tensor = crate::memory::zeros(
        "Clebsch-Gordan coefficients",
        ndarray::Ix3(shape[0], shape[1], shape[2]),
        "use smaller degrees",
    )?;
    if !is_triangle(l) {
        return Ok(tensor);
    }
    // One family for each order of the first column.
    let mut symbols = Array2::zeros((shape[0], shape[1]));
    let mut family = WignerFamily::new();
    for (m1, mut row) in (-l[0]..).zip(symbols.rows_mut()) {
        family.three_j_over_orders(degrees, m1)?;
        for (m2, symbol) in (-l[1]..).zip(&mut row) {
            *symbol = family.value(m2);
        }
    }
    let lookup = |m1: i64, m2: i64| Ok(symbols[[(m1 + l[0]) as usize, (m2 + l[1]) as usize]]);
    for m1 in -l[0]..=l[0] {
        for m2 in -l[1]..=l[1] {
            // Other orders than these have the coefficient zero.
            for m in possible_orders(basis, m1, m2) {
                if m.abs() <= l[2] {
                    let index = [m1 + l[0], m2 + l[1], m + l[2]].map(|i| i as usize);
                    tensor[index] = coefficient(basis, l, [m1, m2, m], lookup)?;
                }
            }
        }
    }
    Ok(tensor)
}

/// The orders to which two orders couple.
fn possible_orders(basis: HarmonicBasis, m1: i64, m2: i64) -> Vec<i64> {
    match basis {
        HarmonicBasis::Complex => vec![m1 + m2],
        HarmonicBasis::Real => {
            let mut orders = vec![m1 + m2, -m1 - m2, m1 - m2, m2 - m1];
            orders.sort_unstable();
            orders.dedup();
            orders
        }
    }
}

/// Computes the integral of three spherical harmonics over the sphere (Gaunt's integral).
///
/// ```math
/// \int_{S^2} Y_{\ell_1 m_1} Y_{\ell_2 m_2} Y_{\ell_3 m_3} \, d\Omega = \sqrt{\tfrac{(2\ell_1+1)(2\ell_2+1)(2\ell_3+1)}{4\pi}}
///   \begin{pmatrix} \ell_1 & \ell_2 & \ell_3 \\ 0 & 0 & 0 \end{pmatrix}
///   \begin{pmatrix} \ell_1 & \ell_2 & \ell_3 \\ m_1 & m_2 & m_3 \end{pmatrix}
/// ```
/// In the real basis the integrand is $`S_{\ell_1 m_1} S_{\ell_2 m_2} S_{\ell_3 m_3}`$. No function is conjugated.
///
/// # Arguments
/// * `degrees`, `orders` — of modulus at most [`MAX_DEGREE`](super::MAX_DEGREE); zero where an order is larger than its degree
///
/// # Cost and accuracy
/// O(ℓ) time for the least degree ℓ. A product of two whole functions is computed on a grid instead, `sphere::product`.
///
/// # Errors
/// [`Error::InvalidValue`](crate::Error::InvalidValue) if a degree or an order is too large.
///
/// # Examples
/// ```
/// use haarmonic::wigner::{HarmonicBasis, gaunt};
/// // ∫ z² (3z² − 1)/2 = 8π/15; z = √(4π/3) S_10, P_2 = √(4π/5) S_20
/// let pi = std::f64::consts::PI;
/// let integral = 4.0 * pi / 3.0 * (4.0 * pi / 5.0).sqrt() * gaunt(HarmonicBasis::Real, [1, 1, 2], [0, 0, 0])?;
/// assert!((integral - 8.0 * pi / 15.0).abs() < 16.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// VMK88, Section 5.9.
pub fn gaunt(basis: HarmonicBasis, degrees: [usize; 3], orders: [i64; 3]) -> Result<f64> {
    let l = degrees_as_integers(degrees)?;
    let m = check_orders(orders)?;
    // The degrees of the integrand have an even sum, so that the real symbol is no imaginary number.
    let zeros = wigner_3j(degrees, [0; 3])?;
    if zeros == 0.0 {
        return Ok(0.0);
    }
    let symbol = match basis {
        HarmonicBasis::Complex => wigner_3j(degrees, m)?,
        HarmonicBasis::Real => {
            let lookup = |m1, m2| wigner_3j(degrees, [m1, m2, -m1 - m2]);
            real_symbol(l, m, lookup)?.re
        }
    };
    let product: f64 = l.iter().map(|&l| (2 * l + 1) as f64).product();
    Ok((product / (4.0 * PI)).sqrt() * zeros * symbol)
}

/// One coefficient from 3j symbols $`(\ell_1 \ell_2 \ell; m_1, m_2, -m_1-m_2)`$.
fn coefficient(
    basis: HarmonicBasis,
    l: [i64; 3],
    m: [i64; 3],
    lookup: impl Fn(i64, i64) -> Result<f64>,
) -> Result<f64> {
    if (0..3).any(|i| m[i].abs() > l[i]) {
        return Ok(0.0);
    }
    let size = (2.0 * l[2] as f64 + 1.0).sqrt();
    let sign = |odd: bool| if odd { -size } else { size };
    Ok(match basis {
        HarmonicBasis::Complex if m[0] + m[1] != m[2] => 0.0,
        HarmonicBasis::Complex => sign(is_odd(l[0] - l[1] + m[2])) * lookup(m[0], m[1])?,
        HarmonicBasis::Real => {
            let symbol = real_symbol(l, m, lookup)?;
            let phase = sign(is_odd(l[0] - l[1]));
            // The symbol is conjugated: $`-i \overline{(i x)} = -x`$.
            match is_odd(l[0] + l[1] + l[2]) {
                false => phase * symbol.re,
                true => -phase * symbol.im,
            }
        }
    })
}

/// The 3j symbol in the real basis, $`\sum_\mu U_{m_1\mu_1} U_{m_2\mu_2} U_{m_3\mu_3} \, (\ell_1 \ell_2 \ell_3; \mu_1 \mu_2 \mu_3)`$ with
/// $`S_{\ell m} = \sum_\mu U_{m\mu} Y_{\ell\mu}`$; real for an even sum of degrees, imaginary for an odd one.
fn real_symbol(
    l: [i64; 3],
    m: [i64; 3],
    lookup: impl Fn(i64, i64) -> Result<f64>,
) -> Result<Complex64> {
    let mut sum = Complex64::ZERO;
    if (0..3).any(|i| m[i].abs() > l[i]) {
        return Ok(sum);
    }
    // μ₁ = ±m₁, μ₂ = ±m₂, and then μ₃ = −μ₁ − μ₂ must be ±m₃.
    for mu1 in signs(m[0]) {
        for mu2 in signs(m[1]) {
            let mu3 = -mu1 - mu2;
            if mu3.abs() == m[2].abs() {
                let factors = row(m[0], mu1) * row(m[1], mu2) * row(m[2], mu3);
                sum += factors * lookup(mu1, mu2)?;
            }
        }
    }
    Ok(sum)
}

/// m and −m, or 0 once.
fn signs(m: i64) -> impl Iterator<Item = i64> {
    std::iter::once(m).chain((m != 0).then_some(-m))
}

/// $`U_{m\mu}`$ for μ = ±m.
fn row(m: i64, mu: i64) -> Complex64 {
    if m == 0 {
        return Complex64::ONE;
    }
    // S_m = ((−1)^m Y_m + Y_{−m}) / √2 and S_{−m} = −i ((−1)^m Y_m − Y_{−m}) / √2 for m > 0.
    let factor = if mu > 0 && is_odd(m) {
        -FRAC_1_SQRT_2
    } else {
        FRAC_1_SQRT_2
    };
    match (m > 0, mu > 0) {
        (true, _) => Complex64::new(factor, 0.0),
        (false, true) => Complex64::new(0.0, -factor),
        (false, false) => Complex64::new(0.0, factor),
    }
}
