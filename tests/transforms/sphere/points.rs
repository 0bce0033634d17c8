//! Values at arbitrary points against sums with 40 digits, direct sums, and the adjoint identity.

use crate::common::close::assert_close;
use crate::common::tol::{self, points as points_tol};
use haarmonic::sphere::{
    PointGradient, PointPlan, PointSpinPlan, Sample, SphericalHarmonics, coefficients,
};
use haarmonic::wigner::WignerDRecursion;
use haarmonic::{Error, Result};
use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, Axis, array};
use ndarray_npy::NpzReader;
use num_complex::{Complex32, Complex64};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::{PI, SQRT_2, TAU};
use std::fs::File;

fn golden() -> NpzReader<File> {
    NpzReader::new(File::open("tests/data/points.npz").unwrap()).unwrap()
}

/// Points of which a quarter is within 1e-3 of a pole, a quarter in a cluster of 1e-3, and some are poles, or have odd longitudes.
pub fn points(count: usize, seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut points = Array2::zeros((count, 2));
    for (i, mut row) in points.rows_mut().into_iter().enumerate() {
        let (a, b) = (rng.random::<f64>(), rng.random::<f64>());
        let (theta, phi) = match i % 4 {
            0 => (1e-3 * a, TAU * b),
            1 => (1.2 + 1e-3 * a, 0.4 + 1e-3 * b),
            2 => (PI - 1e-3 * a, TAU * b),
            _ => ((1.0 - 2.0 * a).acos(), 20.0 * b - 10.0),
        };
        (row[0], row[1]) = (theta, phi);
    }
    let special = [
        [0.0, 0.0],
        [0.0, 1.3],
        [PI, 2.0],
        [PI, -0.0],
        [1.0, -0.0],
        [1.0, TAU],
        [1.0, -1e-17],
        [2.0, 1e9],
        [PI / 2.0, PI],
        [1e-9, 5.0],
    ];
    for (mut row, special) in points.rows_mut().into_iter().zip(special) {
        row.assign(&ArrayView1::from(&special));
    }
    points
}

pub fn random_coeffs(limit: usize, spin: i32, real: bool, seed: u64) -> Array2<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut number = || 2.0 * rng.random::<f64>() - 1.0;
    let mut coeffs = coefficients::zeros(limit).unwrap();
    for l in spin.unsigned_abs() as usize..limit {
        for m in 0..=l {
            let plus = Complex64::new(number(), if real && m == 0 { 0.0 } else { number() });
            let other = Complex64::new(number(), number());
            let mirror = if m % 2 == 0 {
                plus.conj()
            } else {
                -plus.conj()
            };
            coeffs[[l, limit - 1 - m]] = if real { mirror } else { other };
            coeffs[[l, limit - 1 + m]] = plus;
        }
    }
    coeffs
}

/// The half layout of full coefficients.
pub fn half(coeffs: ArrayView2<'_, Complex64>) -> Array1<Complex64> {
    let limit = coeffs.nrows();
    let orders = (0..limit).flat_map(|m| (m..limit).map(move |l| coeffs[[l, limit - 1 + m]]));
    orders.collect()
}

/// The sum over Wigner functions, point by point.
pub fn direct(
    coeffs: ArrayView2<'_, Complex64>,
    spin: i32,
    points: ArrayView2<'_, f64>,
) -> Array1<Complex64> {
    let limit = coeffs.nrows() as i64;
    let thetas = points.column(0).to_vec();
    let mut values = Array1::from_elem(thetas.len(), Complex64::ZERO);
    for m in 1 - limit..limit {
        let mut sums = vec![Complex64::ZERO; thetas.len()];
        let mut d = WignerDRecursion::new(m, -i64::from(spin), &thetas).unwrap();
        while (d.degree() as i64) < limit {
            let l = d.degree();
            let norm = ((2 * l + 1) as f64 / (4.0 * PI)).sqrt();
            for (sum, value) in sums.iter_mut().zip(d.values()) {
                *sum += coeffs[[l, (m + limit - 1) as usize]] * (norm * value);
            }
            d.advance();
        }
        let sign = if spin % 2 == 0 { 1.0 } else { -1.0 };
        for ((value, sum), phi) in values.iter_mut().zip(sums).zip(points.column(1)) {
            *value += sign * sum * Complex64::cis(m as f64 * phi);
        }
    }
    values
}

