//! Tolerances of the finite groups; everything but the coordinates of the solids is exact.

/// A product of two unit vectors (or of two of length √3): nine rounded operations of size at most 3.
pub fn vertex_products() -> f64 {
    16.0 * f64::EPSILON
}

/// A determinant of three such vectors: six products of three coordinates, of total size at most 6.
pub fn vertex_determinants() -> f64 {
    64.0 * f64::EPSILON
}
