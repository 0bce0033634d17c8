//! 3j and 6j symbols, Clebsch–Gordan coefficients, Gaunt integrals: exact tables, stored families, sum rules, closed forms, quadrature.

use crate::common::close::{assert_absolutely_close, assert_named_close};
use crate::common::naive_rotations as naive;
use crate::common::tol::so3 as tol;

use haarmonic::group::Rotation;
use haarmonic::numeric::GaussLegendre;
use haarmonic::sphere::SphericalHarmonics;
use haarmonic::wigner::{
    HarmonicBasis, MAX_DEGREE, WignerFamily, clebsch_gordan, clebsch_gordan_tensor, gaunt,
    wigner_3j, wigner_6j,
};
use ndarray::{Array1, Ix1};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;

/// Rows of the table of exact values: kind, quantum numbers, value.
fn exact_rows() -> impl Iterator<Item = (u8, [i64; 6], f64)> {
    include_str!("../../data/symbols.csv")
        .lines()
        .skip(1)
        .map(|line| {
            let words: Vec<&str> = line.split(',').collect();
            let numbers = [1, 2, 3, 4, 5, 6].map(|i| words[i].parse().unwrap());
            let [sign, p, q] = [7, 8, 9].map(|i| words[i].parse::<f64>().unwrap());
            (words[0].parse().unwrap(), numbers, sign * (p / q).sqrt())
        })
}

fn unsigned(numbers: [i64; 3]) -> [usize; 3] {
    numbers.map(|n| n as usize)
}

#[test]
fn single_symbols_have_their_exact_values() {
    let mut rows = 0;
    for (kind, [a, b, c, d, e, f], want) in exact_rows() {
        let degree = a.max(b).max(c) as usize;
        let found = match kind {
            3 => wigner_3j(unsigned([a, b, c]), [d, e, f]),
            _ => wigner_6j(unsigned([a, b, c]), unsigned([d, e, f])),
        };
        assert_absolutely_close(
            format!("{kind}j {:?}", [a, b, c, d, e, f]),
            [found.unwrap()],
            [want],
            tol::symbol(degree) / (2.0 * degree as f64 + 1.0).sqrt(),
        );
        rows += 1;
    }
    assert_eq!(rows, 480);
}

/// Values by a recursion of 50 digits, degrees up to 10⁴; every 97th value of the long families.
#[test]
fn families_have_the_stored_values() {
    let mut family = WignerFamily::new();
    let mut worst = 0.0_f64;
    for (name, degrees, orders, step) in [
        ("w3j_2_3_0_0", [2, 3], [0, 0], 1),
        ("w3j_20_20_2_-2", [20, 20], [2, -2], 1),
        ("w3j_30_25_-7_11", [30, 25], [-7, 11], 1),
        ("w3j_8_3_5_-3", [8, 3], [5, -3], 1),
        ("w3j_100_120_3_-40", [100, 120], [3, -40], 1),
        ("w3j_1000_1200_2_-2", [1000, 1200], [2, -2], 1),
        ("w3j_10000_9000_2_-2_every97", [10000, 9000], [2, -2], 97),
        (
            "w3j_10000_8000_-9990_7000_every97",
            [10000, 8000],
            [-9990, 7000],
            97,
        ),
        (
            "w3j_10000_10000_5000_-4000_every97",
            [10000, 10000],
            [5000, -4000],
            97,
        ),
    ] {
        let want: Array1<f64> = naive::golden::<f64, Ix1>("coupling.npz", name);
        let values = family.three_j_over_degrees(degrees, orders).unwrap();
        let found: Vec<f64> = values.iter().step_by(step).copied().collect();
        assert_named_close(name, &found, &want, tol::symbol(degrees[0]));
        // Where the values decay, they keep their relative accuracy.
        let largest = want.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        for (f, w) in found.iter().zip(&want) {
            worst = worst.max((f - w).abs() / largest);
            if w.abs() < tol::TAIL * largest {
                assert!(
                    (f - w).abs() <= tol::symbol_tail(degrees[0]) * w.abs(),
                    "{name}: {f:e}, want {w:e}"
                );
            }
        }
    }
    println!("largest error {worst:e} of the largest value");
}

