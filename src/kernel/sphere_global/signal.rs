//! Signals on the sphere, for correlations at many rotations.

use ndarray::ArrayView3;
use num_complex::Complex64;

use crate::Result;
use crate::kernel::signals::Turn;
use crate::kernel::sphere::FieldSignal;
use crate::so3::CorrelatorSignal;

/// A signal on the sphere in the forms that its kernels need.
#[derive(Debug, Clone)]
pub(super) struct GlobalSignal {
    harmonics: CorrelatorSignal,
    /// The coefficients, if the geometry needs them later.
    coeffs: Option<FieldSignal>,
}

impl GlobalSignal {
    /// Converts a signal.
    ///
    /// # Arguments
    /// * `coeffs` — of a real signal f, shape `[channels, L, 2L − 1]`
    /// * `turn` — a rotation g, for the coefficients of the signal x ↦ f(g x)
    /// * `keeps_coeffs` — whether the geometry needs the coefficients later
    pub(super) fn new(
        coeffs: ArrayView3<'_, Complex64>,
        turn: Option<Turn<'_>>,
        keeps_coeffs: bool,
    ) -> Result<Self> {
        let signal = keeps_coeffs.then(|| FieldSignal::new(coeffs));
        Ok(GlobalSignal {
            harmonics: CorrelatorSignal::new(coeffs)?,
            coeffs: match (signal, turn) {
                (Some(signal), Some((rotation, g))) => Some(signal.turned(rotation, g)?),
                (signal, _) => signal,
            },
        })
    }

    pub(super) fn harmonics(&self) -> &CorrelatorSignal {
        &self.harmonics
    }

    pub(super) fn coeffs(&self) -> &FieldSignal {
        self.coeffs
            .as_ref()
            .expect("kept where the geometry asks for it")
    }
}
