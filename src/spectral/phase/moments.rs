//! Second moments of an activation, of its derivative, and how they change with the variance.

use std::f64::consts::TAU;

use crate::activation::{Activation, Elementwise, Kink, Variance};
use crate::numeric::gauss_hermite::GaussHermite;
use crate::{Error, Result};

/// Nodes of the interpolation in ln q whose slope is taken.
const NODES: usize = 25;

/// What the maps of variances and correlations need of an activation.
#[derive(Debug, Clone)]
pub(super) struct Moments<'a> {
    activation: &'a Activation,
    /// Where a jump is, $`(\sigma(0^+) - \sigma(0^-))^2/2\pi`$.
    jump: Option<f64>,
    /// The rule of an activation that is given by quadrature.
    rule: Option<GaussHermite>,
}

impl<'a> Moments<'a> {
    pub(super) fn new(activation: &'a Activation) -> Result<Self> {
        // A parameter out of range and a function with values that are no numbers are refused here: later, an expectation that is
        // not finite counts as one that overflows.
        activation.prepare(&[1.0])?;
        activation.variance(1.0)?;
        let jump = match activation.kink() {
            Some(Kink::Jump { below }) => Some((1.0 - below) * (1.0 - below) / TAU),
            _ => None,
        };
        let rule = match activation {
            Activation::Elementwise(function) => Some(GaussHermite::new(function.nodes())?),
            _ => None,
        };
        Ok(Moments {
            activation,
            jump,
            rule,
        })
    }

    /// $`v(q) = E[\sigma(\sqrt q z)^2]`$, infinite where it overflows.
    pub(super) fn variance(&self, q: f64) -> Result<f64> {
        self.activation.variance(q).or_else(overflows)
    }

    /// $`E[\sigma'(\sqrt q z)^2]`$, infinite where σ jumps or the number overflows.
    pub(super) fn derivative(&self, q: f64) -> Result<f64> {
        match self.jump {
            Some(jump) if jump > 0.0 => Ok(f64::INFINITY),
            _ => self.activation.derivative_variance(q).or_else(overflows),
        }
    }

    /// $`E[\sigma(u)\sigma(v)]`$ and its slope in the correlation c, for two variances q.
    ///
    /// The slope is $`q E[\sigma'(u)\sigma'(v)]`$; a jump adds the density of u = v = 0.
    pub(super) fn covariance(&self, q: f64, c: f64) -> Result<[f64; 2]> {
        let (mut value, mut slope) = ([c * q], [q]);
        let variance = Variance::Constant(q);
        self.activation
            .apply(variance, variance, &mut value, Some(&mut slope))?;
        let jump = self.jump.map_or(0.0, |jump| match (1.0 - c) * (1.0 + c) {
            sine if sine > 0.0 => jump / sine.sqrt(),
            _ if jump > 0.0 => f64::INFINITY,
            _ => 0.0,
        });
        Ok([value[0], slope[0] + jump])
    }

    /// $`d \ln v / d \ln q`$ at q > 0.
    pub(super) fn log_slope(&self, q: f64) -> Result<f64> {
        match &self.rule {
            Some(rule) => Ok(self.slope_by_quadrature(rule, q)),
            None => self.slope_by_interpolation(q),
        }
    }

    /// $`E[\sigma^2 (z^2 - 1)]/2v`$: no derivative of σ, and as accurate as the rule is for v.
    fn slope_by_quadrature(&self, rule: &GaussHermite, q: f64) -> f64 {
        let (mut slope, mut value) = (0.0, 0.0);
        for (z, weight) in rule.nodes().iter().zip(rule.weights()) {
            let square = weight * self.activation.value(q.sqrt() * z).powi(2);
            value += square;
            slope += square * (z * z - 1.0);
        }
        if value > 0.0 {
            0.5 * slope / value
        } else {
            0.0
        }
    }

    /// The slope in the middle of a polynomial through v at Chebyshev points of ln q.
    ///
    /// v is analytic for Re q > 0, so the polynomial converges like 1.5⁻ⁿ or faster once the interval is so short that v changes
    /// by a moderate factor on it.
    fn slope_by_interpolation(&self, q: f64) -> Result<f64> {
        const COARSE: f64 = 1e-3;
        let at = |x: f64| self.variance(q * x.exp());
        let middle = self.variance(q)?;
        let rough = (at(COARSE)? / at(-COARSE)?).ln().abs() / (2.0 * COARSE);
        if !rough.is_finite() || middle == 0.0 {
            return Ok(if middle == 0.0 { 0.0 } else { f64::INFINITY });
        }
        let half = 1.0 / (1.0 + rough);
        let mut slope = 0.0;
        // The points x_j = cos(jπ/n), n even; the derivative of the interpolant at x = 0, which is the middle point, is
        // Σ_j (w_j/w_0)/(−x_j) (f_j − f_0) with w_j = (−1)^j, halved at the ends; pairs ±x_j have equal weights.
        let count = NODES - 1;
        let sign = |j: usize| if j.is_multiple_of(2) { 1.0 } else { -1.0 };
        for j in 0..count / 2 {
            let x = (std::f64::consts::PI * j as f64 / count as f64).cos();
            let weight = sign(j) * sign(count / 2) * if j == 0 { 0.5 } else { 1.0 };
            slope -= weight / x * (at(half * x)? - at(-half * x)?);
        }
        Ok(slope / (half * middle))
    }

    /// The factor $`v_1`$ of an activation with $`v(q) = v_1 q`$ for every q.
    pub(super) fn homogeneous(&self) -> Result<Option<f64>> {
        const SPREAD: f64 = 64.0 * f64::EPSILON;
        let first = self.variance(1.0)?;
        for q in [1e-9, 1e-3, 1e3, 1e9] {
            let ratio = self.variance(q)? / q;
            let same = (ratio - first).abs() <= SPREAD * first;
            if !same {
                return Ok(None);
            }
        }
        Ok((first > 0.0).then_some(first))
    }

    /// The activation with three quarters of the nodes, where the number of nodes limits the accuracy.
    pub(super) fn coarser(&self) -> Result<Option<Activation>> {
        let Activation::Elementwise(function) = self.activation else {
            return Ok(None);
        };
        let [value, derivative] = [function.clone(), function.clone()];
        Elementwise::new(
            function.name(),
            (3 * function.nodes()).div_ceil(4),
            move |x| value.value(x),
            move |x| derivative.derivative(x),
        )
        .map(|function| Some(Activation::Elementwise(function)))
    }

    /// Returns the variances at which the nodes of a quadrature resolve the function; all of them for closed forms.
    pub(super) fn resolved(&self, variances: Vec<f64>) -> Result<Vec<f64>> {
        const CHANGE: f64 = 0.02;
        let Some(coarser) = self.coarser()? else {
            return Ok(variances);
        };
        let coarser = Moments::new(&coarser)?;
        let near = |a: f64, b: f64| (a - b).abs() <= CHANGE * a.abs();
        let mut found = Vec::new();
        for q in variances {
            if near(self.variance(q)?, coarser.variance(q)?)
                && near(self.derivative(q)?, coarser.derivative(q)?)
            {
                found.push(q);
            }
        }
        Ok(found)
    }
}

/// A moment beyond the largest number counts as infinite; other errors stay.
fn overflows(error: Error) -> Result<f64> {
    match error {
        Error::NotFinite { .. } => Ok(f64::INFINITY),
        other => Err(other),
    }
}
