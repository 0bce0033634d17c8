//! The kernels of `haarmonic predict`, and the memory for them.

use haarmonic::kernel::{Kernel, KernelMatrices};
use haarmonic::{Result, memory};

use super::inputs::Inputs;
use super::predict_arguments::{Arguments, CovarianceChoice};
use super::targets::Known;

/// The advice for kernels that do not fit into memory.
pub const FEWER: &str = "use fewer inputs, or --covariance diagonal or none";

/// Refuses kernels and covariances of n training and m test outputs that do not fit into memory, before the first kernel is
/// computed.
pub fn check_memory(arguments: &Arguments, [n, m]: [usize; 2], times: usize) -> Result<()> {
    let squares = match arguments.covariance() {
        CovarianceChoice::None => 0,
        CovarianceChoice::Diagonal => 2,
        CovarianceChoice::Full => 2 + times,
    };
    // Between training points both kernels and the eigenvectors of one are in memory, and in all other cases both kernels.
    let bytes = [
        memory::bytes(3, &[n, n]),
        memory::bytes(2, &[m, n]),
        memory::bytes(squares, &[m, m]),
    ];
    let bytes = bytes.into_iter().fold(0, u64::saturating_add);
    memory::check(
        &format!("kernels of {n} training and {m} test outputs"),
        bytes,
        FEWER,
    )
}

/// All kernels of a prediction.
pub struct Grams {
    pub train_train: KernelMatrices,
    pub test_train: KernelMatrices,
    /// The kernels between test points, if a part of the covariance is wanted.
    pub test_test: Option<KernelMatrices>,
    pub validation_train: Option<KernelMatrices>,
}

impl Grams {
    /// Computes all kernels.
    pub fn compute(
        arguments: &Arguments,
        kernel: &Kernel,
        train: &Inputs,
        test: &Inputs,
        validation: Option<&Known>,
    ) -> Result<Grams> {
        // All inputs are prepared before the first kernel is computed, so that an input that cannot be prepared costs no time.
        let (train, test) = (train.prepare(kernel)?, test.prepare(kernel)?);
        let validation = validation
            .map(|known| known.inputs.prepare(kernel))
            .transpose()?;
        Ok(Grams {
            train_train: kernel.gram_prepared(&train)?,
            test_train: kernel.cross_prepared(&test, &train)?,
            test_test: match arguments.covariance() {
                CovarianceChoice::None => None,
                _ => Some(kernel.gram_prepared(&test)?),
            },
            validation_train: validation
                .map(|validation| kernel.cross_prepared(&validation, &train))
                .transpose()?,
        })
    }
}
