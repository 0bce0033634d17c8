"""Regression with kernel matrices, evidence, selection of hyperparameters, scores."""

import numpy as np
import pytest

from haarmonic import Evidence, Kernel, Regression, metrics, predict, select_hyperparameters, stax


@pytest.fixture
def setting():
    network = stax.network((1,), stax.Dense(1, 1.5, 0.3), stax.Erf(), stax.Dense(1, 1.5, 0.3))
    kernel = Kernel(network)
    x, z = np.linspace(0.0, 5.0, 12)[:, None], np.linspace(0.2, 4.8, 5)[:, None]
    return kernel, x, z, np.sin(x)


def test_closed_forms(setting) -> None:
    kernel, x, z, y = setting
    gram, cross, prior = kernel.gram(x), kernel.between(z, x), kernel.gram(z).nngp
    ridge = 0.1
    # All parameters trained, by the formula.
    inverse = np.linalg.inv(gram.ntk + ridge * np.eye(12))
    weights = cross.ntk @ inverse
    model = Regression(gram, y, ridge=ridge)
    found = model.predict(cross, prior)
    assert np.allclose(found.mean, weights @ y, atol=1e-10)
    covariance = prior + weights @ gram.nngp @ weights.T - weights @ cross.nngp.T - cross.nngp @ weights.T
    assert np.allclose(found.covariance, covariance, atol=1e-10)
    assert np.allclose(model.mean(cross), found.mean, atol=1e-12)
    marginals = model.marginals(cross, prior.diagonal())
    assert np.allclose(marginals.variance, found.covariance.diagonal(), atol=1e-12)
    # Steps of gradient descent, one after the other.
    rate = 0.5 * model.stable_learning_rate()
    f, steps = np.zeros((12, 1)), 7
    theta = gram.ntk + ridge * np.eye(12)
    for _ in range(steps):
        f += rate / 12 * theta @ (y - f)
    descent = Regression(gram, y, ridge=ridge, learning_rate=rate)
    assert np.allclose(descent.train(steps=steps).mean, f, atol=1e-12)


def test_forms_of_targets_and_times(setting) -> None:
    kernel, x, z, y = setting
    gram, cross, prior = kernel.gram(x), kernel.between(z, x), kernel.gram(z).nngp
    flat, columns = Regression(gram, y[:, 0], ridge=0.1), Regression(gram, np.hstack([y, 2 * y]), ridge=0.1)
    assert flat.mean(cross).shape == (5,) and columns.mean(cross).shape == (5, 2)
    assert np.allclose(columns.mean(cross)[:, 1], 2 * columns.mean(cross)[:, 0])
    several = flat.predict(cross, prior, [0.0, 1.0, np.inf])
    assert np.array_equal(several[0].mean, np.zeros(5)) and np.allclose(several[0].covariance, prior)
    assert np.array_equal(several[2].mean, flat.mean(cross))
    assert len(flat.mean(cross, steps=[1, 2])) == 2
    assert len(flat.marginals(cross, prior.diagonal(), [1.0])) == 1
    assert flat.train(0.0).mean.shape == (12,)
    nngp = Regression(gram, y, kernel="nngp", ridge=0.1)
    assert np.allclose(nngp.mean(cross), cross.nngp @ np.linalg.inv(gram.nngp + 0.1 * np.eye(12)) @ y, atol=1e-10)


def test_a_ridge_is_chosen(setting) -> None:
    kernel, x, _, y = setting
    gram = kernel.gram(x)
    noisy = y + 0.1 * np.random.default_rng(0).normal(size=y.shape)
    chosen = Regression(gram, noisy, kernel="nngp", ridge="evidence").ridge
    costs = [Evidence(gram.nngp, noisy, ridge=chosen * f).cost("evidence") for f in (1.0, 0.9, 1.1)]
    assert costs[0] == min(costs)
    relative = Regression(gram, noisy, ridge=0.5, relative=True)
    assert relative.ridge == pytest.approx(0.5 * gram.ntk.diagonal().mean(), rel=1e-14)


