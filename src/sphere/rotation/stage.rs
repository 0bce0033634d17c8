//! The sums over the orders, vectorised over the second order n of the Wigner functions.
//!
//! The orders m < 0 of real signals follow from the orders m > 0, and the rotation needs only these combinations of $`d^\ell`$:
//!
//! ```math
//! A_{mn} = d_{mn} + (-1)^n d_{m,-n} , \qquad B_{mn} = d_{mn} - (-1)^n d_{m,-n} , \qquad m, n \ge 0 \quad (A_{m0} = 2 d_{m0}, B_{m0} = 0) ,
//! ```
//! A acts on the real parts, B on the imaginary parts. Both are $`(-1)^{m+n}`$ times their transposes, so the lanes
//! n ≤ m are computed and each is used twice: for the row m, as a sum over lanes, and for the columns n, lane by lane. Order 0
//! of the signals enters with one half.

use super::tables::{CHUNK, RotationTables, chunks};
use crate::numeric::extended::{Power, SMALL, renormalised};
use crate::simd::aligned::Aligned;
use crate::wigner::seeds::Angle;
use crate::wigner::step::{Term, advance};
use pulp::{Simd, WithSimd};

/// Orders m that are treated together, so that the rows of a chunk are read from a near cache.
pub(super) const GROUP: usize = 8;

/// $`|d^\ell_{mn}| < 2^{-128}`$ for all ℓ < L where |m − n| exceeds the first, or |m + n| the second.
pub(super) fn reaches(angle: &Angle, band_limit: usize) -> [usize; 2] {
    let (cos, sin) = (angle.cos_half.abs(), angle.sin_half.abs());
    [reach(cos, sin, band_limit), reach(sin, cos, band_limit)]
}

/// The largest difference m − n of orders at which the bound
/// $`|d^\ell_{mn}| \le \exp(2\ell\,\mathrm{arsinh}(s \sinh t) - t(m-n))`$, with the best t, exceeds 2^−128 for ℓ = L − 1.
///
/// The bound is the norm of $`e^{tJ_z} e^{-i\beta J_y} e^{-tJ_z}`$ in the representation ℓ, the 2ℓ-th power of the one in dimension two.
fn reach(cos: f64, sin: f64, band_limit: usize) -> usize {
    let twice = 2.0 * (band_limit as f64 - 1.0);
    let exponent = |difference: f64| {
        let y = difference / twice;
        if y >= 1.0 || sin == 0.0 {
            return twice * sin.ln();
        }
        let cosh = y / ((1.0 - y) * (1.0 + y)).sqrt() * cos / sin;
        if cosh <= 1.0 {
            return 0.0;
        }
        let sinh = ((cosh - 1.0) * (cosh + 1.0)).sqrt();
        twice * (sin * sinh).asinh() - cosh.acosh() * difference
    };
    let (mut low, mut high) = (0, 2 * band_limit);
    while high - low > 1 {
        let middle = (low + high) / 2;
        if exponent(middle as f64) > SMALL.ln() {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// The working memory of a rotation of `B` signals.
#[derive(Debug, Clone, Default)]
pub(super) struct Workspace {
    /// `[row][signal][re, im][lane]`, without the scales; taken over order by order.
    pub input: Aligned,
    /// `[row][signal][re, im, column re, column im][lane]`: input with scales, and the sums over m.
    data: Aligned,
    /// `[order in its group][degree][signal][re, im]`, one register each: sums over n.
    sums: Aligned,
    /// `[order in its group][degree][4 + 2 B]`: scalars of the recursion and of the signals.
    steps: Aligned,
    /// `[chunk][plus, minus, scale of plus, scale of minus][lane]` at ℓ = m.
    seeds: Aligned,
}

impl Workspace {
    pub(super) fn prepare(&mut self, tables: &RotationTables, signals: usize) {
        let (rows, limit) = (tables.rows(), tables.band_limit);
        self.input.fit(rows * 2 * signals * CHUNK);
        self.data.fit(rows * 4 * signals * CHUNK);
        self.sums.fit(GROUP * limit * 2 * signals * 8);
        self.steps.fit(GROUP * limit * (4 + 2 * signals));
        self.seeds.fit(chunks(limit) * 4 * CHUNK);
    }

    /// The rotated coefficients of a row, re and im, without the signs $`(-1)^m`$ and the scales.
    pub(super) fn columns<const B: usize>(&self, row: usize, signal: usize) -> (&[f64], &[f64]) {
        let start = (row * B + signal) * 4 * CHUNK + 2 * CHUNK;
        self.data[start..start + 2 * CHUNK].split_at(CHUNK)
    }
}

/// Rotates `B` real signals about y: from `input` to `columns`.
pub(super) struct Stage<'a, const B: usize> {
    pub tables: &'a RotationTables,
    pub angle: Angle,
    pub reach: [usize; 2],
    pub work: &'a mut Workspace,
}

impl<const B: usize> WithSimd for Stage<'_, B> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        if self.angle.polar {
            self.run::<S, true>(simd);
        } else {
            self.run::<S, false>(simd);
        }
    }
}

