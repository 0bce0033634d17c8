//! Networks on the sphere against nested quadrature of the definition, with nothing shared: kernels at rotations, at
//! points and pooled, with local and with global filters. Each comparison allows what the nested quadrature changes when its nodes are doubled.

use crate::common::nested_quadrature as nested;
use crate::common::signals;
use crate::common::tol::sphere_local as tol;

use crate::common::nested_quadrature::{Features, Nested, Profile, Signal, Weighted};
use haarmonic::activation::Activation;
use haarmonic::kernel::{Kernel, KernelError, KernelMatrices};
use haarmonic::network::{
    Filter, GroupName, Init, InputSpace, Layer, Network, Outputs, Quadrature, SphereSampling,
};
use ndarray::{Array4, Axis};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const SCALES: [[f64; 2]; 3] = [[1.3, 0.2], [1.1, 0.3], [0.9, 0.1]];
const DENSE: [[f64; 2]; 2] = [[0.7, 0.4], [1.2, 0.5]];

fn random(seed: u64, band_limit: usize) -> Array4<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    signals::random_signals(&mut rng, [2, 2, band_limit], 1)
}

fn scale([weight, bias]: [f64; 2]) -> Init {
    Init::new(weight, bias)
}

fn filter(profile: Profile) -> Filter {
    match profile {
        Profile::Ring(0.0, angle) => Filter::cap(angle),
        Profile::Ring(inner, outer) => Filter::ring(inner, outer),
        Profile::Gaussian(width) => Filter::gaussian(width),
    }
}

fn activation(activation: nested::Activation) -> Layer {
    Layer::Activation(match activation {
        nested::Activation::Erf => Activation::Erf,
        nested::Activation::Relu => Activation::Relu,
        nested::Activation::Square => Activation::Monomial { degree: 2 },
    })
}

/// A network: its profiles, and the activation between its layers.
struct Case {
    band_limit: usize,
    activation: nested::Activation,
    profiles: &'static [Profile],
    /// Rings and longitudes of the nested quadrature, one per profile.
    nodes: &'static [[usize; 2]],
}

impl Case {
    fn layers(&self) -> Vec<Layer> {
        let mut layers = vec![Layer::Lifting {
            group: GroupName::So3,
            filter: filter(self.profiles[0]),
            init: scale(SCALES[0]),
        }];
        for (&profile, &s) in self.profiles.iter().zip(&SCALES).skip(1) {
            layers.push(activation(self.activation));
            layers.push(Layer::GroupConvolution {
                filter: filter(profile),
                init: scale(s),
            });
        }
        layers
    }

    fn gram(
        &self,
        x: &Array4<Complex64>,
        further: &[Layer],
        outputs: Outputs,
        tolerance: f64,
    ) -> KernelMatrices {
        let input = InputSpace::Sphere {
            band_limit: self.band_limit,
            sampling: SphereSampling::Coefficients,
            channels: 2,
        };
        let layers = [&self.layers(), further].concat();
        let network =
            Network::new_with_outputs(input, Quadrature::Tolerance(tolerance), layers, outputs)
                .unwrap();
        Kernel::new(&network).unwrap().gram(x.view()).unwrap()
    }

    /// The nested quadrature, with half of the nodes along both axes beyond the lifting, or with all.
    fn nested(&self, all: bool) -> Nested {
        let rules: Vec<Vec<Weighted>> = self
            .profiles
            .iter()
            .zip(self.nodes)
            .map(|(profile, &nodes)| {
                profile.rule(if all {
                    nodes
                } else {
                    nodes.map(|n| n.div_ceil(2))
                })
            })
            .collect();
        let mut rules = rules.into_iter().zip(SCALES);
        let (filter, lifting) = rules.next().unwrap();
        Nested {
            lifting: (lifting, filter),
            convolutions: rules
                .map(|(filter, init)| (self.activation, init, filter))
                .collect(),
        }
    }
}

