//! The mean of both kernels given the channels of the first layer, and the bias that these channels show.

use std::f64::consts::PI;
use std::sync::Arc;

use haarmonic::activation::Activation;
use haarmonic::finite_width::candle_core::{DType, Device, Tensor};
use haarmonic::finite_width::{FiniteNetwork, Width};
use haarmonic::group::FiniteAction;
use haarmonic::kernel::Signals;
use haarmonic::network::{Filter, Init, Layer, Network, Outputs};
use haarmonic::so3::{RotationGrid, WignerPlan, WignerPlanner, evaluate};
use haarmonic::sphere::Sampling;
use ndarray::{Array2, Array3};
use num_complex::Complex64;

use crate::common::tol::finite_width as tol;

/// The blocks of channels of the jackknife.
const BLOCKS: usize = 8;

/// The band limit of the quadrature over SO(3) of the mean given the first layer.
const QUADRATURE: usize = 3;

/// The mean of both kernels given the channels of the first layer, for networks with two activations.
///
/// The kernels of the second layer are functions of pairs of places. With global filters they depend on the quotient of the two places,
/// so that one of them is the neutral element.
pub struct Given {
    inits: [Init; 2],
    activation: Activation,
    /// For each sample, a signal at a place, the derivatives of a feature of the first layer by its weights and by its bias.
    responses: Vec<Vec<f64>>,
    /// The weights of the pairs of places in the mean over the group.
    weights: Vec<f64>,
    space: Space,
}

enum Space {
    Finite {
        /// For each place g and each place h of the filter of the convolution, the place g h.
        moved: Vec<Vec<usize>>,
        pairs: Vec<[usize; 2]>,
    },
    Rotations {
        plan: Arc<WignerPlan>,
        /// Shape of samples on the grid of rotations.
        shape: [usize; 3],
        /// For each rotation of a quadrature, the functions $`\overline{D^l_{mn}}`$ in the order of [`packed`].
        functions: Vec<Vec<Complex64>>,
        identity: Vec<Complex64>,
    },
}

/// Sums over channels at a pair of samples x, y: products of features xx, xy, yy, the tangent kernel of the first layer, and what the
/// derivatives of $`\sigma'_x \sigma'_y`$ by two weights of the second layer multiply: $`\sigma'''_x\sigma'_y`$, $`\sigma''_x\sigma''_y`$,
/// $`\sigma'_x\sigma'''_y`$.
type Sums = [f64; 7];

/// The entries of a symmetric matrix of two signals.
const ENTRIES: [[usize; 2]; 3] = [[0, 0], [0, 1], [1, 1]];

impl Given {
    /// The layers of a network with two activations: first filter, activation, second filter, and σw, σb of the last two layers with
    /// weights.
    fn layers(network: &Network) -> (&Filter, Init, &Activation, &Filter, [Init; 2]) {
        let [
            Layer::Lifting {
                filter: lifting,
                init,
                ..
            },
            Layer::Activation(activation),
            Layer::GroupConvolution {
                filter,
                init: second,
            },
            _,
            Layer::GroupPooling,
            Layer::Dense(last),
        ] = network.layers()
        else {
            panic!("a network of two activations");
        };
        (lifting, *init, activation, filter, [*second, *last])
    }

    /// Signals over a finite set, of one channel.
    pub fn finite(network: &Network, action: &FiniteAction, signals: &Array2<f64>) -> Given {
        let (lifting, init, activation, filter, inits) = Given::layers(network);
        let order = action.order();
        let elements = |filter: &Filter, all: usize| match filter {
            Filter::Subset(numbers) => numbers.to_vec(),
            _ => (0..all).collect::<Vec<usize>>(),
        };
        let points = elements(lifting, action.points());
        let factor = init.weight_std / (points.len() as f64).sqrt();
        let response = |x: usize| -> Vec<f64> {
            let at = |&p: &usize| factor * signals[[x / order, action.image(x % order, p)]];
            points.iter().map(at).chain([init.bias_std]).collect()
        };
        let moved = (0..order).map(|g| {
            let to = |&h: &usize| action.group().product(g, h);
            elements(filter, order).iter().map(to).collect()
        });
        let firsts = if *filter == Filter::Global { 1 } else { order };
        let pairs = (0..firsts).flat_map(|g| (0..order).map(move |h| [g, h]));
        Given {
            inits,
            activation: activation.clone(),
            responses: (0..2 * order).map(response).collect(),
            weights: vec![1.0 / (firsts * order) as f64; firsts * order],
            space: Space::Finite {
                moved: moved.collect(),
                pairs: pairs.collect(),
            },
        }
    }

