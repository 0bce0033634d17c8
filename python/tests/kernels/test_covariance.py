"""Covariances beside their series, summed in NumPy, and beside stored values."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from haarmonic.covariance import Covariance

GOLDEN = np.load(Path(__file__).parents[3] / "tests" / "data" / "spectra.npz")
SPACES = [("sphere", "s2"), ("rotations", "so3")]


def points(space: str, n: int) -> np.ndarray:
    x = np.random.default_rng(0).normal(size=(n, 3 if space == "sphere" else 4))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def angles(space: str, x: np.ndarray) -> np.ndarray:
    cosine = np.clip(x @ x.T, -1, 1)
    return np.arccos(cosine) if space == "sphere" else 2 * np.arccos(abs(cosine))


@pytest.mark.parametrize(("space", "name"), SPACES)
def test_stored_values(space: str, name: str) -> None:
    for kappa, want in zip(GOLDEN["heat_kappa"], GOLDEN[f"heat_{name}"], strict=True):
        found = Covariance(space, "heat", kappa).value(GOLDEN["angles"])
        np.testing.assert_allclose(found, want, rtol=0, atol=1e-14)
    for (nu, kappa), want in zip(GOLDEN["matern_nu_kappa"], GOLDEN[f"matern_{name}"], strict=True):
        found = Covariance(space, "matern", kappa, nu=nu).value(GOLDEN["matern_angles"])
        np.testing.assert_allclose(found, want, rtol=0, atol=1e-14)


@pytest.mark.parametrize("space", ["sphere", "rotations"])
@pytest.mark.parametrize("nu", [None, 3.5])
def test_series(space: str, nu: float | None) -> None:
    kappa, degrees = 0.4, 1500 if nu else 60
    covariance = Covariance(space, "matern" if nu else "heat", kappa, nu=nu, variance=1.5)
    x = points(space, 30)
    angle = angles(space, x)
    d = 2 if space == "sphere" else 3
    total, norm = np.zeros_like(angle), 0.0
    last, now = (0.0 if d == 2 else -1.0) * np.ones_like(angle), np.ones_like(angle)
    for l in range(degrees):
        laplace = l * (l + 1)
        factor = (2 * nu / kappa**2 + laplace) ** (-nu - d / 2) if nu else np.exp(-(kappa**2) * laplace / 2)
        total += (2 * l + 1) * factor * now
        norm += (2 * l + 1) ** (d - 1) * factor
        following = (
            ((2 * l + 1) * np.cos(angle) * now - l * last) / (l + 1) if d == 2 else 2 * np.cos(angle) * now - last
        )
        last, now = now, following
    np.testing.assert_allclose(covariance.gram(x), 1.5 * total / norm, rtol=0, atol=1e-7)
    np.testing.assert_allclose(covariance.value(angle), 1.5 * total / norm, rtol=0, atol=1e-7)
    assert np.array_equal(covariance.cross(x[:3], x), covariance.gram(x)[:3])
    multiplicity = (2 * np.arange(degrees) + 1.0) ** (d - 1)
    assert abs(multiplicity @ covariance.spectrum(degrees) - 1.5) < 1.1 * covariance.tail(degrees) + 1e-13


@pytest.mark.parametrize("space", ["sphere", "rotations"])
def test_features_and_derivatives(space: str) -> None:
    x = points(space, 10)
    covariance = Covariance(space, "heat", 0.7)
    features = covariance.features(x, 16)
    np.testing.assert_allclose(features @ features.T, covariance.gram(x), rtol=0, atol=1e-12)
    h = 1e-4
    for parameter, low, high in [
        ("length_scale", Covariance(space, "matern", 0.7 - h, nu=1.5), Covariance(space, "matern", 0.7 + h, nu=1.5)),
        ("nu", Covariance(space, "matern", 0.7, nu=1.5 - h), Covariance(space, "matern", 0.7, nu=1.5 + h)),
    ]:
        found = Covariance(space, "matern", 0.7, nu=1.5)
        want = (high.gram(x) - low.gram(x)) / (2 * h)
        np.testing.assert_allclose(found.gram_derivative(x, parameter), want, rtol=0, atol=1e-7)
        want = (high.value(1.0) - low.value(1.0)) / (2 * h)
        np.testing.assert_allclose(found.derivative(1.0, parameter), want, rtol=0, atol=1e-7)


def test_objects_pickle_and_say_what_they_are() -> None:
    covariance = Covariance("rotations", "matern", 0.5, nu=1.5, variance=2.0)
    again = pickle.loads(pickle.dumps(covariance))
    assert repr(again) == repr(covariance) == "Covariance('rotations', 'matern', 0.5, nu=1.5, variance=2)"
    assert np.array_equal(again.value([0.1, 1.0]), covariance.value([0.1, 1.0]))


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        (("plane", "heat", 1.0), {}, "space"),
        (("sphere", "gauss", 1.0), {}, "family"),
        (("sphere", "matern", 1.0), {}, "nu"),
        (("sphere", "heat", 1.0), {"nu": 1.0}, "nu"),
        (("sphere", "heat", -1.0), {}, "length scale"),
        (("sphere", "heat", 1.0), {"variance": 0.0}, "variance"),
    ],
)
def test_bad_arguments(arguments: tuple, options: dict, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Covariance(*arguments, **options)


def test_bad_points_and_angles() -> None:
    covariance = Covariance("sphere", "heat", 1.0)
    for call in [
        lambda: covariance.value(4.0),
        lambda: covariance.value(np.nan),
        lambda: covariance.gram(np.ones((2, 4))),
        lambda: covariance.gram(np.ones(3)),
        lambda: covariance.gram(np.zeros((2, 3))),
        lambda: covariance.derivative(1.0, "nu"),
        lambda: covariance.derivative(1.0, "variance"),
        lambda: covariance.spectrum(0),
    ]:
        with pytest.raises(ValueError):
            call()