/// Compares the upper triangle of a matrix, at two tolerances, with the oracle, which is given for all nodes or half of them.
/// What the doubling changes is the error of the half, and far more than that of all.
///
/// # Arguments
/// * `own` — by how much the oracle may move, relative to the kernels of the signals with themselves
fn compare(
    what: &str,
    tolerance: f64,
    own: f64,
    gram: impl Fn(f64) -> KernelMatrices,
    oracle: impl Fn(bool) -> Vec<Vec<[f64; 2]>>,
) {
    let (all, half) = (oracle(true), oracle(false));
    let mut worst = [0.0_f64; 2];
    for tolerance in [tol::COARSE, tolerance] {
        let gram = gram(tolerance);
        let KernelError::Entries { nngp, ntk } = &gram.error else {
            panic!("{:?}", gram.error)
        };
        let sides = [(&gram.nngp, nngp), (&gram.ntk, ntk)];
        for (side, (values, claimed)) in sides.into_iter().enumerate() {
            for (i, row) in all.iter().enumerate() {
                for (j, want) in row.iter().enumerate().skip(i) {
                    let size = (all[i][i][side] * all[j][j][side]).sqrt();
                    let (want, found) = (want[side], values[[i, j]]);
                    let doubled = (want - half[i][j][side]).abs();
                    let error = (found - want).abs();
                    worst = [worst[0].max(doubled / size), worst[1].max(error / size)];
                    let what = format!("{what} {tolerance:e} {side} ({i}, {j})");
                    assert!(
                        doubled <= own * size,
                        "{what}: the oracle moves by {doubled:e} of {size}"
                    );
                    assert!(
                        error <= doubled + claimed[[i, j]].min(tolerance * size),
                        "{what}: {found}, want {want} within {doubled:e}"
                    );
                }
            }
        }
    }
    println!(
        "{what}: oracle moves by {:.1e}, error {:.1e}",
        worst[0], worst[1]
    );
}

const PLACES: [[f64; 3]; 4] = [
    [0.0, 0.0, 0.0],
    [0.4, 0.3, -1.0],
    [2.5, 1.7, 0.6],
    [-1.2, 2.8, 5.0],
];

/// Two convolutions behind the lifting: both signals at four rotations each.
#[test]
fn features_at_rotations() {
    let caps = &[
        Profile::Ring(0.0, 0.9),
        Profile::Ring(0.0, 0.7),
        Profile::Ring(0.0, 0.5),
    ];
    let mixed = &[
        Profile::Ring(0.2, 0.9),
        Profile::Gaussian(0.25),
        Profile::Ring(0.3, 0.8),
    ];
    for (what, activation, profiles, nodes, tolerance, own) in [
        (
            "erf caps",
            nested::Activation::Erf,
            caps,
            &[[6, 10], [8, 14], [8, 14]],
            tol::BRUTE_SMOOTH,
            tol::OWN_SMOOTH,
        ),
        (
            "relu caps",
            nested::Activation::Relu,
            caps,
            &[[6, 10], [8, 14], [8, 14]],
            tol::BRUTE_KINKED,
            tol::OWN_KINKED,
        ),
        (
            "erf mixed",
            nested::Activation::Erf,
            mixed,
            &[[6, 10], [22, 12], [6, 14]],
            tol::BRUTE_SMOOTH,
            tol::OWN_SMOOTH,
        ),
    ] {
        let case = Case {
            band_limit: 3,
            activation,
            profiles,
            nodes,
        };
        let x = random(1, case.band_limit);
        let gram = |tolerance| case.gram(&x, &[], Outputs::rotations(&PLACES), tolerance);
        compare(what, tolerance, own, gram, |all| {
            let nested = case.nested(all);
            let features: Vec<Features> = x
                .axis_iter(Axis(0))
                .map(Signal::new)
                .flat_map(|signal| PLACES.map(|g| nested.features(&signal, &nested::zyz(g))))
                .collect();
            let row = |a| features.iter().map(|b| nested.kernels(a, b)).collect();
            features.iter().map(row).collect()
        });
    }
}

