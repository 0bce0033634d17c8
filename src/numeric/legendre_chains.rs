//! The Legendre recursion over every second degree, tabulated for all orders.
//!
//! Degrees of one parity of $`\ell - m`$ form a chain whose members are polynomials in $`x^2`$ up to a common factor (1 or x):
//!
//! ```math
//! \epsilon_{\ell+1} \epsilon_{\ell+2} \bar P_{\ell+2} = (x^2 - \epsilon_{\ell+1}^2 - \epsilon_\ell^2) \, \bar P_\ell - \epsilon_\ell \epsilon_{\ell-1} \bar P_{\ell-2}
//! ```
//! The two chains are the even and the odd part about the equator. With $`\bar P_\ell = \gamma_\ell q_\ell`$ and a suitable γ the last
//! coefficient becomes one, $`q_{\ell+2} = (a_\ell + b_\ell y) q_\ell - q_{\ell-2}`$. The variable y is $`x^2`$ near the equator and
//! $`-\sin^2\theta`$ near the poles, so that it keeps its relative precision in both regions; the two choices differ in $`a_\ell`$ only.

use super::legendre::{MANTISSA_LIMIT, SCALE_UNIT_INVERSE, Sectoral, coupling};

/// One step of a chain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Step {
    /// $`a_\ell`$ for rings near the pole (0) and near the equator (1).
    pub constant: [f64; 2],
    /// $`b_\ell`$.
    pub slope: f64,
    /// $`\gamma_\ell`$.
    pub factor: f64,
}

/// The steps of all chains below a band limit, O(L²) of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LegendreChains {
    band_limit: usize,
    steps: Vec<Step>,
    /// Start of chain `2 m + parity` in `steps`; an odd chain stores one step more if the even chain of its order is longer.
    offsets: Vec<usize>,
}

/// The variable y for rings near the pole (kind 0) and near the equator (kind 1).
#[inline(always)]
pub(crate) fn variable(kind: usize, sine: f64, cosine: f64) -> f64 {
    if kind == 0 {
        -sine * sine
    } else {
        cosine * cosine
    }
}

impl LegendreChains {
    /// Computes the steps of all orders m < L.
    pub(crate) fn new(band_limit: usize) -> Self {
        let mut steps = Vec::with_capacity(band_limit * (band_limit + 1) / 2);
        let mut offsets = Vec::with_capacity(2 * band_limit + 1);
        for m in 0..band_limit {
            for parity in 0..2 {
                offsets.push(steps.len());
                push_chain(band_limit, m, parity, &mut steps);
            }
        }
        offsets.push(steps.len());
        LegendreChains {
            band_limit,
            steps,
            offsets,
        }
    }

    /// L, which the degrees are below.
    pub(crate) fn band_limit(&self) -> usize {
        self.band_limit
    }

    /// The steps of one chain: degrees `m + parity`, `m + parity + 2`, … below the band limit.
    #[inline(always)]
    pub(crate) fn chain(&self, order: usize, parity: usize) -> &[Step] {
        let start = self.offsets[2 * order + parity];
        &self.steps[start..start + (self.band_limit - order - parity).div_ceil(2)]
    }

    /// The steps of the odd chain of an order, as many as its even chain has.
    #[inline(always)]
    pub(crate) fn shared(&self, order: usize) -> &[Step] {
        let start = self.offsets[2 * order + 1];
        &self.steps[start..start + (self.band_limit - order).div_ceil(2)]
    }

    /// The coefficients $`[\alpha_k, \beta_k]`$ by which the even chain q follows from the odd chain o divided by x:
    /// $`q_k = \alpha_k o_k + \beta_{k-1} o_{k-1}`$.
    ///
    /// They come from $`\bar P_\ell = (\epsilon_{\ell+1} \bar P_{\ell+1} + \epsilon_\ell \bar P_{\ell-1}) / x`$.
    pub(crate) fn mixing(&self, order: usize) -> impl Iterator<Item = [f64; 2]> + '_ {
        let even = self.chain(order, 0);
        let odd = self.shared(order);
        (0..even.len()).map(move |k| {
            let l = order + 2 * k;
            let next = even.get(k + 1).map_or(0.0, |next| {
                coupling(l + 2, order) * odd[k].factor / next.factor
            });
            [
                coupling(l + 1, order) * odd[k].factor / even[k].factor,
                next,
            ]
        })
    }

    /// Calls `visit(l, value)` with $`\bar P_{\ell m}(\theta)`$ for the order m of `start` and each degree m ≤ l < L.
    ///
    /// Degrees with even `l − m` come first. Negligible values are left out.
    #[inline]
    pub(crate) fn visit(
        &self,
        start: &Sectoral,
        sine: f64,
        cosine: f64,
        mut visit: impl FnMut(usize, f64),
    ) {
        let kind = usize::from(cosine.abs() <= sine);
        let y = variable(kind, sine, cosine);
        for parity in 0..2 {
            let mut scale = start.scale;
            let mut here = if parity == 0 {
                start.mantissa
            } else {
                start.mantissa * cosine
            };
            let mut before = 0.0;
            for (j, step) in self.chain(start.order, parity).iter().enumerate() {
                if scale == 0 {
                    visit(start.order + parity + 2 * j, step.factor * here);
                }
                let next = (step.slope * y + step.constant[kind]) * here - before;
                (before, here) = (here, next);
                if scale > 0 && here.abs() >= MANTISSA_LIMIT {
                    here *= SCALE_UNIT_INVERSE;
                    before *= SCALE_UNIT_INVERSE;
                    scale -= 1;
                }
            }
        }
    }
}

/// Appends the steps of one chain; the last step serves only for its factor.
fn push_chain(band_limit: usize, m: usize, parity: usize, steps: &mut Vec<Step>) {
    let first = m + parity;
    // The chain starts from P_mm, or from x P_mm = ε_{m+1} P_{m+1}.
    let start = if parity == 0 {
        1.0
    } else {
        1.0 / coupling(m + 1, m)
    };
    let (mut before, mut here) = (start, start);
    // The factor γ follows from γ_{l+2} ε_{l+1} ε_{l+2} = γ_{l−2} ε_l ε_{l−1}, which makes the coefficient of q_{l−2} one. The slope is
    // b = γ_l / (ε_{l+1} ε_{l+2} γ_{l+2}), and a = −(ε_{l+1}² + ε_l²) b for y = x², plus b for y = x² − 1.
    for l in (first..band_limit + parity).step_by(2) {
        let [lower, low, high, higher] =
            [l.max(1) - 1, l, l + 1, l + 2].map(|d| if d <= m { 0.0 } else { coupling(d, m) });
        let next = if l == first {
            start
        } else {
            before * (low * lower) / (high * higher)
        };
        let slope = here / (high * higher * next);
        let shift = high * high + low * low;
        steps.push(Step {
            constant: [(1.0 - shift) * slope, -shift * slope],
            slope,
            factor: here,
        });
        (before, here) = (here, next);
    }
}
