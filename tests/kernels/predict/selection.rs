//! Derivatives of kernels by scales against closed forms and another order of differences; choices of ridge, scales and
//! training time against exhaustive search; costs against refitting.

use crate::common::close::assert_named_close;
use crate::common::signals;
use crate::common::tol::predict as tol;

use approx::{assert_abs_diff_eq, assert_relative_eq};
use haarmonic::Error;
use haarmonic::activation::Activation;
use haarmonic::group::PointGroup;
use haarmonic::kernel::{Kernel, KernelMatrices};
use haarmonic::network::{
    Filter, Hyperparameter, Init, Network, Padding, Quadrature, SphereSampling,
};
use haarmonic::predict::metrics::r_squared;
use haarmonic::predict::selection::{HyperparameterDerivative, HyperparameterSelection};
use haarmonic::predict::{
    Criterion, Evidence, GaussianProcess, GradientFlow, KernelKind, Kernels, Ridge, RidgePath,
    Time, ValidationCurve,
};
use ndarray::{Array2, Array4, Axis, array};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const CRITERIA: [Criterion; 3] = [
    Criterion::MarginalLikelihood,
    Criterion::LeaveOneOutProbability,
    Criterion::LeaveOneOutError,
];

fn points() -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    Array2::from_shape_fn((14, 3), |_| rng.random_range(-1.5..1.5))
}

fn targets(x: &Array2<f64>) -> Array2<f64> {
    let value =
        |i: usize, c: usize| (x[[i, 0]] + 0.3 * c as f64).sin() + 0.4 * x[[i, 1]] * x[[i, 2]];
    Array2::from_shape_fn((x.nrows(), 2), |(i, c)| value(i, c))
}

fn mlp(activation: Activation, scales: [Init; 3]) -> Network {
    Network::vector(3)
        .dense(scales[0])
        .activation(activation.clone())
        .dense(scales[1])
        .activation(activation)
        .dense(scales[2])
        .build()
        .unwrap()
}

fn gram(x: &Array2<f64>) -> impl Fn(&Network) -> haarmonic::Result<KernelMatrices> {
    move |network| Kernel::new(network)?.gram(x.view())
}

/// ReLU kernels are homogeneous in each weight scale when there are no biases: σ ∂K/∂σ = 2 K for every layer; for the NTK, with
/// Θ = Σ over layers of terms that have all squares of the scales as factors, too.
#[test]
fn homogeneous_kernels_have_their_derivatives() {
    let x = points();
    let scales = [
        Init::new(1.3, 0.0),
        Init::new(0.8, 0.0),
        Init::new(1.7, 0.0),
    ];
    let network = mlp(Activation::Relu, scales);
    let here = gram(&x)(&network).unwrap();
    for (layer, scale) in scales.iter().enumerate() {
        let found =
            HyperparameterDerivative::new(&network, Hyperparameter::Weight(layer), gram(&x))
                .unwrap();
        let factor = 2.0 / scale.weight_std;
        assert_named_close(
            "nngp",
            &found.nngp,
            &(&here.nngp * factor),
            tol::differences(),
        );
        assert_named_close("ntk", &found.ntk, &(&here.ntk * factor), tol::differences());
        assert!(found.error.nngp < tol::difference_estimate() * factor * here.nngp[[0, 0]]);
    }
    // A bias that is zero is at a minimum.
    let zero = HyperparameterDerivative::new(&network, Hyperparameter::Bias(1), gram(&x)).unwrap();
    assert!(zero.nngp.iter().chain(&zero.ntk).all(|entry| *entry == 0.0));
}

