//! Kernels of molecules against the definition: plain loops over edges and the nodes of a quadrature.

use crate::common::close::assert_named_close;
use crate::common::tol::kernel as tol;

use super::molecules;
use haarmonic::activation::Activation;
use haarmonic::atoms::Atoms;
use haarmonic::group::{Haar, RotationGroup};
use haarmonic::kernel::Kernel;
use haarmonic::network::{Init, Message, Network, Quadrature};
use ndarray::Array2;
use std::f64::consts::PI;

type Matrix = Vec<Vec<f64>>;

/// A message with a smooth radial kernel, in plain words.
#[derive(Clone, Copy)]
struct Plain {
    cutoff: f64,
    fade: f64,
    width: f64,
    power: f64,
    unit: f64,
    exponent: f64,
    spectrum: [f64; 3],
    share: f64,
    separate: bool,
    init: [f64; 2],
}

impl Plain {
    fn message(&self) -> Message {
        let message = Message::gaussian(self.cutoff, self.width)
            .fade(self.fade)
            .power(self.power, self.unit)
            .charge_exponent(self.exponent)
            .spectrum(&self.spectrum)
            .self_share(self.share);
        if self.separate {
            message
        } else {
            message.shared()
        }
    }

    fn init(&self) -> Init {
        Init::new(self.init[0], self.init[1])
    }

