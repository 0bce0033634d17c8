//! Filters on the sphere that weigh by the distance from the north pole.

use std::f64::consts::PI;
use std::fmt;
use std::sync::Arc;

use crate::error::number;
use crate::sphere::smoothing;
use crate::sphere::zonal::{self, legendre_polynomials_at};
use crate::{Error, Result};

/// A profile has at most this many multipliers of its own.
const MAX_MULTIPLIERS: usize = 1 << 12;
/// Colatitudes per multiplier at which a density given by its multipliers is looked at.
const LOOKS: usize = 16;
/// A density may fall below zero by this, relative to $`\sum_l (2l+1) |a_l| / 4\pi`$: the rounding of the multipliers and of the sum.
const NEGATIVE: f64 = 256.0 * f64::EPSILON;

/// The weight of a filter on the sphere by the angular distance θ from the north pole.
///
/// It is a density $`p \ge 0`$ of mass 1, and a layer with it takes $`K \leftarrow \int p(x) \, K(g x) \, d\Omega(x)`$. Convolution
/// with it multiplies degree ℓ of a function on the sphere by
///
/// ```math
/// a_\ell = \int_{S^2} p(x) \, P_\ell(\cos\theta) \, d\Omega , \qquad a_0 = 1
/// ```
/// In a group convolution p is the density of $`h n`$, where n is the north pole, and h is uniform otherwise.
///
/// # Examples
/// ```
/// use haarmonic::network::ZonalProfile;
/// let a = ZonalProfile::Heat { time: 0.1 }.multipliers(3)?;
/// assert_eq!(a[0], 1.0);
/// assert!((a[2] - (-0.6_f64).exp()).abs() < 2.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub enum ZonalProfile {
    /// Uniform where θ is at most `angle`.
    Cap {
        /// From the pole to the rim, radians, in $`(0, \pi]`$; π is the whole sphere.
        angle: f64,
    },
    /// Uniform where θ lies between `inner` and `outer`.
    Ring {
        /// The smaller colatitude, radians, 0 or more.
        inner: f64,
        /// The larger colatitude, radians, at most π.
        outer: f64,
    },
    /// $`p \propto e^{-\theta^2 / 2 w^2}`$.
    Gaussian {
        /// w in radians, greater than 0.
        width: f64,
    },
    /// Heat that has spread from the north pole, $`a_\ell = e^{-\ell(\ell+1) t}`$.
    Heat {
        /// t, greater than 0.
        time: f64,
    },
    /// The multipliers themselves, $`a_0 = 1, a_1, \dots`$; zero beyond. At most 4096, of a density
    /// $`\sum_\ell \frac{2\ell+1}{4\pi} a_\ell P_\ell(\cos\theta)`$ that is nowhere negative by more than 256 ε relative to
    /// $`\sum_\ell \frac{2\ell+1}{4\pi} |a_\ell|`$.
    Legendre(Arc<[f64]>),
}

