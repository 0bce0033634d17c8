//! Lifting and convolution on SO(3): products of coefficients, degree by degree, between grids of rotations.
//!
//! With real coefficients $`f_{lm}`$ of a signal and $`\kappa_{ln}`$ of a filter the lifting has the coefficients
//! $`f_{lm} \kappa_{ln}`$ in $`\varphi(g) = \sum \varphi^l_{mn} \Delta^l_{mn}(g)`$, and a convolution
//! $`\varphi'^l_{mk} = \sum_n \varphi^l_{mn} W^l_{kn}`$.

use candle_core::{DType, Device, Tensor};
use ndarray::{Array2, Axis, Slice};

use super::backend::Backend;
use super::rotation_matrices::{Beta, count, offset};
use super::sphere_filters::{Root, convolution_root, lifting_root};
use crate::Result;
use crate::network::{Filter, Outputs};
use crate::so3::RotationGrid;
use crate::sphere::Sampling;

/// The rotations at which features are kept: a grid, then the rotations of the outputs.
#[derive(Debug, Clone)]
pub(super) struct RotationPlaces {
    /// Haar weights of the grid, then zeros for the rotations of the outputs.
    weights: Vec<f64>,
    /// Number of consecutive rotations that differ by a rotation about the axis of the filter, that is in γ only. The grid consists of
    /// such rings, and so do outputs at points of the sphere.
    ring: usize,
    /// Number of rotations of the grid.
    grid: usize,
    /// Values at the places from coefficients, `[coefficients, places]`.
    synthesis: Tensor,
    /// Coefficients from values at the places, `[places, coefficients]`.
    analysis: Tensor,
    /// Band limit of the features.
    band_limit: usize,
}

impl RotationPlaces {
    /// Makes the grid and both matrices.
    ///
    /// # Arguments
    /// * `band_limit` — of the features between layers, and of the grid
    pub(super) fn new(
        band_limit: usize,
        outputs: &Outputs,
        dtype: DType,
    ) -> Result<RotationPlaces> {
        let grid = RotationGrid::new(band_limit, Sampling::GaussLegendre)?;
        let gammas = grid.gammas();
        // Each angle β comes with its pairs (α, γ), γ fastest: one table of Wigner functions serves all pairs.
        let mut angles: Vec<(f64, Vec<[f64; 2]>)> = Vec::new();
        let mut weights = Vec::new();
        let ring = |alpha: f64| gammas.iter().map(move |&gamma| [alpha, gamma]);
        for (&beta, &weight) in grid.betas().iter().zip(grid.point_weights()) {
            let pairs: Vec<_> = grid
                .alphas()
                .iter()
                .flat_map(|&alpha| ring(alpha))
                .collect();
            weights.resize(weights.len() + pairs.len(), weight);
            angles.push((beta, pairs));
        }
        match outputs {
            Outputs::Pooled | Outputs::Nodes => {}
            Outputs::Rotations(list) => {
                angles.extend(list.iter().map(|&[a, beta, c]| (beta, vec![[a, c]])));
            }
            Outputs::Points(list) => {
                angles.extend(list.iter().map(|&[beta, a]| (beta, ring(a).collect())));
            }
        }
        let places = angles.iter().map(|(_, pairs)| pairs.len()).sum();
        let points = weights.len();
        weights.resize(places, 0.0);
        let mut matrix = Array2::zeros((places, count(band_limit)));
        let mut rows = matrix.outer_iter_mut();
        for (beta, pairs) in &angles {
            let table = Beta::new(band_limit, *beta)?;
            for ([alpha, gamma], row) in pairs.iter().zip(&mut rows) {
                table.write(*alpha, *gamma, row);
            }
        }
        let synthesis = tensor(matrix.t(), dtype)?;
        // Analysis is the transpose of the synthesis with weights: the mean of the square of Δ_mn over SO(3) is 1 / (2l + 1), so the
        // coefficient is (2l + 1) Σ weight · Δ_mn · value.
        for l in 0..band_limit {
            let mut part = matrix.slice_axis_mut(Axis(1), Slice::from(offset(l)..offset(l + 1)));
            part *= (2 * l + 1) as f64;
        }
        for (mut row, weight) in matrix.outer_iter_mut().zip(&weights) {
            row *= *weight;
        }
        Ok(RotationPlaces {
            ring: gammas.len(),
            grid: points,
            analysis: tensor(matrix.view(), dtype)?,
            synthesis,
            band_limit,
            weights,
        })
    }

