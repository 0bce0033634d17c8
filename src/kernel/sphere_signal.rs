//! Signals on the sphere by their coefficients, and which of them are rotated copies of each other.

use std::sync::OnceLock;

use ndarray::{Array3, ArrayView3, Axis};
use num_complex::Complex64;

use crate::group::Rotation;
use crate::rotation_group::RotationMatcher;
use crate::sphere::CoefficientRotation;
use crate::{Error, Result};

/// Signals of which the power spectra differ by more than this, relatively, are no rotated copies of each other.
const SPECTRA: f64 = 0.1;
/// Correlation of two signals, laid upon each other, beyond which a kink of an activation at that rotation is treated.
const MATCH: f64 = 0.98;
/// A kink is on a circle about the pole, or close enough to be felt there, if its rotation moves the pole by less than this angle.
const POLE: f64 = 0.5;

/// A signal of one or several channels, and where it was turned, its values on the nodes of a grid.
#[derive(Debug, Clone)]
pub struct SphereSignal {
    /// `[channels, L, 2L − 1]`.
    pub(super) coeffs: Array3<Complex64>,
    /// Of all channels together, degree by degree.
    spectrum: Vec<f64>,
    /// Each channel as a field, twice: so that every shift is a slice.
    pub(super) fields: Vec<f64>,
}

impl SphereSignal {
    /// # Arguments
    /// * `coeffs` — of a real signal, shape `[channels, L, 2L − 1]`; not empty
    pub(crate) fn new(coeffs: ArrayView3<'_, Complex64>) -> Self {
        let spectrum = coeffs
            .axis_iter(Axis(1))
            .map(|degree| degree.iter().map(|c| c.norm_sqr()).sum())
            .collect();
        SphereSignal {
            coeffs: coeffs.to_owned(),
            spectrum,
            fields: Vec::new(),
        }
    }

    /// Room for the values of a signal on a grid.
    pub(super) fn on_grid(channels: usize, nodes: usize) -> Self {
        SphereSignal {
            coeffs: Array3::default((channels, 0, 0)),
            spectrum: Vec::new(),
            fields: vec![0.0; 2 * channels * nodes],
        }
    }

    pub(super) fn channels(&self) -> usize {
        self.coeffs.len_of(Axis(0))
    }

    /// The signal x ↦ f(g x).
    pub(crate) fn turned(&self, rotation: &CoefficientRotation, g: &Rotation) -> Result<Self> {
        let mut turned = self.clone();
        let mut scratch = rotation.make_scratch();
        let euler = g.inverse().euler_zyz();
        for (from, to) in self.coeffs.outer_iter().zip(turned.coeffs.outer_iter_mut()) {
            rotation.rotate_real_into(from, &euler, to, &mut scratch)?;
        }
        Ok(turned)
    }
}

/// The rotation c with f(x) ≈ f'(c x): at the relative element r = c an activation meets its kink.
#[derive(Debug, Clone, Copy)]
pub(super) enum Centre {
    /// Both signals are the same one.
    Identity,
    Rotation(Rotation),
}

impl Centre {
    pub(super) fn is_same(self) -> bool {
        matches!(self, Centre::Identity)
    }

    /// Nothing for the identity.
    pub(super) fn rotation(self) -> Option<Rotation> {
        match self {
            Centre::Identity => None,
            Centre::Rotation(rotation) => Some(rotation),
        }
    }

    /// The angle of the rotation about the polar axis that comes closest; nothing if it is far.
    ///
    /// A kink beside the circle leaves a function that is smooth, but only just: nodes that crowd there are what it needs, too.
    pub(super) fn about_pole(self) -> Option<f64> {
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
    pub(super) fn new(band_limit: usize) -> Self {
        Copies {
            band_limit,
            matcher: OnceLock::new(),
        }
    }

    /// The rotation that lays the second signal upon the first, if they match.
    pub(super) fn centre(&self, [a, b]: [&SphereSignal; 2]) -> Result<Option<Centre>> {
        if std::ptr::eq(a, b) {
            return Ok(Some(Centre::Identity));
        }
        let power: f64 = a.spectrum.iter().sum();
        let difference = a
            .spectrum
            .iter()
            .zip(&b.spectrum)
            .map(|(p, q)| (p - q).abs());
        // Signals that vanish are no copies of anything.
        if power == 0.0 || difference.sum::<f64>() > SPECTRA * power {
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
