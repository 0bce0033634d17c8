"""Tangent vector fields on the sphere by their coefficients: divergence, curl, potentials, Laplacian."""

from haarmonic._haarmonic import (
    curl,
    divergence,
    from_potentials,
    inverse_laplacian,
    laplacian,
    potentials,
)

__all__ = ["curl", "divergence", "from_potentials", "inverse_laplacian", "laplacian", "potentials"]
