//! The error that a kernel of known eigenvalues makes with n random training points.

use crate::{Error, Result, check};

/// A kernel by its eigenvalues and a target by its power in each, from which test errors are predicted.
///
/// With the effective ridge τ of
/// ```math
/// n = \sum_i N_i \frac{\lambda_i}{\lambda_i + \tau} + \frac{\delta + T}{\tau} , \qquad
/// \mathcal{L}_i = \frac{\lambda_i}{\lambda_i + \tau} , \qquad
/// E_0 = \frac{n}{n - \sum_i N_i \mathcal{L}_i^2}
/// ```
/// the mean square error at new points is $`E_0 \left(\sum_i (1 - \mathcal{L}_i)^2 v_i^2 + v_T^2 + \sigma^2\right)`$, noise included.
///
/// The theory takes eigenfunctions for independent Gaussian variables. That is good in many dimensions and with
/// a ridge. On S², without noise and with little ridge, the prediction is too small. Look at leave-one-out errors
/// ([`Evidence`](crate::predict::Evidence)) beside it.
///
/// # Examples
/// ```
/// use haarmonic::spectral::LearningCurve;
/// // Ten functions of eigenvalue 0.1, a target of power 1 among them, no ridge: five points see half of it.
/// let curve = LearningCurve::new(&[0.1], &[10.0], &[1.0])?;
/// let risk = curve.at(5.0)?;
/// assert!((risk.learnability[0] - 0.5).abs() < 1e-12);
/// assert!((risk.test - 0.5).abs() < 1e-12);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// BCP20, CBP21, SDD23.
#[derive(Debug, Clone, PartialEq)]
pub struct LearningCurve {
    eigenvalues: Vec<f64>,
    multiplicities: Vec<f64>,
    power: Vec<f64>,
    tail: f64,
    tail_power: f64,
    noise: f64,
    ridge: f64,
}

/// What [`LearningCurve::at`] predicts.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PredictedRisk {
    /// τ, relative to which an eigenvalue is large or small.
    pub effective_ridge: f64,
    /// $`E_0 \ge 1`$, by how much fitting the training points costs.
    pub overfitting: f64,
    /// Mean square error at new points, with their noise.
    pub test: f64,
    /// Mean square error at new points without their noise.
    pub risk: f64,
    /// Mean square error at the training points.
    pub train: f64,
    /// $`\mathcal{L}_i`$, the share of each function that is learned.
    pub learnability: Vec<f64>,
    /// $`(1 - \mathcal{L}_i)^2 v_i^2 + N_i \mathcal{L}_i^2 \cdot \mathrm{test}/n`$, the part of the risk in each group of functions: what is missing of the target, and
    /// what the fit adds. Their sum and the power of the tail are the risk.
    pub mode_risk: Vec<f64>,
}