    /// ρ for the edges from i to k and from j to l.
    fn covariance(
        &self,
        r: &[[f64; 3]; 3],
        (a, i, k): (&Atoms, usize, usize),
        (b, j, l): (&Atoms, usize, usize),
    ) -> f64 {
        let edge = |atoms: &Atoms, i: usize, k: usize| {
            let (x, y) = (atoms.positions()[i], atoms.positions()[k]);
            let v = [y[0] - x[0], y[1] - x[1], y[2] - x[2]];
            let d = (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt();
            let fades = match d {
                d if d >= self.cutoff => 0.0,
                d if d <= self.fade => 1.0,
                d => (1.0 + (PI * (d - self.fade) / (self.cutoff - self.fade)).cos()) / 2.0,
            };
            let z = [i, k].map(|n| f64::from(atoms.atomic_numbers()[n]));
            let weight =
                fades * (self.unit / d).powf(self.power) * (z[0] * z[1]).powf(self.exponent);
            (d, v.map(|x| x / d), weight)
        };
        let (d, u, weight) = edge(a, i, k);
        let (e, v, other) = edge(b, j, l);
        let t: f64 = (0..3)
            .map(|c| (0..3).map(|n| r[c][n] * u[n]).sum::<f64>() * v[c])
            .sum();
        let [s0, s1, s2] = self.spectrum;
        let angular = s0 + s1 * t + s2 * (1.5 * t * t - 0.5);
        let radial = (-(d - e).powi(2) / (4.0 * self.width.powi(2))).exp();
        weight * other * radial * angular
    }

    fn step(&self, r: &[[f64; 3]; 3], [a, b]: [&Atoms; 2], [k, t]: [&Matrix; 2]) -> [Matrix; 2] {
        let [weight, bias] = self.init.map(|std| std * std);
        let (z, y) = (a.atomic_numbers(), b.atomic_numbers());
        let mut out = [k.clone(), t.clone()];
        for i in 0..a.len() {
            for j in 0..b.len() {
                let mut sums = [0.0; 2];
                if !self.separate || z[i] == y[j] {
                    for n in (0..a.len()).filter(|&n| n != i) {
                        for l in (0..b.len()).filter(|&l| l != j) {
                            if self.separate && z[n] != y[l] {
                                continue;
                            }
                            let rho = self.covariance(r, (a, i, n), (b, j, l));
                            sums[0] += rho * k[n][l];
                            sums[1] += rho * t[n][l];
                        }
                    }
                    sums[0] += self.share * self.share * k[i][j];
                    sums[1] += self.share * self.share * t[i][j];
                }
                out[0][i][j] = weight * sums[0] + bias;
                out[1][i][j] = out[0][i][j] + weight * sums[1];
            }
        }
        out
    }
}

fn erf([k, t]: [&Matrix; 2], [q, p]: [&[f64]; 2]) -> [Matrix; 2] {
    let mut out = [k.clone(), t.clone()];
    for i in 0..q.len() {
        for j in 0..p.len() {
            let size = (1.0 + 2.0 * q[i]) * (1.0 + 2.0 * p[j]);
            let c = k[i][j];
            out[0][i][j] = 2.0 / PI * (2.0 * c / size.sqrt()).asin();
            out[1][i][j] = t[i][j] * 4.0 / PI / (size - 4.0 * c * c).sqrt();
        }
    }
    out
}

/// Message, erf, message, erf at one relative rotation; with the variances of both molecules if they are known.
fn recursion(
    messages: &[Plain; 2],
    r: &[[f64; 3]; 3],
    [a, b]: [&Atoms; 2],
    variances: Option<[&[Vec<f64>; 2]; 2]>,
) -> ([Matrix; 2], [Vec<f64>; 2]) {
    let equal = |i: usize, j: usize| f64::from(a.atomic_numbers()[i] == b.atomic_numbers()[j]);
    let start: Matrix = (0..a.len())
        .map(|i| (0..b.len()).map(|j| equal(i, j)).collect())
        .collect();
    let nothing: Matrix = vec![vec![0.0; b.len()]; a.len()];
    let mut kernels = [start, nothing];
    let mut own: [Vec<f64>; 2] = Default::default();
    for (layer, message) in messages.iter().enumerate() {
        kernels = message.step(r, [a, b], [&kernels[0], &kernels[1]]);
        let diagonal = |n: usize| kernels[0][n].get(n).copied().unwrap_or(0.0);
        own[layer] = (0..a.len()).map(diagonal).collect();
        let [q, p] = match variances {
            Some([of_a, of_b]) => [&of_a[layer][..], &of_b[layer][..]],
            None => [&own[layer][..]; 2],
        };
        kernels = erf([&kernels[0], &kernels[1]], [q, p]);
    }
    (kernels, own)
}

const IDENTITY: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// Both kernels of all pairs of molecules, summed over the pairs of atoms that count.
fn pooled(messages: &[Plain; 2], limit: usize, improper: bool, same: bool) -> [Matrix; 2] {
    let molecules = molecules();
    let own: Vec<_> = molecules
        .iter()
        .map(|m| recursion(messages, &IDENTITY, [m, m], None).1)
        .collect();
    let rule = RotationGroup.haar(2 * limit - 2).unwrap();
    let mut sums = [vec![vec![0.0; 3]; 3], vec![vec![0.0; 3]; 3]];
    for (m, a) in molecules.iter().enumerate() {
        for (n, b) in molecules.iter().enumerate() {
            for (node, weight) in rule.nodes().iter().zip(rule.weights()) {
                let signs: &[f64] = if improper { &[1.0, -1.0] } else { &[1.0] };
                for sign in signs {
                    let r = node.to_matrix().map(|row| row.map(|x| sign * x));
                    let known = Some([&own[m], &own[n]]);
                    let (kernels, _) = recursion(messages, &r, [a, b], known);
                    let weight = weight / signs.len() as f64;
                    let counts = |i: usize, j: usize| {
                        !same || a.atomic_numbers()[i] == b.atomic_numbers()[j]
                    };
                    for (sums, kernel) in sums.iter_mut().zip(&kernels) {
                        for (i, row) in kernel.iter().enumerate() {
                            let entries = row.iter().enumerate().filter(|(j, _)| counts(i, *j));
                            sums[m][n] += weight * entries.map(|(_, value)| value).sum::<f64>();
                        }
                    }
                }
            }
        }
    }
    sums
}

const FIRST: Plain = Plain {
    cutoff: 2.6,
    fade: 1.1,
    width: 0.4,
    power: 1.5,
    unit: 1.2,
    exponent: 0.25,
    spectrum: [0.5, 0.3, 0.2],
    share: 0.4,
    separate: true,
    init: [0.9, 0.3],
};

const SECOND: Plain = Plain {
    cutoff: 2.2,
    fade: 0.0,
    width: 0.6,
    power: 0.0,
    unit: 1.0,
    exponent: 0.0,
    spectrum: [0.4, 0.6, 0.0],
    share: 0.7,
    separate: true,
    init: [1.1, 0.1],
};

#[test]
fn kernels_are_those_of_the_definition() {
    let limit = 3;
    for (separate, improper, same) in [
        ([true, true], false, true),
        ([true, true], true, false),
        ([true, false], false, true),
        ([false, true], false, true),
        ([false, false], true, false),
    ] {
        let plain = [
            Plain {
                separate: separate[0],
                ..FIRST
            },
            Plain {
                separate: separate[1],
                ..SECOND
            },
        ];
        let mut start = Network::molecule(&[8, 1, 6]).quadrature(Quadrature::BandLimit(limit));
        if improper {
            start = start.improper();
        }
        let atoms = start
            .message(plain[0].message(), plain[0].init())
            .activation(Activation::Erf)
            .message(plain[1].message(), plain[1].init())
            .activation(Activation::Erf)
            .group_pooling();
        // The last layer adds K to Θ.
        let network = match same {
            true => atoms.element_sum().dense(Init::default()).build(),
            false => atoms.node_sum().dense(Init::default()).build(),
        };
        let gram = Kernel::new(&network.unwrap())
            .unwrap()
            .gram(&molecules()[..])
            .unwrap();
        let [nngp, ntk] = pooled(&plain, limit, improper, same);
        for m in 0..3 {
            let name = format!("{separate:?} {improper} {same} {m}");
            // A matrix is computed above its diagonal, and this rule is not exact: the rest is its mirror image.
            let upper = |matrix: &Array2<f64>| matrix.row(m).iter().skip(m).copied().collect();
            let [found, tangent]: [Vec<f64>; 2] = [upper(&gram.nngp), upper(&gram.ntk)];
            let want: Vec<f64> = nngp[m].iter().zip(&ntk[m]).map(|(k, t)| k + t).collect();
            assert_named_close(&name, found, &nngp[m][m..], tol::ROUNDING);
            assert_named_close(&name, tangent, &want[m..], tol::ROUNDING);
        }
    }
}

/// The first message, from the elements, is the correlation of signals with a bump in the direction of each neighbour.
#[cfg(feature = "data")]
#[test]
fn a_first_message_correlates_signals_on_the_sphere() {
    use haarmonic::data::molecule::{Element, Molecule};
    use haarmonic::data::radial::{RadialChannel, RadialCutoff, RadialFunction};
    use haarmonic::data::spherical_features::SphericalFeatures;
    use haarmonic::network::SphereSampling;

    let (shells, width, band_limit) = ([[0.9, 0.4], [1.6, 0.4]], 0.8, 4);
    let channel = |&[centre, width]: &[f64; 2]| {
        let power = 1.5;
        RadialChannel::new(RadialFunction::Gaussian {
            centre,
            width,
            power,
        })
        .with_angular_width(0.8)
        .with_charge_exponent(0.5)
    };
    let elements = [Element::H, Element::C, Element::O];
    let features = SphericalFeatures::builder(band_limit)
        .elements(elements)
        .radial(shells.iter().map(channel).collect::<Vec<_>>())
        .cutoff(RadialCutoff::Fading {
            start: 1.2,
            radius: 2.5,
        })
        .build()
        .unwrap();
    let atoms = molecules()[2].clone();
    let of = |&z: &u8| *elements.iter().find(|e| e.atomic_number() == z).unwrap();
    let list = atoms.atomic_numbers().iter().map(of).collect();
    let molecule = Molecule::new(0, list, atoms.positions().to_vec(), 0.0).unwrap();
    let signals = features.coefficients(&molecule).unwrap();
    let channels = elements.len() * shells.len();
    let square = || Activation::Monomial { degree: 2 };
    let sphere = Network::sphere(band_limit, SphereSampling::Coefficients, channels)
        .lifting(Init::new(1.0, 0.3))
        .activation(square())
        .group_pooling()
        .build()
        .unwrap();
    let want = Kernel::new(&sphere).unwrap().gram(signals.view()).unwrap();
    let message = Message::shells(2.5, &shells)
        .fade(1.2)
        .power(1.5, 1.0)
        .charge_exponent(0.5)
        .bump(width, band_limit)
        .unwrap();
    let scale = 1.0 / (channels as f64).sqrt();
    let network = Network::molecule(&[1, 6, 8])
        .message(message, Init::new(scale, 0.3))
        .activation(square())
        .group_pooling()
        .at_nodes()
        .build()
        .unwrap();
    let found = Kernel::new(&network).unwrap().gram(&[atoms.clone()][..]);
    let found = found.unwrap();
    let numbers = atoms.atomic_numbers();
    for ((i, j), value) in found.ntk.indexed_iter() {
        if numbers[i] == numbers[j] {
            let want = want.ntk[[i, j]];
            assert_named_close("Θ", [*value], &[want][..], tol::ROUNDING);
        }
    }
}
