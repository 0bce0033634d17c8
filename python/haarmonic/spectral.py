"""What a kernel can learn: eigenvalues, numbers of invariant functions, predicted and measured learning curves, phases of deep networks; and
random fields from their spectra."""

from haarmonic._haarmonic import (
    EmpiricalSpectrum,
    at_depths,
    class_spectrum,
    critical_points,
    invariant_counts,
    learned_by,
    learning_curve,
    matrix_invariant_counts,
    network_spectra,
    phases,
    random_field,
    random_field_so3,
    rotation_spectrum,
    simulated_curve,
)
from haarmonic.results import AtDepth, FixedPoint, MeasuredRisk, PredictedRisk, RotationSpectrum, Spectrum

__all__ = [
    "AtDepth",
    "EmpiricalSpectrum",
    "FixedPoint",
    "MeasuredRisk",
    "PredictedRisk",
    "RotationSpectrum",
    "Spectrum",
    "at_depths",
    "class_spectrum",
    "critical_points",
    "invariant_counts",
    "learned_by",
    "learning_curve",
    "matrix_invariant_counts",
    "network_spectra",
    "phases",
    "random_field",
    "random_field_so3",
    "rotation_spectrum",
    "simulated_curve",
]
