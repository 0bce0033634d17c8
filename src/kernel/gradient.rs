//! Derivatives of kernel matrices in their inputs.

use ndarray::{Array2, Array3, Array4, ArrayView2, Axis};

use crate::graph::Graph;
use crate::network::{InputSpace, SphereSampling};
use crate::sphere::ShtPlanner;
use crate::{Result, check};

use super::evaluate::{Kernel, PreparedSignals};
use super::evaluator::{GradientRequest, no_derivatives};
use super::signals::{OwnedSignals, Signals};
use super::sphere::{channel_len, write_coefficients};

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
    pub(super) fn arrays(&self, shape: [usize; 2]) -> Result<[Vec<f64>; 2]> {
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
    /// Available for networks on vectors, on images, on the sphere, over finite groups, and on graphs with a readout, whose derivatives are graphs without
    /// edges: the features of a node are the derivatives in its features. A kernel in single precision has its derivatives
    /// in double precision.
    ///
    /// # The sphere
    /// Derivatives by samples are derivatives by each sample; they contain the weights of the quadrature on the sphere. Derivatives by
    /// coefficients are the coefficients of a real function $`\bar f`$ with $`\delta \sum C K = \int \bar f \, \delta f \, d\Omega`$, so
    /// that steps along them keep signals real. With a fixed band limit of the quadrature the result is the derivative of that quadrature.
    /// With a tolerance each pair is refined until its derivatives have this relative error. Features at places have one row and one
    /// column of cotangents per place.
    ///
    /// # Copies and zeros
    /// The NTK of a rectifier has a kink where two arguments are parallel and only one of them moves. The result is then the mean of both
    /// one-sided derivatives. Pairs of an angle below 1e-7 count as parallel. A pair at an angle ϑ has a relative error of about ε/ϑ².
    ///
    /// # Cost
    /// 1.6 (sphere) to 5.3 (vectors) times the kernel matrix, on all threads; no memory per pair, but with average poolings both kernels before each activation
    /// for all fibres of a pair per thread. Sums do not depend on the number of threads.
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
        self.to_signals(pulled, signals)
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
        Ok([
            self.to_signals(of_rows, rows)?,
            self.to_signals(of_columns, columns)?,
        ])
    }

    /// The second array of [`cross_gradient_prepared`](Self::cross_gradient_prepared) alone.
    pub(crate) fn column_gradient(
        &self,
        rows: &PreparedSignals,
        columns: &PreparedSignals,
        cotangents: Cotangents<'_>,
    ) -> Result<OwnedSignals> {
        let [_, pulled] = self.pulled(rows, Some(columns), cotangents, [false, true])?;
        self.to_signals(pulled, columns)
    }

    /// Pulls cotangents back to the signals, which are arrays of numbers in the order of their storage.
    fn pulled(
        &self,
        rows: &PreparedSignals,
        columns: Option<&PreparedSignals>,
        cotangents: Cotangents<'_>,
        wanted: [bool; 2],
    ) -> Result<[Vec<Vec<f64>>; 2]> {
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

    /// The derivatives whose storage are these arrays, in the form of the signals.
    fn to_signals(&self, pulled: Vec<Vec<f64>>, signals: &PreparedSignals) -> Result<OwnedSignals> {
        let n = pulled.len();
        if let space @ InputSpace::Sphere { .. } = self.network().input() {
            for row in &pulled {
                check::finite("derivative of the kernel", ndarray::ArrayView1::from(row))?;
            }
            return spherical(space, &pulled, signals);
        }
        let flat: Vec<f64> = pulled.iter().flatten().copied().collect();
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
            InputSpace::Graph {
                channels,
                relations,
            } => {
                let no_edges = vec![Vec::new(); relations];
                let graph = |row: Vec<f64>| {
                    let features = Array2::from_shape_vec((row.len() / channels, channels), row);
                    Graph::new(features.expect(fits), &no_edges)
                };
                OwnedSignals::Graphs(pulled.into_iter().map(graph).collect::<Result<_>>()?)
            }
            InputSpace::Sphere { .. } | InputSpace::Molecule { .. } => {
                return Err(no_derivatives());
            }
        })
    }
}

/// The derivatives in signals on the sphere, from those in the signals of each row, which are rotated to the places where features are read.
fn spherical(
    space: &InputSpace,
    pulled: &[Vec<f64>],
    signals: &PreparedSignals,
) -> Result<OwnedSignals> {
    let InputSpace::Sphere {
        band_limit,
        sampling,
        channels,
    } = space
    else {
        unreachable!("asked for signals on the sphere")
    };
    let (band_limit, channels) = (*band_limit, *channels);
    let places = &signals.places;
    let n = pulled.len() / places.len();
    let mut coeffs = Array4::zeros((n, channels, band_limit, 2 * band_limit - 1));
    let mut own = Array2::zeros((band_limit, 2 * band_limit - 1));
    let mut rotated = own.clone();
    for (row, pulled) in pulled.iter().enumerate() {
        let mut signal = coeffs.index_axis_mut(Axis(0), row / places.len());
        let parts = pulled.chunks_exact(channel_len(band_limit));
        for (part, mut sum) in parts.zip(signal.outer_iter_mut()) {
            write_coefficients(part, own.view_mut());
            match places.turn(row) {
                None => sum += &own,
                Some((rotation, g)) => {
                    let mut scratch = rotation.make_scratch();
                    let euler = g.euler_zyz();
                    rotation.rotate_into(own.view(), &euler, rotated.view_mut(), &mut scratch)?;
                    sum += &rotated;
                }
            }
        }
    }
    match sampling {
        SphereSampling::Grid(sampling) if signals.is_sampled => {
            let plan = ShtPlanner::new().plan(band_limit, *sampling)?;
            let [rings, longitudes] = plan.signal_shape();
            let mut samples = Array4::zeros((n, rings, longitudes, channels));
            let mut scratch = plan.make_scratch();
            for (coeffs, samples) in coeffs.outer_iter().zip(samples.outer_iter_mut()) {
                let samples = samples.permuted_axes([2, 0, 1]);
                plan.forward_adjoint_into(coeffs, samples, &mut scratch)?;
            }
            Ok(OwnedSignals::Grid(samples))
        }
        _ => Ok(OwnedSignals::Coefficients(coeffs)),
    }
}
