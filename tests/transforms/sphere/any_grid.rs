//! Grids of every family with any number of rings: nodes, weights, and transforms on them, the fewest rings among them.

use crate::common::close::{assert_absolutely_close, assert_close};
use crate::common::spin_sums::{product, random_coeffs, spin_sums};
use crate::common::tol::sphere as tol;

use haarmonic::Error;
use haarmonic::sphere::{
    Gradient, Grid, GridFamily, RingGradient, Rings, Sampling, ShtPlanner, SpinPlan,
};
use ndarray::{Array1, Array2, Array3, Axis};
use ndarray_npy::NpzReader;
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;
use std::fs::File;

/// Legendre polynomials below a degree, by their recursion.
fn legendre(count: usize, x: f64) -> Vec<f64> {
    let mut values = vec![1.0, x];
    for l in 1..count {
        let k = l as f64;
        values.push(((2.0 * k + 1.0) * x * values[l] - k * values[l - 1]) / (k + 1.0));
    }
    values.truncate(count);
    values
}

#[test]
fn weights_are_those_of_another_program() {
    let mut file = NpzReader::new(File::open("tests/data/healpix.npz").unwrap()).unwrap();
    for (name, family, counts) in [
        ("F1", GridFamily::Fejer1, &[7, 8, 12, 13][..]),
        ("CC", GridFamily::ClenshawCurtis, &[7, 8, 12, 13]),
        ("F2", GridFamily::Fejer2, &[7, 8, 12, 13]),
        ("DH", GridFamily::NorthPole, &[8, 12]),
    ] {
        for &count in counts {
            let want: Array1<f64> = file.by_name(&format!("weights_{name}_{count}")).unwrap();
            let found = Grid::new(family, count, 1).unwrap().colatitude_weights();
            // The stored weights include the circle of longitudes in some programs; they sum to 2 here.
            let want = &want * (2.0 / want.sum());
            assert_close(&found, &want, tol::quadrature(count));
        }
    }
}

#[test]
fn weights_integrate_polynomials() {
    for family in GridFamily::ALL {
        for rings in 1..=24 {
            let Ok(grid) = Grid::new(family, rings, 1) else {
                assert!(family == GridFamily::ClenshawCurtis && rings == 1);
                continue;
            };
            let degree = match family {
                GridFamily::GaussLegendre => 2 * rings - 1,
                GridFamily::NorthPole => rings.saturating_sub(2),
                _ => rings - 1,
            };
            let (angles, weights) = (grid.colatitudes(), grid.colatitude_weights());
            assert_eq!([angles.len(), weights.len()], [rings; 2]);
            assert!(angles.is_sorted() && angles[0] >= 0.0 && angles[rings - 1] <= PI);
            let mut sums = vec![0.0; degree + 1];
            for (angle, weight) in angles.iter().zip(&weights) {
                for (sum, value) in sums.iter_mut().zip(legendre(degree + 1, angle.cos())) {
                    *sum += weight * value;
                }
            }
            let mut want = vec![0.0; degree + 1];
            want[0] = 2.0;
            assert_absolutely_close(family, &sums, &want, 2.0 * tol::transform(degree + 1));
        }
    }
}

#[test]
fn colatitudes_of_small_grids() {
    let of = |family, rings| Grid::new(family, rings, 1).unwrap().colatitudes();
    let close = |found: Vec<f64>, want: &[f64]| {
        let want: Vec<f64> = want.iter().map(|x| x * PI).collect();
        assert_close(&found, &want, tol::CLOSED_FORM);
    };
    close(of(GridFamily::ClenshawCurtis, 3), &[0.0, 0.5, 1.0]);
    close(of(GridFamily::Fejer1, 2), &[0.25, 0.75]);
    close(of(GridFamily::Fejer2, 3), &[0.25, 0.5, 0.75]);
    close(of(GridFamily::McEwenWiaux, 2), &[1.0 / 3.0, 1.0]);
    close(of(GridFamily::McEwenWiauxNorth, 2), &[0.0, 2.0 / 3.0]);
    close(of(GridFamily::NorthPole, 4), &[0.0, 0.25, 0.5, 0.75]);
    close(of(GridFamily::GaussLegendre, 1), &[0.5]);
    assert_eq!(of(GridFamily::McEwenWiaux, 9)[8], PI);
}

