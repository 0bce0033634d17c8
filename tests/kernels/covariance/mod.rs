//! Heat and Matérn kernels, beside values of 40 digits, their series, and matrices of points.

mod eigenvalues;
mod matrices;
mod values;

use haarmonic::covariance::{Family, Space};

const SPACES: [Space; 2] = [Space::Sphere, Space::Rotations];

/// Families and length scales of all kinds.
const KINDS: [(Family, f64); 9] = [
    (Family::Heat, 1e-3),
    (Family::Heat, 0.4),
    (Family::Heat, 3.0),
    (Family::Matern { nu: 0.25 }, 0.5),
    (Family::Matern { nu: 0.5 }, 1e-3),
    (Family::Matern { nu: 1.0 }, 10.0),
    (Family::Matern { nu: 2.3 }, 0.7),
    (Family::Matern { nu: 20.0 }, 0.1),
    (Family::Matern { nu: 20.0 }, 10.0),
];
