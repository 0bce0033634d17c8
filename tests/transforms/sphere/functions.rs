//! Quadrature rules, spherical harmonics at points, zonal functions and coefficient layouts against closed forms.

use crate::common::tol::sphere as tol;

use crate::common::close::assert_close;
use haarmonic::Error;
use haarmonic::numeric::{GaussLegendre, legendre_polynomials, normalised_legendre};
use haarmonic::sphere::{Sampling, SphericalHarmonics, coefficients, zonal};
use ndarray::{Array2, array};
use num_complex::Complex64;
use std::f64::consts::PI;

#[test]
fn gauss_legendre_of_low_order() {
    let five = GaussLegendre::new(5).unwrap();
    let root = 2.0 * (10.0_f64 / 7.0).sqrt();
    let (outer, inner) = ((5.0 + root).sqrt() / 3.0, (5.0 - root).sqrt() / 3.0);
    assert_close(
        &five.nodes,
        [outer, inner, 0.0, -inner, -outer],
        tol::CLOSED_FORM,
    );
    let root = 13.0 * 70.0_f64.sqrt();
    let (outer, inner) = ((322.0 - root) / 900.0, (322.0 + root) / 900.0);
    assert_close(
        &five.weights,
        [outer, inner, 128.0 / 225.0, inner, outer],
        tol::CLOSED_FORM,
    );
}

/// n = 4096; mpmath 1.3, 40 digits, rounded to double: index, colatitude, weight.
const LARGE_RULE: [(usize, f64, f64); 4] = [
    (0, 0.0005870439525753159, 4.4220385139094866e-07),
    (10, 0.00824504336133541, 6.3223337322650285e-06),
    (1000, 0.767471958918082, 0.0005324703124363802),
    (2047, 1.5704128784084461, 0.0007668967165215304),
];

#[test]
fn gauss_legendre_of_high_order() {
    let rule = GaussLegendre::new(4096).unwrap();
    for (j, theta, weight) in LARGE_RULE {
        assert_close([rule.colatitudes[j]], [theta], tol::CLOSED_FORM);
        assert_close([rule.weights[j]], [weight], tol::CLOSED_FORM);
        assert_close([rule.nodes[j]], [theta.cos()], tol::CLOSED_FORM);
        assert_eq!(rule.nodes[4095 - j], -rule.nodes[j]);
        assert_eq!(rule.weights[4095 - j], rule.weights[j]);
    }
}

#[test]
fn quadrature_is_exact_to_its_degree() {
    for l in (1..=16).chain([32, 64, 128]) {
        for sampling in Sampling::ALL {
            let thetas = sampling.colatitudes(l).unwrap();
            let weights = sampling.colatitude_weights(l).unwrap();
            let degree = if sampling == Sampling::McEwenWiaux {
                l - 1
            } else {
                2 * l - 1
            };
            for n in 0..=degree {
                // P_n integrates to zero, except P_0; and t^n to 2/(n+1) for even n.
                let found: f64 = thetas
                    .iter()
                    .zip(&weights)
                    .map(|(t, w)| w * t.cos().powi(n as i32))
                    .sum();
                let wanted = if n % 2 == 0 {
                    2.0 / (n + 1) as f64
                } else {
                    0.0
                };
                assert_close([found, 2.0], [wanted, 2.0], tol::quadrature(l));
            }
        }
    }
}

#[test]
fn quadrature_is_not_exact_beyond_its_degree() {
    // The tolerance bites: one degree more is visibly wrong.
    for (sampling, degree) in [
        (Sampling::GaussLegendre, 4),
        (Sampling::DriscollHealy, 4),
        (Sampling::McEwenWiaux, 2),
    ] {
        let (thetas, weights) = (
            sampling.colatitudes(2).unwrap(),
            sampling.colatitude_weights(2).unwrap(),
        );
        let found: f64 = thetas
            .iter()
            .zip(&weights)
            .map(|(t, w)| w * t.cos().powi(degree))
            .sum();
        assert!(
            (found - 2.0 / f64::from(degree + 1)).abs() > 0.01,
            "{sampling}: {found}"
        );
    }
}

