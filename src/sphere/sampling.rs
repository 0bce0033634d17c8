//! The samplings of the sphere, their nodes and their quadrature weights in colatitude.

use crate::numeric::GaussLegendre;
use crate::{Error, Result};
use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;

/// The largest band limit for which grids and plans are made.
pub const MAX_BAND_LIMIT: usize = 1 << 15;

/// A grid on the sphere: rings of constant colatitude θ, each with `2L − 1` equispaced longitudes from φ = 0.
///
/// | name              | rings  | colatitudes                          | sampling theorem |
/// |-------------------|--------|--------------------------------------|------------------|
/// | `driscoll-healy`  | `2L`   | $`(2t+1)\pi/(4L)`$                   | quadrature, exact to degree `2L − 1` |
/// | `gauss-legendre`  | `L`    | zeros of $`P_L(\cos\theta)`$         | quadrature, exact to degree `2L − 1` |
/// | `mcewen-wiaux`    | `L`    | $`(2t+1)\pi/(2L-1)`$, last ring at the south pole | periodic extension in θ |
/// | `clenshaw-curtis` | `2L`   | $`\pi t/(2L-1)`$, first and last ring at the poles | quadrature, exact to degree `2L − 1` |
///
/// Rings run from north to south. Arrays of samples have shape `[rings, 2L − 1]`.
///
/// # Examples
/// ```
/// use haarmonic::sphere::Sampling;
/// let sampling: Sampling = "mcewen-wiaux".parse()?;
/// assert_eq!(sampling.shape(4)?, [4, 7]);
/// assert_eq!(sampling.colatitudes(4)?[3], std::f64::consts::PI);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// DH94, MW11; Waldvogel06.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sampling {
    /// `2L` equispaced rings, none at a pole.
    DriscollHealy,
    /// `L` rings at the Gauss–Legendre nodes.
    GaussLegendre,
    /// `L` equispaced rings, the last one at the south pole.
    McEwenWiaux,
    /// `2L` equispaced rings, both poles among them.
    ClenshawCurtis,
}

impl Sampling {
    /// All samplings, in the order of the table above.
    pub const ALL: [Sampling; 4] = [
        Sampling::DriscollHealy,
        Sampling::GaussLegendre,
        Sampling::McEwenWiaux,
        Sampling::ClenshawCurtis,
    ];

    /// Returns the name that [`FromStr`] reads.
    pub fn name(self) -> &'static str {
        match self {
            Sampling::DriscollHealy => "driscoll-healy",
            Sampling::GaussLegendre => "gauss-legendre",
            Sampling::McEwenWiaux => "mcewen-wiaux",
            Sampling::ClenshawCurtis => "clenshaw-curtis",
        }
    }

    /// Returns whether the rings are placed symmetrically about the equator.
    pub fn is_symmetric(self) -> bool {
        !matches!(self, Sampling::McEwenWiaux)
    }

    /// Returns the shape `[rings, longitudes]` of a sampled signal.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above [`MAX_BAND_LIMIT`].
    pub fn shape(self, band_limit: usize) -> Result<[usize; 2]> {
        check_band_limit(band_limit)?;
        let rings = match self {
            Sampling::DriscollHealy | Sampling::ClenshawCurtis => 2 * band_limit,
            Sampling::GaussLegendre | Sampling::McEwenWiaux => band_limit,
        };
        Ok([rings, 2 * band_limit - 1])
    }

    /// Computes the colatitudes θ of the rings, in radians, from north to south.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above [`MAX_BAND_LIMIT`].
    pub fn colatitudes(self, band_limit: usize) -> Result<Vec<f64>> {
        let [rings, _] = self.shape(band_limit)?;
        let equispaced = |denominator: usize| {
            (0..rings)
                // The south pole itself must not be overshot by a rounding.
                .map(|t| ((2 * t + 1) as f64 * PI / denominator as f64).min(PI))
                .collect()
        };
        Ok(match self {
            Sampling::DriscollHealy => equispaced(4 * band_limit),
            Sampling::McEwenWiaux => equispaced(2 * band_limit - 1),
            // The southern half as mirror images, so that the poles and pairs are exact.
            Sampling::ClenshawCurtis => (0..rings)
                .map(|t| {
                    let north = t.min(rings - 1 - t) as f64 * PI / (rings - 1) as f64;
                    if 2 * t < rings { north } else { PI - north }
                })
                .collect(),
            Sampling::GaussLegendre => GaussLegendre::new(band_limit)?.colatitudes,
        })
    }

    /// Computes the longitudes $`\varphi_p = 2\pi p/(2L-1)`$, in radians.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above [`MAX_BAND_LIMIT`].
    pub fn longitudes(self, band_limit: usize) -> Result<Vec<f64>> {
        let [_, count] = self.shape(band_limit)?;
        Ok((0..count)
            .map(|p| 2.0 * PI * p as f64 / count as f64)
            .collect())
    }

    /// Computes the quadrature weights of the rings.
    ///
    /// ```math
    /// \int_0^\pi g(\cos\theta) \sin\theta \, d\theta = \sum_t w_t \, g(\cos\theta_t)
    /// ```
    /// Exact for polynomials `g` of degree at most `2L − 1` (Driscoll–Healy, Gauss–Legendre, Clenshaw–Curtis) or `L − 1` (McEwen–Wiaux:
    /// there the product of two band-limited functions is not integrated exactly, and the forward transform goes
    /// through the periodic extension in θ instead). The weights sum to 2; the solid angle of a grid point is
    /// $`2\pi w_t/(2L-1)`$.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above [`MAX_BAND_LIMIT`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::sphere::Sampling;
    /// let weights = Sampling::DriscollHealy.colatitude_weights(1)?;   // θ = π/4, 3π/4
    /// assert!((weights[0] - 1.0).abs() < 4.0 * f64::EPSILON);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    ///
    /// # References
    /// DH94, Lemma 2; MW11, Eq. (25).
    pub fn colatitude_weights(self, band_limit: usize) -> Result<Vec<f64>> {
        let [rings, _] = self.shape(band_limit)?;
        Ok(match self {
            Sampling::GaussLegendre => GaussLegendre::new(band_limit)?.weights,
            Sampling::DriscollHealy => {
                let half = driscoll_healy_weights(band_limit);
                (0..rings).map(|t| half[t.min(rings - 1 - t)]).collect()
            }
            Sampling::McEwenWiaux => mcewen_wiaux_weights(band_limit),
            Sampling::ClenshawCurtis => {
                let half = clenshaw_curtis_weights(band_limit);
                (0..rings).map(|t| half[t.min(rings - 1 - t)]).collect()
            }
        })
    }
}

