//! The losses of training.

use candle_core::{D, DType, Device, Tensor};
use ndarray::Array2;

use crate::check;
use crate::{Error, Result};

use super::FiniteNetwork;
use super::backend::Backend;

/// Targets of training; their kind decides the loss.
#[derive(Debug, Clone)]
pub(super) enum Targets {
    /// Half the square error, averaged over all entries.
    Values(Array2<f64>),
    /// Cross-entropy, averaged over the rows.
    Labels(Vec<usize>),
}

impl Targets {
    /// Returns a tensor in the shape of the outputs, `[inputs · places, channels]`: the values, or one at the label of each row and
    /// zero elsewhere.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NotFinite`] or [`Error::InvalidValue`] for targets that do not fit the outputs.
    pub(super) fn tensor(&self, network: &FiniteNetwork, inputs: usize) -> Result<Tensor> {
        let [places, channels] = network.output_shape();
        let rows = inputs * places;
        let shape_error = |expected: String, found: &[usize]| {
            Err(Error::shape("training targets", expected, found.to_vec()))
        };
        let values = match self {
            Targets::Values(values) => {
                if values.dim() != (rows, channels) {
                    return shape_error(
                        format!("[{rows}, {channels}], that of the outputs"),
                        values.shape(),
                    );
                }
                check::finite("training targets", values.view())?;
                values.iter().copied().collect()
            }
            Targets::Labels(labels) => {
                if labels.len() != rows {
                    return shape_error(format!("[{rows}], one label a row"), &[labels.len()]);
                }
                if channels < 2 {
                    return Err(Error::invalid(
                        "output channels of a classifier",
                        channels,
                        "at least 2, one a class",
                    ));
                }
                let mut values = vec![0.0; rows * channels];
                for (row, &label) in labels.iter().enumerate() {
                    if label >= channels {
                        return Err(Error::invalid(
                            format!("label {row}"),
                            label,
                            format!("below {channels}, the number of output channels"),
                        ));
                    }
                    values[row * channels + label] = 1.0;
                }
                values
            }
        };
        Tensor::from_vec(values, (rows, channels), &Device::Cpu)
            .and_then(|targets| targets.to_dtype(network.dtype()))
            .backend()
    }

    /// The name of the loss in a checkpoint.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Targets::Values(_) => "square-error",
            Targets::Labels(_) => "cross-entropy",
        }
    }

    /// The loss of outputs `[rows, channels]`.
    ///
    /// # Arguments
    /// * `targets` — rows of [`tensor`](Self::tensor)
    pub(super) fn loss(&self, outputs: &Tensor, targets: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Targets::Values(_) => (outputs - targets)?.sqr()?.mean_all()? * 0.5,
            Targets::Labels(_) => {
                // log Σ exp f_j − f_y, after a shift of f by its maximum: the shift changes neither loss nor gradient, and no exponential
                // overflows.
                let largest = outputs.max_keepdim(D::Minus1)?.detach();
                let shifted = outputs.broadcast_sub(&largest)?;
                let partition = shifted.exp()?.sum_keepdim(D::Minus1)?.log()?;
                let at_label = (shifted * targets)?.sum_keepdim(D::Minus1)?;
                (partition - at_label)?.mean_all()
            }
        }
    }
}

/// The number in a tensor without axes.
pub(super) fn number(tensor: &Tensor) -> Result<f64> {
    tensor
        .to_dtype(DType::F64)
        .and_then(|tensor| tensor.to_scalar())
        .backend()
}
