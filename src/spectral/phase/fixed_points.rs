//! Fixed points of the variances and correlations of deep networks, with the slopes there.

use super::fixed_point::{FixedPoint, FixedPointError, Phase};
use super::moments::Moments;
use super::roots::{LOWEST, roots};
use crate::activation::Activation;
use crate::network::Init;
use crate::{Result, check};

/// Relative rounding errors of a moment and of what is made of it.
const ROUNDING: f64 = 8.0 * f64::EPSILON;
/// A variance that stands for the limit 0.
const VANISHING: f64 = 1e-100;

/// The fixed points of an activation and an initialisation.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Phases {
    /// All fixed points of the variances in [10⁻¹², 10¹²], and 0 if it is one, in ascending order.
    pub fixed_points: Vec<FixedPoint>,
    /// For homogeneous activations, as ReLU: the factor by which a layer without bias multiplies variances. At 1 every variance is a fixed
    /// point, above 1 there is none but 0. Whatever the factor, kernels of networks without biases have the ratios that they have at 1.
    pub growth: Option<f64>,
}

impl Phases {
    /// Returns the fixed point to which variances tend: of those with $`|\chi_q| \le 1`$ within the error the one of largest variance.
    pub fn attracting(&self) -> Option<&FixedPoint> {
        let attracts =
            |point: &&FixedPoint| point.variance_slope.abs() <= 1.0 + point.error.variance_slope;
        self.fixed_points.iter().rev().find(attracts)
    }
}

/// Computes all fixed points of the variances of a deep network of one repeated layer, and the phase at each.
///
/// # Arguments
/// * `activation` — any, also one with a kink or a jump; of an [`Elementwise`](crate::activation::Elementwise) with its own quadrature
/// * `init` — σw and σb of each layer
///
/// # Cost and accuracy
/// Some thousand second moments, a few milliseconds. Each number has an error beside it, some ε divided by the distance of a slope from 1.
/// Fixed points that differ by less than a tenth are found if the map comes closer to the diagonal between them than beside them.
///
/// # Errors
/// [`Error::InvalidValue`](crate::Error::InvalidValue) for a weight standard deviation that is not positive or a bias standard deviation
/// below 0; as [`Activation::variance`] for bad parameters.
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::network::Init;
/// use haarmonic::spectral::{Phase, phases};
///
/// let found = phases(&Activation::Erf, Init::new(2.5_f64.sqrt(), 0.18_f64.sqrt()))?;
/// let point = &found.fixed_points[0];
/// assert_eq!(point.phase, Phase::Chaotic);
/// assert!((point.variance - 1.54222650210308).abs() < 1e-12);
/// assert!((point.correlation - 0.6162605396819048).abs() < 1e-12);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// PLR16, SGGS17, Xiao20.
pub fn phases(activation: &Activation, init: Init) -> Result<Phases> {
    check::positive("weight standard deviation", init.weight_std)?;
    check::not_negative("bias standard deviation", init.bias_std)?;
    let map = Map {
        moments: Moments::new(activation)?,
        weight: init.weight_std * init.weight_std,
        bias: init.bias_std * init.bias_std,
    };
    let growth = map.moments.homogeneous()?.map(|v1| map.weight * v1);
    let mut fixed_points = Vec::new();
    if let Some(point) = map.at_zero()? {
        fixed_points.push(point);
    }
    match growth {
        Some(growth) if map.bias == 0.0 => {
            if is_one(growth) {
                let mut point = map.point(1.0)?;
                point.error.variance = 0.0;
                fixed_points = vec![point];
            }
        }
        Some(growth) if growth < 1.0 => fixed_points.push(map.point(map.bias / (1.0 - growth))?),
        Some(_) => {}
        None => {
            let found = roots(|q| Ok(map.variance(q)?.ln() - q.ln()))?;
            for q in map.moments.resolved(found)? {
                fixed_points.push(map.point(map.polished(q)?)?);
            }
        }
    }
    Ok(Phases {
        fixed_points,
        growth,
    })
}

