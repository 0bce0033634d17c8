//! Relative rotations at which a fibre is known, with their weights in the mean over the group.

use pulp::{Arch, Simd, WithSimd};

use crate::Result;
use crate::activation::Real;
use crate::group::{Haar, Rotation, RotationGroup};

/// Rotations come in blocks of this many, so that every width of registers divides a block.
const BLOCK: usize = 16;

/// Matrices in O(3) with weights.
///
/// Entry `[3 c + b][r]` of the matrices is $`R_{cb}`$ of rotation r: rotations run along registers. Several rotations are filled up to whole
/// blocks, with identities of weight zero.
#[derive(Debug, Clone)]
pub(super) struct Rotations<T> {
    pub(super) entries: [Vec<T>; 9],
    weights: Vec<f64>,
}

impl<T: Real> Rotations<T> {
    /// The identity alone.
    pub(super) fn identity() -> Self {
        Rotations::of(std::iter::once((identity(), 1.0)))
    }

    /// The Gauss–Legendre rule with M rings and (2M − 1)² angles, exact up to degree 2M − 2.
    ///
    /// # Arguments
    /// * `band_limit` — M
    /// * `improper` — whether to take the mean over r and −r
    ///
    /// # Errors
    /// The errors of the construction of the rule.
    pub(super) fn haar(band_limit: usize, improper: bool) -> Result<Self> {
        let rule = RotationGroup.haar(2 * band_limit - 2)?;
        let signs: &[f64] = if improper { &[1.0, -1.0] } else { &[1.0] };
        let nodes = rule.nodes().iter().zip(rule.weights());
        let nodes = nodes.flat_map(|(node, weight)| {
            let matrix = node.to_matrix();
            signs.iter().map(move |sign| {
                let turned = matrix.map(|row| row.map(|x| sign * x));
                (turned, weight / signs.len() as f64)
            })
        });
        Ok(Rotations::of(nodes))
    }

    /// The identity, then these rotations: the identity has weight zero.
    pub(super) fn after_identity(&self) -> Self {
        let others = (0..self.weights.len()).map(|r| (self.matrix(r), self.weights[r]));
        Rotations::of(std::iter::once((identity(), 0.0)).chain(others))
    }

    fn of(nodes: impl Iterator<Item = ([[f64; 3]; 3], f64)>) -> Self {
        let mut rotations = Rotations {
            entries: Default::default(),
            weights: Vec::new(),
        };
        for (matrix, weight) in nodes {
            rotations.push(&matrix, weight);
        }
        let count = rotations.weights.len();
        if count > 1 {
            for _ in count..count.next_multiple_of(BLOCK) {
                rotations.push(&identity(), 0.0);
            }
        }
        rotations
    }

    fn push(&mut self, matrix: &[[f64; 3]; 3], weight: f64) {
        for (entries, value) in self.entries.iter_mut().zip(matrix.as_flattened()) {
            entries.push(T::of(*value));
        }
        self.weights.push(weight);
    }

    /// The matrix of a rotation.
    pub(super) fn matrix(&self, r: usize) -> [[f64; 3]; 3] {
        std::array::from_fn(|c| std::array::from_fn(|b| self.entries[3 * c + b][r].wide()))
    }

    /// The number of rotations, with those that fill the last block: one, or a multiple of [`BLOCK`].
    pub(super) fn len(&self) -> usize {
        self.weights.len()
    }

    /// The mean of values at the rotations, a sum in double precision.
    pub(super) fn mean(&self, values: &[T]) -> f64 {
        Arch::new().dispatch(Mean {
            values,
            weights: &self.weights,
        })
    }
}

/// Products that are added up side by side: a chain of additions would wait for each.
const CHAINS: usize = BLOCK;

/// The loop of [`Rotations::mean`], $`\sum_r w_r v_r`$ over two contiguous arrays.
struct Mean<'a, T> {
    values: &'a [T],
    weights: &'a [f64],
}

impl<T: Real> WithSimd for Mean<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f64 {
        let mut sums = [0.0; CHAINS];
        let (values, rest) = self.values.as_chunks::<CHAINS>();
        let (weights, rest_weights) = self.weights.as_chunks::<CHAINS>();
        for (values, weights) in values.iter().zip(weights) {
            for i in 0..CHAINS {
                sums[i] += values[i].wide() * weights[i];
            }
        }
        let rest = rest.iter().zip(rest_weights);
        let sum: f64 = sums.iter().sum();
        sum + rest.map(|(v, w)| v.wide() * w).sum::<f64>()
    }
}

fn identity() -> [[f64; 3]; 3] {
    Rotation::identity().to_matrix()
}

#[cfg(test)]
impl<T: Real> Rotations<T> {
    /// Some rotations with equal weights.
    pub(super) fn some(matrices: &[[[f64; 3]; 3]]) -> Self {
        let weight = 1.0 / matrices.len() as f64;
        Rotations::of(matrices.iter().map(|matrix| (*matrix, weight)))
    }
}
