"""Converters between the layouts of coefficients of healpy, ducc0, s2fft, SHTOOLS and e3nn.

The half layout is the one of healpy and ducc0, the full layout is the one of s2fft; see ``haarmonic.Sht``.
"""

from ._haarmonic import (
    from_e3nn,
    from_shtools,
    full_to_half,
    half_to_full,
    to_e3nn,
    to_shtools,
)

__all__ = [
    "from_e3nn",
    "from_shtools",
    "full_to_half",
    "half_to_full",
    "to_e3nn",
    "to_shtools",
]
