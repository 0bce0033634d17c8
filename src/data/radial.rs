//! The weight of a neighbouring atom as a function of its distance, and its angular width on the sphere.

use std::f64::consts::{FRAC_PI_4, PI};

use crate::check;
use crate::error::{Error, Result};
use crate::sphere::bump::{bump_coefficients, bump_variance, check_bump_width};

/// A function of the distance r between two atoms, in ångström. An example is at [`RadialChannel`].
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RadialFunction {
    /// A power $`r^{-p}`$, with the exponent p.
    Power(f64),
    /// A shell $`r^{-p} \exp(-(r - c)^2 / (2 s^2))`$.
    Gaussian {
        /// Centre c in ångström.
        centre: f64,
        /// Standard deviation s in ångström.
        width: f64,
        /// Power p; zero for the plain shell.
        power: f64,
    },
}

impl RadialFunction {
    /// Computes the value at distance `r` in ångström.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::data::radial::RadialFunction;
    /// assert_eq!(RadialFunction::Power(2.0).value(2.0), 0.25);
    /// assert_eq!(RadialFunction::Gaussian { centre: 1.5, width: 0.1, power: 0.0 }.value(1.5), 1.0);
    /// ```
    pub fn value(self, r: f64) -> f64 {
        match self {
            RadialFunction::Power(power) => r.powf(-power),
            RadialFunction::Gaussian {
                centre,
                width,
                power,
            } => {
                let u = (r - centre) / width;
                (-0.5 * u * u).exp() * r.powf(-power)
            }
        }
    }
}

/// A cutoff that limits the neighbourhood of an atom; every radial function is multiplied by it.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum RadialCutoff {
    /// No cutoff: all other atoms of the molecule are neighbours.
    #[default]
    None,
    /// The factor $`\tfrac12 (1 + \cos(\pi r / R))`$ up to the radius R, and zero beyond.
    Cosine {
        /// R in ångström.
        radius: f64,
    },
    /// One up to the distance a, then the factor $`\tfrac12 (1 + \cos(\pi (r - a)/(R - a)))`$ up to the radius R, and zero beyond.
    Fading {
        /// a in ångström, where the factor begins to fade.
        start: f64,
        /// R in ångström.
        radius: f64,
    },
}

impl RadialCutoff {
    /// Computes the factor at distance `r` in ångström.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::data::radial::RadialCutoff;
    /// let cutoff = RadialCutoff::Cosine { radius: 4.0 };
    /// assert_eq!((cutoff.value(0.0), cutoff.value(4.0), cutoff.value(5.0)), (1.0, 0.0, 0.0));
    /// let cutoff = RadialCutoff::Fading { start: 2.0, radius: 3.0 };
    /// assert_eq!((cutoff.value(1.9), cutoff.value(2.5), cutoff.value(3.1)), (1.0, 0.5, 0.0));
    /// ```
    pub fn value(self, r: f64) -> f64 {
        match self {
            RadialCutoff::None => 1.0,
            RadialCutoff::Cosine { radius } if r < radius => 0.5 * (1.0 + (PI * r / radius).cos()),
            RadialCutoff::Cosine { .. } => 0.0,
            RadialCutoff::Fading { start, .. } if r <= start => 1.0,
            RadialCutoff::Fading { start, radius } if r < radius => {
                0.5 * (1.0 + (PI * (r - start) / (radius - start)).cos())
            }
            RadialCutoff::Fading { .. } => 0.0,
        }
    }

    pub(super) fn check(self) -> Result<()> {
        match self {
            RadialCutoff::None => Ok(()),
            RadialCutoff::Cosine { radius } => check::positive("cutoff radius", radius),
            RadialCutoff::Fading { start, radius } => {
                check::not_negative("start of the cutoff", start)?;
                check::positive("cutoff radius", radius)?;
                match start < radius {
                    true => Ok(()),
                    false => Err(Error::invalid(
                        "start of the cutoff",
                        start,
                        format!("a distance below the radius, {radius}"),
                    )),
                }
            }
        }
    }
}