/// The last layer by hand: K = σw² E + σb² with E from a network without it, Θ = K + σw² Θ_before; and the first layer of erf by
/// Price's theorem on the closed form (2/π) asin(2k / √((1 + 2q)(1 + 2q'))).
#[test]
fn derivatives_of_biased_erf_networks() {
    let x = points();
    let scales = [
        Init::new(1.2, 0.4),
        Init::new(0.9, 0.2),
        Init::new(1.1, 0.03),
    ];
    let network = mlp(Activation::Erf, scales);
    let here = gram(&x)(&network).unwrap();
    let by_bias =
        HyperparameterDerivative::new(&network, Hyperparameter::Bias(2), gram(&x)).unwrap();
    let constant = Array2::from_elem(here.nngp.dim(), 2.0 * 0.03);
    // The bias is small beside the other scales; errors are relative to the kernel over its step.
    let slack = tol::differences() * here.ntk[[0, 0]] / 0.06;
    assert_named_close("nngp", &by_bias.nngp, &constant, slack);
    assert_named_close("ntk", &by_bias.ntk, &constant, slack);
    let by_weight =
        HyperparameterDerivative::new(&network, Hyperparameter::Weight(2), gram(&x)).unwrap();
    let want = (&here.nngp - 0.03 * 0.03) * (2.0 / 1.1);
    assert_named_close("nngp", &by_weight.nngp, &want, tol::differences());

    let one_layer = Network::vector(3)
        .dense(scales[0])
        .activation(Activation::Erf)
        .build()
        .unwrap();
    let found =
        HyperparameterDerivative::new(&one_layer, Hyperparameter::Weight(0), gram(&x)).unwrap();
    let product = x.dot(&x.t()) / 3.0;
    let covariance = |i: usize, j: usize| 1.44 * product[[i, j]] + 0.16;
    let want = Array2::from_shape_fn(product.dim(), |(i, j)| {
        let [q, r, k] = [covariance(i, i), covariance(j, j), covariance(i, j)];
        let [dq, dr, dk] = [(i, i), (j, j), (i, j)].map(|at| 2.4 * product[at]);
        let root = ((1.0 + 2.0 * q) * (1.0 + 2.0 * r)).sqrt();
        let sine = 2.0 * k / root;
        let change = 2.0 * dk / root - sine * (dq / (1.0 + 2.0 * q) + dr / (1.0 + 2.0 * r));
        std::f64::consts::FRAC_2_PI * change / (1.0 - sine * sine).sqrt()
    });
    assert_named_close("erf", &found.nngp, &want, tol::differences());
}

/// On images and on the sphere, residual blocks included: the last layer's derivatives by hand.
#[test]
fn derivatives_hold_for_every_geometry() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let images = Array4::from_shape_fn((3, 5, 5, 2), |_| rng.random_range(-1.0..1.0));
    let filter = || Filter::window(3, Padding::Same);
    let plane = Network::plane(5, 5, 2)
        .lifting(PointGroup::C4, filter(), Init::new(1.2, 0.1))
        .activation(Activation::Relu)
        .group_convolution(filter(), Init::new(0.9, 0.2))
        .activation(Activation::Relu)
        .group_pooling()
        .dense(Init::new(1.4, 0.3))
        .build()
        .unwrap();
    let kernels = |network: &Network| Kernel::new(network)?.gram(images.view());
    check_last(&plane, 2, kernels);

    let signals = signals::random_signals(&mut rng, [3, 1, 4], 0);
    let sphere = Network::sphere(4, SphereSampling::Coefficients, 1)
        .lifting(Init::new(1.2, 0.1))
        .activation(Activation::Erf)
        .group_convolution(Init::new(0.9, 0.2))
        .activation(Activation::Erf)
        .group_pooling()
        .dense(Init::new(1.4, 0.3))
        .build()
        .unwrap()
        .with_quadrature(Quadrature::BandLimit(8))
        .unwrap();
    check_last(&sphere, 2, |network: &Network| {
        Kernel::new(network)?.gram(signals.view())
    });
}

fn check_last(
    network: &Network,
    layer: usize,
    kernels: impl Fn(&Network) -> haarmonic::Result<KernelMatrices>,
) {
    let scale = network.inits()[layer];
    let here = kernels(network).unwrap();
    let found =
        HyperparameterDerivative::new(network, Hyperparameter::Weight(layer), &kernels).unwrap();
    let want = (&here.nngp - scale.bias_std.powi(2)) * (2.0 / scale.weight_std);
    assert_named_close("nngp", &found.nngp, &want, tol::differences());
    let want = (&here.ntk - scale.bias_std.powi(2)) * (2.0 / scale.weight_std);
    assert_named_close("ntk", &found.ntk, &want, tol::differences());
}

