"""What a kernel can learn: eigenvalues, numbers of invariant functions, predicted learning curves; and random fields from their spectra."""

from haarmonic._haarmonic import invariant_counts, learning_curve, network_spectra, random_field, random_field_so3
from haarmonic.results import PredictedRisk, Spectrum

__all__ = [
    "PredictedRisk",
    "Spectrum",
    "invariant_counts",
    "learning_curve",
    "network_spectra",
    "random_field",
    "random_field_so3",
]
