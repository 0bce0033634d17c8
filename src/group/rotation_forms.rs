//! Other forms of a rotation: matrices, quaternions, products, text.

use std::fmt;
use std::ops::Mul;

use super::rotation::{EulerZyz, Rotation, normalised};
use crate::check;
use crate::numeric::small::{SymmetricEigen, cross, dot};
use crate::{Error, Result};

/// Largest modulus of an entry of `R Rᵀ − 1` for a matrix given as a rotation. Matrices printed with ten digits pass; matrices with a
/// scale, a shear or single-precision noise do not.
const ORTHOGONALITY_GUARD: f64 = 1e-8;
/// The tolerance for matrices in single precision, also for products of about ten of them.
const SINGLE_GUARD: f64 = 1e-5;

impl Rotation {
    /// Reads a rotation from its matrix, `matrix[row][column]`, which maps `x` to `R x`.
    ///
    /// # Errors
    /// As [`Rotation::nearest`], with a tolerance of 1e-8.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::Rotation;
    ///
    /// let mirror = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -1.0]];
    /// assert!(Rotation::from_matrix(mirror).is_err());
    /// ```
    pub fn from_matrix(matrix: [[f64; 3]; 3]) -> Result<Rotation> {
        Rotation::nearest(matrix, ORTHOGONALITY_GUARD)
    }

    /// Finds the rotation nearest to a matrix that is a rotation up to noise, such as one in single precision.
    ///
    /// The rotation R minimises the sum of squared differences between its entries and the entries of the matrix M. Its quaternion maximises
    /// the quadratic form tr RᵀM, and so is an eigenvector of this form.
    ///
    /// # Arguments
    /// * `matrix` — `[row][column]`
    /// * `tolerance` — the largest absolute value that an entry of $`M M^\top - 1`$ may have; 1e-5 suits single precision
    ///
    /// # Errors
    /// [`Error::NotFinite`] for a NaN or an infinity; [`Error::InvalidValue`] if the matrix is not orthogonal to
    /// the tolerance or is a reflection (determinant −1).
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::Rotation;
    ///
    /// let rotation = Rotation::about_axis([1.0, 2.0, 3.0], 0.4)?;
    /// let single = rotation.to_matrix().map(|row| row.map(|entry| entry as f32));
    /// let read = Rotation::nearest(single.map(|row| row.map(f64::from)), 1e-5)?;
    /// assert!(read.angle_to(&rotation) < 1e-7);
    /// // The short form.
    /// assert_eq!(Rotation::try_from(single)?, read);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    ///
    /// # References
    /// Hor87.
    pub fn nearest(matrix: [[f64; 3]; 3], tolerance: f64) -> Result<Rotation> {
        let m = &matrix;
        check::finite("rotation matrix", ndarray::aview2(m))?;
        // No entry of an orthogonal matrix exceeds 1. Matrices with large entries are refused before a product can overflow.
        let deviation = match m.iter().flatten().any(|entry| entry.abs() > 2.0) {
            true => f64::INFINITY,
            false => (0..9).fold(0.0_f64, |largest, at| {
                let (i, j) = (at / 3, at % 3);
                largest.max((dot(&m[i], &m[j]) - f64::from(i == j)).abs())
            }),
        };
        if deviation.is_nan() || deviation > tolerance || tolerance.is_nan() {
            return Err(Error::invalid(
                "rotation matrix",
                format!("R Rᵀ differs from the identity by {deviation:.1e}"),
                format!("an orthogonal matrix, to {tolerance:.0e}"),
            ));
        }
        if dot(&m[0], &cross(&m[1], &m[2])) <= 0.0 {
            return Err(Error::invalid(
                "rotation matrix",
                "determinant -1 (a reflection)",
                "determinant 1",
            ));
        }
        // qᵀ K q = tr R(q)ᵀ M for q = (w, x, y, z).
        let (xx, yy, zz) = (m[0][0], m[1][1], m[2][2]);
        let form = [
            [
                xx + yy + zz,
                m[2][1] - m[1][2],
                m[0][2] - m[2][0],
                m[1][0] - m[0][1],
            ],
            [
                m[2][1] - m[1][2],
                xx - yy - zz,
                m[0][1] + m[1][0],
                m[0][2] + m[2][0],
            ],
            [
                m[0][2] - m[2][0],
                m[0][1] + m[1][0],
                yy - xx - zz,
                m[1][2] + m[2][1],
            ],
            [
                m[1][0] - m[0][1],
                m[0][2] + m[2][0],
                m[1][2] + m[2][1],
                zz - xx - yy,
            ],
        ];
        let eigen = SymmetricEigen::new(form);
        let [w, x, y, z] = eigen.vectors[eigen.largest()];
        Ok(normalised(w, [x, y, z]))
    }

