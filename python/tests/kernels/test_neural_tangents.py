"""Values of neural-tangents, in the committed file that `make_neural_tangents.py` wrote."""

from pathlib import Path

import numpy as np
import pytest
from random_networks import COUNT, build, inputs, specification

import haarmonic as nt
from haarmonic import stax

GOLDEN = np.load(Path(__file__).parent / "data" / "neural_tangents.npz")
KERNEL_TOLERANCE = 1e-9
# Squares of the condition number of the kernels stand between the rounding of both programs.
PREDICTION_TOLERANCE = 1e-9
RIDGES = ((0.0, False), (0.1, False), (0.2, True))


def close(found: np.ndarray, want: np.ndarray, tolerance: float) -> bool:
    assert found.shape == want.shape
    return bool(np.abs(found - want).max() <= tolerance * max(1.0, np.abs(want).max()))


@pytest.mark.parametrize("seed", range(COUNT))
def test_kernels_of_random_networks(seed: int) -> None:
    layers, shape = specification(seed)
    kernel_fn = build(stax, layers)
    x1, x2 = inputs(seed, shape)
    nngp, ntk = kernel_fn(x1, x2, ("nngp", "ntk"))
    assert close(nngp, GOLDEN[f"nngp{seed}"], KERNEL_TOLERANCE), layers
    assert close(ntk, GOLDEN[f"ntk{seed}"], KERNEL_TOLERANCE), layers
    assert np.array_equal(kernel_fn(x1, x2, "ntk"), ntk)


def kernel_fn() -> stax.KernelFn:
    return stax.serial(stax.Dense(1, 1.3, 0.3), stax.Erf(), stax.Dense(1, 1.1, 0.2))[2]


@pytest.mark.parametrize("get", ["nngp", "ntk"])
@pytest.mark.parametrize("ridge", range(len(RIDGES)))
@pytest.mark.parametrize("times", ["inf", "times"])
@pytest.mark.parametrize("where", ["train", "test"])
def test_ensembles(get: str, ridge: int, times: str, where: str) -> None:
    diag_reg, absolute = RIDGES[ridge]
    predict_fn = nt.predict.gradient_descent_mse_ensemble(
        kernel_fn(), GOLDEN["x"], GOLDEN["y"], 0.5, diag_reg, diag_reg_absolute_scale=absolute
    )
    t = None if times == "inf" else np.array([0.0, 0.7, 50.0])
    x = GOLDEN["z"] if where == "test" else None
    mean, covariance = predict_fn(t, x, get, compute_cov=True)
    key = f"ensemble{ridge}_{get}_{times}_{where}"
    assert close(mean, GOLDEN[f"{key}_mean"], PREDICTION_TOLERANCE)
    assert close(covariance, GOLDEN[f"{key}_covariance"], PREDICTION_TOLERANCE)
    assert close(predict_fn(t, x, get), mean, PREDICTION_TOLERANCE)


@pytest.mark.parametrize("get", ["nngp", "ntk", "ntkgp"])
@pytest.mark.parametrize("ridge", range(len(RIDGES)))
def test_inference(get: str, ridge: int) -> None:
    diag_reg, absolute = RIDGES[ridge]
    kernel = kernel_fn()
    x, y, z = GOLDEN["x"], GOLDEN["y"], GOLDEN["z"]
    both = ("nngp", "ntk")
    predict_fn = nt.predict.gp_inference(kernel(x, None, both), y, diag_reg, absolute)
    mean, covariance = predict_fn(get, kernel(z, x, both), kernel(z, None, both))
    key = f"process{ridge}_{get}"
    assert close(mean, GOLDEN[f"{key}_mean"], PREDICTION_TOLERANCE)
    assert close(covariance, GOLDEN[f"{key}_covariance"], PREDICTION_TOLERANCE)
    assert close(predict_fn(get, kernel(z, x, both)), mean, PREDICTION_TOLERANCE)


def test_the_first_example_of_its_readme() -> None:
    rng = np.random.default_rng(1)
    init_fn, apply_fn, kernel_fn = stax.serial(
        stax.Dense(512), stax.Relu(),
        stax.Dense(512), stax.Relu(),
        stax.Dense(1)
    )  # fmt: skip
    x1, x2 = rng.normal(size=(10, 100)), rng.normal(size=(20, 100))
    kernel = kernel_fn(x1, x2, "nngp")
    assert kernel.shape == (10, 20)

    nngp = kernel_fn(x1, x2, "nngp")
    ntk = kernel_fn(x1, x2, "ntk")
    both = kernel_fn(x1, x2, ("nngp", "ntk"))
    assert np.array_equal(both.nngp, nngp) and np.array_equal(both.ntk, ntk)
    nngp, ntk = kernel_fn(x1, x2, ("nngp", "ntk"))

    x_train, x_test, y_train = x1, x2, rng.uniform(size=(10, 1))
    predict_fn = nt.predict.gradient_descent_mse_ensemble(kernel_fn, x_train, y_train)
    y_test_nngp = predict_fn(x_test=x_test, get="nngp")
    y_test_ntk = predict_fn(x_test=x_test, get="ntk")
    both = predict_fn(x_test=x_test, get=("nngp", "ntk"))
    assert np.array_equal(both.nngp, y_test_nngp) and np.array_equal(both.ntk, y_test_ntk)
    _, covariance = predict_fn(x_test=x_test, get="nngp", compute_cov=True)
    assert covariance.shape == (20, 20)
    for refused in (init_fn, apply_fn):
        with pytest.raises(NotImplementedError, match="finite networks are in the Rust crate"):
            refused()
