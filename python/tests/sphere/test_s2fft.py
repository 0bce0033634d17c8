"""Plans beside s2fft: its coefficients are the full layout, with any spin and on SO(3)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles import error

from haarmonic import Sht, So3

SAMPLINGS = {"mcewen-wiaux": "mw", "driscoll-healy": "dh", "gauss-legendre": "gl"}


@pytest.fixture(scope="module")
def s2fft() -> Any:
    return pytest.importorskip("s2fft")


def random_coefficients(shape: tuple[int, ...], limit: int, orders: int = 1) -> np.ndarray:
    """Shape [2 N - 1, L, 2 L - 1], zero where abs(m) > l or abs(n) > l."""
    rng = np.random.default_rng(0)
    n = np.abs(np.arange(2 * orders - 1) - orders + 1)[:, None, None]
    degree = np.arange(limit)[:, None]
    m = np.abs(np.arange(2 * limit - 1) - limit + 1)
    inside = (n <= degree) & (m <= degree)
    return np.where(inside, rng.normal(size=shape) + 1j * rng.normal(size=shape), 0)


@pytest.mark.parametrize("spin", [0, 1, -2, 2])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_sphere(s2fft: Any, sampling: str, spin: int) -> None:
    limit = 8
    (flm,) = random_coefficients((1, limit, 2 * limit - 1), limit)
    flm[: abs(spin)] = 0
    wanted = s2fft.inverse(flm, limit, spin=spin, sampling=SAMPLINGS[sampling], method="numpy")
    plan = Sht(limit - 1, sampling, spin=spin)
    assert error(plan.synthesis(flm), wanted) < 1e-12
    assert error(plan.analysis(np.asarray(wanted)), flm) < 1e-12


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_rotation_group(s2fft: Any, sampling: str) -> None:
    limit, orders = 6, 3
    flmn = random_coefficients((2 * orders - 1, limit, 2 * limit - 1), limit, orders)
    wanted = s2fft.wigner.inverse(flmn, limit, orders, sampling=SAMPLINGS[sampling], method="numpy")
    plan = So3(limit, orders, sampling)
    assert error(plan.inverse(flmn), wanted) < 1e-12
    assert error(plan.forward(np.asarray(wanted)), flmn) < 1e-12