    /// Returns the matrix, `[row][column]`, which maps `x` to `R x`.
    pub fn to_matrix(&self) -> [[f64; 3]; 3] {
        let (w, [x, y, z]) = (self.w, self.v);
        let (ww, xx, yy, zz) = (w * w, x * x, y * y, z * z);
        let (xy, xz, yz) = (2.0 * x * y, 2.0 * x * z, 2.0 * y * z);
        let (wx, wy, wz) = (2.0 * w * x, 2.0 * w * y, 2.0 * w * z);
        [
            [ww + xx - yy - zz, xy - wz, wy + xz],
            [wz + xy, ww - xx + yy - zz, yz - wx],
            [xz - wy, wx + yz, ww - xx - yy + zz],
        ]
    }

    /// Reads a rotation from a quaternion $`w + xi + yj + zk`$, given as `[w, x, y, z]`.
    ///
    /// The real part comes first, as in e3nn and Eigen's constructor; SciPy, ROS and Eigen's storage put it last. The quaternion may have any
    /// length except zero and is divided by its length, so quaternions in single precision need no tolerance. The quaternions ±q represent
    /// one rotation.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the quaternion is zero or a value is not finite.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::Rotation;
    ///
    /// // A third of a turn about the diagonal permutes the axes: x to y, y to z, z to x.
    /// let third = Rotation::from_quaternion([1.0, 1.0, 1.0, 1.0])?;
    /// assert_eq!(third.apply([1.0, 2.0, 3.0]), [3.0, 1.0, 2.0]);
    /// assert_eq!(third.to_quaternion(), [0.5; 4]);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn from_quaternion(quaternion: [f64; 4]) -> Result<Rotation> {
        let [w, x, y, z] = check::direction("quaternion", quaternion)?;
        Ok(normalised(w, [x, y, z]))
    }

    /// Returns the unit quaternion `[w, x, y, z]`, real part first; of ±q it is the one whose first nonzero entry is positive.
    pub fn to_quaternion(&self) -> [f64; 4] {
        let [x, y, z] = self.v;
        let quaternion = [self.w, x, y, z];
        let first = quaternion.iter().find(|entry| **entry != 0.0);
        match first.is_some_and(|first| *first < 0.0) {
            // A subtraction from zero, unlike a change of sign, leaves zeros positive.
            true => quaternion.map(|entry| 0.0 - entry),
            false => quaternion,
        }
    }
}

impl From<Rotation> for EulerZyz {
    fn from(rotation: Rotation) -> EulerZyz {
        rotation.euler_zyz()
    }
}

impl From<Rotation> for [[f64; 3]; 3] {
    fn from(rotation: Rotation) -> [[f64; 3]; 3] {
        rotation.to_matrix()
    }
}

impl TryFrom<[[f64; 3]; 3]> for Rotation {
    type Error = Error;

    /// As [`Rotation::from_matrix`].
    fn try_from(matrix: [[f64; 3]; 3]) -> Result<Rotation> {
        Rotation::from_matrix(matrix)
    }
}

impl TryFrom<[[f32; 3]; 3]> for Rotation {
    type Error = Error;

    /// As [`Rotation::nearest`], with a tolerance of 1e-5.
    fn try_from(matrix: [[f32; 3]; 3]) -> Result<Rotation> {
        Rotation::nearest(matrix.map(|row| row.map(f64::from)), SINGLE_GUARD)
    }
}

impl Mul for Rotation {
    type Output = Rotation;

    /// The product, first `first`, then `self`, as [`Rotation::compose`].
    fn mul(self, first: Rotation) -> Rotation {
        self.compose(&first)
    }
}

impl fmt::Display for Rotation {
    /// Writes the ZYZ angles in radians, with the number of digits in the format, for example `{:.3}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let angles = self.euler_zyz();
        for (name, angle) in [
            ("α = ", angles.alpha()),
            (", β = ", angles.beta()),
            (", γ = ", angles.gamma()),
        ] {
            f.write_str(name)?;
            angle.fmt(f)?;
        }
        Ok(())
    }
}

/// Comparison by the angle between two rotations, or two points of the sphere. The elements have size one, so absolute and relative errors
/// are equal.
#[cfg(feature = "approx")]
mod near {
    use super::super::SpherePoint;
    use super::Rotation;
    use approx::{AbsDiffEq, RelativeEq};

    macro_rules! by_angle {
        ($($element:ty)*) => {$(
            impl AbsDiffEq for $element {
                type Epsilon = f64;

                /// A few roundings of one product.
                fn default_epsilon() -> f64 {
                    4.0 * f64::EPSILON
                }

                fn abs_diff_eq(&self, other: &Self, epsilon: f64) -> bool {
                    self.angle_to(other) <= epsilon
                }
            }

            impl RelativeEq for $element {
                fn default_max_relative() -> f64 {
                    Self::default_epsilon()
                }

                fn relative_eq(&self, other: &Self, epsilon: f64, max_relative: f64) -> bool {
                    self.abs_diff_eq(other, epsilon.max(max_relative))
                }
            }
        )*};
    }

    by_angle! { Rotation SpherePoint }
}