/// Costs of left-out points from refitted processes.
#[test]
fn costs_are_those_of_refitting() {
    let x = points();
    let y = targets(&x);
    let kernel = gram(&x)(&mlp(Activation::Erf, [Init::new(1.2, 0.4); 3]))
        .unwrap()
        .nngp;
    let noise = 0.05;
    let evidence = Evidence::fit(kernel.view(), y.view(), Ridge::Absolute(noise)).unwrap();
    let (n, mut squares, mut log_probability) = (y.nrows(), 0.0, 0.0);
    for i in 0..n {
        let kept: Vec<usize> = (0..n).filter(|j| *j != i).collect();
        let part = |a: &[usize], b: &[usize]| kernel.select(Axis(0), a).select(Axis(1), b);
        let posterior = GaussianProcess::fit(
            part(&kept, &kept).view(),
            y.select(Axis(0), &kept).view(),
            Ridge::Absolute(noise),
        )
        .unwrap()
        .predict(part(&[i], &kept).view(), part(&[i], &[i]).view())
        .unwrap();
        let variance = posterior.covariance[[0, 0]] + noise;
        for c in 0..2 {
            let residual = y[[i, c]] - posterior.mean[[0, c]];
            squares += residual * residual;
            log_probability -=
                0.5 * (residual * residual / variance + (std::f64::consts::TAU * variance).ln());
        }
    }
    let tolerance = tol::solve(evidence.condition());
    let near = |found: f64, want: f64| {
        assert!(
            (found - want).abs() <= tolerance * want.abs(),
            "{found} {want}"
        );
    };
    near(
        evidence.cost(Criterion::LeaveOneOutError),
        squares / (2 * n) as f64,
    );
    near(
        evidence.cost(Criterion::LeaveOneOutProbability),
        -log_probability,
    );
    let left_out = evidence.leave_one_out().unwrap();
    near(
        left_out.mean_square_error(y.view()).unwrap(),
        squares / (2 * n) as f64,
    );
    near(left_out.log_probability(y.view()).unwrap(), log_probability);
    // From the eigendecomposition, too.
    let path = RidgePath::fit(kernel.view(), y.view()).unwrap();
    for criterion in CRITERIA {
        near(
            path.cost(criterion, Ridge::Absolute(noise)).unwrap(),
            evidence.cost(criterion),
        );
    }
}

/// Along a change of the kernel and of the ridge, against differences of costs.
#[test]
fn derivatives_of_costs_are_those_of_differences() {
    let x = points();
    let y = targets(&x);
    let grams = gram(&x)(&mlp(Activation::Erf, [Init::new(1.2, 0.4); 3])).unwrap();
    let (kernel, change) = (grams.nngp, grams.ntk);
    let noise = 0.05;
    let h = 1e-4;
    let evidence = |along: f64, noise: f64| {
        let kernel = &kernel + &(&change * along);
        Evidence::fit(kernel.view(), y.view(), Ridge::Absolute(noise)).unwrap()
    };
    let fourth_order =
        |f: &dyn Fn(f64) -> f64| (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h);
    for criterion in CRITERIA {
        let along = fourth_order(&|t| evidence(t, noise).cost(criterion));
        let found = evidence(0.0, noise)
            .cost_derivative(criterion, change.view())
            .unwrap();
        assert!(
            (found - along).abs() <= tol::cost_differences() * along.abs(),
            "{criterion:?}: {found} {along}"
        );
        let by_noise = fourth_order(&|t| evidence(0.0, noise + t).cost(criterion));
        let found = evidence(0.0, noise).cost_ridge_derivative(criterion);
        assert!(
            (found - by_noise).abs() <= tol::cost_differences() * by_noise.abs(),
            "{criterion:?}: {found} {by_noise}"
        );
    }
}

/// The gradient that the search follows, by scales of a network: against differences of the evidence itself.
#[test]
fn evidence_follows_the_scales() {
    let x = points();
    let y = targets(&x);
    let network = mlp(
        Activation::Gelu,
        [
            Init::new(1.2, 0.4),
            Init::new(0.9, 0.2),
            Init::new(1.1, 0.3),
        ],
    );
    let cost = |network: &Network, kind: KernelKind| {
        let gram = gram(&x)(network).unwrap();
        let kernel = if kind == KernelKind::Nngp {
            gram.nngp
        } else {
            gram.ntk
        };
        Evidence::fit(kernel.view(), y.view(), Ridge::Absolute(0.05)).unwrap()
    };
    for kind in [KernelKind::Nngp, KernelKind::Ntk] {
        for parameter in [
            Hyperparameter::Weight(0),
            Hyperparameter::Bias(1),
            Hyperparameter::Weight(2),
        ] {
            let derivative = HyperparameterDerivative::new(&network, parameter, gram(&x)).unwrap();
            let change = if kind == KernelKind::Nngp {
                derivative.nngp
            } else {
                derivative.ntk
            };
            let h = 1e-4;
            let at = |offset: f64| {
                let mut scales = network.inits();
                let value = parameter.of(&scales) + offset;
                parameter.set(&mut scales, value);
                cost(&network.with_inits(&scales).unwrap(), kind).log_marginal_likelihood()
            };
            let want = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
            let found = cost(&network, kind).derivative(change.view()).unwrap();
            assert!(
                (found - want).abs() <= tol::cost_differences() * want.abs(),
                "{parameter:?}: {found} {want}"
            );
        }
    }
}

