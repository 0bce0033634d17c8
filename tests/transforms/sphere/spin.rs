//! Spin-weighted transforms and gradients against sums over Wigner functions, closed forms and identities.

use crate::common::tol::sphere as tol;

use haarmonic::Error;
use haarmonic::sphere::{
    Gradient, RingGradient, Rings, Sampling, SphericalHarmonics, SpinPlan, coefficients,
};
use haarmonic::wigner::wigner_d;
use ndarray::{Array2, Array3, ArrayView2, Axis};

use crate::common::close::assert_close;
use num_complex::{Complex32, Complex64};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;

fn random_coeffs(band_limit: usize, least: usize, seed: u64) -> Array2<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut coeffs = coefficients::zeros(band_limit).unwrap();
    for l in least..band_limit {
        for k in band_limit - 1 - l..band_limit + l {
            coeffs[[l, k]] = Complex64::new(rng.random::<f64>() - 0.5, rng.random::<f64>() - 0.5);
        }
    }
    coeffs
}

/// The sum over Wigner functions, point by point.
fn naive(
    coeffs: ArrayView2<'_, Complex64>,
    spin: i32,
    thetas: &[f64],
    longitudes: usize,
) -> Array2<Complex64> {
    let limit = coeffs.nrows();
    let sign = if spin % 2 == 0 { 1.0 } else { -1.0 };
    let mut signal = Array2::zeros((thetas.len(), longitudes));
    for (t, theta) in thetas.iter().enumerate() {
        for l in spin.unsigned_abs() as usize..limit {
            let norm = sign * ((2 * l + 1) as f64 / (4.0 * PI)).sqrt();
            for m in -(l as i64)..=l as i64 {
                let d = norm * wigner_d(l, m, -i64::from(spin), *theta).unwrap();
                let c = coeffs[[l, (m + limit as i64 - 1) as usize]];
                for p in 0..longitudes {
                    let phi = 2.0 * PI * p as f64 / longitudes as f64;
                    signal[[t, p]] += c * d * Complex64::cis(m as f64 * phi);
                }
            }
        }
    }
    signal
}

#[test]
fn transforms_of_any_spin() {
    for sampling in Sampling::ALL {
        for l in 1..=12 {
            for spin in -3..=3_i32 {
                if spin.unsigned_abs() as usize >= l {
                    continue;
                }
                let plan = SpinPlan::new(l, spin, sampling).unwrap();
                let coeffs = random_coeffs(l, spin.unsigned_abs() as usize, 3);
                let signal: Array2<Complex64> = plan.inverse(coeffs.view()).unwrap();
                let thetas = sampling.colatitudes(l).unwrap();
                let wanted = naive(coeffs.view(), spin, &thetas, 2 * l - 1);
                assert_close(&signal, &wanted, tol::transform(l));
                let back = plan.forward(signal.view()).unwrap();
                assert_close(&back, &coeffs, tol::transform(l));
            }
        }
    }
}

#[test]
fn large_spins() {
    for (l, spin) in [(20, 19), (20, -19), (33, 12), (64, 30)] {
        let plan = SpinPlan::with_longitudes(l, spin, Sampling::GaussLegendre, 2 * l).unwrap();
        let coeffs = random_coeffs(l, spin.unsigned_abs() as usize, 4);
        let signal: Array2<Complex64> = plan.inverse(coeffs.view()).unwrap();
        let thetas = Sampling::GaussLegendre.colatitudes(l).unwrap();
        if l < 50 {
            let wanted = naive(coeffs.view(), spin, &thetas, 2 * l);
            assert_close(&signal, &wanted, tol::transform(l));
        }
        let back = plan.forward(signal.view()).unwrap();
        assert_close(&back, &coeffs, tol::transform(l));
    }
}

