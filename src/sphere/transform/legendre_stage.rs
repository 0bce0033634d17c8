//! The Legendre stage of the transform: sums over degrees (synthesis) and over rings (analysis), vectorised over rings.
//!
//! Coefficients are m-major, `[m][l][component]`, l from m; the data of the rings lie in [cells](super::cells). For each order and each of its
//! two chains $`v_j`$ ([`Chains`]) the stage computes
//!
//! ```math
//! F_c(r) = \sum_j a_{jc} \, v_j(r) \quad \text{(synthesis)} , \qquad a_{jc} = \sum_r F_c(r) \, v_j(r) \quad \text{(analysis)} ,
//! ```
//! with rings r in the lanes and C components c (real and imaginary parts of one or two functions). V vectors of rings walk along the chain
//! together: V recursions hide each other's latency, and each coefficient is loaded once for all of them. The factors of the
//! steps are applied to the coefficients beforehand, or to the sums afterwards, in `fill_chain` and `take_chain`: once per
//! coefficient, not per ring.

use super::cells::CellLayout;
use super::chains::Chains;
use super::ring_pairs::LANES;
use super::shared_stage::{STATE, SharedRings, divide, share};
use crate::numeric::legendre::{MANTISSA_LIMIT, SCALE_UNIT_INVERSE};
use crate::numeric::legendre_chains::Step;
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Steps between two checks of the scales: values grow by less than $`2^{80}`$ in between.
const CADENCE: usize = 4;

/// Returns the numbers of working memory for a number of components.
pub(super) fn workspace_len<K: Chains>(tables: &K, components: usize) -> usize {
    // Sums of one chain in whole vectors, then its totals in single numbers. With shared chains, before both: the recursions between
    // segments and the sums of the shared chain.
    let shared = match tables.shared() {
        Some(shared) => 2 * components * tables.longest() + STATE * shared.chains.blocks,
        None => 0,
    };
    components * (LANES + 1).max(4) * tables.longest() + shared * LANES
}

/// Synthesis: the cells of one group of orders from its coefficients. `C` components per chain; `D` = 2 `C` for shared chains.
pub(super) struct Synthesis<'a, K, const C: usize, const D: usize> {
    pub tables: &'a K,
    pub orders: Range<usize>,
    /// The coefficients of these orders.
    pub packed: &'a [f64],
    /// Of [`workspace_len`].
    pub workspace: &'a mut [f64],
    pub layout: CellLayout,
    /// The cells of the group, by orders; the cells of orders that a block sees are overwritten.
    pub cells: &'a mut [f64],
}

/// Analysis: the coefficients of one group of orders from the cells. `C` components per chain; `D` = 2 `C` for shared chains.
pub(super) struct Analysis<'a, K, const C: usize, const D: usize> {
    pub tables: &'a K,
    pub orders: Range<usize>,
    pub layout: CellLayout,
    /// The cells of all orders, zero in the padding.
    pub cells: &'a [f64],
    /// Of [`workspace_len`].
    pub workspace: &'a mut [f64],
    /// The coefficients of these orders, overwritten.
    pub packed: &'a mut [f64],
}

