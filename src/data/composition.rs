//! The composition baseline: one energy per element, fitted by least squares.

use ndarray::{Array1, Array2, ArrayView2, aview1};

use super::molecule::{Element, Molecule};
use crate::check;
use crate::error::{Error, Result};
use crate::numeric::powers::{exponent, times_power};

/// The largest number of sweeps of the singular value decomposition; six suffice for five columns.
const MAX_SWEEPS: usize = 100;

/// Counts the atoms of each element in each molecule.
///
/// # Arguments
/// * `molecules` — n molecules
///
/// Returns counts of shape `[n, 5]`, with columns in the order of [`Element::ALL`]; `[0, 5]` for an empty slice.
///
/// # Examples
/// ```
/// use haarmonic::data::composition::element_counts;
/// use haarmonic::data::molecule::{Element::*, Molecule};
/// let water = Molecule::new(3, vec![O, H, H], vec![[0., 0., 0.], [0.96, 0., 0.], [0., 0.96, 0.]], -76.4)?;
/// assert_eq!(element_counts(&[water]), ndarray::array![[2., 0., 0., 1., 0.]]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn element_counts(molecules: &[Molecule]) -> Array2<f64> {
    let mut counts = Array2::zeros((molecules.len(), Element::ALL.len()));
    for (mut row, molecule) in counts.rows_mut().into_iter().zip(molecules) {
        for (entry, count) in row.iter_mut().zip(molecule.element_counts()) {
            *entry = count as f64;
        }
    }
    counts
}

/// One energy per element; the sum of these energies over the atoms of a molecule approximates the energy of the molecule.
///
/// ```math
/// E \approx \sum_z c_z n_z , \qquad c = \operatorname{argmin} \lVert N c - E \rVert_2
/// ```
///
/// There is no intercept. If the counts do not determine c (no fluorine among the molecules, fewer molecules
/// than elements, a fixed ratio of two elements) then c is the minimiser of smallest norm. An element that does
/// not occur gets 0.
#[derive(Debug, Clone, PartialEq)]
pub struct CompositionBaseline {
    coefficients: Vec<f64>,
    rank: usize,
}

impl CompositionBaseline {
    /// Fits the coefficients by a singular value decomposition.
    ///
    /// # Arguments
    /// * `counts` — shape `[n, elements]`, for example from [`element_counts`]
    /// * `energies` — length n, in any unit
    ///
    /// # Cost and accuracy
    /// O(n · elements²) time. Singular values below `max(n, elements) · ε` times the largest count as zero.
    ///
    /// # Errors
    /// [`Error::Empty`] without molecules or elements, [`Error::ShapeMismatch`] if the lengths differ,
    /// [`Error::NotFinite`] for a NaN or an infinity, also if the fit overflows,
    /// [`Error::NotConverged`] if the singular value decomposition does not settle.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::data::composition::CompositionBaseline;
    /// use ndarray::array;
    /// // 2 H + 1 O and 4 H + 1 C with energies 2·3 + 10 and 4·3 + 20; no fluorine.
    /// let counts = array![[2., 0., 1., 0.], [4., 1., 0., 0.], [2., 0., 0., 0.]];
    /// let fit = CompositionBaseline::fit(counts.view(), &[16., 32., 6.])?;
    /// let predicted = fit.predict(array![[6., 2., 0., 0.]].view())?;
    /// assert!((predicted[0] - 58.0).abs() < 1e-12);
    /// assert_eq!(fit.rank(), 3);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn fit(counts: ArrayView2<'_, f64>, energies: &[f64]) -> Result<CompositionBaseline> {
        let rows = counts.nrows();
        check_counts("element counts", counts)?;
        if energies.len() != rows {
            return Err(Error::shape(
                "energies",
                format!("[{rows}], one energy for each row of the counts"),
                vec![energies.len()],
            ));
        }
        check::finite("energies", aview1(energies))?;
        let (coefficients, rank) = least_squares(counts, energies)?;
        check::finite(
            "coefficients of the composition baseline",
            aview1(&coefficients),
        )?;
        Ok(CompositionBaseline { coefficients, rank })
    }

    /// Returns the energy of each element, in the unit of the fitted energies.
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// Returns the numerical rank of the matrix of counts; the fit is unique if this is the number of elements.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Predicts the energies of molecules from their element counts.
    ///
    /// # Arguments
    /// * `counts` — shape `[n, elements]`
    ///
    /// Returns n energies in the unit of the fitted energies.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the number of elements differs from the fit, [`Error::Empty`] and
    /// [`Error::NotFinite`] as for [`CompositionBaseline::fit`].
    pub fn predict(&self, counts: ArrayView2<'_, f64>) -> Result<Vec<f64>> {
        check_counts("element counts", counts)?;
        if counts.ncols() != self.coefficients.len() {
            return Err(Error::shape(
                "element counts",
                format!("[n, {}], as in the fit", self.coefficients.len()),
                counts.shape().to_vec(),
            ));
        }
        Ok(counts
            .rows()
            .into_iter()
            .map(|row| row.iter().zip(&self.coefficients).map(|(n, c)| n * c).sum())
            .collect())
    }
}

