//! Analysis on rings as a problem of least squares, solved by conjugate gradients.

use super::iteration::RingAnalysis;
use super::sample::Sample;
use super::scratch::ShtScratch;
use crate::numeric::powers::{exponent, times_power};
use crate::{Error, Result, check};
use ndarray::{ArrayBase, ArrayD, ArrayView, ArrayViewMut, ArrayViewMutD, Data, Dimension, IxDyn};
use num_complex::Complex64;

/// How [`least_squares_analysis`] ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnalysisReport {
    /// The most iterations of a signal of the batch.
    pub iterations: usize,
    /// The largest change, relative to the coefficients of its signal, that another Jacobi iteration would make.
    pub change: f64,
}

/// Computes the coefficients of signals on rings whose synthesis is nearest to the samples, by conjugate gradients.
///
/// ```math
/// \min_{\hat f} \sum_j w_j \, \Bigl| y_j - \sum_{\ell m} \hat f_{\ell m} \, {}_sY_{\ell m}(x_j) \Bigr|^2
/// ```
/// The weights w are those of the quadrature. For samples of a band-limited signal this is exact wherever the samples determine the
/// coefficients. It converges where Jacobi iterations ([`iterated_analysis`](super::iterated_analysis)) are slow: on the HEALPix grid
/// beyond the band limit 2 nside. There the residual falls by 10 per iteration at L = 2.5 nside and by 3 at L = 3 nside.
///
/// # Arguments
/// * `plan` — [`RingPlan`](super::RingPlan) or [`SpinRingPlan`](super::SpinRingPlan) with positive weights
/// * `samples` — one signal, or more of them along leading axes
/// * `coeffs` — the leading axes of `samples`, followed by the axes of a layout; overwritten
/// * `tolerance` — iterations end when the analysis of the residual, the change that a Jacobi iteration would make, is below this part
///   of the norm of the coefficients
/// * `iterations` — the most iterations of one signal
/// * `scratch` — from `make_scratch` or `make_parallel_scratch` of the plan
///
/// # Cost and accuracy
/// One analysis, and a synthesis and an analysis per iteration and signal. The relative error is about the tolerance over the smallest
/// eigenvalue of weighted synthesis and analysis: 0.87 at L = 2 nside, 0.3 at L = 3 nside.
///
/// # Errors
/// As [`RingPlan::forward_into`](super::RingPlan::forward_into); [`Error::InvalidValue`] for a tolerance that is not positive,
/// [`Error::NotPositiveDefinite`] if weights are negative, [`Error::NotConverged`] if `iterations` do not suffice.
///
/// # Examples
/// ```
/// use haarmonic::sphere::{RingPlan, Rings, least_squares_analysis};
/// use ndarray::Array1;
/// let (nside, limit) = (4, 12);
/// let weights = vec![4.0 * std::f64::consts::PI / 192.0; 15];
/// let plan = RingPlan::new(Rings::healpix(nside)?, limit)?.with_weights(&weights)?;
/// let mut coeffs = plan.make_coeffs();
/// coeffs[[11, 11]] = 1.0.into();                                  // Y of degree 11, order 0
/// let map: Array1<f64> = plan.inverse(coeffs.view())?;
/// let mut found = plan.make_coeffs();
/// let report = least_squares_analysis(&plan, map.view(), found.view_mut(), 1e-12, 100, &mut plan.make_scratch())?;
/// assert!((&found - &coeffs).iter().all(|error| error.norm() < 1e-11) && report.iterations < 40);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// GV13, Sect. 11.3.
pub fn least_squares_analysis<P: RingAnalysis, T: Sample, D: Dimension, E: Dimension>(
    plan: &P,
    samples: ArrayView<'_, T, D>,
    coeffs: ArrayViewMut<'_, Complex64, E>,
    tolerance: f64,
    iterations: usize,
    scratch: &mut ShtScratch,
) -> Result<AnalysisReport> {
    check::positive("tolerance", tolerance)?;
    let (samples, mut coeffs) = (samples.into_dyn(), coeffs.into_dyn());
    let (lead, half) = plan.form_of::<T>(samples.shape(), coeffs.shape())?;
    plan.analyse(samples.view(), coeffs.view_mut(), false, scratch)?;
    let size = IxDyn(&coeffs.shape()[lead..]);
    let [direction, image, residual] = [(); 3].map(|()| ArrayD::zeros(size.clone()));
    let mut problem = Problem {
        plan,
        real_orders: if half { plan.band_limit() } else { usize::MAX },
        tolerance,
        iterations,
        map: ArrayD::from_elem(IxDyn(&samples.shape()[lead..]), T::default()),
        direction,
        image,
        residual,
        scratch,
    };
    let mut report = AnalysisReport {
        iterations: 0,
        change: 0.0,
    };
    problem.each(lead, coeffs, &mut report)?;
    Ok(report)
}