impl<K: Chains, const C: usize, const D: usize> WithSimd for Synthesis<'_, K, C, D> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let limit = self.tables.band_limit();
        let mut packed = self.packed;
        for (row, m) in self.orders.enumerate() {
            let (coeffs, rest) = packed.split_at(C * (limit - m));
            packed = rest;
            let coeffs = coeffs.as_chunks::<C>().0;
            let [even, odd] = [0, 1].map(|which| self.tables.chain(m, which));
            let (chains, rest) = self.workspace.split_at_mut(C * (even.len() + odd.len()));
            let (first, second) = chains.as_chunks_mut::<C>().0.split_at_mut(even.len());
            for (which, (steps, chain)) in [(even, &mut *first), (odd, &mut *second)]
                .into_iter()
                .enumerate()
            {
                self.tables.fill_chain(m, which, coeffs, chain);
                let mut cursor = Cursor::<S, K, C>::new(simd, self.tables, m, which);
                cursor.cell = self.layout.position(row, 0) + which * C * LANES;
                cursor.block_stride = self.layout.block_stride;
                for part in cursor.parts() {
                    cursor.enter(part);
                    while cursor.first < cursor.end {
                        // V (C + 4) registers: 24 of 32 for four vectors of eight lanes, 12 of 16 for two vectors of four.
                        if S::F64_LANES == LANES && C == 2 && cursor.remaining() >= 4 {
                            cursor.synthesise::<4>(steps, chain, self.cells);
                        } else if cursor.remaining() >= 2 {
                            cursor.synthesise::<2>(steps, chain, self.cells);
                        } else {
                            cursor.synthesise::<1>(steps, chain, self.cells);
                        }
                    }
                }
            }
            let cell = (self.layout.position(row, 0), self.layout.block_stride);
            if let Some(rings) = shared_rings(simd, self.tables, m, cell) {
                let steps = rings.shared.recursion.shared(m);
                let chain = rest[..D * steps.len()].as_chunks_mut::<D>().0;
                let mixing = rings.shared.chains.mixing(m, steps.len());
                share([&*first, &*second], mixing, chain);
                rings.synthesise(steps, chain, self.cells);
            }
        }
    }
}

/// The blocks with shared chains that see an order.
#[inline(always)]
fn shared_rings<S: Simd, K: Chains>(
    simd: S,
    tables: &K,
    order: usize,
    cell: (usize, usize),
) -> Option<SharedRings<'_, S>> {
    let shared = tables.shared()?;
    let seen = tables.orders().partition_point(|seen| *seen <= order);
    (seen < shared.chains.blocks).then_some(SharedRings {
        simd,
        shared,
        order,
        blocks: seen..shared.chains.blocks,
        cell,
    })
}

impl<K: Chains, const C: usize, const D: usize> WithSimd for Analysis<'_, K, C, D> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let limit = self.tables.band_limit();
        let mut packed = self.packed;
        for m in self.orders {
            let (coeffs, rest) = packed.split_at_mut(C * (limit - m));
            packed = rest;
            let coeffs = coeffs.as_chunks_mut::<C>().0;
            let cell = (self.layout.position(m, 0), self.layout.block_stride);
            let mut workspace = &mut self.workspace[..];
            let mut common = None;
            if let Some(rings) = shared_rings(simd, self.tables, m, cell) {
                let state = workspace.split_off_mut(..STATE * LANES * rings.shared.chains.blocks);
                let state = S::as_mut_simd_f64s(state.expect("room")).0;
                let steps = rings.shared.recursion.shared(m);
                let sums = workspace.split_off_mut(..D * S::F64_LANES * steps.len());
                let sums = S::as_mut_simd_f64s(sums.expect("room")).0;
                let sums = sums.as_chunks_mut::<D>().0;
                rings.analyse(steps, self.cells, sums, state.as_chunks_mut::<STATE>().0);
                common = Some((&*sums, rings.shared.chains.mixing(m, steps.len())));
            }
            for which in 0..2 {
                let steps = self.tables.chain(m, which);
                let (sums, rest) = workspace.split_at_mut(C * S::F64_LANES * steps.len());
                let sums = S::as_mut_simd_f64s(sums).0.as_chunks_mut::<C>().0;
                let mut cursor = Cursor::<S, K, C>::new(simd, self.tables, m, which);
                cursor.cell = cell.0 + which * C * LANES;
                cursor.block_stride = cell.1;
                // The first vectors set the sums, later ones add: no pass over memory to clear them.
                let mut fresh = true;
                for part in cursor.parts() {
                    cursor.enter(part);
                    while cursor.first < cursor.end {
                        if fresh {
                            cursor.analyse_some::<true>(steps, self.cells, sums);
                        } else {
                            cursor.analyse_some::<false>(steps, self.cells, sums);
                        }
                        fresh = false;
                    }
                }
                if fresh {
                    sums.fill([simd.splat_f64s(0.0); C]);
                }
                if let Some((common, mixing)) = common {
                    divide(simd, which, common, mixing, sums);
                }
                // Lanes are different rings: they are added only here, once per step.
                let totals = rest[..C * steps.len()].as_chunks_mut::<C>().0;
                for (total, sum) in totals.iter_mut().zip(&*sums) {
                    for c in 0..C {
                        total[c] = simd.reduce_sum_f64s(sum[c]);
                    }
                }
                self.tables.take_chain(m, which, totals, coeffs);
            }
        }
    }
}

