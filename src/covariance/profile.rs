//! Covariances as functions of an angle.

use std::f64::consts::PI;

use super::mixture::Mixture;
use super::space::{Family, Parameter, Space};
use super::table::Table;
use crate::{Error, Result, check};

/// Length scales and smoothness for which the accuracy is tested.
const LENGTH_SCALES: [f64; 2] = [1e-6, 1e6];
const SMOOTHNESS: [f64; 2] = [0.25, 1000.0];

/// A stationary Gaussian covariance on S² or SO(3).
///
/// ```math
/// k(\theta) = \frac{\sigma^2}{Z} \sum_\ell (2\ell+1) \, \Phi_\ell \, P_\ell(\cos\theta) \;\text{ on } S^2 , \qquad
/// k(\omega) = \frac{\sigma^2}{Z} \sum_\ell (2\ell+1) \, \Phi_\ell \, \chi_\ell(\omega) \;\text{ on } SO(3)
/// ```
/// with the angle θ between two points, the angle ω of the rotation from one rotation to the other, $`\chi_\ell(\omega) = \sin((\ell+\tfrac12)\omega)/\sin(\omega/2)`$,
/// and Z such that k(0) = σ². For the length scale κ, in radians, and in d = 2 or 3 dimensions,
///
/// ```math
/// \Phi_\ell = e^{-\kappa^2 \ell(\ell+1)/2} \;\text{ (heat)} , \qquad
/// \Phi_\ell = \Bigl(\frac{2\nu}{\kappa^2} + \ell(\ell+1)\Bigr)^{-\nu-d/2} \;\text{ (Matérn)} .
/// ```
/// The series is not truncated. Where κ is small against 1, k is the Euclidean kernel of the family at the distance θ or ω.
///
/// # Cost and accuracy
/// One is made in a time that depends on ν, mainly, and not on κ: tens of milliseconds, some tenths of a second for ν below 1/2. A value is a polynomial of 22
/// terms. Errors are below 1e-14 σ² for values, and for derivatives by ln κ and ln ν.
///
/// # Examples
/// ```
/// use haarmonic::covariance::{Covariance, Family, Space};
///
/// let covariance = Covariance::new(Space::Sphere, Family::Matern { nu: 1.5 }, 0.3)?.with_variance(2.0)?;
/// assert_eq!(covariance.value(0.0)?, 2.0);
/// // Near the Euclidean kernel (1 + √3 θ/κ) exp(−√3 θ/κ) at such distances
/// let distance = 3.0_f64.sqrt() * 0.1 / 0.3;
/// assert!((covariance.value(0.1)? / 2.0 - (1.0 + distance) * (-distance).exp()).abs() < 0.01);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// BTMD20, ASTB24.
#[derive(Debug, Clone)]
pub struct Covariance {
    pub(super) space: Space,
    pub(super) family: Family,
    pub(super) length_scale: f64,
    pub(super) variance: f64,
    /// Z, for multipliers that are 1 at degree 0.
    pub(super) whole: f64,
    pub(super) table: Table,
}

impl Covariance {
    /// Makes the covariance of variance 1.
    ///
    /// # Arguments
    /// * `length_scale` — κ in radians, from 10⁻⁶ to 10⁶
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if κ, or ν of a Matérn kernel, is out of range.
    pub fn new(space: Space, family: Family, length_scale: f64) -> Result<Self> {
        within("length scale of a covariance", length_scale, LENGTH_SCALES)?;
        if let Family::Matern { nu } = family {
            within("smoothness of a Matérn kernel", nu, SMOOTHNESS)?;
        }
        let mixture = Mixture::new(space, family, length_scale)?;
        Ok(Covariance {
            space,
            family,
            length_scale,
            variance: 1.0,
            whole: mixture.relative_whole(),
            table: mixture.table()?,
        })
    }

    /// Returns the covariance with another variance σ².
    ///
    /// # Errors
    /// [`Error::InvalidValue`] unless it is finite and above 0.
    pub fn with_variance(mut self, variance: f64) -> Result<Self> {
        check::positive("variance of a covariance", variance)?;
        self.variance = variance;
        Ok(self)
    }

