//! Real matrices of rotations: the representations on real spherical harmonics.

use std::f64::consts::FRAC_1_SQRT_2;

use ndarray::{Array2, ArrayViewMut1};
use num_complex::Complex64;

use crate::Result;
use crate::wigner::wigner_d_matrix;

/// Number of entries of the matrices of all degrees below a band limit, $`L(4L^2-1)/3`$.
pub(super) fn count(band_limit: usize) -> usize {
    offset(band_limit)
}

/// The number of the first entry of the matrix of a degree; matrices are stored degree by degree, row by row.
pub(super) fn offset(degree: usize) -> usize {
    degree * (4 * degree * degree).saturating_sub(1) / 3
}

/// The number of entry (m, n) of a degree.
pub(super) fn entry(degree: usize, m: i64, n: i64) -> usize {
    let l = degree as i64;
    offset(degree) + ((m + l) * (2 * l + 1) + n + l) as usize
}

/// The complex harmonics in a real harmonic, $`S_a = \sum_m U_{am} Y_m`$: the orders m with a nonzero factor, and their factors.
pub(super) fn unitary_row(a: i64) -> Vec<(i64, Complex64)> {
    let (m, half) = (a.abs(), FRAC_1_SQRT_2);
    let sign = if m % 2 == 0 { half } else { -half };
    match a {
        0 => vec![(0, Complex64::ONE)],
        1.. => vec![(m, sign.into()), (-m, half.into())],
        _ => vec![
            (m, Complex64::new(0.0, -sign)),
            (-m, Complex64::new(0.0, half)),
        ],
    }
}

/// Wigner functions of all degrees below a band limit at one β.
pub(super) struct Beta(Vec<Array2<f64>>);

impl Beta {
    /// Computes the functions at β, radians in `[0, π]`.
    pub(super) fn new(band_limit: usize, beta: f64) -> Result<Beta> {
        let degrees = (0..band_limit).map(|l| wigner_d_matrix(l, beta));
        Ok(Beta(degrees.collect::<Result<_>>()?))
    }

    /// $`d^l_{mn}(\beta)`$.
    pub(super) fn value(&self, degree: usize, m: i64, n: i64) -> f64 {
        let l = degree as i64;
        self.0[degree][[(m + l) as usize, (n + l) as usize]]
    }

    /// Writes the matrices $`\Delta^l(g)`$ of $`g = R_z(\alpha) R_y(\beta) R_z(\gamma)`$, defined by
    /// $`S_{lm}(g x) = \sum_n \Delta^l_{mn}(g) S_{ln}(x)`$.
    ///
    /// Entry (m, n) of degree l is at [`entry`].
    pub(super) fn write(&self, alpha: f64, gamma: f64, mut out: ArrayViewMut1<'_, f64>) {
        // Y(g x) = conj(D(g)) Y(x) and S = U Y give Δ = U conj(D) U†, with conj(D_mn) = e^{imα} d_mn(β) e^{inγ}. A row of U has at most
        // two entries, so the product has at most four terms.
        for degree in 0..self.0.len() {
            let l = degree as i64;
            let rows: Vec<_> = (-l..=l).map(unitary_row).collect();
            let phases = |angle: f64| -> Vec<Complex64> {
                (-l..=l).map(|m| Complex64::cis(m as f64 * angle)).collect()
            };
            let (left, right) = (phases(alpha), phases(gamma));
            for (a, row) in (-l..=l).zip(&rows) {
                for (b, column) in (-l..=l).zip(&rows) {
                    let mut sum = 0.0;
                    for &(m, u) in row {
                        for &(n, v) in column {
                            let phase = left[(m + l) as usize] * right[(n + l) as usize];
                            sum += (u * phase * v.conj()).re * self.value(degree, m, n);
                        }
                    }
                    out[entry(degree, a, b)] = sum;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;
    use crate::group::{EulerZyz, Rotation};
    use crate::sphere::SphericalHarmonics;
    use crate::tol::FEW_TERMS as ROUNDING;

    #[test]
    fn matrices_move_the_real_harmonics() {
        let band_limit = 5;
        let [alpha, beta, gamma] = [0.7, 1.9, -2.3];
        let rotation = Rotation::from(EulerZyz::new(alpha, beta, gamma).unwrap());
        let x = [0.6, 0.0, -0.8];
        let harmonics = SphericalHarmonics::new(band_limit).unwrap();
        let mut before = vec![0.0; band_limit * band_limit];
        let mut after = before.clone();
        harmonics.write_real(x, &mut before).unwrap();
        harmonics.write_real(rotation.apply(x), &mut after).unwrap();
        let mut matrices = Array1::zeros(count(band_limit));
        let table = Beta::new(band_limit, beta).unwrap();
        table.write(alpha, gamma, matrices.view_mut());
        for l in 0..band_limit as i64 {
            let degree = l as usize;
            for m in -l..=l {
                let sum: f64 = (-l..=l)
                    .map(|n| matrices[entry(degree, m, n)] * before[(l * l + l + n) as usize])
                    .sum();
                let want = after[(l * l + l + m) as usize];
                assert!((sum - want).abs() < ROUNDING, "{l} {m}: {sum} {want}");
            }
        }
    }
}
