"""Maps as arguments: one or several, masked pixels, and what is not offered."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from ._alm import OneOrMore

UNSEEN = -1.6375e30
"""The value that marks masked pixels."""


class Maps(NamedTuple):
    """Maps with zeros in place of masked pixels."""

    values: NDArray[np.float64]
    """Shape [npix] or [n, npix]."""
    masked: NDArray[np.bool_] | None
    """Which pixels were masked, the shape of the values; None without masked pixels."""
    nside: int
    polarised: bool
    """Whether the rows are T, Q and U."""


def read_maps(maps: OneOrMore, pol: bool) -> Maps:
    """Read one map or several ones in ring order."""
    # The mask of masked arrays becomes the mark.
    if isinstance(maps, (list, tuple)) and np.ndim(maps[0] if maps else 0) > 0:
        filled = np.stack([np.ma.filled(cast(NDArray[np.float64], one), UNSEEN) for one in maps])
    else:
        filled = np.ma.filled(cast(NDArray[np.float64], maps), UNSEEN)
    array = np.asarray(filled, dtype=np.float64)
    if array.ndim not in (1, 2):
        raise ValueError(f"maps: found shape {array.shape}, expected one or two axes")
    polarised = array.ndim == 2 and is_polarised("maps", len(array), pol)
    if array.ndim == 2 and len(array) == 1 and pol:
        array = array[0]
    pixels = array.shape[-1]
    nside = round((pixels / 12) ** 0.5)
    if pixels == 0 or 12 * nside**2 != pixels:
        raise ValueError(f"maps: found {pixels} pixels, expected 12 nside^2")
    # Other values are far above the mark: without masked pixels one pass is enough.
    if np.min(array) > 0.5 * UNSEEN:
        return Maps(array, None, nside, polarised)
    masked = np.abs(array - UNSEEN) <= -1e-5 * UNSEEN
    return Maps(np.where(masked, 0.0, array), masked, nside, polarised)


def is_polarised(what: str, count: int, pol: bool) -> bool:
    """Tell whether rows are T, Q, U or T, E, B: three with pol=True."""
    if pol and count not in (1, 3):
        raise ValueError(f"{what}: found {count} with pol=True, expected 1 or 3, or pol=False")
    return pol and count == 3


def check_not_offered(**options: object) -> None:
    """Refuse options of healpy that are not offered."""
    for name, value in options.items():
        if value is not None and bool(value):
            raise NotImplementedError(f"{name}: found {value!r}, which is not offered")
