"""Slow sums in extended precision, independent of the package: harmonics, HEALPix points, random coefficients."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def half_size(lmax: int) -> int:
    return (lmax + 1) * (lmax + 2) // 2


def degrees_and_orders(lmax: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    pairs = [(degree, m) for m in range(lmax + 1) for degree in range(m, lmax + 1)]
    return np.array(pairs).T


def random_alm(lmax: int, seed: int = 0) -> NDArray[np.complex128]:
    """Coefficients m >= 0 of a real signal."""
    rng = np.random.default_rng(seed)
    alm = rng.normal(size=half_size(lmax)) + 1j * rng.normal(size=half_size(lmax))
    alm[: lmax + 1].imag = 0
    return alm


def legendre(lmax: int, theta: NDArray[np.float64]) -> NDArray[np.longdouble]:
    """Normalised Legendre functions with the Condon-Shortley phase, shape [half_size, points], in extended precision."""
    x = np.cos(theta.astype(np.longdouble))
    sine = np.sin(theta.astype(np.longdouble))
    values = np.zeros((half_size(lmax), len(theta)), dtype=np.longdouble)
    pi = np.arccos(np.longdouble(-1))
    diagonal = np.full(len(theta), 1 / np.sqrt(4 * pi))
    at = 0
    for m in range(lmax + 1):
        if m > 0:
            diagonal = -np.sqrt(np.longdouble(2 * m + 1) / (2 * m)) * sine * diagonal
        before, here = np.zeros_like(diagonal), diagonal
        for degree in range(m, lmax + 1):
            values[at] = here
            at += 1
            a, b = np.longdouble(degree + 1), np.longdouble(degree)
            up = np.sqrt((4 * a * a - 1) / (a * a - m * m))
            down = np.sqrt((b * b - m * m) / (4 * b * b - 1)) if degree > m else np.longdouble(0)
            before, here = here, up * (x * here - down * before)
    return values


def sum_of_harmonics(
    alm: NDArray[np.complex128], lmax: int, theta: NDArray[np.float64], phi: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The values of a real signal at points, term by term."""
    _, orders = degrees_and_orders(lmax)
    values = np.zeros(len(theta), dtype=np.longdouble)
    for coefficient, m, row in zip(alm, orders, legendre(lmax, theta), strict=True):
        angle = m * phi.astype(np.longdouble)
        real = coefficient.real * np.cos(angle) - coefficient.imag * np.sin(angle)
        values += (1 if m == 0 else 2) * real * row
    return values.astype(np.float64)


def healpix_points(nside: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Colatitudes and longitudes of the pixels in ring order, from the definition of the grid."""
    theta, phi = [], []
    for ring in range(1, 4 * nside):
        i = min(ring, 4 * nside - ring)
        if i < nside:
            z, count, shift = 1 - i * i / (3 * nside**2), 4 * i, 0.5
        else:
            z, count = 4 / 3 - 2 * i / (3 * nside), 4 * nside
            shift = 0.5 * ((i - nside + 1) % 2)
        colatitude = 2 * np.arcsin(i / (nside * np.sqrt(6))) if i < nside else np.arccos(z)
        theta.append(np.full(count, colatitude if ring <= 2 * nside else np.pi - colatitude))
        phi.append((np.arange(count) + shift) * 2 * np.pi / count)
    return np.concatenate(theta), np.concatenate(phi)


def error(found: ArrayLike, wanted: ArrayLike) -> float:
    """The largest difference, relative to the largest value."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape, (found.shape, wanted.shape)
    assert np.isfinite(found).all()
    return float(np.max(np.abs(found - wanted)) / np.max(np.abs(wanted)))
