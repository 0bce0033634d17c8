"""Results as named tuples: they unpack, compare and pickle as tuples do."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from haarmonic._haarmonic import Network

__all__ = [
    "AtDepth",
    "Calibration",
    "DistilledSet",
    "FixedPoint",
    "KernelMatrices",
    "Marginals",
    "MatricesAtWidth",
    "MeasuredRisk",
    "NtkChange",
    "PhaseDiagram",
    "PredictedRisk",
    "Prediction",
    "RotationSpectrum",
    "Score",
    "SelectedHyperparameters",
    "SelectedParameters",
    "Spectrum",
    "StoreReport",
]

Floats = NDArray[np.float64]


class KernelMatrices(NamedTuple):
    """The kernels of the signals of one set (rows) with the signals of another set (columns).

    The errors are absolute estimates: matrices where each entry has its own (kernels with a tolerance), otherwise one number for all
    entries, which is 0.0 for kernels that are exact to rounding.
    """

    nngp: Floats
    """`[n1, n2]`, the covariance of the outputs of a random network."""
    ntk: Floats
    """`[n1, n2]`, the neural tangent kernel."""
    nngp_error: Floats | float = 0.0
    ntk_error: Floats | float = 0.0


class MatricesAtWidth(NamedTuple):
    """Kernels of networks of finite width with one output, to first order in 1/width."""

    limit: KernelMatrices
    """The kernels at infinite width."""
    nngp_bias: Floats
    """`[n1, n2]`, the mean of the NNGP minus its limit."""
    ntk_bias: Floats
    """`[n1, n2]`, the mean of the NTK minus its limit."""
    nngp_std: Floats
    """`[n1, n2]`, the standard deviation of the NNGP of one network."""
    ntk_std: Floats
    """`[n1, n2]`, the standard deviation of the NTK of one network."""
    quadrature_error: tuple[Floats, Floats, Floats, Floats] | None = None
    """On the sphere, the errors of the four arrays by the quadrature over rotations, in their order."""


class NtkChange(NamedTuple):
    """The mean change of the NTK of networks of finite width in training, training signals first."""

    random: Floats
    """`[m, m]`, of networks that start at their random outputs."""
    centred: Floats
    """`[m, m]`, of networks whose initial outputs are subtracted."""


class Prediction(NamedTuple):
    """Mean and covariance of the outputs over an ensemble of networks."""

    mean: Floats
    """`[m]` or `[m, outputs]`."""
    covariance: Floats
    """`[m, m]`, equal for all outputs."""


class Marginals(NamedTuple):
    """Mean and variance of each point by itself."""

    mean: Floats
    """`[m]` or `[m, outputs]`."""
    variance: Floats
    """`[m]`, equal for all outputs."""


class Score(NamedTuple):
    """Errors of predictions over all entries."""

    mae: float
    """Mean absolute error."""
    rmse: float
    """Root mean square error."""
    r_squared: float | None
    """Share of the variance that is explained; `None` for targets without variance."""


class Calibration(NamedTuple):
    """How often a classifier is right, by how sure it is."""

    confidence: Floats
    """`[bins]`, the mean probability of the predicted class."""
    accuracy: Floats
    """`[bins]`, the share of points that were predicted right."""
    counts: NDArray[np.uint64]
    """`[bins]`, the number of points."""
    expected_error: float
    """The mean distance of confidence and accuracy over all points."""


class SelectedHyperparameters(NamedTuple):
    """The result of `select_hyperparameters`."""

    network: Network
    """The network with the chosen standard deviations."""
    noise: float
    """The chosen noise, as a multiple of the mean diagonal entry of the kernel."""
    cost: float
    first_cost: float
    """The cost of the network at the start."""
    iterations: int
    converged: bool


class DistilledSet(NamedTuple):
    """The result of `haarmonic.distill`."""

    x: NDArray[Any]
    """The learned inputs, `[m, ...]`; complex for coefficients on the sphere."""
    targets: Floats
    """Their targets, `[m, outputs]`."""
    losses: Floats
    """`[steps]`, the loss per example before each step."""


class SelectedParameters(NamedTuple):
    """The result of `haarmonic.predict.select_kernel`."""

    parameters: Floats
    """`[p]`, the chosen parameters."""
    noise: float
    """The chosen noise, as a multiple of the mean diagonal entry of the kernel."""
    cost: float
    first_cost: float
    """The cost at the first parameters."""
    iterations: int
    converged: bool


class Spectrum(NamedTuple):
    """The eigenvalues of a dot-product kernel on a sphere, for a law of mass 1."""

    eigenvalues: Floats
    """`[degrees]`; zero where they are below `floor`."""
    multiplicities: Floats
    """`[degrees]`, the number of functions of each degree."""
    trace: float
    """The sum of all eigenvalues: the kernel of an input with itself."""
    tail: float
    """The sum of the eigenvalues of all further degrees, and the largest error of the kernel without them."""
    floor: float
    """The error of each eigenvalue."""


class PredictedRisk(NamedTuple):
    """What `haarmonic.spectral.learning_curve` predicts for one number of training points."""

    test: float
    """Mean square error at new points, with their noise."""
    risk: float
    """Mean square error at new points without their noise."""
    train: float
    """Mean square error at the training points."""
    effective_ridge: float
    """Relative to it an eigenvalue is large or small."""
    overfitting: float
    """By how much fitting the training points costs, at least 1."""
    learnability: Floats
    """The share of each function that is learned."""
    mode_risk: Floats
    """The part of the risk in each group of functions."""


class MeasuredRisk(NamedTuple):
    """What `haarmonic.spectral.simulated_curve` measures with one number of training points: means over the repeats and their standard errors."""

    risk: float
    """Mean square error at 1000 new points without noise."""
    risk_error: float
    leave_one_out: float
    """Mean square error of each training point as predicted from all others, noise included."""
    leave_one_out_error: float


class PhaseDiagram(NamedTuple):
    """What `haarmonic.spectral.phase_diagram` computes."""

    weight_variances: Floats
    """W_std² of the columns."""
    bias_variances: Floats
    """b_std² of the rows."""
    depths: Floats
    """Depth scales of correlations, `[rows, columns]`: infinite at criticality, NaN where variances diverge or vanish."""
    critical: list[Floats]
    """The line between order and chaos, in pieces of points `[k, 2]`, W_std² and b_std²."""


class RotationSpectrum(NamedTuple):
    """The eigenvalues of a kernel of rotations, for the Haar measure of mass 1."""

    eigenvalues: list[Floats]
    """For each degree ℓ an array of 2ℓ + 1 eigenvalues, the largest first; each belongs to 2ℓ + 1 functions."""
    trace: float
    """The sum of all eigenvalues with their multiplicities: the kernel of a rotation with itself."""
    tail: float
    """The sum of the eigenvalues of all further degrees, and the largest error of the kernel without them."""
    floor: float
    """The error of each eigenvalue."""


class FixedPoint(NamedTuple):
    """A fixed point of the variances of a deep network, with the fixed point of the correlations there."""

    variance: float
    """1.0 where every variance is a fixed point."""
    variance_slope: float
    """Variances tend to the fixed point if its modulus is below 1."""
    slope: float
    """The slope of the map of correlations at 1: below 1 ordered, above 1 chaotic."""
    correlation: float
    """The correlation to which all inputs tend."""
    correlation_slope: float
    """The slope of the map of correlations there."""
    phase: str
    """`ordered`, `critical`, `chaotic` or `degenerate`."""
    variance_depth: float
    """Layers in which the distance of a variance falls by the factor e; infinite where it does not."""
    correlation_depth: float
    """Layers in which the distance of a correlation falls by the factor e; infinite where it does not."""
    generalisation_depth: float
    """Layers in which predictions at new points fall by the factor e; infinite outside the chaotic phase."""
    errors: Floats
    """`[5]`, the errors of the first five numbers."""


class AtDepth(NamedTuple):
    """The kernels of a network of a certain depth."""

    depth: int
    """The number of blocks."""
    condition: float
    """The condition number of the NTK of the training inputs; infinite where the smallest eigenvalue is rounding."""
    predictor: float | None
    """The root mean square of the predictions at inputs without labels, after training without end."""
    ntk: Floats
    """`[n, n]`, the NTK divided by the exponential of `ln_scale`."""
    correlations: Floats
    """`[n, n]`, the correlations of the outputs at initialisation."""
    ln_scale: float
    """0.0 unless the NTK leaves the range of the numbers."""


class StoreReport(NamedTuple):
    """The result of `GramStore.complete`."""

    found: int
    """Tiles that were in the folder."""
    computed: int
    """Tiles that were computed."""
    damaged: list[tuple[str, str]]
    """Files that were no valid tiles, and the reason; their tiles were computed again."""
