//! Spectra of kernel matrices.

use faer::Mat;
use ndarray::{Array2, ArrayView2};

use super::learning_curve::LearningCurve;
use crate::predict::{SymmetricEigen, check as matrices};
use crate::{Error, Result, check};

const KERNEL: &str = "kernel matrix";
/// Two estimates of an eigenvalue that differ by more than this share make it doubtful.
const DOUBT: f64 = 0.1;

/// The eigenvalues of a kernel matrix of n inputs, divided by n, and what they say of targets.
///
/// ```math
/// \tfrac1n \Theta = U \hat\Lambda U^\top , \qquad \hat v_j = \tfrac{1}{\sqrt n} \, U_j^\top y
/// ```
/// For random inputs the eigenvalues tend to those of the kernel ([`Spectrum`](super::Spectrum)), from above for the large ones: on S², with the
/// NTK of a network with two layers of ReLU, number 16 of 400 inputs is too large by some 30 per cent. The decomposition is repeated with every second input, and
/// [`doubtful`](Self::doubtful) marks the eigenvalues that differ by more than 10 per cent. Sums over all eigenvalues
/// ([`effective_dimension`](Self::effective_dimension), [`participation_ratio`](Self::participation_ratio)) are far more precise than single ones.
///
/// # Examples
/// ```
/// use haarmonic::spectral::EmpiricalSpectrum;
/// use ndarray::array;
/// let kernel = array![[2.0, 1.0], [1.0, 2.0]];
/// let spectrum = EmpiricalSpectrum::new(kernel.view())?;
/// assert!((spectrum.eigenvalues[0] - 1.5).abs() < 1e-15);
/// assert!((spectrum.eigenvalues[1] - 0.5).abs() < 1e-15);
/// // Targets of the first eigenvector: the alignment is 3/√(3² + 1²).
/// let targets = array![[1.0], [1.0]];
/// assert!((spectrum.alignment(targets.view())? - 3.0 / 10.0_f64.sqrt()).abs() < 1e-15);
/// assert!((spectrum.cumulative_power(targets.view())?[0] - 1.0).abs() < 1e-15);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// CMR12 (alignment); GHW79 (generalised cross-validation); BB21.
#[derive(Debug, Clone)]
pub struct EmpiricalSpectrum {
    /// $`\hat\lambda_j`$, the largest first, n of them.
    pub eigenvalues: Vec<f64>,
    /// Whether the eigenvalue of the same number from every second input differs by more than 10 per cent, or does not exist.
    pub doubtful: Vec<bool>,
    /// The columns are $`U_j`$.
    vectors: Mat<f64>,
}

impl EmpiricalSpectrum {
    /// Decomposes a kernel matrix, and the one of every second input.
    ///
    /// # Arguments
    /// * `kernel` — Θ between n inputs in random order, symmetric and positive semi-definite, shape `[n, n]`
    ///
    /// # Cost and accuracy
    /// O(n³) time; errors of the eigenvalues of Θ are some n ε of the largest one.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`] or [`Error::InvalidValue`] for a matrix that is not square, not finite, not symmetric or zero;
    /// [`Error::NotPositiveDefinite`] for negative eigenvalues beyond rounding.
    pub fn new(kernel: ArrayView2<'_, f64>) -> Result<Self> {
        let matrix = matrices::symmetric(KERNEL, kernel)?;
        let (eigenvalues, vectors) = decomposition(&matrix)?;
        if eigenvalues[0] == 0.0 {
            return Err(Error::invalid(KERNEL, "zeros alone", "a kernel"));
        }
        let half = matrix.nrows().div_ceil(2);
        let half = Mat::from_fn(half, half, |i, j| matrix[(2 * i, 2 * j)]);
        let (half, _) = decomposition(&half)?;
        let doubtful = eigenvalues.iter().enumerate();
        let doubtful = doubtful.map(|(j, &value)| match half.get(j) {
            Some(other) => (value - other).abs() > DOUBT * value,
            None => true,
        });
        Ok(EmpiricalSpectrum {
            doubtful: doubtful.collect(),
            eigenvalues,
            vectors,
        })
    }

