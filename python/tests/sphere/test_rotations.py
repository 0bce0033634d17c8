"""Rotated signals and best rotations, beside SciPy, ducc0 and pyshtools."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from oracles import error, random_alm

from haarmonic import (
    BestRotation,
    CoefficientRotation,
    RotationMatcher,
    best_rotation,
    evaluate,
    rotate_coefficients,
)
from haarmonic.layouts import from_shtools, half_to_full, to_shtools

ANGLES = (0.4, 1.1, 2.0)


def matrix(alpha: float, beta: float, gamma: float) -> np.ndarray:
    def about_z(angle: float) -> np.ndarray:
        c, s = np.cos(angle), np.sin(angle)
        return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])

    c, s = np.cos(beta), np.sin(beta)
    about_y = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    return about_z(alpha) @ about_y @ about_z(gamma)


def angles_of(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, y, z = vectors.T
    return np.arctan2(np.hypot(x, y), z), np.arctan2(y, x)


def test_a_feature_at_x_moves_to_R_x() -> None:
    alm = random_alm(9)
    vectors = np.random.default_rng(0).normal(size=(40, 3))
    before = evaluate(alm, *angles_of(vectors))
    for rotation in (ANGLES, matrix(*ANGLES)):
        rotated = rotate_coefficients(alm, rotation)
        after = evaluate(rotated, *angles_of(vectors @ matrix(*ANGLES).T))
        assert error(after, before) < 1e-13


def test_rotations_of_scipy() -> None:
    spatial = pytest.importorskip("scipy.spatial.transform")
    alm = random_alm(9)
    rotation = spatial.Rotation.from_euler("ZYZ", ANGLES)
    assert error(rotate_coefficients(alm, rotation), rotate_coefficients(alm, ANGLES)) < 1e-14
    two = spatial.Rotation.from_euler("ZYZ", [ANGLES, ANGLES])
    with pytest.raises(ValueError, match="several rotations"):
        rotate_coefficients(alm, two)


def test_layouts_and_batches_agree() -> None:
    alm = np.stack([random_alm(30, seed) for seed in range(5)])
    half = rotate_coefficients(alm, ANGLES)
    assert error(half_to_full(half), rotate_coefficients(half_to_full(alm), ANGLES)) < 1e-14
    plan = CoefficientRotation(30, threads=2)
    assert np.array_equal(plan.rotate(alm[::-1], ANGLES)[::-1], half)
    assert error(plan.rotate(alm[3], ANGLES), half[3]) < 1e-14
    again = pickle.loads(pickle.dumps(plan))
    assert repr(again) == repr(plan) == 'CoefficientRotation(30, "half", threads=2)'


def test_ducc0() -> None:
    sht = pytest.importorskip("ducc0").sht
    alm, (psi, theta, phi) = random_alm(25), (0.3, 1.2, -0.7)
    wanted = sht.rotate_alm(alm=alm, lmax=25, psi=psi, theta=theta, phi=phi)
    assert error(rotate_coefficients(alm, (phi, theta, psi)), wanted) < 1e-12


def test_pyshtools() -> None:
    pyshtools = pytest.importorskip("pyshtools")
    alm, (alpha, beta, gamma) = random_alm(8), ANGLES
    coeffs = pyshtools.SHCoeffs.from_array(to_shtools(alm))
    body = coeffs.rotate(alpha, beta, gamma, degrees=False, body=True).to_array()
    assert error(from_shtools(body), rotate_coefficients(alm, ANGLES)) < 1e-12
    frame = coeffs.rotate(alpha, beta, gamma, degrees=False).to_array()
    wanted = rotate_coefficients(alm, (-gamma, -beta, -alpha))
    assert error(from_shtools(frame), wanted) < 1e-12


def test_best_rotation_finds_the_rotation() -> None:
    g = random_alm(12)
    f = rotate_coefficients(g, ANGLES)
    for arguments in ((f, g), (half_to_full(f), half_to_full(g)), (np.stack([f, f]), np.stack([g, g]))):
        best = best_rotation(*arguments)
        assert error(best.matrix, matrix(*ANGLES)) < 1e-11
        assert best.score == pytest.approx(1, abs=1e-13)
        assert best.euler == pytest.approx(ANGLES, abs=1e-11)
    assert best.runner_up is None or best.runner_up < 1
    again = pickle.loads(pickle.dumps(best))
    assert isinstance(again, BestRotation)
    assert again.quaternion == pytest.approx(best.quaternion, abs=1e-15)
    assert (again.score, again.steps) == (best.score, best.steps)
    matcher = pickle.loads(pickle.dumps(RotationMatcher(12)))
    assert matcher.lmax == 12
    assert matcher.best_rotation(f, g).euler == best_rotation(f, g).euler


def test_best_rotation_is_align_vectors_for_degree_one() -> None:
    """Degree one of a signal is a vector, so channels of degree one are Wahba's problem."""
    spatial = pytest.importorskip("scipy.spatial.transform")
    rng = np.random.default_rng(4)
    b = rng.normal(size=(6, 3))
    a = b @ matrix(*ANGLES).T + 0.1 * rng.normal(size=(6, 3))
    wanted, _ = spatial.Rotation.align_vectors(a, b)

    def degree_one(vectors: np.ndarray) -> np.ndarray:
        x, y, z = vectors.T
        full = np.zeros((len(vectors), 2, 3), dtype=complex)
        full[:, 1] = np.stack([(x + 1j * y) / np.sqrt(2), z, -(x - 1j * y) / np.sqrt(2)], axis=1)
        return full

    best = best_rotation(degree_one(a), degree_one(b), layout="full")
    assert (best.rotation * wanted.inv()).magnitude() < 1e-9


ERRORS = [
    (lambda: rotate_coefficients(random_alm(4), (1.0, 2.0)), "rotation: found shape"),
    (lambda: rotate_coefficients(random_alm(4), np.diag([1.0, 1.0, -1.0])), "determinant -1"),
    (lambda: rotate_coefficients(random_alm(4), (0, np.nan, 0)), "beta: found NaN"),
    (lambda: CoefficientRotation(4, "quarter"), "layout: found"),
    (lambda: CoefficientRotation(4).rotate(np.ones(10), ANGLES), "expected shape"),
    (lambda: best_rotation(np.zeros(15), random_alm(4)), "zero everywhere"),
    (lambda: best_rotation(random_alm(3), random_alm(4)), "shape"),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_errors(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        call()