#[test]
fn round_trips_of_high_degree() {
    for (l, spin) in [(128, 2), (257, -1)] {
        let plan = SpinPlan::new(l, spin, Sampling::GaussLegendre).unwrap();
        let coeffs = random_coeffs(l, spin.unsigned_abs() as usize, 5);
        let signal: Array2<Complex64> = plan.inverse(coeffs.view()).unwrap();
        let back = plan.forward(signal.view()).unwrap();
        assert_close(&back, &coeffs, tol::transform(l));
        let mut threads = plan.make_coeffs();
        plan.forward_into(
            signal.view(),
            threads.view_mut(),
            &mut plan.make_parallel_scratch(),
        )
        .unwrap();
        assert_eq!(threads, back);
    }
}

#[test]
fn coefficients_below_the_spin_are_not_used_and_come_out_as_zero() {
    let plan = SpinPlan::new(5, 2, Sampling::DriscollHealy).unwrap();
    let mut coeffs = random_coeffs(5, 0, 6);
    let signal: Array2<Complex64> = plan.inverse(coeffs.view()).unwrap();
    let back = plan.forward(signal.view()).unwrap();
    for l in 0..2 {
        coeffs.row_mut(l).fill(Complex64::ZERO);
    }
    assert_close(&back, &coeffs, tol::transform(5));
    assert!(back.row(1).iter().all(|c| *c == Complex64::ZERO));
    let narrow: Array2<Complex32> = plan.inverse(coeffs.view()).unwrap();
    assert_eq!(
        narrow,
        signal.mapv(|v| Complex32::new(v.re as f32, v.im as f32))
    );
}

/// ∂_θ and ∂_φ / sin θ by the ladder of orders, at points away from the poles.
fn gradient_at(coeffs: ArrayView2<'_, Complex64>, theta: f64, phi: f64) -> [Complex64; 2] {
    let limit = coeffs.nrows();
    let harmonics = SphericalHarmonics::new(limit).unwrap();
    let mut y = vec![Complex64::ZERO; limit * limit];
    harmonics.write_at(theta, phi, &mut y).unwrap();
    let (mut along_theta, mut along_phi) = (Complex64::ZERO, Complex64::ZERO);
    for l in 0..limit as i64 {
        for m in -l..=l {
            let at = |m: i64| {
                if m.abs() <= l {
                    y[(l * l + l + m) as usize]
                } else {
                    Complex64::ZERO
                }
            };
            let c = coeffs[[l as usize, (m + limit as i64 - 1) as usize]];
            let up = (((l - m) * (l + m + 1)) as f64).sqrt() * at(m + 1) * Complex64::cis(-phi);
            let down = (((l + m) * (l - m + 1)) as f64).sqrt() * at(m - 1) * Complex64::cis(phi);
            along_theta += c * 0.5 * (up - down);
            along_phi += c * Complex64::new(0.0, m as f64) * at(m) / theta.sin();
        }
    }
    [along_theta, along_phi]
}

#[test]
fn gradients_follow_the_ladder_of_orders() {
    for sampling in [Sampling::GaussLegendre, Sampling::DriscollHealy] {
        for l in [2, 5, 9] {
            let gradient = Gradient::with_longitudes(l, sampling, 2 * l).unwrap();
            let coeffs = random_coeffs(l, 0, 7);
            let found: Array3<Complex64> = gradient.inverse(coeffs.view()).unwrap();
            let thetas = sampling.colatitudes(l).unwrap();
            let mut wanted = [0, 1].map(|k| found.index_axis(Axis(0), k).to_owned());
            for (t, theta) in thetas.iter().enumerate() {
                for p in 0..2 * l {
                    let phi = PI * p as f64 / l as f64;
                    let value = gradient_at(coeffs.view(), *theta, phi);
                    wanted[0][[t, p]] = value[0];
                    wanted[1][[t, p]] = value[1];
                }
            }
            for (found, wanted) in found.outer_iter().zip(&wanted) {
                assert_close(found, wanted, l as f64 * tol::transform(l));
            }
            // The real part of a signal has the real part of the gradient.
            let real = Array2::from_shape_fn(coeffs.dim(), |(degree, k)| {
                let sign = if (k + l) % 2 == 1 { 1.0 } else { -1.0 };
                0.5 * (coeffs[[degree, k]] + sign * coeffs[[degree, 2 * l - 2 - k]].conj())
            });
            let parts: Array3<f64> = gradient.inverse(real.view()).unwrap();
            for (found, wanted) in parts.outer_iter().zip(&wanted) {
                let wanted = wanted.mapv(|value| value.re);
                assert_close(found, &wanted, l as f64 * tol::transform(l));
            }
        }
    }
}

