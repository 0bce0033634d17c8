//! Numbers of invariant polynomials.

use crate::common::naive_rotations::golden;
use haarmonic::group::{FiniteAction, PointGroup};
use haarmonic::spectral::{
    invariant_counts, matrix_invariant_counts, permutation_invariant_counts,
};
use ndarray::{Array1, Array3, array};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

#[test]
fn counts_are_those_of_other_programs() {
    for (key, signal) in [
        ("invariants_L3", vec![0, 1, 2]),
        ("invariants_L4", vec![0, 1, 2, 3]),
        ("invariants_12", vec![1, 2]),
    ] {
        let want: Array1<f64> = golden("spectra.npz", key);
        let found = invariant_counts(&signal, want.len()).unwrap();
        let found: Vec<f64> = found.iter().map(|&count| count as f64).collect();
        assert_eq!(
            found,
            want.mapv(|count| count.round() + 0.0).to_vec(),
            "{key}"
        );
    }
}

/// Vectors: invariants are polynomials in their scalar products (for up to two vectors, without determinants).
#[test]
fn vectors_have_their_scalar_products() {
    assert_eq!(invariant_counts(&[1], 7).unwrap(), [1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(invariant_counts(&[1, 1], 7).unwrap(), [1, 0, 2, 0, 3, 0, 4]);
    // Three vectors: six products and the determinant, whose square is a polynomial in them:
    // (1 − z²)(1 + z³)/(1 − z²)⁶.
    assert_eq!(
        invariant_counts(&[1, 1, 1], 6).unwrap(),
        [1, 0, 5, 1, 15, 5]
    );
    // Numbers that no rotation changes: all harmonic polynomials of two variables.
    assert_eq!(invariant_counts(&[0, 0], 5).unwrap(), [1, 2, 2, 2, 2]);
}

#[test]
fn bad_arguments_are_named() {
    assert!(invariant_counts(&[], 3).is_err());
    assert!(invariant_counts(&[1], 0).is_err());
    let error = invariant_counts(&[12, 12, 12], 60).unwrap_err();
    assert!(error.to_string().contains("too many invariants"), "{error}");
}

/// The matrices by which an action permutes the entries of signals with some channels.
fn permutation_matrices(action: &FiniteAction, channels: usize) -> Array3<f64> {
    let d = action.points() * channels;
    let mut matrices = Array3::zeros((action.order(), d, d));
    for g in 0..action.order() {
        for x in 0..action.points() {
            for c in 0..channels {
                matrices[[g, action.image(g, x) * channels + c, x * channels + c]] = 1.0;
            }
        }
    }
    matrices
}

/// The rank of mean_g P_k(x · g y) on random points: the number of invariant functions of degree k.
fn rank(matrices: &Array3<f64>, degree: usize) -> usize {
    let (order, d, _) = matrices.dim();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let points: Vec<Array1<f64>> = (0..60)
        .map(|_| {
            let x = Array1::from_shape_fn(d, |_| -> f64 { StandardNormal.sample(&mut rng) });
            &x / x.dot(&x).sqrt()
        })
        .collect();
    let legendre = |t: f64| {
        let (mut last, mut now) = (0.0, 1.0);
        for l in 0..degree {
            let (l, d) = (l as f64, d as f64);
            let next = match l == 0.0 {
                true => t,
                false => ((2.0 * l + d - 2.0) * t * now - l * last) / (l + d - 2.0),
            };
            (last, now) = (now, next);
        }
        now
    };
    let kernel = nalgebra::DMatrix::from_fn(60, 60, |i, j| {
        let mean =
            |g| legendre(points[i].dot(&matrices.index_axis(ndarray::Axis(0), g).dot(&points[j])));
        (0..order).map(mean).sum::<f64>() / order as f64
    });
    let values = kernel.symmetric_eigenvalues();
    let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    values
        .iter()
        .filter(|value| **value > 1e-9 * largest.max(1e-6))
        .count()
}

#[test]
fn finite_groups_keep_the_rank_of_the_averaged_kernel() {
    let actions = [
        FiniteAction::cyclic(4).unwrap(),
        FiniteAction::dihedral(5).unwrap(),
        FiniteAction::torus(2, 2, PointGroup::C4).unwrap(),
    ];
    for (action, channels) in actions.iter().zip([1, 1, 1]).chain([(&actions[0], 2)]) {
        let matrices = permutation_matrices(action, channels);
        let counts = permutation_invariant_counts(action, channels, 5).unwrap();
        assert_eq!(counts, matrix_invariant_counts(matrices.view(), 5).unwrap());
        for (degree, &count) in counts.iter().enumerate().take(4) {
            assert_eq!(
                count as usize,
                rank(&matrices, degree),
                "{action:?}, degree {degree}"
            );
        }
    }
}

/// The rotations of the cube: on vectors, invariants begin in degrees 4 (x⁴ + y⁴ + z⁴), 6 and 9.
#[test]
fn rotations_of_the_cube() {
    let mut matrices = Vec::new();
    for permutation in [
        [0, 1, 2],
        [1, 2, 0],
        [2, 0, 1],
        [1, 0, 2],
        [0, 2, 1],
        [2, 1, 0],
    ] {
        for signs in 0..8 {
            let mut matrix = nalgebra::Matrix3::zeros();
            for (row, &column) in permutation.iter().enumerate() {
                matrix[(row, column)] = if signs >> row & 1 == 1 { -1.0 } else { 1.0 };
            }
            if matrix.determinant() > 0.0 {
                matrices.extend((0..9).map(|i| matrix[(i / 3, i % 3)]));
            }
        }
    }
    let matrices = Array3::from_shape_vec((24, 3, 3), matrices).unwrap();
    let counts = matrix_invariant_counts(matrices.view(), 13).unwrap();
    assert_eq!(counts, [1, 0, 0, 0, 1, 0, 1, 0, 1, 1, 1, 0, 2]);
}

/// The share of invariant functions tends to one over the order.
#[test]
fn the_gain_is_the_order_of_the_group() {
    let counts = permutation_invariant_counts(&FiniteAction::cyclic(8).unwrap(), 1, 40).unwrap();
    let all = permutation_invariant_counts(&FiniteAction::cyclic(1).unwrap(), 8, 40).unwrap();
    let ratio = all[39] as f64 / counts[39] as f64;
    assert!((ratio - 8.0).abs() < 0.01, "{ratio}");
}

#[test]
fn bad_groups_are_named() {
    let swap = FiniteAction::cyclic(2).unwrap();
    assert!(permutation_invariant_counts(&swap, 0, 3).is_err());
    assert!(permutation_invariant_counts(&swap, 1, 0).is_err());
    let error = permutation_invariant_counts(&swap, 40, 40).unwrap_err();
    assert!(error.to_string().contains("too many invariants"), "{error}");
    let of = |matrices: Array3<f64>| matrix_invariant_counts(matrices.view(), 4).unwrap_err();
    let (c, s) = (1.0_f64.cos(), 1.0_f64.sin());
    let error = of(array![[[1.0, 0.0], [0.0, 1.0]], [[c, -s], [s, c]]]);
    assert!(error.to_string().contains("group"), "{error}");
    let error = of(array![[[1.0, 0.5], [0.0, 1.0]]]);
    assert!(error.to_string().contains("orthogonal"), "{error}");
    of(Array3::zeros((0, 2, 2)));
    of(Array3::zeros((1, 2, 3)));
    of(array![[[f64::NAN]]]);
    let identity = Array3::from_shape_fn((1, 60, 60), |(_, i, j)| f64::from(u8::from(i == j)));
    let error = matrix_invariant_counts(identity.view(), 30).unwrap_err();
    assert!(error.to_string().contains("too many invariants"), "{error}");
}
