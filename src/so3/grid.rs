//! Grids on SO(3) in ZYZ angles, with the weights of the Haar measure.

use crate::check;
use crate::group::haar::ProductRule;
use crate::simd::fft::is_smooth;

use crate::sphere::Sampling;
use crate::{Error, Result};
use ndarray::ArrayView3;

/// The largest band limit of a grid on SO(3): its samples already fill a hundred gigabytes.
pub const MAX_BAND_LIMIT: usize = 1 << 10;

/// The largest number of angles α or γ.
pub const MAX_ANGLES: usize = 1 << 14;

/// A product grid on SO(3): equispaced α and γ from zero, and β at the rings of a [`Sampling`] of the sphere.
///
/// The rotation of a grid point is $`R_z(\alpha) R_y(\beta) R_z(\gamma)`$. Arrays of samples have shape `[γ, β, α]`.
/// With band limit M there are at least 2M − 1 angles α and 2N − 1 angles γ, N = M unless the orders n are limited; M (Gauss–Legendre, McEwen–Wiaux) or 2M
/// (Driscoll–Healy) angles β.
///
/// # Examples
/// ```
/// use haarmonic::so3::RotationGrid;
/// use haarmonic::sphere::Sampling;
/// let grid = RotationGrid::new(4, Sampling::GaussLegendre)?;
/// assert_eq!(grid.shape(), [7, 4, 7]);
/// let mass: f64 = grid.point_weights().iter().sum::<f64>() * 49.0;
/// assert!((mass - 1.0).abs() < 8.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RotationGrid {
    band_limit: usize,
    order_limit: usize,
    sampling: Sampling,
    rule: ProductRule,
}

impl RotationGrid {
    /// Makes the smallest grid of the band limit: 2M − 1 angles α and γ.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above [`MAX_BAND_LIMIT`].
    pub fn new(band_limit: usize, sampling: Sampling) -> Result<Self> {
        let count = (2 * band_limit.clamp(1, MAX_BAND_LIMIT)) - 1;
        Self::with_counts(band_limit, sampling, count, count)
    }

