//! Unbiased bandpowers of masked maps.

use super::binning::Binning;
use crate::{Error, Result, check};
use faer::linalg::solvers::{PartialPivLu, Solve};
use faer::{Mat, MatRef};
use ndarray::{Array2, ArrayView2, Axis};

/// The system of equations from the spectrum of a masked map to bandpowers of the whole sky, factorised once (MASTER).
///
/// With the averages P over bins and the spectra Q of bandpowers ([`Binning`]), the bandpowers are
///
/// ```math
/// \hat B = (P M Q)^{-1} P \, (\tilde C - \tilde N) , \qquad \langle \hat B \rangle = F \, C , \qquad F = (P M Q)^{-1} P M
/// ```
/// for the noise spectrum $`\tilde N`$ of the masked map. A theory is compared as F C ([`window`](Self::window)), not by its value in the middle of a bin. For a
/// spectrum that has the shape of the bins and no power outside of them, F C has the bandpowers themselves.
///
/// # Cost and accuracy
/// O(bins³ + bins · L²) time once, O(bins · L) per spectrum. Rounding errors are some ε times [`condition`](Self::condition).
///
/// # Examples
/// ```
/// use haarmonic::sphere::coupling::{Binning, Decoupling, ModeCoupling};
/// let mask = [1.0, 0.2, 0.05];                                   // its spectrum
/// let matrix = ModeCoupling::new(16)?.scalar(&mask)?;
/// let bins = Binning::new(16, &[0, 4, 8, 16])?;
/// let decoupling = Decoupling::new(matrix.view(), &bins)?;
/// let sky = ndarray::Array1::from_vec(bins.expand(&[3.0, 2.0, 1.0])?);
/// let found = decoupling.bandpowers(&matrix.dot(&sky).to_vec())?;
/// assert!(found.iter().zip([3.0, 2.0, 1.0]).all(|(found, want)| (found - want).abs() < 1e-13));
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// Hivon02.
#[derive(Debug, Clone)]
pub struct Decoupling {
    binning: Binning,
    factors: PartialPivLu<f64>,
    /// The norms of P M Q and of its inverse, largest sums of moduli of a column.
    norms: [f64; 2],
    window: Array2<f64>,
}

impl Decoupling {
    /// Bins and factorises a mode-coupling matrix.
    ///
    /// # Arguments
    /// * `matrix` — shape `[L, L]`, of [`ModeCoupling`](super::ModeCoupling): TT, TE, or $`M^+ - M^-`$ for EB
    /// * `binning` — bins for the same L
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NotFinite`]; [`Error::InvalidValue`] if the binned matrix is singular to working precision.
    pub fn new(matrix: ArrayView2<'_, f64>, binning: &Binning) -> Result<Self> {
        let (what, limit) = ("mode-coupling matrix", binning.band_limit());
        check::shape(what, matrix.shape(), &[limit, limit])?;
        check::finite(what, matrix)?;
        let rows = binning.bin_rows(matrix);
        let square = to_mat(binning.expand_columns(rows.view()).view());
        let factors = square.partial_piv_lu();
        let bins = square.nrows();
        let inverse = factors.solve(Mat::<f64>::identity(bins, bins));
        let norms = [norm(square.as_ref()), norm(inverse.as_ref())];
        let condition = norms[0] * norms[1];
        // NaN must not pass.
        if condition.is_nan() || condition * f64::EPSILON >= 1.0 {
            return Err(Error::invalid(
                "condition of the binned mode-coupling matrix",
                condition,
                "below 4.5e15: use wider bins, or leave out degrees without power (0 and 1 of polarisation)",
            ));
        }
        let window = factors.solve(to_mat(rows.view()));
        Ok(Decoupling {
            binning: binning.clone(),
            window: Array2::from_shape_fn((bins, limit), |(q, l)| window[(q, l)]),
            factors,
            norms,
        })
    }

    /// Returns the bins.
    pub fn binning(&self) -> &Binning {
        &self.binning
    }

    /// Returns the condition number of P M Q in the norm of the largest column: relative errors of spectra grow by at most this factor.
    pub fn condition(&self) -> f64 {
        self.norms[0] * self.norms[1]
    }

    /// Returns the bandpower windows F, shape `[bins, L]`: the mean of the bandpowers is F C for the spectrum C of the sky.
    pub fn window(&self) -> ArrayView2<'_, f64> {
        self.window.view()
    }

    /// Computes the bandpowers of the sky from the spectrum of a masked map, less the spectrum of its noise.
    ///
    /// # Arguments
    /// * `spectrum` — $`\tilde C_\ell - \tilde N_\ell`$, length L
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NotFinite`].
    pub fn bandpowers(&self, spectrum: &[f64]) -> Result<Vec<f64>> {
        let binned = self.binning.bin(spectrum)?;
        let right = Mat::from_fn(binned.len(), 1, |q, _| binned[q]);
        let powers = self.factors.solve(right);
        Ok((0..binned.len()).map(|q| powers[(q, 0)]).collect())
    }
}

