"""Transforms, gradients, rotations and smoothing of maps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._haarmonic import CoefficientRotation, Sht, gaussian_beam
from ._alm import Alm, Limits, OneOrMore, all_orders, almxfl, coefficients, limits
from ._maps import UNSEEN, check_not_offered, check_scalar, read_maps

# Tables are kept for the sizes used last.
_PLANS = 4


@lru_cache(_PLANS)
def _plan(lmax: int, nside: int, threads: int | None) -> Sht:
    return Sht(lmax, "healpix", nside=nside, threads=threads)


@lru_cache(_PLANS)
def _rotation(lmax: int, threads: int | None) -> CoefficientRotation:
    return CoefficientRotation(lmax, threads=threads)


def analyse(
    values: NDArray[np.float64], nside: int, of: Limits, iterations: int, threads: int | None
) -> NDArray[np.complex128]:
    """Compute coefficients up to the limits; iterations see these alone."""
    plan = _plan(of.lmax, nside, threads)
    if of.mmax == of.lmax:
        return plan.analysis(values, iterations=iterations)
    size = Alm.getsize(of.lmax, of.mmax)
    alm = plan.analysis(values)[..., :size]
    for _ in range(iterations):
        residual = values - plan.synthesis(all_orders(alm, of), layout="half")
        alm = alm + plan.analysis(residual)[..., :size]
    return np.ascontiguousarray(alm)


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
        With True, one map is expected; with False, any number of scalars.
    use_weights, datapath, gal_cut, use_pixel_weights
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
        gal_cut=gal_cut,
        use_pixel_weights=use_pixel_weights,
    )
    values, _, nside = read_maps(maps, pol)
    lmax = 3 * nside - 1 if lmax is None or lmax < 0 else lmax
    mmax = lmax if mmax is None or mmax < 0 else min(mmax, lmax)
    return analyse(values, nside, Limits(lmax, mmax), iter, threads)


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
        With True, one array is expected; with False, any number of scalars.
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
    if array.ndim == 2:
        check_scalar("alms", len(array), pol)
        if len(array) == 1 and pol:
            array = array[0]
    of = limits(array.shape[-1], lmax, mmax)
    if fwhm != 0.0 or sigma is not None:
        array = almxfl(array, _beam(fwhm, sigma, of.lmax), of.mmax)
    return _plan(of.lmax, nside, threads).synthesis(all_orders(array, of), layout="half")


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
    full, plan = all_orders(array, of), _plan(of.lmax, nside, threads)
    value = plan.synthesis(full, layout="half")
    # A constant has no gradient, and there are no tables for it.
    gradient = plan.gradient(full, layout="half") if of.lmax > 0 else np.zeros((2, len(value)))
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
        In ring order.
    fwhm, sigma : float
        The width of the beam, in radians; sigma overrides fwhm.
    beam_window : array, optional
        Multipliers of degrees 0, 1, ...; they override the widths.
    pol, iter, lmax, mmax, use_weights, use_pixel_weights, datapath, verbose
        As for ``map2alm``.
    nest : bool
        Not offered: True raises NotImplementedError.
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
        nest=nest,
    )
    values, masked, nside = read_maps(map_in, pol)
    alm = map2alm(values, lmax, mmax, iter, pol=False, threads=threads)
    lmax = 3 * nside - 1 if lmax is None or lmax < 0 else lmax
    beam = _beam(fwhm, sigma, lmax) if beam_window is None else beam_window
    of = limits(alm.shape[-1], lmax, mmax)
    smooth = alm2map(almxfl(alm, beam, of.mmax), nside, lmax, mmax, pol=False, threads=threads)
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
        Not offered: True raises NotImplementedError.

    Examples
    --------
    >>> from haarmonic.healpix import gauss_beam
    >>> print(gauss_beam(0.5, 2).round(6))
    [1.       0.955917 0.873495]
    """
    check_not_offered(pol=pol)
    return gaussian_beam(fwhm, lmax)


def _beam(fwhm: float, sigma: float | None, lmax: int) -> NDArray[np.float64]:
    width = fwhm if sigma is None else sigma * np.sqrt(8 * np.log(2))
    return gaussian_beam(width, lmax)
