//! Conversion of coefficient arrays between other programs and this crate (`[L, 2L − 1]`, orthonormal, Condon–Shortley phase).
//!
//! | program | array | basis | functions |
//! |---|---|---|---|
//! | healpy, ducc0 | m ≥ 0, entry `m (2 lmax + 1 − m) / 2 + l` | ours | [`to_healpy`], [`from_healpy`] |
//! | SHTOOLS, real | `[2, L, L]`, cosines and sines | 4π, orthonormal or Schmidt, either phase | [`to_shtools`], [`from_shtools`] |
//! | SHTOOLS, complex | `[2, L, L]`, m ≥ 0 and −m | 4π, orthonormal or Schmidt, either phase | [`to_shtools_complex`], [`from_shtools_complex`] |
//! | s2fft | `[L, 2L − 1]`, any spin; `[2N − 1, L, 2L − 1]` on SO(3) | ours | none needed |
//! | e3nn | flat, `l * l + l + m`, real | y is the polar axis | [`to_e3nn`], [`from_e3nn`] |
//!
//! Here `lmax` is L − 1. Formulas: [`crate::conventions`].

use super::coefficients::{check_real, sign, validate, zeros};
use super::rotation::rotate_coefficients;
use crate::check;
use crate::{Error, Result};
use ndarray::{Array2, Array3, ArrayView1, ArrayView2, ArrayView3};
use num_complex::Complex64;
use std::f64::consts::{FRAC_PI_2, PI, SQRT_2};

/// The largest deviation from the symmetry of a real signal, as a fraction of the largest coefficient.
const REALITY_GUARD: f64 = 1e-9;

/// Checks a real signal and returns L.
fn real_band_limit(coeffs: ArrayView2<'_, Complex64>) -> Result<usize> {
    check_real(coeffs, REALITY_GUARD)?;
    Ok(coeffs.nrows())
}

/// Copies the coefficients of a real signal into the layout of healpy and ducc0.
///
/// # Returns
/// Length L (L + 1) / 2, orders m ≥ 0 one after the other, entry `m (2 lmax + 1 − m) / 2 + l` with `lmax` = L − 1; values are
/// copied unchanged.
///
/// # Cost and accuracy
/// One copy, O(L²). The order m < 0 is checked against the order −m and left out.
///
/// # Errors
/// [`Error::ShapeMismatch`] if the shape is not `[L, 2L − 1]`, [`Error::NotFinite`] for NaN or infinite coefficients,
/// [`Error::InvalidValue`] if the signal is not real.
///
/// # Examples
/// ```
/// use haarmonic::sphere::{coefficients, layouts};
/// use num_complex::Complex64;
/// let mut f = coefficients::zeros(3)?;
/// f[[2, 3]] = Complex64::new(1.0, 2.0);                          // l = 2, m = 1, and its mirror image
/// f[[2, 1]] = Complex64::new(-1.0, 2.0);
/// let alm = layouts::to_healpy(f.view())?;
/// assert_eq!((alm.len(), alm[4]), (6, Complex64::new(1.0, 2.0)));        // 1 · (5 − 1) / 2 + 2
/// assert_eq!(layouts::from_healpy(alm.as_slice().into())?, f);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn to_healpy(coeffs: ArrayView2<'_, Complex64>) -> Result<Vec<Complex64>> {
    let limit = real_band_limit(coeffs)?;
    let mut alm = Vec::with_capacity(limit * (limit + 1) / 2);
    for m in 0..limit {
        alm.extend((m..limit).map(|l| coeffs[[l, limit - 1 + m]]));
    }
    Ok(alm)
}

