//! Reading targets from a file, and giving predictions the shape of the targets.

use std::path::{Path, PathBuf};

use haarmonic::data::arrays::read_real;
use haarmonic::network::{Network, Outputs};
use haarmonic::predict::fields;
use haarmonic::{Error, Result};
use ndarray::{Array2, Array3, ArrayD, Axis};

use super::inputs::Inputs;

/// Inputs with their targets.
pub struct Known {
    pub inputs: Inputs,
    pub targets: Targets,
}

impl Known {
    /// Reads inputs and targets, and refuses them if the numbers of inputs and of targets differ.
    ///
    /// # Arguments
    /// * `whose` — "training" or "validation", for errors
    pub fn read(network: &Network, x: &Path, y: &Path, whose: &str) -> Result<Known> {
        let targets = Targets::read(network, y)?;
        let inputs = Inputs::read(network, x)?;
        targets.check(inputs.len(), whose)?;
        Ok(Known { inputs, targets })
    }
}

/// The targets, with one row per row of the kernel.
pub struct Targets {
    path: PathBuf,
    /// Shape `[rows of the kernel, outputs]`.
    pub rows: Array2<f64>,
    /// The number of places of each input, if the outputs of the network are functions.
    places: Option<usize>,
    /// The shape in the file.
    shape: Vec<usize>,
}

impl Targets {
    /// Reads targets `[n]` or `[n, outputs]` for a network with pooled outputs, and `[n, P]` or `[n, P, outputs]` for a network
    /// with outputs at P places.
    fn read(network: &Network, path: &Path) -> Result<Targets> {
        let array = read_real(path)?;
        let places = match network.outputs() {
            Outputs::Pooled | Outputs::Nodes => None,
            outputs => Some(outputs.count()),
        };
        Targets::new(array, places, path).map_err(|error| error.in_file(path))
    }

    /// Brings targets into rows of a kernel; `places` is the number P of places, if the outputs are not pooled.
    fn new(array: ArrayD<f64>, places: Option<usize>, path: &Path) -> Result<Targets> {
        let shape = array.shape().to_vec();
        let expected = || match places {
            None => "[n] or [n, outputs]".to_owned(),
            Some(places) => {
                format!("[n, {places}] or [n, {places}, outputs], one value at each place")
            }
        };
        let wrong = || Error::shape("targets", expected(), shape.clone());
        // A file without the last axis holds one number per row of the kernel.
        let axes = 1 + usize::from(places.is_some());
        let array = if array.ndim() == axes {
            array.insert_axis(Axis(axes))
        } else {
            array
        };
        let rows = match places {
            None => array.into_dimensionality().map_err(|_| wrong())?,
            Some(places) => {
                let array: Array3<f64> = array.into_dimensionality().map_err(|_| wrong())?;
                if array.len_of(Axis(1)) != places {
                    return Err(wrong());
                }
                fields::to_rows(array.view(), places)?
            }
        };
        Ok(Targets {
            path: path.into(),
            rows,
            places,
            shape,
        })
    }

    /// Refuses targets for another number of inputs.
    fn check(&self, inputs: usize, whose: &str) -> Result<()> {
        if self.rows.nrows() == inputs * self.places() {
            return Ok(());
        }
        let at = self.places.map_or(String::new(), |p| format!("{p}, "));
        let expected = format!("[{inputs}, {at}outputs], one row per {whose} input");
        Err(Error::shape("targets", expected, self.shape.clone()).in_file(&self.path))
    }

    /// Refuses validation targets with another number of outputs than the training targets.
    pub fn check_outputs(&self, train: &Targets) -> Result<()> {
        let outputs = train.rows.ncols();
        if self.rows.ncols() == outputs {
            return Ok(());
        }
        let expected = format!("{outputs} outputs, as the training targets");
        let error = Error::shape("validation targets", expected, self.rows.shape());
        Err(error.in_file(&self.path))
    }

    /// Returns the number of places of each input.
    pub fn places(&self) -> usize {
        self.places.unwrap_or(1)
    }

    /// Brings predictions into the shape of the targets: `[m, outputs]` for pooled outputs, or else `[m, P]` or `[m, P, outputs]`.
    pub fn shaped(&self, mean: Array2<f64>) -> Result<ArrayD<f64>> {
        let Some(places) = self.places else {
            return Ok(mean.into_dyn());
        };
        let fields = fields::from_rows(mean, places)?.into_dyn();
        Ok(if self.shape.len() == 2 {
            fields.index_axis_move(Axis(2), 0)
        } else {
            fields
        })
    }
}
