//! Kernels of molecules against networks with finitely many channels on a finite group: the twelve rotations of the tetrahedron.

use crate::common::tol::kernel as tol;

use super::molecules;
use haarmonic::activation::Activation;
use haarmonic::atoms::Atoms;
use haarmonic::group::Rotation;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Init, Message, Network};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::f64::consts::PI;

const ORDER: usize = 12;
/// Channels of the hidden layers, and networks.
const WIDTH: usize = 24;
const NETWORKS: usize = 200;
const ELEMENTS: [u8; 3] = [1, 6, 8];

type Square = [[f64; 3]; 3];

/// The rotations that permute the axes cyclically and change an even number of signs.
fn tetrahedron() -> Vec<Square> {
    let mut rotations = Vec::new();
    for shift in 0..3 {
        for signs in [
            [1.0, 1.0, 1.0],
            [1.0, -1.0, -1.0],
            [-1.0, 1.0, -1.0],
            [-1.0, -1.0, 1.0],
        ] {
            let mut matrix = [[0.0; 3]; 3];
            for (row, sign) in signs.iter().enumerate() {
                matrix[row][(row + shift) % 3] = *sign;
            }
            rotations.push(matrix);
        }
    }
    rotations
}

fn product(a: &Square, b: &Square) -> Square {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

/// A message with Gaussian shells, shared by all edges.
struct Layer {
    cutoff: f64,
    shells: Vec<[f64; 2]>,
    spectrum: Vec<f64>,
    share: f64,
    init: [f64; 2],
}

impl Layer {
    fn message(&self) -> Message {
        Message::shells(self.cutoff, &self.shells)
            .spectrum(&self.spectrum)
            .self_share(self.share)
            .shared()
    }

    /// The values of the filters of an edge v: $`\sqrt{4\pi s_l/(2l+1)}\, R_n(d)\, Y_{lm}(v/d)`$.
    fn bank(&self, v: [f64; 3]) -> Vec<f64> {
        let d = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        if d >= self.cutoff {
            return Vec::new();
        }
        let [x, y, z] = v.map(|x| x / d);
        let third = 3.0_f64.sqrt();
        let harmonics: [&[f64]; 3] = [
            &[1.0],
            &[x, y, z],
            &[
                third * x * y,
                third * y * z,
                0.5 * (3.0 * z * z - 1.0),
                third * x * z,
                0.5 * third * (x * x - y * y),
            ],
        ];
        let fade = 0.5 * (1.0 + (PI * d / self.cutoff).cos());
        let mut values = Vec::new();
        for [centre, width] in &self.shells {
            let radial = fade * (-0.5 * ((d - centre) / width).powi(2)).exp();
            for (share, of_degree) in self.spectrum.iter().zip(harmonics) {
                values.extend(of_degree.iter().map(|y| share.sqrt() * radial * y));
            }
        }
        values
    }

    fn filters(&self) -> usize {
        self.shells.len() * self.spectrum.len() * self.spectrum.len()
    }
}

/// For each atom and rotation, its neighbours with the values of all filters.
type Edges = Vec<Vec<(usize, Vec<f64>)>>;

fn edges(layer: &Layer, atoms: &Atoms, group: &[Square]) -> Edges {
    let mut edges = Vec::new();
    for (i, x) in atoms.positions().iter().enumerate() {
        for g in group {
            let mut of_place = Vec::new();
            for (k, y) in atoms
                .positions()
                .iter()
                .enumerate()
                .filter(|(k, _)| *k != i)
            {
                let u = [y[0] - x[0], y[1] - x[1], y[2] - x[2]];
                // g⁻¹ u
                let v = std::array::from_fn(|c| (0..3).map(|b| g[b][c] * u[b]).sum());
                let values = layer.bank(v);
                if !values.is_empty() {
                    of_place.push((k, values));
                }
            }
            edges.push(of_place);
        }
    }
    edges
}

/// The parameters of message, ReLU, message, ReLU, mean over the group, sum over atoms, dense.
struct Parameters {
    /// `[filter and own][channel][element]`, then the biases.
    first: Vec<f64>,
    first_bias: Vec<f64>,
    /// `[filter and own][h][channel][channel]`
    second: Vec<f64>,
    second_bias: Vec<f64>,
    last: Vec<f64>,
}

/// The output, and its derivatives in all parameters.
fn output(
    layers: &[Layer; 2],
    parameters: &Parameters,
    (atoms, edges): (&Atoms, &[Edges; 2]),
    table: &[Vec<usize>],
) -> (f64, Vec<f64>) {
    let n = WIDTH;
    let root = (n as f64).sqrt();
    let places = atoms.len() * ORDER;
    let element = |k: usize| {
        let z = atoms.atomic_numbers()[k];
        ELEMENTS.iter().position(|e| *e == z).unwrap()
    };
    // Each term of a message at a place: the filter, the atom and the coefficient.
    let terms = |layer: usize| -> Vec<Vec<(usize, usize, f64)>> {
        let Layer { share, init, .. } = &layers[layer];
        (0..places)
            .map(|place| {
                let mut terms = vec![(layers[layer].filters(), place / ORDER, init[0] * share)];
                for (k, values) in &edges[layer][place] {
                    let scaled = values.iter().enumerate();
                    terms.extend(scaled.map(|(b, value)| (b, *k, init[0] * value)));
                }
                terms
            })
            .collect()
    };
    let (first, second) = (terms(0), terms(1));
    let mut phi = vec![0.0; places * n];
    for (place, terms) in first.iter().enumerate() {
        for c in 0..n {
            phi[place * n + c] = layers[0].init[1] * parameters.first_bias[c];
            for &(b, k, value) in terms {
                phi[place * n + c] += value * parameters.first[(b * n + c) * 3 + element(k)];
            }
        }
    }
    let hidden: Vec<f64> = phi.iter().map(|x| x.max(0.0)).collect();
    let norm = 1.0 / (root * (ORDER as f64).sqrt());
    let mut psi = vec![0.0; places * n];
    for (place, terms) in second.iter().enumerate() {
        let out = &mut psi[place * n..(place + 1) * n];
        for (out, bias) in out.iter_mut().zip(&parameters.second_bias) {
            *out = layers[1].init[1] * bias;
        }
        for &(b, k, value) in terms {
            for (h, moved) in table[place % ORDER].iter().enumerate() {
                let from = k * ORDER + moved;
                let input = &hidden[from * n..(from + 1) * n];
                let weights = &parameters.second[(b * ORDER + h) * n * n..][..n * n];
                for (out, row) in out.iter_mut().zip(weights.chunks_exact(n)) {
                    let sum: f64 = row.iter().zip(input).map(|(w, x)| w * x).sum();
                    *out += norm * value * sum;
                }
            }
        }
    }
    let mut pooled = vec![0.0; n];
    for of_place in psi.chunks_exact(n) {
        for (sum, x) in pooled.iter_mut().zip(of_place) {
            *sum += x.max(0.0) / ORDER as f64;
        }
    }
    let value = pooled
        .iter()
        .zip(&parameters.last)
        .map(|(v, w)| v * w)
        .sum::<f64>()
        / root;
    // Backwards.
    let mut gradient: Vec<f64> = pooled.iter().map(|v| v / root).collect();
    let step = |x: f64| f64::from(u8::from(x > 0.0));
    let d_psi: Vec<f64> = psi
        .iter()
        .enumerate()
        .map(|(at, x)| step(*x) * parameters.last[at % n] / (root * ORDER as f64))
        .collect();
    let mut d_second = vec![0.0; parameters.second.len()];
    let mut d_second_bias = vec![0.0; n];
    let mut d_hidden = vec![0.0; places * n];
    for (place, terms) in second.iter().enumerate() {
        let d_out = &d_psi[place * n..(place + 1) * n];
        for (sum, d) in d_second_bias.iter_mut().zip(d_out) {
            *sum += layers[1].init[1] * d;
        }
        for &(b, k, value) in terms {
            for (h, moved) in table[place % ORDER].iter().enumerate() {
                let from = k * ORDER + moved;
                let range = (b * ORDER + h) * n * n..(b * ORDER + h + 1) * n * n;
                let weights = parameters.second[range.clone()].chunks_exact(n);
                let d_weights = d_second[range].chunks_exact_mut(n);
                for ((row, d_row), d) in weights.zip(d_weights).zip(d_out) {
                    let scale = norm * value * d;
                    for q in 0..n {
                        d_row[q] += scale * hidden[from * n + q];
                        d_hidden[from * n + q] += scale * row[q];
                    }
                }
            }
        }
    }
    let mut d_first = vec![0.0; parameters.first.len()];
    let mut d_first_bias = vec![0.0; n];
    for (place, terms) in first.iter().enumerate() {
        for c in 0..n {
            let d = d_hidden[place * n + c] * step(phi[place * n + c]);
            d_first_bias[c] += layers[0].init[1] * d;
            for &(b, k, value) in terms {
                d_first[(b * n + c) * 3 + element(k)] += value * d;
            }
        }
    }
    for part in [d_first, d_first_bias, d_second, d_second_bias] {
        gradient.extend(part);
    }
    (value, gradient)
}

/// The kernels of the infinite network: means over the group of kernels between atoms of rotated molecules.
fn infinite(layers: &[Layer; 2], atoms: &[Atoms; 2], group: &[Square]) -> [[f64; 2]; 3] {
    let init = |layer: &Layer| Init::new(layer.init[0], layer.init[1]);
    let network = Network::molecule(&ELEMENTS)
        .message(layers[0].message(), init(&layers[0]))
        .activation(Activation::Relu)
        .message(layers[1].message(), init(&layers[1]))
        .activation(Activation::Relu)
        .at_nodes()
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap();
    [[0, 0], [0, 1], [1, 1]].map(|[a, b]| {
        let mut sums = [0.0; 2];
        for g in group {
            let turned = atoms[a]
                .rotated(&Rotation::from_matrix(*g).unwrap())
                .unwrap();
            let found = kernel
                .cross(&[turned][..], &[atoms[b].clone()][..])
                .unwrap();
            sums[0] += found.nngp.sum() / ORDER as f64;
            sums[1] += found.ntk.sum() / ORDER as f64;
        }
        [sums[0], sums[0] + sums[1]]
    })
}

#[test]
fn finite_networks_have_these_kernels_in_the_mean() {
    let group = tetrahedron();
    let index = |r: &Square| group.iter().position(|g| g == r).unwrap();
    let table: Vec<Vec<usize>> = group
        .iter()
        .map(|g| group.iter().map(|h| index(&product(g, h))).collect())
        .collect();
    let layers = [
        Layer {
            cutoff: 4.0,
            shells: vec![[0.8, 0.6], [1.8, 0.6]],
            spectrum: vec![0.3, 0.5, 0.2],
            share: 0.3,
            init: [1.3, 0.2],
        },
        Layer {
            cutoff: 3.0,
            shells: vec![[1.2, 0.8]],
            spectrum: vec![0.4, 0.6],
            share: 0.7,
            init: [1.1, 0.1],
        },
    ];
    let [water, other, _] = molecules();
    let atoms = [water, other];
    let all_edges = atoms
        .each_ref()
        .map(|atoms| layers.each_ref().map(|layer| edges(layer, atoms, &group)));
    let want = infinite(&layers, &atoms, &group);
    let mut sums = [[0.0; 2]; 3];
    let mut squares = [[0.0; 2]; 3];
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for _ in 0..NETWORKS {
        let mut normal = |len: usize| -> Vec<f64> {
            (0..len).map(|_| StandardNormal.sample(&mut rng)).collect()
        };
        let parameters = Parameters {
            first: normal((layers[0].filters() + 1) * WIDTH * 3),
            first_bias: normal(WIDTH),
            second: normal((layers[1].filters() + 1) * ORDER * WIDTH * WIDTH),
            second_bias: normal(WIDTH),
            last: normal(WIDTH),
        };
        let outputs: [(f64, Vec<f64>); 2] = std::array::from_fn(|m| {
            output(&layers, &parameters, (&atoms[m], &all_edges[m]), &table)
        });
        for (pair, [a, b]) in [[0, 0], [0, 1], [1, 1]].into_iter().enumerate() {
            let (of_a, of_b) = (&outputs[a].1, &outputs[b].1);
            let dot =
                |len: usize| -> f64 { of_a[..len].iter().zip(of_b).map(|(x, y)| x * y).sum() };
            // The derivatives in the last layer are its inputs: their product is K without the noise of the last weights.
            for (kind, value) in [dot(WIDTH), dot(of_a.len())].into_iter().enumerate() {
                sums[pair][kind] += value / NETWORKS as f64;
                squares[pair][kind] += value * value / NETWORKS as f64;
            }
        }
    }
    for pair in 0..3 {
        for kind in 0..2 {
            let (mean, exact) = (sums[pair][kind], want[pair][kind]);
            let variance = squares[pair][kind] - mean * mean;
            let error = (variance / NETWORKS as f64).sqrt();
            let allowed = 5.0 * error + tol::FINITE_WIDTH / WIDTH as f64 * exact;
            assert!(
                (mean - exact).abs() <= allowed,
                "{pair} {kind}: {mean} ± {error}, exact {exact}"
            );
        }
    }
}
