//! Coefficient arrays of other programs: values that those programs compute, closed forms, and the way back.

use crate::common::close::assert_close;
use crate::common::signals;
use crate::common::tol::sphere as tol;

use haarmonic::Error;
use haarmonic::so3::{RotationGrid, WignerPlanner};
use haarmonic::sphere::layouts::{
    CondonShortley, E3nnAxes, E3nnNorm, ShtoolsNorm, from_e3nn, from_healpy, from_shtools,
    from_shtools_complex, to_e3nn, to_healpy, to_shtools, to_shtools_complex,
};
use haarmonic::sphere::{Sampling, SphericalHarmonics, SpinPlan, coefficients};
use ndarray::{Array2, Array3, Axis, array, aview1};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const L: usize = 5;
const NORMS: [ShtoolsNorm; 3] = [
    ShtoolsNorm::FourPi,
    ShtoolsNorm::Orthonormal,
    ShtoolsNorm::Schmidt,
];
const PHASES: [CondonShortley; 2] = [CondonShortley::Excluded, CondonShortley::Included];

/// The coefficients of `data/layouts.py`.
fn c(i: usize, l: usize, m: usize) -> f64 {
    ((1 + i + 2 * l + 3 * m) as f64).sin()
}

fn real(seed: u64, band_limit: usize) -> Array2<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    signals::random_signals(&mut rng, [1, 1, band_limit], 0)
        .index_axis_move(Axis(0), 0)
        .index_axis_move(Axis(0), 0)
}

fn value(coeffs: &Array2<Complex64>, theta: f64, phi: f64) -> Complex64 {
    let harmonics = SphericalHarmonics::new(coeffs.nrows()).unwrap();
    harmonics
        .evaluate(coeffs.view(), array![[theta, phi]].view())
        .unwrap()[0]
}

/// The complex coefficients of `data/layouts.py`, which SHTOOLS and s2fft take.
fn complex(l: usize, m: usize, negative: bool) -> Complex64 {
    match (m, negative) {
        (0, _) => Complex64::new(c(0, l, 0), c(2, l, 0)),
        (_, false) => Complex64::new(c(0, l, m), c(1, l, m)),
        (_, true) => Complex64::new(c(2, l, m), c(3, l, m)),
    }
}

/// The array of s2fft as it is, taken as ours: `[l, m + L − 1]`.
fn s2fft() -> Array2<Complex64> {
    Array2::from_shape_fn((L, 2 * L - 1), |(l, k)| match k.abs_diff(L - 1) {
        m if m > l => Complex64::ZERO,
        m => complex(l, m, k < L - 1),
    })
}

/// The place of an angle among those of a grid.
fn place(angles: &[f64], angle: f64) -> usize {
    let near = |a: &f64| (a - angle).abs() < tol::CLOSED_FORM * 8.0;
    angles.iter().position(near).expect("an angle of the grid")
}

/// A function of spin weight, from coefficients of s2fft, at a McEwen–Wiaux sample.
fn spin_value(spin: i32, theta: f64, phi: f64) -> Complex64 {
    let sampling = Sampling::McEwenWiaux;
    let mut coeffs = s2fft();
    for l in 0..spin.unsigned_abs() as usize {
        coeffs.row_mut(l).fill(Complex64::ZERO);
    }
    let plan = SpinPlan::new(L, spin, sampling).unwrap();
    let signal: Array2<Complex64> = plan.inverse(coeffs.view()).unwrap();
    let rings = sampling.colatitudes(L).unwrap();
    let longitudes = sampling.longitudes(L).unwrap();
    signal[[place(&rings, theta), place(&longitudes, phi)]]
}

/// A function on SO(3), from Wigner coefficients of s2fft, at a McEwen–Wiaux sample.
fn rotation_value(alpha: f64, beta: f64, gamma: f64) -> Complex64 {
    let grid = RotationGrid::new(4, Sampling::McEwenWiaux).unwrap();
    let plan = WignerPlanner::new().plan_on(4, &grid).unwrap();
    let coeffs = Array3::from_shape_fn((7, 4, 7), |(n, l, m)| {
        if n.abs_diff(3).max(m.abs_diff(3)) > l {
            return Complex64::ZERO;
        }
        let (m, n) = (m as f64 - 3.0, n as f64 - 3.0);
        Complex64::cis(1.0 + l as f64 + 2.0 * m + 3.0 * n)
    });
    let samples = plan.inverse(coeffs.view()).unwrap();
    let at = [
        place(&grid.gammas(), gamma),
        place(grid.betas(), beta),
        place(&grid.alphas(), alpha),
    ];
    samples[at]
}