/// Two recursions without common coefficients, over degrees and over orders, and all symmetries of single symbols.
#[test]
fn families_over_degrees_and_orders_agree() {
    let (mut degrees, mut orders) = (WignerFamily::new(), WignerFamily::new());
    for l2 in 0..7 {
        for l3 in 0..7 {
            for m2 in -(l2 as i64)..=l2 as i64 {
                for m3 in -(l3 as i64)..=l3 as i64 {
                    let m1 = -m2 - m3;
                    degrees.three_j_over_degrees([l2, l3], [m2, m3]).unwrap();
                    let sum: f64 = (degrees.first()..)
                        .zip(degrees.values())
                        .map(|(l, f)| (2 * l + 1) as f64 * f * f)
                        .sum();
                    assert_absolutely_close("sum rule", [sum], [1.0], tol::symbol(7));
                    for l1 in 0..14 {
                        let found = degrees.value(l1 as i64);
                        orders.three_j_over_orders([l1, l2, l3], m1).unwrap();
                        let what = format!("{l1} {l2} {l3}, {m1} {m2} {m3}");
                        assert_absolutely_close(&what, [orders.value(m2)], [found], tol::symbol(7));
                        let odd = if (l1 + l2 + l3) % 2 == 0 { 1.0 } else { -1.0 };
                        let all = [
                            wigner_3j([l1, l2, l3], [m1, m2, m3]).unwrap(),
                            wigner_3j([l3, l1, l2], [m3, m1, m2]).unwrap(),
                            odd * wigner_3j([l2, l1, l3], [m2, m1, m3]).unwrap(),
                            odd * wigner_3j([l1, l2, l3], [-m1, -m2, -m3]).unwrap(),
                        ];
                        assert_absolutely_close(&what, all, [found; 4], tol::symbol(7));
                    }
                }
            }
        }
    }
}

/// Sum rules of the 6j symbols, and their twenty-four symmetries on some of them.
#[test]
fn six_j_symbols_are_orthogonal() {
    for (a, b, c, d) in [(2, 3, 4, 3), (5, 5, 5, 5), (1, 6, 6, 4), (9, 7, 3, 4)] {
        for f in 0..12 {
            for g in 0..12 {
                let sum: f64 = (0..=20)
                    .map(|x| {
                        let symbol = |f| wigner_6j([a, b, x], [c, d, f]).unwrap();
                        (2 * x + 1) as f64 * (2 * f + 1) as f64 * symbol(f) * symbol(g)
                    })
                    .sum();
                let triangle = |a: usize, b: usize| a.abs_diff(b) <= f && f <= a + b;
                let want = f64::from(u8::from(f == g && triangle(a, d) && triangle(b, c)));
                assert_absolutely_close(
                    format!("{a} {b} {c} {d} {f} {g}"),
                    [sum],
                    [want],
                    tol::symbol(20),
                );
            }
        }
    }
    let want = wigner_6j([4, 3, 5], [2, 4, 3]).unwrap();
    assert_absolutely_close(
        "closed form",
        [want],
        [-4.0 * 3003.0_f64.sqrt() / 3465.0],
        tol::symbol(5),
    );
    for (upper, lower) in [
        ([3, 4, 5], [4, 2, 3]),
        ([5, 3, 4], [3, 4, 2]),
        ([2, 4, 5], [4, 3, 3]),
        ([4, 4, 3], [2, 3, 5]),
        ([2, 3, 3], [4, 4, 5]),
    ] {
        let found = wigner_6j(upper, lower).unwrap();
        assert_absolutely_close(
            format!("{upper:?} {lower:?}"),
            [found],
            [want],
            tol::symbol(5),
        );
    }
}

