//! Random features: their means are the kernels, within standard errors, and their regression is that of their kernel.

use haarmonic::activation::Activation;
use haarmonic::finite_width::RandomFeatures;
use haarmonic::group::PointGroup;
use haarmonic::kernel::{Kernel, Signals};
use haarmonic::network::{Filter, Init, Network, Padding};
use haarmonic::predict::{ComputedRows, KernelKind, KernelRidge, Regression, Ridge};
use ndarray::{Array2, Array4, Axis};

use crate::common::tol::finite_width as tol;

#[test]
fn means_are_the_kernels() {
    let init = Init::new(1.3, 0.4);
    let vectors = Network::vector(3)
        .dense(init)
        .activation(Activation::Relu)
        .dense(init);
    let images = Network::plane(4, 4, 2)
        .lifting(PointGroup::C4, Filter::window(3, Padding::Same), init)
        .activation(Activation::Erf)
        .group_pooling()
        .dense(init);
    let x = Array2::from_shape_fn((4, 3), |(i, j)| ((5 * i + 3 * j) as f64).sin());
    let pictures = Array4::from_shape_fn((3, 4, 4, 2), |(n, y, x, c)| {
        ((7 * n + 5 * y + 3 * x + 2 * c) as f64).sin()
    });
    let cases = [
        (vectors.build().unwrap(), Signals::from(x.view())),
        (images.build().unwrap(), Signals::from(pictures.view())),
    ];
    for (network, signals) in &cases {
        let exact = Kernel::new(network).unwrap().gram(*signals).unwrap();
        for (kind, exact) in [
            (KernelKind::Nngp, &exact.nngp),
            (KernelKind::Ntk, &exact.ntk),
        ] {
            // Narrow networks, whose kernels would have a large bias if there were one.
            let features = RandomFeatures::new(network, kind, 4, 0..1500).unwrap();
            let found = features.estimate(*signals).unwrap();
            let size = exact.diag().fold(0.0_f64, |m, d| m.max(*d));
            for ((at, mean), error) in found.mean.indexed_iter().zip(&found.standard_error) {
                assert!(*error <= tol::NARROW_ERROR * size, "{at:?}: {error}");
                let off = (mean - exact[at]).abs();
                assert!(
                    off <= 5.0 * error,
                    "{kind:?} {at:?}: {mean} for {}",
                    exact[at]
                );
            }
            let relative = features.relative_error(*signals).unwrap();
            assert_eq!(
                relative,
                found.standard_error.iter().fold(0.0_f64, |m, e| m.max(*e))
                    / found.mean.diag().fold(0.0_f64, |m, d| m.max(*d))
            );
            // Regression in the features is regression with their kernel.
            let few = RandomFeatures::new(network, kind, 4, 0..3).unwrap();
            let phi = few.features(*signals).unwrap();
            let y = Array2::from_shape_fn((phi.nrows(), 1), |(i, _)| i as f64 - 1.0);
            let ridge = Ridge::Relative(0.1);
            let kernel = phi.dot(&phi.t());
            let want = KernelRidge::fit(kernel.view(), y.view(), ridge).unwrap();
            let want = want.predict(kernel.view()).unwrap();
            let of = few.of(*signals).unwrap();
            let models = Regression::new().fit_features(&of, y.view(), &[ridge]);
            let found = models.unwrap()[0].predict(phi.view()).unwrap();
            assert!((found - want).iter().all(|d| d.abs() <= tol::ROUNDING));
        }
    }
    costs_follow_the_number_of_features();
    let deep = Network::vector(3)
        .dense(init)
        .activation(Activation::Relu)
        .dense(init);
    let deep = deep
        .activation(Activation::Relu)
        .dense(init)
        .build()
        .unwrap();
    let refused = |network: &Network, blocks| {
        let error = RandomFeatures::new(network, KernelKind::Ntk, 4, 0..blocks).unwrap_err();
        error.to_string()
    };
    assert!(refused(&deep, 2).contains("2 activations"));
    assert!(refused(&cases[0].0, 1).contains("at least 2"));
    let open = Network::vector(3)
        .dense(init)
        .activation(Activation::Relu)
        .build()
        .unwrap();
    assert!(refused(&open, 2).contains("another last layer"));
}

/// More features differ less from the whole regression, by about the root of their number, and take more memory.
fn costs_follow_the_number_of_features() {
    let init = Init::new(1.4, 0.3);
    let network = Network::vector(2)
        .dense(init)
        .activation(Activation::Erf)
        .dense(init)
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap();
    let x = Array2::from_shape_fn((160, 2), |(i, j)| ((7 * i + 3 * i * j) as f64).sin());
    let y = x.map_axis(Axis(1), |x| x[0] * x[1]).insert_axis(Axis(1));
    let rows = kernel.prepare(x.view()).unwrap();
    let rows = ComputedRows::new(&kernel, rows, KernelKind::Nngp).unwrap();
    let regression = Regression::new().ridge(Ridge::Relative(1e-2));
    let costs = [4, 64].map(|blocks| {
        let features = RandomFeatures::new(&network, KernelKind::Nngp, 8, 0..blocks).unwrap();
        let of = features.of(x.view()).unwrap();
        regression.cost_of_features(&of, &rows, y.view()).unwrap()
    });
    // One more feature per block is the bias.
    assert_eq!(
        costs.each_ref().map(|c| c.memory),
        [36.0, 576.0].map(|d: f64| 16.0 * d * d)
    );
    assert!(costs[0].difference > 2.0 * costs[1].difference && costs[1].difference > 0.0);
    assert!(
        costs[1].to_string().starts_with("random-features: 0"),
        "{}",
        costs[1]
    );
}
