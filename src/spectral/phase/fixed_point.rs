//! A fixed point: its numbers, their errors, and what they say of depths.

use crate::{Result, check};

/// How the kernels of a deep network forget their inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Phase {
    /// $`\chi_1 < 1`$: inputs become alike; beyond the depth scale the NTK is singular and the network does not train.
    Ordered,
    /// $`\chi_1 = 1`$ within its error: depth scales are infinite, and the network trains at any depth.
    Critical,
    /// $`\chi_1 > 1`$: inputs that are close become different; deep networks train and do not generalise.
    Chaotic,
    /// The fixed point q = 0 of networks without biases, apart from criticality: kernels shrink or grow by a factor per layer, and
    /// neither of the three holds for their ratios.
    Degenerate,
}

impl Phase {
    /// Returns the name in one word.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Ordered => "ordered",
            Phase::Critical => "critical",
            Phase::Chaotic => "chaotic",
            Phase::Degenerate => "degenerate",
        }
    }
}

/// A fixed point q of the variances, with the fixed point of the correlations there.
///
/// One layer takes variances q and correlations c to
/// ```math
/// Q(q) = \sigma_w^2 E[\sigma(\sqrt q z)^2] + \sigma_b^2 , \qquad
/// C(c) = \frac{1}{q} \left(\sigma_w^2 E[\sigma(u)\sigma(v)] + \sigma_b^2\right) , \qquad \chi(c) = C'(c) = \sigma_w^2 E[\sigma'(u)\sigma'(v)]
/// ```
/// Where σ jumps, $`\chi(1)`$ is infinite: such networks are chaotic at any σw.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FixedPoint {
    /// q; 1 where every variance is a fixed point ([`Phases::growth`](super::Phases::growth) is 1, no bias).
    pub variance: f64,
    /// $`\chi_q = Q'(q)`$: variances tend to q if its modulus is below 1.
    pub variance_slope: f64,
    /// $`\chi_1 = \chi(1)`$
    pub slope: f64,
    /// c, the correlation to which all inputs tend.
    pub correlation: f64,
    /// $`\chi(c)`$
    pub correlation_slope: f64,
    /// s of $`|\chi_1 - \chi(1 - \delta)| \sim \delta^s`$: 1 for smooth functions, ½ for functions with a kink, infinite for linear ones;
    /// −½ where σ jumps.
    pub contact: f64,
    /// Order or chaos.
    pub phase: Phase,
    /// The errors of the numbers above.
    pub error: FixedPointError,
}

/// Estimated errors of the numbers of a [`FixedPoint`]: rounding, and for activations by quadrature the change with the number of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FixedPointError {
    /// The error of [`FixedPoint::variance`].
    pub variance: f64,
    /// The error of [`FixedPoint::variance_slope`].
    pub variance_slope: f64,
    /// The error of [`FixedPoint::slope`].
    pub slope: f64,
    /// The error of [`FixedPoint::correlation`].
    pub correlation: f64,
    /// The error of [`FixedPoint::correlation_slope`].
    pub correlation_slope: f64,
}

impl FixedPoint {
    /// Returns $`\xi_q = -1/\ln|\chi_q|`$, the number of layers in which the distance of a variance from q falls by the factor e;
    /// infinite at $`\chi_q = 1`$, nothing where variances leave q.
    pub fn variance_depth(&self) -> Option<f64> {
        depth(self.variance_slope, self.error.variance_slope)
    }

    /// Returns $`\xi = -1/\ln\chi(c)`$, the number of layers in which the distance of a correlation from c falls by the factor e;
    /// infinite at criticality, nothing at a degenerate point.
    pub fn correlation_depth(&self) -> Option<f64> {
        match self.phase {
            Phase::Critical => Some(f64::INFINITY),
            Phase::Degenerate => None,
            _ => depth(self.correlation_slope, 0.0),
        }
    }

    /// Returns $`1/(\ln\chi_1 - \ln\chi(c))`$ in the chaotic phase: the number of layers in which predictions at new points fall by
    /// the factor e. Nothing in the other phases, where predictions fall like a power of the depth or tend to a limit.
    pub fn generalisation_depth(&self) -> Option<f64> {
        (self.phase == Phase::Chaotic)
            .then(|| 1.0 / (self.slope.ln() - self.correlation_slope.ln()))
    }

