"""Predictions of ensembles of infinitely wide networks, with the names and conventions of `neural_tangents.predict`.

`haarmonic.Regression` is the interface of this package to the same computations: it takes kernel matrices, chooses a ridge, and returns
variances without covariances.

`conjugate_gradients` solves a regression of many points by shares of the kernel, in this process or on the workers of Dask.

`GaussianProcess` takes any covariance: it samples its posterior and takes further points; `select_kernel` chooses the parameters of a covariance,
`expected_improvement` and `confidence_bound` the next point to measure.

`FeatureRidge` and `LinearModel` are ridge regression in explicit features (`Kernel.feature_map`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarmonic._chosen import Chosen, names
from haarmonic._haarmonic import (
    FeatureRidge,
    GaussianProcess,
    LinearModel,
    Regression,
    confidence_bound,
    expected_improvement,
    loss_flow,
    select_kernel,
)
from haarmonic._many_points import conjugate_gradients
from haarmonic.results import Prediction

__all__ = [
    "FeatureRidge",
    "GaussianProcess",
    "LinearModel",
    "confidence_bound",
    "conjugate_gradients",
    "expected_improvement",
    "gp_inference",
    "gradient_descent_mse_ensemble",
    "loss_flow",
    "select_kernel",
]

_BOTH = ("nngp", "ntk")
_ALL = (*_BOTH, "ntkgp")

Get = str | Sequence[str] | None


class _EnsemblePredictFn(Protocol):
    def __call__(
        self, t: ArrayLike | None = None, x_test: ArrayLike | None = None, get: Get = None, compute_cov: bool = False
    ) -> Any: ...


class _InferencePredictFn(Protocol):
    def __call__(self, get: Get = None, k_test_train: Any = None, k_test_test: Any = None) -> Any: ...


def gradient_descent_mse_ensemble(
    kernel_fn: Callable[..., Any],
    x_train: ArrayLike,
    y_train: ArrayLike,
    learning_rate: float = 1.0,
    diag_reg: float = 0.0,
    diag_reg_absolute_scale: bool = False,
    **kernel_fn_kwargs: Any,
) -> _EnsemblePredictFn:
    """Predictions of an infinite ensemble of infinitely wide networks, trained by gradient flow on the mean square loss.

    The loss is half the square error, averaged over all entries of `y_train`.

    Parameters
    ----------
    kernel_fn : callable
        The third function of `stax.serial`.
    x_train : array_like
        Training signals, `[n, ...]`.
    y_train : array_like
        Targets, `[n, outputs]`.
    learning_rate : float
        The unit of time.
    diag_reg : float
        A number added to the diagonal of the kernel that is trained with.
    diag_reg_absolute_scale : bool
        `False` for `diag_reg` times the mean diagonal entry.
    **kernel_fn_kwargs
        Options for `kernel_fn`.

    Returns
    -------
    predict_fn : callable
        `predict_fn(t=None, x_test=None, get=None, compute_cov=False)`. `t` is a time or an array of times, of which the axes come first
        in the results; `None` is infinity. Without `x_test` it predicts the training points. `get` is "nngp", "ntk" or a tuple of them.
        The result is a mean `[m, outputs]`, or with `compute_cov` a pair of mean and covariance `[m, m]`.

    Examples
    --------
    >>> import numpy as np
    >>> from haarmonic import predict, stax
    >>> kernel_fn = stax.serial(stax.Dense(512), stax.Erf(), stax.Dense(1))[2]
    >>> x, y = np.array([[1.0], [2.0]]), np.array([[0.5], [-0.5]])
    >>> predict_fn = predict.gradient_descent_mse_ensemble(kernel_fn, x, y)
    >>> predict_fn(x_test=x, get="ntk").round(6)
    array([[ 0.5],
           [-0.5]])
    >>> mean, covariance = predict_fn(t=10.0, x_test=x, get="nngp", compute_cov=True)
    >>> mean.shape, covariance.shape
    ((2, 1), (2, 2))
    """
    x_train, y_train = np.asarray(x_train), np.asarray(y_train)

    @lru_cache(1)
    def train() -> Any:
        return kernel_fn(x_train, None, _BOTH, **kernel_fn_kwargs)

    @lru_cache(2)
    def model(kernel: str) -> Regression:
        return Regression(
            train(),
            y_train,
            kernel=kernel,
            ridge=diag_reg,
            relative=not diag_reg_absolute_scale,
            learning_rate=learning_rate,
        )

    def predict_fn(
        t: ArrayLike | None = None, x_test: ArrayLike | None = None, get: Get = None, compute_cov: bool = False
    ) -> Any:
        wanted = names(get, _BOTH, _BOTH)
        cross = None if x_test is None else kernel_fn(np.asarray(x_test), x_train, _BOTH, **kernel_fn_kwargs)
        prior = None
        if x_test is not None and compute_cov:
            prior = kernel_fn(np.asarray(x_test), None, "nngp", **kernel_fn_kwargs)

        def one(kernel: str) -> Any:
            if cross is None:
                found = _at(t, model(kernel).train)
                return found if compute_cov else found.mean
            if prior is None:
                return _at(t, lambda times: model(kernel).mean(cross, times))
            return _at(t, lambda times: model(kernel).predict(cross, prior, times))

        return _chosen(get, {kernel: one(kernel) for kernel in wanted})

    return predict_fn


def gp_inference(
    k_train_train: Any,
    y_train: ArrayLike,
    diag_reg: float = 0.0,
    diag_reg_absolute_scale: bool = False,
) -> _InferencePredictFn:
    """The posterior of Gaussian processes, and the limit of infinite training time.

    Parameters
    ----------
    k_train_train : KernelMatrices, or array_like
        Kernels of the training signals with each other, `[n, n]`: an object with the fields `nngp` or `ntk` or both, or the matrix of the
        one kernel that will be asked for.
    y_train : array_like
        Targets, `[n, outputs]`.
    diag_reg, diag_reg_absolute_scale
        As in `gradient_descent_mse_ensemble`.

    Returns
    -------
    predict_fn : callable
        `predict_fn(get=None, k_test_train=None, k_test_test=None)`. `get` is "nngp" (the posterior of the network with trained last
        layer), "ntk" (the ensemble after training), "ntkgp" (the posterior with the NTK as the prior) or a tuple of them. The kernels are
        objects or matrices as above. Without `k_test_train` it returns the training targets. With `k_test_test` the result is a pair of
        mean and covariance.

    Examples
    --------
    >>> from haarmonic import predict
    >>> predict_fn = predict.gp_inference([[1.0]], [[2.0]], diag_reg=1.0)
    >>> mean, covariance = predict_fn("nngp", k_test_train=[[0.5]], k_test_test=[[1.0]])
    >>> mean, covariance
    (array([[0.5]]), array([[0.875]]))
    """
    y_train = np.asarray(y_train)

    @lru_cache(3)
    def model(kind: str) -> Regression:
        kernel = "ntk" if kind == "ntk" else "nngp"
        # Means alone need no NNGP.
        train = _kernels(k_train_train, kind)
        return Regression(train, y_train, kernel=kernel, ridge=diag_reg, relative=not diag_reg_absolute_scale)

    def predict_fn(get: Get = None, k_test_train: Any = None, k_test_test: Any = None) -> Any:
        wanted = names(get, _ALL, _BOTH)

        def one(kind: str) -> Any:
            if k_test_train is None:
                n = len(y_train)
                return y_train if k_test_test is None else Prediction(y_train.astype(float), np.zeros((n, n)))
            cross = _kernels(k_test_train, kind)
            if k_test_test is None:
                return model(kind).mean(cross)
            if kind == "ntk" and not (hasattr(k_train_train, "nngp") and hasattr(k_test_train, "nngp")):
                raise ValueError(
                    "get: found 'ntk' with k_test_test, expected k_train_train and k_test_train with the fields nngp and ntk"
                )
            return model(kind).predict(cross, _field(k_test_test, "ntk" if kind == "ntkgp" else "nngp"))

        return _chosen(get, {kind: one(kind) for kind in wanted})

    return predict_fn


def _field(kernels: Any, name: str) -> NDArray[np.float64]:
    """A matrix by its name, or the only matrix there is."""
    return np.asarray(getattr(kernels, name, kernels), dtype=float)


def _kernels(kernels: Any, kind: str) -> SimpleNamespace:
    """The fields that `Regression` reads."""
    if kind == "ntkgp":
        return SimpleNamespace(nngp=_field(kernels, "ntk"))
    if kind == "nngp":
        return SimpleNamespace(nngp=_field(kernels, "nngp"))
    ntk = _field(kernels, "ntk")
    return SimpleNamespace(ntk=ntk, nngp=_field(kernels, "nngp") if hasattr(kernels, "nngp") else ntk)


def _at(t: ArrayLike | None, compute: Callable[[Any], Any]) -> Any:
    """Results at a time, or at an array of times, whose axes come first."""
    if t is None:
        return compute(None)
    times = np.asarray(t, dtype=float)
    if times.ndim == 0:
        return compute(float(times))
    found = compute(times.ravel().tolist())

    def stacked(each: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        return np.stack(each).reshape(times.shape + each[0].shape)

    if isinstance(found[0], Prediction):
        return Prediction(stacked([one.mean for one in found]), stacked([one.covariance for one in found]))
    return stacked(found)


def _chosen(get: Get, found: dict[str, Any]) -> Any:
    """The one result that was asked for by a string, or a named tuple."""
    if isinstance(get, str):
        return found[get]
    return Chosen(tuple(found), SimpleNamespace(**found))
