"""Gaussian processes beside NumPy: posteriors, added points, samples, selection, acquisition."""

import pickle
from math import erf, exp, pi, sqrt

import numpy as np
import pytest

from haarmonic.predict import GaussianProcess, confidence_bound, expected_improvement, select_kernel


def covariance(x, y):
    return np.exp(-((x[:, None] - y) ** 2) / 2)


X, Z = np.linspace(0, 6, 9), np.linspace(0.3, 5, 4)
Y = np.sin(X)


def posterior(x, y, noise):
    solve = np.linalg.solve(covariance(x, x) + noise * np.eye(len(x)), np.c_[y, covariance(x, Z)])
    cross = covariance(Z, x)
    return cross @ solve[:, 0], covariance(Z, Z) - cross @ solve[:, 1:]


def test_posterior_with_added_points():
    process = GaussianProcess(covariance(X[:6], X[:6]), Y[:6], noise=0.1)
    process.extend(covariance(X[6:], X[:6]), covariance(X[6:], X[6:]), Y[6:])
    mean, wanted = posterior(X, Y, 0.1)
    assert len(process) == 9 and process.noise == 0.1
    for one in [process, pickle.loads(pickle.dumps(process))]:
        found = one.predict(covariance(Z, X), covariance(Z, Z))
        np.testing.assert_allclose(found.mean, mean, rtol=1e-12)
        np.testing.assert_allclose(found.covariance, wanted, atol=1e-13)
        marginals = one.marginals(covariance(Z, X), np.ones(4))
        np.testing.assert_allclose(marginals.variance, np.diag(wanted), atol=1e-13)
        np.testing.assert_array_equal(one.mean(covariance(Z, X)), marginals.mean)
    assert "9 points" in repr(process)


def test_posterior_samples():
    process = GaussianProcess(covariance(X, X), Y, noise=0.1)
    rng = np.random.default_rng(0)
    both = np.r_[X, Z]
    prior = rng.multivariate_normal(np.zeros(13), covariance(both, both), 20_000, method="eigh")
    samples = process.posterior_samples(covariance(Z, X), prior[:, 9:], prior[:, :9], seed=1)
    mean, wanted = posterior(X, Y, 0.1)
    assert samples.shape == (20_000, 4)
    deviation = np.sqrt(np.diag(wanted))
    assert np.all(np.abs(samples.mean(0) - mean) < 5 * deviation / sqrt(20_000))
    assert np.all(np.abs(np.cov(samples.T) - wanted) < 5 * np.outer(deviation, deviation) * sqrt(2 / 20_000))
    again = process.posterior_samples(covariance(Z, X), prior[:, 9:], prior[:, :9], seed=1)
    np.testing.assert_array_equal(samples, again)
    columns = GaussianProcess(covariance(X, X), Y[:, None], noise=0.1)
    with_axis = columns.posterior_samples(covariance(Z, X), prior[:, 9:, None], prior[:, :9, None], seed=1)
    np.testing.assert_array_equal(with_axis[..., 0], samples)


def test_bad_arguments_of_a_process_are_named():
    process = GaussianProcess(covariance(X, X), Y, noise=0.1)
    with pytest.raises(ValueError, match="targets of added points"):
        process.extend(np.ones((1, 9)), [[1.0]], np.ones((1, 2)))
    with pytest.raises(ValueError, match="prior_test"):
        process.posterior_samples(covariance(Z, X), np.ones(4), np.ones((2, 9)), seed=1)
    with pytest.raises(ValueError, match="samples of the prior"):
        process.posterior_samples(covariance(Z, X), np.ones((2, 4)), np.ones((3, 9)), seed=1)
    assert len(process) == 9


def kernel(theta):
    ratio = (X[:, None] - X) ** 2 * np.exp(-2 * theta[1])
    k = np.exp(2 * theta[0] - ratio / 2)
    return k, np.stack([2 * k, k * ratio])


@pytest.mark.parametrize("criterion", ["evidence", "loo-probability", "loo-error"])
def test_selection_of_a_kernel(criterion):
    found = select_kernel(kernel, [0.0, -1.0], Y, criterion=criterion)
    assert found.cost < found.first_cost
    if criterion == "evidence":
        k = kernel(found.parameters)[0]
        a = k + found.noise * np.trace(k) / 9 * np.eye(9)
        cost = 0.5 * (Y @ np.linalg.solve(a, Y) + np.linalg.slogdet(a)[1] + 9 * np.log(2 * pi))
        assert abs(cost - found.cost) < 1e-8
    fixed = select_kernel(kernel, [0.0, -1.0], Y, noise=0.3, fixed_noise=True, iterations=2)
    assert fixed.noise == 0.3 and fixed.iterations <= 2


def test_exceptions_of_the_kernel_come_back():
    def broken(theta):
        raise KeyError("own")

    with pytest.raises(KeyError, match="own"):
        select_kernel(broken, [0.0], Y)
    with pytest.raises(ValueError, match="derivatives"):
        select_kernel(lambda theta: (kernel(theta)[0], []), [0.0, 0.0], Y)
    with pytest.raises(TypeError):
        select_kernel(lambda theta: 1.0, [0.0], Y)


def test_acquisition():
    mean, variance = np.array([0.5, 1.2]), np.array([0.3, 0.0])
    z = (0.5 - 1.0) / sqrt(0.3)
    wanted = sqrt(0.3) * (exp(-z * z / 2) / sqrt(2 * pi) + z * (1 + erf(z / sqrt(2))) / 2)
    found = expected_improvement(mean, variance, 1.0)
    np.testing.assert_allclose(found, [wanted, 0.2], rtol=1e-13)
    np.testing.assert_allclose(expected_improvement(mean, variance, 1.0, log=True), np.log(found), rtol=1e-13)
    np.testing.assert_allclose(expected_improvement(-mean, variance, -1.0, goal="minimum"), found, rtol=1e-15)
    np.testing.assert_allclose(confidence_bound(mean, variance, 2.0), mean + 2 * np.sqrt(variance))
    assert confidence_bound(mean[:, None], variance, 2.0, goal="minimum").shape == (2, 1)
    with pytest.raises(ValueError, match="goal"):
        expected_improvement(mean, variance, 1.0, goal="best")
    with pytest.raises(ValueError, match="variance"):
        expected_improvement(mean, -variance - 1, 1.0)
