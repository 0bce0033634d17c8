//! The selection of the parameters of any kernel: against the search over networks, against neighbours of the minimum, refusals.

use crate::common::tol::predict as tol;
use approx::assert_relative_eq;
use haarmonic::activation::Activation;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Hyperparameter, Init, Network};
use haarmonic::predict::selection::{
    HyperparameterDerivative, HyperparameterSelection, KernelSelection,
};
use haarmonic::predict::{Criterion, Evidence, KernelKind, Ridge};
use haarmonic::{Error, Result};
use ndarray::{Array2, array};
use std::cell::Cell;

const CRITERIA: [Criterion; 3] = [
    Criterion::MarginalLikelihood,
    Criterion::LeaveOneOutProbability,
    Criterion::LeaveOneOutError,
];

/// σ² exp(−d²/2κ²) on a line, θ = (ln σ, ln κ).
fn squared_exponential(theta: &[f64], x: &[f64]) -> (Array2<f64>, Vec<Array2<f64>>) {
    let n = x.len();
    let ratio = Array2::from_shape_fn((n, n), |(i, j)| ((x[i] - x[j]) / theta[1].exp()).powi(2));
    let kernel = ratio.mapv(|r| (2.0 * theta[0] - 0.5 * r).exp());
    (kernel.clone(), vec![2.0 * &kernel, &kernel * &ratio])
}

fn data() -> (Vec<f64>, Array2<f64>) {
    let x: Vec<f64> = (0..18).map(|i| 0.4 * i as f64).collect();
    let y = Array2::from_shape_fn((18, 1), |(i, _)| {
        3.0 * x[i].sin() + 0.7 * (7.0 * x[i]).cos()
    });
    (x, y)
}

/// The minimum that is found is below its neighbours in every direction, by every criterion; no call is wasted.
#[test]
fn the_minimum_is_below_its_neighbours() {
    let (x, y) = data();
    for criterion in CRITERIA {
        let calls = Cell::new(0);
        let found = KernelSelection::new(criterion)
            .fit(&[0.0, -0.5], y.view(), |theta| {
                calls.set(calls.get() + 1);
                Ok(squared_exponential(theta, &x))
            })
            .unwrap();
        assert!(
            found.converged && found.cost < found.first_cost,
            "{criterion:?}"
        );
        let cost = |theta: &[f64], noise: f64| {
            let kernel = squared_exponential(theta, &x).0;
            let evidence = Evidence::fit(kernel.view(), y.view(), Ridge::Relative(noise));
            evidence.unwrap().cost(criterion)
        };
        let [sigma, kappa] = [found.parameters[0], found.parameters[1]];
        assert_relative_eq!(
            cost(&[sigma, kappa], found.noise),
            found.cost,
            max_relative = tol::exact()
        );
        let least = found.cost - tol::flat() * found.cost.abs();
        for step in [-0.1, 0.1] {
            assert!(cost(&[sigma + step, kappa], found.noise) >= least);
            assert!(cost(&[sigma, kappa + step], found.noise) >= least);
            assert!(cost(&[sigma, kappa], found.noise * (1.0 + step)) >= least);
        }
        // Values and gradients at one θ share a call; line searches take few trials.
        assert!(
            calls.get() < 4 * (found.iterations as usize + 3),
            "{}",
            calls.get()
        );
    }
}

