//! The sum over pairs of edges, at all relative rotations at once.

use pulp::{Arch, Scalar, Simd, WithSimd};

use super::rotations::Rotations;

/// One pair of edges: from atom i to k in the first molecule, and from j to l in the second one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    /// The numbers of both edges.
    pub(super) edges: [u32; 2],
    /// The pair (k, l).
    pub(super) far: u32,
    /// The covariance of the filters of both edges without its angular part.
    pub(super) weight: f64,
}

/// The pairs of edges of all pairs of atoms.
#[derive(Debug, Clone, Default)]
pub(super) struct Terms {
    /// The first term of each pair of atoms, and the number of terms.
    pub(super) starts: Vec<usize>,
    pub(super) terms: Vec<Term>,
    /// The directions of all edges of both molecules.
    pub(super) directions: [Vec<[f64; 3]>; 2],
    /// For each pair of atoms, the share of its own kernel.
    pub(super) shares: Vec<f64>,
}

/// The sum over neighbours of both kernels.
///
/// ```math
/// K'_{ij}(r) = \sum_{kl} w_{ik,jl}\, p\big((r \hat u_{ik}) \cdot \hat u'_{jl}\big)\, K_{kl}(r) + s_{ij} K_{ij}(r)
/// ```
pub(super) struct MessageSums<'a> {
    pub(super) terms: &'a Terms,
    pub(super) rotations: &'a Rotations,
    /// The coefficients of the angular part p as a polynomial in the cosine.
    pub(super) polynomial: &'a [f64],
    /// Whether K is one for all pairs (k, l) of the terms, and Θ is zero.
    pub(super) from_labels: bool,
    /// K and Θ before the sum, one row over the rotations per pair of atoms.
    pub(super) kernels: [&'a [f64]; 2],
    /// K and Θ after the sum; overwritten.
    pub(super) sums: [&'a mut [f64]; 2],
    /// Scratch for the rotated directions.
    pub(super) turned: &'a mut Vec<f64>,
}

impl MessageSums<'_> {
    pub(super) fn run(self) {
        Arch::new().dispatch(self);
    }

    /// Runs over the rotations, R registers at a time. The directions of all edges of the first molecule are rotated first; they and the rows of
    /// both kernels at these rotations then stay in the nearest cache, where all pairs of edges meet them. The sums of a pair of atoms stay in
    /// registers.
    #[inline(always)]
    fn blocks<S: Simd, const R: usize, const FROM_LABELS: bool>(self, simd: S) {
        let zero = simd.splat_f64s(0.0);
        let matrices = self.rotations.entries.each_ref();
        let matrices = matrices.map(|entries| S::as_simd_f64s(entries).0);
        let count = matrices[0].len();
        let [left, right] = &self.terms.directions;
        let lanes = self.rotations.len() / count;
        self.turned.clear();
        self.turned.resize(left.len() * 3 * R * lanes, 0.0);
        let turned = S::as_mut_simd_f64s(self.turned).0;
        let [nngp, ntk] = self.kernels.map(|kernel| S::as_simd_f64s(kernel).0);
        let [new_nngp, new_ntk] = self.sums.map(|sums| S::as_mut_simd_f64s(sums).0);
        let mut coefficients = [zero; crate::network::MAX_MESSAGE_DEGREES];
        for (register, &value) in coefficients.iter_mut().zip(self.polynomial) {
            *register = simd.splat_f64s(value);
        }
        let coefficients = &coefficients[..self.polynomial.len()];
        for start in (0..count).step_by(R) {
            for (edge, u) in turned.chunks_exact_mut(3 * R).zip(left) {
                let u = [
                    simd.splat_f64s(u[0]),
                    simd.splat_f64s(u[1]),
                    simd.splat_f64s(u[2]),
                ];
                for c in 0..3 {
                    for q in 0..R {
                        let at = start + q;
                        let v = simd.mul_f64s(matrices[3 * c][at], u[0]);
                        let v = simd.mul_add_f64s(matrices[3 * c + 1][at], u[1], v);
                        edge[c * R + q] = simd.mul_add_f64s(matrices[3 * c + 2][at], u[2], v);
                    }
                }
            }
            for pair in 0..self.terms.shares.len() {
                let mut k = [zero; R];
                let mut t = [zero; R];
                let range = self.terms.starts[pair]..self.terms.starts[pair + 1];
                for term in &self.terms.terms[range] {
                    let [e, f] = term.edges;
                    let v = &turned[e as usize * 3 * R..(e as usize + 1) * 3 * R];
                    let u = &right[f as usize];
                    let u = [
                        simd.splat_f64s(u[0]),
                        simd.splat_f64s(u[1]),
                        simd.splat_f64s(u[2]),
                    ];
                    let weight = simd.splat_f64s(term.weight);
                    let far = term.far as usize * count + start;
                    for q in 0..R {
                        let cosine = simd.mul_f64s(v[q], u[0]);
                        let cosine = simd.mul_add_f64s(v[R + q], u[1], cosine);
                        let cosine = simd.mul_add_f64s(v[2 * R + q], u[2], cosine);
                        let mut p = coefficients[coefficients.len() - 1];
                        for c in coefficients[..coefficients.len() - 1].iter().rev() {
                            p = simd.mul_add_f64s(p, cosine, *c);
                        }
                        if FROM_LABELS {
                            k[q] = simd.mul_add_f64s(p, weight, k[q]);
                        } else {
                            let p = simd.mul_f64s(p, weight);
                            k[q] = simd.mul_add_f64s(p, nngp[far + q], k[q]);
                            t[q] = simd.mul_add_f64s(p, ntk[far + q], t[q]);
                        }
                    }
                }
                let share = simd.splat_f64s(self.terms.shares[pair]);
                let at = pair * count + start;
                for q in 0..R {
                    new_nngp[at + q] = simd.mul_add_f64s(share, nngp[at + q], k[q]);
                    new_ntk[at + q] = simd.mul_add_f64s(share, ntk[at + q], t[q]);
                }
            }
        }
    }
}

