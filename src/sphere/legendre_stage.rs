//! The Legendre stage of the transform: sums over degrees (synthesis) and over rings (analysis), vectorised over rings.
//!
//! The rings' data of one order m is a group of `2 C` rows of `padded_rings` numbers, `[parity][component]`: the parts of
//! $`F_m(\theta)`$ that are even and odd about the equator as functions of the parity of $`\ell - m`$. The components are
//! the real and imaginary part of order m, and for complex signals those of order −m too.

use super::coefficients::sign;
use super::legendre_tables::{LegendreTables, RING_BLOCK};
use crate::special::legendre::{MANTISSA_LIMIT, SCALE_UNIT_INVERSE};
use crate::special::legendre_chains::Step;
use ndarray::{ArrayView2, ArrayViewMut2};
use num_complex::Complex64;
use pulp::{Simd, WithSimd};

/// Rings' data from coefficients, all orders.
pub(super) struct Synthesis<'a, const C: usize> {
    pub tables: &'a LegendreTables,
    pub coeffs: ArrayView2<'a, Complex64>,
    /// One chain of coefficients, at least `C * L` long.
    pub chain: &'a mut [f64],
    /// `[m][parity][component][ring]`, overwritten.
    pub planar: &'a mut [f64],
}

/// Coefficients from rings' data, all orders.
pub(super) struct Analysis<'a, const C: usize> {
    pub tables: &'a LegendreTables,
    /// `[m][parity][component][ring]`, weighted, zero in the padding.
    pub planar: &'a [f64],
    /// Partial sums, at least `C * L * RING_BLOCK` long.
    pub sums: &'a mut [f64],
    pub coeffs: ArrayViewMut2<'a, Complex64>,
}

impl<const C: usize> WithSimd for Synthesis<'_, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let tables = self.tables;
        let (limit, rings) = (tables.band_limit, tables.padded_rings);
        for m in 0..limit {
            for parity in 0..2 {
                let steps = tables.chain(m, parity);
                for (j, (step, out)) in steps.iter().zip(self.chain.chunks_exact_mut(C)).enumerate()
                {
                    let l = m + parity + 2 * j;
                    let plus = self.coeffs[[l, limit - 1 + m]] * step.factor;
                    out[0] = plus.re;
                    out[1] = plus.im;
                    if C == 4 {
                        let minus = self.coeffs[[l, limit - 1 - m]] * (sign(m) * step.factor);
                        out[2] = minus.re;
                        out[3] = minus.im;
                    }
                }
                let chain = &self.chain[..C * steps.len()];
                let rows = &mut self.planar[(2 * m + parity) * C * rings..][..C * rings];
                for part in parts(tables) {
                    let mut block = Block::new(simd, tables, m, parity, part);
                    while block.first < block.end {
                        if S::F64_LANES == 8 && C == 2 && block.remaining() >= 4 {
                            block.synthesise::<C, 4>(steps, chain, rows);
                        } else if block.remaining() >= 2 {
                            block.synthesise::<C, 2>(steps, chain, rows);
                        } else {
                            block.synthesise::<C, 1>(steps, chain, rows);
                        }
                    }
                }
            }
        }
    }
}

impl<const C: usize> WithSimd for Analysis<'_, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let tables = self.tables;
        let (limit, rings) = (tables.band_limit, tables.padded_rings);
        for m in 0..limit {
            for parity in 0..2 {
                let steps = tables.chain(m, parity);
                let sums = &mut self.sums[..C * S::F64_LANES * steps.len()];
                sums.fill(0.0);
                let (sums, _) = S::as_mut_simd_f64s(sums);
                let rows = &self.planar[(2 * m + parity) * C * rings..][..C * rings];
                for part in parts(tables) {
                    let mut block = Block::new(simd, tables, m, parity, part);
                    while block.first < block.end {
                        if S::F64_LANES == 8 && C == 2 && block.remaining() >= 4 {
                            block.analyse::<C, 4>(steps, rows, sums);
                        } else if block.remaining() >= 2 {
                            block.analyse::<C, 2>(steps, rows, sums);
                        } else {
                            block.analyse::<C, 1>(steps, rows, sums);
                        }
                    }
                }
                for (j, (step, sum)) in steps.iter().zip(sums.chunks_exact(C)).enumerate() {
                    let l = m + parity + 2 * j;
                    let total = |c: usize| step.factor * simd.reduce_sum_f64s(sum[c]);
                    let plus = Complex64::new(total(0), total(1));
                    self.coeffs[[l, limit - 1 + m]] = plus;
                    if m > 0 {
                        let minus = if C == 4 {
                            Complex64::new(total(2), total(3))
                        } else {
                            plus.conj()
                        };
                        self.coeffs[[l, limit - 1 - m]] = sign(m) * minus;
                    }
                }
            }
        }
    }
}

