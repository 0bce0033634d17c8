//! Exact values of Wigner symbols and Clebsch–Gordan coefficients: signed roots of rational numbers.
//!
//! The sums are Racah's, written as alternating sums of products of binomial coefficients, which are integers. Factorials in front of a
//! sum are products of powers of primes.

use super::families::{degrees_as_integers, is_odd};
use super::symbols::{six_j_vanishes, three_j_vanishes};
use super::{factorials::Factorials, families::check_orders};
use crate::{Error, Result};
use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{One, ToPrimitive, Zero};
use std::fmt;

pub use num_rational::BigRational;

/// The largest degree of an exact symbol; the numbers have some 4 ℓ bits.
pub const MAX_EXACT_DEGREE: usize = 1 << 12;

/// The number $`\pm\sqrt{p/q}`$ with a rational number p/q in lowest terms.
///
/// # Examples
/// ```
/// use haarmonic::wigner::exact;
/// let symbol = exact::wigner_3j([2, 2, 2], [0, 0, 0])?;
/// assert_eq!(symbol.to_string(), "-sqrt(2/35)");
/// assert_eq!(symbol.to_f64(), -(2.0_f64 / 35.0).sqrt());
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SignedRoot {
    negative: bool,
    square: BigRational,
}

impl SignedRoot {
    /// Returns the square of the number, p/q.
    pub fn square(&self) -> &BigRational {
        &self.square
    }

