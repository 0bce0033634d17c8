"""Writes symbols.csv: exact 3j and 6j symbols by sympy, as sign * sqrt(p / q).

Generator: sympy 1.14, sympy.physics.wigner. Rows: kind (3 or 6), six quantum numbers, sign, p, q.
python symbols.py > symbols.csv
"""
import random

from sympy import Rational, sign
from sympy.physics.wigner import wigner_3j, wigner_6j

random.seed(7)
print("kind,a,b,c,d,e,f,sign,p,q")


def row(kind, numbers, value):
    square = Rational(value**2)
    print(kind, *numbers, int(sign(value)), square.p, square.q, sep=",")


for size, count in [(3, 120), (12, 120), (40, 20)]:
    found = 0
    while found < count:
        a, b = random.randint(0, size), random.randint(0, size)
        c = random.randint(abs(a - b), a + b)
        d, e = random.randint(-a, a), random.randint(-b, b)
        if abs(d + e) <= c:
            row(3, [a, b, c, d, e, -d - e], wigner_3j(a, b, c, d, e, -d - e))
            found += 1
for size, count in [(3, 100), (9, 100), (25, 20)]:
    found = 0
    while found < count:
        a, b, d, e = (random.randint(0, size) for _ in range(4))
        c = random.randint(abs(a - b), a + b)
        low, high = max(abs(a - e), abs(d - b)), min(a + e, d + b)
        if low <= high and abs(d - e) <= c <= d + e:
            f = random.randint(low, high)
            row(6, [a, b, c, d, e, f], wigner_6j(a, b, c, d, e, f))
            found += 1
