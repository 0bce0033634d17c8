//! All Wigner functions of one angle, degree by degree: m ≥ n ≥ 0, and −n beside n.
//!
//! The state is $`p_{mn} = (-1)^m d^\ell_{mn}`$ and $`q_{mn} = (-1)^{m+n} d^\ell_{m,-n}`$, both symmetric in m and n, so that the
//! triangle n ≤ m holds all of them; away from the poles without the scales $`s_\ell(m) s_\ell(n)`$. Rows have a multiple of eight
//! numbers: the triangle consists of squares of eight rows and columns, and is zero where n > m or m > ℓ.

use super::seeds::Angle;
use super::step::{Term, advance, roots};
use crate::numeric::extended::{Power, renormalised};
use crate::simd::aligned::Aligned;
use pulp::Simd;

/// The edge of a square.
pub(crate) const EDGE: usize = 8;

/// Where row m starts.
#[inline(always)]
pub(crate) fn row_start(m: usize) -> usize {
    let squares = m / EDGE;
    // Rows before this square have 8, 16, … numbers, eight rows each.
    EDGE * EDGE / 2 * squares * (squares + 1) + (m % EDGE) * row_len(m)
}

/// The length of row m.
#[inline(always)]
pub(crate) fn row_len(m: usize) -> usize {
    EDGE * (m / EDGE + 1)
}

/// The recursion with its state.
#[derive(Debug, Clone)]
pub(crate) struct WignerTriangle {
    pub(crate) angle: Angle,
    band_limit: usize,
    /// One more than the present degree.
    degrees: usize,
    /// p and q of the present degree.
    here: [Aligned; 2],
    /// p and q of the degree before; near the poles, their increments.
    other: [Aligned; 2],
    /// Their scales, where `unsettled`.
    scales: [Aligned; 2],
    /// For each eight numbers, whether one of them has a scale.
    unsettled: Vec<bool>,
    /// $`h^m_{m,\pm n}`$ of the latest order m, for all n ≤ m, and their scales.
    seeds: [Aligned; 2],
    seed_scales: [Aligned; 2],
    corners: [Power; 2],
    /// $`s_\ell(n)`$ and $`s_{\ell+1}(n)`$.
    scale: Aligned,
    next_scale: Aligned,
    /// $`w_{\ell+1}(n)`$ and n near the poles, otherwise $`t_\ell(n)`$ and $`n\,t_\ell(n)`$.
    table: [Aligned; 2],
    /// $`t_\ell(n)`$
    seed_table: Aligned,
    /// p + q and p − q with both triangles of the squares on the diagonal, zero where they are below 2^−128.
    sums: [Aligned; 2],
}

impl WignerTriangle {
    /// Makes the state before degree 0; `folded` if the sums are needed.
    pub(crate) fn new(angle: Angle, band_limit: usize, folded: bool) -> Self {
        let size = row_start(band_limit.next_multiple_of(EDGE));
        let width = band_limit.next_multiple_of(EDGE);
        let pair = |len: usize| [Aligned::zeros(len), Aligned::zeros(len)];
        WignerTriangle {
            angle,
            band_limit,
            degrees: 0,
            here: pair(size),
            other: pair(size),
            scales: pair(size),
            unsettled: vec![false; size / EDGE],
            seeds: pair(width),
            seed_scales: pair(width),
            corners: angle.corners(),
            scale: Aligned::zeros(width),
            next_scale: Aligned::zeros(width),
            table: pair(width),
            seed_table: Aligned::zeros(width),
            sums: pair(if folded { size } else { 0 }),
        }
    }

    /// The number of degrees computed so far.
    pub(crate) fn degrees(&self) -> usize {
        self.degrees
    }

    pub(crate) fn band_limit(&self) -> usize {
        self.band_limit
    }

    /// $`s_\ell(n)`$ for all n ≤ ℓ, unless it is left out.
    pub(crate) fn scale(&self) -> Option<&[f64]> {
        (!self.angle.polar).then(|| &self.scale[..self.degrees])
    }

    /// p + q or p − q, without the scales s; see [`row_start`].
    pub(crate) fn sums(&self) -> &[Aligned; 2] {
        &self.sums
    }

    /// p and q of row m, without the scales s, and whether eight numbers have a scale; see [`WignerTriangle::row_scales`].
    #[inline(always)]
    pub(crate) fn row(&self, m: usize) -> ([&[f64]; 2], &[bool]) {
        let (start, len) = (row_start(m), row_len(m));
        let [p, q] = &self.here;
        (
            [&p[start..start + len], &q[start..start + len]],
            &self.unsettled[start / EDGE..(start + len) / EDGE],
        )
    }