#[test]
fn selected_ridges_are_the_best_of_many() {
    let x = points();
    let y = targets(&x);
    let kernel = gram(&x)(&mlp(Activation::Erf, [Init::new(1.2, 0.4); 3]))
        .unwrap()
        .nngp;
    let path = RidgePath::fit(kernel.view(), y.view()).unwrap();
    for criterion in CRITERIA {
        let selected = path.select(criterion, 1e-10..=1e2).unwrap();
        let least = (0..2400)
            .map(|k| 10_f64.powf(-10.0 + k as f64 / 200.0))
            .map(|ridge| path.cost(criterion, Ridge::Relative(ridge)).unwrap())
            .fold(f64::INFINITY, f64::min);
        // Both are within a hundredth of the true one, where the cost is flat.
        assert!(
            selected.cost <= least + tol::flat() * least.abs(),
            "{criterion:?}: {selected:?} {least}"
        );
        let again = path
            .cost(criterion, Ridge::Absolute(selected.ridge))
            .unwrap();
        assert_relative_eq!(
            again,
            selected.cost,
            epsilon = 0.0,
            max_relative = tol::flat()
        );
    }
    // At the end of the range if the best lies beyond.
    let edge = path
        .select(Criterion::LeaveOneOutError, 10.0..=100.0)
        .unwrap();
    assert_relative_eq!(
        edge.relative,
        10.0,
        epsilon = 0.0,
        max_relative = tol::exact()
    );
}

#[test]
fn selected_scales_are_stationary() {
    let x = points();
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    // Without noise the best noise is none.
    let y = targets(&x).map(|y| y + rng.random_range(-0.3..0.3));
    let network = mlp(
        Activation::Erf,
        [
            Init::new(1.0, 0.3),
            Init::new(1.0, 0.3),
            Init::new(1.0, 0.3),
        ],
    );
    for (criterion, kind) in [
        (Criterion::MarginalLikelihood, KernelKind::Nngp),
        (Criterion::LeaveOneOutProbability, KernelKind::Ntk),
    ] {
        let parameters = [Hyperparameter::Weight(0), Hyperparameter::Weight(2)];
        let selected = HyperparameterSelection::new(criterion, kind)
            .parameters(&parameters)
            .noise(0.1)
            .fit(&network, y.view(), gram(&x))
            .unwrap();
        assert!(selected.converged, "{selected:?}");
        assert!(selected.cost < selected.first_cost);
        let scales = selected.network.inits();
        let cost = |factors: [f64; 3]| {
            let mut moved = scales.clone();
            moved[0].weight_std *= factors[0];
            moved[2].weight_std *= factors[1];
            let gram = gram(&x)(&network.with_inits(&moved).unwrap()).unwrap();
            let kernel = if kind == KernelKind::Nngp {
                gram.nngp
            } else {
                gram.ntk
            };
            let noise = Ridge::Relative(selected.noise * factors[2]);
            Evidence::fit(kernel.view(), y.view(), noise)
                .unwrap()
                .cost(criterion)
        };
        assert_relative_eq!(
            cost([1.0; 3]),
            selected.cost,
            epsilon = 0.0,
            max_relative = tol::flat()
        );
        // Nothing near it is better.
        for at in 0..3 {
            for factor in [0.9, 1.1] {
                let mut factors = [1.0; 3];
                factors[at] = factor;
                assert!(cost(factors) > selected.cost, "{at} {factor}");
            }
        }
        // The other scales stay.
        assert_eq!(scales[1], network.inits()[1]);
    }
}