/// The least-squares solution of A x ≈ b of smallest norm, and the rank of A.
///
/// One-sided Jacobi rotations make the columns of A orthogonal: A V = U Σ. The method suits a matrix of few columns, and its
/// errors are relative to the norm of each column.
fn least_squares(a: ArrayView2<'_, f64>, b: &[f64]) -> Result<(Vec<f64>, usize)> {
    let (rows, columns) = a.dim();
    // Two columns count as orthogonal if the cosine between them is below the rounding error of their inner product.
    let rounding = 4.0 * (rows as f64).sqrt() * f64::EPSILON;
    // A power of two brings the entries near 1, because squares of huge or tiny entries would overflow or underflow.
    let power = exponent(a.iter().copied());
    let scaled = |j: usize| a.column(j).mapv(|entry| times_power(entry, -power));
    let mut u: Vec<Array1<f64>> = (0..columns).map(scaled).collect();
    let mut v: Vec<Array1<f64>> = Array2::eye(columns)
        .outer_iter()
        .map(|row| row.to_owned())
        .collect();
    // A sweep rotates each pair of columns p < q until they are orthogonal. `u` begins as A and becomes U Σ; `v` collects the
    // rotations. The tangent of the angle is the smaller root of t² + 2 h t − 1 = 0 with h = (|u_q|² − |u_p|²)/(2 u_p · u_q).
    let mut sweeps = 0;
    loop {
        let mut largest = 0.0_f64;
        for p in 0..columns {
            for q in p + 1..columns {
                let (pp, qq, pq) = (u[p].dot(&u[p]), u[q].dot(&u[q]), u[p].dot(&u[q]));
                // A column of zeros gives a NaN here; the comparison below leaves it alone.
                let cosine = pq.abs() / pp.sqrt() / qq.sqrt();
                if cosine > rounding && pp.min(qq) > f64::MIN_POSITIVE {
                    largest = largest.max(cosine);
                    let half = (qq - pp) / (2.0 * pq);
                    let tan = 1.0_f64.copysign(half) / (half.abs() + half.hypot(1.0));
                    let cos = 1.0 / tan.hypot(1.0);
                    for pairs in [&mut u, &mut v] {
                        let (x, y) = (&pairs[p], &pairs[q]);
                        let (x, y) = (cos * (x - &(tan * y)), cos * (&(tan * x) + y));
                        (pairs[p], pairs[q]) = (x, y);
                    }
                }
            }
        }
        if largest == 0.0 {
            break;
        }
        sweeps += 1;
        if sweeps == MAX_SWEEPS {
            return Err(Error::not_converged(
                "singular values of the element counts",
                largest,
                rounding,
                format!("{MAX_SWEEPS} sweeps"),
            ));
        }
    }
    let singular: Vec<f64> = u.iter().map(|column| column.dot(column).sqrt()).collect();
    let largest = singular.iter().fold(0.0_f64, |m, s| m.max(*s));
    let threshold = largest * rows.max(columns) as f64 * f64::EPSILON;
    // x = Σ_j v_j (u_j · b)/s_j² over the singular values above the threshold, where u_j has the norm s_j. A was divided by
    // 2^power, so the solution is as well.
    let (mut solution, mut rank) = (Array1::zeros(columns), 0);
    for ((u, v), s) in u.iter().zip(&v).zip(singular) {
        if s > threshold {
            rank += 1;
            solution.scaled_add(times_power(u.dot(&aview1(b)) / s / s, -power), v);
        }
    }
    Ok((solution.to_vec(), rank))
}

fn check_counts(what: &str, counts: ArrayView2<'_, f64>) -> Result<()> {
    if counts.is_empty() {
        return Err(Error::empty(what));
    }
    check::finite(what, counts)
}
