"""What a kernel can learn: eigenvalues, numbers of invariant functions, predicted learning curves."""

from haarmonic._haarmonic import invariant_counts, learning_curve, network_spectra
from haarmonic.results import PredictedRisk, Spectrum

__all__ = ["PredictedRisk", "Spectrum", "invariant_counts", "learning_curve", "network_spectra"]
