//! What spectra on spheres and on SO(3) share: quadrature in the angle, refined until the eigenvalues stand.

use std::f64::consts::PI;

use crate::numeric::{GaussLegendre, larger};
use crate::{Error, Result, check};

/// Nodes beyond the number of degrees, to begin with.
const FIRST_NODES: usize = 32;
/// The largest number of nodes.
const MOST_NODES: usize = 1 << 13;
/// The largest number of degrees of a function of the angle.
pub(super) const MOST_DEGREES: usize = MOST_NODES / 4;
/// The error of eigenvalues, relative to the largest one.
pub(super) const PRECISION: f64 = 32.0 * f64::EPSILON;

/// Checks a number of degrees.
pub(super) fn check_degrees(degrees: usize, most: usize) -> Result<()> {
    match (1..=most).contains(&degrees) {
        true => Ok(()),
        false => Err(Error::invalid(
            "number of degrees",
            degrees,
            format!("1 to {most}"),
        )),
    }
}

/// Checks the values that a kernel returned for `count` arguments.
pub(super) fn checked(values: &[f64], count: usize) -> Result<()> {
    check::shape("values of a kernel", &[values.len()], &[count])?;
    check::finite("values of a kernel", ndarray::aview1(values))
}

/// Angles θ in [0, π], and the weights of the integral over x = 1 − 2θ/π from −1 to 1.
pub(super) fn angles(nodes: usize) -> Result<(Vec<f64>, Vec<f64>)> {
    let rule = GaussLegendre::new(nodes)?;
    // x = cos c gives θ = π (1 − x)/2 = π sin²(c/2): near zero without cancellation.
    let angle = |c: &f64| PI * (0.5 * c).sin().powi(2);
    let angles = rule.colatitudes.iter().map(angle).collect();
    Ok((angles, rule.weights))
}

/// The largest change of an eigenvalue, and the largest eigenvalue.
pub(super) fn change(before: &[f64], now: &[f64]) -> (f64, f64) {
    let both = before.iter().zip(now);
    let change = both.fold(0.0, |most, (b, n)| larger((b - n).abs(), most));
    (change, size(now).max(f64::MIN_POSITIVE))
}

/// The largest modulus of an eigenvalue.
pub(super) fn size(eigenvalues: &[f64]) -> f64 {
    eigenvalues
        .iter()
        .fold(0.0, |most, v| larger(v.abs(), most))
}

/// Doubles the number of nodes until no eigenvalue of any kernel changes by more than [`PRECISION`] of its largest one.
///
/// # Arguments
/// * `coefficients` — the eigenvalues of each kernel from n nodes
pub(super) fn refined<const K: usize>(
    what: &str,
    degrees: usize,
    mut coefficients: impl FnMut(usize) -> Result<[Vec<f64>; K]>,
) -> Result<[Vec<f64>; K]> {
    let mut nodes = degrees + FIRST_NODES;
    let mut before = coefficients(nodes)?;
    loop {
        nodes *= 2;
        let now = coefficients(nodes)?;
        let most = before.iter().zip(&now).fold(0.0, |most, (before, now)| {
            let (change, size) = change(before, now);
            larger(change / size, most)
        });
        if most <= PRECISION {
            return Ok(now);
        }
        if 2 * nodes > MOST_NODES {
            let nodes = format!("{nodes} nodes");
            return Err(Error::not_converged(what, most, PRECISION, nodes));
        }
        before = now;
    }
}