    /// Number of all places.
    pub(super) fn count(&self) -> usize {
        self.weights.len()
    }

    /// Number of coefficients of a feature.
    pub(super) fn coefficients(&self) -> usize {
        count(self.band_limit)
    }

    /// The degrees of the features.
    fn parts(&self) -> Degrees {
        Degrees {
            band_limit: self.band_limit,
            on_sphere: false,
        }
    }

    /// Number of consecutive rotations that differ in γ only.
    pub(super) fn ring(&self) -> usize {
        self.ring
    }

    /// The number of places of the grid, which come before the places of the outputs.
    ///
    /// # Arguments
    /// * `on_sphere` — after a partial pooling
    pub(super) fn grid(&self, on_sphere: bool) -> usize {
        self.grid / if on_sphere { self.ring } else { 1 }
    }

    /// Haar weights of all places, `[1, places]`; zero at the places of the outputs.
    pub(super) fn means(&self, on_sphere: bool, dtype: DType) -> Result<Tensor> {
        let ring = if on_sphere { self.ring } else { 1 };
        let weights: Vec<f64> = self.weights[..self.grid]
            .chunks_exact(ring)
            .map(|weights| weights.iter().sum())
            .chain(vec![0.0; (self.count() - self.grid) / ring])
            .collect();
        let places = weights.len();
        Tensor::from_vec(weights, (1, places), &Device::Cpu)
            .and_then(|weights| weights.to_dtype(dtype))
            .backend()
    }

    /// Values from coefficients: from `[n, coefficients, channels]` to `[n, places, channels]`.
    ///
    /// The coefficients may have a lower band limit than the features.
    fn synthesise(&self, coefficients: &Tensor) -> candle_core::Result<Tensor> {
        let matrix = self.synthesis.narrow(0, 0, coefficients.dim(1)?)?;
        across(coefficients, &matrix)
    }

    /// The transpose of the synthesis: from derivatives by features at places to derivatives by the first `count` coefficients.
    fn adjoint(&self, derivatives: &Tensor, count: usize) -> candle_core::Result<Tensor> {
        let matrix = self.synthesis.narrow(0, 0, count)?;
        across(derivatives, &matrix.t()?)
    }
}

/// The layout of coefficients by degrees.
///
/// The coefficients of degree l are `[m, i]` for a function and `[k, i]` for a filter, where i has one value for a signal on the
/// sphere and 2l + 1 values for a function on SO(3).
struct Degrees {
    band_limit: usize,
    /// Whether the function is a signal on the sphere.
    on_sphere: bool,
}

impl Degrees {
    /// The first coefficient of a degree, and the number of values of i.
    fn part(&self, l: usize) -> [usize; 2] {
        if self.on_sphere {
            [l * l, 1]
        } else {
            [offset(l), 2 * l + 1]
        }
    }

    /// Joins tensors `[n, coefficients of the degree, …]` of all degrees to one, `[n, coefficients, …]`.
    fn join(
        &self,
        part: impl Fn(usize) -> candle_core::Result<Tensor>,
    ) -> candle_core::Result<Tensor> {
        let parts = (0..self.band_limit).map(part);
        Tensor::cat(&parts.collect::<candle_core::Result<Vec<_>>>()?, 1)
    }

