"""Regression of many points by shares, against dense algebra of NumPy."""

import pickle

import numpy as np
import pytest

from haarmonic import Kernel, KernelShare, predict, stax

KERNEL = Kernel(stax.network((3,), stax.Dense(512, 1.3, 0.2), stax.Erf(), stax.Dense(1, 1.1, 0.1)))
RNG = np.random.default_rng(5)
X = RNG.standard_normal((50, 3))
Y = np.stack([X[:, 0] * X[:, 1], np.sin(X[:, 2])], 1)
CLOSE = {"rtol": 0, "atol": 1e-6}


def direct(which, ridge):
    gram = getattr(KERNEL.gram(X), which)
    return np.linalg.solve(gram + ridge * gram.diagonal().mean() * np.eye(len(X)), Y)


class Workers:
    """What `conjugate_gradients` asks of a client of Dask; shares go to the workers as pickles."""

    def scatter(self, value, broadcast):
        assert broadcast
        return value

    def submit(self, function, *arguments, pure, **options):
        assert not pure
        result = function(*arguments, **options)
        return pickle.loads(pickle.dumps(result))

    def gather(self, futures):
        return futures


@pytest.mark.parametrize("which", ["ntk", "nngp"])
@pytest.mark.parametrize("client", [None, Workers()])
def test_shares_solve_as_the_matrix(which, client):
    solved = predict.conjugate_gradients(
        KERNEL, X, Y, ridge=[1e-2, 1.0], which=which, shares=3, rank=10, tolerance=1e-11, client=client
    )
    for found, ridge in zip(solved.coefficients, [1e-2, 1.0], strict=True):
        np.testing.assert_allclose(found, direct(which, ridge), **CLOSE)
    test = X[:5] + 0.1
    mean = KernelShare(KERNEL, X, which=which).predict(test, solved.coefficients[0])
    cross = getattr(KERNEL.between(test, X), which)
    np.testing.assert_allclose(mean, cross @ direct(which, 1e-2), **CLOSE)


def test_a_run_resumes(tmp_path):
    state = tmp_path / "state.npz"
    options = {"ridge": 1e-2, "rank": 3, "tolerance": 1e-10}
    whole = predict.conjugate_gradients(KERNEL, X, Y[:, 0], **options)
    with pytest.raises(ValueError, match="3 iterations"):
        predict.conjugate_gradients(KERNEL, X, Y[:, 0], checkpoint=state, max_steps=3, **options)
    seen = []
    resumed = predict.conjugate_gradients(KERNEL, X, Y[:, 0], checkpoint=state, progress=seen.append, **options)
    assert seen[0] == 3 and (resumed.coefficients == whole.coefficients).all()
    assert resumed.coefficients.shape == (50,)
    with pytest.raises(ValueError, match="other targets"):
        predict.conjugate_gradients(KERNEL, X, Y[:, 1], checkpoint=state, **options)


def test_refusals():
    with pytest.raises(ValueError, match="share"):
        KernelShare(KERNEL, X, share=(2, 2))
    with pytest.raises(ValueError, match="shares"):
        predict.conjugate_gradients(KERNEL, X, Y, ridge=1.0, shares=0)
    share = KernelShare(KERNEL, X)
    with pytest.raises(ValueError, match="vectors"):
        share.product(np.ones((3, 1)))
    with pytest.raises(ValueError, match="not yet solved"):
        _ = share.solver(Y, ridge=1.0, rank=2).coefficients


def test_workers_of_dask():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            solved = predict.conjugate_gradients(
                KERNEL, X, Y, ridge=1e-2, shares=2, rank=5, tolerance=1e-11, client=client
            )
    np.testing.assert_allclose(solved.coefficients, direct("ntk", 1e-2), **CLOSE)