/// Returns the coefficients of a real signal from the layout of healpy and ducc0; the inverse of [`to_healpy`].
///
/// # Arguments
/// * `alm` — length L (L + 1) / 2, any stride; L follows from the length
///
/// # Returns
/// Shape `[L, 2L − 1]`, with the orders m < 0 from $`f_{\ell,-m} = (-1)^m \overline{f_{\ell m}}`$.
///
/// # Errors
/// [`Error::ShapeMismatch`] if the length is not L (L + 1) / 2 with L ≥ 1, [`Error::NotFinite`], [`Error::InvalidValue`] if an
/// entry with m = 0 is not real.
pub fn from_healpy(alm: ArrayView1<'_, Complex64>) -> Result<Array2<Complex64>> {
    let what = "coefficients in the layout of healpy";
    let limit = ((8 * alm.len() + 1).isqrt() - 1) / 2;
    if limit == 0 || limit * (limit + 1) / 2 != alm.len() {
        return Err(Error::shape(
            what,
            "[L (L + 1) / 2] with L >= 1",
            vec![alm.len()],
        ));
    }
    check::finite(what, alm)?;
    let mut coeffs = zeros(limit)?;
    let mut values = alm.iter();
    for m in 0..limit {
        for (l, value) in (m..limit).zip(&mut values) {
            if m == 0 && value.im != 0.0 {
                return Err(not_real(l, value));
            }
            coeffs[[l, limit - 1 - m]] = sign(m) * value.conj();
            coeffs[[l, limit - 1 + m]] = *value;
        }
    }
    Ok(coeffs)
}

fn not_real(degree: usize, found: &Complex64) -> Error {
    Error::invalid(
        format!("coefficient l = {degree}, m = 0 of a real signal"),
        *found,
        "a real number",
    )
}

/// The normalisations of SHTOOLS, each given by the integral of a squared basis function over the sphere. An example is at
/// [`to_shtools`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ShtoolsNorm {
    /// `'4pi'`, geodesy: $`\int Y^2 d\Omega = 4\pi`$.
    FourPi,
    /// `'ortho'`: $`\int Y^2 d\Omega = 1`$.
    Orthonormal,
    /// `'schmidt'`: $`\int Y^2 d\Omega = 4\pi/(2\ell+1)`$.
    Schmidt,
}

impl ShtoolsNorm {
    /// The basis function divided by the orthonormal one.
    fn size(self, degree: usize) -> f64 {
        match self {
            ShtoolsNorm::FourPi => (4.0 * PI).sqrt(),
            ShtoolsNorm::Orthonormal => 1.0,
            ShtoolsNorm::Schmidt => (4.0 * PI / (2 * degree + 1) as f64).sqrt(),
        }
    }
}

/// Whether basis functions carry the Condon–Shortley phase $`(-1)^m`$.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CondonShortley {
    /// Without (`csphase = 1` in SHTOOLS, its default).
    Excluded,
    /// With (`csphase = -1` in SHTOOLS).
    Included,
}

impl CondonShortley {
    /// The basis function divided by ours.
    fn factor(self, order: usize) -> f64 {
        match self {
            CondonShortley::Excluded => sign(order),
            CondonShortley::Included => 1.0,
        }
    }
}

