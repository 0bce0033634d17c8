"""Networks, kernels, and what arrays they take."""

import copy
import pickle

import numpy as np
import pytest

import haarmonic
from haarmonic import Kernel, KernelMatrices, Network, stax

MLP = """
[input]
space = "vector"
dimension = 3

[[layers]]
kind = "dense"
weight_std = 1.3
bias_std = 0.2

[[layers]]
kind = "activation"
function = "relu"

[[layers]]
kind = "dense"
"""


@pytest.fixture
def kernel() -> Kernel:
    return Kernel(Network(MLP))


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(6, 3))


def equal(a: KernelMatrices, b: KernelMatrices) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(a, b, strict=True))


def test_a_network_is_its_text(tmp_path) -> None:
    network = Network(MLP)
    assert Network(network.to_toml()) == network
    assert network != Network(MLP.replace("1.3", "1.4"))
    assert hash(network) == hash(Network(network.to_toml()))
    assert repr(network).startswith("<haarmonic.Network: vector of 3 → dense (σw 1.3, σb 0.2)")
    path = tmp_path / "mlp.toml"
    path.write_text(MLP)
    assert Network.read(path) == network == Network.read(str(path))


def test_everything_pickles(kernel: Kernel, x: np.ndarray) -> None:
    for copied in (pickle.loads(pickle.dumps(kernel)), copy.deepcopy(kernel)):
        assert equal(copied.gram(x), kernel.gram(x))
    network = Network(MLP)
    assert pickle.loads(pickle.dumps(network)) == network
    gram = kernel.gram(x)
    assert equal(pickle.loads(pickle.dumps(gram)), gram)
    layers = stax.serial(stax.Dense(1), stax.Relu(), stax.Dense(1))
    assert np.array_equal(pickle.loads(pickle.dumps(layers))[2](x, get="ntk"), layers[2](x, get="ntk"))
    chosen = layers[2](x, None, ("ntk", "nngp"))
    again = pickle.loads(pickle.dumps(chosen))
    assert again._fields == ("ntk", "nngp") and np.array_equal(again.nngp, chosen.nngp)
    model = haarmonic.Regression(gram, x[:, 0], ridge="loo-error")
    assert np.array_equal(pickle.loads(pickle.dumps(model)).mean(gram), model.mean(gram))
    evidence = haarmonic.Evidence(gram.nngp, x[:, 0], ridge=0.1)
    assert pickle.loads(pickle.dumps(evidence)).log_marginal_likelihood == evidence.log_marginal_likelihood


def test_strides_and_types(kernel: Kernel, x: np.ndarray) -> None:
    want = kernel.gram(x)
    spread = np.zeros((12, 7))
    spread[::2, 1:7:2] = x
    for same in (spread[::2, 1:7:2], np.asfortranarray(x), x[::-1][::-1], x.tolist()):
        assert equal(kernel.gram(same), want)
    single = x.astype(np.float32)
    assert equal(kernel.gram(single), kernel.gram(single.astype(float)))
    whole = np.arange(6).reshape(2, 3)
    assert equal(kernel.gram(whole), kernel.gram(whole.astype(float)))
    found = kernel.between(x, x[:2])
    assert found.nngp.flags.c_contiguous and found.nngp.dtype == np.float64 and found.nngp.shape == (6, 2)
    # The inputs are only read.
    frozen = x.copy()
    frozen.flags.writeable = False
    assert equal(kernel.gram(frozen), want)


def test_diagonal(kernel: Kernel, x: np.ndarray) -> None:
    gram = kernel.gram(x)
    nngp, ntk = kernel.diagonal(x)
    assert np.array_equal(nngp, gram.nngp.diagonal()) and np.array_equal(ntk, gram.ntk.diagonal())


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.zeros(3), ValueError, "x: expected shape [n, 3], found [3]"),
        (np.zeros((2, 4)), ValueError, "expected shape"),
        (np.full((2, 3), np.nan), ValueError, "NaN or infinity"),
        (np.zeros((0, 3)), ValueError, "signals"),
        (np.zeros((2, 3), complex), TypeError, "x: found an array of complex128, expected real numbers"),
        ([["a", "b", "c"]], TypeError, "expected real numbers"),
    ],
)
def test_what_is_no_input(kernel: Kernel, x: object, error: type, message: str) -> None:
    with pytest.raises(error) as caught:
        kernel.gram(x)  # type: ignore[arg-type]
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_what_is_no_network() -> None:
    with pytest.raises(ValueError, match=r"key `dimensions` in \[input\] \(line 4\)"):
        Network(MLP.replace("dimension", "dimensions"))
    with pytest.raises(OSError, match=r"nowhere\.toml"):
        Network.read("nowhere.toml")
    with pytest.raises(ValueError, match="tolerance"):
        Kernel(stax.network((1, 2, 3), stax.Lifting(group="SO3"), stax.GroupPool()), tolerance=-1.0)
    with pytest.raises(TypeError, match="tolerance and band_limit: found both"):
        Kernel(Network(MLP), tolerance=1e-6, band_limit=4)
    with pytest.raises(ValueError, match="threads: found 0"):
        Kernel(Network(MLP), threads=0)
    with pytest.raises(ValueError, match="precision"):
        Kernel(Network(MLP), precision="half")  # type: ignore[arg-type]


