"""Harmonic analysis on the sphere and on SO(3), and the kernels (NTK, NNGP) of infinitely wide equivariant networks."""

from . import healpix, layouts
from ._haarmonic import (
    BestRotation,
    CoefficientRotation,
    RotationMatcher,
    Sht,
    So3,
    __version__,
    best_rotation,
    correlate,
    evaluate,
    gaussian_beam,
    rotate_coefficients,
    sph_harm,
    sph_harm_all,
    wigner_D,
    wigner_d,
)

__all__ = [
    "BestRotation",
    "CoefficientRotation",
    "RotationMatcher",
    "Sht",
    "So3",
    "__version__",
    "best_rotation",
    "correlate",
    "evaluate",
    "gaussian_beam",
    "healpix",
    "layouts",
    "rotate_coefficients",
    "sph_harm",
    "sph_harm_all",
    "wigner_D",
    "wigner_d",
]
