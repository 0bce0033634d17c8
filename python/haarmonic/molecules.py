"""Molecules: atoms in space for networks that pass messages, and signals on the spheres around atoms."""

from typing import Any

from haarmonic._haarmonic import Atoms, Molecule, SphericalFeatures, Structure, read_qm9, read_structures

__all__ = ["Atoms", "Molecule", "SphericalFeatures", "Structure", "from_ase", "read_qm9", "read_structures"]


def from_ase(atoms: Any, internal_energy: float = 0.0) -> Molecule:
    """Make a molecule from an `ase.Atoms` object, or from any object with its methods.

    Parameters
    ----------
    atoms : ase.Atoms
        Of the elements H, C, N, O and F. A cell is ignored.
    internal_energy : float
        At 0 K, in hartree.

    Examples
    --------
    >>> class Atoms:
    ...     def get_chemical_symbols(self):
    ...         return ["H", "F"]
    ...     def get_positions(self):
    ...         return [[0.0, 0.0, 0.0], [0.0, 0.0, 0.917]]
    >>> from haarmonic.molecules import from_ase
    >>> from_ase(Atoms(), -100.46).elements
    ['H', 'F']
    """
    return Molecule(atoms.get_chemical_symbols(), atoms.get_positions(), internal_energy)
