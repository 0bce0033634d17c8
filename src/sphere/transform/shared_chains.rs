//! One recursion for both parities of $`\ell - m`$, from the degree on where a ring sees the order.
//!
//! With $`O_k = \bar P_{m+2k+1} / x`$ and $`x \bar P_\ell = \epsilon_{\ell+1} \bar P_{\ell+1} + \epsilon_\ell \bar P_{\ell-1}`$,
//!
//! ```math
//! \bar P_{m+2k+1} = x \, O_k , \qquad \bar P_{m+2k} = \epsilon_{m+2k+1} O_k + \epsilon_{m+2k} O_{k-1} ,
//! ```
//! so sums over either parity become sums over the $`O_k`$, by a combination of neighbouring coefficients (IS18): one recursion serves
//! both parities. At each block of rings the recursion starts from stored values, at the step where the first of its
//! functions stops being negligible.

use super::ring_pairs::LANES;
use crate::numeric::legendre::{MANTISSA_LIMIT, SCALE_UNIT_INVERSE};
use crate::numeric::legendre_chains::{LegendreChains, Step};
use crate::simd::aligned::Aligned;
use pulp::{Arch, Simd, WithSimd};

/// Rings with a smaller cosine x have two chains. The terms of an even function are 1/x times as large as the function, and their
/// rounding errors grow by this factor.
const LEAST_COSINE: f64 = 1.0 / 12.0;

/// The shared chains of the blocks near the poles.
#[derive(Debug, Clone)]
pub(in crate::sphere) struct SharedChains {
    /// The blocks before this index have them.
    pub blocks: usize,
    /// The first block that sees each order, and the number of entries before the order.
    places: Vec<[usize; 2]>,
    /// The step at which each block starts, order after order; no earlier than the step of the next block.
    first: Vec<u32>,
    /// The values at the start step and the step before, `[m][block][2][lane]`, in the order in which the stage reads them.
    state: Aligned,
    /// $`\alpha_k, \beta_k`$, order after order: the even chain is $`\alpha_k o_k + \beta_{k-1} o_{k-1}`$.
    mixing: Vec<[f64; 2]>,
    mixing_starts: Vec<usize>,
}

/// Shared chains with their steps, and their rings.
#[derive(Clone, Copy)]
pub(in crate::sphere) struct Shared<'a> {
    pub chains: &'a SharedChains,
    pub recursion: &'a LegendreChains,
    /// The blocks before this index use the polar variable.
    pub polar_blocks: usize,
    pub variable: &'a [f64],
    pub cosine: &'a [f64],
}

/// The rings, and the start values of their chains.
pub(super) struct Rings<'a> {
    pub chains: &'a LegendreChains,
    /// The blocks before this index use the polar variable.
    pub polar_blocks: usize,
    pub cosine: &'a [f64],
    pub variable: &'a [f64],
    /// Orders below this are seen by each block.
    pub orders: &'a [usize],
    /// Mantissas and scales of the first functions, `[block][m][lane]`, each block from its place on.
    pub seed: &'a [f64],
    pub scale: &'a [f64],
    pub places: &'a [usize],
}

impl SharedChains {
    /// Finds where the chains start. None if the rings of a block are so far apart that some function vanishes in one of them where
    /// it matters in another, and matters in both later on.
    pub(super) fn new(rings: &Rings) -> Option<Self> {
        let near = |block: &&[f64]| block.iter().all(|x| *x >= LEAST_COSINE);
        let blocks = rings.cosine.chunks_exact(LANES).take_while(near).count();
        let limit = rings.chains.band_limit();
        let (mut mixing, mut mixing_starts) = (Vec::new(), Vec::with_capacity(limit));
        let (mut places, mut entries) = (Vec::with_capacity(limit), 0);
        for m in 0..limit {
            let seen = rings.orders[..blocks].partition_point(|seen| *seen <= m);
            places.push([seen, entries]);
            entries += blocks - seen;
            mixing_starts.push(mixing.len());
            mixing.extend(rings.chains.mixing(m));
        }
        let mut shared = SharedChains {
            blocks,
            places,
            first: vec![0; entries],
            state: Aligned::zeros(entries * 2 * LANES),
            mixing,
            mixing_starts,
        };
        let mut least = vec![0; limit];
        // From the equator to the pole: a block nearer to the pole never starts before its neighbour (see `least`), so that in a
        // group of vectors the last ones start first.
        for block in (0..blocks).rev() {
            let find = Find {
                rings,
                block,
                shared: &mut shared,
                least: &mut least,
            };
            if !Arch::new().dispatch(find) {
                return None;
            }
        }
        Some(shared)
    }

