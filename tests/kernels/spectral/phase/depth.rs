//! Kernels of deep networks, beside the recursion of the crate and beside the laws of infinite depth.

use super::init;
use crate::common::tol::spectral as tol;
use haarmonic::Error;
use haarmonic::activation::Activation;
use haarmonic::kernel::Kernel;
use haarmonic::network::{InputSpace, Layer, Network, Quadrature};
use haarmonic::spectral::{AtDepth, DeepInputs, RepeatedBlock, critical_points};
use ndarray::{Array1, Array2, array};

/// Vectors of one length √d, from a linear congruential generator.
pub fn vectors(n: usize, dimension: usize) -> Array2<f64> {
    let mut state = 7_u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    };
    let mut x =
        Array2::from_shape_simple_fn((n, dimension), || (0..12).map(|_| uniform()).sum::<f64>());
    for mut row in x.outer_iter_mut() {
        let length = row.dot(&row).sqrt();
        row *= (dimension as f64).sqrt() / length;
    }
    x
}

/// Labels ±1 of mean zero.
fn labels(n: usize) -> Array1<f64> {
    Array1::from_shape_fn(n, |i| if i % 2 == 0 { 1.0 } else { -1.0 })
}

fn deep(block: &RepeatedBlock, depths: &[usize]) -> Vec<AtDepth> {
    let x = vectors(20, 12);
    let inputs = DeepInputs::from_gram((x.dot(&x.t()) / 12.0).view()).unwrap();
    block.at_depths(&inputs, labels(12).view(), depths).unwrap()
}

pub fn critical(activation: Activation, bias: f64) -> RepeatedBlock {
    let init = critical_points(&activation, bias).unwrap().remove(0).init;
    RepeatedBlock::new(activation, init)
}

/// Networks of a thousand blocks, through the kernels of networks.
#[test]
fn kernels_are_those_of_the_recursion() {
    let bias = 0.18_f64.sqrt();
    let residual = RepeatedBlock::new(Activation::Relu, init(0.09, 0.01)).with_shortcut();
    let ordered = RepeatedBlock::new(Activation::Erf, init(0.8, 0.18));
    let chaotic = RepeatedBlock::new(Activation::Erf, init(2.5, 0.18));
    for (block, depth) in [
        (critical(Activation::Erf, bias), 1000),
        (critical(Activation::Relu, 0.0), 1000),
        (RepeatedBlock::new(Activation::Gelu, init(0.25, 0.09)), 200),
        (residual, 1000),
        (ordered, 1000),
        (chaotic, 12),
    ] {
        let body = [
            Layer::Activation(block.activation.clone()),
            Layer::Dense(block.init),
        ];
        let mut layers = vec![Layer::Dense(block.init)];
        for _ in 0..depth {
            match block.residual {
                false => layers.extend(body.clone()),
                true => layers.push(Layer::Residual {
                    branch: body.to_vec(),
                    shortcut: vec![],
                }),
            }
        }
        let space = InputSpace::Vector { dimension: 12 };
        let network = Network::new(space, Quadrature::default(), layers).unwrap();
        assert_eq!(RepeatedBlock::of_network(&network).unwrap(), block);
        // Inputs of several lengths.
        let mut x = vectors(6, 12);
        x.row_mut(1).mapv_inplace(|x| 1.5 * x);
        x.row_mut(2).mapv_inplace(|x| 0.3 * x);
        let inputs = DeepInputs::from_gram((x.dot(&x.t()) / 12.0).view()).unwrap();
        let found = block
            .at_depths(&inputs, labels(6).view(), &[depth])
            .unwrap()
            .remove(0);
        let want = Kernel::new(&network).unwrap().gram(x.view()).unwrap();
        // The recursion of the crate carries small angles, which a kink passes on, beside the covariances.
        let tolerance = match block.activation {
            Activation::Relu => tol::THOUSAND_KINKS,
            _ => tol::THOUSAND_BLOCKS,
        };
        let scale = found.ln_scale.exp();
        for ((place, value), want) in found.ntk.indexed_iter().zip(&want.ntk) {
            let error = (value * scale - want).abs();
            assert!(
                error <= tolerance * want.abs(),
                "{block} {place:?}: {error:e}"
            );
        }
        for ((i, j), c) in found.correlations.indexed_iter() {
            let want = want.nngp[[i, j]] / (want.nngp[[i, i]] * want.nngp[[j, j]]).sqrt();
            assert!((c - want).abs() <= tolerance, "{block}");
        }
    }
}

/// Condition numbers tend to (m + 2)/2 for smooth critical networks, (m + 3)/3 with a kink; predictions fall like 1/l.
#[test]
fn critical_networks_train_at_any_depth() {
    for (block, share) in [
        (critical(Activation::Erf, 0.18_f64.sqrt()), 1.0 / 3.0),
        (critical(Activation::Relu, 0.0), 0.25),
    ] {
        let found = deep(&block, &[4000, 2000]);
        let limit = block
            .phases()
            .unwrap()
            .fixed_points
            .remove(0)
            .condition_limit(12, 1)
            .unwrap()
            .unwrap();
        assert!((limit - (1.0 + 12.0 * share / (1.0 - share))).abs() <= tol::FIXED * limit);
        assert!(
            (found[0].condition - limit).abs() <= tol::DEEP * limit,
            "{}",
            found[0].condition
        );
        let ntk = &found[0].ntk;
        assert!((ntk[[0, 1]] / ntk[[0, 0]] - share).abs() <= tol::DEEP * share);
        let slope = (found[0].predictor.unwrap() / found[1].predictor.unwrap()).log2();
        assert!((slope + 1.0).abs() <= tol::DEEP, "{slope}");
    }
}

