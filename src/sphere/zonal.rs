//! Zonal functions: their Legendre coefficients, filters, and sums of zonal bumps.
//!
//! A zonal function about the axis y is $`x \mapsto g(x \cdot y)`$. By the Funk–Hecke theorem convolution with it multiplies
//! degree ℓ by its Legendre coefficient,
//!
//! ```math
//! \int_{S^2} g(x \cdot y) \, f(y) \, d\Omega(y) = \sum_{\ell m} \lambda_\ell \, \hat f_{\ell m} Y_{\ell m}(x) , \qquad
//! \lambda_\ell = 2\pi \int_{-1}^{1} g(t) \, P_\ell(t) \, dt
//! ```

use super::coefficients::{self, sign};
use super::harmonics::SphericalHarmonics;
use super::limits::check_band_limit;
use crate::check;
use crate::numeric::{GaussLegendre, legendre_polynomials};
use crate::{Error, Result};
use ndarray::{ArrayViewMut2, aview1};
use num_complex::Complex64;
use std::f64::consts::PI;

/// Computes the Legendre coefficients of a zonal profile by Gauss–Legendre quadrature.
///
/// ```math
/// \lambda_\ell = 2\pi \int_{-1}^{1} g(t) \, P_\ell(t) \, dt , \qquad 0 \le \ell < L
/// ```
/// # Arguments
/// * `band_limit` — L
/// * `nodes` — quadrature nodes; exact if g is a polynomial of degree at most `2 nodes − L`
/// * `profile` — g as a function of $`t = \cos(\text{angle})`$
///
/// # Cost and accuracy
/// O(nodes · (nodes + L)) time.
///
/// # Errors
/// [`Error::InvalidValue`] for a band limit or number of nodes out of range, [`Error::NotFinite`] if g is, with the index of the node.
///
/// # Examples
/// ```
/// use haarmonic::sphere::zonal;
/// let lambda = zonal::legendre_coefficients(3, 8, |t| t)?;     // g = P_1: λ_1 = 4π/3
/// assert!((lambda[1] - 4.0 * std::f64::consts::PI / 3.0).abs() < 8.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn legendre_coefficients(
    band_limit: usize,
    nodes: usize,
    profile: impl Fn(f64) -> f64,
) -> Result<Vec<f64>> {
    check_band_limit(band_limit)?;
    let rule = GaussLegendre::new(nodes)?;
    let mut sums = vec![0.0; band_limit];
    let mut polynomials = vec![0.0; band_limit];
    for (j, theta) in rule.colatitudes.iter().enumerate() {
        let value = profile(rule.nodes[j]);
        if !value.is_finite() {
            return Err(Error::not_finite("zonal profile", vec![j]));
        }
        let weighted = 2.0 * PI * rule.weights[j] * value;
        legendre_polynomials_at(*theta, &mut polynomials);
        for (sum, p) in sums.iter_mut().zip(&polynomials) {
            *sum += weighted * p;
        }
    }
    Ok(sums)
}

/// $`P_\ell(\cos\theta)`$ from the nearer pole.
pub(crate) fn legendre_polynomials_at(theta: f64, out: &mut [f64]) {
    let depth = |half: f64| 2.0 * half * half;
    legendre_polynomials_between(depth((0.5 * theta).sin()), depth((0.5 * theta).cos()), out);
}

/// $`P_\ell`$ at the point with $`1 - \cos\theta`$ = `north` and $`1 + \cos\theta`$ = `south`.
fn legendre_polynomials_between(north: f64, south: f64, out: &mut [f64]) {
    if north <= south {
        legendre_polynomials(north, out);
    } else {
        legendre_polynomials(south, out);
        out.iter_mut().skip(1).step_by(2).for_each(|p| *p = -*p);
    }
}

/// Computes the multipliers of the mean over a spherical cap.
///
/// ```math
/// a_\ell = \frac{1}{1 - \cos\omega} \int_{\cos\omega}^1 P_\ell(t) \, dt = \frac{P_{\ell-1}(\cos\omega) - P_{\ell+1}(\cos\omega)}{(2\ell+1)(1 - \cos\omega)} , \qquad a_0 = 1
/// ```
/// The integral is done by a Gauss rule that is exact, since the difference of polynomials cancels for small caps.
///
/// # Cost and accuracy
/// O(L²) time; within some ε.
///
/// # Arguments
/// * `band_limit` — L
/// * `angle` — opening angle ω from the axis to the rim, radians, in $`(0, \pi]`$
///
/// # Errors
/// [`Error::InvalidValue`] for a band limit of 0 or an angle out of range.
///
/// # Examples
/// ```
/// let a = haarmonic::sphere::zonal::cap_multipliers(3, std::f64::consts::PI)?;
/// assert!(a[0] == 1.0 && a[1].abs() < 4.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn cap_multipliers(band_limit: usize, angle: f64) -> Result<Vec<f64>> {
    if !(angle > 0.0 && angle <= PI) {
        return Err(Error::invalid(
            "opening angle of a cap",
            angle,
            "radians above 0 and at most pi",
        ));
    }
    ring_multipliers(band_limit, 0.0, angle)
}

