//! Derivatives of kernel matrices in their inputs.

use ndarray::{Array2, Array3, Array4, ArrayView2};

use crate::network::{InputSpace, Outputs};
use crate::{Result, check};

use super::evaluate::{Kernel, PreparedSignals};
use super::evaluator::{GradientRequest, no_derivatives};
use super::signals::{OwnedSignals, Signals};

/// Factors of the entries of both kernel matrices, whose weighted sum is differentiated.
///
/// # Examples
/// ```
/// use haarmonic::kernel::Cotangents;
/// let ones = ndarray::array![[1.0, 1.0]];
/// let cotangents = Cotangents::ntk(ones.view());
/// assert!(cotangents.nngp.is_none() && cotangents.ntk.is_some());
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Cotangents<'a> {
    /// Factors of the entries of K; none for zeros.
    pub nngp: Option<ArrayView2<'a, f64>>,
    /// Factors of the entries of Θ; none for zeros.
    pub ntk: Option<ArrayView2<'a, f64>>,
}

impl<'a> Cotangents<'a> {
    /// Factors of the entries of K.
    pub fn nngp(factors: ArrayView2<'a, f64>) -> Self {
        Cotangents {
            nngp: Some(factors),
            ntk: None,
        }
    }

    /// Factors of the entries of Θ.
    pub fn ntk(factors: ArrayView2<'a, f64>) -> Self {
        Cotangents {
            nngp: None,
            ntk: Some(factors),
        }
    }

    /// Both arrays row by row, after a check of shape and entries.
    fn arrays(&self, shape: [usize; 2]) -> Result<[Vec<f64>; 2]> {
        let array = |what: &str, given: &Option<ArrayView2<'_, f64>>| match given {
            None => Ok(vec![0.0; shape[0] * shape[1]]),
            Some(array) => {
                check::shape(what, array.shape(), &shape)?;
                check::finite(what, *array)?;
                Ok(array.iter().copied().collect())
            }
        };
        Ok([
            array("cotangents of the NNGP kernel", &self.nngp)?,
            array("cotangents of the NTK", &self.ntk)?,
        ])
    }
}

