//! Signals as a caller has them, and prepared for a network.

use std::sync::Arc;

use ndarray::{Array3, ArrayView, ArrayView2, ArrayView3, ArrayView4, Axis, RemoveAxis};
use num_complex::Complex64;
use rayon::prelude::*;

use crate::check::first_not_finite;
use crate::group::{EulerZyz, Rotation};
use crate::network::{InputSpace, Layer, Network, Outputs, SphereSampling};
use crate::sphere::{CoefficientRotation, ShtPlanner, coefficients};
use crate::{Error, Result};

use super::augmented::OwnedSignals;
use super::engine::{Engine, Prepared};
use super::evaluate::{Engines, Kernel};
use super::finite::{FiniteGeometry, FiniteSignal};
use super::geometry::{Geometry, Refinement};
use super::plane::{PlaneGeometry, PlaneSignal};
use super::precision::Precision;
use super::sphere::SphereGeometry;
use super::sphere_fields::SphereFields;
use super::sphere_signal::SphereSignal;
use super::vector::VectorGeometry;

/// A set of inputs, in one of the forms a network takes.
#[derive(Debug, Clone, Copy)]
pub enum Signals<'a> {
    /// Vectors, `[n, dimension]`.
    Vectors(ArrayView2<'a, f64>),
    /// Real signals on a grid of the sphere, `[n, θ, φ, channels]`, or images,
    /// `[n, height, width, channels]`.
    Grid(ArrayView4<'a, f64>),
    /// Functions on a finite set, `[n, points, channels]`.
    Points(ArrayView3<'a, f64>),
    /// Coefficients of real signals on the sphere, `[n, channels, L, 2L − 1]`, entry `[l, m + L − 1]`.
    Coefficients(ArrayView4<'a, Complex64>),
}

impl<'a> From<ArrayView2<'a, f64>> for Signals<'a> {
    fn from(array: ArrayView2<'a, f64>) -> Self {
        Signals::Vectors(array)
    }
}

impl<'a> From<ArrayView4<'a, f64>> for Signals<'a> {
    fn from(array: ArrayView4<'a, f64>) -> Self {
        Signals::Grid(array)
    }
}

impl<'a> From<ArrayView3<'a, f64>> for Signals<'a> {
    fn from(array: ArrayView3<'a, f64>) -> Self {
        Signals::Points(array)
    }
}

impl<'a> From<ArrayView4<'a, Complex64>> for Signals<'a> {
    fn from(array: ArrayView4<'a, Complex64>) -> Self {
        Signals::Coefficients(array)
    }
}