/// Numbers of rings for a band limit: the fewest, some in between, the fewest of a quadrature, and more.
fn counts(family: GridFamily, limit: usize) -> Vec<usize> {
    let fewest = family.fewest_rings(limit).unwrap();
    let mut counts = vec![
        fewest,
        fewest + 1,
        fewest + 2,
        (3 * limit).div_ceil(2),
        2 * limit - 1,
        2 * limit,
        2 * limit + 3,
    ];
    counts.retain(|count| *count >= fewest);
    counts.sort_unstable();
    counts.dedup();
    counts
}

/// Grids for a band limit, with longitudes that start anywhere.
fn grids(family: GridFamily, limit: usize) -> Vec<Grid> {
    let firsts = [0.0, 0.3, -PI + PI / 360.0];
    let counts = counts(family, limit).into_iter().enumerate();
    counts
        .map(|(i, rings)| {
            let grid = Grid::new(family, rings, 2 * limit - 1 + i % 3).unwrap();
            let grid = grid.starting_at(firsts[i % 3]).unwrap();
            assert!(grid.max_band_limit() >= limit, "{grid:?}");
            grid
        })
        .collect()
}

#[test]
fn scalar_transforms() {
    let mut planner = ShtPlanner::new();
    for family in GridFamily::ALL {
        for limit in (1..=16).chain([33]) {
            for grid in grids(family, limit) {
                let plan = planner.plan_on(limit, &grid).unwrap();
                let shape = grid.shape();
                assert_eq!((plan.signal_shape(), plan.grid()), (shape, grid));
                let real = random_coeffs([limit; 2], 0, true, 1);
                let rings = Rings::of_grid(&grid);
                let want = spin_sums(real.view(), 0, &rings).into_shape_with_order(shape);
                let want = want.unwrap().mapv(|value| value.re);
                let map: Array2<f64> = plan.inverse(real.view()).unwrap();
                assert_close(&map, &want, tol::transform(limit));
                let back = plan.forward(want.view()).unwrap();
                assert_close(&back, &real, 2.0 * tol::transform(limit));

                let coeffs = random_coeffs([limit; 2], 0, false, 2);
                let want = spin_sums(coeffs.view(), 0, &rings).into_shape_with_order(shape);
                let want = want.unwrap();
                let map: Array2<Complex64> = plan.inverse(coeffs.view()).unwrap();
                assert_close(&map, &want, tol::transform(limit));
                let back = plan.forward(want.view()).unwrap();
                assert_close(&back, &coeffs, 2.0 * tol::transform(limit));
            }
        }
    }
}

#[test]
fn spin_transforms() {
    for family in GridFamily::ALL {
        for limit in 1..=8 {
            for grid in grids(family, limit) {
                for spin in -3..=3_i32 {
                    let least = spin.unsigned_abs() as usize;
                    if least >= limit {
                        continue;
                    }
                    let plan = SpinPlan::on_grid(limit, spin, &grid).unwrap();
                    let coeffs = random_coeffs([limit; 2], least, false, 3);
                    let want = spin_sums(coeffs.view(), i64::from(spin), &Rings::of_grid(&grid));
                    let want = want.into_shape_with_order(grid.shape()).unwrap();
                    let map: Array2<Complex64> = plan.inverse(coeffs.view()).unwrap();
                    assert_close(&map, &want, tol::transform(limit));
                    let back = plan.forward(want.view()).unwrap();
                    assert_close(&back, &coeffs, 2.0 * tol::transform(limit));
                }
            }
        }
    }
}

/// ⟨y, A x⟩ = ⟨Aᵀy, x⟩ for both directions.
#[test]
fn adjoints() {
    for family in GridFamily::ALL {
        for limit in [1, 2, 5, 8, 11] {
            for grid in grids(family, limit) {
                for spin in 0..limit.min(3) as i32 {
                    let plan = SpinPlan::on_grid(limit, spin, &grid).unwrap();
                    let scratch = &mut plan.make_scratch();
                    let x = random_coeffs([limit; 2], spin as usize, false, 4);
                    let mut rng = ChaCha8Rng::seed_from_u64(5);
                    let y = Array2::from_shape_simple_fn(grid.shape(), || {
                        Complex64::new(rng.random::<f64>() - 0.5, rng.random::<f64>() - 0.5)
                    });
                    let close = |a: Complex64, b: Complex64, size: f64| {
                        let error = (a - b).norm();
                        assert!(
                            error <= 2.0 * tol::transform(limit) * size,
                            "{grid:?} {error}"
                        );
                    };
                    let norm = |a: &Array2<Complex64>| product(a, a).re.sqrt();
                    let ax: Array2<Complex64> = plan.inverse(x.view()).unwrap();
                    let mut aty = plan.make_coeffs();
                    plan.inverse_adjoint_into(y.view(), aty.view_mut(), scratch)
                        .unwrap();
                    close(product(&y, &ax), product(&aty, &x), norm(&y) * norm(&ax));
                    let by = plan.forward(y.view()).unwrap();
                    let mut btx = y.clone();
                    plan.forward_adjoint_into(x.view(), btx.view_mut(), scratch)
                        .unwrap();
                    close(
                        product(&x, &by),
                        product(&btx, &y),
                        norm(&x) * norm(&by).max(1.0),
                    );
                }
            }
        }
    }
}

