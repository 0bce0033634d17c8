//! Molecules for the examples: what an atom sees as signals on the sphere, networks on them, kernels of molecules as sums over pairs of atoms.

use std::f64::consts::{FRAC_PI_4, PI};

use haarmonic::activation::Activation;
use haarmonic::data::molecule::Molecule;
use haarmonic::data::radial::{RadialChannel, RadialCutoff, RadialFunction};
use haarmonic::data::spherical_features::SphericalFeatures;
use haarmonic::group::Rotation;
use haarmonic::kernel::{Kernel, KernelMatrices, Pairing, PreparedSignals, SetKernel, SignalSet};
use haarmonic::network::{Init, Network, SphereSampling};
use haarmonic::progress::Progress;
use haarmonic::sphere::Sampling;
use haarmonic::{Error, Result};
use ndarray::{Array2, Array4, Axis};
use num_complex::Complex64;
use rand::Rng;

/// Band limit of the signals. The settings were chosen on rows 1,000 to 1,099 of the shipped sample, on which nothing is tested
/// (docs/molecules.md).
const BAND_LIMIT: usize = 4;
/// Behind a normalisation, He₂/√2 makes the kernel of two atoms the square of their correlation. Its mean over rotations is a product of power
/// spectra: kernel matrices are products of features.
const ACTIVATION: Activation = Activation::Hermite { degree: 2 };
/// Standard deviation of the biases of the first layer, which mix constant, linear and quadratic terms. Its weights are
/// scaled so that the signals of the training atoms have mean square one.
const FIRST_BIAS_STD: f64 = 0.8;
/// Shells around an atom: the first and last centre, their distance and their width in ångström, the power of the distance with its unit length.
const FIRST_SHELL: f64 = 0.8;
const LAST_SHELL: f64 = 3.2;
const SHELL_STEP: f64 = 0.2;
const SHELL_WIDTH: f64 = 0.2;
const SHELL_POWER: i32 = 3;
const SHELL_UNIT: f64 = 1.5;
/// Neighbours fade from the first to the second distance.
const FADING: [f64; 2] = [1.8, 3.4];
/// How wide a neighbour looks, and the exponent of the charges.
const ANGULAR_WIDTH: f64 = FRAC_PI_4;
const CHARGE_EXPONENT: f64 = 0.5;
/// Variance of the bias added to a sum over atoms, wide against the sums themselves (20 to 300).
const BIAS_VARIANCE: f64 = 1e4;

/// Two networks with the same layers: an MLP on the values of a signal, an SO(3)-equivariant one.
#[derive(Clone, Copy, PartialEq)]
pub enum Model {
    Mlp,
    So3,
}

fn features() -> Result<SphericalFeatures> {
    let shell = |centre| {
        let (width, power) = (SHELL_WIDTH, f64::from(SHELL_POWER));
        RadialChannel::new(RadialFunction::Gaussian {
            centre,
            width,
            power,
        })
        .with_scale(SHELL_UNIT.powi(SHELL_POWER))
        .with_angular_width(ANGULAR_WIDTH)
        .with_charge_exponent(CHARGE_EXPONENT)
    };
    let shells = ((LAST_SHELL - FIRST_SHELL) / SHELL_STEP).round() as usize + 1;
    let centres = (0..shells).map(|k| FIRST_SHELL + k as f64 * SHELL_STEP);
    let [start, radius] = FADING;
    SphericalFeatures::builder(BAND_LIMIT)
        .radial(centres.map(shell).collect::<Vec<_>>())
        .cutoff(RadialCutoff::Fading { start, radius })
        .build()
}

/// Signals of all atoms of all molecules, in the form a model takes.
enum Signals {
    /// Values on a grid, one row an atom.
    Flat(Array2<f64>),
    /// Coefficients.
    Sphere(Array4<Complex64>),
}

impl Signals {
    /// Mean over atoms of the mean square of a signal.
    fn mean_square(&self) -> f64 {
        match self {
            Signals::Flat(values) => {
                values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64
            }
            Signals::Sphere(coeffs) => {
                let signals = coeffs.len_of(Axis(0)) * coeffs.len_of(Axis(1));
                let square: f64 = coeffs.iter().map(|c| c.norm_sqr()).sum();
                square / (4.0 * PI * signals as f64)
            }
        }
    }

    fn prepare(&self, kernel: &Kernel) -> Result<PreparedSignals> {
        match self {
            Signals::Flat(values) => kernel.prepare(values.view()),
            Signals::Sphere(coeffs) => kernel.prepare(coeffs.view()),
        }
    }
}

