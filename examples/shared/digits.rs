//! Handwritten digits on the sphere, and networks on them.

use std::f64::consts::PI;

use haarmonic::Result;
use haarmonic::activation::Activation;
use haarmonic::data::image_set::ImageSet;
use haarmonic::group::Rotation;
use haarmonic::network::{Filter, Init, Network, Quadrature, SphereSampling};
use haarmonic::sphere::{CoefficientRotation, Sampling, ShtPlanner};
use ndarray::{Array2, Array4, ArrayView2, Axis};
use num_complex::Complex64;
use rand::Rng;

/// Digits are sampled at this band limit before the high degrees are dropped.
const FINE: usize = 32;

/// Coefficients `[n, 1, L, 2L − 1]` of digits and their classes.
pub struct Digits {
    pub coeffs: Array4<Complex64>,
    pub labels: Vec<usize>,
}

/// On the coefficients as a vector.
pub fn mlp(band_limit: usize) -> Result<Network> {
    let init = Init::new(1.3, 0.1);
    Network::vector(band_limit * band_limit)
        .dense(init)
        .activation(Activation::Erf)
        .dense(init)
        .activation(Activation::Erf)
        .dense(Init::default())
        .build()
}

/// Invariant under rotations.
pub fn invariant(
    band_limit: usize,
    quadrature: usize,
    [first, second]: [Filter; 2],
) -> Result<Network> {
    let init = Init::new(1.3, 0.1);
    Network::sphere(band_limit, SphereSampling::Coefficients, 1)
        .quadrature(Quadrature::BandLimit(quadrature))
        .lifting_with(first, init)
        .activation(Activation::Erf)
        .group_convolution_with(second, init)
        .activation(Activation::Erf)
        .group_pooling()
        .dense(Init::default())
        .build()
}

/// Stereographic projection from the south pole: the middle of an image comes to the north pole, its edges to `reach`.
pub fn project(set: &ImageSet, limit: usize, reach: f64) -> Result<Digits> {
    let sampling = Sampling::GaussLegendre;
    let plan = ShtPlanner::new().plan(FINE.max(limit), sampling)?;
    let (thetas, phis) = (
        sampling.colatitudes(FINE.max(limit))?,
        sampling.longitudes(FINE.max(limit))?,
    );
    let mut coeffs = Array4::zeros((set.len(), 1, limit, 2 * limit - 1));
    for (image, mut coeffs) in set.images().outer_iter().zip(coeffs.outer_iter_mut()) {
        let image = image.index_axis(Axis(2), 0);
        let samples = Array2::from_shape_fn(plan.signal_shape(), |(t, p)| {
            let radius = (thetas[t] / 2.0).tan() / (reach / 2.0).tan();
            let (sin, cos) = phis[p].sin_cos();
            // Row 0 is on top; x to the right.
            interpolate(image, [-radius * sin, radius * cos])
        });
        let fine = plan.forward(samples.view())?;
        for ((_, l, k), c) in coeffs.indexed_iter_mut() {
            *c = fine[[l, k + FINE.max(limit) - limit]];
        }
    }
    let labels = set.labels().to_vec();
    Ok(Digits { coeffs, labels })
}

/// Bilinear in the image, which covers the square from −1 to 1; zero outside.
fn interpolate(image: ArrayView2<'_, f64>, place: [f64; 2]) -> f64 {
    let (height, width) = image.dim();
    let [y, x] =
        [(place[0], height), (place[1], width)].map(|(u, n)| 0.5 * ((u + 1.0) * n as f64 - 1.0));
    let pixel = |row: f64, column: f64| {
        let inside = row >= 0.0 && column >= 0.0;
        let at = (row as usize, column as usize);
        if inside {
            image.get(at).copied().unwrap_or(0.0)
        } else {
            0.0
        }
    };
    let (row, column) = (y.floor(), x.floor());
    let (v, u) = (y - row, x - column);
    (1.0 - v) * ((1.0 - u) * pixel(row, column) + u * pixel(row, column + 1.0))
        + v * ((1.0 - u) * pixel(row + 1.0, column) + u * pixel(row + 1.0, column + 1.0))
}

impl Digits {
    /// The mean square of the digits on the sphere.
    pub fn mean_square(&self) -> f64 {
        let power: f64 = self.coeffs.iter().map(|c| c.norm_sqr()).sum();
        power / (4.0 * PI * self.labels.len() as f64)
    }

    /// Each digit rotated by its own random rotation.
    pub fn turned(&self, rng: &mut impl Rng) -> Result<Digits> {
        let rotation = CoefficientRotation::real(self.coeffs.len_of(Axis(2)))?;
        let mut coeffs = self.coeffs.clone();
        for mut digit in coeffs.outer_iter_mut() {
            let euler = Rotation::random(rng).euler_zyz();
            let turned = rotation.rotate(digit.index_axis(Axis(0), 0), &euler)?;
            digit.index_axis_mut(Axis(0), 0).assign(&turned);
        }
        let labels = self.labels.clone();
        Ok(Digits { coeffs, labels })
    }

    /// Real coefficients as a vector, with the mean square of the signal.
    pub fn vectors(&self) -> Array2<f64> {
        let (n, _, limit, _) = self.coeffs.dim();
        let unit = (limit * limit) as f64 / (4.0 * PI);
        Array2::from_shape_fn((n, limit * limit), |(i, entry)| {
            let l = entry.isqrt();
            let m = entry as isize - (l * (l + 1)) as isize;
            let value = self.coeffs[[i, 0, l, limit - 1 + m.unsigned_abs()]];
            match m {
                0 => unit.sqrt() * value.re,
                1.. => (2.0 * unit).sqrt() * value.re,
                _ => (2.0 * unit).sqrt() * value.im,
            }
        })
    }
}
