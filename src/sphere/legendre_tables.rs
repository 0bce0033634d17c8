//! Tables of the Legendre stage: recursion over every second degree, and its start values on the rings.
//!
//! Degrees of one parity of $`\ell - m`$ form a chain whose members are polynomials in $`x^2`$ up to a common factor (1 or x):
//!
//! ```math
//! \epsilon_{\ell+1} \epsilon_{\ell+2} \bar P_{\ell+2} = (x^2 - \epsilon_{\ell+1}^2 - \epsilon_\ell^2) \, \bar P_\ell - \epsilon_\ell \epsilon_{\ell-1} \bar P_{\ell-2}
//! ```
//! The two chains are the even and the odd part about the equator. With $`\bar P_\ell = \gamma_\ell q_\ell`$ and a suitable γ the last
//! coefficient becomes one, $`q_{\ell+2} = (a_\ell + b_\ell y) q_\ell - q_{\ell-2}`$. The variable y is $`x^2`$ near the equator and
//! $`-\sin^2\theta`$ near the poles, where each keeps its relative precision; only $`a_\ell`$ differs.

use crate::special::legendre::{Sectoral, coupling};

/// Rings are padded to a multiple of this, the widest vector.
pub(super) const RING_BLOCK: usize = 8;

/// One step of a chain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    /// $`a_\ell`$ for rings near the pole (0) and near the equator (1).
    pub constant: [f64; 2],
    /// $`b_\ell`$.
    pub slope: f64,
    /// $`\gamma_\ell`$.
    pub factor: f64,
}

/// Everything the Legendre stage needs, for the northern half of a symmetric set of rings.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LegendreTables {
    pub band_limit: usize,
    /// Rings of the northern half, equator included, padded to a multiple of [`RING_BLOCK`].
    pub padded_rings: usize,
    /// The rings before this index use the polar variable.
    pub polar_rings: usize,
    /// $`\cos\theta`$.
    pub cosine: Vec<f64>,
    /// The variable y of the recursion.
    pub variable: Vec<f64>,
    /// Mantissas of $`\bar P_{mm}`$ without the factor that is in `Step::factor`, `[m][ring]`.
    pub seed: Vec<f64>,
    /// Their scales.
    pub scale: Vec<f64>,
    /// Steps, chain after chain.
    steps: Vec<Step>,
    /// Start of chain `2 m + parity` in `steps`.
    offsets: Vec<usize>,
}

impl LegendreTables {
    /// Builds the tables for `rings` symmetric rings, given the colatitudes of the northern half.
    pub fn new(band_limit: usize, rings: usize, colatitudes: &[f64]) -> Self {
        let half = rings.div_ceil(2);
        let padded_rings = half.next_multiple_of(RING_BLOCK);
        let (mut sine, mut cosine): (Vec<f64>, Vec<f64>) =
            colatitudes[..half].iter().map(|t| t.sin_cos()).unzip();
        if !rings.is_multiple_of(2) {
            (sine[half - 1], cosine[half - 1]) = (1.0, 0.0);
        }
        sine.resize(padded_rings, sine[half - 1]);
        cosine.resize(padded_rings, cosine[half - 1]);
        let polar_rings = (0..padded_rings)
            .step_by(RING_BLOCK)
            .take_while(|first| cosine[first + RING_BLOCK / 2] > sine[first + RING_BLOCK / 2])
            .count()
            * RING_BLOCK;
        let variable = (0..padded_rings)
            .map(|r| {
                if r < polar_rings {
                    -sine[r] * sine[r]
                } else {
                    cosine[r] * cosine[r]
                }
            })
            .collect();

        let mut start: Vec<Sectoral> = sine
            .iter()
            .zip(&cosine)
            .map(|(s, c)| Sectoral::new(*s, *c))
            .collect();
        let mut seed = Vec::with_capacity(band_limit * padded_rings);
        let mut scale = Vec::with_capacity(band_limit * padded_rings);
        let mut steps = Vec::with_capacity(band_limit * (band_limit + 1) / 2);
        let mut offsets = Vec::with_capacity(2 * band_limit + 1);
        for m in 0..band_limit {
            for ring in &mut start {
                seed.push(ring.mantissa);
                scale.push(f64::from(ring.scale));
                ring.advance();
            }
            for parity in 0..2 {
                offsets.push(steps.len());
                push_chain(band_limit, m, parity, &mut steps);
            }
        }
        offsets.push(steps.len());
        LegendreTables {
            band_limit,
            padded_rings,
            polar_rings,
            cosine,
            variable,
            seed,
            scale,
            steps,
            offsets,
        }
    }

    /// The steps of one chain: degrees `m + parity`, `m + parity + 2`, … below the band limit.
    #[inline(always)]
    pub fn chain(&self, order: usize, parity: usize) -> &[Step] {
        let index = 2 * order + parity;
        &self.steps[self.offsets[index]..self.offsets[index + 1]]
    }
}

/// Appends the steps of one chain; the last one leads nowhere and only carries its factor.
fn push_chain(band_limit: usize, m: usize, parity: usize, steps: &mut Vec<Step>) {
    let first = m + parity;
    // The chain starts from P_mm, or from x P_mm = ε_{m+1} P_{m+1}.
    let start = if parity == 0 {
        1.0
    } else {
        1.0 / coupling(m + 1, m)
    };
    let (mut before, mut here) = (start, start);
    for l in (first..band_limit).step_by(2) {
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