/// [`Decoupling`] of EE, BB and EB, with both kinds of modes solved together.
///
/// The 2 × 2 blocks $`\begin{pmatrix} M^+ & M^- \\ M^- & M^+ \end{pmatrix}`$ act on EE + BB as $`M^+ + M^-`$ and on EE − BB as $`M^+ - M^-`$, so that
/// two systems of half the size are solved.
///
/// # Examples
/// ```
/// use haarmonic::sphere::coupling::{Binning, ModeCoupling, PolarisationDecoupling};
/// let [plus, minus] = ModeCoupling::new(16)?.polarised(&[1.0, 0.2, 0.05])?;
/// let bins = Binning::new(16, &[2, 6, 10, 16])?;
/// let decoupling = PolarisationDecoupling::new(plus.view(), minus.view(), &bins)?;
/// // A sky without B: the masked map has B, the bandpowers have none.
/// let e = ndarray::Array1::from_vec(bins.expand(&[3.0, 2.0, 1.0])?);
/// let (ee, bb) = (plus.dot(&e).to_vec(), minus.dot(&e).to_vec());
/// assert!(bb[5] > 1e-3);
/// let [ee, bb] = decoupling.bandpowers(&ee, &bb)?;
/// assert!((ee[0] - 3.0).abs() < 1e-13 && bb.iter().all(|power| power.abs() < 1e-13));
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PolarisationDecoupling {
    sum: Decoupling,
    difference: Decoupling,
}

impl PolarisationDecoupling {
    /// Bins and factorises the matrices $`M^+`$ and $`M^-`$ of [`ModeCoupling::polarised`](super::ModeCoupling::polarised).
    ///
    /// # Errors
    /// As [`Decoupling::new`].
    pub fn new(
        plus: ArrayView2<'_, f64>,
        minus: ArrayView2<'_, f64>,
        binning: &Binning,
    ) -> Result<Self> {
        check::shape("second mode-coupling matrix", minus.shape(), plus.shape())?;
        Ok(PolarisationDecoupling {
            sum: Decoupling::new((&plus + &minus).view(), binning)?,
            difference: Decoupling::new((&plus - &minus).view(), binning)?,
        })
    }

    /// Returns the bins.
    pub fn binning(&self) -> &Binning {
        self.sum.binning()
    }

    /// Returns a lower bound of the condition number of the system of EE and BB, in the norm of [`Decoupling::condition`]; the number itself is at most
    /// four times larger.
    pub fn condition(&self) -> f64 {
        let [a, b] = [self.sum.norms, self.difference.norms];
        a[0].max(b[0]) * a[1].max(b[1])
    }

    /// Returns the windows of EE from EE (and BB from BB), and of EE from BB (and BB from EE), each of shape `[bins, L]`.
    pub fn windows(&self) -> [Array2<f64>; 2] {
        let [a, b] = [&self.sum.window, &self.difference.window];
        [0.5 * (a + b), 0.5 * (a - b)]
    }

    /// Computes the bandpowers of EE and of BB from the spectra of masked maps, less the spectra of their noise.
    ///
    /// # Errors
    /// As [`Decoupling::bandpowers`].
    pub fn bandpowers(&self, ee: &[f64], bb: &[f64]) -> Result<[Vec<f64>; 2]> {
        check::shape("spectrum of BB", &[bb.len()], &[ee.len()])?;
        let combined = |sign: f64| -> Vec<f64> {
            let pairs = ee.iter().zip(bb);
            pairs.map(|(e, b)| 0.5 * (e + sign * b)).collect()
        };
        let sum = self.sum.bandpowers(&combined(1.0))?;
        let difference = self.difference.bandpowers(&combined(-1.0))?;
        let pairs = || sum.iter().zip(&difference);
        Ok([
            pairs().map(|(s, d)| s + d).collect(),
            pairs().map(|(s, d)| s - d).collect(),
        ])
    }

    /// Computes the bandpowers of EB from the spectrum of masked maps, with the matrix $`M^+ - M^-`$.
    ///
    /// # Errors
    /// As [`Decoupling::bandpowers`].
    pub fn bandpowers_eb(&self, eb: &[f64]) -> Result<Vec<f64>> {
        self.difference.bandpowers(eb)
    }
}

fn to_mat(matrix: ArrayView2<'_, f64>) -> Mat<f64> {
    Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| matrix[[i, j]])
}

/// The largest sum of moduli of a column.
fn norm(matrix: MatRef<'_, f64>) -> f64 {
    (0..matrix.ncols())
        .map(|j| (0..matrix.nrows()).map(|i| matrix[(i, j)].abs()).sum())
        .fold(0.0, |largest: f64, sum: f64| {
            if sum > largest || sum.is_nan() {
                sum
            } else {
                largest
            }
        })
}

impl Binning {
    /// P M: the rows of a matrix averaged over bins, `[bins, L]`.
    fn bin_rows(&self, matrix: ArrayView2<'_, f64>) -> Array2<f64> {
        let mut out = Array2::zeros((self.bins.len(), matrix.ncols()));
        for (bin, mut row) in self.bins.iter().zip(out.rows_mut()) {
            for degree in bin.clone() {
                row.scaled_add(
                    self.weights[degree] * self.shape[degree],
                    &matrix.row(degree),
                );
            }
        }
        out
    }

    /// M Q: the columns of a matrix summed over bins, `[rows, bins]`.
    fn expand_columns(&self, matrix: ArrayView2<'_, f64>) -> Array2<f64> {
        let mut out = Array2::zeros((matrix.nrows(), self.bins.len()));
        for (bin, mut column) in self.bins.iter().zip(out.axis_iter_mut(Axis(1))) {
            for degree in bin.clone() {
                column.scaled_add(1.0 / self.shape[degree], &matrix.column(degree));
            }
        }
        out
    }
}
