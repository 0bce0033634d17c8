"""Writes wigner_deep.csv: Wigner functions far below one, with 17 digits.

Wigner's sum in 400 digits by mpmath; rows `l,m,n,beta,d`, beta the exact value of the double.

    python tests/data/wigner_deep.py > tests/data/wigner_deep.csv
"""
from mpmath import mp, mpf, binomial, sqrt, cos, sin, nstr

mp.dps = 400


def d(l, m, n, beta):
    c, s = cos(mpf(beta) / 2), sin(mpf(beta) / 2)
    total = mpf(0)
    for k in range(max(0, n - m), min(l + n, l - m) + 1):
        term = binomial(l + n, k) * binomial(l - n, l - m - k)
        total += (-1) ** (m - n + k) * term * c ** (2 * l + n - m - 2 * k) * s ** (m - n + 2 * k)
    return sqrt(binomial(2 * l, l - n) / binomial(2 * l, l - m)) * total


CASES = [
    (1, 1, 0), (2, 2, 0), (2, 2, -1), (5, 5, -5), (20, 20, 3), (33, 31, -30), (64, 64, 0), (64, 60, -55), (64, -63, 58),
    (100, 100, -100), (100, 98, -97), (127, 127, 40), (150, 3, -149), (200, 199, -180), (200, -200, 150), (255, 255, 255),
    (255, 250, 0), (255, 240, -230), (255, -254, 255), (255, 9, 254),
]
BETAS = [1e-200, 1e-100, 1e-9, 1e-3, 0.05, 0.4, 1.1, 1.5707963267948966, 2.0, 2.9, 3.1405926535897932, 3.141592653589793]

print("l,m,n,beta,d")
for beta in BETAS:
    for l, m, n in CASES:
        value = d(l, m, n, beta)
        # Where the functions oscillate they are known absolutely only: wigner_d.npz has some.
        turning = m * m + n * n - 2 * m * n * cos(mpf(beta)) - (l + mpf(1) / 2) ** 2 * sin(mpf(beta)) ** 2
        if turning > 0 and mpf(10) ** -300 < abs(value) < mpf(10) ** -10:
            print(f"{l},{m},{n},{beta!r},{nstr(value, 17)}")
