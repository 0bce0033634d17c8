//! Spectra of kernel matrices, beside their definitions and beside exact spectra.

use crate::common::tol::spectral as tol;
use haarmonic::Error;
use haarmonic::activation::Activation;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Init, Network};
use haarmonic::predict::{Evidence, GradientFlow, Kernels, Ridge};
use haarmonic::spectral::{EmpiricalSpectrum, LearningCurve, network_spectra};
use ndarray::{Array1, Array2, array};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn network() -> Network {
    let layer = Init::new(2.0_f64.sqrt(), 0.1_f64.sqrt());
    let hidden = Network::vector(3).dense(layer).activation(Activation::Relu);
    let hidden = hidden.dense(layer).activation(Activation::Relu);
    hidden.dense(layer).build().unwrap()
}

/// Random points of the sphere of radius √3: z is uniform.
fn points(n: usize) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut x = Array2::zeros((n, 3));
    for mut x in x.outer_iter_mut() {
        let z: f64 = 2.0 * rng.random::<f64>() - 1.0;
        let (s, phi) = (
            (1.0 - z * z).sqrt(),
            std::f64::consts::TAU * rng.random::<f64>(),
        );
        x.assign(&(3.0_f64.sqrt() * array![s * phi.cos(), s * phi.sin(), z]));
    }
    x
}

fn gram(x: &Array2<f64>) -> Array2<f64> {
    Kernel::new(&network()).unwrap().gram(x.view()).unwrap().ntk
}

/// Two outputs, of which one is a function of degree 1, and one of degree 2.
fn targets(x: &Array2<f64>) -> Array2<f64> {
    Array2::from_shape_fn((x.nrows(), 2), |(i, c)| match c {
        0 => x[[i, 2]],
        _ => x[[i, 0]] * x[[i, 1]] + 0.5,
    })
}

