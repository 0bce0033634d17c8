//! Points of the unit sphere in spherical coordinates.

use std::f64::consts::{PI, TAU};
use std::fmt;

use crate::check;
use crate::numeric::small::{cross, dot, norm};
use crate::{Error, Result};

/// A point of S², by colatitude $`\theta \in [0, \pi]`$ and longitude $`\varphi \in [0, 2\pi)`$.
///
/// ```math
/// x = (\sin\theta \cos\varphi, \; \sin\theta \sin\varphi, \; \cos\theta)
/// ```
/// At the poles the longitude has no meaning; conversions return 0 there.
///
/// # Examples
/// ```
/// use haarmonic::group::SpherePoint;
///
/// let point = SpherePoint::from_vector([0.0, 2.0, 0.0])?;
/// assert!((point.colatitude() - std::f64::consts::FRAC_PI_2).abs() < 1e-15);
/// assert!((point.longitude() - std::f64::consts::FRAC_PI_2).abs() < 1e-15);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpherePoint {
    colatitude: f64,
    longitude: f64,
}

impl SpherePoint {
    /// Makes a point from its angles in radians; the longitude is reduced to $`[0, 2\pi)`$.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the colatitude is outside $`[0, \pi]`$ or an angle is not finite.
    pub fn new(colatitude: f64, longitude: f64) -> Result<SpherePoint> {
        if !(0.0..=PI).contains(&colatitude) {
            return Err(Error::invalid(
                "colatitude",
                colatitude,
                "an angle in [0, π]",
            ));
        }
        check::angle("longitude", longitude)?;
        Ok(SpherePoint {
            colatitude,
            longitude: reduce_angle(longitude),
        })
    }

    /// Makes the point in the direction of a vector of any positive length.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the vector is zero or has an entry that is not finite.
    pub fn from_vector(vector: [f64; 3]) -> Result<SpherePoint> {
        Ok(SpherePoint::of_finite(check::direction(
            "direction",
            vector,
        )?))
    }

    /// The angles of a vector that is known to be finite and not zero.
    pub(crate) fn of_finite([x, y, z]: [f64; 3]) -> SpherePoint {
        SpherePoint {
            colatitude: x.hypot(y).atan2(z),
            longitude: reduce_angle(y.atan2(x)),
        }
    }

    /// Returns the colatitude θ, the angle from the north pole.
    pub fn colatitude(&self) -> f64 {
        self.colatitude
    }

    /// Returns the longitude φ, counted from the x axis towards the y axis.
    pub fn longitude(&self) -> f64 {
        self.longitude
    }

    /// Returns the unit vector.
    pub fn to_vector(&self) -> [f64; 3] {
        let (sin_theta, cos_theta) = self.colatitude.sin_cos();
        let (sin_phi, cos_phi) = self.longitude.sin_cos();
        [sin_theta * cos_phi, sin_theta * sin_phi, cos_theta]
    }

    /// Returns the angle between two points seen from the centre, in $`[0, \pi]`$; small angles are accurate, too.
    pub fn angle_to(&self, other: &SpherePoint) -> f64 {
        let (a, b) = (self.to_vector(), other.to_vector());
        let normal = cross(&a, &b);
        norm(&normal).atan2(dot(&a, &b))
    }
}

impl fmt::Display for SpherePoint {
    /// Writes the angles in radians, with the number of digits in the format, for example `{:.3}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("θ = ")?;
        self.colatitude.fmt(f)?;
        f.write_str(", φ = ")?;
        self.longitude.fmt(f)
    }
}

impl From<SpherePoint> for [f64; 3] {
    fn from(point: SpherePoint) -> [f64; 3] {
        point.to_vector()
    }
}

impl TryFrom<[f64; 3]> for SpherePoint {
    type Error = Error;

    /// As [`SpherePoint::from_vector`].
    fn try_from(vector: [f64; 3]) -> Result<SpherePoint> {
        SpherePoint::from_vector(vector)
    }
}

/// Reduces an angle to [0, 2π). A tiny negative angle would round to 2π, and becomes 0 instead.
pub(crate) fn reduce_angle(angle: f64) -> f64 {
    let reduced = angle.rem_euclid(TAU);
    if reduced >= TAU { 0.0 } else { reduced }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tol;

    #[test]
    fn reduces_to_the_half_open_interval() {
        assert_eq!(reduce_angle(-f64::MIN_POSITIVE), 0.0);
        assert_eq!(reduce_angle(TAU), 0.0);
        assert_eq!(reduce_angle(1.0), 1.0);
        assert!((reduce_angle(-1.0) - (TAU - 1.0)).abs() <= tol::ANGLE);
    }

    #[test]
    fn scale_of_the_vector_does_not_matter() {
        let tiny = SpherePoint::from_vector([1e-300, 1e-300, 1e-300]).expect("not zero");
        let huge = SpherePoint::from_vector([1e300, 1e300, 1e300]).expect("finite");
        assert_eq!(tiny, huge);
    }
}