def test_the_sphere_has_error_estimates() -> None:
    rng = np.random.default_rng(3)
    # Coefficients of real signals: f[l, -m] = (-1)^m conj f[l, m].
    coefficients = np.zeros((2, 1, 3, 5), complex)
    for degree in range(3):
        for order in range(degree + 1):
            value = rng.normal(size=2) + 1j * rng.normal(size=2) * (order > 0)
            coefficients[:, 0, degree, 2 + order] = value
            coefficients[:, 0, degree, 2 - order] = (-1) ** order * value.conj()
    kernel_fn = stax.serial(stax.Lifting(group="SO3"), stax.Erf(), stax.GroupPool(), stax.Dense(1))[2]
    loose, tight = kernel_fn(coefficients, tolerance=1e-3), kernel_fn(coefficients, tolerance=1e-9)
    assert loose.nngp_error.shape == (2, 2)
    assert np.abs(loose.ntk - tight.ntk).max() <= max(loose.ntk_error.max(), 1e-9)
    assert tight.ntk_error.max() < 1e-8
    fixed = kernel_fn(coefficients, band_limit=6)
    assert isinstance(fixed.ntk_error, float) and fixed.ntk_error > 0.0


def test_single_precision_and_threads() -> None:
    network = stax.network((5, 5, 1), stax.Conv(1, (3, 3)), stax.Relu(), stax.GlobalAvgPool(), stax.Dense(1))
    images = np.random.default_rng(0).normal(size=(3, 5, 5, 1))
    exact = Kernel(network).gram(images)
    single = Kernel(network, precision="single").gram(images)
    assert np.allclose(single.ntk, exact.ntk, rtol=1e-5) and single.ntk_error > 0.0
    assert equal(Kernel(network, threads=1).gram(images), exact)


def test_features_are_read_at_other_places() -> None:
    layers = [stax.Lifting(group="SO3", cap=0.9), stax.Erf(), stax.PartialPool()]
    x = np.zeros((2, 1, 2, 3), complex)
    x[:, 0, :, 1] = [[1.0, 0.5], [0.2, -1.0]]
    points = np.array([[0.0, 0.0], [1.2, 0.4]])
    there = Kernel(stax.network((1, 2, 3), *layers, stax.Outputs(points=points)), band_limit=4)
    elsewhere = Kernel(stax.network((1, 2, 3), *layers, stax.Outputs(points=points[1:])), band_limit=4)
    want = there.gram(x).ntk
    assert np.array_equal(elsewhere.gram(x, places=points).ntk, want)
    assert np.array_equal(elsewhere.between(x, x, places=points).ntk, want[:, 1::2])
    with pytest.raises(ValueError, match=r"places: expected shape \[P, 2\] or \[P, 3\], found \[2, 1\]"):
        there.gram(x, places=points[:, :1])
    with pytest.raises(ValueError, match="rotations"):
        there.gram(x, places=np.zeros((1, 3)))


def test_formula_in_symbols() -> None:
    network = Network(MLP)
    text = network.formula()
    assert text.startswith("Symbols\n") and text.endswith("NTK: Θ₃(x, x')\n")
    assert "  K₁(x, x') = 1.3² x·x'/3 + 0.2²\n" in text
    latex = network.formula(latex=True)
    assert r"\Theta_{3}(x, x') = K_{3}(x, x') + \Theta_{2}(x, x')" in latex
    assert network._repr_latex_() == latex
    assert latex.startswith("\\begin{align*}\n") and latex.count("{") == latex.count("}")
