//! Products of the rows of two matrices, each entry with the same order of additions wherever it stands.

use pulp::{Arch, Simd, WithSimd};

/// Columns that stay in the cache while all rows of a block meet.
const PANEL: usize = 512;
/// Rows of either side that meet in registers: with 4 × 3 sums, every number that is loaded enters three or four products.
const LEFT: usize = 4;
const RIGHT: usize = 3;

/// Adds $`A B^\top`$ to a matrix.
///
/// An entry depends on its two rows alone, to the last bit, and not on the other rows of the block: its products are added panel by panel,
/// register by register, in one order. Exchanging A and B transposes the result exactly.
///
/// # Arguments
/// * `a`, `b` — rows of `len` numbers, row after row
/// * `out` — one row per row of A, one column per row of B
pub(crate) fn add_row_products(a: &[f64], b: &[f64], len: usize, out: &mut [f64]) {
    if len > 0 && !out.is_empty() {
        Arch::new().dispatch(RowProducts { a, b, len, out });
    }
}

/// The loop of [`add_row_products`].
struct RowProducts<'a> {
    a: &'a [f64],
    b: &'a [f64],
    len: usize,
    out: &'a mut [f64],
}

impl WithSimd for RowProducts<'_> {
    type Output = ();

    /// out[i, j] += Σ_k a[i, k] b[j, k]. Both matrices lie row by row, so that k runs along registers; LEFT × RIGHT sums stay in registers, and
    /// a panel of columns of B stays in the cache for all rows of A.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let RowProducts { a, b, len, out } = self;
        let (rows, columns) = (a.len() / len, b.len() / len);
        let mut start = 0;
        while start < len {
            let end = len.min(start + PANEL);
            let mut i = 0;
            while i < rows {
                let left = |r: usize| &a[r * len + start..r * len + end];
                let out = &mut out[i * columns..];
                if i + LEFT <= rows {
                    let left = [left(i), left(i + 1), left(i + 2), left(i + 3)];
                    strip(simd, left, b, [len, start, end], out);
                    i += LEFT;
                } else {
                    strip(simd, [left(i)], b, [len, start, end], out);
                    i += 1;
                }
            }
            start = end;
        }
    }
}

/// Some rows of A against all rows of B, on one panel.
#[inline(always)]
fn strip<S: Simd, const I: usize>(
    simd: S,
    left: [&[f64]; I],
    b: &[f64],
    [len, start, end]: [usize; 3],
    out: &mut [f64],
) {
    let columns = b.len() / len;
    let right = |r: usize| &b[r * len + start..r * len + end];
    let mut j = 0;
    while j + RIGHT <= columns {
        let right = [right(j), right(j + 1), right(j + 2)];
        tile(simd, left, right, &mut out[j..], columns);
        j += RIGHT;
    }
    while j < columns {
        tile(simd, left, [right(j)], &mut out[j..], columns);
        j += 1;
    }
}

/// I × J sums in registers.
#[inline(always)]
fn tile<S: Simd, const I: usize, const J: usize>(
    simd: S,
    left: [&[f64]; I],
    right: [&[f64]; J],
    out: &mut [f64],
    stride: usize,
) {
    let mut sums = [[simd.splat_f64s(0.0); J]; I];
    let (first, first_rest) = S::as_simd_f64s(left[0]);
    let (whole, rest) = (first.len(), first_rest.len());
    let mut left_registers = [first; I];
    let mut right_registers = [first; J];
    // Loops, not closures, which might stay calls outside of the instruction set.
    for i in 0..I {
        left_registers[i] = &S::as_simd_f64s(left[i]).0[..whole];
    }
    for j in 0..J {
        right_registers[j] = &S::as_simd_f64s(right[j]).0[..whole];
    }
    for k in 0..whole {
        let mut y = [simd.splat_f64s(0.0); J];
        for j in 0..J {
            y[j] = right_registers[j][k];
        }
        for i in 0..I {
            let x = left_registers[i][k];
            for j in 0..J {
                sums[i][j] = simd.mul_add_f64s(x, y[j], sums[i][j]);
            }
        }
    }
    if rest > 0 {
        for i in 0..I {
            let x = simd.partial_load_f64s(&left[i][left[i].len() - rest..]);
            for j in 0..J {
                let y = simd.partial_load_f64s(&right[j][right[j].len() - rest..]);
                sums[i][j] = simd.mul_add_f64s(x, y, sums[i][j]);
            }
        }
    }
    for i in 0..I {
        for j in 0..J {
            out[i * stride + j] += simd.reduce_sum_f64s(sums[i][j]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, len: usize, seed: usize) -> Vec<f64> {
        let entry = |i: usize| ((i * 7919 + seed * 104_729) % 1009) as f64 / 504.0 - 1.0;
        (0..rows * len).map(entry).collect()
    }

    /// Against the plain sum, and bit by bit against blocks of one row and one column.
    #[test]
    fn entries_are_sums_of_products_and_do_not_depend_on_their_block() {
        for (rows, columns, len) in [(1, 1, 1), (4, 3, 8), (5, 7, 13), (9, 8, 1029), (6, 2, 512)] {
            let (a, b) = (matrix(rows, len, 1), matrix(columns, len, 2));
            let mut found = vec![0.5; rows * columns];
            add_row_products(&a, &b, len, &mut found);
            let mut turned = vec![0.5; rows * columns];
            add_row_products(&b, &a, len, &mut turned);
            for i in 0..rows {
                for j in 0..columns {
                    let (x, y) = (&a[i * len..(i + 1) * len], &b[j * len..(j + 1) * len]);
                    let plain: f64 = x.iter().zip(y).map(|(x, y)| x * y).sum();
                    let sizes: f64 = x.iter().zip(y).map(|(x, y)| (x * y).abs()).sum();
                    let value = found[i * columns + j];
                    let tolerance = (len + 2) as f64 * f64::EPSILON * (sizes + 1.0);
                    assert!((value - plain - 0.5).abs() <= tolerance);
                    let mut alone = [0.5];
                    add_row_products(x, y, len, &mut alone);
                    assert_eq!(alone[0].to_bits(), value.to_bits());
                    assert_eq!(turned[j * rows + i].to_bits(), value.to_bits());
                }
            }
        }
    }
}
