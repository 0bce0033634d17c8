"""Pixels beside healpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import haarmonic.healpix as hp

NSIDES = [1, 2, 4, 16, 1024, 8192]


@pytest.fixture(scope="module")
def healpy() -> Any:
    return pytest.importorskip("healpy")


def some_pixels(nside: int) -> np.ndarray:
    return np.random.default_rng(nside).integers(0, 12 * nside**2, 500)


@pytest.mark.parametrize("nest", [False, True])
@pytest.mark.parametrize("nside", NSIDES)
def test_numbers_and_angles(healpy: Any, nside: int, nest: bool) -> None:
    pixels = some_pixels(nside)
    for lonlat in (False, True):
        found, wanted = (f.pix2ang(nside, pixels, nest=nest, lonlat=lonlat) for f in (hp, healpy))
        assert np.allclose(found, wanted, rtol=0, atol=1e-13 * (180 / np.pi if lonlat else 1))
    rng = np.random.default_rng(1)
    theta, phi = np.arccos(rng.uniform(-1, 1, 500)), rng.uniform(-7, 14, 500)
    assert np.array_equal(hp.ang2pix(nside, theta, phi, nest), healpy.ang2pix(nside, theta, phi, nest))
    found, wanted = (f.ang2pix(nside, np.rad2deg(phi), 90 - np.rad2deg(theta), nest, True) for f in (hp, healpy))
    assert np.array_equal(found, wanted)
    vectors = hp.ang2vec(theta, phi)
    assert np.allclose(vectors, healpy.ang2vec(theta, phi), atol=1e-15)
    assert np.array_equal(hp.vec2pix(nside, *vectors.T, nest=nest), healpy.vec2pix(nside, *vectors.T, nest=nest))
    assert np.allclose(hp.vec2ang(3 * vectors), healpy.vec2ang(3 * vectors), atol=1e-13)
    found, wanted = (f.pix2vec(nside, pixels, nest) for f in (hp, healpy))
    assert np.allclose(found, wanted, rtol=0, atol=1e-13)
    found, wanted = (f.get_all_neighbours(nside, pixels, nest=nest) for f in (hp, healpy))
    assert np.array_equal(found, wanted)
    found, wanted = (f.get_all_neighbours(nside, theta[:9], phi[:9], nest=nest) for f in (hp, healpy))
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize("nside", NSIDES)
def test_sizes_and_orders(healpy: Any, nside: int) -> None:
    pixels = some_pixels(nside)
    assert np.array_equal(hp.ring2nest(nside, pixels), healpy.ring2nest(nside, pixels))
    assert np.array_equal(hp.nest2ring(nside, pixels), healpy.nest2ring(nside, pixels))
    assert hp.nside2npix(nside) == healpy.nside2npix(nside)
    assert hp.npix2nside(12 * nside**2) == nside
    assert hp.isnpixok(12 * nside**2)
    for name in ("nside2pixarea", "nside2resol", "max_pixrad"):
        for other in (False, True):
            assert getattr(hp, name)(nside, other) == pytest.approx(getattr(healpy, name)(nside, other), rel=1e-13)


def test_reorder(healpy: Any) -> None:
    maps = np.random.default_rng(0).normal(size=(3, 192))
    for options in ({"n2r": True}, {"r2n": True}, {"inp": "NEST", "out": "RING"}, {"inp": "RING", "out": "RING"}):
        assert np.array_equal(hp.reorder(maps, **options), healpy.reorder(maps, **options))
        assert np.array_equal(hp.reorder(maps[0], **options), healpy.reorder(maps[0], **options))


@pytest.mark.parametrize("nest", [False, True])
def test_discs(healpy: Any, nest: bool) -> None:
    rng = np.random.default_rng(2)
    for radius in (0.013, 0.2, 1.1, 3.0):
        vector = rng.normal(size=3)
        found, wanted = (f.query_disc(32, vector, radius, nest=nest) for f in (hp, healpy))
        assert np.array_equal(found, np.sort(wanted))
        # All that overlap, and none that is far away.
        exact = healpy.query_disc(32, vector, radius, inclusive=True, fact=64, nest=nest)
        found = hp.query_disc(32, vector, radius, inclusive=True, nest=nest)
        assert np.isin(exact, found).all()
        far = healpy.query_disc(32, vector, min(radius + 2.1 * healpy.max_pixrad(32), np.pi), nest=nest)
        assert np.isin(found, far).all()


@pytest.mark.parametrize("order", ["RING", "NESTED"])
@pytest.mark.parametrize(("here", "there"), [(8, 2), (2, 8), (4, 4), (16, 8)])
def test_other_resolutions(healpy: Any, here: int, there: int, order: str) -> None:
    maps = np.random.default_rng(3).normal(size=(2, 12 * here**2))
    maps[:, [0, 5, 17]] = hp.UNSEEN
    for options in ({}, {"pess": True}, {"power": -2}, {"order_out": "NESTED"}):
        if "power" in options:
            # healpy multiplies the mark, too.
            maps = np.abs(maps) % 10
        found, wanted = (f.ud_grade(maps, there, order_in=order, **options) for f in (hp, healpy))
        assert np.allclose(found, wanted, rtol=1e-14, atol=1e-14)


ERRORS = [
    (lambda: hp.ang2pix(0, 0.1, 0.1), ValueError, "nside: found 0"),
    (lambda: hp.ang2pix(3, 0.1, 0.1, nest=True), ValueError, "power of two"),
    (lambda: hp.ang2pix(4, 4.0, 0.1), ValueError, "colatitude"),
    (lambda: hp.pix2ang(4, 192), ValueError, "below 192"),
    (lambda: hp.pix2ang(4, -1), ValueError, "below 192"),
    (lambda: hp.pix2ang(4, 1.5), TypeError, "whole numbers"),
    (lambda: hp.query_disc(4, [0, 0, 1], -0.1), ValueError, "radius"),
    (lambda: hp.query_disc(4, [0, 0, 0], 0.1), ValueError, "direction|vector"),
    (lambda: hp.ud_grade(np.ones(12 * 9), 2), ValueError, "multiple or a divisor"),
    (lambda: hp.ud_grade(np.ones(11), 2), ValueError, "12 nside"),
    (lambda: hp.reorder(np.ones(12), inp="SOME"), ValueError, "inp: found"),
    (lambda: hp.npix2nside(13), ValueError, "12 nside"),
]


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_errors(call, kind: type[Exception], message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(kind, match=message):
        call()
