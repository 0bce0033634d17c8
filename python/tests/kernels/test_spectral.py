"""Spectra beside those of Gram matrices, and predicted errors beside regression itself."""

import numpy as np
import pytest

from haarmonic import Kernel, spectral, stax


def network(dimension: int):
    layer = {"W_std": 1.2, "b_std": 0.3}
    return stax.network((dimension,), stax.Dense(1, **layer), stax.Relu(), stax.Dense(1, **layer))


def test_empirical_spectra_come_near():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1500, 3))
    x *= np.sqrt(3) / np.linalg.norm(x, axis=1, keepdims=True)
    found = np.sort(np.linalg.eigvalsh(Kernel(network(3)).gram(x).ntk / len(x)))[::-1]
    _, ntk = spectral.network_spectra(network(3), 8)
    want = np.sort(np.repeat(ntk.eigenvalues, ntk.multiplicities.astype(int)))[::-1]
    # Single eigenvalues of a Gram matrix are biased; the first ones by some per cent here.
    np.testing.assert_allclose(found[:4], want[:4], rtol=0.1)
    assert abs(ntk.tail + ntk.eigenvalues @ ntk.multiplicities - ntk.trace) < 1e-14 * ntk.trace


def test_predicted_errors_come_near_in_eight_dimensions():
    rng = np.random.default_rng(1)
    kernel = Kernel(network(8))
    _, ntk = spectral.network_spectra(network(8), 5)
    direction = np.eye(8)[0]

    def points(n):
        x = rng.normal(size=(n, 8))
        return x * np.sqrt(8) / np.linalg.norm(x, axis=1, keepdims=True)

    n, ridge = 100, 0.1
    test = points(500)
    errors = []
    for _ in range(20):
        train = points(n)
        gram, cross = kernel.gram(train).ntk, kernel.between(test, train).ntk
        mean = cross @ np.linalg.solve(gram + ridge * np.eye(n), train @ direction)
        errors.append(np.mean((mean - test @ direction) ** 2))
    power = np.zeros(5)
    power[1] = 1.0
    (risk,) = spectral.learning_curve(ntk.eigenvalues, ntk.multiplicities, power, [n], tail=ntk.tail, ridge=ridge)
    assert 0.8 < risk.risk / np.mean(errors) < 1.2


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="vectors"):
        images = stax.network((4, 4, 1), stax.Conv(1, (3, 3)), stax.Relu(), stax.Flatten(), stax.Dense(1))
        spectral.network_spectra(images, 3)
    with pytest.raises(ValueError, match="power"):
        spectral.learning_curve([1.0], [1.0], [1.0, 2.0], [3.0])
    with pytest.raises(ValueError, match="eigenvalues"):
        spectral.learning_curve([[1.0]], [1.0], [1.0], [3.0])
    with pytest.raises(ValueError, match="degrees"):
        spectral.invariant_counts([], 3)
