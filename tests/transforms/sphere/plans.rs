//! Layouts of coefficients, batches, threads and adjoints, alike for every plan on the sphere.

use crate::common::tol::sphere as tol;

use crate::common::close::assert_close;
use haarmonic::so3::WignerPlanner;
use haarmonic::sphere::{
    Gradient, Ring, RingPlan, Rings, Sample, Sampling, ShtPlanner, SpinPlan, fast_longitudes,
};
use ndarray::{Array, Array1, Array2, Array3, ArrayView1, ArrayView2, Axis, Dimension, stack};
use num_complex::{Complex32, Complex64};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn numbers<D: Dimension>(shape: D, seed: u64) -> Array<Complex64, D> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array::from_shape_simple_fn(shape, || {
        Complex64::new(rng.random::<f64>() - 0.5, rng.random::<f64>() - 0.5)
    })
}

fn reals<D: Dimension>(shape: D, seed: u64) -> Array<f64, D> {
    numbers(shape, seed).mapv(|value| value.re)
}

/// Random coefficients m ≥ 0 of real signals, `parts` halves one after the other, for each of `count`.
fn random_halves(count: usize, parts: usize, limit: usize, seed: u64) -> Array3<Complex64> {
    let half = limit * (limit + 1) / 2;
    let mut halves = numbers(ndarray::Dim([count, parts, half]), seed);
    for mut row in halves.rows_mut() {
        row.iter_mut().take(limit).for_each(|value| value.im = 0.0);
    }
    halves
}

/// The full layout of a real signal.
fn full(half: ArrayView1<'_, Complex64>, limit: usize) -> Array2<Complex64> {
    let mut full = Array2::zeros((limit, 2 * limit - 1));
    for m in 0..limit {
        for l in m..limit {
            let value = half[m * (2 * limit - 1 - m) / 2 + l];
            let sign = if m % 2 == 0 { 1.0 } else { -1.0 };
            full[[l, limit - 1 - m]] = sign * value.conj();
            full[[l, limit - 1 + m]] = value;
        }
    }
    full
}

/// Coefficients of a spin weight from its gradient and curl modes, $`-(E + iB)`$ with both signs of m.
fn from_modes(modes: ArrayView2<'_, Complex64>, limit: usize) -> Array2<Complex64> {
    let [e, b] = [0, 1].map(|part| full(modes.row(part), limit));
    -(e + b * Complex64::I)
}

fn odd_rings() -> Rings {
    let ring = |(colatitude, longitudes, first_longitude)| Ring {
        colatitude,
        longitudes,
        first_longitude,
    };
    let rings = [
        (0.2, 3, 0.1),
        (1.0, 16, 0.0),
        (2.0, 17, -1.0),
        (2.9416, 4, 0.5),
    ];
    Rings::new(rings.map(ring).to_vec()).unwrap()
}

fn weighted_rings(limit: usize) -> RingPlan {
    let plan = RingPlan::new(odd_rings(), limit).unwrap();
    plan.with_weights(&[0.5, 1.5, 0.7, 2.0]).unwrap()
}

/// Each signal of a batch is what it is alone, in all four directions, on one thread and on all.
macro_rules! check_batches {
    ($plan:expr, $signals:expr, $coeffs:expr, $allowed:expr) => {{
        let (plan, signals, coeffs) = (&$plan, &$signals, &$coeffs);
        let mut results = Vec::new();
        for mut scratch in [plan.make_scratch(), plan.make_parallel_scratch()] {
            let scratch = &mut scratch;
            let [mut a, mut b] = [signals.clone(), signals.clone()];
            let [mut c, mut d] = [coeffs.clone(), coeffs.clone()];
            plan.inverse_into(coeffs.view(), a.view_mut(), scratch)
                .unwrap();
            plan.forward_adjoint_into(coeffs.view(), b.view_mut(), scratch)
                .unwrap();
            plan.forward_into(signals.view(), c.view_mut(), scratch)
                .unwrap();
            plan.inverse_adjoint_into(signals.view(), d.view_mut(), scratch)
                .unwrap();
            results.push((a, b, c, d));
        }
        assert_eq!(results[0], results[1]);
        let (a, b, c, d) = &results[0];
        let scratch = &mut plan.make_scratch();
        for i in 0..signals.len_of(Axis(0)) {
            let (signal, one) = (
                signals.index_axis(Axis(0), i),
                coeffs.index_axis(Axis(0), i),
            );
            let (mut x, mut y) = (signal.to_owned(), one.to_owned());
            plan.inverse_into(one, x.view_mut(), scratch).unwrap();
            assert_close(a.index_axis(Axis(0), i), &x, $allowed);
            plan.forward_adjoint_into(one, x.view_mut(), scratch)
                .unwrap();
            assert_close(b.index_axis(Axis(0), i), &x, $allowed);
            plan.forward_into(signal, y.view_mut(), scratch).unwrap();
            assert_close(c.index_axis(Axis(0), i), &y, $allowed);
            plan.inverse_adjoint_into(signal, y.view_mut(), scratch)
                .unwrap();
            assert_close(d.index_axis(Axis(0), i), &y, $allowed);
        }
    }};
}