/// On HEALPix, whose rings near the poles alias the orders, and on a grid.
#[test]
fn gradients_on_rings_follow_the_ladder_of_orders() {
    let limit = 9;
    for rings in [1, 2, 4, 8].map(|nside| Rings::healpix(nside).unwrap()) {
        let gradient = RingGradient::new(rings.clone(), limit).unwrap();
        let coeffs = random_coeffs(limit, 0, 8);
        let found: Array2<Complex64> = gradient.inverse(coeffs.view()).unwrap();
        let mut wanted = Array2::zeros(found.dim());
        for (index, ring) in rings.rings().iter().enumerate() {
            for (p, at) in rings.range(index).enumerate() {
                let phi = ring.first_longitude + 2.0 * PI * p as f64 / ring.longitudes as f64;
                let value = gradient_at(coeffs.view(), ring.colatitude, phi);
                wanted[[0, at]] = value[0];
                wanted[[1, at]] = value[1];
            }
        }
        assert_close(&found, &wanted, limit as f64 * tol::transform(limit));
    }
    let sampling = Sampling::GaussLegendre;
    let weights: Vec<f64> = (sampling.colatitude_weights(limit).unwrap().iter())
        .map(|weight| weight * 2.0 * PI / 17.0)
        .collect();
    let rings = Rings::product(sampling, limit, 17).unwrap();
    let gradient = RingGradient::new(rings, limit).unwrap();
    let mut coeffs = random_coeffs(limit, 1, 9);
    let field: Array2<Complex64> = gradient.inverse(coeffs.view()).unwrap();
    let mut back = coefficients::zeros(limit).unwrap();
    let scratch = &mut gradient.make_scratch();
    let error = gradient.forward_into(field.view(), back.view_mut(), scratch);
    assert!(matches!(error, Err(Error::Missing { .. })));
    let gradient = gradient.with_weights(&weights).unwrap();
    let forward = gradient.forward_into(field.view(), back.view_mut(), scratch);
    forward.unwrap();
    coeffs[[0, limit - 1]] = Complex64::ZERO;
    assert_close(&back, &coeffs, limit as f64 * tol::transform(limit));
    assert!(RingGradient::new(Rings::healpix(1).unwrap(), 1).is_err());
}

#[test]
fn bad_spins_are_refused() {
    for (l, spin) in [(0, 0), (3, 3), (3, -3), (4, i32::MIN), (2000, 1025)] {
        assert!(matches!(
            SpinPlan::new(l, spin, Sampling::GaussLegendre),
            Err(Error::InvalidValue { .. })
        ));
    }
    assert!(SpinPlan::with_longitudes(4, 1, Sampling::GaussLegendre, 6).is_err());
    assert!(Gradient::new(1, Sampling::GaussLegendre).is_err());
    let plan = SpinPlan::new(3, 1, Sampling::GaussLegendre).unwrap();
    let mut coeffs = plan.make_coeffs();
    coeffs[[2, 2]] = Complex64::new(f64::NAN, 0.0);
    assert!(matches!(
        plan.inverse::<f64, _>(coeffs.view()),
        Err(Error::NotFinite { .. })
    ));
    assert!(matches!(
        plan.forward(coeffs.slice_axis(ndarray::Axis(0), (..2).into())),
        Err(Error::ShapeMismatch { .. })
    ));
}