#[test]
fn sampling_names() {
    for sampling in Sampling::ALL {
        assert_eq!(sampling.to_string().parse::<Sampling>().unwrap(), sampling);
    }
    assert!(matches!(
        "healpix".parse::<Sampling>(),
        Err(Error::InvalidValue { .. })
    ));
    for sampling in Sampling::ALL {
        assert!(matches!(
            sampling.colatitudes(0),
            Err(Error::InvalidValue { .. })
        ));
        assert!(matches!(
            sampling.longitudes(0),
            Err(Error::InvalidValue { .. })
        ));
        assert!(matches!(
            sampling.colatitude_weights(0),
            Err(Error::InvalidValue { .. })
        ));
    }
    assert!(matches!(
        GaussLegendre::new(0),
        Err(Error::InvalidValue { .. })
    ));
}

#[test]
fn addition_theorem_at_high_degree() {
    // Σ_m |Y_lm|² = (2l+1)/4π at every point; an underflow of sin^m θ would show.
    let l = 1024;
    let harmonics = SphericalHarmonics::new(l).unwrap();
    let mut y = vec![Complex64::ZERO; l * l];
    for theta in [
        0.0,
        1e-9,
        2.3e-3,
        0.02,
        0.3,
        0.79,
        1.2,
        PI / 2.0,
        1.9,
        2.8,
        3.139,
        PI,
    ] {
        harmonics.write_at(theta, 0.7, &mut y).unwrap();
        for degree in [0, 1, 2, 17, 300, 611, 1023] {
            let sum: f64 = y[degree * degree..(degree + 1) * (degree + 1)]
                .iter()
                .map(|v| v.norm_sqr())
                .sum();
            assert_close([sum], [(2 * degree + 1) as f64 / (4.0 * PI)], tol::point(l));
        }
        // The recursion in single degrees is a program of its own.
        let mut column = vec![0.0; l];
        for m in [0, 1, 2, 40, 500, 1000, 1023] {
            normalised_legendre(m, theta, &mut column).unwrap();
            let table: Vec<f64> = (0..l)
                .map(|degree| {
                    if degree < m {
                        0.0
                    } else {
                        (y[degree * degree + degree + m] * Complex64::cis(-0.7 * m as f64)).re
                    }
                })
                .collect();
            let scale = [(l as f64 / PI).sqrt()];
            assert_close(
                [&column[..], &scale].concat(),
                [&table[..], &scale].concat(),
                tol::point(l),
            );
        }
    }
}

#[test]
fn real_harmonics_of_degree_one_are_coordinates() {
    let harmonics = SphericalHarmonics::new(3).unwrap();
    let mut s = [0.0; 9];
    let direction = [3.0, -4.0, 12.0];
    harmonics.write_real(direction, &mut s).unwrap();
    let unit = direction.map(|v| v / 13.0 * (3.0 / (4.0 * PI)).sqrt());
    assert_close(&s[1..4], [unit[1], unit[2], unit[0]], tol::CLOSED_FORM);
    let xy = (15.0 / (4.0 * PI)).sqrt() * direction[0] * direction[1] / 169.0;
    assert_close(&s[4..5], [xy], tol::CLOSED_FORM);
}

#[test]
fn directions_and_angles_agree() {
    let harmonics = SphericalHarmonics::new(12).unwrap();
    let (mut a, mut b) = (vec![Complex64::ZERO; 144], vec![Complex64::ZERO; 144]);
    let (theta, phi) = (2.1_f64, -1.3_f64);
    let direction = [
        theta.sin() * phi.cos(),
        theta.sin() * phi.sin(),
        theta.cos(),
    ];
    for scale in [1.0, f64::MAX / 2.0, f64::MIN_POSITIVE * 1024.0] {
        harmonics
            .write(direction.map(|v| v * scale), &mut a)
            .unwrap();
        harmonics.write_at(theta, phi, &mut b).unwrap();
        assert_close(&a, &b, tol::point(12));
    }
}

