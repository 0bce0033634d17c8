//! Whether the errors that kernels with local filters claim are as large as the true ones.

#[path = "common/nested_quadrature.rs"]
mod nested;
#[path = "common/signals.rs"]
mod signals;
#[path = "common/tol_local.rs"]
mod tol;

use haarmonic::activation::Activation;
use haarmonic::group::Rotation;
use haarmonic::kernel::{Gram, Kernel, KernelError, Limits};
use haarmonic::network::{
    GroupName, InputSpace, Layer, Network, Outputs, Quadrature, Scale, SphereSampling, Support,
};
use haarmonic::sphere::rotate_coefficients;
use ndarray::{Array2, Array4, ArrayView4, Axis};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::time::Instant;

fn kernel(
    band_limit: usize,
    activation: &Activation,
    supports: &[Support],
    bias: f64,
    outputs: &Outputs,
    tolerance: f64,
) -> Kernel {
    let scale = Scale::new(1.3, bias);
    let mut layers = vec![Layer::Lifting {
        group: GroupName::So3,
        support: supports[0].clone(),
        scale,
    }];
    for support in &supports[1..] {
        layers.push(Layer::Activation(activation.clone()));
        layers.push(Layer::GroupConvolution {
            support: support.clone(),
            scale,
        });
    }
    layers.push(Layer::Activation(activation.clone()));
    match outputs {
        Outputs::Pooled => layers.push(Layer::GroupPooling),
        Outputs::Points(_) => layers.push(Layer::PartialPooling),
        _ => {}
    }
    let channels = 2;
    let input = InputSpace::Sphere {
        band_limit,
        sampling: SphereSampling::Coefficients,
        channels,
    };
    let network =
        Network::reading(input, Quadrature::Tolerance(tolerance), layers, outputs.clone()).unwrap();
    Kernel::with_limits(&network, Limits { points: 20_000_000_000, ..Limits::default() }).unwrap()
}

fn claimed(gram: &Gram) -> [&Array2<f64>; 2] {
    match &gram.error {
        KernelError::Entries { nngp, ntk } => [nngp, ntk],
        other => panic!("{other:?}"),
    }
}

fn turned(x: ArrayView4<'_, Complex64>, rotation: &Rotation) -> Array4<Complex64> {
    let euler = rotation.euler_zyz();
    let mut result = x.to_owned();
    for mut signal in result.outer_iter_mut() {
        for mut channel in signal.outer_iter_mut() {
            let (a, b, c) = (euler.alpha(), euler.beta(), euler.gamma());
            let turned = rotate_coefficients(channel.view(), a, b, c).unwrap();
            channel.assign(&turned);
        }
    }
    result
}

fn number<T: std::str::FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

