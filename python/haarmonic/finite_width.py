"""Networks of finite width: outputs, kernels, ensembles that are trained, and random features."""

from haarmonic._haarmonic import FiniteNetwork, RandomFeatures

__all__ = ["FiniteNetwork", "RandomFeatures"]