/// Walks over the rings that see one order, for one of its two chains; rings are counted in vectors.
struct Cursor<'a, S: Simd, K, const C: usize> {
    simd: S,
    tables: &'a K,
    order: usize,
    which: usize,
    kind: usize,
    first: usize,
    end: usize,
    /// Position of this order and chain in the first block.
    cell: usize,
    block_stride: usize,
}

/// The recursion on `V` vectors of rings.
struct Recursion<S: Simd, const V: usize> {
    simd: S,
    kind: usize,
    variable: [S::f64s; V],
    here: [S::f64s; V],
    before: [S::f64s; V],
    scale: [S::f64s; V],
}

/// The use of the values at each step of a chain: synthesis or analysis.
trait Visit<S: Simd, const V: usize> {
    fn visit(&mut self, step: usize, values: [S::f64s; V]);
    /// Is called instead of `visit` for steps at which all values are negligible.
    fn skip(&mut self, _steps: Range<usize>) {}
}

impl<S: Simd, const V: usize> Recursion<S, V> {
    /// Computes v ← (slope · y + constant) v − v_before, two fused multiplications per vector.
    #[inline(always)]
    fn advance(&mut self, step: &Step) {
        let simd = self.simd;
        let constant = simd.splat_f64s(step.constant[self.kind]);
        let slope = simd.splat_f64s(step.slope);
        for v in 0..V {
            let factor = simd.mul_add_f64s(slope, self.variable[v], constant);
            // The negation is folded into the multiplication.
            let minus_before = simd.neg_f64s(self.before[v]);
            self.before[v] = self.here[v];
            self.here[v] = simd.mul_add_f64s(factor, self.here[v], minus_before);
        }
    }

    /// Runs the whole chain. Negligible values are skipped, or passed on as zero; `plain` promises that there are none.
    #[inline(always)]
    fn run(&mut self, steps: &[Step], plain: bool, visitor: &mut impl Visit<S, V>) {
        let done = if plain {
            0
        } else {
            self.run_scaled(steps, visitor)
        };
        for (j, step) in steps.iter().enumerate().skip(done) {
            visitor.visit(j, self.here);
            self.advance(step);
        }
    }

    /// Runs while some value is negligible (scale above 0); returns the step at which it stopped.
    ///
    /// Scales are checked every [`CADENCE`] steps. In between all lanes take the same steps: if every lane is negligible, steps
    /// are skipped; if some are, their values are multiplied by a mask of zeros and ones.
    #[inline(always)]
    fn run_scaled(&mut self, steps: &[Step], visitor: &mut impl Visit<S, V>) -> usize {
        let simd = self.simd;
        let zero = simd.splat_f64s(0.0);
        let one = simd.splat_f64s(1.0);
        let mut done = 0;
        while done < steps.len() {
            let (mut smallest, mut largest) = (self.scale[0], self.scale[0]);
            for v in 1..V {
                smallest = simd.min_f64s(smallest, self.scale[v]);
                largest = simd.max_f64s(largest, self.scale[v]);
            }
            if simd.reduce_max_f64s(largest) == 0.0 {
                break;
            }
            let end = steps.len().min(done + CADENCE);
            if simd.reduce_min_f64s(smallest) == 0.0 {
                let mut seen = [zero; V];
                for (seen, scale) in seen.iter_mut().zip(self.scale) {
                    let hidden = simd.greater_than_f64s(scale, zero);
                    *seen = simd.select_f64s(hidden, zero, one);
                }
                for (j, step) in steps.iter().enumerate().take(end).skip(done) {
                    let mut values = self.here;
                    for (value, seen) in values.iter_mut().zip(seen) {
                        *value = simd.mul_f64s(*value, seen);
                    }
                    visitor.visit(j, values);
                    self.advance(step);
                }
            } else {
                visitor.skip(done..end);
                for step in &steps[done..end] {
                    self.advance(step);
                }
            }
            self.rescale();
            done = end;
        }
        done
    }

