"""Wigner functions, 3j and 6j symbols, Clebsch-Gordan coefficients and Gaunt integrals."""

from haarmonic._haarmonic import (
    clebsch_gordan,
    clebsch_gordan_tensor,
    gaunt,
    real_wigner_D,
    wigner_3j,
    wigner_3j_over_degrees,
    wigner_3j_over_orders,
    wigner_6j,
    wigner_D,
    wigner_d,
)

__all__ = [
    "clebsch_gordan",
    "clebsch_gordan_tensor",
    "gaunt",
    "real_wigner_D",
    "wigner_3j",
    "wigner_3j_over_degrees",
    "wigner_3j_over_orders",
    "wigner_6j",
    "wigner_D",
    "wigner_d",
]
