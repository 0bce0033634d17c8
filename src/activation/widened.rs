//! Single precision by way of double precision, in blocks on the stack.

use super::function::Activation;
use super::sweep::check;
use super::variance::{Variance, check_finite};
use crate::error::Result;

/// Points in a block.
const BLOCK: usize = 128;

/// [`Activation::apply`], computed in `f64` and rounded.
pub(crate) fn apply(
    activation: &Activation,
    q1: Variance<f32>,
    q2: Variance<f32>,
    nngp: &mut [f32],
    mut ntk: Option<&mut [f32]>,
) -> Result<()> {
    check(q1, q2, nngp, ntk.as_deref())?;
    let (mut wide1, mut wide2) = ([0.0; BLOCK], [0.0; BLOCK]);
    let (mut k, mut t) = ([0.0; BLOCK], [0.0; BLOCK]);
    for start in (0..nngp.len()).step_by(BLOCK) {
        let part = &mut nngp[start..];
        let points = part.len().min(BLOCK);
        let part = &mut part[..points];
        let w1 = widen(q1, start, &mut wide1[..points]);
        let w2 = widen(q2, start, &mut wide2[..points]);
        for (i, (k, single)) in k.iter_mut().zip(&*part).enumerate() {
            // The product of two single-precision numbers is exact: k = q₁ = q₂ stays as it is.
            let bound = (w1.at(i) * w2.at(i)).sqrt();
            *k = f64::from(*single).clamp(-bound, bound);
        }
        let tangents = ntk
            .as_deref_mut()
            .map(|ntk| &mut ntk[start..start + points]);
        let outcome = match tangents {
            None => activation.apply_double(w1, w2, &mut k[..points], None, 0.0),
            Some(tangents) => {
                for (t, single) in t.iter_mut().zip(&*tangents) {
                    *t = f64::from(*single);
                }
                let outcome =
                    activation.apply_double(w1, w2, &mut k[..points], Some(&mut t[..points]), 0.0);
                for (single, t) in tangents.iter_mut().zip(&t) {
                    *single = *t as f32;
                }
                outcome
            }
        };
        outcome.map_err(|error| error.shifted(start))?;
        for (single, k) in part.iter_mut().zip(&k) {
            *single = *k as f32;
        }
    }
    check_finite("expectation of the activation", nngp)?;
    check_finite("tangent kernel", ntk.as_deref().unwrap_or(&[]))
}

fn widen<'b>(variance: Variance<f32>, start: usize, block: &'b mut [f64]) -> Variance<'b, f64> {
    match variance {
        Variance::Constant(q) => Variance::Constant(f64::from(q)),
        Variance::Field(values) => {
            for (wide, single) in block.iter_mut().zip(&values[start..]) {
                *wide = f64::from(*single);
            }
            Variance::Field(block)
        }
    }
}
