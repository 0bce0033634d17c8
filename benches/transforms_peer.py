"""Times the transforms of this crate, of ducc0 and of SHTns in turns, on one machine.

    pip install numpy ducc0 shtns
    python benches/transforms_peer.py                      # one thread, then two
    python benches/transforms_peer.py --threads 1 --rounds 5 --out results/transforms_peer.csv
    python benches/transforms_peer.py --no-own             # the others alone, without building

Real signals on Gauss-Legendre grids: L = 64 to 1024, batches of 1000 at L = 8, 16, 32; rotations of coefficients, one by one
at L = 64, 256, 512 and in batches of 100 at L = 64. Each figure is the least time of many calls in several rounds, in which
the three take turns; planning is not counted. Time a signal, and its ratio to this crate's.

Settings of the others, the fastest of which counts:
  ducc0   synthesis_2d and analysis_2d into arrays that are there, L rings, 2L longitudes; batches by synthesis and by
          adjoint_synthesis with the weights as ring factors (the analysis of such a grid), and by loops over the former.
  SHTns   L rings, 2L longitudes; sht_gauss (its variants timed at start) with longitudes or colatitudes contiguous,
          sht_quick_init with the latter, both padded or not; sht_gauss_fly takes 14 s to start at L = 64 and was not faster.
          It wants 32 rings at least. No polar optimisation ("shtns"), and the default one of 1e-10 ("shtns 1e-10",
          which leaves out parts of the sums); batches by shtns_set_many, its C function.
"""

import argparse
import csv
import ctypes
import json
import pathlib
import subprocess
import sys
import time

import ducc0
import numpy as np
import shtns

ROOT = pathlib.Path(__file__).resolve().parent.parent
CASES = [("sht", L) for L in (64, 128, 256, 512, 1024)]
CASES += [("batch", L) for L in (8, 16, 32)]
CASES += [("rotation", L) for L in (64, 256, 512)] + [("rotations", 64)]
BATCH, ROTATIONS = 1000, 100
ANGLES = (0.3, 1.1, -0.7)


def aligned(shape, dtype):
    """An array at a multiple of 64 bytes."""
    count = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(count + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + count].view(dtype).reshape(shape)


def random_coefficients(limit, count=None):
    """As ducc0 and SHTns have them: m by m, from l = m on; m >= 0."""
    rng = np.random.default_rng(7)
    size = limit * (limit + 1) // 2
    shape = (size,) if count is None else (count, size)
    coeffs = rng.uniform(-1, 1, shape) + 1j * rng.uniform(-1, 1, shape)
    coeffs[..., :limit].imag = 0.0
    return coeffs


def ducc0_calls(case, limit, threads):
    """Functions by direction and setting."""
    common = dict(spin=0, lmax=limit - 1, nthreads=threads)
    if case == "sht":
        coeffs = random_coefficients(limit)[None]
        grid = np.zeros((1, limit, 2 * limit))
        out = np.zeros_like(coeffs)
        ducc0.sht.synthesis_2d(alm=coeffs, map=grid, geometry="GL", **common)
        check(ducc0.sht.analysis_2d(map=grid, geometry="GL", **common), coeffs)
        target = np.zeros_like(grid)
        yield "inverse", "2d", 1, lambda: ducc0.sht.synthesis_2d(alm=coeffs, map=target, geometry="GL", **common)
        yield "forward", "2d", 1, lambda: ducc0.sht.analysis_2d(map=grid, alm=out, geometry="GL", **common)
    elif case == "batch":
        coeffs = random_coefficients(limit, BATCH)[:, None, :]
        thetas = ducc0.misc.GL_thetas(limit)
        weights = ducc0.misc.GL_weights(limit, 2 * limit)
        rings = dict(
            theta=thetas,
            nphi=np.full(limit, 2 * limit, np.uint64),
            phi0=np.zeros(limit),
            ringstart=np.arange(limit, dtype=np.uint64) * (2 * limit),
        )
        maps = np.zeros((BATCH, 1, 2 * limit * limit))
        out, target = np.zeros_like(coeffs), np.zeros_like(maps)
        ducc0.sht.synthesis(alm=coeffs, map=maps, **rings, **common)
        adjoint = lambda: ducc0.sht.adjoint_synthesis(map=maps, alm=out, ringfactor=weights, **rings, **common)
        adjoint()
        check(out, coeffs)
        yield "inverse", "batch", BATCH, lambda: ducc0.sht.synthesis(alm=coeffs, map=target, **rings, **common)
        yield "forward", "batch", BATCH, adjoint

        def loop_inverse():
            for a, m in zip(coeffs, target.reshape(BATCH, 1, limit, 2 * limit)):
                ducc0.sht.synthesis_2d(alm=a, map=m, geometry="GL", **common)

        def loop_forward():
            for a, m in zip(out, maps.reshape(BATCH, 1, limit, 2 * limit)):
                ducc0.sht.analysis_2d(map=m, alm=a, geometry="GL", **common)

        yield "inverse", "loop", BATCH, loop_inverse
        yield "forward", "loop", BATCH, loop_forward
    else:
        count = 1 if case == "rotation" else ROTATIONS
        coeffs = random_coefficients(limit, None if count == 1 else count)
        out = np.zeros_like(coeffs)
        yield "rotate", "", count, lambda: ducc0.sht.rotate_alm(coeffs, limit - 1, *ANGLES, nthreads=threads, out=out)