/// Components of e3nn, both ways of taking its axes: the same vector, or the one whose polar coordinate z is its y.
fn e3nn_value(norm: E3nnNorm, axes: E3nnAxes, theta: f64, phi: f64) -> Complex64 {
    let components: Vec<f64> = (0..L * L).map(|k| (1.0 + k as f64).sin()).collect();
    let coeffs = from_e3nn(components.as_slice().into(), norm, axes).unwrap();
    let [x, y, z] = [
        theta.sin() * phi.cos(),
        theta.sin() * phi.sin(),
        theta.cos(),
    ];
    let [x, y, z] = match axes {
        E3nnAxes::Same => [x, y, z],
        E3nnAxes::Renamed => [z, x, y],
    };
    value(&coeffs, x.hypot(y).atan2(z), y.atan2(x))
}

#[test]
fn values_of_other_programs() {
    let text = include_str!("../../data/layouts.csv");
    let mut seen = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |i: usize| fields[i].parse::<f64>().unwrap();
        let norm = match fields[1] {
            "schmidt" => ShtoolsNorm::Schmidt,
            "ortho" => ShtoolsNorm::Orthonormal,
            _ => ShtoolsNorm::FourPi,
        };
        let phase = if fields[2] == "-1" {
            CondonShortley::Included
        } else {
            CondonShortley::Excluded
        };
        let coeffs = match fields[0] {
            "healpy" | "ducc0" => {
                let mut alm = vec![Complex64::ZERO; L * (L + 1) / 2];
                for m in 0..L {
                    for l in m..L {
                        let im = if m == 0 { 0.0 } else { c(1, l, m) };
                        alm[m * (2 * (L - 1) + 1 - m) / 2 + l] = Complex64::new(c(0, l, m), im);
                    }
                }
                from_healpy(alm.as_slice().into()).unwrap()
            }
            "shtools" => {
                let cilm = Array3::from_shape_fn((2, L, L), |(i, l, m)| {
                    if m > l || (i == 1 && m == 0) {
                        0.0
                    } else {
                        c(i, l, m)
                    }
                });
                from_shtools(cilm.view(), norm, phase).unwrap()
            }
            "shtools-complex" => {
                let cilm = Array3::from_shape_fn((2, L, L), |(i, l, m)| {
                    if m > l || (i == 1 && m == 0) {
                        Complex64::ZERO
                    } else {
                        complex(l, m, i == 1)
                    }
                });
                from_shtools_complex(cilm.view(), norm, phase).unwrap()
            }
            _ => s2fft(),
        };
        let (theta, phi) = (number(3), number(4));
        let found = match (fields[0], fields[1]) {
            ("s2fft", "0") => vec![value(&coeffs, theta, phi), spin_value(0, theta, phi)],
            ("s2fft", spin) => vec![spin_value(spin.parse().unwrap(), theta, phi)],
            ("s2fft-wigner", _) => vec![rotation_value(phi, theta, number(1))],
            ("e3nn", norm) => {
                let norm = match norm {
                    "integral" => E3nnNorm::Integral,
                    "component" => E3nnNorm::Component,
                    _ => E3nnNorm::Norm,
                };
                [E3nnAxes::Same, E3nnAxes::Renamed]
                    .map(|axes| e3nn_value(norm, axes, theta, phi))
                    .to_vec()
            }
            _ => vec![value(&coeffs, theta, phi)],
        };
        let want = Complex64::new(number(5), number(6));
        for got in found {
            assert!(
                (got - want).norm() <= tol::GOLDEN * want.norm().max(1.0),
                "{line}: {got}"
            );
        }
        seen += 1;
    }
    assert_eq!(seen, 88);
}

#[test]
fn there_and_back() {
    for band_limit in 1..=9 {
        let f = real(7, band_limit);
        let g = &f + &real(8, band_limit).mapv(|v| v * Complex64::I);
        assert_eq!(
            from_healpy(to_healpy(f.view()).unwrap().as_slice().into()).unwrap(),
            f
        );
        for norm in NORMS {
            for phase in PHASES {
                let cilm = to_shtools(f.view(), norm, phase).unwrap();
                assert_close(
                    from_shtools(cilm.view(), norm, phase).unwrap(),
                    &f,
                    tol::CLOSED_FORM,
                );
                let cilm = to_shtools_complex(g.view(), norm, phase).unwrap();
                assert_close(
                    from_shtools_complex(cilm.view(), norm, phase).unwrap(),
                    &g,
                    tol::CLOSED_FORM,
                );
            }
        }
        for norm in [E3nnNorm::Integral, E3nnNorm::Component, E3nnNorm::Norm] {
            for axes in [E3nnAxes::Same, E3nnAxes::Renamed] {
                let components = to_e3nn(f.view(), norm, axes).unwrap();
                let back = from_e3nn(components.as_slice().into(), norm, axes).unwrap();
                assert_close(&back, &f, tol::transform(band_limit));
            }
        }
    }
}

