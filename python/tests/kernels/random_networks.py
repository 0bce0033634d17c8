"""Random networks as data, built alike by `neural_tangents.stax` and by `haarmonic.stax`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

COUNT = 40
PADDINGS = ("VALID", "SAME", "CIRCULAR")
# What neural-tangents computes in closed form for any variance.
ACTIVATIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Relu", {}),
    ("Erf", {}),
    ("Gelu", {}),
    ("Abs", {}),
    ("LeakyRelu", {"alpha": 0.2}),
    ("ABRelu", {"a": -0.3, "b": 1.0}),
    ("Sin", {}),
    ("Cos", {}),
    ("Exp", {}),
    ("Gaussian", {}),
    ("Sign", {}),
    ("Monomial", {"degree": 2}),
    ("Monomial", {"degree": 3}),
    ("Sigmoid_like", {}),
)


def specification(seed: int) -> tuple[list[Any], tuple[int, ...]]:
    """The layers of a network, and the shape of its inputs without the axis of the batch."""
    rng = np.random.default_rng(seed)
    # Every activation comes first once.
    first = ACTIVATIONS[seed % len(ACTIVATIONS)]

    def scales() -> dict[str, float]:
        return {"W_std": round(rng.uniform(0.7, 1.5), 2), "b_std": round(rng.uniform(0.0, 0.5), 2)}

    def dense() -> list[Any]:
        return ["Dense", {"out_dim": 1, **scales()}]

    def activation() -> list[Any]:
        return list(ACTIVATIONS[rng.integers(len(ACTIVATIONS))])

    if seed % 2 == 0:
        layers = [dense(), *block(rng, dense, list(first))]
        for _ in range(rng.integers(0, 3)):
            layers += block(rng, dense, activation())
        return [*layers, activation(), dense()], (int(rng.integers(2, 7)),)

    padding = PADDINGS[rng.integers(3)]

    def conv() -> list[Any]:
        return ["Conv", {"out_chan": 1, "filter_shape": [3, 3], "padding": padding, **scales()}]

    # Without padding a filter of three takes two pixels, which residual blocks do not allow.
    middle = [list(first), conv()] if padding == "VALID" else block(rng, conv, list(first))
    readout = ["Flatten", {}] if rng.random() < 0.5 else ["GlobalAvgPool", {}]
    return [conv(), *middle, activation(), readout, dense()], (6, 6, 2)


def block(rng: np.random.Generator, weights: Callable[[], list[Any]], activation: list[Any]) -> list[Any]:
    """An activation and a layer with weights, by themselves or as a branch of a residual block."""
    branch = [activation, weights()]
    kind = rng.integers(3)
    if kind == 0:
        return branch
    return [["residual", branch, [["Identity", {}]] if kind == 1 else [weights()]]]


def build(stax: Any, layers: list[Any]) -> Any:
    """The kernel function of the layers."""

    def one(layer: list[Any]) -> Any:
        if layer[0] == "residual":
            branches = [stax.serial(*map(one, branch)) for branch in layer[1:]]
            return stax.serial(stax.FanOut(2), stax.parallel(*branches), stax.FanInSum())
        name, options = layer
        return getattr(stax, name)(**options)

    return stax.serial(*map(one, layers))[2]


def inputs(seed: int, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of signals."""
    rng = np.random.default_rng(1000 + seed)
    return rng.normal(size=(3, *shape)), rng.normal(size=(2, *shape))
