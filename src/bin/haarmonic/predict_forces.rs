//! Forces of predictions: minus their derivatives in the positions of atoms.

use haarmonic::data::arrays::Numbers;
use haarmonic::kernel::{FeatureMap, Kernel};
use haarmonic::predict::{KernelKind, LinearModel, Ridge};
use haarmonic::{Error, Result};
use ndarray::{Array2, ArrayView1, Axis, concatenate};

use super::inputs::Inputs;
use super::targets::Known;

/// Features, and their forces, of the kernel that drives the training.
fn features(map: &FeatureMap<'_>, kind: KernelKind) -> Result<Array2<f64>> {
    match kind {
        KernelKind::Ntk => map.ntk(),
        KernelKind::Nngp => map.nngp(),
    }
}

fn forces(
    map: &FeatureMap<'_>,
    kind: KernelKind,
    weights: ArrayView1<'_, f64>,
) -> Result<Vec<Array2<f64>>> {
    match kind {
        KernelKind::Ntk => map.ntk_forces(weights),
        KernelKind::Nngp => map.nngp_forces(weights),
    }
}

/// Computes the forces on the atoms of all test molecules, one after the other.
///
/// The mean of a converged training is linear in the features; its weights are those of ridge regression in the features with the ridge of the kernel.
pub fn compute(
    kernel: &Kernel,
    kind: KernelKind,
    ridge: Ridge,
    train: &Known,
    test: &Inputs,
) -> Result<Numbers> {
    let outputs = train.targets.rows.ncols();
    if outputs != 1 {
        return Err(Error::invalid(
            "targets of a prediction with --forces",
            format!("{outputs} outputs"),
            "one output, the energy",
        ));
    }
    let known = train.inputs.prepare(kernel)?;
    let known = features(&kernel.feature_map(&known)?, kind)?;
    let model = LinearModel::fit(known.view(), train.targets.rows.view(), ridge)?;
    let prepared = test.prepare(kernel)?;
    let map = kernel.feature_map(&prepared)?;
    let found = forces(&map, kind, model.weights().column(0))?;
    let views: Vec<_> = found.iter().map(|array| array.view()).collect();
    let all = concatenate(Axis(0), &views).expect("three numbers per atom");
    Ok(Numbers::Real(all.into_dyn()))
}
