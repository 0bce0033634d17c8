//! Learning curves of actual regression on random points, beside which predicted ones are put.

use ndarray::{Array1, Array2, ArrayView, ArrayView2, Axis, Dimension};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::mercer::{check_dimension, multiplicities};
use crate::kernel::Kernel;
use crate::network::{InputSpace, Network};
use crate::predict::{Evidence, KernelKind, KernelRidge, Ridge};
use crate::{Error, Result, check, memory};

/// Directions of which a random function of one degree is a sum; the mean over functions does not depend on it.
const DIRECTIONS: usize = 64;
/// New points of each repeat.
const TEST_POINTS: usize = 1000;

/// Regression with the kernel of a network on random points of a sphere, with random targets.
///
/// Inputs are uniform on the sphere of radius √d in d dimensions, as for [`network_spectra`](super::network_spectra). Targets are random functions whose part of
/// degree ℓ has the mean square $`v_\ell^2`$, plus noise. So the mean over repeats is what [`LearningCurve`](super::LearningCurve) predicts from the spectrum of the
/// network, without its assumption.
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::network::{Init, Network};
/// use haarmonic::spectral::SimulatedCurve;
///
/// let network = Network::vector(8).dense(Init::default()).activation(Activation::Relu).dense(Init::default()).build()?;
/// // A target of degree 1; with a ridge of 0.1 and 40 points most of it is learned.
/// let curve = SimulatedCurve::new(&network, &[0.0, 1.0])?.with_ridge(0.1)?.with_repeats(4)?;
/// let errors = curve.run(&[10, 40])?;
/// assert!(errors[1].risk < errors[0].risk && errors[1].risk < 0.5);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SimulatedCurve {
    network: Network,
    dimension: usize,
    /// √(v² N) of each degree.
    amplitudes: Vec<f64>,
    kind: KernelKind,
    ridge: f64,
    noise: f64,
    repeats: usize,
    seed: u64,
}

/// What [`SimulatedCurve::run`] measures with one number of training points: means over the repeats and their standard errors.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MeasuredRisk {
    /// Mean square error at 1000 new points without noise.
    pub risk: f64,
    /// Standard error of `risk`.
    pub risk_error: f64,
    /// Mean square error of each training point as predicted from all others, noise included: an estimate of the risk plus the variance of the noise
    /// that needs no new points.
    pub leave_one_out: f64,
    /// Standard error of `leave_one_out`.
    pub leave_one_out_error: f64,
}

impl SimulatedCurve {
    /// Takes the NTK, no ridge, no noise, 20 repeats and seed 0.
    ///
    /// # Arguments
    /// * `network` — on vectors of at least 2 entries
    /// * `power` — $`v_\ell^2`$, the mean square of the part of the target in degree ℓ = 0, 1, …
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for networks on other signals, negative powers, or degrees of more than 2⁵² functions; [`Error::Empty`] without powers.
    pub fn new(network: &Network, power: &[f64]) -> Result<Self> {
        let InputSpace::Vector { dimension } = *network.input() else {
            return Err(Error::invalid(
                "network of a learning curve",
                "signals that are not vectors",
                "a network on vectors",
            ));
        };
        check_dimension(dimension)?;
        check::not_empty("power of the target", power.len())?;
        let counts = multiplicities(dimension, power.len())?;
        let mut amplitudes = Vec::with_capacity(power.len());
        for (degree, (&power, count)) in power.iter().zip(counts).enumerate() {
            check::not_negative(&format!("power of the target in degree {degree}"), power)?;
            amplitudes.push((power * count).sqrt());
        }
        Ok(SimulatedCurve {
            network: network.clone(),
            dimension,
            amplitudes,
            kind: KernelKind::Ntk,
            ridge: 0.0,
            noise: 0.0,
            repeats: 20,
            seed: 0,
        })
    }

