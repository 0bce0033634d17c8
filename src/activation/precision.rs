//! How the activations run in each of the two precisions.

use super::function::Activation;
use super::prepared::PreparedVariance;
use super::variance::{COVARIANCE_GUARD, LARGEST_VARIANCE, Variance};
use super::widened;
use crate::error::Result;
use crate::special::Real;

/// The part of [`Real`] that belongs to the activations.
pub trait Precision: Sized {
    /// The largest variance that is accepted.
    const LARGEST_VARIANCE: Self;
    /// How far a covariance may go, relative to its bound.
    const GUARDED: Self;
    /// Between these two, products of two variances and the rounding errors of the products are normal numbers.
    const COMFORTABLE: (Self, Self);

    /// [`Activation::apply`] for a valid activation.
    fn apply(
        activation: &Activation,
        q1: Variance<Self>,
        q2: Variance<Self>,
        nngp: &mut [Self],
        ntk: Option<&mut [Self]>,
    ) -> Result<()>
    where
        Self: Real;

    /// [`Activation::apply_prepared`] without the prepared numbers.
    fn apply_fields(
        activation: &Activation,
        q1: PreparedVariance<Self>,
        q2: PreparedVariance<Self>,
        nngp: &mut [Self],
        ntk: &mut [Self],
    ) -> Result<()>
    where
        Self: Real,
    {
        let (q1, q2) = (Variance::Field(q1.variance), Variance::Field(q2.variance));
        Self::apply(activation, q1, q2, nngp, Some(ntk))
    }
}

impl Precision for f64 {
    const LARGEST_VARIANCE: f64 = LARGEST_VARIANCE;
    const GUARDED: f64 = 1.0 + COVARIANCE_GUARD;
    const COMFORTABLE: (f64, f64) = (
        f64::from_bits((1023 - 450) << 52),
        f64::from_bits((1023 + 450) << 52),
    );

    fn apply(
        activation: &Activation,
        q1: Variance<f64>,
        q2: Variance<f64>,
        nngp: &mut [f64],
        ntk: Option<&mut [f64]>,
    ) -> Result<()> {
        activation.apply_double(q1, q2, nngp, ntk)
    }
}

impl Precision for f32 {
    const LARGEST_VARIANCE: f32 = f32::MAX;
    const GUARDED: f32 = 1.0 + 1024.0 * f32::EPSILON;
    const COMFORTABLE: (f32, f32) = (
        f32::from_bits((127 - 50) << 23),
        f32::from_bits((127 + 60) << 23),
    );

    fn apply(
        activation: &Activation,
        q1: Variance<f32>,
        q2: Variance<f32>,
        nngp: &mut [f32],
        ntk: Option<&mut [f32]>,
    ) -> Result<()> {
        widened::apply(activation, q1, q2, nngp, ntk)
    }
}
