"""Predict the energies of molecules of QM9 with an SO(3)-equivariant network on the sphere around each atom.

Run:    python python/examples/molecules.py
Expect: the error in meV, and a prediction that does not change when the molecules are rotated; some seconds.
"""

from pathlib import Path

import numpy as np

from haarmonic import Kernel, KernelMatrices, Regression, SetKernel, metrics, stax
from haarmonic.molecules import Molecule, SphericalFeatures, read_qm9

TRAIN, TEST, BAND_LIMIT = 100, 50, 5

# %% Molecules, and what each atom sees of its neighbours
molecules = read_qm9(Path(__file__).parents[2] / "examples" / "data" / "qm9_sample.csv", TRAIN + TEST)
train, test = molecules[:TRAIN], molecules[TRAIN:]
features = SphericalFeatures(
    BAND_LIMIT,
    shells=[1.0, 1.3, 1.6, 1.9, 2.2, 2.5],
    shell_power=2,
    shell_unit=1.5,
    charge_exponent=0.5,
    centre=0.3,
)


def atoms(of: list[Molecule]) -> tuple[np.ndarray, list[list[int]]]:
    """Signals of all atoms, and the atomic numbers of each molecule."""
    return features.coefficients(of), [molecule.atomic_numbers for molecule in of]


# %% A network on these signals; a molecule is the sum over its atoms
signals, numbers = atoms(train)
mean_square = np.square(np.abs(signals)).sum() / (4 * np.pi * signals.shape[0] * signals.shape[1])
network = stax.network(
    signals.shape[1:],
    stax.Lifting(group="SO3", W_std=mean_square**-0.5, b_std=0.3),
    stax.Monomial(2),
    stax.GroupPool(),
    stax.Dense(1),
)
kernel = SetKernel(Kernel(network, band_limit=BAND_LIMIT), normalised=True, bias_variance=1e4)


def between(of: list[Molecule]) -> KernelMatrices:
    """Kernels with the training molecules."""
    return kernel.between(*atoms(of), signals, numbers)


# %% Regression of what the numbers of atoms do not tell of the energies
counts = np.array([molecule.element_counts for molecule in molecules], float)
energies = np.array([molecule.atomisation_energy for molecule in molecules])
base = counts @ np.linalg.lstsq(counts[:TRAIN], energies[:TRAIN], rcond=None)[0]
model = Regression(kernel.gram(signals, numbers), energies[:TRAIN] - base[:TRAIN], ridge="loo-error")
predicted = base[TRAIN:] + model.mean(between(test))
error = metrics.score(predicted, energies[TRAIN:]).mae

rotated = [molecule.rotated(0.3, 1.1, -0.7) for molecule in test]
change = np.abs(base[TRAIN:] + model.mean(between(rotated)) - predicted).max()
print(f"mean absolute error of {TEST} molecules from {TRAIN}: {error:.0f} meV")
print(f"largest change of a prediction when the molecules are rotated: {change:.0e} meV")
assert error < metrics.score(base[TRAIN:], energies[TRAIN:]).mae / 2
assert change < 1e-3