impl LearningCurve {
    /// Takes eigenvalues that are complete, no noise and no ridge.
    ///
    /// # Arguments
    /// * `eigenvalues` — $`\lambda_i`$ for mass 1, at least 0; one for each group of functions with one eigenvalue
    /// * `multiplicities` — $`N_i`$, the number of functions of each
    /// * `power` — $`v_i^2`$, the mean square of the part of the target in each
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`] or [`Error::InvalidValue`] for lists of different lengths, no entries,
    /// and numbers out of range.
    pub fn new(eigenvalues: &[f64], multiplicities: &[f64], power: &[f64]) -> Result<Self> {
        check::not_empty("eigenvalues", eigenvalues.len())?;
        for (what, list) in [("multiplicities", multiplicities), ("power", power)] {
            check::shape(what, &[list.len()], &[eigenvalues.len()])?;
        }
        for (what, list) in [
            ("eigenvalue", eigenvalues),
            ("multiplicity", multiplicities),
            ("power", power),
        ] {
            for (i, &value) in list.iter().enumerate() {
                check::not_negative(&format!("{what} {i}"), value)?;
            }
        }
        if eigenvalues.iter().all(|&value| value == 0.0) {
            return Err(Error::invalid(
                "eigenvalues",
                0.0,
                "at least one that is positive",
            ));
        }
        Ok(LearningCurve {
            eigenvalues: eigenvalues.to_vec(),
            multiplicities: multiplicities.to_vec(),
            power: power.to_vec(),
            tail: 0.0,
            tail_power: 0.0,
            noise: 0.0,
            ridge: 0.0,
        })
    }

    /// Adds further eigenvalues by their sum, as [`Spectrum::tail`](super::Spectrum::tail), and the power of the target there.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for negative numbers.
    pub fn with_tail(mut self, tail: f64, power: f64) -> Result<Self> {
        check::not_negative("tail", tail)?;
        check::not_negative("power of the tail", power)?;
        (self.tail, self.tail_power) = (tail, power);
        Ok(self)
    }

    /// Sets the variance of the noise of targets.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a negative number.
    pub fn with_noise(mut self, variance: f64) -> Result<Self> {
        check::not_negative("variance of the noise", variance)?;
        self.noise = variance;
        Ok(self)
    }

    /// Sets the ridge δ that is added to the diagonal of the Gram matrix.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a negative number.
    pub fn with_ridge(mut self, ridge: f64) -> Result<Self> {
        check::not_negative("ridge", ridge)?;
        self.ridge = ridge;
        Ok(self)
    }

    /// Predicts the errors with n training points.
    ///
    /// # Cost and accuracy
    /// O(number of eigenvalues) for each of some 60 steps; τ within some ε.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] unless n > 0.
    pub fn at(&self, n: f64) -> Result<PredictedRisk> {
        check::positive("number of training points", n)?;
        let tau = self.effective_ridge(n);
        let learnability: Vec<f64> = self
            .eigenvalues
            .iter()
            .map(|&value| match value {
                0.0 => 0.0,
                value => value / (value + tau),
            })
            .collect();
        let squares: f64 = learnability
            .iter()
            .zip(&self.multiplicities)
            .map(|(l, count)| count * l * l)
            .sum();
        let missed: f64 = learnability
            .iter()
            .zip(&self.power)
            .map(|(l, power)| (1.0 - l) * (1.0 - l) * power)
            .sum();
        let overfitting = n / (n - squares);
        let missing = missed + self.tail_power + self.noise;
        // Without ridge and tail all n points are needed, or more are there than functions: nothing is left to overfit.
        let test = if missing == 0.0 {
            0.0
        } else {
            overfitting * missing
        };
        let shrink = if tau > 0.0 {
            self.ridge / (n * tau)
        } else {
            self.slack(n)
        };
        let of_modes = learnability
            .iter()
            .zip(&self.power)
            .zip(&self.multiplicities);
        let mode_risk = of_modes
            .map(|((l, power), count)| (1.0 - l) * (1.0 - l) * power + count * l * l * test / n)
            .collect();
        Ok(PredictedRisk {
            mode_risk,
            effective_ridge: tau,
            overfitting,
            test,
            risk: test - self.noise,
            train: test * shrink * shrink,
            learnability,
        })
    }

    /// Returns the share of each function that gradient flow on infinitely many points has learned, $`1 - e^{-\eta\lambda_i t}`$.
    ///
    /// This ideal flow is what networks follow outside of the training points too, until λᵢ is of the order of the effective ridge
    /// ([`PredictedRisk::effective_ridge`]) of the number of points; from then on the training set is fitted in place of the function.
    ///
    /// # Arguments
    /// * `time` — ηt, learning rate times time, with one output; ηt/outputs with several, as the loss of
    ///   [`GradientFlow`](crate::predict::GradientFlow) is a mean over all entries
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a negative time.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::spectral::LearningCurve;
    /// let curve = LearningCurve::new(&[0.5, 0.1], &[1.0, 3.0], &[1.0, 1.0])?;
    /// let half_time = curve.half_times()[1];
    /// assert!((curve.learned_by(half_time)?[1] - 0.5).abs() < 1e-15);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    ///
    /// # References
    /// BM22.
    pub fn learned_by(&self, time: f64) -> Result<Vec<f64>> {
        check::not_negative("time", time)?;
        let values = self.eigenvalues.iter();
        Ok(values.map(|value| -(-value * time).exp_m1()).collect())
    }

    /// Returns the times ηt at which [`learned_by`](Self::learned_by) is one half, $`\ln 2/\lambda_i`$; infinite for eigenvalue 0.
    pub fn half_times(&self) -> Vec<f64> {
        let values = self.eigenvalues.iter();
        values.map(|value| std::f64::consts::LN_2 / value).collect()
    }

    /// For τ = 0, with fewer functions than points: the share of the points' values that no function fits.
    fn slack(&self, n: f64) -> f64 {
        1.0 - self.rank() / n
    }

    fn rank(&self) -> f64 {
        let both = self.eigenvalues.iter().zip(&self.multiplicities);
        both.filter(|(value, _)| **value > 0.0)
            .map(|(_, count)| count)
            .sum()
    }

    /// Solves for τ by bisection of its logarithm.
    fn effective_ridge(&self, n: f64) -> f64 {
        let extra = self.ridge + self.tail;
        if extra == 0.0 && self.rank() <= n {
            return 0.0;
        }
        // Falls in τ: above n left of the solution.
        let excess = |tau: f64| {
            let both = self.eigenvalues.iter().zip(&self.multiplicities);
            let known: f64 = both
                .map(|(value, count)| count * value / (value + tau))
                .sum();
            known + extra / tau - n
        };
        let both = self.eigenvalues.iter().zip(&self.multiplicities);
        let trace: f64 = both.map(|(value, count)| count * value).sum();
        let mut high = ((trace + extra) / n).ln();
        let mut low = high - 5.0;
        while excess(low.exp()) < 0.0 && low > -600.0 {
            (high, low) = (low, low - 5.0);
        }
        for _ in 0..80 {
            let middle = 0.5 * (low + high);
            if excess(middle.exp()) > 0.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        (0.5 * (low + high)).exp()
    }
}
