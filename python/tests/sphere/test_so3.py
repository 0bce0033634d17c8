"""The Wigner transform and correlations on SO(3)."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from oracles import error, random_alm

from haarmonic import So3, correlate, rotate_coefficients, wigner_d
from haarmonic.layouts import half_to_full


def random_coefficients(limit: int, orders: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shape = (2 * orders - 1, limit, 2 * limit - 1)
    n = np.abs(np.arange(shape[0]) - orders + 1)[:, None, None]
    degree = np.arange(limit)[:, None]
    m = np.abs(np.arange(shape[2]) - limit + 1)
    inside = (n <= degree) & (m <= degree)
    return np.where(inside, rng.normal(size=shape) + 1j * rng.normal(size=shape), 0)


def by_hand(coefficients: np.ndarray, alpha: float, beta: float, gamma: float) -> complex:
    orders, limit = (coefficients.shape[0] + 1) // 2, coefficients.shape[1]
    total = 0j
    for degree in range(limit):
        d = wigner_d(degree, beta)
        for m in range(-degree, degree + 1):
            for n in range(max(-degree, 1 - orders), min(degree, orders - 1) + 1):
                value = coefficients[n + orders - 1, degree, m + limit - 1]
                phase = np.exp(1j * (m * alpha + n * gamma))
                factor = (2 * degree + 1) / (8 * np.pi**2)
                total += factor * value * d[m + degree, n + degree] * phase
    return total


@pytest.mark.parametrize("sampling", ["gauss-legendre", "driscoll-healy", "mcewen-wiaux", "clenshaw-curtis"])
@pytest.mark.parametrize(("limit", "orders"), [(1, None), (4, 4), (6, 2), (9, None)])
def test_values_and_round_trip(sampling: str, limit: int, orders: int | None) -> None:
    for fast in (False, True):
        plan = So3(limit, orders, sampling, fast=fast)
        coefficients = random_coefficients(plan.L, plan.N)
        assert plan.coefficient_shape == coefficients.shape
        samples = plan.inverse(coefficients)
        assert samples.shape == plan.signal_shape
        alpha, beta, gamma = (np.broadcast_to(a, plan.signal_shape) for a in plan.angles())
        for at in [(0, 0, 0), tuple(size // 2 for size in plan.signal_shape)]:
            wanted = by_hand(coefficients, alpha[at], beta[at], gamma[at])
            assert abs(samples[at] - wanted) < 1e-13 * np.abs(samples).max()
        assert error(plan.forward(samples), coefficients) < 1e-12
    if not fast:
        assert plan.signal_shape[::2] == (2 * plan.N - 1, 2 * plan.L - 1)


def test_real_functions_batches_and_strides() -> None:
    plan = So3(5, 3)
    samples = np.random.default_rng(1).normal(size=(2, 3, *plan.signal_shape))
    coefficients = plan.forward(samples)
    assert coefficients.shape == (2, 3, *plan.coefficient_shape)
    assert error(plan.forward(samples + 0j), coefficients) < 1e-13
    real = plan.inverse(coefficients, dtype=float)
    assert real.dtype == np.float64
    assert error(plan.inverse(coefficients), real + 0j) < 1e-13
    assert error(plan.forward(np.asfortranarray(samples)), coefficients) < 1e-15
    assert error(plan.forward(samples[:, ::-1])[:, ::-1], coefficients) < 1e-15
    assert plan.inverse(coefficients, dtype="float32").dtype == np.float32


def test_values_anywhere() -> None:
    plan, coefficients = So3(4), random_coefficients(4, 4)
    alpha, beta, gamma = plan.angles()
    found = plan.evaluate(coefficients, alpha, beta, gamma)
    assert error(found, plan.inverse(coefficients)) < 1e-13


def test_weights_are_haar() -> None:
    plan = So3(5)
    _, beta, _ = plan.angles()
    samples = np.broadcast_to(np.cos(beta) ** 2, plan.signal_shape)
    assert np.sum(plan.weights() * samples) == pytest.approx(1 / 3, rel=1e-13)


def test_correlation_is_the_mean_of_the_product() -> None:
    f, g = random_alm(6, 1), random_alm(6, 2)
    plan = So3(7, fast=True)
    samples = correlate(f, g, plan=plan)
    assert samples.dtype == np.float64
    alpha, beta, gamma = (np.broadcast_to(a, plan.signal_shape) for a in plan.angles())
    at = (3, 2, 5)
    rotated = rotate_coefficients(g, (-gamma[at], -beta[at], -alpha[at]))
    product = half_to_full(f).conj() * half_to_full(rotated)
    assert samples[at] == pytest.approx(np.sum(product).real / (4 * np.pi), rel=1e-11)
    complex_samples = correlate(half_to_full(f), half_to_full(g), plan=plan)
    assert error(complex_samples, samples + 0j) < 1e-13
    # Channels add up.
    both = correlate(np.stack([f, g]), np.stack([g, f]))
    assert error(both, correlate(f, g) + correlate(g, f)) < 1e-13


def test_plans_pickle_and_are_shared_by_threads() -> None:
    plan = So3(6, 2, "mcewen-wiaux", fast=True)
    again = pickle.loads(pickle.dumps(plan))
    assert repr(again) == repr(plan) == 'So3(6, 2, "mcewen-wiaux", fast=True)'
    all_coefficients = [random_coefficients(6, 2, seed) for seed in range(12)]
    wanted = [plan.inverse(c) for c in all_coefficients]
    with ThreadPoolExecutor(6) as pool:
        for found, expected in zip(pool.map(again.inverse, all_coefficients), wanted, strict=True):
            assert np.array_equal(found, expected)


ERRORS = [
    (lambda: So3(0), "L: found 0"),
    (lambda: So3(4, 5), "order limit"),
    (lambda: So3(4, sampling="healpix"), "sampling"),
    (lambda: So3(4).forward(np.ones((7, 4, 6))), r"samples: expected shape \[.., 7, 4, 7\]"),
    (lambda: So3(4).inverse(np.ones((7, 4, 6))), "coefficients: expected shape"),
    (lambda: So3(4, 2).evaluate(np.ones((3, 4, 7)), 0, 0, 0), "N = L"),
    (lambda: So3(4).forward(np.full((7, 4, 7), np.nan)), "NaN or infinity"),
    (lambda: correlate(random_alm(3), half_to_full(random_alm(3))), "two layouts"),
    (lambda: correlate(random_alm(3), random_alm(4)), "shape"),
    (lambda: correlate(random_alm(3), random_alm(3), plan=So3(5)), "shape"),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_errors(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        call()