/// One signal after the other: $`A^T W A \hat f = A^T W y`$.
struct Problem<'a, P, T> {
    plan: &'a P,
    /// Entries of the last axis below this count once, the others twice: they stand for m and −m.
    real_orders: usize,
    tolerance: f64,
    iterations: usize,
    map: ArrayD<T>,
    direction: ArrayD<Complex64>,
    image: ArrayD<Complex64>,
    residual: ArrayD<Complex64>,
    scratch: &'a mut ShtScratch,
}

impl<P: RingAnalysis, T: Sample> Problem<'_, P, T> {
    /// Solves the problems of all right-hand sides, `[.., axes of the coefficients of one signal]`; overwrites them with the solutions.
    fn each(
        &mut self,
        lead: usize,
        mut sides: ArrayViewMutD<'_, Complex64>,
        report: &mut AnalysisReport,
    ) -> Result<()> {
        if lead == 0 {
            return self.solve(sides, report);
        }
        sides
            .outer_iter_mut()
            .try_for_each(|side| self.each(lead - 1, side, report))
    }

    fn solve(
        &mut self,
        mut coeffs: ArrayViewMutD<'_, Complex64>,
        report: &mut AnalysisReport,
    ) -> Result<()> {
        // The problem is linear: the largest coefficient is brought near one, so that no product leaves the range of numbers.
        let size = exponent(coeffs.iter().flat_map(|c| [c.re, c.im]));
        let scale = |array: &mut ArrayViewMutD<'_, Complex64>, exponent: i32| {
            array.mapv_inplace(|c| {
                let [re, im] = [c.re, c.im].map(|x| times_power(x, exponent));
                Complex64::new(re, im)
            });
        };
        scale(&mut coeffs, -size);
        self.residual.assign(&coeffs);
        self.direction.assign(&coeffs);
        coeffs.fill(Complex64::ZERO);
        let mut square = self.product(&self.residual, &self.residual);
        let (mut change, mut done) = (if square > 0.0 { 1.0 } else { 0.0 }, 0);
        while change > self.tolerance {
            if done == self.iterations {
                return Err(Error::not_converged(
                    "coefficients by least squares",
                    change,
                    self.tolerance,
                    format!("{done} iterations"),
                ));
            }
            let (direction, map) = (self.direction.view(), self.map.view_mut());
            self.plan.synthesise(direction, map, self.scratch)?;
            let (map, image) = (self.map.view(), self.image.view_mut());
            self.plan.analyse(map, image, true, self.scratch)?;
            let curvature = self.product(&self.direction, &self.image);
            if curvature <= 0.0 {
                return Err(Error::not_positive_definite(
                    "weighted synthesis and analysis",
                    format!("a product of {curvature:e}"),
                    "positive weights, and samples that determine the coefficients",
                ));
            }
            let step = square / curvature;
            coeffs.zip_mut_with(&self.direction, |c, p| *c += step * p);
            self.residual
                .zip_mut_with(&self.image, |r, q| *r -= step * q);
            let before =
                std::mem::replace(&mut square, self.product(&self.residual, &self.residual));
            let ratio = square / before;
            self.direction
                .zip_mut_with(&self.residual, |p, r| *p = r + ratio * *p);
            done += 1;
            change = (square / self.product(&coeffs, &coeffs)).sqrt();
        }
        scale(&mut coeffs, size);
        report.iterations = report.iterations.max(done);
        report.change = report.change.max(change);
        Ok(())
    }

    /// The scalar product of two sets of coefficients, that of the signals of orders m and −m.
    fn product<A, B>(&self, a: &ArrayBase<A, IxDyn>, b: &ArrayBase<B, IxDyn>) -> f64
    where
        A: Data<Elem = Complex64>,
        B: Data<Elem = Complex64>,
    {
        let rows = a.rows().into_iter().zip(b.rows());
        rows.map(|(a, b)| {
            let terms = a.iter().zip(b).map(|(a, b)| a.re * b.re + a.im * b.im);
            let terms = terms.enumerate().map(|(at, term)| {
                if at < self.real_orders {
                    term
                } else {
                    2.0 * term
                }
            });
            terms.sum::<f64>()
        })
        .sum()
    }
}
