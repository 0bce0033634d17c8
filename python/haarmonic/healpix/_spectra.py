"""Power spectra and cross spectra."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, cast, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._haarmonic import random_field
from ._alm import Alm, OneOrMore, coefficients, limits
from ._transforms import alm2map, map2alm


@lru_cache(4)
def _degrees(lmax: int, size: int) -> NDArray[np.int64]:
    degree, _ = Alm.getlm(lmax, np.arange(size))
    return np.asarray(degree)


def _spectrum(one: NDArray[np.complex128], other: NDArray[np.complex128], lmax: int) -> NDArray[np.float64]:
    """Compute the mean over all orders of Re(one conj(other)) for each degree."""
    product = (one * other.conj()).real
    product[lmax + 1 :] *= 2  # orders -m
    sums = np.bincount(_degrees(lmax, len(product)), product, lmax + 1)
    return sums / (2 * np.arange(lmax + 1) + 1)


def alm2cl(
    alms1: OneOrMore,
    alms2: OneOrMore | None = None,
    lmax: int | None = None,
    mmax: int | None = None,
    lmax_out: int | None = None,
    nspec: int | None = None,
) -> NDArray[np.float64]:
    """Compute power spectra or cross spectra from coefficients, as ``healpy.alm2cl``.

    Parameters
    ----------
    alms1, alms2 : array, shape [nalm] or [n, nalm], or a sequence of arrays
        ``alms2`` is ``alms1`` unless given.
    lmax, mmax : int, optional
        The largest degree and order; from the length unless given.
    lmax_out : int, optional
        The largest degree of the spectra, at most lmax.
    nspec : int, optional
        The number of spectra of several arrays; all unless given.

    Returns
    -------
    array of float64, shape [lmax_out + 1] or [n (n + 1) / 2, lmax_out + 1]
        Several spectra are ordered by diagonals: (0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (0, 2) for three arrays.

    Examples
    --------
    >>> from haarmonic.healpix import alm2cl
    >>> print(alm2cl([1, 3, 3j]))                       # l = 1: (9 + 2 * 9) / 3
    [1. 9.]
    """
    one = coefficients(alms1)
    other = one if alms2 is None else coefficients(alms2)
    if one.shape != other.shape:
        raise ValueError(f"alms2: found shape {other.shape}, expected {one.shape} as alms1 has")
    of = limits(one.shape[-1], lmax, mmax)
    last = of.lmax if lmax_out is None or lmax_out < 0 else min(lmax_out, of.lmax)
    if one.ndim == 1:
        return _spectrum(one, other, of.lmax)[: last + 1]
    count = len(one)
    pairs = [(i, i + apart) for apart in range(count) for i in range(count - apart)][:nspec]
    return np.array([_spectrum(one[i], other[j], of.lmax)[: last + 1] for i, j in pairs])


@overload
def anafast(
    map1: OneOrMore,
    map2: OneOrMore | None = None,
    nspec: int | None = None,
    lmax: int | None = None,
    mmax: int | None = None,
    iter: int = 3,
    alm: Literal[False] = False,
    pol: bool = True,
    use_weights: bool = False,
    datapath: str | None = None,
    gal_cut: float = 0,
    use_pixel_weights: bool = False,
    *,
    threads: int | None = None,
) -> NDArray[np.float64]: ...


@overload
def anafast(
    map1: OneOrMore,
    map2: OneOrMore | None = None,
    nspec: int | None = None,
    lmax: int | None = None,
    mmax: int | None = None,
    iter: int = 3,
    *,
    alm: Literal[True],
    pol: bool = True,
    use_weights: bool = False,
    datapath: str | None = None,
    gal_cut: float = 0,
    use_pixel_weights: bool = False,
    threads: int | None = None,
) -> tuple[NDArray[Any], ...]: ...


def anafast(
    map1: OneOrMore,
    map2: OneOrMore | None = None,
    nspec: int | None = None,
    lmax: int | None = None,
    mmax: int | None = None,
    iter: int = 3,
    alm: bool = False,
    pol: bool = True,
    use_weights: bool = False,
    datapath: str | None = None,
    gal_cut: float = 0,
    use_pixel_weights: bool = False,
    *,
    threads: int | None = None,
) -> NDArray[np.float64] | tuple[NDArray[Any], ...]:
    """Compute power spectra or cross spectra of maps, as ``healpy.anafast``.

    Parameters
    ----------
    map1, map2 : array, shape [npix] or [n, npix], or a sequence of arrays
        In ring order; power spectra unless ``map2`` is given. Three with ``pol`` are T, Q and U; their spectra are those of T, E and B.
    nspec : int, optional
        The number of spectra of several maps; all unless given.
    alm : bool
        Whether the coefficients are returned, too.
    lmax, mmax, iter, pol, use_weights, datapath, gal_cut, use_pixel_weights, threads
        As for ``map2alm``.

    Returns
    -------
    array of float64
        The spectra as from ``alm2cl``; with ``alm=True`` a tuple of spectra and the coefficients of each argument.

    Examples
    --------
    >>> import numpy as np
    >>> from haarmonic.healpix import anafast
    >>> cl = anafast(np.ones(12 * 4**2), lmax=5)
    >>> cl.shape, round(float(cl[0]), 3)                # 4 pi
    ((6,), 12.566)
    """

    def analysis(maps: OneOrMore) -> NDArray[np.complex128]:
        return map2alm(
            maps,
            lmax,
            mmax,
            iter,
            pol,
            use_weights,
            datapath,
            gal_cut,
            use_pixel_weights,
            threads=threads,
        )

    one = analysis(map1)
    if map2 is None:
        spectra = alm2cl(one, lmax=lmax, mmax=mmax, nspec=nspec)
        return (spectra, one) if alm else spectra
    other = analysis(map2)
    spectra = alm2cl(one, other, lmax=lmax, mmax=mmax, nspec=nspec)
    return (spectra, one, other) if alm else spectra


def _covariance(cls: Sequence[ArrayLike | None], new: bool) -> NDArray[np.float64]:
    """Arrange spectra as a matrix per degree, shape [n, n, lmax + 1]; None is zero."""
    if len(cls) == 4:
        # TT, EE, BB, TE, or in the old order TT, TE, EE, BB.
        cls = [*cls, None, None] if new else [cls[0], cls[1], None, cls[2], None, cls[3]]
    count = round(((8 * len(cls) + 1) ** 0.5 - 1) / 2)
    if count * (count + 1) // 2 != len(cls):
        raise ValueError(f"cls: found {len(cls)} spectra, expected 1, 3, 4, 6 or another n (n + 1) / 2")
    pairs = [(i, i + apart) for apart in range(count) for i in range(count - apart)]
    given = [(pair, np.asarray(one, dtype=np.float64)) for pair, one in zip(pairs if new else sorted(pairs), cls, strict=True) if one is not None]
    if not given:
        raise ValueError("cls: found None alone, expected a spectrum")
    matrix = np.zeros((count, count, max(len(one) for _, one in given)))
    for (i, j), one in given:
        matrix[i, j, : len(one)] = matrix[j, i, : len(one)] = one
    return matrix


def synalm(
    cls: ArrayLike | Sequence[ArrayLike | None],
    lmax: int | None = None,
    mmax: int | None = None,
    new: bool = False,
    verbose: bool = True,
    *,
    seed: int | None = None,
) -> NDArray[np.complex128]:
    """Draw coefficients of Gaussian fields with given spectra, as ``healpy.synalm``.

    The law is that of healpy; the numbers for a seed are others.

    Parameters
    ----------
    cls : array, shape [lmax + 1], or a sequence of n (n + 1) / 2 of them
        The spectrum of one field, or auto and cross spectra of n fields; None for zero. Four are TT, EE, BB and TE of three fields.
    lmax, mmax : int, optional
        The largest degree, that of the spectra unless given, and order.
    new : bool
        Whether several spectra are ordered by diagonals (TT, EE, BB, TE, EB, TB), as those of ``alm2cl``; otherwise by rows
        (TT, TE, TB, EE, EB, BB).
    verbose
        Without effect.
    seed : int, optional
        One seed gives one result, on every machine. Unless given, it is drawn from ``numpy.random``.

    Returns
    -------
    array of complex128, shape [nalm] or [n, nalm]

    Examples
    --------
    >>> from haarmonic.healpix import alm2cl, synalm
    >>> alm = synalm([0.0, 2.0, 2.0], seed=1)
    >>> alm.shape, complex(alm[0])
    ((6,), 0j)
    """
    several = len(cls) > 0 and (cls[0] is None or np.ndim(cls[0]) > 0)  # type: ignore[arg-type, index]
    spectra = _covariance(cast(Sequence["ArrayLike | None"], cls), new) if several else np.asarray(cls, dtype=np.float64)
    last = spectra.shape[-1] - 1
    lmax = last if lmax is None or lmax < 0 else lmax
    padded = np.zeros((*spectra.shape[:-1], lmax + 1))
    padded[..., : last + 1] = spectra[..., : lmax + 1]
    if seed is None:
        seed = int(np.random.randint(0, 2**63, dtype=np.int64))
    alm = random_field(padded, seed=seed)
    return alm if mmax is None or mmax < 0 else np.ascontiguousarray(alm[..., : Alm.getsize(lmax, min(mmax, lmax))])


def synfast(
    cls: ArrayLike | Sequence[ArrayLike | None],
    nside: int,
    lmax: int | None = None,
    mmax: int | None = None,
    alm: bool = False,
    pol: bool = True,
    pixwin: bool = False,
    fwhm: float = 0.0,
    sigma: float | None = None,
    new: bool = False,
    verbose: bool = True,
    *,
    seed: int | None = None,
    threads: int | None = None,
) -> NDArray[np.float64] | tuple[NDArray[np.float64], NDArray[np.complex128]]:
    """Draw maps of Gaussian fields with given spectra, as ``healpy.synfast``.

    Parameters
    ----------
    cls, mmax, new, verbose, seed
        As for ``synalm``.
    nside : int
        The resolution of the maps.
    lmax : int, optional
        The largest degree; 3 nside - 1 unless given, or less if the spectra end before.
    alm : bool
        Whether the coefficients are returned, too, those before the beam.
    pol : bool
        Whether three fields are T, E and B, of which the maps T, Q and U are made.
    pixwin, fwhm, sigma, threads
        As for ``alm2map``.

    Returns
    -------
    array of float64, shape [npix] or [n, npix]; with ``alm=True`` a tuple with the coefficients

    Examples
    --------
    >>> import haarmonic.healpix as hp
    >>> tt, ee, bb, te = [0, 0, 4.0], [0, 0, 1.0], [0, 0, 0.5], [0, 0, 1.5]
    >>> hp.synfast([tt, ee, bb, te], 8, new=True, seed=1).shape
    (3, 768)
    """
    if lmax is None or lmax < 0:
        first = next((one for one in cls if one is not None and np.ndim(one) > 0), cls)  # type: ignore[union-attr]
        lmax = min(3 * nside - 1, len(np.asarray(first)) - 1)
    drawn = synalm(cls, lmax, mmax, new, seed=seed)
    maps = alm2map(drawn, nside, lmax, mmax, pixwin, fwhm, sigma, pol, threads=threads)
    return (maps, drawn) if alm else maps
