"""Harmonics and Wigner functions at points, beside SciPy and in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import error, random_alm, sum_of_harmonics

from haarmonic import evaluate, rotate_coefficients, sph_harm, sph_harm_all, wigner_D, wigner_d
from haarmonic.layouts import half_to_full


def test_sph_harm_beside_scipy() -> None:
    special = pytest.importorskip("scipy.special")
    if not hasattr(special, "sph_harm_y"):
        pytest.skip("SciPy before 1.15 has no sph_harm_y")
    rng = np.random.default_rng(0)
    theta, phi = np.pi * rng.random(50), 20 * rng.random(50) - 10
    degree = rng.integers(0, 60, size=(7, 1))
    order = np.round((2 * rng.random((7, 1)) - 1) * degree).astype(int)
    found = sph_harm(degree, order, theta, phi)
    assert found.shape == (7, 50)
    assert error(found, special.sph_harm_y(degree, order, theta, phi)) < 1e-12
    assert sph_harm(2, -1, 0.3, 0.4) == pytest.approx(special.sph_harm_y(2, -1, 0.3, 0.4), rel=1e-14)


def test_all_harmonics_are_the_single_ones() -> None:
    theta, phi = np.array([[0.0], [0.8], [np.pi]]), np.array([0.3, -1.0])
    every = sph_harm_all(6, theta, phi)
    assert every.shape == (3, 2, 7, 13)
    for degree in range(7):
        for m in range(-degree, degree + 1):
            found = every[..., degree, m + 6]
            assert np.allclose(found, sph_harm(degree, m, theta, phi), rtol=0, atol=1e-14)
    outside = [(degree, m) for degree in range(7) for m in range(-6, 7) if abs(m) > degree]
    assert not any(every[..., degree, m + 6].any() for degree, m in outside)


def test_harmonics_of_high_degree_and_order() -> None:
    # Y_ll at the equator: a product of 2 l factors, far below and above the range of doubles in between.
    degree = 3000
    from math import lgamma, log, pi

    size = 0.5 * (log((2 * degree + 1) / (4 * pi)) + lgamma(2 * degree + 1))
    size -= degree * log(2) + lgamma(degree + 1)
    assert abs(sph_harm(degree, degree, pi / 2, 0.0)) == pytest.approx(np.exp(size), rel=1e-9)
    assert sph_harm(degree, degree, 0.1, 0.0) == 0


@pytest.mark.parametrize("threads", [1, 2])
def test_evaluate(threads: int) -> None:
    rng = np.random.default_rng(2)
    lmax = 20
    theta, phi = np.pi * rng.random(300), 7 * rng.random(300)
    alm = np.stack([random_alm(lmax, seed) for seed in range(4)]).reshape(2, 2, -1)
    values = evaluate(alm, theta.reshape(3, 100), phi.reshape(3, 100), threads=threads)
    assert values.shape == (2, 2, 3, 100)
    for one, row in zip(alm.reshape(4, -1), values.reshape(4, -1), strict=True):
        assert error(row, sum_of_harmonics(one, lmax, theta, phi)) < 1e-13
    full = half_to_full(alm[0])
    assert error(evaluate(1j * full, theta, phi), 1j * values[0].reshape(2, 300)) < 1e-13
    assert error(evaluate(full, theta, phi, dtype=float), values[0].reshape(2, 300)) < 1e-14


def test_wigner_d_in_closed_form() -> None:
    beta = np.linspace(-4, 4, 9)
    c, s = np.cos(beta), np.sin(beta)
    wanted = np.array(
        [
            [(1 + c) / 2, s / np.sqrt(2), (1 - c) / 2],
            [-s / np.sqrt(2), c, s / np.sqrt(2)],
            [(1 - c) / 2, -s / np.sqrt(2), (1 + c) / 2],
        ]
    )
    assert error(wigner_d(1, beta), wanted.transpose(2, 0, 1)) < 1e-15
    assert wigner_d(0, 0.3) == pytest.approx(1)
    # The exponential of the generator: exp(-i beta J_y).
    linalg = pytest.importorskip("scipy.linalg")
    degree = 7
    m = np.arange(-degree, degree)
    up = np.sqrt(degree * (degree + 1) - m * (m + 1))
    j_y = (np.diag(up, -1) - np.diag(up, 1)) / 2j
    assert error(wigner_d(degree, 0.7), linalg.expm(-0.7j * j_y).real) < 1e-14


def test_wigner_D_rotates_coefficients() -> None:
    degree, angles = 5, (0.4, 1.2, -2.0)
    full = half_to_full(random_alm(degree))
    rotated = rotate_coefficients(full, angles)
    assert error(rotated[degree], wigner_D(degree, *angles) @ full[degree]) < 1e-14
    broadcast = wigner_D(2, [0.1, 0.2], [[0.3], [0.4], [0.5]], 0.6)
    assert broadcast.shape == (3, 2, 5, 5)
    assert np.array_equal(broadcast[2, 1], wigner_D(2, 0.2, 0.5, 0.6))


def test_wigner_D_is_the_conjugate_of_spherical() -> None:
    spherical = pytest.importorskip("spherical")
    quaternionic = pytest.importorskip("quaternionic")
    angles = (0.4, 1.2, -2.0)
    functions = spherical.Wigner(3)
    theirs = functions.D(quaternionic.array.from_euler_angles(*angles))
    for degree in range(4):
        found = wigner_D(degree, *angles)
        for m in range(-degree, degree + 1):
            for n in range(-degree, degree + 1):
                value = theirs[functions.Dindex(degree, m, n)]
                assert abs(found[m + degree, n + degree] - value.conjugate()) < 1e-14


ERRORS = [
    (lambda: sph_harm(1, 2, 0.1, 0.1), "expected abs"),
    (lambda: sph_harm(1.5, 1, 0.1, 0.1), "whole numbers"),
    (lambda: sph_harm(1, 1, 4.0, 0.1), "theta: found 4"),
    (lambda: sph_harm(1, 1, np.nan, 0.1), "theta: found NaN"),
    (lambda: sph_harm([1, 2], 1, [0.1, 0.2, 0.3], 0.1), "broadcast"),
    (lambda: sph_harm_all(3, -0.1, 0.0), "colatitude"),
    (lambda: evaluate(np.ones(7), 0.1, 0.1), r"expected shape \[.., L \(L \+ 1\) / 2\]"),
    (lambda: evaluate(np.ones(6), 0.1, 0.1, dtype=complex), "dtype"),
    (lambda: wigner_d(-1, 0.1), "l: found -1"),
    (lambda: wigner_d(2, np.inf), "NaN or infinity|finite angle"),
    (lambda: wigner_D(2, np.nan, 0.1, 0.1), "alpha: found NaN"),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_errors(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        call()