/// ⟨A x, y⟩ = ⟨x, A* y⟩ for both directions, with a product of coefficients.
macro_rules! check_adjoints {
    ($plan:expr, $signal:expr, $coeffs:expr, $product:expr, $allowed:expr) => {{
        let (plan, y, x) = (&$plan, &$signal, &$coeffs);
        let scratch = &mut plan.make_scratch();
        for weighted in [false, true] {
            let (mut ax, mut at_y) = (y.clone(), x.clone());
            if weighted {
                plan.forward_adjoint_into(x.view(), ax.view_mut(), scratch)
                    .unwrap();
                plan.forward_into(y.view(), at_y.view_mut(), scratch)
                    .unwrap();
            } else {
                plan.inverse_into(x.view(), ax.view_mut(), scratch).unwrap();
                plan.inverse_adjoint_into(y.view(), at_y.view_mut(), scratch)
                    .unwrap();
            }
            let size = (dot(&ax, &ax) * dot(y, y)).sqrt();
            let error = (dot(&ax, y) - $product(x, &at_y)).abs();
            assert!(
                error <= $allowed * size,
                "weighted {weighted}: {error:e} of {size:e}"
            );
            assert!(size > 0.0);
        }
    }};
}

/// The real part of the product.
fn dot<T: Sample + Into<Complex64>, D: Dimension>(a: &Array<T, D>, b: &Array<T, D>) -> f64 {
    let terms = a.iter().zip(b);
    terms
        .map(|(a, b)| ((*a).into().conj() * (*b).into()).re)
        .sum()
}

/// The product of half layouts, in which m > 0 counts for −m too.
fn half_dot<D: Dimension>(
    limit: usize,
) -> impl Fn(&Array<Complex64, D>, &Array<Complex64, D>) -> f64 {
    move |a, b| {
        let half = limit * (limit + 1) / 2;
        let terms = a.iter().zip(b).enumerate();
        let twice = |at: usize| if at % half < limit { 1.0 } else { 2.0 };
        terms
            .map(|(at, (a, b))| twice(at) * (a.conj() * b).re)
            .sum()
    }
}

#[test]
fn batches_of_scalars() {
    for sampling in Sampling::ALL {
        for (limit, count) in [(1, 2), (5, 9), (17, 3)] {
            let plan = ShtPlanner::new().plan(limit, sampling).unwrap();
            let [rings, longitudes] = plan.signal_shape();
            let signals = numbers(ndarray::Dim([count, rings, longitudes]), 1);
            let coeffs = numbers(ndarray::Dim([count, limit, 2 * limit - 1]), 2);
            check_batches!(plan, signals, coeffs, tol::transform(limit));
            let real = signals.mapv(|value| value.re);
            check_batches!(plan, real, coeffs, tol::transform(limit));
            let halves = random_halves(count, 1, limit, 3).remove_axis(Axis(1));
            check_batches!(plan, real, halves, tol::transform(limit));
            // Two leading axes.
            let real = real.insert_axis(Axis(1));
            check_batches!(
                plan,
                real,
                halves.insert_axis(Axis(1)),
                tol::transform(limit)
            );
        }
    }
}

#[test]
fn half_layouts_of_scalars_and_rings() {
    for limit in [1, 2, 9, 18] {
        let plan = ShtPlanner::new()
            .plan(limit, Sampling::McEwenWiaux)
            .unwrap();
        let halves = random_halves(1, 1, limit, 4).remove_axis(Axis(1));
        let half = halves.row(0);
        let y = reals(ndarray::Dim(plan.signal_shape()), 5);
        check_adjoints!(
            plan,
            y,
            half.to_owned(),
            half_dot(limit),
            tol::transform(limit)
        );

        let plan = weighted_rings(limit);
        let scratch = &mut plan.make_scratch();
        let want: Array1<f64> = plan.inverse(full(half, limit).view()).unwrap();
        let mut found = want.mapv(|_| f64::NAN);
        plan.inverse_into(half, found.view_mut(), scratch).unwrap();
        assert_close(&found, &want, tol::transform(limit));
        let y = reals(want.raw_dim(), 6);
        let mut back = half.to_owned();
        plan.forward_into(y.view(), back.view_mut(), scratch)
            .unwrap();
        let whole = plan.forward(y.view()).unwrap();
        assert_close(full(back.view(), limit), &whole, tol::transform(limit));
        check_adjoints!(plan, y, back, half_dot(limit), tol::transform(limit));
    }
}

