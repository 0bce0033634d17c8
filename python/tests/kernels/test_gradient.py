"""Derivatives of kernels in their inputs, and distilled data sets."""

import numpy as np
import pytest

from haarmonic import DistilledSet, Kernel, SetKernel, distill, stax


def vectors() -> Kernel:
    layers = stax.Dense(64, 1.3, 0.2), stax.Erf(), stax.Dense(64, 0.9, 0.1), stax.Erf(), stax.Dense(1)
    return Kernel(stax.network((3,), *layers))


def images() -> Kernel:
    layers = (
        stax.Conv(64, (3, 3), padding="SAME", W_std=1.2, b_std=0.1),
        stax.Erf(),
        stax.GlobalAvgPool(),
        stax.Dense(1),
    )
    return Kernel(stax.network((4, 4, 1), *layers))


@pytest.mark.parametrize(("kernel", "shape"), [(vectors(), (3,)), (images(), (4, 4, 1))])
def test_gradients_are_differences(kernel: Kernel, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    x1, x2 = rng.normal(size=(3, *shape)), rng.normal(size=(2, *shape))
    factors, step = rng.normal(size=(3, 2)), rng.normal(size=x1.shape)
    of_x1, of_x2 = kernel.gradient(x1, x2, ntk=factors)
    assert of_x1.shape == x1.shape and of_x2.shape == x2.shape
    along = [np.sum(factors * kernel.between(x1 + h * step, x2).ntk) for h in (1e-4, -1e-4)]
    assert np.isclose(np.sum(of_x1 * step), (along[0] - along[1]) / 2e-4, rtol=1e-6, atol=0)
    square = rng.normal(size=(3, 3))
    own = kernel.gradient(x1, nngp=square)
    along = [np.sum(square * kernel.gram(x1 + h * step).nngp) for h in (1e-4, -1e-4)]
    assert np.isclose(np.sum(own * step), (along[0] - along[1]) / 2e-4, rtol=1e-6, atol=0)


def test_gradients_on_the_sphere_are_differences() -> None:
    layers = stax.Lifting(group="SO3", b_std=0.1), stax.Erf(), stax.GroupPool(), stax.Dense(1)
    kernel = Kernel(stax.network((1, 3, 5), *layers), tolerance=1e-9)
    rng = np.random.default_rng(0)

    def signals(n: int) -> np.ndarray:
        x = np.zeros((n, 1, 3, 5), complex)
        for m in range(3):
            part = rng.normal(size=(n, 3 - m)) + 1j * rng.normal(size=(n, 3 - m)) * (m > 0)
            x[:, 0, m:, 2 + m] = part
            x[:, 0, m:, 2 - m] = (-1) ** m * part.conj()
        return x

    x, step, factors = signals(2), signals(2), rng.normal(size=(2, 2))
    gradient = kernel.gradient(x, ntk=factors)
    along = [np.sum(factors * kernel.gram(x + h * step).ntk) for h in (1e-3, -1e-3)]
    # The tolerance of the kernels divided by the step, and the third derivative.
    assert np.isclose(np.sum(gradient.conj() * step).real, (along[0] - along[1]) / 2e-3, rtol=1e-4, atol=1e-5)


def test_sets_have_gradients() -> None:
    kernel = SetKernel(vectors(), pairing="all", normalised=True)
    rng = np.random.default_rng(0)
    x, step, factors = rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), rng.normal(size=(2, 2))
    labels = [[1, 6], [1, 1, 8]]
    gradient = kernel.gradient(x, labels, ntk=factors)
    along = [np.sum(factors * kernel.gram(x + h * step, labels).ntk) for h in (1e-4, -1e-4)]
    assert np.isclose(np.sum(gradient * step), (along[0] - along[1]) / 2e-4, rtol=1e-6, atol=0)


def test_no_factors_have_no_gradient() -> None:
    assert np.array_equal(vectors().gradient(np.ones((2, 3))), np.zeros((2, 3)))


def test_bad_factors_are_refused() -> None:
    with pytest.raises(ValueError, match="cotangents of the NTK"):
        vectors().gradient(np.ones((2, 3)), ntk=np.ones((2, 3)))


@pytest.mark.parametrize("labels", ["fixed", "learned", "solved"])
def test_losses_fall(labels: str) -> None:
    rng = np.random.default_rng(1)
    side = np.where(np.arange(30) % 2, 1.0, -1.0)
    x = rng.normal(size=(30, 3)) + 0.8 * side[:, None]
    found = distill(vectors(), x, side, x[:2], side[:2], labels=labels, steps=50, rate=0.05)
    assert isinstance(found, DistilledSet)
    assert found.x.shape == (2, 3) and found.targets.shape == (2, 1) and found.losses.shape == (50,)
    assert found.losses[-1] < found.losses[0]
    again = distill(vectors(), x, side, x[:2], side[:2], labels=labels, steps=50, rate=0.05)
    assert np.array_equal(found.x, again.x)


def test_progress_counts_steps() -> None:
    x, y = np.eye(3), np.arange(3.0)
    seen: list[tuple[int, int]] = []
    distill(vectors(), x, y, x[:1], y[:1], steps=3, progress=lambda done, total: seen.append((done, total)))
    assert seen and seen[-1] == (3, 3)


def test_unknown_labels_are_refused() -> None:
    x, y = np.eye(3), np.arange(3.0)
    with pytest.raises(ValueError, match="labels"):
        distill(vectors(), x, y, x[:1], y[:1], labels="guessed")


def test_examples_are_transformed() -> None:
    filters = stax.Conv(1, (3, 3), padding="SAME"), stax.Erf(), stax.GlobalAvgPool(), stax.Dense(1)
    kernel = Kernel(stax.network((4, 4, 1), *filters))
    x, y = np.random.default_rng(2).normal(size=(6, 4, 4, 1)), np.arange(6.0) % 2
    plain, turned = (distill(kernel, x, y, x[:2], y[:2], steps=3, augment=group) for group in (None, "C4"))
    assert not np.allclose(plain.losses, turned.losses)
    moved = distill(kernel, x, y, x[:2], y[:2], steps=3, augment="D4", shift=1)
    assert np.isfinite(moved.losses).all()
    with pytest.raises(ValueError, match="point group"):
        distill(kernel, x, y, x[:2], y[:2], augment="SO3")


def test_graphs_have_lists_of_derivatives():
    """Against the derivative of a network that is linear in the features of the nodes."""
    from haarmonic import Network
    from haarmonic.graphs import Graph

    network = Network('[input]\nspace = "graph"\nchannels = 2\n[[layers]]\nkind = "dense"\n[[layers]]\nkind = "node-sum"\n')
    first, second = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([[3.0, 1.0]])
    graphs = [Graph.undirected(first, [(0, 1)]), Graph.undirected(second, [])]
    # K = Σ x_i · y_j / 2.
    of_rows, of_columns = Kernel(network).gradient(graphs[:1], graphs[1:], nngp=[[2.0]])
    np.testing.assert_allclose(of_rows[0], np.tile(second, (2, 1)))
    np.testing.assert_allclose(of_columns[0], first.sum(0, keepdims=True))
