//! Networks of finite width: reproducible, differentiable, exactly equivariant; what they refuse.

use crate::common::close::relative_difference as difference;
use crate::common::signals;
use crate::common::tol::finite_width as tol;

use std::f64::consts::SQRT_2;

use crate::common::rotated_signals::rotated;
use haarmonic::Error;
use haarmonic::activation::{Activation, Elementwise};
use haarmonic::finite_width::candle_core::{DType, Tensor};
use haarmonic::finite_width::{EmpiricalKernel, FiniteNetwork, Width};
use haarmonic::group::{EulerZyz, FiniteAction, PlanarSymmetry, PointGroup, Rotation};
use haarmonic::kernel::Signals;
use haarmonic::network::{
    AveragePooling, Filter, Init, Network, Outputs, Padding, Quadrature, SphereSampling,
};
use ndarray::{Array2, Array3, Array4, Axis};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn finite(network: &Network, width: usize, dtype: DType) -> FiniteNetwork {
    FiniteNetwork::new(network, Width::new(width, 2), 11, dtype).unwrap()
}

fn outputs<'a>(network: &FiniteNetwork, signals: impl Into<Signals<'a>>) -> Vec<f64> {
    network.outputs(signals).unwrap().into_iter().collect()
}

fn mlp(activation: Activation) -> Network {
    Network::vector(3)
        .dense(Init::new(1.2, 0.3))
        .activation(activation.clone())
        .dense(Init::new(1.1, 0.2))
        .residual(|block| block.activation(activation).dense(Init::default()))
        .activation(Activation::Sin)
        .dense(Init::new(0.8, 0.1))
        .build()
        .unwrap()
}

fn vectors() -> Array2<f64> {
    Array2::from_shape_fn((4, 3), |(i, j)| ((3 * i + 5 * j * j) as f64).sin())
}

fn activations() -> Vec<Activation> {
    let tanh = |x: f64| x.tanh();
    let slope = |x: f64| 1.0 - x.tanh().powi(2);
    vec![
        Activation::Relu,
        Activation::LeakyRelu { slope: 0.3 },
        Activation::Abs,
        Activation::Erf,
        Activation::Gelu,
        Activation::Sin,
        Activation::Cos,
        Activation::Exp,
        Activation::Gaussian,
        Activation::SigmoidLike,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Softplus,
        Activation::Silu,
        Activation::Elu { slope: 0.6 },
        Activation::Monomial { degree: 3 },
        Activation::RectifiedMonomial { degree: 2 },
        Activation::Hermite { degree: 4 },
        Activation::Elementwise(Elementwise::new("tanh", 32, tanh, slope).unwrap()),
    ]
}

