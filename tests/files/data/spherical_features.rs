//! Spherical features: closed forms, numerical quadrature of the sampled formula, symmetries, bad options.

use crate::common::tol::data as tol;

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

use crate::common::close::assert_named_close;
use haarmonic::Error;
use haarmonic::data::molecule::{
    Element::{self, *},
    Molecule,
};
use haarmonic::data::qm9::Qm9Source;
use haarmonic::data::radial::{RadialChannel, RadialCutoff, RadialFunction};
use haarmonic::data::spherical_features::SphericalFeatures;
use haarmonic::group::Rotation;
use haarmonic::numeric::GaussLegendre;
use haarmonic::sphere::Sampling;
use nalgebra::Rotation3;
use ndarray::Axis;
use num_complex::Complex64;

fn molecule(elements: &[Element], positions: &[[f64; 3]]) -> Molecule {
    Molecule::new(0, elements.to_vec(), positions.to_vec(), 0.0).unwrap()
}

fn hydrogen_fluoride(bond: [f64; 3]) -> Molecule {
    molecule(
        &[H, F],
        &[
            [0.25, -0.5, 1.0],
            [0.25 + bond[0], -0.5 + bond[1], 1.0 + bond[2]],
        ],
    )
}

/// A molecule of the shipped sample that holds at least three elements.
fn real_molecule() -> Molecule {
    let records = Qm9Source::open("examples/data/qm9_sample.csv")
        .unwrap()
        .read_all()
        .unwrap();
    records
        .into_iter()
        .map(|record| record.molecule)
        .find(|m| m.element_counts().iter().filter(|n| **n > 0).count() >= 4)
        .unwrap()
}

/// The profile variance b, from its definition.
fn variance(angular_width: f64) -> f64 {
    -(angular_width.cos() - 1.0).powi(2) / 0.05_f64.ln()
}

/// The error function of x > 0 by its series of positive terms, 2/√π exp(−x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n + 1)!!.
fn erf(x: f64) -> f64 {
    if x > 6.0 {
        return 1.0;
    }
    let (mut sum, mut term) = (0.0, x);
    for n in 1..300 {
        sum += term;
        term *= 2.0 * x * x / (2 * n + 1) as f64;
    }
    2.0 / PI.sqrt() * (-x * x).exp() * sum
}

/// λ_0, λ_1, λ_2 in closed form: s = 1 − t turns the integrals into moments of exp(−s²/b) on [0, 2].
fn lambda_closed(b: f64) -> [f64; 3] {
    let end = (-4.0 / b).exp();
    let m0 = 0.5 * (PI * b).sqrt() * erf(2.0 / b.sqrt());
    let m1 = 0.5 * b * (1.0 - end);
    let m2 = 0.5 * b * (m0 - 2.0 * end);
    // P_1 = 1 − s, P_2 = 1 − 3 s + (3/2) s²
    [m0, m0 - m1, m0 - 3.0 * m1 + 1.5 * m2].map(|x| 2.0 * PI * x)
}

/// Y_lm from the sum of powers of P_l, differentiated m times term by term.
fn naive_harmonic(l: usize, m: i64, theta: f64, phi: f64) -> Complex64 {
    let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    let k = m.unsigned_abs() as usize;
    let x = theta.cos();
    let mut derivative = 0.0;
    for j in 0..=l / 2 {
        let power = l - 2 * j;
        if power < k {
            break;
        }
        let sign = if j.is_multiple_of(2) { 1.0 } else { -1.0 };
        let coefficient = sign * factorial(2 * l - 2 * j)
            / (2.0_f64.powi(l as i32) * factorial(j) * factorial(l - j) * factorial(power));
        let falling = factorial(power) / factorial(power - k);
        derivative += coefficient * falling * x.powi((power - k) as i32);
    }
    let norm = ((2 * l + 1) as f64 / (4.0 * PI) * factorial(l - k) / factorial(l + k)).sqrt();
    let phase = if k.is_multiple_of(2) { 1.0 } else { -1.0 };
    let positive =
        phase * norm * theta.sin().powi(k as i32) * derivative * Complex64::cis(k as f64 * phi);
    if m >= 0 {
        positive
    } else {
        phase * positive.conj()
    }
}

