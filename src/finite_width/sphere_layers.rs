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

/// The rotations at which features are kept: a grid, then those where they are read.
#[derive(Debug, Clone)]
pub(super) struct RotationPlaces {
    /// Haar weights of the grid, zero for the others.
    weights: Vec<f64>,
    /// Rotations that follow each other and differ by a turn about the filter's own axis; the others are the places of a grid, and
    /// of outputs on the sphere.
    ring: usize,
    grid: usize,
    /// `[coefficients, places]`
    synthesis: Tensor,
    /// `[places, coefficients]`
    analysis: Tensor,
    band_limit: usize,
}

impl RotationPlaces {
    /// # Arguments
    /// * `band_limit` — of the features between layers, and of the grid
    pub(super) fn new(
        band_limit: usize,
        outputs: &Outputs,
        dtype: DType,
    ) -> Result<RotationPlaces> {
        let grid = RotationGrid::new(band_limit, Sampling::GaussLegendre)?;
        let gammas = grid.gammas();
        // Angles β, then pairs (α, γ).
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
            Outputs::Pooled => {}
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
        // Orthogonality: the mean of the square of an entry is 1 / (2l + 1).
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

    pub(super) fn count(&self) -> usize {
        self.weights.len()
    }

    /// Number of coefficients of a feature.
    pub(super) fn coefficients(&self) -> usize {
        count(self.band_limit)
    }

    fn parts(&self) -> Degrees {
        Degrees {
            band_limit: self.band_limit,
            on_sphere: false,
        }
    }

    pub(super) fn ring(&self) -> usize {
        self.ring
    }

    /// The number of places of the grid; those where features are read follow.
    ///
    /// # Arguments
    /// * `on_sphere` — after a partial pooling
    pub(super) fn grid(&self, on_sphere: bool) -> usize {
        self.grid / if on_sphere { self.ring } else { 1 }
    }

    /// Haar weights, `[1, places]`.
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

    /// From `[n, coefficients, channels]` to `[n, places, channels]`.
    fn synthesise(&self, coefficients: &Tensor) -> candle_core::Result<Tensor> {
        let matrix = self.synthesis.narrow(0, 0, coefficients.dim(1)?)?;
        across(coefficients, &matrix)
    }

    /// From derivatives by features at places to derivatives by the first coefficients.
    fn adjoint(&self, derivatives: &Tensor, count: usize) -> candle_core::Result<Tensor> {
        let matrix = self.synthesis.narrow(0, 0, count)?;
        across(derivatives, &matrix.t()?)
    }
}

/// The coefficients of each degree, `[m, i]` of a function and `[k, i]` of a filter: i has one value for a signal on the sphere, and 2l + 1
/// for a function of rotations.
struct Degrees {
    band_limit: usize,
    on_sphere: bool,
}

impl Degrees {
    /// The first coefficient of a degree, and the values of i.
    fn part(&self, l: usize) -> [usize; 2] {
        if self.on_sphere {
            [l * l, 1]
        } else {
            [offset(l), 2 * l + 1]
        }
    }

    /// Joins what belongs to the degrees, `[n, coefficients, …]`.
    fn join(
        &self,
        part: impl Fn(usize) -> candle_core::Result<Tensor>,
    ) -> candle_core::Result<Tensor> {
        let parts = (0..self.band_limit).map(part);
        Tensor::cat(&parts.collect::<candle_core::Result<Vec<_>>>()?, 1)
    }

    /// The function after a layer: sums over i and the channels of `x`, `[n, coefficients, channels]`, with the filter,
    /// `[coefficients, channels, channels after]`.
    fn product(&self, x: &Tensor, filter: &Tensor) -> candle_core::Result<Tensor> {
        let (n, _, before) = x.dims3()?;
        let after = filter.dim(2)?;
        self.join(|l| {
            let size = 2 * l + 1;
            let [start, inner] = self.part(l);
            // [k, i, before, after] to [i · before, k · after].
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

    /// Derivatives by the filter, `[n, coefficients, channels · channels after]`, from those by the function after.
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
            // The sum over m; [i · before, k · after] to [k, i, before · after].
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

/// Multiplies the middle axis by a matrix.
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

/// White noise on a support, of independent normal numbers.
#[derive(Debug, Clone)]
enum Noise {
    Scales(Tensor),
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

    /// `[coefficients, channels, channels after]`.
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

    /// From derivatives by the filter, `[n, coefficients, all channels]`, to derivatives by the weights, `[n, …]`.
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

/// From coefficients of signals to features at places.
#[derive(Debug, Clone)]
pub(super) struct SphereLifting {
    noise: Noise,
    band_limit: usize,
}

impl SphereLifting {
    /// # Arguments
    /// * `band_limit` — of the signals
    pub(super) fn new(filter: &Filter, band_limit: usize, dtype: DType) -> Result<Self> {
        Ok(SphereLifting {
            noise: Noise::new(lifting_root(filter, band_limit)?, dtype)?,
            band_limit,
        })
    }

    fn parts(&self) -> Degrees {
        Degrees {
            band_limit: self.band_limit,
            on_sphere: true,
        }
    }

    /// From `[n, L², channels]` to `[n, places, channels after]`.
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

/// From features at places to features at places.
#[derive(Debug, Clone)]
pub(super) struct SphereConvolution {
    noise: Noise,
}

impl SphereConvolution {
    pub(super) fn new(filter: &Filter, places: &RotationPlaces, dtype: DType) -> Result<Self> {
        let root = convolution_root(filter, places.band_limit)?;
        Ok(SphereConvolution {
            noise: Noise::new(root, dtype)?,
        })
    }

    /// From `[n, places, channels]` to `[n, places, channels after]`.
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

fn tensor(matrix: ndarray::ArrayView2<'_, f64>, dtype: DType) -> Result<Tensor> {
    let values: Vec<f64> = matrix.iter().copied().collect();
    Tensor::from_vec(values, matrix.dim(), &Device::Cpu)
        .and_then(|values| values.to_dtype(dtype))
        .backend()
}
