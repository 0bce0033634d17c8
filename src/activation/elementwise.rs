//! Any function, through its Hermite coefficients.

use super::sweep::{Moment, check};
use super::variance::{Variance, check_finite};
use crate::error::Result;
use crate::special::gauss_hermite::{GaussHermite, MAX_NODES, normalised_hermite};
use pulp::{Arch, Simd, WithSimd};
use std::fmt;
use std::sync::Arc;

type Function = dyn Fn(f64) -> f64 + Send + Sync;
type Coefficients = [f64; MAX_NODES];

/// A function and its derivative, whose expectations come from Gauss–Hermite quadrature.
///
/// The quadrature gives the coefficients $`a_j(q) = E[\sigma(\sqrt q z) h_j(z)]`$ for the normalised Hermite
/// polynomials $`h_j`$, and by Mehler's formula
/// ```math
/// E[\sigma(u)\sigma(v)] = \sum_{j<n} a_j(q_1)\, a_j(q_2)\, c^j, \qquad c = k/\sqrt{q_1 q_2} .
/// ```
/// So the kernel is positive definite whatever the number n of nodes, and at c = 1 it is the quadrature of σ².
///
/// # Cost and accuracy
/// With constant variances O(n²) once and n multiplications a point; with a field of variances O(n²) a point.
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
    function: Arc<Function>,
    derivative: Arc<Function>,
    rule: Arc<GaussHermite>,
    /// Row i: the normalised polynomials at node i, times its weight.
    table: Arc<[f64]>,
}

impl Elementwise {
    /// Prepares the quadrature.
    ///
    /// # Arguments
    /// * `name` — what [`super::Activation::name`] returns
    /// * `nodes` — number of quadrature nodes; 64 suits smooth functions such as tanh at variances near 1
    /// * `function`, `derivative` — σ and σ'; where σ' jumps, the mean of its one-sided values
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

    #[inline(always)]
    fn coefficients(&self, function: &Function, q: f64, out: &mut Coefficients) {
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
    fn products(&self, function: &Function, q1: f64, q2: f64, out: &mut Coefficients) {
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

    pub(super) fn apply(
        &self,
        q1: Variance,
        q2: Variance,
        nngp: &mut [f64],
        mut ntk: Option<&mut [f64]>,
    ) -> Result<()> {
        check(q1, q2, nngp, ntk.as_deref())?;
        Arch::new().dispatch(Sweep {
            elementwise: self,
            q1,
            q2,
            nngp: &mut *nngp,
            ntk: ntk.as_deref_mut(),
        });
        check_finite("expectation of the activation", nngp)?;
        check_finite("tangent kernel", ntk.as_deref().unwrap_or(&[]))
    }

    pub(super) fn moments(&self, moment: Moment, q: &mut [f64]) -> Result<()> {
        Variance::Field(q).check("variance", q.len())?;
        let function = match moment {
            Moment::Value => &self.function,
            Moment::Derivative => &self.derivative,
        };
        for q in q.iter_mut() {
            let deviation = q.sqrt();
            let nodes = self.rule.nodes().iter().zip(self.rule.weights());
            *q = nodes
                .map(|(x, w)| w * function(deviation * x).powi(2))
                .sum();
        }
        check_finite("variance after the activation", q)
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
    /// The same name, quadrature and function objects (clones of one value, that is).
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.nodes() == other.nodes()
            && Arc::ptr_eq(&self.function, &other.function)
            && Arc::ptr_eq(&self.derivative, &other.derivative)
    }
}

struct Sweep<'a> {
    elementwise: &'a Elementwise,
    q1: Variance<'a>,
    q2: Variance<'a>,
    nngp: &'a mut [f64],
    ntk: Option<&'a mut [f64]>,
}

impl WithSimd for Sweep<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let e = self.elementwise;
        let (mut value, mut derivative) = ([0.0; MAX_NODES], [0.0; MAX_NODES]);
        let run = match (self.q1, self.q2) {
            (Variance::Constant(_), Variance::Constant(_)) => self.nngp.len(),
            _ => 1,
        };
        let mut ntk = self.ntk;
        for start in (0..self.nngp.len()).step_by(run.max(1)) {
            let (q1, q2) = (self.q1.at(start), self.q2.at(start));
            let inverse = inverse_root(q1, q2);
            e.products(&*e.function, q1, q2, &mut value);
            let value = &value[..e.nodes()];
            let part = &mut self.nngp[start..start + run];
            match ntk.as_deref_mut() {
                None => part
                    .iter_mut()
                    .for_each(|k| *k = series(value, *k * inverse)),
                Some(ntk) => {
                    e.products(&*e.derivative, q1, q2, &mut derivative);
                    let derivative = &derivative[..e.nodes()];
                    for (k, t) in part.iter_mut().zip(&mut ntk[start..start + run]) {
                        let c = *k * inverse;
                        *k = series(value, c);
                        *t *= series(derivative, c);
                    }
                }
            }
        }
    }
}

/// $`1/\sqrt{q_1 q_2}`$, 0 if a variance is zero.
fn inverse_root(q1: f64, q2: f64) -> f64 {
    let root = q1.sqrt() * q2.sqrt();
    if root > 0.0 { 1.0 / root } else { 0.0 }
}

/// $`\sum_j p_j c^j`$ in eight interleaved Horner chains.
#[inline(always)]
fn series(products: &[f64], c: f64) -> f64 {
    const CHAINS: usize = 8;
    let c = c.clamp(-1.0, 1.0);
    let (c2, mut chains) = (c * c, [0.0; CHAINS]);
    let c8 = (c2 * c2) * (c2 * c2);
    let whole = products.len() - products.len() % CHAINS;
    for (chain, p) in chains.iter_mut().zip(&products[whole..]) {
        *chain = *p;
    }
    for part in products[..whole].chunks_exact(CHAINS).rev() {
        for (chain, p) in chains.iter_mut().zip(part) {
            *chain = f64::mul_add(*chain, c8, *p);
        }
    }
    chains
        .iter()
        .rev()
        .fold(0.0, |sum, chain| f64::mul_add(sum, c, *chain))
}
