"""Classify digits with the kernels of a CNN and of its C4-equivariant relative, as they are and turned by multiples of 90°.

Run:    python python/examples/images_c4_against_cnn.py
Expect: a table of accuracies, in which only the C4 network does not mind the turns; a few seconds.
"""

# %% Digits of 7 × 7 pixels, from the sample of MNIST in the repository
import gzip
from pathlib import Path

import numpy as np

from haarmonic import Regression, metrics, stax

DATA = Path(__file__).parents[2] / "examples" / "data"
TRAIN, TEST = 100, 200


def idx(name: str, header: int) -> np.ndarray:
    """The bytes of a file in the format IDX after its header."""
    with gzip.open(DATA / name) as file:
        return np.frombuffer(file.read(), np.uint8)[header:]


labels = idx("mnist_sample-labels-idx1-ubyte.gz", 8).astype(int)
digits = idx("mnist_sample-images-idx3-ubyte.gz", 16).reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4))[..., None]
rng = np.random.default_rng(0)
chosen = rng.permutation(len(labels))[: TRAIN + TEST]
x, labels = digits[chosen], labels[chosen]
x = (x - x[:TRAIN].mean()) / x[:TRAIN].std()
turned = np.stack([np.rot90(image, turns) for image, turns in zip(x, rng.integers(4, size=len(x)), strict=True)])

# %% Two networks with equal layers


def network(group: stax.Group) -> stax.KernelFn:
    """Two convolutions with ReLU, and the mean over pixels and orientations."""
    return stax.serial(
        stax.Lifting(64, (3, 3), W_std=2**0.5, b_std=0.1, group=group),
        stax.Relu(),
        stax.GroupConv(64, (3, 3), W_std=2**0.5, b_std=0.1),
        stax.Relu(),
        stax.GroupPool(),
        stax.Dense(10),
    ).kernel_fn


def accuracy(kernel_fn: stax.KernelFn, images: np.ndarray) -> float:
    """In per cent, after training to convergence."""
    train, test = images[:TRAIN], images[TRAIN:]
    targets = metrics.centred_one_hot(labels[:TRAIN], 10)
    model = Regression(kernel_fn(train), targets, ridge="loo-error")
    return 100 * metrics.accuracy(model.mean(kernel_fn(test, train)), labels[TRAIN:])


# %% Accuracies
print(f"test accuracy in %, from {TRAIN} digits\n{'network':<10}{'as they are':>12}{'turned':>12}")
cnn, c4 = ([accuracy(kernel_fn, images) for images in (x, turned)] for kernel_fn in (network("C1"), network("C4")))
for name, (upright, rotated) in (("CNN", cnn), ("C4", c4)):
    print(f"{name:<10}{upright:>12.1f}{rotated:>12.1f}")
assert c4[1] > cnn[1], "equivariance does not pay"
