"""What the Rust crate haarmonic offers, for arrays of NumPy."""

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, final, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from haarmonic.results import (
    AtDepth,
    Calibration,
    FixedPoint,
    KernelMatrices,
    Marginals,
    MeasuredRisk,
    PhaseDiagram,
    PredictedRisk,
    Prediction,
    RotationSpectrum,
    Score,
    SelectedHyperparameters,
    SelectedParameters,
    Spectrum,
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
    def formula(self, *, latex: bool = False) -> str: ...
    def _repr_latex_(self) -> str: ...
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
    def gram(self, x: ArrayLike | Sequence[Graph], *, places: ArrayLike | None = None, progress: _Progress = None) -> KernelMatrices: ...
    def between(
        self, x1: ArrayLike | Sequence[Graph], x2: ArrayLike | Sequence[Graph], *, places: ArrayLike | None = None, progress: _Progress = None
    ) -> KernelMatrices: ...
    def diagonal(self, x: ArrayLike | Sequence[Graph]) -> tuple[_Floats, _Floats]: ...
    def feature_map(self, x: ArrayLike, *, kind: Literal["ntk", "nngp"] = "ntk") -> _Floats: ...

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

class GaussianProcess:
    def __init__(
        self, kernel: ArrayLike, targets: ArrayLike, *, noise: float = 0.0, relative: bool = False
    ) -> None: ...
    @property
    def noise(self) -> float: ...
    def __len__(self) -> int: ...
    def extend(self, cross: ArrayLike, kernel: ArrayLike, targets: ArrayLike) -> None: ...
    def mean(self, cross: ArrayLike) -> _Floats: ...
    def predict(self, cross: ArrayLike, prior: ArrayLike) -> Prediction: ...
    def marginals(self, cross: ArrayLike, prior: ArrayLike) -> Marginals: ...
    def posterior_samples(
        self, cross: ArrayLike, prior_test: ArrayLike, prior_train: ArrayLike, *, seed: int
    ) -> _Floats: ...

def select_kernel(
    kernel: Callable[[_Floats], tuple[ArrayLike, ArrayLike | Sequence[ArrayLike]]],
    start: ArrayLike,
    targets: ArrayLike,
    *,
    criterion: _Criterion = "evidence",
    noise: float = 1e-2,
    fixed_noise: bool = False,
    iterations: int = 50,
) -> SelectedParameters: ...
def expected_improvement(
    mean: ArrayLike,
    variance: ArrayLike,
    best: float,
    *,
    goal: Literal["maximum", "minimum"] = "maximum",
    log: bool = False,
) -> _Floats: ...
def confidence_bound(
    mean: ArrayLike, variance: ArrayLike, deviations: float, *, goal: Literal["maximum", "minimum"] = "maximum"
) -> _Floats: ...

@overload
def loss_flow(
    k_train_train: ArrayLike,
    y_train: ArrayLike,
    t: float,
    k_test_train: ArrayLike | None = None,
    *,
    loss: Literal["cross-entropy", "logistic", "square"] = "cross-entropy",
    learning_rate: float = 1.0,
    friction: float | None = None,
    tolerance: float = 1e-8,
) -> _Floats: ...
@overload
def loss_flow(
    k_train_train: ArrayLike,
    y_train: ArrayLike,
    t: Sequence[float],
    k_test_train: ArrayLike | None = None,
    *,
    loss: Literal["cross-entropy", "logistic", "square"] = "cross-entropy",
    learning_rate: float = 1.0,
    friction: float | None = None,
    tolerance: float = 1e-8,
) -> list[_Floats]: ...

# --- Scores --------------------------------------------------------------------------------------------------------------------------

def score(predictions: ArrayLike, targets: ArrayLike) -> Score: ...
def centred_one_hot(labels: Sequence[int] | NDArray[np.integer[Any]], classes: int) -> _Floats: ...
def accuracy(scores: ArrayLike, labels: Sequence[int] | NDArray[np.integer[Any]]) -> float: ...
def confusion(scores: ArrayLike, labels: Sequence[int] | NDArray[np.integer[Any]]) -> NDArray[np.uint64]: ...
def class_probabilities(mean: ArrayLike, variance: ArrayLike) -> _Floats: ...
def calibration(
    probabilities: ArrayLike, labels: Sequence[int] | NDArray[np.integer[Any]], bins: int = 10
) -> Calibration: ...

# --- Spectra --------------------------------------------------------------------------------------------------------------------------

def network_spectra(network: Network, degrees: int) -> tuple[Spectrum, Spectrum]: ...
def class_spectrum(kernel: Callable[[_Floats], ArrayLike], degrees: int) -> RotationSpectrum: ...
def rotation_spectrum(kernel: Callable[[_Floats], ArrayLike], degrees: int, tolerance: float = 1e-10) -> RotationSpectrum: ...
def invariant_counts(signal: Sequence[int], degrees: int) -> list[int]: ...
def matrix_invariant_counts(matrices: ArrayLike, degrees: int) -> list[int]: ...
def permutation_invariant_counts(generators: Sequence[Sequence[int]], channels: int, degrees: int) -> list[int]: ...
def learned_by(eigenvalues: ArrayLike, times: ArrayLike) -> _Floats: ...
def simulated_curve(
    network: Network,
    power: ArrayLike,
    points: Sequence[int],
    *,
    kernel: Literal["ntk", "nngp"] = "ntk",
    ridge: float = 0.0,
    noise: float = 0.0,
    repeats: int = 20,
    seed: int = 0,
) -> list[MeasuredRisk]: ...

class EmpiricalSpectrum:
    def __init__(self, kernel: ArrayLike) -> None: ...
    @property
    def eigenvalues(self) -> _Floats: ...
    @property
    def doubtful(self) -> NDArray[np.bool_]: ...
    def coefficients(self, targets: ArrayLike) -> _Floats: ...
    def alignment(self, targets: ArrayLike, *, centred: bool = False) -> float: ...
    def cumulative_power(self, targets: ArrayLike) -> _Floats: ...
    def effective_dimension(self, ridge: float) -> float: ...
    def participation_ratio(self) -> float: ...
    def trace_over_largest(self) -> float: ...
    def stable_learning_rate(self, outputs: int = 1) -> float: ...
    def learning_curve(
        self, targets: ArrayLike, n: ArrayLike, *, noise: float = 0.0, ridge: float = 0.0
    ) -> list[PredictedRisk]: ...
    def generalised_cross_validation(self, targets: ArrayLike, ridge: float) -> float: ...

def learning_curve(
    eigenvalues: ArrayLike,
    multiplicities: ArrayLike,
    power: ArrayLike,
    n: ArrayLike,
    *,
    tail: float = 0.0,
    tail_power: float = 0.0,
    noise: float = 0.0,
    ridge: float = 0.0,
) -> list[PredictedRisk]: ...
def random_field(spectrum: ArrayLike, count: int | None = None, *, seed: int) -> NDArray[np.complex128]: ...
def random_field_so3(multipliers: ArrayLike, count: int | None = None, *, seed: int) -> NDArray[np.complex128]: ...

# --- Covariances ----------------------------------------------------------------------------------------------------------------------

@final
class Covariance:
    def __init__(
        self,
        space: Literal["sphere", "rotations"],
        family: Literal["heat", "matern"],
        length_scale: float,
        *,
        nu: float | None = None,
        variance: float = 1.0,
    ) -> None: ...
    def value(self, angle: ArrayLike) -> _Floats: ...
    def derivative(self, angle: ArrayLike, parameter: Literal["length_scale", "nu"] = "length_scale") -> _Floats: ...
    def gram(self, points: ArrayLike) -> _Floats: ...
    def cross(self, a: ArrayLike, b: ArrayLike) -> _Floats: ...
    def gram_derivative(self, points: ArrayLike, parameter: Literal["length_scale", "nu"] = "length_scale") -> _Floats: ...
    def spectrum(self, degrees: int) -> _Floats: ...
    def tail(self, degrees: int) -> float: ...
    def features(self, points: ArrayLike, degrees: int) -> _Floats: ...
    @property
    def space(self) -> Literal["sphere", "rotations"]: ...
    @property
    def family(self) -> Literal["heat", "matern"]: ...
    @property
    def length_scale(self) -> float: ...
    @property
    def nu(self) -> float | None: ...
    @property
    def variance(self) -> float: ...

def phases(network: Network) -> list[FixedPoint]: ...
def critical_points(network: Network, b_std: float | None = None) -> list[tuple[float, float]]: ...
def phase_diagram(network: Network, weight_variances: ArrayLike, bias_variances: ArrayLike) -> PhaseDiagram: ...
def at_depths(network: Network, gram: ArrayLike, labels: ArrayLike, depths: Sequence[int]) -> list[AtDepth]: ...
def at_depths_over_rotations(
    network: Network,
    coefficients: ArrayLike,
    labels: ArrayLike,
    depths: Sequence[int],
    *,
    rings: int = 24,
    intervals: int = 12,
) -> list[AtDepth]: ...

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

class Structure:
    @property
    def symbols(self) -> list[str]: ...
    @property
    def atomic_numbers(self) -> list[int]: ...
    @property
    def positions(self) -> _Floats: ...
    @property
    def forces(self) -> _Floats | None: ...
    @property
    def properties(self) -> dict[str, float]: ...
    def molecule(self, internal_energy: float = 0.0) -> Molecule: ...
    def graph(self, elements: Sequence[int]) -> Graph: ...
    def __len__(self) -> int: ...

def read_structures(path: _Path) -> list[Structure]: ...

class Graph:
    def __init__(self, features: ArrayLike, relations: Sequence[Sequence[tuple[int, int, float]]]) -> None: ...
    @staticmethod
    def undirected(features: ArrayLike, edges: Sequence[tuple[int, int]]) -> Graph: ...
    @property
    def features(self) -> _Floats: ...
    @property
    def relations(self) -> int: ...
    @property
    def edges(self) -> int: ...
    def __len__(self) -> int: ...

def read_tu(folder: _Path) -> tuple[list[Graph], _Floats]: ...
def read_edges(path: _Path, features: ArrayLike, relations: int = 1) -> Graph: ...
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
        cutoff: float | None = None,
        fade: float = 0.0,
    ) -> None: ...
    @property
    def channels(self) -> int: ...
    def coefficients(self, molecules: Sequence[Any]) -> NDArray[np.complex128]: ...

