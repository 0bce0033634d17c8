//! Tables of the rotation of coefficients that depend on the band limit alone, in the order in which they are read.
//!
//! Orders n are taken in chunks of [`CHUNK`]; a row belongs to one chunk and one degree, and the rows of a chunk follow each
//! other. Lane j of chunk c is the order n = `CHUNK * c + j`; lanes with n > ℓ hold zeros.

use crate::simd::aligned::Aligned;
use crate::wigner::step::roots;
use pulp::{Arch, Simd, WithSimd};

/// Orders in a chunk: a whole number of registers of any instruction set.
pub(super) const CHUNK: usize = 32;

/// Roots and scales for every degree ℓ and order n ≤ ℓ.
///
/// Formulas: [`crate::wigner::step`].
#[derive(Debug)]
pub(super) struct RotationTables {
    pub band_limit: usize,
    /// `[row][2][lane]`: $`t_\ell(n)`$ and $`n\,t_\ell(n)`$.
    pub recurrence: Aligned,
    /// `[row][lane]`: $`s_\ell(n)`$.
    pub scale: Aligned,
    /// `[row][lane]`: $`w_{\ell+1}(n)`$.
    pub inverse_root: Aligned,
}

impl RotationTables {
    pub(super) fn new(band_limit: usize) -> Self {
        let rows = row_index(band_limit, chunks(band_limit) - 1, band_limit);
        let mut tables = RotationTables {
            band_limit,
            recurrence: Aligned::zeros(rows * 2 * CHUNK),
            scale: Aligned::zeros(rows * CHUNK),
            inverse_root: Aligned::zeros(rows * CHUNK),
        };
        Arch::new().dispatch(Fill {
            tables: &mut tables,
        });
        tables
    }

    /// The index of the row of a chunk and a degree not below the chunk's first order.
    #[inline(always)]
    pub(super) fn row(&self, chunk: usize, degree: usize) -> usize {
        row_index(self.band_limit, chunk, degree)
    }

    /// The number of rows of all chunks.
    pub(super) fn rows(&self) -> usize {
        self.scale.len() / CHUNK
    }
}

/// The number of chunks.
pub(super) fn chunks(band_limit: usize) -> usize {
    band_limit.div_ceil(CHUNK)
}

/// Chunk c has `band_limit - CHUNK * c` rows.
#[inline(always)]
fn row_index(band_limit: usize, chunk: usize, degree: usize) -> usize {
    // The chunks before it have c L − CHUNK c (c − 1) / 2 rows.
    let before = chunk * band_limit - CHUNK * (chunk * chunk.saturating_sub(1) / 2);
    before + degree - CHUNK * chunk
}

struct Fill<'a> {
    tables: &'a mut RotationTables,
}

impl WithSimd for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let tables = self.tables;
        let limit = tables.band_limit;
        for chunk in 0..chunks(limit) {
            let first = chunk * CHUNK;
            let mut orders = [0.0; CHUNK];
            for (j, order) in orders.iter_mut().enumerate() {
                *order = (first + j) as f64;
            }
            let mut scale = [0.0; CHUNK];
            for l in first..limit {
                let row = row_index(limit, chunk, l);
                if l - first < CHUNK {
                    scale[l - first] = 1.0;
                }
                let degree = l as f64;
                let recurrence = &mut tables.recurrence[2 * CHUNK * row..2 * CHUNK * (row + 1)];
                let (plain, times_order) = recurrence.split_at_mut(CHUNK);
                let scales = &mut tables.scale[CHUNK * row..CHUNK * (row + 1)];
                let inverse = &mut tables.inverse_root[CHUNK * row..CHUNK * (row + 1)];
                for j in 0..CHUNK {
                    let n = orders[j];
                    let inside = n <= degree;
                    // Beyond the triangle the arguments are harmless ones, and the results are dropped.
                    let here = if inside { scale[j] } else { 1.0 };
                    let [w, t, next] = roots(degree, if inside { n } else { 0.0 }, here);
                    scales[j] = if inside { here } else { 0.0 };
                    inverse[j] = if inside { w } else { 0.0 };
                    plain[j] = if inside { t } else { 0.0 };
                    times_order[j] = if inside { n * t } else { 0.0 };
                    scale[j] = next;
                }
            }
        }
    }
}
