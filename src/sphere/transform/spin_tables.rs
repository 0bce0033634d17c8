//! Chains of the spin-weighted harmonics: Wigner functions $`d^\ell_{m,\mp s}`$, one chain for each sign.
//!
//! With $`k_\ell = (-1)^s \sqrt{(2\ell+1)/4\pi}`$, the spin-weighted harmonics at a northern ring θ and its mirror image are
//!
//! ```math
//! \begin{aligned}
//! {}_sY_{\ell m}(\theta) &= k_\ell d^\ell_{m,-s}(\theta) , & {}_sY_{\ell m}(\pi - \theta) &= (-1)^{\ell+m} k_\ell d^\ell_{m,s}(\theta) , \\
//! {}_sY_{\ell,-m}(\theta) &= (-1)^{m-s} k_\ell d^\ell_{m,s}(\theta) , & {}_sY_{\ell,-m}(\pi - \theta) &= (-1)^{\ell-s} k_\ell d^\ell_{m,-s}(\theta)
//! \end{aligned}
//! ```
//! so each chain serves one sign of m in the north and the other sign in the south.

use super::chains::{Chains, Start, plain_orders};
use super::ring_pairs::LANES;
use crate::numeric::extended::Scaled;
use crate::numeric::legendre::{MANTISSA_LIMIT, NEGLIGIBLE, SCALE_UNIT_INVERSE};
use crate::numeric::legendre_chains::Step;
use crate::sphere::limits::Limits;
use crate::wigner::seeds::{CanonicalOrders, HalfAngle};
use std::f64::consts::PI;

/// Everything the Legendre stage needs for one spin, at rings of given colatitudes in the northern half.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sphere) struct SpinTables {
    band_limit: usize,
    spin: i64,
    polar_blocks: usize,
    variable: Vec<f64>,
    orders: Vec<usize>,
    /// Orders below this start without scales at each block.
    plain: Vec<usize>,
    /// Mantissas and scales of the first functions, `[block][m][chain][lane]`.
    seed: Vec<f64>,
    scale: Vec<f64>,
    offsets: Vec<usize>,
    steps: Vec<Step>,
    /// Start of chain `2 m + which` in `steps`.
    chains: Vec<usize>,
}

impl SpinTables {
    /// Builds the tables; see [`LegendreTables::new`](super::legendre_tables::LegendreTables::new).
    pub(in crate::sphere) fn new(limits: Limits, spin: i64, colatitudes: &[f64]) -> Self {
        let Limits {
            degrees: band_limit,
            orders: order_limit,
        } = limits;
        let angles: Vec<HalfAngle> = colatitudes.iter().map(|t| HalfAngle::new(*t)).collect();
        let blocks = angles.len() / LANES;
        // Near the pole cos θ − 1 keeps its precision, elsewhere cos θ does.
        let polar_blocks = (0..blocks)
            .take_while(|block| colatitudes[block * LANES + LANES / 2] < PI / 3.0)
            .count();
        let kind = |ring: usize| usize::from(ring >= polar_blocks * LANES);
        let variable: Vec<f64> = angles
            .iter()
            .enumerate()
            .map(|(ring, angle)| match kind(ring) {
                0 => -2.0 * angle.sin * angle.sin,
                _ => (angle.cos - angle.sin) * (angle.cos + angle.sin),
            })
            .collect();
        let (mut steps, mut chains) = (Vec::new(), vec![0]);
        for m in 0..order_limit {
            for which in 0..2 {
                push_chain(band_limit, m as i64, row(spin, which), &mut steps);
                chains.push(steps.len());
            }
        }
        let mut tables = SpinTables {
            band_limit,
            spin,
            polar_blocks,
            variable,
            orders: Vec::new(),
            plain: Vec::new(),
            seed: Vec::new(),
            scale: Vec::new(),
            offsets: Vec::new(),
            steps,
            chains,
        };
        let binomials: Vec<[Scaled; 2]> = (0..order_limit)
            .map(|m| {
                [0, 1].map(|which| {
                    let orders = CanonicalOrders::new(m as i64, row(spin, which));
                    orders.root_binomial() * Scaled::new(orders.sign)
                })
            })
            .collect();
        for block in 0..blocks {
            tables.offsets.push(tables.seed.len());
            let lanes = &angles[block * LANES..(block + 1) * LANES];
            // At large spins fewer orders are seen at the equator than at rings on the way to it. The bound must not decrease, so the
            // orders of the block before are kept.
            let least = tables.orders.last().copied().unwrap_or(0);
            let mut count = 0;
            for (m, binomials) in binomials.iter().enumerate() {
                let start = tables.seed.len();
                for (which, binomial) in binomials.iter().enumerate() {
                    let orders = CanonicalOrders::new(m as i64, row(spin, which));
                    for angle in lanes {
                        let (mantissa, scale) = orders.seed(*binomial, angle).mantissa_and_scale();
                        tables.seed.push(mantissa);
                        tables.scale.push(scale);
                    }
                }
                if !(0..2 * LANES)
                    .any(|i| tables.is_seen(block, m, i / LANES, i % LANES, start + i))
                    && m as u64 > spin.unsigned_abs()
                    && m >= least
                {
                    tables.seed.truncate(start);
                    tables.scale.truncate(start);
                    break;
                }
                count = m + 1;
            }
            tables.orders.push(count);
        }
        debug_assert!(tables.orders.is_sorted());
        tables.plain = plain_orders(&tables.orders, |block, order| {
            let at = tables.offsets[block] + 2 * order * LANES;
            let scales = &tables.scale[at..at + 2 * LANES];
            scales.iter().any(|scale| *scale > 0.0)
        });
        tables
    }