#[test]
fn profile_coefficients_match_closed_forms() {
    for width in [0.01, 0.1, 0.4, FRAC_PI_4, FRAC_PI_2, 2.5, PI] {
        let channel = RadialChannel::new(RadialFunction::Power(2.0)).with_angular_width(width);
        let found = channel.profile_coefficients(3).unwrap();
        // For a narrow profile cos ω − 1 of the oracle itself loses ε/ω² of its digits.
        let tolerance = tol::ARITHMETIC * (1.0 + 1.0 / (width * width));
        assert_named_close("λ", &found, lambda_closed(variance(width)), tolerance);
    }
}

#[test]
fn profile_coefficients_of_high_degree_match_a_plain_quadrature() {
    let limit = 48;
    for width in [0.3, FRAC_PI_4, 2.0, PI] {
        let b = variance(width);
        let channel = RadialChannel::new(RadialFunction::Power(2.0)).with_angular_width(width);
        let found = channel.profile_coefficients(limit).unwrap();
        let gaussian = |t: f64| (-(t - 1.0).powi(2) / b).exp();
        let wanted = haarmonic::sphere::zonal::legendre_coefficients(limit, 400, gaussian).unwrap();
        assert_named_close("λ", &found, &wanted, tol::coefficient(limit));
    }
}

#[test]
fn two_atoms_on_the_axes_match_closed_forms() {
    let r = 0.9168;
    let lambda = lambda_closed(variance(FRAC_PI_4));
    let features = SphericalFeatures::builder(3).build().unwrap();
    // conj Y_lm at z, x, y; each list holds (l, m, value).
    let c = |x: f64| Complex64::new(x, 0.0);
    let y00 = (0.25 / PI).sqrt();
    let y10 = (0.75 / PI).sqrt();
    let y11 = (0.375 / PI).sqrt();
    let y20 = (1.25 / PI).sqrt();
    let y22 = (15.0 / (32.0 * PI)).sqrt();
    type Harmonic = (usize, i64, Complex64);
    let cases: [([f64; 3], Vec<Harmonic>); 3] = [
        (
            [0.0, 0.0, r],
            vec![(0, 0, c(y00)), (1, 0, c(y10)), (2, 0, c(y20))],
        ),
        (
            [r, 0.0, 0.0],
            vec![
                (0, 0, c(y00)),
                (1, 1, c(-y11)),
                (1, -1, c(y11)),
                (2, 0, c(-0.5 * y20)),
                (2, 2, c(y22)),
                (2, -2, c(y22)),
            ],
        ),
        (
            [0.0, r, 0.0],
            vec![
                (0, 0, c(y00)),
                (1, 1, Complex64::new(0.0, y11)),
                (1, -1, Complex64::new(0.0, y11)),
                (2, 0, c(-0.5 * y20)),
                (2, 2, c(-y22)),
                (2, -2, c(-y22)),
            ],
        ),
    ];
    for (bond, harmonics) in cases {
        let coeffs = features.coefficients(&hydrogen_fluoride(bond)).unwrap();
        // (atom, element of the other, sign of the direction)
        for (atom, other, sign) in [(0, F, 1.0), (1, H, -1.0_f64)] {
            for (radial, power) in [(0, 2), (1, 6)] {
                let mut wanted = ndarray::Array4::<Complex64>::zeros((1, 10, 3, 5));
                let channel = features.channel(other, radial).unwrap();
                for (l, m, value) in &harmonics {
                    let place = [0, channel, *l, (m + 2) as usize];
                    wanted[place] = 9.0 / r.powi(power) * lambda[*l] * sign.powi(*l as i32) * value;
                }
                for l in 0..3 {
                    for m in 0..5 {
                        let found = coeffs[[atom, channel, l, m]];
                        let error = (found - wanted[[0, channel, l, m]]).norm();
                        let scale = 9.0 / r.powi(power) * lambda[0];
                        assert!(
                            error <= tol::ARITHMETIC * scale,
                            "{bond:?} {atom} {l} {m} {found}"
                        );
                    }
                }
            }
            // Every other channel is empty.
            for channel in (0..10).filter(|k| k / 2 != other.index()) {
                let signal = coeffs.index_axis(Axis(0), atom);
                let signal = signal.index_axis(Axis(0), channel);
                assert!(signal.iter().all(|x| *x == Complex64::ZERO));
            }
        }
    }
}

