//! Targets that are functions: regression from values at several places of each signal, and predictions that turn with the input.

use crate::common::close::assert_named_close;
use crate::common::signals;
use crate::common::tol::predict as tol;

use std::f64::consts::PI;

use crate::common::rotated_signals::rotated;
use haarmonic::Error;
use haarmonic::activation::Activation;
use haarmonic::group::Rotation;
use haarmonic::kernel::{Kernel, PreparedSignals};
use haarmonic::network::{Filter, Init, Network, Outputs, Quadrature, SphereSampling};
use haarmonic::predict::{KernelKind, KernelRidge, Kernels, Regression, Ridge, Time, fields};
use nalgebra::{DMatrix, Matrix3, Rotation3, Vector3};
use ndarray::{Array2, Array3, Array4, Axis};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const STD: [f64; 2] = [1.3, 0.4];
/// The matrices below have smaller condition numbers with this ridge.
const RIDGE: f64 = 0.01;
const CONDITION: f64 = 1000.0;

/// A constant and a linear function of x, for each channel, and where it is seen from.
struct Linear {
    terms: Vec<(f64, Vector3<f64>)>,
    frame: Matrix3<f64>,
}

/// Coefficients of band limit 2 by their definition: $`f = a + b \cdot x`$.
fn linear(coeffs: &Array4<Complex64>, signal: usize, [alpha, beta, gamma]: [f64; 3]) -> Linear {
    let z = |angle| Rotation3::from_axis_angle(&Vector3::z_axis(), angle);
    let frame = z(alpha) * Rotation3::from_axis_angle(&Vector3::y_axis(), beta) * z(gamma);
    let terms = (0..coeffs.len_of(Axis(1))).map(|c| {
        let (zonal, first) = (coeffs[[signal, c, 1, 1]].re, coeffs[[signal, c, 1, 2]]);
        let (across, along) = ((1.5 / PI).sqrt(), (0.75 / PI).sqrt());
        let b = Vector3::new(-across * first.re, across * first.im, along * zonal);
        (coeffs[[signal, c, 0, 1]].re / (4.0 * PI).sqrt(), b)
    });
    Linear {
        terms: terms.collect(),
        frame: frame.into_inner(),
    }
}

/// The NTK of lifting, erf, dense with global filters, between f(g x) and f'(g' x).
fn closed_form(f: &Linear, g: &Linear) -> f64 {
    let [weight, bias] = STD.map(|std| std * std);
    let lifted = |f: &Linear, g: &Linear| {
        let mean = f.terms.iter().zip(&g.terms).map(|((a, b), (c, d))| {
            a * c + (f.frame.transpose() * b).dot(&(g.frame.transpose() * d)) / 3.0
        });
        weight * mean.sum::<f64>() / f.terms.len() as f64 + bias
    };
    let (k, q, r) = (lifted(f, g), lifted(f, f), lifted(g, g));
    let product = (1.0 + 2.0 * q) * (1.0 + 2.0 * r);
    let nngp = 2.0 / PI * (2.0 * k / product.sqrt()).asin();
    let slope = 4.0 / PI / (product - 4.0 * k * k).sqrt();
    weight * nngp + bias + weight * slope * k
}

fn random(seed: u64, count: usize, limit: usize) -> Array4<Complex64> {
    signals::random_signals(&mut ChaCha8Rng::seed_from_u64(seed), [count, 2, limit], 0)
}

fn random_targets(shape: (usize, usize, usize)) -> Array3<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    Array3::from_shape_simple_fn(shape, || rng.random_range(-1.0..1.0))
}

