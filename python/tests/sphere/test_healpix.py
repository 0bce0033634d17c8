"""Functions of maps beside healpy, and beside sums in extended precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles import error, healpix_points, random_alm, sum_of_harmonics

import haarmonic.healpix as hp

TOLERANCE = 1e-12

SIZES = [(1, None), (2, 3), (8, None), (16, 20), (32, None), (64, 100)]


@pytest.fixture(scope="module")
def healpy() -> Any:
    return pytest.importorskip("healpy")


def random_map(nside: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=12 * nside**2)


def lmax_of(nside: int, lmax: int | None) -> int:
    return 3 * nside - 1 if lmax is None else lmax


@pytest.mark.parametrize(("nside", "lmax"), SIZES)
def test_alm2map_and_der1(healpy: Any, nside: int, lmax: int | None) -> None:
    alm = random_alm(lmax_of(nside, lmax))
    assert error(hp.alm2map(alm, nside), healpy.alm2map(alm, nside)) < TOLERANCE
    found, wanted = hp.alm2map_der1(alm, nside), healpy.alm2map_der1(alm, nside)
    for one, other in zip(found, wanted, strict=True):
        assert error(one, other) < TOLERANCE


@pytest.mark.parametrize("iterations", [0, 1, 3])
@pytest.mark.parametrize(("nside", "lmax"), SIZES)
def test_map2alm_and_anafast(healpy: Any, nside: int, lmax: int | None, iterations: int) -> None:
    one, other = random_map(nside, 1), random_map(nside, 2)
    found = hp.map2alm(one, lmax, iter=iterations)
    assert error(found, healpy.map2alm(one, lmax, iter=iterations)) < TOLERANCE
    found = hp.anafast(one, lmax=lmax, iter=iterations)
    assert error(found, healpy.anafast(one, lmax=lmax, iter=iterations)) < TOLERANCE
    found = hp.anafast(one, other, lmax=lmax, iter=iterations)
    assert error(found, healpy.anafast(one, other, lmax=lmax, iter=iterations)) < TOLERANCE


@pytest.mark.parametrize("angles", [(0.1, 0.2, 0.3), (-2.0, 3.0, 1.0), (0.0, np.pi, 0.5), (1.0, 0.0, 0.0)])
@pytest.mark.parametrize("lmax", [1, 2, 17, 96])
def test_rotate_alm(healpy: Any, lmax: int, angles: tuple[float, float, float]) -> None:
    found = random_alm(lmax)
    wanted = found.copy()
    assert hp.rotate_alm(found, *angles) is None
    healpy.rotate_alm(wanted, *angles)
    assert error(found, wanted) < TOLERANCE


def test_rotate_alm_by_matrix_and_in_place(healpy: Any) -> None:
    matrix = healpy.Rotator(coord=["G", "E"]).mat
    several = [random_alm(9, seed) for seed in range(3)]
    wanted = [alm.copy() for alm in several]
    hp.rotate_alm(several, matrix=matrix)
    healpy.rotate_alm(wanted, matrix=matrix)
    for one, other in zip(several, wanted, strict=True):
        assert error(one, other) < TOLERANCE
    # A view with gaps is overwritten, and so are the rows of an array.
    wide = np.zeros((2, 2 * 55), dtype=complex)
    wide[:, ::2] = [random_alm(9, seed) for seed in range(2)]
    hp.rotate_alm(wide[:, ::2], matrix=matrix)
    assert error(wide[1, ::2], wanted[1]) < TOLERANCE
    assert not wide[:, 1::2].any()
    with pytest.raises(TypeError, match="complex128"):
        hp.rotate_alm(several[0].astype(np.complex64), 0.1)


@pytest.mark.parametrize("width", [{"fwhm": 0.1}, {"sigma": 0.05}, {"fwhm": 0.2, "sigma": 0.01}])
def test_smoothing(healpy: Any, width: dict[str, float]) -> None:
    sky = random_map(16)
    assert error(hp.smoothing(sky, **width), healpy.smoothing(sky, **width)) < TOLERANCE
    alm = random_alm(20)
    assert error(hp.alm2map(alm, 16, **width), healpy.alm2map(alm, 16, **width)) < TOLERANCE
    window = np.linspace(1, 0, 30)
    found = hp.smoothing(sky, beam_window=window, lmax=29, iter=1)
    assert error(found, healpy.smoothing(sky, beam_window=window, lmax=29, iter=1)) < TOLERANCE


def test_masked_pixels(healpy: Any) -> None:
    sky = random_map(8)
    sky[[3, 100]] = hp.UNSEEN
    assert error(hp.map2alm(sky), healpy.map2alm(sky)) < TOLERANCE
    assert error(hp.anafast(sky), healpy.anafast(sky)) < TOLERANCE
    found, wanted = hp.smoothing(sky, fwhm=0.1), healpy.smoothing(sky, fwhm=0.1)
    assert np.array_equal(found == hp.UNSEEN, wanted == hp.UNSEEN)
    assert error(found[found != hp.UNSEEN], wanted[wanted != hp.UNSEEN]) < TOLERANCE
    masked = healpy.ma(sky)
    assert error(hp.map2alm(masked), healpy.map2alm(masked)) < TOLERANCE
    found, wanted = hp.smoothing(masked, fwhm=0.1), healpy.smoothing(masked, fwhm=0.1)
    assert isinstance(found, np.ma.MaskedArray)
    assert np.array_equal(found.mask, wanted.mask)
    # The argument is not changed.
    assert sky[3] == hp.UNSEEN


@pytest.mark.parametrize("mmax", [0, 1, 5, 11])
def test_fewer_orders(healpy: Any, mmax: int) -> None:
    sky = random_map(4)
    found = hp.map2alm(sky, 11, mmax)
    wanted = healpy.map2alm(sky, 11, mmax)
    assert error(found, wanted) < TOLERANCE
    again = hp.alm2map(found, 4, 11, mmax)
    assert error(again, healpy.alm2map(wanted, 4, 11, mmax)) < TOLERANCE
    cl = hp.alm2cl(found, lmax=11, mmax=mmax)
    assert error(cl, healpy.alm2cl(wanted, lmax=11, mmax=mmax)) < TOLERANCE
    smooth = hp.smoothing(sky, fwhm=0.3, lmax=11, mmax=mmax)
    assert error(smooth, healpy.smoothing(sky, fwhm=0.3, lmax=11, mmax=mmax)) < TOLERANCE


def test_several_scalars(healpy: Any) -> None:
    maps = [random_map(8, seed) for seed in range(3)]
    found, wanted = hp.map2alm(maps, pol=False), healpy.map2alm(maps, pol=False)
    assert error(found, wanted) < TOLERANCE
    assert error(hp.alm2map(found, 8, pol=False), healpy.alm2map(wanted, 8, pol=False)) < TOLERANCE
    assert error(hp.anafast(maps, pol=False), healpy.anafast(maps, pol=False)) < TOLERANCE
    found, wanted = (f.smoothing(maps, fwhm=0.2, pol=False) for f in (hp, healpy))
    assert error(found, wanted) < TOLERANCE
    one = hp.map2alm(np.array([maps[0]]))
    assert one.shape == healpy.map2alm(np.array([maps[0]])).shape


def test_alm2cl(healpy: Any) -> None:
    several = [random_alm(7, seed) for seed in range(3)]
    others = [random_alm(7, seed) for seed in range(3, 6)]
    one = several[0]
    for arguments, options in [
        ((one,), {}),
        ((one, several[1]), {}),
        ((one,), {"lmax_out": 4}),
        ((one,), {"lmax_out": 20}),
        ((several,), {}),
        ((several, others), {}),
        ((several,), {"nspec": 4}),
        ((several[:2],), {"nspec": 1}),
    ]:
        found, wanted = hp.alm2cl(*arguments, **options), healpy.alm2cl(*arguments, **options)
        assert error(found, wanted) < TOLERANCE


def test_anafast_returns_coefficients(healpy: Any) -> None:
    one, other = random_map(4, 1), random_map(4, 2)
    for maps in [(one,), (one, other)]:
        found, wanted = hp.anafast(*maps, alm=True), healpy.anafast(*maps, alm=True)
        assert len(found) == len(wanted)
        for a, b in zip(found, wanted, strict=True):
            assert error(a, b) < TOLERANCE


def test_indices(healpy: Any) -> None:
    for lmax in range(12):
        for mmax in [None, *range(lmax + 1)]:
            assert hp.Alm.getsize(lmax, mmax) == healpy.Alm.getsize(lmax, mmax)
        for found, wanted in zip(hp.Alm.getlm(lmax), healpy.Alm.getlm(lmax), strict=True):
            assert np.array_equal(found, wanted)
        assert hp.Alm.getlm(lmax, 0) == healpy.Alm.getlm(lmax, 0)
        for m in range(lmax + 1):
            for degree in range(m, lmax + 1):
                assert hp.Alm.getidx(lmax, degree, m) == healpy.Alm.getidx(lmax, degree, m)
    for size in range(1, 100):
        assert hp.Alm.getlmax(size) == healpy.Alm.getlmax(size)
        for mmax in range(5):
            lmax = hp.Alm.getlmax(size, mmax)
            assert lmax == -1 or hp.Alm.getsize(lmax, mmax) == size
    assert hp.Alm.getlmax(hp.Alm.getsize(9, 4), 4) == 9


def test_beams_and_multipliers(healpy: Any) -> None:
    assert error(hp.gauss_beam(0.1, 40), healpy.gauss_beam(0.1, 40)) < TOLERANCE
    alm = random_alm(9)
    for factors in (np.arange(10.0), np.arange(4.0), np.arange(30.0), np.arange(10) * 1j):
        assert error(hp.almxfl(alm, factors), healpy.almxfl(alm, factors)) < TOLERANCE
    wanted = hp.almxfl(alm, np.arange(10.0))
    assert hp.almxfl(alm, np.arange(10.0), inplace=True) is alm
    assert np.array_equal(alm, wanted)


@pytest.mark.parametrize("nside", [1, 2, 5, 16])
def test_maps_are_sums_of_harmonics(nside: int) -> None:
    lmax = 2 * nside
    alm, (theta, phi) = random_alm(lmax), healpix_points(nside)
    value, d_theta, d_phi = hp.alm2map_der1(alm, nside)
    assert error(value, sum_of_harmonics(alm, lmax, theta, phi)) < TOLERANCE
    # Derivatives in phi are exact sums, too.
    _, orders = hp.Alm.getlm(lmax)
    wanted = sum_of_harmonics(1j * orders * alm, lmax, theta, phi) / np.sin(theta)
    assert error(d_phi, wanted) < TOLERANCE
    step = 1e-6
    difference = sum_of_harmonics(alm, lmax, theta + step, phi)
    difference -= sum_of_harmonics(alm, lmax, theta - step, phi)
    assert error(d_theta, difference / (2 * step)) < 1e-8


def test_rotation_and_maps_agree() -> None:
    """The value of the rotated map at R x is the value of the map at x."""
    from haarmonic import evaluate

    alm = random_alm(8)
    psi, theta, phi = 0.7, 1.1, -0.4
    rotated = alm.copy()
    hp.rotate_alm(rotated, psi, theta, phi)
    # psi about z, then theta about y, then phi about z: the north pole goes to (theta, phi).
    assert evaluate(rotated, theta, phi) == pytest.approx(float(evaluate(alm, 0.0, 0.0)), rel=1e-12)
    assert evaluate(rotated, np.pi - theta, phi + np.pi) == pytest.approx(float(evaluate(alm, np.pi, 0.0)), rel=1e-12)


@pytest.mark.parametrize("iterations", [0, 3])
@pytest.mark.parametrize(("nside", "lmax"), [(1, None), (2, 3), (8, None), (16, 20), (32, None)])
def test_polarised_maps(healpy: Any, nside: int, lmax: int | None, iterations: int) -> None:
    tqu = [random_map(nside, seed) for seed in range(3)]
    found, wanted = (f.map2alm(tqu, lmax, iter=iterations) for f in (hp, healpy))
    assert error(found, wanted) < TOLERANCE
    assert error(hp.alm2map(wanted, nside), healpy.alm2map(wanted, nside)) < TOLERANCE
    beam = hp.alm2map(wanted, nside, fwhm=0.2)
    assert error(beam, healpy.alm2map(wanted, nside, fwhm=0.2)) < TOLERANCE
    found, wanted = (f.anafast(tqu, lmax=lmax, iter=iterations) for f in (hp, healpy))
    assert error(found, wanted) < TOLERANCE
    found, wanted = (f.smoothing(tqu, fwhm=0.3, lmax=lmax) for f in (hp, healpy))
    assert error(found, wanted) < TOLERANCE


@pytest.mark.parametrize("spin", [1, 2, 3])
@pytest.mark.parametrize(("nside", "lmax", "mmax"), [(4, 11, None), (8, 16, 5), (16, 47, 47)])
def test_spins(healpy: Any, nside: int, lmax: int, mmax: int | None, spin: int) -> None:
    field = [random_map(nside, seed) for seed in range(2)]
    found, wanted = (f.map2alm_spin(field, spin, lmax, mmax) for f in (hp, healpy))
    assert error(found, wanted) < TOLERANCE
    found, back = (f.alm2map_spin(list(wanted), nside, spin, lmax, mmax) for f in (hp, healpy))
    assert error(found, back) < TOLERANCE


def test_polarised_masks_beams_and_cuts(healpy: Any) -> None:
    tqu = np.stack([random_map(8, seed) for seed in range(3)])
    tqu[:, [3, 100]] = hp.UNSEEN
    tqu[0, 7] = hp.UNSEEN
    found, wanted = (f.smoothing(tqu, fwhm=0.1) for f in (hp, healpy))
    assert np.array_equal(found == hp.UNSEEN, wanted == hp.UNSEEN)
    assert error(found[found != hp.UNSEEN], wanted[wanted != hp.UNSEEN]) < TOLERANCE
    assert error(hp.gauss_beam(0.1, 40, pol=True), healpy.gauss_beam(0.1, 40, pol=True)) < TOLERANCE
    sky = random_map(8)
    found, wanted = (f.map2alm(sky, gal_cut=20.0, iter=0) for f in (hp, healpy))
    assert error(found, wanted) < TOLERANCE
    nested = hp.reorder(sky, r2n=True)
    found = hp.smoothing(nested, fwhm=0.2, nest=True)
    assert error(found, hp.reorder(hp.smoothing(sky, fwhm=0.2), r2n=True)) < TOLERANCE


def test_orders_of_spectra() -> None:
    """Spectra of drawn coefficients are the given ones, in both orders of healpy."""
    tt, ee, bb, te = (scale / np.arange(1.0, 65.0) for scale in (4.0, 2.0, 1.0, 1.5))
    law = {
        (True, 4): [tt, ee, bb, te],
        (False, 4): [tt, te, ee, bb],
        (True, 6): [tt, ee, bb, te, None, None],
        (False, 6): [tt, te, None, ee, None, bb],
    }
    drawn = [hp.synalm(cls, new=new, seed=3) for (new, _), cls in law.items()]
    for other in drawn[1:]:
        assert np.array_equal(drawn[0], other)
    found = np.mean([hp.alm2cl(hp.synalm([tt, ee, bb, te], new=True, seed=n)) for n in range(200)], axis=0)
    degrees = np.arange(64)
    zero = np.zeros(64)
    for one, wanted, variance in zip(
        found,
        [tt, ee, bb, te, zero, zero],
        [2 * tt**2, 2 * ee**2, 2 * bb**2, te**2 + tt * ee, ee * bb, tt * bb],
        strict=True,
    ):
        sigma = np.sqrt(variance / (2 * degrees + 1) / 200)
        assert np.max(np.abs(one - wanted) / sigma) < 4.5
        assert abs(np.sum((one - wanted) / sigma) / 8) < 4
    assert hp.synalm(tt, lmax=80, mmax=9, seed=1).shape == (hp.Alm.getsize(80, 9),)
    np.random.seed(5)
    one = hp.synalm(tt)
    np.random.seed(5)
    assert np.array_equal(one, hp.synalm(tt))


def test_drawn_maps(healpy: Any) -> None:
    cl = 1 / np.arange(1.0, 30.0)
    maps, alm = hp.synfast([cl, cl, cl, 0 * cl], 8, alm=True, new=True, fwhm=0.1, seed=2)
    wanted = healpy.alm2map(alm, 8, lmax=23, fwhm=0.1)
    assert maps.shape == healpy.synfast([cl, cl, cl, 0 * cl], 8, new=True).shape
    assert error(maps, wanted) < TOLERANCE
    assert hp.synfast(cl, 4, seed=1).shape == (192,)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads(threads: int) -> None:
    sky = random_map(32)
    assert np.array_equal(hp.map2alm(sky, threads=threads), hp.map2alm(sky))


SKY = random_map(2)

ERRORS = [
    (lambda: hp.map2alm([SKY] * 2), ValueError, "found 2 with pol=True"),
    (lambda: hp.alm2map([random_alm(2)] * 4, 2), ValueError, "found 4 with pol=True"),
    (lambda: hp.map2alm_spin([SKY] * 3, 2), ValueError, "expected \\[2, npix\\]"),
    (lambda: hp.map2alm_spin([SKY] * 2, 0), ValueError, "spin 0"),
    (lambda: hp.alm2map_spin([random_alm(2)], 2, 2), ValueError, "expected \\[2, nalm\\]"),
    (lambda: hp.map2alm(SKY[:47]), ValueError, "47 pixels"),
    (lambda: hp.map2alm(np.where(SKY == SKY[5], np.nan, SKY)), ValueError, "NaN"),
    (lambda: hp.map2alm(SKY, use_weights=True), NotImplementedError, "use_weights"),
    (lambda: hp.map2alm(SKY, use_pixel_weights=True), NotImplementedError, "use_pixel_weights"),
    (lambda: hp.alm2map(random_alm(2), 2, pixwin=True), NotImplementedError, "pixwin"),
    (lambda: hp.alm2map(np.ones(7), 2), ValueError, "alm: found 7 coefficients"),
    (lambda: hp.alm2map(random_alm(3), 2, lmax=4), ValueError, "alm: found 10 coefficients"),
    (lambda: hp.alm2map(random_alm(2), 0), ValueError, "nside: found 0"),
    (lambda: hp.alm2cl(random_alm(2), random_alm(3)), ValueError, "alms2"),
]


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_errors(call, kind: type[Exception], message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(kind, match=message):
        call()
