"""Kernel matrices in folders: resumed, shared by processes, and from Dask and joblib."""

import multiprocessing
import pickle
from pathlib import Path

import numpy as np
import pytest

from haarmonic import GramStore, Kernel, stax


def kernel() -> Kernel:
    return Kernel(stax.network((3,), stax.Dense(1, 1.3, 0.2), stax.Relu(), stax.Dense(1)), threads=1)


def signals(n: int = 20) -> np.ndarray:
    return np.random.default_rng(5).normal(size=(n, 3))


def share(store: GramStore, index: int, count: int) -> int:
    """What one process does."""
    return store.complete(share=(index, count)).computed


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """The folder that one process writes."""
    GramStore(tmp_path / "whole", kernel(), signals(), side=6).complete()
    return tmp_path / "whole"


def test_a_store_resumes(tmp_path: Path, whole: Path) -> None:
    store = GramStore(tmp_path / "parts", kernel(), signals(), side=6)
    assert store.shape == (20, 20) and store.tile_count == 10
    with pytest.raises(ValueError, match="missing"):
        store.read()
    assert store.complete(share=(1, 2)) == (0, 5, [])
    again = GramStore(tmp_path / "parts", kernel(), signals(), side=6)
    assert again.complete() == (5, 5, [])
    assert files(tmp_path / "parts") == files(whole)
    gram, want = again.read(), kernel().gram(signals())
    assert np.array_equal(gram.nngp, want.nngp) and np.array_equal(gram.ntk, want.ntk)
    again.write_npz(tmp_path / "k.npz")
    assert np.array_equal(np.load(tmp_path / "k.npz")["ntk"], want.ntk)


def test_damage_and_other_signals(tmp_path: Path, whole: Path) -> None:
    damaged = next(path for path in whole.iterdir() if path.suffix != ".toml")
    damaged.write_bytes(damaged.read_bytes()[:-1])
    report = GramStore(whole, kernel(), signals(), side=6).complete()
    assert report.computed == 1 and Path(report.damaged[0][0]) == damaged
    with pytest.raises(ValueError, match="whole"):
        GramStore(whole, kernel(), signals() + 1.0, side=6)
    # Signals at the end add tiles.
    more = GramStore(whole, kernel(), signals(26)[:26], side=6)
    assert np.array_equal(signals(26)[:20], signals())
    assert more.complete().found == 10
    with pytest.raises(ValueError, match="share of the tiles"):
        more.complete(share=(2, 2))


def test_a_rectangle(tmp_path: Path) -> None:
    x1, x2 = signals(5), signals(9)
    store = GramStore(tmp_path / "cross", kernel(), x1, x2, side=4)
    store.complete()
    assert np.array_equal(store.read().ntk, kernel().between(x1, x2).ntk)


def test_processes_share_a_folder(tmp_path: Path, whole: Path) -> None:
    store = GramStore(tmp_path / "shared", kernel(), signals(), side=6)
    assert pickle.loads(pickle.dumps(store)).shape == store.shape
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.starmap(share, [(store, k, 3) for k in range(3)]) == [4, 3, 3]
    assert files(tmp_path / "shared") == files(whole)


def test_joblib_shares_a_folder(tmp_path: Path, whole: Path) -> None:
    joblib = pytest.importorskip("joblib")
    store = GramStore(tmp_path / "joblib", kernel(), signals(), side=6)
    joblib.Parallel(n_jobs=2)(joblib.delayed(store.complete)(share=(k, 2)) for k in range(2))
    assert files(tmp_path / "joblib") == files(whole)


def test_dask_shares_a_folder(tmp_path: Path, whole: Path) -> None:
    distributed = pytest.importorskip("dask.distributed")
    store = GramStore(tmp_path / "dask", kernel(), signals(), side=6)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        tasks = [client.submit(store.complete, share=(k, 4), pure=False) for k in range(4)]
        assert sum(report.computed for report in client.gather(tasks)) == 10
    assert files(tmp_path / "dask") == files(whole)
