"""Matérn Gram matrices on S² by GeometricKernels, on one thread: time and error beside exact values.

Run: pip install geometric_kernels==1.0.1 and the package in ../python, then OMP_NUM_THREADS=1 RAYON_NUM_THREADS=1 python geometric_kernels_peer.py
"""

import time

import geometric_kernels.kernels as gk
import numpy as np
from geometric_kernels.spaces import Hypersphere

from haarmonic.covariance import Covariance

N = 1000
points = np.random.default_rng(0).normal(size=(N, 3))
points /= np.linalg.norm(points, axis=1, keepdims=True)
# Points at all angles from the first one.
angles = np.linspace(0.0, np.pi, 400)
arc = np.stack([np.cos(angles), np.sin(angles), np.zeros_like(angles)], axis=1)


def seconds(call, repeats=5):
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)


print("nu, length scale, levels | GeometricKernels: largest error, set-up and matrix in s | haarmonic: the same | ratio of times")
for nu, scale, levels in [(0.5, 0.5, 35), (0.5, 0.5, 60), (1.5, 0.3, 35), (2.5, 0.1, 35)]:

    def theirs(x, y=None):
        kernel = gk.MaternGeometricKernel(Hypersphere(2), num=levels)
        params = kernel.init_params()
        params["nu"], params["lengthscale"] = np.array([nu]), np.array([scale])
        return kernel.K(params, x, y)

    def ours(x, y=None):
        covariance = Covariance("sphere", "matern", scale, nu=nu)
        return covariance.gram(x) if y is None else covariance.cross(x, y)

    exact = ours(arc[:1], arc)
    error = np.abs(np.asarray(theirs(arc[:1], arc)) - exact).max()
    times = seconds(lambda: theirs(points)), seconds(lambda: ours(points))
    print(f"{nu}, {scale}, {levels} | {error:.1e}, {times[0]:.4f} | {times[1]:.4f} | {times[0] / times[1]:.1f}")
