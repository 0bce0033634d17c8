//! Rotated signals on the sphere.

use haarmonic::group::Rotation;
use haarmonic::sphere::rotate_coefficients;
use ndarray::{Array, ArrayView, Axis, Dimension};
use num_complex::Complex64;

/// The signals x ↦ f(R⁻¹ x), by their coefficients `[…, L, 2L − 1]`.
pub fn rotated<D: Dimension>(
    coeffs: ArrayView<'_, Complex64, D>,
    rotation: &Rotation,
) -> Array<Complex64, D> {
    let euler = rotation.euler_zyz();
    let shape = coeffs.shape();
    let [degrees, orders] = [shape[shape.len() - 2], shape[shape.len() - 1]];
    let channels = (coeffs.len() / (degrees * orders), degrees, orders);
    let mut flat = coeffs.to_shape(channels).unwrap().into_owned();
    for mut channel in flat.axis_iter_mut(Axis(0)) {
        let (a, b, c) = (euler.alpha(), euler.beta(), euler.gamma());
        let turned = rotate_coefficients(channel.view(), a, b, c).unwrap();
        channel.assign(&turned);
    }
    flat.into_shape_with_order(coeffs.raw_dim()).unwrap()
}