/// The polar and the equatorial rings, with the index of their constants.
#[inline(always)]
fn parts(tables: &LegendreTables) -> [(usize, usize, usize); 2] {
    let (split, end) = (tables.polar_rings, tables.padded_rings);
    [(0, split, 0), (split, end, 1)]
}

/// A cursor over the rings of one part, one order and one parity; ring indices count vectors.
struct Block<'a, S: Simd> {
    simd: S,
    first: usize,
    end: usize,
    kind: usize,
    variable: &'a [S::f64s],
    cosine: &'a [S::f64s],
    seed: &'a [S::f64s],
    scale: &'a [S::f64s],
    odd: bool,
}

/// The recursion on `V` vectors of rings.
struct Recursion<S: Simd, const V: usize> {
    simd: S,
    kind: usize,
    variable: [S::f64s; V],
    here: [S::f64s; V],
    before: [S::f64s; V],
}

impl<S: Simd, const V: usize> Recursion<S, V> {
    #[inline(always)]
    fn advance(&mut self, step: &Step) {
        let simd = self.simd;
        let constant = simd.splat_f64s(step.constant[self.kind]);
        let slope = simd.splat_f64s(step.slope);
        for v in 0..V {
            let factor = simd.mul_add_e_f64s(slope, self.variable[v], constant);
            let minus_before = simd.neg_f64s(self.before[v]);
            self.before[v] = self.here[v];
            self.here[v] = simd.mul_add_e_f64s(factor, self.here[v], minus_before);
        }
    }

    /// Runs while some value is too small to matter; `visit(j, values)` sees zeros in place of those. Returns where it stopped.
    #[inline(always)]
    fn advance_scaled(
        &mut self,
        steps: &[Step],
        mut scale: [S::f64s; V],
        mut visit: impl FnMut(usize, [S::f64s; V]),
    ) -> usize {
        let simd = self.simd;
        let zero = simd.splat_f64s(0.0);
        let one = simd.splat_f64s(1.0);
        let shrink = simd.splat_f64s(SCALE_UNIT_INVERSE);
        let limit = simd.splat_f64s(MANTISSA_LIMIT);
        for (j, step) in steps.iter().enumerate() {
            let (mut smallest, mut largest) = (f64::INFINITY, 0.0_f64);
            for value in scale {
                smallest = smallest.min(simd.reduce_min_f64s(value));
                largest = largest.max(simd.reduce_max_f64s(value));
            }
            if largest == 0.0 {
                return j;
            }
            if smallest == 0.0 {
                let mut values = self.here;
                for v in 0..V {
                    let hidden = simd.greater_than_f64s(scale[v], zero);
                    values[v] = simd.select_f64s(hidden, zero, values[v]);
                }
                visit(j, values);
            }
            self.advance(step);
            for (v, scale) in scale.iter_mut().enumerate() {
                let size = simd.abs_f64s(self.here[v]);
                let hidden = simd.greater_than_f64s(*scale, zero);
                let size = simd.select_f64s(hidden, size, zero);
                let large = simd.greater_than_or_equal_f64s(size, limit);
                let factor = simd.select_f64s(large, shrink, one);
                self.here[v] = simd.mul_f64s(self.here[v], factor);
                self.before[v] = simd.mul_f64s(self.before[v], factor);
                let drop = simd.select_f64s(large, one, zero);
                *scale = simd.sub_f64s(*scale, drop);
            }
        }
        steps.len()
    }
}

