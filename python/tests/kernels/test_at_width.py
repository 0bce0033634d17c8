"""Kernels of networks of finite width."""

import numpy as np
import pytest

from haarmonic import Kernel, KernelAtWidth, MatricesAtWidth, stax

LAYERS = (
    stax.Dense(1, W_std=1.3, b_std=0.2),
    stax.Erf(),
    stax.Dense(1, W_std=1.3, b_std=0.2),
    stax.Erf(),
    stax.Dense(1, W_std=1.3, b_std=0.2),
)


def kernel(*widths: int) -> KernelAtWidth:
    return Kernel(stax.network((3,), *LAYERS)).at_width(widths)


def test_first_order_scales_with_the_width() -> None:
    x = np.array([[0.9, -1.1, 0.4], [0.2, 0.7, -1.3]])
    narrow, wide = kernel(20, 40).gram(x), kernel(80, 160).gram(x)
    assert isinstance(narrow, MatricesAtWidth)
    np.testing.assert_array_equal(narrow.limit.ntk, wide.limit.ntk)
    np.testing.assert_allclose(narrow.ntk_bias, 4 * wide.ntk_bias, rtol=1e-12)
    np.testing.assert_allclose(narrow.nngp_bias, 4 * wide.nngp_bias, rtol=1e-12)
    np.testing.assert_allclose(narrow.ntk_std, 2 * wide.ntk_std, rtol=1e-12)
    np.testing.assert_allclose(narrow.nngp_std, 2 * wide.nngp_std, rtol=1e-12)
    between = kernel(20, 40).between(x, x[:1])
    np.testing.assert_allclose(between.ntk_std, narrow.ntk_std[:, :1], rtol=1e-9)
    assert kernel(20, 40).widths == [20, 40]


def test_other_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="one width per hidden layer"):
        kernel(20)


def test_tensors_have_the_spread_of_entries() -> None:
    x = np.array([[0.9, -1.1, 0.4], [0.2, 0.7, -1.3]])
    narrow = kernel(20, 40)
    tensors, gram = narrow.tensors(x), narrow.gram(x)
    np.testing.assert_allclose(np.sqrt(tensors["v"][0, 1, 0, 1]), gram.nngp_std[0, 1], rtol=1e-9)
    np.testing.assert_allclose(tensors["ntk_bias"], gram.ntk_bias, rtol=1e-9)
    assert gram.quadrature_error is None
    assert set("vdabfpqrstu") <= set(tensors)


def test_the_ntk_moves_less_in_wide_networks() -> None:
    x = np.array([[0.9, -1.1, 0.4], [0.2, 0.7, -1.3]])
    y = np.array([[1.0], [-0.5]])
    narrow, wide = (widths.ntk_change(x, y, x[:1], 1.5) for widths in (kernel(20, 40), kernel(80, 160)))
    assert narrow.random.shape == (3, 3)
    np.testing.assert_allclose(narrow.random, 4 * wide.random, rtol=1e-9)
    np.testing.assert_allclose(narrow.centred, 4 * wide.centred, rtol=1e-9)
    np.testing.assert_allclose(narrow.centred, narrow.centred.T, rtol=1e-12)
    with pytest.raises(ValueError, match="targets"):
        narrow = kernel(20, 40).ntk_change(x, y[:1], x[:1], 1.5)


def test_layers_add_up_to_the_variance() -> None:
    x = np.array([[0.9, -1.1, 0.4]])
    layers = kernel(20, 40).variance_by_layer(x, np.ones((1, 1)), np.zeros((1, 1)), samples=4000, seed=3)
    total = sum(variance for variance, _ in layers)
    error = sum(error**2 for _, error in layers) ** 0.5
    assert abs(total - kernel(20, 40).gram(x).nngp_std[0, 0] ** 2) < 5 * error


def test_the_sphere_has_errors_of_its_quadrature() -> None:
    layers = (stax.Lifting(group="SO3"), stax.Erf(), stax.GroupPool(), stax.Dense(1))
    x = np.zeros((2, 1, 2, 3), complex)
    x[:, 0, 0, 1] = [1.5, 0.3]
    x[:, 0, 1, 1] = [1.0, -2.0]
    gram = Kernel(stax.network((1, 2, 3), *layers), band_limit=3).at_width([50]).gram(x)
    assert gram.quadrature_error is not None and len(gram.quadrature_error) == 4
    assert all((error < 0.1 * gram.ntk_std.max()).all() for error in gram.quadrature_error)
