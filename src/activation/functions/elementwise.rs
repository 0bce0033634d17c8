//! Any function, by its Hermite coefficients.

use crate::activation::closed_form::ClosedForm;
use crate::activation::formula::{Function, Kink};
use crate::activation::pair::{Formula, Moments, Points};
use crate::activation::pass::{Job, pass};
use crate::activation::slopes::{At, Slopes, reciprocal};
use crate::activation::variance::{Source, Variance};
use crate::error::Result;
use crate::numeric::gauss_hermite::{GaussHermite, MAX_NODES, normalised_hermite};
use crate::simd::pack::Pack;
use pulp::Simd;
use std::fmt;
use std::sync::Arc;

type Pointwise = dyn Fn(f64) -> f64 + Send + Sync;
type Coefficients = [f64; MAX_NODES];

/// A function and its derivative, whose expectations come from Gauss–Hermite quadrature.
///
/// The quadrature gives the coefficients $`a_j(q) = E[\sigma(\sqrt q z) h_j(z)]`$ for the normalised Hermite
/// polynomials $`h_j`$, and by Mehler's formula
/// ```math
/// E[\sigma(u)\sigma(v)] = \sum_{j<n} a_j(q_1)\, a_j(q_2)\, c^j, \qquad c = k/\sqrt{q_1 q_2} .
/// ```
/// The kernel is therefore positive definite for every number n of nodes, and at c = 1 it is the quadrature of σ².
///
/// # Cost and accuracy
/// For constant variances, O(n²) time once and n multiplications per point; for a field of variances, O(n²) time per point.
/// The error falls exponentially with n for analytic functions whose nearest singularity is far from the
/// real axis on the scale of $`\sqrt q`$, and like a power of 1/n if the function has a kink.
///
/// # Examples
/// ```
/// use haarmonic::activation::{Activation, Elementwise, Variance};
/// # fn main() -> haarmonic::Result<()> {
/// let square = Elementwise::new("square", 8, |x| x * x, |x| 2.0 * x)?;
/// let mut nngp = [0.5_f64];
/// let q = Variance::Constant(1.0);
/// Activation::Elementwise(square).apply(q, q, &mut nngp, None)?;
/// assert!((nngp[0] - 1.5).abs() < 1e-14); // E[u² v²] = 1 + 2 k²
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Elementwise {
    name: String,
    function: Arc<Pointwise>,
    derivative: Arc<Pointwise>,
    rule: Arc<GaussHermite>,
    /// Row i has the normalised polynomials at node i, times the weight of the node.
    table: Arc<[f64]>,
}

impl Elementwise {
    /// Prepares the quadrature.
    ///
    /// # Arguments
    /// * `name` — the result of [`Activation::name`](crate::activation::Activation::name)
    /// * `nodes` — number of quadrature nodes; 64 suits smooth functions such as tanh at variances near 1
    /// * `function`, `derivative` — σ and σ'; σ' should return the mean of its one-sided values where it jumps
    ///
    /// # Errors
    /// [`crate::Error::InvalidValue`] unless 1 ≤ `nodes` ≤ [`MAX_NODES`].
    pub fn new(
        name: &str,
        nodes: usize,
        function: impl Fn(f64) -> f64 + Send + Sync + 'static,
        derivative: impl Fn(f64) -> f64 + Send + Sync + 'static,
    ) -> Result<Self> {
        let rule = GaussHermite::new(nodes)?;
        let mut table = vec![0.0; nodes * nodes];
        let rows = table.chunks_exact_mut(nodes);
        for ((row, &x), &w) in rows.zip(rule.nodes()).zip(rule.weights()) {
            normalised_hermite(x, row);
            for h in row {
                *h *= w;
            }
        }
        Ok(Self {
            name: name.to_owned(),
            function: Arc::new(function),
            derivative: Arc::new(derivative),
            rule: Arc::new(rule),
            table: table.into(),
        })
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the number of quadrature nodes.
    pub fn nodes(&self) -> usize {
        self.rule.nodes().len()
    }

    /// Returns σ(x).
    pub fn value(&self, x: f64) -> f64 {
        (self.function)(x)
    }

    /// Returns σ'(x).
    pub fn derivative(&self, x: f64) -> f64 {
        (self.derivative)(x)
    }

    /// The coefficients $`a_j(q)`$ of σ or σ'.
    #[inline(always)]
    fn coefficients(&self, function: &Pointwise, q: f64, out: &mut Coefficients) {
        // a_j = Σ_i σ(√q x_i) w_i h_j(x_i). The function is called once per node; the inner loop runs over contiguous degrees j.
        let deviation = q.sqrt();
        out.fill(0.0);
        let rows = self.table.chunks_exact(self.nodes());
        for (row, &x) in rows.zip(self.rule.nodes()) {
            let value = function(deviation * x);
            for (a, h) in out.iter_mut().zip(row) {
                *a = f64::mul_add(value, *h, *a);
            }
        }
    }

    /// The products $`a_j(q_1) a_j(q_2)`$.
    #[inline(always)]
    fn products(&self, function: &Pointwise, q1: f64, q2: f64, out: &mut Coefficients) {
        self.coefficients(function, q1, out);
        if q1 == q2 {
            for a in out {
                *a *= *a;
            }
        } else {
            let mut other = [0.0; MAX_NODES];
            self.coefficients(function, q2, &mut other);
            for (a, b) in out.iter_mut().zip(other) {
                *a *= b;
            }
        }
    }
}

impl fmt::Debug for Elementwise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elementwise")
            .field("name", &self.name)
            .field("nodes", &self.nodes())
            .finish_non_exhaustive()
    }
}

