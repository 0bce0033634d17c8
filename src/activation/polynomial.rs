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

/// Products with their rounding errors, lane by lane.
pub(crate) struct Products {
    high: Lanes,
    low: Lanes,
}

impl Products {
    #[inline(always)]
    fn new(q1: &Lanes, q2: &Lanes) -> Self {
        let (mut high, mut low) = ([0.0; LANES], [0.0; LANES]);
        for i in 0..LANES {
            high[i] = q1[i] * q2[i];
            low[i] = f64::mul_add(q1[i], q2[i], -high[i]);
        }
        Self { high, low }
    }

    /// The products minus k², within 2 ulp of each (Kahan's determinant).
    #[inline(always)]
    fn minus_square(&self, k: &Lanes) -> Lanes {
        let mut out = [0.0; LANES];
        for i in 0..LANES {
            out[i] = f64::mul_add(-k[i], k[i], self.high[i]) + self.low[i];
        }
        out
    }
}

impl BlockExpectation for Monomial {
    /// $`q_1 q_2`$
    type Pair = Products;

    #[inline(always)]
    fn pair(&self, q1: &Lanes, q2: &Lanes) -> Products {
        Products::new(q1, q2)
    }

    #[inline(always)]
    fn at(&self, pair: &Products, k: &Lanes, _: bool) -> (Lanes, Lanes) {
        let (mut value, mut derivative) = recursion(self.degree, k, &pair.minus_square(k));
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
    type Pair = Products;

    #[inline(always)]
    fn pair(&self, q1: &Lanes, q2: &Lanes) -> Products {
        let (mut p1, mut p2) = (*q1, *q2);
        for i in 0..LANES {
            p1[i] -= 1.0;
            p2[i] -= 1.0;
        }
        Products::new(&p1, &p2)
    }

    #[inline(always)]
    fn at(&self, pair: &Products, k: &Lanes, _: bool) -> (Lanes, Lanes) {
        let (value, mut derivative) = recursion(self.degree, k, &pair.minus_square(k));
        // σ' is √n times the normalised polynomial of degree n − 1.
        for d in &mut derivative {
            *d *= f64::from(self.degree);
        }
        (value, derivative)
    }
}
