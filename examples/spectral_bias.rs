//! Who: someone who wants to know in which order a network learns a field on the sphere, and what it knows between the training points.
//! What: trains an infinitely wide network on random points of a field with degrees 1, 2, 4 and 6, and transforms its predictions on a grid: the
//!       share of each degree that is learned after each time, beside the ideal flow 1 − exp(−λt) of infinitely many points.
//! Run:  cargo run --release --features plot --example spectral_bias [picture.png]   (without the feature there is no picture)
//! Expect: one degree after the other, in some seconds. Degrees whose eigenvalue is above the effective ridge follow the ideal flow. The training points
//!       are fitted in the end, the field between them is not.

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
use rand_chacha::ChaCha8Rng;

const BAND_LIMIT: usize = 24;
const TRAIN: usize = 300;
const DEGREES: [usize; 4] = [1, 2, 4, 6];
const TIMES: [f64; 9] = [0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e3, 3e3];

/// Colatitudes and longitudes as points of the sphere of radius √3.
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
        (DEGREES
            .map(|l| ((2 * l + 1) as f64).sqrt() * polynomials[l])
            .iter())
        .sum()
    };
    let along = inputs.sum_axis(Axis(1)) / 3.0;
    along.mapv(value).insert_axis(Axis(1))
}

fn main() -> haarmonic::Result<()> {
    let layer = Init::new(2.0_f64.sqrt(), 0.3);
    let hidden = Network::vector(3).dense(layer).activation(Activation::Relu);
    let hidden = hidden.dense(layer).activation(Activation::Relu);
    let network = hidden.dense(layer).build()?;

    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut random = |_| {
        let height = rng.random_range(-1.0_f64..1.0);
        (height.acos(), rng.random_range(0.0..std::f64::consts::TAU))
    };
    let points = inputs(&(0..TRAIN).map(&mut random).collect::<Vec<_>>());
    let sampling = Sampling::GaussLegendre;
    let longitudes = sampling.longitudes(BAND_LIMIT)?;
    let mut angles = Vec::new();
    for theta in sampling.colatitudes(BAND_LIMIT)? {
        angles.extend(longitudes.iter().map(|&phi| (theta, phi)));
    }
    let grid = inputs(&angles);
    let (targets, truth) = (field(&points), field(&grid));

    let kernel = Kernel::new(&network)?;
    let gram = kernel.gram(points.view())?;
    let between = kernel.cross(grid.view(), points.view())?;
    let train = Kernels::of(KernelKind::Ntk, &gram);
    let flow = GradientFlow::fit(train, targets.view(), Ridge::NONE)?;
    let times = TIMES.map(Time::Finite);
    let outside = flow.predict_mean_at(between.ntk.view(), &times)?;

    // Coefficients of the field and of each prediction.
    let plan = ShtPlanner::new().plan(BAND_LIMIT, sampling)?;
    let transform = |values: &Array2<f64>| {
        let signal = values
            .to_shape(plan.signal_shape())
            .expect("one value per grid point");
        plan.forward(signal.view())
    };
    let coeffs = transform(&truth)?;
    let size = power(coeffs.view(), SpectrumNorm::Sum)?;

    let ntk = network_spectra(&network, BAND_LIMIT)?.ntk;
    let none = vec![0.0; BAND_LIMIT];
    let curve = LearningCurve::new(&ntk.eigenvalues, &ntk.multiplicities, &none)?;
    let curve = curve.with_tail(ntk.tail, 0.0)?;
    let ridge = curve.at(TRAIN as f64)?.effective_ridge;
    say!("learned, and in brackets by the ideal flow; effective ridge {ridge:.1e}");
    let titles = DEGREES.map(|l| format!("degree {l}: {:.0e}  ", ntk.eigenvalues[l]));
    say!("   time  {} error on points, between", titles.concat());
    let mut learned = Vec::new();
    for (i, &time) in TIMES.iter().enumerate() {
        let products = cross(
            coeffs.view(),
            transform(&outside[i])?.view(),
            SpectrumNorm::Sum,
        )?;
        let known = DEGREES.map(|l| products[l].re / size[l]);
        let ideal = curve.learned_by(time)?;
        let cells =
            [0, 1, 2, 3].map(|k| format!("{:>6.3} ({:.3})   ", known[k], ideal[DEGREES[k]]));
        let on_points = rmse(flow.predict_train(times[i])?.mean.view(), targets.view())?;
        let between = rmse(outside[i].view(), truth.view())?;
        say!(
            "{time:>7}  {} {on_points:>15.3} {between:>8.3}",
            cells.concat()
        );
        for (known, l) in known.iter().zip(DEGREES) {
            assert!(ntk.eigenvalues[l] < 10.0 * ridge || (known - ideal[l]).abs() < 0.1);
        }
        learned.push(known);
    }
    let half = |k: usize| learned.iter().position(|known| known[k] > 0.5);
    assert!(half(0) < half(1) && half(1) < half(2));

    #[cfg(feature = "plot")]
    if let Some(picture) = std::env::args().nth(1) {
        use haarmonic::plot::{AxisScale, Curve, Labels, learning_curves};
        let names = DEGREES.map(|l| format!("degree {l}"));
        let means = [0, 1, 2, 3].map(|k| learned.iter().map(|known| known[k]).collect::<Vec<_>>());
        let curves: Vec<_> = (names.iter().zip(&means))
            .map(|(name, mean)| Curve {
                name,
                sizes: &TIMES,
                mean,
                error: None,
            })
            .collect();
        let labels = Labels {
            x: "time",
            y: "share learned",
            ..Labels::default()
        };
        learning_curves(&curves, AxisScale::Linear, &labels, picture)?;
    }
    Ok(())
}
