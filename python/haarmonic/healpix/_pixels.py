"""Pixels: numbers and angles, both orders, neighbours, discs, other resolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .._haarmonic import (
    healpix_centre,
    healpix_disc,
    healpix_max_radius,
    healpix_neighbours,
    healpix_pixel_at,
    healpix_regrade,
    healpix_renumber,
    healpix_reorder,
)
from ._alm import OneOrMore


def nside2npix(nside: int) -> int:
    """Return the number of pixels, 12 nside^2.

    Examples
    --------
    >>> from haarmonic.healpix import nside2npix
    >>> nside2npix(4)
    192
    """
    return 12 * nside * nside


def npix2nside(npix: int) -> int:
    """Return the resolution of a map with so many pixels.

    Examples
    --------
    >>> from haarmonic.healpix import npix2nside
    >>> npix2nside(192)
    4
    """
    nside = int(round((npix / 12) ** 0.5))
    if npix <= 0 or 12 * nside**2 != npix:
        raise ValueError(f"npix: found {npix}, expected 12 nside^2")
    return nside


def isnpixok(npix: int) -> bool:
    """Tell whether there are maps with so many pixels.

    Examples
    --------
    >>> from haarmonic.healpix import isnpixok
    >>> isnpixok(192), isnpixok(193)
    (True, False)
    """
    return npix > 0 and 12 * round((npix / 12) ** 0.5) ** 2 == npix


def nside2pixarea(nside: int, degrees: bool = False) -> float:
    """Return the solid angle of a pixel, in steradian or in square degrees.

    Examples
    --------
    >>> from haarmonic.healpix import nside2pixarea
    >>> round(nside2pixarea(1), 6)
    1.047198
    """
    area = float(4 * np.pi / nside2npix(nside))
    return area * (180 / np.pi) ** 2 if degrees else area


def nside2resol(nside: int, arcmin: bool = False) -> float:
    """Return the square root of the solid angle of a pixel, in radians or in arc minutes.

    Examples
    --------
    >>> from haarmonic.healpix import nside2resol
    >>> round(nside2resol(1024, arcmin=True), 3)
    3.435
    """
    side = nside2pixarea(nside) ** 0.5
    return float(np.rad2deg(side) * 60) if arcmin else side


def max_pixrad(nside: int, degrees: bool = False) -> float:
    """Return the largest angle between the centre of a pixel and a point of it, in radians or degrees.

    Examples
    --------
    >>> from haarmonic.healpix import max_pixrad
    >>> round(max_pixrad(1), 6)
    0.841069
    """
    radius = healpix_max_radius(nside)
    return float(np.rad2deg(radius)) if degrees else radius


def _numbers(ipix: ArrayLike) -> NDArray[np.int64]:
    numbers = np.asarray(ipix)
    if numbers.dtype.kind not in "iu":
        raise TypeError(f"ipix: found an array of {numbers.dtype}, expected whole numbers")
    return numbers.astype(np.int64)


def _plain(values: NDArray[Any]) -> Any:
    """Turn arrays without axes into numbers."""
    return values[()] if values.ndim == 0 else values


def _angles(theta: ArrayLike, phi: ArrayLike, lonlat: bool) -> tuple[Any, Any]:
    """Read colatitude and longitude, in radians, or longitude and latitude in degrees."""
    if not lonlat:
        return np.asarray(theta, dtype=np.float64), np.asarray(phi, dtype=np.float64)
    longitude, latitude = np.asarray(theta, dtype=np.float64), np.asarray(phi, dtype=np.float64)
    return np.pi / 2 - np.deg2rad(latitude), np.deg2rad(longitude)


def _as_lonlat(theta: NDArray[np.float64], phi: NDArray[np.float64]) -> tuple[Any, Any]:
    return _plain(np.rad2deg(phi)), _plain(90 - np.rad2deg(theta))


def ang2pix(nside: int, theta: ArrayLike, phi: ArrayLike, nest: bool = False, lonlat: bool = False) -> Any:
    """Compute the pixels that hold points, as ``healpy.ang2pix``.

    Parameters
    ----------
    nside : int
    theta, phi : float or array
        Colatitude and longitude in radians; with ``lonlat`` longitude and latitude in degrees.
    nest : bool
        Whether numbers are in nested order.
    lonlat : bool

    Examples
    --------
    >>> from haarmonic.healpix import ang2pix
    >>> print(ang2pix(16, [0.0, 1.0, 3.0], 0.5))
    [   0  677 3060]
    """
    return _plain(healpix_pixel_at(nside, *_angles(theta, phi, lonlat), nest))


def pix2ang(nside: int, ipix: ArrayLike, nest: bool = False, lonlat: bool = False) -> tuple[Any, Any]:
    """Compute colatitudes and longitudes of the centres of pixels, as ``healpy.pix2ang``.

    Parameters
    ----------
    nside : int
    ipix : int or array of integers
    nest : bool
        Whether numbers are in nested order.
    lonlat : bool
        Whether the result is longitude and latitude in degrees, not colatitude and longitude in radians.

    Examples
    --------
    >>> from haarmonic.healpix import pix2ang
    >>> theta, phi = pix2ang(1, [0, 4])
    >>> print(theta.round(6), phi.round(6))
    [0.841069 1.570796] [0.785398 0.      ]
    """
    theta, phi = healpix_centre(nside, _numbers(ipix), nest)
    return _as_lonlat(theta, phi) if lonlat else (_plain(theta), _plain(phi))


def ang2vec(theta: ArrayLike, phi: ArrayLike, lonlat: bool = False) -> NDArray[np.float64]:
    """Compute unit vectors from angles, shape [.., 3], as ``healpy.ang2vec``.

    Examples
    --------
    >>> from haarmonic.healpix import ang2vec
    >>> print(ang2vec(90.0, 0.0, lonlat=True).round(6))
    [0. 1. 0.]
    """
    colatitude, longitude = _angles(theta, phi, lonlat)
    sine = np.sin(colatitude)
    vector = np.stack(
        np.broadcast_arrays(sine * np.cos(longitude), sine * np.sin(longitude), np.cos(colatitude)), axis=-1
    )
    return cast(NDArray[np.float64], vector)


def vec2ang(vectors: ArrayLike, lonlat: bool = False) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute angles from vectors of any length, shape [.., 3], as ``healpy.vec2ang``.

    Returns
    -------
    two arrays of one axis: colatitude and longitude in radians, or longitude and latitude in degrees

    Examples
    --------
    >>> from haarmonic.healpix import vec2ang
    >>> print(*vec2ang([[0.0, 2.0, 0.0]], lonlat=True))
    [90.] [0.]
    """
    x, y, z = np.asarray(vectors, dtype=np.float64).reshape(-1, 3).T
    theta, phi = np.arctan2(np.hypot(x, y), z), np.arctan2(y, x) % (2 * np.pi)
    return _as_lonlat(theta, phi) if lonlat else (theta, phi)


