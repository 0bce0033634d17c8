"""Plans beside ducc0: grids, spin, gradients, adjoints, any rings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles import error, random_alm

from haarmonic import Sht

TOLERANCE = 1e-12
GEOMETRIES = {
    "gauss-legendre": "GL",
    "driscoll-healy": "F1",
    "clenshaw-curtis": "CC",
    "mcewen-wiaux": "MW",
}


@pytest.fixture(scope="module")
def sht() -> Any:
    return pytest.importorskip("ducc0").sht


@pytest.mark.parametrize("sampling", GEOMETRIES)
@pytest.mark.parametrize("lmax", [1, 8, 65])
def test_grids(sht: Any, sampling: str, lmax: int) -> None:
    plan, alm = Sht(lmax, sampling), random_alm(lmax)
    rings, longitudes = plan.signal_shape
    options = {"geometry": GEOMETRIES[sampling], "lmax": lmax, "spin": 0}
    shape = {"ntheta": rings, "nphi": longitudes}
    wanted = sht.synthesis_2d(alm=alm[None], **options, **shape)[0]
    samples = plan.synthesis(alm, layout="half")
    assert error(samples, wanted) < TOLERANCE
    noise = np.random.default_rng(0).normal(size=samples.shape)
    found = plan.adjoint_synthesis(noise)
    assert error(found, sht.adjoint_synthesis_2d(map=noise[None], **options)[0]) < TOLERANCE
    assert error(plan.analysis(samples), sht.analysis_2d(map=wanted[None], **options)[0]) < TOLERANCE
    derivatives = sht.synthesis_2d(
        alm=alm[None], geometry=GEOMETRIES[sampling], lmax=lmax, spin=1, mode="DERIV1", **shape
    )
    assert error(plan.gradient(alm, layout="half"), derivatives) < TOLERANCE


@pytest.mark.parametrize("spin", [1, 2, 3])
@pytest.mark.parametrize("sampling", GEOMETRIES)
def test_spin_has_the_same_signs(sht: Any, sampling: str, spin: int) -> None:
    lmax = 20
    plan = Sht(lmax, sampling, spin=spin)
    alm = np.stack([random_alm(lmax, 1), random_alm(lmax, 2)])
    degree = np.concatenate([np.arange(m, lmax + 1) for m in range(lmax + 1)])
    alm[:, degree < spin] = 0
    _, rings, longitudes = plan.signal_shape
    options = {"geometry": GEOMETRIES[sampling], "lmax": lmax, "spin": spin}
    wanted = sht.synthesis_2d(alm=alm, ntheta=rings, nphi=longitudes, **options)
    assert error(plan.synthesis(alm), wanted) < TOLERANCE
    assert error(plan.analysis(wanted), alm) < TOLERANCE
    noise = np.random.default_rng(0).normal(size=wanted.shape)
    found = plan.adjoint_synthesis(noise)
    wanted = sht.adjoint_synthesis_2d(map=noise, **options)
    wanted[:, degree < spin] = 0
    found[:, degree < spin] = 0
    assert error(found, wanted) < TOLERANCE


def test_any_rings(sht: Any) -> None:
    lmax = 12
    theta, phi0 = np.array([0.3, 2.0, 1.1, 3.0]), np.array([0.0, 0.4, -1.0, 2.0])
    nphi = np.array([5, 40, 13, 1], dtype=np.uint64)
    ringstart = np.array([0, 5, 45, 58], dtype=np.uint64)
    alm = random_alm(lmax)
    rings = {"theta": theta, "nphi": nphi, "phi0": phi0, "ringstart": ringstart, "lmax": lmax, "spin": 0}
    plan = Sht.on_rings(lmax, theta, nphi, phi0)
    assert error(plan.synthesis(alm), sht.synthesis(alm=alm[None], **rings)[0]) < TOLERANCE
    noise = np.random.default_rng(0).normal(size=59)
    found = plan.adjoint_synthesis(noise)
    assert error(found, sht.adjoint_synthesis(map=noise[None], **rings)[0]) < TOLERANCE
    derivatives = sht.synthesis(alm=alm[None], mode="DERIV1", **{**rings, "spin": 1})
    assert error(plan.gradient(alm), derivatives) < TOLERANCE
