//! How far the predictions of trained networks of finite width spread.

use ndarray::{Array2, ArrayView2, Axis, concatenate};

use crate::kernel::Signals;
use crate::parallel::try_map;
use crate::predict::{KernelRidge, Ridge};
use crate::{Error, Result};

use super::at_width::KernelAtWidth;
use super::tensors::{FiniteSamples, Tensors};

/// Up to so many vectors, all tensors are computed.
const EXACT: usize = 24;

/// The normal vectors of an estimate.
const SAMPLES: usize = 2000;

impl KernelAtWidth {
    /// Computes the standard deviation of the predictions of networks trained to convergence, to first order in 1/n.
    ///
    /// Each network has its own tangent kernel $`\hat\Theta`$, and its initial output is subtracted (a centred ensemble). With the
    /// weights $`l = (1 \text{ at } x_*, -(\Theta + \lambda)^{-1} \Theta_{x*})`$ and $`r = (\Theta + \lambda)^{-1} y`$, the variance is
    /// ```math
    /// \sum l_a\, r_b\, l_c\, r_d\, (A_{ab,cd} + B_{ac,bd} + B_{ad,bc}) ,
    /// ```
    /// and each further output j adds $`\sum l_a r^j_b l_c r^j_d B_{ac,bd}`$. The motion of the tangent kernel during the training
    /// contributes to the next order. An ensemble with its initial outputs has, in addition, the variance of infinite width, for example
    /// [`Prediction::covariance`](crate::predict::Prediction::covariance).
    ///
    /// # Arguments
    /// * `targets` — shape `[n, outputs]`, one row per training signal
    /// * `ridge` — added to the kernel between training signals
    ///
    /// Returns shape `[m, outputs]` for m test signals.
    ///
    /// # Cost and accuracy
    /// As [`tensors`](Self::tensors) of all n + m signals together. For more than 24 vectors and one output, each test signal takes the mean
    /// over 2000 normal vectors in place of the tensors: O(n³) time for each, and a standard error of some per cent.
    ///
    /// # Errors
    /// As [`tensors`](Self::tensors); [`Error::ShapeMismatch`] for targets of another number, and the errors of
    /// [`KernelRidge::fit`](crate::predict::KernelRidge::fit).
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::kernel::Kernel;
    /// use haarmonic::network::{Network, Init};
    /// use haarmonic::predict::Ridge;
    /// use ndarray::array;
    ///
    /// let init = Init::new(1.3, 0.2);
    /// let network = Network::vector(2).dense(init).activation(Activation::Erf).dense(init).build()?;
    /// let kernel = Kernel::new(&network)?.at_width(&[100])?;
    /// let (x, y) = (array![[1.0, 0.0], [0.0, 1.0]], array![[1.0], [-0.5]]);
    /// let test = array![[1.0, 0.0], [0.6, 0.7]];
    /// let std = kernel.ensemble_std(x.view(), y.view(), test.view(), Ridge::Absolute(0.0))?;
    /// // At a training point all networks give the target.
    /// assert!(std[[0, 0]] < 1e-8 && std[[1, 0]] > 1e-3);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn ensemble_std<'a, 'b>(
        &self,
        train: impl Into<Signals<'a>>,
        targets: ArrayView2<'_, f64>,
        test: impl Into<Signals<'b>>,
        ridge: Ridge,
    ) -> Result<Array2<f64>> {
        let (train, test) = (train.into(), test.into());
        let (n, m) = (train.len(), test.len());
        if targets.nrows() != n {
            return Err(Error::shape(
                "targets",
                format!("[{n}, outputs], one row per training signal"),
                targets.shape().to_vec(),
            ));
        }
        self.kernel().prepare(train)?;
        self.kernel().prepare(test)?;
        if let (Signals::Vectors(train), Signals::Vectors(test)) = (train, test)
            && n + m > EXACT
            && targets.ncols() == 1
        {
            return self.sampled_std([train, test], targets, ridge);
        }
        let samples = FiniteSamples::joined(self.kernel(), self.steps(), train, Some(test))?;
        samples.check_memory()?;
        let tensors = Tensors::from(self.state(&samples, &(0..n + m).collect::<Vec<_>>())?);
        let (known, new) = tensors.ntk.view().split_at(Axis(0), n);
        let known = known.split_at(Axis(1), n).0;
        let cross = new.split_at(Axis(1), n).0;
        let solved = KernelRidge::fit(known, targets, ridge)?;
        let weights = KernelRidge::fit(known, cross.t(), ridge)?;
        // r: zero at test signals; one column per output.
        let none = Array2::zeros((m, targets.ncols()));
        let r = concatenate(Axis(0), &[solved.coefficients().view(), none.view()])
            .expect("equal numbers of outputs");
        let mut std = Array2::zeros((m, targets.ncols()));
        for (point, mut row) in std.outer_iter_mut().enumerate() {
            let mut l = vec![0.0; n + m];
            for (l, weight) in l.iter_mut().zip(weights.coefficients().column(point)) {
                *l = -weight;
            }
            l[n + point] = 1.0;
            let [own, other] = contracted(&tensors, &l);
            let form = |matrix: &Array2<f64>, j: usize| r.column(j).dot(&matrix.dot(&r.column(j)));
            let others: Vec<f64> = (0..row.len()).map(|j| form(&other, j)).collect();
            let all: f64 = others.iter().sum();
            for (j, std) in row.iter_mut().enumerate() {
                *std = (form(&own, j) + all - others[j]).max(0.0).sqrt();
            }
        }
        Ok(std)
    }

    /// The standard deviation for many vectors and one output, by the variance of a functional for each test vector.
    fn sampled_std(
        &self,
        [train, test]: [ArrayView2<'_, f64>; 2],
        targets: ArrayView2<'_, f64>,
        ridge: Ridge,
    ) -> Result<Array2<f64>> {
        let kernel = self.kernel().without_progress();
        let known = kernel.gram(train)?.ntk;
        let cross = kernel.cross(train, test)?.ntk;
        let solved = KernelRidge::fit(known.view(), targets, ridge)?;
        let weights = KernelRidge::fit(known.view(), cross.view(), ridge)?;
        let n = train.nrows();
        let none = Array2::zeros((n + 1, n + 1));
        let counter = self.kernel().counter(test.nrows());
        let std = try_map(test.nrows(), |point| {
            let last = test.row(point).insert_axis(Axis(0));
            let vectors = concatenate(Axis(0), &[train, last]).expect("vectors of one dimension");
            let l = |a: usize| match a == n {
                true => 1.0,
                false => -weights.coefficients()[[a, point]],
            };
            let r = |b: usize| match b == n {
                true => 0.0,
                false => solved.coefficients()[[b, 0]],
            };
            let beta = Array2::from_shape_fn((n + 1, n + 1), |(a, b)| l(a) * r(b));
            let layers =
                self.by_layer(vectors.view().into(), [&none, &beta], SAMPLES, point as u64)?;
            let variance: f64 = layers.iter().map(|layer| layer.variance).sum();
            counter.add(1)?;
            Ok(variance.max(0.0).sqrt())
        })?;
        Ok(Array2::from_shape_vec((test.nrows(), 1), std).expect("one number per test vector"))
    }
}

/// $`\sum_{ac} l_a l_c (A_{ab,cd} + B_{ac,bd} + B_{ad,bc})`$ and $`\sum_{ac} l_a l_c B_{ac,bd}`$, as matrices in b and d.
fn contracted(tensors: &Tensors, l: &[f64]) -> [Array2<f64>; 2] {
    let m = l.len();
    let (mut own, mut other) = (Array2::zeros((m, m)), Array2::zeros((m, m)));
    for (a, &first) in l.iter().enumerate().filter(|(_, l)| **l != 0.0) {
        for (c, &second) in l.iter().enumerate().filter(|(_, l)| **l != 0.0) {
            let weight = first * second;
            for b in 0..m {
                for d in 0..m {
                    own[[b, d]] += weight * tensors.ntk_covariance([a, b], [c, d]);
                    other[[b, d]] += weight * tensors.b[[a, c, b, d]];
                }
            }
        }
    }
    [own, other]
}
