//! The two small matrix products that carry the Wigner transform, on tables of [`WignerTable`](crate::wigner::table).

use pulp::{Simd, WithSimd};

/// Computes $`\sum_i d_i(\beta) \cdot packed_i`$ for the nodes of `V` registers, `K` columns at a time.
///
/// Lanes are nodes β: rows of the table are loaded, coefficients are broadcast, and the K V sums stay in registers over all degrees i.
///
/// `width` is the length of a row of the table and `column` the first register, both counted in registers; the rows
/// before `start` are zero.
#[inline(always)]
pub(super) fn expand<S: Simd, const K: usize, const V: usize>(
    simd: S,
    table: &[S::f64s],
    (width, column): (usize, usize),
    start: usize,
    packed: &[[f64; K]],
) -> [[S::f64s; K]; V] {
    let mut sums = [[simd.splat_f64s(0.0); K]; V];
    for (row, packed) in table.chunks_exact(width).zip(packed).skip(start) {
        let values = &row[column..column + V];
        for k in 0..K {
            let coeff = simd.splat_f64s(packed[k]);
            for v in 0..V {
                sums[v][k] = simd.mul_add_e_f64s(coeff, values[v], sums[v][k]);
            }
        }
    }
    sums
}

/// Computes `out[i] = Σ_j table[i][j] · data[j]`, `C` (8 or 16) columns at a time.
///
/// Lanes are columns, the real and imaginary parts of the members of a class; the sum over nodes j needs no addition across lanes.
/// Table values are broadcast, and T rows share each load of `data[j]`.
///
/// `width` is the length of a row of the table; where `starts` is not empty, its entries tell for each register of nodes
/// before which row the table is zero.
#[inline(always)]
pub(super) fn project<S: Simd, const C: usize>(
    simd: S,
    table: &[f64],
    width: usize,
    starts: &[usize],
    data: &[f64],
    out: &mut [f64],
) {
    simd.vectorize(Project::<C> {
        table,
        width,
        starts,
        data,
        out,
    });
}

/// The work of [`project`] as a function of its own: its code is generated once per instruction set.
struct Project<'a, const C: usize> {
    table: &'a [f64],
    width: usize,
    starts: &'a [usize],
    data: &'a [f64],
    out: &'a mut [f64],
}

impl<const C: usize> WithSimd for Project<'_, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Project {
            table,
            width,
            starts,
            data,
            out,
        } = self;
        // Q = C / lanes registers per row; T rows at once, as many as there are registers for Q T sums.
        match (S::F64_LANES, C) {
            (8, 16) => project_in::<S, 2, 8>(simd, table, width, starts, data, out),
            (8, _) => project_in::<S, 1, 8>(simd, table, width, starts, data, out),
            (4, 16) => project_in::<S, 4, 2>(simd, table, width, starts, data, out),
            (4, _) => project_in::<S, 2, 4>(simd, table, width, starts, data, out),
            (2, 16) => project_in::<S, 8, 1>(simd, table, width, starts, data, out),
            (2, _) => project_in::<S, 4, 2>(simd, table, width, starts, data, out),
            (_, 16) => project_in::<S, 16, 1>(simd, table, width, starts, data, out),
            _ => project_in::<S, 8, 1>(simd, table, width, starts, data, out),
        }
    }
}

/// `Q` registers hold the columns; `T` rows are computed together.
#[inline(always)]
fn project_in<S: Simd, const Q: usize, const T: usize>(
    simd: S,
    table: &[f64],
    width: usize,
    starts: &[usize],
    data: &[f64],
    out: &mut [f64],
) {
    let (data, _) = S::as_simd_f64s(data);
    let (out, _) = S::as_mut_simd_f64s(out);
    let rows = out.len() / Q;
    let mut row = 0;
    while row < rows {
        let left = rows - row;
        row += if left >= T {
            project_rows::<S, Q, T>(simd, table, width, starts, data, out, row)
        } else if T > 4 && left >= 4 {
            project_rows::<S, Q, 4>(simd, table, width, starts, data, out, row)
        } else if T > 2 && left >= 2 {
            project_rows::<S, Q, 2>(simd, table, width, starts, data, out, row)
        } else {
            project_rows::<S, Q, 1>(simd, table, width, starts, data, out, row)
        };
    }
}