    /// Takes one unit of scale from the lanes whose mantissas have grown: mantissa times $`2^{-512}`$, scale less one.
    #[inline(always)]
    fn rescale(&mut self) {
        let simd = self.simd;
        let zero = simd.splat_f64s(0.0);
        let one = simd.splat_f64s(1.0);
        let shrink = simd.splat_f64s(SCALE_UNIT_INVERSE);
        let limit = simd.splat_f64s(MANTISSA_LIMIT);
        for v in 0..V {
            let size = simd.abs_f64s(self.here[v]);
            let hidden = simd.greater_than_f64s(self.scale[v], zero);
            let size = simd.select_f64s(hidden, size, zero);
            let large = simd.greater_than_or_equal_f64s(size, limit);
            let factor = simd.select_f64s(large, shrink, one);
            self.here[v] = simd.mul_f64s(self.here[v], factor);
            self.before[v] = simd.mul_f64s(self.before[v], factor);
            let drop = simd.select_f64s(large, one, zero);
            self.scale[v] = simd.sub_f64s(self.scale[v], drop);
        }
    }
}

/// Synthesis: sums[c][v] += chain[step][c] · value[v], all sums in registers.
struct Expand<'a, S: Simd, const C: usize, const V: usize> {
    simd: S,
    chain: &'a [[f64; C]],
    sums: [[S::f64s; V]; C],
}

impl<S: Simd, const C: usize, const V: usize> Visit<S, V> for Expand<'_, S, C, V> {
    #[inline(always)]
    fn visit(&mut self, step: usize, values: [S::f64s; V]) {
        let simd = self.simd;
        for (sums, coeff) in self.sums.iter_mut().zip(&self.chain[step]) {
            let coeff = simd.splat_f64s(*coeff);
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = simd.mul_add_f64s(coeff, value, *sum);
            }
        }
    }
}

/// Analysis: sums[step][c] += Σ_v data[c][v] · value[v], with the data of `V` vectors of rings in registers; with `FIRST` the sums are set
/// instead. Lanes stay apart, so a step needs no horizontal addition.
struct Project<'a, S: Simd, const C: usize, const V: usize, const FIRST: bool> {
    simd: S,
    data: [[S::f64s; V]; C],
    sums: &'a mut [[S::f64s; C]],
}

impl<S: Simd, const C: usize, const V: usize, const FIRST: bool> Visit<S, V>
    for Project<'_, S, C, V, FIRST>
{
    #[inline(always)]
    fn skip(&mut self, steps: Range<usize>) {
        if FIRST {
            self.sums[steps].fill([self.simd.splat_f64s(0.0); C]);
        }
    }

    #[inline(always)]
    fn visit(&mut self, step: usize, values: [S::f64s; V]) {
        let simd = self.simd;
        let zero = simd.splat_f64s(0.0);
        for (out, data) in self.sums[step].iter_mut().zip(&self.data) {
            let mut sum = if FIRST { zero } else { *out };
            for (data, value) in data.iter().zip(values) {
                sum = simd.mul_add_f64s(*data, value, sum);
            }
            *out = sum;
        }
    }
}

impl<'a, S: Simd, K: Chains, const C: usize> Cursor<'a, S, K, C> {
    #[inline(always)]
    fn new(simd: S, tables: &'a K, order: usize, which: usize) -> Self {
        debug_assert!(LANES.is_multiple_of(S::F64_LANES));
        Cursor {
            simd,
            tables,
            order,
            which,
            kind: 0,
            first: 0,
            end: 0,
            cell: 0,
            block_stride: 0,
        }
    }

    /// The blocks that see the order and have no shared chains, polar and equatorial ones.
    #[inline(always)]
    fn parts(&self) -> [(usize, usize, usize); 2] {
        let tables = self.tables;
        let first = tables.orders().partition_point(|seen| *seen <= self.order);
        let first = first.max(tables.shared_blocks());
        let split = tables.polar_blocks().max(first);
        [(first, split, 0), (split, tables.blocks(), 1)]
    }

    #[inline(always)]
    fn enter(&mut self, (first, end, kind): (usize, usize, usize)) {
        let vectors = LANES / S::F64_LANES;
        (self.first, self.end, self.kind) = (first * vectors, end * vectors, kind);
    }