#[test]
fn chaotic_networks_train_and_do_not_generalise() {
    let block = RepeatedBlock::new(Activation::Erf, init(2.5, 0.18));
    let point = block.phases().unwrap().fixed_points.remove(0);
    let found = deep(&block, &[60, 90, 3000]);
    assert!(found[2].condition - 1.0 <= tol::FIXED);
    // l (χ(c)/χ₁)^l
    let per_layer = |deep: &AtDepth| (deep.predictor.unwrap() / deep.depth as f64).ln();
    let rate = (per_layer(&found[1]) - per_layer(&found[0])) / 30.0;
    let want = -1.0 / point.generalisation_depth().unwrap();
    assert!(
        (rate - want).abs() <= tol::DEEP * want.abs(),
        "{rate} {want}"
    );
    // The NTK grows like χ₁^l, beyond all numbers, and its logarithm stays one.
    let growth =
        found[2].largest.ln() + found[2].ln_scale - found[1].largest.ln() - found[1].ln_scale;
    assert!((growth / 2910.0 / point.slope.ln() - 1.0).abs() <= tol::DIFFERENCE);
}

#[test]
fn ordered_networks_do_not_train() {
    let block = RepeatedBlock::new(Activation::Erf, init(0.8, 0.18));
    let point = block.phases().unwrap().fixed_points.remove(0);
    let found = deep(&block, &[20, 30, 3000]);
    // cond ~ 1/(l χ₁^l)
    let rate = (found[1].condition * 30.0 / (found[0].condition * 20.0)).ln() / 10.0;
    assert!((rate + point.slope.ln()).abs() <= tol::DEEP, "{rate}");
    assert_eq!(
        (found[2].condition, found[2].smallest, found[2].predictor),
        (f64::INFINITY, 0.0, None)
    );
    // With a kink, correlations that are 1 but for rounding must not make the kernel regular again.
    let kinked = RepeatedBlock::new(Activation::Relu, init(0.25, 0.01));
    assert_eq!(deep(&kinked, &[200])[0].condition, f64::INFINITY);
}

/// 1 − c → 9π²/2l'² with l' = lβ/(1 + β), β = σw²/2, at any σw; variances grow by 1 + β per block, beyond the range of the numbers.
#[test]
fn residual_rectifiers_are_critical() {
    for weight in [1.0, 2.5] {
        let block = RepeatedBlock::new(Activation::Relu, init(weight, 0.0)).with_shortcut();
        let found = deep(&block, &[4000, 2000]);
        let beta = 0.5 * weight;
        let depth = 4000.0 * beta / (1.0 + beta);
        let want = 4.5 * (std::f64::consts::PI / depth).powi(2);
        let gap = 1.0 - found[0].correlations[[0, 1]];
        assert!((gap / want - 1.0).abs() <= tol::DEEP, "{}", gap / want);
        assert!((found[0].condition / 5.0 - 1.0).abs() <= tol::DEEP);
        let ln = |deep: &AtDepth| deep.largest.ln() + deep.ln_scale;
        let growth = (ln(&found[0]) - ln(&found[1]) - 2.0_f64.ln()) / 2000.0;
        assert!(
            (growth - beta.ln_1p()).abs() <= 10.0 * tol::DIFFERENCE,
            "{growth}"
        );
    }
}

#[test]
fn bad_arguments_are_named() {
    let block = RepeatedBlock::new(Activation::Erf, init(1.0, 0.1));
    let gram = array![[1.0, 0.5], [0.5, 1.0]];
    let inputs = DeepInputs::from_gram(gram.view()).unwrap();
    let good = array![1.0, -1.0];
    assert_eq!(
        block.at_depths(&inputs, good.view(), &[0]).unwrap()[0].depth,
        0
    );
    assert!(matches!(
        block.at_depths(&inputs, good.view(), &[]),
        Err(Error::Empty { .. })
    ));
    let none = Array1::zeros(0);
    assert!(matches!(
        block.at_depths(&inputs, none.view(), &[1]),
        Err(Error::Empty { .. })
    ));
    let many = Array1::zeros(3);
    assert!(matches!(
        block.at_depths(&inputs, many.view(), &[1]),
        Err(Error::ShapeMismatch { .. })
    ));
    let nan = array![f64::NAN];
    assert!(matches!(
        block.at_depths(&inputs, nan.view(), &[1]),
        Err(Error::NotFinite { .. })
    ));
    let mut local = block.clone();
    local.filter = haarmonic::network::Filter::cap(0.5);
    assert!(local.at_depths(&inputs, good.view(), &[1]).is_err());
    let exploding = RepeatedBlock::new(Activation::Exp, init(1.0, 0.1));
    let error = exploding
        .at_depths(&inputs, good.view(), &[30])
        .unwrap_err();
    assert!(error.to_string().contains("in block"), "{error}");
    for bad in [
        array![[1.0, 2.0], [2.0, 1.0]],
        array![[0.0]],
        array![[1.0, f64::NAN], [0.0, 1.0]],
    ] {
        assert!(DeepInputs::from_gram(bad.view()).is_err());
    }
    assert!(DeepInputs::from_gram(Array2::zeros((2, 3)).view()).is_err());
    assert!(DeepInputs::from_gram(Array2::zeros((0, 0)).view()).is_err());
}
