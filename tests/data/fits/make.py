"""Writes the FITS files of this folder with healpy and astropy: python make.py. README.md says what each file has.

Every value follows from its place by a formula that tests/files/data/fits repeats.
"""

import gzip
from pathlib import Path

import astropy
import astropy.io.fits as pf
import healpy as hp
import numpy as np

HERE = Path(__file__).parent


def value(column: int, pixel: np.ndarray) -> np.ndarray:
    """Numbers that single precision holds exactly."""
    return 100.0 * column + pixel / 8.0


def maps(count: int, nside: int) -> list[np.ndarray]:
    return [value(c, np.arange(12.0 * nside**2)) for c in range(count)]


def table(name: str, columns: list[pf.Column], **keys: object) -> None:
    hdu = pf.BinTableHDU.from_columns(columns)
    hdu.header.update(keys)
    hdu.writeto(HERE / name, overwrite=True)


def write_maps() -> None:
    units = {"column_units": "K", "coord": "G", "overwrite": True}
    hp.write_map(HERE / "iqu_nside2.fits", maps(3, 2), dtype=np.float64, extra_header=[("FREQ", 143.5)], **units)
    hp.write_map(HERE / "nested_nside4.fits", maps(1, 4)[0], nest=True, dtype=np.float32, **units)
    # Rows of 1024 pixels; the values repeat, so that the file is short as gzip.
    hp.write_map("rows.fits", (np.arange(12 * 16**2) % 32) / 4.0, dtype=np.float32, **units)
    Path(HERE / "rows_nside16.fits.gz").write_bytes(gzip.compress(Path("rows.fits").read_bytes(), 9, mtime=0))
    Path("rows.fits").unlink()
    # healpy cannot write a list whose largest number is below 129.
    part = np.full((2, 192), hp.UNSEEN)
    pixels = np.array([3, 5, 140])
    part[0, pixels], part[1, pixels] = value(0, pixels), value(1, pixels)
    hp.write_map(HERE / "partial_nside4.fits", part, partial=True, dtype=[np.float32, np.float64], **units)
    integers = np.arange(12) * 1000 - 3000
    hp.write_map(HERE / "integers_nside1.fits", [integers] * 3, dtype=[np.int16, np.int32, np.int64], overwrite=True)
    hp.write_map(HERE / "mask_nside1.fits", np.arange(12) % 3 == 0, dtype=bool, overwrite=True)
    masked = maps(1, 1)[0]
    masked[[2, 7]] = hp.UNSEEN
    hp.write_map(HERE / "masked_nside1.fits", masked, dtype=np.float32, overwrite=True)


def write_tables() -> None:
    """Scales, undefined values and unsigned integers, which healpy itself does not write."""
    raw = np.arange(12, dtype=np.int16)
    scaled = pf.Column("SCALED", "I", array=raw)
    undefined = pf.Column("UNDEFINED", "J", null=-99, array=np.where(raw == 4, -99, raw))
    unsigned = pf.Column("UNSIGNED", "J", bzero=2**31, array=raw.astype(np.uint32) + np.uint32(2**31))
    real = pf.Column("BAD", "D", array=np.where(raw == 6, -999.0, np.where(raw == 8, np.nan, raw)))
    keys = {"PIXTYPE": "HEALPIX", "NSIDE": 1, "BAD_DATA": -999.0}
    table("scaled_nside1.fits", [scaled, undefined, unsigned, real], ORDERING="RING", **keys)
    for key, number in (("TSCAL1", 2.0), ("TZERO1", 100.0)):
        pf.setval(HERE / "scaled_nside1.fits", key, value=number, ext=1)


def write_coefficients() -> None:
    lmax, size = 3, hp.Alm.getsize(3)
    degree, order = hp.Alm.getlm(lmax)
    alm = [(c + degree / 4.0) + 1j * order * (1.5 + c) for c in range(3)]
    assert len(alm[0]) == size
    hp.write_alm(HERE / "alm_teb.fits", alm, overwrite=True)
    hp.write_alm(HERE / "alm_mmax1_f32.fits", alm[0], mmax=1, out_dtype=np.float32, overwrite=True)
    # A sparse list in any order, as the C++ programs can write it.
    rows = [(2, 2, 1 + 2j), (0, 0, 5 + 0j), (4, 1, -1j)]
    index = pf.Column("INDEX", "J", array=[l * l + l + m + 1 for l, m, _ in rows])  # noqa: E741
    parts = [pf.Column(n, "D", array=[f(a) for *_, a in rows]) for n, f in (("REAL", np.real), ("IMAG", np.imag))]
    table("alm_sparse.fits", [index, *parts], **{"MAX-LPOL": 5, "MAX-MPOL": 2})


def write_spectra() -> None:
    cl = [np.arange(6.0) * c + 0.25 + c for c in range(4)]
    cl[3] = np.arange(6.0) + 1.25
    hp.write_cl(HERE / "cl.fits", np.array(cl), column_units="K2", overwrite=True)
    hp.write_cl(HERE / "cl_one.fits", np.arange(5, dtype=np.float32) / 2, overwrite=True)
    text = [pf.Column(n, "E15.7", array=np.arange(4.0) * f, ascii=True) for n, f in (("TEMPERATURE", 0.5), ("G-T", -2e-3))]
    pf.TableHDU.from_columns(text).writeto(HERE / "cl_text.fits", overwrite=True)


write_maps()
write_tables()
write_coefficients()
write_spectra()
print("healpy", hp.__version__, "astropy", astropy.__version__)