/// For a network, with θ the logarithms of its standard deviations, it is the search over networks.
#[test]
fn networks_are_a_special_case() {
    let network = Network::vector(1)
        .dense(Init::new(1.0, 0.5))
        .activation(Activation::Erf)
        .dense(Init::new(1.0, 0.0))
        .build()
        .unwrap();
    let (x, y) = data();
    let x = Array2::from_shape_fn((x.len(), 1), |(i, _)| x[i]);
    let gram = |network: &Network| Kernel::new(network)?.gram(x.view());
    let parameters = [
        Hyperparameter::Weight(0),
        Hyperparameter::Bias(0),
        Hyperparameter::Weight(1),
    ];
    let first: Vec<f64> = parameters
        .iter()
        .map(|p| p.of(&network.inits()).ln())
        .collect();
    let kernel = |theta: &[f64]| -> Result<(Array2<f64>, Vec<Array2<f64>>)> {
        let mut inits = network.inits();
        for (parameter, theta) in parameters.iter().zip(theta) {
            parameter.set(&mut inits, theta.exp());
        }
        let network = network.with_inits(&inits)?;
        let derivatives = parameters
            .iter()
            .map(|&parameter| {
                let derivative = HyperparameterDerivative::new(&network, parameter, gram)?;
                Ok(derivative.nngp * parameter.of(&inits))
            })
            .collect::<Result<_>>()?;
        Ok((gram(&network)?.nngp, derivatives))
    };
    let criterion = Criterion::LeaveOneOutProbability;
    let any = KernelSelection::new(criterion)
        .iterations(6)
        .fit(&first, y.view(), kernel)
        .unwrap();
    let of_networks = HyperparameterSelection::new(criterion, KernelKind::Nngp)
        .iterations(6)
        .fit(&network, y.view(), gram)
        .unwrap();
    assert_eq!(any.iterations, of_networks.iterations);
    assert_relative_eq!(
        any.cost,
        of_networks.cost,
        max_relative = tol::cost_differences()
    );
    let inits = of_networks.network.inits();
    for (parameter, theta) in parameters.iter().zip(&any.parameters) {
        assert_relative_eq!(
            theta.exp(),
            parameter.of(&inits),
            max_relative = tol::evidence_differences()
        );
    }
}

/// The noise alone, a fixed noise, and a search that its number of steps ends.
#[test]
fn parts_can_be_fixed() {
    let (x, y) = data();
    let kernel = |theta: &[f64]| Ok(squared_exponential(theta, &x));
    let selection = KernelSelection::new(Criterion::MarginalLikelihood);
    let fixed = selection
        .clone()
        .noise(0.3)
        .fixed_noise()
        .fit(&[0.0, 0.0], y.view(), kernel)
        .unwrap();
    assert_eq!(fixed.noise, 0.3);
    let short = selection
        .clone()
        .iterations(1)
        .fit(&[0.0, 0.0], y.view(), kernel)
        .unwrap();
    assert!(short.iterations == 1 && !short.converged);
    let only = selection
        .fit(&[], y.view(), |_| {
            Ok((squared_exponential(&[1.0, 0.0], &x).0, vec![]))
        })
        .unwrap();
    assert!(only.parameters.is_empty() && only.noise != 1e-2);
}

#[test]
fn bad_searches_are_refused() {
    let (x, y) = data();
    let kernel = |theta: &[f64]| Ok(squared_exponential(theta, &x));
    let selection = KernelSelection::new(Criterion::MarginalLikelihood);
    for noise in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let result = selection
            .clone()
            .noise(noise)
            .fit(&[0.0, 0.0], y.view(), kernel);
        assert!(matches!(result, Err(Error::InvalidValue { .. })), "{noise}");
    }
    let result = selection.fit(&[0.0, f64::NAN], y.view(), kernel);
    assert_eq!(
        result,
        Err(Error::not_finite("parameters to begin with", vec![1]))
    );
    let result = selection.clone().fixed_noise().fit(&[], y.view(), kernel);
    assert!(matches!(result, Err(Error::InvalidValue { .. })));
    let result = selection.fit(&[0.0, 0.0], y.view(), |theta| {
        let (kernel, mut derivatives) = squared_exponential(theta, &x);
        derivatives.pop();
        Ok((kernel, derivatives))
    });
    assert!(matches!(result, Err(Error::ShapeMismatch { .. })));
    let result = selection.fit(&[0.0, 0.0], y.view(), |theta| {
        let (kernel, mut derivatives) = squared_exponential(theta, &x);
        derivatives[1] = array![[1.0]];
        Ok((kernel, derivatives))
    });
    assert!(matches!(result, Err(Error::ShapeMismatch { .. })));
    let result = selection.fit(&[0.0, 0.0], array![[1.0], [2.0]].view(), kernel);
    assert!(matches!(result, Err(Error::ShapeMismatch { .. })));
    let own = Error::invalid("own", 1.0, "an error of the function");
    let result = selection.fit(&[0.0], y.view(), |_| Err(own.clone()));
    assert_eq!(result, Err(own));
}
