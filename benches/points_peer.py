"""Times values at points of this crate and of ducc0's synthesis_general in turns, on one machine.

    pip install numpy ducc0
    python benches/points_peer.py                          # one thread, L = 512, a million points
    python benches/points_peer.py --threads 2 --rounds 5

Real signals (spin 0), and Q and U (spin 2); tolerances 1e-3, 1e-6, 1e-12. Each figure is the least time of many calls in several rounds, in
which both take turns; on one thread it is time on the processor, otherwise on the wall clock. ducc0 sorts the points in every
call: it is set beside this crate with its plan made anew ("with plan"), and with a plan that is kept.
"""

import argparse
import json
import os
import pathlib
import subprocess
import time

import ducc0
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent


def own_program():
    if "POINTS_PEER_PROGRAM" in os.environ:
        return os.environ["POINTS_PEER_PROGRAM"]
    command = ["cargo", "bench", "--bench", "points_peer", "--no-default-features", "--no-run", "--message-format=json"]
    lines = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    artifacts = [json.loads(line) for line in lines if line.startswith("{")]
    return [a["executable"] for a in artifacts if a.get("executable") and a["target"]["name"] == "points_peer"][-1]


def own_times(program, arguments, tolerance, spin):
    command = [program, "--limit", arguments.limit, "--points", arguments.points, "--tolerance", tolerance, "--spin", spin,
               "--threads", arguments.threads, "--seconds", arguments.seconds]
    output = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, check=True, text=True).stdout
    key = "cpu_ns" if arguments.threads == 1 else "ns"
    for record in map(json.loads, output.splitlines()):
        yield record["direction"], record[key] * 1e-6


def least(call, seconds, clock):
    best, start, calls = float("inf"), time.perf_counter(), 0
    while calls < 3 or time.perf_counter() - start < seconds:
        before = clock()
        call()
        best, calls = min(best, clock() - before), calls + 1
    return best * 1e3


def ducc0_times(arguments, tolerance, spin, clock):
    rng = np.random.default_rng(7)
    points = np.empty((arguments.points, 2))
    points[:, 0] = np.arccos(1 - 2 * rng.random(arguments.points))
    points[:, 1] = 2 * np.pi * rng.random(arguments.points)
    limit, parts = arguments.limit, 1 if spin == 0 else 2
    size = limit * (limit + 1) // 2
    alm = rng.uniform(-1, 1, (parts, size)) + 1j * rng.uniform(-1, 1, (parts, size))
    alm[:, :limit].imag = 0
    values = np.zeros((parts, arguments.points))
    common = dict(spin=spin, lmax=limit - 1, loc=points, epsilon=tolerance, nthreads=arguments.threads)
    yield "synthesis", least(lambda: ducc0.sht.synthesis_general(alm=alm, map=values, **common), arguments.seconds, clock)
    yield "adjoint", least(lambda: ducc0.sht.adjoint_synthesis_general(map=values, alm=alm, **common), arguments.seconds, clock)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=512)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each direction in each round")
    arguments = parser.parse_args()
    program = own_program()
    clock = time.process_time if arguments.threads == 1 else time.perf_counter
    print(f"L = {arguments.limit}, {arguments.points} points, {arguments.threads} thread(s), load {os.getloadavg()[0]:.1f}; milliseconds")
    print("| spin | tolerance | direction | ducc0 | this crate, with plan | plan kept | ratio, with plan | kept |")
    print("|---|---|---|---|---|---|---|---|")
    for spin in (0, 2):
        for tolerance in (1e-3, 1e-6, 1e-12):
            best = {}
            for _ in range(arguments.rounds):
                for side, times in (("own", own_times(program, arguments, tolerance, spin)),
                                    ("ducc0", ducc0_times(arguments, tolerance, spin, clock))):
                    for direction, milliseconds in times:
                        key = side, direction
                        best[key] = min(best.get(key, float("inf")), milliseconds)
            for direction in ("synthesis", "adjoint"):
                other, kept = best["ducc0", direction], best["own", direction]
                whole = kept + best["own", "plan"]
                print(f"| {spin} | {tolerance:.0e} | {direction} | {other:.0f} | {whole:.0f} | {kept:.0f} | {whole / other:.2f} | {kept / other:.2f} |", flush=True)
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
