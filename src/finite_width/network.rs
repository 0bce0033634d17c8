//! [`FiniteNetwork`]: a network with finitely many channels.

use std::cell::RefCell;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor, Var};
use ndarray::{Array2, Array3};

use crate::kernel::{Harmonics, Signals};
use crate::network::{InputSpace, Network};
use crate::{Error, Result};

use super::backend::{Backend, matrix};
use super::molecule::MoleculePlaces;
use super::parameters::draw;
use super::plan::Plan;
use super::sphere_layers::RotationPlaces;
use super::steps::{Context, Step, Tap};
use super::width::Width;

/// A network with finitely many channels, its parameters drawn from a seed.
///
/// The layers follow the table in `docs/theory.md`: the parameters are independent and standard normal, and the layers have the factors
/// $`\sigma_w / \sqrt{n}`$ and $`\sigma_b`$. As the width grows, the covariance of the outputs and the tangent kernel tend to the kernels
/// that [`Kernel`](crate::kernel::Kernel) computes from this [`Network`].
///
/// Clones share their parameters; [`reinitialised`](Self::reinitialised) makes new ones.
///
/// # The sphere
/// Features are kept on a grid of rotations, and filters act on their coefficients below a band limit M. M is the band limit of the
/// network's [`Quadrature`](crate::network::Quadrature); a quadrature with a tolerance takes twice the band limit of the signals. The
/// degrees of an activation from M on are lost.
///
/// # Molecules
/// Features are kept at each atom and at the rotations of the network's quadrature, and no layer before the mean over the group mixes
/// rotations. `docs/finite-width.md` has the layer, and which equivariance is exact.
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::finite_width::{FiniteNetwork, Width, candle_core::DType};
/// use haarmonic::network::{Network, Init};
///
/// let network = Network::vector(2)
///     .dense(Init::new(1.0, 0.1))
///     .activation(Activation::Erf)
///     .dense(Init::default())
///     .build()?;
/// let finite = FiniteNetwork::new(&network, Width::new(64, 3), 7, DType::F32)?;
/// let inputs = finite.prepare(ndarray::array![[1.0, 0.5], [0.0, -1.0]].view())?;
/// assert_eq!(finite.forward(&inputs)?.dims(), [2, 3]);
/// let gradients = finite.forward(&inputs)?.sum_all()?.backward()?;
/// assert_eq!(finite.names(), ["0.weight", "0.bias", "2.weight"]);
/// assert_eq!(gradients.get(&finite.parameters()[0]).map(|g| g.dims().to_vec()), Some(vec![2, 64]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct FiniteNetwork {
    plan: Arc<Plan>,
    parameters: Vec<Var>,
    seed: u64,
}

impl FiniteNetwork {
    /// Makes a network and draws its parameters.
    ///
    /// # Arguments
    /// * `network` — the layers
    /// * `width` — numbers of channels
    /// * `seed` — of the parameters; for equal seeds, f32 parameters are the rounded f64 parameters
    /// * `dtype` — `DType::F32` or `DType::F64`
    ///
    /// # Cost
    /// On the sphere, tables of about $`\frac{32}{3} M^6`$ numbers for the band limit M of the features.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a width of 0, another data type, a residual sum whose branch and identity shortcut differ in their
    /// numbers of channels, or a band limit of the features below the band limit of the signals or above 16. On molecules for outputs at
    /// atoms, a tolerance instead of a band limit unless all activations are polynomials, a message that is normalised, or a radial kernel
    /// too narrow for its cutoff. For graphs.
    pub fn new(network: &Network, width: Width, seed: u64, dtype: DType) -> Result<Self> {
        let plan = Plan::new(network, width, dtype)?;
        Ok(FiniteNetwork {
            parameters: draw(&plan.slots, seed, dtype)?,
            plan: Arc::new(plan),
            seed,
        })
    }

    /// Returns a network of equal layers with parameters of another seed; the two networks share their tables.
    ///
    /// # Errors
    /// [`Error::Backend`] if the tensor library fails, for example for want of memory.
    pub fn reinitialised(&self, seed: u64) -> Result<Self> {
        Ok(FiniteNetwork {
            parameters: draw(&self.plan.slots, seed, self.plan.dtype)?,
            plan: self.plan.clone(),
            seed,
        })
    }

    /// Returns the layers.
    pub fn network(&self) -> &Network {
        &self.plan.network
    }

    /// Returns the numbers of channels.
    pub fn width(&self) -> Width {
        self.plan.width
    }

    /// Returns the seed from which the parameters were drawn.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns the data type of parameters and features.
    pub fn dtype(&self) -> DType {
        self.plan.dtype
    }

    /// Returns the shape of the outputs of one input: the number of places where features are read (1 after pooling), and the number of
    /// channels.
    pub fn output_shape(&self) -> [usize; 2] {
        [self.plan.output_places, self.plan.output_channels]
    }

