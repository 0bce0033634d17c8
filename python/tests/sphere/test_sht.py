"""Plans of the spherical-harmonic transform."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from oracles import error, half_size, healpix_points, random_alm, sum_of_harmonics

from haarmonic import Sht, evaluate
from haarmonic.layouts import half_to_full

GRIDS = ["gauss-legendre", "driscoll-healy", "mcewen-wiaux", "clenshaw-curtis"]


def complex_coefficients(lmax: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    limit = lmax + 1
    full = rng.normal(size=(limit, 2 * limit - 1)) + 1j * rng.normal(size=(limit, 2 * limit - 1))
    order = np.abs(np.arange(2 * limit - 1) - lmax)
    return np.where(order[None, :] <= np.arange(limit)[:, None], full, 0)


@pytest.mark.parametrize("sampling", GRIDS)
@pytest.mark.parametrize("lmax", [0, 1, 2, 9, 40])
def test_values_are_sums_of_harmonics(sampling: str, lmax: int) -> None:
    plan, alm = Sht(lmax, sampling), random_alm(lmax)
    theta, phi = (np.broadcast_to(a, plan.signal_shape).ravel() for a in plan.angles())
    samples = plan.synthesis(alm, layout="half")
    assert samples.dtype == np.float64
    assert samples.flags.c_contiguous
    assert error(samples.ravel(), sum_of_harmonics(alm, lmax, theta, phi)) < 1e-13
    assert error(plan.analysis(samples), alm) < 1e-13


@pytest.mark.parametrize("sampling", GRIDS)
def test_complex_signals_have_all_orders(sampling: str) -> None:
    plan, full = Sht(12, sampling), complex_coefficients(12)
    samples = plan.synthesis(full)
    assert samples.dtype == np.complex128
    assert error(plan.analysis(samples), full) < 1e-13
    theta, phi = plan.angles()
    assert error(samples, evaluate(full, theta, phi)) < 1e-13
    # Real samples from the full layout, and the full layout from real samples.
    alm = random_alm(12)
    real = plan.synthesis(half_to_full(alm), dtype=float)
    assert error(real, plan.synthesis(alm)) < 1e-15
    assert error(plan.analysis(real, layout="full"), half_to_full(alm)) < 1e-13


@pytest.mark.parametrize("nside", [1, 2, 3, 8])
def test_healpix_values_are_sums_of_harmonics(nside: int) -> None:
    lmax = 3 * nside - 1
    plan, alm = Sht(lmax, "healpix", nside=nside), random_alm(lmax)
    theta, phi = healpix_points(nside)
    for found, wanted in zip(plan.angles(), (theta, phi), strict=True):
        assert error(found, wanted) < 1e-15
    assert error(plan.synthesis(alm), sum_of_harmonics(alm, lmax, theta, phi)) < 1e-13
    assert float(np.sum(plan.weights())) == pytest.approx(4 * np.pi, rel=1e-14)


@pytest.mark.parametrize(
    ("family", "rings", "longitudes"),
    [
        ("clenshaw-curtis", 10, 17),
        ("fejer1", None, 20),
        ("fejer2", 9, 17),
        ("mcewen-wiaux-north", None, None),
        ("north-pole", 18, 19),
        ("gauss-legendre", 13, 17),
    ],
)
def test_grids_of_any_size(family: str, rings: int | None, longitudes: int | None) -> None:
    lmax = 8
    plan = Sht(lmax, family, rings=rings, longitudes=longitudes, first_longitude=-3.0)
    assert plan.signal_shape == (rings or lmax + 1, longitudes or 2 * lmax + 1)
    alm = random_alm(lmax)
    theta, phi = (np.broadcast_to(a, plan.signal_shape).ravel() for a in plan.angles())
    samples = plan.synthesis(alm)
    assert error(samples.ravel(), sum_of_harmonics(alm, lmax, theta, phi)) < 1e-13
    assert error(plan.analysis(samples), alm) < 1e-13
    again = pickle.loads(pickle.dumps(plan))
    assert repr(again) == repr(plan)
    assert np.array_equal(again.synthesis(alm), samples)
    assert float(np.sum(plan.weights()) * plan.signal_shape[1]) == pytest.approx(4 * np.pi, rel=1e-14)


@pytest.mark.parametrize("options", [{}, {"sampling": "healpix", "nside": 6}, {"spin": 2}])
@pytest.mark.parametrize("mmax", [2, 5, 8])
def test_fewer_orders(mmax: int, options: dict[str, object]) -> None:
    lmax = 8
    plan, fewer = Sht(lmax, **options), Sht(lmax, mmax=mmax, **options)
    assert fewer.mmax == mmax
    size = fewer.half_shape[-1]
    assert size == (mmax + 1) * (2 * lmax + 2 - mmax) // 2
    rng = np.random.default_rng(0)
    alm = rng.normal(size=plan.half_shape) + 1j * rng.normal(size=plan.half_shape)
    alm[..., : lmax + 1].imag = 0
    alm[..., size:] = 0
    if "nside" in options:
        assert error(fewer.synthesis(alm[..., :size]), plan.synthesis(alm, layout="half")) < 1e-13
        samples = rng.normal(size=plan.signal_shape)
        assert error(fewer.analysis(samples), plan.analysis(samples)[..., :size]) < 1e-13
    else:
        if plan.spin:
            alm[..., [0, 1, 9]] = 0
        assert error(fewer.analysis(fewer.synthesis(alm[..., :size], layout="half")), alm[..., :size]) < 1e-13


def test_spin_on_healpix_and_on_rings() -> None:
    lmax, nside = 11, 6
    plan = Sht(lmax, "healpix", nside=nside, spin=2)
    rng = np.random.default_rng(0)
    modes = rng.normal(size=plan.half_shape) + 1j * rng.normal(size=plan.half_shape)
    modes[:, : lmax + 1].imag = 0
    modes[:, [0, 1, lmax + 1]] = 0
    field = plan.synthesis(modes)
    assert field.shape == plan.signal_shape == (2, 12 * nside**2)
    assert error(plan.analysis(field, tolerance=1e-13), modes) < 1e-12
    with pytest.raises(ValueError, match="None with iterations"):
        plan.analysis(field, tolerance=1e-13, iterations=1)
    with pytest.raises(ValueError, match="exact quadrature"):
        Sht(3).analysis(np.ones((4, 7)), tolerance=1e-3)
    theta, phi = plan.angles()
    starts = np.flatnonzero(np.diff(theta, prepend=-1))
    counts = np.diff([*starts, len(theta)])
    rings = Sht.on_rings(lmax, theta[starts], counts, phi[starts], np.full(len(starts), 4 * np.pi / len(theta)), spin=2)
    assert error(rings.synthesis(modes), field) < 1e-13
    assert error(rings.analysis(field, iterations=2), plan.analysis(field, iterations=2)) < 1e-12
    assert repr(pickle.loads(pickle.dumps(rings))) == repr(rings)


def test_iterations_reduce_the_error_of_the_quadrature() -> None:
    plan, alm = Sht(15, "healpix", nside=8), random_alm(15)
    maps = plan.synthesis(np.stack([alm, 2 * alm]))
    errors = [error(plan.analysis(maps, iterations=n)[1], 2 * alm) for n in range(4)]
    assert errors == sorted(errors, reverse=True)
    assert errors[3] < 1e-2 * errors[0]
    # By hand: the analysis of the residual is added.
    by_hand = plan.analysis(maps)
    by_hand = by_hand + plan.analysis(maps - plan.synthesis(by_hand))
    assert error(by_hand, plan.analysis(maps, iterations=1)) < 1e-14


@pytest.mark.parametrize("sampling", GRIDS)
def test_gradient(sampling: str) -> None:
    lmax, step = 10, 1e-5
    plan, alm = Sht(lmax, sampling), random_alm(lmax)
    theta, phi = np.broadcast_arrays(*plan.angles())
    d_theta, d_phi = plan.gradient(alm)
    inner = (slice(1, -1), slice(None))
    t, p = theta[inner], phi[inner]
    by_theta = (evaluate(alm, t + step, p) - evaluate(alm, t - step, p)) / (2 * step)
    by_phi = (evaluate(alm, t, p + step) - evaluate(alm, t, p - step)) / (2 * step) / np.sin(t)
    assert error(d_theta[inner], by_theta) < 1e-8
    assert error(d_phi[inner], by_phi) < 1e-8
    full = plan.gradient(half_to_full(alm))
    assert full.dtype == np.complex128
    assert error(full, np.stack([d_theta, d_phi])) < 1e-13


@pytest.mark.parametrize(
    "plan",
    [*(Sht(7, sampling) for sampling in GRIDS), Sht(7, "healpix", nside=3), Sht(7, spin=2)],
    ids=repr,
)
def test_adjoints(plan: Sht) -> None:
    rng = np.random.default_rng(3)
    shape = plan.half_shape
    alm = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    alm[..., :8].imag = 0
    if plan.spin:
        alm[..., [0, 1, 8]] = 0
    samples = rng.normal(size=plan.signal_shape)
    weight = np.full(shape[-1], 2.0)
    weight[:8] = 1

    def inner(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.sum(weight * (a.conj() * b).real))

    left = float(np.sum(plan.synthesis(alm) * samples))
    assert inner(alm, plan.adjoint_synthesis(samples)) == pytest.approx(left, rel=1e-12)
    left = inner(plan.analysis(samples), alm)
    assert float(np.sum(plan.adjoint_analysis(alm) * samples)) == pytest.approx(left, rel=1e-12)


def test_spin_has_modes_and_orders() -> None:
    plan = Sht(9, spin=2)
    alm = np.stack([random_alm(9, 1), random_alm(9, 2)])
    alm[:, [0, 1, 10]] = 0  # degrees below the spin
    field = plan.synthesis(alm)
    assert field.shape == (2, *plan.signal_shape[1:])
    assert error(plan.analysis(field), alm) < 1e-13
    # The coefficients of Q + i U are -(E + i B).
    both = plan.analysis(field[0] + 1j * field[1])
    e, b = half_to_full(alm)
    assert error(both, -(e + 1j * b)) < 1e-13
    # On a batch.
    batch = plan.synthesis(np.stack([alm, 3 * alm]))
    assert error(batch[1], 3 * field) < 1e-14


def test_any_rings() -> None:
    lmax, theta, nphi, phi0 = 6, np.array([0.3, 2.0, 1.1]), [5, 20, 13], np.array([0.0, 0.4, -1.0])
    plan, alm = Sht.on_rings(lmax, theta, nphi, phi0), random_alm(lmax)
    points = plan.angles()
    assert [len(angles) for angles in points] == [38, 38]
    assert error(plan.synthesis(alm), sum_of_harmonics(alm, lmax, *points)) < 1e-13
    assert plan.weights() is None
    with pytest.raises(ValueError, match="weights"):
        plan.analysis(np.ones(38))
    again = pickle.loads(pickle.dumps(Sht.on_rings(lmax, theta, nphi, phi0, weights=[1, 2, 3])))
    assert np.sum(again.weights()) == 5 + 40 + 39
    assert error(again.synthesis(alm), plan.synthesis(alm)) == 0


LAYOUTS_IN_MEMORY = {
    "contiguous": lambda a: np.ascontiguousarray(a),
    "Fortran order": lambda a: np.asfortranarray(a),
    "negative strides": lambda a: np.ascontiguousarray(a[..., ::-1])[..., ::-1],
    "every other": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "every other batch": lambda a: np.repeat(a, 2, axis=0)[::2],
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "read-only": lambda a: (lambda b: (b.setflags(write=False), b)[1])(a.copy()),
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "list": lambda a: a.tolist(),
    "field of a record": lambda a: np.rec.fromarrays([np.zeros(a.shape, "u1"), a])["f1"],
    "wide field": lambda a: np.rec.fromarrays([a, np.zeros(a.shape)])["f0"],
}


@pytest.mark.parametrize("memory", LAYOUTS_IN_MEMORY)
@pytest.mark.parametrize("sampling", ["gauss-legendre", "mcewen-wiaux", "healpix"])
def test_strides(memory: str, sampling: str) -> None:
    plan = Sht(6, sampling, nside=3) if sampling == "healpix" else Sht(6, sampling)
    alm = np.stack([random_alm(6, seed) for seed in range(3)])
    samples = plan.synthesis(alm)
    change = LAYOUTS_IN_MEMORY[memory]
    assert error(plan.synthesis(change(alm)), samples) < 1e-15
    assert error(plan.analysis(change(samples)), plan.analysis(samples)) < 1e-15
    full = half_to_full(alm)
    complex_samples = plan.synthesis(1j * full)
    assert error(plan.synthesis(change(1j * full)), complex_samples) < 1e-15
    assert error(plan.analysis(change(complex_samples)), plan.analysis(complex_samples)) < 1e-15


def test_single_precision_and_integers() -> None:
    plan, alm = Sht(6), random_alm(6)
    double = plan.synthesis(alm)
    single = plan.synthesis(alm, dtype=np.float32)
    assert single.dtype == np.float32
    assert np.array_equal(single, double.astype(np.float32))
    assert plan.synthesis(half_to_full(alm), dtype="complex64").dtype == np.complex64
    assert error(plan.analysis(single), plan.analysis(single.astype(float))) == 0
    whole = np.arange(double.size).reshape(double.shape)
    assert error(plan.analysis(whole), plan.analysis(whole.astype(float))) == 0
    assert error(plan.analysis(whole > 5), plan.analysis((whole > 5).astype(float))) == 0
    single_complex = (double + 1j * double).astype(np.complex64)
    assert error(plan.analysis(single_complex), plan.analysis(single_complex.astype(complex))) == 0
    assert error(plan.synthesis(alm.astype(np.complex64)), double) < 1e-6


def test_leading_axes_are_batches() -> None:
    plan = Sht(5)
    alm = np.stack([random_alm(5, seed) for seed in range(12)]).reshape(2, 2, 3, 21)
    samples = plan.synthesis(alm)
    assert samples.shape == (2, 2, 3, 6, 11)
    assert error(samples[1, 0, 2], plan.synthesis(alm[1, 0, 2])) < 1e-14
    assert error(plan.analysis(samples), alm) < 1e-13
    assert plan.analysis(np.zeros((0, 6, 11))).shape == (0, 21)
    assert plan.synthesis(np.zeros((4, 0, 21))).shape == (4, 0, 6, 11)


@pytest.mark.parametrize("threads", [2, 3, None])
@pytest.mark.parametrize("sampling", ["gauss-legendre", "healpix"])
def test_threads_do_not_change_results(threads: int | None, sampling: str) -> None:
    options = {"nside": 64} if sampling == "healpix" else {}
    lmax = 140
    one = Sht(lmax, sampling, **options)
    many = Sht(lmax, sampling, threads=threads, **options)
    alm = np.stack([random_alm(lmax, seed) for seed in range(3)])
    samples = one.synthesis(alm)
    assert np.array_equal(many.synthesis(alm), samples)
    assert np.array_equal(many.analysis(samples), one.analysis(samples))


def test_threads_may_share_a_plan() -> None:
    plan = Sht(60)
    signals = [random_alm(60, seed) for seed in range(16)]
    wanted = [plan.synthesis(alm) for alm in signals]
    with ThreadPoolExecutor(8) as pool:
        for found, expected in zip(pool.map(plan.synthesis, 4 * signals), 4 * wanted, strict=True):
            assert np.array_equal(found, expected)


def test_other_threads_run_during_a_call() -> None:
    plan = Sht(500)
    batch = np.stack([random_alm(500)] * 4)
    call = threading.Thread(target=plan.synthesis, args=(batch,))
    call.start()
    turns = 0
    while call.is_alive():
        turns += 1
    # With the interpreter lock held, this thread would come to one turn or two.
    assert turns > 100


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs fork")
def test_a_forked_process_has_threads_of_its_own() -> None:
    plan = Sht(140, threads=2)
    alm = random_alm(140)
    wanted = plan.synthesis(alm)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        found = pool.apply_async(plan.synthesis, (alm,)).get(timeout=60)
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize(
    "plan",
    [
        Sht(7),
        Sht(7, "mcewen-wiaux", longitudes=20, threads=None),
        Sht(7, "healpix", nside=4, threads=2),
        Sht(7, "clenshaw-curtis", spin=-2),
    ],
    ids=repr,
)
def test_plans_pickle_and_copy(plan: Sht) -> None:
    alm = random_alm(7)
    alm = np.stack([alm, alm]) if plan.spin else alm
    for again in (pickle.loads(pickle.dumps(plan)), copy.deepcopy(plan)):
        assert repr(again) == repr(plan)
        assert again.threads == plan.threads
        assert np.array_equal(again.synthesis(alm), plan.synthesis(alm))


def test_longitudes() -> None:
    assert Sht(63).signal_shape == (64, 127)
    assert Sht(63, longitudes="fast").signal_shape == (64, 128)
    assert Sht(63, longitudes=130).signal_shape == (64, 130)
    alm = random_alm(63)
    plan = Sht(63, longitudes="fast")
    assert error(plan.analysis(plan.synthesis(alm)), alm) < 1e-13


def test_two_readings_of_a_shape_need_a_layout() -> None:
    plan = Sht(1)
    with pytest.raises(ValueError, match="fits both layouts"):
        plan.synthesis(np.ones((2, 3)))
    assert plan.synthesis(np.ones((2, 3)), layout="half").shape == (2, 2, 3)
    assert plan.synthesis(np.ones((2, 3)), layout="full").shape == (2, 3)
    assert plan.synthesis(np.ones(3)).shape == (2, 3)


ERRORS = [
    (lambda: Sht(-1), ValueError, "lmax: found -1, expected 0 or more"),
    (lambda: Sht(10**6), ValueError, "band limit"),
    (lambda: Sht(3, "healpy"), ValueError, 'sampling: found "healpy", expected "clenshaw-curtis", "driscoll-healy"'),
    (lambda: Sht(3, "healpix"), ValueError, "nside: found None"),
    (lambda: Sht(3, "healpix", nside=0), ValueError, "nside: found 0, expected 1 or more"),
    (lambda: Sht(3, "healpix", nside=4, rings=5), ValueError, "expected no rings"),
    (lambda: Sht(3, mmax=4), ValueError, "mmax: found 4"),
    (lambda: Sht(3, "driscoll-healy", rings=9), ValueError, "rings: found 9"),
    (lambda: Sht(3, "clenshaw-curtis", rings=4), ValueError, "rings"),
    (lambda: Sht(3, nside=4), ValueError, "nside"),
    (lambda: Sht(3, longitudes=3), ValueError, "longitudes"),
    (lambda: Sht(3, longitudes="quick"), ValueError, "longitudes: found quick"),
    (lambda: Sht(3, spin=4), ValueError, "spin"),
    (lambda: Sht(3, threads=0), ValueError, "threads: found 0, expected 1 or more"),
    (lambda: Sht("3"), TypeError, "lmax"),
    (lambda: Sht(3).analysis(np.ones((3, 7))), ValueError, r"samples: expected shape \[.., 4, 7\]"),
    (lambda: Sht(3).analysis(np.full((4, 7), np.nan)), ValueError, "NaN or infinity"),
    (lambda: Sht(3).analysis(np.full((4, 7), "a")), TypeError, "samples: found an array of <U1"),
    (lambda: Sht(3).analysis(np.ones((4, 7), complex), layout="half"), ValueError, "layout"),
    (lambda: Sht(3).analysis(np.ones((4, 7)), layout="quarter"), ValueError, "layout: found"),
    (lambda: Sht(3).analysis(np.ones((4, 7)), iterations=2), ValueError, "iterations: found 2"),
    (lambda: Sht(3).analysis(np.ma.masked_array(np.ones((4, 7)))), TypeError, "masked array"),
    (lambda: Sht(3).synthesis(np.ones(9)), ValueError, r"\[.., 10\] or \[.., 4, 7\], found \[9\]"),
    (lambda: Sht(3).synthesis(np.full(10, np.inf)), ValueError, "NaN or infinity"),
    (lambda: Sht(3).synthesis(np.ones(10), dtype=complex), ValueError, "layout"),
    (lambda: Sht(3).synthesis(np.ones(10), dtype="int8"), TypeError, "dtype: found int8"),
    (lambda: Sht(3, spin=1).gradient(np.ones((2, 10))), ValueError, "gradient"),
    (lambda: Sht(0).gradient(np.ones(1)), ValueError, "a constant has no gradient"),
    (lambda: Sht(2, "healpix", nside=1).analysis(np.full(12, -1.6375e30)), ValueError, "masked"),
    (lambda: Sht.on_rings(2, [0.1], [3, 4], [0.0]), ValueError, "rings: found"),
    (lambda: Sht.on_rings(2, [4.0], [3], [0.0]), ValueError, "colatitude"),
    (lambda: Sht(3).synthesis(np.broadcast_to(0j, (10**12, 10))), MemoryError, "memory"),
]


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_errors(call, kind: type[Exception], message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(kind, match=message) as raised:
        call()
    assert "\n" not in str(raised.value)


def test_contiguous_input_is_not_copied() -> None:
    import tracemalloc

    plan = Sht(200)
    samples = plan.synthesis(random_alm(200))
    plan.analysis(samples)
    tracemalloc.start()
    plan.analysis(samples)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4000
    assert half_size(200) > 4000
