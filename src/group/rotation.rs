//! The group SO(3): rotations of space, their Euler angles, and their action on vectors and on S².

use std::f64::consts::TAU;

use rand::{Rng, RngExt};

use super::sphere_point::{SpherePoint, reduce_angle};
use super::traits::{Action, Group};
use crate::Result;
use crate::check;
use crate::numeric::small::{cross, dot, norm};

/// Euler angles in the ZYZ convention, in radians.
///
/// ```math
/// R = R_z(\alpha) \, R_y(\beta) \, R_z(\gamma)
/// ```
/// The rotation is active: it first rotates by γ about the fixed z axis, then by β about the fixed y axis, then
/// by α about the fixed z axis, counter-clockwise seen from the tip of the axis. The north pole goes to
/// colatitude β, longitude α. [`Rotation::euler_zyz`] returns α, γ in $`[0, 2\pi)`$ and β in $`[0, \pi]`$.
///
/// # Examples
/// ```
/// use haarmonic::group::{EulerZyz, Rotation};
///
/// let angles = EulerZyz::new(0.3, 1.2, 0.5)?;
/// let back = Rotation::from(angles).euler_zyz();
/// assert!((back.alpha() - 0.3).abs() < 1e-15);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EulerZyz {
    alpha: f64,
    beta: f64,
    gamma: f64,
}

impl EulerZyz {
    /// Makes a triple of angles as given; any finite values are allowed.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if an angle is not finite.
    pub fn new(alpha: f64, beta: f64, gamma: f64) -> Result<EulerZyz> {
        for (what, angle) in [("alpha", alpha), ("beta", beta), ("gamma", gamma)] {
            check::angle(what, angle)?;
        }
        Ok(EulerZyz { alpha, beta, gamma })
    }

    /// Returns α, the last rotation about z.
    pub fn alpha(&self) -> f64 {
        self.alpha
    }

    /// Returns β, the rotation about y.
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// Returns γ, the first rotation about z.
    pub fn gamma(&self) -> f64 {
        self.gamma
    }
}

/// A rotation of space, an element of SO(3).
///
/// A rotation is stored as a unit quaternion, so products remain rotations up to rounding. The two quaternions ±q represent one rotation
/// and compare equal. [`Rotation::angle_to`] compares rotations that differ by rounding.
///
/// # Examples
/// ```
/// use haarmonic::group::Rotation;
///
/// let quarter = Rotation::about_z(std::f64::consts::FRAC_PI_2)?;
/// let moved = quarter.apply([1.0, 0.0, 0.0]);
/// assert!((moved[1] - 1.0).abs() < 1e-15);
/// assert!(((quarter * quarter).angle() - std::f64::consts::PI).abs() < 1e-15);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Rotation {
    /// The real part of the unit quaternion.
    pub(super) w: f64,
    /// Its imaginary part, sin of half the angle times the unit vector of the axis.
    pub(super) v: [f64; 3],
}

impl Rotation {
    /// Returns the identity rotation.
    pub fn identity() -> Rotation {
        Rotation {
            w: 1.0,
            v: [0.0; 3],
        }
    }

    /// Returns the rotation by `angle` about the x axis.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if the angle is not finite.
    pub fn about_x(angle: f64) -> Result<Rotation> {
        Rotation::about_axis([1.0, 0.0, 0.0], angle)
    }

    /// Returns the rotation by `angle` about the y axis.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if the angle is not finite.
    pub fn about_y(angle: f64) -> Result<Rotation> {
        Rotation::about_axis([0.0, 1.0, 0.0], angle)
    }

    /// Returns the rotation by `angle` about the z axis.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if the angle is not finite.
    pub fn about_z(angle: f64) -> Result<Rotation> {
        Rotation::about_axis([0.0, 0.0, 1.0], angle)
    }

    /// Returns the rotation by `angle` about `axis`, counter-clockwise seen from the tip of the axis.
    ///
    /// # Arguments
    /// * `axis` — any vector other than zero; its length does not matter
    /// * `angle` — radians
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if the axis is zero or a value is not finite.
    pub fn about_axis(axis: [f64; 3], angle: f64) -> Result<Rotation> {
        check::angle("angle", angle)?;
        let axis = check::direction("axis", axis)?;
        let (sin, cos) = (0.5 * angle).sin_cos();
        let scale = sin / norm(&axis);
        Ok(normalised(cos, axis.map(|c| c * scale)))
    }

    /// Returns the Euler angles, α and γ in $`[0, 2\pi)`$, β in $`[0, \pi]`$.
    ///
    /// If β is exactly 0 or π, only α + γ or α − γ is determined, and γ is 0. Close to these values the three angles together represent the
    /// rotation to rounding, although α and γ are ill-conditioned.
    pub fn euler_zyz(&self) -> EulerZyz {
        // q = (cos β/2 cos σ, −sin β/2 sin δ, sin β/2 cos δ, cos β/2 sin σ), σ = (α+γ)/2, δ = (α−γ)/2
        let (w, [x, y, z]) = (self.w, self.v);
        let (polar, equatorial) = (w.hypot(z), x.hypot(y));
        let half_sum = z.atan2(w);
        let half_difference = (-x).atan2(y);
        let (alpha, gamma) = if equatorial == 0.0 {
            (2.0 * half_sum, 0.0)
        } else if polar == 0.0 {
            (2.0 * half_difference, 0.0)
        } else {
            (half_sum + half_difference, half_sum - half_difference)
        };
        EulerZyz {
            alpha: reduce_angle(alpha),
            beta: 2.0 * equatorial.atan2(polar),
            gamma: reduce_angle(gamma),
        }
    }