/// Squares of such targets are out of range, and the choice does not depend on their size.
#[test]
fn selected_scales_do_not_know_the_size_of_the_targets() {
    let x = points();
    let y = targets(&x);
    let network = mlp(Activation::Erf, [Init::new(1.0, 0.3); 3]);
    let selection =
        HyperparameterSelection::new(Criterion::LeaveOneOutError, KernelKind::Nngp).iterations(5);
    let want = selection.fit(&network, y.view(), gram(&x)).unwrap();
    for exponent in [-600, -100, 300] {
        let y = &y * 2f64.powi(exponent);
        let found = selection.fit(&network, y.view(), gram(&x)).unwrap();
        assert_eq!(found.network, want.network);
        assert_eq!(found.noise, want.noise);
        assert_eq!(
            found.cost,
            want.cost * 2f64.powi(exponent) * 2f64.powi(exponent)
        );
    }
    for criterion in [Criterion::LeaveOneOutError, Criterion::MarginalLikelihood] {
        let y = &y * 2f64.powi(600);
        let selection = HyperparameterSelection::new(criterion, KernelKind::Nngp).iterations(1);
        let error = selection.fit(&network, y.view(), gram(&x)).unwrap_err();
        assert!(error.to_string().contains("beyond 1.8e308"), "{error}");
    }
}

#[test]
fn early_stopping_finds_the_minimum() {
    // One mode: the mean at the validation point is 3 (1 - e^{-t}), the target 2.
    let kernel = array![[1.0]];
    let y = array![[3.0]];
    let flow = GradientFlow::fit(Kernels::nngp(kernel.view()), y.view(), Ridge::NONE).unwrap();
    let times: Vec<Time> = (0..=40)
        .map(|k| Time::Finite(0.1 * k as f64))
        .chain([Time::Infinite])
        .collect();
    let target = array![[2.0]];
    let curve = ValidationCurve::new(&flow, kernel.view(), target.view(), &times).unwrap();
    assert_eq!(curve.best(), 11);
    for (time, error) in curve.times().iter().zip(curve.errors()) {
        let mean = match time {
            Time::Finite(t) => 3.0 * (1.0 - (-t).exp()),
            _ => 3.0,
        };
        assert_abs_diff_eq!(*error, (mean - 2.0).abs(), epsilon = tol::exact() * 3.0);
    }
    let nothing = ValidationCurve::new(&flow, kernel.view(), target.view(), &[]);
    assert!(matches!(nothing, Err(Error::Empty { .. })));
}

#[test]
fn bad_input_is_named() {
    let x = points();
    let y = targets(&x);
    let network = mlp(Activation::Erf, [Init::new(1.0, 0.0); 3]);
    let search = || HyperparameterSelection::new(Criterion::MarginalLikelihood, KernelKind::Nngp);
    let said = |error: Error| error.to_string();
    let run =
        |search: HyperparameterSelection| search.fit(&network, y.view(), gram(&x)).unwrap_err();
    assert!(said(run(search().noise(0.0))).contains("noise to begin with: found 0"));
    assert!(said(run(search().parameters(&[Hyperparameter::Bias(1)]))).contains("bias of layer 1"));
    assert!(said(run(search().parameters(&[Hyperparameter::Weight(3)]))).contains("layer 3"));
    assert!(said(run(search().parameters(&[]).fixed_noise())).contains("at least one"));
    let derivative = HyperparameterDerivative::new(&network, Hyperparameter::Weight(3), gram(&x));
    assert!(matches!(derivative, Err(Error::InvalidValue { .. })));
    let failing = |_: &Network| {
        Err(Error::Empty {
            what: "signals".into(),
        })
    };
    let error = search().fit(&network, y.view(), failing).unwrap_err();
    assert_eq!(
        error,
        Error::Empty {
            what: "signals".into()
        }
    );
    let wrong = network.with_inits(&[Init::default()]);
    assert!(matches!(wrong, Err(Error::ShapeMismatch { .. })));
    assert!(network.with_inits(&[Init::new(-1.0, 0.0); 3]).is_err());

    let kernel = Array2::eye(3);
    let path = RidgePath::fit(kernel.view(), array![[1.0], [2.0], [0.0]].view()).unwrap();
    for range in [0.0..=1.0, 2.0..=1.0, 1.0..=f64::INFINITY, f64::NAN..=1.0] {
        assert!(matches!(
            path.select(Criterion::LeaveOneOutError, range),
            Err(Error::InvalidValue { .. })
        ));
    }
    let singular = RidgePath::fit(
        Array2::ones((3, 3)).view(),
        array![[1.0], [2.0], [0.0]].view(),
    )
    .unwrap();
    let found = singular.select(Criterion::MarginalLikelihood, 1e-30..=1e-20);
    assert!(matches!(found, Err(Error::NotPositiveDefinite { .. })));
    assert!(matches!(
        r_squared(array![[1.0], [2.0]].view(), array![[3.0], [3.0]].view()),
        Err(Error::InvalidValue { .. })
    ));
}
