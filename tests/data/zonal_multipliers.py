"""Multipliers of zonal filters in high precision: tests/data/zonal_multipliers.csv.

Caps and rings by the closed form, Gaussians by quadrature of the definition. Run: python zonal_multipliers.py > zonal_multipliers.csv
"""
import mpmath
from mpmath import mp, mpf

mp.dps = 60
DEGREES = [1, 2, 3, 5, 10, 31, 64, 127, 128, 200, 255, 256]


def legendre(x):
    """All P_l(x) up to the largest degree, by the recursion in 60 digits, which loses a few at most."""
    values = [mpf(1), x]
    for l in range(1, max(DEGREES)):
        values.append(((2 * l + 1) * x * values[l] - l * values[l - 1]) / (l + 1))
    return values


def ring(inner, outer):
    """(P_{l-1} - P_{l+1}) / (2l + 1) is an integral of P_l: closed form, cancellation covered by the digits."""
    a, b = mpmath.cos(inner), mpmath.cos(outer)
    at_a, at_b = ([*legendre(x), None] for x in (a, b))
    top = max(DEGREES)
    for values, x in ((at_a, a), (at_b, b)):
        values[top + 1] = ((2 * top + 1) * x * values[top] - top * values[top - 1]) / (top + 1)
    integral = lambda v, l: (v[l - 1] - v[l + 1]) / (2 * l + 1)
    return [(integral(at_b, l) - integral(at_a, l)) / (a - b) for l in DEGREES]


def gaussian(width):
    """Gauss-Legendre quadrature in theta, piece by piece."""
    end = min(mp.pi, 14 * width)
    pieces = 48
    rule = mpmath.calculus.quadrature.GaussLegendre(mp).calc_nodes(5, mp.prec)
    sums = [mpf(0)] * (max(DEGREES) + 1)
    for piece in range(pieces):
        left, right = end * piece / pieces, end * (piece + 1) / pieces
        for x, w in rule:
            theta = (left + right) / 2 + (right - left) / 2 * x
            weight = w * mpmath.exp(-theta**2 / (2 * width**2)) * mpmath.sin(theta)
            for l, p in enumerate(legendre(mpmath.cos(theta))):
                sums[l] += weight * p
    return [sums[l] / sums[0] for l in DEGREES]


def write(name, parameters, values):
    for l, value in zip(DEGREES, values):
        print(f"{name},{parameters[0]!r},{parameters[1]!r},{l},{mpmath.nstr(value, 20)}")


print(f"# zonal_multipliers.py, mpmath {mpmath.__version__}, 60 digits, parameters as doubles")
print("profile,first,second,degree,multiplier")
for inner, outer in [
    (0.0, 1e-6), (0.0, 1e-3), (0.0, 0.1), (0.0, 0.9), (0.0, 2.5), (0.0, 3.14),
    (0.0, 3.141592653589793), (1e-3, 1.1e-3), (0.3, 0.9), (1.0, 1.0 + 1e-9), (1.0, 1.001), (1.5, 1.7),
    (2.0, 3.0), (0.1, 3.1), (3.0, 3.14), (3.14, 3.141592653589793), (3.1, 3.1000001),
]:
    write("ring", (inner, outer), ring(mpf(inner), mpf(outer)))
for width in [1e-6, 1e-3, 0.01, 0.1, 0.4, 1.0, 3.0, 10.0, 1e3]:
    write("gaussian", (width, 0.0), gaussian(mpf(width)))