#[test]
fn batches_on_rings() {
    for (limit, count) in [(1, 3), (6, 5), (13, 2), (130, 2)] {
        let plan = weighted_rings(limit);
        let signals = numbers(ndarray::Dim([count, 40]), 7);
        let coeffs = numbers(ndarray::Dim([count, limit, 2 * limit - 1]), 8);
        check_batches!(plan, signals, coeffs, tol::transform(limit));
        let real = signals.mapv(|value| value.re);
        check_batches!(plan, real, coeffs, tol::transform(limit));
        let halves = random_halves(count, 1, limit, 9).remove_axis(Axis(1));
        check_batches!(plan, real, halves, tol::transform(limit));
    }
}

#[test]
fn spin_has_gradient_and_curl_modes() {
    for sampling in Sampling::ALL {
        for (limit, spin) in [(2, 1), (3, -2), (9, 2), (12, 5), (13, 0)] {
            let plan = SpinPlan::new(limit, spin, sampling).unwrap();
            let scratch = &mut plan.make_scratch();
            let [rings, longitudes] = plan.signal_shape();
            let modes = random_halves(3, 2, limit, 10);
            let one = modes.index_axis(Axis(0), 0);
            let coeffs = from_modes(one, limit);
            let want: Array2<Complex64> = plan.inverse(coeffs.view()).unwrap();
            let want = stack![Axis(0), want.mapv(|v| v.re), want.mapv(|v| v.im)];
            let mut planes = want.mapv(|_| f64::NAN);
            plan.inverse_into(one, planes.view_mut(), scratch).unwrap();
            assert_close(&planes, &want, tol::transform(limit));

            // Any planes have modes; degrees below |s| have none.
            let y = reals(want.raw_dim(), 11);
            let complex = Array2::from_shape_fn((rings, longitudes), |(t, p)| {
                Complex64::new(y[[0, t, p]], y[[1, t, p]])
            });
            let mut found = one.to_owned();
            plan.forward_into(y.view(), found.view_mut(), scratch)
                .unwrap();
            let want = plan.forward(complex.view()).unwrap();
            assert_close(
                from_modes(found.view(), limit),
                &want,
                tol::transform(limit),
            );
            check_adjoints!(plan, y, found, half_dot(limit), tol::transform(limit));
            check_batches!(
                plan,
                reals(ndarray::Dim([3, 2, rings, longitudes]), 12),
                modes,
                tol::transform(limit)
            );
            check_batches!(
                plan,
                numbers(ndarray::Dim([2, rings, longitudes]), 13),
                numbers(ndarray::Dim([2, limit, 2 * limit - 1]), 14),
                tol::transform(limit)
            );
        }
    }
}

/// The modes of a gradient are those of its potential, $`E = -\sqrt{\ell(\ell+1)} \hat f`$, $`B = 0`$, times −1 for the sign of ð.
#[test]
fn gradients_are_gradient_modes_of_spin_one() {
    let limit = 7;
    let sampling = Sampling::GaussLegendre;
    let half = random_halves(1, 1, limit, 15).remove_axis(Axis(1));
    let mut modes = Array2::zeros((2, half.ncols()));
    for m in 0..limit {
        for l in m..limit {
            let at = m * (2 * limit - 1 - m) / 2 + l;
            modes[[0, at]] = ((l * (l + 1)) as f64).sqrt() * half[[0, at]];
        }
    }
    let spin = SpinPlan::new(limit, 1, sampling).unwrap();
    let gradient = Gradient::new(limit, sampling).unwrap();
    let mut want = Array3::<f64>::zeros(gradient.signal_shape());
    let mut found = want.clone();
    let scratch = &mut spin.make_scratch();
    spin.inverse_into(modes.view(), want.view_mut(), scratch)
        .unwrap();
    gradient
        .inverse_into(half.row(0), found.view_mut(), scratch)
        .unwrap();
    assert_close(&found, &want, tol::transform(limit));
}