impl<const B: usize> Stage<'_, B> {
    #[inline(always)]
    fn run<S: Simd, const POLAR: bool>(&mut self, simd: S) {
        let limit = self.tables.band_limit;
        let count = self.tables.rows() * 4 * B * CHUNK;
        self.work.data[..count].fill(0.0);
        let mut corners = self.angle.corners();
        for first in (0..limit).step_by(GROUP) {
            let orders = first..(first + GROUP).min(limit);
            let mut corner = [corners; GROUP];
            for m in orders.clone() {
                if m > 0 {
                    corners[0].advance();
                    corners[1].advance();
                }
                corner[m - first] = corners;
                self.write_steps::<POLAR>(m, m - first);
            }
            self.work.sums[..orders.len() * limit * 2 * B * S::F64_LANES].fill(0.0);
            for chunk in 0..=first / CHUNK {
                for m in orders.clone() {
                    let lowest = m as isize - (chunk * CHUNK + CHUNK - 1) as isize;
                    let (difference, sum) = (lowest.max(0) as usize, m + chunk * CHUNK);
                    let [near, far] = self.reach;
                    if (difference > near || sum > far) && (sum > near || difference > far) {
                        // The same holds for larger m.
                        break;
                    }
                    self.write_seeds(simd, m, chunk, &corner[m - first]);
                    let lanes = (m + 1 - chunk * CHUNK).min(CHUNK).div_ceil(S::F64_LANES);
                    let mut at = 0;
                    while at < lanes {
                        let vectors = lanes - at;
                        let place = (m, m - first, chunk, at);
                        at += if S::F64_LANES == 8 && vectors >= 4 {
                            self.sum::<S, 4, POLAR>(simd, place)
                        } else if S::F64_LANES == 8 && vectors == 3 {
                            self.sum::<S, 3, POLAR>(simd, place)
                        } else if vectors >= 2 {
                            self.sum::<S, 2, POLAR>(simd, place)
                        } else {
                            self.sum::<S, 1, POLAR>(simd, place)
                        };
                    }
                    if m / CHUNK == chunk {
                        self.admit(m, m - first);
                    }
                }
            }
            for m in orders {
                self.collect(simd, m, m - first);
            }
        }
    }

    /// Writes the scalars of order m for all degrees.
    #[inline(always)]
    fn write_steps<const POLAR: bool>(&mut self, m: usize, slot: usize) {
        let (tables, angle) = (self.tables, &self.angle);
        let limit = tables.band_limit;
        let stride = 4 + 2 * B;
        let (chunk, lane) = (m / CHUNK, m % CHUNK);
        let sign = if m.is_multiple_of(2) { 1.0 } else { -1.0 };
        // At n = 0 the lanes of n and −n both hold d_m0, so order 0 counts half.
        let sign = if m == 0 { 0.5 } else { sign };
        let steps = &mut self.work.steps[slot * limit * stride..(slot + 1) * limit * stride];
        for (l, step) in (m..limit).zip(steps.chunks_exact_mut(stride)) {
            let row = tables.row(chunk, l);
            let (root, scale) = if POLAR {
                (tables.inverse_root[row * CHUNK + lane], 1.0)
            } else {
                let scale = tables.scale[row * CHUNK + lane];
                (tables.recurrence[row * 2 * CHUNK + lane], scale)
            };
            step[..4].copy_from_slice(&angle.step::<POLAR>(l, m as f64, root));
            for b in 0..B {
                let input = &self.work.input[(row * B + b) * 2 * CHUNK..][..2 * CHUNK];
                step[4 + 2 * b] = sign * scale * input[lane];
                step[5 + 2 * b] = sign * scale * input[CHUNK + lane];
            }
        }
    }

    /// Lets order m take part in the sums over n, from the next m on.
    #[inline(always)]
    fn admit(&mut self, m: usize, slot: usize) {
        let limit = self.tables.band_limit;
        let stride = 4 + 2 * B;
        let (chunk, lane) = (m / CHUNK, m % CHUNK);
        let sign = if m.is_multiple_of(2) { 1.0 } else { -1.0 };
        let steps = &self.work.steps[slot * limit * stride..(slot + 1) * limit * stride];
        for (l, step) in (m..limit).zip(steps.chunks_exact(stride)) {
            let row = self.tables.row(chunk, l);
            for b in 0..B {
                let data = &mut self.work.data[(row * B + b) * 4 * CHUNK..][..4 * CHUNK];
                data[lane] = sign * step[4 + 2 * b];
                data[CHUNK + lane] = sign * step[5 + 2 * b];
            }
        }
    }

    /// Advances the seeds from order m − 1 to order m.
    #[inline(always)]
    fn write_seeds<S: Simd>(&mut self, simd: S, m: usize, chunk: usize, corner: &[Power; 2]) {
        let seeds = &mut self.work.seeds[chunk * 4 * CHUNK..(chunk + 1) * 4 * CHUNK];
        let first = chunk * CHUNK;
        if m == first {
            seeds.fill(0.0);
        } else {
            let (factor, shift) = self.angle.seed_factor(m);
            let (factor, shift) = (simd.splat_f64s(factor), simd.splat_f64s(shift));
            let row = self.tables.row(chunk, m - 1);
            let (t, _) =
                S::as_simd_f64s(&self.tables.recurrence[row * 2 * CHUNK..row * 2 * CHUNK + CHUNK]);
            let (values, scales) = seeds.split_at_mut(2 * CHUNK);
            let (values, _) = S::as_mut_simd_f64s(values);
            let (scales, _) = S::as_mut_simd_f64s(scales);
            let half = CHUNK / S::F64_LANES;
            for v in 0..2 * half {
                let value = simd.mul_f64s(values[v], simd.mul_f64s(factor, t[v % half]));
                let scale = simd.add_f64s(scales[v], shift);
                (values[v], scales[v]) = renormalised(simd, value, scale);
            }
        }
        if (first..first + CHUNK).contains(&m) {
            let sign = if m.is_multiple_of(2) { 1.0 } else { -1.0 };
            let lane = m - first;
            seeds[lane] = corner[0].value;
            seeds[2 * CHUNK + lane] = corner[0].scale;
            seeds[CHUNK + lane] = sign * corner[1].value;
            seeds[3 * CHUNK + lane] = corner[1].scale;
        }
    }

    /// Adds the contributions of `V` registers of orders n, from register `at` of the chunk on, to row and columns; returns V.
    #[inline(always)]
    fn sum<S: Simd, const V: usize, const POLAR: bool>(
        &mut self,
        simd: S,
        (m, slot, chunk, at): (usize, usize, usize, usize),
    ) -> usize {
        let (tables, limit) = (self.tables, self.tables.band_limit);
        let stride = 4 + 2 * B;
        let work = &mut *self.work;
        let steps = &work.steps[slot * limit * stride..][..(limit - m) * stride];
        let sums = &mut work.sums[slot * limit * 2 * B * S::F64_LANES..];
        let (sums, _) = S::as_mut_simd_f64s(&mut sums[..(limit - m) * 2 * B * S::F64_LANES]);
        let (from, to) = (tables.row(chunk, m), tables.row(chunk, limit - 1) + 1);
        let (seeds, _) = S::as_simd_f64s(&work.seeds[chunk * 4 * CHUNK..(chunk + 1) * 4 * CHUNK]);
        let (data, _) =
            S::as_mut_simd_f64s(&mut work.data[from * 4 * B * CHUNK..to * 4 * B * CHUNK]);
        let table = if POLAR {
            &tables.inverse_root[from * CHUNK..to * CHUNK]
        } else {
            &tables.recurrence[from * 2 * CHUNK..to * 2 * CHUNK]
        };
        let (table, _) = S::as_simd_f64s(table);
        let width = CHUNK / S::F64_LANES;
        let zero = simd.splat_f64s(0.0);
        let mut lanes = Lanes::<S, V> {
            simd,
            here: [[zero; V]; 2],
            other: [[zero; V]; 2],
            orders: [zero; V],
        };
        let mut scales = [[zero; V]; 2];
        let first = (chunk * CHUNK + at * S::F64_LANES) as f64;
        let reach = self.reach;
        for v in 0..V {
            let mut orders = zero;
            for (j, order) in orders_mut::<S>(&mut orders).iter_mut().enumerate() {
                *order = first + (v * S::F64_LANES + j) as f64;
            }
            lanes.orders[v] = orders;
            for (side, sign) in [1.0, -1.0].into_iter().enumerate() {
                let mut seed = seeds[side * width + at + v];
                let mut scale = seeds[(2 + side) * width + at + v];
                // Lanes that never reach 2^−128 need not be waited for.
                let distance = simd.abs_f64s(simd.mul_add_e_f64s(
                    orders,
                    simd.splat_f64s(-sign),
                    simd.splat_f64s(m as f64),
                ));
                let sum = simd.abs_f64s(simd.mul_add_e_f64s(
                    orders,
                    simd.splat_f64s(sign),
                    simd.splat_f64s(m as f64),
                ));
                let never = simd.or_m64s(
                    simd.greater_than_f64s(distance, simd.splat_f64s(reach[0] as f64)),
                    simd.greater_than_f64s(sum, simd.splat_f64s(reach[1] as f64)),
                );
                seed = simd.select_f64s(never, zero, seed);
                scale = simd.select_f64s(never, zero, scale);
                if POLAR {
                    let row = tables.row(chunk, m) * CHUNK;
                    let (scale, _) = S::as_simd_f64s(&tables.scale[row..row + CHUNK]);
                    seed = simd.mul_f64s(seed, scale[at + v]);
                }
                lanes.here[side][v] = seed;
                scales[side][v] = scale;
            }
        }
        let table_stride = if POLAR { width } else { 2 * width };
        let mut rows = steps
            .chunks_exact(stride)
            .zip(sums.chunks_exact_mut(2 * B))
            .zip(data.chunks_exact_mut(4 * B * width))
            .zip(table.chunks_exact(table_stride));
        // While some lanes are negligible (scale above 0): they count as zero, and steps where all lanes are negligible are skipped.
        loop {
            let (mut largest, mut smallest) = (scales[0][0], scales[0][0]);
            for (&plus, &minus) in scales[0].iter().zip(&scales[1]) {
                largest = simd.max_f64s(largest, simd.max_f64s(plus, minus));
                smallest = simd.min_f64s(smallest, plus);
            }
            if simd.reduce_max_f64s(largest) == 0.0 {
                break;
            }
            let Some((((step, sums), data), table)) = rows.next() else {
                return V;
            };
            if simd.reduce_min_f64s(smallest) == 0.0 {
                let mut shown = lanes.here;
                for side in 0..2 {
                    for v in 0..V {
                        let hidden = simd.greater_than_f64s(scales[side][v], zero);
                        shown[side][v] = simd.select_f64s(hidden, zero, shown[side][v]);
                    }
                }
                accumulate::<S, B, V>(simd, at, &shown, step, sums, data);
            }
            lanes.advance_scaled::<POLAR>(at, step, table, &mut scales);
        }
        for (((step, sums), data), table) in rows {
            accumulate::<S, B, V>(simd, at, &lanes.here, step, sums, data);
            lanes.advance::<POLAR>(at, step, table);
        }
        V
    }

    /// Adds the sums over n of order m, across lanes, to its outputs.
    #[inline(always)]
    fn collect<S: Simd>(&mut self, simd: S, m: usize, slot: usize) {
        let limit = self.tables.band_limit;
        let (chunk, lane) = (m / CHUNK, m % CHUNK);
        let sign = if m.is_multiple_of(2) { 1.0 } else { -1.0 };
        let work = &mut *self.work;
        let (sums, _) = S::as_simd_f64s(&work.sums[slot * limit * 2 * B * S::F64_LANES..]);
        for (l, sums) in (m..limit).zip(sums.chunks_exact(2 * B)) {
            let row = self.tables.row(chunk, l);
            for b in 0..B {
                let data = &mut work.data[(row * B + b) * 4 * CHUNK..][..4 * CHUNK];
                data[2 * CHUNK + lane] += sign * simd.reduce_sum_f64s(sums[2 * b]);
                data[3 * CHUNK + lane] += sign * simd.reduce_sum_f64s(sums[2 * b + 1]);
            }
        }
    }
}

