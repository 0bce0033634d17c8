//! The inputs of a kernel, one row at a time.

use std::sync::Arc;

use ndarray::{Array3, ArrayView1, ArrayView2, ArrayView3, ArrayView4, Axis};
use num_complex::Complex64;

use crate::Result;
use crate::atoms::Atoms;
use crate::graph::Graph;
use crate::group::{EulerZyz, Rotation};
use crate::kernel::values::Precision;
use crate::network::{InputSpace, Network, Outputs, SphereSampling};
use crate::sphere::{CoefficientRotation, ShtPlan, ShtPlanner};

use super::check::{check_real, check_sizes, wrong_form};
use super::forms::Signals;

/// Checked inputs of a network: one row of a kernel matrix per signal and place where its features are read.
pub(crate) struct Inputs<'a> {
    space: &'a InputSpace,
    signals: Signals<'a>,
    /// The coefficients, for signals on the sphere.
    harmonics: Option<Harmonics<'a>>,
    places: &'a Places,
}

impl<'a> Inputs<'a> {
    /// Checks the signals of a network.
    ///
    /// # Errors
    /// As [`Signals::check`], and `Error::InInput` if squares leave the range of numbers.
    pub(crate) fn new(
        network: &'a Network,
        precision: Precision,
        signals: &'a Signals<'_>,
        places: &'a Places,
    ) -> Result<Self> {
        let space = network.input();
        signals.check(space)?;
        check_sizes(network, precision, signals)?;
        let signals = signals.view();
        let harmonics = match space {
            InputSpace::Sphere { .. } => Some(Harmonics::new(space, signals)?),
            _ => None,
        };
        Ok(Inputs {
            space,
            signals,
            harmonics,
            places,
        })
    }

    /// Number of rows; the rows are all places of the first signal, then all places of the next signal, and so on.
    pub(crate) fn rows(&self) -> usize {
        self.signals.len() * self.places.len()
    }

    /// The signal of a row.
    pub(crate) fn signal_of(&self, row: usize) -> usize {
        row / self.places.len()
    }

    /// The rotation at which the features of a row are read; none for pooled features.
    pub(crate) fn turn(&self, row: usize) -> Option<Turn<'_>> {
        self.places.turn(row)
    }

    /// A vector, shape `[dimension]`.
    pub(crate) fn vector(&self, row: usize) -> Result<ArrayView1<'_, f64>> {
        match &self.signals {
            Signals::Vectors(array) => Ok(array.row(self.signal_of(row))),
            other => Err(wrong_form(self.space, other)),
        }
    }

    /// A graph.
    pub(crate) fn graph(&self, row: usize) -> Result<&'a Graph> {
        match &self.signals {
            Signals::Graphs(graphs) => Ok(&graphs[self.signal_of(row)]),
            other => Err(wrong_form(self.space, other)),
        }
    }

    /// The atoms of a molecule.
    pub(crate) fn atoms(&self, row: usize) -> Result<&'a Atoms> {
        match &self.signals {
            Signals::Atoms(atoms) => Ok(&atoms[self.signal_of(row)]),
            other => Err(wrong_form(self.space, other)),
        }
    }

    /// A function on a finite set, shape `[points, channels]`.
    pub(crate) fn points(&self, row: usize) -> Result<ArrayView2<'_, f64>> {
        match &self.signals {
            Signals::Points(array) => Ok(array.index_axis(Axis(0), self.signal_of(row))),
            other => Err(wrong_form(self.space, other)),
        }
    }

    /// An image, shape `[height, width, channels]`.
    pub(crate) fn image(&self, row: usize) -> Result<ArrayView3<'_, f64>> {
        match &self.signals {
            Signals::Grid(array) => Ok(array.index_axis(Axis(0), self.signal_of(row))),
            other => Err(wrong_form(self.space, other)),
        }
    }

    /// The coefficients of a signal on the sphere, shape `[channels, L, 2L − 1]`.
    pub(crate) fn coefficients(&self, row: usize) -> Result<Array3<Complex64>> {
        match &self.harmonics {
            Some(harmonics) => harmonics.coefficients(self.signal_of(row)),
            None => Err(wrong_form(self.space, &self.signals)),
        }
    }
}