#[test]
fn gradients_in_all_shapes() {
    for sampling in Sampling::ALL {
        for limit in [2, 5, 12] {
            let longitudes = fast_longitudes(limit).unwrap();
            let plan = Gradient::with_longitudes(limit, sampling, longitudes).unwrap();
            let scratch = &mut plan.make_scratch();
            let allowed = limit as f64 * tol::transform(limit);
            let [two, rings, longitudes] = plan.signal_shape();
            let shape = ndarray::Dim([3, two, rings, longitudes]);
            // Half and full layout of real signals.
            let halves = random_halves(3, 1, limit, 16).remove_axis(Axis(1));
            let coeffs = full(halves.row(0), limit);
            let want: Array3<f64> = plan.inverse(coeffs.view()).unwrap();
            let mut found = want.mapv(|_| f64::NAN);
            plan.inverse_into(halves.row(0), found.view_mut(), scratch)
                .unwrap();
            assert_close(&found, &want, allowed);
            let mut back = halves.row(0).to_owned();
            plan.forward_into(found.view(), back.view_mut(), scratch)
                .unwrap();
            assert_close(
                full(back.view(), limit),
                plan.forward(want.view()).unwrap(),
                allowed,
            );
            // All but the mean comes back.
            back[0] = halves[[0, 0]];
            assert_close(&back, halves.row(0), allowed);
            let narrow: Array3<f32> = plan.inverse(coeffs.view()).unwrap();
            assert_eq!(narrow, want.mapv(|value| value as f32));

            // A complex signal has the gradients of its parts.
            let other = full(halves.row(1), limit);
            let sum = &coeffs + &other.mapv(|value| Complex64::I * value);
            let field: Array3<Complex64> = plan.inverse(sum.view()).unwrap();
            assert_close(field.mapv(|value| value.re), &want, allowed);
            let imaginary: Array3<f64> = plan.inverse(other.view()).unwrap();
            assert_close(field.mapv(|value| value.im), &imaginary, allowed);
            let mut back = plan.forward(field.view()).unwrap();
            back[[0, limit - 1]] = sum[[0, limit - 1]];
            assert_close(&back, &sum, allowed);
            let narrow: Array3<Complex32> = plan.inverse(sum.view()).unwrap();
            assert_eq!(
                narrow,
                field.mapv(|v| Complex32::new(v.re as f32, v.im as f32))
            );

            check_adjoints!(
                plan,
                reals(ndarray::Dim(plan.signal_shape()), 17),
                halves.row(0).to_owned(),
                half_dot(limit),
                allowed
            );
            check_adjoints!(
                plan,
                numbers(ndarray::Dim(plan.signal_shape()), 18),
                sum,
                dot,
                allowed
            );
            check_batches!(plan, reals(shape, 19), halves, allowed);
            let whole = numbers(ndarray::Dim([3, limit, 2 * limit - 1]), 20);
            check_batches!(plan, numbers(shape, 21), whole, allowed);
        }
    }
}

#[test]
fn batches_on_the_rotation_group() {
    for sampling in Sampling::ALL {
        let plan = WignerPlanner::new().plan(4, sampling).unwrap();
        let scratch = &mut plan.make_scratch();
        let [c, b, a] = plan.signal_shape();
        let coeffs = numbers(ndarray::Dim([2, 3, 7, 4, 7]), 22);
        let mut samples = numbers(ndarray::Dim([2, 3, c, b, a]), 23);
        plan.inverse_into(coeffs.view(), samples.view_mut(), scratch)
            .unwrap();
        let mut back = coeffs.clone();
        plan.forward_into(samples.view(), back.view_mut(), scratch)
            .unwrap();
        let narrow = samples.mapv(|v| v.re as f32);
        let of_narrow = plan.forward(narrow.view()).unwrap();
        for i in 0..2 {
            for j in 0..3 {
                let coeffs = coeffs.index_axis(Axis(0), i);
                let one: Array3<Complex64> = plan.inverse(coeffs.index_axis(Axis(0), j)).unwrap();
                let found = samples.index_axis(Axis(0), i);
                assert_eq!(found.index_axis(Axis(0), j), one);
                let found = back.index_axis(Axis(0), i);
                assert_eq!(
                    found.index_axis(Axis(0), j),
                    plan.forward(one.view()).unwrap()
                );
                // Single precision is storage.
                let wide = one.mapv(|value| f64::from(value.re as f32));
                let found = of_narrow.index_axis(Axis(0), i);
                assert_eq!(
                    found.index_axis(Axis(0), j),
                    plan.forward(wide.view()).unwrap()
                );
            }
        }
        let mut bad = coeffs.clone();
        bad[[1, 2, 3, 1, 3]].re = f64::NAN;
        let error = plan.inverse::<f64, _>(bad.view()).unwrap_err();
        assert!(
            matches!(error, haarmonic::Error::NotFinite { index, .. } if index == [1, 2, 3, 1, 3])
        );
    }
}
