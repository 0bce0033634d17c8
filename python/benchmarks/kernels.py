"""Times of calls from Python, beside neural-tangents, in one process and in double precision.

Run in the environment of `python/tests/kernels/make_neural_tangents.py`, with a release build of haarmonic in it:

    python python/benchmarks/kernels.py

Functions of neural-tangents are compiled (`jax.jit`) and called once before they are timed. Each time is the least of several repeats.
"""

from __future__ import annotations

import os
import timeit
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

import neural_tangents as nt
from neural_tangents import stax as theirs

import haarmonic
from haarmonic import stax as ours


def time(call: Callable[[], object], seconds: float = 1.0) -> float:
    """Seconds per call."""
    timer = timeit.Timer(call)
    number, once = timer.autorange(lambda *_: None)
    number = max(1, int(number * min(1.0, seconds / once)))
    return min(timer.repeat(repeat=5, number=number)) / number


def perceptron(stax: Any) -> Any:
    return stax.serial(stax.Dense(1, 1.4), stax.Relu(), stax.Dense(1, 1.4), stax.Relu(), stax.Dense(1))[2]


def convolutions(stax: Any) -> Any:
    return stax.serial(
        stax.Conv(1, (3, 3), padding="SAME"),
        stax.Relu(),
        stax.Conv(1, (3, 3), padding="SAME"),
        stax.Relu(),
        stax.GlobalAvgPool(),
        stax.Dense(1),
    )[2]


def kernels(name: str, network: Callable[[Any], Any], x1: np.ndarray, x2: np.ndarray) -> None:
    """Both kernels of two sets."""
    get = ("nngp", "ntk")
    compiled = jax.jit(partial(network(theirs), get=get))
    call = network(ours)
    want, found = compiled(x1, x2), call(x1, x2, get)
    assert np.allclose(found.ntk, want.ntk, rtol=1e-7)
    report(name, lambda: call(x1, x2, get), lambda: jax.block_until_ready(compiled(x1, x2)))


def predictions(name: str, n: int, m: int) -> None:
    """Kernels, training to convergence, means at test points."""
    x, z, y = rng.normal(size=(n, 20)), rng.normal(size=(m, 20)), rng.normal(size=(n, 1))
    options = {"diag_reg": 1e-4}

    def predict(library: Any, stax: Any) -> object:
        predict_fn = library.predict.gradient_descent_mse_ensemble(perceptron(stax), x, y, **options)
        return jax.block_until_ready(predict_fn(x_test=z, get="ntk"))

    assert np.allclose(predict(haarmonic, ours), predict(nt, theirs), atol=1e-6)
    report(name, lambda: predict(haarmonic, ours), lambda: predict(nt, theirs))


def report(name: str, own: Callable[[], object], other: Callable[[], object]) -> None:
    print(f"{name:<55}{1e3 * time(own):>12.3f} ms{1e3 * time(other):>12.3f} ms", flush=True)


rng = np.random.default_rng(0)
print(f"{'':<55}{'haarmonic':>15}{'neural-tangents':>15}")
kernels("perceptron, 1 × 1 vectors of 3", perceptron, rng.normal(size=(1, 3)), rng.normal(size=(1, 3)))
kernels("perceptron, 100 × 100 vectors of 100", perceptron, rng.normal(size=(100, 100)), rng.normal(size=(100, 100)))
kernels("perceptron, 2000 × 2000 vectors of 100", perceptron, *rng.normal(size=(2, 2000, 100)))
kernels("two convolutions, 1 × 1 images 8 × 8 × 3", convolutions, *rng.normal(size=(2, 1, 8, 8, 3)))
kernels("two convolutions, 4 × 4 images 32 × 32 × 3", convolutions, *rng.normal(size=(2, 4, 32, 32, 3)))
predictions("ensemble from 500 points of 20, at 200 points", 500, 200)
