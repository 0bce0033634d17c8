"""Power spectra and cross spectra."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from ._alm import Alm, OneOrMore, coefficients, limits
from ._transforms import map2alm


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
        In ring order; power spectra unless ``map2`` is given.
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
