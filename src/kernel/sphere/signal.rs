//! Signals on the sphere, by their coefficients.

use crate::numeric::small::SymmetricEigen;
use ndarray::{Array3, ArrayView3, Axis};
use num_complex::Complex64;

use crate::Result;
use crate::group::Rotation;
use crate::sphere::CoefficientRotation;

/// A kink is isolated if a rotation of the signal about any axis changes it: the squared derivative about the axis of least change must
/// be at least this fraction of the squared derivative about the axis of largest change.
const ISOLATED: f64 = 1e-4;

/// A signal of one or several channels, by its coefficients or by its values on a grid.
#[derive(Debug, Clone)]
pub(crate) struct FieldSignal {
    /// Coefficients, `[channels, L, 2L − 1]`; empty for values on a grid.
    pub(crate) coeffs: Array3<Complex64>,
    /// The power of each degree, summed over the channels.
    pub(super) spectrum: Vec<f64>,
    /// The values of each channel on a grid, twice in a row, so that every cyclic shift is a slice.
    pub(crate) fields: Vec<f64>,
}

impl FieldSignal {
    /// Copies a signal and computes its spectrum.
    ///
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

    /// Makes room for the values of a signal on a grid.
    pub(crate) fn on_grid(channels: usize, nodes: usize) -> Self {
        FieldSignal {
            coeffs: Array3::default((channels, 0, 0)),
            spectrum: Vec::new(),
            fields: vec![0.0; 2 * channels * nodes],
        }
    }

    /// The sum of the spectrum.
    pub(crate) fn power(&self) -> f64 {
        self.spectrum.iter().sum()
    }

    /// Whether no continuous family of rotations leaves the signal unchanged.
    ///
    /// The squared derivative of the signal about the axis n, relative to its power, is $`n^\top Q n`$ with
    /// $`Q_{ij} = \mathrm{Re} \langle J_i f, J_j f \rangle`$. The smallest eigenvalue of Q is compared with the largest one.
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
                    // J± f at order m: √(l(l + 1) − m' m) f_lm' from the orders m' = m ∓ 1.
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
