//! Vectorised loops over the samples of fields.

use crate::numeric::geometric_mean;
use pulp::{Simd, WithSimd};

/// Computes out(x) = scale · Σ_c a_c(x) b_c(x), for the mean over channels of the products of two signals.
///
/// Channel c of a signal starts at `2 · len · c`: each field is stored twice in a row, so that any cyclic shift is contiguous. Channels
/// are the outer loop, so that the inner loop reads contiguous samples. No branch depends on the samples, and the compiler vectorises
/// the inner loop.
pub(super) struct Product<'a> {
    pub a: &'a [f64],
    pub b: &'a [f64],
    pub scale: f64,
    pub out: &'a mut [f64],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let len = self.out.len();
        for (c, (a, b)) in self
            .a
            .chunks(2 * len)
            .zip(self.b.chunks(2 * len))
            .enumerate()
        {
            let terms = a.iter().zip(b).map(|(a, b)| self.scale * a * b);
            for (out, term) in self.out.iter_mut().zip(terms) {
                *out = if c == 0 { term } else { *out + term };
            }
        }
    }
}

/// Adds scale · p(x) b_c(x) to the cotangent of each channel of one factor of [`Product`], which are contiguous and are not doubled.
pub(super) struct ProductAdjoint<'a> {
    /// p, the cotangent of the product.
    pub cotangent: &'a [f64],
    /// The other factor; its channels are stored twice in a row.
    pub other: &'a [f64],
    pub scale: f64,
    pub out: &'a mut [f64],
}

impl WithSimd for ProductAdjoint<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let len = self.cotangent.len();
        let channels = self.other.chunks(2 * len);
        for (out, other) in self.out.chunks_exact_mut(len).zip(channels) {
            let terms = self.cotangent.iter().zip(other);
            for (out, (p, b)) in out.iter_mut().zip(terms) {
                *out += self.scale * p * b;
            }
        }
    }
}

/// The smallest product of two variances that has all its digits.
const SMALLEST_SQUARE: f64 = f64::MIN_POSITIVE / f64::EPSILON;

/// Clamps covariances to their bound, |k| ≤ √(q₁ q₂), sample by sample.
pub(super) struct Confine<'a> {
    pub q1: &'a [f64],
    pub q2: &'a [f64],
    pub k: &'a mut [f64],
}

impl WithSimd for Confine<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        const CHUNK: usize = 32;
        let chunks = self.q1.chunks(CHUNK).zip(self.q2.chunks(CHUNK));
        for (k, (q1, q2)) in self.k.chunks_mut(CHUNK).zip(chunks) {
            // Chunks of samples are tested by squares, k² ≤ q₁ q₂, in a fold without branches. Roots are taken only in chunks that fail, or
            // whose squares leave the range of the numbers.
            let beyond = k
                .iter()
                .zip(q1.iter().zip(q2))
                .fold(false, |beyond, (k, (q1, q2))| {
                    let square = q1 * q2;
                    let safe = (SMALLEST_SQUARE..=f64::MAX).contains(&square);
                    beyond | (k * k > square) | !safe
                });
            if beyond {
                for (k, (q1, q2)) in k.iter_mut().zip(q1.iter().zip(q2)) {
                    let bound = geometric_mean(*q1, *q2);
                    *k = k.clamp(-bound, bound);
                }
            }
        }
    }
}