/// The network σ(x), against formulas written out.
#[test]
fn activations_are_those_of_their_formulas() {
    type Function = Box<dyn Fn(f64) -> f64>;
    let cdf = |x: f64| 0.5 + 0.5 * libm::erf(x / SQRT_2);
    let mut cases: Vec<(Activation, Function)> = vec![
        (
            Activation::Relu,
            Box::new(|x| if x > 0.0 { x } else { 0.0 }),
        ),
        (
            Activation::LeakyRelu { slope: 0.3 },
            Box::new(|x| if x > 0.0 { x } else { 0.3 * x }),
        ),
        (Activation::Abs, Box::new(|x| (x * x).sqrt())),
        (Activation::Sign, Box::new(|x| x / (x * x).sqrt())),
        (Activation::Erf, Box::new(libm::erf)),
        (Activation::Gelu, Box::new(move |x| x * cdf(x))),
        (Activation::Sin, Box::new(f64::sin)),
        (Activation::Cos, Box::new(f64::cos)),
        (Activation::Exp, Box::new(f64::exp)),
        (Activation::Gaussian, Box::new(|x| (-x * x).exp())),
        (
            Activation::Tanh,
            Box::new(|x: f64| (x.exp() - (-x).exp()) / (x.exp() + (-x).exp())),
        ),
        (
            Activation::Sigmoid,
            Box::new(|x: f64| 1.0 / (1.0 + (-x).exp())),
        ),
        (
            Activation::Softplus,
            Box::new(|x: f64| (1.0 + x.exp()).ln()),
        ),
        (Activation::Silu, Box::new(|x: f64| x / (1.0 + (-x).exp()))),
        (
            Activation::Elu { slope: 0.6 },
            Box::new(|x: f64| if x > 0.0 { x } else { 0.6 * (x.exp() - 1.0) }),
        ),
        // The width that is nearest to the logistic function.
        (
            Activation::SigmoidLike,
            Box::new(|x| 0.5 + 0.5 * libm::erf(x / 2.4020563531719796)),
        ),
        (Activation::Monomial { degree: 3 }, Box::new(|x| x * x * x)),
        (
            Activation::RectifiedMonomial { degree: 2 },
            Box::new(|x| if x > 0.0 { x * x } else { 0.0 }),
        ),
    ];
    let hermite: [fn(f64) -> f64; 5] = [
        |_| 1.0,
        |x| x,
        |x| (x * x - 1.0) / SQRT_2,
        |x| (x.powi(3) - 3.0 * x) / 6f64.sqrt(),
        |x| (x.powi(4) - 6.0 * x * x + 3.0) / 24f64.sqrt(),
    ];
    for (degree, formula) in (0..).zip(hermite) {
        cases.push((Activation::Hermite { degree }, Box::new(formula)));
    }
    let x = Array2::from_shape_vec((5, 1), vec![-2.3, -0.7, 0.1, 0.9, 1.8]).unwrap();
    for (activation, formula) in cases {
        let network = Network::vector(1)
            .dense(Init::new(1.0, 0.0))
            .activation(activation.clone())
            .dense(Init::new(1.0, 0.0))
            .build()
            .unwrap();
        let network = FiniteNetwork::new(&network, Width::new(1, 1), 0, DType::F64).unwrap();
        let ones: Vec<Tensor> = (network.parameters().iter())
            .map(|p| p.ones_like().unwrap())
            .collect();
        network.set_parameters(&ones).unwrap();
        let found = outputs(&network, x.view());
        let want: Vec<f64> = x.iter().map(|&x| formula(x)).collect();
        let change = difference(&found, &want);
        assert!(change < tol::FORMULA, "{activation}: {change:e}");
    }
}

/// Along a direction in which all parameters move.
#[test]
fn gradients_are_limits_of_differences() {
    for activation in activations() {
        let network = finite(&mlp(activation.clone()), 5, DType::F64);
        let inputs = network.prepare(vectors().view()).unwrap();
        let loss = |network: &FiniteNetwork| {
            let outputs = network.forward(&inputs).unwrap();
            outputs.sqr().unwrap().sum_all().unwrap()
        };
        let start: Vec<Tensor> = network
            .parameters()
            .iter()
            // Small ones: exponentials of exponentials have large third derivatives.
            .map(|p| (p.as_tensor() * 0.3).unwrap())
            .collect();
        network.set_parameters(&start).unwrap();
        let gradients = loss(&network).backward().unwrap();
        let direction: Vec<Tensor> = start
            .iter()
            .map(|p| (p * 3.0).unwrap().sin().unwrap())
            .collect();
        let number = |tensor: &Tensor| tensor.to_scalar::<f64>().unwrap();
        let slope: f64 = network
            .parameters()
            .iter()
            .zip(&direction)
            .map(|(p, d)| number(&(gradients.get(p).unwrap() * d).unwrap().sum_all().unwrap()))
            .sum();
        let moved = |step: f64| {
            let moved = start
                .iter()
                .zip(&direction)
                .map(|(p, d)| (p + (d * step).unwrap()).unwrap());
            network.set_parameters(&moved.collect::<Vec<_>>()).unwrap();
            number(&loss(&network))
        };
        let want = (moved(tol::STEP) - moved(-tol::STEP)) / (2.0 * tol::STEP);
        let error = (slope / want - 1.0).abs();
        assert!(
            error < tol::DIFFERENCE,
            "{activation}: {slope} {want}, off by {error:e}"
        );
    }
}