/// π less the double nearest to it.
const PI_LOW: f64 = 1.2246467991473532e-16;

/// Computes the multipliers of the mean over the ring between two colatitudes.
///
/// ```math
/// a_\ell = \frac{1}{\cos\omega_1 - \cos\omega_2} \int_{\cos\omega_2}^{\cos\omega_1} P_\ell(t) \, dt , \qquad a_0 = 1
/// ```
/// The integral is done by a Gauss rule that is exact; a difference of two caps would lose digits for narrow rings.
///
/// # Cost and accuracy
/// O(L²) time; within some ε.
///
/// # Arguments
/// * `band_limit` — L
/// * `inner`, `outer` — $`0 \le \omega_1 < \omega_2 \le \pi`$, radians
///
/// # Errors
/// [`Error::InvalidValue`] for a band limit of 0 or angles out of range.
///
/// # Examples
/// ```
/// use std::f64::consts::{FRAC_PI_2, PI};
/// let a = haarmonic::sphere::zonal::ring_multipliers(2, FRAC_PI_2, PI)?;      // the southern hemisphere
/// assert!((a[1] + 0.5).abs() < 4.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn ring_multipliers(band_limit: usize, inner: f64, outer: f64) -> Result<Vec<f64>> {
    check_band_limit(band_limit)?;
    if !(inner >= 0.0 && inner < outer && outer <= PI) {
        return Err(Error::invalid(
            "colatitudes of a ring",
            format!("{inner} and {outer}"),
            "radians, 0 <= inner < outer <= pi",
        ));
    }
    // Sums of positive terms only, so that both distances from the poles keep their relative precision.
    let north = 2.0 * (0.5 * inner).sin().powi(2);
    let south = 2.0 * (0.5 * outer).cos().powi(2);
    // Near the south pole the sine of the middle is computed from its distance to this pole.
    let middle = if inner + outer > PI {
        0.5 * ((PI - outer) + (PI - inner)) + PI_LOW
    } else {
        0.5 * (outer + inner)
    };
    let depth = 2.0 * middle.sin() * (0.5 * (outer - inner)).sin();
    let rule = GaussLegendre::new(band_limit / 2 + 1)?;
    Ok(mean_of_polynomials(
        band_limit,
        rule.colatitudes.iter().zip(&rule.weights).map(|(tau, w)| {
            let (sine, cosine) = (0.5 * tau).sin_cos();
            let (below, above) = (depth * sine * sine, depth * cosine * cosine);
            (north + below, south + above, *w)
        }),
    ))
}

/// A Gaussian is integrated to this many widths, where $`e^{-\theta^2/2w^2}`$ is far below ε.
const WIDTHS: f64 = 9.0;
/// Nodes that integrate the Gaussian itself over that interval.
const GAUSSIAN_NODES: usize = 64;

/// Computes the multipliers of the mean with the weight $`e^{-\theta^2 / 2 w^2}`$, θ being the distance from the axis.
///
/// ```math
/// a_\ell = \frac{\int_0^\pi e^{-\theta^2/2w^2} P_\ell(\cos\theta) \sin\theta \, d\theta}{\int_0^\pi e^{-\theta^2/2w^2} \sin\theta \, d\theta} , \qquad a_0 = 1
/// ```
/// A Gauss rule in θ over the interval where the weight is not negligible. For small widths
/// $`a_\ell \approx e^{-\ell(\ell+1) w^2/2}`$, which is [`heat_kernel`](super::smoothing::heat_kernel).
///
/// # Arguments
/// * `band_limit` — L
/// * `width` — w in radians, greater than 0
///
/// # Errors
/// [`Error::InvalidValue`] for a band limit of 0 or a width that is not positive and finite.
///
/// # Examples
/// ```
/// let a = haarmonic::sphere::zonal::gaussian_multipliers(3, 1e-4)?;
/// assert!((a[2] - (1.0 - 3e-8)).abs() < 1e-15);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn gaussian_multipliers(band_limit: usize, width: f64) -> Result<Vec<f64>> {
    check_band_limit(band_limit)?;
    check::positive("width of a Gaussian filter", width)?;
    let end = PI.min(WIDTHS * width);
    // The polynomial of degree ℓ has ℓ end / π half waves, and a rule of n nodes resolves 2n / π of them.
    let waves = (0.5 * band_limit as f64 * end).ceil() as usize;
    let rule = GaussLegendre::new(GAUSSIAN_NODES + waves)?;
    Ok(mean_of_polynomials(
        band_limit,
        rule.colatitudes.iter().zip(&rule.weights).map(|(tau, w)| {
            let share = (0.5 * tau).sin().powi(2);
            let (sine, cosine) = (0.5 * end * share).sin_cos();
            let exponent = end / width * share;
            // sin θ in units of the interval, which may be tiny.
            let area = 2.0 * (sine / end) * cosine;
            let weight = w * area * (-0.5 * exponent * exponent).exp();
            (2.0 * sine * sine, 2.0 * cosine * cosine, weight)
        }),
    ))
}