#[test]
fn survey() {
    let count: usize = number("COUNT", 3);
    let band_limit: usize = number("L", 3);
    let bias: f64 = number("BIAS", 0.2);
    let kind: String = number("KIND", "pooled".to_string());
    let name: String = number("ACT", "erf".to_string());
    let truth: f64 = number("TRUTH", 1e-8);
    let tightest: f64 = number("TIGHTEST", 1e-6);
    let filter: String = number("SUPPORT", "caps".to_string());
    let pairs: String = number("PAIRS", "distinct,same,copy,opposite,near,zonal".to_string());
    let activation = match &name[..] {
        "erf" => Activation::Erf,
        "relu" => Activation::Relu,
        "square" => Activation::Monomial { degree: 2 },
        "cube" => Activation::Monomial { degree: 3 },
        "gelu" => Activation::Gelu,
        other => panic!("{other}"),
    };
    let wide = Support::legendre(&[1.0, 1e-14]);
    let supports = match &filter[..] {
        "caps" => vec![Support::cap(0.9), Support::cap(0.7)],
        "three" => vec![Support::cap(0.9), Support::cap(0.7), Support::gaussian(0.3)],
        "small" => vec![Support::cap(0.4), Support::cap(0.5)],
        "ring" => vec![Support::ring(0.3, 0.9), Support::gaussian(0.3)],
        "wide" => vec![wide.clone(), wide],
        other => panic!("{other}"),
    };
    let exact_supports = if filter == "wide" { vec![Support::Global; 2] } else { supports.clone() };
    let outputs = match &kind[..] {
        "pooled" => Outputs::Pooled,
        "points" => Outputs::points(&[[0.0, 0.0], [0.7, 1.0], [0.72, 1.05]]),
        "rotations" => Outputs::rotations(&[[0.0, 0.0, 0.0], [0.3, 0.7, 1.0], [0.31, 0.69, 1.02], [0.3, 0.7, 2.0]]),
        other => panic!("{other}"),
    };
    let make = |tolerance| kernel(band_limit, &activation, &supports, bias, &outputs, tolerance);
    let exact = kernel(band_limit, &activation, &exact_supports, bias, &outputs, truth);
    let mut rng = ChaCha8Rng::seed_from_u64(number("SEED", 1));
    let all = signals::random_signals(&mut rng, [2 * count, 2, band_limit], 1);
    let tolerances: Vec<f64> = (2..10).map(|k| 10f64.powi(-k)).filter(|t| *t > 0.99 * tightest).collect();
    let kernels: Vec<Kernel> = tolerances.iter().map(|&t| make(t)).collect();
    for pair in pairs.split(',') {
        let mut worst = vec![[0.0_f64; 2]; tolerances.len()];
        let mut violations = 0;
        let mut entries = 0;
        let start = Instant::now();
        for i in 0..count {
            let mut a = all.select(Axis(0), &[2 * i]);
            let other = all.select(Axis(0), &[2 * i + 1]);
            let rotation = Rotation::random(&mut rng);
            if pair == "zonal" {
                for m in (0..2 * band_limit - 1).filter(|&m| m != band_limit - 1) {
                    a.index_axis_mut(Axis(3), m).fill(Complex64::ZERO);
                }
                a = turned(a.view(), &Rotation::random(&mut rng));
            }
            let b = match pair {
                "distinct" => other,
                "same" => a.clone(),
                "copy" | "zonal" => turned(a.view(), &rotation),
                "opposite" => turned(a.mapv(|v| -v).view(), &rotation),
                "near" => turned((&a + &(other * Complex64::new(0.1, 0.0))).view(), &rotation),
                _ => panic!("{pair}"),
            };
            let run = |kernel: &Kernel| {
                if pair == "same" { kernel.gram(a.view()) } else { kernel.cross(a.view(), b.view()) }
            };
            let want = match run(&exact) {
                Ok(want) => want,
                Err(error) => {
                    println!("{pair} {i}: {error}");
                    continue;
                }
            };
            for (k, kernel) in kernels.iter().enumerate() {
                let found = match run(kernel) {
                    Ok(found) => found,
                    Err(error) => {
                        println!("{pair} {i} {:e}: {error}", tolerances[k]);
                        continue;
                    }
                };
                let values = [(&found.nngp, &want.nngp), (&found.ntk, &want.ntk)];
                for (side, (f, w)) in values.into_iter().enumerate() {
                    for ((index, f), w) in f.indexed_iter().zip(w) {
                        let claim = claimed(&found)[side][index];
                        let uncertain = claimed(&want)[side][index] + 1e-13 * w.abs();
                        let error = (f - w).abs();
                        entries += 1;
                        let ratio = (error - uncertain).max(0.0) / claim;
                        worst[k][0] = worst[k][0].max(ratio);
                        worst[k][1] = worst[k][1].max(error / w.abs() / tolerances[k]);
                        if error > claim + uncertain {
                            violations += 1;
                            if violations <= 6 {
                                println!("  VIOLATION {pair} {i} side {side} {index:?} tol {:e}: error {error:.2e} claim {claim:.2e} truth ±{uncertain:.1e} value {w:.4}", tolerances[k]);
                            }
                        }
                    }
                }
            }
        }
        let list: Vec<String> = worst.iter().map(|[a, b]| format!("{a:.2}/{b:.2}")).collect();
        println!("{kind} {name} {filter} L{band_limit} {pair}: {violations} of {entries}; true/claimed, true/tolerance by tolerance {}; {:?}", list.join(" "), start.elapsed());
    }
}

/// Behind a partial pooling the kernel of a signal with itself at one point is a mean over turns ω with a kink at ω = 0. It is
/// smooth in between, so that Gauss–Legendre nodes and kernels at rotations, which know no mean over ω, say what it is.
#[test]
fn kinks_at_points() {
    let rule = nested::gauss_legendre(40, [0.0, std::f64::consts::TAU]);
    let point = [0.7, 1.0];
    let mut places = vec![[point[1], point[0], 0.0]];
    places.extend(rule.iter().map(|(omega, _)| [point[1], point[0], *omega]));
    let supports = [Support::cap(0.9), Support::cap(0.7)];
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let count = number("COUNT", 4);
    let x = signals::random_signals(&mut rng, [count, 2, 3], 1);
    let at = |outputs: &Outputs, tolerance| kernel(3, &Activation::Relu, &supports, 0.2, outputs, tolerance);
    let turns = at(&Outputs::rotations(&places), 1e-9);
    let points = Outputs::points(&[point]);
    for i in 0..count {
        let signal = x.select(Axis(0), &[i]);
        let gram = turns.gram(signal.view()).unwrap();
        let mean = |k: &Array2<f64>| -> f64 {
            rule.iter().enumerate().map(|(n, (_, w))| w * k[[0, n + 1]] / std::f64::consts::TAU).sum()
        };
        let want = [mean(&gram.nngp), mean(&gram.ntk)];
        for tolerance in [1e-3, 1e-4, 1e-5, 1e-6] {
            let start = Instant::now();
            match at(&points, tolerance).gram(signal.view()) {
                Ok(found) => {
                    for (side, k) in [&found.nngp, &found.ntk].into_iter().enumerate() {
                        let claim = claimed(&found)[side][[0, 0]];
                        println!("{i} {tolerance:e} side {side}: value {:.6} error {:.1e} claim {claim:.1e} {:?}", want[side], (k[[0,0]] - want[side]).abs(), start.elapsed());
                    }
                }
                Err(error) => println!("{i} {tolerance:e}: {error} {:?}", start.elapsed()),
            }
        }
    }
}
