//! Tensors of the motion of tangent kernels, and their mean change in training.

use faer::Mat;
use ndarray::{Array2, Array4, ArrayView2};

use crate::kernel::Signals;
use crate::predict::{SymmetricEigen, Time};
use crate::{Error, Result, check};

use super::at_width::KernelAtWidth;
use super::motion::Motion;
use super::tensors::{FiniteSamples, Tensors};

/// Below this exponent, series in it replace differences.
const SMALL: f64 = 1e-5;

/// Expectations of order 1/n of the first and second derivatives of the tangent kernel along gradients.
///
/// With the gradient J and the Hessian H of an output by the parameters, $`dH_{i_0 i_1 i_2}(abc) = H_{i_0}(a)[J_{i_1}(b), J_{i_2}(c)]`$,
/// the third derivative $`ddI(abcd) = \partial^3 z_{i_0}(a)[J_{i_1}(b), J_{i_2}(c), J_{i_3}(d)]`$ and
/// $`ddII(abcd) = (H_{i_1}(a) J_{i_3}(c)) \cdot (H_{i_2}(b) J_{i_4}(d))`$,
/// ```math
/// \begin{aligned}
/// E[dH_{i_0 i_1 i_2}(abc)\, z_{i_3}(d)] &= \delta_{03}\delta_{12} P_{abcd} + \delta_{01}\delta_{23} Q_{abcd} + \delta_{02}\delta_{13} Q_{acbd} \\
/// E[ddI(abcd)] &= \delta_{01}\delta_{23} R_{abcd} + \delta_{02}\delta_{13} R_{acbd} + \delta_{03}\delta_{12} R_{adbc} \\
/// E[ddII(abcd)] &= \delta_{12}\delta_{34} S_{abcd} + \delta_{13}\delta_{24} T_{abcd} + \delta_{14}\delta_{23} U_{abcd}
/// \end{aligned}
/// ```
/// Each array has the shape `[m, m, m, m]` and the indices in the order abcd. Made by
/// [`KernelAtWidth::motion`](super::KernelAtWidth::motion).
#[derive(Debug, Clone, PartialEq)]
pub struct MotionTensors {
    /// P
    pub p: Array4<f64>,
    /// Q
    pub q: Array4<f64>,
    /// R
    pub r: Array4<f64>,
    /// S
    pub s: Array4<f64>,
    /// T
    pub t: Array4<f64>,
    /// U
    pub u: Array4<f64>,
}

/// The mean change of the tangent kernel in training, to first order in 1/n.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NtkChange {
    /// Shape `[m, m]`, of networks that start at their random outputs.
    pub random: Array2<f64>,
    /// Shape `[m, m]`, of networks whose initial outputs are subtracted.
    pub centred: Array2<f64>,
}

impl From<Motion> for MotionTensors {
    fn from(motion: Motion) -> MotionTensors {
        let m = motion.samples;
        let tensor = |values| Array4::from_shape_vec((m, m, m, m), values).expect("m⁴ numbers");
        let [p, q, r, s, t, u] = motion.tensors.map(tensor);
        MotionTensors { p, q, r, s, t, u }
    }
}

