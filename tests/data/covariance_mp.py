"""Heat and Matérn kernels on S² and SO(3) and their derivatives, to 17 of 40 digits (mpmath): python3 covariance_mp.py > covariance_mp.csv

Heat kernels are sums over degrees. Matérn kernels on SO(3) are sums of Bessel functions K over images (Poisson's formula) where b = 2ν/κ² − 1/4 is at
least 1/2, and otherwise a binomial series in b − 1 beyond the first twelve degrees. Kernels on S² are means of those on SO(3) over rotations about a
point; normalisers are sums over degrees with Hurwitz zeta functions. Derivatives by ln κ and ν are differences with 40 digits. Means over
many images would take hours, and this quadrature has five digits for smooth kernels: on S², Matérn kernels are rough and of short scale here.
"""

from functools import cache
from sys import argv

from mpmath import asin, asinh, besselk, binomial, cos, cosh, exp, gamma, log, mp, mpf, pi, quad, sin, sinh, sqrt, tan, zeta

mp.dps = 40
FIRST = 12


def character(degree, omega):
    return (2 * degree + 1) if omega == 0 else sin((degree + mpf(1) / 2) * omega) / sin(omega / 2)


def images(s, b, omega):
    """Σ (2ℓ+1) (b + (ℓ+½)²)^−s χ_ℓ(ω)"""
    mu, root = s - mpf(3) / 2, sqrt(b)

    def term(phi):
        size = abs(phi)
        return phi * (size / (2 * root)) ** mu * besselk(mu, root * size)

    total, n = term(omega), 1
    while True:
        pair = (-1) ** n * (term(omega + 2 * pi * n) + term(omega - 2 * pi * n))
        total += pair
        if abs(pair) < abs(total) * mpf(10) ** -30 or root * (2 * pi * n - omega) > 90:
            return sqrt(pi) / gamma(s) / sin(omega / 2) * total
        n += 1


def rotations(s, b, omega):
    if b >= mpf(1) / 2:
        return images(s, b, omega)
    half = mpf(1) / 2
    total = sum((2 * l + 1) * (b + (l + half) ** 2) ** -s * character(l, omega) for l in range(FIRST))
    for j in range(11):
        first = sum((2 * l + 1) * (1 + (l + half) ** 2) ** -(s + j) * character(l, omega) for l in range(FIRST))
        total += binomial(-s, j) * (b - 1) ** j * (images(s + j, mpf(1), omega) - first)
    return total


@cache
def whole(power, s, b):
    """Σ (2ℓ+1)^power (b + (ℓ+½)²)^−s"""
    half = mpf(1) / 2
    limit = 30 + int(3 * sqrt(abs(b)))
    total = sum((2 * l + 1) ** power * (b + (l + half) ** 2) ** -s for l in range(limit))
    return total + 2**power * sum(binomial(-s, j) * b**j * zeta(2 * s + 2 * j - power, limit + half) for j in range(40))


def sphere(s, b, theta):
    if theta == pi:
        return rotations(s, b, pi)
    t = tan(theta / 2)
    end = asinh(sin(pi / 4) / t)

    def omega(sine):
        return 2 * asin(min(mpf(1), sqrt(sin(theta / 2) ** 2 + (cos(theta / 2) * sine) ** 2)))

    def near(u):
        sine = t * sinh(u)
        return rotations(s, b, omega(sine)) * t * cosh(u) / sqrt(1 - sine**2)

    def far(alpha):
        return rotations(s, b, omega(sin(alpha)))

    # Integrals to 22 digits
    before, mp.dps = mp.dps, 24
    pieces = [end * k / mpf(1 + int(end / 2)) for k in range(2 + int(end / 2))]
    total = quad(near, pieces, method="gauss-legendre", maxdegree=5)
    if b < 10 ** 4:
        total += quad(far, [pi / 4, 3 * pi / 8, pi / 2], method="gauss-legendre", maxdegree=5)
    mp.dps = before
    return 2 / pi * total


