//! Vectors and symmetric matrices of a few rows, in arrays of known length.

/// The scalar product.
#[inline]
pub(crate) fn dot<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    let mut sum = 0.0;
    for i in 0..N {
        sum += a[i] * b[i];
    }
    sum
}

/// The length of a vector; its square may overflow or underflow.
#[inline]
pub(crate) fn norm<const N: usize>(a: &[f64; N]) -> f64 {
    a.iter().fold(0.0, |norm, x| x.hypot(norm))
}

/// The vector product.
#[inline]
pub(crate) fn cross(a: &[f64; 3], b: &[f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

/// Eigenvalues and orthonormal eigenvectors of a symmetric matrix.
pub(crate) struct SymmetricEigen<const N: usize> {
    /// Eigenvalues, in no particular order.
    pub(crate) values: [f64; N],
    /// One eigenvector per eigenvalue, in the order of the eigenvalues.
    pub(crate) vectors: [[f64; N]; N],
}

impl<const N: usize> SymmetricEigen<N> {
    /// Decomposes a finite matrix by Jacobi's method.
    ///
    /// Each plane rotation annihilates one entry outside the diagonal, row by row, until all entries outside the diagonal vanish.
    /// Small components of an eigenvector keep their digits. The convergence is quadratic, and fewer than ten sweeps are usual.
    ///
    /// # References
    /// GV13, section 8.5.
    pub(crate) fn new(mut a: [[f64; N]; N]) -> Self {
        const MAX_SWEEPS: usize = 64;
        let entries = a.iter().flatten();
        let largest = entries.fold(0.0_f64, |largest, entry| largest.max(entry.abs()));
        // Eigenvectors are rows: entry (i, j) is component j of eigenvector i.
        let mut vectors = [[0.0; N]; N];
        for (i, row) in vectors.iter_mut().enumerate() {
            row[i] = 1.0;
        }
        if largest > 0.0 {
            a = a.map(|row| row.map(|entry| entry / largest));
        }
        for _ in 0..MAX_SWEEPS {
            let mut rotated = false;
            for p in 0..N {
                for q in p + 1..N {
                    if a[p][q] != 0.0 {
                        rotated = true;
                        annihilate(&mut a, &mut vectors, p, q);
                    }
                }
            }
            if !rotated {
                break;
            }
        }
        SymmetricEigen {
            values: std::array::from_fn(|i| largest * a[i][i]),
            vectors,
        }
    }

    /// The index of the largest eigenvalue.
    pub(crate) fn largest(&self) -> usize {
        (1..N).fold(0, |best, i| match self.values[i] > self.values[best] {
            true => i,
            false => best,
        })
    }
}

/// Rotates the plane of the axes p and q by the angle for which the entry (p, q) vanishes.
fn annihilate<const N: usize>(
    a: &mut [[f64; N]; N],
    vectors: &mut [[f64; N]; N],
    p: usize,
    q: usize,
) {
    // t = tan of the angle is the root of smaller modulus of t² + 2 h t − 1 = 0, h = (a_qq − a_pp) / (2 a_pq).
    let half = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let tan = 1.0_f64.copysign(half) / (half.abs() + half.hypot(1.0));
    let cos = 1.0 / tan.hypot(1.0);
    let sin = tan * cos;
    for row in a.iter_mut() {
        let (x, y) = (row[p], row[q]);
        (row[p], row[q]) = (cos * x - sin * y, sin * x + cos * y);
    }
    for rows in [&mut *a, vectors] {
        let both = rows.get_disjoint_mut([p, q]).expect("p is below q");
        let [first, second] = both;
        for (x, y) in first.iter_mut().zip(second) {
            (*x, *y) = (cos * *x - sin * *y, sin * *x + cos * *y);
        }
    }
    (a[p][q], a[q][p]) = (0.0, 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tol;

    /// A = V diag(λ) Vᵀ, with V orthogonal; degenerate, indefinite, huge and tiny matrices.
    #[test]
    fn matrices_are_decomposed() {
        let matrices = [
            [[0.0; 4]; 4],
            [[1.0; 4]; 4],
            [
                [4.0, 1.0, -2.0, 2.0],
                [1.0, 2.0, 0.0, 1.0],
                [-2.0, 0.0, 3.0, -2.0],
                [2.0, 1.0, -2.0, -1.0],
            ],
            [
                [2.0, 0.0, 0.0, 1e-9],
                [0.0, 2.0, 0.0, 0.0],
                [0.0, 0.0, -3.0, 0.0],
                [1e-9, 0.0, 0.0, 2.0],
            ],
        ];
        for scale in [1.0, 1e300, 1e-300] {
            for matrix in matrices {
                let matrix = matrix.map(|row| row.map(|entry| scale * entry));
                let SymmetricEigen { values, vectors } = SymmetricEigen::new(matrix);
                for i in 0..4 {
                    for j in 0..4 {
                        let product = dot(&vectors[i], &vectors[j]);
                        assert!((product - f64::from(i == j)).abs() <= tol::EIGENVALUE);
                        let sum: f64 = (0..4)
                            .map(|k| vectors[k][i] * (values[k] / scale) * vectors[k][j])
                            .sum();
                        assert!((sum - matrix[i][j] / scale).abs() <= 4.0 * tol::EIGENVALUE);
                    }
                }
            }
        }
        let eigen = SymmetricEigen::new([[2.0, 1.0], [1.0, 2.0]]);
        assert!((eigen.values[eigen.largest()] - 3.0).abs() <= tol::EIGENVALUE);
    }
}
