//! Rectified powers (arc-cosine kernels of order n, Cho and Saul 2009).
//!
//! For unit variances and correlation c, $`S_n = E[\max(u,0)^n \max(v,0)^n]/n!`$ satisfies the recursion of
//! the monomials, $`(n+1) S_{n+1} = (2n+1) c S_n + n (1-c^2) S_{n-1}`$, from $`S_0 = \psi/2\pi`$ and
//! $`S_1 = (\sqrt{1-c^2} + c\psi)/2\pi`$. For c ≥ 0 nothing cancels. For c < 0 it is unstable, and
//! ```math
//! S_n = C_n\, y^{n+1/2}\, {}_2F_1(\tfrac12, \tfrac12; n + \tfrac32; y), \qquad y = \frac{1+c}{2} \le \frac12,
//! \qquad C_0 = \frac1\pi, \quad C_n = \frac{2n}{n+1/2} C_{n-1}
//! ```
//! is a sum of positive terms.

use super::blocks::{BlockExpectation, LANES, Lanes};
use super::pair::ScaledPair;
use super::polynomial::factorial;
use crate::special::vector_math::{half_turn, polynomial};
use std::f64::consts::{FRAC_1_PI, TAU};
use std::hint::select_unpredictable;

/// Terms of the series: for n ≥ 1 and y ≤ 1/2 the next one is below ε/100 of the sum.
const TERMS: usize = 44;

/// Coefficients in rows of four.
type Series = [[f64; 4]; TERMS / 4];

/// $`\max(x, 0)^n`$
#[derive(Clone, Copy)]
pub(crate) struct RectifiedMonomial {
    degree: u32,
    factorial: f64,
    /// As for [`ScaledPair::new`].
    noise: f64,
    /// The series of degree n and n − 1, with $`C_n`$ and without $`y^{n+1/2}`$.
    series: [Series; 2],
}

impl RectifiedMonomial {
    pub(crate) fn new(degree: u32, noise: f64) -> Self {
        Self {
            degree,
            factorial: factorial(degree),
            noise,
            series: [series(degree), series(degree.saturating_sub(1))],
        }
    }
}

fn series(degree: u32) -> Series {
    let mut term = (1..=degree)
        .map(f64::from)
        .fold(FRAC_1_PI, |c, n| c * 2.0 * n / (n + 0.5));
    let bottom = f64::from(degree) + 1.5;
    let mut m = 0.0;
    let mut next = || {
        let current = term;
        term *= (m + 0.5) * (m + 0.5) / ((m + bottom) * (m + 1.0));
        m += 1.0;
        current
    };
    std::array::from_fn(|_| std::array::from_fn(|_| next()))
}

/// $`x^n`$ in every lane.
#[inline(always)]
fn powers(x: &Lanes, n: u32) -> Lanes {
    let mut power = [1.0; LANES];
    for _ in 0..n {
        for i in 0..LANES {
            power[i] *= x[i];
        }
    }
    power
}

impl BlockExpectation for RectifiedMonomial {
    /// The fields of [`ScaledPair`], lane by lane; the product of the deviations comes first.
    type Pair = [Lanes; ScaledPair::FIELDS];

    #[inline(always)]
    fn pair(&self, q1: &Lanes, q2: &Lanes) -> Self::Pair {
        let mut scaled = [[0.0; LANES]; ScaledPair::FIELDS];
        for i in 0..LANES {
            let fields = ScaledPair::new(q1[i], q2[i], self.noise).fields();
            for (lanes, field) in scaled.iter_mut().zip(fields) {
                lanes[i] = field;
            }
        }
        scaled
    }

    #[inline(always)]
    fn at(&self, pair: &Self::Pair, k: &Lanes, derivative: bool) -> (Lanes, Lanes) {
        let mut c = [0.0; LANES];
        let mut square = [0.0; LANES];
        let mut current = [0.0; LANES];
        let mut previous = [0.0; LANES];
        for i in 0..LANES {
            let scaled = ScaledPair::from_fields(std::array::from_fn(|f| pair[f][i]));
            let (correlation, sine) = scaled.correlation(k[i]);
            let turn = half_turn(correlation, sine);
            c[i] = correlation;
            square[i] = sine * sine;
            current[i] = turn.lift(correlation, sine) * (1.0 / TAU);
            previous[i] = turn.angle * (1.0 / TAU);
        }
        if self.degree == 0 {
            current = previous;
        }
        for n in 1..self.degree {
            let n = f64::from(n);
            let (a, b) = ((2.0 * n + 1.0) / (n + 1.0), n / (n + 1.0));
            for i in 0..LANES {
                let next = f64::mul_add(a * c[i], current[i], b * square[i] * previous[i]);
                previous[i] = current[i];
                current[i] = next;
            }
        }
        if self.degree >= 2 {
            self.replace_negative(&c, &square, &mut current, &mut previous, derivative);
        }
        self.restore(&pair[0], &mut current, &mut previous);
        (current, previous)
    }
}

impl RectifiedMonomial {
    /// Multiplies by $`n!\,(q_1q_2)^{n/2}`$ and $`n\,n!\,(q_1q_2)^{(n-1)/2}`$, factor by factor: a power by itself
    /// may overflow where the result does not.
    #[inline(always)]
    fn restore(&self, root: &Lanes, current: &mut Lanes, previous: &mut Lanes) {
        let slope = self.factorial * f64::from(self.degree);
        for i in 0..LANES {
            current[i] *= self.factorial;
            previous[i] *= slope;
        }
        for power in 1..=self.degree {
            for i in 0..LANES {
                current[i] *= root[i];
            }
            if power > 1 {
                for i in 0..LANES {
                    previous[i] *= root[i];
                }
            }
        }
    }

    /// Puts the series in place of the recursion where c < 0.
    #[inline(always)]
    fn replace_negative(
        &self,
        c: &Lanes,
        square: &Lanes,
        current: &mut Lanes,
        previous: &mut Lanes,
        derivative: bool,
    ) {
        let mut y = [0.0; LANES];
        for i in 0..LANES {
            y[i] = 0.5 * square[i] / (1.0 + c[i].abs());
        }
        let below = powers(&y, self.degree - 1);
        for i in 0..LANES {
            let front = below[i] * y[i].sqrt();
            let value = front * y[i] * polynomial(&self.series[0], y[i]);
            current[i] = select_unpredictable(c[i] < 0.0, value, current[i]);
            if derivative {
                let value = front * polynomial(&self.series[1], y[i]);
                previous[i] = select_unpredictable(c[i] < 0.0, value, previous[i]);
            }
        }
    }
}