#[test]
fn batches_and_threads_change_nothing() {
    let mut planner = ShtPlanner::new();
    for family in GridFamily::ALL {
        for limit in [6, 40, 100] {
            for rings in [family.fewest_rings(limit).unwrap(), 2 * limit] {
                let grid = Grid::new(family, rings, 2 * limit).unwrap();
                let grid = grid.starting_at(0.7).unwrap();
                let plan = planner.plan_on(limit, &grid).unwrap();
                let mut rng = ChaCha8Rng::seed_from_u64(6);
                let maps =
                    Array3::from_shape_simple_fn((9, rings, 2 * limit), || rng.random::<f64>());
                let [batch, threads] = [false, true].map(|parallel| {
                    let mut scratch = plan.make_scratch();
                    if parallel {
                        scratch = plan.make_parallel_scratch();
                    }
                    let mut coeffs = Array3::zeros((9, limit, 2 * limit - 1));
                    plan.forward_into(maps.view(), coeffs.view_mut(), &mut scratch)
                        .unwrap();
                    let mut back = Array3::<f64>::zeros(maps.dim());
                    plan.inverse_into(coeffs.view(), back.view_mut(), &mut scratch)
                        .unwrap();
                    (coeffs, back)
                });
                assert_eq!(batch, threads);
                for (map, coeffs) in maps.outer_iter().zip(batch.0.outer_iter()).take(2) {
                    let alone = plan.forward(map).unwrap();
                    assert_close(&alone, coeffs, tol::transform(limit));
                }
                for (coeffs, map) in batch.0.outer_iter().zip(batch.1.outer_iter()).take(2) {
                    let alone: Array2<f64> = plan.inverse(coeffs).unwrap();
                    assert_close(&alone, map, tol::transform(limit));
                }
            }
        }
    }
}

/// Gradients on a grid and on its rings take different ways; those on rings are held against the ladder of orders elsewhere.
#[test]
fn gradients() {
    for family in GridFamily::ALL {
        for limit in [2, 5, 8] {
            for grid in grids(family, limit) {
                let gradient = Gradient::on_grid(limit, &grid).unwrap();
                let coeffs = random_coeffs([limit; 2], 1, true, 7);
                let field: Array3<f64> = gradient.inverse(coeffs.view()).unwrap();
                let on_rings = RingGradient::new(Rings::of_grid(&grid), limit).unwrap();
                let want: Array2<f64> = on_rings.inverse(coeffs.view()).unwrap();
                let want = want.into_shape_with_order(gradient.signal_shape()).unwrap();
                assert_close(&field, &want, limit as f64 * tol::transform(limit));
                let back = gradient.forward(want.view()).unwrap();
                assert_close(&back, &coeffs, limit as f64 * tol::transform(limit));
            }
        }
    }
}

