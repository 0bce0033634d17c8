//! Fixed points, slopes, the line between the phases.

use super::{init, tanh};
use crate::common::naive_rotations::golden;
use crate::common::tol::spectral as tol;
use haarmonic::Error;
use haarmonic::activation::{Activation, Elementwise, Variance};
use haarmonic::network::{Filter, Init, Layer, Network, ZonalProfile};
use haarmonic::numeric::gauss_hermite::GaussHermite;
use haarmonic::spectral::{
    FixedPoint, Phase, RepeatedBlock, critical_init, critical_points, phase_diagram, phases,
};
use ndarray::Array2;
use std::f64::consts::{FRAC_2_PI, PI};

fn numbers(point: &FixedPoint) -> [f64; 5] {
    [
        point.variance,
        point.variance_slope,
        point.slope,
        point.correlation,
        point.correlation_slope,
    ]
}

fn errors(point: &FixedPoint) -> [f64; 5] {
    let error = &point.error;
    [
        error.variance,
        error.variance_slope,
        error.slope,
        error.correlation,
        error.correlation_slope,
    ]
}

fn every_activation() -> Vec<Activation> {
    vec![
        Activation::Relu,
        Activation::LeakyRelu { slope: 0.1 },
        Activation::Abs,
        Activation::Erf,
        Activation::Gelu,
        Activation::Sin,
        Activation::Cos,
        Activation::Exp,
        Activation::Gaussian,
        Activation::Sign,
        Activation::SigmoidLike,
        Activation::Monomial { degree: 2 },
        Activation::Monomial { degree: 128 },
        Activation::RectifiedMonomial { degree: 0 },
        Activation::RectifiedMonomial { degree: 3 },
        Activation::Hermite { degree: 3 },
        tanh(64),
    ]
}

/// tanh is no activation of the crate: its rows test the path of functions that are given by quadrature.
#[test]
fn numbers_are_those_of_another_program() {
    let rows: Array2<f64> = golden("spectra.npz", "phase_values");
    let names = ["erf", "erf", "erf", "tanh", "tanh", "relu", "sin"];
    for (name, row) in names.into_iter().zip(rows.outer_iter()) {
        let activation = match name {
            "tanh" => tanh(256),
            name => Activation::from_name(name, None, None).unwrap(),
        };
        let found = phases(&activation, init(row[0], row[1])).unwrap();
        assert_eq!(found.fixed_points.len(), 1);
        let point = &found.fixed_points[0];
        let both = numbers(point).into_iter().zip(errors(point));
        for (i, ((found, error), want)) in both.zip(row.iter().skip(2)).enumerate() {
            let tolerance = match (name, i) {
                ("tanh", 3..) => tol::TANH_CORRELATION,
                _ => tol::PHASE,
            };
            assert!(
                (found - want).abs() <= tolerance,
                "{name} {i}: {found} {want}"
            );
            // The stated error covers the difference, up to the digits of the list.
            let digits = if name == "tanh" {
                tolerance
            } else {
                tol::FIXED
            };
            assert!(
                (found - want).abs() <= error + digits,
                "{name} {i}: {error:e}"
            );
        }
    }
}

#[test]
fn the_line_is_that_of_another_program() {
    let rows: Array2<f64> = golden("spectra.npz", "critical_values");
    for (name, row) in ["erf", "erf", "tanh", "tanh", "sin", "sin"]
        .into_iter()
        .zip(rows.outer_iter())
    {
        let activation = match name {
            "tanh" => tanh(256),
            name => Activation::from_name(name, None, None).unwrap(),
        };
        let found = critical_points(&activation, row[0].sqrt()).unwrap();
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        let weight = found[0].init.weight_std.powi(2);
        assert!((weight - row[1]).abs() <= tol::PHASE, "{name}: {weight}");
        assert!((found[0].variance - row[2]).abs() <= tol::PHASE);
        let again = critical_init(&activation, found[0].variance)
            .unwrap()
            .unwrap();
        assert!((again.weight_std - found[0].init.weight_std).abs() <= tol::PHASE);
        assert!((again.bias_std.powi(2) - row[0]).abs() <= tol::PHASE);
    }
}