def shtns_library():
    import _shtns

    library = ctypes.CDLL(_shtns.__file__)
    library.shtns_set_many.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_long]
    for name in ("spat_to_SH", "SH_to_spat"):
        getattr(library, name).argtypes = [ctypes.c_void_p] * 3
        getattr(library, name).restype = None
    return library


def shtns_calls(case, limit, threads, polar):
    library = shtns_library()
    # Rotations take all processors otherwise.
    library.omp_set_num_threads(threads)
    library.shtns_use_threads(threads)
    if case.startswith("rotation"):
        if polar:
            return
        count = 1 if case == "rotation" else ROTATIONS
        coeffs = random_coefficients(limit, count)
        rotation = shtns.rotation(limit - 1)
        rotation.set_angles_ZYZ(*ANGLES)

        def rotate():
            for c in coeffs:
                rotation.apply_real(c)

        yield "rotate", "", count, rotate
        return
    count = BATCH if case == "batch" else 1
    rings = max(limit, 32)  # with fewer it stops the program
    kinds = {"gauss": shtns.sht_gauss, "quick": shtns.sht_quick_init}
    layouts = {"phi": shtns.SHT_PHI_CONTIGUOUS, "theta": shtns.SHT_THETA_CONTIGUOUS}
    for kind, type_ in kinds.items():
        for layout, flag in layouts.items():
            for padding in (0, shtns.SHT_ALLOW_PADDING):
                if layout == "phi" and (padding or kind != "gauss"):
                    continue
                sh = shtns.sht(limit - 1, nthreads=threads)
                handle = int(sh.this)
                if count > 1 and library.shtns_set_many(handle, count, sh.nlm) < 0:
                    continue
                try:
                    sh.set_grid(rings, 2 * limit, flags=type_ | flag | padding, polar_opt=polar)
                except Exception:
                    continue
                coeffs = aligned((count, sh.nlm), complex)
                coeffs[:] = random_coefficients(limit, count)
                out = aligned(coeffs.shape, complex)
                grid, target = (aligned(max(sh.nspat, count * rings * 2 * limit) + 4096, float) for _ in range(2))
                pointers = [a.ctypes.data for a in (grid, out, coeffs, target)]
                library.SH_to_spat(handle, pointers[2], pointers[0])
                keep = aligned(grid.shape, float)
                keep[:] = grid
                library.spat_to_SH(handle, keep.ctypes.data, pointers[1])
                check(out, coeffs, 1e-8 if polar else 1e-11)
                setting = f"{kind} {layout}{' padded' if padding else ''}"
                # Analysis uses its input as scratch; the speed does not depend on the values.
                yield "inverse", setting, count, lambda sh=sh, h=handle, p=pointers: library.SH_to_spat(h, p[2], p[3])
                yield "forward", setting, count, lambda sh=sh, h=handle, p=pointers, hold=(grid, out, coeffs, target): library.spat_to_SH(h, p[0], p[1])


