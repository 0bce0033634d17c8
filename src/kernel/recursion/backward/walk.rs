//! The steps of the recursion, last to first.

use crate::Result;
use crate::activation::Activation;
use crate::kernel::recursion::steps::{Map, Step};
use crate::network::{Filter, Init};

/// The cotangents of both kernels at the points of a batch.
#[derive(Debug, Clone, Default)]
pub(super) struct Pull {
    pub(super) nngp: Vec<f64>,
    pub(super) ntk: Vec<f64>,
    /// Buffers for the branches of sums.
    waiting: Vec<[Vec<f64>; 2]>,
}

/// A place where the walk backwards acts; it reads the tape of its walk forwards.
pub(super) trait BackPlace {
    /// The adjoint of the mean over a filter, for both cotangents.
    fn average_adjoint(&mut self, filter: &Filter, pull: &mut Pull);

    /// The adjoint of an activation; adds to the cotangents of the variances.
    fn activate_adjoint(&mut self, activation: &Activation, pull: &mut Pull) -> Result<()>;
}

/// Carries the cotangents of both kernels back through `steps`.
///
/// Both branches of a sum begin with its cotangents, and their results are added.
pub(super) fn back<P: BackPlace>(steps: &[Step], place: &mut P, pull: &mut Pull) -> Result<()> {
    for Step { layer, map } in steps.iter().rev() {
        match map {
            Map::Linear(init, filter) => {
                linear_adjoint(*init, pull);
                if let Some(filter) = filter {
                    place.average_adjoint(filter, pull);
                }
            }
            Map::Activation(activation) => place
                .activate_adjoint(activation, pull)
                .map_err(|error| error.in_layer(*layer))?,
            Map::Aggregation(filter) => place.average_adjoint(filter, pull),
            // The tape is read from its end, so that the second branch comes first.
            Map::Sum([first, second]) => {
                let mut sums = pull.copy();
                back(second, place, pull)?;
                std::mem::swap(&mut sums[0], &mut pull.nngp);
                std::mem::swap(&mut sums[1], &mut pull.ntk);
                back(first, place, pull)?;
                pull.add(&sums);
                pull.waiting.push(sums);
            }
            // Every block ends in a summand, and every block but the first begins where the block before it ends.
            Map::Jumping(blocks) => {
                let summand = pull.copy();
                for (index, block) in blocks.iter().enumerate().rev() {
                    back(block, place, pull)?;
                    if index > 0 {
                        pull.add(&summand);
                    }
                }
                pull.waiting.push(summand);
            }
        }
    }
    Ok(())
}

impl Pull {
    /// A copy of both cotangents, in spare memory.
    fn copy(&mut self) -> [Vec<f64>; 2] {
        let mut copy = self.waiting.pop().unwrap_or_default();
        copy[0].clone_from(&self.nngp);
        copy[1].clone_from(&self.ntk);
        copy
    }

    fn add(&mut self, [nngp, ntk]: &[Vec<f64>; 2]) {
        for (sums, terms) in [(&mut self.nngp, nngp), (&mut self.ntk, ntk)] {
            assert_eq!(sums.len(), terms.len(), "branches know the same points");
            for (sum, term) in sums.iter_mut().zip(terms) {
                *sum += term;
            }
        }
    }
}

/// The adjoint of K ← w K + b, Θ ← K + w Θ: a ← w (a + b), b ← w b.
fn linear_adjoint(init: Init, pull: &mut Pull) {
    let weight = init.weight_std * init.weight_std;
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            // Both arrays are contiguous over the points, and the compiler vectorises the loop.
            for (a, b) in pull.nngp.iter_mut().zip(&mut pull.ntk) {
                *a = weight * (*a + *b);
                *b *= weight;
            }
        },
    );
}

/// The adjoint of the first layer, K = Θ = w p + b: a ← w (a + b), the cotangent of p, and of the steps before it, where there is no tangent
/// kernel.
pub(super) fn first_adjoint<P: BackPlace>(
    init: Init,
    input: &[Step],
    place: &mut P,
    pull: &mut Pull,
) -> Result<()> {
    linear_adjoint(init, pull);
    if !input.is_empty() {
        pull.ntk.fill(0.0);
    }
    back(input, place, pull)
}
