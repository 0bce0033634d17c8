//! Activation functions on tensors, with their derivatives.

use std::f64::consts::SQRT_2;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};

use crate::activation::{Activation, SIGMOID_WIDTH};

/// Applies a function to every entry. Smooth functions are composed of the library's own; those with a kink, or given
/// as Rust code, bring the derivative that the kernels use: the mean of its one-sided values where it jumps.
pub(super) fn activate(activation: &Activation, x: &Tensor) -> Result<Tensor> {
    match activation {
        Activation::Relu => pointwise(x, |x| x.max(0.0), step),
        Activation::LeakyRelu { slope } => {
            let slope = *slope;
            pointwise(
                x,
                move |x| if x > 0.0 { x } else { slope * x },
                move |x| slope + (1.0 - slope) * step(x),
            )
        }
        Activation::Abs => pointwise(x, f64::abs, sign),
        Activation::Sign => pointwise(x, sign, |_| 0.0),
        Activation::RectifiedMonomial { degree: 0 } => pointwise(x, step, |_| 0.0),
        Activation::RectifiedMonomial { degree } => {
            let n = *degree as i32;
            pointwise(
                x,
                move |x| x.max(0.0).powi(n),
                // The power below is 1 at zero for n = 1.
                move |x| f64::from(n) * x.max(0.0).powi(n - 1) * step(x),
            )
        }
        Activation::Monomial { degree } => {
            let n = *degree as i32;
            pointwise(
                x,
                move |x| x.powi(n),
                move |x| f64::from(n) * x.powi((n - 1).max(0)),
            )
        }
        Activation::Elementwise(function) => {
            let (value, derivative) = (function.clone(), function.clone());
            pointwise(
                x,
                move |x| value.value(x),
                move |x| derivative.derivative(x),
            )
        }
        Activation::Erf => x.erf(),
        // Not the library's own, whose derivative has six digits.
        Activation::Gelu => x * (x / SQRT_2)?.erf()?.affine(0.5, 0.5)?,
        Activation::Sin => x.sin(),
        Activation::Cos => x.cos(),
        Activation::Exp => x.exp(),
        Activation::Gaussian => x.sqr()?.neg()?.exp(),
        Activation::SigmoidLike => (x / SIGMOID_WIDTH)?.erf()?.affine(0.5, 0.5),
        Activation::Hermite { degree } => hermite(x, *degree),
    }
}

/// $`h_n`$ by $`\sqrt{k+1}\, h_{k+1} = x h_k - \sqrt{k}\, h_{k-1}`$.
fn hermite(x: &Tensor, degree: u32) -> Result<Tensor> {
    let mut before = x.zeros_like()?;
    let mut last = x.ones_like()?;
    for k in 0..degree {
        let k = f64::from(k);
        let next = (((x * &last)? - (before * k.sqrt())?)? / (k + 1.0).sqrt())?;
        before = std::mem::replace(&mut last, next);
    }
    Ok(last)
}

fn step(x: f64) -> f64 {
    0.5 + 0.5 * sign(x)
}

fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

fn pointwise<V, D>(x: &Tensor, value: V, derivative: D) -> Result<Tensor>
where
    V: Fn(f64) -> f64 + Send + Sync + 'static,
    D: Fn(f64) -> f64 + Send + Sync + 'static,
{
    x.apply_op1(Pointwise { value, derivative })
}

/// A function of one number with its derivative.
struct Pointwise<V, D> {
    value: V,
    derivative: D,
}

impl<V, D> CustomOp1 for Pointwise<V, D>
where
    V: Fn(f64) -> f64 + Send + Sync,
    D: Fn(f64) -> f64 + Send + Sync,
{
    fn name(&self) -> &'static str {
        "activation"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        map(storage, layout, &self.value)
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let slope = x.apply_op1_no_bwd(&Map(&self.derivative))?;
        Ok(Some((slope * gradient)?))
    }
}

struct Map<'a, F>(&'a F);

impl<F: Fn(f64) -> f64> CustomOp1 for Map<'_, F> {
    fn name(&self) -> &'static str {
        "derivative of an activation"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        map(storage, layout, self.0)
    }
}

fn map(
    storage: &CpuStorage,
    layout: &Layout,
    function: impl Fn(f64) -> f64,
) -> Result<(CpuStorage, Shape)> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("an activation takes contiguous tensors");
    };
    let values = match storage {
        CpuStorage::F32(values) => CpuStorage::F32(
            values[start..end]
                .iter()
                .map(|&x| function(f64::from(x)) as f32)
                .collect(),
        ),
        CpuStorage::F64(values) => {
            CpuStorage::F64(values[start..end].iter().map(|&x| function(x)).collect())
        }
        _ => bail!("an activation takes tensors of f32 or f64"),
    };
    Ok((values, layout.shape().clone()))
}