#[test]
fn derivatives_at_kinks_are_means() {
    let network = |activation: Activation| {
        Network::vector(1)
            .dense(Init::default())
            .activation(activation)
            .build()
            .unwrap()
    };
    for (activation, want) in [
        (Activation::Relu, 0.5),
        (Activation::LeakyRelu { slope: 0.5 }, 0.75),
        (Activation::Abs, 0.0),
        (Activation::Sign, 0.0),
        (Activation::RectifiedMonomial { degree: 1 }, 0.5),
    ] {
        let network =
            FiniteNetwork::new(&network(activation), Width::new(1, 1), 0, DType::F64).unwrap();
        network
            .set_parameters(&[Tensor::new(&[[0.0_f64]], network.parameters()[0].device()).unwrap()])
            .unwrap();
        let inputs = network.prepare(ndarray::array![[1.0]].view()).unwrap();
        let gradients = network
            .forward(&inputs)
            .unwrap()
            .sum_all()
            .unwrap()
            .backward()
            .unwrap();
        let slope = gradients.get(&network.parameters()[0]).unwrap();
        assert_eq!(slope.to_vec2::<f64>().unwrap(), [[want]]);
    }
}

#[test]
fn parameters_depend_on_the_seed_alone() {
    let network = mlp(Activation::Erf);
    let [double, single] = [DType::F64, DType::F32].map(|dtype| finite(&network, 20, dtype));
    let values = outputs(&double, vectors().view());
    assert!(difference(outputs(&single, vectors().view()), &values) < tol::SINGLE);
    let again = double.reinitialised(11).unwrap();
    assert_eq!(outputs(&again, vectors().view()), values);
    let other = double.reinitialised(12).unwrap();
    assert!(difference(outputs(&other, vectors().view()), &values) > tol::SEEN);
    assert_eq!((other.seed(), double.output_shape()), (12, [1, 2]));
    let names = [
        "0.weight",
        "0.bias",
        "2.weight",
        "2.bias",
        "3.branch.1.weight",
        "5.weight",
        "5.bias",
    ];
    assert_eq!(double.names(), names);
    assert_eq!(
        double.parameter_count(),
        4 * 20 + 21 * 20 + 20 * 20 + 21 * 2
    );
    // Values of one network in another, and a clone that shares them.
    let clone = other.clone();
    let taken: Vec<Tensor> = double
        .parameters()
        .iter()
        .map(|p| p.as_tensor().clone())
        .collect();
    other.set_parameters(&taken).unwrap();
    assert_eq!(outputs(&clone, vectors().view()), values);
    assert_eq!(outputs(&double, vectors().view()), values);
}

fn images() -> Array4<f64> {
    Array4::from_shape_fn((2, 6, 6, 2), |(n, y, x, c)| {
        ((n + 3 * y + 5 * x * x + 7 * c) as f64).sin()
    })
}

fn planar(group: PointGroup, filter: Filter) -> Network {
    Network::plane(6, 6, 2)
        .lifting(group, filter.clone(), Init::new(1.2, 0.3))
        .activation(Activation::Relu)
        .group_convolution(filter, Init::new(1.1, 0.2))
        .activation(Activation::Relu)
        .group_pooling()
        .dense(Init::default())
        .build()
        .unwrap()
}

#[test]
fn planar_networks_are_equivariant() {
    let turned = |s: PlanarSymmetry| {
        let mut turned = images();
        for (mut image, original) in turned.outer_iter_mut().zip(images().outer_iter()) {
            image.assign(&s.transform(original).unwrap());
        }
        turned
    };
    let filters = [Padding::Valid, Padding::Same, Padding::Circular].map(|p| Filter::window(3, p));
    for filter in filters.into_iter().chain([Filter::Global]) {
        for group in PointGroup::ALL {
            let network = finite(&planar(group, filter.clone()), 4, DType::F64);
            let want = outputs(&network, images().view());
            for s in PointGroup::D4.elements() {
                let change = difference(outputs(&network, turned(*s).view()), &want);
                if group.contains(*s) {
                    assert!(change < tol::ROUNDING, "{group}{filter} {s:?}: {change:e}");
                } else {
                    assert!(
                        change > tol::SEEN,
                        "{group}{filter} does not see {s:?}: {change:e}"
                    );
                }
            }
        }
    }
}

