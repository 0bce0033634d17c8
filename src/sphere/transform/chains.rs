//! The interface between the Legendre stage and the functions of one order: two chains of three-term recursions.
//!
//! A chain is the sequence $`v_0, v_1, \dots`$ of values at one ring with $`v_1 = (s_0 y + c_0) v_0`$ and
//! $`v_{j+1} = (s_j y + c_j) v_j - v_{j-1}`$; the functions are $`f_j v_j`$. y depends on the ring, and slope s, constant c and factor
//! f on order and step only: a step costs two fused multiplications per ring. Start values may lie below the
//! range of numbers, so they come as mantissa and scale: a value is its mantissa times
//! $`2^{-512 \, \mathrm{scale}}`$, and negligible while its scale is above 0.

use super::legendre_values::LegendreValues;
use super::shared_chains::Shared;
use crate::numeric::legendre_chains::Step;

/// The start of a chain at one block of rings.
pub(in crate::sphere) struct Start<'a> {
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
pub(in crate::sphere) trait Chains: Sync {
    /// L.
    fn band_limit(&self) -> usize;

    /// Blocks of rings.
    fn blocks(&self) -> usize {
        self.orders().len()
    }

    /// The blocks before this index use the polar variable.
    fn polar_blocks(&self) -> usize;

    /// For each block, orders below this have functions that are not negligible there; grows with the block, towards the equator.
    fn orders(&self) -> &[usize];

    /// For each block, orders below this start without scales; grows with the block.
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

    /// Computes the coefficients of a chain, times the factors of its steps, from the coefficients of the order, `[l − m]`.
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

    /// The spin weight of the functions.
    fn spin(&self) -> i64 {
        0
    }

    /// Converts a cell from one part per chain to its even and odd parts, `[parity][component][lane]`.
    fn join_parity(&self, _cell: &mut [f64]) {}

    /// The transpose of [`Chains::join_parity`].
    fn split_parity(&self, _cell: &mut [f64]) {}

    /// Whether [`Chains::join_parity`] and [`Chains::split_parity`] do anything.
    const MIXED: bool = false;
}

/// Returns, per block, a bound of orders: below it, no start has a scale in this block and in all blocks further from the pole.
///
/// `scaled(block, order)` tells whether some start has one. The minimum runs from the last block back, so the bounds grow.
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
