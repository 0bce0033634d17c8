//! The adjoint of an activation: from the cotangents of both kernels after it to those of kernels and variances before it.

use super::formula::Kink;
use super::functions::Activation;
use super::precision::COVARIANCE_GUARD;
use super::pull::{PullJob, Pulled};
use super::variance::Variance;
use crate::{Error, Result};

/// Both kernels before an activation.
#[derive(Clone, Copy)]
pub(crate) struct Before<'a> {
    pub(crate) nngp: &'a [f64],
    pub(crate) ntk: &'a [f64],
    /// As for [`Activation::apply_rounded`].
    pub(crate) noise: f64,
    /// E and D, if they are known; otherwise they are computed.
    pub(crate) known: Option<[&'a [f64]; 2]>,
}

/// Buffers of [`Activation::pull_back`].
#[derive(Debug, Clone, Default)]
pub(crate) struct PullScratch {
    variances: [Vec<f64>; 2],
    covariance: Vec<f64>,
    value: Vec<f64>,
    derivative: Vec<f64>,
    further: [Vec<f64>; 2],
}

impl Activation {
    /// Refuses functions without derivatives of their kernels.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for functions that jump.
    pub(crate) fn check_slopes(&self) -> Result<()> {
        match self.kink() {
            Some(Kink::Jump { .. }) => Err(Error::invalid(
                "activation of a kernel with derivatives",
                self.to_string(),
                "a continuous function: the kernels of a function that jumps have no bounded derivatives",
            )),
            _ => self.validate(),
        }
    }