#[test]
fn rows_are_signals_and_then_places() {
    let [here, there] = [
        vec![[0.1, 0.2, 0.3], [2.0, 1.3, -0.4], [-0.7, 2.9, 1.1]],
        vec![[0.5, 0.6, 0.7], [4.0, 2.1, 0.2]],
    ];
    let (train, test) = (random(1, 4, 2), random(2, 3, 2));
    let targets = random_targets((4, 3, 2));
    let init = Init::new(STD[0], STD[1]);
    let network = Network::sphere(2, SphereSampling::Coefficients, 2)
        .lifting(init)
        .activation(Activation::Erf)
        .dense(init)
        .outputs(Outputs::rotations(&here))
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap();
    let rows = kernel.prepare(train.view()).unwrap();
    assert_eq!(rows.len(), 12);
    let gram = kernel.gram_prepared(&rows).unwrap();
    let other = kernel.prepare_at(test.view(), &Outputs::rotations(&there));
    let cross = kernel.cross_prepared(&other.unwrap(), &rows).unwrap();
    let y = fields::to_rows(targets.view(), 3).unwrap();
    let model = KernelRidge::fit(gram.ntk.view(), y.view(), Ridge::Relative(RIDGE)).unwrap();
    let found = fields::from_rows(model.predict(cross.ntk.view()).unwrap(), 2).unwrap();

    // The same system from closed forms, signal by signal and place by place.
    let all = |coeffs: &Array4<Complex64>, places: &[[f64; 3]]| -> Vec<Linear> {
        let count = coeffs.len_of(Axis(0));
        let each = |i| places.iter().map(move |&place| linear(coeffs, i, place));
        (0..count).flat_map(each).collect()
    };
    let (known, wanted) = (all(&train, &here), all(&test, &there));
    let mut square = DMatrix::from_fn(12, 12, |i, j| closed_form(&known[i], &known[j]));
    let epsilon = RIDGE * square.trace() / 12.0;
    square += epsilon * DMatrix::identity(12, 12);
    let condition = square.clone().symmetric_eigenvalues();
    assert!(condition.max() < CONDITION * condition.min());
    let right = DMatrix::from_fn(12, 2, |row, j| targets[[row / 3, row % 3, j]]);
    let solved = square.lu().solve(&right).unwrap();
    let rectangle = DMatrix::from_fn(6, 12, |i, j| closed_form(&wanted[i], &known[j]));
    let mean = rectangle * solved;
    let want = Array3::from_shape_fn((3, 2, 2), |(i, place, j)| mean[(2 * i + place, j)]);
    assert_named_close("prediction", &found, &want, tol::solve(CONDITION));
}

/// Where features are read, at rotations that take the north pole to points.
fn outputs(rotations: &[Rotation], at_points: bool) -> Outputs {
    let euler = rotations.iter().map(Rotation::euler_zyz);
    let angles: Vec<_> = euler.map(|e| [e.alpha(), e.beta(), e.gamma()]).collect();
    if at_points {
        let points: Vec<_> = angles.iter().map(|a| [a[1], a[0]]).collect();
        Outputs::points(&points)
    } else {
        Outputs::rotations(&angles)
    }
}

/// Each network of an ensemble is equivariant, so that turning one side of the kernel with its places changes nothing: predictions
/// turn with the input, whatever the orientations of the training signals, at every time.
#[test]
fn predictions_turn_with_the_input() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let places: Vec<_> = (0..3).map(|_| Rotation::random(&mut rng)).collect();
    let (train, test) = (random(4, 3, 3), random(5, 2, 3));
    let y = fields::to_rows(random_targets((3, 3, 1)).view(), 3).unwrap();
    let init = Init::new(STD[0], STD[1]);
    for (at_points, quadrature, kernel_error) in [
        (false, Quadrature::BandLimit(3), f64::EPSILON),
        (true, Quadrature::Tolerance(1e-6), 1e-6),
    ] {
        let features = Network::sphere(3, SphereSampling::Coefficients, 2)
            .quadrature(quadrature)
            .lifting_with(Filter::cap(0.9), init)
            .activation(Activation::Erf)
            .group_convolution_with(Filter::cap(0.7), init)
            .activation(Activation::Erf);
        let at = outputs(&places, at_points);
        let network = if at_points {
            features.partial_pooling().dense(init).outputs(at).build()
        } else {
            features.dense(init).outputs(at).build()
        };
        let kernel = Kernel::new(&network.unwrap()).unwrap();
        let prepared = |coeffs: &Array4<Complex64>, turn: Option<Rotation>| -> PreparedSignals {
            let Some(turn) = turn else {
                return kernel.prepare(coeffs.view()).unwrap();
            };
            let places: Vec<_> = places.iter().map(|place| turn.compose(place)).collect();
            let at = outputs(&places, at_points);
            kernel
                .prepare_at(rotated(coeffs.view(), &turn).view(), &at)
                .unwrap()
        };
        let predict = |train: &PreparedSignals, test: &PreparedSignals| -> [Array2<f64>; 2] {
            let gram = kernel.gram_prepared(train).unwrap();
            let cross = kernel.cross_prepared(test, train).unwrap();
            let regression = Regression::new().ridge(Ridge::Relative(RIDGE));
            let train = Kernels::of(KernelKind::Ntk, &gram);
            [Time::Finite(20.0), Time::Infinite].map(|time| {
                let model = regression.time(time).fit(train, y.view()).unwrap();
                model.predict_mean(cross.ntk.view()).unwrap()
            })
        };
        let seen = prepared(&train, None);
        let want = predict(&seen, &prepared(&test, None));
        let turn = Rotation::random(&mut rng);
        let input = predict(&seen, &prepared(&test, Some(turn)));
        let seen_elsewhere = prepared(&train, Some(Rotation::random(&mut rng)));
        let data = predict(&seen_elsewhere, &prepared(&test, None));
        // The turned signal at places that were not turned is another question.
        let fixed = predict(
            &seen,
            &kernel.prepare(rotated(test.view(), &turn).view()).unwrap(),
        );
        let tolerance = tol::from_kernels(kernel_error, CONDITION);
        for i in 0..2 {
            assert_named_close("turned input", &input[i], &want[i], tolerance);
            assert_named_close("turned training data", &data[i], &want[i], tolerance);
            let init = want[i].iter().fold(0.0, |m: f64, v| m.max(v.abs()));
            let other = (&fixed[i] - &want[i])
                .iter()
                .fold(0.0, |m: f64, v| m.max(v.abs()));
            assert!(other > 0.05 * init, "{other} {init}");
        }
    }
}