/// The root mean square over the sphere.
fn size(coeffs: ArrayView2<'_, Complex64>) -> f64 {
    let power: f64 = coeffs.iter().map(Complex64::norm_sqr).sum();
    (power / (4.0 * PI)).sqrt()
}

/// Largest and mean error in units of the tolerance, rounding taken off.
fn assert_within(found: &[Complex64], want: &[Complex64], size: f64, tolerance: f64, limit: usize) {
    assert_eq!(found.len(), want.len());
    let errors: Vec<f64> = found
        .iter()
        .zip(want)
        .map(|(f, w)| (f - w).norm())
        .collect();
    assert!(errors.iter().all(|error| error.is_finite()));
    let largest = errors.iter().fold(0.0_f64, |a, b| a.max(*b)) / size;
    let bound = points_tol::LARGEST * tolerance + points_tol::rounding(limit);
    assert!(largest <= bound, "L = {limit}: {largest:e} > {bound:e}");
    let norm = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>().sqrt();
    let mean = norm(&errors) / norm(&want.iter().map(|w| w.norm()).collect::<Vec<_>>());
    let bound = points_tol::MEAN * tolerance + points_tol::rounding(limit);
    assert!(mean <= bound, "L = {limit}: mean {mean:e} > {bound:e}");
}

const TOLERANCES: [f64; 5] = [1e-3, 1e-6, 1e-8, 1e-12, 1e-13];

#[test]
fn golden_values() {
    let mut file = golden();
    let few: Array2<f64> = file.by_name("points").unwrap();
    // The same points many times: enough for the fine grid.
    let many = Array2::from_shape_fn((24 * 400, 2), |(i, k)| few[[i % 24, k]]);
    let plan = PointPlan::new(many.view(), 16).unwrap();
    assert!(plan.refinement_and_width().is_some());
    let plan = PointPlan::new(few.view(), 300).unwrap();
    assert!(plan.refinement_and_width().is_none());
    for kind in ["real", "complex", "spin2"] {
        let coeffs: Array2<Complex64> = file.by_name(&format!("points_{kind}_coeffs")).unwrap();
        let name = format!("points_{kind}_values");
        let want: Vec<Complex64> = match kind {
            "real" => {
                let values: Array1<f64> = file.by_name(&name).unwrap();
                values.iter().map(|v| Complex64::from(*v)).collect()
            }
            _ => file
                .by_name::<ndarray::OwnedRepr<_>, ndarray::Ix1>(&name)
                .unwrap()
                .to_vec(),
        };
        for points in [&few, &many] {
            for tolerance in TOLERANCES {
                let values: Array1<Complex64> = if kind == "spin2" {
                    let plan = PointSpinPlan::with_tolerance(points.view(), 16, 2, tolerance);
                    let plan = plan.unwrap();
                    plan.inverse(coeffs.view()).unwrap()
                } else {
                    let plan = PointPlan::with_tolerance(points.view(), 16, tolerance).unwrap();
                    plan.inverse(coeffs.view()).unwrap()
                };
                let values = values.to_vec();
                for values in values.chunks_exact(24) {
                    assert_within(values, &want, size(coeffs.view()), tolerance, 16);
                }
            }
        }
    }
}