    /// Whether no value is negligible at the next rings; the rings nearest to the pole decide.
    #[inline(always)]
    fn plain(&self) -> bool {
        let block = self.first / (LANES / S::F64_LANES);
        self.order < self.tables.plain_orders()[block]
    }

    #[inline(always)]
    fn remaining(&self) -> usize {
        self.end - self.first
    }

    /// One vector of an array over rings.
    #[inline(always)]
    fn ring_vector(values: &[f64], index: usize) -> S::f64s {
        S::as_simd_f64s(values).0[index]
    }

    #[inline(always)]
    fn start<const V: usize>(&self) -> Recursion<S, V> {
        let simd = self.simd;
        let vectors = LANES / S::F64_LANES;
        let zero = simd.splat_f64s(0.0);
        let mut recursion = Recursion {
            simd,
            kind: self.kind,
            variable: [zero; V],
            here: [zero; V],
            before: [zero; V],
            scale: [zero; V],
        };
        for v in 0..V {
            let index = self.first + v;
            let start = self.tables.start(index / vectors, self.order, self.which);
            let seed = Self::ring_vector(start.seed, index % vectors);
            recursion.variable[v] = Self::ring_vector(self.tables.variable(), index);
            recursion.scale[v] = Self::ring_vector(start.scale, index % vectors);
            recursion.here[v] = match start.factor {
                Some(factor) => simd.mul_f64s(seed, Self::ring_vector(factor, index % vectors)),
                None => seed,
            };
        }
        recursion
    }

    /// The position of vector `first + v` among the cells, component 0.
    #[inline(always)]
    fn position(&self, v: usize) -> usize {
        let vectors = LANES / S::F64_LANES;
        let (block, part) = ((self.first + v) / vectors, (self.first + v) % vectors);
        block * self.block_stride + self.cell + part * S::F64_LANES
    }

    /// Sums the chain at the next `V` vectors of rings.
    #[inline(always)]
    fn synthesise<const V: usize>(
        &mut self,
        steps: &[Step],
        chain: &[[f64; C]],
        cells: &mut [f64],
    ) {
        let simd = self.simd;
        let mut expand = Expand {
            simd,
            chain,
            sums: [[simd.splat_f64s(0.0); V]; C],
        };
        self.start::<V>().run(steps, self.plain(), &mut expand);
        for v in 0..V {
            let at = self.position(v);
            for (c, sums) in expand.sums.iter().enumerate() {
                let row = &mut cells[at + c * LANES..at + c * LANES + S::F64_LANES];
                S::as_mut_simd_f64s(row).0[0] = sums[v];
            }
        }
        self.first += V;
    }

    /// Adds the contribution of as many vectors of rings as fit the registers.
    #[inline(always)]
    fn analyse_some<const FIRST: bool>(
        &mut self,
        steps: &[Step],
        cells: &[f64],
        sums: &mut [[S::f64s; C]],
    ) {
        if S::F64_LANES == LANES && C == 2 && self.remaining() >= 4 {
            self.analyse::<4, FIRST>(steps, cells, sums);
        } else if self.remaining() >= 2 {
            self.analyse::<2, FIRST>(steps, cells, sums);
        } else {
            self.analyse::<1, FIRST>(steps, cells, sums);
        }
    }

    /// Adds the contribution of the next `V` vectors of rings to the sums of the chain, or sets the sums.
    #[inline(always)]
    fn analyse<const V: usize, const FIRST: bool>(
        &mut self,
        steps: &[Step],
        cells: &[f64],
        sums: &mut [[S::f64s; C]],
    ) {
        let simd = self.simd;
        let mut data = [[simd.splat_f64s(0.0); V]; C];
        for v in 0..V {
            let at = self.position(v);
            for (c, data) in data.iter_mut().enumerate() {
                let row = &cells[at + c * LANES..at + c * LANES + S::F64_LANES];
                data[v] = S::as_simd_f64s(row).0[0];
            }
        }
        let mut project = Project::<S, C, V, FIRST> { simd, data, sums };
        self.start::<V>().run(steps, self.plain(), &mut project);
        self.first += V;
    }
}
