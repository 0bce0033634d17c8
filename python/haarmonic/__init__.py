"""Harmonic analysis on the sphere and on SO(3), and the kernels of infinitely wide equivariant networks."""

from haarmonic import metrics, predict, stax
from haarmonic._haarmonic import (
    Evidence,
    GramStore,
    Kernel,
    Network,
    Regression,
    SetKernel,
    __version__,
    select_hyperparameters,
)
from haarmonic.results import KernelMatrices, Marginals, Prediction

__all__ = [
    "Evidence",
    "GramStore",
    "Kernel",
    "KernelMatrices",
    "Marginals",
    "Network",
    "Prediction",
    "Regression",
    "SetKernel",
    "__version__",
    "metrics",
    "predict",
    "select_hyperparameters",
    "stax",
]