    /// Whether some degree of a chain is not negligible at a ring.
    fn is_seen(&self, block: usize, m: usize, which: usize, lane: usize, at: usize) -> bool {
        let kind = usize::from(block >= self.polar_blocks);
        let y = self.variable[block * LANES + lane];
        let (mut here, mut before, mut scale) = (self.seed[at], 0.0, self.scale[at]);
        for step in self.chain(m, which) {
            if scale == 0.0 && (step.factor * here).abs() >= NEGLIGIBLE {
                return true;
            }
            (before, here) = (here, (step.slope * y + step.constant[kind]) * here - before);
            if scale > 0.0 && here.abs() >= MANTISSA_LIMIT {
                here *= SCALE_UNIT_INVERSE;
                before *= SCALE_UNIT_INVERSE;
                scale -= 1.0;
            }
        }
        false
    }

    fn first_degree(&self, order: usize) -> usize {
        order.max(self.spin.unsigned_abs() as usize)
    }
}

/// The second order of a chain.
fn row(spin: i64, which: usize) -> i64 {
    if which == 0 { -spin } else { spin }
}

/// Appends the steps of $`d^\ell_{mn}`$ from the lowest degree on, scaled so that the last coefficient is one.
fn push_chain(band_limit: usize, m: i64, n: i64, steps: &mut Vec<Step>) {
    let first = m.abs().max(n.abs()) as usize;
    let (mf, nf) = (m as f64, n as f64);
    let norm = |k: f64| (((k - mf) * (k + mf)) * ((k - nf) * (k + nf))).sqrt();
    let (mut before, mut here) = (1.0, 1.0);
    for degree in first..band_limit {
        let (l, k) = (degree as f64, degree as f64 + 1.0);
        // d^{ℓ+1} = (a + b x) d^ℓ − c d^{ℓ−1}; with d^ℓ = here · v the ratio of two factors makes c one. `at_pole` is a + b, the value at
        // x = 1, for the variable x − 1 near the poles.
        let above = norm(k);
        let slope = (2.0 * l + 1.0) * k / above;
        let (shift, at_pole) = if degree == 0 {
            (0.0, slope)
        } else {
            let factor = (2.0 * l + 1.0) / (l * above);
            (-factor * mf * nf, factor * (l * k - mf * nf))
        };
        let next = if degree == first {
            1.0
        } else {
            k * norm(l) / (l * above) * before
        };
        let ratio = here / next;
        let weight = if n % 2 == 0 { 1.0 } else { -1.0 } * ((2.0 * l + 1.0) / (4.0 * PI)).sqrt();
        steps.push(Step {
            constant: [at_pole * ratio, shift * ratio],
            slope: slope * ratio,
            factor: weight * here,
        });
        (before, here) = (here, next);
    }
}

/// $`(-1)^n`$.
fn sign(n: i64) -> f64 {
    if n % 2 == 0 { 1.0 } else { -1.0 }
}