/// Converts the coefficients of a real signal into the real arrays of SHTOOLS.
///
/// ```math
/// f = \sum_{\ell m} \left( C_{\ell m} \cos m\varphi + S_{\ell m} \sin m\varphi \right) \bar P_{\ell m}(\cos\theta) , \qquad
/// C_{\ell m} - i S_{\ell m} = \frac{\sqrt{2 - \delta_{m0}}\; (\pm1)^m}{N_\ell}\, f_{\ell m}
/// ```
/// with $`N_\ell`$ = √(4π), 1, √(4π/(2ℓ+1)) in the three normalisations, and the minus sign without the phase.
///
/// # Returns
/// Shape `[2, L, L]`, entry `[0, l, m]` the cosines, `[1, l, m]` the sines. (The unnormalised variant of SHTOOLS is not offered: it
/// overflows from degree 86 on.)
///
/// # Errors
/// As [`to_healpy`].
///
/// # Examples
/// ```
/// use haarmonic::sphere::{coefficients, layouts::{self, CondonShortley, ShtoolsNorm}};
/// let mut f = coefficients::zeros(2)?;                           // f = x / r: C_11 = 1/√3 in geodesy
/// let value = (2.0 * std::f64::consts::PI / 3.0).sqrt();
/// f[[1, 2]] = (-value).into();
/// f[[1, 0]] = value.into();
/// let c = layouts::to_shtools(f.view(), ShtoolsNorm::FourPi, CondonShortley::Excluded)?;
/// assert!((c[[0, 1, 1]] - 1.0 / 3.0_f64.sqrt()).abs() < 2.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn to_shtools(
    coeffs: ArrayView2<'_, Complex64>,
    norm: ShtoolsNorm,
    phase: CondonShortley,
) -> Result<Array3<f64>> {
    let limit = real_band_limit(coeffs)?;
    let mut cilm = Array3::zeros((2, limit, limit));
    for l in 0..limit {
        for m in 0..=l {
            let root = if m == 0 { 1.0 } else { SQRT_2 };
            let value = coeffs[[l, limit - 1 + m]] * (root * phase.factor(m) / norm.size(l));
            cilm[[0, l, m]] = value.re;
            if m > 0 {
                cilm[[1, l, m]] = -value.im;
            }
        }
    }
    Ok(cilm)
}

/// Returns the coefficients of a real signal from the real arrays of SHTOOLS; the inverse of [`to_shtools`].
///
/// # Errors
/// [`Error::ShapeMismatch`] if the shape is not `[2, L, L]`, [`Error::NotFinite`]. Entries with m > ℓ, and sines with m = 0, are
/// ignored.
pub fn from_shtools(
    cilm: ArrayView3<'_, f64>,
    norm: ShtoolsNorm,
    phase: CondonShortley,
) -> Result<Array2<Complex64>> {
    let limit = shtools_band_limit(cilm.shape())?;
    let mut coeffs = zeros(limit)?;
    for l in 0..limit {
        for m in 0..=l {
            let (cosine, sine) = (cilm[[0, l, m]], cilm[[1, l, m]]);
            let value = if m == 0 {
                Complex64::new(cosine, 0.0)
            } else {
                Complex64::new(cosine, -sine) / SQRT_2
            };
            let value = value * (phase.factor(m) * norm.size(l));
            if !value.is_finite() {
                return Err(Error::not_finite(
                    SHTOOLS,
                    vec![if cosine.is_finite() { 1 } else { 0 }, l, m],
                ));
            }
            coeffs[[l, limit - 1 - m]] = sign(m) * value.conj();
            coeffs[[l, limit - 1 + m]] = value;
        }
    }
    Ok(coeffs)
}

const SHTOOLS: &str = "coefficients in the layout of SHTOOLS";

fn shtools_band_limit(shape: &[usize]) -> Result<usize> {
    if shape[0] != 2 || shape[1] == 0 || shape[1] != shape[2] {
        return Err(Error::shape(
            SHTOOLS,
            "[2, L, L] with L >= 1",
            shape.to_vec(),
        ));
    }
    Ok(shape[1])
}

/// Converts the coefficients of a complex signal into the complex arrays of SHTOOLS.
///
/// # Returns
/// Shape `[2, L, L]`, entry `[0, l, m]` the order m ≥ 0, `[1, l, m]` the order −m; both $`(\pm1)^m f_{\ell m}/N_\ell`$ with the
/// factors of [`to_shtools`].
///
/// # Errors
/// [`Error::ShapeMismatch`], [`Error::NotFinite`], or [`Error::InvalidValue`] if an entry with |m| > ℓ is not zero.
pub fn to_shtools_complex(
    coeffs: ArrayView2<'_, Complex64>,
    norm: ShtoolsNorm,
    phase: CondonShortley,
) -> Result<Array3<Complex64>> {
    let limit = validate(coeffs)?;
    let mut cilm = Array3::zeros((2, limit, limit));
    for l in 0..limit {
        for m in 0..=l {
            let factor = phase.factor(m) / norm.size(l);
            cilm[[0, l, m]] = factor * coeffs[[l, limit - 1 + m]];
            if m > 0 {
                cilm[[1, l, m]] = factor * coeffs[[l, limit - 1 - m]];
            }
        }
    }
    Ok(cilm)
}

