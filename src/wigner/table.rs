//! Wigner functions of one class at all nodes: the recursion in the degree, vectorised over the nodes.
//!
//! Nodes come in pairs β and π − β, eight pairs a *block*. A table has one row per degree; its columns are the
//! northern nodes of some blocks, followed by their southern nodes.

use super::seeds::{HalfAngle, root_binomials};
use super::step::Step;
use crate::numeric::extended::{BIG, INVERSE_STEP, Scaled, product_of_registers};
use crate::simd::fft::LANES;
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Tables of the recursion at fixed pairs of nodes; O(L²) memory.
#[derive(Debug, Clone)]
pub(crate) struct WignerNodes {
    band_limit: usize,
    pairs: usize,
    /// $`\cos\beta - 1`$ at the northern nodes.
    offsets: Vec<f64>,
    /// $`\cos^p(\beta/2)`$ and $`\sin^p(\beta/2)`$ at the northern nodes, entry `p * pairs + j`.
    cosines: Powers,
    sines: Powers,
    /// $`\binom{2m}{m-n}^{1/2}`$ for m ≥ n ≥ 0, entry `m (m + 1) / 2 + n`.
    binomials: Vec<Scaled>,
    /// $`(k^2-m^2)^{-1/2}`$ for k > m, entry `m (L + 1) + k`.
    roots: Vec<f64>,
}

#[derive(Debug, Clone, Default)]
struct Powers {
    values: Vec<f64>,
    exponents: Vec<f64>,
}

/// The functions of one class, or of all of them one after the other.
#[derive(Debug, Clone, Default)]
pub(crate) struct WignerTable {
    steps: Vec<Step>,
    /// For each register of nodes the first degree, less m, at which some function is not negligible.
    pub(crate) starts: Vec<usize>,
}

impl WignerNodes {
    /// Prepares degrees below the band limit; the number of `northern` angles is a multiple of [`LANES`].
    pub(crate) fn new(band_limit: usize, northern: &[HalfAngle]) -> Self {
        debug_assert!(northern.len().is_multiple_of(LANES));
        let powers = |base: &dyn Fn(&HalfAngle) -> f64| {
            let mut powers = Powers::default();
            let mut row = vec![Scaled::ONE; northern.len()];
            for _ in 0..2 * band_limit - 1 {
                for (power, angle) in row.iter_mut().zip(northern) {
                    let (value, exponent) = power.parts();
                    powers.values.push(value);
                    powers.exponents.push(exponent);
                    *power = *power * Scaled::new(base(angle));
                }
            }
            powers
        };
        let mut binomials = Vec::with_capacity(band_limit * (band_limit + 1) / 2);
        for m in 0..band_limit {
            let first = binomials.len();
            binomials.extend(root_binomials(m));
            binomials[first..].reverse();
        }
        let mut roots = vec![0.0; band_limit * (band_limit + 1)];
        for m in 0..band_limit {
            for k in m + 1..=band_limit {
                roots[m * (band_limit + 1) + k] = 1.0 / (((k - m) * (k + m)) as f64).sqrt();
            }
        }
        WignerNodes {
            band_limit,
            pairs: northern.len(),
            offsets: northern.iter().map(|a| -2.0 * a.sin * a.sin).collect(),
            cosines: powers(&|angle| angle.cos),
            sines: powers(&|angle| angle.sin),
            binomials,
            roots,
        }
    }

    /// Degrees of a class.
    pub(crate) fn rows(&self, m: usize) -> usize {
        self.band_limit - m
    }

    /// Writes $`d^\ell_{mn}`$, ℓ = m..L, m ≥ n ≥ 0, at the nodes of some blocks: row by row the northern, then the southern ones.
    #[inline(always)]
    pub(crate) fn fill<S: Simd>(
        &self,
        simd: S,
        (m, n): (usize, usize),
        blocks: Range<usize>,
        table: &mut [f64],
        state: &mut WignerTable,
    ) {
        simd.vectorize(Fill {
            nodes: self,
            orders: (m, n),
            blocks,
            table,
            state,
        });
    }