/// Computes rows `first..first + T` of the product and returns `T`.
///
/// Registers of nodes at which all `T` rows are zero are skipped.
#[inline(always)]
fn project_rows<S: Simd, const Q: usize, const T: usize>(
    simd: S,
    table: &[f64],
    width: usize,
    starts: &[usize],
    data: &[S::f64s],
    out: &mut [S::f64s],
    first: usize,
) -> usize {
    let mut sums = [[simd.splat_f64s(0.0); Q]; T];
    let rows: [&[f64]; T] = std::array::from_fn(|t| &table[(first + t) * width..][..width]);
    for (r, data) in data.chunks_exact(Q * S::F64_LANES).enumerate() {
        if starts.get(r).is_some_and(|start| *start >= first + T) {
            continue;
        }
        for (lane, data) in data.chunks_exact(Q).enumerate() {
            let node = r * S::F64_LANES + lane;
            for t in 0..T {
                let value = simd.splat_f64s(rows[t][node]);
                for q in 0..Q {
                    sums[t][q] = simd.mul_add_e_f64s(value, data[q], sums[t][q]);
                }
            }
        }
    }
    for (out, sums) in out[first * Q..].chunks_exact_mut(Q).zip(&sums) {
        out.copy_from_slice(sums);
    }
    T
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::fft::LANES;
    use pulp::Arch;

    struct Products {
        rows: usize,
        registers: usize,
    }

    impl WithSimd for Products {
        type Output = ();

        /// Integers: both products are exact.
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let (rows, width) = (self.rows, self.registers * LANES);
            let table: Vec<f64> = (0..rows * width)
                .map(|i| (i * i % 97) as f64 - 3.0)
                .collect();
            let data: Vec<f64> = (0..width * 16).map(|i| (i % 23) as f64 - 9.0).collect();
            let mut out = vec![f64::NAN; rows * 16];
            project::<S, 16>(simd, &table, width, &[], &data, &mut out);
            let mut narrow = vec![f64::NAN; rows * 8];
            project::<S, 8>(simd, &table, width, &[], &data[..width * 8], &mut narrow);
            for i in 0..rows {
                for (k, found) in out[i * 16..][..16].iter().enumerate() {
                    let terms = (0..width).map(|j| table[i * width + j] * data[j * 16 + k]);
                    assert_eq!(*found, terms.sum::<f64>());
                }
                for (k, found) in narrow[i * 8..][..8].iter().enumerate() {
                    let terms = (0..width).map(|j| table[i * width + j] * data[j * 8 + k]);
                    assert_eq!(*found, terms.sum::<f64>());
                }
            }
            let packed: Vec<[f64; 4]> = (0..rows).map(|i| [i as f64, 1.0, -2.0, 5.0]).collect();
            let (registers, _) = S::as_simd_f64s(&table);
            let width_in_registers = width / S::F64_LANES;
            for start in 0..rows {
                let [sums] =
                    expand::<S, 4, 1>(simd, registers, (width_in_registers, 0), start, &packed);
                for (k, found) in sums.iter().enumerate() {
                    let terms = (start..rows).map(|i| packed[i][k] * table[i * width]);
                    let mut lanes = [0.0; LANES];
                    S::as_mut_simd_f64s(&mut lanes).0[0] = *found;
                    assert_eq!(lanes[0], terms.sum::<f64>());
                }
            }
        }
    }

    #[test]
    fn products_agree_with_their_sums() {
        for registers in [1, 2, 3] {
            for rows in 1..20 {
                Arch::new().dispatch(Products { rows, registers });
                pulp::Scalar::new().vectorize(Products { rows, registers });
            }
        }
    }
}