impl Kernel {
    /// Computes the derivative of a weighted sum of the entries of [`gram`](Self::gram) in its signals.
    ///
    /// ```math
    /// \bar x = \frac{\partial}{\partial x} \sum_{ij} \bigl(C^K_{ij} K(x_i, x_j) + C^\Theta_{ij} \Theta(x_i, x_j)\bigr)
    /// ```
    /// Both arguments of every entry move. The result has the form and the shape of the signals. It is the transposed product of the
    /// derivative of the kernel matrices with the cotangents C, the step of a program for automatic differentiation backwards.
    ///
    /// Available for networks on vectors, on images and over finite groups, without average poolings. A kernel in single precision has its
    /// derivatives in double precision.
    ///
    /// # Copies and zeros
    /// The NTK of a rectifier has a kink where two arguments are parallel and only one of them moves. The result is then the mean of both
    /// one-sided derivatives. Pairs of an angle below 1e-7 count as parallel. A pair at an angle ϑ has a relative error of about ε/ϑ².
    ///
    /// # Cost
    /// Two to five times the kernel matrix, on all threads; no memory per pair. Sums do not depend on the number of threads.
    ///
    /// # Errors
    /// As [`gram`](Self::gram), and
    /// * [`Error::ShapeMismatch`](crate::Error::ShapeMismatch), [`Error::NotFinite`](crate::Error::NotFinite) — bad cotangents
    /// * [`Error::InvalidNetwork`](crate::Error::InvalidNetwork) — a network of another kind
    /// * [`Error::InLayer`](crate::Error::InLayer) — an activation that jumps
    ///
    /// # Examples
    /// ```
    /// use haarmonic::kernel::{Cotangents, Kernel, OwnedSignals};
    /// use haarmonic::network::{Init, Network};
    /// use ndarray::array;
    ///
    /// // A single layer has the kernel x · x' / 2.
    /// let kernel = Kernel::new(&Network::vector(2).dense(Init::default()).build()?)?;
    /// let x = array![[1.0, 2.0], [3.0, -1.0]];
    /// let factors = array![[0.0, 1.0], [0.0, 0.0]];
    /// let gradient = kernel.gradient(x.view(), Cotangents::nngp(factors.view()))?;
    /// assert_eq!(gradient, OwnedSignals::Vectors(array![[1.5, -0.5], [0.5, 1.0]]));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn gradient<'a>(
        &self,
        signals: impl Into<Signals<'a>>,
        cotangents: Cotangents<'_>,
    ) -> Result<OwnedSignals> {
        self.gradient_prepared(&self.prepare(signals)?, cotangents)
    }

    /// Computes [`gradient`](Self::gradient) for prepared signals.
    ///
    /// # Errors
    /// As [`gradient`](Self::gradient).
    pub fn gradient_prepared(
        &self,
        signals: &PreparedSignals,
        cotangents: Cotangents<'_>,
    ) -> Result<OwnedSignals> {
        let [pulled, _] = self.pulled(signals, None, cotangents, [true, false])?;
        self.to_signals(pulled)
    }

    /// Computes the derivatives of a weighted sum of the entries of [`cross`](Self::cross) in the signals of the rows and of the columns.
    ///
    /// # Errors
    /// As [`gradient`](Self::gradient).
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::kernel::{Cotangents, Kernel, OwnedSignals};
    /// use haarmonic::network::{Init, Network};
    /// use ndarray::array;
    ///
    /// let network = Network::vector(1).dense(Init::default()).activation(Activation::Erf).build()?;
    /// let one = array![[1.0]];
    /// let x = array![[0.5]];
    /// let [_, OwnedSignals::Vectors(of_columns)] =
    ///     Kernel::new(&network)?.cross_gradient(x.view(), one.view(), Cotangents::nngp(one.view()))?
    /// else {
    ///     unreachable!("vectors have gradients that are vectors")
    /// };
    /// // K = (2/π) asin(k/√((q + 1/2) (q' + 1/2))) with q = 1/4, q' = y² and k = y/2.
    /// let kernel = |y: f64| {
    ///     let sine = 0.5 * y / (0.75 * (0.5 + y * y)).sqrt();
    ///     std::f64::consts::FRAC_2_PI * sine.asin()
    /// };
    /// let difference = (kernel(1.0 + 1e-5) - kernel(1.0 - 1e-5)) / 2e-5;
    /// assert!((of_columns[[0, 0]] - difference).abs() < 1e-9);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn cross_gradient<'a, 'b>(
        &self,
        rows: impl Into<Signals<'a>>,
        columns: impl Into<Signals<'b>>,
        cotangents: Cotangents<'_>,
    ) -> Result<[OwnedSignals; 2]> {
        self.cross_gradient_prepared(&self.prepare(rows)?, &self.prepare(columns)?, cotangents)
    }

    /// Computes [`cross_gradient`](Self::cross_gradient) for prepared signals.
    ///
    /// # Errors
    /// As [`gradient`](Self::gradient).
    pub fn cross_gradient_prepared(
        &self,
        rows: &PreparedSignals,
        columns: &PreparedSignals,
        cotangents: Cotangents<'_>,
    ) -> Result<[OwnedSignals; 2]> {
        let [of_rows, of_columns] = self.pulled(rows, Some(columns), cotangents, [true; 2])?;
        Ok([self.to_signals(of_rows)?, self.to_signals(of_columns)?])
    }

    /// The second array of [`cross_gradient_prepared`](Self::cross_gradient_prepared) alone.
    pub(crate) fn column_gradient(
        &self,
        rows: &PreparedSignals,
        columns: &PreparedSignals,
        cotangents: Cotangents<'_>,
    ) -> Result<OwnedSignals> {
        let [_, pulled] = self.pulled(rows, Some(columns), cotangents, [false, true])?;
        self.to_signals(pulled)
    }

    /// Pulls cotangents back to the signals, which are arrays of numbers in the order of their storage.
    fn pulled(
        &self,
        rows: &PreparedSignals,
        columns: Option<&PreparedSignals>,
        cotangents: Cotangents<'_>,
        wanted: [bool; 2],
    ) -> Result<[Vec<Vec<f64>>; 2]> {
        if *self.network().outputs() != Outputs::Pooled {
            return Err(no_derivatives());
        }
        let shape = [rows.len(), columns.map_or(rows.len(), PreparedSignals::len)];
        let counter = self.counter(shape[0] * shape[1]);
        self.evaluator().gradient(GradientRequest {
            rows: self.signals(rows)?,
            columns: columns.map(|columns| self.signals(columns)).transpose()?,
            cotangents: cotangents.arrays(shape)?,
            wanted,
            counter: &counter,
        })
    }

    /// The signals whose storage are these arrays.
    fn to_signals(&self, pulled: Vec<Vec<f64>>) -> Result<OwnedSignals> {
        let n = pulled.len();
        let flat: Vec<f64> = pulled.into_iter().flatten().collect();
        check::finite("derivative of the kernel", ndarray::ArrayView1::from(&flat))?;
        let fits = "a cotangent has the length of its signal";
        Ok(match *self.network().input() {
            InputSpace::Vector { dimension } => {
                OwnedSignals::Vectors(Array2::from_shape_vec((n, dimension), flat).expect(fits))
            }
            InputSpace::Plane {
                height,
                width,
                channels,
            } => {
                let images = Array4::from_shape_vec((n, channels, height, width), flat);
                let images = images.expect(fits).permuted_axes([0, 2, 3, 1]);
                OwnedSignals::Grid(images.as_standard_layout().into_owned())
            }
            InputSpace::Finite {
                ref action,
                channels,
            } => OwnedSignals::Points(
                Array3::from_shape_vec((n, action.points(), channels), flat).expect(fits),
            ),
            InputSpace::Sphere { .. } | InputSpace::Graph { .. } | InputSpace::Molecule { .. } => {
                return Err(no_derivatives());
            }
        })
    }
}