#[test]
fn what_a_rule_forbids_is_exactly_zero() {
    for (degrees, orders) in [
        ([2, 2, 5], [0, 0, 0]),
        ([2, 2, 1], [1, 0, 0]),
        ([2, 2, 1], [3, -3, 0]),
        ([1, 2, 2], [-2, 1, 1]),
        ([2, 3, 4], [0, 0, 0]),
        ([5, 5, 3], [2, 2, -4]),
        ([7, 4, 4], [2, -1, -1]),
    ] {
        assert_eq!(
            wigner_3j(degrees, orders).unwrap(),
            0.0,
            "{degrees:?} {orders:?}"
        );
        for basis in [HarmonicBasis::Complex, HarmonicBasis::Real] {
            if degrees != [5, 5, 3] && degrees != [7, 4, 4] {
                let found = gaunt(basis, degrees, orders).unwrap();
                assert_eq!(found, 0.0, "{basis:?} {degrees:?} {orders:?}");
            }
        }
    }
    assert_eq!(wigner_6j([1, 1, 3], [1, 1, 1]).unwrap(), 0.0);
    assert_eq!(wigner_6j([1, 1, 1], [1, 1, 3]).unwrap(), 0.0);
    let mut family = WignerFamily::new();
    assert!(
        family
            .three_j_over_degrees([2, 2], [3, 0])
            .unwrap()
            .is_empty()
    );
    assert!(family.three_j_over_orders([9, 2, 2], 0).unwrap().is_empty());
    assert!(
        family
            .six_j_over_degrees([9, 2], [1, 1, 1])
            .unwrap()
            .is_empty()
    );
    assert_eq!((family.value(0), family.value(i64::MIN)), (0.0, 0.0));
}

/// $`(a\,b\,a{+}b; 0\,0\,0)`$ in closed form at the largest degrees; a family that underflows at one end.
#[test]
fn large_degrees() {
    let (a, b) = (MAX_DEGREE - 1, 1);
    // (a b a+b; 0 0 0)² = C(2a, a) C(2b, b) / C(2a + 2b, a + b) / (2a + 2b + 1), with b = 1: (a + 1) / ((2a + 1) (2a + 3)).
    let n = a as f64;
    let want = ((n + 1.0) / ((2.0 * n + 1.0) * (2.0 * n + 3.0))).sqrt();
    let found = wigner_3j([a, b, a + b], [0; 3]).unwrap();
    assert_named_close("stretched", [found.abs()], [want], tol::symbol(1));
    let mut family = WignerFamily::new();
    let values = family
        .three_j_over_degrees([9000, 9000], [8970, -6000])
        .unwrap();
    assert!(values.iter().all(|v| v.is_finite()));
    assert_eq!(values[0].abs().max(values[values.len() - 1].abs()), 0.0);
    let sum: f64 = (2970..)
        .zip(values)
        .map(|(l, v)| f64::from(2 * l + 1) * v * v)
        .sum();
    assert_absolutely_close("sum rule", [sum], [1.0], tol::symbol(9000));
}

/// Coefficients of both bases form orthogonal matrices.
#[test]
fn clebsch_gordan_coefficients_are_orthogonal() {
    for basis in [HarmonicBasis::Complex, HarmonicBasis::Real] {
        for (l1, l2) in [(0, 0), (1, 1), (2, 1), (3, 3), (2, 4)] {
            let tensors: Vec<_> = (l1.max(l2) - l1.min(l2)..=l1 + l2)
                .map(|l| clebsch_gordan_tensor(basis, [l1, l2, l]).unwrap())
                .collect();
            for (i, a) in tensors.iter().enumerate() {
                for (j, b) in tensors.iter().enumerate() {
                    for (k, a) in a.axis_iter(ndarray::Axis(2)).enumerate() {
                        for (n, b) in b.axis_iter(ndarray::Axis(2)).enumerate() {
                            let product = (&a * &b).sum();
                            let want = f64::from(u8::from((i, k) == (j, n)));
                            assert_absolutely_close("product", [product], [want], tol::symbol(8));
                        }
                    }
                }
            }
            for tensor in &tensors {
                let l = tensor.dim().2 / 2;
                for ((i, j, k), value) in tensor.indexed_iter() {
                    let m = [
                        i as i64 - l1 as i64,
                        j as i64 - l2 as i64,
                        k as i64 - l as i64,
                    ];
                    let single = clebsch_gordan(basis, [l1, l2, l], m).unwrap();
                    assert_absolutely_close("single", [single], [*value], tol::symbol(8));
                }
            }
        }
    }
}