    /// Signals on the sphere, with global filters.
    ///
    /// # Arguments
    /// * `lifting` — the first layer, with its features at given rotations
    /// * `band_limit` — of the features
    pub fn rotations(
        network: &Network,
        lifting: impl Fn(Outputs) -> Network,
        signals: Signals<'_>,
        band_limit: usize,
    ) -> Given {
        let (_, _, activation, _, inits) = Given::layers(network);
        let grid = RotationGrid::new(band_limit, Sampling::GaussLegendre).unwrap();
        let mut angles = Vec::new();
        for gamma in grid.gammas() {
            for &beta in grid.betas() {
                angles.extend(grid.alphas().iter().map(|&alpha| [alpha, beta, gamma]));
            }
        }
        // One channel for each weight and one for the bias.
        let first = lifting(Outputs::rotations(&angles));
        let one = FiniteNetwork::new(&first, Width::new(1, 1), 0, DType::F64).unwrap();
        let count = one.parameters()[0].elem_count();
        let width = Width::new(count + 1, count + 1);
        let unit = FiniteNetwork::new(&first, width, 0, DType::F64).unwrap();
        let mut weights = Array2::<f64>::zeros((count, count + 1));
        weights.diag_mut().fill(1.0);
        let mut biases = vec![0.0; count + 1];
        biases[count] = 1.0;
        let values = [weights.into_raw_vec_and_offset().0, biases];
        let tensors = values
            .into_iter()
            .zip(unit.parameters())
            .map(|(values, p)| Tensor::from_vec(values, p.dims(), &Device::Cpu).unwrap());
        unit.set_parameters(&tensors.collect::<Vec<_>>()).unwrap();
        let inputs = unit.prepare(signals).unwrap();
        let responses = unit.forward(&inputs).unwrap().to_vec2().unwrap();
        let rule = RotationGrid::new(QUADRATURE, Sampling::GaussLegendre).unwrap();
        let (mut nodes, mut weights) = (Vec::new(), Vec::new());
        for gamma in rule.gammas() {
            for (&beta, &weight) in rule.betas().iter().zip(rule.point_weights()) {
                nodes.extend(rule.alphas().iter().map(|&alpha| [alpha, beta, gamma]));
                weights.extend(rule.alphas().iter().map(|_| weight));
            }
        }
        nodes.push([0.0; 3]);
        let mut functions = vec![Vec::new(); nodes.len()];
        let size = 2 * band_limit - 1;
        for (l, m, n) in packed(band_limit) {
            let mut coefficients = Array3::zeros((size, band_limit, size));
            let scale = 8.0 * PI * PI / (2 * l + 1) as f64;
            coefficients[[n, l, m]] = Complex64::from(scale);
            let values = evaluate(coefficients.view(), &nodes).unwrap();
            for (functions, value) in functions.iter_mut().zip(values) {
                functions.push(value);
            }
        }
        Given {
            inits,
            activation: activation.clone(),
            responses,
            weights,
            space: Space::Rotations {
                plan: WignerPlanner::new()
                    .plan(band_limit, Sampling::GaussLegendre)
                    .unwrap(),
                shape: [grid.gammas().len(), grid.betas().len(), grid.alphas().len()],
                identity: functions.pop().unwrap(),
                functions,
            },
        }
    }

    /// The bias of width n that the channels of a random network show, for both kernels, by the jackknife: the mean given all channels but a
    /// block has the bias of a smaller width.
    pub fn bias(&self, one: &FiniteNetwork) -> [f64; 8] {
        let [mut weights, biases] = [0, 1].map(|i| {
            let values = one.parameters()[i].as_tensor().flatten_all().unwrap();
            values.to_vec1::<f64>().unwrap()
        });
        let n = biases.len();
        weights.extend(biases);
        let channels: Vec<Vec<f64>> = (0..n)
            .map(|k| {
                let column: Vec<f64> = weights.iter().skip(k).step_by(n).copied().collect();
                self.responses.iter().map(|v| dot(v, &column)).collect()
            })
            .collect();
        let blocks: Vec<Vec<Sums>> = channels
            .chunks_exact(n / BLOCKS)
            .map(|block| self.sums(block))
            .collect();
        let mut whole = vec![[0.0; 7]; blocks[0].len()];
        for block in &blocks {
            for (whole, sums) in whole.iter_mut().zip(block) {
                add(whole, sums, 1.0);
            }
        }
        let all = self.means(&whole, n as f64);
        let mut bias = [0.0; 8];
        for block in &blocks {
            let mut rest = whole.clone();
            for (rest, sums) in rest.iter_mut().zip(block) {
                add(rest, sums, -1.0);
            }
            let rest = self.means(&rest, (n - n / BLOCKS) as f64);
            // The bias of n (1 − 1/B) is larger than that of n by 1/(B − 1) of it.
            let share = (BLOCKS - 1) as f64 / BLOCKS as f64;
            for (bias, (rest, all)) in bias.iter_mut().zip(rest.iter().zip(&all)) {
                *bias += share * (rest - all);
            }
        }
        bias
    }

