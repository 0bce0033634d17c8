"""Molecules as signals on the spheres around their atoms."""

from haarmonic._haarmonic import Molecule, SphericalFeatures, read_qm9

__all__ = ["Molecule", "SphericalFeatures", "read_qm9"]