#[test]
fn values_match_the_formula_written_out() {
    let molecule = molecule(
        &[O, H, H, C],
        &[
            [0.1, 0.0, -0.2],
            [0.9, 0.3, 0.1],
            [-0.4, 0.8, 0.0],
            [0.2, -1.1, 0.7],
        ],
    );
    let features = SphericalFeatures::builder(4).build().unwrap();
    let direction = [0.48, -0.6, 0.64];
    let values = features.values_at(&molecule, &[direction]).unwrap();
    let charge = [8.0, 1.0, 1.0, 6.0];
    let b = variance(FRAC_PI_4);
    for i in 0..4 {
        for (z, atoms) in [
            (H, vec![1, 2]),
            (C, vec![3]),
            (N, vec![]),
            (O, vec![0]),
            (F, vec![]),
        ] {
            for (radial, power) in [(0, 2.0), (1, 6.0)] {
                let mut wanted = 0.0;
                for &j in atoms.iter().filter(|j| **j != i) {
                    let d: Vec<f64> = (0..3)
                        .map(|k| molecule.positions()[j][k] - molecule.positions()[i][k])
                        .collect();
                    let r = d.iter().map(|x| x * x).sum::<f64>().sqrt();
                    let t = d.iter().zip(direction).map(|(a, x)| a * x).sum::<f64>() / r;
                    wanted +=
                        charge[i] * charge[j] / r.powf(power) * (-(t - 1.0_f64).powi(2) / b).exp();
                }
                let found = values[[i, 0, features.channel(z, radial).unwrap()]];
                assert_named_close("value", [found], [wanted], 16.0 * tol::signal(b));
            }
        }
    }
}

#[test]
fn coefficients_match_quadrature_of_the_signal() {
    let molecule = real_molecule();
    let limit = 6;
    let features = SphericalFeatures::builder(limit)
        .radial([
            RadialChannel::new(RadialFunction::Power(2.0)),
            RadialChannel::new(RadialFunction::Power(6.0)).with_angular_width(0.5),
            RadialChannel::new(RadialFunction::Gaussian {
                centre: 1.4,
                width: 0.4,
                power: 0.0,
            })
            .with_charge_exponent(0.5)
            .with_scale(-1.5),
        ])
        .cutoff(RadialCutoff::Cosine { radius: 3.5 })
        .channel_scales((1..=15).map(f64::from).collect::<Vec<_>>())
        .build()
        .unwrap();
    // The profiles have no power to rounding beyond degree 150, so 100 rings are exact for products with l < 6.
    let rule = GaussLegendre::new(100).unwrap();
    let longitudes = 200;
    let mut points = Vec::new();
    let mut angles = Vec::new();
    for (theta, weight) in rule.colatitudes.iter().zip(&rule.weights) {
        for k in 0..longitudes {
            let phi = 2.0 * PI * k as f64 / longitudes as f64;
            points.push([
                theta.sin() * phi.cos(),
                theta.sin() * phi.sin(),
                theta.cos(),
            ]);
            angles.push((*theta, phi, weight * 2.0 * PI / longitudes as f64));
        }
    }
    let values = features.values_at(&molecule, &points).unwrap();
    let coeffs = features.coefficients(&molecule).unwrap();
    let scale = coeffs.iter().fold(0.0_f64, |a, c| a.max(c.norm()));
    for l in 0..limit {
        for m in -(l as i64)..=l as i64 {
            let harmonic: Vec<Complex64> = angles
                .iter()
                .map(|(theta, phi, weight)| weight * naive_harmonic(l, m, *theta, *phi).conj())
                .collect();
            for atom in 0..molecule.len() {
                for channel in 0..features.channel_count() {
                    let wanted: Complex64 = harmonic
                        .iter()
                        .enumerate()
                        .map(|(p, y)| y * values[[atom, p, channel]])
                        .sum();
                    let found = coeffs[[atom, channel, l, (m + limit as i64 - 1) as usize]];
                    assert!(
                        (found - wanted).norm() <= tol::coefficient(limit) * scale,
                        "atom {atom} channel {channel} l {l} m {m}: {found}, wanted {wanted}"
                    );
                }
            }
        }
    }
}