/// Returns the coefficients of a complex signal from the complex arrays of SHTOOLS; the inverse of [`to_shtools_complex`].
///
/// # Errors
/// As [`from_shtools`].
///
/// # Examples
/// ```
/// use haarmonic::sphere::{coefficients, layouts::{self, CondonShortley, ShtoolsNorm}};
/// use num_complex::Complex64;
/// let mut f = coefficients::zeros(3)?;
/// f[[2, 1]] = Complex64::I;                                      // l = 2, m = −1
/// let (norm, phase) = (ShtoolsNorm::Schmidt, CondonShortley::Excluded);
/// let cilm = layouts::to_shtools_complex(f.view(), norm, phase)?;
/// assert!((cilm[[1, 2, 1]].im + (5.0 / (4.0 * std::f64::consts::PI)).sqrt()).abs() < 4.0 * f64::EPSILON);
/// let back = layouts::from_shtools_complex(cilm.view(), norm, phase)?;
/// assert!((back[[2, 1]] - Complex64::I).norm() < 4.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn from_shtools_complex(
    cilm: ArrayView3<'_, Complex64>,
    norm: ShtoolsNorm,
    phase: CondonShortley,
) -> Result<Array2<Complex64>> {
    let limit = shtools_band_limit(cilm.shape())?;
    let mut coeffs = zeros(limit)?;
    for l in 0..limit {
        for m in 0..=l {
            let factor = phase.factor(m) * norm.size(l);
            for (side, k) in [(1, limit - 1 - m), (0, limit - 1 + m)] {
                let value = cilm[[side, l, m]];
                if !value.is_finite() && (m > 0 || side == 0) {
                    return Err(Error::not_finite(SHTOOLS, vec![side, l, m]));
                }
                coeffs[[l, k]] = factor * value;
            }
        }
    }
    Ok(coeffs)
}

/// The normalisations of e3nn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum E3nnNorm {
    /// `'integral'`: $`\int Y^2 d\Omega = 1`$.
    Integral,
    /// `'component'`: $`\sum_m Y_{\ell m}^2 = 2\ell+1`$ at each point.
    Component,
    /// `'norm'`: $`\sum_m Y_{\ell m}^2 = 1`$ at each point.
    Norm,
}

impl E3nnNorm {
    /// The basis function divided by the orthonormal one.
    fn size(self, degree: usize) -> f64 {
        match self {
            E3nnNorm::Integral => 1.0,
            E3nnNorm::Component => (4.0 * PI).sqrt(),
            E3nnNorm::Norm => (4.0 * PI / (2 * degree + 1) as f64).sqrt(),
        }
    }
}

/// The treatment of the axes: the polar axis is y in e3nn and z in this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum E3nnAxes {
    /// Vectors keep their components: both coefficient arrays describe one function of (x, y, z). The conversion rotates coefficients,
    /// which mixes the orders of a degree.
    Same,
    /// Axes keep their roles: our (x, y, z) is (z, x, y) of e3nn, polar axis on polar axis. Coefficients keep their places.
    Renamed,
}

/// ZYZ angles of the rotation that takes (x, y, z) to (z, x, y).
const CYCLE: [f64; 3] = [0.0, FRAC_PI_2, FRAC_PI_2];