impl Model {
    pub fn name(self) -> &'static str {
        match self {
            Model::Mlp => "MLP",
            Model::So3 => "SO(3)",
        }
    }

    /// Returns the network of a model; both models have the same layers.
    fn network(self, features: &SphericalFeatures, first: Init) -> Result<Network> {
        let channels = features.channel_count();
        match self {
            Model::So3 => Network::sphere(BAND_LIMIT, SphereSampling::Coefficients, channels)
                .lifting(first)
                .normalisation()
                .activation(ACTIVATION)
                .group_pooling()
                .dense(Init::default())
                .build(),
            Model::Mlp => {
                let [rings, ring] = Sampling::GaussLegendre.shape(BAND_LIMIT)?;
                Network::vector(rings * ring * channels)
                    .dense(first)
                    .normalisation()
                    .activation(ACTIVATION)
                    .dense(Init::default())
                    .build()
            }
        }
    }

    fn signals(self, features: &SphericalFeatures, molecules: &[Molecule]) -> Result<Signals> {
        match self {
            Model::So3 => {
                let each = molecules
                    .iter()
                    .map(|molecule| features.coefficients(molecule));
                Ok(Signals::Sphere(concatenate(
                    &each.collect::<Result<Vec<_>>>()?,
                )?))
            }
            Model::Mlp => {
                let each = molecules.iter().map(|molecule| {
                    let grid = features.grid(molecule, Sampling::GaussLegendre)?;
                    let shape = (molecule.len(), grid.len() / molecule.len());
                    Ok(grid.into_shape_with_order(shape).expect("one row an atom"))
                });
                Ok(Signals::Flat(concatenate(
                    &each.collect::<Result<Vec<_>>>()?,
                )?))
            }
        }
    }
}

/// One set a molecule: consecutive atoms, labelled by their atomic numbers.
fn sets_of(molecules: &[Molecule]) -> Vec<SignalSet> {
    let mut first = 0;
    let mut sets = Vec::new();
    for molecule in molecules {
        let labels = molecule
            .elements()
            .iter()
            .map(|e| u32::from(e.atomic_number()))
            .collect();
        sets.push(SignalSet { first, labels });
        first += molecule.len();
    }
    sets
}

fn concatenate<T: Clone, D: ndarray::RemoveAxis>(
    arrays: &[ndarray::Array<T, D>],
) -> Result<ndarray::Array<T, D>> {
    let views: Vec<_> = arrays.iter().map(|array| array.view()).collect();
    ndarray::concatenate(Axis(0), &views).map_err(|_| Error::empty("molecules"))
}

/// The signals of all atoms of some molecules, and which atoms belong together.
pub struct Atoms {
    signals: PreparedSignals,
    pub sets: Vec<SignalSet>,
}

/// The kernel of molecules: the kernel of two atoms, summed over pairs, and a bias.
pub struct MoleculeKernel {
    model: Model,
    features: SphericalFeatures,
    kernel: SetKernel,
}

impl MoleculeKernel {
    /// Scales the weights of the first layer so that the signals of the training atoms have mean square one.
    pub fn new(model: Model, train: &[Molecule], progress: Progress) -> Result<Self> {
        let features = features()?;
        let signals = model.signals(&features, train)?;
        let first = Init::new(signals.mean_square().sqrt().recip(), FIRST_BIAS_STD);
        let kernel = Kernel::new(&model.network(&features, first)?)?.with_progress(progress);
        let kernel = SetKernel::new(kernel).with_bias(BIAS_VARIANCE)?;
        Ok(MoleculeKernel {
            model,
            features,
            kernel,
        })
    }

    pub fn prepare(&self, molecules: &[Molecule]) -> Result<Atoms> {
        let signals = self.model.signals(&self.features, molecules)?;
        Ok(Atoms {
            signals: signals.prepare(self.kernel.kernel())?,
            sets: sets_of(molecules),
        })
    }

    /// One matrix for each pairing.
    pub fn gram(&self, atoms: &Atoms, pairings: &[Pairing]) -> Result<Vec<KernelMatrices>> {
        self.kernel.gram(&atoms.signals, &atoms.sets, pairings)
    }

    /// One matrix for each pairing, with the first `columns` of the training molecules.
    pub fn cross(
        &self,
        rows: &Atoms,
        train: &Atoms,
        columns: usize,
        pairings: &[Pairing],
    ) -> Result<Vec<KernelMatrices>> {
        let columns = (&train.signals, &train.sets[..columns]);
        self.kernel
            .cross((&rows.signals, &rows.sets), columns, pairings)
    }
}

/// Each molecule rotated at random.
pub fn rotated(molecules: &[Molecule], rng: &mut impl Rng) -> Result<Vec<Molecule>> {
    let turned = molecules.iter();
    turned
        .map(|molecule| molecule.rotated(&Rotation::random(rng)))
        .collect()
}

/// Energies of atomisation in meV.
pub fn energies(molecules: &[Molecule]) -> Vec<f64> {
    let molecules = molecules.iter();
    molecules.map(Molecule::atomisation_energy_mev).collect()
}