    /// Pulls cotangents back through the activation: with the cotangents a of E and b of $`D\,\Theta`$,
    /// ```math
    /// \bar k = a D + b \Theta D_k, \qquad \bar q = a E_q + b \Theta D_q, \qquad \bar\Theta = b D .
    /// ```
    ///
    /// A covariance beyond its bound, or within `noise` of it, counts as the bound; for functions with a kink the derivatives of D are
    /// then zero, which is the mean of both one-sided derivatives.
    ///
    /// # Cost
    /// The activation, unless its values are known, and one pass without transcendental functions. `elu` needs two fifths of the activation
    /// and some functions of one variable besides.
    ///
    /// # Errors
    /// As [`Activation::apply`].
    pub(crate) fn pull_back(
        &self,
        variances: [Variance<'_>; 2],
        before: Before<'_>,
        pulled: Pulled<'_>,
        scratch: &mut PullScratch,
    ) -> Result<()> {
        let n = before.nngp.len();
        for (buffer, variance) in scratch.variances.iter_mut().zip(variances) {
            buffer.clear();
            match variance {
                Variance::Constant(q) => buffer.resize(n, q),
                Variance::Field(field) => buffer.extend_from_slice(field),
            }
        }
        let [q1, q2] = &scratch.variances;
        scratch.covariance.clear();
        let clamped = before.nngp.iter().zip(q1).zip(q2).map(|((&k, &q1), &q2)| {
            let bound = q1.sqrt() * q2.sqrt();
            // Rounding beyond the bound stays, since a copy must keep k = q; NaN stays NaN, and is refused below.
            match k.abs() > bound * (1.0 + COVARIANCE_GUARD) {
                true => bound.copysign(k),
                false => k,
            }
        });
        scratch.covariance.extend(clamped);
        let k = &scratch.covariance;
        let ready = |value: &mut Vec<f64>, derivative: &mut Vec<f64>| {
            value.clone_from(k);
            derivative.clear();
            derivative.resize(n, 1.0);
        };
        let known = match before.known {
            Some([value, derivative]) => [value, derivative],
            None => {
                let (value, derivative) = (&mut scratch.value, &mut scratch.derivative);
                ready(value, derivative);
                let [q1, q2] = variances;
                self.apply_rounded(q1, q2, value, Some(derivative), before.noise)?;
                [&scratch.value[..], &scratch.derivative[..]]
            }
        };
        let [first, second] = &mut scratch.further;
        if self.has_further() {
            ready(first, second);
            // Fields for both: these expectations are not symmetric, and a constant may change places with a field.
            let fields = [q1, q2].map(|q| Variance::Field(q));
            self.over_blocks(fields, first, Some(second), before.noise, |job| {
                self.further(job)
            })?;
        } else {
            first.resize(n, 0.0);
            second.resize(n, 0.0);
        }
        self.pull(PullJob {
            variances: [q1, q2],
            covariance: k,
            value: known[0],
            derivative: known[1],
            further: [&scratch.further[0], &scratch.further[1]],
            tangent: before.ntk,
            noise: before.noise,
            pulled,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::{Elementwise, joint::Joint};
    use crate::tol;

    /// The largest step of the differences.
    const STEP: f64 = 1e-3;

    fn all() -> Vec<Activation> {
        let mut all: Vec<Activation> = vec![
            Activation::Relu,
            Activation::LeakyRelu { slope: 0.2 },
            Activation::Abs,
            Activation::Erf,
            Activation::Gelu,
            Activation::Sin,
            Activation::Cos,
            Activation::Exp,
            Activation::Gaussian,
            Activation::SigmoidLike,
            Activation::Normalisation,
            Activation::Tanh,
            Activation::Sigmoid,
            Activation::Softplus,
            Activation::Silu,
            Activation::Elu { slope: 1.0 },
            Activation::Elu { slope: 0.3 },
        ];
        all.extend((1..6).map(|degree| Activation::Monomial { degree }));
        all.extend((1..6).map(|degree| Activation::Hermite { degree }));
        all.extend((1..6).map(|degree| Activation::RectifiedMonomial { degree }));
        let wave = Elementwise::new("wave", 64, |x| x.sin() + 0.1 * x * x, |x| x.cos() + 0.2 * x);
        all.push(Activation::Elementwise(wave.unwrap()));
        all
    }

    /// The derivatives of $`a E + b D`$ with Θ = 1 by k, q and q'.
    fn pulled(activation: &Activation, [q1, q2, k]: [f64; 3], a: f64, b: f64) -> [f64; 3] {
        let (mut nngp, mut ntk, mut to_q1, mut to_q2) = ([a], [b], [0.0], [0.0]);
        activation
            .pull_back(
                [Variance::Constant(q1), Variance::Constant(q2)],
                Before {
                    nngp: &[k],
                    ntk: &[1.0],
                    noise: 0.0,
                    known: None,
                },
                Pulled {
                    nngp: &mut nngp,
                    ntk: &mut ntk,
                    variances: [&mut to_q1, &mut to_q2],
                },
                &mut PullScratch::default(),
            )
            .unwrap();
        [nngp[0], to_q1[0], to_q2[0]]
    }

    fn expectations(activation: &Activation, [q1, q2, k]: [f64; 3]) -> [f64; 2] {
        let (mut value, mut derivative) = ([k], [1.0]);
        let [q1, q2] = [q1, q2].map(Variance::Constant);
        activation
            .apply(q1, q2, &mut value, Some(&mut derivative))
            .unwrap();
        [value[0], derivative[0]]
    }

    #[test]
    fn slopes_are_differences_of_the_expectations() {
        for activation in all() {
            for at in [
                [0.7, 1.3, 0.4],
                [1.1, 0.6, -0.5],
                [0.9, 1.0, 0.05],
                [2.0, 0.5, 0.9],
            ] {
                for kernel in 0..2 {
                    let got = pulled(
                        &activation,
                        at,
                        f64::from(u8::from(kernel == 0)),
                        f64::from(u8::from(kernel == 1)),
                    );
                    let want = [2, 0, 1].map(|moved: usize| {
                        let shifted = |steps: f64| {
                            let mut at = at;
                            at[moved] += steps * STEP;
                            expectations(&activation, at)[kernel]
                        };
                        let d = |n: f64| (shifted(n) - shifted(-n)) / STEP;
                        (45.0 * d(1.0) - 9.0 * d(2.0) + d(3.0)) / 60.0
                    });
                    let scale = want.iter().fold(1e-3, |m: f64, x| m.max(x.abs()));
                    for (got, want) in got.iter().zip(want) {
                        assert!(
                            (got - want).abs() <= tol::SIXTH_ORDER * scale,
                            "{activation} at {at:?}, kernel {kernel}: {got} for {want}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_variable_with_itself_has_the_derivatives_of_its_moments() {
        for activation in all() {
            // The series of the corrections knows no other kinks than bends.
            let Ok(joint) = Joint::new(&activation) else {
                continue;
            };
            if activation == Activation::Normalisation {
                continue;
            }
            for q in [0.3, 1.0, 1.7] {
                let own = joint.own(q).unwrap();
                for (kernel, [moment, want]) in [own.value, own.derivative]
                    .map(|jet| [jet[0], jet[1]])
                    .into_iter()
                    .enumerate()
                {
                    let got = pulled(
                        &activation,
                        [q, q, q],
                        f64::from(u8::from(kernel == 0)),
                        f64::from(u8::from(kernel == 1)),
                    );
                    let got: f64 = got.iter().sum();
                    let scale = want.abs().max(1.0);
                    // A mixture stands for the logistic function: a distance δ changes E[σ² (z² − 1)]/2q by less than 2 δ √E[σ²]/q.
                    let mixture = match activation {
                        Activation::Tanh
                        | Activation::Sigmoid
                        | Activation::Softplus
                        | Activation::Silu => 2.0 * tol::LOGISTIC[kernel] * moment.sqrt() / q,
                        _ => 0.0,
                    };
                    assert!(
                        (got - want).abs() <= tol::HERMITE_SERIES * scale + mixture,
                        "{activation} at {q}, kernel {kernel}: {got} for {want}"
                    );
                }
            }
        }
    }

    #[test]
    fn copies_have_the_mean_of_both_sides() {
        for (activation, half) in [(Activation::Relu, 0.5), (Activation::Abs, 1.0)] {
            let [k, q1, q2] = pulled(&activation, [1.5, 1.5, 1.5], 1.0, 3.0);
            assert_eq!([k, q1, q2], [half, 0.0, 0.0]);
            let zero = pulled(&activation, [0.0, 1.5, 0.0], 1.0, 3.0);
            assert_eq!(zero[1..], [0.0, 0.0]);
        }
        assert!(Activation::Sign.check_slopes().is_err());
        assert!(
            Activation::RectifiedMonomial { degree: 0 }
                .check_slopes()
                .is_err()
        );
        assert!(Activation::Relu.check_slopes().is_ok());
    }
}
