//! Expectations of products of σ and σ' at up to four Gaussian variables, and the derivatives of
//! $`E[\sigma(u)\sigma(v)]`$ and $`E[\sigma'(u)\sigma'(v)]`$ by variances and covariance.
//!
//! They are the sources of the corrections of order 1/n (theory-finite-width in `docs/theory.md`). Of two variables they come from closed
//! forms for erf and for functions that are linear on either side of 0, and from Hermite series for smooth functions. Of three and four
//! variables they come from conditional closed forms, from moments on orthants, or from the trapezoidal rule.

mod bend;
mod erf;
mod grid;
mod jet;
mod moving;
mod orthant;
mod powers;
mod series;

pub(crate) use jet::{Jet, Own, Pair};
pub(crate) use moving::Moving;
pub(crate) use powers::{Powers, powers};

use super::formula::Kink;
use super::functions::Activation;
use crate::{Error, Result};
use erf::Erf;
use series::Series;

/// What the corrections need of one activation.
#[derive(Debug, Clone)]
pub(crate) struct Joint {
    /// σ; none for the identity.
    activation: Option<Activation>,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    /// σ(x) = x: two linear layers without an activation between them.
    Identity,
    Erf(Erf),
    /// Linear on either side of 0, with slope 1 above and this slope below.
    Bend(f64),
    Series(Box<Series>),
}

impl Joint {
    /// The function x, which stands between two linear layers.
    pub(crate) fn identity() -> Joint {
        Joint {
            activation: None,
            form: Form::Identity,
        }
    }

    /// The expectations of an activation.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for functions whose derivative jumps in another way than by a bend, and for parameters out of range.
    pub(crate) fn new(activation: &Activation) -> Result<Joint> {
        activation.validate()?;
        let form = match (activation, activation.kink()) {
            (Activation::Erf, _) => Form::Erf(Erf::new()?),
            (_, Some(Kink::Bend { slope })) => Form::Bend(slope),
            (Activation::Elementwise(_), _) | (_, None) => {
                Form::Series(Box::new(Series::new(activation.clone())))
            }
            (_, Some(_)) => {
                return Err(Error::invalid(
                    "activation of a network at finite width",
                    activation.to_string(),
                    "a smooth function, relu, leaky-relu or abs: this one has no corrections of order 1/n here",
                ));
            }
        };
        Ok(Joint {
            activation: Some(activation.clone()),
            form,
        })
    }

    /// σ(x)
    pub(crate) fn value(&self, x: f64) -> f64 {
        self.activation.as_ref().map_or(x, |f| f.value(x))
    }

    /// σ'(x)
    pub(crate) fn derivative(&self, x: f64) -> f64 {
        self.activation.as_ref().map_or(1.0, |f| f.derivative(x))
    }

    /// Whether σ has a bend at 0.
    pub(crate) fn is_bent(&self) -> bool {
        matches!(self.form, Form::Bend(_))
    }

    /// The expectations of one variable of variance q.
    ///
    /// # Errors
    /// [`Error::NotConverged`] if a Hermite series does not resolve the function.
    pub(crate) fn own(&self, q: f64) -> Result<Own> {
        match &self.form {
            Form::Identity => Ok(Own {
                q,
                value: [q, 1.0, 0.0],
                derivative: [1.0, 0.0, 0.0],
                fourth: [3.0 * q * q, q, 1.0],
                ..Own::default()
            }),
            Form::Erf(erf) => Ok(erf.own(q)),
            Form::Bend(slope) => Ok(bend::own(*slope, q)),
            Form::Series(series) => series.own(q),
        }
    }

    /// The expectations of two variables of covariance k.
    pub(crate) fn pair(&self, a: &Own, b: &Own, k: f64) -> Pair {
        match &self.form {
            Form::Identity => identity(a, b, k),
            Form::Erf(erf) => erf.pair(a, b, k),
            Form::Bend(slope) => bend::pair(*slope, a, b, k),
            Form::Series(series) => series.pair(a, b, k),
        }
    }

    /// $`C = E[\sigma_a\sigma_b]`$ and $`\dot C = E[\sigma'_a\sigma'_b]`$ of two variables of covariance k, without derivatives.
    pub(crate) fn two(&self, a: &Own, b: &Own, k: f64) -> [f64; 2] {
        match &self.form {
            Form::Identity => [k, 1.0],
            Form::Erf(_) => erf::two(a.q, b.q, k),
            Form::Bend(slope) => bend::two(*slope, a.q, b.q, k),
            Form::Series(series) => series.two(a, b, k),
        }
    }

    /// Whether products at three and four variables take microseconds, not milliseconds.
    pub(crate) fn is_closed(&self) -> bool {
        !matches!(self.form, Form::Series(_))
    }

    /// Expectations of products of powers of σ and σ' at d variables, d ≤ 4; writes one number for each of `powers`.
    ///
    /// # Arguments
    /// * `covariance` — of the variables, in the first d rows and columns
    pub(crate) fn products(
        &self,
        d: usize,
        covariance: &[[f64; 4]; 4],
        powers: &[Powers],
        out: &mut [f64],
    ) {
        match &self.form {
            Form::Identity => {
                for (out, powers) in out.iter_mut().zip(powers) {
                    *out =
                        orthant::moment(d, covariance, powers.value.map(usize::from), [false; 4]);
                }
            }
            Form::Erf(erf) => {
                for (out, powers) in out.iter_mut().zip(powers) {
                    *out = erf.product(covariance, powers);
                }
            }
            Form::Bend(slope) => {
                for (out, powers) in out.iter_mut().zip(powers) {
                    *out = bend::product(*slope, d, covariance, powers);
                }
            }
            Form::Series(series) => grid::products(series.activation(), d, covariance, powers, out),
        }
    }
}

/// Moments of two Gaussian variables.
fn identity(a: &Own, b: &Own, k: f64) -> Pair {
    let (q, r) = (a.q, b.q);
    let covariances = [q, k, r];
    Pair {
        value: Jet {
            v: k,
            k: 1.0,
            ..Jet::default()
        },
        derivative: Jet {
            v: 1.0,
            ..Jet::default()
        },
        values: [
            3.0 * q * q,
            3.0 * q * k,
            q * r + 2.0 * k * k,
            3.0 * r * k,
            3.0 * r * r,
        ],
        mixed: covariances.map(|c| [c; 3]),
        derivatives: [1.0; 5],
    }
}