impl WithSimd for MessageSums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // A block of rotations has an even number of registers; the identity alone is no block.
        match (self.rotations.len(), self.from_labels) {
            (1, true) => self.blocks::<Scalar, 1, true>(Scalar::new()),
            (1, false) => self.blocks::<Scalar, 1, false>(Scalar::new()),
            (_, true) => self.blocks::<S, 2, true>(simd),
            (_, false) => self.blocks::<S, 2, false>(simd),
        }
    }
}

/// The coefficients of $`\sum_l s_l P_l(t)`$ as a polynomial in t.
pub(super) fn polynomial(spectrum: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; spectrum.len()];
    // P_l and P_{l−1}.
    let (mut current, mut last) = (vec![1.0], vec![0.0]);
    for (l, &share) in spectrum.iter().enumerate() {
        for (sum, c) in sum.iter_mut().zip(&current) {
            *sum += share * c;
        }
        // (l + 1) P_{l+1} = (2l + 1) t P_l − l P_{l−1}
        let n = l as f64;
        let mut next = vec![0.0; l + 2];
        for (i, c) in current.iter().enumerate() {
            next[i + 1] += (2.0 * n + 1.0) / (n + 1.0) * c;
        }
        for (i, c) in last.iter().enumerate() {
            next[i] -= n / (n + 1.0) * c;
        }
        last = std::mem::replace(&mut current, next);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::legendre_polynomials;
    use crate::tol;

    #[test]
    fn polynomials_are_sums_of_legendre_functions() {
        let spectrum = [0.3, 0.1, 0.0, 0.7, 0.2, 0.4, 0.05, 0.6, 0.9];
        for count in 1..=spectrum.len() {
            let found = polynomial(&spectrum[..count]);
            for t in [-1.0, -0.3, 0.0, 0.77, 1.0] {
                let mut values = vec![0.0; count];
                legendre_polynomials(1.0 - t, &mut values);
                let want: f64 = values.iter().zip(&spectrum).map(|(p, s)| p * s).sum();
                let value = found.iter().rev().fold(0.0, |sum, c| sum * t + c);
                assert!(
                    (value - want).abs() < tol::HUNDREDS_OF_TERMS,
                    "{count} {t}: {value} {want}"
                );
            }
        }
    }
}