impl Signals<'_> {
    /// Number of signals.
    pub fn len(&self) -> usize {
        self.shape()[0]
    }

    /// Whether there is no signal.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Checks that the signals are finite and of an input space, before a kernel is made.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if they are not of the space, [`Error::NotFinite`], [`Error::Empty`].
    pub fn check(&self, input: &InputSpace) -> Result<()> {
        check_signals(input, self)
    }

    /// Some of the signals, without a copy.
    #[cfg_attr(not(feature = "store"), allow(dead_code))]
    pub(crate) fn range(&self, range: std::ops::Range<usize>) -> Signals<'_> {
        let range = ndarray::Slice::from(range);
        match self {
            Signals::Vectors(a) => Signals::Vectors(a.slice_axis(Axis(0), range)),
            Signals::Grid(a) => Signals::Grid(a.slice_axis(Axis(0), range)),
            Signals::Points(a) => Signals::Points(a.slice_axis(Axis(0), range)),
            Signals::Coefficients(a) => Signals::Coefficients(a.slice_axis(Axis(0), range)),
        }
    }

    /// A copy of the first `n` signals, or of all if there are fewer.
    pub(crate) fn first(&self, n: usize) -> OwnedSignals {
        let n = n.min(self.len());
        match self {
            Signals::Vectors(a) => OwnedSignals::Vectors(a.split_at(Axis(0), n).0.to_owned()),
            Signals::Grid(a) => OwnedSignals::Grid(a.split_at(Axis(0), n).0.to_owned()),
            Signals::Points(a) => OwnedSignals::Points(a.split_at(Axis(0), n).0.to_owned()),
            Signals::Coefficients(a) => {
                OwnedSignals::Coefficients(a.split_at(Axis(0), n).0.to_owned())
            }
        }
    }

    pub(crate) fn shape(&self) -> &[usize] {
        match self {
            Signals::Vectors(a) => a.shape(),
            Signals::Grid(a) => a.shape(),
            Signals::Points(a) => a.shape(),
            Signals::Coefficients(a) => a.shape(),
        }
    }

    /// The largest modulus of an entry of each signal; of real and imaginary parts, where entries are complex.
    fn sizes(&self) -> Vec<f64> {
        fn largest<A, D: RemoveAxis>(
            array: &ArrayView<'_, A, D>,
            size: impl Fn(&A) -> f64,
        ) -> Vec<f64> {
            let of_signal =
                |signal: ArrayView<'_, A, D::Smaller>| signal.iter().map(&size).fold(0.0, f64::max);
            array.outer_iter().map(of_signal).collect()
        }
        match self {
            Signals::Vectors(a) => largest(a, |x| x.abs()),
            Signals::Grid(a) => largest(a, |x| x.abs()),
            Signals::Points(a) => largest(a, |x| x.abs()),
            Signals::Coefficients(a) => largest(a, |z| z.re.abs().max(z.im.abs())),
        }
    }

    /// Index of the first entry that is not finite.
    fn first_not_finite(&self) -> Option<Vec<usize>> {
        match self {
            Signals::Vectors(a) => first_not_finite(a),
            Signals::Grid(a) => first_not_finite(a),
            Signals::Points(a) => first_not_finite(a),
            Signals::Coefficients(a) => first_not_finite(a),
        }
    }
}

/// Signals prepared for one network, to be used in any number of kernel matrices.
#[derive(Clone)]
pub struct PreparedSignals {
    network: Arc<Network>,
    pub(crate) store: Store,
}

#[derive(Clone)]
pub(crate) enum Store {
    Vector(Arc<[Prepared<VectorGeometry>]>),
    Sphere(Arc<[Prepared<SphereGeometry>]>),
    Fields(Arc<[Prepared<SphereFields>]>),
    Finite(Arc<[Prepared<FiniteGeometry>]>),
    Plane(Arc<[Prepared<PlaneGeometry<f64>>]>),
    PlaneSingle(Arc<[Prepared<PlaneGeometry<f32>>]>),
}

impl PreparedSignals {
    pub(crate) fn new(kernel: &Kernel, signals: Signals<'_>, outputs: &Outputs) -> Result<Self> {
        let places = Places::of_outputs(kernel.network(), outputs)?;
        Self::placed(kernel, signals, &places)
    }

    /// Signals on the sphere of which the features are read at one rotation, whatever the network says.
    pub(super) fn at(kernel: &Kernel, signals: Signals<'_>, rotation: Rotation) -> Result<Self> {
        let places = Places::new(kernel.network(), vec![Some(rotation)])?;
        Self::placed(kernel, signals, &places)
    }

