"""Times of the Wigner transforms of so3 (C), N = L, for the table in docs/benchmarks.md.

The package `so3` of the Python package index does not build everywhere; its C sources do, with those of `pyssht` 1.3.7:

    pip download --no-deps --no-binary so3,pyssht so3==1.3.6 pyssht==1.3.7       # and unpack both
    gcc -O3 -march=native -std=c11 -fPIC -shared -I pyssht-1.3.7/include -I pyssht-1.3.7/include/ssht -I so3-1.3.6/include \
        pyssht-1.3.7/src/c/ssht_{core,dl,sampling,adjoint}.c so3-1.3.6/src/c/so3_{core,sampling,adjoint,conv}.c \
        -lfftw3 -lm -o libso3.so
    SO3_LIBRARY=./libso3.so python benches/so3_peer.py 16 32 64 128
    cargo bench --bench rotations -- 'wigner_transform|correlation'

Every method runs; a line shows the best of each kind, the least of some repetitions (processor time), and the error of the round trip.
"""

import ctypes
import os
import sys
import time

import numpy


class Parameters(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int) for name in (
        "verbosity", "reality", "L0", "L", "N", "sampling_scheme", "n_order", "storage", "n_mode", "dl_method",
        "steerable")]


library = ctypes.CDLL(os.environ["SO3_LIBRARY"])
METHODS = {"via_ssht": "ssht", "direct": "direct"}
RECURSIONS = {0: "Risbo", 1: "Trapani"}


def pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


def least(call, seconds=1.0):
    best, spent = float("inf"), 0.0
    while spent < seconds:
        start = time.process_time()
        call()
        elapsed = time.process_time() - start
        best, spent = min(best, elapsed), spent + elapsed
    return best


def coefficients(limit, real, rng):
    """Padded storage, n from -L + 1, for real signals from 0: block n, then the flat index l * l + l + m."""
    f = numpy.zeros((2 * limit - 1, limit * limit), complex)
    for n in range(-limit + 1, limit):
        for l in range(abs(n), limit):
            values = rng.uniform(-1, 1, (2 * l + 1, 2)) @ [1, 1j]
            f[n + limit - 1, l * l:(l + 1) ** 2] = values
    if real:
        for n in range(limit):
            for l in range(n, limit):
                m = numpy.arange(-l, l + 1)
                row = f[n + limit - 1, l * l:(l + 1) ** 2]
                mirrored = (-1.0) ** (m - n) * row[::-1].conj()
                if n == 0:
                    row[:] = 0.5 * (row + mirrored)
        return f[limit - 1:].copy()
    return f


def main():
    rng = numpy.random.default_rng(1)
    print("| L | signal | inverse | by | forward | by | round trip |")
    print("|---|---|---|---|---|---|---|")
    for limit in map(int, sys.argv[1:] or ["8", "16", "32", "64"]):
        for real in (0, 1):
            coeffs = coefficients(limit, real, rng)
            samples = numpy.zeros((2 * limit - 1) ** 2 * limit, float if real else complex)
            back = numpy.zeros_like(coeffs)
            suffix = "_real" if real else ""
            times = {"inverse": [], "forward": []}
            error = 0.0
            for method, name in METHODS.items():
                for recursion, label in RECURSIONS.items():
                    p = ctypes.byref(Parameters(0, real, 0, limit, limit, 0, 1, 0, 0, recursion, 0))
                    inverse = getattr(library, f"so3_core_inverse_{method}{suffix}")
                    forward = getattr(library, f"so3_core_forward_{method}{suffix}")
                    label = f"{name}, {label}"
                    times["inverse"].append((least(lambda: inverse(pointer(samples), pointer(coeffs), p)), label))
                    times["forward"].append((least(lambda: forward(pointer(back), pointer(samples), p)), label))
                    error = max(error, abs(back - coeffs).max())
            inverse, forward = (min(times[key]) for key in ("inverse", "forward"))
            print(f"| {limit} | {'real' if real else 'complex'} | {inverse[0] * 1e3:.3f} ms | {inverse[1]} "
                  f"| {forward[0] * 1e3:.3f} ms | {forward[1]} | {error:.0e} |", flush=True)


if __name__ == "__main__":
    main()
