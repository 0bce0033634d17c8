"""Graphs, structures and feature maps."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from haarmonic import Kernel, Network
from haarmonic.graphs import Graph, read_tu
from haarmonic.molecules import Molecule, SphericalFeatures, from_ase, read_structures

NETWORK = """
[input]
space = "graph"
channels = 2
[[layers]]
kind = "aggregation"
self_loops = 1
[[layers]]
kind = "dense"
[[layers]]
kind = "activation"
function = "relu"
[[layers]]
kind = "dense"
[[layers]]
kind = "node-mean"
"""


def test_the_order_of_nodes_does_not_matter() -> None:
    graph = Graph.undirected([[1.0, 0.0], [0.5, 2.0], [0.0, 1.0]], [(0, 1), (1, 2)])
    other = Graph([[0.5, 2.0], [1.0, 0.0], [0.0, 1.0]], [[(0, 1, 1.0), (1, 0, 1.0), (0, 2, 1.0), (2, 0, 1.0)]])
    gram = Kernel(Network(NETWORK)).gram([graph, other])
    assert np.allclose(gram.ntk, gram.ntk[0, 0], rtol=1e-12, atol=0)
    nngp, ntk = Kernel(Network(NETWORK)).diagonal([graph, other])
    assert np.allclose(ntk, np.diag(gram.ntk), rtol=1e-12, atol=0)
    with pytest.raises(TypeError, match="Graph"):
        Kernel(Network(NETWORK)).gram([[1.0, 2.0]])


def test_data_sets(tmp_path: Path) -> None:
    for name, text in [("A", "1, 2\n2, 1"), ("graph_indicator", "1\n1"), ("graph_labels", "3")]:
        (tmp_path / f"SET_{name}.txt").write_text(text)
    graphs, labels = read_tu(tmp_path)
    assert (len(graphs), graphs[0].edges, labels.tolist()) == (1, 2, [3.0])


def test_structures_warn_of_what_they_ignore(tmp_path: Path) -> None:
    path = tmp_path / "salt.xyz"
    path.write_text('2\nLattice="5 0 0 0 5 0 0 0 5" energy=-1.5\nNa 0 0 0\nCl 0 0 2.4\n')
    with pytest.warns(UserWarning, match="lattice"):
        (salt,) = read_structures(path)
    assert salt.symbols == ["Na", "Cl"] and salt.properties == {"energy": -1.5} and salt.forces is None
    with pytest.raises(ValueError, match="element"):
        salt.molecule()


class Atoms:
    """The methods of `ase.Atoms` that are used."""

    def get_chemical_symbols(self) -> list[str]:
        return ["H", "F"]

    def get_positions(self) -> np.ndarray:
        return np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.917]])


def test_atoms_of_ase() -> None:
    features = SphericalFeatures(3, shells=[1.0], shell_width=0.2, cutoff=3.4, fade=1.8)
    molecule = Molecule(["H", "F"], [[0.0, 0.0, 0.0], [0.0, 0.0, 0.917]])
    want = features.coefficients([molecule])
    assert np.array_equal(features.coefficients([Atoms()]), want)
    assert from_ase(Atoms(), -100.46).internal_energy == -100.46
    with pytest.raises(TypeError, match="Atoms"):
        features.coefficients([3])


def test_features_of_a_kernel() -> None:
    text = """
    [input]
    space = "sphere"
    bandlimit = 3
    sampling = "coefficients"
    channels = 2
    [[layers]]
    kind = "lifting"
    group = "SO3"
    bias_std = 0.8
    [[layers]]
    kind = "normalisation"
    [[layers]]
    kind = "activation"
    function = "hermite"
    degree = 2
    [[layers]]
    kind = "group-pooling"
    """
    signals = np.zeros((4, 2, 3, 5), dtype=complex)
    signals[..., 2] = np.random.default_rng(1).normal(size=(4, 2, 3))
    kernel = Kernel(Network(text))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gram = kernel.gram(signals)
    for kind in ["ntk", "nngp"]:
        features = kernel.feature_map(signals, kind=kind)
        assert np.allclose(features @ features.T, getattr(gram, kind), rtol=1e-12, atol=0)
    with pytest.raises(ValueError, match="kind"):
        kernel.feature_map(signals, kind="other")