    fn placed(kernel: &Kernel, signals: Signals<'_>, places: &Places) -> Result<Self> {
        let network = kernel.network();
        let input = network.input();
        check_signals(input, &signals)?;
        check_sizes(kernel, &signals)?;
        let store = match (kernel.engines(), signals) {
            (Engines::Vector(engine), Signals::Vectors(array)) => {
                Store::Vector(each(array.len_of(Axis(0)), |i| {
                    prepare(engine, i, array.row(i).to_vec())
                })?)
            }
            (Engines::Sphere(engine), signals) => {
                let take = harmonics(input, &signals)?;
                let readout = engine.refinement.readout();
                Store::Sphere(each(signals.len() * places.len(), |i| {
                    let (turn, input) = (places.turn(i), i / places.len());
                    let coeffs = take(input)?;
                    prepare(
                        engine,
                        input,
                        SphereGeometry::signal(coeffs.view(), turn, readout)?,
                    )
                })?)
            }
            (Engines::Fields(engine), signals) => {
                let take = harmonics(input, &signals)?;
                Store::Fields(each(signals.len() * places.len(), |i| {
                    let input = i / places.len();
                    let mut signal = SphereSignal::new(take(input)?.view());
                    if let Some((rotation, g)) = places.turn(i) {
                        signal = signal.turned(rotation, g)?;
                    }
                    prepare(engine, input, signal)
                })?)
            }
            (Engines::Finite(engine), Signals::Points(array)) => {
                Store::Finite(each(array.len_of(Axis(0)), |i| {
                    prepare(engine, i, FiniteSignal::new(array.index_axis(Axis(0), i)))
                })?)
            }
            (Engines::Plane(engine), Signals::Grid(array)) => {
                Store::Plane(each(array.len_of(Axis(0)), |i| {
                    prepare(engine, i, PlaneSignal::new(array.index_axis(Axis(0), i)))
                })?)
            }
            (Engines::PlaneSingle(engine, _), Signals::Grid(array)) => {
                Store::PlaneSingle(each(array.len_of(Axis(0)), |i| {
                    prepare(engine, i, PlaneSignal::new(array.index_axis(Axis(0), i)))
                })?)
            }
            (_, signals) => return Err(wrong_form(input, &signals)),
        };
        Ok(PreparedSignals {
            network: Arc::new(network.clone()),
            store,
        })
    }

    /// Number of rows of a kernel: the signals, times the places where the features of each are read.
    pub fn len(&self) -> usize {
        match &self.store {
            Store::Vector(signals) => signals.len(),
            Store::Sphere(signals) => signals.len(),
            Store::Fields(signals) => signals.len(),
            Store::Finite(signals) => signals.len(),
            Store::Plane(signals) => signals.len(),
            Store::PlaneSingle(signals) => signals.len(),
        }
    }

    /// Whether there is no signal; never true of a value that a caller can hold.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Variances belong to a network, so signals prepared for another one are refused.
    pub(crate) fn check(&self, network: &Network) -> Result<()> {
        if *self.network == *network {
            Ok(())
        } else {
            Err(Error::invalid(
                "prepared signals",
                "signals prepared for another network",
                "signals prepared for this network",
            ))
        }
    }
}

impl Kernel {
    /// Takes signals apart once: coefficients of each, and its variance before each activation.
    ///
    /// A network with outputs at P places has P rows a signal, signal after signal.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the signals are not of the network's input space, [`Error::NotFinite`], [`Error::Empty`].
    pub fn prepare<'a>(&self, signals: impl Into<Signals<'a>>) -> Result<PreparedSignals> {
        PreparedSignals::new(self, signals.into(), self.network().outputs())
    }

    /// As [`prepare`](Self::prepare), with the features read at other places than those of the network: what was learnt
    /// at some places is predicted at others.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare); [`Error::InvalidNetwork`] if the features are not functions on what the places are in,
    /// [`Error::InvalidValue`] for angles out of range.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::kernel::Kernel;
    /// use haarmonic::network::{Network, Outputs, Scale, SphereSampling, Support};
    /// use ndarray::Array4;
    /// use num_complex::Complex64;
    ///
    /// let network = Network::sphere(2, SphereSampling::Coefficients, 1)
    ///     .lifting_with(Support::cap(0.9), Scale::default())
    ///     .activation(Activation::Erf)
    ///     .partial_pooling()
    ///     .outputs(Outputs::points(&[[0.0, 0.0], [1.2, 0.4]]))
    ///     .build()?;
    /// let kernel = Kernel::new(&network)?;
    /// let signals = Array4::<Complex64>::zeros((3, 1, 2, 3));
    /// let train = kernel.prepare(signals.view())?;
    /// let elsewhere = kernel.prepare_at(signals.view(), &Outputs::points(&[[2.0, 0.0]]))?;
    /// assert_eq!(kernel.cross_prepared(&elsewhere, &train)?.ntk.dim(), (3, 6));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn prepare_at<'a>(
        &self,
        signals: impl Into<Signals<'a>>,
        outputs: &Outputs,
    ) -> Result<PreparedSignals> {
        // The network with these outputs says whether they fit.
        self.network().clone().with_outputs(outputs.clone())?;
        PreparedSignals::new(self, signals.into(), outputs)
    }
}

