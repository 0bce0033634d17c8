"""Writes healpix_pixels.npz: numbers, centres, neighbours and discs of HEALPix pixels by healpy, and the largest pixel radius."""

import sys

import healpy
import numpy as np

out = {}
rng = np.random.default_rng(5)
theta = np.arccos(rng.uniform(-1, 1, 200))
theta[:6] = [0.0, np.pi, 1e-9, np.pi - 1e-9, 1.2, 0.3]
phi = rng.uniform(-7, 14, 200)
out["theta"], out["phi"] = theta, phi
for nside in [1, 2, 4, 32]:
    pixels = np.arange(12 * nside**2) if nside < 32 else rng.integers(0, 12 * nside**2, 300)
    out[f"pixels_{nside}"] = pixels.astype(np.int64)
    out[f"ring_of_nested_{nside}"] = healpy.nest2ring(nside, pixels).astype(np.int64)
    out[f"centres_{nside}"] = np.stack(healpy.pix2ang(nside, pixels))
    for nest in [False, True]:
        order = "nested" if nest else "ring"
        out[f"at_{order}_{nside}"] = healpy.ang2pix(nside, theta, phi, nest=nest).astype(np.int64)
        around = healpy.get_all_neighbours(nside, pixels, nest=nest).T
        out[f"around_{order}_{nside}"] = np.ascontiguousarray(around).astype(np.int64)
for nside in [3, 5]:
    out[f"at_ring_{nside}"] = healpy.ang2pix(nside, theta, phi).astype(np.int64)
out["radius"] = np.array([healpy.max_pixrad(nside) for nside in [1, 2, 4, 32]])
discs = [(0, 0.0), (0, 0.4), (1, 0.3), (4, 0.05), (5, 0.9), (10, 0.2), (11, 1.7), (12, 3.0), (13, 0.01), (14, 0.35)]
out["discs"] = np.array(discs)
for i, (point, radius) in enumerate(discs):
    vector = healpy.ang2vec(theta[point], phi[point])
    out[f"disc_{i}"] = np.sort(healpy.query_disc(16, vector, radius, nest=i % 2 == 1)).astype(np.int64)
np.savez_compressed(sys.argv[1] if len(sys.argv) > 1 else "healpix_pixels.npz", **out)
