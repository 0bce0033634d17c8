"""Equivariant networks: values of independent programs, which the tests of the crate hold too, and finite sets."""

from pathlib import Path

import numpy as np
import pytest

from haarmonic import Kernel, Network, stax

DATA = Path(__file__).parents[3] / "tests" / "data"
PLANAR, SPHERE = np.load(DATA / "planar.npz"), np.load(DATA / "so3_global.npz")
POOLED = np.load(DATA / "planar_pool.npz")
ACTIVATIONS = {"relu": stax.Relu, "erf": stax.Erf}


@pytest.mark.parametrize("group", ["cnn_gap", "cnn_flatten", "c4", "d4"])
@pytest.mark.parametrize("padding", ["valid", "same", "circular"])
@pytest.mark.parametrize("function", ACTIVATIONS)
def test_images(group: str, padding: str, function: str) -> None:
    act, scales = ACTIVATIONS[function], {"W_std": 1.2, "b_std": 0.15}
    if group.startswith("cnn"):
        convolutions = [stax.Conv(1, (3, 3), padding=padding, **scales) for _ in range(2)]
    else:
        convolutions = [
            stax.Lifting(1, (3, 3), padding=padding, group=group.upper(), **scales),
            stax.GroupConv(1, (3, 3), padding=padding, **scales),
        ]
    readout = stax.Flatten() if group == "cnn_flatten" else stax.GlobalAvgPool()
    first, second = convolutions
    kernel_fn = stax.serial(first, act(), second, act(), readout, stax.Dense(1, 1.1, 0.2)).kernel_fn
    found = kernel_fn(PLANAR["x1"], PLANAR["x2"])
    for name in ("nngp", "ntk"):
        want = PLANAR[f"{group}_{padding}_{function}_3_{name}"]
        assert np.allclose(getattr(found, name), want, rtol=1e-9, atol=0.0)


@pytest.mark.parametrize("function", ACTIVATIONS)
def test_strides_and_poolings(function: str) -> None:
    act, scales = ACTIVATIONS[function], {"W_std": 1.2, "b_std": 0.15}
    dense = stax.Dense(1, 1.1, 0.2)
    strided = [
        stax.Conv(1, (3, 3), strides=(2, 2), **scales),
        act(),
        stax.Conv(1, (3, 3), **scales),
        act(),
        stax.GlobalAvgPool(),
        dense,
    ]
    pooled = [
        stax.Lifting(1, (3, 3), padding="SAME", group="C4", **scales),
        act(),
        stax.AvgPool((2, 2), (2, 2)),
        stax.GroupConv(1, (3, 3), padding="SAME", **scales),
        act(),
        stax.GroupPool(),
        dense,
    ]
    for layers, key, size in ((strided, "stride2_valid_gap", 9), (pooled, "c4_pool2_middle_same_gap", 8)):
        found = stax.serial(*layers).kernel_fn(POOLED[f"x1_{size}"], POOLED[f"x2_{size}"])
        for name in ("nngp", "ntk"):
            want = POOLED[f"{key}_{function}_{name}"]
            assert np.allclose(getattr(found, name), want, rtol=1e-10, atol=0.0)


@pytest.mark.parametrize("function", ACTIVATIONS)
@pytest.mark.parametrize("sampling", ["coefficients", "driscoll-healy"])
def test_spheres(function: str, sampling: str) -> None:
    act, scales = ACTIVATIONS[function], {"W_std": 1.3, "b_std": 0.2}
    kernel_fn = stax.serial(
        stax.Lifting(group="SO3", sampling=sampling, **scales),
        act(),
        stax.GroupConv(**scales),
        act(),
        stax.GroupPool(),
        stax.Dense(1, **scales),
    ).kernel_fn
    short = "dh" if sampling == "driscoll-healy" else sampling
    found = kernel_fn(SPHERE[f"x1_{short}_L4"], SPHERE[f"x2_{short}_L4"], tolerance=1e-7)
    error = SPHERE[f"global_{function}_depth2_L4_error"]
    for name in ("nngp", "ntk"):
        want = SPHERE[f"global_{function}_depth2_L4_{name}"]
        allowed = 1e-6 * np.abs(want).max() + error
        assert np.abs(getattr(found, name) - want).max() < allowed


def test_finite_sets() -> None:
    network = Network(
        """
        [input]
        space = "finite"
        generators = [[1, 2, 3, 0]]
        channels = 1
        [[layers]]
        kind = "lifting"
        points = [0, 1]
        [[layers]]
        kind = "activation"
        function = "erf"
        [[layers]]
        kind = "group-pooling"
        """
    )
    x = np.random.default_rng(0).normal(size=(2, 4, 1))
    kernel = Kernel(network)
    assert np.allclose(kernel.gram(x).ntk, kernel.between(x, np.roll(x, 1, axis=1)).ntk, rtol=1e-12)
    with pytest.raises(ValueError, match=r"x: expected shape \[n, 4, 1\], found \[4, 1\]"):
        kernel.gram(x[0])