impl KernelAtWidth {
    /// Computes the tensors of the motion of the tangent kernel.
    ///
    /// # Cost
    /// As [`tensors`](Self::tensors), with twelve more arrays. For an activation without closed form, four distinct signals take a second
    /// per layer.
    ///
    /// # Errors
    /// As [`tensors`](Self::tensors); [`Error::InLayer`] for an activation with a bend, whose second derivative is not a function.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::kernel::Kernel;
    /// use haarmonic::network::{Init, Network};
    /// use ndarray::array;
    ///
    /// // Two linear layers of width n: z = w·(u x)/√n. The gradient at x has the squares of w and u, and Q = 1/n of x⁴.
    /// let init = Init::default();
    /// let network = Network::vector(1).dense(init).dense(init).build()?;
    /// let motion = Kernel::new(&network)?.at_width(&[50])?.motion(array![[1.0]].view())?;
    /// assert!((motion.q[[0, 0, 0, 0]] - 0.02).abs() < 1e-15);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn motion<'a>(&self, signals: impl Into<Signals<'a>>) -> Result<MotionTensors> {
        self.moving(signals.into(), None).map(|(_, motion)| motion)
    }

    /// Computes the mean change of the tangent kernel under gradient flow, to first order in 1/n.
    ///
    /// The flow is that of [`GradientFlow`](crate::predict::GradientFlow) with one output and learning rate 1: the loss is half the square
    /// error, averaged over the n training points.
    ///
    /// # Arguments
    /// * `train` — the n training points
    /// * `targets` — shape `[n, 1]`
    /// * `test` — m other points
    /// * `time` — a finite time or the limit of convergence, where the next order in 1/n is large
    ///
    /// Returns shape `[n + m, n + m]`, training points first.
    ///
    /// # Cost
    /// As [`motion`](Self::motion) of all signals.
    ///
    /// # Errors
    /// As [`motion`](Self::motion); [`Error::ShapeMismatch`] and [`Error::NotFinite`] for malformed targets, [`Error::InvalidValue`] for a
    /// time in steps or below 0, [`Error::NotPositiveDefinite`] for a singular kernel at infinite time.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::kernel::Kernel;
    /// use haarmonic::network::{Init, Network};
    /// use haarmonic::predict::Time;
    /// use ndarray::array;
    ///
    /// let init = Init::new(1.3, 0.2);
    /// let network = Network::vector(2).dense(init).activation(Activation::Erf).dense(init).build()?;
    /// let kernel = Kernel::new(&network)?.at_width(&[200])?;
    /// let (x, y) = (array![[1.0, 0.0], [0.0, 1.0]], array![[1.0], [-0.5]]);
    /// let test = array![[0.5, 0.5]];
    /// let change = kernel.ntk_change(x.view(), y.view(), test.view(), Time::Finite(2.0))?;
    /// assert_eq!(change.random.dim(), (3, 3));
    /// // How lazy training is: the change relative to the kernel.
    /// let ntk = kernel.kernel().gram(x.view())?.ntk;
    /// assert!((change.random[[0, 0]] / ntk[[0, 0]]).abs() < 0.05);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn ntk_change<'a, 'b>(
        &self,
        train: impl Into<Signals<'a>>,
        targets: ArrayView2<'_, f64>,
        test: impl Into<Signals<'b>>,
        time: Time,
    ) -> Result<NtkChange> {
        let (train, test) = (train.into(), test.into());
        let n = train.len();
        let m = n + test.len();
        check::shape("targets", targets.shape(), &[n, 1])?;
        check::finite("targets", targets)?;
        let tau = match time {
            Time::Infinite => f64::INFINITY,
            Time::Finite(t) if t >= 0.0 && t.is_finite() => t / n as f64,
            Time::Finite(t) => {
                return Err(Error::invalid(
                    "training time",
                    t,
                    "a finite number, at least 0",
                ));
            }
            Time::Steps(steps) => {
                return Err(Error::invalid(
                    "training time",
                    format!("{steps} steps"),
                    "a time of gradient flow",
                ));
            }
        };
        let (tensors, motion) = self.moving(train, Some(test))?;
        let flow = Flow::new(&tensors, targets, tau)?;
        let change = |first: Option<&Array2<f64>>, second: &Array2<f64>| {
            let half =
                Array2::from_shape_fn((m, m), |(a, b)| flow_of(&motion, [a, b], first, second));
            &half + &half.t()
        };
        Ok(NtkChange {
            random: change(Some(&flow.linear), &flow.random),
            centred: change(None, &flow.centred),
        })
    }

    /// Whether all activations are smooth, so that the tangent kernel has derivatives along its motion.
    pub fn is_smooth(&self) -> bool {
        self.steps().check_smooth().is_ok()
    }

    fn moving(
        &self,
        signals: Signals<'_>,
        more: Option<Signals<'_>>,
    ) -> Result<(Tensors, MotionTensors)> {
        self.steps().check_smooth()?;
        self.kernel().prepare(signals)?;
        if let Some(more) = more {
            self.kernel().prepare(more)?;
        }
        let samples = FiniteSamples::joined(self.kernel(), self.steps(), signals, more)?;
        samples.check_memory()?;
        let all: Vec<usize> = (0..samples.signals()).collect();
        let (state, motion) = self.run(&samples, &all, true)?;
        let motion = motion.expect("asked for");
        Ok((Tensors::from(state), MotionTensors::from(motion)))
    }
}

