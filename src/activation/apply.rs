//! From the variances of two signals to the pass over their covariances.

use super::functions::Activation;
use super::pass::Job;
use super::real::Real;
use super::variance::{
    BLOCK, PreparedVariance, Source, Variance, VarianceField, check, check_points, check_tangent,
    check_variances,
};
use crate::error::Result;

impl Activation {
    /// Replaces covariances, and a tangent kernel, by their values after the activation.
    ///
    /// ```math
    /// k_i \leftarrow E[\sigma(u)\sigma(v)], \qquad \theta_i \leftarrow E[\sigma'(u)\sigma'(v)]\,\theta_i, \qquad
    /// (u, v) \sim N\!\left(0, \begin{pmatrix} q_1 & k_i \\ k_i & q_2 \end{pmatrix}\right)
    /// ```
    ///
    /// # Arguments
    /// * `q1`, `q2` — variances of u and v, from 0 to [`LARGEST_VARIANCE`](super::LARGEST_VARIANCE); below 2.3e-308
    ///   they count as zero where only the correlation matters
    /// * `nngp` — the covariances k; overwritten
    /// * `ntk` — the tangent kernel θ, as long as `nngp`; overwritten
    ///
    /// # Cost and accuracy
    /// One pass, no allocation, vectorised; fastest with two constant variances. Closed forms are within
    /// some ε of the value, also for k → ±√(q₁q₂), except where the expectation itself crosses zero.
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) — a slice is not as long as `nngp`
    /// * [`Error::NotFinite`](crate::Error::NotFinite) — NaN or infinity in the input, or a result too large for
    ///   an `f64` (exp, polynomials)
    /// * [`Error::InvalidValue`](crate::Error::InvalidValue) — a variance or a parameter out of range
    /// * [`Error::NotACovariance`](crate::Error::NotACovariance) — |k| exceeds √(q₁q₂) by more than
    ///   [`COVARIANCE_GUARD`](super::COVARIANCE_GUARD)
    ///
    /// After an error in the input the slices are unchanged; after an overflow their content is unspecified.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::{Activation, Variance};
    /// # fn main() -> haarmonic::Result<()> {
    /// let mut nngp = [0.5_f64];
    /// let mut ntk = [2.0_f64];
    /// Activation::Erf.apply(Variance::Constant(0.5), Variance::Field(&[0.5]), &mut nngp, Some(&mut ntk))?;
    /// // (2/π) arcsin(2 · 0.5 / 2) and (4/π) / sqrt(4 − 1)
    /// assert!((nngp[0] - 1.0 / 3.0).abs() < 1e-15);
    /// assert!((ntk[0] - 8.0 / (std::f64::consts::PI * 3f64.sqrt())).abs() < 1e-14);
    /// # Ok(())
    /// # }
    /// ```
    pub fn apply<T: Real>(
        &self,
        q1: Variance<T>,
        q2: Variance<T>,
        nngp: &mut [T],
        ntk: Option<&mut [T]>,
    ) -> Result<()> {
        check(q1, q2, nngp, ntk.as_deref())?;
        self.apply_rounded(q1, q2, nngp, ntk, 0.0)
    }

    /// [`Activation::apply`] for covariances that are sums with rounding errors.
    ///
    /// Where $`q_1 q_2 - k^2`$ is less than $`q_1 q_2`$ times `noise`, the two arguments count as collinear. For functions that are
    /// not smooth, a rounding error of ε in the correlation would otherwise become an error of √ε in an angle.
    ///
    /// Covariances and tangent kernel are checked during the pass, so after an error the content of the slices is unspecified.
    pub(crate) fn apply_rounded<T: Real>(
        &self,
        q1: Variance<T>,
        q2: Variance<T>,
        nngp: &mut [T],
        ntk: Option<&mut [T]>,
        noise: f64,
    ) -> Result<()> {
        self.over_blocks([q1, q2], nngp, ntk, noise, |job| self.run(job))
    }

    /// Runs a job over all points, for variances that are prepared block by block.
    pub(super) fn over_blocks<T: Real>(
        &self,
        [q1, q2]: [Variance<T>; 2],
        nngp: &mut [T],
        ntk: Option<&mut [T]>,
        noise: f64,
        run: impl Fn(Job<'_, T>) -> Result<()>,
    ) -> Result<()> {
        self.validate()?;
        q1.check("first variance", nngp.len())?;
        q2.check("second variance", nngp.len())?;
        check_tangent(ntk.as_deref().map_or(nngp.len(), <[T]>::len), nngp.len())?;
        let gain = self.gain();
        if let (Variance::Constant(q1), Variance::Constant(q2)) = (q1, q2) {
            return run(Job {
                variances: [q1, q2].map(|q| Source::constant(gain, q)),
                nngp,
                ntk,
                noise,
            });
        }
        let mut ntk = ntk;
        let mut room = [[T::zero(); BLOCK]; 2];
        for start in (0..nngp.len()).step_by(BLOCK) {
            let range = start..nngp.len().min(start + BLOCK);
            let [first, second] = &mut room;
            run(Job {
                variances: [
                    q1.prepared(gain, range.clone(), first),
                    q2.prepared(gain, range.clone(), second),
                ],
                nngp: &mut nngp[range.clone()],
                ntk: ntk.as_deref_mut().map(|ntk| &mut ntk[range]),
                noise,
            })
            .map_err(|error| error.shifted(start))?;
        }
        Ok(())
    }

    /// Prepares the variances of one signal.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) and [`Error::InvalidValue`](crate::Error::InvalidValue) for
    /// numbers that are no variances, and for parameters out of range.
    pub fn prepare<T: Real>(&self, variances: &[T]) -> Result<VarianceField<T>> {
        let mut field = VarianceField::default();
        self.prepare_into(variances, &mut field)?;
        Ok(field)
    }

    /// Prepares the variances of one signal as [`Activation::prepare`] does, in existing memory; `field` is overwritten.
    ///
    /// # Errors
    /// As [`Activation::prepare`]; `field` is then as before.
    pub fn prepare_into<T: Real>(
        &self,
        variances: &[T],
        field: &mut VarianceField<T>,
    ) -> Result<()> {
        self.validate()?;
        check_variances("variance", variances)?;
        field.refill(self.gain(), variances);
        Ok(())
    }

    /// Replaces covariances and a tangent kernel by their values after the activation, as [`Activation::apply`] does, for
    /// variances that this activation prepared.
    ///
    /// # Arguments
    /// * `q1`, `q2` — from [`Activation::prepare`] of this activation, in the order of `nngp` and as long as it
    /// * `nngp` — the covariances k; overwritten
    /// * `ntk` — the tangent kernel θ; overwritten
    ///
    /// # Cost and accuracy
    /// One pass, no allocation. Both results agree with [`Activation::apply`] to some ε.
    ///
    /// # Errors
    /// As [`Activation::apply`]; the content of the slices is then unspecified.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// # fn main() -> haarmonic::Result<()> {
    /// let field = Activation::Relu.prepare(&[0.5, 2.0])?;
    /// let (mut nngp, mut ntk) = ([0.5, -2.0], [1.0, 1.0]);
    /// Activation::Relu.apply_prepared(field.view(), field.view(), &mut nngp, &mut ntk)?;
    /// assert_eq!((nngp, ntk), ([0.25, 0.0], [0.5, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn apply_prepared<T: Real>(
        &self,
        q1: PreparedVariance<'_, T>,
        q2: PreparedVariance<'_, T>,
        nngp: &mut [T],
        ntk: &mut [T],
    ) -> Result<()> {
        self.apply_prepared_rounded(q1, q2, nngp, ntk, 0.0)
    }

    /// [`Activation::apply_prepared`] for covariances that are sums with rounding errors; `noise` as for
    /// [`Activation::apply_rounded`].
    pub(crate) fn apply_prepared_rounded<T: Real>(
        &self,
        q1: PreparedVariance<'_, T>,
        q2: PreparedVariance<'_, T>,
        nngp: &mut [T],
        ntk: &mut [T],
        noise: f64,
    ) -> Result<()> {
        let points = nngp.len();
        let found = [q1.variance, q1.factor, q2.variance, q2.factor].map(<[T]>::len);
        if found != [points; 4] {
            let names = [
                "first variance",
                "first prepared variance",
                "second variance",
                "second prepared variance",
            ];
            for (what, found) in names.into_iter().zip(found) {
                check_points(what, found, points)?;
            }
        }
        check_tangent(ntk.len(), nngp.len())?;
        self.validate()?;
        self.run(Job {
            variances: [Source::Field(q1), Source::Field(q2)],
            nngp,
            ntk: Some(ntk),
            noise,
        })
    }

    /// Prepares one more variance and appends it to `field`.
    ///
    /// # Errors
    /// As [`Activation::prepare`].
    pub(crate) fn prepare_one_more(&self, variance: f64, field: &mut VarianceField) -> Result<()> {
        self.validate()?;
        Variance::Constant(variance).check("variance", 1)?;
        field.push(self.gain(), variance);
        Ok(())
    }

    /// [`Activation::apply_prepared_rounded`] for one signal against a row of others.
    ///
    /// # Arguments
    /// * `row` — a field and the point in it that is meant
    pub(crate) fn apply_row(
        &self,
        (field, index): (&VarianceField, usize),
        columns: &VarianceField,
        nngp: &mut [f64],
        ntk: &mut [f64],
        noise: f64,
    ) -> Result<()> {
        let columns = columns.view();
        for found in [columns.variance.len(), columns.factor.len()] {
            check_points("prepared variance of the columns", found, nngp.len())?;
        }
        check_tangent(ntk.len(), nngp.len())?;
        self.validate()?;
        let row = Source::Constant {
            variance: field.variance()[index],
            factor: field.factor()[index],
        };
        self.run(Job {
            variances: [row, Source::Field(columns)],
            nngp,
            ntk: Some(ntk),
            noise,
        })
    }

    /// Computes the second moment after the activation.
    ///
    /// ```math
    /// E[\sigma(u)^2], \qquad u \sim N(0, q)
    /// ```
    ///
    /// # Errors
    /// As [`Activation::variances_into`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// assert_eq!(Activation::Abs.variance(3.0), Ok(3.0));
    /// ```
    pub fn variance(&self, q: f64) -> Result<f64> {
        let mut value = [q];
        self.variances_into(&mut value)?;
        Ok(value[0])
    }

    /// Replaces each variance q by the second moment $`E[\sigma(u)^2]`$ after the activation.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) and [`Error::InvalidValue`](crate::Error::InvalidValue) for
    /// what is not a variance or has too large a moment, and for parameters out of range.
    pub fn variances_into(&self, q: &mut [f64]) -> Result<()> {
        let own = q.to_vec();
        let own = Variance::Field(&own);
        own.check("variance", q.len())?;
        self.apply(own, own, q, None)
            .map_err(|error| error.renamed(|_| "variance after the activation".into()))
    }

    /// Computes the second moment $`E[\sigma'(u)^2]`$ of the derivative for $`u \sim N(0, q)`$.
    ///
    /// It is zero for the sign, whose derivative counts as zero; at q = 0 it is $`\sigma'(0)^2`$, with the
    /// mean of the one-sided derivatives (¼ for the rectifier, although the limit q → 0 is ½).
    ///
    /// # Errors
    /// As [`Activation::variances_into`].
    pub fn derivative_variance(&self, q: f64) -> Result<f64> {
        let (own, mut derivative) = (Variance::Constant(q), [1.0]);
        own.check("variance", 1)?;
        self.apply(own, own, &mut [q], Some(&mut derivative))
            .map_err(|error| error.renamed(|_| "variance after the activation".into()))?;
        Ok(derivative[0])
    }
}
