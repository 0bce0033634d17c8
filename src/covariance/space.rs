//! The spaces and the families of covariances.

use std::fmt;

/// Where the points of a covariance lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Space {
    /// The unit sphere S²; a point is a vector (x, y, z), of which the direction counts.
    Sphere,
    /// The rotation group SO(3); a point is a quaternion (w, x, y, z), real part first, of which the direction counts, up to its sign.
    Rotations,
}

impl Space {
    /// Returns the dimension d of the space: 2 or 3.
    pub fn dimension(self) -> usize {
        match self {
            Space::Sphere => 2,
            Space::Rotations => 3,
        }
    }

    /// Returns the number of orthonormal functions of a degree: 2ℓ + 1 spherical harmonics, (2ℓ + 1)² Wigner functions.
    pub fn multiplicity(self, degree: usize) -> f64 {
        let width = 2.0 * degree as f64 + 1.0;
        match self {
            Space::Sphere => width,
            Space::Rotations => width * width,
        }
    }

    /// Returns the numbers that give a point, 3 or 4.
    pub fn coordinates(self) -> usize {
        match self {
            Space::Sphere => 3,
            Space::Rotations => 4,
        }
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Space::Sphere => "sphere",
            Space::Rotations => "rotations",
        })
    }
}

/// The form of a covariance.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Family {
    /// The heat kernel, also called squared exponential or diffusion kernel: samples are analytic functions.
    Heat,
    /// The Matérn kernel of smoothness ν: samples have fewer than ν derivatives. It tends to the heat kernel for large ν.
    Matern {
        /// ν, from 1/4 to 1000.
        nu: f64,
    },
}

/// A parameter by which a covariance is differentiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Parameter {
    /// The length scale κ.
    LengthScale,
    /// The smoothness ν of a Matérn kernel.
    Smoothness,
}
