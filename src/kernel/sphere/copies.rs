//! Detection of signals that are rotated copies of each other. At the rotation between two copies, the kernel of an activation with a
//! kink has a kink.

use std::sync::OnceLock;

use crate::group::Rotation;
use crate::so3::RotationMatcher;
use crate::{Error, Result};

use super::signal::FieldSignal;

/// Signals whose relative power spectra differ by more than this are no rotated copies of each other.
const SPECTRA: f64 = 0.1;
/// The correlation of two signals in their best rotation from which on they count as copies.
const MATCH: f64 = 0.98;
/// A kink influences the circle of rotations about the pole if its rotation moves the pole by less than this angle, in radians.
const POLE: f64 = 0.5;

/// The rotation c with f(x) ≈ f'(c x): the kernel of an activation has its kink at the relative element r = c.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Centre {
    /// Both signals are equal.
    Identity,
    Rotation(Rotation),
}

impl Centre {
    /// Whether both signals are equal.
    pub(crate) fn is_same(self) -> bool {
        matches!(self, Centre::Identity)
    }

    /// The centre without the knowledge that both signals are one: a rotation, also if it is the identity.
    pub(crate) fn of_any_pair(self) -> Self {
        Centre::Rotation(self.rotation().unwrap_or_else(Rotation::identity))
    }

    /// The rotation; `None` for the identity.
    pub(crate) fn rotation(self) -> Option<Rotation> {
        match self {
            Centre::Identity => None,
            Centre::Rotation(rotation) => Some(rotation),
        }
    }

    /// The angle of the rotation about the polar axis that is closest to c; `None` if c is far from all of them.
    ///
    /// A kink beside the circle leaves a function on the circle that is smooth but varies fast near this angle. It needs more nodes there,
    /// like a kink on the circle.
    pub(crate) fn about_pole(self) -> Option<f64> {
        let Centre::Rotation(rotation) = self else {
            return Some(0.0);
        };
        let [[xx, xy, _], [yx, yy, _], [_, _, zz]] = rotation.to_matrix();
        (zz > POLE.cos()).then(|| (yx - xy).atan2(xx + yy))
    }
}

/// Decides whether two signals are rotated copies of each other.
#[derive(Debug)]
pub(crate) struct Copies {
    band_limit: usize,
    /// Built for the first pair whose spectra agree.
    matcher: OnceLock<RotationMatcher>,
}

impl Copies {
    /// Makes a detector for signals of one band limit.
    ///
    /// # Arguments
    /// * `band_limit` — L of the signals
    pub(crate) fn new(band_limit: usize) -> Self {
        Copies {
            band_limit,
            matcher: OnceLock::new(),
        }
    }

    /// Returns the rotation c with f(x) ≈ f'(c x) for signals f, f' that are copies; none for other signals.
    pub(crate) fn centre(&self, [a, b]: [&FieldSignal; 2]) -> Result<Option<Centre>> {
        if std::ptr::eq(a, b) {
            return Ok(a.is_isolated().then_some(Centre::Identity));
        }
        let powers = [a, b].map(FieldSignal::power);
        // A signal that vanishes is no copy. Spectra are compared relative to their power, since a factor does not move a kink.
        if powers.contains(&0.0) {
            return Ok(None);
        }
        let difference = a
            .spectrum
            .iter()
            .zip(&b.spectrum)
            .map(|(p, q)| (p / powers[0] - q / powers[1]).abs());
        if difference.sum::<f64>() > SPECTRA {
            return Ok(None);
        }
        // A signal with a continuous symmetry has a circle of kinks; polar coordinates about one of them would not help.
        if !a.is_isolated() {
            return Ok(None);
        }
        if a.coeffs == b.coeffs {
            return Ok(Some(Centre::Identity));
        }
        let matcher = match self.matcher.get() {
            Some(matcher) => matcher,
            None => {
                let matcher = RotationMatcher::new(self.band_limit)?;
                self.matcher.get_or_init(|| matcher)
            }
        };
        // f ≈ R f' means f(x) ≈ f'(R⁻¹ x): the kink is at r = R⁻¹.
        match matcher.best_rotation(a.coeffs.view(), b.coeffs.view()) {
            Ok(best) if best.score > MATCH => Ok(Some(Centre::Rotation(best.rotation.inverse()))),
            Ok(_) | Err(Error::NotConverged { .. }) => Ok(None),
            Err(other) => Err(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, Axis};
    use num_complex::Complex64;

    use super::*;
    use crate::sphere::rotate_coefficients;

    fn signal(zonal: bool) -> Array3<Complex64> {
        let mut coeffs = Array3::zeros((1, 4, 7));
        for l in 0..4_usize {
            coeffs[[0, l, 3]] = Complex64::new(1.0 / (1.0 + l as f64), 0.0);
        }
        if !zonal {
            coeffs[[0, 2, 5]] = Complex64::new(0.3, 0.1);
            coeffs[[0, 2, 1]] = Complex64::new(0.3, -0.1);
            coeffs[[0, 3, 4]] = Complex64::new(0.2, 0.4);
            coeffs[[0, 3, 2]] = Complex64::new(-0.2, 0.4);
        }
        coeffs
    }

    #[test]
    fn signals_about_any_axis_are_not_isolated() {
        for (zonal, isolated) in [(true, false), (false, true)] {
            let mut coeffs = signal(zonal);
            assert_eq!(FieldSignal::new(coeffs.view()).is_isolated(), isolated);
            let turned = rotate_coefficients(coeffs.index_axis(Axis(0), 0), 0.4, 1.1, 2.0).unwrap();
            coeffs.index_axis_mut(Axis(0), 0).assign(&turned);
            let turned = FieldSignal::new(coeffs.view());
            assert_eq!(turned.is_isolated(), isolated);
            let centre = Copies::new(4).centre([&turned, &turned]).unwrap();
            assert_eq!(centre.is_some(), isolated);
        }
        assert!(!FieldSignal::new(Array3::zeros((1, 2, 3)).view()).is_isolated());
    }
}
