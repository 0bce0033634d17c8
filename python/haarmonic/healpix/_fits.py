"""FITS files: maps, coefficients, spectra."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .._haarmonic import (
    fits_read_alm,
    fits_read_cl,
    fits_read_map,
    fits_write_alm,
    fits_write_cl,
    fits_write_map,
    healpix_reorder,
)
from ._alm import Alm, OneOrMore, all_orders, coefficients, limits
from ._maps import UNSEEN

Path = str | os.PathLike[str]
Field = int | str


def _check_new(filename: Path, overwrite: bool) -> None:
    if not overwrite and os.path.exists(filename):
        raise OSError(f"{os.fspath(filename)}: the file exists, expected overwrite=True or another name")


def _per_column(value: Any, count: int) -> list[Any]:
    """Repeat one value for all columns; a list has one for each."""
    one = value is None or isinstance(value, (str, type, np.dtype))
    return [value] * count if one else list(value)


def _dtypes(dtype: Any, arrays: Sequence[NDArray[Any]]) -> list[str]:
    """Name the type of each column, that of its array unless given."""
    given = _per_column(dtype, len(arrays))
    if len(given) != len(arrays):
        raise ValueError(f"dtype: found {len(given)}, expected one, or one for each of {len(arrays)} columns")
    return [(array.dtype if one is None else np.dtype(one)).name for one, array in zip(given, arrays, strict=True)]


def _names(names: str | Sequence[str] | None) -> list[str] | None:
    return [names] if isinstance(names, str) else None if names is None else list(names)


def _units(units: Any, count: int) -> list[str]:
    return [unit or "" for unit in _per_column(units, count)]


def _records(extra_header: Sequence[Sequence[Any]]) -> list[tuple[str, bool | int | float | str]]:
    """Take key and value of each record; comments are left out."""
    plain = [(record[0], record[1]) for record in extra_header]
    return [(key, value.item() if isinstance(value, np.generic) else value) for key, value in plain]


def _arrays(maps: OneOrMore) -> list[NDArray[Any]]:
    """Split one array or several ones; the mask of masked arrays becomes the mark."""
    if isinstance(maps, np.ndarray):
        several = list(maps) if maps.ndim == 2 else [maps]
    else:
        items = cast(Sequence[Any], maps)
        several = list(items) if len(items) > 0 and np.ndim(items[0]) > 0 else [items]
    arrays = []
    for one in several:
        if isinstance(one, np.ma.MaskedArray) and one.dtype.kind in "biu" and np.any(one.mask):
            arrays.append(np.ma.filled(one.astype(np.float64), UNSEEN))
        else:
            arrays.append(np.asarray(np.ma.filled(one, UNSEEN)))
    return arrays


def _typed(values: NDArray[np.float64], dtypes: Sequence[str], dtype: Any) -> NDArray[Any] | list[NDArray[Any]]:
    """Bring rows to the types of the file, or to other ones."""
    given = _per_column(dtype, len(values))
    if len(given) != len(values):
        raise ValueError(f"dtype: found {len(given)}, expected one, or one for each of {len(values)} fields")
    rows: list[NDArray[Any]] = []
    for row, name, one in zip(values, dtypes, given, strict=True):
        wanted = np.dtype(name if one is None else one)
        # Types of integers have no place for the mark.
        marked = wanted.kind in "biu" and bool(np.any(row == UNSEEN))
        rows.append(row if marked or wanted == row.dtype else row.astype(wanted))
    if len(rows) == 1:
        return rows[0]
    return np.array(rows) if len({row.dtype for row in rows}) == 1 else rows


def read_map(
    filename: Path,
    field: Field | Sequence[Field] | None = 0,
    dtype: DTypeLike | Sequence[DTypeLike] | None = None,
    nest: bool | None = False,
    partial: bool = False,
    hdu: int = 1,
    h: bool = False,
    verbose: bool = True,
    memmap: bool = False,
) -> Any:
    """Read maps from a FITS file, as ``healpy.read_map``.

    Pixels of a part of the sky that the file does not list are UNSEEN, and so are NaN and other undefined values.

    Parameters
    ----------
    filename : str or os.PathLike
        Plain or compressed with gzip.
    field : int, str, sequence of these, or None
        Columns by place or by name; None for all.
    dtype : dtype or sequence of dtypes, optional
        The type of the result; that of the file unless given. Integers with undefined pixels are float64.
    nest : bool or None
        Whether the result is in nested order; None for the order of the file. A file that does not tell its order is read as it is.
    partial : bool
        Whether the first column has pixel numbers, if the header does not say.
    hdu : int
        The table, counted from 1.
    h : bool
        Whether the header is returned, too, as pairs of key and value.
    verbose, memmap
        Without effect.

    Returns
    -------
    array, shape [npix] or [n, npix], or a list of arrays of different types; with ``h=True`` a tuple with the header

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> import haarmonic.healpix as hp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     hp.write_map(folder + "/map.fits", np.arange(12.0), coord="G")
    ...     sky, header = hp.read_map(folder + "/map.fits", h=True)
    >>> sky[5], dict(header)["COORDSYS"]
    (np.float64(5.0), 'G')
    """
    fields = None if field is None else [field] if isinstance(field, (int, np.integer, str)) else list(field)
    values, dtypes, nested, header = fits_read_map(filename, fields, hdu, partial)
    stated = any(key == "ORDERING" for key, _ in header)
    if nest is not None and stated and nest != nested and values.shape[-1] > 12:
        values = healpix_reorder(values, nested)
    result = _typed(values, dtypes, dtype)
    return (result, header) if h else result


def write_map(
    filename: Path,
    m: OneOrMore,
    nest: bool = False,
    dtype: DTypeLike | Sequence[DTypeLike] | None = None,
    fits_IDL: bool = True,
    coord: str | None = None,
    partial: bool = False,
    column_names: str | Sequence[str] | None = None,
    column_units: str | Sequence[str | None] | None = None,
    extra_header: Sequence[Sequence[Any]] = (),
    overwrite: bool = False,
) -> None:
    """Write maps to a FITS file, as ``healpy.write_map``: whole or not at all.

    Parameters
    ----------
    filename : str or os.PathLike
        Compressed with gzip if it ends in ".gz".
    m : array, shape [npix] or [n, npix], or a sequence of arrays
        Finite numbers; masked pixels are UNSEEN.
    nest : bool
        Whether the pixels are in nested order.
    dtype : dtype or sequence of dtypes, optional
        The types of the columns; those of the maps unless given.
    fits_IDL : bool
        Whether maps of more than 1024 pixels are written in rows of 1024.
    coord : str, optional
        "G", "C" or "E".
    partial : bool
        Whether only pixels with a value in some map are written, each with its number.
    column_names, column_units : str or sequence of str, optional
    extra_header : sequence of (key, value) or (key, value, comment)
        Comments are left out.
    overwrite : bool
        Whether an existing file is replaced.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> import haarmonic.healpix as hp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     hp.write_map(folder + "/map.fits.gz", np.eye(3, 12), dtype="float32", column_units="K")
    ...     hp.read_map(folder + "/map.fits.gz", field=(0, 2)).dtype
    dtype('float32')
    """
    arrays = _arrays(m)
    _check_new(filename, overwrite)
    fits_write_map(
        filename,
        np.array(arrays, dtype=np.float64),
        nested=nest,
        dtypes=_dtypes(dtype, arrays),
        column_names=_names(column_names),
        column_units=_units(column_units, len(arrays)),
        coord=coord,
        header=_records(extra_header),
        partial=partial,
        long_rows=fits_IDL,
    )


def read_alm(filename: Path, hdu: int | Sequence[int] = 1, return_mmax: bool = False) -> Any:
    """Read coefficients from a FITS file, as ``healpy.read_alm``.

    Coefficients that the file does not list are 0. Several tables get the largest degree and order of them all.

    Parameters
    ----------
    filename : str or os.PathLike
        Plain or compressed with gzip.
    hdu : int or sequence of int
        The tables, counted from 1: 1, 2, 3 for T, E, B.
    return_mmax : bool
        Whether the largest order is returned, too.

    Returns
    -------
    array of complex128, shape [nalm] or [n, nalm]

    Examples
    --------
    >>> import tempfile
    >>> import haarmonic.healpix as hp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     hp.write_alm(folder + "/alm.fits", [1, 2, 3j])
    ...     print(hp.read_alm(folder + "/alm.fits"))
    [1.+0.j 2.+0.j 0.+3.j]
    """
    hdus = [int(one) for one in np.atleast_1d(cast(ArrayLike, hdu))]
    values, lmax, mmax = fits_read_alm(filename, hdus)
    cut = values[..., : Alm.getsize(lmax, mmax)]
    alm = np.ascontiguousarray(cut[0] if len(hdus) == 1 else cut)
    return (alm, mmax) if return_mmax else alm


def write_alm(
    filename: Path,
    alms: OneOrMore,
    out_dtype: DTypeLike | None = None,
    lmax: int = -1,
    mmax: int = -1,
    mmax_in: int = -1,
    overwrite: bool = False,
) -> None:
    """Write coefficients to a FITS file, as ``healpy.write_alm``: whole or not at all.

    Parameters
    ----------
    filename : str or os.PathLike
        Compressed with gzip if it ends in ".gz".
    alms : array, shape [nalm] or [n, nalm], or a sequence of arrays
        One table is written for each.
    out_dtype : dtype, optional
        float32 or float64; the precision of ``alms`` unless given.
    lmax, mmax : int
        The largest degree and order to write; all unless given.
    mmax_in : int
        The largest order of ``alms``, if it is not the largest degree.
    overwrite : bool
        Whether an existing file is replaced.

    Examples
    --------
    >>> import tempfile
    >>> import haarmonic.healpix as hp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     hp.write_alm(folder + "/alm.fits", [1, 2, 3j], lmax=0)
    ...     print(hp.read_alm(folder + "/alm.fits"))
    [1.+0.j]
    """
    array = coefficients(alms)
    of = limits(array.shape[-1], None, mmax_in)
    if lmax > of.lmax:
        raise ValueError(f"lmax: found {lmax}, expected at most {of.lmax}, as alms have it")
    last = of.lmax if lmax < 0 else lmax
    given = np.asarray(cast(ArrayLike, alms)).dtype
    single = given in (np.dtype(np.complex64), np.dtype(np.float32))
    name = np.dtype(out_dtype if out_dtype is not None else np.float32 if single else np.float64).name
    _check_new(filename, overwrite)
    order = min(last, of.mmax) if mmax < 0 else min(mmax, last, of.mmax)
    fits_write_alm(filename, all_orders(array, of), last, order, name)


def read_cl(filename: Path) -> Any:
    """Read power spectra from a FITS file, as ``healpy.read_cl``.

    Parameters
    ----------
    filename : str or os.PathLike
        Plain or compressed with gzip; a binary table or a table of text.

    Returns
    -------
    array, shape [lmax + 1] or [n, lmax + 1]

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> import haarmonic.healpix as hp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     hp.write_cl(folder + "/cl.fits", np.array([0.0, 0.5, 0.25]))
    ...     print(hp.read_cl(folder + "/cl.fits"))
    [0.   0.5  0.25]
    """
    values, dtypes = fits_read_cl(filename)
    result = _typed(values, dtypes, None)
    return np.array(result)


def write_cl(
    filename: Path,
    cl: OneOrMore,
    dtype: DTypeLike | None = None,
    overwrite: bool = False,
    column_names: str | Sequence[str] | None = None,
    column_units: str | Sequence[str | None] | None = None,
    extra_header: Sequence[Sequence[Any]] = (),
) -> None:
    """Write power spectra to a FITS file, as ``healpy.write_cl``: whole or not at all.

    Parameters
    ----------
    filename : str or os.PathLike
        Compressed with gzip if it ends in ".gz".
    cl : array, shape [lmax + 1] or [n, lmax + 1], or a sequence of arrays
    dtype : dtype, optional
        The type of the columns; those of the spectra unless given.
    overwrite : bool
        Whether an existing file is replaced.
    column_names, column_units : str or sequence of str, optional
    extra_header : sequence of (key, value) or (key, value, comment)
        Comments are left out.

    Examples
    --------
    >>> import tempfile
    >>> import haarmonic.healpix as hp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     hp.write_cl(folder + "/cl.fits", [0.0, 0.5], column_names="TT")
    ...     print(hp.read_cl(folder + "/cl.fits"))
    [0.  0.5]
    """
    arrays = _arrays(cl)
    _check_new(filename, overwrite)
    fits_write_cl(
        filename,
        np.array(arrays, dtype=np.float64),
        dtypes=_dtypes(dtype, arrays),
        column_names=_names(column_names),
        column_units=_units(column_units, len(arrays)),
        header=_records(extra_header),
    )
