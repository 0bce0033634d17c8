//! Activation functions on tensors, with their derivatives.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};

use crate::activation::Activation;

/// Applies an activation function to every entry of a tensor, with its derivative for the backward pass.
///
/// The derivative is the one that the kernels use: where it jumps, it is the mean of its one-sided values.
pub(super) fn activate(activation: &Activation, x: &Tensor) -> Result<Tensor> {
    x.apply_op1(Pointwise(activation.clone()))
}

/// An activation function, number by number.
struct Pointwise(Activation);

impl CustomOp1 for Pointwise {
    fn name(&self) -> &'static str {
        "activation"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        map(storage, layout, |x| self.0.value(x))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let slope = x.apply_op1_no_bwd(&Derivative(&self.0))?;
        Ok(Some((slope * gradient)?))
    }
}

/// The derivative of an activation function, number by number.
struct Derivative<'a>(&'a Activation);

impl CustomOp1 for Derivative<'_> {
    fn name(&self) -> &'static str {
        "derivative of an activation"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        map(storage, layout, |x| self.0.derivative(x))
    }
}

/// Applies a function of f64 to every number of a contiguous tensor; the result has the type of the tensor.
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
