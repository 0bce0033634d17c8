//! Inputs of deep networks by their products.

use std::f64::consts::PI;

use ndarray::{Array3, ArrayView2, ArrayView3, ArrayView4, Axis};
use num_complex::Complex64;

use crate::activation::COVARIANCE_GUARD;
use crate::group::Rotation;
use crate::numeric::GaussLegendre;
use crate::sphere::CoefficientRotation;
use crate::{Error, Result, check};

/// Nodes of each interval of angles.
const NODES: usize = 8;
/// Intervals shorter than this part of π change nothing in double precision.
const MOST_INTERVALS: usize = 26;

/// Inputs of a network by the products that its kernels depend on.
///
/// Without pooling these are the entries of the Gram matrix $`\langle x, x' \rangle`$, divided by the dimension as in the first layer. A
/// network that pools over a group, with filters that cover all of it, depends on $`\langle x, r x' \rangle`$ for every element r, and its
/// kernels are means over r.
#[derive(Debug, Clone, PartialEq)]
pub struct DeepInputs {
    variances: Vec<f64>,
    /// The products of the pairs i ≤ j, row by row, with one number per node.
    products: Vec<f64>,
    weights: Vec<f64>,
}

impl DeepInputs {
    /// Takes inputs by their Gram matrix, or by their correlations.
    ///
    /// # Arguments
    /// * `gram` — $`\langle x, x' \rangle/d`$, shape `[n, n]`, symmetric; only entries with i ≤ j are read
    ///
    /// # Errors
    /// As [`pooled`](Self::pooled).
    pub fn from_gram(gram: ArrayView2<'_, f64>) -> Result<Self> {
        let n = gram.nrows();
        check::shape("Gram matrix", gram.shape(), &[n, n])?;
        let variances = gram.diag().to_vec();
        let products = gram.insert_axis(Axis(2));
        DeepInputs::pooled(&variances, products, &[1.0])
    }

    /// Takes inputs of a network that pools, by their products with the transformed inputs.
    ///
    /// # Arguments
    /// * `variances` — $`\langle x_i, x_i \rangle/d`$, shape `[n]`, positive
    /// * `products` — $`\langle x_i, r x_j \rangle/d`$, shape `[n, n, r]`; only entries with i ≤ j are read
    /// * `weights` — of the elements r, not negative, of sum 1
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`], [`Error::InvalidValue`] for arrays that do not fit and numbers out of
    /// range; [`Error::NotACovariance`] for products larger than the variances allow.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::spectral::DeepInputs;
    /// use ndarray::array;
    /// // The vector (1, 2) and its reflection (2, 1), divided by the dimension.
    /// let inputs = DeepInputs::pooled(&[2.5], array![[[2.5, 2.0]]].view(), &[0.5, 0.5])?;
    /// assert_eq!(inputs.len(), 1);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn pooled(
        variances: &[f64],
        products: ArrayView3<'_, f64>,
        weights: &[f64],
    ) -> Result<Self> {
        let n = variances.len();
        check::not_empty("inputs", n)?;
        check::not_empty("weights", weights.len())?;
        check::shape("products", products.shape(), &[n, n, weights.len()])?;
        for (i, &variance) in variances.iter().enumerate() {
            check::positive(&format!("variance of input {i}"), variance)?;
        }
        for (i, &weight) in weights.iter().enumerate() {
            check::not_negative(&format!("weight {i}"), weight)?;
        }
        let sum: f64 = weights.iter().sum();
        if (sum - 1.0).abs() > 1e-9 {
            return Err(Error::invalid("sum of the weights", sum, "1"));
        }
        check::finite("products", products)?;
        let mut kept = Vec::with_capacity(n * (n + 1) / 2 * weights.len());
        for i in 0..n {
            for j in i..n {
                let bound = variances[i].sqrt() * variances[j].sqrt();
                for &k in products.index_axis(Axis(0), i).row(j) {
                    if k.abs() > bound * (1.0 + COVARIANCE_GUARD) {
                        let [q1, q2] = [variances[i], variances[j]];
                        return Err(Error::NotACovariance { q1, q2, k });
                    }
                    kept.push(k);
                }
            }
        }
        Ok(DeepInputs {
            variances: variances.to_vec(),
            products: kept,
            weights: weights.to_vec(),
        })
    }

    /// Takes signals on the sphere, for networks that pool over SO(3), on rotations that crowd about the identity.
    ///
    /// ```math
    /// \int_{SO(3)} F(r) \, dr = \frac{1}{2\pi^2} \int_{S^2} dn \int_0^\pi F(\exp(\omega n)) \sin^2\tfrac{\omega}{2} \, d\omega
    /// ```
    /// The kernel of a deep network with itself has a peak at the identity, which narrows with the depth. The angle ω runs over intervals
    /// that are halved towards 0, with Gauss–Legendre nodes in each. Choose so many intervals that the width of the peak, $`\chi_1^{-l/2}`$ in
    /// the chaotic phase, is longer than the last one, $`\pi/2^{\mathtt{intervals}}`$. The error must be small against the inverse of the
    /// condition number: compare with more rings and more intervals.
    ///
    /// # Arguments
    /// * `coeffs` — of real signals, shape `[n, channels, L, 2L − 1]`, entry `[.., l, m + L − 1]`
    /// * `rings` — of axes on the sphere, 2 · rings axes on each
    /// * `intervals` — of angles, 1 to 26
    ///
    /// # Cost and accuracy
    /// O(n · channels · rings² · intervals · L³) time, once. The error falls exponentially with the number of rings: for degrees below 3 and
    /// two activations, 24 rings leave 3e-6 of the kernel.
    ///
    /// # Errors
    /// As [`pooled`](Self::pooled), and [`Error::InvalidValue`] for no rings and intervals out of range.
    pub fn over_rotations(
        coeffs: ArrayView4<'_, Complex64>,
        rings: usize,
        intervals: usize,
    ) -> Result<Self> {
        let (n, channels, band_limit, _) = coeffs.dim();
        check::not_empty("signals", n * channels)?;
        check::finite("coefficients", coeffs)?;
        if intervals == 0 || intervals > MOST_INTERVALS {
            return Err(Error::invalid(
                "number of intervals",
                intervals,
                format!("1 to {MOST_INTERVALS}"),
            ));
        }
        let (rotations, weights) = crowded(rings, intervals)?;
        let rotation = CoefficientRotation::complex(band_limit)?;
        let mut scratch = rotation.make_scratch();
        let scale = 1.0 / (4.0 * PI * channels as f64);
        let product = |a: ArrayView3<'_, Complex64>, b: ArrayView3<'_, Complex64>| {
            let terms = a.iter().zip(b);
            scale * terms.map(|(a, b)| a.re * b.re + a.im * b.im).sum::<f64>()
        };
        let signal = |i: usize| coeffs.index_axis_move(Axis(0), i);
        let variances: Vec<f64> = (0..n).map(|i| product(signal(i), signal(i))).collect();
        let mut products = Array3::zeros((n, n, weights.len()));
        let mut rotated = Array3::zeros((channels, band_limit, 2 * band_limit - 1));
        for (node, r) in rotations.iter().enumerate() {
            let euler = r.euler_zyz();
            for j in 0..n {
                rotation.rotate_into(signal(j), &euler, rotated.view_mut(), &mut scratch)?;
                for i in 0..=j {
                    products[[i, j, node]] = product(signal(i), rotated.view());
                }
            }
        }
        DeepInputs::pooled(&variances, products.view(), &weights)
    }

