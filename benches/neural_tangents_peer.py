"""Times the kernels of a plain CNN in neural-tangents, for the table in docs/benchmarks.md.

    pip install "jax<0.5.3" "jaxlib<0.5.3" neural-tangents==0.6.5
    taskset -c 0 python benches/neural_tangents_peer.py            # one thread
    python benches/neural_tangents_peer.py                         # all

3 x 3 convolutions and relu, global average pooling, dense; NNGP and NTK; 32 x 32 x 3. Milliseconds a pair, the best of
several batch sizes, after compilation. The same networks as in benches/plane.rs.
"""

import os
import sys
import time

if len(os.sched_getaffinity(0)) == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
import neural_tangents as nt
from neural_tangents import stax


def network(depth, padding):
    layers = []
    for _ in range(depth):
        layers += [stax.Conv(1, (3, 3), padding=padding, W_std=2**0.5, b_std=0.1), stax.Relu()]
    return stax.serial(*layers, stax.GlobalAvgPool(), stax.Dense(1, W_std=2**0.5, b_std=0.1))[2]


def milliseconds(depth, padding, dtype, sizes, repeats):
    kernel = jax.jit(network(depth, padding), static_argnames=("get",))
    best = float("inf")
    for n in sizes:
        x = np.random.RandomState(0).uniform(-1, 1, (n, 32, 32, 3)).astype(dtype)
        y = np.random.RandomState(1).uniform(-1, 1, (n, 32, 32, 3)).astype(dtype)
        jax.block_until_ready(kernel(x, y, get=("nngp", "ntk")))
        for _ in range(repeats):
            start = time.perf_counter()
            jax.block_until_ready(kernel(x, y, get=("nngp", "ntk")))
            best = min(best, 1e3 * (time.perf_counter() - start) / n**2)
    return best


print("threads", len(os.sched_getaffinity(0)), "jax", jax.__version__, "neural-tangents", nt.__version__)
for dtype in ("float64", "float32"):
    print(dtype, "2 layers, valid:", round(milliseconds(2, "VALID", dtype, (1, 2, 4), 5), 1), "ms a pair")
if "--deep" in sys.argv:
    for dtype in ("float64", "float32"):
        print(dtype, "21 layers, same:", round(milliseconds(21, "SAME", dtype, (1, 2), 2), 1), "ms a pair")
