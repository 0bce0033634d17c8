"""Transforms, gradients, rotations and smoothing of maps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._haarmonic import CoefficientRotation, Sht, gaussian_beam, healpix_reorder
from ._alm import Alm, Limits, OneOrMore, all_orders, almxfl, coefficients, limits
from ._maps import UNSEEN, check_not_offered, is_polarised, read_maps

# Tables are kept for the sizes used last.
_PLANS = 4


@lru_cache(_PLANS)
def _plan(of: Limits, nside: int, spin: int, threads: int | None) -> Sht:
    return Sht(of.lmax, "healpix", mmax=of.mmax, nside=nside, spin=spin, threads=threads)


@lru_cache(_PLANS)
def _rotation(lmax: int, threads: int | None) -> CoefficientRotation:
    return CoefficientRotation(lmax, threads=threads)


def _limits_of(nside: int, lmax: int | None, mmax: int | None) -> Limits:
    """Return the limits of an analysis, 3 nside - 1 and all orders unless given."""
    lmax = 3 * nside - 1 if lmax is None or lmax < 0 else lmax
    return Limits(lmax, lmax if mmax is None or mmax < 0 else min(mmax, lmax))


def _analyse_spin(
    values: NDArray[np.float64], nside: int, spin: int, of: Limits, iterations: int, threads: int | None
) -> NDArray[np.complex128]:
    """Compute the modes of fields [.., 2, npix] of one spin; below its degree there are none."""
    if of.lmax < abs(spin):
        return np.zeros((*values.shape[:-1], Alm.getsize(of.lmax, of.mmax)), dtype=np.complex128)
    return _plan(of, nside, spin, threads).analysis(values, iterations=iterations)


def _synthesise_spin(
    alms: NDArray[np.complex128], nside: int, spin: int, of: Limits, threads: int | None
) -> NDArray[np.float64]:
    """Compute the fields [.., 2, npix] of modes of one spin."""
    if of.lmax < abs(spin):
        return np.zeros((*alms.shape[:-1], 12 * nside**2))
    return _plan(of, nside, spin, threads).synthesis(alms, layout="half")


def _cut(values: NDArray[np.float64], nside: int, degrees: float) -> NDArray[np.float64]:
    """Set the pixels next to the equator to zero."""
    if degrees == 0:
        return values
    theta, _ = _plan(Limits(0, 0), nside, 0, 1).angles()
    return np.where(np.abs(np.cos(theta)) <= np.sin(np.deg2rad(degrees)), 0.0, values)


def map2alm(
    maps: OneOrMore,
    lmax: int | None = None,
    mmax: int | None = None,
    iter: int = 3,
    pol: bool = True,
    use_weights: bool = False,
    datapath: str | None = None,
    gal_cut: float = 0,
    use_pixel_weights: bool = False,
    verbose: bool = True,
    *,
    threads: int | None = None,
) -> NDArray[np.complex128]:
    """Compute the coefficients of maps, as ``healpy.map2alm``.

    Masked pixels (UNSEEN, or the mask of a masked array) count as zero. NaN and infinity raise ValueError.

    Parameters
    ----------
    maps : array, shape [npix] or [n, npix], or a sequence of arrays
        In ring order.
    lmax, mmax : int, optional
        The largest degree, 3 nside - 1 unless given, and order, lmax unless given.
    iter : int
        Jacobi iterations.
    pol : bool
        With True, one map, or three: T, Q and U, with the result T, E and B. With False, any number of scalars.
    gal_cut : float
        Pixels up to so many degrees from the equator count as zero.
    use_weights, datapath, use_pixel_weights
        Not offered: other values than the defaults raise NotImplementedError.
    verbose
        Without effect.
    threads : int, optional
        None for all processors.

    Returns
    -------
    array of complex128, shape [nalm] or [n, nalm]

    Examples
    --------
    >>> import numpy as np
    >>> import haarmonic.healpix as hp
    >>> alm = hp.map2alm(np.ones(12 * 4**2))
    >>> alm.shape, round(float(alm[0].real), 2)         # sqrt(4 pi)
    ((78,), 3.54)
    """
    check_not_offered(
        use_weights=use_weights,
        datapath=datapath,
        use_pixel_weights=use_pixel_weights,
    )
    values, _, nside, polarised = read_maps(maps, pol)
    values, of = _cut(values, nside, gal_cut), _limits_of(nside, lmax, mmax)
    plan = _plan(of, nside, 0, threads)
    if not polarised:
        return plan.analysis(values, iterations=iter)
    scalar = plan.analysis(values[:1], iterations=iter)
    return np.concatenate([scalar, _analyse_spin(values[1:], nside, 2, of, iter, threads)])


def map2alm_spin(
    maps: Sequence[ArrayLike] | NDArray[np.float64],
    spin: int,
    lmax: int | None = None,
    mmax: int | None = None,
    *,
    iter: int = 0,
    threads: int | None = None,
) -> NDArray[np.complex128]:
    """Compute the gradient and curl modes of a field with a spin, as ``healpy.map2alm_spin``.

    Parameters
    ----------
    maps : array, shape [2, npix], or two arrays
        Real and imaginary part, in ring order.
    spin : int
        From 1 on.
    lmax, mmax : int, optional
        As for ``map2alm``.
    iter : int
        Jacobi iterations; healpy has none here.
    threads : int, optional
        None for all processors.

    Returns
    -------
    array of complex128, shape [2, nalm]

    Examples
    --------
    >>> import numpy as np
    >>> import haarmonic.healpix as hp
    >>> modes = hp.map2alm_spin(np.random.default_rng(0).normal(size=(2, 192)), 2, lmax=4)
    >>> modes.shape, bool(np.all(modes[:, [0, 1]] == 0))          # no degrees below the spin
    ((2, 15), True)
    """
    values, _, nside, _ = read_maps(maps, False)
    if values.shape[:-1] != (2,) or spin < 1:
        raise ValueError(f"maps, spin: found shape {values.shape} and spin {spin}, expected [2, npix] and 1 or more")
    return _analyse_spin(values, nside, spin, _limits_of(nside, lmax, mmax), iter, threads)


def alm2map_spin(
    alms: OneOrMore,
    nside: int,
    spin: int,
    lmax: int | None = None,
    mmax: int | None = None,
    *,
    threads: int | None = None,
) -> NDArray[np.float64]:
    """Compute a field with a spin from its gradient and curl modes, as ``healpy.alm2map_spin``.

    Parameters
    ----------
    alms : array, shape [2, nalm], or two arrays
    nside : int
        The resolution of the maps.
    spin : int
        From 1 on.
    lmax, mmax : int, optional
        From the length of ``alms`` unless given.
    threads : int, optional
        None for all processors.

    Returns
    -------
    array of float64, shape [2, npix]
        Real and imaginary part, in ring order.

    Examples
    --------
    >>> import numpy as np
    >>> import haarmonic.healpix as hp
    >>> modes = np.zeros((2, hp.Alm.getsize(4)), dtype=complex)
    >>> modes[0, hp.Alm.getidx(4, 2, 0)] = 1
    >>> field = hp.alm2map_spin(modes, 8, 2)
    >>> field.shape, bool(np.allclose(field[1], 0))
    ((2, 768), True)
    """
    array = coefficients(alms)
    if array.shape[:-1] != (2,) or spin < 1:
        raise ValueError(f"alms, spin: found shape {array.shape} and spin {spin}, expected [2, nalm] and 1 or more")
    return _synthesise_spin(array, nside, spin, limits(array.shape[-1], lmax, mmax), threads)


def alm2map(
    alms: OneOrMore,
    nside: int,
    lmax: int | None = None,
    mmax: int | None = None,
    pixwin: bool = False,
    fwhm: float = 0.0,
    sigma: float | None = None,
    pol: bool = True,
    inplace: bool = False,
    verbose: bool = True,
    *,
    threads: int | None = None,
) -> NDArray[np.float64]:
    """Compute maps from their coefficients, as ``healpy.alm2map``.

    Parameters
    ----------
    alms : array, shape [nalm] or [n, nalm], or a sequence of arrays
    nside : int
        The resolution of the maps.
    lmax, mmax : int, optional
        The largest degree and order; from the length of ``alms`` unless given.
    pixwin : bool
        Not offered: True raises NotImplementedError.
    fwhm, sigma : float
        The width of a Gaussian beam, in radians; sigma overrides fwhm.
    pol : bool
        With True, one array, or three: T, E and B, with the result T, Q and U. With False, any number of scalars.
    inplace, verbose
        Without effect: ``alms`` is never changed.
    threads : int, optional
        None for all processors.

    Returns
    -------
    array of float64, shape [npix] or [n, npix], in ring order

    Examples
    --------
    >>> import numpy as np
    >>> import haarmonic.healpix as hp
    >>> alm = np.zeros(hp.Alm.getsize(8), dtype=complex)
    >>> alm[hp.Alm.getidx(8, 0, 0)] = np.sqrt(4 * np.pi)
    >>> bool(np.allclose(hp.alm2map(alm, 4), 1))
    True
    """
    check_not_offered(pixwin=pixwin)
    array = coefficients(alms)
    polarised = array.ndim == 2 and is_polarised("alms", len(array), pol)
    if array.ndim == 2 and len(array) == 1 and pol:
        array = array[0]
    of = limits(array.shape[-1], lmax, mmax)
    if fwhm != 0.0 or sigma is not None:
        array = _times(array, _beams(fwhm, sigma, of.lmax, polarised), of)
    plan = _plan(of, nside, 0, threads)
    if not polarised:
        return plan.synthesis(array, layout="half")
    scalar = plan.synthesis(array[:1], layout="half")
    return np.concatenate([scalar, _synthesise_spin(array[1:], nside, 2, of, threads)])


def alm2map_der1(
    alm: ArrayLike,
    nside: int,
    lmax: int | None = None,
    mmax: int | None = None,
    *,
    threads: int | None = None,
) -> NDArray[np.float64]:
    """Compute a map and its first derivatives from coefficients, as ``healpy.alm2map_der1``.

    Parameters
    ----------
    alm : array, shape [nalm]
    nside : int
        The resolution of the maps.
    lmax, mmax : int, optional
        The largest degree and order; from the length of ``alm`` unless given.
    threads : int, optional
        None for all processors.

    Returns
    -------
    array of float64, shape [3, npix]
        The map, its derivative in theta, and its derivative in phi divided by sin(theta).

    Examples
    --------
    >>> import numpy as np
    >>> import haarmonic.healpix as hp
    >>> m, d_theta, d_phi = hp.alm2map_der1([0, 1, 0], 1)        # Y_10, proportional to cos(theta)
    >>> bool(np.allclose(m**2 + d_theta**2, 3 / (4 * np.pi)))
    True
    """
    array = coefficients(alm)
    if array.ndim != 1:
        raise ValueError(f"alm: found shape {array.shape}, expected one axis")
    of = limits(array.shape[-1], lmax, mmax)
    plan = _plan(of, nside, 0, threads)
    value = plan.synthesis(array, layout="half")
    # A constant has no gradient, and there are no tables for it.
    gradient = plan.gradient(array, layout="half") if of.lmax > 0 else np.zeros((2, len(value)))
    return np.concatenate([value[None], gradient])


def rotate_alm(
    alm: NDArray[np.complex128] | Sequence[NDArray[np.complex128]],
    psi: float = 0.0,
    theta: float = 0.0,
    phi: float = 0.0,
    matrix: ArrayLike | None = None,
    lmax: int | None = None,
    mmax: int | None = None,
    *,
    threads: int | None = None,
) -> None:
    """Rotate coefficients actively, in place, as ``healpy.rotate_alm``.

    The rotation is Rz(phi) Ry(theta) Rz(psi): psi acts first. Of three arrays T, E, B each is rotated alike.

    Parameters
    ----------
    alm : array of complex128, shape [nalm] or [n, nalm], or a sequence of arrays
        Overwritten.
    psi, theta, phi : float
        Angles in radians.
    matrix : array, shape [3, 3], optional
        The rotation instead of angles.
    lmax, mmax : int, optional
        The largest degree and order; from the length unless given. Orders above mmax are dropped after the rotation.
    threads : int, optional
        None for all processors.

    Examples
    --------
    >>> import numpy as np
    >>> import haarmonic.healpix as hp
    >>> alm = np.array([0, 1, 0], dtype=complex)        # Y_10, proportional to z
    >>> hp.rotate_alm(alm, 0.0, np.pi / 2, 0.0)         # now proportional to x
    >>> print(f"{alm[2].real:.6f}")
    -0.707107
    """
    arrays = [alm] if isinstance(alm, np.ndarray) else list(alm)
    for array in arrays:
        if not isinstance(array, np.ndarray) or array.dtype != np.complex128:
            raise TypeError("alm: expected arrays of complex128, which are overwritten")
    rotation = (phi, theta, psi) if matrix is None else matrix
    for array in arrays:
        of = limits(array.shape[-1], lmax, mmax)
        rotated = _rotation(of.lmax, threads).rotate(all_orders(array, of), rotation)
        array[...] = rotated[..., : array.shape[-1]]


def smoothing(
    map_in: OneOrMore,
    fwhm: float = 0.0,
    sigma: float | None = None,
    beam_window: ArrayLike | None = None,
    pol: bool = True,
    iter: int = 3,
    lmax: int | None = None,
    mmax: int | None = None,
    use_weights: bool = False,
    use_pixel_weights: bool = False,
    datapath: str | None = None,
    verbose: bool = True,
    nest: bool = False,
    *,
    threads: int | None = None,
) -> NDArray[np.float64]:
    """Smooth maps with a Gaussian beam or another one, as ``healpy.smoothing``.

    Masked pixels count as zero, and are masked in the result: UNSEEN, or a masked array if ``map_in`` is one.

    Parameters
    ----------
    map_in : array, shape [npix] or [n, npix], or a sequence of arrays
        In ring order, unless ``nest`` says otherwise; T, Q and U with ``pol``.
    fwhm, sigma : float
        The width of the beam, in radians; sigma overrides fwhm. E and B have the window of a beam for spin 2.
    beam_window : array, optional
        Multipliers of degrees 0, 1, ...; they override the widths. Shape [l], or [l, 3] for T, E and B.
    pol, iter, lmax, mmax, use_weights, use_pixel_weights, datapath, verbose
        As for ``map2alm``.
    nest : bool
        Whether ``map_in`` and the result are in nested order.
    threads : int, optional
        None for all processors.

    Returns
    -------
    array of float64, the shape of ``map_in``

    Examples
    --------
    >>> import numpy as np
    >>> import haarmonic.healpix as hp
    >>> sky = np.zeros(12 * 8**2)
    >>> sky[100] = 1.0
    >>> bool(hp.smoothing(sky, fwhm=0.5).max() < 0.1)
    True
    """
    check_not_offered(
        use_weights=use_weights,
        use_pixel_weights=use_pixel_weights,
        datapath=datapath,
    )
    values, masked, nside, polarised = read_maps(map_in, pol)
    if nest:
        values = healpix_reorder(values, True)
    alm, of = map2alm(values, lmax, mmax, iter, pol=polarised, threads=threads), _limits_of(nside, lmax, mmax)
    beams = _beams(fwhm, sigma, of.lmax, polarised) if beam_window is None else np.asarray(beam_window).T
    smooth = alm2map(_times(alm, beams, of), nside, of.lmax, of.mmax, pol=polarised, threads=threads)
    if nest:
        smooth = healpix_reorder(smooth, False)
    if masked is not None:
        smooth[masked] = UNSEEN
    if isinstance(map_in, np.ma.MaskedArray):
        mask = np.ma.nomask if masked is None else masked
        return np.ma.masked_array(smooth, mask=mask, fill_value=UNSEEN)
    return smooth


def gauss_beam(fwhm: float, lmax: int = 512, pol: bool = False) -> NDArray[np.float64]:
    """Compute the window function of a Gaussian beam, as ``healpy.gauss_beam``.

    Parameters
    ----------
    fwhm : float
        Full width at half maximum in radians.
    lmax : int
        The largest degree.
    pol : bool
        Whether the result has a column for each of T, E, B and TE.

    Returns
    -------
    array of float64, shape [lmax + 1] or [lmax + 1, 4]

    Examples
    --------
    >>> from haarmonic.healpix import gauss_beam
    >>> print(gauss_beam(0.5, 2).round(6))
    [1.       0.955917 0.873495]
    >>> gauss_beam(0.5, 2, pol=True).shape
    (3, 4)
    """
    window = gaussian_beam(fwhm, lmax)
    if not pol:
        return window
    square = fwhm**2 / (8 * np.log(2))
    columns: NDArray[np.float64] = window[:, None] * np.exp(np.array([0.0, 2.0, 2.0, 1.0]) * square)
    return columns


def _beams(fwhm: float, sigma: float | None, lmax: int, polarised: bool) -> NDArray[np.float64]:
    """Compute the window of a beam, or those of T, E and B, shape [3, lmax + 1]."""
    width = fwhm if sigma is None else sigma * np.sqrt(8 * np.log(2))
    beam = gauss_beam(width, lmax, polarised)
    return beam.T[:3] if polarised else beam


def _times(alm: NDArray[np.complex128], factors: NDArray[Any], of: Limits) -> NDArray[np.complex128]:
    """Multiply coefficients by factors of the degree, one set for all rows or one for each."""
    if factors.ndim == 1:
        return almxfl(alm, factors, of.mmax)
    if alm.ndim != 2 or len(factors) < len(alm):
        raise ValueError(f"beam_window: found {len(factors)} columns, expected one axis, or a column per array")
    return np.stack([almxfl(one, factor, of.mmax) for one, factor in zip(alm, factors, strict=False)])
