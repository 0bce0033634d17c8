//! Plans with fewer orders than degrees.

use crate::common::close::assert_close;
use crate::common::spin_sums::{product, random_coeffs, spin_sums};
use crate::common::tol::sphere as tol;

use haarmonic::Error;
use haarmonic::sphere::{
    Gradient, Grid, GridFamily, RingGradient, RingPlan, Rings, ShtPlanner, SpinPlan, SpinRingPlan,
};
use ndarray::{Array1, Array2, Array3, ArrayView2, Axis, Slice};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// All families, with a quadrature and without, and the fewest longitudes.
fn grids(limit: usize, orders: usize) -> impl Iterator<Item = Grid> {
    GridFamily::ALL.into_iter().flat_map(move |family| {
        [family.fewest_rings(limit).unwrap(), 2 * limit].map(|rings| {
            let grid = Grid::new(family, rings, 2 * orders - 1).unwrap();
            grid.starting_at(0.2).unwrap()
        })
    })
}

/// The orders |m| < N of coefficients `[L, 2L − 1]`.
fn cut(coeffs: ArrayView2<'_, Complex64>, orders: usize) -> Array2<Complex64> {
    let zero = coeffs.ncols() / 2;
    let slice = Slice::from(zero + 1 - orders..zero + orders);
    coeffs.slice_axis(Axis(1), slice).to_owned()
}

/// The inverse of [`cut`].
fn all(coeffs: ArrayView2<'_, Complex64>) -> Array2<Complex64> {
    let (limit, zero) = (coeffs.nrows(), coeffs.ncols() / 2);
    let mut full = Array2::zeros((limit, 2 * limit - 1));
    let slice = Slice::from(limit - 1 - zero..limit + zero);
    full.slice_axis_mut(Axis(1), slice).assign(&coeffs);
    full
}

/// Every entry with m ≥ 0, order by order.
fn half(coeffs: ArrayView2<'_, Complex64>) -> Array1<Complex64> {
    let (limit, zero) = (coeffs.nrows(), coeffs.ncols() / 2);
    let orders = (0..=zero).flat_map(|m| (m..limit).map(move |l| (l, m)));
    orders.map(|(l, m)| coeffs[[l, zero + m]]).collect()
}

#[test]
fn scalar_transforms() {
    let mut planner = ShtPlanner::new();
    for limit in [1, 2, 5, 9, 16] {
        for orders in 1..=limit {
            for grid in grids(limit, orders) {
                let plan = planner.plan_with_orders(limit, orders, &grid).unwrap();
                assert_eq!((plan.band_limit(), plan.order_limit()), (limit, orders));
                assert_eq!(plan.coeffs_shape(), [limit, 2 * orders - 1]);
                let coeffs = random_coeffs([limit, orders], 0, false, 1);
                let nonzero = coeffs.iter().filter(|c| **c != Complex64::ZERO).count();
                assert_eq!(plan.coeff_len(), nonzero);
                let rings = Rings::of_grid(&grid);
                let want = spin_sums(coeffs.view(), 0, &rings);
                let want = want.into_shape_with_order(grid.shape()).unwrap();
                let map: Array2<Complex64> = plan.inverse(coeffs.view()).unwrap();
                assert_close(&map, &want, tol::transform(limit));
                let back = plan.forward(want.view()).unwrap();
                assert_close(&back, &coeffs, 2.0 * tol::transform(limit));

                let real = random_coeffs([limit, orders], 0, true, 2);
                let want = spin_sums(real.view(), 0, &rings).mapv(|value| value.re);
                let want = want.into_shape_with_order(grid.shape()).unwrap();
                let mut found = Array1::zeros(plan.half_len());
                let scratch = &mut plan.make_scratch();
                plan.forward_into(want.view(), found.view_mut(), scratch)
                    .unwrap();
                let wanted = half(real.view());
                assert_close(&found, &wanted, 2.0 * tol::transform(limit));
                let mut map = Array2::<f64>::zeros(grid.shape());
                plan.inverse_into(wanted.view(), map.view_mut(), scratch)
                    .unwrap();
                assert_close(&map, &want, tol::transform(limit));
            }
        }
    }
}

/// With enough longitudes for all orders, both plans give the same coefficients: at table, chain and shared-chain sizes, and in batches.
#[test]
fn fewer_orders_are_a_part_of_all() {
    let mut planner = ShtPlanner::new();
    for (limit, orders) in [(12, 3), (40, 9), (70, 16), (70, 1), (200, 11)] {
        for family in [GridFamily::GaussLegendre, GridFamily::Fejer2] {
            let rings = family.fewest_rings(limit).unwrap();
            let grid = Grid::new(family, rings, 2 * limit).unwrap();
            let few = planner.plan_with_orders(limit, orders, &grid).unwrap();
            let many = planner.plan_on(limit, &grid).unwrap();
            let mut rng = ChaCha8Rng::seed_from_u64(3);
            let maps = Array3::from_shape_simple_fn((3, rings, 2 * limit), || rng.random::<f64>());
            let (found, want) = (few.forward(maps.view()), many.forward(maps.view()));
            let (found, want) = (found.unwrap(), want.unwrap());
            let back: Array3<f64> = few.inverse(found.view()).unwrap();
            for i in 0..3 {
                let [found, want] = [&found, &want].map(|a| a.index_axis(Axis(0), i));
                assert_close(found, cut(want, orders), tol::transform(limit));
                let map: Array2<f64> = many.inverse(all(found).view()).unwrap();
                assert_close(back.index_axis(Axis(0), i), &map, tol::transform(limit));
            }
            let mut threads = found.clone();
            few.forward_into(
                maps.view(),
                threads.view_mut(),
                &mut few.make_parallel_scratch(),
            )
            .unwrap();
            assert_eq!(threads, found);
        }
    }
}

