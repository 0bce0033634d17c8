"""Values of signals given by coefficient arrays of other programs: writes layouts.csv.

Run with: python tests/data/layouts.py > tests/data/layouts.csv
The coefficients are c(i, l, m) = sin(1 + i + 2 l + 3 m), i = 0 for the real part or the cosines, 1 for the imaginary part or the
sines (0 where m = 0); L = 5. For complex arrays of SHTOOLS, order m > 0: c(0) + i c(1), order -m: c(2) + i c(3), and order 0 takes
c(0) + i c(2).
"""
import ducc0
import healpy
import numpy as np
import pyshtools

L = 5
POINTS = [(0.3, 0.2), (1.1, 2.5), (1.9, 4.0), (2.8, 5.9)]


def c(i, l, m):
    return np.sin(1 + i + 2 * l + 3 * m)


print(f"# healpy {healpy.__version__}, ducc0 {ducc0.__version__}, pyshtools {pyshtools.__version__}, numpy {np.__version__}; by layouts.py")
print("# program,normalisation,csphase,theta,phi,re,im")

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
