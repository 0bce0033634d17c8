"""Layers: what they compose, and what they refuse."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from haarmonic import Network, stax

FloatArray = NDArray[np.float64]


def test_layers_make_a_network_file() -> None:
    made = stax.network(
        (8, 8, 3),
        stax.Lifting(16, (3, 3), padding="SAME", W_std=1.4, b_std=0.1, group="C4"),
        stax.residual(stax.Relu(), stax.GroupConv(16, (3, 3), padding="SAME", W_std=1.2)),
        stax.Relu(),
        stax.GroupPool(),
        stax.Dense(10),
    )
    assert made == Network(
        """
        [input]
        space = "plane"
        height = 8
        width = 8
        channels = 3
        [[layers]]
        kind = "lifting"
        group = "C4"
        filter = [3, 3]
        padding = "same"
        weight_std = 1.4
        bias_std = 0.1
        [[layers]]
        kind = "residual"
        [[layers.branch]]
        kind = "activation"
        function = "relu"
        [[layers.branch]]
        kind = "group-convolution"
        filter = [3, 3]
        padding = "same"
        weight_std = 1.2
        [[layers]]
        kind = "activation"
        function = "relu"
        [[layers]]
        kind = "group-pooling"
        [[layers]]
        kind = "dense"
        """
    )


def test_residual_is_fan_out_and_fan_in() -> None:
    branch = stax.serial(stax.Erf(), stax.Dense(1, 1.2))
    for shortcut in (stax.Identity(), stax.Dense(1, 0.8)):
        long = stax.serial(stax.Dense(1), stax.FanOut(2), stax.parallel(branch, shortcut), stax.FanInSum())
        short = stax.serial(stax.Dense(1), stax.residual(branch, shortcut=shortcut))
        assert long[2].network((3,)) == short[2].network((3,))
    swapped = stax.serial(stax.Dense(1), stax.FanOut(2), stax.parallel(stax.Identity(), branch), stax.FanInSum())
    assert swapped[2].network((3,)) == stax.network((3,), stax.Dense(1), stax.residual(branch))


def test_a_flattened_image_is_a_vector() -> None:
    layers = stax.serial(stax.Flatten(), stax.Dense(1), stax.Relu(), stax.Dense(1))
    images = np.random.default_rng(0).normal(size=(3, 4, 5, 2))
    flat = stax.serial(*[stax.Dense(1), stax.Relu(), stax.Dense(1)])[2](images.reshape(3, -1), get="ntk")
    assert np.array_equal(layers[2](images, get="ntk"), flat)
    assert np.array_equal(layers[2](images, images, get="ntk"), flat)


def test_a_dense_layer_on_images_is_a_convolution_with_one_pixel() -> None:
    rest = [stax.Relu(), stax.GlobalAvgPool(), stax.Dense(1)]
    assert stax.network((4, 4, 2), stax.Dense(1, 1.5), *rest) == stax.network(
        (4, 4, 2), stax.Conv(1, (1, 1), W_std=1.5), *rest
    )


def test_invariance_on_the_sphere() -> None:
    kernel_fn = stax.serial(
        stax.Lifting(group="SO3", sampling="gauss-legendre"), stax.Relu(), stax.GroupPool(), stax.Dense(1)
    )[2]
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 1))
    turned = np.roll(x, 2, axis=2)  # by two columns of longitude
    here, there = kernel_fn(x, tolerance=1e-8), kernel_fn(x, turned, tolerance=1e-8)
    assert np.allclose(here.ntk, there.ntk, rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: stax.AvgPool((3, 3), normalize_edges=True), NotImplementedError, "normalize_edges: found True"),
        (lambda: stax.Conv(1, (3, 3), padding="REFLECT"), ValueError, "padding: found 'REFLECT'"),
        (lambda: stax.Dense(1, parameterization="standard"), NotImplementedError, "expected 'ntk'"),
        (lambda: stax.Erf(b=0.5), NotImplementedError, "multiply W_std and b_std of the layer before by b"),
        (lambda: stax.ABRelu(0.2, 2.0), NotImplementedError, "expected b=1"),
        (lambda: stax.Gelu(approximate=True), NotImplementedError, "approximate"),
        (lambda: stax.FanOut(3), NotImplementedError, "found 3 branches"),
        (lambda: stax.serial(stax.Dense(1), stax.FanInSum()), NotImplementedError, "FanOut(2), parallel"),
        (lambda: stax.Lifting(group="C3"), ValueError, "group: found 'C3'"),
        (lambda: stax.Lifting(group="C4", cap=0.3), ValueError, "cap: found a filter of the sphere on images"),
        (lambda: stax.Lifting(group="SO3", cap=0.3, heat=0.1), ValueError, "found cap and heat"),
        (lambda: stax.network((3,), stax.Relu()), ValueError, "layer 1"),
        (lambda: stax.network((3, 3), stax.Dense(1)), ValueError, "x1: expected shape [n, dimension]"),
        (lambda: stax.network((4, 4, 1), stax.Conv(1, (2, 2)), stax.Flatten()), ValueError, "odd"),
        (
            lambda: stax.network((4, 4, 1), stax.Lifting(group="C4"), stax.Relu(), stax.Conv(1, (3, 3))),
            ValueError,
            "use GroupConv after Lifting",
        ),
        (lambda: stax.Dense(1)[2]([[1.0]], get="cov1"), ValueError, "get: found 'cov1'"),
        (lambda: stax.Dense(1)[2]([[1.0]], [[1.0, 2.0]]), ValueError, "x2: expected signals of shape [1]"),
    ],
)
def test_what_layers_refuse(make, error, message) -> None:
    with pytest.raises(error) as caught:
        make()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("layer", "function"),
    [
        (stax.Tanh(), np.tanh),
        (stax.Sigmoid(), lambda x: 1.0 / (1.0 + np.exp(-x))),
        (stax.Softplus(), lambda x: np.logaddexp(0.0, x)),
        (stax.Silu(), lambda x: x / (1.0 + np.exp(-x))),
        (stax.Elu(0.7), lambda x: np.where(x > 0, x, 0.7 * np.expm1(np.minimum(x, 0.0)))),
    ],
)
def test_smooth_activations_are_their_expectations(
    layer: stax.Layer, function: Callable[[FloatArray], FloatArray]
) -> None:
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    weights = np.outer(weights, weights) / weights.sum() ** 2
    a, b = np.meshgrid(nodes, nodes, indexing="ij")
    x = np.array([[1.0, 0.0], [0.6, 0.8]]) * np.sqrt(2.0)
    want = np.sum(weights * function(a) * function(0.6 * a + 0.8 * b))
    found = stax.serial(stax.Dense(1), layer).kernel_fn(x, get="nngp")
    # A function with a kink has an error of 1e-4 in this quadrature.
    assert found[0, 1] == pytest.approx(want, abs=2e-4)
