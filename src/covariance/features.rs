//! Functions of which a truncated covariance is the scalar product.

use std::f64::consts::{PI, SQRT_2};

use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView2, Axis};

use super::eigenvalues::check_degrees;
use super::matrices::Points;
use super::profile::Covariance;
use crate::group::Rotation;
use crate::sphere::SphericalHarmonics;
use crate::wigner::WignerDegrees;
use crate::{Result, memory};

impl Covariance {
    /// Returns the matrix F, one row per point, with $`F F^\top`$ the Gram matrix of the series over the degrees below `degrees`.
    ///
    /// On S² the columns are $`\sqrt{4\pi\lambda_\ell}`$ times the real spherical harmonics, entry `l * l + l + m`. On SO(3) they are
    /// $`\sqrt{(2\ell+1)\lambda_\ell}`$ times real and imaginary parts of the Wigner functions: for each degree $`D^\ell_{00}`$, then
    /// $`\sqrt2 \, \mathrm{Re}`$ and $`\sqrt2 \, \mathrm{Im}`$ of the pairs (m, n) with m > 0, or m = 0 and n > 0. A Gaussian vector of independent numbers of variance 1 times
    /// F is a sample of the truncated process at the points; [`tail`](Self::tail) says what it lacks.
    ///
    /// # Arguments
    /// * `points` — as those of [`gram`](Self::gram)
    /// * `degrees` — L; there are L² columns on S² and L(4L² − 1)/3 on SO(3)
    ///
    /// # Cost and accuracy
    /// O(1) time per entry, on all threads; relative errors of some ε times the degree.
    ///
    /// # Errors
    /// As [`gram`](Self::gram), and [`Error::InvalidValue`](crate::Error::InvalidValue) for no degrees or too many.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::covariance::{Covariance, Family, Space};
    /// use ndarray::array;
    ///
    /// let covariance = Covariance::new(Space::Sphere, Family::Heat, 0.5)?;
    /// let points = array![[0.0, 0.0, 1.0], [1.0, 1.0, 0.0], [1.0, 0.0, 0.0]];
    /// let features = covariance.features(points.view(), 20)?;
    /// let error = features.dot(&features.t()) - covariance.gram(points.view())?;
    /// assert!(error.iter().all(|entry| entry.abs() < 1e-13));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn features(&self, points: ArrayView2<'_, f64>, degrees: usize) -> Result<Array2<f64>> {
        check_degrees(degrees)?;
        let points = Points::new(self.space, points)?;
        let zeros = |columns: Option<usize>| {
            let columns = columns.unwrap_or(usize::MAX);
            memory::zeros(
                &format!("features of {} points", points.len()),
                ndarray::Ix2(points.len(), columns),
                "use fewer degrees or fewer points",
            )
        };
        match &points {
            Points::Sphere(points) => {
                let mut matrix = zeros(degrees.checked_mul(degrees))?;
                let harmonics = SphericalHarmonics::new(degrees)?;
                let roots = self.roots(degrees, |_| 4.0 * PI)?;
                let rows = matrix.axis_iter_mut(Axis(0)).into_par_iter();
                rows.zip(points.par_iter())
                    .try_for_each(|(mut row, point)| {
                        let row = row.as_slice_mut().expect("rows of a new matrix");
                        harmonics.write_real(*point, row)?;
                        for (l, root) in roots.iter().enumerate() {
                            row[l * l..(l + 1) * (l + 1)]
                                .iter_mut()
                                .for_each(|y| *y *= root);
                        }
                        Ok(())
                    })?;
                Ok(matrix)
            }
            Points::Rotations(points) => {
                let columns = degrees.checked_mul(degrees).and_then(|square| {
                    Some(
                        square
                            .checked_mul(4)?
                            .checked_sub(1)?
                            .checked_mul(degrees)?
                            / 3,
                    )
                });
                let mut matrix = zeros(columns)?;
                let roots = self.roots(degrees, |width| width)?;
                let rows = matrix.axis_iter_mut(Axis(0)).into_par_iter();
                rows.zip(points.par_iter())
                    .try_for_each(|(mut row, point)| {
                        write_wigner(*point, &roots, row.iter_mut())
                    })?;
                Ok(matrix)
            }
        }
    }

    /// √(f λ_ℓ), with f a function of 2ℓ + 1.
    fn roots(&self, degrees: usize, factor: impl Fn(f64) -> f64) -> Result<Vec<f64>> {
        let eigenvalues = self.spectrum(degrees)?.into_iter().enumerate();
        Ok(eigenvalues
            .map(|(l, value)| (factor(2.0 * l as f64 + 1.0) * value).sqrt())
            .collect())
    }
}

/// Writes the real functions of a rotation: real and imaginary parts of $`e^{i(m\alpha + n\gamma)} d^\ell_{mn}(\beta)`$ for half of all pairs.
fn write_wigner<'a>(
    quaternion: [f64; 4],
    roots: &[f64],
    mut out: impl Iterator<Item = &'a mut f64>,
) -> Result<()> {
    let angles = Rotation::from_quaternion(quaternion)?.euler_zyz();
    let mut degrees = WignerDegrees::new(roots.len(), angles.beta())?;
    let mut write = |value| {
        *out.next().expect("as many columns as functions") = value;
    };
    for root in roots {
        let functions = degrees.next_degree().expect("as many degrees as roots");
        let l = functions.degree() as i64;
        write(root * functions.value(0, 0));
        for m in 0..=l {
            let first = if m == 0 { 1 } else { -l };
            for n in first..=l {
                let value = SQRT_2 * root * functions.value(m, n);
                let phase = m as f64 * angles.alpha() + n as f64 * angles.gamma();
                let (sine, cosine) = phase.sin_cos();
                write(value * cosine);
                write(value * sine);
            }
        }
    }
    Ok(())
}