/// The mean over turns of both features about the axes of their filters, then dense layers with an activation between them.
#[test]
fn features_at_points() {
    let places = [[0.0, 0.0], [0.5, -2.0], [2.2, 1.0]];
    let case = Case {
        band_limit: 3,
        activation: nested::Activation::Erf,
        profiles: &[Profile::Gaussian(0.3), Profile::Ring(0.2, 0.8)],
        nodes: &[[24, 10], [10, 16]],
    };
    let x = random(2, case.band_limit);
    let further = [
        Layer::PartialPooling,
        Layer::Dense(scale(DENSE[0])),
        Layer::Activation(Activation::Erf),
        Layer::Dense(scale(DENSE[1])),
    ];
    let gram = |tolerance| case.gram(&x, &further, Outputs::points(&places), tolerance);
    let what = "erf at points";
    compare(what, tol::BRUTE_SMOOTH, tol::OWN_SMOOTH, gram, |all| {
        let nested = case.nested(all);
        let turns = if all { 24 } else { 12 };
        // Of each output its features at all turns.
        let outputs: Vec<Vec<Features>> = x
            .axis_iter(Axis(0))
            .map(Signal::new)
            .flat_map(|signal| {
                places.map(|[theta, phi]| {
                    (0..turns)
                        .map(|k| {
                            let omega = std::f64::consts::TAU * k as f64 / turns as f64;
                            nested.features(&signal, &nested::zyz([phi, theta, omega]))
                        })
                        .collect()
                })
            })
            .collect();
        let pooled = |a: &[Features], b: &[Features]| {
            let mut sums = [0.0; 2];
            for (a, b) in a.iter().flat_map(|a| b.iter().map(move |b| (a, b))) {
                let pair = nested.kernels(a, b);
                sums.iter_mut().zip(pair).for_each(|(sum, k)| *sum += k);
            }
            let [k, theta] = sums.map(|sum| sum / (turns * turns) as f64);
            dense(DENSE[0], [k, theta])
        };
        let own: Vec<f64> = outputs.iter().map(|a| pooled(a, a)[0]).collect();
        let behind = |i: usize, j: usize| {
            let [k, theta] = pooled(&outputs[i], &outputs[j]);
            let [value, derivative] = nested::Activation::Erf.apply(own[i], own[j], k);
            dense(DENSE[1], [value, derivative * theta])
        };
        let count = outputs.len();
        (0..count)
            .map(|i| (0..count).map(|j| behind(i, j)).collect())
            .collect()
    });
}

fn dense(init: [f64; 2], [k, theta]: [f64; 2]) -> [f64; 2] {
    let k = nested::affine(init, k);
    [k, k + init[0] * init[0] * theta]
}

