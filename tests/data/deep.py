"""Writes deep.csv: kernels of deep networks of rectifiers, in 60-digit arithmetic (arc-cosine recursion).

Each row: weight standard deviation of all layers, number of activations, six numbers per vector, NNGP, NTK.
Run: python3 deep.py > deep.csv
"""
import random
from mpmath import mp, mpf, sqrt, pi, acos, sin

mp.dps = 60


def kernels(weight, depth, x, y):
    w = mpf(weight) ** 2
    dot = lambda a, b: w * sum(mpf(p) * mpf(q) for p, q in zip(a, b)) / len(a)
    q1, q2, k = dot(x, x), dot(y, y), dot(x, y)
    t = k
    for _ in range(depth):
        r = sqrt(q1 * q2)
        angle = acos(k / r) if x != y else mpf(0)
        k, derivative = r * (sin(angle) + (pi - angle) * k / r) / (2 * pi), (pi - angle) / (2 * pi)
        q1, q2 = q1 / 2, q2 / 2
        k, t = w * k, w * derivative * t
        q1, q2 = w * q1, w * q2
        t += k
    return k, t


rng = random.Random(11)
print("# 60-digit arithmetic (mpmath), deep.py")
print("weight,depth,x1,x2,x3,x4,x5,x6,y1,y2,y3,y4,y5,y6,nngp,ntk")
for weight, depths in [(2.0 ** 0.5, [10, 518, 2000]), (1.0, [10, 518, 1000]), (1.7, [518, 1900])]:
    for depth in depths:
        x = [rng.uniform(-1, 1) for _ in range(6)]
        y = [rng.uniform(-1, 1) for _ in range(6)]
        for other in [y, x]:
            numbers = [repr(v) for v in x + other] + [mp.nstr(v, 20) for v in kernels(weight, depth, x, other)]
            print(f"{weight!r},{depth}," + ",".join(numbers))
