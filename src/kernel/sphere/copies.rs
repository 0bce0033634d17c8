//! Detection of signals that are rotated copies of each other: at this rotation the kernel of an activation has its kink.

use std::sync::OnceLock;

use crate::group::Rotation;
use crate::so3::RotationMatcher;
use crate::{Error, Result};

use super::signal::FieldSignal;

/// Signals of which the power spectra differ by more than this, relatively, are no rotated copies of each other.
const SPECTRA: f64 = 0.1;
/// Correlation of two signals, laid upon each other, beyond which a kink of an activation at that rotation is treated.
const MATCH: f64 = 0.98;
/// A kink is on a circle about the pole, or close enough to be felt there, if its rotation moves the pole by less than this angle.
const POLE: f64 = 0.5;

/// The rotation c with f(x) ≈ f'(c x): at the relative element r = c an activation meets its kink.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Centre {
    /// Both signals are equal.
    Identity,
    Rotation(Rotation),
}

impl Centre {
    pub(crate) fn is_same(self) -> bool {
        matches!(self, Centre::Identity)
    }

    /// `None` for the identity.
    pub(crate) fn rotation(self) -> Option<Rotation> {
        match self {
            Centre::Identity => None,
            Centre::Rotation(rotation) => Some(rotation),
        }
    }

    /// The angle of the rotation about the polar axis that comes closest; `None` if it is far.
    ///
    /// A kink beside the circle leaves a function that is smooth, but only just: nodes that crowd there are what it needs, too.
    pub(crate) fn about_pole(self) -> Option<f64> {
        let Centre::Rotation(rotation) = self else {
            return Some(0.0);
        };
        let [[xx, xy, _], [yx, yy, _], [_, _, zz]] = rotation.to_matrix();
        (zz > POLE.cos()).then(|| (yx - xy).atan2(xx + yy))
    }
}

/// Finds out whether two signals are copies of each other.
#[derive(Debug)]
pub(crate) struct Copies {
    band_limit: usize,
    matcher: OnceLock<RotationMatcher>,
}

impl Copies {
    /// # Arguments
    /// * `band_limit` — L of the signals
    pub(crate) fn new(band_limit: usize) -> Self {
        Copies {
            band_limit,
            matcher: OnceLock::new(),
        }
    }

    /// Returns the rotation that takes the second signal to the first, if they match.
    pub(crate) fn centre(&self, [a, b]: [&FieldSignal; 2]) -> Result<Option<Centre>> {
        if std::ptr::eq(a, b) {
            return Ok(a.is_isolated().then_some(Centre::Identity));
        }
        let powers = [a, b].map(FieldSignal::power);
        // Signals that vanish are no copies of anything; those that differ by a factor meet their kinks where copies do.
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
        // Along a whole circle of kinks polar coordinates about one of them are of no use.
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
