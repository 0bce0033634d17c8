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