impl ZonalProfile {
    /// Returns the word for this profile in a network file.
    pub fn name(&self) -> &'static str {
        match self {
            ZonalProfile::Cap { .. } => "cap",
            ZonalProfile::Ring { .. } => "ring",
            ZonalProfile::Gaussian { .. } => "gaussian",
            ZonalProfile::Heat { .. } => "heat",
            ZonalProfile::Legendre(_) => "legendre",
        }
    }

    /// Returns whether the density is constant, as far as the parameters say so exactly.
    pub fn is_constant(&self) -> bool {
        match self {
            ZonalProfile::Cap { angle } => *angle == PI,
            ZonalProfile::Ring { inner, outer } => *inner == 0.0 && *outer == PI,
            ZonalProfile::Gaussian { .. } | ZonalProfile::Heat { .. } => false,
            ZonalProfile::Legendre(multipliers) => {
                multipliers.split_first().is_some_and(|(first, rest)| {
                    *first == 1.0 && rest.iter().all(|multiplier| *multiplier == 0.0)
                })
            }
        }
    }

    /// Computes the factor of each degree, $`a_\ell`$.
    ///
    /// # Arguments
    /// * `band_limit` — L: degrees ℓ < L
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a band limit out of range, and as [`validate`](Self::validate).
    pub fn multipliers(&self, band_limit: usize) -> Result<Vec<f64>> {
        self.validate()?;
        match self {
            ZonalProfile::Cap { angle } => zonal::cap_multipliers(band_limit, *angle),
            ZonalProfile::Ring { inner, outer } => {
                zonal::ring_multipliers(band_limit, *inner, *outer)
            }
            ZonalProfile::Gaussian { width } => zonal::gaussian_multipliers(band_limit, *width),
            ZonalProfile::Heat { time } => smoothing::heat_kernel(band_limit, *time),
            ZonalProfile::Legendre(given) => {
                let mut multipliers = smoothing::low_pass(band_limit, 0)?;
                for (multiplier, given) in multipliers.iter_mut().zip(given.iter()) {
                    *multiplier = *given;
                }
                Ok(multipliers)
            }
        }
    }

    /// Checks the parameters.
    ///
    /// # Cost
    /// O(n²) time for n multipliers of [`ZonalProfile::Legendre`], whose density is looked at in 16 n places.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a parameter outside its range or a density that is negative, with the place.
    pub fn validate(&self) -> Result<()> {
        let wrong =
            |found: String, expected: &str| Err(Error::invalid(self.name(), found, expected));
        match self {
            ZonalProfile::Cap { angle } if !(*angle > 0.0 && *angle <= PI) => wrong(
                number(*angle).to_string(),
                "an angle in radians greater than 0 and at most π",
            ),
            ZonalProfile::Ring { inner, outer }
                if !(*inner >= 0.0 && inner < outer && *outer <= PI) =>
            {
                wrong(
                    format!("[{}, {}]", number(*inner), number(*outer)),
                    "two angles in radians, 0 <= inner < outer <= π",
                )
            }
            ZonalProfile::Gaussian { width } if !(*width > 0.0 && width.is_finite()) => wrong(
                number(*width).to_string(),
                "a finite width in radians greater than 0",
            ),
            ZonalProfile::Heat { time } if !(*time > 0.0 && time.is_finite()) => {
                wrong(number(*time).to_string(), "a finite time greater than 0")
            }
            ZonalProfile::Legendre(multipliers) => {
                if let Some(l) = multipliers.iter().position(|a| !a.is_finite()) {
                    return wrong(
                        format!("{} for degree {l}", multipliers[l]),
                        "finite numbers",
                    );
                }
                if multipliers.len() > MAX_MULTIPLIERS {
                    return wrong(
                        format!("{} multipliers", multipliers.len()),
                        &format!("at most {MAX_MULTIPLIERS}"),
                    );
                }
                match multipliers.first() {
                    Some(1.0) => {}
                    Some(first) => {
                        return wrong(
                            format!("{} for degree 0", number(*first)),
                            "1 there, so that the mass is 1",
                        );
                    }
                    None => return wrong("no numbers".into(), "1 for degree 0, and further ones"),
                }
                match negative_density(multipliers) {
                    None => Ok(()),
                    Some((colatitude, density)) => wrong(
                        format!(
                            "multipliers of a density that is {density:.3e} at {colatitude:.4} rad"
                        ),
                        "a density that is nowhere negative",
                    ),
                }
            }
            _ => Ok(()),
        }
    }
}

/// The place and the value of the least density, if it is negative beyond rounding.
fn negative_density(multipliers: &[f64]) -> Option<(f64, f64)> {
    let scaled: Vec<f64> = multipliers
        .iter()
        .enumerate()
        .map(|(l, a)| (2 * l + 1) as f64 / (4.0 * PI) * a)
        .collect();
    let intervals = LOOKS * multipliers.len();
    let mut polynomials = vec![0.0; multipliers.len()];
    let mut least = (0.0, f64::INFINITY);
    for j in 0..=intervals {
        let colatitude = PI * j as f64 / intervals as f64;
        legendre_polynomials_at(colatitude, &mut polynomials);
        let density = scaled.iter().zip(&polynomials).map(|(a, p)| a * p).sum();
        if density < least.1 {
            least = (colatitude, density);
        }
    }
    let size: f64 = scaled.iter().map(|a| a.abs()).sum();
    (least.1 < -NEGATIVE * size).then_some(least)
}

/// The name and the parameters, `legendre` with the number of its multipliers.
impl fmt::Display for ZonalProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            ZonalProfile::Cap { angle: value }
            | ZonalProfile::Gaussian { width: value }
            | ZonalProfile::Heat { time: value } => write!(f, " {value}"),
            ZonalProfile::Ring { inner, outer } => write!(f, " {inner} to {outer}"),
            ZonalProfile::Legendre(multipliers) => {
                write!(f, " of {} degrees", multipliers.len())
            }
        }
    }
}