impl<'a, S: Simd> Block<'a, S> {
    #[inline(always)]
    fn new(
        simd: S,
        tables: &'a LegendreTables,
        order: usize,
        parity: usize,
        (first, end, kind): (usize, usize, usize),
    ) -> Self {
        let row = order * tables.padded_rings..(order + 1) * tables.padded_rings;
        debug_assert!(RING_BLOCK.is_multiple_of(S::F64_LANES));
        Block {
            simd,
            first: first / S::F64_LANES,
            end: end / S::F64_LANES,
            kind,
            variable: S::as_simd_f64s(&tables.variable).0,
            cosine: S::as_simd_f64s(&tables.cosine).0,
            seed: S::as_simd_f64s(&tables.seed[row.clone()]).0,
            scale: S::as_simd_f64s(&tables.scale[row]).0,
            odd: parity == 1,
        }
    }

    #[inline(always)]
    fn remaining(&self) -> usize {
        self.end - self.first
    }

    #[inline(always)]
    fn take<const V: usize>(&mut self) -> (Recursion<S, V>, [S::f64s; V], usize) {
        let (simd, first) = (self.simd, self.first);
        self.first += V;
        let here = std::array::from_fn(|v| {
            if self.odd {
                simd.mul_f64s(self.seed[first + v], self.cosine[first + v])
            } else {
                self.seed[first + v]
            }
        });
        let recursion = Recursion {
            simd,
            kind: self.kind,
            variable: std::array::from_fn(|v| self.variable[first + v]),
            here,
            before: [simd.splat_f64s(0.0); V],
        };
        let scale = std::array::from_fn(|v| self.scale[first + v]);
        (recursion, scale, first)
    }

    /// Sums the chain at the next `V` vectors of rings.
    #[inline(always)]
    fn synthesise<const C: usize, const V: usize>(
        &mut self,
        steps: &[Step],
        chain: &[f64],
        rows: &mut [f64],
    ) {
        let simd = self.simd;
        let (mut recursion, scale, first) = self.take::<V>();
        let mut sums = [[simd.splat_f64s(0.0); V]; C];
        let mut accumulate = |j: usize, values: [S::f64s; V]| {
            let coeffs = &chain[C * j..C * j + C];
            for c in 0..C {
                let coeff = simd.splat_f64s(coeffs[c]);
                for v in 0..V {
                    sums[c][v] = simd.mul_add_e_f64s(coeff, values[v], sums[c][v]);
                }
            }
        };
        let done = recursion.advance_scaled(steps, scale, &mut accumulate);
        for (j, step) in steps.iter().enumerate().skip(done) {
            accumulate(j, recursion.here);
            recursion.advance(step);
        }
        let rings = rows.len() / C;
        for (c, row) in rows.chunks_exact_mut(rings).enumerate() {
            let (row, _) = S::as_mut_simd_f64s(row);
            row[first..first + V].copy_from_slice(&sums[c]);
        }
    }

    /// Adds the contribution of the next `V` vectors of rings to the sums of the chain.
    #[inline(always)]
    fn analyse<const C: usize, const V: usize>(
        &mut self,
        steps: &[Step],
        rows: &[f64],
        sums: &mut [S::f64s],
    ) {
        let simd = self.simd;
        let (mut recursion, scale, first) = self.take::<V>();
        let rings = rows.len() / C;
        let data: [[S::f64s; V]; C] = std::array::from_fn(|c| {
            let (row, _) = S::as_simd_f64s(&rows[c * rings..(c + 1) * rings]);
            std::array::from_fn(|v| row[first + v])
        });
        let mut accumulate = |j: usize, values: [S::f64s; V]| {
            let sums = &mut sums[C * j..C * j + C];
            for c in 0..C {
                let mut sum = sums[c];
                for v in 0..V {
                    sum = simd.mul_add_e_f64s(data[c][v], values[v], sum);
                }
                sums[c] = sum;
            }
        };
        let done = recursion.advance_scaled(steps, scale, &mut accumulate);
        for (j, step) in steps.iter().enumerate().skip(done) {
            accumulate(j, recursion.here);
            recursion.advance(step);
        }
    }
}