#[test]
fn grid_is_the_signal_at_the_grid_points() {
    let molecule = real_molecule();
    for limit in [1, 2, 5, 6] {
        let features = SphericalFeatures::builder(limit).build().unwrap();
        for sampling in [
            Sampling::DriscollHealy,
            Sampling::GaussLegendre,
            Sampling::McEwenWiaux,
        ] {
            let grid = features.grid(&molecule, sampling).unwrap();
            let [rings, longitudes] = sampling.shape(limit).unwrap();
            assert_eq!(grid.shape(), [molecule.len(), rings, longitudes, 10]);
            let (ring, turn) = (rings / 2, longitudes - 1);
            let theta = sampling.colatitudes(limit).unwrap()[ring];
            let phi = sampling.longitudes(limit).unwrap()[turn];
            let axis = Rotation3::from_euler_angles(0.0, theta, phi) * nalgebra::Vector3::z();
            let values = features.values_at(&molecule, &[axis.into()]).unwrap();
            let found: Vec<f64> = (0..molecule.len())
                .flat_map(|i| (0..10).map(move |c| [i, c]))
                .map(|[i, c]| grid[[i, ring, turn, c]])
                .collect();
            assert_named_close(
                "grid",
                &found,
                values.as_slice().unwrap(),
                tol::signal(variance(FRAC_PI_4)),
            );
        }
    }
}

#[test]
fn turning_the_molecule_turns_the_signals() {
    let molecule = real_molecule();
    let features = SphericalFeatures::builder(6).build().unwrap();
    let points = [
        [0.0, 0.0, 1.0],
        [0.6, 0.0, -0.8],
        [0.36, 0.48, 0.8],
        [-1.0, 0.0, 0.0],
    ];
    let rotation = Rotation3::from_euler_angles(0.7, -1.9, 2.4);
    let turned_points = points.map(|x| (rotation * nalgebra::Vector3::from(x)).into());
    // Rows of a matrix are columns of its inverse.
    let rotation = Rotation::from_matrix(rotation.inverse().into_inner().into()).unwrap();
    let turned = molecule.rotated(&rotation).unwrap();
    let before = features.values_at(&molecule, &points).unwrap();
    let after = features.values_at(&turned, &turned_points).unwrap();
    // Positions of a few ångström are rounded by the rotation, hence the directions by a few ε.
    assert_named_close(
        "turned signal",
        after.as_slice().unwrap(),
        before.as_slice().unwrap(),
        4.0 * tol::signal(variance(FRAC_PI_4)),
    );
    // The power of each degree does not change; the coefficients themselves do.
    let power = |m: &Molecule| -> Vec<f64> {
        let coeffs = features.coefficients(m).unwrap();
        coeffs
            .rows()
            .into_iter()
            .map(|row| row.iter().map(|c| c.norm_sqr()).sum())
            .collect()
    };
    assert_named_close(
        "power",
        power(&turned),
        power(&molecule),
        tol::coefficient(6),
    );
    assert_ne!(
        features.coefficients(&turned).unwrap(),
        features.coefficients(&molecule).unwrap()
    );
}