#[test]
fn strided_and_pooled_networks_are_equivariant() {
    let turned = |s: PlanarSymmetry| {
        let mut turned = images();
        for (mut image, original) in turned.outer_iter_mut().zip(images().outer_iter()) {
            image.assign(&s.transform(original).unwrap());
        }
        turned
    };
    let same = |size| Filter::window(size, Padding::Same);
    let init = Init::new(1.2, 0.3);
    for group in PointGroup::ALL {
        let network = Network::plane(6, 6, 2)
            .lifting(group, same(3), init)
            .activation(Activation::Relu)
            .sum(
                |branch| {
                    branch.group_convolution(Filter::strided_window(5, 3, Padding::Same), init)
                },
                |shortcut| {
                    shortcut
                        .average_pooling(AveragePooling::new(3))
                        .group_convolution(same(1), init)
                },
            )
            .activation(Activation::Relu)
            .group_pooling()
            .build()
            .unwrap();
        let network = finite(&network, 4, DType::F64);
        let want = outputs(&network, images().view());
        for s in PointGroup::D4.elements() {
            let change = difference(outputs(&network, turned(*s).view()), &want);
            if group.contains(*s) {
                assert!(change < tol::ROUNDING, "{group} {s:?}: {change:e}");
            } else {
                assert!(change > tol::SEEN, "{group} does not see {s:?}: {change:e}");
            }
        }
    }
}

/// The reflections do not commute with the turns: the order of products matters.
#[test]
fn networks_on_finite_groups_are_invariant() {
    let action = FiniteAction::dihedral(5).unwrap();
    let network = Network::finite(action.clone(), 2)
        .lifting(Filter::subset(&[0, 1]), Init::new(1.2, 0.3))
        .activation(Activation::Relu)
        .group_convolution(Filter::subset(&[0, 1, 5]), Init::new(1.1, 0.2))
        .activation(Activation::Relu)
        .group_pooling()
        .dense(Init::default())
        .build()
        .unwrap();
    let network = finite(&network, 4, DType::F64);
    let points = Array3::from_shape_fn((3, 5, 2), |(n, x, c)| {
        ((2 * n + x * x + 7 * c) as f64).cos()
    });
    let want = outputs(&network, points.view());
    let moved = |image: &dyn Fn(usize) -> usize| {
        let mut moved = points.clone();
        for ((n, x, c), value) in points.indexed_iter() {
            moved[[n, image(x), c]] = *value;
        }
        difference(outputs(&network, moved.view()), &want)
    };
    for g in 0..action.order() {
        let change = moved(&|x| action.image(g, x));
        assert!(change < tol::ROUNDING, "{g}: {change:e}");
    }
    // Two points exchanged: no element of the group.
    let change = moved(&|x| [1, 0, 2, 3, 4][x]);
    assert!(change > tol::SEEN, "{change:e}");
}

fn spherical(filter: Filter, activation: Activation, band_limits: [usize; 2]) -> Network {
    Network::sphere(band_limits[0], SphereSampling::Coefficients, 2)
        .lifting_with(filter.clone(), Init::new(1.2, 0.3))
        .activation(activation.clone())
        .group_convolution_with(filter, Init::new(1.1, 0.2))
        .activation(activation)
        .group_pooling()
        .dense(Init::default())
        .build()
        .unwrap()
        .with_quadrature(Quadrature::BandLimit(band_limits[1]))
        .unwrap()
}

fn spherical_signals(band_limit: usize) -> Array4<Complex64> {
    signals::random_signals(&mut ChaCha8Rng::seed_from_u64(5), [3, 2, band_limit], 0)
}

fn rotation() -> Rotation {
    Rotation::from(EulerZyz::new(0.4, 1.1, 2.3).unwrap())
}

/// Squares of features have twice the degree: nothing is lost, and sums over the grid are exact.
#[test]
fn polynomial_networks_on_the_sphere_are_invariant() {
    let signals = spherical_signals(2);
    for filter in [Filter::Global, Filter::cap(0.8)] {
        let network = spherical(filter, Activation::Monomial { degree: 2 }, [2, 3]);
        let network = finite(&network, 4, DType::F64);
        let want = outputs(&network, signals.view());
        let found = outputs(&network, rotated(signals.view(), &rotation()).view());
        let change = difference(&found, &want);
        assert!(change < tol::ROUNDING, "{change:e}");
    }
}