    /// Sets the kernel that predicts.
    pub fn with_kernel(mut self, kind: KernelKind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets the ridge δ that is added to the diagonal of the Gram matrix.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a negative number.
    pub fn with_ridge(mut self, ridge: f64) -> Result<Self> {
        check::not_negative("ridge", ridge)?;
        self.ridge = ridge;
        Ok(self)
    }

    /// Sets the variance of the noise of targets.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a negative number.
    pub fn with_noise(mut self, variance: f64) -> Result<Self> {
        check::not_negative("variance of the noise", variance)?;
        self.noise = variance;
        Ok(self)
    }

    /// Sets the number of repeats, each with new points and a new target.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] below 2.
    pub fn with_repeats(mut self, repeats: usize) -> Result<Self> {
        if repeats < 2 {
            return Err(Error::invalid("repeats", repeats, "at least 2"));
        }
        self.repeats = repeats;
        Ok(self)
    }

    /// Sets the seed of points, targets and noise.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Runs all repeats, with some numbers of training points, which are the first ones of the same points.
    ///
    /// # Arguments
    /// * `points` — numbers of training points, at least 2 each
    ///
    /// # Cost and accuracy
    /// A repeat takes the kernels of the largest number of points with itself and with 1000 new points, and two factorisations for each number. All are exact to
    /// rounding; the standard errors are those of the repeats.
    ///
    /// # Errors
    /// [`Error::Empty`] without numbers, [`Error::InvalidValue`] for numbers below 2, [`Error::NotPositiveDefinite`] if a ridge is needed.
    pub fn run(&self, points: &[usize]) -> Result<Vec<MeasuredRisk>> {
        check::not_empty("numbers of training points", points.len())?;
        let most = points.iter().copied().max().unwrap_or(0);
        if let Some(&few) = points.iter().find(|&&n| n < 2) {
            return Err(Error::invalid(
                "number of training points",
                few,
                "at least 2",
            ));
        }
        memory::check(
            "kernel matrices of a learning curve",
            memory::bytes(4, &[most, most.saturating_add(TEST_POINTS)]),
            "take fewer training points",
        )?;
        let kernel = Kernel::new(&self.network)?;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        // [number of points][risk, leave-one-out][repeat]
        let mut errors = vec![[Vec::new(), Vec::new()]; points.len()];
        for _ in 0..self.repeats {
            let all = directions(most + TEST_POINTS, self.dimension, &mut rng);
            let targets = self.targets(all.view(), &mut rng);
            let (train, test) = all.view().split_at(Axis(0), most);
            let radius = (self.dimension as f64).sqrt();
            let (train, test) = (&train * radius, &test * radius);
            let gram = kernel.gram(train.view())?;
            let cross = kernel.cross(test.view(), train.view())?;
            let (gram, cross) = match self.kind {
                KernelKind::Ntk => (gram.ntk, cross.ntk),
                KernelKind::Nngp => (gram.nngp, cross.nngp),
            };
            let noise = normal(most, &mut rng) * self.noise.sqrt();
            let (on_train, on_test) = targets.view().split_at(Axis(0), most);
            let noisy = &on_train + &noise;
            for (&n, errors) in points.iter().zip(&mut errors) {
                let gram = first(first(gram.view(), Axis(0), n), Axis(1), n);
                let y = first(noisy.view(), Axis(0), n).insert_axis(Axis(1));
                let ridge = Ridge::Absolute(self.ridge);
                let mean =
                    KernelRidge::fit(gram, y, ridge)?.predict(first(cross.view(), Axis(1), n))?;
                errors[0].push(mean_square(mean.column(0).iter(), on_test.iter()));
                let left_out = Evidence::fit(gram, y, ridge)?.leave_one_out()?.mean;
                errors[1].push(mean_square(left_out.iter(), y.iter()));
            }
        }
        let measured = errors.iter().map(|errors| {
            let [[risk, risk_error], [leave_one_out, leave_one_out_error]] =
                [&errors[0], &errors[1]].map(|errors| mean_and_error(errors));
            MeasuredRisk {
                risk,
                risk_error,
                leave_one_out,
                leave_one_out_error,
            }
        });
        Ok(measured.collect())
    }

    /// A random function at given directions: √(N v²) times the mean of `DIRECTIONS` Legendre polynomials with normal weights in each degree. Its covariance is
    /// Σ v² P(x·y), whatever the directions.
    fn targets(&self, points: ArrayView2<'_, f64>, rng: &mut ChaCha8Rng) -> Array1<f64> {
        let poles = directions(DIRECTIONS, self.dimension, rng);
        let d = self.dimension as f64;
        let t = points.dot(&poles.t());
        let (mut last, mut now) = (Array2::zeros(t.raw_dim()), Array2::ones(t.raw_dim()));
        let mut targets = Array1::zeros(points.nrows());
        for (degree, amplitude) in self.amplitudes.iter().enumerate() {
            let weights = normal(DIRECTIONS, rng) * (amplitude / (DIRECTIONS as f64).sqrt());
            targets += &now.dot(&weights);
            let l = degree as f64;
            let [a, b] = match degree {
                0 => [1.0, 0.0],
                _ => [(2.0 * l + d - 2.0) / (l + d - 2.0), l / (l + d - 2.0)],
            };
            let next = &t * &now * a - &last * b;
            (last, now) = (now, next);
        }
        targets
    }
}

/// The first n entries along an axis.
fn first<D: Dimension>(
    array: ArrayView<'_, f64, D>,
    axis: Axis,
    n: usize,
) -> ArrayView<'_, f64, D> {
    array.split_at(axis, n).0
}

fn normal(len: usize, rng: &mut ChaCha8Rng) -> Array1<f64> {
    Array1::from_shape_fn(len, |_| StandardNormal.sample(rng))
}

/// Uniform unit vectors.
fn directions(count: usize, dimension: usize, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let mut vectors = Array2::from_shape_fn((count, dimension), |_| -> f64 {
        StandardNormal.sample(rng)
    });
    for mut vector in vectors.outer_iter_mut() {
        let length = vector.dot(&vector).sqrt();
        vector.mapv_inplace(|x| x / length);
    }
    vectors
}

fn mean_square<'a>(
    a: impl ExactSizeIterator<Item = &'a f64>,
    b: impl Iterator<Item = &'a f64>,
) -> f64 {
    let count = a.len() as f64;
    a.zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>() / count
}

/// The mean of at least two numbers, and its standard error.
fn mean_and_error(values: &[f64]) -> [f64; 2] {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    [mean, (square / (n * (n - 1.0))).sqrt()]
}
