"""Kernels and predictions of neural-tangents, for the tests.

Run in an environment of its own:

    pip install neural-tangents==0.6.5 jax==0.4.30 jaxlib==0.4.30 tf2jax==0.3.6 "numpy<2.3"
    python make_neural_tangents.py
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

import neural_tangents as nt
from neural_tangents import stax
from random_networks import COUNT, build, inputs, specification

DATA = Path(__file__).parent / "data"
RIDGES = ((0.0, False), (0.1, False), (0.2, True))
TIMES = (0.0, 0.7, 50.0)


def kernels() -> dict[str, np.ndarray]:
    """Both kernels of all random networks."""
    found = {}
    for seed in range(COUNT):
        layers, shape = specification(seed)
        both = build(stax, layers)(*inputs(seed, shape), ("nngp", "ntk"))
        found[f"nngp{seed}"], found[f"ntk{seed}"] = both.nngp, both.ntk
        assert np.isfinite(both.nngp).all() and np.isfinite(both.ntk).all(), layers
    return found


def predictions() -> dict[str, np.ndarray]:
    """Means and covariances of one network."""
    rng = np.random.default_rng(7)
    x, z, y = rng.normal(size=(6, 3)), rng.normal(size=(4, 3)), rng.normal(size=(6, 2))
    _, _, kernel_fn = stax.serial(stax.Dense(1, 1.3, 0.3), stax.Erf(), stax.Dense(1, 1.1, 0.2))
    found = {"x": x, "z": z, "y": y}
    for r, (ridge, absolute) in enumerate(RIDGES):
        options = {"diag_reg": ridge, "diag_reg_absolute_scale": absolute}
        ensemble = nt.predict.gradient_descent_mse_ensemble(kernel_fn, x, y, learning_rate=0.5, **options)
        process = nt.predict.gp_inference(kernel_fn(x, None, ("nngp", "ntk")), y, **options)
        cross, prior = kernel_fn(z, x, ("nngp", "ntk")), kernel_fn(z, None, ("nngp", "ntk"))
        for get in ("nngp", "ntk"):
            for name, t in (("inf", None), ("times", np.array(TIMES))):
                for where, points in (("train", None), ("test", z)):
                    mean, covariance = ensemble(t, points, get, compute_cov=True)
                    key = f"ensemble{r}_{get}_{name}_{where}"
                    found[f"{key}_mean"], found[f"{key}_covariance"] = mean, covariance
        for get in ("nngp", "ntk", "ntkgp"):
            mean, covariance = process(get, cross, prior)
            found[f"process{r}_{get}_mean"], found[f"process{r}_{get}_covariance"] = mean, covariance
    return found


if __name__ == "__main__":
    np.savez_compressed(DATA / "neural_tangents.npz", **kernels(), **predictions())