impl Chains for SpinTables {
    fn band_limit(&self) -> usize {
        self.band_limit
    }

    fn polar_blocks(&self) -> usize {
        self.polar_blocks
    }

    fn orders(&self) -> &[usize] {
        &self.orders
    }

    fn plain_orders(&self) -> &[usize] {
        &self.plain
    }

    fn variable(&self) -> &[f64] {
        &self.variable
    }

    /// Chain 0 is $`d_{m,-s}`$, chain 1 is $`d_{m,s}`$; degrees from the larger of m and |s| on.
    #[inline(always)]
    fn chain(&self, order: usize, which: usize) -> &[Step] {
        let index = 2 * order + which;
        &self.steps[self.chains[index]..self.chains[index + 1]]
    }

    #[inline(always)]
    fn start(&self, block: usize, order: usize, which: usize) -> Start<'_> {
        let at = self.offsets[block] + (2 * order + which) * LANES;
        Start {
            seed: &self.seed[at..at + LANES],
            scale: &self.scale[at..at + LANES],
            factor: None,
        }
    }

    fn longest(&self) -> usize {
        self.band_limit
    }

    fn spin(&self) -> i64 {
        self.spin
    }

    /// Components 0 and 1 belong to order m, components 2 and 3 to $`(-1)^m \hat f_{\ell,-m}`$.
    #[inline(always)]
    fn fill_chain<const C: usize>(
        &self,
        order: usize,
        which: usize,
        coeffs: &[[f64; C]],
        chain: &mut [[f64; C]],
    ) {
        let first = self.first_degree(order);
        let steps = self.chain(order, which);
        for (j, (out, step)) in chain.iter_mut().zip(steps).enumerate() {
            let l = first + j;
            let coeff = &coeffs[l - order];
            let signs = self.signs(order, which, l);
            for c in 0..C {
                out[c] = step.factor * signs[c / 2] * coeff[c];
            }
        }
    }

    #[inline(always)]
    fn take_chain<const C: usize>(
        &self,
        order: usize,
        which: usize,
        chain: &[[f64; C]],
        coeffs: &mut [[f64; C]],
    ) {
        if which == 0 {
            coeffs.fill([0.0; C]);
        }
        let first = self.first_degree(order);
        let steps = self.chain(order, which);
        for (j, (total, step)) in chain.iter().zip(steps).enumerate() {
            let l = first + j;
            let signs = self.signs(order, which, l);
            for c in 0..C {
                coeffs[l - order][c] += step.factor * signs[c / 2] * total[c];
            }
        }
    }

    /// Forms even and odd parts, (north ± south)/2.
    ///
    /// Chain 0 leaves `[north of m, south of −m]` and chain 1 `[south of m, north of −m]`, so the two chains trade places for the
    /// components of −m.
    fn join_parity(&self, cell: &mut [f64]) {
        for c in 0..4 {
            for lane in 0..LANES {
                let (first, second) = (cell[c * LANES + lane], cell[(4 + c) * LANES + lane]);
                let (north, south) = if c < 2 {
                    (first, second)
                } else {
                    (second, first)
                };
                cell[c * LANES + lane] = 0.5 * (north + south);
                cell[(4 + c) * LANES + lane] = 0.5 * (north - south);
            }
        }
    }

    fn split_parity(&self, cell: &mut [f64]) {
        for c in 0..4 {
            for lane in 0..LANES {
                let (even, odd) = (cell[c * LANES + lane], cell[(4 + c) * LANES + lane]);
                let (north, south) = (0.5 * (even + odd), 0.5 * (even - odd));
                let (first, second) = if c < 2 {
                    (north, south)
                } else {
                    (south, north)
                };
                cell[c * LANES + lane] = first;
                cell[(4 + c) * LANES + lane] = second;
            }
        }
    }

    const MIXED: bool = true;
}

impl SpinTables {
    /// Signs of order m and of the packed order −m in a chain.
    #[inline(always)]
    fn signs(&self, order: usize, which: usize, degree: usize) -> [f64; 2] {
        let mirror = sign((degree + order) as i64);
        let spin = sign(self.spin);
        if which == 0 {
            [1.0, mirror * spin]
        } else {
            [mirror, spin]
        }
    }
}
