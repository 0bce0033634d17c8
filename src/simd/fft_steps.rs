//! The steps of the transform in lanes: butterflies of every radix, in registers.
//!
//! A stage of radix R reads the numbers of `a` as `x[k][p][q]`, k < R, and writes those of `b` as `y[p][j][q]`, j < R:
//!
//! ```text
//! y[p][j][q] = exp(−2πi j p / n') Σ_k exp(−2πi j k / R) x[k][p][q]
//! ```
//! Here n' is the length that is left at this stage, p < n'/R counts butterflies with their own twiddle factors, and q counts
//! the butterflies that share them: `stride` numbers, each of `LANES / F64_LANES` pairs of registers. Each q is independent and
//! contiguous in both arrays, so the inner loops run over q with twiddle factors that stay in registers.

use pulp::Simd;
use std::ops::Deref;

/// Radices up to this have butterflies that stay in registers: those of [`Step::run`].
pub(super) const LARGEST_RADIX: usize = 13;

/// Real and imaginary parts.
pub(super) type Pair<S> = [<S as Simd>::f64s; 2];

/// The numbers of a bundle as pairs of registers.
#[inline(always)]
pub(super) fn pairs_mut<S: Simd>(numbers: &mut [f64]) -> &mut [Pair<S>] {
    S::as_mut_simd_f64s(numbers).0.as_chunks_mut::<2>().0
}

/// `x · w` with w = (cos, −sin).
#[inline(always)]
fn times<S: Simd>(simd: S, x: Pair<S>, w: [f64; 2]) -> Pair<S> {
    let (c, s) = (simd.splat_f64s(w[0]), simd.splat_f64s(w[1]));
    [
        simd.negate_mul_add_f64s(x[1], s, simd.mul_f64s(x[0], c)),
        simd.mul_add_f64s(x[1], c, simd.mul_f64s(x[0], s)),
    ]
}

#[inline(always)]
fn sum<S: Simd>(simd: S, x: Pair<S>, y: Pair<S>) -> Pair<S> {
    [simd.add_f64s(x[0], y[0]), simd.add_f64s(x[1], y[1])]
}

#[inline(always)]
fn difference<S: Simd>(simd: S, x: Pair<S>, y: Pair<S>) -> Pair<S> {
    [simd.sub_f64s(x[0], y[0]), simd.sub_f64s(x[1], y[1])]
}

/// Returns `x − i y` and `x + i y`: with x = (a, b) and y = (c, d) these are (a + d, b − c) and (a − d, b + c).
#[inline(always)]
fn turned<S: Simd>(simd: S, x: Pair<S>, y: Pair<S>) -> [Pair<S>; 2] {
    [
        [simd.add_f64s(x[0], y[1]), simd.sub_f64s(x[1], y[0])],
        [simd.sub_f64s(x[0], y[1]), simd.add_f64s(x[1], y[0])],
    ]
}

/// Reads a number; `part` = 1 exchanges its real and imaginary parts.
#[inline(always)]
fn load<S: Simd>(x: &Pair<S>, part: usize) -> Pair<S> {
    [x[part & 1], x[(part & 1) ^ 1]]
}

/// Writes a number, with the exchange of [`load`].
#[inline(always)]
fn store<S: Simd>(y: &mut Pair<S>, part: usize, value: Pair<S>) {
    y[part & 1] = value[0];
    y[(part & 1) ^ 1] = value[1];
}

