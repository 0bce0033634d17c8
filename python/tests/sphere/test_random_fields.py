"""Random fields: spectra of samples, seeds, axes, refusals."""

import numpy as np
import pytest

from haarmonic import Sht, So3, spectral

SPECTRUM = 1 / (1 + np.arange(16)) ** 2


def powers(half):
    """Sums over all orders of a degree, of coefficients m >= 0, `[..., L (L + 1) / 2]`."""
    lmax = 15
    sums = np.zeros((*half.shape[:-1], lmax + 1))
    for m in range(lmax + 1):
        at = m * (2 * lmax + 1 - m) // 2 + np.arange(m, lmax + 1)
        sums[..., m:] += (1 if m == 0 else 2) * np.abs(half[..., at]) ** 2
    return sums


def test_samples_have_the_spectrum():
    half = spectral.random_field(SPECTRUM, 400, seed=1)
    assert half.shape == (400, 136)
    freedom = 400 * (2 * np.arange(16) + 1)
    ratio = powers(half).sum(0) / freedom / SPECTRUM
    assert np.all(np.abs(ratio - 1) < 5 * np.sqrt(2 / freedom))


def test_maps_are_real_and_seeds_reproduce_them():
    one = spectral.random_field(SPECTRUM, seed=7)
    np.testing.assert_array_equal(one, spectral.random_field(SPECTRUM, 3, seed=7)[0])
    field = Sht(15).synthesis(one)
    assert field.dtype == float
    assert abs(field.std()) > 0.1


def test_correlated_fields():
    spectra = np.array([[1.0, 2.0], [2.0, 4.0]])[..., None] * SPECTRUM
    half = spectral.random_field(spectra, 2, seed=3)
    assert half.shape == (2, 2, 136)
    np.testing.assert_allclose(half[:, 1], 2 * half[:, 0], rtol=1e-13)
    maps = Sht(15, spin=2).synthesis(half[0])
    assert maps.shape == (2, 16, 31)


def test_rotations():
    coefficients = spectral.random_field_so3([1.0, 0.2, 0.05], 2, seed=4)
    assert coefficients.shape == (2, 5, 3, 5)
    values = So3(3).inverse(coefficients)
    assert np.abs(values.imag).max() < 1e-13 * np.abs(values).max()


def test_bad_spectra_are_named():
    with pytest.raises(ValueError, match="degree 1"):
        spectral.random_field([1.0, -1.0], seed=1)
    with pytest.raises(ValueError, match="spectrum"):
        spectral.random_field([[1.0, 1.0]], seed=1)
    with pytest.raises(ValueError, match="spectra of random fields"):
        spectral.random_field(np.array([[1.0, 2.0], [2.0, 1.0]])[..., None], seed=1)
    with pytest.raises(ValueError, match="multipliers"):
        spectral.random_field_so3([np.nan], seed=1)