/// The numbers of a register.
#[inline(always)]
fn orders_mut<S: Simd>(register: &mut S::f64s) -> &mut [f64] {
    pulp::bytemuck::cast_slice_mut(std::slice::from_mut(register))
}

/// The recursion for n (first) and −n (second, with the sign $`(-1)^n`$) at `V` registers of orders n.
struct Lanes<S: Simd, const V: usize> {
    simd: S,
    /// The term of the present degree.
    here: [[S::f64s; V]; 2],
    /// The term before it; near the pole, its increment.
    other: [[S::f64s; V]; 2],
    orders: [S::f64s; V],
}

impl<S: Simd, const V: usize> Lanes<S, V> {
    /// The functions of register `v`.
    #[inline(always)]
    fn terms(&self, v: usize) -> [Term<S>; 2] {
        let (here, other) = (&self.here, &self.other);
        [
            Term {
                here: here[0][v],
                other: other[0][v],
            },
            Term {
                here: here[1][v],
                other: other[1][v],
            },
        ]
    }

    #[inline(always)]
    fn set(&mut self, v: usize, terms: [Term<S>; 2]) {
        for (side, term) in terms.into_iter().enumerate() {
            self.here[side][v] = term.here;
            self.other[side][v] = term.other;
        }
    }

    #[inline(always)]
    fn advance<const POLAR: bool>(&mut self, at: usize, step: &[f64], table: &[S::f64s]) {
        let width = CHUNK / S::F64_LANES;
        for v in 0..V {
            let other = if POLAR {
                self.orders[v]
            } else {
                table[width + at + v]
            };
            let terms = advance::<S, POLAR>(self.simd, step, [table[at + v], other], self.terms(v));
            self.set(v, terms);
        }
    }