    /// Returns the depth scales of perturbations by mode, for layers with local filters: $`-1/\ln|\chi(c) a_j|`$.
    ///
    /// A filter multiplies mode j of a small perturbation of the correlations by $`a_j`$, $`a_0 = 1`$: on the sphere degree j
    /// ([`ZonalProfile::multipliers`](crate::network::ZonalProfile::multipliers)), on the plane a Fourier mode. The phase is the phase
    /// without filters, and mode 0 lives longest.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) unless every $`|a_j|`$ is at most 1.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::network::{Init, ZonalProfile};
    /// use haarmonic::spectral::phases;
    /// let phases = phases(&Activation::Erf, Init::new(0.8_f64.sqrt(), 0.18_f64.sqrt()))?;
    /// let a = ZonalProfile::Cap { angle: 1.0 }.multipliers(3)?;
    /// let depths = phases.fixed_points[0].mode_depths(&a)?;
    /// assert!(depths[0] > depths[1] && depths[1] > depths[2]);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn mode_depths(&self, multipliers: &[f64]) -> Result<Vec<f64>> {
        multipliers
            .iter()
            .enumerate()
            .map(|(j, a)| {
                check::not_negative(&format!("1 - |multiplier {j}|"), 1.0 - a.abs())?;
                Ok(match (self.correlation_slope * a).abs() {
                    factor if factor < 1.0 => -1.0 / factor.ln(),
                    _ => f64::INFINITY,
                })
            })
            .collect()
    }

    /// Returns the limit for infinite depth of the condition number of the NTK of m inputs, for a network whose outputs are pooled
    /// over a finite group.
    ///
    /// ```math
    /// \text{chaotic: } 1 , \qquad \text{critical: } 1 + m |G| \frac{s}{1+s} , \qquad \text{ordered: } \infty
    /// ```
    /// With the order |G| = 1 this is a network without pooling, also a flattened one. No element of the group but the identity may leave an
    /// input as it is. Nothing at degenerate points, for linear activations, where the limit depends on the inputs, and where σ jumps.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) for no inputs or the order 0.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::network::Init;
    /// use haarmonic::spectral::phases;
    /// let phases = phases(&Activation::Relu, Init::new(2.0_f64.sqrt(), 0.0))?;
    /// // (m + 3)/3
    /// assert_eq!(phases.fixed_points[0].condition_limit(12, 1)?, Some(5.0));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    ///
    /// # References
    /// Xiao20; the statement for pooling is of this crate, see `docs/phases.md`.
    pub fn condition_limit(&self, inputs: usize, order: usize) -> Result<Option<f64>> {
        for (what, value) in [("number of inputs", inputs), ("order of the group", order)] {
            check::positive(what, value as f64)?;
        }
        let s = self.contact;
        Ok(match self.phase {
            // The derivative of a jump counts as zero, and leaves the NTK of the last layer.
            Phase::Chaotic if self.slope.is_finite() => Some(1.0),
            // p_c/(p − p_c) with p = lq and p_c = lq s/(1 + 2s).
            Phase::Critical if s.is_finite() => Some(1.0 + (inputs * order) as f64 * s / (1.0 + s)),
            Phase::Ordered => Some(f64::INFINITY),
            Phase::Critical | Phase::Chaotic | Phase::Degenerate => None,
        })
    }

    /// Returns how the condition number of the NTK grows with the depth l if outputs are pooled over SO(3): like $`l^a e^{bl}`$, as (a, b).
    ///
    /// | phase | without pooling, or over a finite group | over SO(3) |
    /// |---|---|---|
    /// | ordered | $`l^{-1} \chi_1^{-l}`$ | $`l^{-1} \chi_1^{-l}`$ |
    /// | critical | tends to a limit | $`l`$ |
    /// | chaotic | tends to 1 | $`\chi_1^{l/2}`$ |
    ///
    /// Nothing at degenerate points, for linear activations, and where σ jumps. The rates are asymptotic: after some tens of
    /// layers chaotic ones are reached within ten per cent, and critical exponents rise to 1 slowly.
    pub fn rotation_pooled_growth(&self) -> Option<[f64; 2]> {
        if !self.slope.is_finite() || !self.contact.is_finite() {
            return None;
        }
        match self.phase {
            Phase::Ordered => Some([-1.0, -self.slope.ln()]),
            Phase::Critical => Some([1.0, 0.0]),
            Phase::Chaotic => Some([0.0, 0.5 * self.slope.ln()]),
            Phase::Degenerate => None,
        }
    }
}

/// −1/ln|χ|: nothing above 1, infinite at 1 within the error.
fn depth(slope: f64, error: f64) -> Option<f64> {
    let slope = slope.abs();
    match slope {
        _ if (slope - 1.0).abs() <= error => Some(f64::INFINITY),
        _ if slope < 1.0 => Some(-1.0 / slope.ln()),
        _ => None,
    }
}
