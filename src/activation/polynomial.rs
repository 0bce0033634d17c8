//! Monomials and Hermite polynomials.
//!
//! Put $`F_n = E[He_n^{[s]}(u) He_n^{[s]}(v)]/n!`$ with the Hermite polynomials of variance s (s = 1: the
//! usual ones; s = 0: $`x^n`$). From Mehler's formula,
//! ```math
//! \sum_n F_n t^n = \bigl(1 - 2kt + (k^2 - p)\,t^2\bigr)^{-1/2}, \qquad p = (q_1 - s)(q_2 - s),
//! ```
//! the generating function of the Legendre polynomials: $`F_n = \rho^n P_n(k/\rho)`$, $`\rho^2 = k^2 - p`$, and
//! $`(n+1) F_{n+1} = (2n+1) k F_n - n \rho^2 F_{n-1}`$. For s = 0, ρ² ≤ 0 and nothing cancels.

use super::blocks::{BlockExpectation, LANES, Lanes};
use super::pair::Product;

/// $`(F_n, F_{n-1})`$ by the recursion, $`F_{-1} = 0`$.
#[inline(always)]
fn recursion(degree: u32, k: &Lanes, minus_rho_squared: &Lanes) -> (Lanes, Lanes) {
    if degree == 0 {
        return ([1.0; LANES], [0.0; LANES]);
    }
    let (mut previous, mut current) = ([1.0; LANES], *k);
    for n in 1..degree {
        let n = f64::from(n);
        let (a, b) = ((2.0 * n + 1.0) / (n + 1.0), n / (n + 1.0));
        for i in 0..LANES {
            let next = f64::mul_add(a * k[i], current[i], b * minus_rho_squared[i] * previous[i]);
            previous[i] = current[i];
            current[i] = next;
        }
    }
    (current, previous)
}

/// $`x^n`$
#[derive(Clone, Copy)]
pub(crate) struct Monomial {
    degree: u32,
    /// $`n!`$
    factorial: f64,
}

impl Monomial {
    pub(crate) fn new(degree: u32) -> Self {
        Self {
            degree,
            factorial: factorial(degree),
        }
    }
}

/// $`n!`$ in floating point.
pub(crate) fn factorial(n: u32) -> f64 {
    (1..=n).map(f64::from).product()
}

impl BlockExpectation for Monomial {
    type Pair = [Product; LANES];

    #[inline(always)]
    fn pair(&self, q1: &Lanes, q2: &Lanes) -> Self::Pair {
        std::array::from_fn(|i| Product::new(q1[i], q2[i]))
    }

    #[inline(always)]
    fn at(&self, pair: &Self::Pair, k: &Lanes, _: bool) -> (Lanes, Lanes) {
        let determinant = std::array::from_fn(|i| pair[i].minus_square(k[i]));
        let (mut value, mut derivative) = recursion(self.degree, k, &determinant);
        // E[σ'σ'] = n² (n−1)! F of degree n − 1.
        let scale = self.factorial * f64::from(self.degree);
        for i in 0..LANES {
            value[i] *= self.factorial;
            derivative[i] *= scale;
        }
        (value, derivative)
    }
}

/// $`He_n(x)/\sqrt{n!}`$
#[derive(Clone, Copy)]
pub(crate) struct Hermite {
    pub(crate) degree: u32,
}

impl BlockExpectation for Hermite {
    /// $`(q_1-1)(q_2-1)`$
    type Pair = [Product; LANES];

    #[inline(always)]
    fn pair(&self, q1: &Lanes, q2: &Lanes) -> Self::Pair {
        std::array::from_fn(|i| Product::new(q1[i] - 1.0, q2[i] - 1.0))
    }

    #[inline(always)]
    fn at(&self, pair: &Self::Pair, k: &Lanes, _: bool) -> (Lanes, Lanes) {
        let minus_rho_squared = std::array::from_fn(|i| pair[i].minus_square_signed(k[i]));
        let (value, mut derivative) = recursion(self.degree, k, &minus_rho_squared);
        // σ' is √n times the normalised polynomial of degree n − 1.
        for d in &mut derivative {
            *d *= f64::from(self.degree);
        }
        (value, derivative)
    }
}