fn norm(matrix: &Array2<f64>) -> f64 {
    matrix.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[test]
fn diagnostics_are_their_definitions() {
    let x = points(30);
    let (kernel, y) = (gram(&x), targets(&x));
    let spectrum = EmpiricalSpectrum::new(kernel.view()).unwrap();
    let near = |found: f64, want: f64| {
        assert!(
            (found - want).abs() <= tol::MATRIX * want.abs(),
            "{found} {want}"
        );
    };
    let yy = y.dot(&y.t());
    let inner = |a: &Array2<f64>, b: &Array2<f64>| (a * b).sum();
    near(
        spectrum.alignment(y.view()).unwrap(),
        inner(&kernel, &yy) / (norm(&kernel) * norm(&yy)),
    );
    let n = 30.0;
    let centre = Array2::eye(30) - 1.0 / n;
    let centred = centre.dot(&kernel).dot(&centre);
    let yy = centre.dot(&yy).dot(&centre);
    near(
        spectrum.centred_alignment(y.view()).unwrap(),
        inner(&centred, &yy) / (norm(&centred) * norm(&yy)),
    );
    let trace = kernel.diag().sum();
    near(
        spectrum.participation_ratio(),
        (trace / norm(&kernel)).powi(2),
    );
    near(
        spectrum.trace_over_largest(),
        trace / (n * spectrum.eigenvalues[0]),
    );
    let power = spectrum.coefficients(y.view()).unwrap();
    near(norm(&power).powi(2), norm(&y).powi(2) / n);
    let cumulative = spectrum.cumulative_power(y.view()).unwrap();
    near(cumulative[29], 1.0);
    let first: f64 = power
        .rows()
        .into_iter()
        .take(5)
        .map(|row| row.dot(&row))
        .sum();
    near(cumulative[4], first * n / norm(&y).powi(2));

    // The trace and the weights of the inverse, from leave-one-out predictions: y − μ = (M⁻¹y)ᵢ/(M⁻¹)ᵢᵢ and variance 1/(M⁻¹)ᵢᵢ.
    let ridge = 0.3;
    let evidence = Evidence::fit(kernel.view(), y.view(), Ridge::Absolute(ridge)).unwrap();
    let left_out = evidence.leave_one_out().unwrap();
    let inverse = left_out.variance.mapv(|v| 1.0 / v);
    let mut square = 0.0;
    for ((i, c), y) in y.indexed_iter() {
        square += ((y - left_out.mean[[i, c]]) * inverse[i]).powi(2);
    }
    near(
        spectrum
            .generalised_cross_validation(y.view(), ridge)
            .unwrap(),
        (square / (2.0 * n)) / (inverse.sum() / n).powi(2),
    );
    // tr K (K + nδ)⁻¹ = n − nδ tr (K + nδ)⁻¹
    let delta = 0.02;
    let evidence = Evidence::fit(kernel.view(), y.view(), Ridge::Absolute(n * delta)).unwrap();
    let inverse = evidence.leave_one_out().unwrap().variance.mapv(|v| 1.0 / v);
    near(
        spectrum.effective_dimension(delta).unwrap(),
        n - n * delta * inverse.sum(),
    );
    let flow = GradientFlow::fit(Kernels::nngp(kernel.view()), y.view(), Ridge::NONE).unwrap();
    near(
        spectrum.stable_learning_rate(2),
        flow.stable_learning_rate().unwrap(),
    );
    let curve = spectrum.learning_curve(y.view()).unwrap();
    let power: Array1<f64> = power
        .rows()
        .into_iter()
        .map(|row| row.dot(&row) / 2.0)
        .collect();
    let want = LearningCurve::new(&spectrum.eigenvalues, &[1.0; 30], power.as_slice().unwrap());
    let [found, want] = [curve, want.unwrap()].map(|curve| curve.at(3.0).unwrap().test);
    near(found, want);
}

/// Sums over all eigenvalues come near those of the exact spectrum; single large ones are too large, and are marked.
#[test]
fn spectra_of_random_points_come_near_those_of_the_kernel() {
    let exact = network_spectra(&network(), 64).unwrap().ntk;
    let x = points(400);
    let spectrum = EmpiricalSpectrum::new(gram(&x).view()).unwrap();
    let ratio = spectrum.participation_ratio() / exact.participation_ratio();
    assert!((ratio - 1.0).abs() < 0.05, "{ratio}");
    let dimension = spectrum.effective_dimension(0.01).unwrap();
    let ratio = dimension / exact.effective_dimension(0.01).unwrap();
    assert!((ratio - 1.0).abs() < 0.05, "{ratio}");
    let ordered: Vec<f64> = exact
        .eigenvalues
        .iter()
        .enumerate()
        .flat_map(|(l, value)| vec![*value; 2 * l + 1])
        .collect();
    assert!((spectrum.eigenvalues[0] / ordered[0] - 1.0).abs() < 0.05);
    assert!(!spectrum.doubtful[0]);
    // Number 50 is of degree 7, and is too large by a third.
    let bias = spectrum.eigenvalues[50] / ordered[50];
    assert!((1.2..1.6).contains(&bias), "{bias}");
    assert!(spectrum.doubtful[50] && spectrum.doubtful[399]);
    // The target z has degree 1, whose eigenvalues are numbers 1 to 3.
    let y = targets(&x);
    let z = y.view().split_at(ndarray::Axis(1), 1).0;
    assert!(spectrum.cumulative_power(z).unwrap()[3] > 0.98);
}

#[test]
fn bad_arguments_are_named() {
    let kernel = array![[2.0, 1.0], [1.0, 2.0]];
    let spectrum = EmpiricalSpectrum::new(kernel.view()).unwrap();
    let invalid = |error: Error| assert!(matches!(error, Error::InvalidValue { .. }), "{error}");
    invalid(EmpiricalSpectrum::new(Array2::zeros((2, 2)).view()).unwrap_err());
    invalid(EmpiricalSpectrum::new(array![[1.0, 2.0], [0.0, 1.0]].view()).unwrap_err());
    assert!(EmpiricalSpectrum::new(Array2::zeros((0, 0)).view()).is_err());
    assert!(EmpiricalSpectrum::new(array![[1.0, f64::NAN], [0.0, 1.0]].view()).is_err());
    let error = EmpiricalSpectrum::new(array![[1.0, 2.0], [2.0, 1.0]].view()).unwrap_err();
    assert!(
        matches!(error, Error::NotPositiveDefinite { .. }),
        "{error}"
    );
    let zero = Array2::zeros((2, 1));
    invalid(spectrum.alignment(zero.view()).unwrap_err());
    invalid(
        spectrum
            .centred_alignment(Array2::ones((2, 1)).view())
            .unwrap_err(),
    );
    invalid(spectrum.cumulative_power(zero.view()).unwrap_err());
    invalid(spectrum.effective_dimension(0.0).unwrap_err());
    invalid(
        spectrum
            .generalised_cross_validation(zero.view(), -1.0)
            .unwrap_err(),
    );
    let shape = spectrum
        .coefficients(Array2::zeros((3, 1)).view())
        .unwrap_err();
    assert!(matches!(shape, Error::ShapeMismatch { .. }), "{shape}");
    let constant = EmpiricalSpectrum::new(Array2::ones((3, 3)).view()).unwrap();
    invalid(
        constant
            .centred_alignment(array![[1.0], [2.0], [3.0]].view())
            .unwrap_err(),
    );
    let y = array![[1.0], [2.0], [3.0]];
    let error = constant
        .generalised_cross_validation(y.view(), 0.0)
        .unwrap_err();
    assert!(
        matches!(error, Error::NotPositiveDefinite { .. }),
        "{error}"
    );
}