    #[inline(always)]
    fn fill_here<S: Simd>(
        &self,
        simd: S,
        (m, n): (usize, usize),
        blocks: Range<usize>,
        table: &mut [f64],
        state: &mut WignerTable,
    ) {
        self.steps(m, n, &mut state.steps);
        let registers = blocks.len() * LANES / S::F64_LANES;
        state.starts.clear();
        state.starts.resize(2 * registers, self.rows(m));
        let (table, _) = S::as_mut_simd_f64s(table);
        let first = blocks.start * LANES / S::F64_LANES;
        for south in [false, true] {
            let mut at = 0;
            while at < registers {
                let column = at + if south { registers } else { 0 };
                let class = Class {
                    m,
                    n,
                    south,
                    node: first + at,
                    column,
                    width: 2 * registers,
                };
                let starts = &mut state.starts[column..];
                let left = registers - at;
                at += if left >= 4 {
                    self.run::<S, 4>(simd, class, &state.steps, table, starts)
                } else if left >= 2 {
                    self.run::<S, 2>(simd, class, &state.steps, table, starts)
                } else {
                    self.run::<S, 1>(simd, class, &state.steps, table, starts)
                };
            }
        }
    }

    /// The steps from degrees m..L − 1.
    #[inline(always)]
    fn steps(&self, m: usize, n: usize, steps: &mut Vec<Step>) {
        let stride = self.band_limit + 1;
        let row = |order: usize| &self.roots[order * stride + m + 1..(order + 1) * stride];
        steps.clear();
        let (fm, fnn) = (m as f64, n as f64);
        let mut l = fm;
        for (root_m, root_n) in row(m).iter().zip(row(n)).take(self.rows(m) - 1) {
            steps.push(Step::with_root(l, fm, fnn, root_m * root_n));
            l += 1.0;
        }
    }

    /// Runs the recursion of [`Step`] on `V` registers of nodes and returns `V`; V recursions hide the latency of a step.
    #[inline(always)]
    fn run<S: Simd, const V: usize>(
        &self,
        simd: S,
        class: Class,
        steps: &[Step],
        table: &mut [S::f64s],
        starts: &mut [usize],
    ) -> usize {
        let Class {
            m,
            n,
            south,
            node,
            column,
            width,
        } = class;
        let rows = self.rows(m);
        let zero = simd.splat_f64s(0.0);
        let (mut term, mut hidden) = ([zero; V], [zero; V]);
        let (mut increment, mut offset) = ([zero; V], [zero; V]);
        let (cosine, sine) = if south {
            (m - n, m + n)
        } else {
            (m + n, m - n)
        };
        let binomial = self.binomials[m * (m + 1) / 2 + n].parts();
        let sign = if (m - n).is_multiple_of(2) { 1.0 } else { -1.0 };
        let (binomial, exponent) = (
            simd.splat_f64s(sign * binomial.0),
            simd.splat_f64s(binomial.1),
        );
        for v in 0..V {
            let power = |powers: &Powers, p: usize| {
                let at = p * self.pairs / S::F64_LANES + node + v;
                let value = S::as_simd_f64s(&powers.values).0[at];
                (value, S::as_simd_f64s(&powers.exponents).0[at])
            };
            let (cosine, sine) = (power(&self.cosines, cosine), power(&self.sines, sine));
            let product = product_of_registers(simd, (binomial, exponent), cosine);
            (term[v], hidden[v]) = product_of_registers(simd, product, sine);
            offset[v] = S::as_simd_f64s(&self.offsets).0[node + v];
            if south {
                offset[v] = simd.neg_f64s(offset[v]);
            }
        }
        let select = |step: &Step| {
            let [ratio, damping, source] = step.at_pole(south);
            [
                simd.splat_f64s(ratio),
                simd.splat_f64s(damping),
                simd.splat_f64s(source),
            ]
        };
        // Lanes are nodes; row by row the term is stored, `[degree][node]`, and one step taken. A function far below the range
        // of f64 has its exponent in `hidden` (negative, in steps of a fixed power of two): zeros are stored in its place, and
        // mantissas are rescaled as they grow.
        let mut row = 0;
        while row < rows {
            let mut lowest = f64::INFINITY;
            for v in 0..V {
                let (low, high) = (
                    simd.reduce_min_f64s(hidden[v]),
                    simd.reduce_max_f64s(hidden[v]),
                );
                lowest = lowest.min(low);
                if high >= 0.0 && starts[v] == rows {
                    starts[v] = row;
                }
            }
            if lowest >= 0.0 {
                break;
            }
            for v in 0..V {
                let far = simd.less_than_f64s(hidden[v], zero);
                table[row * width + column + v] = simd.select_f64s(far, zero, term[v]);
            }
            if let Some(step) = steps.get(row) {
                let [ratio, damping, source] = select(step);
                for v in 0..V {
                    let pull = simd.mul_f64s(simd.mul_f64s(source, offset[v]), term[v]);
                    let grown = simd.mul_add_f64s(damping, increment[v], pull);
                    let next = simd.mul_add_f64s(ratio, term[v], grown);
                    let size = simd.max_f64s(simd.abs_f64s(next), simd.abs_f64s(grown));
                    let large = simd.less_than_or_equal_f64s(simd.splat_f64s(BIG), size);
                    let far = simd.less_than_f64s(hidden[v], zero);
                    let large = simd.and_m64s(large, far);
                    let one = simd.splat_f64s(1.0);
                    let factor = simd.select_f64s(large, simd.splat_f64s(INVERSE_STEP), one);
                    term[v] = simd.mul_f64s(next, factor);
                    increment[v] = simd.mul_f64s(grown, factor);
                    hidden[v] = simd.add_f64s(hidden[v], simd.select_f64s(large, one, zero));
                }
            }
            row += 1;
        }
        // All functions are in range: three multiplications per step, without tests.
        while row < rows {
            table[row * width + column..][..V].copy_from_slice(&term);
            if let Some(step) = steps.get(row) {
                let [ratio, damping, source] = select(step);
                for v in 0..V {
                    let pull = simd.mul_f64s(simd.mul_f64s(source, offset[v]), term[v]);
                    increment[v] = simd.mul_add_f64s(damping, increment[v], pull);
                    term[v] = simd.mul_add_f64s(ratio, term[v], increment[v]);
                }
            }
            row += 1;
        }
        V
    }
}

