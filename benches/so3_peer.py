"""Times the Wigner transforms and the correlation of so3 (C), N = L, and of this crate in turns, on one machine.

The package `so3` of the Python package index does not build everywhere; its C sources do, with those of `pyssht` 1.3.7:

    pip download --no-deps --no-binary so3,pyssht so3==1.3.6 pyssht==1.3.7       # and unpack both
    gcc -O3 -march=native -std=c11 -fPIC -shared -I pyssht-1.3.7/include -I pyssht-1.3.7/include/ssht -I so3-1.3.6/include \
        pyssht-1.3.7/src/c/ssht_{core,dl,sampling,adjoint}.c so3-1.3.6/src/c/so3_{core,sampling,adjoint,conv}.c \
        -lfftw3 -lm -o libso3.so
    SO3_LIBRARY=./libso3.so python benches/so3_peer.py 16 32 64 128              # [complex] or [real] alone, if wanted

The program of this crate is built first, unless SO3_PEER_PROGRAM names it. Two rounds; the least time of a call counts.
Both sides plan beforehand as far as they can: so3 makes its FFTW plans anew in every call. Every method of so3 runs, the
best counts. Grids of equal exactness: so3 has McEwen-Wiaux samples, 2L - 1 angles alpha and gamma; this crate the same
("same") and Gauss-Legendre with fast numbers of angles ("fast"). Correlation: from the coefficients of two real signals to
the samples on SO(3), in so3 by so3_conv_s2toso3_harmonic_convolution and the best inverse transform.
"""

import ctypes
import json
import os
import pathlib
import subprocess
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


ROOT = pathlib.Path(__file__).resolve().parent.parent
ROUNDS, SECONDS = 2, 0.4


def pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


def least(call):
    best, spent = float("inf"), 0.0
    while spent < SECONDS:
        start = time.perf_counter()
        call()
        elapsed = time.perf_counter() - start
        best, spent = min(best, elapsed), spent + elapsed
    return best


def coefficients(limit, real, rng):
    """Padded storage, n from -L + 1, for real signals from 0: block n, then the flat index l * l + l + m."""
    f = numpy.zeros((2 * limit - 1, limit * limit), complex)
    for n in range(-limit + 1, limit):
        for l in range(abs(n), limit):
            f[n + limit - 1, l * l:(l + 1) ** 2] = rng.uniform(-1, 1, (2 * l + 1, 2)) @ [1, 1j]
    if not real:
        return f
    for l in range(limit):
        row = f[limit - 1, l * l:(l + 1) ** 2]
        row[:] = 0.5 * (row + (-1.0) ** numpy.arange(-l, l + 1) * row[::-1].conj())
    return f[limit - 1:].copy()


def signal(limit, rng):
    """Coefficients of a real signal on the sphere, l * l + l + m."""
    f = numpy.zeros(limit * limit, complex)
    for l in range(limit):
        row = rng.uniform(-1, 1, (2 * l + 1, 2)) @ [1, 1j]
        f[l * l:(l + 1) ** 2] = 0.5 * (row + (-1.0) ** numpy.arange(-l, l + 1) * row[::-1].conj())
    return f


def own_program():
    if "SO3_PEER_PROGRAM" in os.environ:
        return os.environ["SO3_PEER_PROGRAM"]
    command = ["cargo", "bench", "--bench", "so3_peer", "--no-run", "--message-format=json"]
    lines = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    artifacts = [json.loads(line) for line in lines if line.startswith("{")]
    return [a["executable"] for a in artifacts if a.get("executable") and a["target"]["name"] == "so3_peer"][-1]


def own_times(program, limit):
    command = [program, "--limit", str(limit), "--seconds", str(SECONDS)]
    output = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    for record in map(json.loads, output.splitlines()):
        yield record["case"], record["grid"], record["ns"] * 1e-9


def so3_calls(limit, kinds, rng):
    """Cases, labels and calls; and the errors of the round trips, once they have run."""
    errors = []
    for real, suffix, kind in ((0, "", "complex"), (1, "_real", "real")):
        if kind not in kinds:
            continue
        coeffs = coefficients(limit, real, rng)
        f, g = signal(limit, rng), signal(limit, rng)
        samples = numpy.zeros((2 * limit - 1) ** 2 * limit, float if real else complex)
        back, product = numpy.zeros_like(coeffs), numpy.zeros_like(coeffs)
        for method, name in METHODS.items():
            for recursion, label in RECURSIONS.items():
                p = Parameters(0, real, 0, limit, limit, 0, 1, 0, 0, recursion, 0)
                inverse = getattr(library, f"so3_core_inverse_{method}{suffix}")
                forward = getattr(library, f"so3_core_forward_{method}{suffix}")
                multiply = library.so3_conv_s2toso3_harmonic_convolution

                def there(p=p, run=inverse, samples=samples, coeffs=coeffs):
                    run(pointer(samples), pointer(coeffs), ctypes.byref(p))

                def again(p=p, run=forward, samples=samples, back=back):
                    run(pointer(back), pointer(samples), ctypes.byref(p))

                def correlate(p=p, run=inverse, samples=samples, product=product, f=f, g=g):
                    multiply(pointer(product), ctypes.byref(p), pointer(f), pointer(g))
                    run(pointer(samples), pointer(product), ctypes.byref(p))

                def check(back=back, coeffs=coeffs):
                    errors.append(abs(back - coeffs).max())

                label = f"{name}, {label}"
                yield f"inverse, {kind}", label, there, None
                yield f"forward, {kind}", label, again, check
                if real and limit <= 64:
                    yield "correlation, real", label, correlate, None
    print(f"L = {limit}, so3 there and back: {max(errors):.0e}")


def main():
    program = own_program()
    rng = numpy.random.default_rng(1)
    print("| L | case | so3 | by | this crate, same grid | fast grid | ratio, same | fast |")
    print("|---|---|---|---|---|---|---|---|")
    limits = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    kinds = [argument for argument in sys.argv[1:] if not argument.isdigit()] or ["complex", "real"]
    for limit in limits or [8, 16, 32, 64]:
        best = {}

        def record(case, side, seconds, label=""):
            best[case, side] = min(best.get((case, side), (float("inf"), "")), (seconds, label))

        for _ in range(ROUNDS if limit < 128 else 1):
            for case, grid, seconds in own_times(program, limit):
                record(case, grid, seconds)
            for case, label, call, check in so3_calls(limit, kinds, rng):
                record(case, "so3", least(call), label)
                if check:
                    check()
            for case, grid, seconds in own_times(program, limit):
                record(case, grid, seconds)
        for case in dict.fromkeys(case for case, side in best if side == "so3"):
            (other, label), same, fast = best[case, "so3"], best[case, "same"][0], best[case, "fast"][0]
            print(f"| {limit} | {case} | {other * 1e3:.3f} ms | {label} | {same * 1e3:.3f} ms | {fast * 1e3:.3f} ms "
                  f"| {other / same:.1f} | {other / fast:.1f} |", flush=True)


if __name__ == "__main__":
    main()