/// Weights of the northern rings: $`w_t = \frac{2}{L} \sin\theta_t \sum_{k<L} \frac{\sin (2k+1)\theta_t}{2k+1}`$.
fn driscoll_healy_weights(band_limit: usize) -> Vec<f64> {
    let period = 8 * band_limit;
    let sines: Vec<f64> = (0..period)
        .map(|i| (i as f64 * PI / (4 * band_limit) as f64).sin())
        .collect();
    (0..band_limit)
        .map(|t| {
            // Smallest terms first.
            let sum: f64 = (0..band_limit)
                .rev()
                .map(|k| sines[(2 * k + 1) * (2 * t + 1) % period] / (2 * k + 1) as f64)
                .sum();
            2.0 / band_limit as f64 * sines[2 * t + 1] * sum
        })
        .collect()
}

/// Weights of the northern rings, with n = 2L − 1 intervals: $`w_t = \frac{2 - \delta_{t0}}{n} \bigl(1 - \sum_{0<k<L} \frac{2 \cos 2k\theta_t}{4k^2-1}\bigr)`$.
fn clenshaw_curtis_weights(band_limit: usize) -> Vec<f64> {
    let intervals = 2 * band_limit - 1;
    let cosines: Vec<f64> = (0..2 * intervals)
        .map(|i| (i as f64 * PI / intervals as f64).cos())
        .collect();
    (0..band_limit)
        .map(|t| {
            let sum: f64 = (1..band_limit)
                .rev()
                .map(|k| {
                    let square = (2.0 * k as f64).powi(2);
                    2.0 * cosines[2 * k * t % (2 * intervals)] / (square - 1.0)
                })
                .sum();
            let images = if t == 0 { 1.0 } else { 2.0 };
            images * (1.0 - sum) / intervals as f64
        })
        .collect()
}

/// Weights of the rings for order zero; the sine terms of the extension cancel between θ and 2π − θ.
fn mcewen_wiaux_weights(band_limit: usize) -> Vec<f64> {
    let count = 2 * band_limit - 1;
    let cosines: Vec<f64> = (0..2 * count)
        .map(|i| (i as f64 * PI / count as f64).cos())
        .collect();
    (0..band_limit)
        .map(|t| {
            let sum: f64 = (2..band_limit)
                .step_by(2)
                .rev()
                .map(|m| {
                    let square = (m as f64) * (m as f64);
                    4.0 / (1.0 - square) * cosines[m * (2 * t + 1) % (2 * count)]
                })
                .sum();
            let images = if t + 1 == band_limit { 1.0 } else { 2.0 };
            images * (2.0 + sum) / count as f64
        })
        .collect()
}

impl fmt::Display for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Sampling {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Sampling::ALL
            .into_iter()
            .find(|sampling| sampling.name() == text)
            .ok_or_else(|| Error::invalid("sampling", format!("{text:?}"), "\"driscoll-healy\", \"gauss-legendre\", \"mcewen-wiaux\" or \"clenshaw-curtis\""
                        ))
    }
}

/// Accepts a band limit from 1 to [`MAX_BAND_LIMIT`].
pub(crate) fn check_band_limit(band_limit: usize) -> Result<()> {
    if band_limit == 0 || band_limit > MAX_BAND_LIMIT {
        return Err(Error::invalid(
            "band limit",
            band_limit,
            format!("1 to {MAX_BAND_LIMIT}"),
        ));
    }
    Ok(())
}