def check(found, want, tolerance=1e-11):
    error = np.abs(found - want).max()
    if not error <= tolerance:
        sys.exit(f"a round trip has an error of {error}")


def least(call, seconds):
    """The least time of a call; short ones are timed together. Values must stay finite."""
    call()
    start = time.perf_counter()
    call()
    once = time.perf_counter() - start
    repeat = max(1, min(1000, int(2e-4 / max(once, 1e-7))))
    best, begin = float("inf"), time.perf_counter()
    rounds = 0
    while rounds < 3 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        for _ in range(repeat):
            call()
        best = min(best, (time.perf_counter() - start) / repeat)
        rounds += 1
    return best


def own_program():
    command = ["cargo", "bench", "--bench", "transforms_peer", "--no-run", "--message-format=json"]
    lines = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    artifacts = [json.loads(line) for line in lines if line.startswith("{")]
    return [a["executable"] for a in artifacts if a.get("executable") and a["target"]["name"] == "transforms_peer"][-1]


def own_times(program, case, limit, threads, seconds):
    command = [program, "--case", case, "--limit", str(limit), "--threads", str(threads), "--seconds", str(seconds)]
    output = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    for line in output.splitlines():
        record = json.loads(line)
        yield record["direction"], record["ns"] * 1e-9


def measure(arguments):
    program = None if arguments.no_own else own_program()
    results = {}

    def record(name, case, limit, threads, direction, setting, seconds):
        key = (case, limit, threads, direction)
        entry = results.setdefault(key, {})
        if name not in entry or seconds < entry[name][0]:
            entry[name] = (seconds, setting)

    for threads in arguments.threads:
        for case, limit in CASES:
            if arguments.case and case not in arguments.case:
                continue
            peers = {
                "ducc0": list(ducc0_calls(case, limit, threads)),
                "shtns": list(shtns_calls(case, limit, threads, 0.0)),
                "shtns 1e-10": list(shtns_calls(case, limit, threads, 1e-10)),
            }
            for _ in range(arguments.rounds):
                if program:
                    for direction, seconds in own_times(program, case, limit, threads, arguments.seconds):
                        record("haarmonic", case, limit, threads, direction, "", seconds)
                for name, calls in peers.items():
                    for direction, setting, count, call in calls:
                        seconds = least(call, arguments.seconds) / count
                        record(name, case, limit, threads, direction, setting, seconds)
            show({key: value for key, value in results.items() if key[:3] == (case, limit, threads)})
    return results


def readable(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def show(results):
    for (case, limit, threads, direction), entry in results.items():
        own = entry.get("haarmonic", (None, ""))[0]
        parts = [f"{case:9} L = {limit:<4} {threads} thread{'s' if threads > 1 else ' '} {direction:8}"]
        for name, (seconds, setting) in entry.items():
            ratio = f" ({own / seconds:.2f})" if own and name != "haarmonic" else ""
            parts.append(f"{name} {readable(seconds)}{ratio}{f' [{setting}]' if setting else ''}")
        print(" | ".join(parts), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.2, help="for each setting in each round")
    parser.add_argument("--case", nargs="+", choices=["sht", "batch", "rotation", "rotations"])
    parser.add_argument("--no-own", action="store_true", help="the other libraries alone")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "results" / "transforms_peer.csv")
    arguments = parser.parse_args()
    print("Times a signal; in brackets this crate's time by the other's, then the fastest setting.")
    results = measure(arguments)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with open(arguments.out, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["case", "limit", "threads", "direction", "library", "setting", "seconds", "own_by_this"])
        for key, entry in results.items():
            own = entry.get("haarmonic", (None, ""))[0]
            for name, (seconds, setting) in entry.items():
                ratio = "" if own is None else f"{own / seconds:.4f}"
                writer.writerow([*key, name, setting, f"{seconds:.4e}", ratio])
    print(f"written to {arguments.out}")


if __name__ == "__main__":
    main()