/// Numbers that can be computed by hand.
#[test]
fn closed_forms() {
    // σ = x²: Q = 3σw² q², C(c) = (1 + 2c²)/3 without bias.
    let square = Activation::Monomial { degree: 2 };
    let found = phases(&square, Init::default()).unwrap();
    let [zero, point] = &found.fixed_points[..] else {
        panic!("{found:?}")
    };
    assert_eq!((zero.variance, zero.phase), (0.0, Phase::Degenerate));
    let want = [1.0 / 3.0, 2.0, 4.0 / 3.0, 0.5, 2.0 / 3.0];
    for (found, want) in numbers(point).into_iter().zip(want) {
        assert!((found - want).abs() <= tol::FIXED, "{found} {want}");
    }
    assert_eq!(point.variance_depth(), None);
    // He₃/√6 has variances q (15 q² − 18 q + 9)/6, with fixed points 0, 1/5 and 1.
    let found = phases(&Activation::Hermite { degree: 3 }, Init::default()).unwrap();
    let variances: Vec<f64> = found
        .fixed_points
        .iter()
        .map(|point| point.variance)
        .collect();
    assert_eq!(variances.len(), 3);
    for (found, want) in variances.into_iter().zip([0.0, 0.2, 1.0]) {
        assert!((found - want).abs() <= tol::FIXED, "{found} {want}");
    }
    // The sign jumps: q = σw² + σb², C = (σw² (2/π) arcsin c + σb²)/q, and the slope at 1 is infinite.
    let [w, b] = [0.8, 0.3];
    let found = phases(&Activation::Sign, init(w, b)).unwrap();
    let point = &found.fixed_points[0];
    assert!((point.variance - (w + b)).abs() <= tol::FIXED);
    let c = point.correlation;
    assert!(((w * FRAC_2_PI * c.asin() + b) / (w + b) - c).abs() <= tol::FIXED);
    let slope = w * FRAC_2_PI / (1.0 - c * c).sqrt() / (w + b);
    assert!((point.correlation_slope - slope).abs() <= tol::FIXED);
    assert_eq!((point.slope, point.phase), (f64::INFINITY, Phase::Chaotic));
    assert_eq!(point.generalisation_depth(), Some(0.0));
    assert!(critical_points(&Activation::Sign, 0.5).unwrap().is_empty());
    // Where it is critical, erf has E σ'² = (4/π)/√(1 + 4q).
    let q: f64 = 0.7;
    let weight = critical_init(&Activation::Erf, q)
        .unwrap()
        .unwrap()
        .weight_std
        .powi(2);
    assert!((weight - PI / 4.0 * (1.0 + 4.0 * q).sqrt()).abs() <= tol::FIXED);
}