    /// Returns the coefficients $`\hat v_j`$ of targets, shape `[n, outputs]`; the sum of their squares is the mean square of the targets.
    ///
    /// # Arguments
    /// * `targets` — y, shape `[n, outputs]`
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`] or [`Error::NotFinite`] for targets of another shape, without outputs, or with NaN.
    pub fn coefficients(&self, targets: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let products = self.products(targets)?;
        let root = (self.len() as f64).sqrt();
        Ok(Array2::from_shape_fn(targets.raw_dim(), |(j, c)| {
            products[(j, c)] / root
        }))
    }

    /// Returns the alignment of kernel and targets, $`\langle \Theta, y y^\top \rangle / (\|\Theta\|_F \|y y^\top\|_F)`$, between 0 and 1.
    ///
    /// # Errors
    /// As [`coefficients`](Self::coefficients); [`Error::InvalidValue`] for targets that are all zero.
    pub fn alignment(&self, targets: ArrayView2<'_, f64>) -> Result<f64> {
        let products = self.products(targets)?;
        let sizes = self.eigenvalues.iter().map(|value| value * value);
        self.aligned(&products, sizes.sum::<f64>().sqrt(), targets)
    }

    /// Returns the alignment of the kernel and the targets that are centred, each by $`H = 1 - \frac1n 1 1^\top`$: the centred kernel alignment (CKA) of Θ and
    /// $`y y^\top`$.
    ///
    /// # Errors
    /// As [`coefficients`](Self::coefficients); [`Error::InvalidValue`] if the centred kernel or the centred targets vanish.
    pub fn centred_alignment(&self, targets: ArrayView2<'_, f64>) -> Result<f64> {
        let n = self.len();
        self.products(targets)?;
        let mut centred = targets.to_owned();
        for mut column in centred.columns_mut() {
            // Twice: the second mean is the rounding of the first.
            for _ in 0..2 {
                let mean = column.sum() / n as f64;
                column.mapv_inplace(|value| value - mean);
            }
        }
        let products = self.products(centred.view())?;
        // ‖HΘH‖² = Σ λ_j λ_k (δ_jk − s_j s_k/n)² with the sums s_j of the entries of U_j.
        let sums: Vec<f64> = (0..n)
            .map(|j| (0..n).map(|i| self.vectors[(i, j)]).sum())
            .collect();
        let mut square = 0.0;
        for (j, &first) in self.eigenvalues.iter().enumerate() {
            for (k, &second) in self.eigenvalues.iter().enumerate() {
                let same = f64::from(u8::from(j == k));
                let product = same - sums[j] * sums[k] / n as f64;
                square += first * second * product * product;
            }
        }
        let rounding = n as f64 * f64::EPSILON * self.eigenvalues[0];
        if square.sqrt() <= rounding {
            return Err(Error::invalid(
                KERNEL,
                "a constant",
                "a kernel that is not constant",
            ));
        }
        self.aligned(&products, square.sqrt(), centred.view())
    }

    /// ⟨Θ, y yᵀ⟩/(n ‖Θ/n‖ ‖y yᵀ‖)
    fn aligned(&self, products: &Mat<f64>, size: f64, targets: ArrayView2<'_, f64>) -> Result<f64> {
        let gram = targets.t().dot(&targets);
        let norm = gram.iter().map(|x| x * x).sum::<f64>().sqrt();
        if norm == 0.0 {
            return Err(Error::invalid(
                "targets of an alignment",
                0.0,
                "targets that are not constant, or without centring not zero",
            ));
        }
        let fit: f64 = self
            .power(products)
            .iter()
            .zip(&self.eigenvalues)
            .map(|(p, l)| p * l)
            .sum();
        Ok(fit / (size * norm))
    }

    /// Returns the share of the square of the targets in the first 1, 2, … eigenvectors, $`\sum_{i \le k} (U_i^\top y)^2/y^\top y`$.
    ///
    /// # Errors
    /// As [`alignment`](Self::alignment).
    pub fn cumulative_power(&self, targets: ArrayView2<'_, f64>) -> Result<Vec<f64>> {
        let power = self.power(&self.products(targets)?);
        let all: f64 = power.iter().sum();
        if all == 0.0 {
            return Err(Error::invalid(
                "targets of a cumulative power",
                0.0,
                "targets that are not all zero",
            ));
        }
        let mut sum = 0.0;
        let sums = power.iter().map(|power| {
            sum += power;
            sum / all
        });
        Ok(sums.collect())
    }

    /// Returns $`\sum_j \hat\lambda_j/(\hat\lambda_j + \delta) = \mathrm{tr}\,\Theta(\Theta + n\delta)^{-1}`$, the number of functions that a ridge of nδ leaves free.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] unless δ > 0.
    pub fn effective_dimension(&self, ridge: f64) -> Result<f64> {
        check::positive("ridge of an effective dimension", ridge)?;
        let values = self.eigenvalues.iter();
        Ok(values.map(|value| value / (value + ridge)).sum())
    }

    /// Returns $`(\mathrm{tr}\,\Theta)^2/\|\Theta\|_F^2`$, the number of functions that carry the kernel.
    pub fn participation_ratio(&self) -> f64 {
        // Relative to the largest one, so that squares stay in the range of numbers.
        let largest = self.eigenvalues[0];
        let square: f64 = self.eigenvalues.iter().map(|v| (v / largest).powi(2)).sum();
        self.trace_over_largest().powi(2) / square
    }

    /// Returns $`\mathrm{tr}\,\Theta/\lambda_{\max}`$, between 1 and n.
    pub fn trace_over_largest(&self) -> f64 {
        let largest = self.eigenvalues[0];
        self.eigenvalues.iter().map(|value| value / largest).sum()
    }

    /// Returns the largest learning rate with which gradient descent on all n inputs does not diverge, for targets of some outputs:
    /// $`2 \cdot \mathrm{outputs}/\hat\lambda_{\max}`$, in the convention of [`GradientFlow::stable_learning_rate`](crate::predict::GradientFlow::stable_learning_rate).
    pub fn stable_learning_rate(&self, outputs: usize) -> f64 {
        2.0 * outputs as f64 / self.eigenvalues[0]
    }

    /// Returns the estimate of the test error by generalised cross-validation, with the ridge δ on the diagonal of Θ, averaged over outputs:
    ///
    /// ```math
    /// \frac{y^\top M^{-2} y/n}{(\mathrm{tr}\, M^{-1}/n)^2} , \qquad M = \Theta + \delta
    /// ```
    /// It is too small on S² with little ridge, where the theory of [`LearningCurve`] is too small for the same reason; leave-one-out errors
    /// ([`Evidence`](crate::predict::Evidence)) are not.
    ///
    /// # Errors
    /// As [`coefficients`](Self::coefficients); [`Error::InvalidValue`] for a ridge below 0; [`Error::NotPositiveDefinite`] if M is singular.
    pub fn generalised_cross_validation(
        &self,
        targets: ArrayView2<'_, f64>,
        ridge: f64,
    ) -> Result<f64> {
        check::not_negative("ridge", ridge)?;
        let n = self.len() as f64;
        let power = self.power(&self.products(targets)?);
        let shifted: Vec<f64> = self.eigenvalues.iter().map(|v| n * v + ridge).collect();
        let smallest = shifted.iter().copied().fold(f64::INFINITY, f64::min);
        if smallest <= n * f64::EPSILON * shifted[0] {
            return Err(Error::not_positive_definite(
                KERNEL,
                format!(
                    "smallest eigenvalue {smallest:.1e}, largest {:.1e}",
                    shifted[0]
                ),
                "add a ridge",
            ));
        }
        // Both sums relative to the smallest eigenvalue.
        let square: f64 = power
            .iter()
            .zip(&shifted)
            .map(|(p, value)| p * (smallest / value).powi(2))
            .sum();
        let trace: f64 = shifted.iter().map(|value| smallest / value).sum();
        Ok(n * square / (trace * trace) / targets.ncols() as f64)
    }