    /// The sums over some channels, for each entry and each pair of places.
    fn sums(&self, channels: &[Vec<f64>]) -> Vec<Sums> {
        let mut sums = vec![[0.0; 7]; 3 * self.weights.len()];
        for z in channels {
            let value: Vec<f64> = z.iter().map(|&z| sigma(&self.activation, z)).collect();
            let slope: Vec<f64> = z
                .iter()
                .map(|&z| sigma_slope(&self.activation, z))
                .collect();
            match &self.space {
                Space::Finite { moved, pairs } => {
                    self.add_finite(&mut sums, &value, &slope, moved, pairs);
                }
                Space::Rotations {
                    plan,
                    shape,
                    functions,
                    identity,
                } => {
                    let grid = (plan.as_ref(), *shape);
                    let at = (&functions[..], &identity[..]);
                    self.add_rotations(&mut sums, &value, &slope, grid, at);
                }
            }
        }
        sums
    }

    fn add_finite(
        &self,
        sums: &mut [Sums],
        value: &[f64],
        slope: &[f64],
        moved: &[Vec<usize>],
        pairs: &[[usize; 2]],
    ) {
        let share = 1.0 / moved[0].len() as f64;
        let places = |input: usize, g: usize| moved[g].iter().map(move |h| input * moved.len() + h);
        for (entry, [a, b]) in ENTRIES.into_iter().enumerate() {
            for (&[g, h], sums) in pairs.iter().zip(&mut sums[entry * pairs.len()..]) {
                let (xs, ys): (Vec<usize>, Vec<usize>) = places(a, g).zip(places(b, h)).unzip();
                for (i, (&x, &y)) in xs.iter().zip(&ys).enumerate() {
                    sums[0] += share * value[x] * value[x];
                    sums[1] += share * value[x] * value[y];
                    sums[2] += share * value[y] * value[y];
                    for (k, (&x2, &y2)) in xs.iter().zip(&ys).enumerate() {
                        // The weights of the places i and k, which see the samples x, y and x2, y2.
                        let tangent =
                            slope[x] * slope[y2] * dot(&self.responses[x], &self.responses[y2]);
                        if i == k {
                            sums[3] += share * tangent;
                        }
                        let tangent = share * share * tangent;
                        sums[4] += tangent * value[x] * value[x2];
                        sums[5] += tangent * (value[x] * value[y2] + value[y] * value[x2]);
                        sums[6] += tangent * value[y] * value[y2];
                    }
                }
            }
        }
    }

    fn add_rotations(
        &self,
        sums: &mut [Sums],
        value: &[f64],
        slope: &[f64],
        (plan, shape): (&WignerPlan, [usize; 3]),
        (functions, identity): (&[Vec<Complex64>], &[Complex64]),
    ) {
        let places = value.len() / 2;
        let transform = |input: usize, of: &dyn Fn(usize) -> f64| -> Vec<Complex64> {
            let values = (input * places..(input + 1) * places).map(of).collect();
            let values = Array3::from_shape_vec(shape, values).unwrap();
            let coefficients = plan.forward(values.view()).unwrap();
            let limit = coefficients.shape()[1];
            packed(limit)
                .map(|(l, m, n)| coefficients[[n, l, m]])
                .collect()
        };
        let features = [0, 1].map(|input| transform(input, &|x| value[x]));
        let weights = self.responses[0].len();
        // σ' times the derivative by each weight of the first layer.
        let tangents: Vec<[Vec<Complex64>; 2]> = (0..weights)
            .map(|d| [0, 1].map(|input| transform(input, &|x| slope[x] * self.responses[x][d])))
            .collect();
        let count = self.weights.len();
        for (entry, [a, b]) in ENTRIES.into_iter().enumerate() {
            let own = [a, b].map(|x| at(&correlation(&features[x], &features[x]), identity));
            let mixed = correlation(&features[a], &features[b]);
            let sums = &mut sums[entry * count..(entry + 1) * count];
            for (sums, functions) in sums.iter_mut().zip(functions) {
                sums[0] += own[0];
                sums[1] += at(&mixed, functions);
                sums[2] += own[1];
            }
            for tangents in &tangents {
                let bent = [a, b].map(|x| at(&correlation(&tangents[x], &features[x]), identity));
                let both = correlation(&tangents[a], &tangents[b]);
                let left = correlation(&tangents[a], &features[b]);
                let right = correlation(&features[a], &tangents[b]);
                for (sums, functions) in sums.iter_mut().zip(functions) {
                    let [both, left, right] = [&both, &left, &right].map(|c| at(c, functions));
                    sums[3] += both;
                    sums[4] += bent[0] * right;
                    sums[5] += bent[0] * bent[1] + left * right;
                    sums[6] += left * bent[1];
                }
            }
        }
    }