/// z + x + 3xy on maps of one degree, as geographers have them.
#[test]
fn latitude_longitude_maps() {
    let centres = Grid::new(GridFamily::Fejer1, 180, 360).unwrap();
    let centres = centres.starting_at(-PI + PI / 360.0).unwrap();
    let with_poles = Grid::new(GridFamily::ClenshawCurtis, 181, 360).unwrap();
    for grid in [centres, with_poles] {
        assert_eq!(grid.max_band_limit(), 180);
        let (theta, phi) = (grid.colatitudes(), grid.longitudes());
        let map = Array2::from_shape_fn(grid.shape(), |(t, p)| {
            let (x, y) = (theta[t].sin() * phi[p].cos(), theta[t].sin() * phi[p].sin());
            theta[t].cos() + x + 3.0 * x * y
        });
        for limit in [180, 91, 90, 3] {
            let plan = ShtPlanner::new().plan_on(limit, &grid).unwrap();
            let coeffs = plan.forward(map.view()).unwrap();
            let mut want = plan.make_coeffs();
            let root = |x: f64| x.sqrt();
            want[[1, limit - 1]] = root(4.0 * PI / 3.0).into();
            want[[1, limit]] = (-root(2.0 * PI / 3.0)).into();
            want[[1, limit - 2]] = root(2.0 * PI / 3.0).into();
            // xy = √(2π/15) (Y₂₂ − Y₂₋₂)/i
            want[[2, limit + 1]] = Complex64::new(0.0, -3.0 * root(2.0 * PI / 15.0));
            want[[2, limit - 3]] = Complex64::new(0.0, 3.0 * root(2.0 * PI / 15.0));
            assert_close(&coeffs, &want, tol::transform(limit));
            let back: Array2<f64> = plan.inverse(coeffs.view()).unwrap();
            assert_close(&back, &map, 2.0 * tol::transform(limit));
        }
        // From south to north: a view of the map with its first axis inverted.
        let mut northwards = map.clone();
        northwards.invert_axis(Axis(0));
        let stored = northwards.as_standard_layout().to_owned();
        let mut view = stored.view();
        view.invert_axis(Axis(0));
        let plan = ShtPlanner::new().plan_on(90, &grid).unwrap();
        assert_eq!(
            plan.forward(view).unwrap(),
            plan.forward(map.view()).unwrap()
        );
    }
}

#[test]
fn the_samplings_are_grids() {
    let mut planner = ShtPlanner::new();
    for sampling in Sampling::ALL {
        for limit in 1..=9 {
            let grid = sampling.grid(limit).unwrap();
            assert_eq!(grid.shape(), sampling.shape(limit).unwrap());
            assert_eq!(grid.colatitudes(), sampling.colatitudes(limit).unwrap());
            assert_eq!(
                grid.colatitude_weights(),
                sampling.colatitude_weights(limit).unwrap()
            );
            let plan = planner.plan(limit, sampling).unwrap();
            let same = planner.plan_on(limit, &grid).unwrap();
            assert!(std::sync::Arc::ptr_eq(&plan, &same));
            assert_eq!(plan.sampling(), Some(sampling));
        }
    }
    for family in GridFamily::ALL {
        assert_eq!(family.to_string().parse::<GridFamily>().unwrap(), family);
        let grid = Grid::fewest(family, 5).unwrap();
        assert_eq!(grid.max_band_limit(), 5);
    }
    let odd = Grid::new(GridFamily::Fejer2, 7, 13).unwrap();
    assert_eq!(planner.plan_on(4, &odd).unwrap().sampling(), None);
}

#[test]
fn grids_that_do_not_suffice_are_refused() {
    let mut planner = ShtPlanner::new();
    let invalid = |error: Result<_, Error>, part: &str| {
        let error = error.map(|_: ()| ()).unwrap_err();
        assert!(matches!(error, Error::InvalidValue { .. }));
        assert!(error.to_string().contains(part), "{error}");
    };
    for family in GridFamily::ALL {
        let rings = family.fewest_rings(8).unwrap() - 1;
        let grid = Grid::new(family, rings, 16).unwrap();
        assert_eq!(grid.max_band_limit(), 7);
        invalid(planner.plan_on(8, &grid).map(drop), "at most 7");
        invalid(SpinPlan::on_grid(8, 2, &grid).map(drop), "at most 7");
        invalid(Gradient::on_grid(8, &grid).map(drop), "at most 7");
        let grid = Grid::new(family, 20, 14).unwrap();
        assert_eq!(grid.max_band_limit(), 7);
        invalid(
            planner.plan_on(8, &grid).map(drop),
            "15 (twice the band limit, less one)",
        );
        for (rings, longitudes) in [(0, 1), (3, 0), (1 << 17, 1), (3, 1 << 18)] {
            assert!(Grid::new(family, rings, longitudes).is_err());
        }
        assert!(Grid::fewest(family, 0).is_err());
    }
    let grid = Grid::new(GridFamily::Fejer1, 4, 7).unwrap();
    for first in [f64::NAN, f64::INFINITY, 100.0] {
        assert!(grid.starting_at(first).is_err());
    }
    assert_eq!(grid.starting_at(-0.0).unwrap(), grid);
    invalid("fejer3".parse::<GridFamily>().map(drop), "\"north-pole\"");
}
