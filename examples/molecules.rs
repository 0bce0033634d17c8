//! Who: someone who wants to predict molecular energies with infinitely wide equivariant networks.
//! What: kernel regression of the atomisation energies (U0) of QM9 molecules with the neural tangent kernel of an
//!       SO(3)-equivariant network on the sphere around each atom, and with that of an MLP on the same signals.
//! Run:  cargo run --release --features data --example molecules
//!       cargo run --release --features data --example molecules -- 300 100      # training and test molecules
//! Expect: a table of test errors against the number of training molecules; rotating the test molecules does not move the predictions of
//!         the SO(3) network: 55 meV from 1,000 molecules. Under two minutes.
//!
//! The sample is divided: the first 1,000 molecules train, the settings were chosen on the next 100, and the last 240 test.
//!
//! Kernels of molecules are sums over pairs of atoms of the same element. A linear fit on the numbers of atoms is subtracted from the energies;
//! the ridge is that with which training molecules are predicted best from all the others. Other pairs, other baselines, the whole of QM9,
//! repeats and pictures: the study `molecules_study` (docs/molecules.md).

#[macro_use]
mod shared;
#[path = "shared/molecules.rs"]
mod molecules;

use haarmonic::data::composition::{CompositionBaseline, element_counts};
use haarmonic::data::molecule::Molecule;
use haarmonic::data::qm9::Qm9Source;
use haarmonic::kernel::{KernelMatrices, Pairing};
use haarmonic::predict::{Criterion, FittedRegression, Kernels, Regression, metrics};
use haarmonic::{Error, Result};
use molecules::{Atoms, Model, MoleculeKernel, energies, rotated};
use ndarray::{Array1, Array2, ArrayView2, Axis, Slice};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Training and test molecules unless they are given, which is also the largest number.
const MOLECULES: [usize; 2] = [1000, 240];
/// The row of the first test molecule. On the rows between training and test molecules the settings were chosen.
const FIRST_TEST: usize = 1100;
/// Training molecules of the MLP at most: its kernel matrices are sums over pairs of atoms, and take minutes for more.
const MLP_MOLECULES: usize = 30;
/// Rotating a molecule may move the prediction of the SO(3) network by this much, in meV.
const INVARIANCE: f64 = 1e-3;

fn main() -> std::process::ExitCode {
    shared::exit_code(run())
}

fn run() -> Result<()> {
    let [train, test] = sizes()?;
    // The sample was drawn at random when it was made, and stands in that order.
    let sample = Qm9Source::open("examples/data/qm9_sample.csv")?.read_all()?;
    let molecules: Vec<Molecule> = sample.into_iter().map(|record| record.molecule).collect();
    let (train, test) = (
        &molecules[..train],
        &molecules[FIRST_TEST..FIRST_TEST + test],
    );

    say!(
        "mean absolute errors of the energies of {} molecules in meV",
        test.len()
    );
    say_part!("{:<8}", "trained");
    let mut steps: Vec<usize> = vec![MLP_MOLECULES, 100, 300, 1000];
    steps.retain(|&step| step < train.len());
    steps.push(train.len());
    steps.iter().for_each(|size| say_part!("{size:>8}"));
    say!("{:>24}", "change by rotations");
    let mlp = learning_curve(Model::Mlp, &train[..steps[0]], test, &steps[..1])?;
    say_part!("{:>1$}", "", 8 * (steps.len() - 1));
    say!("{:>24.0e}", mlp.change);
    let so3 = learning_curve(Model::So3, train, test, &steps)?;
    say!("{:>24.0e}", so3.change);
    assert!(so3.errors[0] < mlp.errors[0], "equivariance does not pay");
    assert!(
        so3.change < INVARIANCE,
        "the SO(3) network must not see rotations"
    );
    Ok(())
}

/// Two numbers on the command line, or the usual ones.
fn sizes() -> Result<[usize; 2]> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    if given.is_empty() {
        return Ok(MOLECULES);
    }
    let numbers: Option<Vec<usize>> = given.iter().map(|text| text.parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[train, test]) if train >= MLP_MOLECULES && test > 0 && fits([train, test]) => {
            Ok([train, test])
        }
        _ => Err(Error::invalid(
            "numbers of training and test molecules",
            given.join(" "),
            format!(
                "two, from {MLP_MOLECULES} to {} and from 1 to {}",
                MOLECULES[0], MOLECULES[1]
            ),
        )),
    }
}

