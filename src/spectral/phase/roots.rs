//! All roots of a function of a variance.

use crate::Result;

/// Where roots are looked for.
pub(super) const LOWEST: f64 = 1e-12;
const HIGHEST: f64 = 1e12;
/// Points per factor e of the variance.
const PER_FACTOR: f64 = 10.0;
/// A function that comes so near to zero touches it.
const TOUCHES: f64 = 64.0 * f64::EPSILON;

/// Finds the variances at which a function changes its sign or touches zero, in ascending order.
///
/// Beside changes between points of a grid in ln q, extremes that come near to zero are looked at: two roots may lie between two points.
///
/// # Arguments
/// * `function` — of q; infinite values have a sign, and where it is NaN there are no roots
pub(super) fn roots(function: impl Fn(f64) -> Result<f64>) -> Result<Vec<f64>> {
    let at = |x: f64| function(x.exp());
    let count = ((HIGHEST / LOWEST).ln() * PER_FACTOR).ceil() as usize;
    let place = |i: usize| LOWEST.ln() + (HIGHEST / LOWEST).ln() * i as f64 / count as f64;
    let values = (0..=count)
        .map(|i| at(place(i)))
        .collect::<Result<Vec<f64>>>()?;
    let mut found = Vec::new();
    for i in 1..values.len() {
        let [last, now] = [values[i - 1], values[i]];
        if last.is_nan() || now.is_nan() {
            continue;
        }
        if (last < 0.0) != (now < 0.0) {
            found.push(bisected(&at, place(i - 1), place(i))?);
        } else if let Some(&next) = values.get(i + 1)
            && now.abs() < last.abs()
            && now.abs() <= next.abs()
            && (next < 0.0) == (now < 0.0)
        {
            let sign = if now < 0.0 { -1.0 } else { 1.0 };
            let (middle, least) = lowest(|x| Ok(sign * at(x)?), place(i - 1), place(i + 1))?;
            if least < 0.0 {
                found.push(bisected(&at, place(i - 1), middle)?);
                found.push(bisected(&at, middle, place(i + 1))?);
            } else if least <= TOUCHES {
                found.push(middle);
            }
        }
    }
    let mut roots = Vec::with_capacity(found.len());
    for x in found {
        // A function that is all rounding on both sides has no root that could be told.
        let flat = |x: f64| Ok(at(x)?.abs() <= TOUCHES);
        if !(flat(x - 0.5 / PER_FACTOR)? && flat(x + 0.5 / PER_FACTOR)?) {
            roots.push(x.exp());
        }
    }
    Ok(roots)
}

/// Halves an interval with a change of sign down to rounding.
fn bisected(at: &impl Fn(f64) -> Result<f64>, mut low: f64, mut high: f64) -> Result<f64> {
    let negative = at(low)? < 0.0;
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return Ok(middle);
        }
        match (at(middle)? < 0.0) == negative {
            true => low = middle,
            false => high = middle,
        }
    }
}

/// The lowest point of a function with one minimum in an interval, by the golden section; ends early below zero.
fn lowest(at: impl Fn(f64) -> Result<f64>, low: f64, high: f64) -> Result<(f64, f64)> {
    const STEPS: usize = 40;
    let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut low, mut high) = (low, high);
    let mut inner = [high - golden * (high - low), low + golden * (high - low)];
    let mut values = [at(inner[0])?, at(inner[1])?];
    for _ in 0..STEPS {
        if values.iter().any(|value| *value < 0.0) {
            break;
        }
        if values[0] < values[1] {
            high = inner[1];
            inner = [high - golden * (high - low), inner[0]];
            values = [at(inner[0])?, values[0]];
        } else {
            low = inner[0];
            inner = [inner[1], low + golden * (high - low)];
            values = [values[1], at(inner[1])?];
        }
    }
    let best = usize::from(values[1] < values[0]);
    Ok((inner[best], values[best]))
}
