//! Depth scales over a plane of weight and bias variances, with the line between order and chaos.

use ndarray::Array2;
use rayon::prelude::*;

use super::critical::critical_init;
use super::fixed_points::phases;
use super::moments::Moments;
use crate::activation::Activation;
use crate::network::Init;
use crate::{Result, check};

/// Variances q along the line, from the first on, per factor e.
const PER_FACTOR: f64 = 24.0;
const LOWEST: f64 = 1e-9;
const HIGHEST: f64 = 1e9;

/// What [`phase_diagram`] computes.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseDiagram {
    /// σw² of the columns.
    pub weight_variances: Vec<f64>,
    /// σb² of the rows.
    pub bias_variances: Vec<f64>,
    /// Depth scales of correlations at the attracting fixed point, `[rows, columns]`: infinite at criticality, nothing where variances
    /// diverge or vanish.
    pub depths: Array2<Option<f64>>,
    /// The points (σw², σb²) of the line between order and chaos that lie in the rectangle of the plane, in pieces.
    pub critical: Vec<Vec<[f64; 2]>>,
}

/// Computes the depth scales of correlations for all pairs of a weight and a bias variance, and the line between order and chaos.
///
/// # Arguments
/// * `weight_variances` — σw², positive, in ascending order
/// * `bias_variances` — σb², at least 0, in ascending order
///
/// # Cost and accuracy
/// [`phases`] for each pair, on all threads.
///
/// # Errors
/// [`Error::Empty`](crate::Error::Empty), [`Error::InvalidValue`](crate::Error::InvalidValue) for bad variances; as [`phases`].
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::spectral::phase_diagram;
/// let diagram = phase_diagram(&Activation::Erf, &[0.5, 1.0, 2.0, 3.0], &[0.0, 0.1, 0.2])?;
/// assert_eq!(diagram.depths.dim(), (3, 4));
/// assert_eq!(diagram.critical.len(), 1);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// PLR16, SGGS17.
pub fn phase_diagram(
    activation: &Activation,
    weight_variances: &[f64],
    bias_variances: &[f64],
) -> Result<PhaseDiagram> {
    check::not_empty("weight variances", weight_variances.len())?;
    check::not_empty("bias variances", bias_variances.len())?;
    for &variance in weight_variances {
        check::positive("weight variance", variance)?;
    }
    for &variance in bias_variances {
        check::not_negative("bias variance", variance)?;
    }
    for (what, list) in [
        ("weight variances", weight_variances),
        ("bias variances", bias_variances),
    ] {
        check::not_negative(
            &format!("smallest step of the {what}"),
            list.windows(2)
                .map(|pair| pair[1] - pair[0])
                .fold(0.0, f64::min),
        )?;
    }
    let columns = weight_variances.len();
    let depths = (0..columns * bias_variances.len())
        .into_par_iter()
        .map(|k| {
            let weight = weight_variances[k % columns];
            let bias = bias_variances[k / columns];
            let found = phases(activation, Init::new(weight.sqrt(), bias.sqrt()))?;
            Ok(found
                .attracting()
                .and_then(|point| point.correlation_depth()))
        })
        .collect::<Result<Vec<_>>>()?;
    let shape = (bias_variances.len(), columns);
    Ok(PhaseDiagram {
        weight_variances: weight_variances.to_vec(),
        bias_variances: bias_variances.to_vec(),
        depths: Array2::from_shape_vec(shape, depths).expect("one depth for each pair"),
        critical: line(activation, [weight_variances, bias_variances])?,
    })
}

/// The pieces of the line in a rectangle.
fn line(activation: &Activation, sides: [&[f64]; 2]) -> Result<Vec<Vec<[f64; 2]>>> {
    // To the edges of the cells about the given variances.
    let ranges = sides.map(|side| {
        let (first, last) = (side[0], side[side.len() - 1]);
        let half = 0.5 * (last - first) / (side.len().max(2) - 1) as f64;
        first - half..=last + half
    });
    let inside = |point: [f64; 2]| {
        point
            .iter()
            .zip(&ranges)
            .all(|(x, range)| range.contains(x))
    };
    let moments = Moments::new(activation)?;
    let count = ((HIGHEST / LOWEST).ln() * PER_FACTOR).ceil() as usize;
    let variances = (0..=count).map(|i| LOWEST * (i as f64 / PER_FACTOR).exp());
    let mut pieces: Vec<Vec<[f64; 2]>> = vec![Vec::new()];
    for q in moments.resolved(variances.collect())? {
        let init = critical_init(activation, q)?;
        let point = init.map(|init| [init.weight_std, init.bias_std].map(|std| std * std));
        match (point.filter(|&point| inside(point)), pieces.last_mut()) {
            // A homogeneous activation has one point.
            (Some(point), Some(piece)) if piece.last() != Some(&point) => piece.push(point),
            (None, Some(piece)) if !piece.is_empty() => pieces.push(Vec::new()),
            _ => {}
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    Ok(pieces)
}
