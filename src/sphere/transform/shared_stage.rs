//! The Legendre stage at the blocks with [shared chains](super::shared_chains): both parities at once.

use super::ring_pairs::LANES;
use super::shared_chains::Shared;
use crate::numeric::legendre_chains::Step;

use pulp::Simd;
use std::ops::Range;

/// Steps times components per segment of an analysis: their partial sums, one vector each, stay in the first-level cache while all
/// rings add to them.
const SEGMENT: usize = 256;

/// Vectors that a recursion keeps between two segments: its value and the one before.
pub(super) const STATE: usize = 2;

/// The blocks of one order that share its chain.
pub(super) struct SharedRings<'a, S> {
    pub simd: S,
    pub shared: Shared<'a>,
    pub order: usize,
    /// The blocks, all of which see the order.
    pub blocks: Range<usize>,
    /// The position of the order in block 0, and the distance to the next block.
    pub cell: (usize, usize),
}

/// Computes the coefficients of the shared chain, `[step][even, odd]`, from the coefficients of both chains.
///
/// From $`\bar P_{m+2k} = \alpha_k O_k + \beta_{k-1} O_{k-1}`$ follows
/// $`\sum_k e_k \bar P_{m+2k} = \sum_k (\alpha_k e_k + \beta_k e_{k+1}) O_k`$; the odd coefficients are copied, and the factor x of the odd
/// functions is applied to the finished sums.
#[inline(always)]
pub(super) fn share<const C: usize, const D: usize>(
    [even, odd]: [&[[f64; C]]; 2],
    mixing: &[[f64; 2]],
    chain: &mut [[f64; D]],
) {
    for (k, (out, [alpha, beta])) in chain.iter_mut().zip(mixing).enumerate() {
        let (out_even, out_odd) = out.split_at_mut(C);
        let next = even.get(k + 1).unwrap_or(&[0.0; C]);
        for ((out, here), next) in out_even.iter_mut().zip(&even[k]).zip(next) {
            *out = alpha * here + beta * next;
        }
        out_odd.copy_from_slice(odd.get(k).unwrap_or(&[0.0; C]));
    }
}

/// Adds the sums of the shared chain to the sums of one of both chains: $`\alpha_k C_k + \beta_{k-1} C_{k-1}`$ to the even sum k, and
/// $`C_k`$ to the odd one; the transpose of [`share`].
#[inline(always)]
pub(super) fn divide<S: Simd, const C: usize, const D: usize>(
    simd: S,
    which: usize,
    common: &[[S::f64s; D]],
    mixing: &[[f64; 2]],
    sums: &mut [[S::f64s; C]],
) {
    if which == 1 {
        for (sums, common) in sums.iter_mut().zip(common) {
            for (sum, value) in sums.iter_mut().zip(&common[C..]) {
                *sum = simd.add_f64s(*sum, *value);
            }
        }
        return;
    }
    let (mut before, mut beta) = ([simd.splat_f64s(0.0); D], 0.0);
    for ((sums, common), mixing) in sums.iter_mut().zip(common).zip(mixing) {
        let (a, b) = (simd.splat_f64s(mixing[0]), simd.splat_f64s(beta));
        for (c, sum) in sums.iter_mut().enumerate() {
            *sum = simd.mul_add_f64s(a, common[c], simd.mul_add_f64s(b, before[c], *sum));
        }
        (before, beta) = (*common, mixing[1]);
    }
}

/// The recursion on `V` vectors of rings.
///
/// Vectors are ordered from the pole to the equator, so the last ones start first: the chain is run in stretches, with the last vector
/// alone, the last two, and all. The number of active vectors is a constant within each stretch, which keeps all
/// values in registers without tests in the loop.
struct Group<S: Simd, const V: usize> {
    simd: S,
    kind: usize,
    variable: [S::f64s; V],
    here: [S::f64s; V],
    before: [S::f64s; V],
    first: [usize; V],
}

/// The use of the values of the last `A` vectors at each step: synthesis or analysis.
trait Visit<S: Simd, const V: usize> {
    fn visit<const A: usize>(&mut self, step: usize, values: &[S::f64s; V]);
}

impl<S: Simd, const V: usize> Group<S, V> {
    /// Runs along some steps of the chain.
    #[inline(always)]
    fn run(&mut self, steps: &[Step], range: Range<usize>, visitor: &mut impl Visit<S, V>) {
        let mut at = self.first[V - 1].clamp(range.start, range.end);
        if V > 1 {
            at = self.go::<1>(steps, at, self.joined(1, at, range.end), visitor);
        }
        if V > 2 {
            at = self.go::<2>(steps, at, self.joined(2, at, range.end), visitor);
        }
        self.go::<V>(steps, at, range.end, visitor);
    }