    /// The function after a layer, $`y_{mk} = \sum_i x_{mi} w_{ki}`$ per degree, summed over the channels of x.
    ///
    /// # Arguments
    /// * `x` — the function before the layer, `[n, coefficients, channels]`
    /// * `filter` — `[coefficients, channels, channels after]`
    fn product(&self, x: &Tensor, filter: &Tensor) -> candle_core::Result<Tensor> {
        let (n, _, before) = x.dims3()?;
        let after = filter.dim(2)?;
        self.join(|l| {
            let size = 2 * l + 1;
            let [start, inner] = self.part(l);
            // One matrix product per degree, [n · m, i · before] × [i · before, k · after]; the filter is permuted from
            // [k, i, before, after] to its right factor.
            let filter = filter
                .narrow(0, start, size * inner)?
                .reshape((size, inner, before, after))?
                .permute((1, 2, 0, 3))?
                .contiguous()?
                .reshape((inner * before, size * after))?;
            x.narrow(1, start, size * inner)?
                .contiguous()?
                .reshape((n * size, inner * before))?
                .matmul(&filter)?
                .reshape((n, size * size, after))
        })
    }

    /// Derivatives by the filter, `[n, coefficients, channels · channels after]`.
    ///
    /// # Arguments
    /// * `x` — the function before the layer, `[n, coefficients, channels]`
    /// * `outer` — derivatives by the function after the layer, `[n, coefficients after, channels after]`
    fn by_filter(&self, x: &Tensor, outer: &Tensor) -> candle_core::Result<Tensor> {
        let (n, _, before) = x.dims3()?;
        let after = outer.dim(2)?;
        self.join(|l| {
            let size = 2 * l + 1;
            let [start, inner] = self.part(l);
            let x = x.narrow(1, start, size * inner)?.contiguous()?.reshape((
                n,
                size,
                inner * before,
            ))?;
            let outer = outer
                .narrow(1, offset(l), size * size)?
                .contiguous()?
                .reshape((n, size, size * after))?;
            // One product per input sums over m, [i · before, m] × [m, k · after]; the result is permuted to [k, i, before · after].
            x.transpose(1, 2)?
                .contiguous()?
                .matmul(&outer)?
                .reshape((n, inner, before, size, after))?
                .permute((0, 3, 1, 2, 4))?
                .contiguous()?
                .reshape((n, size * inner, before * after))
        })
    }
}

/// Multiplies the middle axis of a tensor by a matrix, `[n, middle, channels]` by `[middle, after]`.
fn across(x: &Tensor, matrix: &Tensor) -> candle_core::Result<Tensor> {
    let (n, middle, channels) = x.dims3()?;
    x.transpose(1, 2)?
        .contiguous()?
        .reshape((n * channels, middle))?
        .matmul(matrix)?
        .reshape((n, channels, matrix.dim(1)?))?
        .transpose(1, 2)?
        .contiguous()
}

/// A root of the covariance of white noise on a support, which makes filters of independent normal numbers.
#[derive(Debug, Clone)]
enum Noise {
    /// A diagonal root, `[coefficients, 1, 1]`.
    Scales(Tensor),
    /// A root `[coefficients, coefficients]`.
    Matrix(Tensor),
}

impl Noise {
    fn new(root: Root, dtype: DType) -> Result<Noise> {
        Ok(match root {
            Root::Scales(scales) => {
                let shape = (scales.len(), 1, 1);
                let scales = Tensor::from_vec(scales, shape, &Device::Cpu)
                    .and_then(|scales| scales.to_dtype(dtype));
                Noise::Scales(scales.backend()?)
            }
            Root::Matrix(matrix) => Noise::Matrix(tensor(matrix.view(), dtype)?),
        })
    }

    /// The filter of some weights, both `[coefficients, channels, channels after]`.
    fn filter(&self, weights: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Noise::Scales(scales) => weights.broadcast_mul(scales),
            Noise::Matrix(matrix) => {
                let (size, before, after) = weights.dims3()?;
                matrix
                    .matmul(&weights.reshape((size, before * after))?)?
                    .reshape((size, before, after))
            }
        }
    }

    /// The transpose of [`filter`](Self::filter): from derivatives by the filter, `[n, coefficients, all channels]`, to derivatives by
    /// the weights, `[n, …]`.
    fn pull_back(&self, derivatives: &Tensor) -> candle_core::Result<Tensor> {
        let n = derivatives.dim(0)?;
        let by_weights = match self {
            Noise::Scales(scales) => derivatives.broadcast_mul(&scales.squeeze(2)?)?,
            Noise::Matrix(matrix) => {
                let each = (0..n).map(|i| matrix.t()?.matmul(&derivatives.get(i)?));
                Tensor::stack(&each.collect::<candle_core::Result<Vec<_>>>()?, 0)?
            }
        };
        by_weights.reshape((n, ()))
    }
}