#[test]
fn cap_multipliers_follow_the_closed_form() {
    for omega in [0.3_f64, 1.0, 2.5, PI] {
        let mut p = vec![0.0; 34];
        legendre_polynomials(2.0 * (0.5 * omega).sin().powi(2), &mut p);
        let found = zonal::cap_multipliers(33, omega).unwrap();
        let wanted: Vec<f64> = (0..33)
            .map(|l| {
                if l == 0 {
                    1.0
                } else {
                    (p[l - 1] - p[l + 1]) / ((2 * l + 1) as f64 * (1.0 - omega.cos()))
                }
            })
            .collect();
        // The closed form loses 1/(1 − cos ω) of its digits.
        assert_close(&found, &wanted, tol::CLOSED_FORM / (1.0 - omega.cos()));
    }
    for angle in [0.0, -1.0, 3.2, f64::NAN] {
        assert!(matches!(
            zonal::cap_multipliers(4, angle),
            Err(Error::InvalidValue { .. })
        ));
    }
}

#[test]
fn legendre_coefficients_of_the_poisson_kernel() {
    // g(t) = (1 − r²) / (4π (1 − 2rt + r²)^{3/2}) has λ_l = r^l.
    let r = 0.6_f64;
    let found = zonal::legendre_coefficients(24, 128, |t| {
        (1.0 - r * r) / (4.0 * PI * (1.0 - 2.0 * r * t + r * r).powf(1.5))
    })
    .unwrap();
    let wanted: Vec<f64> = (0..24).map(|l| r.powi(l)).collect();
    assert_close(&found, &wanted, tol::quadrature(128));
    let error = zonal::legendre_coefficients(4, 8, |t| 1.0 / (t - t)).unwrap_err();
    assert!(matches!(error, Error::NotFinite { .. }));
}

#[test]
fn bumps_and_filters_at_points() {
    let l = 9;
    let harmonics = SphericalHarmonics::new(l).unwrap();
    let profile = |t: f64| 0.3 - t + 2.0 * t.powi(8);
    let lambda = zonal::legendre_coefficients(l, 16, profile).unwrap();
    let directions = [[1.0, 2.0, -2.0], [0.0, 0.0, 5.0], [-4.0, 3.0, 0.0]];
    let weights = [1.5, -0.7, 2.0];
    let mut coeffs = coefficients::zeros(l).unwrap();
    zonal::add_bumps(
        &harmonics,
        &lambda,
        &directions,
        &weights,
        coeffs.view_mut(),
    )
    .unwrap();
    coefficients::check_real(coeffs.view(), tol::CLOSED_FORM).unwrap();
    let points = array![[0.4, 1.0], [2.9, -2.0], [0.0, 0.0], [PI, 3.0]];
    let found = harmonics
        .evaluate_real(coeffs.view(), points.view())
        .unwrap();
    let wanted: Vec<f64> = points
        .rows()
        .into_iter()
        .map(|p| {
            let x = [p[0].sin() * p[1].cos(), p[0].sin() * p[1].sin(), p[0].cos()];
            directions
                .iter()
                .zip(weights)
                .map(|(d, w)| {
                    let length = d.iter().map(|v| v * v).sum::<f64>().sqrt();
                    w * profile(d.iter().zip(x).map(|(a, b)| a * b).sum::<f64>() / length)
                })
                .sum()
        })
        .collect();
    assert_close(&found, &wanted, tol::transform(l));

    // The filter with profile g turns a bump of profile h = δ-like (all multipliers one) into g.
    let mut sharp = coefficients::zeros(l).unwrap();
    zonal::add_bumps(
        &harmonics,
        &[1.0; 9],
        &directions,
        &weights,
        sharp.view_mut(),
    )
    .unwrap();
    zonal::filter(&lambda, sharp.view_mut()).unwrap();
    assert_close(&sharp, &coeffs, tol::CLOSED_FORM);

    let zero = zonal::add_bumps(&harmonics, &lambda, &[[0.0; 3]], &[1.0], coeffs.view_mut());
    assert!(matches!(zero, Err(Error::InvalidValue { .. })));
    let nan = zonal::add_bumps(
        &harmonics,
        &lambda,
        &[[f64::NAN, 0.0, 0.0]],
        &[1.0],
        coeffs.view_mut(),
    );
    assert!(matches!(nan, Err(Error::NotFinite { .. })));
    let few = zonal::filter(&lambda[..3], coeffs.view_mut());
    assert!(matches!(few, Err(Error::ShapeMismatch { .. })));
    let weights = zonal::add_bumps(&harmonics, &lambda, &directions, &[1.0], coeffs.view_mut());
    assert!(matches!(weights, Err(Error::ShapeMismatch { .. })));
}