# --- The sphere and SO(3) -------------------------------------------------------------------------------------------------------------

_Layout = Literal["half", "full"]
_Sampling = Literal["gauss-legendre", "driscoll-healy", "mcewen-wiaux", "clenshaw-curtis"]
# ZYZ angles, a matrix, or a `scipy.spatial.transform.Rotation`.
_Rotation = ArrayLike | Any

@final
class Sht:
    def __new__(
        cls,
        lmax: int,
        sampling: _Sampling | Literal["healpix"] = "gauss-legendre",
        *,
        spin: int = 0,
        nside: int | None = None,
        longitudes: int | Literal["fast"] | None = None,
        threads: int | None = 1,
    ) -> Sht: ...
    @classmethod
    def on_rings(
        cls,
        lmax: int,
        theta: ArrayLike,
        nphi: ArrayLike,
        phi0: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        threads: int | None = 1,
    ) -> Sht: ...
    def analysis(
        self, samples: ArrayLike, *, layout: _Layout | None = None, iterations: int = 0
    ) -> NDArray[np.complex128]: ...
    def adjoint_synthesis(self, samples: ArrayLike, *, layout: _Layout | None = None) -> NDArray[np.complex128]: ...
    def synthesis(
        self,
        coefficients: ArrayLike,
        *,
        dtype: DTypeLike | None = None,
        layout: _Layout | None = None,
    ) -> NDArray[Any]: ...
    def adjoint_analysis(
        self,
        coefficients: ArrayLike,
        *,
        dtype: DTypeLike | None = None,
        layout: _Layout | None = None,
    ) -> NDArray[Any]: ...
    def gradient(
        self,
        coefficients: ArrayLike,
        *,
        dtype: DTypeLike | None = None,
        layout: _Layout | None = None,
    ) -> NDArray[Any]: ...
    def angles(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
    def weights(self) -> NDArray[np.float64] | None: ...
    @property
    def lmax(self) -> int: ...
    @property
    def spin(self) -> int: ...
    @property
    def sampling(self) -> str: ...
    @property
    def nside(self) -> int | None: ...
    @property
    def threads(self) -> int | None: ...
    @property
    def signal_shape(self) -> tuple[int, ...]: ...
    @property
    def half_shape(self) -> tuple[int, ...]: ...
    @property
    def full_shape(self) -> tuple[int, ...]: ...

@final
class CoefficientRotation:
    def __new__(cls, lmax: int, layout: _Layout = "half", *, threads: int | None = 1) -> CoefficientRotation: ...
    def rotate(self, coefficients: ArrayLike, rotation: _Rotation) -> NDArray[np.complex128]: ...
    @property
    def lmax(self) -> int: ...
    @property
    def layout(self) -> _Layout: ...
    @property
    def threads(self) -> int | None: ...

@final
class So3:
    def __new__(
        cls,
        L: int,
        N: int | None = None,
        sampling: _Sampling = "gauss-legendre",
        *,
        fast: bool = False,
    ) -> So3: ...
    def forward(self, samples: ArrayLike) -> NDArray[np.complex128]: ...
    def inverse(self, coefficients: ArrayLike, *, dtype: DTypeLike | None = None) -> NDArray[Any]: ...
    def evaluate(
        self, coefficients: ArrayLike, alpha: ArrayLike, beta: ArrayLike, gamma: ArrayLike
    ) -> NDArray[np.complex128]: ...
    def angles(
        self,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]: ...
    def weights(self) -> NDArray[np.float64]: ...
    @property
    def L(self) -> int: ...
    @property
    def N(self) -> int: ...
    @property
    def sampling(self) -> str: ...
    @property
    def signal_shape(self) -> tuple[int, int, int]: ...
    @property
    def coefficient_shape(self) -> tuple[int, int, int]: ...

@final
class BestRotation:
    def __new__(
        cls,
        quaternion: tuple[float, float, float, float],
        value: float,
        score: float,
        runner_up: float | None,
        steps: int,
    ) -> BestRotation: ...
    @property
    def rotation(self) -> Any: ...
    @property
    def matrix(self) -> NDArray[np.float64]: ...
    @property
    def euler(self) -> tuple[float, float, float]: ...
    @property
    def quaternion(self) -> tuple[float, float, float, float]: ...
    @property
    def value(self) -> float: ...
    @property
    def score(self) -> float: ...
    @property
    def runner_up(self) -> float | None: ...
    @property
    def steps(self) -> int: ...

@final
class RotationMatcher:
    def __new__(cls, lmax: int) -> RotationMatcher: ...
    def best_rotation(self, f: ArrayLike, g: ArrayLike, *, layout: _Layout | None = None) -> BestRotation: ...
    @property
    def lmax(self) -> int: ...

def best_rotation(f: ArrayLike, g: ArrayLike, *, layout: _Layout | None = None) -> BestRotation: ...
def correlate(
    f: ArrayLike, g: ArrayLike, *, plan: So3 | None = None, layout: _Layout | None = None
) -> NDArray[Any]: ...
def evaluate(
    coefficients: ArrayLike,
    theta: ArrayLike,
    phi: ArrayLike,
    *,
    dtype: DTypeLike | None = None,
    layout: _Layout | None = None,
    tolerance: float | None = None,
    threads: int | None = 1,
) -> NDArray[Any]: ...
def rotate_coefficients(
    coefficients: ArrayLike,
    rotation: _Rotation,
    *,
    layout: _Layout | None = None,
    threads: int | None = 1,
) -> NDArray[np.complex128]: ...
def sph_harm(l: ArrayLike, m: ArrayLike, theta: ArrayLike, phi: ArrayLike) -> NDArray[np.complex128]: ...
def sph_harm_all(lmax: int, theta: ArrayLike, phi: ArrayLike) -> NDArray[np.complex128]: ...
def wigner_d(l: int, beta: ArrayLike) -> NDArray[np.float64]: ...
def wigner_D(l: int, alpha: ArrayLike, beta: ArrayLike, gamma: ArrayLike) -> NDArray[np.complex128]: ...
def gaussian_beam(fwhm: float, lmax: int) -> NDArray[np.float64]: ...
def half_to_full(coefficients: ArrayLike) -> NDArray[np.complex128]: ...
def full_to_half(coefficients: ArrayLike) -> NDArray[np.complex128]: ...
def to_shtools(
    coefficients: ArrayLike,
    *,
    kind: Literal["real", "complex"] = "real",
    normalization: Literal["4pi", "ortho", "schmidt"] = "4pi",
    csphase: Literal[1, -1] = 1,
    layout: _Layout | None = None,
) -> NDArray[Any]: ...
def from_shtools(
    cilm: ArrayLike,
    *,
    normalization: Literal["4pi", "ortho", "schmidt"] = "4pi",
    csphase: Literal[1, -1] = 1,
) -> NDArray[np.complex128]: ...
def to_e3nn(
    coefficients: ArrayLike,
    *,
    normalization: Literal["component", "integral", "norm"] = "component",
    axes: Literal["same", "renamed"] = "same",
    layout: _Layout | None = None,
) -> NDArray[np.float64]: ...
def from_e3nn(
    components: ArrayLike,
    *,
    normalization: Literal["component", "integral", "norm"] = "component",
    axes: Literal["same", "renamed"] = "same",
) -> NDArray[np.complex128]: ...

# --- FITS files ----------------------------------------------------------------------------------------------------------------------

_Header = list[tuple[str, bool | int | float | str]]

def fits_read_map(
    path: _Path, fields: Sequence[int | str] | None, hdu: int, partial: bool
) -> tuple[_Floats, list[str], bool, _Header]: ...
def fits_write_map(
    path: _Path,
    values: ArrayLike,
    *,
    nested: bool,
    dtypes: Sequence[str],
    column_names: Sequence[str] | None,
    column_units: Sequence[str],
    coord: str | None,
    header: _Header,
    partial: bool,
    long_rows: bool,
) -> None: ...
def fits_read_alm(path: _Path, hdus: Sequence[int]) -> tuple[NDArray[np.complex128], int, int]: ...
def fits_write_alm(path: _Path, alm: ArrayLike, lmax: int, mmax: int, dtype: str) -> None: ...
def fits_read_cl(path: _Path) -> tuple[_Floats, list[str]]: ...
def fits_write_cl(
    path: _Path,
    values: ArrayLike,
    *,
    dtypes: Sequence[str],
    column_names: Sequence[str] | None,
    column_units: Sequence[str],
    header: _Header,
) -> None: ...

# end of sphere