    /// Returns the space.
    pub fn space(&self) -> Space {
        self.space
    }

    /// Returns the family.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Returns the length scale κ.
    pub fn length_scale(&self) -> f64 {
        self.length_scale
    }

    /// Returns the variance σ² = k(0).
    pub fn variance(&self) -> f64 {
        self.variance
    }

    /// Returns the covariance of two points at an angle.
    ///
    /// # Errors
    /// As [`at_angles`](Self::at_angles).
    pub fn value(&self, angle: f64) -> Result<f64> {
        Ok(self.at_angles(&[angle])?[0])
    }

    /// Returns the covariances of points at some angles: θ between two points of the sphere, or ω of the rotation R⁻¹R′.
    ///
    /// # Arguments
    /// * `angles` — in `[0, π]`, radians
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for other angles, [`Error::NotFinite`].
    pub fn at_angles(&self, angles: &[f64]) -> Result<Vec<f64>> {
        self.part_at_angles(Part::VALUE, angles)
    }

    /// Returns the derivatives of the covariances by κ or ν at some angles.
    ///
    /// # Arguments
    /// * `angles` — in `[0, π]`, radians
    ///
    /// # Errors
    /// As [`at_angles`](Self::at_angles), and [`Error::InvalidValue`] for the smoothness of a heat kernel.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::covariance::{Covariance, Family, Parameter, Space};
    ///
    /// let at = |scale: f64| Covariance::new(Space::Rotations, Family::Heat, scale);
    /// let derivative = at(0.5)?.derivative_at_angles(Parameter::LengthScale, &[0.7])?[0];
    /// let difference = (at(0.501)?.value(0.7)? - at(0.499)?.value(0.7)?) / 0.002;
    /// assert!((derivative - difference).abs() < 1e-4);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn derivative_at_angles(&self, parameter: Parameter, angles: &[f64]) -> Result<Vec<f64>> {
        self.part_at_angles(self.derivative_part(parameter)?, angles)
    }

    fn part_at_angles(&self, part: Part, angles: &[f64]) -> Result<Vec<f64>> {
        check::finite("angles", ndarray::aview1(angles))?;
        let value = |&angle: &f64| match (0.0..=PI).contains(&angle) {
            true => Ok(self.part(part, (0.5 * angle).sin().powi(2))),
            false => Err(Error::invalid("angle", angle, "an angle in [0, π]")),
        };
        angles.iter().map(value).collect()
    }

    /// A part at a squared sine of half the angle.
    #[inline(always)]
    pub(super) fn part(&self, part: Part, square: f64) -> f64 {
        let value = self.table.one(part.index, square);
        // Rounding puts no correlation beyond 1, and no value below 0.
        let value = if part.index == 0 {
            value.clamp(0.0, 1.0)
        } else {
            value
        };
        value * (part.factor * self.variance)
    }

    /// Which part of the table a derivative is.
    pub(super) fn derivative_part(&self, parameter: Parameter) -> Result<Part> {
        match (parameter, self.family) {
            (Parameter::LengthScale, _) => Ok(Part {
                index: 1,
                factor: 1.0 / self.length_scale,
            }),
            (Parameter::Smoothness, Family::Matern { .. }) => Ok(Part {
                index: 2,
                factor: 1.0,
            }),
            (Parameter::Smoothness, Family::Heat) => Err(Error::invalid(
                "parameter of a derivative",
                "the smoothness of a heat kernel",
                "the length scale, or a Matérn kernel",
            )),
        }
    }
}

/// The covariance or one of its derivatives: which function of the table, and what it is multiplied with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    index: usize,
    factor: f64,
}

impl Part {
    pub(super) const VALUE: Part = Part {
        index: 0,
        factor: 1.0,
    };
}

fn within(what: &str, value: f64, [least, most]: [f64; 2]) -> Result<()> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false => Err(Error::invalid(
            what,
            value,
            format!("a number from {least:e} to {most:e}"),
        )),
    }
}
