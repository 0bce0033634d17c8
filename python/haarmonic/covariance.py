"""Heat and Matérn kernels on the sphere and on the rotation group."""

from haarmonic._haarmonic import Covariance

__all__ = ["Covariance"]
