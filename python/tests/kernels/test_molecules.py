"""Networks on molecules: inputs of all kinds, invariance, errors."""

import numpy as np
import pytest

from haarmonic import Kernel, Network
from haarmonic.molecules import Atoms, Molecule, read_structures
from haarmonic.predict import FeatureRidge, LinearModel

NETWORK = """
[input]
space = "molecule"
labels = ["H", "C", "O"]
[[layers]]
kind = "message"
cutoff = 3.0
radial = { kernel = "gaussian", width = 0.3 }
angular = { spectrum = [0.4, 0.4, 0.2] }
bias_std = 0.3
[[layers]]
kind = "activation"
function = "hermite"
degree = 2
[[layers]]
kind = "message"
cutoff = 2.0
radial = { kernel = "shells", shells = [[1.0, 0.4]] }
self_share = 0.5
[[layers]]
kind = "group-pooling"
[[layers]]
kind = "node-sum"
"""

SYMBOLS = ["O", "H", "H"]
POSITIONS = np.array([[0.0, 0.0, 0.1], [0.0, 0.8, -0.5], [0.0, -0.8, -0.5]])


class AseAtoms:
    """The methods of `ase.Atoms` that are used."""

    def get_chemical_symbols(self):
        return SYMBOLS

    def get_positions(self):
        return POSITIONS


def test_all_kinds_of_molecules_are_inputs(tmp_path):
    path = tmp_path / "water.xyz"
    rows = [f"{s} {x} {y} {z}" for s, (x, y, z) in zip(SYMBOLS, POSITIONS)]
    path.write_text("3\n\n" + "\n".join(rows) + "\n")
    (structure,) = read_structures(path)
    inputs = [Atoms(SYMBOLS, POSITIONS), Molecule(SYMBOLS, POSITIONS), structure, AseAtoms()]
    gram = Kernel(Network(NETWORK)).gram(inputs)
    np.testing.assert_allclose(gram.ntk, gram.ntk[0, 0], rtol=1e-13)
    np.testing.assert_allclose(gram.nngp, gram.nngp[0, 0], rtol=1e-13)


def test_turned_and_permuted_copies_are_equal():
    rng = np.random.default_rng(1)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    order = [2, 0, 1]
    copy = Atoms([SYMBOLS[i] for i in order], POSITIONS[order] @ turn.T + 5.0)
    kernel = Kernel(Network(NETWORK))
    gram = kernel.gram([Atoms(SYMBOLS, POSITIONS), copy]).ntk
    assert abs(gram[0, 1] / gram[0, 0] - 1) < 1e-12
    between = kernel.between([copy], [Atoms(["C", "O"], [[0, 0, 0], [0, 0, 1.1]])])
    assert between.ntk.shape == (1, 1)


def test_single_precision_has_its_error():
    molecules = [Atoms(SYMBOLS, POSITIONS), Atoms(["C", "O"], [[0, 0, 0], [0, 0, 1.1]])]
    double = Kernel(Network(NETWORK)).gram(molecules)
    single = Kernel(Network(NETWORK), precision="single").gram(molecules)
    assert not np.array_equal(single.ntk, double.ntk)
    np.testing.assert_allclose(single.ntk, double.ntk, rtol=1e-5)
    assert 0.0 < single.ntk_error < 1e-5 * double.ntk.max()
    assert double.ntk_error == 0.0
    with pytest.raises(ValueError, match="band limit"):
        Kernel(Network(NETWORK.replace('"hermite"\ndegree = 2', '"relu"')), precision="single")


def test_atoms_keep_their_values():
    atoms = Atoms(SYMBOLS, POSITIONS)
    assert atoms.symbols == SYMBOLS and len(atoms) == 3
    np.testing.assert_array_equal(atoms.positions, POSITIONS)
    assert repr(atoms) == "<haarmonic.molecules.Atoms OHH>"


@pytest.mark.parametrize(
    "symbols, positions",
    [(["Xx"], [[0, 0, 0]]), (["H"], [[0, 0]]), (["H", "H"], [[0, 0, 0], [0, 0, 0]]), (["H"], [[np.nan, 0, 0]]), ([], np.zeros((0, 3)))],
)
def test_atoms_that_do_not_fit_are_refused(symbols, positions):
    with pytest.raises(ValueError):
        Atoms(symbols, positions)


def test_inputs_of_other_kinds_are_refused():
    kernel = Kernel(Network(NETWORK))
    with pytest.raises(TypeError, match=r"ase\.Atoms"):
        kernel.gram(AseAtoms())
    with pytest.raises(TypeError, match=r"ase\.Atoms"):
        kernel.gram([1.0])
    with pytest.raises(ValueError, match="Na"):
        kernel.gram([Atoms(["Na"], [[0, 0, 0]])])


def one_message(text=NETWORK):
    """The network without its second message, whose kernels have explicit features."""
    head, _, tail = text.partition('[[layers]]\nkind = "message"\ncutoff = 2.0')
    return head + tail[tail.index("[[layers]]") :]


def bonds(lengths):
    return [Atoms(["C", "O"], [[0.0, 0.0, 0.0], [0.0, 0.0, d]]) for d in lengths]


def test_features_are_kernels_and_forces_are_slopes():
    kernel = Kernel(Network(one_message()))
    molecules = [*bonds([1.1, 1.3, 1.6]), Atoms(SYMBOLS, POSITIONS)]
    gram = kernel.gram(molecules)
    targets = np.array([[0.3], [-0.2], [0.5], [1.0]])
    step = 1e-4
    test = bonds([1.2, 1.2 + step, 1.2 - step])
    for kind, matrix in [("ntk", gram.ntk), ("nngp", gram.nngp)]:
        features = kernel.feature_map(molecules, kind=kind)
        np.testing.assert_allclose(features @ features.T, matrix, rtol=1e-11)
        model = LinearModel.fit(features, targets, 1e-6)
        energies = model.predict(kernel.feature_map(test, kind=kind))
        forces = kernel.forces(test, model.weights[:, 0], kind=kind)
        slope = (energies[1, 0] - energies[2, 0]) / (2 * step)
        np.testing.assert_allclose(forces[0], [[0, 0, slope], [0, 0, -slope]], rtol=1e-5, atol=1e-9)
        few = features[:, :40]
        sums = FeatureRidge(few.shape[1], 1)
        for part in (slice(0, 1), slice(1, 4)):
            sums.add(few[part], targets[part])
        np.testing.assert_allclose(sums.solve(1e-3).weights, LinearModel.fit(few, targets, 1e-3).weights, atol=1e-8)
    with pytest.raises(ValueError, match="weights"):
        kernel.forces(test, [1.0])
    with pytest.raises(ValueError, match="feature map"):
        Kernel(Network(NETWORK)).feature_map(test)