/// A function of its own, so that its code is there once.
struct Fill<'a> {
    nodes: &'a WignerNodes,
    orders: (usize, usize),
    blocks: Range<usize>,
    table: &'a mut [f64],
    state: &'a mut WignerTable,
}

impl WithSimd for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.nodes
            .fill_here(simd, self.orders, self.blocks, self.table, self.state);
    }
}

#[derive(Clone, Copy)]
struct Class {
    m: usize,
    n: usize,
    south: bool,
    /// Counted in registers.
    node: usize,
    column: usize,
    width: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tol;
    use crate::wigner::wigner_d;
    use pulp::Arch;
    use std::f64::consts::PI;

    struct Starts<'a> {
        nodes: &'a WignerNodes,
        orders: (usize, usize),
        table: &'a mut [f64],
    }

    impl WithSimd for Starts<'_> {
        type Output = Vec<usize>;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Vec<usize> {
            let mut state = WignerTable::default();
            let blocks = 0..self.nodes.pairs / LANES;
            self.nodes
                .fill(simd, self.orders, blocks, self.table, &mut state);
            state.starts
        }
    }

    #[test]
    fn tables_agree_with_single_values() {
        let band_limit = 140;
        for blocks in 1..=6 {
            let mut betas = vec![0.0, 1e-300, 1e-3, 0.4, PI / 2.0, 1.2];
            betas.resize_with(LANES * blocks, || 0.6);
            let last = betas.len() - 1;
            betas[last] = 0.01;
            let angles: Vec<HalfAngle> = betas.iter().map(|beta| HalfAngle::new(*beta)).collect();
            let nodes = WignerNodes::new(band_limit, &angles);
            let width = 2 * betas.len();
            for (m, n) in [(0, 0), (3, 3), (17, 0), (39, 12), (139, 139), (128, 2)] {
                let mut tables = [0, 1].map(|_| vec![f64::NAN; (band_limit - m) * width]);
                let fill = |table| Starts {
                    nodes: &nodes,
                    orders: (m, n),
                    table,
                };
                let [first, second] = &mut tables;
                let starts = Arch::new().dispatch(fill(first));
                pulp::Scalar::new().vectorize(fill(second));
                for table in &tables {
                    for (row, values) in table.chunks_exact(width).enumerate() {
                        for (j, &beta) in betas.iter().enumerate() {
                            let south = PI - beta;
                            for (found, angle) in
                                [(values[j], beta), (values[betas.len() + j], south)]
                            {
                                let want = wigner_d(m + row, m as i64, n as i64, angle).unwrap();
                                let tolerance = tol::wigner_function(m + row);
                                assert!(
                                    (found - want).abs() < tolerance,
                                    "{m} {n} {row} {angle}: {found} {want}"
                                );
                            }
                        }
                    }
                }
                for (i, start) in starts.iter().enumerate() {
                    let lanes = width / starts.len();
                    for values in tables[0].chunks_exact(width).take(*start) {
                        assert!(
                            values[i * lanes..][..lanes]
                                .iter()
                                .all(|value| *value == 0.0)
                        );
                    }
                }
            }
        }
    }
}