    #[inline(always)]
    pub(crate) fn row_scales(&self, m: usize) -> [&[f64]; 2] {
        let (start, len) = (row_start(m), row_len(m));
        let [p, q] = &self.scales;
        [&p[start..start + len], &q[start..start + len]]
    }

    /// Advances to the next degree, which must be below the band limit.
    #[inline(always)]
    pub(crate) fn advance<S: Simd, const FOLDED: bool>(&mut self, simd: S) {
        if self.angle.polar {
            self.advance_near::<S, FOLDED, true>(simd);
        } else {
            self.advance_near::<S, FOLDED, false>(simd);
        }
    }

    #[inline(always)]
    fn advance_near<S: Simd, const FOLDED: bool, const POLAR: bool>(&mut self, simd: S) {
        let degree = self.degrees;
        for m in 0..degree {
            self.advance_row::<S, FOLDED, POLAR>(simd, m);
        }
        if !POLAR {
            std::mem::swap(&mut self.here, &mut self.other);
        }
        self.advance_seeds(simd, degree);
        self.write_tables::<POLAR>(degree);
        self.plant::<FOLDED>(degree);
        self.degrees += 1;
        if FOLDED {
            self.mirror();
        }
    }

    /// Advances row m to the next degree; away from the poles the arrays `here` and `other` are to be swapped afterwards.
    #[inline(always)]
    fn advance_row<S: Simd, const FOLDED: bool, const POLAR: bool>(&mut self, simd: S, m: usize) {
        let step = self
            .angle
            .step::<POLAR>(self.degrees - 1, m as f64, self.table[0][m]);
        let (start, len) = (row_start(m), row_len(m));
        let (range, registers) = (start..start + len, EDGE / S::F64_LANES);
        let [here_p, here_q] = &mut self.here;
        let [other_p, other_q] = &mut self.other;
        let (here_p, _) = S::as_mut_simd_f64s(&mut here_p[range.clone()]);
        let (here_q, _) = S::as_mut_simd_f64s(&mut here_q[range.clone()]);
        let (other_p, _) = S::as_mut_simd_f64s(&mut other_p[range.clone()]);
        let (other_q, _) = S::as_mut_simd_f64s(&mut other_q[range.clone()]);
        let (first, _) = S::as_simd_f64s(&self.table[0][..len]);
        let (second, _) = S::as_simd_f64s(&self.table[1][..len]);
        let unsettled = &mut self.unsettled[start / EDGE..(start + len) / EDGE];
        let [sum, difference] = &mut self.sums;
        let folded = if FOLDED { range.clone() } else { 0..0 };
        let (sum, _) = S::as_mut_simd_f64s(&mut sum[folded.clone()]);
        let (difference, _) = S::as_mut_simd_f64s(&mut difference[folded]);
        let lanes = here_p.len();
        let (here_q, other_p, other_q) = (
            &mut here_q[..lanes],
            &mut other_p[..lanes],
            &mut other_q[..lanes],
        );
        let (first, second) = (&first[..lanes], &second[..lanes]);
        // Lanes are orders n of the row m, in squares of eight. The factors of a step are products of a number of m (`step`) and one of n
        // (`first`, `second`), so a step needs no division. A square whose functions are all in range skips the scales. Away
        // from the poles the next term overwrites the term before it, which swaps the roles of the two arrays.
        for (square, unsettled) in unsettled.iter_mut().enumerate() {
            let settled = !*unsettled;
            let mut largest = simd.splat_f64s(0.0);
            for at in square * registers..(square + 1) * registers {
                let p = Term {
                    here: here_p[at],
                    other: other_p[at],
                };
                let q = Term {
                    here: here_q[at],
                    other: other_q[at],
                };
                let mut next = advance::<S, POLAR>(simd, &step, [first[at], second[at]], [p, q]);
                let mut shown = [next[0].here, next[1].here];
                if !settled {
                    for side in 0..2 {
                        let place = start + at * S::F64_LANES;
                        let scales = &mut self.scales[side][place..place + S::F64_LANES];
                        let scale = &mut S::as_mut_simd_f64s(scales).0[0];
                        next[side].shrink(simd, scale);
                        let zero = simd.splat_f64s(0.0);
                        let hidden = simd.greater_than_f64s(*scale, zero);
                        shown[side] = simd.select_f64s(hidden, zero, next[side].here);
                        largest = simd.max_f64s(largest, *scale);
                    }
                }
                let [p, q] = next;
                if POLAR {
                    (here_p[at], here_q[at]) = (p.here, q.here);
                    (other_p[at], other_q[at]) = (p.other, q.other);
                } else {
                    (other_p[at], other_q[at]) = (p.here, q.here);
                    if !settled {
                        (here_p[at], here_q[at]) = (p.other, q.other);
                    }
                }
                if FOLDED {
                    sum[at] = simd.add_f64s(shown[0], shown[1]);
                    difference[at] = simd.sub_f64s(shown[0], shown[1]);
                }
            }
            if !settled {
                *unsettled = simd.reduce_max_f64s(largest) > 0.0;
            }
        }
    }