    /// Returns the parameters, from input to output: for each layer its weights, then its biases unless σb is zero.
    pub fn parameters(&self) -> &[Var] {
        &self.parameters
    }

    /// Returns the names of the parameters.
    ///
    /// A name is the number of the layer and `weight` or `bias`, as in `0.weight`. Within a residual sum it includes the branch, as in
    /// `2.branch.0.weight`.
    pub fn names(&self) -> Vec<&str> {
        self.plan
            .slots
            .iter()
            .map(|slot| slot.name.as_str())
            .collect()
    }

    /// Returns the number of all entries of all parameters.
    pub fn parameter_count(&self) -> usize {
        let sizes = self.plan.slots.iter();
        sizes.map(|slot| slot.shape.iter().product::<usize>()).sum()
    }

    /// Replaces the values of all parameters.
    ///
    /// # Arguments
    /// * `values` — in the order of [`parameters`](Self::parameters)
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for a wrong number of values or a wrong shape of one of them; all parameters are then unchanged.
    pub fn set_parameters(&self, values: &[Tensor]) -> Result<()> {
        if values.len() != self.parameters.len() {
            return Err(Error::shape(
                "parameters of a finite network",
                format!("[{}]", self.parameters.len()),
                vec![values.len()],
            ));
        }
        for (slot, value) in self.plan.slots.iter().zip(values) {
            if value.dims() != slot.shape {
                return Err(Error::shape(
                    format!("parameter {}", slot.name),
                    format!("{:?}", slot.shape),
                    value.dims().to_vec(),
                ));
            }
        }
        for (parameter, value) in self.parameters.iter().zip(values) {
            // The value is copied, since a variable refuses a tensor that shares its storage.
            let copy = value
                .to_dtype(self.plan.dtype)
                .and_then(|value| value.force_contiguous()?.copy());
            copy.and_then(|copy| parameter.set(&copy)).backend()?;
        }
        Ok(())
    }