    /// See [`SharedChains::mixing`].
    #[inline(always)]
    pub(super) fn mixing(&self, order: usize, steps: usize) -> &[[f64; 2]] {
        let start = self.mixing_starts[order];
        &self.mixing[start..start + steps]
    }

    /// The first step of an order at a block, and the values there and before.
    #[inline(always)]
    pub(super) fn start(&self, block: usize, order: usize) -> (usize, [&[f64]; 2]) {
        let index = self.index(block, order);
        let state = &self.state[2 * LANES * index..2 * LANES * (index + 1)];
        let (here, before) = state.split_at(LANES);
        (self.first[index] as usize, [here, before])
    }

    #[inline(always)]
    fn index(&self, block: usize, order: usize) -> usize {
        let [seen, before] = self.places[order];
        before + block - seen
    }
}

/// The starts of all orders at one block; says whether there are such.
struct Find<'a, 'b> {
    rings: &'a Rings<'b>,
    block: usize,
    shared: &'a mut SharedChains,
    /// The first steps of the next block.
    least: &'a mut [usize],
}

impl WithSimd for Find<'_, '_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        let Find {
            rings,
            block,
            shared,
            least,
        } = self;
        let kind = usize::from(block >= rings.polar_blocks);
        let y: [f64; LANES] = lanes(rings.variable, block * LANES);
        for (m, least) in least.iter_mut().enumerate().take(rings.orders[block]) {
            let at = rings.places[block] + m * LANES;
            let mut state = State {
                here: lanes(rings.seed, at),
                before: [0.0; LANES],
                scale: lanes(rings.scale, at),
            };
            let steps = rings.chains.shared(m);
            let mut first = 0;
            // All eight rings of a block start together, at the first step at which one of them has scale 0.
            while first < steps.len()
                && (first < *least || state.scale.iter().all(|scale| *scale > 0.0))
            {
                state.advance(&steps[first], kind, &y);
                first += 1;
            }
            *least = first;
            // Stored values have no scales: one unit below is small but representable, more units are zero.
            let mut later = state;
            for lane in 0..LANES {
                let unit = match state.scale[lane] {
                    0.0 => 1.0,
                    1.0 => SCALE_UNIT_INVERSE,
                    _ => 0.0,
                };
                state.here[lane] *= unit;
                state.before[lane] *= unit;
            }
            // A ring stored as zero must stay negligible to the end of the chain; otherwise the tables cannot be used.
            if later.scale.iter().any(|scale| *scale > 1.0) {
                let gone = later.scale.map(|scale| scale > 1.0);
                for step in &steps[first..] {
                    later.advance(step, kind, &y);
                }
                if (0..LANES).any(|lane| gone[lane] && later.scale[lane] == 0.0) {
                    return false;
                }
            }
            let index = shared.index(block, m);
            shared.first[index] = first as u32;
            let place = &mut shared.state[2 * LANES * index..2 * LANES * (index + 1)];
            place[..LANES].copy_from_slice(&state.here);
            place[LANES..].copy_from_slice(&state.before);
        }
        true
    }
}

/// The recursion at the rings of a block.
#[derive(Clone, Copy)]
struct State {
    here: [f64; LANES],
    before: [f64; LANES],
    scale: [f64; LANES],
}

impl State {
    /// Computes v ← (slope · y + constant) v − v_before in each lane.
    ///
    /// A mantissa that exceeds its limit gives one unit to the scale. The choice is a select per lane, so that the compiler can
    /// vectorise the loop over the eight rings.
    #[inline(always)]
    fn advance(&mut self, step: &Step, kind: usize, y: &[f64; LANES]) {
        for (lane, y) in y.iter().enumerate() {
            let factor = step.slope * y + step.constant[kind];
            let next = factor * self.here[lane] - self.before[lane];
            let large = self.scale[lane] > 0.0 && next.abs() >= MANTISSA_LIMIT;
            let unit = if large { SCALE_UNIT_INVERSE } else { 1.0 };
            self.before[lane] = self.here[lane] * unit;
            self.here[lane] = next * unit;
            self.scale[lane] -= if large { 1.0 } else { 0.0 };
        }
    }
}

#[inline(always)]
fn lanes(values: &[f64], at: usize) -> [f64; LANES] {
    *values[at..].first_chunk().expect("a block has eight lanes")
}
