"""Align two signals on the sphere, and show them.

Who: someone with two noisy measurements of one body (a star, a protein, a planet) in different attitudes.
What: finds the rotation that lays the second one upon the first, and checks it against the truth.
How: `python examples/align_two_spheres.py [picture.png]`
Expect: for each level of noise the error of the rotation in degrees and the score; with matplotlib and the name of a file, also a picture.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray

from haarmonic import CoefficientRotation, RotationMatcher, Sht, evaluate

LMAX = 23
TRUTH = (0.4, 1.1, 2.0)  # alpha, beta, gamma
NOISE = (0.0, 0.3, 1.0, 3.0)

Alm = NDArray[np.complex128]


def body(plan: Sht) -> Alm:
    """A few spots of different sizes on a sphere."""
    theta, phi = np.broadcast_arrays(*plan.angles())
    points = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=-1)
    rng = np.random.default_rng(7)
    signal = np.zeros(plan.signal_shape)
    for size in (4, 8, 16, 16, 30):
        centre = rng.normal(size=3)
        centre /= np.linalg.norm(centre)
        signal += np.exp(size * (points @ centre - 1))
    return plan.analysis(signal)


def noise(plan: Sht, level: float, rng: np.random.Generator) -> Alm:
    """White noise on the grid, `level` times as large as the mean spot."""
    return plan.analysis(0.1 * level * rng.normal(size=plan.signal_shape))


def matrix(alpha: float, beta: float, gamma: float) -> NDArray[np.float64]:
    """The rotation Rz(alpha) Ry(beta) Rz(gamma)."""

    def about_z(angle: float) -> NDArray[np.float64]:
        c, s = np.cos(angle), np.sin(angle)
        return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])

    c, s = np.cos(beta), np.sin(beta)
    about_y = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    product: NDArray[np.float64] = about_z(alpha) @ about_y @ about_z(gamma)
    return product


def angle_between(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The angle of the rotation from one matrix to the other, in degrees."""
    sine = np.linalg.norm(one - other) / np.sqrt(8)
    return float(np.degrees(2 * np.arcsin(min(sine, 1.0))))


def show(titles: list[str], signals: list[Alm], path: str) -> None:
    """Draw signals in Mollweide's projection."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    latitude, longitude = np.linspace(-np.pi / 2, np.pi / 2, 91), np.linspace(-np.pi, np.pi, 181)
    figure, axes = plt.subplots(1, len(signals), figsize=(12, 3), subplot_kw={"projection": "mollweide"})
    for axis, title, alm in zip(axes, titles, signals, strict=True):
        values = evaluate(alm, np.pi / 2 - latitude[:, None], longitude)
        axis.pcolormesh(longitude, latitude, values, shading="gouraud", rasterized=True)
        axis.set(title=title, xticks=[], yticks=[])
    figure.tight_layout()
    figure.savefig(path, dpi=100)


def main(path: str | None) -> None:
    plan, rng = Sht(LMAX, longitudes="fast"), np.random.default_rng(1)
    rotation, matcher = CoefficientRotation(LMAX), RotationMatcher(LMAX)
    clean = body(plan)
    truth = matrix(*TRUTH)
    print(f"{'noise':>6} {'error / degrees':>16} {'score':>7} {'runner-up':>10}")
    errors = []
    for level in NOISE:
        first = rotation.rotate(clean, TRUTH) + noise(plan, level, rng)
        second = clean + noise(plan, level, rng)
        best = matcher.best_rotation(first, second)
        errors.append(angle_between(best.matrix, truth))
        other = "" if best.runner_up is None else f"{best.runner_up:.3f}"
        print(f"{level:6.1f} {errors[-1]:16.2e} {best.score:7.3f} {other:>10}")
        if level == NOISE[1] and path is not None:
            aligned = rotation.rotate(second, best.euler)
            show(["first", "second", "second, aligned"], [first, second, aligned], path)
            print(f"wrote {path}")
    assert errors[0] < 1e-9
    assert errors[1] < 2.0


if __name__ == "__main__":
    picture = sys.argv[1] if len(sys.argv) > 1 else None
    if picture is not None:
        try:
            import matplotlib  # noqa: F401
        except ImportError:
            print("matplotlib is not installed: no picture")
            picture = None
    main(picture)
