"""Converters of layouts, beside pyshtools, e3nn and in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import error, random_alm

from haarmonic import evaluate
from haarmonic.layouts import (
    from_e3nn,
    from_shtools,
    full_to_half,
    half_to_full,
    to_e3nn,
    to_shtools,
)


def test_half_and_full() -> None:
    alm = np.stack([random_alm(4, seed) for seed in range(6)]).reshape(2, 3, 15)
    full = half_to_full(alm)
    assert full.shape == (2, 3, 5, 9)
    assert full[1, 2, 3, 4 + 2] == alm[1, 2, 2 * (9 - 2) // 2 + 3]
    assert full[1, 2, 3, 4 - 3] == -full[1, 2, 3, 4 + 3].conj()
    assert np.array_equal(full_to_half(full), alm)
    assert np.array_equal(full_to_half(np.asfortranarray(full)[:, ::-1]), alm[:, ::-1])
    full[0, 0, 2, 4 - 1] += 1
    with pytest.raises(ValueError, match="real signal"):
        full_to_half(full)


@pytest.mark.parametrize("normalization", ["4pi", "ortho", "schmidt"])
@pytest.mark.parametrize("csphase", [1, -1])
def test_shtools(normalization: str, csphase: int) -> None:
    options = {"normalization": normalization, "csphase": csphase}
    alm = random_alm(6)
    cilm = to_shtools(alm, **options)
    assert cilm.shape == (2, 7, 7)
    assert cilm.dtype == np.float64
    assert error(from_shtools(cilm, **options), alm) < 1e-15
    assert error(to_shtools(half_to_full(alm), **options), cilm) == 0
    signal = (1 + 2j) * half_to_full(alm)
    pair = to_shtools(np.stack([signal, signal]), kind="complex", **options)
    assert pair.shape == (2, 2, 7, 7)
    assert error(from_shtools(pair, **options)[1], signal) < 1e-15
    pyshtools = pytest.importorskip("pyshtools")
    theta, phi = np.array([0.3, 1.2, 2.5]), np.array([0.1, 2.0, 5.0])
    coeffs = pyshtools.SHCoeffs.from_array(cilm, **options)
    wanted = coeffs.expand(lat=90 - np.degrees(theta), lon=np.degrees(phi))
    assert error(evaluate(alm, theta, phi), wanted) < 1e-12
    coeffs = pyshtools.SHCoeffs.from_array(pair[0], **options)
    wanted = coeffs.expand(lat=90 - np.degrees(theta), lon=np.degrees(phi))
    assert error(evaluate(signal, theta, phi), wanted) < 1e-12


@pytest.mark.parametrize("normalization", ["component", "integral", "norm"])
@pytest.mark.parametrize("axes", ["same", "renamed"])
def test_e3nn(normalization: str, axes: str) -> None:
    options = {"normalization": normalization, "axes": axes}
    alm = np.stack([random_alm(4, seed) for seed in range(2)])
    components = to_e3nn(alm, **options)
    assert components.shape == (2, 25)
    assert error(from_e3nn(components, **options), alm) < 1e-14
    # Degree one is proportional to the vector: (x, y, z), or our (y, z, x).
    size = {"component": np.sqrt(3), "integral": np.sqrt(3 / (4 * np.pi)), "norm": 1}[normalization]
    x = np.array([0, 0, -np.sqrt(2 * np.pi / 3)])
    wanted = [1, 0, 0] if axes == "same" else [0, 0, 1]
    assert np.allclose(size * to_e3nn(x, **options)[1:], wanted, atol=1e-15)
    torch, o3 = pytest.importorskip("torch"), pytest.importorskip("e3nn.o3")
    vectors = np.random.default_rng(0).normal(size=(9, 3))
    theirs = vectors if axes == "same" else vectors[:, [1, 2, 0]]
    harmonics = o3.spherical_harmonics(
        list(range(5)), torch.tensor(theirs), normalize=True, normalization=normalization
    )
    theta = np.arctan2(np.hypot(*vectors.T[:2]), vectors[:, 2])
    values = evaluate(alm, theta, np.arctan2(vectors[:, 1], vectors[:, 0]))
    assert error(components @ harmonics.numpy().T, values) < 1e-6


ERRORS = [
    (lambda: half_to_full(np.ones(7)), "expected shape"),
    (lambda: full_to_half(np.ones((4, 6))), "expected shape"),
    (lambda: to_shtools(random_alm(3), kind="quaternion"), "kind"),
    (lambda: to_shtools(random_alm(3), normalization="unnorm"), "normalization"),
    (lambda: to_shtools(random_alm(3), csphase=0), "csphase"),
    (lambda: from_shtools(np.ones((2, 3, 4))), "cilm: expected shape"),
    (lambda: to_e3nn(random_alm(3), axes="turned"), "axes"),
    (lambda: from_e3nn(np.ones(8)), "components: expected shape"),
    (lambda: from_e3nn(np.full(9, np.nan)), "NaN or infinity"),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_errors(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        call()