#[test]
fn spins_and_gradients() {
    for (limit, orders) in [(3, 1), (6, 2), (9, 5)] {
        for grid in grids(limit, orders) {
            let rings = Rings::of_grid(&grid);
            for spin in [-2, 0, 1, 2] {
                let plan = SpinPlan::with_orders(limit, orders, spin, &grid).unwrap();
                let coeffs = random_coeffs([limit, orders], spin.unsigned_abs() as usize, false, 4);
                let want = spin_sums(coeffs.view(), i64::from(spin), &rings);
                let map: Array2<Complex64> = plan.inverse(coeffs.view()).unwrap();
                let flat = map.flatten().to_owned();
                assert_close(&flat, &want, tol::transform(limit));
                let back = plan.forward(map.view()).unwrap();
                assert_close(&back, &coeffs, 2.0 * tol::transform(limit));
                // Rings by themselves, whose adjoint needs no weights.
                let on_rings =
                    SpinRingPlan::with_orders(rings.clone(), limit, orders, spin).unwrap();
                let found: Array1<Complex64> = on_rings.inverse(coeffs.view()).unwrap();
                assert_close(&found, &want, tol::transform(limit));
                let mut aty = on_rings.make_coeffs();
                let scratch = &mut on_rings.make_scratch();
                let y = found.mapv(|value| value * value);
                on_rings
                    .inverse_adjoint_into(y.view(), aty.view_mut(), scratch)
                    .unwrap();
                let size = (product(&y, &y).re * product(&found, &found).re).sqrt();
                let error = product(&y, &found) - product(&aty, &coeffs);
                assert!(error.norm() <= tol::transform(limit) * size);
            }
            let coeffs = random_coeffs([limit, orders], 1, true, 5);
            let gradient = Gradient::with_orders(limit, orders, &grid).unwrap();
            let field: Array3<f64> = gradient.inverse(coeffs.view()).unwrap();
            let on_rings = RingGradient::with_orders(rings.clone(), limit, orders).unwrap();
            let same: Array2<f64> = on_rings.inverse(coeffs.view()).unwrap();
            let same = same.into_shape_with_order(field.dim()).unwrap();
            assert_close(&field, &same, limit as f64 * tol::transform(limit));
            let complete = RingGradient::new(rings, limit).unwrap();
            let want: Array2<f64> = complete.inverse(all(coeffs.view()).view()).unwrap();
            let want = want.into_shape_with_order(field.dim()).unwrap();
            assert_close(&field, &want, limit as f64 * tol::transform(limit));
            let back = gradient.forward(field.view()).unwrap();
            assert_close(&back, &coeffs, limit as f64 * tol::transform(limit));
        }
    }
}

#[test]
fn rings_with_fewer_orders() {
    let rings = Rings::healpix(4).unwrap();
    for (limit, orders) in [(12, 1), (12, 5), (80, 7), (200, 3)] {
        let plan = RingPlan::with_orders(rings.clone(), limit, orders).unwrap();
        let coeffs = random_coeffs([limit, orders], 0, false, 6);
        let want: Array1<Complex64> = RingPlan::new(rings.clone(), limit)
            .unwrap()
            .inverse(all(coeffs.view()).view())
            .unwrap();
        let found: Array1<Complex64> = plan.inverse(coeffs.view()).unwrap();
        assert_close(&found, &want, tol::transform(limit));
    }
}

#[test]
fn order_limits_out_of_range_are_refused() {
    let grid = Grid::fewest(GridFamily::Fejer1, 6).unwrap();
    let rings = Rings::healpix(1).unwrap();
    for orders in [0, 7] {
        let errors = [
            ShtPlanner::new().plan_with_orders(6, orders, &grid).err(),
            SpinPlan::with_orders(6, orders, 1, &grid).err(),
            Gradient::with_orders(6, orders, &grid).err(),
            RingPlan::with_orders(rings.clone(), 6, orders).err(),
            RingGradient::with_orders(rings.clone(), 6, orders).err(),
            SpinRingPlan::with_orders(rings.clone(), 6, orders, 1).err(),
        ];
        for error in errors {
            let error = error.unwrap();
            assert!(matches!(error, Error::InvalidValue { .. }));
            assert!(error.to_string().contains("order limit"), "{error}");
        }
    }
    let narrow = Grid::new(GridFamily::Fejer1, 6, 4).unwrap();
    assert!(ShtPlanner::new().plan_with_orders(6, 2, &narrow).is_ok());
    let error = ShtPlanner::new()
        .plan_with_orders(6, 3, &narrow)
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("twice the order limit"),
        "{error}"
    );
    let plan = ShtPlanner::new().plan_with_orders(6, 2, &narrow).unwrap();
    let error = plan
        .inverse::<f64, _>(Array2::zeros((6, 11)).view())
        .unwrap_err();
    assert!(error.to_string().contains("order limit 2"), "{error}");
}