/// The map of a lifting, from coefficients of signals to features at places.
#[derive(Debug, Clone)]
pub(super) struct SphereLifting {
    noise: Noise,
    /// Band limit of the signals.
    band_limit: usize,
}

impl SphereLifting {
    /// Computes the root of the filter.
    ///
    /// # Arguments
    /// * `band_limit` — of the signals
    pub(super) fn new(filter: &Filter, band_limit: usize, dtype: DType) -> Result<Self> {
        Ok(SphereLifting {
            noise: Noise::new(lifting_root(filter, band_limit)?, dtype)?,
            band_limit,
        })
    }

    /// The degrees of the signals.
    fn parts(&self) -> Degrees {
        Degrees {
            band_limit: self.band_limit,
            on_sphere: true,
        }
    }

    /// Evaluates the layer, from `[n, L², channels]` to `[n, places, channels after]`.
    ///
    /// # Arguments
    /// * `weights` — `[L², channels, channels after]`
    pub(super) fn forward(
        &self,
        x: &Tensor,
        weights: &Tensor,
        places: &RotationPlaces,
    ) -> candle_core::Result<Tensor> {
        let filter = self.noise.filter(weights)?;
        let degrees = self.parts().product(x, &filter)?;
        places.synthesise(&degrees)
    }

    /// Derivatives by the weights, `[n, …]`, from those by the features, `[n, places, channels after]`.
    pub(super) fn derivatives(
        &self,
        x: &Tensor,
        outer: &Tensor,
        places: &RotationPlaces,
    ) -> candle_core::Result<Tensor> {
        let outer = places.adjoint(outer, count(self.band_limit))?;
        let degrees = self.parts().by_filter(x, &outer)?;
        self.noise.pull_back(&degrees)
    }
}

/// The map of a convolution, from features at places to features at places.
#[derive(Debug, Clone)]
pub(super) struct SphereConvolution {
    noise: Noise,
}

impl SphereConvolution {
    /// Computes the root of the filter.
    pub(super) fn new(filter: &Filter, places: &RotationPlaces, dtype: DType) -> Result<Self> {
        let root = convolution_root(filter, places.band_limit)?;
        Ok(SphereConvolution {
            noise: Noise::new(root, dtype)?,
        })
    }

    /// Evaluates the layer, from `[n, places, channels]` to `[n, places, channels after]`.
    ///
    /// # Arguments
    /// * `weights` — `[coefficients, channels, channels after]`
    pub(super) fn forward(
        &self,
        x: &Tensor,
        weights: &Tensor,
        places: &RotationPlaces,
    ) -> candle_core::Result<Tensor> {
        let filter = self.noise.filter(weights)?;
        let coefficients = across(x, &places.analysis)?;
        let degrees = places.parts().product(&coefficients, &filter)?;
        places.synthesise(&degrees)
    }

    /// Derivatives by the weights, `[n, …]`, from those by the features, `[n, places, channels after]`.
    pub(super) fn derivatives(
        &self,
        x: &Tensor,
        outer: &Tensor,
        places: &RotationPlaces,
    ) -> candle_core::Result<Tensor> {
        let coefficients = across(x, &places.analysis)?;
        let outer = places.adjoint(outer, places.coefficients())?;
        let degrees = places.parts().by_filter(&coefficients, &outer)?;
        self.noise.pull_back(&degrees)
    }
}

/// A matrix as a tensor.
fn tensor(matrix: ndarray::ArrayView2<'_, f64>, dtype: DType) -> Result<Tensor> {
    let values: Vec<f64> = matrix.iter().copied().collect();
    Tensor::from_vec(values, matrix.dim(), &Device::Cpu)
        .and_then(|values| values.to_dtype(dtype))
        .backend()
}
