"""Estimators for scikit-learn: regression and classification with the kernels of infinitely wide networks.

Kernel matrices also serve scikit-learn's own estimators, with `kernel="precomputed"`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from haarmonic import stax
from haarmonic._haarmonic import Kernel, Regression, centred_one_hot, class_probabilities
from haarmonic.results import Marginals

__all__ = ["NTKClassifier", "NTKRegressor"]

Floats = NDArray[np.float64]


class _NTKEstimator(BaseEstimator):  # type: ignore[misc]
    """What both estimators share: the kernel of the signals, and the regression."""

    def __init__(
        self,
        network: stax.Layer | None = None,
        *,
        kernel: Literal["ntk", "nngp"] = "ntk",
        ridge: float | Literal["evidence", "loo-probability", "loo-error"] = 1e-6,
        time: float | None = None,
        input_shape: Sequence[int] | None = None,
        tolerance: float | None = None,
    ) -> None:
        self.network = network
        self.kernel = kernel
        self.ridge = ridge
        self.time = time
        self.input_shape = input_shape
        self.tolerance = tolerance

    def _signals(self, X: Floats) -> Floats:
        return X if self.input_shape is None else X.reshape(len(X), *self.input_shape)

    def _fit(self, X: Floats, targets: Floats) -> None:
        network = _perceptron() if self.network is None else self.network
        self.X_fit_ = self._signals(X)
        self.kernel_ = Kernel(network[2].network(self.X_fit_.shape[1:]), tolerance=self.tolerance)
        gram = self.kernel_.gram(self.X_fit_)
        self.regression_ = Regression(gram, targets, kernel=self.kernel, ridge=self.ridge, relative=True)

    def _checked(self, X: ArrayLike) -> Floats:
        check_is_fitted(self)
        checked: Floats = validate_data(self, X, dtype=np.float64, allow_nd=True, reset=False)
        return self._signals(checked)

    def _mean(self, X: ArrayLike) -> Floats:
        signals = self._checked(X)
        return self.regression_.mean(self.kernel_.between(signals, self.X_fit_), self.time)

    def _marginals(self, X: ArrayLike) -> Marginals:
        signals = self._checked(X)
        prior, _ = self.kernel_.diagonal(signals)
        return self.regression_.marginals(self.kernel_.between(signals, self.X_fit_), prior, self.time)


def _perceptron() -> stax.Layer:
    """Two hidden layers with ReLU, and biases."""

    def dense() -> stax.Layer:
        return stax.Dense(512, W_std=2**0.5, b_std=0.5)

    return stax.serial(dense(), stax.Relu(), dense(), stax.Relu(), dense())


class NTKRegressor(RegressorMixin, _NTKEstimator):  # type: ignore[misc]
    """Regression by an ensemble of infinitely wide networks.

    Parameters
    ----------
    network : stax.Layer, optional
        What `stax.serial` returns; a perceptron with two hidden layers and ReLU unless stated.
    kernel : {"ntk", "nngp"}
        Train all parameters, or the last layer alone.
    ridge : float or {"evidence", "loo-probability", "loo-error"}
        A multiple of the mean diagonal entry of the kernel, or the criterion by which it is chosen on the training targets.
    time : float, optional
        The training time; until convergence unless stated.
    input_shape : tuple of int, optional
        The shape of one signal where `X` has one row per signal, such as (height, width, channels).
    tolerance : float, optional
        As in `haarmonic.Kernel`.

    Attributes
    ----------
    kernel_ : Kernel
    regression_ : Regression

    Examples
    --------
    >>> import numpy as np
    >>> from haarmonic.sklearn import NTKRegressor
    >>> X = np.linspace(0.0, 3.0, 20)[:, None]
    >>> model = NTKRegressor().fit(X, np.sin(X[:, 0]))
    >>> mean, deviation = model.predict([[1.5]], return_std=True)
    >>> bool(abs(mean[0] - np.sin(1.5)) < 0.01), deviation.shape
    (True, (1,))
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> NTKRegressor:
        """Fit training signals `[n, features]` (or `[n, ...]`) and targets `[n]` or `[n, outputs]`."""
        signals, targets = validate_data(self, X, y, dtype=np.float64, allow_nd=True, multi_output=True, y_numeric=True)
        self._fit(signals, np.asarray(targets, dtype=float))
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def predict(self, X: ArrayLike, return_std: bool = False) -> Any:
        """The mean in the form of the targets, and with `return_std` the standard deviation `[m]` of each point."""
        if not return_std:
            return self._mean(X)
        found = self._marginals(X)
        return found.mean, np.sqrt(found.variance)


class NTKClassifier(ClassifierMixin, _NTKEstimator):  # type: ignore[misc]
    """Classification: regression on one-hot targets by an ensemble of infinitely wide networks.

    Parameters and attributes are those of `NTKRegressor`.

    Examples
    --------
    >>> from haarmonic.sklearn import NTKClassifier
    >>> model = NTKClassifier().fit([[0.0], [0.2], [2.0], [2.2]], ["low", "low", "high", "high"])
    >>> model.predict([[0.1], [2.1]]).tolist()
    ['low', 'high']
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> NTKClassifier:
        """Fit training signals `[n, features]` (or `[n, ...]`) and labels `[n]`."""
        signals, targets = validate_data(self, X, y, dtype=np.float64, allow_nd=True)
        check_classification_targets(targets)
        self.classes_, labels = np.unique(targets, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y: found {len(self.classes_)} class, expected at least two")
        self._fit(signals, centred_one_hot(labels, len(self.classes_)))
        return self

    def decision_function(self, X: ArrayLike) -> Floats:
        """The scores `[m, classes]`; of two classes, the score of the second minus that of the first, `[m]`."""
        scores = self._mean(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The labels of the largest scores, `[m]`."""
        best = self._mean(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[best]
        return labels

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Probabilities of the classes `[m, classes]`, from mean and variance of the scores."""
        found = self._marginals(X)
        return class_probabilities(found.mean, found.variance)