#[test]
fn golden_adjoints_and_gradient() {
    let mut file = golden();
    let points: Array2<f64> = file.by_name("points").unwrap();
    let samples: Array1<Complex64> = file.by_name("points_samples").unwrap();
    // A point with zero signal changes nothing, and makes the plan take the fine grid.
    let pad = |rows: usize| {
        let all = Array2::from_shape_fn((24 + rows, 2), |(i, k)| points[[i % 24, k]]);
        let mut values = Array1::zeros(24 + rows);
        values
            .slice_axis_mut(Axis(0), (..24).into())
            .assign(&samples);
        (all, values)
    };
    let scale: f64 = samples.iter().map(|s| s.norm()).sum();
    for rows in [0, 9000] {
        let (points, samples) = pad(rows);
        for spin in [0, 2] {
            let want: Array2<Complex64> =
                file.by_name(&format!("points_adjoint_spin{spin}")).unwrap();
            let mut found = coefficients::zeros(16).unwrap();
            if spin == 0 {
                let plan = PointPlan::new(points.view(), 16).unwrap();
                let scratch = &mut plan.make_scratch();
                plan.inverse_adjoint_into(samples.view(), found.view_mut(), scratch)
                    .unwrap();
            } else {
                let plan = PointSpinPlan::new(points.view(), 16, spin).unwrap();
                let scratch = &mut plan.make_scratch();
                plan.inverse_adjoint_into(samples.view(), found.view_mut(), scratch)
                    .unwrap();
            }
            let largest = (&found - &want)
                .iter()
                .fold(0.0_f64, |a, e| a.max(e.norm()));
            let bound = points_tol::LARGEST * 1e-12 + points_tol::rounding(16);
            assert!(largest <= bound * scale, "{largest:e}");
        }
        let coeffs: Array2<Complex64> = file.by_name("points_real_coeffs").unwrap();
        let want: Array2<f64> = file.by_name("points_gradient").unwrap();
        let gradient = PointGradient::new(points.view(), 16).unwrap();
        let field: Array2<f64> = gradient.inverse(coeffs.view()).unwrap();
        let found: Vec<Complex64> = (0..24)
            .map(|j| Complex64::new(field[[0, j]], field[[1, j]]))
            .collect();
        let want: Vec<Complex64> = want
            .rows()
            .into_iter()
            .map(|w| Complex64::new(w[0], w[1]))
            .collect();
        // The gradient of a signal of band limit L is up to L times as large.
        assert_within(&found, &want, 16.0 * size(coeffs.view()), 1e-12, 16);
    }
}

#[test]
fn direct_sums() {
    for (limit, spins) in [
        (1, &[0][..]),
        (2, &[0, 1]),
        (7, &[0, -3, 2]),
        (16, &[0, 1]),
        (33, &[2, -1]),
        (64, &[0]),
    ] {
        for &spin in spins {
            let points = points(2000, 5);
            let coeffs = random_coeffs(limit, spin, false, 6);
            let want = direct(coeffs.view(), spin, points.view()).to_vec();
            for tolerance in TOLERANCES {
                let plan = PointSpinPlan::with_tolerance(points.view(), limit, spin, tolerance);
                let plan = plan.unwrap();
                let found: Array1<Complex64> = plan.inverse(coeffs.view()).unwrap();
                let size = size(coeffs.view());
                assert_within(&found.to_vec(), &want, size, tolerance, limit);
                if spin == 0 {
                    let plan = PointPlan::with_tolerance(points.view(), limit, tolerance);
                    let found: Array1<Complex64> = plan.unwrap().inverse(coeffs.view()).unwrap();
                    assert_within(&found.to_vec(), &want, size, tolerance, limit);
                }
            }
        }
    }
}

#[test]
fn real_signals_at_many_degrees() {
    for limit in [64, 128, 200] {
        let points = points(3000, 8);
        let coeffs = random_coeffs(limit, 0, true, 9);
        let harmonics = SphericalHarmonics::new(limit).unwrap();
        let want = harmonics
            .evaluate_real(coeffs.view(), points.view())
            .unwrap();
        let want: Vec<Complex64> = want.iter().map(|v| Complex64::from(*v)).collect();
        for tolerance in [1e-4, 1e-8, 1e-12] {
            let plan = PointPlan::with_tolerance(points.view(), limit, tolerance).unwrap();
            let mut values = Array1::<f64>::zeros(3000);
            let scratch = &mut plan.make_scratch();
            plan.inverse_into(half(coeffs.view()).view(), values.view_mut(), scratch)
                .unwrap();
            let found: Vec<Complex64> = values.iter().map(|v| Complex64::from(*v)).collect();
            assert_within(&found, &want, size(coeffs.view()), tolerance, limit);
        }
    }
}

