"""What a kernel can learn: eigenvalues, numbers of invariant functions, predicted and measured learning curves; and random fields from their
spectra."""

from haarmonic._haarmonic import (
    EmpiricalSpectrum,
    class_spectrum,
    invariant_counts,
    learned_by,
    learning_curve,
    matrix_invariant_counts,
    network_spectra,
    random_field,
    random_field_so3,
    rotation_spectrum,
    simulated_curve,
)
from haarmonic.results import MeasuredRisk, PredictedRisk, RotationSpectrum, Spectrum

__all__ = [
    "EmpiricalSpectrum",
    "MeasuredRisk",
    "PredictedRisk",
    "RotationSpectrum",
    "Spectrum",
    "class_spectrum",
    "invariant_counts",
    "learned_by",
    "learning_curve",
    "matrix_invariant_counts",
    "network_spectra",
    "random_field",
    "random_field_so3",
    "rotation_spectrum",
    "simulated_curve",
]
