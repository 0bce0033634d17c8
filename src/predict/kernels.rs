//! The kernels of a prediction: the kernel that drives the training, and its matrices between two sets of points.

use ndarray::ArrayView2;

use crate::Error;
use crate::kernel::KernelMatrices;

/// The kernel that drives the training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum KernelKind {
    /// The neural tangent kernel Θ, for training all parameters of a network.
    Ntk,
    /// The NNGP kernel K, for training the last layer only. The prediction at t = ∞ is the posterior of the Gaussian process with
    /// covariance K.
    Nngp,
}

impl KernelKind {
    /// Returns the matrix of this kernel.
    pub fn of(self, gram: &KernelMatrices) -> ArrayView2<'_, f64> {
        match self {
            KernelKind::Ntk => gram.ntk.view(),
            KernelKind::Nngp => gram.nngp.view(),
        }
    }
}

/// Kernel matrices between two sets of points: the kernel that drives the training, and the NNGP kernel, the covariance of the outputs
/// before training.
///
/// Training needs the matrices between training points, a prediction the matrices between test points (rows) and training points
/// (columns).
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::kernel::Kernel;
/// use haarmonic::network::{Network, Init};
/// use haarmonic::predict::{KernelKind, Kernels};
/// use ndarray::array;
///
/// let network = Network::vector(1).dense(Init::default()).activation(Activation::Relu).build()?;
/// let gram = Kernel::new(&network)?.gram(array![[1.0], [2.0]].view())?;
/// assert_eq!(Kernels::of(KernelKind::Ntk, &gram).driving(), gram.ntk);
/// assert_eq!(Kernels::nngp(gram.nngp.view()).kind(), KernelKind::Nngp);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Kernels<'a> {
    kind: KernelKind,
    driving: ArrayView2<'a, f64>,
    nngp: ArrayView2<'a, f64>,
    /// Largest reported error of the driving kernel; 0 if unknown.
    error: f64,
}

impl<'a> Kernels<'a> {
    /// Makes the kernels for training with the NTK.
    ///
    /// # Arguments
    /// * `ntk`, `nngp` — Θ and K, of equal shape
    pub fn ntk(ntk: ArrayView2<'a, f64>, nngp: ArrayView2<'a, f64>) -> Self {
        Kernels {
            kind: KernelKind::Ntk,
            driving: ntk,
            nngp,
            error: 0.0,
        }
    }

    /// Makes the kernels for training the last layer only, with the NNGP kernel.
    pub fn nngp(nngp: ArrayView2<'a, f64>) -> Self {
        Kernels {
            kind: KernelKind::Nngp,
            driving: nngp,
            nngp,
            error: 0.0,
        }
    }

    /// Makes the kernels for training with one of the two kernel matrices of a network.
    ///
    /// Messages about singular matrices state the error that the matrices report.
    pub fn of(kind: KernelKind, gram: &'a KernelMatrices) -> Self {
        let largest = gram.error.largest();
        Kernels {
            kind,
            driving: kind.of(gram),
            nngp: gram.nngp.view(),
            error: match kind {
                KernelKind::Ntk => largest.ntk,
                KernelKind::Nngp => largest.nngp,
            },
        }
    }

    /// Returns the kernel that drives the training.
    pub fn kind(&self) -> KernelKind {
        self.kind
    }

    /// Returns the matrix of the kernel that drives the training.
    pub fn driving(&self) -> ArrayView2<'a, f64> {
        self.driving
    }

    /// The covariance of the outputs before training, unless it is the driving kernel.
    pub(super) fn prior(&self) -> Option<ArrayView2<'a, f64>> {
        (self.kind == KernelKind::Ntk).then_some(self.nngp)
    }

    /// The largest error of the driving kernel that was reported.
    pub(super) fn error(&self) -> f64 {
        self.error
    }
}

/// Adds the reported error of a kernel to the message about an eigenvalue or a pivot that is not positive, for comparison.
pub(super) fn with_kernel_error(error: Error, reported: f64) -> Error {
    match error {
        Error::NotPositiveDefinite {
            what,
            found,
            change,
        } if reported > 0.0 => Error::not_positive_definite(
            what,
            format!("{found}; the kernel reports an error of {reported:.1e}"),
            change,
        ),
        other => other,
    }
}