def matern(space, nu, log_kappa, angle):
    a = 2 * nu / exp(2 * log_kappa)
    b = a - mpf(1) / 4
    if space == "sphere":
        return sphere(nu + 1, b, angle) / whole(1, nu + 1, b)
    s = nu + mpf(3) / 2
    return rotations(s, b, angle) / whole(2, s, b)


def heat(space, log_kappa, angle):
    t = exp(2 * log_kappa) / 2
    degrees = int(sqrt(100 / t)) + 4
    total = norm = mpf(0)
    last, now = mpf(0), mpf(1)
    for l in range(degrees):
        factor = (2 * l + 1) * exp(-t * l * (l + 1))
        if space == "sphere":
            total, norm = total + factor * now, norm + factor
            last, now = now, ((2 * l + 1) * cos(angle) * now - l * last) / (l + 1)
        else:
            total, norm = total + factor * character(l, angle), norm + (2 * l + 1) * factor
    return total / norm


def slope(function, at, step):
    """Central difference of fourth order."""
    f = [function(at + k * step) for k in (-2, -1, 1, 2)]
    return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * step)


def print_row(space, nu, kappa, angle, *values):
    print(",".join([space, nu, kappa, repr(angle), *(mp.nstr(value, 17) for value in values)]), flush=True)


MATERN = {
    ("0.25", "0.001"): (0.0001, 0.001, 0.004),
    ("0.25", "1"): (0.0001, 0.1, 1.0, 3.141592653589793),
    ("0.25", "0.1"): (0.0001, 0.1, 1.0, 3.141592653589793),
    ("0.25", "10"): (0.01, 2.0),
    ("0.5", "0.05"): (0.005, 0.05, 0.3, 3.0),
    ("0.7", "10"): (1.0, 3.141592653589793),
    ("1", "0.4"): (0.03, 0.4, 1.5, 3.1),
    ("1.5", "0.001"): (0.0001, 0.001, 0.004),
    ("3.3", "0.5"): (0.05, 0.5, 2.0, 3.141592653589793),
    ("20", "0.001"): (0.0001, 0.001, 0.004),
    ("20", "1"): (0.1, 1.0, 3.0),
    ("20", "10"): (0.5, 3.0),
    ("300", "0.3"): (0.1, 0.5),
}
HEAT = {
    "0.02": (0.002, 0.02, 0.08),
    "0.83": (0.01, 0.5, 1.5, 3.0, 3.141592653589793),
    "0.84": (0.01, 0.5, 1.5, 3.0, 3.141592653589793),
    "10": (1.0, 3.0),
}

if __name__ == "__main__":
    part = argv[1] if len(argv) > 1 else None
    if part in (None, "heat"):
        print("# mpmath, 40 digits: covariance_mp.py. nu is inf for heat kernels; derivatives by ln kappa and by nu")
        print("space,nu,kappa,angle,value,by_log_kappa,by_nu")
        for space in ("sphere", "rotations"):
            for kappa, angles in HEAT.items():
                for angle in angles:
                    at = log(mpf(kappa))
                    value = heat(space, at, mpf(angle))
                    print_row(space, "inf", kappa, angle, value, slope(lambda x: heat(space, x, mpf(angle)), at, mpf(10) ** -6), mpf(0))
    for space in ("rotations", "sphere"):
        if part not in (None, space):
            continue
        step = mpf(10) ** (-4 if space == "sphere" else -6)
        for (nu, kappa), angles in MATERN.items():
            if space == "sphere" and (float(nu) > 2 or float(kappa) > 0.001):
                continue
            for angle in angles:
                n, k, a = mpf(nu), log(mpf(kappa)), mpf(angle)
                value = matern(space, n, k, a)
                by_kappa = slope(lambda x: matern(space, n, x, a), k, step)
                by_nu = slope(lambda x: matern(space, x, k, a), n, step)
                print_row(space, nu, kappa, angle, value, by_kappa, by_nu)