#[test]
fn reordering_atoms_reorders_the_signals() {
    let molecule = real_molecule();
    let n = molecule.len();
    let order: Vec<usize> = (0..n).map(|i| (i * (n - 1) + 2) % n).collect(); // n − 1 and n are coprime
    let reordered = Molecule::new(
        0,
        order.iter().map(|&i| molecule.elements()[i]).collect(),
        order.iter().map(|&i| molecule.positions()[i]).collect(),
        0.0,
    )
    .unwrap();
    let features = SphericalFeatures::builder(5).build().unwrap();
    let before = features
        .coefficients(&molecule)
        .unwrap()
        .select(Axis(0), &order);
    let after = features.coefficients(&reordered).unwrap();
    let parts = |x: &ndarray::Array4<Complex64>| -> Vec<f64> {
        x.iter().flat_map(|c| [c.re, c.im]).collect()
    };
    assert_named_close(
        "coefficients",
        parts(&after),
        parts(&before),
        tol::ARITHMETIC,
    );
}

#[test]
fn options_are_applied_as_written() {
    let bond = hydrogen_fluoride([0.0, 0.0, 1.5]);
    let value = |features: SphericalFeatures, channel: usize| {
        features.values_at(&bond, &[[0.0, 0.0, 2.0]]).unwrap()[[0, 0, channel]]
    };
    let shell = RadialChannel::new(RadialFunction::Gaussian {
        centre: 1.0,
        width: 0.25,
        power: 3.0,
    });
    let cases = [
        (RadialChannel::new(RadialFunction::Power(1.0)), 9.0 / 1.5),
        (
            RadialChannel::new(RadialFunction::Power(0.0)).with_charge_exponent(0.5),
            3.0,
        ),
        (
            RadialChannel::new(RadialFunction::Power(0.0)).with_charge_exponent(0.0),
            1.0,
        ),
        (shell, 8.0 / 3.0 * (-2.0_f64).exp()),
        (shell.with_scale(2.0), 16.0 / 3.0 * (-2.0_f64).exp()),
    ];
    for (channel, wanted) in cases {
        let features = SphericalFeatures::builder(2)
            .elements([C, F])
            .radial([channel])
            .build()
            .unwrap();
        assert_named_close(
            "value at the neighbour",
            [value(features, 1)],
            [wanted],
            tol::ARITHMETIC,
        );
    }
    let cut = |radius| {
        SphericalFeatures::builder(2)
            .powers(&[0.0], 1.0)
            .cutoff(RadialCutoff::Cosine { radius })
            .channel_scales([1.0, 1.0, 1.0, 1.0, 5.0])
            .build()
            .unwrap()
    };
    assert_named_close(
        "half of the cutoff, times the scale",
        [value(cut(3.0), 4)],
        [22.5],
        tol::ARITHMETIC,
    );
    assert_eq!(value(cut(1.5), 4), 0.0);
    // An element without a channel is left out.
    let without = SphericalFeatures::builder(2).elements([H]).build().unwrap();
    assert_eq!(without.channel(F, 0), None);
    assert_eq!(without.channel(H, 2), None);
    let coeffs = without.coefficients(&bond).unwrap();
    assert!(
        coeffs
            .index_axis(Axis(0), 0)
            .iter()
            .all(|c| *c == Complex64::ZERO)
    );
}

#[test]
fn one_atom_and_band_limit_one() {
    let atom = molecule(&[C], &[[1.0, 2.0, 3.0]]);
    let features = SphericalFeatures::builder(1).build().unwrap();
    let coeffs = features.coefficients(&atom).unwrap();
    assert_eq!(coeffs, ndarray::Array4::<Complex64>::zeros((1, 10, 1, 1)));
    assert_eq!(features.values_at(&atom, &[]).unwrap().shape(), [1, 0, 10]);
}

