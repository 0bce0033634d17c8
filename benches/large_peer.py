"""Kernel regression on many points with neural-tangents, scikit-learn and SciPy, for the table in docs/benchmarks.md.

    pip install "jax<0.5.3" "jaxlib<0.5.3" neural-tangents==0.6.5 scikit-learn scipy
    python benches/large_peer.py 10000

The network, the points and the targets are those of benches/large.rs, up to the random numbers. All threads. Each step
once, after a small run that compiles. Peak: of the whole process so far.
"""

import os
import resource
import sys
import time

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import numpy as np
import scipy.linalg
from sklearn.kernel_ridge import KernelRidge

jax.config.update("jax_enable_x64", True)
import neural_tangents as nt
from neural_tangents import stax

n = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
hidden = dict(W_std=1.5, b_std=0.1)
kernel = stax.serial(
    stax.Dense(1, **hidden), stax.Relu(), stax.Dense(1, **hidden), stax.Relu(), stax.Dense(1)
)[2]
rng = np.random.default_rng(1)


def targets(x, noise):
    smooth = np.stack([np.sin(2 * x[:, c]) + x[:, c + 1] * x[:, c + 2] for c in range(10)], 1)
    return smooth + noise * rng.uniform(-1, 1, smooth.shape)


def timed(what, work):
    start = time.perf_counter()
    result = jax.block_until_ready(work())
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:<40} {seconds:9.2f} s, peak {peak:7.0f} MB", flush=True)
    return result


x, z = rng.uniform(-1, 1, (n, 20)), rng.uniform(-1, 1, (1000, 20))
y, truth = targets(x, 0.1), targets(z, 0.0)
print(f"n = {n}, {len(os.sched_getaffinity(0))} threads")
jitted = jax.jit(kernel, static_argnames=("get",))
both = lambda a, b: jitted(a, b, get=("nngp", "ntk"))
timed("neural-tangents, with compilation, n x n", lambda: both(x, None))
k = timed("neural-tangents: nngp and ntk, n x n", lambda: both(x, None))
batched = nt.batch(lambda a, b, get: jitted(a, b, get=get), batch_size=1000, store_on_device=False)
if n % 1000 == 0:
    timed("neural-tangents in blocks of 1000", lambda: batched(x, None, get=("nngp", "ntk")))
ntk = np.array(k.ntk)
ridge = 1e-2 * np.mean(np.diag(ntk))
cross = np.array(timed("neural-tangents: both, 1000 x n", lambda: both(z, x)).ntk)


def report(mean):
    print(f"root mean square error {np.sqrt(np.mean((mean - truth) ** 2)):.4f}")


model = KernelRidge(alpha=ridge, kernel="precomputed")
timed("scikit-learn: KernelRidge.fit", lambda: model.fit(ntk, y).dual_coef_)
report(timed("scikit-learn: predict", lambda: model.predict(cross)))


def solve():
    factor = scipy.linalg.cho_factor(ntk + ridge * np.eye(n), lower=True, check_finite=False)
    return scipy.linalg.cho_solve(factor, y, check_finite=False)


report(cross @ timed("SciPy: Cholesky and solve", solve))
predictor = nt.predict.gradient_descent_mse_ensemble(kernel, x, y, diag_reg=1e-2)
report(timed("neural-tangents: predict, t = infinity", lambda: predictor(x_test=z, get="ntk")))