/// ⟨y, A x⟩ of a real or complex signal.
fn product<T: Sample>(a: &Array1<T>, b: &Array1<T>, value: impl Fn(&T) -> Complex64) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (value(a).conj() * value(b)).re)
        .sum()
}

#[test]
fn adjoint_identities() {
    for (limit, count) in [(5, 40), (17, 3000), (40, 3000), (200, 5000)] {
        let points = points(count, 3);
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        for tolerance in [1e-3, 1e-12] {
            // Real signals, half layout: m > 0 counts twice.
            let plan = PointPlan::with_tolerance(points.view(), limit, tolerance).unwrap();
            let scratch = &mut plan.make_scratch();
            let x = half(random_coeffs(limit, 0, true, 7).view());
            let y = Array1::from_shape_fn(count, |_| rng.random::<f64>() - 0.5);
            let (mut ax, mut ay) = (Array1::<f64>::zeros(count), Array1::zeros(x.len()));
            plan.inverse_into(x.view(), ax.view_mut(), scratch).unwrap();
            plan.inverse_adjoint_into(y.view(), ay.view_mut(), scratch)
                .unwrap();
            let left = product(&ax, &y, |v| Complex64::from(*v));
            let right: f64 = x
                .iter()
                .zip(&ay)
                .enumerate()
                .map(|(i, (x, a))| (if i < limit { 1.0 } else { 2.0 }) * (x.conj() * a).re)
                .sum();
            let norm = |v: f64| v.sqrt();
            let scale = norm(product(&ax, &ax, |v| Complex64::from(*v)))
                * norm(product(&y, &y, |v| Complex64::from(*v)));
            assert!(
                (left - right).abs() <= points_tol::adjoint(count) * scale,
                "{limit}"
            );

            // Complex ones of spin, full layout.
            for spin in [0, 1, 2, -2] {
                let plan = PointSpinPlan::with_tolerance(points.view(), limit, spin, tolerance);
                let plan = plan.unwrap();
                let x = random_coeffs(limit, spin, false, 8);
                let mut y = Array1::from_elem(count, Complex64::ZERO);
                y.mapv_inplace(|_| {
                    Complex64::new(rng.random::<f64>() - 0.5, rng.random::<f64>() - 0.5)
                });
                let ax: Array1<Complex64> = plan.inverse(x.view()).unwrap();
                let mut ay = plan.make_coeffs();
                plan.inverse_adjoint_into(y.view(), ay.view_mut(), scratch)
                    .unwrap();
                let left: Complex64 = ax.iter().zip(&y).map(|(a, y)| a.conj() * y).sum();
                let right: Complex64 = x.iter().zip(&ay).map(|(x, a)| x.conj() * a).sum();
                let scale = norm(product(&ax, &ax, |v| *v)) * norm(product(&y, &y, |v| *v));
                let error = (left - right).norm();
                assert!(
                    error <= points_tol::adjoint(count) * scale,
                    "{limit} {spin}: {error:e}"
                );
            }
        }
    }
}

