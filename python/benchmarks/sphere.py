"""Times of transforms called from Python, beside healpy and ducc0: `python benchmarks/sphere.py [threads]`.

Prints tables in Markdown. Every time is the best of several calls in one process: processor time with one thread, which other programs
disturb less, and elapsed time with several. Differences are relative to the largest value of the peer. Peers that are not installed are
left out. The threads of healpy are fixed by OMP_NUM_THREADS before it is loaded.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

THREADS = int(sys.argv[1]) if len(sys.argv) > 1 else 1
os.environ["OMP_NUM_THREADS"] = str(THREADS)

import haarmonic.healpix as hp  # noqa: E402
from haarmonic import CoefficientRotation, Sht  # noqa: E402

try:
    import healpy
except ImportError:
    healpy = None
try:
    import ducc0
except ImportError:
    ducc0 = None


clock = time.process_time if THREADS == 1 else time.perf_counter


def best(call: Callable[[], Any], seconds: float = 1.5) -> float:
    """The shortest time of calls during some seconds, three calls at least."""
    times: list[float] = []
    call()
    while sum(times) < seconds or len(times) < 3:
        start = clock()
        call()
        times.append(clock() - start)
    return min(times)


def row(name: str, ours: Callable[[], Any], **peers: Callable[[], Any] | None) -> None:
    """Print times in milliseconds, and the largest difference from each peer."""
    found = ours()
    cells = [f"{1e3 * best(ours):.3g}"]
    for peer in peers.values():
        if peer is None:
            cells += ["", ""]
            continue
        wanted = np.asarray(peer()).reshape(np.shape(found))
        difference = np.max(np.abs(found - wanted)) / np.max(np.abs(wanted))
        cells += [f"{1e3 * best(peer):.3g}", f"{difference:.0e}"]
    print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def random_alm(lmax: int) -> np.ndarray[Any, np.dtype[np.complex128]]:
    rng = np.random.default_rng(0)
    size = (lmax + 1) * (lmax + 2) // 2
    alm: np.ndarray[Any, np.dtype[np.complex128]] = rng.normal(size=size) + 1j * rng.normal(size=size)
    alm[: lmax + 1].imag = 0
    return alm


def maps() -> None:
    print(f"\n| HEALPix, {THREADS} thread(s) | haarmonic / ms | healpy / ms | difference |")
    print("|---|---|---|---|")
    for nside in (128, 256):
        lmax = 3 * nside - 1
        alm = random_alm(lmax)
        sky = hp.alm2map(alm, nside)
        t = THREADS
        theirs = healpy and {
            "alm2map": lambda: healpy.alm2map(alm, nside),  # noqa: B023
            "map2alm": lambda: healpy.map2alm(sky, iter=0),  # noqa: B023
            "map2alm, iter=3": lambda: healpy.map2alm(sky),  # noqa: B023
            "alm2map_der1": lambda: healpy.alm2map_der1(alm, nside),  # noqa: B023
            "smoothing": lambda: healpy.smoothing(sky, fwhm=0.02),  # noqa: B023
            "anafast": lambda: healpy.anafast(sky),  # noqa: B023
        }
        ours: dict[str, Callable[[], Any]] = {
            "alm2map": lambda: hp.alm2map(alm, nside, threads=t),  # noqa: B023
            "map2alm": lambda: hp.map2alm(sky, iter=0, threads=t),  # noqa: B023
            "map2alm, iter=3": lambda: hp.map2alm(sky, threads=t),  # noqa: B023
            "alm2map_der1": lambda: hp.alm2map_der1(alm, nside, threads=t),  # noqa: B023
            "smoothing": lambda: hp.smoothing(sky, fwhm=0.02, threads=t),  # noqa: B023
            "anafast": lambda: hp.anafast(sky, threads=t),  # noqa: B023
        }
        for name, call in ours.items():
            row(f"{name}, nside {nside}", call, healpy=theirs[name] if theirs else None)


def grids() -> None:
    print(f"\n| Gauss-Legendre, L x 2L, {THREADS} thread(s) | haarmonic / ms | ducc0 / ms | difference |")
    print("|---|---|---|---|")
    for limit in (64, 256, 1024):
        lmax = limit - 1
        alm, plan = random_alm(lmax), Sht(lmax, longitudes=2 * limit, threads=THREADS)
        signal = plan.synthesis(alm)
        options = {"geometry": "GL", "spin": 0, "lmax": lmax, "nthreads": THREADS}
        shape = {"ntheta": limit, "nphi": 2 * limit}
        row(
            f"synthesis, L = {limit}",
            lambda: plan.synthesis(alm),  # noqa: B023
            ducc0=ducc0 and (lambda: ducc0.sht.synthesis_2d(alm=alm[None], **options, **shape)),  # noqa: B023
        )
        row(
            f"analysis, L = {limit}",
            lambda: plan.analysis(signal),  # noqa: B023
            ducc0=ducc0 and (lambda: ducc0.sht.analysis_2d(map=signal[None], **options)),  # noqa: B023
        )


def rotations() -> None:
    print(
        f"\n| rotate_alm, {THREADS} thread(s) | haarmonic / ms | ducc0 / ms | difference | healpy / ms | difference |"
    )
    print("|---|---|---|---|---|---|")
    for limit in (64, 256, 1024):
        lmax = limit - 1
        alm, plan = random_alm(lmax), CoefficientRotation(lmax, threads=THREADS)

        def by_healpy() -> Any:
            copy = alm.copy()  # noqa: B023
            healpy.rotate_alm(copy, 0.3, 1.1, 0.2)
            return copy

        row(
            f"L = {limit}",
            lambda: plan.rotate(alm, (0.2, 1.1, 0.3)),  # noqa: B023
            ducc0=ducc0 and (lambda: ducc0.sht.rotate_alm(alm, lmax, 0.3, 1.1, 0.2, nthreads=THREADS)),  # noqa: B023
            healpy=healpy and by_healpy,
        )


def overhead() -> None:
    """A transform of four numbers is nothing but its call."""
    plan, rotation, alm = Sht(1), CoefficientRotation(1), np.zeros(3, dtype=complex)
    signal = plan.synthesis(alm)
    calls = 20000
    for name, call in (
        ("synthesis", lambda: plan.synthesis(alm)),
        ("analysis", lambda: plan.analysis(signal)),
        ("rotate", lambda: rotation.rotate(alm, (0.1, 0.2, 0.3))),
    ):
        start = clock()
        for _ in range(calls):
            call()
        print(f"{name} at lmax = 1: {1e6 * (clock() - start) / calls:.1f} us a call")


if __name__ == "__main__":
    maps()
    grids()
    rotations()
    overhead()