def test_evidence(setting) -> None:
    kernel, x, _, y = setting
    k = kernel.gram(x).nngp + 0.01 * np.eye(12)
    evidence = Evidence(kernel.gram(x).nngp, y[:, 0], ridge=0.01)
    sign, logdet = np.linalg.slogdet(k)
    want = -0.5 * (y[:, 0] @ np.linalg.solve(k, y[:, 0]) + logdet + 12 * np.log(2 * np.pi))
    assert sign == 1 and evidence.log_marginal_likelihood == pytest.approx(want, rel=1e-9)
    left_out = evidence.leave_one_out()
    rest = np.arange(1, 12)
    first = k[0, rest] @ np.linalg.solve(k[np.ix_(rest, rest)], y[rest, 0])
    assert left_out.mean[0] == pytest.approx(first, abs=1e-8)
    assert evidence.condition() == pytest.approx(np.linalg.cond(k), rel=0.1)


def test_hyperparameters_are_chosen(setting) -> None:
    kernel, x, _, y = setting
    found = select_hyperparameters(kernel.network, x, y, iterations=5)
    assert found.cost < found.first_cost and found.network != kernel.network


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda g, y: Regression(g, y[:-1]), ValueError, "targets"),
        (lambda g, y: Regression(g, y[None]), ValueError, "targets: expected shape [n] or [n, outputs]"),
        (lambda g, y: Regression(g.ntk, y), TypeError, "without field nngp"),
        (lambda g, y: Regression(g, y, kernel="both"), ValueError, 'expected "ntk" or "nngp"'),
        (lambda g, y: Regression(g, y, ridge="best"), ValueError, 'criterion: found "best"'),
        (lambda g, y: Regression(g, y, ridge=-1.0).mean(g), ValueError, "ridge"),
        (lambda g, y: Regression(g, y, learning_rate=0.0), ValueError, "learning rate"),
        (lambda g, y: Regression(g, y).mean(g, 1.0, steps=1), TypeError, "t and steps: found both"),
        (lambda g, y: Regression(g, y).mean(g, -1.0), ValueError, "training time"),
        (lambda g, y: Evidence(-g.nngp, y), ValueError, "train-train kernel"),
    ],
)
def test_what_is_refused(setting, make, error, message) -> None:
    kernel, x, _, y = setting
    with pytest.raises(error) as caught:
        make(kernel.gram(x), y)
    assert message in str(caught.value)


def test_scores() -> None:
    scores = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    assert metrics.accuracy(scores, np.array([0, 1, 0])) == pytest.approx(2 / 3)
    assert metrics.confusion(scores, [0, 1, 0]).tolist() == [[1, 1], [0, 1]]
    assert metrics.score([1.0, 2.0], [1.0, 2.0]) == (0.0, 0.0, 1.0)
    assert metrics.score([1.0], [2.0]).r_squared is None
    probabilities = metrics.class_probabilities(scores, [0.1, 0.1, 0.1])
    assert np.allclose(probabilities.sum(axis=1), 1.0) and (probabilities.argmax(axis=1) == scores.argmax(axis=1)).all()
    assert metrics.calibration(probabilities, [0, 1, 1], bins=5).counts.sum() == 3
    with pytest.raises(ValueError, match="label"):
        metrics.accuracy(scores, [0, 1, 2])


def test_loss_flow_is_an_euler_method_in_small_steps():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(7, 3))
    kernel = x @ x.T + 1
    train, test, y = kernel[:5, :5], kernel[5:, :5], np.eye(3)[[0, 1, 2, 0, 1]]
    f, f_test, steps = np.zeros((5, 3)), np.zeros((2, 3)), 20000
    for _ in range(steps):
        p = np.exp(f) / np.exp(f).sum(axis=1, keepdims=True)
        f, f_test = f - 4 / steps * train @ (p - y) / 5, f_test - 4 / steps * test @ (p - y) / 5
    at_zero, found = predict.loss_flow(train, y, [0.0, 4.0], test)
    np.testing.assert_array_equal(at_zero, 0)
    np.testing.assert_allclose(found, f_test, atol=2e-3)
    np.testing.assert_allclose(predict.loss_flow(train, y, 4.0), f, atol=2e-3)
    square = predict.loss_flow(train, y[:, 0], 2.0, loss="square")
    want = (np.eye(5) - expm(-2.0 * train / 5)) @ y[:, 0]
    np.testing.assert_allclose(square, want, atol=1e-6)
    for bad in [{"loss": "hinge"}, {"friction": -1.0}, {"tolerance": 0.0}]:
        with pytest.raises(ValueError):
            predict.loss_flow(train, y, 1.0, **bad)


def expm(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return vectors @ np.diag(np.exp(values)) @ vectors.T
