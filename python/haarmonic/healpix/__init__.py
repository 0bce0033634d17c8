"""Maps on the HEALPix grid, with the names, layouts, order of arguments and values of healpy.

``import haarmonic.healpix as hp`` serves programs that use these functions of healpy. Maps are in ring order unless an argument says
otherwise; with ``pol=True``, as by default, three maps are T, Q and U. Every function that transforms takes one more argument, ``threads`` (None for all
processors). The page "Coming from healpy" lists the differences.
"""

from ._alm import Alm, almxfl
from ._fits import read_alm, read_cl, read_map, write_alm, write_cl, write_map
from ._maps import UNSEEN
from ._pixels import (
    ang2pix,
    ang2vec,
    get_all_neighbours,
    isnpixok,
    max_pixrad,
    nest2ring,
    npix2nside,
    nside2npix,
    nside2pixarea,
    nside2resol,
    pix2ang,
    pix2vec,
    query_disc,
    reorder,
    ring2nest,
    ud_grade,
    vec2ang,
    vec2pix,
)
from ._spectra import alm2cl, anafast, synalm, synfast
from ._transforms import (
    alm2map,
    alm2map_der1,
    alm2map_spin,
    gauss_beam,
    map2alm,
    map2alm_spin,
    rotate_alm,
    smoothing,
)

__all__ = [
    "UNSEEN",
    "Alm",
    "alm2cl",
    "alm2map",
    "alm2map_der1",
    "alm2map_spin",
    "almxfl",
    "anafast",
    "ang2pix",
    "ang2vec",
    "gauss_beam",
    "get_all_neighbours",
    "isnpixok",
    "map2alm",
    "map2alm_spin",
    "max_pixrad",
    "nest2ring",
    "npix2nside",
    "nside2npix",
    "nside2pixarea",
    "nside2resol",
    "pix2ang",
    "pix2vec",
    "query_disc",
    "read_alm",
    "read_cl",
    "read_map",
    "reorder",
    "ring2nest",
    "rotate_alm",
    "smoothing",
    "synalm",
    "synfast",
    "ud_grade",
    "vec2ang",
    "vec2pix",
    "write_alm",
    "write_cl",
    "write_map",
]