    /// Takes these eigenvalues and the power of targets in their eigenvectors for those of the kernel, averaged over outputs; learnabilities and errors of
    /// each function follow from [`LearningCurve::at`].
    ///
    /// Predict for a tenth of these n inputs at most: the bias of the eigenvalues makes errors too small, on S² by 1 per cent for a fortieth of the inputs, by 7
    /// for a tenth and by 14 for a fifth.
    ///
    /// # Errors
    /// As [`coefficients`](Self::coefficients).
    pub fn learning_curve(&self, targets: ArrayView2<'_, f64>) -> Result<LearningCurve> {
        let entries = (self.len() * targets.ncols()) as f64;
        let power = self.power(&self.products(targets)?);
        let power: Vec<f64> = power.iter().map(|power| power / entries).collect();
        LearningCurve::new(&self.eigenvalues, &vec![1.0; self.len()], &power)
    }

    fn len(&self) -> usize {
        self.eigenvalues.len()
    }

    /// Uᵀ y.
    fn products(&self, targets: ArrayView2<'_, f64>) -> Result<Mat<f64>> {
        let targets = matrices::targets(targets, self.len())?;
        Ok(self.vectors.transpose() * targets)
    }

    /// Sums over outputs of squares.
    fn power(&self, products: &Mat<f64>) -> Vec<f64> {
        let square = |j: usize| {
            (0..products.ncols())
                .map(|c| products[(j, c)].powi(2))
                .sum()
        };
        (0..self.len()).map(square).collect()
    }
}

/// Eigenvalues of Θ/n, the largest first, and eigenvectors.
fn decomposition(matrix: &Mat<f64>) -> Result<(Vec<f64>, Mat<f64>)> {
    let n = matrix.nrows();
    let SymmetricEigen { values, vectors } = SymmetricEigen::new(KERNEL, matrix)?;
    let values = values.iter().rev().map(|value| value / n as f64).collect();
    let vectors = Mat::from_fn(n, n, |i, j| vectors[(i, n - 1 - j)]);
    Ok((values, vectors))
}
