"""Writes collinear.csv: kernels of networks of vectors that are collinear, or nearly, in 300-digit arithmetic.

Each row: the layers ("d w b" a dense layer with weight and bias standard deviations, else an activation), six numbers per vector,
NNGP, NTK.
Run: python3 collinear.py > collinear.csv
"""
import random
from mpmath import mp, mpf, sqrt, asin, pi, atan2

mp.dps = 300


def expectation(name, q1, q2, k):
    """E[σσ] and E[σ'σ']."""
    s = sqrt(q1 * q2)
    c = k / s
    square = q1 * q2 - k * k
    w = sqrt(square if square > 0 else mpf(0)) / s
    # ψ = π − angle, which keeps its digits at both ends.
    psi = pi - atan2(w, c)
    relu = (s * (w + c * psi) / (2 * pi), psi / (2 * pi))
    if name == "relu":
        return relu
    if name == "abs":
        return 4 * relu[0] - k, 4 * relu[1] - 1
    if name.startswith("leaky-relu"):
        a = mpf(float(name[11:-1]))
        b = (1 - a) ** 2
        return b * relu[0] + a * k, b * relu[1] + a
    if name == "sign":
        return 2 / pi * (psi - pi / 2), mpf(0)
    if name == "rectified-monomial(0)":
        return psi / (2 * pi), mpf(0)
    if name == "rectified-monomial(2)":
        value = q1 * q2 / (2 * pi) * (3 * c * w + (1 + 2 * c * c) * psi)
        return value, 4 * relu[0]
    if name == "monomial(2)":
        return 2 * k * k + q1 * q2, 4 * k
    if name == "erf":
        root = sqrt((1 + 2 * q1) * (1 + 2 * q2) - 4 * k * k)
        return 2 / pi * asin(2 * k / sqrt((1 + 2 * q1) * (1 + 2 * q2))), 4 / pi / root
    raise ValueError(name)


def kernels(layers, x, y):
    x, y = [mpf(v) for v in x], [mpf(v) for v in y]
    n = len(x)
    dot = lambda a, b: sum(p * q for p, q in zip(a, b)) / n
    # (q1, q2, k, θ)
    q1, q2, k, t = dot(x, x), dot(y, y), dot(x, y), mpf(0)
    for layer in layers:
        if layer.startswith("d "):
            w, b = (mpf(float(v)) ** 2 for v in layer[2:].split())
            q1, q2, k = w * q1 + b, w * q2 + b, w * k + b
            t = k + w * t
        else:
            value, derivative = expectation(layer, q1, q2, k)
            q1, q2 = expectation(layer, q1, q1, q1)[0], expectation(layer, q2, q2, q2)[0]
            k, t = value, derivative * t
    return k, t


def main():
    rng = random.Random(5)
    nets = []
    for a in ["relu", "abs", "leaky-relu(0.3)", "leaky-relu(-0.5)", "sign", "rectified-monomial(0)", "rectified-monomial(2)"]:
        for bias in ["0", "0.3"]:
            nets.append(["d 1.3 " + bias, a, "d 1.2 " + bias, a, "d 1.1 " + bias])
    nets.append(["d 1.4 0"] + ["sign", "d 1.4 0"] * 3)
    nets.append(["d 1.4 0.1"] + ["sign", "d 1.4 0.1"] * 3)
    nets.append(["d 1.3 0", "relu", "d 1.2 0", "sign", "d 1.1 0", "abs", "d 1 0"])
    nets.append(["d 1.3 0", "monomial(2)", "d 1.2 0", "relu", "d 1.1 0"])
    nets.append(["d 1 0.5"] + ["relu", "d 1 0.5"] * 40)
    nets.append(["d 1.3 0.2", "erf", "d 1.2 0.1", "relu", "d 1.1 0"])
    print("# 300-digit arithmetic (mpmath), collinear.py")
    print("layers,x1,x2,x3,x4,x5,x6,y1,y2,y3,y4,y5,y6,nngp,ntk")
    for net in nets:
        for factor in [1.0, 2.0, 3.0, -2.0, -0.7, 1e100]:
            for apart in [0.0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3]:
                x = [rng.uniform(-1, 1) for _ in range(6)]
                if factor == 3.0:  # exactly collinear
                    x = [float(round(v * 64)) for v in x]
                y = [factor * (v + apart * rng.uniform(-1, 1)) for v in x]
                if "erf" in net and not (0 < factor < 10):
                    continue
                k, t = kernels(net, x, y)
                if max(kernels(net, y, y)) > 1e300:
                    continue
                numbers = [repr(v) for v in x + y] + [mp.nstr(k, 20), mp.nstr(t, 20)]
                print("; ".join(net) + "," + ",".join(numbers))


main()
