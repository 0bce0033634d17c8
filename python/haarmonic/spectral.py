"""What a kernel can learn: eigenvalues, numbers of invariant functions, predicted learning curves, phases of deep networks."""

from haarmonic._haarmonic import (
    at_depths,
    critical_points,
    invariant_counts,
    learning_curve,
    network_spectra,
    phases,
)
from haarmonic.results import AtDepth, FixedPoint, PredictedRisk, Spectrum

__all__ = [
    "AtDepth",
    "FixedPoint",
    "PredictedRisk",
    "Spectrum",
    "at_depths",
    "critical_points",
    "invariant_counts",
    "learning_curve",
    "network_spectra",
    "phases",
]