/// Signals on the sphere, by their coefficients.
pub(crate) enum Harmonics<'a> {
    /// Given coefficients.
    Coefficients(ArrayView4<'a, Complex64>),
    /// Samples on a grid, and the plan of their transform.
    Grid(ArrayView4<'a, f64>, Arc<ShtPlan>),
}

impl<'a> Harmonics<'a> {
    /// Takes signals that were checked.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for signals that are not on the sphere.
    pub(crate) fn new(space: &InputSpace, signals: Signals<'a>) -> Result<Self> {
        match (signals, space) {
            (Signals::Coefficients(array), _) => Ok(Harmonics::Coefficients(array)),
            (
                Signals::Grid(array),
                InputSpace::Sphere {
                    band_limit,
                    sampling: SphereSampling::Grid(sampling),
                    ..
                },
            ) => {
                let plan = ShtPlanner::new().plan(*band_limit, *sampling)?;
                Ok(Harmonics::Grid(array, plan))
            }
            (other, _) => Err(wrong_form(space, &other)),
        }
    }

    /// The coefficients of one signal, shape `[channels, L, 2L − 1]`.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for coefficients of a signal that is not real.
    pub(crate) fn coefficients(&self, index: usize) -> Result<Array3<Complex64>> {
        match self {
            Harmonics::Coefficients(array) => {
                let signal = array.index_axis(Axis(0), index);
                check_real(signal)?;
                Ok(signal.to_owned())
            }
            Harmonics::Grid(array, plan) => {
                let grid = array.index_axis(Axis(0), index).permuted_axes([2, 0, 1]);
                let band_limit = plan.band_limit();
                let shape = (grid.len_of(Axis(0)), band_limit, 2 * band_limit - 1);
                let mut coeffs = Array3::zeros(shape);
                plan.forward_into(grid, coeffs.view_mut(), &mut plan.make_scratch())?;
                Ok(coeffs)
            }
        }
    }
}

/// A rotation g, and the plan that computes the coefficients of x ↦ f(g x) from the coefficients of f.
pub(crate) type Turn<'a> = (&'a CoefficientRotation, &'a Rotation);

/// The rotations at which features are read; one place without a rotation for pooled features.
pub(crate) struct Places {
    rotation: Option<CoefficientRotation>,
    places: Vec<Option<Rotation>>,
}

impl Places {
    /// The places of some outputs; a point is a rotation that takes the north pole to it.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for angles out of range.
    pub(crate) fn of_outputs(network: &Network, outputs: &Outputs) -> Result<Self> {
        let rotation = |[alpha, beta, gamma]: [f64; 3]| {
            EulerZyz::new(alpha, beta, gamma).map(|euler| Some(Rotation::from(euler)))
        };
        let places = match outputs {
            Outputs::Pooled | Outputs::Nodes => vec![None],
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

    /// One rotation as the only place.
    ///
    /// # Errors
    /// The errors of the construction of the rotation's tables.
    pub(crate) fn at(network: &Network, rotation: Rotation) -> Result<Self> {
        Self::new(network, vec![Some(rotation)])
    }

    /// The number of places: rows of a kernel matrix per signal.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The plan of rotations, and the rotation of a row; none for pooled features.
    pub(crate) fn turn(&self, row: usize) -> Option<Turn<'_>> {
        let place = &self.places[row % self.places.len()];
        Some((self.rotation.as_ref()?, place.as_ref()?))
    }

    fn new(network: &Network, places: Vec<Option<Rotation>>) -> Result<Self> {
        let rotation = match network.input() {
            InputSpace::Sphere { band_limit, .. } if places.iter().any(Option::is_some) => {
                Some(CoefficientRotation::real(*band_limit)?)
            }
            _ => None,
        };
        Ok(Places { rotation, places })
    }
}
