//! Regression in features against regression with the kernel matrix of their products.

use crate::common::close::assert_close;
use crate::common::tol::kernel as tol;

use haarmonic::Error;
use haarmonic::predict::{FeatureRidge, KernelRidge, LinearModel, Ridge};
use ndarray::{Array2, Axis, Slice};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn random(shape: (usize, usize), seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array2::from_shape_simple_fn(shape, || rng.random_range(-1.0..1.0))
}

#[test]
fn features_and_their_kernel_predict_alike() {
    for (points, count) in [(30, 7), (7, 30), (12, 12)] {
        let (phi, y, test) = (
            random((points, count), 1),
            random((points, 2), 2),
            random((5, count), 3),
        );
        for ridge in [Ridge::Relative(1e-2), Ridge::Absolute(0.5)] {
            let kernel = phi.dot(&phi.t());
            let want = KernelRidge::fit(kernel.view(), y.view(), ridge).unwrap();
            let want = want.predict(test.dot(&phi.t()).view()).unwrap();
            let model = LinearModel::fit(phi.view(), y.view(), ridge).unwrap();
            assert_close(model.predict(test.view()).unwrap(), &want, tol::SOLVE);
            let mut sums = FeatureRidge::new(count, 2).unwrap();
            for start in (0..points).step_by(4) {
                let piece = Slice::from(start..points.min(start + 4));
                let [phi, y] = [&phi, &y].map(|a| a.slice_axis(Axis(0), piece));
                sums.add(phi, y).unwrap();
            }
            let model = sums.solve(ridge).unwrap();
            assert_close(model.predict(test.view()).unwrap(), &want, tol::SOLVE);
        }
    }
}

#[test]
fn bad_input_is_refused() {
    assert!(matches!(FeatureRidge::new(0, 1), Err(Error::Empty { .. })));
    let mut sums = FeatureRidge::new(2, 1).unwrap();
    assert!(matches!(sums.solve(Ridge::NONE), Err(Error::Empty { .. })));
    let (phi, y) = (random((3, 2), 1), random((3, 1), 2));
    assert!(sums.add(random((3, 3), 1).view(), y.view()).is_err());
    assert!(sums.add(phi.view(), random((3, 2), 1).view()).is_err());
    assert!(sums.add(phi.view(), random((2, 1), 1).view()).is_err());
    sums.add(phi.view(), y.view()).unwrap();
    assert!(matches!(
        sums.solve(Ridge::Absolute(-1.0)),
        Err(Error::InvalidValue { .. })
    ));
    // Two equal features have no unique weights without a ridge.
    let twice = Array2::from_shape_fn((4, 2), |(i, _)| 1.0 + i as f64);
    let refused = LinearModel::fit(twice.view(), random((4, 1), 1).view(), Ridge::NONE);
    assert!(matches!(refused, Err(Error::NotPositiveDefinite { .. })));
}