    /// Where the next vector joins the last `active` ones.
    #[inline(always)]
    fn joined(&self, active: usize, at: usize, end: usize) -> usize {
        self.first[(V - 1).saturating_sub(active)].clamp(at, end)
    }

    /// Visits the steps from `begin` to `end` with the last `A` vectors, and advances them; returns `end`.
    ///
    /// The `A` recursions are independent of each other: together they hide the latency of the two dependent fused
    /// multiplications of a step. Slope and constant of a step are loaded once for all of them.
    #[inline(always)]
    fn go<const A: usize>(
        &mut self,
        steps: &[Step],
        begin: usize,
        end: usize,
        visitor: &mut impl Visit<S, V>,
    ) -> usize {
        let simd = self.simd;
        for (j, step) in steps[begin..end].iter().enumerate() {
            visitor.visit::<A>(begin + j, &self.here);
            let constant = simd.splat_f64s(step.constant[self.kind]);
            let slope = simd.splat_f64s(step.slope);
            for v in V - A..V {
                let factor = simd.mul_add_f64s(slope, self.variable[v], constant);
                let minus_before = simd.neg_f64s(self.before[v]);
                self.before[v] = self.here[v];
                self.here[v] = simd.mul_add_f64s(factor, self.here[v], minus_before);
            }
        }
        end
    }
}

/// Synthesis: sums[c][v] += chain[step][c] · value[v], for all components c, with all sums in registers.
struct Expand<'a, S: Simd, const D: usize, const V: usize> {
    simd: S,
    chain: &'a [[f64; D]],
    sums: [[S::f64s; V]; D],
}

impl<S: Simd, const D: usize, const V: usize> Visit<S, V> for Expand<'_, S, D, V> {
    #[inline(always)]
    fn visit<const A: usize>(&mut self, step: usize, values: &[S::f64s; V]) {
        for (sums, coeff) in self.sums.iter_mut().zip(&self.chain[step]) {
            let coeff = self.simd.splat_f64s(*coeff);
            for v in V - A..V {
                sums[v] = self.simd.mul_add_f64s(coeff, values[v], sums[v]);
            }
        }
    }
}

/// Analysis: sums[step][c] += Σ_v data[c][v] · value[v]. The lanes of a sum belong to different rings until the end of the stage,
/// which adds them once.
struct Project<'a, S: Simd, const D: usize, const V: usize> {
    simd: S,
    data: [[S::f64s; V]; D],
    sums: &'a mut [[S::f64s; D]],
}

impl<S: Simd, const D: usize, const V: usize> Visit<S, V> for Project<'_, S, D, V> {
    #[inline(always)]
    fn visit<const A: usize>(&mut self, step: usize, values: &[S::f64s; V]) {
        for (out, data) in self.sums[step].iter_mut().zip(&self.data) {
            let mut sum = *out;
            for v in V - A..V {
                sum = self.simd.mul_add_f64s(data[v], values[v], sum);
            }
            *out = sum;
        }
    }
}

/// Returns how many vectors of rings fill the registers, for `D` components.
///
/// A synthesis holds D V sums and 3 V vectors of the recursion; machines with eight lanes have 32 registers, the others 16.
#[inline(always)]
fn width<S: Simd, const D: usize>() -> usize {
    match (S::F64_LANES == LANES, D) {
        (true, ..=4) => 3,
        (false, 5..) => 1,
        _ => 2,
    }
}