/// The contraction of the tensors with the weights of the flow, before it is made symmetric in a and b.
fn flow_of(
    motion: &MotionTensors,
    [a, b]: [usize; 2],
    first: Option<&Array2<f64>>,
    second: &Array2<f64>,
) -> f64 {
    let MotionTensors { p, q, r, s, t, u } = motion;
    let mut sum = 0.0;
    for ((c, d), weight) in second.indexed_iter() {
        let (at, across) = ([a, b, c, d], [a, c, b, d]);
        // The two Hessians of ddII stand at a and at b, or at a and at c.
        let pairs = s[at] + t[at] + u[at] + s[across] + t[across] + u[across];
        sum += weight * (r[at] + r[across] + r[[a, d, b, c]] + pairs);
        if let Some(first) = first {
            sum -= first[[c, d]] * (p[at] + q[at] + q[across]);
        }
    }
    sum
}

/// Weights of pairs of training points, integrals over the time of the flow.
struct Flow {
    /// $`\int e^{-\Theta s} ds`$, for the first derivative.
    linear: Array2<f64>,
    /// For the second derivatives, with random and with centred initial outputs.
    random: Array2<f64>,
    centred: Array2<f64>,
}

impl Flow {
    fn new(tensors: &Tensors, targets: ArrayView2<'_, f64>, tau: f64) -> Result<Flow> {
        let n = targets.nrows();
        let eigen = SymmetricEigen::new(
            "tangent kernel of the training points",
            &Mat::from_fn(n, n, |i, j| tensors.ntk[[i, j]]),
        )?;
        if tau.is_infinite() && eigen.values.first().is_none_or(|value| *value <= 0.0) {
            return Err(Error::not_positive_definite(
                "tangent kernel of the training points",
                "eigenvalue 0",
                "give a finite time",
            ));
        }
        let u = Array2::from_shape_fn((n, n), |(i, j)| eigen.vectors[(i, j)]);
        let values = &eigen.values;
        let squares = targets.dot(&targets.t());
        let prior = Array2::from_shape_fn((n, n), |(i, j)| tensors.nngp[[i, j]]);
        let weigh = |matrix: &Array2<f64>| {
            let mut inner = u.t().dot(matrix).dot(&u);
            for ((i, j), entry) in inner.indexed_iter_mut() {
                *entry *= both(values[i], values[j], tau);
            }
            u.dot(&inner).dot(&u.t())
        };
        let diagonal = Array2::from_shape_fn((n, n), |(i, j)| u[[i, j]] * once(values[j], tau));
        Ok(Flow {
            linear: diagonal.dot(&u.t()),
            random: weigh(&(&prior + &squares)),
            centred: weigh(&squares),
        })
    }
}

/// $`\int_0^\tau e^{-xs}\, ds`$
fn once(x: f64, tau: f64) -> f64 {
    if x * tau < SMALL {
        tau * (1.0 - 0.5 * x * tau)
    } else {
        -(-x * tau).exp_m1() / x
    }
}

/// $`\int_0^\tau e^{-xs} \frac{1 - e^{-ys}}{y}\, ds`$
fn both(x: f64, y: f64, tau: f64) -> f64 {
    if y * tau >= SMALL {
        return (once(x, tau) - once(x + y, tau)) / y;
    }
    // Two terms of the series in y.
    if x * tau < SMALL {
        tau * tau * (0.5 - tau * (x / 3.0 + y / 6.0))
    } else {
        let (left, product) = ((-x * tau).exp(), x * tau);
        let first = 1.0 - left * (1.0 + product);
        let second = 2.0 - left * (2.0 + product * (2.0 + product));
        (first - 0.5 * y / x * second) / (x * x)
    }
}