    /// Draws a rotation from the Haar measure (Shoemake's method, three uniform numbers).
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::Rotation;
    /// use rand::SeedableRng;
    ///
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let rotation = Rotation::random(&mut rng);
    /// assert!(rotation.angle() <= std::f64::consts::PI);
    /// ```
    ///
    /// # References
    /// Sho92.
    pub fn random<R: Rng + ?Sized>(rng: &mut R) -> Rotation {
        let mix: f64 = rng.random();
        let first = TAU * rng.random::<f64>();
        let second = TAU * rng.random::<f64>();
        let (lower, upper) = ((1.0 - mix).sqrt(), mix.sqrt());
        let (lower_sin, upper_cos) = (lower * first.sin(), upper * second.cos());
        normalised(
            lower * first.cos(),
            [lower_sin, upper_cos, upper * second.sin()],
        )
    }

    /// Returns the product `self · first`: first `first`, then `self`. The operator `self * first` is equal.
    pub fn compose(&self, first: &Rotation) -> Rotation {
        let (p, q) = (self.v, first.v);
        let cross = cross(&p, &q);
        let imaginary = |i: usize| self.w * q[i] + p[i] * first.w + cross[i];
        normalised(
            self.w * first.w - dot(&p, &q),
            [imaginary(0), imaginary(1), imaginary(2)],
        )
    }

    /// Returns the inverse rotation.
    pub fn inverse(&self) -> Rotation {
        Rotation {
            w: self.w,
            v: self.v.map(|c| -c),
        }
    }

    /// Returns the angle of the rotation, in $`[0, \pi]`$; accurate for small angles too.
    pub fn angle(&self) -> f64 {
        2.0 * norm(&self.v).atan2(self.w.abs())
    }

    /// Returns the angle of `self⁻¹ · other`, the bi-invariant distance on SO(3).
    pub fn angle_to(&self, other: &Rotation) -> f64 {
        self.inverse().compose(other).angle()
    }

    /// Returns `R x`.
    pub fn apply(&self, vector: [f64; 3]) -> [f64; 3] {
        // x + w t + v × t, with t = 2 v × x
        let twice = cross(&self.v, &vector).map(|c| 2.0 * c);
        let moved = cross(&self.v, &twice);
        [0, 1, 2].map(|i| twice[i] * self.w + moved[i] + vector[i])
    }

    /// Returns the image of a point of the sphere.
    pub fn apply_to_point(&self, point: SpherePoint) -> SpherePoint {
        SpherePoint::of_finite(self.apply(point.to_vector()))
    }
}

impl From<EulerZyz> for Rotation {
    fn from(angles: EulerZyz) -> Rotation {
        let (sin_beta, cos_beta) = (0.5 * angles.beta).sin_cos();
        // The halves are taken before the sum, so that finite angles cannot overflow.
        let (sin_sum, cos_sum) = (0.5 * angles.alpha + 0.5 * angles.gamma).sin_cos();
        let (sin_diff, cos_diff) = (0.5 * angles.alpha - 0.5 * angles.gamma).sin_cos();
        normalised(
            cos_beta * cos_sum,
            [
                -sin_beta * sin_diff,
                sin_beta * cos_diff,
                cos_beta * sin_sum,
            ],
        )
    }
}

impl PartialEq for Rotation {
    /// Whether the quaternions are equal up to sign.
    fn eq(&self, other: &Rotation) -> bool {
        let sign = |s: f64| self.w == s * other.w && (0..3).all(|i| self.v[i] == s * other.v[i]);
        sign(1.0) || sign(-1.0)
    }
}

/// The group SO(3) of rotations of space.
///
/// # Examples
/// ```
/// use haarmonic::group::{Group, Rotation, RotationGroup};
///
/// let g = Rotation::about_y(0.4)?;
/// let trivial = RotationGroup.compose(&g, &RotationGroup.inverse(&g));
/// assert!(trivial.angle() < 1e-15);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RotationGroup;

impl Group for RotationGroup {
    type Element = Rotation;

    fn identity(&self) -> Rotation {
        Rotation::identity()
    }

    fn compose(&self, g: &Rotation, h: &Rotation) -> Rotation {
        g.compose(h)
    }

    fn inverse(&self, g: &Rotation) -> Rotation {
        g.inverse()
    }
}

impl Action<[f64; 3]> for RotationGroup {
    fn act(&self, g: &Rotation, x: &[f64; 3]) -> [f64; 3] {
        g.apply(*x)
    }
}

impl Action<SpherePoint> for RotationGroup {
    fn act(&self, g: &Rotation, x: &SpherePoint) -> SpherePoint {
        g.apply_to_point(*x)
    }
}

/// The rotation of a quaternion w + v other than zero.
pub(super) fn normalised(w: f64, v: [f64; 3]) -> Rotation {
    let norm = (dot(&v, &v) + w * w).sqrt();
    Rotation {
        w: w / norm,
        v: v.map(|c| c / norm),
    }
}
