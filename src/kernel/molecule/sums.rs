//! The sum over pairs of edges, at all relative rotations at once.

use pulp::{Arch, Scalar, Simd, WithSimd};

use crate::activation::Real;
use crate::simd::pack::Pack;

use super::edge_pairs::EdgePairs;
use super::rotations::Rotations;
use super::signal::MoleculeSignal;

/// One pair of edges, as the loop over rotations reads it.
#[derive(Debug, Clone, Copy)]
struct Term<T> {
    /// The edge from atom i to k in the first molecule.
    edge: u32,
    /// The pair (k, l).
    far: u32,
    /// The weight w of the pair and the direction û' of the second edge. Where the angular part is $`c_0 + c_1 t`$, $`w c_0`$ and
    /// $`w c_1 \hat u'`$: the product of both is then one sum.
    factors: [T; 4],
}

/// Scratch of the sums.
#[derive(Debug, Clone, Default)]
pub(super) struct SumScratch<T> {
    terms: Vec<Term<T>>,
    /// The directions of all edges of the first molecule.
    directions: Vec<[T; 3]>,
    shares: Vec<T>,
    coefficients: Vec<T>,
    /// The rotated directions.
    turned: Vec<T>,
}

/// The sum over neighbours of both kernels.
///
/// ```math
/// K'_{ij}(r) = \sum_{kl} w_{ik,jl}\, p\big((r \hat u_{ik}) \cdot \hat u'_{jl}\big)\, K_{kl}(r) + s_{ij} K_{ij}(r)
/// ```
pub(super) struct MessageSums<'a, T: Real> {
    pub(super) pairs: &'a EdgePairs,
    /// Both molecules, and the number of the message.
    pub(super) signals: ([&'a MoleculeSignal; 2], usize),
    pub(super) rotations: &'a Rotations<T>,
    /// The coefficients of the angular part p as a polynomial in the cosine.
    pub(super) polynomial: &'a [f64],
    /// Whether K is one for all pairs (k, l) of the terms, and Θ is zero.
    pub(super) from_labels: bool,
    /// K and Θ before the sum, one row over the rotations per pair of atoms.
    pub(super) kernels: [&'a [T]; 2],
    /// K and Θ after the sum; overwritten.
    pub(super) sums: [&'a mut [T]; 2],
    pub(super) scratch: &'a mut SumScratch<T>,
}

impl<T: Real> MessageSums<'_, T> {
    /// Whether the factors of the terms contain the angular part.
    fn is_linear(&self) -> bool {
        self.polynomial.len() == 2 && !self.from_labels
    }

    pub(super) fn run(self) {
        let ([first, second], index) = self.signals;
        let linear = self.is_linear();
        let round = |u: [f64; 3]| u.map(T::of);
        let scratch = &mut *self.scratch;
        scratch.directions.clear();
        let edges = &first.messages[index].edges;
        let directions = edges.iter().map(|edge| round(edge.direction));
        scratch.directions.extend(directions);
        let others = &second.messages[index].edges;
        let terms = self.pairs.pairs.iter().zip(&self.pairs.weights);
        scratch.terms.clear();
        scratch.terms.extend(terms.map(|(pair, &weight)| {
            let [x, y, z] = others[pair.edges[1] as usize].direction;
            let factors = match linear {
                true => {
                    let slope = weight * self.polynomial[1];
                    [weight * self.polynomial[0], slope * x, slope * y, slope * z]
                }
                false => [weight, x, y, z],
            };
            Term {
                edge: pair.edges[0],
                far: pair.far,
                factors: factors.map(T::of),
            }
        }));
        let rounded = |to: &mut Vec<T>, from: &[f64]| {
            to.clear();
            to.extend(from.iter().map(|&x| T::of(x)));
        };
        rounded(&mut scratch.shares, &self.pairs.shares);
        rounded(&mut scratch.coefficients, self.polynomial);
        let [new_nngp, new_ntk] = self.sums;
        Arch::new().dispatch(Sums {
            starts: &self.pairs.starts,
            terms: &scratch.terms,
            directions: &scratch.directions,
            shares: &scratch.shares,
            coefficients: &scratch.coefficients,
            turned: &mut scratch.turned,
            rotations: self.rotations,
            linear,
            from_labels: self.from_labels,
            kernels: self.kernels,
            new_nngp,
            new_ntk,
        });
    }
}

/// The loop of [`MessageSums`].
///
/// It runs over the rotations, R registers at a time. The directions of all edges of the first molecule are rotated first; they and the rows of both
/// kernels at these rotations then stay in the nearest caches, where all pairs of edges meet them. The sums of a pair of atoms stay in registers.
struct Sums<'a, T: Real> {
    starts: &'a [usize],
    terms: &'a [Term<T>],
    directions: &'a [[T; 3]],
    shares: &'a [T],
    coefficients: &'a [T],
    turned: &'a mut Vec<T>,
    rotations: &'a Rotations<T>,
    linear: bool,
    from_labels: bool,
    kernels: [&'a [T]; 2],
    new_nngp: &'a mut [T],
    new_ntk: &'a mut [T],
}

impl<T: Real> Sums<'_, T> {
    /// All rotations, in blocks of several registers. A pair of edges costs as much scalar work per block as products of two registers.
    #[inline(always)]
    fn all<S: Simd, const FROM_LABELS: bool, const LINEAR: bool>(&mut self, simd: S) {
        let lanes = size_of::<T::Register<S>>() / size_of::<T>();
        let count = self.rotations.len() / lanes;
        let mut start = 0;
        while start + 4 <= count {
            self.block::<S, 4, FROM_LABELS, LINEAR>(simd, start);
            start += 4;
        }
        while start + 2 <= count {
            self.block::<S, 2, FROM_LABELS, LINEAR>(simd, start);
            start += 2;
        }
        if start < count {
            self.block::<S, 1, FROM_LABELS, LINEAR>(simd, start);
        }
    }

    /// Rotates the directions of all edges of the first molecule.
    #[inline(always)]
    fn rotate<S: Simd, const R: usize>(&mut self, simd: S, start: usize) {
        let lanes = size_of::<T::Register<S>>() / size_of::<T>();
        self.turned
            .resize(self.directions.len() * 3 * R * lanes, T::of(0.0));
        let (turned, _) = T::split_mut::<S>(self.turned);
        for c in 0..3 {
            let mut rows = [[Pack::splat(simd, T::of(0.0)); R]; 3];
            for (b, row) in rows.iter_mut().enumerate() {
                let (entries, _) = T::split::<S>(&self.rotations.entries[3 * c + b]);
                for (register, &entry) in row.iter_mut().zip(&entries[start..start + R]) {
                    *register = Pack::new(simd, entry);
                }
            }
            for (edge, u) in turned.chunks_exact_mut(3 * R).zip(self.directions) {
                let [x, y, z] = u.map(|u| Pack::splat(simd, u));
                for q in 0..R {
                    let v = rows[0][q] * x;
                    let v = rows[2][q].mul_add(z, rows[1][q].mul_add(y, v));
                    edge[c * R + q] = v.register;
                }
            }
        }
    }

    #[inline(always)]
    fn block<S: Simd, const R: usize, const FROM_LABELS: bool, const LINEAR: bool>(
        &mut self,
        simd: S,
        start: usize,
    ) {
        self.rotate::<S, R>(simd, start);
        let (turned, _) = T::split::<S>(self.turned);
        let (nngp, _) = T::split::<S>(self.kernels[0]);
        let (ntk, _) = T::split::<S>(self.kernels[1]);
        let (new_nngp, _) = T::split_mut::<S>(self.new_nngp);
        let (new_ntk, _) = T::split_mut::<S>(self.new_ntk);
        let lanes = size_of::<T::Register<S>>() / size_of::<T>();
        let count = self.rotations.len() / lanes;
        let zero = Pack::splat(simd, T::of(0.0));
        let mut coefficients = [zero; crate::network::MAX_MESSAGE_DEGREES];
        for (register, &value) in coefficients.iter_mut().zip(self.coefficients) {
            *register = Pack::splat(simd, value);
        }
        let coefficients = &coefficients[..self.coefficients.len()];
        let (highest, lower) = (
            coefficients[coefficients.len() - 1],
            &coefficients[..coefficients.len() - 1],
        );
        let pairs = self.starts.windows(2).zip(self.shares).enumerate();
        for (pair, (ends, &share)) in pairs {
            let mut k = [zero; R];
            let mut t = [zero; R];
            for term in &self.terms[ends[0]..ends[1]] {
                let v = &turned[term.edge as usize * 3 * R..][..3 * R];
                let mut factors = [zero; 4];
                for (factor, &value) in factors.iter_mut().zip(&term.factors) {
                    *factor = Pack::splat(simd, value);
                }
                let [lead, x, y, z] = factors;
                // Slices of known length: the loop over registers has no checks.
                let far = match FROM_LABELS {
                    true => 0,
                    false => term.far as usize * count + start,
                };
                let (far_nngp, far_ntk) = (&nngp[far..][..R], &ntk[far..][..R]);
                for q in 0..R {
                    let [a, b, c] = [v[q], v[R + q], v[2 * R + q]].map(
                        #[inline(always)]
                        |v| Pack::new(simd, v),
                    );
                    let product = if LINEAR {
                        c.mul_add(z, b.mul_add(y, a.mul_add(x, lead)))
                    } else {
                        let cosine = c.mul_add(z, b.mul_add(y, a * x));
                        let mut p = highest;
                        for &coefficient in lower.iter().rev() {
                            p = p.mul_add(cosine, coefficient);
                        }
                        p * lead
                    };
                    if FROM_LABELS {
                        k[q] = k[q] + product;
                    } else {
                        k[q] = product.mul_add(Pack::new(simd, far_nngp[q]), k[q]);
                        t[q] = product.mul_add(Pack::new(simd, far_ntk[q]), t[q]);
                    }
                }
            }
            let share = Pack::splat(simd, share);
            let at = pair * count + start;
            let (nngp, ntk) = (&nngp[at..][..R], &ntk[at..][..R]);
            let (new_nngp, new_ntk) = (&mut new_nngp[at..][..R], &mut new_ntk[at..][..R]);
            for q in 0..R {
                new_nngp[q] = share.mul_add(Pack::new(simd, nngp[q]), k[q]).register;
                new_ntk[q] = share.mul_add(Pack::new(simd, ntk[q]), t[q]).register;
            }
        }
    }
}

impl<T: Real> WithSimd for Sums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        // Blocks of rotations fill whole registers; the identity alone is no block.
        let one = Scalar::new();
        match (self.rotations.len(), self.from_labels, self.linear) {
            (1, true, _) => self.all::<_, true, false>(one),
            (1, false, true) => self.all::<_, false, true>(one),
            (1, false, false) => self.all::<_, false, false>(one),
            (_, true, _) => self.all::<_, true, false>(simd),
            (_, false, true) => self.all::<_, false, true>(simd),
            (_, false, false) => self.all::<_, false, false>(simd),
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