#[test]
fn layouts_and_checks_of_coefficients() {
    let flat: Vec<Complex64> = (0..25)
        .map(|i| Complex64::new(f64::from(i), -1.0))
        .collect();
    let coeffs = coefficients::from_flat(&flat).unwrap();
    assert_eq!(coeffs.dim(), (5, 9));
    assert_eq!(coeffs[[3, 4 - 2]], flat[9 + 3 - 2]);
    assert_eq!(coefficients::to_flat(coeffs.view()).unwrap(), flat);
    assert_eq!(coefficients::validate(coeffs.view()).unwrap(), 5);
    assert!(matches!(
        coefficients::check_real(coeffs.view(), tol::GOLDEN),
        Err(Error::InvalidValue { .. })
    ));
    let power = coefficients::power_spectrum(coeffs.view()).unwrap();
    assert_eq!(power[..2], [1.0, 1.0 + 4.0 + 9.0 + 3.0]);
    let mut outside = coeffs.clone();
    outside[[1, 0]] = Complex64::ONE;
    assert!(matches!(
        coefficients::validate(outside.view()),
        Err(Error::InvalidValue { .. })
    ));
    outside[[1, 0]] = Complex64::new(f64::NAN, 0.0);
    assert!(matches!(
        coefficients::validate(outside.view()),
        Err(Error::NotFinite { .. })
    ));
    assert!(matches!(
        coefficients::from_flat(&flat[..7]),
        Err(Error::ShapeMismatch { .. })
    ));
    assert!(matches!(
        coefficients::from_flat(&[]),
        Err(Error::ShapeMismatch { .. })
    ));
    let wrong = Array2::<Complex64>::zeros((4, 8));
    assert!(matches!(
        coefficients::band_limit(wrong.view()),
        Err(Error::ShapeMismatch { .. })
    ));
    assert!(matches!(
        coefficients::zeros(0),
        Err(Error::InvalidValue { .. })
    ));
}

#[test]
fn points_out_of_range_are_refused() {
    let harmonics = SphericalHarmonics::new(3).unwrap();
    let coeffs = coefficients::zeros(3).unwrap();
    for bad in [
        [-0.1, 0.0],
        [3.2, 0.0],
        [f64::NAN, 0.0],
        [1.0, f64::INFINITY],
    ] {
        let found = harmonics.evaluate(coeffs.view(), array![bad].view());
        assert!(matches!(found, Err(Error::InvalidValue { .. })));
    }
    let three = harmonics.evaluate(coeffs.view(), array![[0.1, 0.2, 0.3]].view());
    assert!(matches!(three, Err(Error::ShapeMismatch { .. })));
    let other = harmonics.evaluate(
        coefficients::zeros(4).unwrap().view(),
        array![[0.1, 0.2]].view(),
    );
    assert!(matches!(other, Err(Error::ShapeMismatch { .. })));
    let short = harmonics.write([1.0, 0.0, 0.0], &mut [Complex64::ZERO; 8]);
    assert!(matches!(short, Err(Error::ShapeMismatch { .. })));
}