    /// Returns −1, 0 or 1.
    pub fn signum(&self) -> i8 {
        match (self.square.is_zero(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    /// Returns the nearest number in double precision, within 0.501 units in the last place.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::wigner::exact;
    /// assert_eq!(exact::wigner_6j([1, 2, 3], [3, 2, 1])?.to_f64(), (2.0_f64 / 175.0).sqrt());
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn to_f64(&self) -> f64 {
        if self.square.is_zero() {
            return 0.0;
        }
        let (p, q) = (
            self.square.numer().magnitude(),
            self.square.denom().magnitude(),
        );
        // p/q times an even power of two has 126 to 128 bits; its root has 63 or 64, of which double precision takes 53.
        let shift = 127 - (p.bits() as i64 - q.bits() as i64);
        let shift = shift - shift.rem_euclid(2);
        let quotient = if shift >= 0 {
            (p << shift as u64) / q
        } else {
            p / (q << shift.unsigned_abs())
        };
        let root = quotient.to_u128().expect("at most 128 bits").isqrt();
        // In two steps, since each power by itself stays in the range of numbers.
        let exponent = -shift / 2;
        let half = exponent / 2;
        let power = |exponent: i64| 2.0_f64.powi(exponent as i32);
        let value = root as f64 * power(half) * power(exponent - half);
        if self.negative { -value } else { value }
    }

    fn zero() -> Self {
        SignedRoot {
            negative: false,
            square: BigRational::zero(),
        }
    }

    /// The number `± sum · sqrt(factorials)`.
    fn new(negative: bool, sum: &BigInt, factorials: Factorials) -> Self {
        if sum.is_zero() {
            return Self::zero();
        }
        let (numerator, denominator) = factorials.fraction();
        let numerator = BigInt::from(numerator) * sum * sum;
        SignedRoot {
            negative: negative != (sum.sign() == Sign::Minus),
            square: BigRational::new(numerator, denominator.into()),
        }
    }
}

/// As `-sqrt(2/35)`; without a root where the number is rational, as `1/3`.
impl fmt::Display for SignedRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roots = [self.square.numer(), self.square.denom()].map(|n| n.magnitude().sqrt());
        let squares = BigRational::new(
            BigInt::from(&roots[0] * &roots[0]),
            BigInt::from(&roots[1] * &roots[1]),
        );
        let text = if squares == self.square {
            BigRational::new_raw(roots[0].clone().into(), roots[1].clone().into()).to_string()
        } else {
            format!("sqrt({})", self.square)
        };
        let sign = if self.negative { "-" } else { "" };
        f.pad(&format!("{sign}{text}"))
    }
}

/// Computes a 3j symbol exactly; quantum numbers as [`wigner_3j`](super::wigner_3j).
///
/// # Cost and accuracy
/// O(ℓ²) time. Exact.
///
/// # Errors
/// [`Error::InvalidValue`] if a degree exceeds [`MAX_EXACT_DEGREE`] or an order is too large.
///
/// # Examples
/// ```
/// use haarmonic::wigner::exact;
/// assert_eq!(exact::wigner_3j([1, 1, 2], [0, 0, 0])?.to_string(), "sqrt(2/15)");
/// assert_eq!(exact::wigner_3j([1, 1, 1], [0, 0, 0])?.to_string(), "0");
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// VMK88, Section 8.2.
pub fn wigner_3j(degrees: [usize; 3], orders: [i64; 3]) -> Result<SignedRoot> {
    check_degrees(&degrees)?;
    let l = degrees_as_integers(degrees)?;
    let m = check_orders(orders)?;
    if three_j_vanishes(l, m) {
        return Ok(SignedRoot::zero());
    }
    let total = l[0] + l[1] + l[2];
    // α, β, γ: the total less twice one degree.
    let [gamma, beta, alpha] = l.map(|l| total - 2 * l);
    // The sum over t of (−1)^t C(α, t) C(β, ℓ₁ − m₁ − t) C(γ, ℓ₂ + m₂ − t).
    let [first, second] = [l[0] - m[0], l[1] + m[1]];
    let start = 0.max(first - beta).max(second - gamma);
    let end = alpha.min(first).min(second);
    let term =
        binomial(alpha, start) * binomial(beta, first - start) * binomial(gamma, second - start);
    let sum = alternating_sum(start, end, term, |t| {
        [
            (alpha - t) * (first - t) * (second - t),
            (t + 1) * (beta - first + t + 1) * (gamma - second + t + 1),
        ]
    });
    let mut factorials = Factorials::new(total + 1);
    for i in 0..3 {
        factorials.multiply(l[i] + m[i]);
        factorials.multiply(l[i] - m[i]);
    }
    for number in [total + 1, alpha, beta, gamma] {
        factorials.divide(number);
    }
    Ok(SignedRoot::new(
        is_odd(l[0] - l[1] - m[2]),
        &sum,
        factorials,
    ))
}

/// Computes a Clebsch–Gordan coefficient of the complex basis exactly; quantum numbers and phase as
/// [`clebsch_gordan`](super::clebsch_gordan).
///
/// # Errors
/// As [`wigner_3j`].
///
/// # Examples
/// ```
/// use haarmonic::wigner::exact;
/// assert_eq!(exact::clebsch_gordan([1, 1, 0], [1, -1, 0])?.to_string(), "sqrt(1/3)");
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn clebsch_gordan(degrees: [usize; 3], orders: [i64; 3]) -> Result<SignedRoot> {
    let [m1, m2, m] = check_orders(orders)?;
    let mut value = wigner_3j(degrees, [m1, m2, -m])?;
    if value.signum() != 0 {
        let [l1, l2, l] = degrees_as_integers(degrees)?;
        value.negative ^= is_odd(l1 - l2 + m);
        value.square *= BigInt::from(2 * l + 1);
    }
    Ok(value)
}

/// Computes a 6j symbol exactly; degrees as [`wigner_6j`](super::wigner_6j).
///
/// # Cost and accuracy
/// O(ℓ²) time. Exact.
///
/// # Errors
/// [`Error::InvalidValue`] if a degree exceeds [`MAX_EXACT_DEGREE`].
///
/// # Examples
/// ```
/// use haarmonic::wigner::exact;
/// assert_eq!(exact::wigner_6j([2, 2, 2], [2, 2, 2])?.to_string(), "-3/70");
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// VMK88, Section 9.2.
pub fn wigner_6j(upper: [usize; 3], lower: [usize; 3]) -> Result<SignedRoot> {
    check_degrees(&upper)?;
    check_degrees(&lower)?;
    let [a, b] = [degrees_as_integers(upper)?, degrees_as_integers(lower)?];
    if six_j_vanishes(a, b) {
        return Ok(SignedRoot::zero());
    }
    let triads = [
        a,
        [a[0], b[1], b[2]],
        [b[0], a[1], b[2]],
        [b[0], b[1], a[2]],
    ];
    let sums = triads.map(|triad| triad.iter().sum::<i64>());
    let pairs = [
        a[0] + a[1] + b[0] + b[1],
        a[1] + a[2] + b[1] + b[2],
        a[0] + a[2] + b[0] + b[2],
    ];
    // The sum over t of (−1)^t C(t + 1, s₀ + 1) Π C(p_i − s_i, p_i − t) over the sums s of triads and p of pairs of columns.
    let start = sums.into_iter().max().unwrap_or(0);
    let end = pairs.into_iter().min().unwrap_or(0);
    let mut term = binomial(start + 1, sums[0] + 1);
    for i in 0..3 {
        term *= binomial(pairs[i] - sums[i + 1], pairs[i] - start);
    }
    let sum = alternating_sum(start, end, term, |t| {
        let mut factors = [t + 2, t + 1 - sums[0]];
        for i in 0..3 {
            factors[0] *= pairs[i] - t;
            factors[1] *= t + 1 - sums[i + 1];
        }
        factors
    });
    let mut factorials = Factorials::new(start.max(end) + 1);
    for triad in triads {
        let total: i64 = triad.iter().sum();
        for degree in triad {
            factorials.multiply(total - 2 * degree);
        }
        factorials.divide(total + 1);
    }
    // The factor of the sum is no root, so it enters squared.
    for _ in 0..2 {
        factorials.multiply(sums[0] + 1);
        for i in 0..3 {
            factorials.divide(pairs[i] - sums[i + 1]);
        }
    }
    Ok(SignedRoot::new(false, &sum, factorials))
}

fn check_degrees(degrees: &[usize]) -> Result<()> {
    match degrees.iter().find(|degree| **degree > MAX_EXACT_DEGREE) {
        None => Ok(()),
        Some(degree) => Err(Error::invalid(
            "degree of an exact Wigner symbol",
            *degree,
            format!("0 to {MAX_EXACT_DEGREE}"),
        )),
    }
}

/// The sum of $`(-1)^t T_t`$ from `start` to `end`, where `ratio(t)` is numerator and denominator of $`T_{t+1}/T_t`$ and all terms are integers.
fn alternating_sum(
    start: i64,
    end: i64,
    mut term: BigUint,
    ratio: impl Fn(i64) -> [i64; 2],
) -> BigInt {
    let mut sum = BigInt::zero();
    for t in start..=end {
        match is_odd(t) {
            false => sum += BigInt::from(term.clone()),
            true => sum -= BigInt::from(term.clone()),
        }
        if t < end {
            let [numerator, denominator] = ratio(t).map(|factor| factor as u64);
            term = term * numerator / denominator;
        }
    }
    sum
}

/// The binomial coefficient C(n, k), 0 ≤ k ≤ n.
fn binomial(n: i64, k: i64) -> BigUint {
    let k = k.min(n - k);
    (0..k).fold(BigUint::one(), |value, i| {
        value * (n - i) as u64 / (i + 1) as u64
    })
}
