"""Types of the native module."""

from typing import Any, Literal, final

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

__version__: str

# sphere

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

# end of sphere