/// Converts the coefficients of a real signal into coefficients in the real harmonics of e3nn.
///
/// With renamed axes the basis functions are the real harmonics of [`SphericalHarmonics::write_real`](super::SphericalHarmonics::write_real)
/// times the factor of the normalisation; degree one is proportional to (x, y, z) of e3nn.
///
/// # Returns
/// Length L², entry `l * l + l + m`: the order of components of `Irreps` with every degree once.
///
/// # Errors
/// As [`to_healpy`].
///
/// # Examples
/// ```
/// use haarmonic::sphere::{coefficients, layouts::{self, E3nnAxes, E3nnNorm}};
/// let mut z = coefficients::zeros(2)?;                           // f = z
/// z[[1, 1]] = (4.0 * std::f64::consts::PI / 3.0).sqrt().into();
/// let same = layouts::to_e3nn(z.view(), E3nnNorm::Norm, E3nnAxes::Same)?;     // (x, y, z) of degree one
/// assert!((same[3] - 1.0).abs() < 4.0 * f64::EPSILON && same[2].abs() < 4.0 * f64::EPSILON);
/// let renamed = layouts::to_e3nn(z.view(), E3nnNorm::Norm, E3nnAxes::Renamed)?;   // the polar axis is y there
/// assert!((renamed[2] - 1.0).abs() < 4.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn to_e3nn(
    coeffs: ArrayView2<'_, Complex64>,
    norm: E3nnNorm,
    axes: E3nnAxes,
) -> Result<Vec<f64>> {
    let limit = real_band_limit(coeffs)?;
    let rotated = match axes {
        E3nnAxes::Same => rotate_coefficients(coeffs, CYCLE[0], CYCLE[1], CYCLE[2])?,
        E3nnAxes::Renamed => coeffs.to_owned(),
    };
    let mut components = vec![0.0; limit * limit];
    for l in 0..limit {
        let (middle, size) = (l * l + l, norm.size(l));
        components[middle] = rotated[[l, limit - 1]].re / size;
        for m in 1..=l {
            let value = rotated[[l, limit - 1 + m]] * (SQRT_2 * sign(m) / size);
            components[middle + m] = value.re;
            components[middle - m] = -value.im;
        }
    }
    Ok(components)
}

/// Returns the coefficients of a real signal from its coefficients in the real harmonics of e3nn; the inverse of [`to_e3nn`].
///
/// # Arguments
/// * `components` — length L², entry `l * l + l + m`, any stride; L follows from the length
///
/// # Returns
/// Shape `[L, 2L − 1]`.
///
/// # Examples
/// ```
/// use haarmonic::sphere::layouts::{self, E3nnAxes, E3nnNorm};
/// let y = ndarray::array![0.0, 0.0, 1.0, 0.0];                   // degree one of e3nn is (x, y, z)
/// let f = layouts::from_e3nn(y.view(), E3nnNorm::Norm, E3nnAxes::Renamed)?;      // their y is our z
/// assert!((f[[1, 1]].re - (4.0 * std::f64::consts::PI / 3.0).sqrt()).abs() < 4.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # Errors
/// [`Error::ShapeMismatch`] if the length is not a square, [`Error::NotFinite`].
pub fn from_e3nn(
    components: ArrayView1<'_, f64>,
    norm: E3nnNorm,
    axes: E3nnAxes,
) -> Result<Array2<Complex64>> {
    let what = "coefficients in the layout of e3nn";
    let limit = components.len().isqrt();
    if limit == 0 || limit * limit != components.len() {
        return Err(Error::shape(
            what,
            "[L * L] with L >= 1",
            vec![components.len()],
        ));
    }
    check::finite(what, components)?;
    let mut coeffs = zeros(limit)?;
    for l in 0..limit {
        let (middle, size) = (l * l + l, norm.size(l));
        coeffs[[l, limit - 1]] = (components[middle] * size).into();
        for m in 1..=l {
            let value = Complex64::new(components[middle + m], -components[middle - m]);
            let value = value * (sign(m) * size / SQRT_2);
            coeffs[[l, limit - 1 + m]] = value;
            coeffs[[l, limit - 1 - m]] = sign(m) * value.conj();
        }
    }
    match axes {
        E3nnAxes::Same => rotate_coefficients(coeffs.view(), -CYCLE[2], -CYCLE[1], -CYCLE[0]),
        E3nnAxes::Renamed => Ok(coeffs),
    }
}
