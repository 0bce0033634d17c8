//! The data between the Legendre stage and the Fourier stage: cells of one order and one block of pairs of rings.
//!
//! A cell is `[parity][component][lane]`: the parts of $`F_m(\theta)`$ that are even and odd about the equator, by the parity of
//! $`\ell - m`$. The components are the real and imaginary part of order m, and for complex signals of order −m too.

use super::ring_pairs::LANES;

/// Orders that the Legendre stage takes together.
pub(in crate::sphere) const ORDERS: usize = 8;

/// The order of cells in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sphere) struct CellLayout {
    /// 2 for real, 4 for complex signals.
    pub components: usize,
    /// Numbers from one group of [`ORDERS`] orders to the next.
    pub group_stride: usize,
    /// Numbers from one block to the next.
    pub block_stride: usize,
    /// Numbers in all.
    pub len: usize,
}

impl CellLayout {
    /// `[group of orders][block][order]`: the synthesis writes the cells of one group of orders to consecutive memory.
    pub(in crate::sphere) fn by_orders(
        components: usize,
        band_limit: usize,
        blocks: usize,
    ) -> Self {
        let block_stride = ORDERS * 2 * components * LANES;
        let group_stride = blocks * block_stride;
        CellLayout {
            components,
            group_stride,
            block_stride,
            len: band_limit.div_ceil(ORDERS) * group_stride,
        }
    }

    /// `[block][order]`: the analysis writes the cells of one block to consecutive memory.
    pub(in crate::sphere) fn by_blocks(
        components: usize,
        band_limit: usize,
        blocks: usize,
    ) -> Self {
        let group_stride = ORDERS * 2 * components * LANES;
        // One cache line more: with strides of a power of two, cells of all blocks would fall on few sets of the cache.
        let block_stride = band_limit.div_ceil(ORDERS) * group_stride + LANES;
        CellLayout {
            components,
            group_stride,
            block_stride,
            len: blocks * block_stride,
        }
    }

    /// Numbers of one cell.
    #[inline(always)]
    pub(in crate::sphere) fn cell(&self) -> usize {
        2 * self.components * LANES
    }

    /// Where a cell starts.
    #[inline(always)]
    pub(in crate::sphere) fn position(&self, order: usize, block: usize) -> usize {
        order / ORDERS * self.group_stride
            + block * self.block_stride
            + order % ORDERS * self.cell()
    }
}
