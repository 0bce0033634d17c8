"""Layers of infinitely wide networks, with the names and conventions of `neural_tangents.stax`.

`serial` joins layers and returns `(init_fn, apply_fn, kernel_fn)`. The kernel function takes arrays as `neural_tangents` does: vectors
`[n, dimension]` and images `[n, height, width, channels]`; and, after a `Lifting` to SO(3), signals on the sphere.

Beyond `neural_tangents` there are equivariant layers (`Lifting`, `GroupConv`, `GroupPool`, `PartialPool`, `Outputs`) and error estimates.

>>> import numpy as np
>>> from haarmonic import stax
>>> init_fn, apply_fn, kernel_fn = stax.serial(
...     stax.Dense(512), stax.Relu(),
...     stax.Dense(512), stax.Relu(),
...     stax.Dense(1)
... )
>>> rng = np.random.default_rng(1)
>>> x1, x2 = rng.normal(size=(10, 100)), rng.normal(size=(20, 100))
>>> nngp, ntk = kernel_fn(x1, x2, ("nngp", "ntk"))
>>> nngp.shape, ntk.shape
((10, 20), (10, 20))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, NoReturn, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarmonic._chosen import Chosen, names
from haarmonic._compose import PLANE_GROUPS, Part, flattens_input, joined, network_text
from haarmonic._compose import residual as residual_part
from haarmonic._haarmonic import Kernel, Network
from haarmonic.results import KernelMatrices

__all__ = [
    "ABRelu",
    "Abs",
    "AvgPool",
    "Conv",
    "Cos",
    "Dense",
    "Elu",
    "Erf",
    "Exp",
    "FanInSum",
    "FanOut",
    "Flatten",
    "Gaussian",
    "Gelu",
    "GlobalAvgPool",
    "GroupConv",
    "GroupPool",
    "Hermite",
    "Identity",
    "KernelFn",
    "Layer",
    "LayerNorm",
    "LeakyRelu",
    "Lifting",
    "Monomial",
    "Outputs",
    "PartialPool",
    "RectifiedMonomial",
    "Relu",
    "Sigmoid",
    "Sigmoid_like",
    "Sign",
    "Silu",
    "Sin",
    "Softplus",
    "Tanh",
    "network",
    "parallel",
    "residual",
    "serial",
]

Progress = Callable[[int, int], object] | bool | None
Group = Literal["C1", "C2", "C4", "D1", "D2", "D4", "SO3"]
Sampling = Literal["coefficients", "driscoll-healy", "gauss-legendre", "mcewen-wiaux", "clenshaw-curtis"]

_FIELDS = KernelMatrices._fields


@dataclass(frozen=True)
class KernelFn:
    """The kernel function of some layers: the third function that a layer and `serial` return.

    Call it with signals:

    Parameters
    ----------
    x1 : array_like
        Signals of the rows, `[n1, ...]`; their shape is the input shape of the network.
    x2 : array_like, optional
        Signals of the columns, `[n2, ...]`; the rows unless stated.
    get : str or tuple of str, optional
        Names among "nngp", "ntk", "nngp_error" and "ntk_error". For one name the result is an array, for several a named tuple of them,
        without a name `KernelMatrices`, which has all four.
    tolerance, band_limit, threads, progress
        As in `haarmonic.Kernel` and `haarmonic.Kernel.gram`.

    Examples
    --------
    >>> from haarmonic import stax
    >>> kernel_fn = stax.serial(stax.Dense(512), stax.Relu(), stax.Dense(1))[2]
    >>> kernel_fn([[1.0, 1.0]], get="ntk")
    array([[1.]])
    >>> both = kernel_fn([[1.0, 1.0]], None, ("nngp", "ntk"))
    >>> both.nngp, both.ntk_error
    (array([[0.5]]), 0.0)
    """

    parts: tuple[Part, ...]
    _kernels: dict[tuple[Any, ...], Kernel] = field(default_factory=dict, repr=False, compare=False)

    @overload
    def __call__(
        self,
        x1: ArrayLike,
        x2: ArrayLike | None = None,
        get: None = None,
        *,
        tolerance: float | None = None,
        band_limit: int | None = None,
        threads: int | None = None,
        progress: Progress = None,
    ) -> KernelMatrices: ...
    @overload
    def __call__(
        self,
        x1: ArrayLike,
        x2: ArrayLike | None = None,
        get: str = ...,
        *,
        tolerance: float | None = None,
        band_limit: int | None = None,
        threads: int | None = None,
        progress: Progress = None,
    ) -> NDArray[np.float64]: ...
    @overload
    def __call__(
        self,
        x1: ArrayLike,
        x2: ArrayLike | None = None,
        get: Sequence[str] = ...,
        *,
        tolerance: float | None = None,
        band_limit: int | None = None,
        threads: int | None = None,
        progress: Progress = None,
    ) -> Chosen: ...
    def __call__(
        self,
        x1: ArrayLike,
        x2: ArrayLike | None = None,
        get: str | Sequence[str] | None = None,
        *,
        tolerance: float | None = None,
        band_limit: int | None = None,
        threads: int | None = None,
        progress: Progress = None,
    ) -> KernelMatrices | NDArray[np.float64] | Chosen:
        x1 = np.asarray(x1)
        chosen = None if get is None else names(get, _FIELDS, _FIELDS)
        options = (x1.shape[1:], tolerance, band_limit, threads)
        kernel = self._kernels.get(options)
        if kernel is None:
            network = self.network(x1.shape[1:])
            kernel = Kernel(network, tolerance=tolerance, band_limit=band_limit, threads=threads)
            self._kernels[options] = kernel
        flat = flattens_input(self.parts, x1.shape[1:])
        rows = x1.reshape(len(x1), -1) if flat else x1
        if x2 is None:
            found = kernel.gram(rows, progress=progress)
        else:
            x2 = np.asarray(x2)
            if x2.shape[1:] != x1.shape[1:]:
                raise ValueError(
                    f"x2: expected signals of shape {list(x1.shape[1:])}, those of x1, found {list(x2.shape[1:])}"
                )
            columns = x2.reshape(len(x2), -1) if flat else x2
            found = kernel.between(rows, columns, progress=progress)
        if chosen is None:
            return found
        if isinstance(get, str):
            one: NDArray[np.float64] = getattr(found, get)
            return one
        return Chosen(chosen, found)

    def network(self, input_shape: Sequence[int]) -> Network:
        """The network on signals of this shape, without the axis of the batch."""
        return Network(network_text(self.parts, tuple(input_shape)))

    def __reduce__(self) -> tuple[type[KernelFn], tuple[tuple[Part, ...]]]:
        return KernelFn, (self.parts,)


class Layer(NamedTuple):
    """The three functions of a layer, as in neural-tangents; two of them refuse."""

    init_fn: Callable[..., NoReturn]
    apply_fn: Callable[..., NoReturn]
    kernel_fn: KernelFn


def _init_fn(*_args: object, **_options: object) -> NoReturn:
    raise NotImplementedError(
        "init_fn: this package has the kernels of infinitely wide networks; finite networks are in the Rust crate haarmonic, "
        "module finite_width"
    )


def _apply_fn(*_args: object, **_options: object) -> NoReturn:
    raise NotImplementedError(
        "apply_fn: this package has the kernels of infinitely wide networks; finite networks are in the Rust crate haarmonic, "
        "module finite_width"
    )


def _layer(parts: Sequence[Part]) -> Layer:
    return Layer(_init_fn, _apply_fn, KernelFn(tuple(parts)))


def _one(kind: str, **keys: Any) -> Layer:
    return _layer([Part(kind, keys)])


# --- How layers are joined -----------------------------------------------------------------------------------------------------------


def serial(*layers: Layer) -> Layer:
    """Join layers, from input to output.

    Returns
    -------
    init_fn, apply_fn, kernel_fn
        The first two raise `NotImplementedError`; the third computes kernels (`KernelFn`).

    Examples
    --------
    >>> from haarmonic import stax
    >>> init_fn, apply_fn, kernel_fn = stax.serial(stax.Dense(512), stax.Erf(), stax.Dense(1))
    >>> kernel_fn([[3.0, 4.0]], get="nngp").round(4)
    array([[0.8229]])
    """
    return _layer(joined(part for layer in layers for part in layer.kernel_fn.parts))


def residual(*layers: Layer, shortcut: Layer | None = None) -> Layer:
    """The sum of a branch of layers, which ends in a layer with weights, and of the unchanged features or a second branch.

    It is `serial(FanOut(2), parallel(serial(*layers), shortcut or Identity()), FanInSum())`.

    Examples
    --------
    >>> from haarmonic import stax
    >>> kernel_fn = stax.serial(stax.Dense(512), stax.residual(stax.Relu(), stax.Dense(512)), stax.Relu(), stax.Dense(1))[2]
    >>> kernel_fn([[1.0, 1.0]], get="nngp")
    array([[0.75]])
    """
    branch = serial(*layers).kernel_fn.parts
    other = shortcut.kernel_fn.parts if shortcut is not None else ()
    return _layer([residual_part((branch, joined(other)))])


def FanOut(num: int) -> Layer:
    """Two copies of the features, for `parallel` and `FanInSum` (see `residual`).

    Examples
    --------
    >>> from haarmonic import stax
    >>> block = stax.serial(stax.FanOut(2), stax.parallel(stax.Dense(1), stax.Dense(1, 2.0)), stax.FanInSum())
    >>> stax.serial(stax.Dense(1), block).kernel_fn([[1.0]], get="nngp")
    array([[5.]])
    """
    if num != 2:
        raise NotImplementedError(f"FanOut: found {num} branches, expected 2; nest residual for more")
    return _one("fan-out")


def parallel(*layers: Layer) -> Layer:
    """Two branches between `FanOut(2)` and `FanInSum()`; one may be `Identity()`.

    Examples
    --------
    >>> from haarmonic import stax
    >>> block = stax.serial(stax.FanOut(2), stax.parallel(stax.Dense(1), stax.Dense(1, 2.0)), stax.FanInSum())
    >>> stax.serial(stax.Dense(1), block).kernel_fn([[1.0]], get="nngp")
    array([[5.]])
    """
    if len(layers) != 2:
        raise NotImplementedError(f"parallel: found {len(layers)} branches, expected 2; nest residual for more")
    branches = tuple(joined(layer.kernel_fn.parts) for layer in layers)
    return _layer([Part("parallel", branches=branches)])


def FanInSum() -> Layer:
    """The sum of the two branches of `parallel`.

    Examples
    --------
    >>> from haarmonic import stax
    >>> block = stax.serial(stax.FanOut(2), stax.parallel(stax.Dense(1), stax.Dense(1, 2.0)), stax.FanInSum())
    >>> stax.serial(stax.Dense(1), block).kernel_fn([[1.0]], get="nngp")
    array([[5.]])
    """
    return _one("fan-in-sum")


def Identity() -> Layer:
    """The unchanged features.

    Examples
    --------
    >>> from haarmonic import stax
    >>> block = stax.serial(stax.FanOut(2), stax.parallel(stax.Dense(1), stax.Identity()), stax.FanInSum())
    >>> stax.serial(stax.Dense(1), block).kernel_fn([[1.0]], get="nngp")
    array([[2.]])
    """
    return _one("identity")


def network(input_shape: Sequence[int], *layers: Layer) -> Network:
    """The network of some layers on signals of a shape, without the axis of the batch.

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.network((8, 8, 1), stax.Conv(64, (3, 3)), stax.Relu(), stax.GlobalAvgPool(), stax.Dense(1)).outputs
    1
    """
    return serial(*layers).kernel_fn.network(input_shape)


# --- Layers with weights -------------------------------------------------------------------------------------------------------------


def _init(W_std: float, b_std: float | None, parameterization: str = "ntk") -> dict[str, float]:
    if parameterization != "ntk":
        raise NotImplementedError(f"parameterization: found {parameterization!r}, expected 'ntk'")
    return {"weight_std": float(W_std), "bias_std": 0.0 if b_std is None else float(b_std)}


def _window(filter_shape: Sequence[int] | None, strides: Sequence[int] | None, padding: str) -> dict[str, Any]:
    if filter_shape is None:
        if strides is not None and any(stride != 1 for stride in strides):
            raise ValueError(f"strides: found {tuple(strides)} without a filter_shape, expected both")
        return {}
    if padding.upper() not in ("VALID", "SAME", "CIRCULAR"):
        raise ValueError(f"padding: found {padding!r}, expected 'VALID', 'SAME' or 'CIRCULAR'")
    keys: dict[str, Any] = {"filter": [int(size) for size in filter_shape], "padding": padding.lower()}
    if strides is not None:
        keys["stride"] = [int(stride) for stride in strides]
    return keys


def Dense(out_dim: int, W_std: float = 1.0, b_std: float | None = None, *, parameterization: str = "ntk") -> Layer:
    """A dense layer; on images and other features, one map for all points.

    Parameters
    ----------
    out_dim : int
        The number of outputs, which kernels do not depend on.
    W_std, b_std : float
        Standard deviations of weights and biases; weights are divided by the root of the number of inputs.

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.Dense(1, W_std=2.0, b_std=1.0).kernel_fn([[3.0, 4.0]], get="nngp")    # 4 (9 + 16) / 2 + 1
    array([[51.]])
    """
    del out_dim
    return _one("dense", **_init(W_std, b_std, parameterization))


def Conv(
    out_chan: int,
    filter_shape: Sequence[int],
    strides: Sequence[int] | None = None,
    padding: str = "VALID",
    W_std: float = 1.0,
    b_std: float | None = None,
    *,
    parameterization: str = "ntk",
) -> Layer:
    """A convolution on images.

    Parameters
    ----------
    out_chan : int
        The number of channels, which kernels do not depend on.
    filter_shape : (int, int)
        Rows and columns of the filter, odd numbers.
    strides : (int, int), optional
        Pixels from one window to the next, down and across; (1, 1) unless stated.
    padding : {"VALID", "SAME", "CIRCULAR"}
        What lies beyond the edge: nothing, zeros, or the opposite edge. With strides, the smaller half of the padding lies before the
        first pixel.
    W_std, b_std : float
        Standard deviations of weights and biases.

    Examples
    --------
    >>> import numpy as np
    >>> from haarmonic import stax
    >>> layers = stax.serial(stax.Conv(1, (3, 3), padding="SAME"), stax.Flatten(), stax.Dense(1))
    >>> layers.kernel_fn(np.ones((1, 4, 4, 1)), get="nngp").round(4)    # the edges see zeros
    array([[0.6944]])
    """
    del out_chan
    return _one("conv", **_window(filter_shape, strides, padding), **_init(W_std, b_std, parameterization))


def _profile(**profiles: Any) -> dict[str, Any]:
    """The filter on the sphere, of which there is at most one."""
    given = {name: value for name, value in profiles.items() if value is not None}
    if len(given) > 1:
        raise ValueError(f"filter: found {' and '.join(given)}, expected one of them")
    return {name: list(value) if isinstance(value, Sequence) else float(value) for name, value in given.items()}


def Lifting(
    out_chan: int = 1,
    filter_shape: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
    padding: str = "VALID",
    W_std: float = 1.0,
    b_std: float | None = None,
    *,
    group: Group,
    cap: float | None = None,
    ring: Sequence[float] | None = None,
    gaussian: float | None = None,
    heat: float | None = None,
    legendre: Sequence[float] | None = None,
    sampling: Sampling = "coefficients",
) -> Layer:
    """The first layer of an equivariant network: from signals to functions on a group.

    Parameters
    ----------
    out_chan : int
        The number of channels, which kernels do not depend on.
    filter_shape, strides, padding
        For images, as in `Conv`; without a filter shape, the whole image with opposite edges joined.
    W_std, b_std : float
        Standard deviations of weights and biases.
    group : {"C1", "C2", "C4", "D1", "D2", "D4", "SO3"}
        Turns (C) of images, turns and mirrors (D), or rotations of the sphere.
    cap, ring, gaussian, heat, legendre : optional
        At most one of them, for the sphere: a cap up to an angle, a ring between two angles, a Gaussian of a width, all in radians; heat
        after a time; or factors of the degrees. Without one, the filter is the whole sphere.
    sampling : str
        For the sphere: how signals are given. "coefficients": complex, `[n, channels, L, 2 L - 1]`, entry `[l, m + L - 1]`; otherwise real
        samples `[n, θ, φ, channels]` on the grid of that name.

    Examples
    --------
    An invariant network sees a signal and its quarter turn as one:

    >>> import numpy as np
    >>> from haarmonic import stax
    >>> kernel_fn = stax.serial(
    ...     stax.Lifting(64, (3, 3), group="C4"), stax.Relu(), stax.GroupPool(), stax.Dense(1)
    ... )[2]
    >>> x = np.random.default_rng(0).normal(size=(1, 6, 6, 1))
    >>> turned = np.rot90(x, axes=(1, 2))
    >>> bool(np.allclose(kernel_fn(x, get="ntk"), kernel_fn(x, turned, get="ntk"), rtol=1e-12))
    True
    """
    del out_chan
    profile = _profile(cap=cap, ring=ring, gaussian=gaussian, heat=heat, legendre=legendre)
    keys: dict[str, Any] = {"group": group}
    if group == "SO3":
        if filter_shape is not None:
            raise ValueError("filter_shape: found one on the sphere, expected cap, ring, gaussian, heat or legendre")
        keys |= {"sampling": sampling, **profile}
    elif group in PLANE_GROUPS:
        if profile:
            raise ValueError(f"{next(iter(profile))}: found a filter of the sphere on images, expected filter_shape")
        keys |= _window(filter_shape, strides, padding)
    else:
        raise ValueError(f"group: found {group!r}, expected one of {', '.join(PLANE_GROUPS)}, SO3")
    return _one("lifting", **keys, **_init(W_std, b_std))


def GroupConv(
    out_chan: int = 1,
    filter_shape: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
    padding: str = "VALID",
    W_std: float = 1.0,
    b_std: float | None = None,
    *,
    cap: float | None = None,
    ring: Sequence[float] | None = None,
    gaussian: float | None = None,
    heat: float | None = None,
    legendre: Sequence[float] | None = None,
) -> Layer:
    """A convolution over the group of the `Lifting`, with filters as there.

    Examples
    --------
    >>> import numpy as np
    >>> from haarmonic import stax
    >>> one = np.zeros((1, 1, 2, 3), complex)    # the constant function 1
    >>> one[0, 0, 0, 1] = np.sqrt(4 * np.pi)
    >>> layers = stax.serial(stax.Lifting(group="SO3"), stax.Erf(), stax.GroupConv(cap=0.5, W_std=2.0), stax.GroupPool())
    >>> layers.kernel_fn(one, tolerance=1e-8).nngp.round(4)
    array([[1.8582]])
    """
    del out_chan
    profile = _profile(cap=cap, ring=ring, gaussian=gaussian, heat=heat, legendre=legendre)
    return _one("group-convolution", **_window(filter_shape, strides, padding), **profile, **_init(W_std, b_std))


# --- Pooling, and what the outputs are -----------------------------------------------------------------------------------------------


def AvgPool(
    window_shape: Sequence[int],
    strides: Sequence[int] | None = None,
    padding: str = "VALID",
    normalize_edges: bool = False,
) -> Layer:
    """Means over windows of pixels.

    Parameters
    ----------
    window_shape : (int, int)
        Rows and columns of a window.
    strides : (int, int), optional
        Pixels from one window to the next; (1, 1) unless stated, as in neural-tangents.
    padding : {"VALID", "SAME", "CIRCULAR"}
        What lies beyond the edge, as in `Conv`. Zeros count as pixels of the mean.
    normalize_edges : bool
        False only.

    Examples
    --------
    >>> import numpy as np
    >>> from haarmonic import stax
    >>> layers = stax.serial(
    ...     stax.Conv(1, (3, 3), padding="SAME"), stax.Relu(), stax.AvgPool((2, 2), (2, 2)), stax.Flatten(), stax.Dense(1)
    ... )
    >>> layers.kernel_fn(np.ones((1, 4, 4, 1)), get="nngp").round(4)
    array([[0.2902]])
    """
    if normalize_edges:
        raise NotImplementedError("normalize_edges: found True, expected False: zeros beyond the edge count as pixels")
    keys = _window(window_shape, strides or (1, 1), padding)
    return _one("average-pooling", window=keys["filter"], stride=keys["stride"], padding=keys["padding"])


def GlobalAvgPool() -> Layer:
    """The mean over all pixels; after a `Lifting`, over the group (`GroupPool`).

    Examples
    --------
    >>> import numpy as np
    >>> from haarmonic import stax
    >>> layers = stax.serial(stax.Conv(1, (3, 3), padding="SAME"), stax.GlobalAvgPool(), stax.Dense(1))
    >>> layers.kernel_fn(np.ones((1, 4, 4, 1)), get="nngp").round(4)    # all pixels meet
    array([[0.5017]])
    """
    return _one("group-pooling")


def GroupPool() -> Layer:
    """The mean over the group, which makes the outputs invariant.

    Examples
    --------
    >>> import numpy as np
    >>> from haarmonic import stax
    >>> one = np.zeros((1, 1, 2, 3), complex)    # the constant function 1
    >>> one[0, 0, 0, 1] = np.sqrt(4 * np.pi)
    >>> layers = stax.serial(stax.Lifting(group="SO3", cap=0.5), stax.Erf(), stax.GroupPool())
    >>> layers.kernel_fn(one, tolerance=1e-8).nngp.round(4)
    array([[0.4646]])
    """
    return _one("group-pooling")


def PartialPool() -> Layer:
    """On the sphere, the mean over rotations about the axis of the filter: from functions on SO(3) to functions on the sphere.

    Examples
    --------
    >>> import numpy as np
    >>> from haarmonic import stax
    >>> one = np.zeros((1, 1, 2, 3), complex)    # the constant function 1
    >>> one[0, 0, 0, 1] = np.sqrt(4 * np.pi)
    >>> layers = stax.serial(stax.Lifting(group="SO3", cap=0.5), stax.PartialPool(), stax.Outputs(points=[[0.3, 0.1]]))
    >>> layers.kernel_fn(one, tolerance=1e-8).nngp.round(4)
    array([[1.]])
    """
    return _one("partial-pooling")


def Flatten() -> Layer:
    """All features of an image side by side in one vector. As the first layer, it makes vectors of images.

    Examples
    --------
    >>> import numpy as np
    >>> from haarmonic import stax
    >>> layers = stax.serial(stax.Conv(1, (3, 3), padding="SAME"), stax.Flatten(), stax.Dense(1))
    >>> layers.kernel_fn(np.ones((1, 4, 4, 1)), get="nngp").round(4)    # pixels meet themselves
    array([[0.6944]])
    """
    return _one("flatten")


def Outputs(
    *,
    rotations: ArrayLike | None = None,
    points: ArrayLike | None = None,
    sampling: Sampling | None = None,
    band_limit: int | None = None,
) -> Layer:
    """The last layer of a network on the sphere without `GroupPool`: the places at which its features are read.

    With P places, kernel matrices have P rows per signal, signal after signal.

    Parameters
    ----------
    rotations : array_like, optional
        ZYZ angles α, β, γ in radians, `[P, 3]`.
    points : array_like, optional
        Colatitudes and longitudes in radians, `[P, 2]`, after `PartialPool`.
    sampling, band_limit : optional
        A grid in place of a list.

    Examples
    --------
    >>> import numpy as np
    >>> from haarmonic import stax
    >>> kernel_fn = stax.serial(
    ...     stax.Lifting(group="SO3", cap=0.9), stax.Erf(), stax.PartialPool(), stax.Outputs(points=[[0.0, 0.0], [1.0, 0.5]])
    ... )[2]
    >>> kernel_fn(np.ones((3, 1, 2, 3), complex) * [[0, 1, 0]], band_limit=4).nngp.shape
    (6, 6)
    """
    keys: dict[str, Any] = {"sampling": sampling, "bandlimit": band_limit}
    for name, value, columns in (("rotations", rotations, 3), ("points", points, 2)):
        if value is not None:
            angles = np.asarray(value, dtype=float)
            if angles.ndim != 2 or angles.shape[1] != columns:
                raise ValueError(f"{name}: expected shape [P, {columns}], found {list(angles.shape)}")
            keys[name] = angles.tolist()
    return _one("outputs", **keys)


def LayerNorm(axis: int = -1, eps: float = 1e-12) -> Layer:
    """The division of features by their root mean square over the channels: K / √(q q') and Θ / √(q q').

    Parameters
    ----------
    axis : int
        The axis of the channels, -1.
    eps : float
        A number that other programs add to the variances; not used here. A variance of zero has the result zero.

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.LayerNorm()).kernel_fn([[3.0, 4.0]], get="nngp").round(4)
    array([[1.]])
    """
    del eps
    if axis != -1:
        raise NotImplementedError(f"LayerNorm: found axis={axis}, expected -1, the axis of the channels")
    return _one("normalisation")


# --- Activations ---------------------------------------------------------------------------------------------------------------------


def _activation(function: str, **parameter: Any) -> Layer:
    return _one("activation", function=function, **parameter)


def _plain(name: str, found: dict[str, float], plain: dict[str, float]) -> None:
    """Refuse factors: they belong to the layers before and after."""
    if found != plain:
        values = ", ".join(f"{key}={value}" for key, value in found.items())
        defaults = ", ".join(f"{key}={value}" for key, value in plain.items())
        raise NotImplementedError(
            f"{name}: found {values}, expected {defaults}; multiply W_std and b_std of the layer before by b, and W_std of the layer "
            "after by a"
        )


def Relu(do_stabilize: bool = False) -> Layer:
    """max(x, 0).

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.Relu()).kernel_fn([[1.0]], get="nngp").round(4)
    array([[0.5]])
    """
    del do_stabilize
    return _activation("relu")


def LeakyRelu(alpha: float, do_stabilize: bool = False) -> Layer:
    """x for x > 0, alpha x otherwise.

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.LeakyRelu(0.5)).kernel_fn([[1.0]], get="nngp").round(4)
    array([[0.625]])
    """
    del do_stabilize
    return _activation("leaky-relu", slope=float(alpha))


def ABRelu(a: float, b: float, do_stabilize: bool = False) -> Layer:
    """a min(x, 0) + b max(x, 0), for b = 1.

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.ABRelu(-1.0, 1.0)).kernel_fn([[1.0]], get="nngp").round(4)
    array([[1.]])
    """
    del do_stabilize
    if b != 1:
        raise NotImplementedError(
            f"ABRelu: found b={b}, expected b=1; use ABRelu(a / b, 1) and multiply W_std of the layer after by b"
        )
    return _activation("leaky-relu", slope=float(a))


def Abs(do_stabilize: bool = False) -> Layer:
    """|x|.

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.Abs()).kernel_fn([[1.0]], get="nngp").round(4)
    array([[1.]])
    """
    del do_stabilize
    return _activation("abs")


def Erf(a: float = 1.0, b: float = 1.0, c: float = 0.0) -> Layer:
    """erf(x).

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.Erf()).kernel_fn([[1.0]], get="nngp").round(4)
    array([[0.4646]])
    """
    _plain("Erf", {"a": a, "b": b, "c": c}, {"a": 1.0, "b": 1.0, "c": 0.0})
    return _activation("erf")


def Gelu(approximate: bool = False) -> Layer:
    """x Φ(x), with Φ the distribution function of the standard normal distribution.

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.Gelu()).kernel_fn([[1.0]], get="nngp").round(4)
    array([[0.4252]])
    """
    if approximate:
        raise NotImplementedError("Gelu: found approximate=True, expected False")
    return _activation("gelu")


def Sigmoid() -> Layer:
    """The logistic function 1 / (1 + exp(-x)).

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.Sigmoid()).kernel_fn([[1.0]], get="nngp").round(4)
    array([[0.2934]])
    """
    return _activation("sigmoid")


def Tanh() -> Layer:
    """tanh(x).

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.Tanh()).kernel_fn([[1.0]], get="nngp").round(4)
    array([[0.3943]])
    """
    return _activation("tanh")


def Softplus() -> Layer:
    """ln(1 + exp(x)).

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.Softplus()).kernel_fn([[1.0]], get="nngp").round(4)
    array([[0.9212]])
    """
    return _activation("softplus")


def Silu() -> Layer:
    """x / (1 + exp(-x)), also named swish.

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.Silu()).kernel_fn([[1.0]], get="nngp").round(4)
    array([[0.3558]])
    """
    return _activation("silu")


def Elu(alpha: float = 1.0) -> Layer:
    """x for x > 0, alpha (exp(x) - 1) otherwise.

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.Elu()).kernel_fn([[1.0]], get="nngp").round(4)
    array([[0.6449]])
    """
    return _activation("elu", slope=float(alpha))


def Sigmoid_like() -> Layer:
    """(1 + erf(x / 2.4020563531719796)) / 2, close to the logistic function.

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.Sigmoid_like()).kernel_fn([[1.0]], get="nngp").round(4)
    array([[0.2914]])
    """
    return _activation("sigmoid-like")


def Sin(a: float = 1.0, b: float = 1.0, c: float = 0.0) -> Layer:
    """sin(x).

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.Sin()).kernel_fn([[1.0]], get="nngp").round(4)
    array([[0.4323]])
    """
    _plain("Sin", {"a": a, "b": b, "c": c}, {"a": 1.0, "b": 1.0, "c": 0.0})
    return _activation("sin")


def Cos(a: float = 1.0, b: float = 1.0, c: float = 0.0) -> Layer:
    """cos(x).

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.Cos()).kernel_fn([[1.0]], get="nngp").round(4)
    array([[0.5677]])
    """
    _plain("Cos", {"a": a, "b": b, "c": c}, {"a": 1.0, "b": 1.0, "c": 0.0})
    return _activation("cos")


def Exp(a: float = 1.0, b: float = 1.0) -> Layer:
    """exp(x).

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.Exp()).kernel_fn([[1.0]], get="nngp").round(4)
    array([[7.3891]])
    """
    _plain("Exp", {"a": a, "b": b}, {"a": 1.0, "b": 1.0})
    return _activation("exp")


def Gaussian(a: float = 1.0, b: float = -1.0) -> Layer:
    """exp(-x²).

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.Gaussian()).kernel_fn([[1.0]], get="nngp").round(4)
    array([[0.4472]])
    """
    _plain("Gaussian", {"a": a, "b": b}, {"a": 1.0, "b": -1.0})
    return _activation("gaussian")


def Sign() -> Layer:
    """The sign of x.

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.Sign()).kernel_fn([[1.0]], get="nngp").round(4)
    array([[1.]])
    """
    return _activation("sign")


def Monomial(degree: int) -> Layer:
    """x to the power of `degree`, for any variance of x.

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.Monomial(2)).kernel_fn([[1.0]], get="nngp").round(4)
    array([[3.]])
    """
    return _activation("monomial", degree=int(degree))


def RectifiedMonomial(degree: int) -> Layer:
    """max(x, 0) to the power of `degree`, for any variance of x.

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.RectifiedMonomial(2)).kernel_fn([[1.0]], get="nngp").round(4)
    array([[1.5]])
    """
    return _activation("rectified-monomial", degree=int(degree))


def Hermite(degree: int) -> Layer:
    """The probabilists' Hermite polynomial of a degree, with norm 1 under the standard normal distribution, for any variance of x.

    Examples
    --------
    >>> from haarmonic import stax
    >>> stax.serial(stax.Dense(1), stax.Hermite(2)).kernel_fn([[1.0]], get="nngp").round(4)
    array([[1.]])
    """
    return _activation("hermite", degree=int(degree))