    /// Advances the seeds from order m − 1 to m.
    #[inline(always)]
    fn advance_seeds<S: Simd>(&mut self, simd: S, m: usize) {
        let sign = if m.is_multiple_of(2) { 1.0 } else { -1.0 };
        if m > 0 {
            for corner in &mut self.corners {
                corner.advance();
            }
            let (factor, shift) = self.angle.seed_factor(m);
            let (factor, shift) = (simd.splat_f64s(factor), simd.splat_f64s(shift));
            let len = m.next_multiple_of(EDGE);
            let (table, _) = S::as_simd_f64s(&self.seed_table[..len]);
            for (values, scales) in self.seeds.iter_mut().zip(&mut self.seed_scales) {
                let (values, _) = S::as_mut_simd_f64s(&mut values[..len]);
                let (scales, _) = S::as_mut_simd_f64s(&mut scales[..len]);
                for ((value, scale), table) in values.iter_mut().zip(scales).zip(table) {
                    let next = simd.mul_f64s(*value, simd.mul_f64s(factor, *table));
                    let shifted = simd.add_f64s(*scale, shift);
                    (*value, *scale) = renormalised(simd, next, shifted);
                }
            }
        }
        for (side, sign) in [1.0, sign].into_iter().enumerate() {
            self.seeds[side][m] = sign * self.corners[side].value;
            self.seed_scales[side][m] = self.corners[side].scale;
        }
    }

    /// Scales and roots of a degree.
    #[inline(always)]
    fn write_tables<const POLAR: bool>(&mut self, degree: usize) {
        let l = degree as f64;
        self.next_scale[degree] = 1.0;
        let [first, second] = &mut self.table;
        let lanes = degree + 1;
        let (first, second) = (&mut first[..lanes], &mut second[..lanes]);
        let scale = &mut self.scale[..lanes];
        let next_scale = &mut self.next_scale[..lanes];
        let seed_table = &mut self.seed_table[..lanes];
        for n in 0..lanes {
            let order = n as u32 as f64;
            let here = next_scale[n];
            let [w, t, next] = roots(l, order, here);
            next_scale[n] = next;
            scale[n] = here;
            seed_table[n] = t;
            (first[n], second[n]) = if POLAR { (w, order) } else { (t, order * t) };
        }
    }

    /// Adds the row m = ℓ.
    #[inline(always)]
    fn plant<const FOLDED: bool>(&mut self, m: usize) {
        let sign = if m.is_multiple_of(2) { 1.0 } else { -1.0 };
        let (start, len) = (row_start(m), row_len(m));
        for side in 0..2 {
            let here = &mut self.here[side][start..start + len];
            let scales = &mut self.scales[side][start..start + len];
            scales.copy_from_slice(&self.seed_scales[side][..len]);
            let seeds = &self.seeds[side][..len];
            if self.angle.polar {
                for n in 0..=m {
                    here[n] = sign * seeds[n] * self.scale[n];
                }
            } else {
                for n in 0..=m {
                    here[n] = sign * seeds[n];
                }
            }
        }
        for square in 0..len / EDGE {
            let place = start + square * EDGE;
            let range = place..place + EDGE;
            let [p, q] = &self.scales;
            let scales = p[range.clone()].iter().chain(&q[range.clone()]);
            self.unsettled[place / EDGE] = scales.fold(false, |any, scale| any | (*scale > 0.0));
            if FOLDED {
                for at in range {
                    let (mut p, mut q) = (self.here[0][at], self.here[1][at]);
                    if self.scales[0][at] > 0.0 {
                        p = 0.0;
                    }
                    if self.scales[1][at] > 0.0 {
                        q = 0.0;
                    }
                    (self.sums[0][at], self.sums[1][at]) = (p + q, p - q);
                }
            }
        }
    }

    /// Completes the squares on the diagonal of the sums.
    #[inline(always)]
    fn mirror(&mut self) {
        for sums in &mut self.sums {
            for first in (0..self.degrees).step_by(EDGE) {
                let start = row_start(first) + first;
                let len = row_len(first);
                let square = &mut sums[start..start + (EDGE - 1) * len + EDGE];
                for i in 1..EDGE {
                    for j in 0..i {
                        square[j * len + i] = square[i * len + j];
                    }
                }
            }
        }
    }
}