/// Two planes of real samples are the real and the imaginary part, with gradient and curl modes as coefficients.
#[test]
fn modes_and_gradients_agree_with_complex_functions() {
    let (limit, count) = (12, 4000);
    let points = points(count, 1);
    let modes = {
        let [e, b] = [2, 3].map(|seed| half(random_coeffs(limit, 2, true, seed).view()));
        ndarray::stack(Axis(0), &[e.view(), b.view()]).unwrap()
    };
    let plan = PointSpinPlan::new(points.view(), limit, 2).unwrap();
    let mut planes = Array2::<f64>::zeros((2, count));
    let scratch = &mut plan.make_scratch();
    plan.inverse_into(modes.view(), planes.view_mut(), scratch)
        .unwrap();
    let mut coeffs = coefficients::zeros(limit).unwrap();
    for m in 0..limit {
        for l in m.max(2)..limit {
            let at = m * (2 * limit - 1 - m) / 2 + l;
            let (e, b) = (modes[[0, at]], modes[[1, at]]);
            let sign = if m % 2 == 0 { 1.0 } else { -1.0 };
            coeffs[[l, limit - 1 - m]] = -sign * (e.conj() + Complex64::I * b.conj());
            coeffs[[l, limit - 1 + m]] = -(e + Complex64::I * b);
        }
    }
    let want = direct(coeffs.view(), 2, points.view()).to_vec();
    let found: Vec<Complex64> = (0..count)
        .map(|j| Complex64::new(planes[[0, j]], planes[[1, j]]))
        .collect();
    assert_within(&found, &want, size(coeffs.view()), 1e-12, limit);

    // ∇f = −₁g with √(ℓ(ℓ+1)) f̂, for complex f too.
    let f = random_coeffs(limit, 0, false, 5);
    let field: Array2<Complex64> = PointGradient::new(points.view(), limit)
        .unwrap()
        .inverse(f.view())
        .unwrap();
    let raised =
        Array2::from_shape_fn(f.dim(), |(l, k)| -((l * (l + 1)) as f64).sqrt() * f[[l, k]]);
    let mut lowered = raised.clone();
    lowered.mapv_inplace(|v| -v);
    // ∂_θ f ± (i / sin θ) ∂_φ f are −ð f and −ð̄ f.
    let plus = direct(raised.view(), 1, points.view());
    let minus = direct(lowered.view(), -1, points.view());
    let found: Vec<Complex64> = field.rows().into_iter().flatten().copied().collect();
    let want: Vec<Complex64> = (0..count)
        .map(|j| 0.5 * (plus[j] + minus[j]))
        .chain((0..count).map(|j| Complex64::new(0.0, -0.5) * (plus[j] - minus[j])))
        .collect();
    assert_within(&found, &want, SQRT_2 * size(raised.view()), 1e-12, limit);
}

/// Any number of threads, batches, single precision, dirty scratch, strides.
#[test]
fn one_result_for_all_calls() {
    let limit = 40;
    for count in [100, 5000] {
        let points = points(count, 2);
        let plan = PointPlan::with_tolerance(points.view(), limit, 1e-9).unwrap();
        let spin = PointSpinPlan::with_tolerance(points.view(), limit, 2, 1e-9).unwrap();
        let coeffs = random_coeffs(limit, 2, false, 1);
        let values: Array1<Complex64> = plan.inverse(coeffs.view()).unwrap();
        let polarised: Array1<Complex64> = spin.inverse(coeffs.view()).unwrap();
        let back = adjoint(&plan, &values);
        for threads in [1, 2, 3, 7] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let mut scratch = plan.make_parallel_scratch();
                let mut again = Array1::from_elem(count, Complex64::ONE);
                plan.inverse_into(coeffs.view(), again.view_mut(), &mut scratch)
                    .unwrap();
                assert_eq!(again, values);
                spin.inverse_into(coeffs.view(), again.view_mut(), &mut scratch)
                    .unwrap();
                assert_eq!(again, polarised);
                let mut coeffs = plan.make_coeffs();
                plan.inverse_adjoint_into(values.view(), coeffs.view_mut(), &mut scratch)
                    .unwrap();
                assert_eq!(coeffs, back);
                let real = values.mapv(|v| v.re);
                let mut one = Array1::zeros(plan.half_len());
                plan.inverse_adjoint_into(real.view(), one.view_mut(), &mut scratch)
                    .unwrap();
                let mut two = Array1::zeros(plan.half_len());
                let serial = &mut plan.make_scratch();
                plan.inverse_adjoint_into(real.view(), two.view_mut(), serial)
                    .unwrap();
                assert_eq!(one, two);
            });
        }
        // A batch that does not lie in one piece.
        let mut batch = Array3::zeros((2, limit, 2 * limit - 1));
        batch
            .index_axis_mut(Axis(0), 0)
            .assign(&random_coeffs(limit, 0, false, 9));
        batch.index_axis_mut(Axis(0), 1).assign(&coeffs);
        batch.invert_axis(Axis(0));
        let both: Array2<Complex64> = plan.inverse(batch.view()).unwrap();
        assert_eq!(both.row(0), values);
        let single: Array1<Complex32> = plan.inverse(coeffs.view()).unwrap();
        let scale = values.iter().fold(0.0_f64, |a, v| a.max(v.norm()));
        for (single, value) in single.iter().zip(&values) {
            let wide = Complex64::new(single.re.into(), single.im.into());
            assert!((wide - value).norm() <= points_tol::SINGLE * scale);
        }
    }
}

