//! Comparisons of numbers that say what is off, where and by how much.

use std::fmt::Display;

use ndarray::{ArrayBase, Data, Dimension};
use num_complex::{Complex, Complex64};

/// Real and complex numbers of both precisions.
pub trait Number: Copy {
    fn complex(self) -> Complex64;
}

impl Number for f64 {
    fn complex(self) -> Complex64 {
        self.into()
    }
}

impl Number for f32 {
    fn complex(self) -> Complex64 {
        f64::from(self).into()
    }
}

impl<T: Into<f64> + Copy> Number for Complex<T> {
    fn complex(self) -> Complex64 {
        Complex64::new(self.re.into(), self.im.into())
    }
}

/// Arrays, vectors and slices of numbers.
pub trait Values {
    fn lengths(&self) -> Vec<usize>;
    /// In row-major order.
    fn values(&self) -> Vec<Complex64>;
}

impl<S: Data<Elem: Number>, D: Dimension> Values for ArrayBase<S, D> {
    fn lengths(&self) -> Vec<usize> {
        self.shape().to_vec()
    }

    fn values(&self) -> Vec<Complex64> {
        self.iter().map(|value| value.complex()).collect()
    }
}

impl<T: Number> Values for [T] {
    fn lengths(&self) -> Vec<usize> {
        vec![self.len()]
    }

    fn values(&self) -> Vec<Complex64> {
        self.iter().map(|value| value.complex()).collect()
    }
}

impl<T: Number> Values for Vec<T> {
    fn lengths(&self) -> Vec<usize> {
        self[..].lengths()
    }

    fn values(&self) -> Vec<Complex64> {
        self[..].values()
    }
}

impl<T: Number, const N: usize> Values for [T; N] {
    fn lengths(&self) -> Vec<usize> {
        self[..].lengths()
    }

    fn values(&self) -> Vec<Complex64> {
        self[..].values()
    }
}

impl<V: Values + ?Sized> Values for &V {
    fn lengths(&self) -> Vec<usize> {
        (**self).lengths()
    }

    fn values(&self) -> Vec<Complex64> {
        (**self).values()
    }
}

/// What the error of an entry is held against.
#[derive(Clone, Copy)]
enum Against {
    /// The largest wanted modulus.
    Largest,
    /// The wanted entry.
    Entry,
    /// One.
    Absolute,
}

#[track_caller]
fn assert_within(
    what: &dyn Display,
    found: impl Values,
    want: impl Values,
    tolerance: f64,
    against: Against,
) {
    let lengths = want.lengths();
    assert_eq!(found.lengths(), lengths, "{what}: shapes");
    let (found, want) = (found.values(), want.values());
    let index = |flat: usize| {
        let mut rest = flat;
        let mut index = vec![0; lengths.len()];
        for (axis, &length) in lengths.iter().enumerate().rev() {
            index[axis] = rest % length;
            rest /= length;
        }
        index
    };
    for (flat, (f, w)) in found.iter().zip(&want).enumerate() {
        assert!(
            f.is_finite() && w.is_finite(),
            "{what} at {:?}: found {f}, want {w}, which is not finite",
            index(flat)
        );
    }
    let largest = want.iter().fold(0.0_f64, |a, w| a.max(w.norm()));
    for (flat, (f, w)) in found.iter().zip(&want).enumerate() {
        let allowed = tolerance
            * match against {
                Against::Largest => largest,
                Against::Entry => w.norm(),
                Against::Absolute => 1.0,
            };
        let error = (f - w).norm();
        assert!(
            error <= allowed,
            "{what} at {:?}: found {f}, want {w}, error {error:e}, allowed {allowed:e}",
            index(flat)
        );
    }
}

/// Asserts |found − want| ≤ `tolerance` · max |want| for every entry; anything not finite fails.
#[track_caller]
pub fn assert_close(found: impl Values, want: impl Values, tolerance: f64) {
    assert_within(&"values", found, want, tolerance, Against::Largest);
}

/// [`assert_close`] with a name for what is compared.
#[track_caller]
pub fn assert_named_close(
    what: impl Display,
    found: impl Values,
    want: impl Values,
    tolerance: f64,
) {
    assert_within(&what, found, want, tolerance, Against::Largest);
}

/// Asserts |found − want| ≤ `tolerance` · |want| for every entry; anything not finite fails.
#[track_caller]
pub fn assert_entries_close(
    what: impl Display,
    found: impl Values,
    want: impl Values,
    tolerance: f64,
) {
    assert_within(&what, found, want, tolerance, Against::Entry);
}

/// Asserts |found − want| ≤ `tolerance` for every entry, where values are of order one; anything not finite fails.
#[track_caller]
pub fn assert_absolutely_close(
    what: impl Display,
    found: impl Values,
    want: impl Values,
    tolerance: f64,
) {
    assert_within(&what, found, want, tolerance, Against::Absolute);
}

/// The largest modulus.
#[track_caller]
pub fn largest(values: impl Values) -> f64 {
    let values = values.values();
    assert!(values.iter().all(|v| v.is_finite()), "not finite");
    values.iter().fold(0.0, |a, v| a.max(v.norm()))
}

/// The largest |found − want|.
#[track_caller]
pub fn difference(found: impl Values, want: impl Values) -> f64 {
    assert_eq!(found.lengths(), want.lengths(), "shapes");
    let pairs = found.values().into_iter().zip(want.values());
    let differences: Vec<Complex64> = pairs.map(|(f, w)| f - w).collect();
    largest(differences)
}

/// The largest |found − want|, relative to the largest |want|.
#[track_caller]
pub fn relative_difference(found: impl Values, want: impl Values) -> f64 {
    difference(&found, &want) / largest(&want)
}
