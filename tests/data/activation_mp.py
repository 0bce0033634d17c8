"""Writes activation_mp.csv: reference expectations of the activation functions at hard arguments.

Closed forms in 700-digit arithmetic (mpmath) at the exact binary arguments, so that no cancellation
matters. `scale` is the size against which an error is measured: the value itself, and for functions that
change sign the sum of the absolute terms. Run: python3 activation_mp.py > activation_mp.csv
"""
import math
import mpmath
from mpmath import mp, mpf, sqrt, asin, acos, exp, pi, sinh, cosh, factorial, binomial, fac2

mp.dps = 700
TAU = 2 * pi


def angles(q1, q2, k):
    s = sqrt(q1 * q2)
    c = k / s
    w = sqrt((s - k) * (s + k)) / s
    return s, c, w, pi / 2 + asin(c)


def relu(q1, q2, k):
    s, c, w, psi = angles(q1, q2, k)
    return s * (w + c * psi) / TAU, psi / TAU


def plain(pair):
    return (*pair, abs(pair[0]), abs(pair[1]))


def leaky(a, q1, q2, k):
    v, d = relu(q1, q2, k)
    b = (1 - a) ** 2
    return b * v + a * k, b * d + a, b * v + abs(a * k), b * d + abs(a)


def absolute(q1, q2, k):
    s, c, w, psi = angles(q1, q2, k)
    return 2 / pi * s * (w + c * asin(c)), 2 / pi * asin(c)


def sign(q1, q2, k):
    return 2 / pi * asin(angles(q1, q2, k)[1]), mpf(0)


def erf(q1, q2, k, gain=mpf(1)):
    q1, q2, k = gain * q1, gain * q2, gain * k
    p = (1 + 2 * q1) * (1 + 2 * q2)
    return 2 / pi * asin(2 * k / sqrt(p)), gain * 4 / pi / sqrt(p - 4 * k * k)


def sigmoid(q1, q2, k):
    v, d = erf(q1, q2, k, 1 / mpf(2.4020563531719796) ** 2)
    return (v + 1) / 4, d / 4


def gaussian(q1, q2, k):
    d = (1 + 2 * q1) * (1 + 2 * q2) - 4 * k * k
    return 1 / sqrt(d), 4 * k / sqrt(d) ** 3


def gelu(q1, q2, k):
    p = (1 + q1) * (1 + q2)
    d = p - k * k
    x = k / sqrt(p)
    psi = pi / 2 + asin(x)
    first = (k * k + q1 * q2 * d) / (p * sqrt(d))
    value = (k * psi + first) / TAU
    second = k / sqrt(d) * (1 / d + (2 + q1 + q2) / p)
    derivative = (psi + second) / TAU
    f = 1 + q1 + q2
    scale = (abs(k) * psi + first) / TAU
    if x < -sqrt(mpf(1) / 2):
        h = d / p
        scale = min(scale, (d * d / 3 + k * k + f * d) / (p * sqrt(d)) / TAU)
    return value, derivative, scale, (psi + abs(second)) / TAU


def sin(q1, q2, k):
    h = (q1 + q2) / 2
    return exp(-h) * sinh(k), exp(-h) * cosh(k)


def cos(q1, q2, k):
    return sin(q1, q2, k)[::-1]


def exponential(q1, q2, k):
    v = exp((q1 + q2) / 2 + k)
    return v, v


def hermite_sum(n, k, p, norm):
    terms = [
        norm * factorial(n - 2 * i) * (binomial(n, 2 * i) * fac2(2 * i - 1)) ** 2 * k ** (n - 2 * i) * p**i
        for i in range(n // 2 + 1)
    ]
    return sum(terms), sum(abs(t) for t in terms)


def monomial(n, q1, q2, k):
    p = q1 * q2
    v, vs = hermite_sum(n, k, p, mpf(1))
    d, ds = hermite_sum(n - 1, k, p, mpf(n) ** 2)
    return v, d, vs, ds


def hermite(n, q1, q2, k):
    p = (q1 - 1) * (q2 - 1)
    v, vs = hermite_sum(n, k, p, 1 / factorial(n))
    d, ds = hermite_sum(n - 1, k, p, n / factorial(n - 1))
    return v, d, vs, ds


def rectified(n, q1, q2, k):
    s, c, w, psi = angles(q1, q2, k)
    r = [psi / TAU, (w + c * psi) / TAU]
    for j in range(1, n):
        r.append(((2 * j + 1) * c * r[j] + j * w * w * r[j - 1]) / (j + 1))
    return factorial(n) * s**n * r[n], n * factorial(n) * s ** (n - 1) * r[n - 1]


FUNCTIONS = {
    "relu": lambda *a: plain(relu(*a)),
    "leaky-relu(0.1)": lambda *a: leaky(mpf(0.1), *a),
    "leaky-relu(-0.3)": lambda *a: leaky(mpf(-0.3), *a),
    "abs": lambda *a: plain(absolute(*a)),
    "sign": lambda *a: plain(sign(*a)),
    "erf": lambda *a: plain(erf(*a)),
    "sigmoid-like": lambda *a: plain(sigmoid(*a)),
    "gaussian": lambda *a: plain(gaussian(*a)),
    "gelu": gelu,
    "sin": lambda *a: plain(sin(*a)),
    "cos": lambda *a: plain(cos(*a)),
    "exp": lambda *a: plain(exponential(*a)),
    "monomial(1)": lambda *a: monomial(1, *a),
    "monomial(6)": lambda *a: monomial(6, *a),
    "monomial(17)": lambda *a: monomial(17, *a),
    "hermite(1)": lambda *a: hermite(1, *a),
    "hermite(5)": lambda *a: hermite(5, *a),
    "hermite(12)": lambda *a: hermite(12, *a),
    "rectified-monomial(2)": lambda *a: plain(rectified(2, *a)),
    "rectified-monomial(3)": lambda *a: plain(rectified(3, *a)),
    "rectified-monomial(9)": lambda *a: plain(rectified(9, *a)),
}

PAIRS = [
    (1.0, 1.0),
    (1.3, 0.8),
    (1e-8, 1e-8),
    (1e-12, 3.0),
    (0.02, 50.0),
    (123.4, 98.7),
    (1e10, 1e10),
    (1e100, 1e120),
    (1e-200, 1e-180),
    (1e-290, 1e290),
]
GAPS = [0.0, 1e-14, 1e-9, 1e-4, 0.2, 0.5, 0.999]


def covariances(q1, q2):
    s = sqrt(mpf(q1) * mpf(q2))
    for gap in GAPS:
        k = float(s * (1 - mpf(gap)))
        while mpf(k) ** 2 > mpf(q1) * mpf(q2):
            k = math.nextafter(k, 0.0)
        yield k
        yield -k


def main():
    print(f"# generator: activation_mp.py, mpmath {mpmath.__version__}, {mp.dps} digits; printed to 20 digits")
    print("activation,q1,q2,k,value,derivative,value_scale,derivative_scale")
    for name, function in FUNCTIONS.items():
        for q1, q2 in PAIRS:
            for k in covariances(q1, q2):
                row = function(mpf(q1), mpf(q2), mpf(k))
                if max(abs(r) for r in row) > mpf(1e300):
                    continue
                text = ",".join(mpmath.nstr(r, 20) for r in row)
                print(f"{name},{q1!r},{q2!r},{k!r},{text}")


main()