#[test]
fn networks_on_the_sphere_are_invariant_up_to_their_quadrature() {
    let signals = spherical_signals(3);
    let turned = rotated(signals.view(), &rotation());
    for (band_limit, tolerance) in tol::TURNED {
        for filter in [Filter::Global, Filter::cap(0.8)] {
            let network = spherical(filter.clone(), Activation::Erf, [3, band_limit]);
            let network = finite(&network, 8, DType::F64);
            let want = outputs(&network, signals.view());
            let change = difference(outputs(&network, turned.view()), &want);
            println!("M = {band_limit}{filter}: {change:.2e}");
            assert!(change < tolerance, "M = {band_limit}{filter}: {change:e}");
        }
    }
}

/// The features of Rf at Rg are those of f at g: exactly, where only polynomials come before.
#[test]
fn features_at_places_turn_with_the_signal() {
    let signals = spherical_signals(2);
    let turn = rotation();
    let turned = rotated(signals.view(), &turn);
    let start = || {
        Network::sphere(2, SphereSampling::Coefficients, 2)
            .quadrature(Quadrature::BandLimit(3))
            .lifting_with(Filter::cap(0.8), Init::new(1.2, 0.3))
            .activation(Activation::Monomial { degree: 2 })
            .group_convolution_with(Filter::cap(1.1), Init::new(1.1, 0.2))
    };
    let places = [[0.3, 0.8, -0.5], [2.0, 1.9, 0.7]];
    let moved = places.map(|[a, b, c]| {
        let euler = turn
            .compose(&Rotation::from(EulerZyz::new(a, b, c).unwrap()))
            .euler_zyz();
        [euler.alpha(), euler.beta(), euler.gamma()]
    });
    let at = |places: &[[f64; 3]]| {
        let network = start().activation(Activation::Erf).dense(Init::default());
        finite(
            &network.outputs(Outputs::rotations(places)).build().unwrap(),
            4,
            DType::F64,
        )
    };
    let want = outputs(&at(&places), signals.view());
    assert_eq!(at(&places).output_shape(), [2, 2]);
    let change = difference(outputs(&at(&moved), turned.view()), &want);
    assert!(change < tol::ROUNDING, "{change:e}");
    // Behind a mean about the filter's axis only the point matters; the cubes of the square have too many degrees for
    // the ring of three times two angles less one, squares do not.
    let at = |places: &[[f64; 3]]| {
        let points: Vec<[f64; 2]> = places.iter().map(|[a, b, _]| [*b, *a]).collect();
        let network = start()
            .activation(Activation::Monomial { degree: 2 })
            .partial_pooling();
        let network = network
            .dense(Init::default())
            .outputs(Outputs::points(&points));
        finite(&network.build().unwrap(), 4, DType::F64)
    };
    let want = outputs(&at(&places), signals.view());
    let change = difference(outputs(&at(&moved), turned.view()), &want);
    assert!(change < tol::ROUNDING, "{change:e}");
}

#[test]
fn blocks_give_the_same_kernels() {
    let network = finite(&mlp(Activation::Erf), 6, DType::F64);
    let inputs = network.prepare(vectors().view()).unwrap();
    let whole = EmpiricalKernel::default().gram(&network, &inputs).unwrap();
    let cross = EmpiricalKernel::default()
        .cross(&network, &inputs, &inputs)
        .unwrap();
    let one = 2 * 8 * network.parameter_count();
    for memory in [3 * one, 7 * one] {
        let blocks = EmpiricalKernel::with_memory(memory)
            .gram(&network, &inputs)
            .unwrap();
        for (found, want) in [(&blocks, &whole), (&cross, &whole)] {
            for (found, want) in [(&found.ntk, &want.ntk), (&found.nngp, &want.nngp)] {
                let [found, want] = [found, want].map(|a| a.iter().copied().collect::<Vec<_>>());
                assert!(difference(&found, &want) < tol::ROUNDING);
            }
        }
    }
    let error = EmpiricalKernel::with_memory(one)
        .gram(&network, &inputs)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("memory for an empirical kernel"),
        "{error}"
    );
    let error = EmpiricalKernel::default()
        .estimate(&network, &inputs, 0..1)
        .unwrap_err();
    assert!(error.to_string().contains("at least 2"), "{error}");
}