/// The weighted mean of each $`P_\ell`$ over points $`(1 - \cos\theta, 1 + \cos\theta, \text{weight})`$.
fn mean_of_polynomials(
    band_limit: usize,
    points: impl Iterator<Item = (f64, f64, f64)>,
) -> Vec<f64> {
    let mut sums = vec![0.0; band_limit];
    let mut polynomials = vec![0.0; band_limit];
    for (north, south, weight) in points {
        legendre_polynomials_between(north, south, &mut polynomials);
        for (sum, p) in sums.iter_mut().zip(&polynomials) {
            *sum += weight * p;
        }
    }
    let mass = sums[0];
    sums.iter_mut().for_each(|sum| *sum /= mass);
    sums
}

/// Multiplies each degree by a number: convolution with a zonal function.
///
/// # Arguments
/// * `multipliers` — at least L numbers, $`\lambda_\ell`$
/// * `coeffs` — shape `[L, 2L − 1]`; changed in place
///
/// # Errors
/// [`Error::ShapeMismatch`] if there are fewer multipliers than degrees or the coefficients have another shape.
pub fn filter(multipliers: &[f64], mut coeffs: ArrayViewMut2<'_, Complex64>) -> Result<()> {
    let limit = coefficients::band_limit(coeffs.view())?;
    check_multipliers(multipliers, limit)?;
    for (mut row, factor) in coeffs.rows_mut().into_iter().zip(multipliers) {
        row.mapv_inplace(|c| c * *factor);
    }
    Ok(())
}

/// Adds a sum of weighted zonal bumps, exactly, to the coefficients of a signal.
///
/// ```math
/// f(x) = \sum_j w_j \, g(x \cdot y_j) \quad\Longrightarrow\quad \hat f_{\ell m} = \sum_j w_j \, \lambda_\ell \, \overline{Y_{\ell m}(y_j)}
/// ```
/// # Arguments
/// * `harmonics` — tables of band limit L
/// * `multipliers` — at least L numbers, $`\lambda_\ell`$ of the profile g, from [`legendre_coefficients`]
/// * `directions` — $`y_j`$, vectors of any positive length
/// * `weights` — $`w_j`$, as many
/// * `coeffs` — shape `[L, 2L − 1]`, of a real signal; the bumps are added
///
/// # Cost and accuracy
/// O(L²) time for each direction, no allocation.
///
/// # Errors
/// [`Error::ShapeMismatch`], [`Error::NotFinite`], or [`Error::InvalidValue`] for a zero vector; `coeffs` is then unspecified.
pub fn add_bumps(
    harmonics: &SphericalHarmonics,
    multipliers: &[f64],
    directions: &[[f64; 3]],
    weights: &[f64],
    mut coeffs: ArrayViewMut2<'_, Complex64>,
) -> Result<()> {
    let limit = harmonics.band_limit();
    check_multipliers(multipliers, limit)?;
    if coeffs.dim() != (limit, 2 * limit - 1) {
        return Err(Error::shape(
            format!("coefficients of band limit {limit}"),
            format!("[{limit}, {}]", 2 * limit - 1),
            coeffs.shape().to_vec(),
        ));
    }
    if weights.len() != directions.len() {
        return Err(Error::shape(
            "weights of zonal bumps",
            format!("[{}], one for each direction", directions.len()),
            vec![weights.len()],
        ));
    }
    check::finite("weights of zonal bumps", aview1(weights))?;
    for (direction, weight) in directions.iter().zip(weights) {
        harmonics.add_zonal(*direction, *weight, multipliers, &mut coeffs)?;
    }
    for m in 1..limit {
        for l in m..limit {
            coeffs[[l, limit - 1 - m]] = sign(m) * coeffs[[l, limit - 1 + m]].conj();
        }
    }
    Ok(())
}

fn check_multipliers(multipliers: &[f64], limit: usize) -> Result<()> {
    if multipliers.len() < limit {
        return Err(Error::shape(
            "multipliers of a zonal filter",
            format!("at least [{limit}], one for each degree"),
            vec![multipliers.len()],
        ));
    }
    check::finite("multipliers of a zonal filter", aview1(multipliers))
}
