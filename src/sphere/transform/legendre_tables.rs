//! Tables of the Legendre stage: start values of the recursion on the rings, and its variable.

use super::chains::{Chains, Start, plain_orders};
use super::legendre_values::LegendreValues;
use super::method::{Functions, Method, method};
use super::ring_pairs::{LANES, RingPairs};
use super::shared_chains::{Rings, Shared, SharedChains};
use crate::numeric::legendre::{MANTISSA_LIMIT, NEGLIGIBLE, SCALE_UNIT_INVERSE, Sectoral};
use crate::numeric::legendre_chains::{LegendreChains, Step, variable};
use crate::simd::aligned::Aligned;
use crate::sphere::limits::Limits;

use std::sync::OnceLock;

/// Everything the Legendre stage needs for rings of given colatitudes in the northern half.
///
/// Rings come in blocks of [`LANES`]. Blocks near the pole do not see the highest orders: there the functions are
/// negligible at all degrees, and nothing is stored or computed.
#[derive(Debug, Clone)]
pub(in crate::sphere) struct LegendreTables {
    limits: Limits,
    method: Method,
    /// The blocks before this index use the polar variable.
    polar_blocks: usize,
    /// $`\cos\theta`$.
    cosine: Aligned,
    /// The variable y of the recursion.
    variable: Aligned,
    /// Orders below this are seen by each block.
    orders: Vec<usize>,
    /// Orders below this start without scales at each block.
    plain: Vec<usize>,
    /// Mantissas of $`\bar P_{mm}`$ without the factor that is in `Step::factor`, `[block][m][lane]`, m below `orders[block]`.
    seed: Aligned,
    /// Their scales.
    scale: Aligned,
    /// Where each block starts in `seed` and `scale`.
    offsets: Vec<usize>,
    chains: LegendreChains,
    shared: Option<SharedChains>,
    /// Values, made when first needed.
    values: OnceLock<LegendreValues>,
}

impl LegendreTables {
    /// Builds the tables for pairs of rings, for the method that suits the band limit.
    pub(in crate::sphere) fn of(limits: Limits, pairs: &RingPairs) -> Self {
        let method = method(Functions::Scalar, limits.degrees);
        Self::new(method, limits, &pairs.sine, &pairs.cosine)
    }

    /// Builds the tables for rings given by their sines and cosines, in order of growing colatitude up to the equator, the
    /// number of rings being a multiple of [`LANES`].
    pub(super) fn new(method: Method, limits: Limits, sine: &[f64], cosine: &[f64]) -> Self {
        let band_limit = limits.degrees;
        let blocks = sine.len() / LANES;
        let middle = |block: &usize| block * LANES + LANES / 2;
        let polar_blocks = (0..blocks)
            .take_while(|block| cosine[middle(block)] > sine[middle(block)])
            .count();
        let kind = |ring: usize| usize::from(ring >= polar_blocks * LANES);
        let variable: Vec<f64> = (0..sine.len())
            .map(|r| variable(kind(r), sine[r], cosine[r]))
            .collect();
        let chains = LegendreChains::new(band_limit);

        let (mut seed, mut scale) = (Vec::new(), Vec::new());
        let (mut offsets, mut orders) = (Vec::new(), Vec::new());
        for block in 0..blocks {
            let lanes = block * LANES..(block + 1) * LANES;
            offsets.push(seed.len());
            let mut starts: Vec<Sectoral> = lanes
                .clone()
                .map(|r| Sectoral::new(sine[r], cosine[r]))
                .collect();
            for _ in 0..limits.orders {
                for start in &mut starts {
                    seed.push(start.mantissa);
                    scale.push(f64::from(start.scale));
                    start.advance();
                }
            }
            // The widest ring of the block sees most.
            let widest = lanes.clone().max_by(|a, b| sine[*a].total_cmp(&sine[*b]));
            let widest = widest.expect("a block has lanes");
            let sees = |m: usize| {
                let at = offsets[block] + m * LANES + widest - lanes.start;
                let kind = kind(widest);
                (0..2).any(|parity| {
                    let here = if parity == 0 { 1.0 } else { cosine[widest] } * seed[at];
                    is_seen(
                        chains.chain(m, parity),
                        (kind, variable[widest]),
                        here,
                        scale[at],
                    )
                })
            };
            // Once an order is not seen, no higher one is.
            let (mut seen, mut unseen) = (0, limits.orders);
            while seen + 1 < unseen {
                let m = usize::midpoint(seen, unseen);
                if sees(m) { seen = m } else { unseen = m }
            }
            let count = unseen;
            orders.push(count);
            seed.truncate(offsets[block] + count * LANES);
            scale.truncate(seed.len());
        }
        let shared = (method == Method::SharedChains)
            .then(|| {
                SharedChains::new(&Rings {
                    chains: &chains,
                    polar_blocks,
                    cosine,
                    variable: &variable,
                    orders: &orders,
                    seed: &seed,
                    scale: &scale,
                    places: &offsets,
                })
            })
            .flatten();
        let plain = plain_orders(&orders, |block, order| {
            let at = offsets[block] + order * LANES;
            scale[at..at + LANES].iter().any(|scale| *scale > 0.0)
        });
        if let Some(shared) = &shared {
            // Blocks with shared chains start from other values.
            let gone = offsets.get(shared.blocks).copied().unwrap_or(seed.len());
            seed.drain(..gone);
            scale.drain(..gone);
            for offset in &mut offsets {
                *offset = offset.saturating_sub(gone);
            }
        }
        LegendreTables {
            limits,
            method,
            shared,
            polar_blocks,
            cosine: cosine.to_vec().into(),
            variable: variable.into(),
            orders,
            plain,
            seed: seed.into(),
            scale: scale.into(),
            offsets,
            chains,
            values: OnceLock::new(),
        }
    }

