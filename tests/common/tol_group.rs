//! Tolerances of the group tests. Each is `c * f64::EPSILON * growth`, with the reason for c.

/// Rotation matrices and angles: entries of size 1 after about ten roundings each.
pub fn rotation() -> f64 {
    16.0 * f64::EPSILON
}

/// β by `2 atan2`, α and γ by sums of two such, in [0, 2π): rounding at the size of 2π.
pub fn euler_angle() -> f64 {
    64.0 * f64::EPSILON
}

/// Euler angles where one of sin(β/2), cos(β/2) is small: α and γ lose its digits, the rotation does not.
pub fn euler_angle_near_pole(distance_from_pole: f64) -> f64 {
    euler_angle() / distance_from_pole
}

/// Euler angles read back from a matrix whose entries were rounded once.
pub fn golden_matrix() -> f64 {
    16.0 * f64::EPSILON
}
