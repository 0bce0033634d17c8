"""Networks of finite width, against their limit and against gradient flow."""

import numpy as np
import pytest

from haarmonic import Kernel, predict, stax
from haarmonic.finite_width import FiniteNetwork, RandomFeatures

RNG = np.random.default_rng(3)
X = RNG.standard_normal((4, 3))
DENSE = (stax.Dense(1, 1.2, 0.3), stax.Erf(), stax.Dense(1, 1.1, 0.2))
CNN = (stax.Conv(1, (3, 3), padding="SAME"), stax.Relu(), stax.GlobalAvgPool(), stax.Dense(1))
IMAGES = RNG.standard_normal((3, 4, 4, 1))


@pytest.mark.parametrize(("shape", "layers", "x"), [((3,), DENSE, X), ((4, 4, 1), CNN, IMAGES)])
def test_means_are_the_limit(shape, layers, x):
    """With one activation neither kernel has a bias."""
    network = stax.network(shape, *layers)
    limit, mean = Kernel(network).gram(x), FiniteNetwork(network, 16, seed=1).mean_gram(x, 400)
    for kind in ("nngp", "ntk"):
        off = getattr(mean, kind) - getattr(limit, kind)
        assert (abs(off) < 4.5 * getattr(mean, f"{kind}_error")).all()
    for kind in ("nngp", "ntk"):
        features = RandomFeatures(network, kind, width=16, networks=400, seed=2)
        found, error = features.gram(x)
        assert (abs(found - getattr(limit, kind)) < 4.5 * error).all()
        phi = features.features(x)
        np.testing.assert_allclose(phi @ phi.T, found, rtol=1e-9)


def test_linear_networks_in_closed_form():
    finite = FiniteNetwork(stax.network((3,), stax.Dense(1, 2.0, 0.0)), 1, outputs=2, seed=7)
    assert finite.parameter_count == 6
    outputs = finite.outputs(X)
    assert outputs.shape == (4, 2)
    weights = finite.outputs(np.eye(3))
    np.testing.assert_allclose(outputs, X @ weights, rtol=1e-12)
    np.testing.assert_allclose(finite.between(X[:2], X).ntk, 4 / 3 * X[:2] @ X.T, rtol=1e-12)
    np.testing.assert_allclose(finite.gram(X).nngp, 4 / 3 * X @ X.T, rtol=1e-12)


def test_a_wide_ensemble_is_gradient_flow():
    layers = stax.serial(*DENSE)
    network, targets, steps, rate = stax.network((3,), *DENSE), X[:, :1], 300, 0.1
    seen = []
    found = FiniteNetwork(network, 256).ensemble(
        X, targets, X, networks=24, steps=[0, steps], learning_rate=rate, progress=lambda done, total: seen.append((done, total))
    )
    assert found.shape == (2, 24, 4, 1) and seen[-1] == (24, 24)
    flow = predict.gradient_descent_mse_ensemble(layers.kernel_fn, X, targets, learning_rate=rate)
    mean = flow(t=float(steps), x_test=X, get="ntk")
    error = found[1].std(0, ddof=1) / np.sqrt(24)
    assert (abs(found[1].mean(0) - mean) < 4.5 * error + 0.02).all()


def test_bad_arguments_are_named():
    network = stax.network((3,), *DENSE)
    with pytest.raises(ValueError, match="precision"):
        FiniteNetwork(network, 4, precision="half")
    with pytest.raises(ValueError, match="channels"):
        FiniteNetwork(network, 0)
    with pytest.raises(ValueError, match="optimiser"):
        FiniteNetwork(network, 4).ensemble(X, X[:, 0], X, networks=1, steps=[1], optimiser="lbfgs")
    with pytest.raises(ValueError, match="1 of each"):
        FiniteNetwork(network, 4).ensemble(X, X[:, 0], X, networks=1, steps=[])
    deep = stax.network((3,), *DENSE[:2], *DENSE)
    with pytest.raises(ValueError, match="2 activations"):
        RandomFeatures(deep)