fn real_harmonics(band_limit: usize, x: [f64; 3]) -> Vec<f64> {
    let mut out = vec![0.0; band_limit * band_limit];
    SphericalHarmonics::new(band_limit)
        .unwrap()
        .write_real(x, &mut out)
        .unwrap();
    out
}

fn complex_harmonics(band_limit: usize, x: [f64; 3]) -> Vec<Complex64> {
    let mut out = vec![Complex64::ZERO; band_limit * band_limit];
    SphericalHarmonics::new(band_limit)
        .unwrap()
        .write(x, &mut out)
        .unwrap();
    out
}

/// Products of harmonics at one point couple to harmonics, with the same factor in both bases.
#[test]
fn harmonics_couple_to_harmonics() {
    let x = [0.3, -0.8, 0.5];
    let (s, y) = (real_harmonics(9, x), complex_harmonics(9, x));
    for (l1, l2, l) in [
        (1, 1, 0),
        (1, 1, 2),
        (2, 3, 3),
        (2, 2, 2),
        (4, 3, 5),
        (2, 3, 4),
        (1, 1, 1),
    ] {
        let factor = ((2 * l1 + 1) as f64 * (2 * l2 + 1) as f64 / (4.0 * PI * (2 * l + 1) as f64))
            .sqrt()
            * clebsch_gordan(HarmonicBasis::Complex, [l1, l2, l], [0; 3]).unwrap();
        let real = clebsch_gordan_tensor(HarmonicBasis::Real, [l1, l2, l]).unwrap();
        let complex = clebsch_gordan_tensor(HarmonicBasis::Complex, [l1, l2, l]).unwrap();
        for k in 0..2 * l + 1 {
            let (mut found, mut found_complex) = (0.0, Complex64::ZERO);
            for i in 0..2 * l1 + 1 {
                for j in 0..2 * l2 + 1 {
                    found += real[[i, j, k]] * s[l1 * l1 + i] * s[l2 * l2 + j];
                    found_complex += complex[[i, j, k]] * y[l1 * l1 + i] * y[l2 * l2 + j];
                }
            }
            let what = format!("{l1} {l2} {l}, {k}");
            assert_absolutely_close(&what, [found], [factor * s[l * l + k]], tol::symbol(9));
            assert_absolutely_close(
                &what,
                [found_complex],
                [factor * y[l * l + k]],
                tol::symbol(9),
            );
        }
    }
}

/// Three points couple to a number that rotations do not change, for odd sums of degrees, too.
#[test]
fn real_coefficients_are_equivariant() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let points = [[0.1, 0.9, -0.4], [-0.7, 0.2, 0.6], [0.5, 0.5, 0.8]];
    for degrees @ [l1, l2, l] in [[1, 1, 1], [2, 2, 1], [2, 3, 4], [3, 3, 2], [2, 2, 3]] {
        let coupling = clebsch_gordan_tensor(HarmonicBasis::Real, degrees).unwrap();
        let number = |rotation: &Rotation| {
            let s = points.map(|p| real_harmonics(5, rotation.apply(p)));
            let terms = coupling
                .indexed_iter()
                .map(|((i, j, k), c)| c * s[0][l1 * l1 + i] * s[1][l2 * l2 + j] * s[2][l * l + k]);
            terms.sum::<f64>()
        };
        let want = number(&Rotation::identity());
        assert!(want.abs() > tol::TAIL.sqrt(), "{degrees:?}: {want}");
        for _ in 0..5 {
            let found = number(&Rotation::random(&mut rng));
            assert_absolutely_close(format!("{degrees:?}"), [found], [want], tol::symbol(9));
        }
    }
    // The orders −1, 0, 1 are y, z, x; the vector product over √2.
    let [u, v] = [points[0], points[1]];
    let cross = [
        u[2] * v[0] - u[0] * v[2],
        u[0] * v[1] - u[1] * v[0],
        u[1] * v[2] - u[2] * v[1],
    ];
    let order = |p: [f64; 3]| [p[1], p[2], p[0]];
    let coupling = clebsch_gordan_tensor(HarmonicBasis::Real, [1, 1, 1]).unwrap();
    let found: Vec<f64> = (0..3)
        .map(|k| {
            let terms =
                (0..9).map(|n| coupling[[n / 3, n % 3, k]] * order(u)[n / 3] * order(v)[n % 3]);
            terms.sum()
        })
        .collect();
    assert_absolutely_close(
        "vector product",
        found,
        cross.map(|c| c / 2.0_f64.sqrt()),
        tol::symbol(1),
    );
}

