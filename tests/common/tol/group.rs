//! Groups. Finite ones are exact but for the coordinates of the solids.

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

/// A rotation read from a matrix in single precision: nine entries, each rounded by half an ε.
pub const SINGLE: f64 = 2.0 * f32::EPSILON as f64;

/// Products of up to three rotations, each rounded at size 1.
pub fn rotation_laws() -> f64 {
    32.0 * f64::EPSILON
}

/// Weighted sums of functions of size 1 whose phases turn `degree` times: the angle error is multiplied by
/// the degree, and the alternating sum of the naive Wigner function loses a digit up to degree 7.
pub fn haar_invariance(degree: usize) -> f64 {
    128.0 * f64::EPSILON * (degree + 1) as f64
}

/// One degree beyond exactness the error is of the size of the function; anything above this is no rounding.
pub fn visible_defect() -> f64 {
    f64::EPSILON.powf(0.25)
}

/// A product of two unit vectors (or of two of length √3): nine rounded operations of size at most 3.
pub fn vertex_products() -> f64 {
    16.0 * f64::EPSILON
}

/// A determinant of three such vectors: six products of three coordinates, of total size at most 6.
pub fn vertex_determinants() -> f64 {
    64.0 * f64::EPSILON
}
