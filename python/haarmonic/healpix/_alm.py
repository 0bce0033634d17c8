"""The layout of coefficients: m >= 0, order by order, entry m (2 lmax + 1 - m) / 2 + l."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Alm:
    """Sizes and indices of the layout, as ``healpy.Alm``.

    Examples
    --------
    >>> from haarmonic.healpix import Alm
    >>> Alm.getsize(16), Alm.getlmax(153), Alm.getidx(16, 2, 1)
    (153, 16, 18)
    """

    @staticmethod
    def getlm(
        lmax: int, i: ArrayLike | None = None
    ) -> tuple[NDArray[np.int64] | np.int64, NDArray[np.int64] | np.int64]:
        """Return degree and order at indices; of all indices unless given.

        Examples
        --------
        >>> from haarmonic.healpix import Alm
        >>> l, m = Alm.getlm(2)
        >>> l.tolist(), m.tolist()
        ([0, 1, 2, 1, 2, 2], [0, 0, 0, 1, 1, 2])
        """
        starts = Alm._starts(lmax)
        index = np.arange(Alm.getsize(lmax)) if i is None else np.asarray(i, dtype=np.int64)
        m = np.searchsorted(starts, index, side="right") - 1
        return index - starts[m] + m, m

    @staticmethod
    def getidx(lmax: int, l: int, m: int) -> int:  # noqa: E741
        """Return the index of degree l and order m."""
        return m * (2 * lmax + 1 - m) // 2 + l

    @staticmethod
    def getsize(lmax: int, mmax: int | None = None) -> int:
        """Return the number of coefficients of degrees up to lmax and orders up to mmax (lmax unless given)."""
        last = lmax if mmax is None or mmax < 0 else mmax
        return Alm.getidx(lmax, lmax, last) + 1

    @staticmethod
    def getlmax(s: int, mmax: int | None = None) -> int:
        """Return the largest degree of an array with s coefficients, or -1 if there is none."""
        if mmax is None or mmax < 0:
            lmax = int((np.sqrt(8.0 * s + 1.0) - 3.0) / 2.0 + 0.5)
            return lmax if Alm.getsize(lmax) == s else -1
        # s = (mmax + 1) (lmax + 1) - mmax (mmax + 1) / 2
        lmax, rest = divmod(2 * s + mmax * (mmax + 1), 2 * (mmax + 1))
        return lmax - 1 if rest == 0 and lmax > mmax else -1

    @staticmethod
    def _starts(lmax: int) -> NDArray[np.int64]:
        """Return the index of the first coefficient of each order."""
        m = np.arange(lmax + 1)
        return m * (2 * lmax + 1 - m) // 2 + m


OneOrMore = ArrayLike | Sequence[ArrayLike]
"""One array, or several ones as rows or as a sequence."""


class Limits(NamedTuple):
    """The largest degree and order of an array."""

    lmax: int
    mmax: int


def limits(size: int, lmax: int | None, mmax: int | None) -> Limits:
    """Read the limits off the length of an array, where they are not given."""
    if lmax is None or lmax < 0:
        lmax = Alm.getlmax(size, mmax)
    mmax = lmax if mmax is None or mmax < 0 else mmax
    if lmax < 0 or mmax > lmax or Alm.getsize(lmax, mmax) != size:
        raise ValueError(
            f"alm: found {size} coefficients with lmax={lmax} and mmax={mmax}, expected "
            "mmax (2 lmax + 1 - mmax) / 2 + lmax + 1 with mmax <= lmax"
        )
    return Limits(lmax, mmax)


def coefficients(alm: OneOrMore) -> NDArray[np.complex128]:
    """Read coefficients, one array or several ones."""
    array = np.asarray(cast(ArrayLike, alm), dtype=np.complex128)
    if array.ndim not in (1, 2):
        raise ValueError(f"alm: found shape {array.shape}, expected one or two axes")
    return array


def all_orders(alm: NDArray[np.complex128], of: Limits) -> NDArray[np.complex128]:
    """Append zeros for the orders above mmax: in this layout they are last."""
    if of.mmax == of.lmax:
        return alm
    full = np.zeros((*alm.shape[:-1], Alm.getsize(of.lmax)), dtype=np.complex128)
    full[..., : alm.shape[-1]] = alm
    return full


def almxfl(alm: ArrayLike, fl: ArrayLike, mmax: int | None = None, inplace: bool = False) -> NDArray[np.complex128]:
    """Multiply coefficients by a function of the degree, as ``healpy.almxfl``.

    Parameters
    ----------
    alm : array, shape [n]
    fl : array
        Multipliers of degrees 0, 1, ...; missing ones are 0.
    mmax : int, optional
        The largest order, lmax unless given.
    inplace : bool
        Whether ``alm``, an array of complex128, is overwritten.

    Examples
    --------
    >>> from haarmonic.healpix import almxfl
    >>> print(almxfl([1, 1, 1j], [0, 2]))
    [0.+0.j 2.+0.j 0.+2.j]
    """
    array = coefficients(alm)
    if inplace and array is not alm:
        raise TypeError("alm: expected an array of complex128 to write into")
    of = limits(array.shape[-1], None, mmax)
    factors = np.zeros(of.lmax + 1, dtype=np.result_type(np.asarray(fl).dtype, np.float64))
    given = np.asarray(fl)[: of.lmax + 1]
    factors[: len(given)] = given
    degree, _ = Alm.getlm(of.lmax, np.arange(array.shape[-1]))
    return np.multiply(array, factors[degree], out=array if inplace else None)