    /// Calls `visit(j, value)` with $`\bar P_{\ell m}`$, $`\ell = m + parity + 2j`$, at one ring; negligible values are left out.
    fn visit(&self, order: usize, parity: usize, ring: usize, mut visit: impl FnMut(usize, f64)) {
        let block = ring / LANES;
        if order >= self.orders[block] {
            return;
        }
        let Start { seed, scale, .. } = self.start(block, order, parity);
        let kind = usize::from(block >= self.polar_blocks);
        let mut here = seed[ring % LANES];
        if parity == 1 {
            here *= self.cosine[ring];
        }
        let steps = self.chain(order, parity);
        walk(
            steps,
            (kind, self.variable[ring]),
            here,
            scale[ring % LANES],
            |j, value| {
                visit(j, value);
                false
            },
        );
    }
}

impl Chains for LegendreTables {
    fn band_limit(&self) -> usize {
        self.limits.degrees
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

    /// Degrees `m + which`, `m + which + 2`, … below the band limit.
    #[inline(always)]
    fn chain(&self, order: usize, which: usize) -> &[Step] {
        self.chains.chain(order, which)
    }

    #[inline(always)]
    fn start(&self, block: usize, order: usize, which: usize) -> Start<'_> {
        debug_assert!(
            block >= self.shared_blocks(),
            "blocks with shared chains have no others"
        );
        let at = self.offsets[block] + order * LANES;
        Start {
            seed: &self.seed[at..at + LANES],
            scale: &self.scale[at..at + LANES],
            factor: (which == 1).then(|| &self.cosine[block * LANES..(block + 1) * LANES]),
        }
    }

    fn tabulated(&self) -> Option<&LegendreValues> {
        if self.method == Method::Table {
            self.values()
        } else {
            None
        }
    }

    fn values(&self) -> Option<&LegendreValues> {
        Some(self.values.get_or_init(|| {
            let (pairs, both) = (self.blocks() * LANES, self.method == Method::Table);
            LegendreValues::new(self.limits, pairs, both, |m, parity, pair, out| {
                self.visit(m, parity, pair, out);
            })
        }))
    }

    #[inline(always)]
    fn shared(&self) -> Option<Shared<'_>> {
        self.shared.as_ref().map(|chains| Shared {
            chains,
            recursion: &self.chains,
            polar_blocks: self.polar_blocks,
            variable: &self.variable,
            cosine: &self.cosine,
        })
    }

    fn longest(&self) -> usize {
        self.limits.degrees.div_ceil(2)
    }

    #[inline(always)]
    fn fill_chain<const C: usize>(
        &self,
        order: usize,
        which: usize,
        coeffs: &[[f64; C]],
        chain: &mut [[f64; C]],
    ) {
        let every_second = coeffs.iter().skip(which).step_by(2);
        let steps = self.chain(order, which);
        for ((out, coeff), step) in chain.iter_mut().zip(every_second).zip(steps) {
            for c in 0..C {
                out[c] = step.factor * coeff[c];
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
        let every_second = coeffs.iter_mut().skip(which).step_by(2);
        let steps = self.chain(order, which);
        for ((out, total), step) in every_second.zip(chain).zip(steps) {
            for c in 0..C {
                out[c] = step.factor * total[c];
            }
        }
    }
}

/// Whether some degree of a chain is not negligible at a ring.
fn is_seen(steps: &[Step], at: (usize, f64), start: f64, scale: f64) -> bool {
    walk(steps, at, start, scale, |_, value| {
        value.abs() >= NEGLIGIBLE
    })
}

/// Runs a chain at one ring, of a kind and with a value of y, until `visit` says so; says whether it did.
fn walk(
    steps: &[Step],
    (kind, y): (usize, f64),
    start: f64,
    mut scale: f64,
    mut visit: impl FnMut(usize, f64) -> bool,
) -> bool {
    let (mut here, mut before) = (start, 0.0);
    for (j, step) in steps.iter().enumerate() {
        if scale == 0.0 && visit(j, step.factor * here) {
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