/// From the number of a signal to its coefficients.
pub(crate) type Harmonics<'a> = dyn Fn(usize) -> Result<Array3<Complex64>> + Sync + Send + 'a;

/// The coefficients of each signal on the sphere, of shape `[channels, L, 2L − 1]`.
pub(crate) fn harmonics<'a>(
    input: &InputSpace,
    signals: &'a Signals<'_>,
) -> Result<Box<Harmonics<'a>>> {
    match (signals, input) {
        (Signals::Coefficients(array), _) => Ok(Box::new(move |i| {
            let signal = array.index_axis(Axis(0), i);
            check_real(signal)?;
            Ok(signal.to_owned())
        })),
        (
            Signals::Grid(array),
            InputSpace::Sphere {
                band_limit,
                sampling: SphereSampling::Grid(sampling),
                ..
            },
        ) => {
            let band_limit = *band_limit;
            let plan = ShtPlanner::new().plan(band_limit, *sampling)?;
            Ok(Box::new(move |i| {
                let grid = array.index_axis(Axis(0), i);
                let channels = grid.len_of(Axis(2));
                let mut coeffs = Array3::zeros((channels, band_limit, 2 * band_limit - 1));
                let grid = grid.permuted_axes([2, 0, 1]);
                plan.forward_batch_into(grid, coeffs.view_mut(), &mut plan.make_scratch())?;
                Ok(coeffs)
            }))
        }
        _ => Err(wrong_form(input, signals)),
    }
}

/// The rotations that take the identity to where the features are read; nothing for pooled ones.
struct Places {
    rotation: Option<CoefficientRotation>,
    places: Vec<Option<Rotation>>,
}

impl Places {
    fn of_outputs(network: &Network, outputs: &Outputs) -> Result<Self> {
        let rotation = |[alpha, beta, gamma]: [f64; 3]| {
            EulerZyz::new(alpha, beta, gamma).map(|euler| Some(Rotation::from(euler)))
        };
        let places = match outputs {
            Outputs::Pooled => vec![None],
            Outputs::Rotations(angles) => angles
                .iter()
                .map(|&angles| rotation(angles))
                .collect::<Result<_>>()?,
            Outputs::Points(points) => points
                .iter()
                .map(|&[theta, phi]| rotation([phi, theta, 0.0]))
                .collect::<Result<_>>()?,
        };
        Self::new(network, places)
    }

    fn new(network: &Network, places: Vec<Option<Rotation>>) -> Result<Self> {
        let rotation = match network.input() {
            InputSpace::Sphere { band_limit, .. } if places.iter().any(Option::is_some) => {
                Some(CoefficientRotation::new(*band_limit)?)
            }
            _ => None,
        };
        Ok(Places { rotation, places })
    }

    fn len(&self) -> usize {
        self.places.len()
    }

    /// Of prepared signals one after the other: all outputs of a signal.
    fn turn(&self, index: usize) -> Option<(&CoefficientRotation, &Rotation)> {
        let place = self.places[index % self.places.len()].as_ref()?;
        Some((self.rotation.as_ref()?, place))
    }
}

fn each<T: Send>(
    len: usize,
    prepare: impl Fn(usize) -> Result<T> + Sync + Send,
) -> Result<Arc<[T]>> {
    let items = (0..len)
        .into_par_iter()
        .map(prepare)
        .collect::<Result<Vec<T>>>()?;
    Ok(items.into())
}

/// Prepares one signal; an error names the input.
fn prepare<R: Refinement>(
    engine: &Engine<R>,
    input: usize,
    signal: <R::Level as Geometry>::Signal,
) -> Result<Prepared<R::Level>> {
    engine
        .prepare(signal)
        .map_err(|error| error.in_input(input))
}

