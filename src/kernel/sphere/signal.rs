//! Signals on the sphere, by their coefficients.

use crate::numeric::small::SymmetricEigen;
use ndarray::{Array3, ArrayView3, Axis};
use num_complex::Complex64;

use crate::Result;
use crate::group::Rotation;
use crate::sphere::CoefficientRotation;

/// A kink is isolated if rotating the signal about any axis changes it, to second order by at least this part of the change by the
/// axis of largest change.
const ISOLATED: f64 = 1e-4;
/// A signal of one or several channels, and where it was rotated, its values on the nodes of a grid.
#[derive(Debug, Clone)]
pub(crate) struct FieldSignal {
    /// `[channels, L, 2L − 1]`.
    pub(crate) coeffs: Array3<Complex64>,
    /// Of all channels together, degree by degree.
    pub(super) spectrum: Vec<f64>,
    /// Each channel as a field, twice: so that every shift is a slice.
    pub(crate) fields: Vec<f64>,
}

impl FieldSignal {
    /// # Arguments
    /// * `coeffs` — of a real signal, shape `[channels, L, 2L − 1]`; not empty
    pub(crate) fn new(coeffs: ArrayView3<'_, Complex64>) -> Self {
        let spectrum = coeffs
            .axis_iter(Axis(1))
            .map(|degree| degree.iter().map(|c| c.norm_sqr()).sum())
            .collect();
        FieldSignal {
            coeffs: coeffs.to_owned(),
            spectrum,
            fields: Vec::new(),
        }
    }

    /// Room for the values of a signal on a grid.
    pub(crate) fn on_grid(channels: usize, nodes: usize) -> Self {
        FieldSignal {
            coeffs: Array3::default((channels, 0, 0)),
            spectrum: Vec::new(),
            fields: vec![0.0; 2 * channels * nodes],
        }
    }

    pub(super) fn power(&self) -> f64 {
        self.spectrum.iter().sum()
    }

    /// Whether no continuous family of rotations leaves the signal unchanged.
    ///
    /// The squares of its derivatives about all axes, $`n^\top Q n`$ with $`Q_{ij} = \mathrm{Re} \langle J_i f, J_j f \rangle`$,
    /// relative to its power.
    pub(super) fn is_isolated(&self) -> bool {
        let power = self.power();
        if power == 0.0 {
            return false;
        }
        let unit = power.sqrt().recip();
        let band_limit = self.coeffs.len_of(Axis(1));
        let mut squares = [[0.0; 3]; 3];
        for channel in self.coeffs.outer_iter() {
            for l in 0..band_limit {
                let at = |m: isize| match m.unsigned_abs() <= l {
                    true => unit * channel[[l, (m + band_limit as isize - 1) as usize]],
                    false => Complex64::ZERO,
                };
                for m in -(l as isize)..=l as isize {
                    // What the ladder operators bring to order m.
                    let ladder = |from: isize| {
                        let product = (l * (l + 1)) as f64 - (from * m) as f64;
                        product.max(0.0).sqrt() * at(from)
                    };
                    let (up, down) = (ladder(m - 1), ladder(m + 1));
                    let derivatives = [
                        0.5 * (up + down),
                        Complex64::new(0.0, -0.5) * (up - down),
                        m as f64 * at(m),
                    ];
                    for (i, a) in derivatives.iter().enumerate() {
                        for (j, b) in derivatives.iter().enumerate() {
                            squares[i][j] += (a.conj() * b).re;
                        }
                    }
                }
            }
        }
        let values = SymmetricEigen::new(squares).values;
        let largest = values.iter().fold(0.0_f64, |m, v| m.max(*v));
        values.iter().all(|value| *value > ISOLATED * largest)
    }

    pub(crate) fn channels(&self) -> usize {
        self.coeffs.len_of(Axis(0))
    }

    /// The signal x ↦ f(g x).
    pub(crate) fn turned(&self, rotation: &CoefficientRotation, g: &Rotation) -> Result<Self> {
        let mut turned = self.clone();
        let mut scratch = rotation.make_scratch();
        let euler = g.inverse().euler_zyz();
        for (from, to) in self.coeffs.outer_iter().zip(turned.coeffs.outer_iter_mut()) {
            rotation.rotate_into(from, &euler, to, &mut scratch)?;
        }
        Ok(turned)
    }
}