/// A layer without activation has its kernel at any width: $`x \cdot x' \sigma_w^2 / 3 + \sigma_b^2`$, for any number of outputs.
#[test]
fn tangent_kernels_are_means_over_the_outputs() {
    let network = Network::vector(3)
        .dense(Init::new(1.2, 0.3))
        .build()
        .unwrap();
    let x = vectors();
    let want = x.dot(&x.t()).mapv(|p| 1.44 * p / 3.0 + 0.09);
    for outputs in [1, 2, 5] {
        let finite = FiniteNetwork::new(&network, Width::new(4, outputs), 2, DType::F64).unwrap();
        let inputs = finite.prepare(x.view()).unwrap();
        let found = EmpiricalKernel::default().gram(&finite, &inputs).unwrap();
        for found in [found.nngp, found.ntk] {
            let change = difference(found.as_slice().unwrap(), want.as_slice().unwrap());
            assert!(change < tol::ROUNDING, "{outputs}: {change:e}");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let network = mlp(Activation::Erf);
    let refused = |network: &Network, width, dtype, what: &str| {
        let error = FiniteNetwork::new(network, width, 0, dtype).unwrap_err();
        let words = error.to_string();
        assert!(
            matches!(error, Error::InvalidValue { .. }) && words.starts_with(what),
            "{words}"
        );
    };
    refused(
        &network,
        Width::new(0, 1),
        DType::F32,
        "number of hidden channels",
    );
    refused(
        &network,
        Width::new(1, 0),
        DType::F32,
        "number of output channels",
    );
    refused(&network, Width::new(1, 1), DType::U8, "data type");
    let last = Network::vector(3)
        .dense(Init::default())
        .residual(|block| block.activation(Activation::Erf).dense(Init::default()))
        .build()
        .unwrap();
    refused(
        &last,
        Width::new(4, 2),
        DType::F32,
        "channels after the residual sum of layer 1",
    );
    assert!(FiniteNetwork::new(&last, Width::new(4, 4), 0, DType::F32).is_ok());
    let fine = spherical(Filter::Global, Activation::Erf, [3, 17]);
    refused(
        &fine,
        Width::new(1, 1),
        DType::F32,
        "band limit of the quadrature",
    );

    let finite = finite(&network, 4, DType::F64);
    let shape = |error| matches!(error, Error::ShapeMismatch { .. });
    let mut signals = vectors();
    assert!(shape(finite.prepare(signals.t()).unwrap_err()));
    assert!(shape(
        finite
            .prepare(signals.view().insert_axis(Axis(0)))
            .unwrap_err()
    ));
    let inputs = finite.prepare(signals.view()).unwrap();
    assert!(shape(
        finite.forward(&inputs.squeeze(1).unwrap()).unwrap_err()
    ));
    let error = finite
        .forward(&inputs.to_dtype(DType::F32).unwrap())
        .unwrap_err();
    assert!(matches!(error, Error::InvalidValue { .. }));
    assert!(shape(finite.set_parameters(&[]).unwrap_err()));
    let mut values: Vec<Tensor> = finite
        .parameters()
        .iter()
        .map(|p| p.as_tensor().clone())
        .collect();
    values[0] = values[1].clone();
    let error = finite.set_parameters(&values).unwrap_err();
    assert!(
        error.to_string().starts_with("parameter 0.weight"),
        "{error}"
    );
    signals[[1, 2]] = f64::NAN;
    let error = finite.prepare(signals.view()).unwrap_err();
    assert!(matches!(error, Error::NotFinite { index, .. } if index == [1, 2]));
    let library = Error::Backend {
        library: "candle",
        message: "out of memory".into(),
    };
    assert_eq!(library.to_string(), "candle: out of memory");
}
