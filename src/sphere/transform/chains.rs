//! What the Legendre stage needs to know of the functions of one order: two chains of three-term recursions.

use super::legendre_values::LegendreValues;
use super::shared_chains::Shared;
use crate::numeric::legendre_chains::Step;

/// The start of a chain at one block of rings.
pub(super) struct Start<'a> {
    /// Mantissas.
    pub seed: &'a [f64],
    /// Units of scale below the mantissas.
    pub scale: &'a [f64],
    /// A factor of the mantissas.
    pub factor: Option<&'a [f64]>,
}

/// Two chains of functions for each order m ≥ 0, at rings in blocks of eight.
///
/// Legendre functions have one chain for each parity of $`\ell - m`$; spin-weighted ones have one for each sign of the spin.
pub(super) trait Chains: Sync {
    /// L.
    fn band_limit(&self) -> usize;

    /// Blocks of rings.
    fn blocks(&self) -> usize {
        self.orders().len()
    }

    /// The blocks before this index use the polar variable.
    fn polar_blocks(&self) -> usize;

    /// Orders below this are seen by each block; growing.
    fn orders(&self) -> &[usize];

    /// Orders below this start without scales at each block; growing.
    fn plain_orders(&self) -> &[usize];

    /// The variable y of the recursion at each ring.
    fn variable(&self) -> &[f64];

    /// The steps of one chain.
    fn chain(&self, order: usize, which: usize) -> &[Step];

    /// The start of one chain.
    fn start(&self, block: usize, order: usize, which: usize) -> Start<'_>;

    /// Longest chain.
    fn longest(&self) -> usize;

    /// The shared chains of blocks near the poles, which then have no others.
    fn shared(&self) -> Option<Shared<'_>> {
        None
    }

    /// The blocks before this index have shared chains.
    fn shared_blocks(&self) -> usize {
        self.shared().map_or(0, |shared| shared.chains.blocks)
    }

    /// The table of values, if the transform of one signal uses it.
    fn tabulated(&self) -> Option<&LegendreValues> {
        None
    }

    /// A table of all functions at all rings, for batches; made when first needed.
    fn values(&self) -> Option<&LegendreValues> {
        None
    }

    /// The coefficients of a chain, times the factors of its steps, from those of the order, `[l − m]`.
    fn fill_chain<const C: usize>(
        &self,
        order: usize,
        which: usize,
        coeffs: &[[f64; C]],
        chain: &mut [[f64; C]],
    );

    /// The transpose of [`Chains::fill_chain`]; the second chain adds to the first where they meet.
    fn take_chain<const C: usize>(
        &self,
        order: usize,
        which: usize,
        chain: &[[f64; C]],
        coeffs: &mut [[f64; C]],
    );

    /// The sign of the periodic extension over the poles, $`F_m(-\theta) = \pm F_m(\theta)`$.
    fn extension_sign(&self, order: usize) -> f64;

    /// Turns what the chains make into the even and odd parts of a cell, `[parity][component][lane]`.
    fn join_parity(&self, _cell: &mut [f64]) {}

    /// The transpose of [`Chains::join_parity`].
    fn split_parity(&self, _cell: &mut [f64]) {}

    /// Whether the last two do anything.
    const MIXED: bool = false;
}

/// Orders below this start without scales at each block, and at all blocks further from the pole; `scaled(block, order)` says
/// whether some start has one.
pub(super) fn plain_orders(orders: &[usize], scaled: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut least = usize::MAX;
    let mut plain: Vec<usize> = orders
        .iter()
        .enumerate()
        .rev()
        .map(|(block, &seen)| {
            let first = (0..seen).find(|&order| scaled(block, order));
            least = least.min(first.unwrap_or(seen));
            least
        })
        .collect();
    plain.reverse();
    plain
}