    /// The means of both kernels, from sums over n channels.
    fn means(&self, sums: &[Sums], n: f64) -> [f64; 8] {
        let [second, last] = &self.inits;
        let (share, bias) = (second.weight_std.powi(2) / n, second.bias_std.powi(2));
        let (weight, shift) = (last.weight_std.powi(2), last.bias_std.powi(2));
        let mut means = [0.0; 8];
        let entries = sums.chunks_exact(self.weights.len());
        for (entry, sums) in [0, 1, 3].into_iter().zip(entries) {
            let (mut values, mut slopes) = (0.0, 0.0);
            for (sums, weight) in sums.iter().zip(&self.weights) {
                let law = [0, 1, 2].map(|i: usize| share * sums[i] + bias);
                let two_point = TwoPoint::new(&self.activation, law);
                let tangent = law[1] + share * sums[3];
                let bends = two_point.bends.iter().zip(&sums[4..]);
                let bent: f64 = bends.map(|(x, y)| x * y).sum();
                values += weight * two_point.value;
                slopes += weight * (two_point.slope * tangent + share * share * bent);
            }
            means[entry] = weight * values + shift;
            means[4 + entry] = means[entry] + weight * slopes;
        }
        (means[2], means[6]) = (means[1], means[5]);
        means
    }
}

/// The numbers l, m, n of the coefficients below a band limit; m and n begin at 0.
fn packed(band_limit: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..band_limit).flat_map(move |l| {
        let orders = move || band_limit - 1 - l..band_limit + l;
        orders().flat_map(move |m| orders().map(move |n| (l, m, n)))
    })
}

/// The coefficients of the mean over t of p(r t) q(t), so that [`at`] gives its values; p and q are real.
fn correlation(p: &[Complex64], q: &[Complex64]) -> Vec<Complex64> {
    let mut product = vec![Complex64::ZERO; p.len()];
    let (mut start, mut size) = (0, 1);
    while start < p.len() {
        // The factors of coefficients, and the mean of |D|².
        let scale = size as f64 / (8.0 * PI * PI).powi(2);
        for m in 0..size {
            for k in 0..size {
                let [p, q] = [(p, m), (q, k)].map(|(x, row)| &x[start + row * size..][..size]);
                let sum: Complex64 = p.iter().zip(q).map(|(p, q)| p * q.conj()).sum();
                product[start + m * size + k] = scale * sum;
            }
        }
        start += size * size;
        size += 2;
    }
    product
}

/// The real part of a sum of functions.
fn at(coefficients: &[Complex64], functions: &[Complex64]) -> f64 {
    let products = coefficients.iter().zip(functions);
    products.map(|(c, f)| c.re * f.re - c.im * f.im).sum()
}

fn add(sums: &mut Sums, others: &Sums, factor: f64) {
    for (sum, other) in sums.iter_mut().zip(others) {
        *sum += factor * other;
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn sigma(activation: &Activation, z: f64) -> f64 {
    match activation {
        Activation::Relu => z.max(0.0),
        Activation::Erf => statrs::function::erf::erf(z),
        other => panic!("no closed form here for {other}"),
    }
}

fn sigma_slope(activation: &Activation, z: f64) -> f64 {
    match activation {
        Activation::Relu => f64::from(z > 0.0),
        _ => 2.0 / PI.sqrt() * (-z * z).exp(),
    }
}

/// Means of σσ and σ'σ' at two Gaussian variables, and of σ'''σ', σ''σ'', σ'σ''', from the closed forms of relu and erf.
struct TwoPoint {
    value: f64,
    slope: f64,
    bends: [f64; 3],
}

impl TwoPoint {
    fn new(activation: &Activation, [p, k, q]: [f64; 3]) -> TwoPoint {
        let square = p * q - k * k;
        match activation {
            // One variable: the mean of the slopes does not depend on its variance.
            Activation::Relu if square < tol::ROUNDING * p * q => TwoPoint {
                value: 0.5 * k,
                slope: 0.5,
                bends: [0.0; 3],
            },
            Activation::Relu => {
                let sine = square.sqrt();
                let angle = PI - sine.atan2(k);
                let bend = 1.0 / (2.0 * PI * sine);
                TwoPoint {
                    value: (sine + k * angle) / (2.0 * PI),
                    slope: angle / (2.0 * PI),
                    bends: [-k / p * bend, bend, -k / q * bend],
                }
            }
            _ => {
                let (a, b) = (p + 0.5, q + 0.5);
                let root = 1.0 / (a * b - k * k).sqrt();
                TwoPoint {
                    value: 2.0 / PI * (k / (a * b).sqrt()).asin(),
                    slope: 2.0 / PI * root,
                    bends: [-b, k, -a].map(|x| 2.0 / PI * x * root.powi(3)),
                }
            }
        }
    }
}