    /// Makes a grid for fast transforms: the numbers of angles α and γ are the least ones without prime factors above 5.
    ///
    /// # Arguments
    /// * `band_limit` — M
    /// * `order_limit` — N from 1 to M: the orders n of γ are below N in modulus; M for all orders
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above [`MAX_BAND_LIMIT`], or `order_limit` is 0 or above it.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::{so3::RotationGrid, sphere::Sampling};
    /// let grid = RotationGrid::fast(64, 4, Sampling::GaussLegendre)?;
    /// assert_eq!(grid.shape(), [8, 64, 128]);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn fast(band_limit: usize, order_limit: usize, sampling: Sampling) -> Result<Self> {
        let count = |limit: usize| fast_len(2 * limit.clamp(1, MAX_BAND_LIMIT) - 1);
        Self::build(
            band_limit,
            order_limit,
            sampling,
            count(band_limit),
            count(order_limit),
        )
    }

    /// Makes a grid with given numbers of angles α and γ, for instance powers of two, at which Fourier transforms are fast.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above [`MAX_BAND_LIMIT`], or if a number of angles is below
    /// 2M − 1 or above [`MAX_ANGLES`].
    pub fn with_counts(
        band_limit: usize,
        sampling: Sampling,
        n_alpha: usize,
        n_gamma: usize,
    ) -> Result<Self> {
        Self::build(band_limit, band_limit, sampling, n_alpha, n_gamma)
    }

    /// Makes the smallest grid for orders n of γ below N in modulus: 2M − 1 angles α and 2N − 1 angles γ.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above [`MAX_BAND_LIMIT`], or `order_limit` is 0 or above it.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::{so3::RotationGrid, sphere::Sampling};
    /// let grid = RotationGrid::with_order_limit(64, 4, Sampling::GaussLegendre)?;
    /// assert_eq!(grid.shape(), [7, 64, 127]);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn with_order_limit(
        band_limit: usize,
        order_limit: usize,
        sampling: Sampling,
    ) -> Result<Self> {
        let count = |limit: usize| 2 * limit.clamp(1, MAX_BAND_LIMIT) - 1;
        let (alphas, gammas) = (count(band_limit), count(order_limit));
        Self::build(band_limit, order_limit, sampling, alphas, gammas)
    }

    fn build(
        band_limit: usize,
        order_limit: usize,
        sampling: Sampling,
        n_alpha: usize,
        n_gamma: usize,
    ) -> Result<Self> {
        check_band_limit("band limit of the rotation grid", band_limit)?;
        check_order_limit(order_limit, band_limit)?;
        for (what, limit, count) in [
            ("alpha", band_limit, n_alpha),
            ("gamma", order_limit, n_gamma),
        ] {
            let least = 2 * limit - 1;
            if !(least..=MAX_ANGLES).contains(&count) {
                return Err(Error::invalid(
                    format!("number of angles {what}"),
                    count,
                    format!("{least} (twice the band limit, less one) to {MAX_ANGLES}"),
                ));
            }
        }
        let weights = sampling.colatitude_weights(band_limit)?;
        let betas = sampling.colatitudes(band_limit)?;
        Ok(RotationGrid {
            band_limit,
            order_limit,
            sampling,
            rule: ProductRule::new(betas, &weights, n_alpha, n_gamma),
        })
    }

    /// Returns the band limit M: the grid determines every function of degrees below M.
    pub fn band_limit(&self) -> usize {
        self.band_limit
    }

    /// Returns the order limit N: the orders n of γ are below N in modulus. N = M unless stated otherwise.
    pub fn order_limit(&self) -> usize {
        self.order_limit
    }

    /// Returns the sampling of β.
    pub fn sampling(&self) -> Sampling {
        self.sampling
    }

    /// Returns the shape `[γ, β, α]` of an array of samples.
    pub fn shape(&self) -> [usize; 3] {
        self.rule.shape()
    }

    /// Returns the number of grid points.
    pub fn points(&self) -> usize {
        self.shape().iter().product()
    }

    /// Computes the angles α, in radians.
    pub fn alphas(&self) -> Vec<f64> {
        self.rule.alphas()
    }

    /// Returns the angles β, in radians, increasing.
    pub fn betas(&self) -> &[f64] {
        self.rule.betas()
    }

    /// Computes the angles γ, in radians.
    pub fn gammas(&self) -> Vec<f64> {
        self.rule.gammas()
    }

    /// Returns, for each β, the Haar weight of one grid point; over the whole grid the weights sum to 1.
    ///
    /// The mean over SO(3) is exact for functions of degrees below 2M (Driscoll–Healy and Gauss–Legendre; the orders
    /// must stay below the number of angles) or below M (McEwen–Wiaux).
    pub fn point_weights(&self) -> &[f64] {
        self.rule.point_weights()
    }

    /// Computes the mean of a sampled function over SO(3), the Haar measure having total mass 1.
    ///
    /// # Arguments
    /// * `samples` — shape `[γ, β, α]`
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the array has another shape, [`Error::NotFinite`] if the mean is NaN or infinite.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::{so3::RotationGrid, sphere::Sampling};
    /// use ndarray::Array3;
    /// let grid = RotationGrid::new(2, Sampling::DriscollHealy)?;
    /// // The mean of cos²β over SO(3) is 1/3.
    /// let samples = Array3::from_shape_fn(grid.shape(), |(_, b, _)| grid.betas()[b].cos().powi(2));
    /// assert!((grid.mean(samples.view())? - 1.0 / 3.0).abs() < 8.0 * f64::EPSILON);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn mean(&self, samples: ArrayView3<'_, f64>) -> Result<f64> {
        check::shape("samples on SO(3)", samples.shape(), &self.shape())?;
        let mut sum = 0.0;
        for plane in samples.outer_iter() {
            for (row, weight) in plane.outer_iter().zip(self.point_weights()) {
                sum += weight * row.sum();
            }
        }
        if !sum.is_finite() {
            return Err(Error::not_finite("mean over SO(3)", Vec::new()));
        }
        Ok(sum)
    }
}

/// Accepts a band limit from 1 to [`MAX_BAND_LIMIT`].
pub(crate) fn check_band_limit(what: &str, band_limit: usize) -> Result<()> {
    if band_limit == 0 || band_limit > MAX_BAND_LIMIT {
        return Err(Error::invalid(
            what,
            band_limit,
            format!("1 to {MAX_BAND_LIMIT}"),
        ));
    }
    Ok(())
}

/// Accepts an order limit from 1 to the band limit.
pub(crate) fn check_order_limit(order_limit: usize, band_limit: usize) -> Result<()> {
    if order_limit == 0 || order_limit > band_limit {
        return Err(Error::invalid(
            "order limit on SO(3)",
            order_limit,
            format!("1 to {band_limit}, the band limit"),
        ));
    }
    Ok(())
}

/// The next length whose Fourier transform is fast.
fn fast_len(least: usize) -> usize {
    (least..)
        .find(|len| is_smooth(*len))
        .expect("powers of two are smooth")
}