/// Computes $`X_j = \sum_k e^{-2\pi i jk/R} x_k`$ for `R` numbers and calls `put(j, X_j)` for each of them.
///
/// `roots[k]` is (cos, sin) of 2πk/R; radices 2 and 4 need none.
#[inline(always)]
fn butterfly<S: Simd, const R: usize>(
    simd: S,
    roots: &[[f64; 2]],
    mut x: [Pair<S>; R],
    mut put: impl FnMut(usize, Pair<S>),
) {
    if R == 2 {
        put(0, sum(simd, x[0], x[1]));
        put(1, difference(simd, x[0], x[1]));
        return;
    }
    // X_0, X_2 = (x0 + x2) ± (x1 + x3) and X_1, X_3 = (x0 − x2) ∓ i (x1 − x3).
    if R == 4 {
        let (even, even_minus) = (sum(simd, x[0], x[2]), difference(simd, x[0], x[2]));
        let (odd, odd_minus) = (sum(simd, x[1], x[3]), difference(simd, x[1], x[3]));
        let [plus, minus] = turned(simd, even_minus, odd_minus);
        put(0, sum(simd, even, odd));
        put(1, plus);
        put(2, difference(simd, even, odd));
        put(3, minus);
        return;
    }
    // Odd R. With u_k = x_k + x_{R−k} and v_k = x_k − x_{R−k}, k = 1 ..= R/2,
    //   X_j, X_{R−j} = (x_0 + Σ_k cos(2πjk/R) u_k) ∓ i Σ_k sin(2πjk/R) v_k,
    // which needs a quarter of the products of the plain sum. u_k replaces x_k, and v_k replaces x_{R−k}.
    let zero = simd.splat_f64s(0.0);
    let roots: &[[f64; 2]; R] = roots.first_chunk().expect("a root for each term");
    let mut total = x[0];
    for k in 1..=R / 2 {
        let (u, v) = (x[k], x[R - k]);
        (x[k], x[R - k]) = (sum(simd, u, v), difference(simd, u, v));
        total = sum(simd, total, x[k]);
    }
    put(0, total);
    for j in 1..=R / 2 {
        let (mut even, mut odd) = (x[0], [zero; 2]);
        for k in 1..=R / 2 {
            let [c, s] = roots[j * k % R];
            let (c, s) = (simd.splat_f64s(c), simd.splat_f64s(s));
            for c_part in 0..2 {
                even[c_part] = simd.mul_add_f64s(c, x[k][c_part], even[c_part]);
                odd[c_part] = simd.mul_add_f64s(s, x[R - k][c_part], odd[c_part]);
            }
        }
        let [minus, plus] = turned(simd, even, odd);
        put(j, minus);
        put(R - j, plus);
    }
}

/// One stage at work.
pub(super) struct Step<'a, S> {
    pub simd: S,
    /// The place of the real parts in a number: 1 exchanges them with the imaginary parts, which reverses the direction.
    pub part: usize,
    /// Pairs of registers that share twiddle factors.
    pub batch: usize,
    pub twiddles: &'a [[f64; 2]],
    pub roots: &'a [[f64; 2]],
    pub radix: usize,
}