fn fits([train, test]: [usize; 2]) -> bool {
    train <= MOLECULES[0] && test <= MOLECULES[1]
}

/// The mean absolute error for each number of training molecules, and by how much rotating the test molecules moves a prediction at most.
struct Outcome {
    errors: Vec<f64>,
    change: f64,
}

/// Prints the errors of one model from the first of the training molecules, for each size.
fn learning_curve(
    model: Model,
    train: &[Molecule],
    test: &[Molecule],
    sizes: &[usize],
) -> Result<Outcome> {
    let (bar, progress) = shared::bar(model.name(), "pairs of molecules");
    let kernel = MoleculeKernel::new(model, train, progress)?;
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let atoms = kernel.prepare(train)?;
    let gram = only(kernel.gram(&atoms, &[Pairing::SameLabel])?);
    let cross = |rows: &Atoms| -> Result<KernelMatrices> {
        let all = atoms.sets.len();
        Ok(only(kernel.cross(
            rows,
            &atoms,
            all,
            &[Pairing::SameLabel],
        )?))
    };
    let here = cross(&kernel.prepare(test)?)?.ntk;
    let turned = cross(&kernel.prepare(&rotated(test, &mut rng)?)?)?.ntk;
    bar.finish_and_clear();

    say_part!("{:<8}", model.name());
    let mut outcome = Outcome {
        errors: Vec::new(),
        change: 0.0,
    };
    for &size in sizes {
        let learned = Learned::new(&gram, &train[..size])?;
        let [here, turned] = [&here, &turned].map(|cross| learned.predict(cross, test));
        let (here, turned) = (here?, turned?);
        let truth = Array1::from_vec(energies(test));
        let error = metrics::mae(here.view(), truth.view())?;
        let changes = (&here - &turned).into_iter();
        outcome.change = changes.fold(outcome.change, |largest, change| change.abs().max(largest));
        outcome.errors.push(error);
        say_part!("{error:>8.0}");
    }
    Ok(outcome)
}

/// Regression of what the numbers of atoms do not tell of the energies.
struct Learned {
    baseline: CompositionBaseline,
    model: FittedRegression,
    size: usize,
}

impl Learned {
    /// From the first of the molecules.
    fn new(gram: &KernelMatrices, train: &[Molecule]) -> Result<Learned> {
        let (counts, energies) = (element_counts(train), energies(train));
        let baseline = CompositionBaseline::fit(counts.view(), &energies)?;
        let base = baseline.predict(counts.view())?;
        let targets = Array2::from_shape_fn((train.len(), 1), |(i, _)| energies[i] - base[i]);
        let size = train.len();
        let [ntk, nngp] = [&gram.ntk, &gram.nngp].map(|kernel| {
            let rows = kernel.slice_axis(Axis(0), Slice::from(..size));
            columns(rows, size).to_owned()
        });
        let model = Regression::new()
            .ridge(Criterion::LeaveOneOutError)
            .fit(Kernels::ntk(ntk.view(), nngp.view()), targets.view())?;
        Ok(Learned {
            baseline,
            model,
            size,
        })
    }

    /// Energies in meV.
    fn predict(&self, cross: &Array2<f64>, molecules: &[Molecule]) -> Result<Array1<f64>> {
        let base = self.baseline.predict(element_counts(molecules).view())?;
        let rest = self.model.predict_mean(columns(cross.view(), self.size))?;
        Ok(Array1::from_vec(base) + rest.column(0))
    }
}

/// The first columns.
fn columns(matrix: ArrayView2<'_, f64>, count: usize) -> ArrayView2<'_, f64> {
    matrix.slice_axis_move(Axis(1), Slice::from(..count))
}

fn only(mut grams: Vec<KernelMatrices>) -> KernelMatrices {
    grams.pop().expect("one matrix for one pairing")
}
