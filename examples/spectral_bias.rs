//! Who: someone who wants to know in which order a network learns a field on the sphere, and what it knows between the training points.
//! What: trains an infinitely wide network on 1,000 points of a field with degrees 1, 2, 4 and 6, and transforms its predictions on a grid:
//!       the share of each degree that is learned after each time, beside the ideal flow 1 − exp(−λt) of infinitely many points.
//! Run:  cargo run --release --features plot --example spectral_bias [picture.png]   (without the feature there is no picture)
//! Expect: one degree after the other, in some seconds. Degrees whose eigenvalue is above the effective ridge follow the ideal flow.
//!       The training points are fitted in the end, the field between them is not.

#[macro_use]
mod shared;

use haarmonic::activation::Activation;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Init, Network};
use haarmonic::numeric::legendre_polynomials;
use haarmonic::predict::{GradientFlow, KernelKind, Kernels, Ridge, Time, metrics::rmse};
use haarmonic::spectral::{LearningCurve, network_spectra};
use haarmonic::sphere::spectra::{SpectrumNorm, cross, power};
use haarmonic::sphere::{Sampling, ShtPlanner};
use ndarray::{Array2, Axis};
use rand::{RngExt, SeedableRng};
use std::f64::consts::TAU;

const BAND_LIMIT: usize = 24;
const POINTS: usize = 1000;
const DEGREES: [usize; 4] = [1, 2, 4, 6];
const TIMES: [f64; 9] = [0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e3, 3e3];

/// Points of the sphere of radius √3 from colatitudes and longitudes.
fn inputs(angles: &[(f64, f64)]) -> Array2<f64> {
    Array2::from_shape_fn((angles.len(), 3), |(i, k)| {
        let ((sin, cos), phi) = (angles[i].0.sin_cos(), angles[i].1);
        3.0_f64.sqrt() * [sin * phi.cos(), sin * phi.sin(), cos][k]
    })
}

/// A zonal field about the axis (1, 1, 1); each degree has the mean square 1.
fn field(inputs: &Array2<f64>) -> Array2<f64> {
    let value = |x: f64| -> f64 {
        let mut polynomials = [0.0; 7];
        legendre_polynomials((1.0 - x).max(0.0), &mut polynomials);
        let parts = DEGREES.map(|l| ((2 * l + 1) as f64).sqrt() * polynomials[l]);
        parts.iter().sum()
    };
    let cosines = inputs.sum_axis(Axis(1)) / 3.0;
    cosines.mapv(value).insert_axis(Axis(1))
}

fn main() -> haarmonic::Result<()> {
    let layer = Init::new(2.0_f64.sqrt(), 0.3);
    let hidden = Network::vector(3).dense(layer).activation(Activation::Relu);
    let hidden = hidden.dense(layer).activation(Activation::Relu);
    let network = hidden.dense(layer).build()?;
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let mut number = |range: std::ops::Range<f64>| rng.random_range(range);
    let random = (0..POINTS).map(|_| (number(-1.0..1.0).acos(), number(0.0..TAU)));
    let points = inputs(&random.collect::<Vec<_>>());
    let sampling = Sampling::GaussLegendre;
    let longitudes = sampling.longitudes(BAND_LIMIT)?;
    let rings = sampling.colatitudes(BAND_LIMIT)?.into_iter();
    let angles = rings.flat_map(|theta| longitudes.iter().map(move |&phi| (theta, phi)));
    let grid = inputs(&angles.collect::<Vec<_>>());
    let (targets, truth) = (field(&points), field(&grid));
    let kernel = Kernel::new(&network)?;
    let gram = kernel.gram(points.view())?;
    let train = Kernels::of(KernelKind::Ntk, &gram);
    let flow = GradientFlow::fit(train, targets.view(), Ridge::NONE)?;
    let times = TIMES.map(Time::Finite);
    let between = kernel.cross(grid.view(), points.view())?.ntk;
    let predictions = flow.predict_mean_at(between.view(), &times)?;

    // Coefficients of the field and of each prediction.
    let plan = ShtPlanner::new().plan(BAND_LIMIT, sampling)?;
    let transform = |values: &Array2<f64>| {
        let signal = values.to_shape(plan.signal_shape());
        plan.forward(signal.expect("one value per grid point").view())
    };
    let coeffs = transform(&truth)?;
    let size = power(coeffs.view(), SpectrumNorm::Sum)?;
    let ntk = network_spectra(&network, BAND_LIMIT)?.ntk;
    let curve = LearningCurve::new(&ntk.eigenvalues, &ntk.multiplicities, &[0.0; BAND_LIMIT])?
        .with_tail(ntk.tail, 0.0)?;
    let ridge = curve.at(POINTS as f64)?.effective_ridge;
    say!("learned, and in brackets by the ideal flow; effective ridge {ridge:.1e}");
    let titles = DEGREES.map(|l| format!("degree {l}: {:.0e}  ", ntk.eigenvalues[l]));
    say!("   time  {}  error on points, between", titles.concat());
    let mut learned = Vec::new();
    for ((&time, flow_time), mean) in TIMES.iter().zip(times).zip(&predictions) {
        let products = cross(coeffs.view(), transform(mean)?.view(), SpectrumNorm::Sum)?;
        let ideal = curve.learned_by(time)?;
        let shares = DEGREES.map(|l| [products[l].re / size[l], ideal[l]]);
        let cells = shares
            .map(|[known, ideal]| format!("{known:>6.3} ({ideal:.3})   "))
            .concat();
        let on_points = rmse(flow.predict_train(flow_time)?.mean.view(), targets.view())?;
        let between = rmse(mean.view(), truth.view())?;
        say!("{time:>7}  {cells} {on_points:>15.3} {between:>8.3}");
        for ([known, ideal], l) in shares.iter().zip(DEGREES) {
            // Three other degrees are noise for one, with a deviation of √(3/1000); the bound is less than four of them.
            assert!(ntk.eigenvalues[l] < 10.0 * ridge || (known - ideal).abs() < 0.2);
        }
        learned.push(shares.map(|[known, _]| known));
    }
    let half = [0, 1, 2].map(|k| learned.iter().position(|known| known[k] > 0.5));
    assert!(half.is_sorted() && half[0] < half[2]);

    #[cfg(feature = "plot")]
    if let Some(picture) = std::env::args().nth(1) {
        use haarmonic::plot::{AxisScale, Curve, Labels, learning_curves};
        let names = DEGREES.map(|l| format!("degree {l}"));
        let means = [0, 1, 2, 3].map(|k| learned.iter().map(|l| l[k]).collect::<Vec<_>>());
        let (sizes, error) = (&TIMES, None);
        let curves = names.iter().zip(&means);
        #[rustfmt::skip]
        let curves: Vec<_> = curves.map(|(name, mean)| Curve { name, sizes, mean, error }).collect();
        let mut labels = Labels::default();
        (labels.x, labels.y) = ("time", "share learned");
        learning_curves(&curves, AxisScale::Linear, &labels, picture)?;
    }
    Ok(())
}
