//! Clouds of points as signals on spheres, for matching and for power spectra.

use crate::sphere::SphericalHarmonics;
use crate::{Error, Result, check, memory};
use ndarray::{Array3, ArrayView2, Axis, Ix3, aview1};
use num_complex::Complex64;

/// Clouds of points in space as signals on concentric spheres: each point is spread over shells of given radii by a Gaussian of its
/// distance to them, and is a band-limited delta on each.
///
/// ```math
/// f_c(x) = \sum_i w_i \, e^{-(r_i - \rho_c)^2/2s^2} \sum_{\ell < L} \sum_m \overline{Y_{\ell m}(\hat r_i)} \, Y_{\ell m}(x)
/// ```
/// A rotation of the points rotates all signals, so that [`best_rotation`](super::best_rotation) of the signals of two clouds aligns them about the origin:
/// no pairs of points need to be known, and the clouds may have different numbers of points. Points of different kinds are matched kind by kind: stack
/// the channels of each kind. Move both clouds to a common origin first, such as their centres.
///
/// # Examples
/// ```
/// use haarmonic::group::{EulerZyz, Rotation};
/// use haarmonic::so3::{PointShells, best_rotation};
/// use ndarray::{Array2, arr1, arr2};
/// let cloud = arr2(&[[1.0, 0.0, 0.0], [0.0, 1.5, 0.0], [0.3, 0.2, 1.2], [-0.5, -0.9, 0.4]]);
/// let rotation = Rotation::from(EulerZyz::new(0.3, 1.1, -0.7)?);
/// let mut turned = Array2::zeros((4, 3));
/// // The points in another order.
/// for (i, point) in cloud.outer_iter().enumerate() {
///     let moved = rotation.apply([point[0], point[1], point[2]]);
///     turned.row_mut(3 - i).assign(&arr1(&moved));
/// }
/// let shells = PointShells::new(8, &[0.9, 1.2, 1.5], 0.2)?;
/// let best = best_rotation(shells.signals(turned.view(), None)?.view(), shells.signals(cloud.view(), None)?.view())?;
/// assert!(best.rotation.angle_to(&rotation) < 1e-10);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug)]
pub struct PointShells {
    harmonics: SphericalHarmonics,
    radii: Vec<f64>,
    width: f64,
}

impl PointShells {
    /// Chooses the shells.
    ///
    /// # Arguments
    /// * `band_limit` — L: details of an angle of about π/L are kept
    /// * `radii` — $`\rho_c`$, one channel for each
    /// * `width` — s, in the unit of the radii; about the distance of neighbouring shells
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a band limit out of range, a negative radius, or a width that is not positive; [`Error::Empty`] without radii.
    pub fn new(band_limit: usize, radii: &[f64], width: f64) -> Result<Self> {
        check::not_empty("radii of shells", radii.len())?;
        for (i, radius) in radii.iter().enumerate() {
            check::not_negative(&format!("radius of shell {i}"), *radius)?;
        }
        check::positive("width of shells", width)?;
        Ok(PointShells {
            harmonics: SphericalHarmonics::new(band_limit)?,
            radii: radii.to_vec(),
            width,
        })
    }

    /// Computes the coefficients of the signals of a cloud, shape `[shells, L, 2L − 1]`.
    ///
    /// # Arguments
    /// * `points` — shape `[n, 3]`, the components x, y, z
    /// * `weights` — $`w_i`$, shape `[n]`; one unless given. A point at the origin has no direction: it adds to the mean values alone
    ///
    /// # Cost and accuracy
    /// O(n L² shells) time.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`] without points, [`Error::NotFinite`], [`Error::OutOfMemory`].
    pub fn signals(
        &self,
        points: ArrayView2<'_, f64>,
        weights: Option<&[f64]>,
    ) -> Result<Array3<Complex64>> {
        let count = points.nrows();
        check::not_empty("points", count)?;
        check::shape("points", points.shape(), &[count, 3])?;
        check::finite("points", points)?;
        if let Some(weights) = weights {
            check::shape("weights of points", &[weights.len()], &[count])?;
            check::finite("weights of points", aview1(weights))?;
        }
        let limit = self.harmonics.band_limit();
        let shape = Ix3(self.radii.len(), limit, 2 * limit - 1);
        let mut signals: Array3<Complex64> = memory::zeros(
            "coefficients of shells",
            shape,
            "use a smaller band limit or fewer shells",
        )?;
        let mut values = vec![Complex64::ZERO; limit * limit];
        for (i, point) in points.outer_iter().enumerate() {
            let direction = [point[0], point[1], point[2]];
            let radius = direction[0].hypot(direction[1]).hypot(direction[2]);
            let weight = weights.map_or(1.0, |weights| weights[i]);
            let degrees = if radius > 0.0 {
                self.harmonics.write(direction, &mut values)?;
                limit
            } else {
                self.harmonics.write([0.0, 0.0, 1.0], &mut values)?;
                1
            };
            for (shell, mut signal) in self.radii.iter().zip(signals.outer_iter_mut()) {
                let distance = (radius - shell) / self.width;
                let share = weight * (-0.5 * distance * distance).exp();
                if share == 0.0 {
                    continue;
                }
                for (l, mut row) in signal.axis_iter_mut(Axis(0)).enumerate().take(degrees) {
                    let orders = &values[l * l..(l + 1) * (l + 1)];
                    for (out, value) in row.iter_mut().skip(limit - 1 - l).zip(orders) {
                        *out += share * value.conj();
                    }
                }
            }
        }
        match signals.iter().all(|value| value.is_finite()) {
            true => Ok(signals),
            false => Err(Error::not_finite("weights of points, summed", Vec::new())),
        }
    }
}
