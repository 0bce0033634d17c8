//! The line between order and chaos.

use super::moments::Moments;
use super::roots::roots;
use crate::activation::Activation;
use crate::network::Init;
use crate::{Result, check};

/// Relative rounding errors of the moments of one variance.
const ROUNDING: f64 = 8.0 * f64::EPSILON;
/// A variance that stands for the limit 0, and the error of the limit.
const SMALL: f64 = 1e-9;

/// An initialisation at which $`\chi_1 = 1`$.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CriticalPoint {
    /// σw and σb.
    pub init: Init,
    /// The fixed point q of the variances; 1 for homogeneous activations, where every variance is one.
    pub variance: f64,
    /// The slope of the variances at q: above 1 they leave it, and the network is critical for inputs of this one variance alone.
    pub variance_slope: f64,
    /// Estimated error of σw.
    pub weight_std_error: f64,
    /// Estimated error of the variance.
    pub variance_error: f64,
}

/// Computes the initialisation at which the variance q is a fixed point with $`\chi_1 = 1`$: the line between order and chaos by its parameter.
///
/// ```math
/// \sigma_w^2 = \frac{1}{E[\sigma'(\sqrt q z)^2]} , \qquad \sigma_b^2 = q - \sigma_w^2 E[\sigma(\sqrt q z)^2]
/// ```
///
/// # Returns
/// Nothing where $`\sigma_b^2`$ would be negative, or where σ jumps, which makes every network chaotic.
///
/// # Cost and accuracy
/// Two moments; some ε of q.
///
/// # Errors
/// [`Error::InvalidValue`](crate::Error::InvalidValue) unless q is positive; as [`Activation::variance`].
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::spectral::critical_init;
/// let init = critical_init(&Activation::Sin, 1.0)?.unwrap();
/// // E cos² = (1 + e⁻²)/2
/// assert!((init.weight_std.powi(2) - 2.0 / (1.0 + (-2.0_f64).exp())).abs() < 1e-14);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// PLR16, SGGS17.
pub fn critical_init(activation: &Activation, variance: f64) -> Result<Option<Init>> {
    check::positive("variance", variance)?;
    let moments = Moments::new(activation)?;
    let [weight, bias] = squares(&moments, variance)?;
    let rounding = ROUNDING * variance;
    Ok(
        (weight > 0.0 && weight.is_finite() && bias >= -rounding).then(|| {
            // What is left of a bias within rounding is no bias.
            let bias = if bias > rounding { bias } else { 0.0 };
            Init::new(weight.sqrt(), bias.sqrt())
        }),
    )
}

/// Computes all weight standard deviations at which networks with a given bias are critical.
///
/// # Arguments
/// * `bias_std` — σb
///
/// # Returns
/// In ascending order of the variance; nothing where there is no such point, as for ReLU with a bias or for sign.
///
/// # Cost and accuracy
/// Some thousand moments; errors are in the result.
///
/// # Errors
/// [`Error::InvalidValue`](crate::Error::InvalidValue) for a negative σb; as [`Activation::variance`].
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::spectral::critical_points;
/// let points = critical_points(&Activation::Erf, 0.18_f64.sqrt())?;
/// assert!((points[0].init.weight_std.powi(2) - 1.7476037497677033).abs() < 1e-12);
/// // ReLU: (√2, 0) alone
/// assert!((critical_points(&Activation::Relu, 0.0)?[0].init.weight_std - 2.0_f64.sqrt()).abs() < 1e-15);
/// assert!(critical_points(&Activation::Relu, 0.1)?.is_empty());
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// PLR16, SGGS17.
pub fn critical_points(activation: &Activation, bias_std: f64) -> Result<Vec<CriticalPoint>> {
    check::not_negative("bias standard deviation", bias_std)?;
    let moments = Moments::new(activation)?;
    let coarser = moments.coarser()?;
    let coarser = coarser.as_ref().map(Moments::new).transpose()?;
    let bias = bias_std * bias_std;
    let alone = |weight: f64, variance: f64| CriticalPoint {
        init: Init::new(weight.sqrt(), 0.0),
        variance,
        variance_slope: 1.0,
        weight_std_error: ROUNDING * weight.sqrt(),
        variance_error: 0.0,
    };
    if let Some(v1) = moments.homogeneous()? {
        return Ok(if bias == 0.0 {
            vec![alone(1.0 / v1, 1.0)]
        } else {
            Vec::new()
        });
    }
    let mut points = Vec::new();
    if bias == 0.0 {
        // Smooth functions with σ(0) = 0 ≠ σ'(0) end the line at q = 0.
        let [weight, left] = squares(&moments, SMALL)?;
        if weight > 0.0 && weight.is_finite() && left.abs() <= 1e3 * SMALL * SMALL {
            let [weight, _] = squares(&moments, SMALL * SMALL)?;
            points.push(alone(weight, 0.0));
        }
    }
    let function = |q: f64| {
        let [weight, left] = squares(&moments, q)?;
        Ok(match weight {
            _ if weight == 0.0 => f64::NAN,
            _ if !left.is_finite() => f64::NAN,
            // Without bias the numbers near q = 0 are all rounding.
            _ if bias == 0.0 && left.abs() <= ROUNDING * q => 0.0,
            _ => left - bias,
        })
    };
    for q in moments.resolved(roots(function)?)? {
        let [weight, _] = squares(&moments, q)?;
        if bias == 0.0 && function(q)? == 0.0 && q < SMALL.sqrt() {
            continue;
        }
        const STEP: f64 = 1e-4;
        let [before, after] = [1.0 - STEP, 1.0 + STEP].map(|factor| squares(&moments, factor * q));
        let [before, after] = [before?, after?];
        let slope = (after[1] - before[1]).abs() / (2.0 * STEP * q);
        // With other nodes, both squares at q change.
        let [coarse, left] = match &coarser {
            Some(coarser) => squares(coarser, q)?,
            None => before,
        };
        let [nodes, moved] = match &coarser {
            Some(_) => [
                (coarse.sqrt() - weight.sqrt()).abs(),
                (left - bias).abs() / q,
            ],
            None => [0.0, 0.0],
        };
        let relative = ((ROUNDING + moved) / slope.max(ROUNDING)).min(1.0);
        let change = (after[0].sqrt() - before[0].sqrt()).abs() / (2.0 * STEP);
        points.push(CriticalPoint {
            init: Init::new(weight.sqrt(), bias_std),
            variance: q,
            variance_slope: weight * moments.variance(q)? / q * moments.log_slope(q)?,
            weight_std_error: relative * change + ROUNDING * weight.sqrt() + nodes,
            variance_error: relative * q,
        });
    }
    Ok(points)
}

/// σw² and σb² of the critical point of a variance; zero for no slope that is finite.
fn squares(moments: &Moments<'_>, q: f64) -> Result<[f64; 2]> {
    let slope = moments.derivative(q)?;
    Ok([1.0 / slope, q - moments.variance(q)? / slope])
}