#[test]
fn gaunt_integrals_agree_with_quadrature() {
    let limit = 5;
    // Products of three harmonics have degrees up to 12.
    let rule = GaussLegendre::new(7).unwrap();
    let mut points = Vec::new();
    for (theta, weight) in rule.colatitudes.iter().zip(&rule.weights) {
        for p in 0..13 {
            let phi = 2.0 * PI * f64::from(p) / 13.0;
            let x = [
                theta.sin() * phi.cos(),
                theta.sin() * phi.sin(),
                theta.cos(),
            ];
            points.push((
                weight * 2.0 * PI / 13.0,
                real_harmonics(limit, x),
                complex_harmonics(limit, x),
            ));
        }
    }
    let index = |l: usize, m: i64| (l * l) + (l as i64 + m) as usize;
    for (l1, l2, l3) in [
        (0, 0, 0),
        (1, 1, 2),
        (2, 2, 2),
        (3, 2, 1),
        (4, 3, 3),
        (4, 4, 4),
        (2, 2, 3),
    ] {
        for m1 in -(l1 as i64)..=l1 as i64 {
            for m2 in -(l2 as i64)..=l2 as i64 {
                for m3 in -(l3 as i64)..=l3 as i64 {
                    let at = [index(l1, m1), index(l2, m2), index(l3, m3)];
                    let (mut real, mut complex) = (0.0, Complex64::ZERO);
                    for (weight, s, y) in &points {
                        real += weight * at.iter().map(|&i| s[i]).product::<f64>();
                        complex += weight * at.iter().map(|&i| y[i]).product::<Complex64>();
                    }
                    let orders = [m1, m2, m3];
                    let found = |basis| gaunt(basis, [l1, l2, l3], orders).unwrap();
                    let what = format!("{l1} {l2} {l3} {orders:?}");
                    assert_absolutely_close(
                        &what,
                        [found(HarmonicBasis::Real)],
                        [real],
                        tol::symbol(12),
                    );
                    assert_absolutely_close(
                        &what,
                        [found(HarmonicBasis::Complex)],
                        [complex.re],
                        tol::symbol(12),
                    );
                }
            }
        }
    }
}

#[test]
fn quantum_numbers_out_of_range_are_errors() {
    let large = MAX_DEGREE + 1;
    for error in [
        wigner_3j([large, 1, 1], [0; 3]).unwrap_err(),
        wigner_6j([1, 1, 1], [1, large, 1]).unwrap_err(),
        clebsch_gordan(HarmonicBasis::Real, [1, 1, usize::MAX], [0; 3]).unwrap_err(),
        gaunt(HarmonicBasis::Complex, [large; 3], [0; 3]).unwrap_err(),
    ] {
        let message = error.to_string();
        assert!(
            message.starts_with("degree of a Wigner symbol: found "),
            "{message}"
        );
    }
    let error = wigner_3j([1, 1, 1], [i64::MIN, 0, 0])
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "order of a Wigner symbol: found -9223372036854775808, expected -1048576 to 1048576"
    );
    let tensor = clebsch_gordan_tensor(HarmonicBasis::Complex, [MAX_DEGREE; 3]);
    assert!(
        tensor
            .unwrap_err()
            .to_string()
            .contains("use smaller degrees")
    );
}