/// The mean over all pairs of rotations g, g'. It is enough to take those g that do not turn about the filter's axis first:
/// K at (g z, g' z) is that at (g, g') for all such turns z.
#[test]
fn pooled_features() {
    for (what, activation, tolerance, own) in [
        (
            "erf pooled",
            nested::Activation::Erf,
            tol::BRUTE_SMOOTH,
            tol::OWN_SMOOTH,
        ),
        (
            "relu pooled",
            nested::Activation::Relu,
            tol::BRUTE_KINKED,
            tol::OWN_PEAKED,
        ),
        (
            "square pooled",
            nested::Activation::Square,
            tol::BRUTE_SMOOTH,
            tol::OWN_SMOOTH,
        ),
    ] {
        let case = Case {
            band_limit: 2,
            activation,
            profiles: &[
                Profile::Ring(0.0, 0.9),
                Profile::Ring(0.0, 0.7),
                Profile::Ring(0.2, 0.5),
            ],
            nodes: &[[4, 6], [4, 8], [4, 8]],
        };
        let x = random(3, case.band_limit);
        let further = [Layer::GroupPooling, Layer::Dense(scale(DENSE[0]))];
        let gram = |tolerance| case.gram(&x, &further, Outputs::Pooled, tolerance);
        compare(what, tolerance, own, gram, |all| {
            let nested = case.nested(all);
            let limit = if all { 4 } else { 3 };
            let (left, right) = (nested::haar(limit, 1), nested::haar(limit, 2 * limit - 1));
            let at = |i: usize, rule: &[Weighted]| -> Vec<Features> {
                let signal = Signal::new(x.index_axis(Axis(0), i));
                rule.iter()
                    .map(|(g, _)| nested.features(&signal, g))
                    .collect()
            };
            let sides: Vec<_> = (0..2).map(|i| (at(i, &left), at(i, &right))).collect();
            let pooled = |i: usize, j: usize| {
                let mut sums = [0.0; 2];
                for (a, (_, v)) in sides[i].0.iter().zip(&left) {
                    for (b, (_, w)) in sides[j].1.iter().zip(&right) {
                        let pair = nested.kernels(a, b);
                        sums.iter_mut()
                            .zip(pair)
                            .for_each(|(sum, k)| *sum += v * w * k);
                    }
                }
                dense(DENSE[0], sums)
            };
            (0..2)
                .map(|i| {
                    (0..2)
                        .map(|j| if j < i { [0.0; 2] } else { pooled(i, j) })
                        .collect()
                })
                .collect()
        });
    }
}

/// Global filters, and activations x² of which all sums are of polynomials that the coarse rules integrate exactly.
#[test]
fn global_filters() {
    let nested = Nested {
        lifting: (SCALES[0], Profile::cap(std::f64::consts::PI).rule([2, 3])),
        convolutions: vec![(nested::Activation::Square, SCALES[1], nested::haar(3, 5))],
    };
    let x = random(4, 2);
    // Features at rotations with their weights and variances; one angle about the filter's axis is enough on one side.
    let at = |i: usize, gammas: usize| -> Vec<(Features, f64, f64)> {
        let signal = Signal::new(x.index_axis(Axis(0), i));
        let feature = |(g, weight): &Weighted| {
            let feature = nested.features(&signal, g);
            let variance = nested.kernels(&feature, &feature)[0];
            (feature, *weight, variance)
        };
        nested::haar(3, gammas).iter().map(feature).collect()
    };
    let (left, right): (Vec<_>, Vec<_>) = (0..2).map(|i| (at(i, 1), at(i, 5))).unzip();
    let pooled = |i: usize, j: usize| {
        let mut sums = [0.0; 2];
        for (a, v, q1) in &left[i] {
            for (b, w, q2) in &right[j] {
                let [k, theta] = nested.kernels(a, b);
                let [value, derivative] = nested::Activation::Square.apply(*q1, *q2, k);
                sums[0] += v * w * value;
                sums[1] += v * w * derivative * theta;
            }
        }
        dense(DENSE[0], sums)
    };
    for quadrature in [Quadrature::BandLimit(3), Quadrature::Tolerance(1e-12)] {
        let network = Network::sphere(2, SphereSampling::Coefficients, 2)
            .quadrature(quadrature)
            .lifting(scale(SCALES[0]))
            .activation(Activation::Monomial { degree: 2 })
            .group_convolution(scale(SCALES[1]))
            .activation(Activation::Monomial { degree: 2 })
            .group_pooling()
            .dense(scale(DENSE[0]))
            .build()
            .unwrap();
        let gram = Kernel::new(&network).unwrap().gram(x.view()).unwrap();
        for (i, j) in [(0, 0), (0, 1), (1, 1)] {
            let found = [gram.nngp[[i, j]], gram.ntk[[i, j]]];
            for (found, want) in found.into_iter().zip(pooled(i, j)) {
                assert!(
                    (found - want).abs() <= tol::ROUNDING * want.abs(),
                    "{quadrature:?} ({i}, {j}): found {found}, want {want}"
                );
            }
        }
    }
}