    /// As [`Lanes::advance`], and watches the scales.
    #[inline(always)]
    fn advance_scaled<const POLAR: bool>(
        &mut self,
        at: usize,
        step: &[f64],
        table: &[S::f64s],
        scales: &mut [[S::f64s; V]; 2],
    ) {
        self.advance::<POLAR>(at, step, table);
        for v in 0..V {
            let mut terms = self.terms(v);
            for (term, scales) in terms.iter_mut().zip(scales.iter_mut()) {
                term.shrink(self.simd, &mut scales[v]);
            }
            self.set(v, terms);
        }
    }
}

/// Adds the contributions of one degree, for order m and `V` registers of orders n, with A = plus + minus and B = plus − minus.
///
/// `data` is `[signal][input re, input im, output re, output im][n]`. Each value is used twice: for row m, $`\sum_n A_{mn} \,\mathrm{re}_n`$ and
/// $`\sum_n B_{mn} \,\mathrm{im}_n`$ in the lanes of `sums`; and for the columns, the outputs n gain $`A_{mn} \,\mathrm{re}_m`$ and
/// $`B_{mn} \,\mathrm{im}_m`$, where `step[4..]` has the signed coefficients of order m.
#[inline(always)]
fn accumulate<S: Simd, const B: usize, const V: usize>(
    simd: S,
    at: usize,
    terms: &[[S::f64s; V]; 2],
    step: &[f64],
    sums: &mut [S::f64s],
    data: &mut [S::f64s],
) {
    let width = CHUNK / S::F64_LANES;
    let [plus, minus] = terms;
    for b in 0..B {
        let (re, im) = (
            simd.splat_f64s(step[4 + 2 * b]),
            simd.splat_f64s(step[5 + 2 * b]),
        );
        let (mut sum_re, mut sum_im) = (sums[2 * b], sums[2 * b + 1]);
        let data = &mut data[4 * b * width..4 * (b + 1) * width];
        for v in 0..V {
            let even = simd.add_f64s(plus[v], minus[v]);
            let odd = simd.sub_f64s(plus[v], minus[v]);
            let j = at + v;
            sum_re = simd.mul_add_e_f64s(even, data[j], sum_re);
            sum_im = simd.mul_add_e_f64s(odd, data[width + j], sum_im);
            data[2 * width + j] = simd.mul_add_e_f64s(even, re, data[2 * width + j]);
            data[3 * width + j] = simd.mul_add_e_f64s(odd, im, data[3 * width + j]);
        }
        (sums[2 * b], sums[2 * b + 1]) = (sum_re, sum_im);
    }
}
