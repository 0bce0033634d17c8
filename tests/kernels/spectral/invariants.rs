//! Numbers of invariant polynomials.

use crate::common::naive_rotations::golden;
use haarmonic::spectral::invariant_counts;
use ndarray::Array1;

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
