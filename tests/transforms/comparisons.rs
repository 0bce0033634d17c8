//! The comparisons on which all tests stand refuse what they should.

use std::panic::catch_unwind;

use ndarray::array;

use crate::common::close::{
    assert_absolutely_close, assert_close, assert_entries_close, assert_named_close, difference,
    largest, relative_difference,
};

/// Whether a comparison fails.
fn fails(comparison: impl FnOnce() + std::panic::UnwindSafe) -> bool {
    catch_unwind(comparison).is_err()
}

#[test]
fn errors_are_held_against_the_largest_value_the_entry_or_one() {
    let (found, want) = ([100.0, 1.0 + 1e-3], [100.0, 1.0]);
    assert_close(found, want, 1.1e-5);
    assert!(fails(|| assert_close(found, want, 0.9e-5)));
    assert!(fails(|| assert_named_close("name", found, want, 0.9e-5)));
    assert_entries_close("entries", found, want, 1.1e-3);
    assert!(fails(|| assert_entries_close(
        "entries", found, want, 0.9e-3
    )));
    assert_absolutely_close("errors", found, want, 1.1e-3);
    assert!(fails(|| assert_absolutely_close(
        "errors", found, want, 0.9e-3
    )));
    // An entry that is zero has no error of its own.
    assert!(fails(|| assert_entries_close("zero", [1e-300], [0.0], 1.0)));
}

#[test]
fn other_shapes_and_numbers_that_are_not_finite_fail() {
    assert!(fails(|| assert_close([1.0, 1.0], [1.0], 1.0)));
    assert!(fails(|| assert_close(
        array![[1.0, 2.0]],
        array![[1.0], [2.0]],
        1.0
    )));
    for bad in [f64::NAN, f64::INFINITY] {
        assert!(fails(|| assert_close([bad], [bad], 1.0)));
        assert!(fails(|| assert_close([bad], [1.0], f64::INFINITY)));
        assert!(fails(|| {
            largest([1.0, bad]);
        }));
    }
}

#[test]
fn differences_are_the_largest_ones() {
    let (found, want) = ([1.0, -5.0, 2.0], [1.5, -4.0, 2.25]);
    assert_eq!(difference(found, want), 1.0);
    assert_eq!(relative_difference(found, want), 0.25);
    assert!(fails(|| {
        difference([1.0], [1.0, 2.0]);
    }));
}
