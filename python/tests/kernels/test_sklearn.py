"""Estimators in scikit-learn."""

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.6")

from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from haarmonic import stax
from haarmonic.sklearn import NTKClassifier, NTKRegressor


def failing(estimator) -> dict[str, str]:
    """The checks that do not apply."""
    if isinstance(estimator, NTKClassifier):
        return {
            "check_decision_proba_consistency": "probabilities depend on the variance of each point, not on its score alone"
        }
    return {}


@parametrize_with_checks([NTKRegressor(), NTKClassifier()], expected_failed_checks=failing)
def test_checks_of_estimators(estimator, check) -> None:
    check(estimator)


@pytest.fixture
def circles():
    rng = np.random.default_rng(0)
    radius = np.repeat([1.0, 2.0], 30)
    angle = rng.uniform(0, 2 * np.pi, 60)
    X = np.c_[radius * np.cos(angle), radius * np.sin(angle)] + 0.1 * rng.normal(size=(60, 2))
    return X, np.repeat(["inner", "outer"], 30)


def test_classification(circles) -> None:
    X, y = circles
    model = make_pipeline(StandardScaler(), NTKClassifier(ridge="loo-error"))
    model.fit(X[::2], y[::2])
    assert model.score(X[1::2], y[1::2]) > 0.9
    probabilities = model.predict_proba(X[1::2])
    assert np.allclose(probabilities.sum(axis=1), 1.0)
    assert (model.classes_[probabilities.argmax(axis=1)] == model.predict(X[1::2])).all()
    assert (pickle.loads(pickle.dumps(model)).predict(X) == model.predict(X)).all()


def test_a_grid_of_networks(circles) -> None:
    X, y = circles
    networks = [stax.serial(stax.Dense(1, b_std=0.5), act, stax.Dense(1)) for act in (stax.Relu(), stax.Erf())]
    search = GridSearchCV(NTKClassifier(), {"network": networks, "ridge": [1e-4, 1e-2]}, cv=3).fit(X, y)
    assert search.best_score_ > 0.8


def test_images_in_rows() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 5, 5, 1)), rng.normal(size=20)
    network = stax.serial(stax.Conv(1, (3, 3)), stax.Relu(), stax.GlobalAvgPool(), stax.Dense(1))
    whole = NTKRegressor(network, ridge=0.1).fit(X, y).predict(X)
    rows = NTKRegressor(network, ridge=0.1, input_shape=(5, 5, 1)).fit(X.reshape(20, 25), y).predict(X.reshape(20, 25))
    assert np.array_equal(whole, rows)


def test_deviations_are_those_of_a_gaussian_process() -> None:
    X = np.linspace(0.0, 3.0, 8)[:, None]
    y = np.sin(X[:, 0])
    network = stax.serial(stax.Dense(1, 1.5, 0.3), stax.Erf(), stax.Dense(1))
    model = NTKRegressor(network, kernel="nngp", ridge=1e-3).fit(X, y)
    Z = np.array([[0.33], [2.2]])
    mean, deviation = model.predict(Z, return_std=True)
    kernel_fn = network.kernel_fn
    k = kernel_fn(X, get="nngp")
    k += 1e-3 * k.diagonal().mean() * np.eye(8)
    cross = kernel_fn(Z, X, "nngp")
    assert np.allclose(mean, cross @ np.linalg.solve(k, y), atol=1e-9)
    variance = kernel_fn(Z, get="nngp").diagonal() - np.einsum("ij,ji->i", cross, np.linalg.solve(k, cross.T))
    assert np.allclose(deviation, np.sqrt(variance), atol=1e-7)


def test_precomputed_kernels_serve_other_estimators(circles) -> None:
    X, y = circles
    kernel_fn = stax.serial(stax.Dense(1, b_std=0.5), stax.Relu(), stax.Dense(1)).kernel_fn
    gram, cross = kernel_fn(X[::2], get="ntk"), kernel_fn(X[1::2], X[::2], "ntk")
    assert SVC(kernel="precomputed", C=100.0).fit(gram, y[::2]).score(cross, y[1::2]) > 0.9
    target = (y == "inner").astype(float)
    ridge = KernelRidge(alpha=0.1, kernel="precomputed").fit(gram, target[::2]).predict(cross)
    ours = NTKRegressor(
        stax.serial(stax.Dense(1, b_std=0.5), stax.Relu(), stax.Dense(1)), ridge=0.1 / gram.diagonal().mean()
    )
    assert np.allclose(ours.fit(X[::2], target[::2]).predict(X[1::2]), ridge, atol=1e-8)