def vec2pix(nside: int, x: ArrayLike, y: ArrayLike, z: ArrayLike, nest: bool = False) -> Any:
    """Compute the pixels that hold the directions of vectors, as ``healpy.vec2pix``.

    Examples
    --------
    >>> from haarmonic.healpix import vec2pix
    >>> int(vec2pix(16, 1.0, 0.2, 0.1))
    1314
    """
    x, y, z = (np.asarray(part, dtype=np.float64) for part in (x, y, z))
    return _plain(healpix_pixel_at(nside, np.arctan2(np.hypot(x, y), z), np.arctan2(y, x), nest))


def pix2vec(nside: int, ipix: ArrayLike, nest: bool = False) -> tuple[Any, Any, Any]:
    """Compute the three components of the centres of pixels, as ``healpy.pix2vec``.

    Examples
    --------
    >>> from haarmonic.healpix import pix2vec
    >>> print(*[round(float(part), 6) for part in pix2vec(1, 4)])
    1.0 0.0 0.0
    """
    vector = ang2vec(*pix2ang(nside, ipix, nest))
    return vector[..., 0], vector[..., 1], vector[..., 2]


def ring2nest(nside: int, ipix: ArrayLike) -> Any:
    """Compute numbers in nested order from numbers in ring order, as ``healpy.ring2nest``.

    Examples
    --------
    >>> from haarmonic.healpix import nest2ring, ring2nest
    >>> int(ring2nest(16, 1504)), int(nest2ring(16, 1130))
    (1130, 1504)
    """
    return _plain(healpix_renumber(nside, _numbers(ipix), False))


def nest2ring(nside: int, ipix: ArrayLike) -> Any:
    """Compute numbers in ring order from numbers in nested order, as ``healpy.nest2ring``.

    Examples
    --------
    >>> from haarmonic.healpix import nest2ring
    >>> print(nest2ring(2, [0, 1, 2, 3]))
    [13  5  4  0]
    """
    return _plain(healpix_renumber(nside, _numbers(ipix), True))


def _is_nested(order: str, what: str) -> bool:
    if order.upper() not in ("RING", "NEST", "NESTED"):
        raise ValueError(f'{what}: found {order!r}, expected "RING" or "NEST"')
    return order.upper() != "RING"


def _several(maps: OneOrMore) -> NDArray[np.float64]:
    array = np.asarray(cast(ArrayLike, maps), dtype=np.float64)
    if array.ndim not in (1, 2):
        raise ValueError(f"map_in: found shape {array.shape}, expected one or two axes")
    return array


