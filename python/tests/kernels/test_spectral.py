"""Spectra beside those of Gram matrices, and predicted errors beside regression itself."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from haarmonic import Kernel, Network, spectral, stax

DATA = Path(__file__).parents[3] / "tests" / "data"


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


def deep_network(w_variance: float, b_variance: float):
    layer = {"W_std": w_variance**0.5, "b_std": b_variance**0.5}
    return stax.network((6,), stax.Dense(1, **layer), stax.Erf(), stax.Dense(1, **layer), stax.Erf(), stax.Dense(1, **layer))


def test_phases_are_those_of_the_literature():
    # Beside golden values of an independent program.
    (ordered,) = spectral.phases(deep_network(0.8, 0.18))
    assert ordered.phase == "ordered" and abs(ordered.slope - 0.6211915814208763) < 1e-12
    (chaotic,) = spectral.phases(deep_network(2.5, 0.18))
    assert chaotic.phase == "chaotic" and abs(chaotic.correlation - 0.6162605396819048) < 1e-12
    assert abs(chaotic.correlation_depth + 1 / np.log(0.8804784717279499)) < 1e-10
    assert np.all(chaotic.errors < 1e-12)
    [(weight_std, variance)] = spectral.critical_points(deep_network(0.8, 0.18))
    assert abs(weight_std**2 - 1.7476037497677033) < 1e-12
    (critical,) = spectral.phases(deep_network(weight_std**2, 0.18))
    assert critical.phase == "critical" and np.isinf(critical.correlation_depth)
    assert abs(critical.variance - variance) < 1e-12


def test_kernels_at_depths_are_those_of_networks():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(5, 6))
    network = deep_network(1.7, 0.18)
    (two,) = spectral.at_depths(network, x @ x.T / 6, np.array([1.0, -1.0]), [2])
    np.testing.assert_allclose(two.ntk * np.exp(two.ln_scale), Kernel(network).gram(x).ntk, rtol=1e-12)
    assert two.predictor is not None and two.predictor > 0
    assert two.condition == pytest.approx(np.linalg.cond(two.ntk[:2, :2]))


def test_pooled_kernels_at_depths_are_those_of_networks():
    layer = 'kind = "{}"\nweight_std = 1.3\nbias_std = 0.2\n'
    activation = '[[layers]]\nkind = "activation"\nfunction = "erf"\n'
    convolution = "[[layers]]\n" + layer.format("group-convolution")
    network = Network(
        '[input]\nspace = "sphere"\nbandlimit = 3\nsampling = "coefficients"\nchannels = 2\n[quadrature]\nbandlimit = 32\n'
        + '[[layers]]\ngroup = "SO3"\n'
        + layer.format("lifting")
        + 2 * (activation + convolution)
        + '[[layers]]\nkind = "group-pooling"\n'
    )
    # Degrees below 3 of signals of band limit 4, which are small.
    signals = 0.5 * np.load(DATA / "so3_global.npz")["x1_coefficients_L4"][:, :, :3, 1:6]
    depths = (network, signals, np.zeros(len(signals)), [2])
    (two,) = spectral.at_depths_over_rotations(*depths, rings=24, intervals=4)
    want = Kernel(network).gram(signals).ntk
    np.testing.assert_allclose(two.ntk * np.exp(two.ln_scale), want, rtol=1e-5)
    with pytest.raises(ValueError, match="intervals"):
        spectral.at_depths_over_rotations(*depths, intervals=0)


def test_phase_diagrams_have_the_critical_line():
    network = deep_network(1.0, 0.1)
    weights, biases = np.linspace(0.5, 3.0, 6), np.linspace(0.02, 0.4, 4)
    diagram = spectral.phase_diagram(network, weights, biases)
    assert diagram.depths.shape == (4, 6)
    for b, row in zip(biases, diagram.depths, strict=True):
        for w, depth in zip(weights, row, strict=True):
            (point,) = spectral.phases(deep_network(w, b))
            assert depth == pytest.approx(point.correlation_depth, rel=1e-9)
    for piece in diagram.critical:
        w, b = piece[len(piece) // 2]
        (point,) = spectral.phases(deep_network(w, b))
        assert abs(point.slope - 1) < 1e-9
    with pytest.raises(ValueError, match="weight variances"):
        spectral.phase_diagram(network, [2.0, 1.0], biases)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="labels"):
        spectral.at_depths(deep_network(1.0, 0.1), np.eye(2), np.zeros((1, 2)), [3])
    with pytest.raises(ValueError, match="deviation"):
        spectral.critical_points(deep_network(1.0, 0.1), b_std=-1.0)
    with pytest.raises(ValueError, match="vectors"):
        images = stax.network((4, 4, 1), stax.Conv(1, (3, 3)), stax.Relu(), stax.Flatten(), stax.Dense(1))
        spectral.network_spectra(images, 3)
    with pytest.raises(ValueError, match="power"):
        spectral.learning_curve([1.0], [1.0], [1.0, 2.0], [3.0])
    with pytest.raises(ValueError, match="eigenvalues"):
        spectral.learning_curve([[1.0]], [1.0], [1.0], [3.0])
    with pytest.raises(ValueError, match="degrees"):
        spectral.invariant_counts([], 3)


def test_spectra_of_rotations():
    class_function = spectral.class_spectrum(lambda angle: np.exp(np.cos(angle)), 4)
    general = spectral.rotation_spectrum(lambda r: np.exp((np.trace(r, axis1=1, axis2=2) - 1) / 2), 4)
    for a, b in zip(class_function.eigenvalues, general.eigenvalues, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)
    traced = sum(len(values) * values.sum() for values in general.eigenvalues) + general.tail
    assert abs(traced - np.e) < 1e-12
    with pytest.raises(ZeroDivisionError):
        spectral.class_spectrum(lambda angle: 1 / 0, 4)
    with pytest.raises(ValueError, match="positive definite"):
        spectral.class_spectrum(lambda angle: -np.cos(angle), 4)


def test_matrices_of_a_kernel_and_its_spectrum():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(60, 3))
    gram, y = x @ x.T + np.exp(x @ x.T / 3), rng.normal(size=(60, 2))
    spectrum = spectral.EmpiricalSpectrum(gram)
    values, vectors = np.linalg.eigh(gram / 60)
    np.testing.assert_allclose(spectrum.eigenvalues, values[::-1], atol=1e-12 * values[-1])
    centred, yy = gram - gram.mean(0) - gram.mean(0)[:, None] + gram.mean(), y - y.mean(0)
    want = np.sum(centred * (yy @ yy.T)) / np.linalg.norm(centred) / np.linalg.norm(yy @ yy.T)
    assert abs(spectrum.alignment(y, centred=True) - want) < 1e-11
    inverse = np.linalg.inv(gram + 0.3 * np.eye(60))
    gcv = np.mean((inverse @ y) ** 2) / (np.trace(inverse) / 60) ** 2
    assert abs(spectrum.generalised_cross_validation(y, 0.3) - gcv) < 1e-10 * gcv
    power = np.cumsum(np.sum(spectrum.coefficients(y) ** 2, axis=1))
    np.testing.assert_allclose(spectrum.cumulative_power(y), power / power[-1], rtol=1e-12)
    assert spectrum.doubtful.dtype == bool and spectrum.doubtful[-1]
    assert spectrum.coefficients(y[:, 0]).shape == (60,)
    power = np.mean(spectrum.coefficients(y) ** 2, axis=1)
    want = spectral.learning_curve(spectrum.eigenvalues, np.ones(60), power, [3, 6], noise=0.1, ridge=0.2)
    found = spectrum.learning_curve(y, [3, 6], noise=0.1, ridge=0.2)
    np.testing.assert_allclose([r.test for r in found], [r.test for r in want], rtol=1e-12)
    assert vectors.shape == (60, 60)


def test_learning_in_time_and_in_numbers():
    (risk,) = spectral.learning_curve([0.1, 0.02], [3.0, 5.0], [1.0, 0.5], [4.0], ridge=0.1)
    assert abs(risk.mode_risk.sum() - risk.risk) < 1e-14
    learned = spectral.learned_by([0.5, 0.1], [0.0, 2.0])
    np.testing.assert_allclose(learned, [[0, 0], [1 - np.exp(-1), 1 - np.exp(-0.2)]], atol=1e-15)
    measured = spectral.simulated_curve(network(8), [0.0, 1.0], [10, 40], ridge=0.1, repeats=4)
    assert measured[1].risk < measured[0].risk and measured[0].risk_error > 0
    shifts = [np.roll(np.eye(4), k, axis=0) for k in range(4)]
    assert spectral.matrix_invariant_counts(shifts, 5) == [1, 1, 2, 4, 7]
    exchanges = [[1, 0, 2, 3], [1, 2, 3, 0]]
    elements = [np.eye(4)[list(p)] for p in permutations(range(4))]
    assert spectral.permutation_invariant_counts(exchanges, 1, 6) == spectral.matrix_invariant_counts(elements, 6)
    with pytest.raises(ValueError, match="permutation"):
        spectral.permutation_invariant_counts([[0, 0]], 1, 3)
    with pytest.raises(ValueError, match="orthogonal"):
        spectral.matrix_invariant_counts([np.ones((2, 2))], 3)
