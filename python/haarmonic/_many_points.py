"""Regression of many points by conjugate gradients, with shares of the kernel here or on workers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from haarmonic._haarmonic import ConjugateGradient, Kernel, KernelShare


def conjugate_gradients(
    kernel: Kernel,
    x: ArrayLike,
    targets: ArrayLike,
    *,
    ridge: float | Sequence[float],
    which: str = "ntk",
    relative: bool = True,
    shares: int = 1,
    memory: int | None = None,
    rank: int = 500,
    tolerance: float = 1e-6,
    max_steps: int = 1000,
    client: Any = None,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: Callable[[int], None] | None = None,
) -> ConjugateGradient:
    """Kernel ridge regression without the matrix in memory, by one process or by the workers of Dask.

    Each worker computes the products of its share, and keeps as much of the kernel as `memory` allows. This process adds the products and
    takes the steps; per step, the vectors go to each worker and a product of their size comes back from each share.

    Parameters
    ----------
    kernel : Kernel
        The kernel.
    x : array_like
        Training signals, `[n, ...]`.
    targets : array_like
        `[n]` or `[n, outputs]`.
    ridge : float or list of float
        A ridge, or several that share the products.
    which : {"ntk", "nngp"}
        The kernel of the regression.
    relative : bool
        Whether ridges are multiples of the mean diagonal entry.
    shares : int
        Number of shares, such as the number of workers.
    memory : int, optional
        Bytes of kernels that each share keeps; 1 GiB unless stated.
    rank, tolerance, max_steps
        As in `KernelShare.solver`.
    client : dask.distributed.Client, optional
        Whose workers make the shares; without it, this process computes all of them.
    checkpoint : str or os.PathLike, optional
        A file `.npz` that keeps the state after each step. A call with equal arguments resumes from it. It is refused for other targets,
        ridges and tolerances, and for kernels with another diagonal.
    progress : callable, optional
        Called with the number of steps after each step.

    Returns
    -------
    ConjugateGradient
        Solved: `coefficients`, `residual`, `steps`. `KernelShare.predict` takes the coefficients.

    Examples
    --------
    >>> import numpy as np
    >>> from haarmonic import Kernel, KernelShare, predict, stax
    >>> kernel = Kernel(stax.network((3,), stax.Dense(512), stax.Relu(), stax.Dense(1)))
    >>> x = np.sin(np.arange(90.0)).reshape(30, 3)
    >>> solved = predict.conjugate_gradients(kernel, x, x[:, 0] * x[:, 1], ridge=1e-3, shares=2, rank=10)
    >>> KernelShare(kernel, x).predict(x[:4], solved.coefficients).shape
    (4,)

    With Dask:

    >>> from dask.distributed import Client                                                            # doctest: +SKIP
    >>> client = Client("scheduler:8786")                                                              # doctest: +SKIP
    >>> solved = predict.conjugate_gradients(kernel, x, y, ridge=1e-3, shares=16, client=client)       # doctest: +SKIP
    """
    if shares < 1:
        raise ValueError(f"shares: found {shares}, expected 1 or more")
    x = np.asarray(x)
    solver = KernelShare(kernel, x, which=which, memory=0).solver(
        targets, ridge=ridge, relative=relative, rank=rank, tolerance=tolerance, max_steps=max_steps
    )
    path = None if checkpoint is None else Path(checkpoint)
    if path is not None and path.exists():
        with np.load(path) as state:
            solver.restore(dict(state))
    product = (_here if client is None else _on_workers(client))(kernel, x, which, shares, memory)
    while (wanted := solver.wanted()) is not None:
        solver.advance(product(wanted))
        if path is not None:
            _keep(path, solver)
        if progress is not None:
            progress(solver.steps)
    return solver


_Product = Callable[[Any], Any]


def _here(kernel: Kernel, x: Any, which: str, shares: int, memory: int | None) -> _Product:
    """The product by this process."""
    own = [KernelShare(kernel, x, which=which, share=(k, shares), memory=memory) for k in range(shares)]
    return lambda v: sum(share.product(v) for share in own)


def _on_workers(client: Any) -> Callable[..., _Product]:
    """The product by the workers of a client of Dask."""

    def product(kernel: Kernel, x: Any, which: str, shares: int, memory: int | None) -> _Product:
        # A share lives in the memory of its worker. If the worker is lost, Dask makes the share again on another one.
        x = client.scatter(x, broadcast=True)
        own = [
            client.submit(KernelShare, kernel, x, which=which, share=(k, shares), memory=memory, pure=False)
            for k in range(shares)
        ]

        def total(v: Any) -> Any:
            v = client.scatter(v, broadcast=True)
            # Added in the order of the shares, so that sums do not depend on which worker is the first to end.
            return reduce(np.add, client.gather([client.submit(_multiply, share, v, pure=False) for share in own]))

        return total

    return product


def _multiply(share: KernelShare, v: Any) -> Any:
    return share.product(v)


def _keep(path: Path, solver: ConjugateGradient) -> None:
    """Replaces the file in one step when the new state is on disk."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".haarmonic-", suffix=".part", delete=False) as file:
        try:
            np.savez(file, **solver.state())  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            os.unlink(file.name)
            raise
    os.replace(file.name, path)
