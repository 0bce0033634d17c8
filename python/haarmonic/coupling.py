"""Spectra of masked skies and products of functions: mode coupling, unbiased bandpowers, Slepian functions, bispectra."""

from haarmonic._haarmonic import (
    Binning,
    Decoupling,
    ModeCoupling,
    PolarisationDecoupling,
    SlepianFunctions,
    product,
    reduced_bispectrum,
)

__all__ = [
    "Binning",
    "Decoupling",
    "ModeCoupling",
    "PolarisationDecoupling",
    "SlepianFunctions",
    "product",
    "reduced_bispectrum",
]