    /// Returns a tensor of signals, which serves any number of evaluations.
    ///
    /// The tensor has shape `[n, places, channels]`. Places are pixels, points, or the coefficients $`l^2 + l + m`$ of real harmonics; a
    /// vector has one place. A batch is a part of the tensor along the first axis. Places of molecules are the atoms of the largest one, with
    /// four channels: the atomic number, and the position in ångström. Zeros stand for the atoms that smaller molecules do not have.
    ///
    /// # Arguments
    /// * `signals` — in the forms that [`Kernel::gram`](crate::kernel::Kernel::gram) takes
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`] — the signals are not of the network's input space
    /// * [`Error::NotFinite`] — a value is NaN or infinite
    /// * [`Error::Empty`] — there are no signals
    pub fn prepare<'a>(&self, signals: impl Into<Signals<'a>>) -> Result<Tensor> {
        let signals = signals.into();
        let input = self.plan.network.input();
        signals.check(input)?;
        let [mut places, channels] = self.plan.input;
        let values: Vec<f64> = match (&signals, input) {
            (_, InputSpace::Sphere { band_limit, .. }) => {
                let harmonics = Harmonics::new(input, signals)?;
                let mut values = Vec::new();
                for i in 0..signals.len() {
                    push_real(&harmonics.coefficients(i)?, *band_limit, &mut values);
                }
                values
            }
            (Signals::Vectors(array), _) => array.iter().copied().collect(),
            (Signals::Grid(array), _) => array.iter().copied().collect(),
            (Signals::Points(array), _) => array.iter().copied().collect(),
            (Signals::Atoms(molecules), _) => {
                let (values, atoms) = MoleculePlaces::write(molecules);
                places = atoms;
                values
            }
            (Signals::Coefficients(_) | Signals::Graphs(_), _) => {
                unreachable!("complex signals are on the sphere, and plans refuse graphs")
            }
        };
        Tensor::from_vec(values, (signals.len(), places, channels), &Device::Cpu)
            .and_then(|inputs| inputs.to_dtype(self.plan.dtype))
            .backend()
    }

    /// Evaluates the network; the outputs can be differentiated.
    ///
    /// Returns a tensor of shape `[n · places, channels]` with the numbers of [`output_shape`](Self::output_shape). The rows are in the
    /// order of the rows of a kernel matrix: signal by signal, and place by place within a signal.
    ///
    /// # Arguments
    /// * `inputs` — a tensor of [`prepare`](Self::prepare), or some of its rows
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for inputs of another shape, [`Error::InvalidValue`] for inputs of another data type. On molecules also
    /// [`Error::InvalidValue`] for other elements and for coinciding atoms, and [`Error::NotFinite`] for positions.
    pub fn forward(&self, inputs: &Tensor) -> Result<Tensor> {
        self.run(&self.plan.steps, inputs)
    }

    /// Evaluates the network for signals.
    ///
    /// Returns the outputs, shape `[n · places, channels]`, in the order of [`forward`](Self::forward).
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare) and [`forward`](Self::forward).
    pub fn outputs<'a>(&self, signals: impl Into<Signals<'a>>) -> Result<Array2<f64>> {
        matrix(&self.forward(&self.prepare(signals)?)?)
    }

    /// Evaluates all layers but the last one, if it is dense; returns the features with σw² and σb² of the last layer.
    ///
    /// The result is none if the last layer is not dense.
    pub(super) fn last_features(&self, inputs: &Tensor) -> Result<Option<(Tensor, [f64; 2])>> {
        let steps = &self.plan.steps;
        // A step that only selects places may follow the dense layer: the two commute.
        let dense = steps
            .iter()
            .rposition(|step| !matches!(step, Step::Last(_)))
            .expect("a network has layers");
        let Step::Linear(linear) = &steps[dense] else {
            return Ok(None);
        };
        if !linear.is_pointwise() {
            return Ok(None);
        }
        let mut before = steps.clone();
        before.remove(dense);
        let features = self.run(&before, inputs)?;
        let fan_in = features.dims()[1] as f64;
        let factors = [
            linear.factor.powi(2) * fan_in,
            linear.bias.map_or(0.0, |_| linear.bias_std.powi(2)),
        ];
        Ok(Some((features, factors)))
    }

    /// Evaluates the network; returns the outputs, and per layer with weights the tensors that derivatives by its parameters need.
    pub(super) fn tapped(&self, inputs: &Tensor) -> Result<(Tensor, Vec<Tap>)> {
        let mut context = self.context();
        context.taps = Some(RefCell::default());
        let outputs = self.run_in(&mut context, &self.plan.steps, inputs)?;
        let taps = context.taps.map(RefCell::into_inner);
        Ok((outputs, taps.unwrap_or_default()))
    }

    pub(super) fn rotations(&self) -> Option<&RotationPlaces> {
        self.plan.rotations.as_ref()
    }

    fn context(&self) -> Context<'_> {
        Context {
            parameters: &self.parameters,
            rotations: self.plan.rotations.as_ref(),
            molecules: None,
            taps: None,
        }
    }

    fn run(&self, steps: &[Step], inputs: &Tensor) -> Result<Tensor> {
        self.run_in(&mut self.context(), steps, inputs)
    }

    /// Checks inputs and applies some steps; the result has shape `[n · places, channels]`.
    fn run_in(&self, context: &mut Context<'_>, steps: &[Step], inputs: &Tensor) -> Result<Tensor> {
        let [places, channels] = self.plan.input;
        let shape = inputs.dims();
        let molecules = self.plan.molecules.as_ref();
        let fits = match (shape, molecules) {
            ([n, atoms, columns], Some(_)) => *n > 0 && *atoms > 0 && *columns == channels,
            ([n, rest @ ..], None) => *n > 0 && *rest == [places, channels],
            _ => false,
        };
        if !fits {
            let places = match molecules {
                Some(_) => "atoms".to_string(),
                None => places.to_string(),
            };
            return Err(Error::shape(
                "inputs of a finite network",
                format!("[n, {places}, {channels}], n at least 1"),
                shape.to_vec(),
            ));
        }
        if inputs.dtype() != self.plan.dtype {
            return Err(Error::invalid(
                "data type of the inputs",
                inputs.dtype().as_str(),
                self.plan.dtype.as_str(),
            ));
        }
        context.molecules = molecules
            .map(|molecules| molecules.batch(inputs))
            .transpose()?;
        let outputs = inputs
            .contiguous()
            .and_then(|inputs| context.run(steps, &inputs))
            .backend()?;
        let (n, places, channels) = outputs.dims3().backend()?;
        outputs.reshape((n * places, channels)).backend()
    }
}

/// Appends the real coefficients of a signal, `[coefficient, channel]`.
///
/// The coefficients of the real harmonics of order ±m are √2 (−1)^m times the real part and −√2 (−1)^m times the imaginary part of the
/// complex coefficient of order m.
fn push_real(
    coefficients: &Array3<num_complex::Complex64>,
    band_limit: usize,
    values: &mut Vec<f64>,
) {
    let root = 2.0_f64.sqrt();
    for l in 0..band_limit as i64 {
        for m in -l..=l {
            let sign = if m % 2 == 0 { root } else { -root };
            let at = [l as usize, m.unsigned_abs() as usize + band_limit - 1];
            values.extend(coefficients.outer_iter().map(|channel| match m {
                0 => channel[at].re,
                1.. => sign * channel[at].re,
                _ => -sign * channel[at].im,
            }));
        }
    }
}