impl<S: Simd> SharedRings<'_, S> {
    fn vectors() -> usize {
        LANES / S::F64_LANES
    }

    /// The next vectors of rings, counted from block 0; polar and equatorial ones are kept apart.
    #[inline(always)]
    fn next<const D: usize>(&self, first: usize) -> usize {
        let end = self.blocks.end * Self::vectors();
        let split = self.shared.polar_blocks * Self::vectors();
        let end = if first < split { end.min(split) } else { end };
        (end - first).min(width::<S, D>())
    }

    #[inline(always)]
    fn group<const V: usize>(&self, first: usize) -> Group<S, V> {
        let zero = self.simd.splat_f64s(0.0);
        let mut group = Group {
            simd: self.simd,
            kind: usize::from(first >= self.shared.polar_blocks * Self::vectors()),
            variable: [zero; V],
            here: [zero; V],
            before: [zero; V],
            first: [0; V],
        };
        for v in 0..V {
            let index = first + v;
            let part = index % Self::vectors();
            let (step, state) = self
                .shared
                .chains
                .start(index / Self::vectors(), self.order);
            let [here, before] = state.map(|lanes| S::as_simd_f64s(lanes).0[part]);
            (group.here[v], group.before[v], group.first[v]) = (here, before, step);
            group.variable[v] = S::as_simd_f64s(self.shared.variable).0[index];
        }
        group
    }

    #[inline(always)]
    fn cosine(&self, index: usize) -> S::f64s {
        S::as_simd_f64s(self.shared.cosine).0[index]
    }

    /// The position of a vector of rings among the cells, component 0.
    #[inline(always)]
    fn position(&self, index: usize) -> usize {
        let (block, part) = (index / Self::vectors(), index % Self::vectors());
        self.cell.0 + block * self.cell.1 + part * S::F64_LANES
    }

    /// Computes Σ_k chain[k] O_k at all rings and writes it to their cells, the odd half times the cosine x.
    ///
    /// The rings are the outer loop: sums stay in registers along the whole chain, and each cell is written once.
    #[inline(always)]
    pub(super) fn synthesise<const D: usize>(
        &self,
        steps: &[Step],
        chain: &[[f64; D]],
        cells: &mut [f64],
    ) {
        let mut first = self.blocks.start * Self::vectors();
        while first < self.blocks.end * Self::vectors() {
            first += match self.next::<D>(first) {
                3.. => self.expand::<D, 3>(first, steps, chain, cells),
                2 => self.expand::<D, 2>(first, steps, chain, cells),
                _ => self.expand::<D, 1>(first, steps, chain, cells),
            };
        }
    }

    #[inline(always)]
    fn expand<const D: usize, const V: usize>(
        &self,
        first: usize,
        steps: &[Step],
        chain: &[[f64; D]],
        cells: &mut [f64],
    ) -> usize {
        let simd = self.simd;
        let mut group = self.group::<V>(first);
        let mut expand = Expand {
            simd,
            chain,
            sums: [[simd.splat_f64s(0.0); V]; D],
        };
        group.run(steps, 0..steps.len(), &mut expand);
        for v in 0..V {
            let at = self.position(first + v);
            for (c, sums) in expand.sums.iter().enumerate() {
                let row = &mut cells[at + c * LANES..at + c * LANES + S::F64_LANES];
                S::as_mut_simd_f64s(row).0[0] = if c < D / 2 {
                    sums[v]
                } else {
                    simd.mul_f64s(sums[v], self.cosine(first + v))
                };
            }
        }
        V
    }

    /// Computes sums[k][c] = Σ_rings data[c] O_k, with data times the cosine x for the odd half of the components.
    ///
    /// Each ring adds to the sums of all steps. The steps are cut into segments so that these sums stay in the cache while all rings
    /// pass; `state` keeps the recursions between segments.
    #[inline(always)]
    pub(super) fn analyse<const D: usize>(
        &self,
        steps: &[Step],
        cells: &[f64],
        sums: &mut [[S::f64s; D]],
        state: &mut [[S::f64s; STATE]],
    ) {
        for begin in (0..steps.len()).step_by(SEGMENT / D) {
            let range = begin..steps.len().min(begin + SEGMENT / D);
            sums[range.clone()].fill([self.simd.splat_f64s(0.0); D]);
            let mut first = self.blocks.start * Self::vectors();
            while first < self.blocks.end * Self::vectors() {
                let range = range.clone();
                first += match self.next::<D>(first) {
                    3.. => self.project::<D, 3>(first, steps, range, cells, sums, state),
                    2 => self.project::<D, 2>(first, steps, range, cells, sums, state),
                    _ => self.project::<D, 1>(first, steps, range, cells, sums, state),
                };
            }
        }
    }

    #[inline(always)]
    fn project<const D: usize, const V: usize>(
        &self,
        first: usize,
        steps: &[Step],
        range: Range<usize>,
        cells: &[f64],
        sums: &mut [[S::f64s; D]],
        state: &mut [[S::f64s; STATE]],
    ) -> usize {
        let simd = self.simd;
        let mut group = self.group::<V>(first);
        let state = &mut state[first..first + V];
        if range.start > 0 {
            for (v, [here, before]) in state.iter().enumerate() {
                (group.here[v], group.before[v]) = (*here, *before);
            }
        }
        let mut data = [[simd.splat_f64s(0.0); V]; D];
        for v in 0..V {
            let at = self.position(first + v);
            for (c, data) in data.iter_mut().enumerate() {
                let row = &cells[at + c * LANES..at + c * LANES + S::F64_LANES];
                data[v] = S::as_simd_f64s(row).0[0];
                if c >= D / 2 {
                    data[v] = simd.mul_f64s(data[v], self.cosine(first + v));
                }
            }
        }
        let last = range.end == steps.len();
        let mut project = Project { simd, data, sums };
        group.run(steps, range, &mut project);
        if !last {
            for (v, state) in state.iter_mut().enumerate() {
                *state = [group.here[v], group.before[v]];
            }
        }
        V
    }
}