fn is_one(growth: f64) -> bool {
    (growth - 1.0).abs() <= ROUNDING
}

/// The maps of one layer.
struct Map<'a> {
    moments: Moments<'a>,
    /// σw²
    weight: f64,
    /// σb²
    bias: f64,
}

/// χ_q, χ₁, c, χ(c).
type Slopes = [f64; 4];

impl Map<'_> {
    /// Q(q)
    fn variance(&self, q: f64) -> Result<f64> {
        Ok(self.weight * self.moments.variance(q)? + self.bias)
    }

    /// C(c) and its slope, divided by Q(q) in place of q: so C(1) = 1 beside a fixed point, too.
    fn correlation(&self, q: f64, c: f64) -> Result<[f64; 2]> {
        let [value, slope] = self.moments.covariance(q, c)?;
        let scale = self.weight * self.moments.variance(q)? + self.bias;
        Ok([
            (self.weight * value + self.bias) / scale,
            self.weight * slope / scale,
        ])
    }

    /// χ_q = σw² v/q · d ln v/d ln q
    fn variance_slope(&self, q: f64) -> Result<f64> {
        Ok(self.weight * self.moments.variance(q)? / q * self.moments.log_slope(q)?)
    }

    /// One step of Newton from a root that was found in its logarithm.
    fn polished(&self, q: f64) -> Result<f64> {
        let better = q - (self.variance(q)? - q) / (self.variance_slope(q)? - 1.0);
        let near = (better - q).abs() <= 1e-6 * q;
        Ok(if near { better } else { q })
    }

    /// All slopes at a variance; the correlation by Newton's method from 0.
    ///
    /// C is a power series with coefficients that are not negative, so convex on [0, 1]: Newton's iterates rise to the root.
    fn slopes(&self, q: f64) -> Result<Slopes> {
        const STEPS: usize = 200;
        let variance = self.variance_slope(q)?;
        let first = self.weight * self.moments.derivative(q)?;
        if first <= 1.0 {
            return Ok([variance, first, 1.0, first]);
        }
        let (mut c, mut slope) = (0.0, 0.0);
        for _ in 0..STEPS {
            let [value, at] = self.correlation(q, c)?;
            slope = at;
            let step = (value - c) / (1.0 - at);
            // Rounding, or the root at 1 that is no longer told apart.
            if step <= f64::EPSILON * c || at >= 1.0 || c + step >= 1.0 {
                break;
            }
            c += step;
        }
        Ok([variance, first, c, slope])
    }

    fn point(&self, q: f64) -> Result<FixedPoint> {
        let slopes = self.slopes(q)?;
        let [variance_slope, slope, ..] = slopes;
        // The error of ln q, of a double root at most.
        let relative = (ROUNDING / (1.0 - variance_slope).abs()).min(ROUNDING.sqrt());
        const STEP: f64 = 1e-4;
        let [before, after] = [1.0 - STEP, 1.0 + STEP].map(|factor| self.slopes(factor * q));
        let (before, after) = (before?, after?);
        let mut errors = [0.0; 4];
        for (i, error) in errors.iter_mut().enumerate() {
            let change = (after[i] - before[i]).abs() / (2.0 * STEP);
            let change = if change.is_finite() { change } else { 0.0 };
            let scale = if slopes[i].is_finite() {
                slopes[i].abs()
            } else {
                0.0
            };
            *error = relative * change + ROUNDING * scale;
        }
        errors[0] += 8.0 * ROUNDING;
        let mut error_of_variance = relative * q;
        if let Some(coarser) = self.moments.coarser()? {
            let (found, other) = self.with(&coarser)?.near(q)?;
            error_of_variance += (found - q).abs();
            for (error, (a, b)) in errors.iter_mut().zip(slopes.iter().zip(other)) {
                *error += (a - b).abs();
            }
        }
        let critical = (slope - 1.0).abs() <= errors[1];
        let [variance_slope, slope, correlation, correlation_slope] = match critical {
            true => [variance_slope, slope, 1.0, slope],
            false => slopes,
        };
        if slope > 1.0 && !critical {
            // The root of C(c) = c moves by the error of C over the distance of the slope from 1.
            let moved = ROUNDING / (1.0 - correlation_slope).abs().max(ROUNDING);
            errors[2] = (errors[2] + moved).min(1.0);
            let curvature =
                (slope.min(1e3) - correlation_slope) / (1.0 - correlation).max(ROUNDING);
            errors[3] += moved * curvature;
        } else {
            (errors[2], errors[3]) = (0.0, errors[1]);
        }
        Ok(FixedPoint {
            variance: q,
            variance_slope,
            slope,
            correlation,
            correlation_slope,
            contact: self.contact(q)?,
            phase: match slope {
                _ if critical => Phase::Critical,
                _ if slope < 1.0 => Phase::Ordered,
                _ => Phase::Chaotic,
            },
            error: FixedPointError {
                variance: error_of_variance,
                variance_slope: errors[0],
                slope: errors[1],
                correlation: errors[2],
                correlation_slope: errors[3],
            },
        })
    }

    /// The exponent of the slope near c = 1, which is a multiple of one half.
    fn contact(&self, q: f64) -> Result<f64> {
        const NEAR: f64 = 1e-6;
        if self.moments.derivative(q)? == f64::INFINITY {
            return Ok(-0.5);
        }
        let [top, far, near] = [0.0, 4.0 * NEAR, NEAR].map(|d| self.moments.covariance(q, 1.0 - d));
        let (top, far, near) = (top?[1], far?[1], near?[1]);
        let flat = (top - far).abs() <= NEAR * NEAR.sqrt() * top;
        let ratio = (top - far) / (top - near);
        // Four times as far is twice or four times as much.
        Ok(match ratio {
            _ if flat => f64::INFINITY,
            _ if ratio < 2.8 => 0.5,
            _ => 1.0,
        })
    }

    /// The fixed point 0, with the limits of all slopes for small variances.
    fn at_zero(&self) -> Result<Option<FixedPoint>> {
        let small = self.moments.variance(VANISHING)?;
        if self.bias > 0.0 || small > VANISHING.sqrt() {
            return Ok(None);
        }
        let variance_slope = self.weight * small / VANISHING;
        let slope = self.weight * self.moments.derivative(VANISHING)?;
        let critical = is_one(variance_slope) && is_one(slope);
        Ok(Some(FixedPoint {
            variance: 0.0,
            variance_slope,
            slope,
            correlation: 1.0,
            correlation_slope: slope,
            contact: self.contact(LOWEST)?,
            phase: match critical {
                true => Phase::Critical,
                false => Phase::Degenerate,
            },
            error: FixedPointError {
                variance_slope: ROUNDING * variance_slope,
                slope: ROUNDING * slope,
                correlation_slope: ROUNDING * slope,
                ..FixedPointError::default()
            },
        }))
    }

    /// The same map with another activation.
    fn with<'a>(&self, activation: &'a Activation) -> Result<Map<'a>> {
        Ok(Map {
            moments: Moments::new(activation)?,
            ..*self
        })
    }

    /// The fixed point that Newton's method finds from a variance, and the slopes there.
    fn near(&self, start: f64) -> Result<(f64, Slopes)> {
        const STEPS: usize = 10;
        let mut q = start;
        for _ in 0..STEPS {
            let next = q - (self.variance(q)? - q) / (self.variance_slope(q)? - 1.0);
            if !(next > 0.5 * start && next < 2.0 * start) {
                break;
            }
            q = next;
        }
        Ok((q, self.slopes(q)?))
    }
}