fn adjoint(plan: &PointPlan, values: &Array1<Complex64>) -> Array2<Complex64> {
    let mut coeffs = plan.make_coeffs();
    let scratch = &mut plan.make_scratch();
    plan.inverse_adjoint_into(values.view(), coeffs.view_mut(), scratch)
        .unwrap();
    coeffs
}

/// On the grid of a sampling, with its weights, the analysis is the transform.
#[test]
fn quadrature_weights() {
    use haarmonic::sphere::Sampling;
    let limit = 20;
    let thetas = Sampling::GaussLegendre.colatitudes(limit).unwrap();
    let weights = Sampling::GaussLegendre.colatitude_weights(limit).unwrap();
    let phis = Sampling::GaussLegendre.longitudes(limit).unwrap();
    let points = Array2::from_shape_fn((thetas.len() * phis.len(), 2), |(i, k)| {
        [thetas[i / phis.len()], phis[i % phis.len()]][k]
    });
    let all: Vec<f64> = (0..points.nrows())
        .map(|i| weights[i / phis.len()] * TAU / phis.len() as f64)
        .collect();
    let plan = PointPlan::new(points.view(), limit).unwrap();
    let coeffs = random_coeffs(limit, 0, true, 4);
    let values: Array1<f64> = plan.inverse(coeffs.view()).unwrap();
    let missing: Result<Array2<Complex64>> = plan.forward(values.view());
    assert!(matches!(missing, Err(Error::Missing { .. })));
    let plan = plan.with_weights(&all).unwrap();
    let back = plan.forward(values.view()).unwrap();
    assert_close(&back, &coeffs, tol::GOLDEN * 10.0);
}

#[test]
fn bad_input_is_refused() {
    let good = array![[0.5, 1.0], [1.0, 2.0]];
    let text = |error: Error| error.to_string();
    let error = |points: Array2<f64>| text(PointPlan::new(points.view(), 4).unwrap_err());
    assert!(error(array![[0.5, 1.0, 2.0]]).contains("[points, 2]"));
    assert!(error(Array2::zeros((0, 2))).contains("points"));
    assert!(error(array![[0.5, f64::NAN]]).contains("points"));
    assert!(error(array![[-0.1, 0.0]]).contains("colatitude"));
    assert!(error(array![[3.2, 0.0]]).contains("colatitude"));
    for tolerance in [0.0, 1e-14, 0.5, f64::NAN] {
        let plan = PointPlan::with_tolerance(good.view(), 4, tolerance);
        assert!(text(plan.unwrap_err()).contains("tolerance"));
    }
    assert!(PointPlan::new(good.view(), 0).is_err());
    assert!(PointSpinPlan::new(good.view(), 4, 4).is_err());
    assert!(PointGradient::new(good.view(), 1).is_err());
    for count in [2, 3000] {
        let plan = PointPlan::new(points(count.max(10), 1).view(), 4).unwrap();
        let mut coeffs = plan.make_coeffs();
        let scratch = &mut plan.make_scratch();
        let mut values = Array1::<f64>::zeros(plan.points());
        values[1] = f64::INFINITY;
        let done = plan.inverse_adjoint_into(values.view(), coeffs.view_mut(), scratch);
        assert!(matches!(done, Err(Error::NotFinite { .. })));
        coeffs[[1, 3]].re = f64::NAN;
        let done = plan.inverse_into(coeffs.view(), values.view_mut(), scratch);
        assert!(matches!(done, Err(Error::NotFinite { .. })));
        let mut short = Array1::<f64>::zeros(plan.points() - 1);
        let done = plan.inverse_into(plan.make_coeffs().view(), short.view_mut(), scratch);
        assert!(matches!(done, Err(Error::ShapeMismatch { .. })));
        assert!(plan.with_weights(&[1.0]).is_err());
    }
}
