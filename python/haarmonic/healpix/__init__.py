"""Maps on the HEALPix grid, with the names, layouts, order of arguments and values of healpy.

``import haarmonic.healpix as hp`` serves programs that use these functions of healpy. Maps are in ring order, and each is a scalar:
polarised maps (T, Q, U) raise NotImplementedError. Every function that transforms takes one more argument, ``threads`` (None for all
processors). The page "Coming from healpy" lists the differences.
"""

from ._alm import Alm, almxfl
from ._fits import read_alm, read_cl, read_map, write_alm, write_cl, write_map
from ._maps import UNSEEN
from ._spectra import alm2cl, anafast
from ._transforms import alm2map, alm2map_der1, gauss_beam, map2alm, rotate_alm, smoothing

__all__ = [
    "UNSEEN",
    "Alm",
    "alm2cl",
    "alm2map",
    "alm2map_der1",
    "almxfl",
    "anafast",
    "gauss_beam",
    "map2alm",
    "read_alm",
    "read_cl",
    "read_map",
    "rotate_alm",
    "smoothing",
    "write_alm",
    "write_cl",
    "write_map",
]