#[test]
fn wrong_shapes_and_places_are_errors() {
    let targets = random_targets((2, 3, 1));
    let shape = |error: Error| match error {
        Error::ShapeMismatch { what, found, .. } => (what, found),
        other => panic!("{other}"),
    };
    let wrong = fields::to_rows(targets.view(), 4).unwrap_err();
    assert_eq!(shape(wrong), ("targets".into(), vec![2, 3, 1]));
    let empty = fields::to_rows(Array3::zeros((2, 3, 0)).view(), 3).unwrap_err();
    assert!(matches!(empty, Error::Empty { .. }));
    for places in [0, 4] {
        let wrong = fields::from_rows(Array2::zeros((6, 2)), places).unwrap_err();
        assert_eq!(shape(wrong), ("rows of predictions".into(), vec![6, 2]));
    }
    // Column by column in memory, as a transposed matrix is.
    let rows = fields::to_rows(targets.view(), 3).unwrap();
    let columns = rows
        .clone()
        .reversed_axes()
        .as_standard_layout()
        .into_owned();
    let back = fields::from_rows(columns.reversed_axes(), 3).unwrap();
    assert_eq!(back, targets);

    let features = Network::sphere(2, SphereSampling::Coefficients, 2)
        .lifting_with(Filter::cap(0.9), Init::default())
        .activation(Activation::Erf);
    let rotations = Outputs::rotations(&[[0.0; 3], [0.1, 0.2, 0.3]]);
    let local = features.clone().outputs(rotations.clone()).build().unwrap();
    let pooled = features.group_pooling().build().unwrap();
    let signals = random(6, 3, 2);
    let prepare = |network: &Network, at: &Outputs| {
        let kernel = Kernel::new(network).unwrap();
        kernel.prepare_at(signals.view(), at).map(|rows| rows.len())
    };
    assert_eq!(prepare(&local, &rotations), Ok(6));
    for (network, at) in [
        (&local, Outputs::points(&[[0.0, 0.0]])),
        (&local, Outputs::Pooled),
        (&pooled, rotations),
    ] {
        let error = prepare(network, &at).unwrap_err();
        assert!(matches!(error, Error::InvalidNetwork { .. }), "{error}");
    }
    for bad in [[f64::NAN, 0.0, 0.0], [0.0, 4.0, 0.0]] {
        let error = prepare(&local, &Outputs::rotations(&[bad])).unwrap_err();
        assert!(matches!(error, Error::InvalidValue { .. }), "{error}");
    }
    // Targets of another number of signals.
    let kernel = Kernel::new(&local).unwrap();
    let gram = kernel.gram(signals.view()).unwrap();
    let rows = fields::to_rows(random_targets((2, 2, 1)).view(), 2).unwrap();
    let error = KernelRidge::fit(gram.ntk.view(), rows.view(), Ridge::NONE).unwrap_err();
    assert_eq!(shape(error), ("targets".into(), vec![4, 1]));
}