impl PartialEq for Elementwise {
    /// Whether name, quadrature and function objects are equal; function objects are equal only between clones of one value.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.nodes() == other.nodes()
            && Arc::ptr_eq(&self.function, &other.function)
            && Arc::ptr_eq(&self.derivative, &other.derivative)
    }
}

impl Function for &Elementwise {
    /// A placeholder: each value has its own name.
    const NAME: &'static str = "elementwise";

    fn kink(self) -> Option<Kink> {
        Some(Kink::Other)
    }

    fn value(self, x: f64) -> f64 {
        (self.function)(x)
    }

    fn derivative(self, x: f64) -> f64 {
        (self.derivative)(x)
    }

    fn closed_form(self) -> ClosedForm {
        ClosedForm::expectations(None)
    }

    /// From the coefficients $`d_j`$ of σ': those of its derivative are $`\sqrt{(j+1)/q}\,d_{j+1}`$, those of its second derivative
    /// $`\sqrt{(j+1)(j+2)}\,d_{j+2}/q`$.
    fn slopes(self, at: At) -> Slopes {
        let n = self.nodes();
        let [(a, d), (b, e)] = at.q.map(|q| {
            let (mut value, mut derivative) = ([0.0; MAX_NODES], [0.0; MAX_NODES]);
            self.coefficients(&*self.function, q, &mut value);
            self.coefficients(&*self.derivative, q, &mut derivative);
            (value, derivative)
        });
        let inverse = at.q.map(|q| reciprocal(q).sqrt());
        let c = (at.k * inverse[0] * inverse[1]).clamp(-1.0, 1.0);
        let mut slopes = Slopes::default();
        let mut power = 1.0;
        for j in 0..n.saturating_sub(1) {
            let next = j as f64 + 1.0;
            let root = next.sqrt();
            slopes.value[0] += 0.5 * root * inverse[0] * d[j + 1] * b[j] * power;
            slopes.value[1] += 0.5 * root * inverse[1] * a[j] * e[j + 1] * power;
            slopes.bend += next * inverse[0] * inverse[1] * d[j + 1] * e[j + 1] * power;
            if j + 2 < n {
                let root = 0.5 * (next * (next + 1.0)).sqrt() * power;
                slopes.derivative[0] += root * inverse[0] * inverse[0] * d[j + 2] * e[j];
                slopes.derivative[1] += root * inverse[1] * inverse[1] * d[j] * e[j + 2];
            }
            power *= c;
        }
        slopes
    }

    /// Constant variances have one series for all points; a field of variances has one series per point.
    fn double(self, mut job: Job<'_, f64>) -> Result<()> {
        job.check()?;
        if let [Variance::Constant(q1), Variance::Constant(q2)] =
            job.variances.map(Source::variance)
        {
            let (mut value, mut derivative) = ([0.0; MAX_NODES], [0.0; MAX_NODES]);
            self.products(&*self.function, q1, q2, &mut value);
            if job.ntk.is_some() {
                self.products(&*self.derivative, q1, q2, &mut derivative);
            }
            let series = Series {
                value: &value[..self.nodes()],
                derivative: &derivative[..self.nodes()],
                inverse: inverse_root(q1, q2),
            };
            return pass(series, None, job);
        }
        for i in 0..job.nngp.len() {
            let mut point = job.part(i..i + 1);
            let constant = |q: Source<f64>| Source::constant(None, q.variance().at(0));
            point.variances = point.variances.map(constant);
            self.double(point).map_err(|error| error.shifted(i))?;
        }
        Ok(())
    }
}

/// $`\sum_j p_j c^j`$ with the products $`p_j = a_j(q_1) a_j(q_2)`$ of two variances.
#[derive(Clone, Copy)]
struct Series<'a> {
    value: &'a [f64],
    derivative: &'a [f64],
    /// $`1/\sqrt{q_1 q_2}`$
    inverse: f64,
}

impl Formula<f64> for Series<'_> {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, f64>) -> Moments<S, f64> {
        let c = points.k * points.k.constant(self.inverse);
        let c = c.min(c.constant(1.0)).max(c.constant(-1.0));
        Moments {
            value: series(self.value, c),
            derivative: series(self.derivative, c),
            valid: c.equals(c).all(),
        }
    }
}

/// $`1/\sqrt{q_1 q_2}`$, or 0 if a variance is zero.
fn inverse_root(q1: f64, q2: f64) -> f64 {
    let root = q1.sqrt() * q2.sqrt();
    if root > 0.0 { 1.0 / root } else { 0.0 }
}

/// Computes $`\sum_j p_j c^j`$, one point per lane, as eight interleaved Horner chains in c⁸.
///
/// Each step of a chain waits for the step before it; eight independent chains hide this latency. Chain i has the terms with j mod 8 = i.
#[inline(always)]
fn series<S: Simd>(products: &[f64], c: Pack<S, f64>) -> Pack<S, f64> {
    const CHAINS: usize = 8;
    let (c2, mut chains) = (c * c, [c.constant(0.0); CHAINS]);
    let c8 = (c2 * c2) * (c2 * c2);
    let (whole, rest) = products.as_chunks::<CHAINS>();
    for (chain, p) in chains.iter_mut().zip(rest) {
        *chain = c.constant(*p);
    }
    for part in whole.iter().rev() {
        for i in 0..CHAINS {
            chains[i] = chains[i].mul_add(c8, c.constant(part[i]));
        }
    }
    let mut sum = c.constant(0.0);
    for i in (0..CHAINS).rev() {
        sum = sum.mul_add(c, chains[i]);
    }
    sum
}
