"""What the Rust crate haarmonic offers, for arrays of NumPy."""

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarmonic.results import (
    Calibration,
    KernelMatrices,
    Marginals,
    Prediction,
    Score,
    SelectedHyperparameters,
    StoreReport,
)

_Floats = NDArray[np.float64]
_Progress = Callable[[int, int], object] | bool | None
_Path = str | os.PathLike[str]
_Criterion = Literal["evidence", "loo-probability", "loo-error"]

__version__: str

# --- Networks and kernels ------------------------------------------------------------------------------------------------------------

class Network:
    def __init__(self, text: str) -> None: ...
    @classmethod
    def read(cls, path: _Path) -> Network: ...
    def to_toml(self) -> str: ...
    @property
    def outputs(self) -> int: ...
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

class Kernel:
    def __init__(
        self,
        network: Network,
        *,
        tolerance: float | None = None,
        band_limit: int | None = None,
        precision: Literal["double", "single"] = "double",
        table_bytes: int | None = None,
        points: int | None = None,
        threads: int | None = None,
    ) -> None: ...
    @property
    def network(self) -> Network: ...
    def gram(self, x: ArrayLike, *, places: ArrayLike | None = None, progress: _Progress = None) -> KernelMatrices: ...
    def between(
        self, x1: ArrayLike, x2: ArrayLike, *, places: ArrayLike | None = None, progress: _Progress = None
    ) -> KernelMatrices: ...
    def diagonal(self, x: ArrayLike) -> tuple[_Floats, _Floats]: ...

class GramStore:
    def __init__(
        self,
        folder: _Path,
        kernel: Kernel,
        x1: ArrayLike,
        x2: ArrayLike | None = None,
        *,
        memory: int | None = None,
        side: int | None = None,
    ) -> None: ...
    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def tile_count(self) -> int: ...
    def complete(self, *, share: tuple[int, int] | None = None, progress: _Progress = None) -> StoreReport: ...
    def read(self) -> KernelMatrices: ...
    def write_npz(self, path: _Path) -> None: ...

# --- Prediction ----------------------------------------------------------------------------------------------------------------------

class _HasNngp(Protocol):
    @property
    def nngp(self) -> Any: ...

class Regression:
    def __init__(
        self,
        train: _HasNngp,
        targets: ArrayLike,
        *,
        kernel: str = "ntk",
        ridge: float | _Criterion = 0.0,
        relative: bool = False,
        learning_rate: float = 1.0,
    ) -> None: ...
    @property
    def ridge(self) -> float: ...
    def stable_learning_rate(self) -> float: ...
    @overload
    def mean(self, cross: _HasNngp | ArrayLike, t: float | None = None, *, steps: int | None = None) -> _Floats: ...
    @overload
    def mean(
        self, cross: _HasNngp | ArrayLike, t: Sequence[float] | None = None, *, steps: Sequence[int] | None = None
    ) -> list[_Floats]: ...
    @overload
    def predict(
        self, cross: _HasNngp, prior: ArrayLike, t: float | None = None, *, steps: int | None = None
    ) -> Prediction: ...
    @overload
    def predict(
        self,
        cross: _HasNngp,
        prior: ArrayLike,
        t: Sequence[float] | None = None,
        *,
        steps: Sequence[int] | None = None,
    ) -> list[Prediction]: ...
    @overload
    def marginals(
        self, cross: _HasNngp, prior: ArrayLike, t: float | None = None, *, steps: int | None = None
    ) -> Marginals: ...
    @overload
    def marginals(
        self,
        cross: _HasNngp,
        prior: ArrayLike,
        t: Sequence[float] | None = None,
        *,
        steps: Sequence[int] | None = None,
    ) -> list[Marginals]: ...
    @overload
    def train(self, t: float | None = None, *, steps: int | None = None) -> Prediction: ...
    @overload
    def train(self, t: Sequence[float] | None = None, *, steps: Sequence[int] | None = None) -> list[Prediction]: ...

class Evidence:
    def __init__(
        self, kernel: ArrayLike, targets: ArrayLike, *, ridge: float = 0.0, relative: bool = False
    ) -> None: ...
    @property
    def log_marginal_likelihood(self) -> float: ...
    @property
    def ridge(self) -> float: ...
    def cost(self, criterion: _Criterion) -> float: ...
    def leave_one_out(self) -> Marginals: ...
    def condition(self) -> float: ...

def select_hyperparameters(
    network: Network,
    x: ArrayLike,
    targets: ArrayLike,
    *,
    criterion: _Criterion = "evidence",
    kernel: Literal["nngp", "ntk"] = "nngp",
    noise: float = 1e-2,
    iterations: int = 50,
    progress: _Progress = None,
) -> SelectedHyperparameters: ...

# --- Scores --------------------------------------------------------------------------------------------------------------------------

def score(predictions: ArrayLike, targets: ArrayLike) -> Score: ...
def centred_one_hot(labels: Sequence[int] | NDArray[np.integer[Any]], classes: int) -> _Floats: ...
def accuracy(scores: ArrayLike, labels: Sequence[int] | NDArray[np.integer[Any]]) -> float: ...
def confusion(scores: ArrayLike, labels: Sequence[int] | NDArray[np.integer[Any]]) -> NDArray[np.uint64]: ...
def class_probabilities(mean: ArrayLike, variance: ArrayLike) -> _Floats: ...
def calibration(
    probabilities: ArrayLike, labels: Sequence[int] | NDArray[np.integer[Any]], bins: int = 10
) -> Calibration: ...

# --- Sets of signals, and molecules --------------------------------------------------------------------------------------------------

_Labels = Sequence[Sequence[int]]

class SetKernel:
    def __init__(
        self,
        kernel: Kernel,
        *,
        pairing: Literal["same-label", "all", "index"] = "same-label",
        normalised: bool = False,
        bias_variance: float = 0.0,
    ) -> None: ...
    def gram(self, x: ArrayLike, labels: _Labels, *, progress: _Progress = None) -> KernelMatrices: ...
    def between(
        self, x1: ArrayLike, labels1: _Labels, x2: ArrayLike, labels2: _Labels, *, progress: _Progress = None
    ) -> KernelMatrices: ...

class Molecule:
    def __init__(self, elements: Sequence[str], positions: ArrayLike, internal_energy: float = 0.0) -> None: ...
    @property
    def elements(self) -> list[str]: ...
    @property
    def atomic_numbers(self) -> list[int]: ...
    @property
    def positions(self) -> _Floats: ...
    @property
    def internal_energy(self) -> float: ...
    @property
    def atomisation_energy(self) -> float: ...
    @property
    def element_counts(self) -> list[int]: ...
    def rotated(self, alpha: float, beta: float, gamma: float) -> Molecule: ...
    def __len__(self) -> int: ...

def read_qm9(path: _Path, count: int | None = None) -> list[Molecule]: ...

class SphericalFeatures:
    def __init__(
        self,
        band_limit: int,
        *,
        powers: Sequence[float] = (2.0, 6.0),
        shells: Sequence[float] | None = None,
        shell_width: float = 0.3,
        shell_power: float = 0.0,
        shell_unit: float = 1.0,
        angular_width: float = ...,
        charge_exponent: float = 1.0,
        centre: float = 0.0,
    ) -> None: ...
    @property
    def channels(self) -> int: ...
    def coefficients(self, molecules: Sequence[Molecule]) -> NDArray[np.complex128]: ...