/// The real harmonics of e3nn for degrees 0, 1, 2 with normalisation 'norm', as its documentation has them.
fn e3nn_norm([x, y, z]: [f64; 3]) -> [f64; 9] {
    let r3 = 3.0_f64.sqrt();
    [
        1.0,
        x,
        y,
        z,
        r3 * x * z,
        r3 * x * y,
        y * y - 0.5 * (x * x + z * z),
        r3 * y * z,
        0.5 * r3 * (z * z - x * x),
    ]
}

#[test]
fn e3nn_closed_forms() {
    let vectors: [[f64; 3]; 3] = [[0.36, 0.48, 0.8], [-0.8, 0.0, 0.6], [0.28, -0.96, 0.0]];
    for i in 0..9 {
        for (norm, scale) in [
            (E3nnNorm::Norm, [1.0; 3]),
            (E3nnNorm::Component, [1.0, 3.0_f64.sqrt(), 5.0_f64.sqrt()]),
            (
                E3nnNorm::Integral,
                [1.0_f64, 3.0, 5.0].map(|n| (n / (4.0 * std::f64::consts::PI)).sqrt()),
            ),
        ] {
            let mut unit = vec![0.0; 9];
            unit[i] = 1.0;
            let scale = scale[i.isqrt()];
            for [x, y, z] in vectors {
                let want = scale * e3nn_norm([x, y, z])[i];
                // The same vector for both; or the one whose polar coordinate z is their y.
                for (axes, [x, y, z]) in
                    [(E3nnAxes::Same, [x, y, z]), (E3nnAxes::Renamed, [z, x, y])]
                {
                    let f = from_e3nn(unit.as_slice().into(), norm, axes).unwrap();
                    let got = value(&f, x.hypot(y).atan2(z), y.atan2(x));
                    assert!(
                        (got - want).norm() <= tol::CLOSED_FORM,
                        "{i} {norm:?} {axes:?}: {got} {want}"
                    );
                }
            }
        }
    }
}

#[test]
fn bad_arguments_are_errors() {
    let mut complex = coefficients::zeros(3).unwrap();
    complex[[1, 3]] = Complex64::I;
    assert!(matches!(
        to_healpy(complex.view()),
        Err(Error::InvalidValue { .. })
    ));
    assert!(to_shtools(complex.view(), NORMS[0], PHASES[0]).is_err());
    assert!(to_e3nn(complex.view(), E3nnNorm::Norm, E3nnAxes::Same).is_err());
    let message = from_healpy(aview1(&[Complex64::ONE; 5]))
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "coefficients in the layout of healpy: expected shape [L (L + 1) / 2] with L >= 1, found [5]"
    );
    assert!(from_healpy(aview1(&[])).is_err());
    assert!(matches!(
        from_healpy(aview1(&[Complex64::I])),
        Err(Error::InvalidValue { .. })
    ));
    assert!(from_healpy(aview1(&[Complex64::new(f64::NAN, 0.0)])).is_err());
    let wrong = Array3::zeros((2, 3, 4));
    assert!(matches!(
        from_shtools(wrong.view(), NORMS[0], PHASES[0]),
        Err(Error::ShapeMismatch { .. })
    ));
    let mut bad = Array3::zeros((2, 3, 3));
    bad[[1, 2, 1]] = f64::INFINITY;
    let found = from_shtools(bad.view(), NORMS[0], PHASES[0]).unwrap_err();
    assert!(matches!(found, Error::NotFinite { index, .. } if index == [1, 2, 1]));
    let bad = bad.mapv(Complex64::from);
    assert!(from_shtools_complex(bad.view(), NORMS[0], PHASES[0]).is_err());
    assert!(from_e3nn(aview1(&[1.0; 5]), E3nnNorm::Norm, E3nnAxes::Same).is_err());
    assert!(from_e3nn(aview1(&[f64::NAN]), E3nnNorm::Norm, E3nnAxes::Same).is_err());
}
