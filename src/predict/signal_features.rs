//! Regression in features of signals that are computed in pieces, such as random ones.

use std::ops::Range;
use std::time::Instant;

use ndarray::{Array2, ArrayView2, Axis, Slice, concatenate};

use super::regression::Regression;
use super::solver::{Cost, Pilot, Rates};
use super::solvers::{ComputedRows, FeatureRidge, LinearModel, Ridge};
use crate::{Error, Result};

/// The number of signals whose features are in memory at a time.
const AT_A_TIME: usize = 256;

/// Features of some signals, computed when they are needed.
///
/// [`Regression::fit_features`] fits them, [`Regression::cost_of_features`] says before what that would cost. With the feature `finite-width`,
/// `RandomFeatures::of` makes them.
pub trait SignalFeatures: Sync {
    /// Returns a name for tables of costs.
    fn name(&self) -> &'static str;

    /// Returns the number n of signals.
    fn points(&self) -> usize;

    /// Computes the features of some signals, shape `[rows, features]`, on all threads.
    ///
    /// # Errors
    /// Whatever the features meet: bad signals, or too little memory.
    fn rows(&self, rows: Range<usize>) -> Result<Array2<f64>>;
}

impl Regression {
    /// Fits ridge regression in features for each of several ridges, a few hundred signals at a time.
    ///
    /// # Arguments
    /// * `targets` — shape `[n, outputs]`
    /// * `ridges` — as for the kernel that is the product of the features; the features are computed once
    ///
    /// # Cost
    /// O(n d²) time and 16 d² bytes for d features.
    ///
    /// # Errors
    /// The errors of the features, of [`FeatureRidge::add`] and of [`FeatureRidge::solve`]; [`Error::ShapeMismatch`] for another number of
    /// targets, [`Error::InvalidValue`] for a finite training time.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::predict::{Regression, Ridge, SignalFeatures};
    /// use ndarray::{Array2, array};
    /// use std::ops::Range;
    ///
    /// /// 1, x and x² at x = 0, 1, 2, …
    /// struct Powers;
    /// impl SignalFeatures for Powers {
    ///     fn name(&self) -> &'static str {
    ///         "powers"
    ///     }
    ///     fn points(&self) -> usize {
    ///         4
    ///     }
    ///     fn rows(&self, rows: Range<usize>) -> haarmonic::Result<Array2<f64>> {
    ///         let start = rows.start;
    ///         Ok(Array2::from_shape_fn((rows.len(), 3), |(i, j)| ((start + i) as f64).powi(j as i32)))
    ///     }
    /// }
    ///
    /// let targets = array![[1.0], [2.0], [5.0], [10.0]];
    /// let models = Regression::new().fit_features(&Powers, targets.view(), &[Ridge::Absolute(1e-12)])?;
    /// let weights = models[0].weights();
    /// assert!((weights[[0, 0]] - 1.0).abs() < 1e-6 && (weights[[2, 0]] - 1.0).abs() < 1e-6);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn fit_features(
        &self,
        features: &dyn SignalFeatures,
        targets: ArrayView2<'_, f64>,
        ridges: &[Ridge],
    ) -> Result<Vec<LinearModel>> {
        self.check_time()?;
        let n = features.points();
        crate::check::not_empty("signals", n)?;
        crate::check::not_empty("ridges", ridges.len())?;
        crate::check::shape("targets", &targets.shape()[..1], &[n])?;
        let mut sums: Option<FeatureRidge> = None;
        for start in (0..n).step_by(AT_A_TIME) {
            let part = start..n.min(start + AT_A_TIME);
            let phi = features.rows(part.clone())?;
            let sums = match &mut sums {
                Some(sums) => sums,
                none => none.insert(FeatureRidge::new(phi.ncols(), targets.ncols())?),
            };
            sums.add(phi.view(), targets.slice_axis(Axis(0), Slice::from(part)))?;
        }
        let sums = sums.ok_or_else(|| Error::empty("signals"))?;
        ridges.iter().map(|&ridge| sums.solve(ridge)).collect()
    }

    /// Estimates what [`fit_features`](Self::fit_features) would cost, and how far its predictions would be from those of the whole
    /// regression, as [`costs`](Self::costs) does for solvers.
    ///
    /// # Arguments
    /// * `features` — of the signals of `rows`; those of a pilot of a few hundred signals are computed
    /// * `rows` — the kernel of the training signals
    /// * `targets` — shape `[n, outputs]`
    ///
    /// # Errors
    /// As [`costs`](Self::costs), and the errors of the features; [`Error::OutOfMemory`] for more features than a regression can hold.
    pub fn cost_of_features(
        &self,
        features: &dyn SignalFeatures,
        rows: &ComputedRows,
        targets: ArrayView2<'_, f64>,
    ) -> Result<Cost> {
        FeatureRidge::check(features.rows(0..1)?.ncols(), targets.ncols())?;
        let rates = Rates::measure(rows)?;
        let pilot = Pilot::new(rows, targets, self.fixed_ridge()?, &rates)?;
        let start = Instant::now();
        let parts = pilot.runs.iter().map(|run| features.rows(run.clone()));
        let parts = parts.collect::<Result<Vec<_>>>()?;
        let views: Vec<ArrayView2<'_, f64>> = parts.iter().map(|part| part.view()).collect();
        let phi = concatenate(Axis(0), &views).expect("features of equal number");
        let each = start.elapsed().as_secs_f64() / phi.nrows() as f64;
        let [train, held] = [&pilot.kept, &pilot.held].map(|rows| phi.select(Axis(0), rows));
        let model = LinearModel::fit(train.view(), pilot.targets.view(), pilot.ridge)?;
        let (n, d) = (features.points() as f64, phi.ncols() as f64);
        Ok(Cost {
            name: features.name(),
            pairs: 0.0,
            seconds: n * each + (n * d * d + d * d * d / 3.0) * rates.flop,
            memory: 16.0 * d * d,
            disk: 0.0,
            steps: 0.0,
            difference: pilot.difference(&model.predict(held.view())?),
        })
    }
}
