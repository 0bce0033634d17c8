"""Reads the files of the test `files_for_healpy` with healpy, and lets astropy verify them: python check.py FOLDER."""

import sys
import warnings
from pathlib import Path

import astropy.io.fits as pf
import healpy as hp
import numpy as np

folder = Path(sys.argv[1])
warnings.simplefilter("error")


def maps(count: int, nside: int) -> np.ndarray:
    values = 100.0 * np.arange(count)[:, None] + np.arange(12 * nside**2) / 8.0
    values[np.arange(count), np.arange(count) + 1] = hp.UNSEEN
    return values


for name in ("map.fits", "map.fits.gz", "partial.fits", "nested.fits"):
    found, header = hp.read_map(folder / name, field=None, nest=None, h=True)
    expected = maps(3, 4)
    assert len(found) == 3, name
    for one, other, kind in zip(found, expected, ("f8", "f4", "f8"), strict=True):
        assert np.array_equal(one, other.astype(kind)), name
    assert dict(header)["FREQ"] == 143.5 and dict(header)["COORDSYS"] == "G", name
    assert dict(header)["ORDERING"] == ("NESTED" if name == "nested.fits" else "RING")
assert np.array_equal(hp.read_map(folder / "nested.fits", nest=True), maps(3, 4)[0])
assert np.array_equal(hp.read_map(folder / "rows.fits"), maps(1, 16)[0])
half = np.arange(10) + 0.5
for component in range(3):
    assert np.array_equal(hp.read_alm(folder / "alm.fits", hdu=component + 1), half + 1j * component)
alm, mmax = hp.read_alm(folder / "alm_mmax1.fits", return_mmax=True)
assert mmax == 1 and np.array_equal(alm, half[:7] + 1j)
assert np.array_equal(hp.read_cl(folder / "cl.fits"), 100.0 * np.arange(6)[:, None] + np.arange(5) / 8.0)
for path in sorted(folder.glob("*.fits*")):
    with pf.open(path) as file:
        file.verify("exception")
        print(path.name, [(hdu.name, getattr(hdu, "columns", None) and hdu.columns.formats) for hdu in file[1:]])
print("healpy reads all files")