def reorder(
    map_in: OneOrMore,
    itype: str | None = None,
    otype: str | None = None,
    inp: str | None = None,
    out: str | None = None,
    r2n: bool | None = None,
    n2r: bool | None = None,
) -> NDArray[np.float64]:
    """Bring the pixels of maps into another order, as ``healpy.reorder``.

    Parameters
    ----------
    map_in : array, shape [npix] or [n, npix], or a sequence of arrays
    inp, out : str, optional
        "RING" or "NEST", the orders of ``map_in`` and of the result; ``itype`` and ``otype`` are other names of them.
    r2n, n2r : bool, optional
        From ring to nested order, or back.

    Examples
    --------
    >>> import numpy as np
    >>> from haarmonic.healpix import reorder
    >>> print(reorder(np.arange(48), n2r=True)[:4])
    [ 3.  7. 11. 15.]
    """
    if bool(r2n) == bool(n2r) and bool(r2n):
        raise ValueError("r2n, n2r: found both, expected one of them")
    source, target = inp or itype or "RING", out or otype or "RING"
    if r2n:
        source, target = "RING", "NEST"
    if n2r:
        source, target = "NEST", "RING"
    here, there = _is_nested(source, "inp"), _is_nested(target, "out")
    array = _several(map_in)
    return array.copy() if here == there else healpix_reorder(array, here)


def get_all_neighbours(
    nside: int, theta: ArrayLike, phi: ArrayLike | None = None, nest: bool = False, lonlat: bool = False
) -> NDArray[np.int64]:
    """Compute the eight pixels around pixels, as ``healpy.get_all_neighbours``.

    Parameters
    ----------
    nside : int
    theta : array
        Numbers of pixels if ``phi`` is not given; otherwise colatitudes.
    phi : array, optional
        Longitudes.
    nest, lonlat : bool
        As for ``ang2pix``.

    Returns
    -------
    array of int64, shape [8, ..]
        To the south-west, west, north-west, north, north-east, east, south-east and south; -1 for none.

    Examples
    --------
    >>> from haarmonic.healpix import get_all_neighbours
    >>> print(get_all_neighbours(1, 4))
    [11  7  3 -1  0  5  8 -1]
    """
    pixels = theta if phi is None else ang2pix(nside, theta, phi, nest, lonlat)
    return healpix_neighbours(nside, _numbers(pixels), nest)


def query_disc(
    nside: int,
    vec: Sequence[float] | NDArray[np.float64],
    radius: float,
    inclusive: bool = False,
    fact: int = 4,
    nest: bool = False,
    buff: Any = None,
) -> NDArray[np.int64]:
    """Return the pixels of a disc, as ``healpy.query_disc``.

    Parameters
    ----------
    nside : int
    vec : three numbers
        The direction of the centre.
    radius : float
        In radians.
    inclusive : bool
        False for the pixels whose centres lie in the disc, True for all that overlap with it, and some more near its edge.
    nest : bool
        Whether numbers are in nested order.
    fact, buff
        Without effect.

    Returns
    -------
    array of int64, growing

    Examples
    --------
    >>> from haarmonic.healpix import query_disc
    >>> print(query_disc(8, [0, 0, 1], 0.15))
    [0 1 2 3]
    """
    x, y, z = (float(part) for part in vec)
    return healpix_disc(nside, (x, y, z), radius, inclusive, nest)


def ud_grade(
    map_in: OneOrMore,
    nside_out: int,
    pess: bool = False,
    order_in: str = "RING",
    order_out: str | None = None,
    power: float | None = None,
    dtype: DTypeLike | None = None,
) -> NDArray[Any]:
    """Compute maps at another resolution, as ``healpy.ud_grade``: means of pixels, or copies of them.

    Masked pixels (UNSEEN) have no part in means.

    Parameters
    ----------
    map_in : array, shape [npix] or [n, npix], or a sequence of arrays
    nside_out : int
        A multiple or a divisor of the resolution of ``map_in``.
    pess : bool
        Whether a mean is masked if any of its pixels is; otherwise if all of them are.
    order_in, order_out : str
        "RING" or "NEST"; ``order_out`` is ``order_in`` unless given.
    power : float, optional
        The result is multiplied by (nside_out / nside_in) ** power; -2 keeps sums.
    dtype : optional
        The type of the result, float64 unless given.

    Examples
    --------
    >>> import numpy as np
    >>> from haarmonic.healpix import ud_grade
    >>> ud_grade(np.ones(192), 2, power=-2)[:3]
    array([4., 4., 4.])
    """
    array = _several(np.ma.filled(cast(NDArray[np.float64], map_in), -1.6375e30))
    source = _is_nested(order_in, "order_in")
    target = source if order_out is None else _is_nested(order_out, "order_out")
    out = healpix_regrade(array, nside_out, source, target, pess)
    if power is not None:
        factor = (nside_out / npix2nside(array.shape[-1])) ** power
        out = np.where(out == -1.6375e30, out, out * factor)
    return out if dtype is None else out.astype(dtype)