    /// Returns the number of inputs.
    pub fn len(&self) -> usize {
        self.variances.len()
    }

    /// Returns whether there are no inputs, which never holds.
    pub fn is_empty(&self) -> bool {
        self.variances.is_empty()
    }

    pub(super) fn nodes(&self) -> usize {
        self.weights.len()
    }

    pub(super) fn variances(&self) -> &[f64] {
        &self.variances
    }

    pub(super) fn products(&self) -> &[f64] {
        &self.products
    }

    pub(super) fn weights(&self) -> &[f64] {
        &self.weights
    }
}

/// Rotations in polar coordinates about the identity with their weights, whose angles crowd towards 0.
fn crowded(rings: usize, intervals: usize) -> Result<(Vec<Rotation>, Vec<f64>)> {
    let (axes, angles) = (GaussLegendre::new(rings)?, GaussLegendre::new(NODES)?);
    let longitudes = 2 * rings;
    let (mut rotations, mut weights) = (Vec::new(), Vec::new());
    for k in 0..=intervals {
        let high = PI * 0.5_f64.powi(k as i32);
        let low = if k == intervals { 0.0 } else { 0.5 * high };
        for (node, weight) in angles.nodes.iter().zip(&angles.weights) {
            let omega = 0.5 * (low + high) + 0.5 * (high - low) * node;
            let measure = weight * (high - low) / PI * (0.5 * omega).sin().powi(2);
            for (theta, ring) in axes.colatitudes.iter().zip(&axes.weights) {
                for j in 0..longitudes {
                    let (sin, cos) = (2.0 * PI * j as f64 / longitudes as f64).sin_cos();
                    let axis = [theta.sin() * cos, theta.sin() * sin, theta.cos()];
                    rotations.push(Rotation::about_axis(axis, omega)?);
                    weights.push(measure * 0.5 * ring / longitudes as f64);
                }
            }
        }
    }
    // The rule is exact for constants up to rounding and the part of the measure that 8 nodes leave.
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    Ok((rotations, weights))
}
