"""FITS files beside healpy, which reads ours and whose files are read."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles import random_alm

import haarmonic.healpix as hp


@pytest.fixture(scope="module")
def healpy() -> Any:
    return pytest.importorskip("healpy")


def some_maps(count: int, nside: int) -> np.ndarray:
    values = np.random.default_rng(count).normal(size=(count, 12 * nside**2))
    values[:, 7] = hp.UNSEEN
    return values


def equal(found: Any, wanted: Any) -> bool:
    return np.asarray(found).dtype == np.asarray(wanted).dtype and np.array_equal(found, wanted)


@pytest.mark.parametrize("nside", [1, 4, 16])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", [1, 3])
def test_maps(healpy: Any, tmp_path: Path, nside: int, dtype: str, count: int) -> None:
    maps = some_maps(count, nside).astype(dtype)
    ours, theirs = tmp_path / "ours.fits", tmp_path / "theirs.fits"
    hp.write_map(ours, maps, coord="C", column_units="K", extra_header=[("FREQ", 143.0)])
    healpy.write_map(theirs, maps, coord="C", column_units="K", dtype=maps.dtype)
    wanted = healpy.read_map(theirs, field=None)
    for path in (ours, theirs):
        assert equal(healpy.read_map(path, field=None), wanted)
        assert equal(hp.read_map(path, field=None), np.where(wanted < -1e30, hp.UNSEEN, wanted).astype(dtype))
        header = dict(hp.read_map(path, h=True)[1])
        assert (header["COORDSYS"], header["NSIDE"], header["TUNIT1"]) == ("C", nside, "K")
    assert dict(healpy.read_map(ours, h=True)[1])["FREQ"] == 143.0
    packed = tmp_path / "packed.fits.gz"
    packed.write_bytes(gzip.compress(theirs.read_bytes()))
    assert equal(hp.read_map(packed, field=None), hp.read_map(theirs, field=None))


def test_parts_of_the_sky_and_orders(healpy: Any, tmp_path: Path) -> None:
    part = np.full((2, 192), hp.UNSEEN)
    part[:, [3, 5, 140]] = np.arange(6.0).reshape(2, 3)
    ours, theirs = tmp_path / "ours.fits", tmp_path / "theirs.fits"
    hp.write_map(ours, part, partial=True, nest=True)
    healpy.write_map(theirs, part, partial=True, nest=True, dtype=np.float64)
    for path in (ours, theirs):
        assert equal(hp.read_map(path, field=None, nest=True), part)
        assert equal(healpy.read_map(path, field=None, nest=None), part)
        assert equal(hp.read_map(path, field=None), healpy.read_map(path, field=None))
        assert equal(hp.read_map(path, field=None), hp.reorder(part, n2r=True))


def test_coefficients(healpy: Any, tmp_path: Path) -> None:
    teb = np.array([random_alm(9, seed) for seed in range(3)])
    ours, theirs = tmp_path / "ours.fits", tmp_path / "theirs.fits"
    for options in ({}, {"mmax": 4}, {"lmax": 6}, {"out_dtype": np.float32}):
        hp.write_alm(ours, teb, overwrite=True, **options)
        if "lmax" not in options:
            healpy.write_alm(theirs, teb, overwrite=True, **options)
        for hdu in (1, (1, 2, 3)):
            wanted, mmax = healpy.read_alm(ours, hdu=hdu, return_mmax=True)
            found = hp.read_alm(ours, hdu=hdu, return_mmax=True)
            assert np.array_equal(found[0], wanted) and found[1] == mmax
            if "lmax" not in options:
                assert np.array_equal(hp.read_alm(theirs, hdu=hdu), wanted)


def test_spectra(healpy: Any, tmp_path: Path) -> None:
    cl = np.random.default_rng(2).normal(size=(7, 12))
    ours, theirs = tmp_path / "ours.fits", tmp_path / "theirs.fits"
    for values in (cl, cl[0], cl.astype(np.float32)):
        hp.write_cl(ours, values, overwrite=True, column_units="K2")
        healpy.write_cl(theirs, values, overwrite=True, column_units="K2")
        for path in (ours, theirs):
            assert equal(hp.read_cl(path).astype(values.dtype), values)
            assert np.array_equal(healpy.read_cl(path), values)


def test_refusals(tmp_path: Path) -> None:
    path = tmp_path / "map.fits"
    hp.write_map(path, np.arange(12.0))
    with pytest.raises(OSError, match="overwrite=True"):
        hp.write_map(path, np.arange(12.0))
    with pytest.raises(ValueError, match="chosen column: found 1"):
        hp.read_map(path, field=1)
    with pytest.raises(ValueError, match="NaN or infinity at index"):
        hp.write_map(path, np.full(12, np.nan), overwrite=True)
    with pytest.raises(OSError, match="no such file"):
        hp.read_cl(tmp_path / "none.fits")
    masked = np.ma.masked_equal(np.arange(12.0), 5.0)
    hp.write_map(path, masked, overwrite=True)
    assert hp.read_map(path)[5] == hp.UNSEEN