#[test]
fn bad_options_are_errors() {
    let build = SphericalFeatures::builder;
    let power = RadialChannel::new(RadialFunction::Power(2.0));
    let gaussian = |centre, width| {
        let power = 0.0;
        RadialChannel::new(RadialFunction::Gaussian {
            centre,
            width,
            power,
        })
    };
    let invalid = [
        build(0),
        build(usize::MAX),
        build(2).elements([H, C, H]),
        build(2).powers(&[f64::NAN], 1.0),
        build(2).powers(&[2.0], 0.0),
        build(2).powers(&[2.0], -0.5),
        build(2).powers(&[2.0], 3.2),
        build(2).powers(&[2.0], f64::NAN),
        build(2).powers(&[2.0], f64::MIN_POSITIVE),
        build(2).radial([gaussian(f64::INFINITY, 1.0)]),
        build(2).radial([gaussian(1.0, 0.0)]),
        build(2).radial([power.with_scale(f64::NAN)]),
        build(2).radial([power.with_charge_exponent(f64::INFINITY)]),
        build(2).cutoff(RadialCutoff::Cosine { radius: 0.0 }),
        build(2).channel_scales([f64::NAN; 10]),
    ];
    for builder in invalid {
        let error = builder.clone().build().unwrap_err();
        assert!(
            matches!(error, Error::InvalidValue { .. }),
            "{builder:?}: {error}"
        );
    }
    let empty = [build(2).elements([]), build(2).radial([])];
    for builder in empty {
        assert!(matches!(builder.build().unwrap_err(), Error::Empty { .. }));
    }
    let error = build(2).channel_scales([1.0; 9]).build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "channel scales: expected shape [10], elements × radial functions, found [9]"
    );
}

#[test]
fn bad_points_and_overflowing_weights_are_errors() {
    let features = SphericalFeatures::builder(2).build().unwrap();
    let bond = hydrogen_fluoride([0.0, 0.0, 1.0]);
    let at = |x| {
        features
            .values_at(&bond, &[[0.0, 0.0, 1.0], x])
            .unwrap_err()
    };
    assert!(matches!(at([0.0; 3]), Error::InvalidValue { .. }));
    assert!(matches!(at([0.0, f64::NAN, 0.0]), Error::NotFinite { index, .. } if index == [1, 1]));
    let near = molecule(&[H, H], &[[0.0; 3], [0.0, 0.0, f64::MIN_POSITIVE]]);
    let error = features.coefficients(&near).unwrap_err();
    assert!(matches!(error, Error::InvalidValue { .. }), "{error}");
    assert!(features.grid(&near, Sampling::GaussLegendre).is_err());
}

#[test]
fn the_centre_adds_the_mean_of_a_profile() {
    let bond = hydrogen_fluoride([0.0, 0.0, 1.5]);
    let channel = RadialChannel::new(RadialFunction::Power(2.0))
        .with_charge_exponent(0.5)
        .with_scale(3.0);
    let features = |centre| {
        SphericalFeatures::builder(4)
            .elements([C, F])
            .radial([channel])
            .centre(centre)
            .build()
            .unwrap()
    };
    // The mean over the sphere of the profile is half the integral over t of exp(−(t − 1)²/b), with b small.
    let b = (1.0 - channel.angular_width.cos()).powi(2) / 20.0_f64.ln();
    let mean = 0.25 * (std::f64::consts::PI * b).sqrt();
    let directions = [[0.0, 0.6, 0.8], [1.0, 0.0, 0.0]];
    let (with, without) = (features(0.5), features(0.0));
    let values = with.values_at(&bond, &directions).unwrap()
        - without.values_at(&bond, &directions).unwrap();
    let coefficients = with.coefficients(&bond).unwrap() - without.coefficients(&bond).unwrap();
    for point in 0..directions.len() {
        // Hydrogen is not among the elements; fluorine adds to its own channel.
        assert_eq!(values[[0, point, 1]], 0.0);
        assert_eq!(values[[1, point, 0]], 0.0);
        let wanted = 0.5 * 3.0 * 9.0 * mean;
        assert_named_close("centre", [values[[1, point, 1]]], [wanted], tol::ARITHMETIC);
        let constant = coefficients[[1, 1, 0, 3]].re / (4.0 * std::f64::consts::PI).sqrt();
        assert_named_close(
            "coefficient of the centre",
            [constant],
            [wanted],
            tol::ARITHMETIC,
        );
    }
    assert_eq!(coefficients.iter().filter(|c| c.norm() != 0.0).count(), 1);
    assert!(
        SphericalFeatures::builder(4)
            .centre(f64::NAN)
            .build()
            .is_err()
    );
}