/// One radial function with its angular width, its exponent of the charges and its scale.
///
/// A neighbour j of atom i at distance r in direction $`\hat r`$ contributes
///
/// ```math
/// s \, (Z_i Z_j)^a \, g(r) \, \exp\!\left(-\frac{(x \cdot \hat r - 1)^2}{b}\right) , \qquad
/// b = -\frac{(\cos\omega - 1)^2}{\ln 0.05}
/// ```
/// The profile on the sphere is 1 in the direction of the neighbour, and 0.05 at the angle ω from it.
///
/// # Examples
/// ```
/// use haarmonic::data::radial::{RadialChannel, RadialFunction};
/// let channel = RadialChannel::new(RadialFunction::Power(6.0)).with_scale(0.5);
/// assert_eq!(channel.angular_width, std::f64::consts::FRAC_PI_4);
/// assert!((channel.profile(channel.angular_width.cos()) - 0.05).abs() < 1e-15);
/// ```
///
/// # References
/// ESM23, with g = r⁻² and r⁻⁶, ω = π/4, a = s = 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RadialChannel {
    /// The radial function g.
    pub function: RadialFunction,
    /// The angular width ω in radians, in (0, π].
    pub angular_width: f64,
    /// The exponent a of the charges.
    pub charge_exponent: f64,
    /// The scale s.
    pub scale: f64,
}

impl RadialChannel {
    /// Makes a channel with angular width π/4, charge exponent 1 and scale 1.
    pub fn new(function: RadialFunction) -> RadialChannel {
        RadialChannel {
            function,
            angular_width: FRAC_PI_4,
            charge_exponent: 1.0,
            scale: 1.0,
        }
    }

    /// Sets the angular width ω, in radians.
    pub fn with_angular_width(self, angular_width: f64) -> RadialChannel {
        RadialChannel {
            angular_width,
            ..self
        }
    }

    /// Sets the exponent a of the charges.
    pub fn with_charge_exponent(self, charge_exponent: f64) -> RadialChannel {
        RadialChannel {
            charge_exponent,
            ..self
        }
    }

    /// Sets the scale s.
    pub fn with_scale(self, scale: f64) -> RadialChannel {
        RadialChannel { scale, ..self }
    }

    /// Computes the angular profile at $`t = x \cdot \hat r`$.
    pub fn profile(&self, t: f64) -> f64 {
        let u = t - 1.0;
        (-u * u / self.profile_variance()).exp()
    }

    /// Computes the Funk–Hecke coefficients of the angular profile.
    ///
    /// ```math
    /// \lambda_\ell = 2\pi \int_{-1}^{1} \exp\!\left(-\frac{(t - 1)^2}{b}\right) P_\ell(t) \, dt , \qquad 0 \le \ell < L
    /// ```
    /// The profile $`x \mapsto \exp(-(x \cdot \hat r - 1)^2 / b)`$ has the coefficients
    /// $`\lambda_\ell \, \overline{Y_{\ell m}(\hat r)}`$.
    ///
    /// # Arguments
    /// * `band_limit` — L; degrees ℓ < L are computed
    ///
    /// Returns $`\lambda_0, \dots, \lambda_{L-1}`$.
    ///
    /// # Cost and accuracy
    /// O(L²) time; error of a few ε · $`\lambda_0`$.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if L is 0 or too large, or the angular width is not in (0, π].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::data::radial::{RadialChannel, RadialFunction};
    /// let channel = RadialChannel::new(RadialFunction::Power(2.0)).with_angular_width(0.3);
    /// let b = (1.0 - 0.3_f64.cos()).powi(2) / 20.0_f64.ln();
    /// let lambda = channel.profile_coefficients(1)?;
    /// // The Gaussian has ended long before the opposite pole: half of its whole integral.
    /// let exact = std::f64::consts::PI * (std::f64::consts::PI * b).sqrt();
    /// assert!((lambda[0] / exact - 1.0).abs() < 1e-14);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn profile_coefficients(&self, band_limit: usize) -> Result<Vec<f64>> {
        bump_coefficients(self.angular_width, band_limit)
    }

    /// The constant b of the angular profile.
    pub(super) fn profile_variance(&self) -> f64 {
        bump_variance(self.angular_width)
    }

    pub(super) fn check(&self) -> Result<()> {
        check_bump_width(self.angular_width)?;
        check::finite_number("charge exponent", self.charge_exponent)?;
        check::finite_number("scale of a radial function", self.scale)?;
        match self.function {
            RadialFunction::Power(power) => {
                check::finite_number("power of a radial function", power)
            }
            RadialFunction::Gaussian {
                centre,
                width,
                power,
            } => {
                check::finite_number("centre of a Gaussian shell", centre)?;
                check::finite_number("power of a Gaussian shell", power)?;
                check::positive("width of a Gaussian shell", width)
            }
        }
    }
}
