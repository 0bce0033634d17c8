"""Long computations: progress, and how Ctrl-C and exceptions end them."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from haarmonic import GramStore, Kernel, Regression, stax
from haarmonic._progress import Bar

# Each takes far longer than the test.
LONG_JOBS = {
    "slow pairs": """
network = stax.network((32, 32, 3), *[stax.Conv(1, (3, 3), padding="SAME"), stax.Relu()] * 4, stax.GlobalAvgPool(), stax.Dense(1))
run = lambda: Kernel(network).gram(np.random.default_rng(0).normal(size=(200, 32, 32, 3)))
""",
    "fast pairs": """
network = stax.network((3,), *[stax.Dense(1), stax.Erf()] * 50, stax.Dense(1))
run = lambda: Kernel(network).gram(np.random.default_rng(0).normal(size=(6000, 3)))
""",
    "store": """
network = stax.network((32, 32, 3), *[stax.Conv(1, (3, 3), padding="SAME"), stax.Relu()] * 4, stax.GlobalAvgPool(), stax.Dense(1))
x = np.random.default_rng(0).normal(size=(200, 32, 32, 3))
run = lambda: GramStore(sys.argv[1], Kernel(network), x).complete()
""",
    "pairs of seconds": """
layers = [stax.Lifting(group="SO3", cap=0.9), stax.Erf(), stax.GroupConv(cap=0.7), stax.Erf(), stax.GroupPool()]
x = np.zeros((40, 1, 5, 9), complex)
x[:, 0, :, 4] = np.random.default_rng(0).normal(size=(40, 5))
run = lambda: Kernel(stax.network((1, 5, 9), *layers), tolerance=1e-5).gram(x)
""",
    "diagonal": """
network = stax.network((32, 32, 3), *[stax.Conv(1, (3, 3), padding="SAME"), stax.Relu()] * 4, stax.GlobalAvgPool(), stax.Dense(1))
run = lambda: Kernel(network).diagonal(np.random.default_rng(0).normal(size=(2000, 32, 32, 3)))
""",
}

PROGRAM = """
import signal, sys, time
import numpy as np
from haarmonic import GramStore, Kernel, stax
# A shell starts jobs in the background with Ctrl-C ignored, and so would this process.
signal.signal(signal.SIGINT, signal.default_int_handler)
{job}
print("ready", flush=True)
try:
    run()
except KeyboardInterrupt:
    print("interrupted", flush=True)
    raise SystemExit(7)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of another kind")
@pytest.mark.parametrize("job", LONG_JOBS)
def test_ctrl_c_ends_a_matrix_within_a_second(job: str, tmp_path) -> None:
    program = PROGRAM.format(job=LONG_JOBS[job])
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "tiles")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    # A job that does not end is ended, and the test fails.
    watchdog = threading.Timer(60.0, process.kill)
    watchdog.start()
    try:
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        time.sleep(1.0)
        assert process.poll() is None, "the job was too short"
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n", process.stderr.read()
        assert time.monotonic() - begin < 1.0
        assert process.wait() == 7, process.stderr.read()
    finally:
        watchdog.cancel()


def network():
    return stax.network((6, 6, 1), stax.Conv(1, (3, 3)), stax.Relu(), stax.GlobalAvgPool(), stax.Dense(1))


def images(n: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, 6, 6, 1))


def test_progress_counts_pairs_on_the_thread_of_the_caller() -> None:
    seen: list[tuple[int, int]] = []
    threads = set()

    def progress(done: int, total: int) -> None:
        seen.append((done, total))
        threads.add(threading.get_ident())

    Kernel(network()).gram(images(40), progress=progress)
    done, totals = zip(*seen, strict=True)
    assert list(done) == sorted(done) and set(totals) == {totals[0]} and done[-1] == totals[0]
    assert threads == {threading.get_ident()}


def test_an_exception_of_the_progress_function_ends_the_matrix(tmp_path) -> None:
    class Enough(Exception):
        pass

    def progress(done: int, total: int) -> None:
        raise Enough

    with pytest.raises(Enough):
        Kernel(network()).gram(images(40), progress=progress)
    with pytest.raises(Enough):
        GramStore(tmp_path / "tiles", Kernel(network()), images(40)).complete(progress=progress)
    with pytest.raises(TypeError, match="progress: found int"):
        Kernel(network()).gram(images(2), progress=3)  # type: ignore[arg-type]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_its_own_threads() -> None:
    want = Kernel(network()).gram(images(20)).ntk
    with multiprocessing.get_context("fork").Pool(1) as pool:
        found = pool.apply_async(forked).get(timeout=60)
    assert np.array_equal(found, want)


def forked() -> np.ndarray:
    gram = Kernel(network()).gram(images(20))
    Regression(gram, np.arange(20.0), ridge=0.1).mean(gram)
    return gram.ntk


def test_other_threads_run_meanwhile() -> None:
    counted = 0
    done = threading.Event()

    def count() -> None:
        nonlocal counted
        while not done.is_set():
            counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    slow = stax.network((24, 24, 1), stax.Conv(1, (3, 3)), stax.Relu(), stax.GlobalAvgPool(), stax.Dense(1))
    Kernel(slow).gram(np.random.default_rng(0).normal(size=(20, 24, 24, 1)))
    done.set()
    thread.join()
    assert counted > 5


def test_a_bar_is_shown_for_long_work_only(capsys, monkeypatch) -> None:
    bar = Bar()
    bar(10, 10)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("haarmonic._progress._SHOWN_AFTER", 0.0)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    bar = Bar()
    for done in (0, 5, 10):
        bar(done, 10)
    assert "50 % of 10 pairs" in capsys.readouterr().err
    Kernel(network()).gram(images(3), progress=True)