/// Refuses inputs whose squares overflow, and those whose squares underflow although they are all that the network sees.
fn check_sizes(kernel: &Kernel, signals: &Signals<'_>) -> Result<()> {
    // Square roots of the smallest normal and of the largest number.
    let (smallest, largest) = match kernel.precision() {
        Precision::Double => (f64::MIN_POSITIVE.sqrt(), f64::MAX.sqrt()),
        Precision::Single => (
            f64::from(f32::MIN_POSITIVE).sqrt(),
            f64::from(f32::MAX).sqrt(),
        ),
    };
    let biased = match kernel.network().layers() {
        [Layer::Lifting { scale, .. } | Layer::Dense(scale), ..] => scale.bias_std > 0.0,
        _ => false,
    };
    for (input, size) in signals.sizes().into_iter().enumerate() {
        let expected = if size > largest {
            format!("at most {largest:.1e}, so that squares do not overflow")
        } else if size > 0.0 && size < smallest && !biased {
            format!("zero or at least {smallest:.1e}, so that squares do not underflow")
        } else {
            continue;
        };
        return Err(Error::invalid("largest entry", size, expected).in_input(input));
    }
    Ok(())
}

/// Checks that signals are finite and of the shape of an input space.
pub(crate) fn check_signals(input: &InputSpace, signals: &Signals<'_>) -> Result<()> {
    check_shape(input, signals)?;
    match signals.first_not_finite() {
        Some(index) => Err(Error::not_finite("signals", index)),
        None => Ok(()),
    }
}

fn check_shape(input: &InputSpace, signals: &Signals<'_>) -> Result<()> {
    let expected = match (input.clone(), signals) {
        (InputSpace::Vector { dimension }, Signals::Vectors(_)) => vec![dimension],
        (
            InputSpace::Sphere {
                band_limit,
                sampling: SphereSampling::Grid(sampling),
                channels,
            },
            Signals::Grid(_),
        ) => {
            let [rings, ring] = sampling.shape(band_limit)?;
            vec![rings, ring, channels]
        }
        (
            InputSpace::Sphere {
                band_limit,
                sampling: SphereSampling::Coefficients,
                channels,
            },
            Signals::Coefficients(_),
        ) => vec![channels, band_limit, 2 * band_limit - 1],
        (
            InputSpace::Plane {
                height,
                width,
                channels,
            },
            Signals::Grid(_),
        ) => vec![height, width, channels],
        (InputSpace::Finite { action, channels }, Signals::Points(_)) => {
            vec![action.points(), channels]
        }
        _ => return Err(wrong_form(input, signals)),
    };
    let shape = signals.shape();
    if shape[1..] != expected[..] {
        let words: Vec<String> = expected.iter().map(ToString::to_string).collect();
        return Err(Error::shape(
            "signals",
            format!("[n, {}]", words.join(", ")),
            shape.to_vec(),
        ));
    }
    if shape[0] == 0 {
        return Err(Error::empty("signals"));
    }
    Ok(())
}

fn wrong_form(input: &InputSpace, signals: &Signals<'_>) -> Error {
    let expected = match input {
        InputSpace::Vector { dimension } => format!("real [n, {dimension}]"),
        InputSpace::Sphere {
            band_limit,
            sampling: SphereSampling::Coefficients,
            channels,
        } => format!(
            "complex [n, {channels}, {band_limit}, {}]",
            2 * band_limit - 1
        ),
        InputSpace::Sphere { channels, .. } => format!("real [n, θ, φ, {channels}]"),
        InputSpace::Plane {
            height,
            width,
            channels,
        } => format!("real [n, {height}, {width}, {channels}]"),
        InputSpace::Finite { action, channels } => {
            format!("real [n, {}, {channels}]", action.points())
        }
    };
    let kind = match signals {
        Signals::Coefficients(_) => "complex",
        _ => "real",
    };
    Error::shape(
        format!("signals ({kind})"),
        expected,
        signals.shape().to_vec(),
    )
}

/// Refuses coefficients that are not those of real signals.
fn check_real(signal: ArrayView3<'_, Complex64>) -> Result<()> {
    signal
        .outer_iter()
        .try_for_each(|channel| coefficients::check_real(channel, REALITY))
}

/// Relative deviation from the symmetry of a real signal that is put down to rounding, also to
/// rounding of coefficients that came as 32-bit numbers.
const REALITY: f64 = 1e-5;
