//! Powers of two that bring numbers near one, so that squares and products of them neither overflow nor underflow.
//!
//! A factor that is a power of two changes no digit. Quantities that are linear or quadratic in some numbers are therefore computed
//! from scaled numbers and scaled back. They follow exact laws: √Σ(2ᵉx)² is 2ᵉ√Σx², bit for bit.

/// The exponent e with 2ᵉ ≤ max |x| < 2ᵉ⁺¹ over some numbers x; zero if all of them are zero or one is infinite.
pub(crate) fn exponent(values: impl IntoIterator<Item = f64>) -> i32 {
    let largest = values.into_iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return 0;
    }
    libm::ilogb(largest)
}

/// $`2^e x`$, rounded once.
pub(crate) fn times_power(x: f64, exponent: i32) -> f64 {
    libm::ldexp(x, exponent)
}

/// $`\sqrt{ab}`$ for two numbers that are not negative, whose product may overflow or underflow.
#[inline(always)]
pub(crate) fn geometric_mean(a: f64, b: f64) -> f64 {
    a.sqrt() * b.sqrt()
}

/// A sum of squares s 4ᵉ, whose own value may be out of range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SquareSum {
    /// s, zero or between 1 and 4 times the number of squares.
    pub sum: f64,
    /// e.
    pub exponent: i32,
}

impl SquareSum {
    /// Sums the squares of some numbers.
    pub(crate) fn of(values: impl IntoIterator<Item = f64> + Clone) -> SquareSum {
        let exponent = exponent(values.clone());
        let square = |x: f64| {
            let scaled = times_power(x, -exponent);
            scaled * scaled
        };
        SquareSum {
            sum: values.into_iter().map(square).sum(),
            exponent,
        }
    }

    /// $`\sqrt{s\, 4^e / n}`$: the norm for n = 1, the root of the mean square for the number n of the terms.
    pub(crate) fn root_over(self, terms: f64) -> f64 {
        times_power((self.sum / terms).sqrt(), self.exponent)
    }

    /// The quotient of two sums; `other` must be positive.
    pub(crate) fn over(self, other: SquareSum) -> f64 {
        times_power(self.sum / other.sum, 2 * (self.exponent - other.exponent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_of_all_sizes() {
        for e in -1074..1024 {
            let power = times_power(1.0, e);
            assert!(power > 0.0 && power.is_finite());
            assert_eq!(exponent([0.0, -power]), e);
            assert_eq!(times_power(power, -e), 1.0);
        }
        assert_eq!(exponent([0.0, -0.0]), 0);
        assert_eq!(exponent([]), 0);
    }

    #[test]
    fn sums_of_squares_follow_their_law() {
        let x = [0.3, -1.7, 2.9, 0.1];
        let norm = SquareSum::of(x).root_over(1.0);
        for e in [-1000, -600, 0, 600, 1000] {
            let scaled = SquareSum::of(x.map(|x| times_power(x, e)));
            assert_eq!(scaled.root_over(1.0), times_power(norm, e));
            assert_eq!(scaled.over(SquareSum::of(x)), times_power(1.0, 2 * e));
        }
        assert_eq!(SquareSum::of([0.0, 0.0]).root_over(2.0), 0.0);
    }
}