impl<S: Simd> Step<'_, S> {
    /// Computes the stage from `a` to `b`; or within `a` if `in_place`, which only the last stage allows.
    #[inline(always)]
    pub(super) fn run(
        &self,
        a: &mut [Pair<S>],
        b: &mut [Pair<S>],
        extra: &mut [Pair<S>],
        in_place: bool,
    ) {
        macro_rules! for_radix {
            ($($radix:literal)*) => {
                match self.radix {
                    $($radix if in_place => self.finish::<$radix>(a),
                    $radix => self.pass::<$radix>(a, b),)*
                    _ => {
                        self.any(a, b, extra);
                        if in_place {
                            a.copy_from_slice(b);
                        }
                    }
                }
            };
        }
        for_radix! { 2 3 4 5 7 11 13 }
    }

    #[inline(always)]
    fn values<const R: usize>(
        &self,
        x: &[impl Deref<Target = [Pair<S>]>; R],
        i: usize,
    ) -> [Pair<S>; R] {
        let mut values = [[self.simd.splat_f64s(0.0); 2]; R];
        for (value, x) in values.iter_mut().zip(x) {
            *value = load::<S>(&x[i], self.part);
        }
        values
    }

    /// Computes the stage from `a`, `[k][p][q]`, to `b`, `[p][j][q]`; see the module.
    // Inside of the loops the index belongs to several rows.
    #[allow(clippy::needless_range_loop)]
    #[inline(always)]
    fn pass<const R: usize>(&self, a: &[Pair<S>], b: &mut [Pair<S>]) {
        let (simd, part, batch) = (self.simd, self.part, self.batch);
        // The R planes of `a` are split off once, so that the inner loops have slices of known length and no bounds to check.
        let step = a.len() / R;
        let mut rest = a;
        let x: [&[Pair<S>]; R] = std::array::from_fn(|_| {
            let (first, tail) = rest.split_at(step);
            rest = tail;
            first
        });
        for (p, y) in b.chunks_exact_mut(R * batch).enumerate() {
            let x: [&[Pair<S>]; R] = std::array::from_fn(|k| &x[k][p * batch..][..batch]);
            let mut rest = y;
            let mut y: [&mut [Pair<S>]; R] =
                std::array::from_fn(|_| rest.split_off_mut(..batch).expect("R batches"));
            // For p = 0 all twiddle factors are one, and the last stage has no other p.
            if p == 0 {
                for i in 0..batch {
                    let values = self.values(&x, i);
                    butterfly::<S, R>(
                        simd,
                        self.roots,
                        values,
                        #[inline(always)]
                        |j, value| store::<S>(&mut y[j][i], part, value),
                    );
                }
                continue;
            }
            // `w[j − 1]` is the factor of output j; output 0 has none.
            let w = &self.twiddles[p * (R - 1)..][..R - 1];
            for i in 0..batch {
                let values = self.values(&x, i);
                butterfly::<S, R>(
                    simd,
                    self.roots,
                    values,
                    #[inline(always)]
                    |j, value| {
                        let value = if j == 0 {
                            value
                        } else {
                            times(simd, value, w[j - 1])
                        };
                        store::<S>(&mut y[j][i], part, value);
                    },
                );
            }
        }
    }

    /// Computes the last stage in place: its only p is 0, so `x[k][q]` and `y[j][q]` are the same places and each q is read
    /// before it is written.
    #[inline(always)]
    fn finish<const R: usize>(&self, a: &mut [Pair<S>]) {
        let (simd, part, batch) = (self.simd, self.part, self.batch);
        let mut rest = a;
        let mut x: [&mut [Pair<S>]; R] =
            std::array::from_fn(|_| rest.split_off_mut(..batch).expect("R batches"));
        for i in 0..batch {
            let values = self.values(&x, i);
            butterfly::<S, R>(
                simd,
                self.roots,
                values,
                #[inline(always)]
                |j, value| store::<S>(&mut x[j][i], part, value),
            );
        }
    }

    /// Computes the stage of any odd radix.
    ///
    /// The sums are those of [`butterfly`] for odd R. The radix is known only at run time, so `extra` holds the pairs
    /// $`(u_k, v_k)`$, `[k − 1][2]`, and four outputs j share one pass over them: four sums over cosines and four over sines fill the
    /// registers, and each pair is loaded once for all of them.
    #[inline(always)]
    fn any(&self, a: &[Pair<S>], b: &mut [Pair<S>], extra: &mut [Pair<S>]) {
        let Step {
            simd,
            part,
            batch,
            radix,
            ..
        } = *self;
        let (twiddles, roots) = (self.twiddles, &self.roots[..radix]);
        let extra = &mut extra[..radix];
        let half = radix / 2;
        let count = a.len() / (radix * batch);
        let zero = simd.splat_f64s(0.0);
        for p in 0..count {
            let w = &twiddles[p * (radix - 1)..][..radix - 1];
            let y = &mut b[p * radix * batch..][..radix * batch];
            for i in 0..batch {
                let at = |k: usize| load::<S>(&a[(k * count + p) * batch + i], part);
                let first = at(0);
                let mut total = first;
                for k in 1..=half {
                    let (u, v) = (at(k), at(radix - k));
                    extra[2 * k - 2] = sum(simd, u, v);
                    extra[2 * k - 1] = difference(simd, u, v);
                    total = sum(simd, total, extra[2 * k - 2]);
                }
                store::<S>(&mut y[i], part, total);
                let mut j = 1;
                while j <= half {
                    const TILE: usize = 4;
                    let (mut even, mut odd) = ([first; TILE], [[zero; 2]; TILE]);
                    let mut index = [0; TILE];
                    for terms in extra[..2 * half].as_chunks::<2>().0 {
                        for t in 0..TILE {
                            // (j + t) k modulo the radix, without a division.
                            index[t] += j + t;
                            if index[t] >= radix {
                                index[t] -= radix;
                            }
                            let [c, s] = roots[index[t]];
                            let (c, s) = (simd.splat_f64s(c), simd.splat_f64s(s));
                            for c_part in 0..2 {
                                even[t][c_part] =
                                    simd.mul_add_f64s(c, terms[0][c_part], even[t][c_part]);
                                odd[t][c_part] =
                                    simd.mul_add_f64s(s, terms[1][c_part], odd[t][c_part]);
                            }
                        }
                    }
                    // The last tile may reach beyond R/2; its surplus sums are dropped.
                    for t in 0..TILE.min(half + 1 - j) {
                        let [minus, plus] = turned(simd, even[t], odd[t]);
                        let k = j + t;
                        let first = times(simd, minus, w[k - 1]);
                        let last = times(simd, plus, w[radix - k - 1]);
                        store::<S>(&mut y[k * batch + i], part, first);
                        store::<S>(&mut y[(radix - k) * batch + i], part, last);
                    }
                    j += TILE;
                }
            }
        }
    }
}