/// Both maps leave a fixed point where it is, and slopes are those of the maps.
#[test]
fn maps_leave_fixed_points_where_they_are() {
    const STEP: f64 = 1e-4;
    let mut seen = 0;
    for activation in every_activation() {
        for start in [
            init(2.25, 0.01),
            init(0.25, 0.09),
            init(1.0, 0.0),
            init(2.0, 0.0),
        ] {
            let [w, b] = [start.weight_std, start.bias_std].map(|std| std * std);
            let variance = |q: f64| w * activation.variance(q).unwrap() + b;
            for point in phases(&activation, start).unwrap().fixed_points {
                let q = point.variance;
                if q == 0.0 {
                    assert!(b == 0.0 && point.phase != Phase::Ordered);
                    continue;
                }
                let name = format!("{activation} {start} {q}");
                assert!((variance(q) - q).abs() <= tol::FIXED * q, "{name}");
                let slope =
                    (variance(q * (1.0 + STEP)) - variance(q * (1.0 - STEP))) / (2.0 * STEP * q);
                let scale = 1.0 + slope.abs().powi(3);
                assert!(
                    (point.variance_slope - slope).abs() <= tol::DIFFERENCE * scale,
                    "{name}"
                );
                let map = |c: f64| {
                    let mut k = [c * q];
                    let q = Variance::Constant(q);
                    activation.apply(q, q, &mut k, None).unwrap();
                    (w * k[0] + b) / point.variance
                };
                let c = point.correlation;
                assert!((map(c) - c).abs() <= tol::FIXED, "{name}");
                if c < 1.0 {
                    let slope = (map(c + STEP) - map(c - STEP)) / (2.0 * STEP);
                    assert!(
                        (point.correlation_slope - slope).abs() <= tol::DIFFERENCE,
                        "{name}"
                    );
                    assert!(point.correlation_slope < 1.0 && point.phase == Phase::Chaotic);
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 30);
}

/// Slopes of variances without any derivative of σ: $`v' = E[\sigma^2 (z^2 - 1)]/2q`$, by another quadrature.
#[test]
fn slopes_of_variances_are_those_of_a_quadrature() {
    let rule = GaussHermite::new(200).unwrap();
    for activation in [
        Activation::Erf,
        Activation::Gelu,
        Activation::Cos,
        Activation::Gaussian,
    ] {
        let found = phases(&activation, init(0.5, 0.1)).unwrap();
        let point = &found.fixed_points[0];
        let q = point.variance;
        let terms = rule.nodes().iter().zip(rule.weights());
        let mean: f64 = terms
            .map(|(z, w)| w * activation.value(q.sqrt() * z).powi(2) * (z * z - 1.0))
            .sum();
        assert!((point.variance_slope - 0.5 * mean / (2.0 * q)).abs() <= tol::PHASE);
    }
}

/// On the line, χ₁ is 1 at one of the fixed points, whatever the activation.
#[test]
fn networks_on_the_line_are_critical() {
    let mut seen = 0;
    for activation in every_activation() {
        for bias in [0.0, 0.05, 0.3, 1.0] {
            for critical in critical_points(&activation, bias).unwrap() {
                assert_eq!(critical.init.bias_std, bias);
                let found = phases(&activation, critical.init).unwrap().fixed_points;
                let point = found
                    .iter()
                    .find(|point| (point.variance - critical.variance).abs() <= tol::DIFFERENCE)
                    .unwrap_or_else(|| panic!("{activation} {bias}: {found:?}"));
                assert_eq!(point.phase, Phase::Critical, "{activation} {bias}");
                assert_eq!(point.correlation_depth(), Some(f64::INFINITY));
                let difference = point.variance_slope - critical.variance_slope;
                assert!(difference.abs() <= tol::DIFFERENCE, "{activation} {bias}");
                seen += 1;
            }
        }
    }
    assert!(seen > 30);
    // (1/σ'(0), 0) for smooth functions through 0, (1/√v₁, 0) for homogeneous ones, where there is no other point.
    for (activation, want) in [
        (Activation::Erf, PI.sqrt() / 2.0),
        (Activation::Sin, 1.0),
        (tanh(64), 1.0),
        (Activation::Relu, 2.0_f64.sqrt()),
        (Activation::Abs, 1.0),
    ] {
        let found = critical_points(&activation, 0.0).unwrap();
        assert_eq!(found.len(), 1);
        assert!((found[0].init.weight_std - want).abs() <= tol::FIXED);
    }
    assert!(critical_points(&Activation::Relu, 0.1).unwrap().is_empty());
}

#[test]
fn homogeneous_activations_have_a_factor() {
    let found = phases(&Activation::Relu, init(2.0, 0.0)).unwrap();
    let point = &found.fixed_points[0];
    assert_eq!(
        (point.variance, point.phase, point.contact),
        (1.0, Phase::Critical, 0.5)
    );
    assert!((found.growth.unwrap() - 1.0).abs() <= tol::FIXED);
    // Above, variances diverge; below, without bias, they vanish.
    let above = phases(&Activation::Relu, init(3.0, 0.1)).unwrap();
    assert!(above.fixed_points.is_empty() && above.attracting().is_none());
    let below = phases(&Activation::Relu, init(1.0, 0.0)).unwrap();
    assert_eq!(below.attracting().unwrap().phase, Phase::Degenerate);
    assert_eq!(below.attracting().unwrap().correlation_depth(), None);
}

/// With a few nodes the stated errors say how few.
#[test]
fn errors_of_quadratures_are_stated() {
    let start = init(2.5, 0.05);
    let exact = numbers(&phases(&tanh(256), start).unwrap().fixed_points[0]);
    for nodes in [16, 32, 64, 128] {
        let point = &phases(&tanh(nodes), start).unwrap().fixed_points[0];
        for ((found, error), want) in numbers(point).into_iter().zip(errors(point)).zip(exact) {
            assert!(
                (found - want).abs() <= error,
                "{nodes}: {found} {want} {error:e}"
            );
        }
    }
}

#[test]
fn filters_shorten_the_memory_of_modes() {
    let found = phases(&Activation::Erf, init(2.5, 0.18)).unwrap();
    let point = &found.fixed_points[0];
    let multipliers = ZonalProfile::Cap { angle: PI / 3.0 }
        .multipliers(4)
        .unwrap();
    let depths = point.mode_depths(&multipliers).unwrap();
    assert!((depths[0] - point.correlation_depth().unwrap()).abs() <= tol::FIXED * depths[0]);
    for (depth, a) in depths.iter().zip(&multipliers) {
        assert!(
            (depth + 1.0 / (point.correlation_slope * a.abs()).ln()).abs() <= tol::FIXED * depth
        );
    }
    assert!(point.mode_depths(&[1.5]).is_err() && point.mode_depths(&[f64::NAN]).is_err());
}

#[test]
fn diagrams_hold_the_phases() {
    let (weights, biases) = ([0.5, 1.0, 1.5, 2.0], [0.05, 0.1, 0.15]);
    let diagram = phase_diagram(&Activation::Erf, &weights, &biases).unwrap();
    let point = phases(&Activation::Erf, init(1.5, 0.1))
        .unwrap()
        .fixed_points
        .remove(0);
    assert_eq!(diagram.depths[[1, 2]], point.correlation_depth());
    let [piece] = &diagram.critical[..] else {
        panic!("{:?}", diagram.critical)
    };
    assert!(piece.len() > 20);
    for &[w, b] in piece {
        let found = phases(&Activation::Erf, init(w, b)).unwrap();
        assert_eq!(found.fixed_points.last().unwrap().phase, Phase::Critical);
    }
    // ReLU has one critical point, and diverges beside it.
    let diagram = phase_diagram(&Activation::Relu, &[1.5, 2.0, 2.5], &[0.0, 0.1]).unwrap();
    assert_eq!(diagram.critical.len(), 1);
    assert_eq!(
        (diagram.depths[[1, 2]], diagram.depths[[0, 0]]),
        (None, None)
    );
    assert!(phase_diagram(&Activation::Erf, &[], &[0.1]).is_err());
    assert!(phase_diagram(&Activation::Erf, &[2.0, 1.0], &[0.1]).is_err());
    assert!(phase_diagram(&Activation::Erf, &[1.0], &[-0.1]).is_err());
}

#[test]
fn networks_repeat_a_block() {
    let layer = Init::new(1.3, 0.2);
    let readout = Init::new(1.1, 0.0);
    let mut layers = Network::vector(3)
        .dense(readout)
        .activation(Activation::Erf);
    for _ in 0..3 {
        layers = layers.dense(layer).activation(Activation::Erf);
    }
    let network = layers.clone().dense(readout).build().unwrap();
    let block = RepeatedBlock::of_network(&network).unwrap();
    assert_eq!(block, RepeatedBlock::new(Activation::Erf, layer));
    // One activation: the layer after it.
    let shallow = Network::vector(3)
        .dense(readout)
        .activation(Activation::Sin)
        .dense(layer);
    let block = RepeatedBlock::of_network(&shallow.build().unwrap()).unwrap();
    assert_eq!(block, RepeatedBlock::new(Activation::Sin, layer));
    // Filters, and residual blocks.
    let sphere = Network::sphere(4, haarmonic::network::SphereSampling::Coefficients, 1)
        .lifting(readout)
        .activation(Activation::Erf)
        .group_convolution_with(Filter::cap(0.9), layer)
        .activation(Activation::Erf)
        .group_pooling()
        .build()
        .unwrap();
    let block = RepeatedBlock::of_network(&sphere).unwrap();
    assert_eq!((block.init, block.filter), (layer, Filter::cap(0.9)));
    let residual = |branch: Vec<Layer>| {
        let block = Layer::Residual {
            branch,
            shortcut: vec![],
        };
        let layers = vec![Layer::Dense(readout), block.clone(), block];
        Network::new(network.input().clone(), network.quadrature(), layers).unwrap()
    };
    let deep = residual(vec![
        Layer::Activation(Activation::Relu),
        Layer::Dense(layer),
    ]);
    let block = RepeatedBlock::of_network(&deep).unwrap();
    assert_eq!(
        block,
        RepeatedBlock::new(Activation::Relu, layer).with_shortcut()
    );
    assert!(matches!(block.phases(), Err(Error::InvalidValue { .. })));
    // Others are refused.
    let other = layers
        .dense(readout)
        .activation(Activation::Erf)
        .dense(layer);
    let other = other.build().unwrap();
    let wide = residual(vec![
        Layer::Dense(layer),
        Layer::Activation(Activation::Relu),
        Layer::Dense(layer),
    ]);
    let linear = Network::vector(3).dense(layer).build().unwrap();
    for (network, word) in [
        (&other, "differ"),
        (&wide, "residual"),
        (&linear, "activation"),
    ] {
        let error = RepeatedBlock::of_network(network).unwrap_err().to_string();
        let word = if word == "differ" {
            "repeated block"
        } else {
            word
        };
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn bad_arguments_are_named() {
    for (w, b) in [
        (0.0, 0.1),
        (-1.0, 0.1),
        (f64::NAN, 0.1),
        (1.0, -0.1),
        (1.0, f64::INFINITY),
    ] {
        let error = phases(&Activation::Erf, Init::new(w, b)).unwrap_err();
        assert!(error.to_string().contains("standard deviation"), "{error}");
    }
    assert!(critical_points(&Activation::Erf, -1.0).is_err());
    assert!(critical_init(&Activation::Erf, 0.0).is_err());
    let steep = Activation::LeakyRelu { slope: f64::NAN };
    assert!(phases(&steep, Init::default()).is_err());
    assert!(critical_points(&steep, 0.1).is_err());
    let none = Elementwise::new("none", 8, |_| f64::NAN, |_| 0.0).unwrap();
    assert!(phases(&Activation::Elementwise(none), Init::default()).is_err());
    let point = &phases(&Activation::Erf, init(2.5, 0.18))
        .unwrap()
        .fixed_points[0];
    assert!(point.condition_limit(0, 1).is_err() && point.condition_limit(1, 0).is_err());
}
