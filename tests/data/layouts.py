"""Values of signals given by coefficient arrays of other programs: writes layouts.csv.

Run with: python tests/data/layouts.py > tests/data/layouts.csv
The coefficients are c(i, l, m) = sin(1 + i + 2 l + 3 m), i = 0 for the real part or the cosines, 1 for the imaginary part or the
sines (0 where m = 0); L = 5. For complex arrays of SHTOOLS, order m > 0: c(0) + i c(1), order -m: c(2) + i c(3), and order 0 takes
c(0) + i c(2); s2fft takes the same. Components of e3nn, entry k: sin(1 + k). Wigner coefficients of s2fft, L = 4: exp(i (1 + l + 2 m + 3 n)).
The second column is the normalisation, the spin weight (s2fft), or gamma (s2fft-wigner, where theta is beta and phi is alpha).
"""
from importlib.metadata import version

import e3nn
import e3nn.o3
import jax
import ducc0
import healpy
import numpy as np
import pyshtools
import s2fft
import torch

jax.config.update("jax_enable_x64", True)

L = 5
POINTS = [(0.3, 0.2), (1.1, 2.5), (1.9, 4.0), (2.8, 5.9)]


def c(i, l, m):
    return np.sin(1 + i + 2 * l + 3 * m)


print(f"# healpy {healpy.__version__}, ducc0 {ducc0.__version__}, pyshtools {pyshtools.__version__}, s2fft {version('s2fft')}, "
      f"e3nn {e3nn.__version__}, numpy {np.__version__}; by layouts.py")
print("# program,normalisation or spin or gamma,csphase,theta,phi,re,im")

alm = np.zeros(L * (L + 1) // 2, complex)
for m in range(L):
    for l in range(m, L):
        alm[healpy.Alm.getidx(L - 1, l, m)] = c(0, l, m) + (1j * c(1, l, m) if m else 0)
values = ducc0.sht.synthesis_general(alm=alm[None], loc=np.array(POINTS), lmax=L - 1, spin=0, epsilon=1e-13)[0]
for (theta, phi), value in zip(POINTS, values):
    print(f"ducc0,,,{theta},{phi},{value!r},0".replace("np.float64(", "").replace(")", ""))

# healpy itself evaluates on its own pixels only; some of them at nside 4.
pixels = [0, 50, 100, 180]
field = healpy.alm2map(alm, 4)
for pixel in pixels:
    theta, phi = healpy.pix2ang(4, pixel)
    print(f"healpy,,,{float(theta)!r},{float(phi)!r},{float(field[pixel])!r},0")

for norm, number in [("4pi", 1), ("schmidt", 2), ("ortho", 4)]:
    for csphase in (1, -1):
        real = np.zeros((2, L, L))
        whole = np.zeros((2, L, L), complex)
        for l in range(L):
            for m in range(l + 1):
                real[0, l, m] = c(0, l, m)
                whole[0, l, m] = c(0, l, m) + 1j * (c(1, l, m) if m else c(2, l, m))
                if m:
                    real[1, l, m] = c(1, l, m)
                    whole[1, l, m] = c(2, l, m) + 1j * c(3, l, m)
        for theta, phi in POINTS:
            lat, lon = 90 - np.degrees(theta), np.degrees(phi)
            value = pyshtools.expand.MakeGridPoint(real, lat, lon, norm=number, csphase=csphase)
            print(f"shtools,{norm},{csphase},{theta},{phi},{float(value)!r},0")
            value = complex(pyshtools.expand.MakeGridPointC(whole, lat, lon, norm=number, csphase=csphase))
            print(f"shtools-complex,{norm},{csphase},{theta},{phi},{value.real!r},{value.imag!r}")

# s2fft evaluates on its own grids; McEwen-Wiaux, theta = (2 t + 1) pi / (2 L - 1), phi = 2 pi p / (2 L - 1).
whole = np.zeros((L, 2 * L - 1), complex)
for l in range(L):
    for m in range(l + 1):
        whole[l, L - 1 + m] = c(0, l, m) + 1j * (c(1, l, m) if m else c(2, l, m))
        if m:
            whole[l, L - 1 - m] = c(2, l, m) + 1j * c(3, l, m)
for spin in (0, 1, -2, 3):
    flm = whole.copy()
    flm[:abs(spin)] = 0
    for method in ("numpy", "jax"):
        field = np.asarray(s2fft.inverse(flm, L, spin=spin, sampling="mw", method=method))
        if method == "jax":
            assert abs(field - before).max() < 1e-13
        before = field
    for t, p in [(0, 1), (1, 4), (2, 6), (3, 8)]:
        theta, phi = np.pi * (2 * t + 1) / (2 * L - 1), 2 * np.pi * p / (2 * L - 1)
        value = complex(field[t, p])
        print(f"s2fft,{spin},,{float(theta)!r},{float(phi)!r},{value.real!r},{value.imag!r}")

LIMIT = 4
flmn = np.zeros((2 * LIMIT - 1, LIMIT, 2 * LIMIT - 1), complex)
for n in range(1 - LIMIT, LIMIT):
    for l in range(abs(n), LIMIT):
        for m in range(-l, l + 1):
            flmn[n + LIMIT - 1, l, m + LIMIT - 1] = np.exp(1j * (1 + l + 2 * m + 3 * n))
field = np.asarray(s2fft.wigner.inverse(flmn, LIMIT, LIMIT, sampling="mw", method="numpy"))
for g, b, a in [(0, 0, 1), (1, 1, 0), (3, 2, 5), (6, 1, 4)]:
    gamma, beta, alpha = (2 * np.pi * g / 7, np.pi * (2 * b + 1) / 7, 2 * np.pi * a / 7)
    value = complex(field[g, b, a])
    print(f"s2fft-wigner,{float(gamma)!r},,{float(beta)!r},{float(alpha)!r},{value.real!r},{value.imag!r}")

# The vector (x, y, z) of e3nn is the one with polar angle theta from the z axis, and phi from x to y.
components = torch.sin(1 + torch.arange(L * L, dtype=torch.float64))
for norm in ("integral", "component", "norm"):
    for theta, phi in POINTS:
        vector = [np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)]
        vector = torch.tensor(vector, dtype=torch.float64)
        harmonics = e3nn.o3.spherical_harmonics(list(range(L)), vector, normalize=True, normalization=norm)
        print(f"e3nn,{norm},,{theta},{phi},{float(components @ harmonics)!r},0")
