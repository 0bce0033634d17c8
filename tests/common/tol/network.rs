//! Profiles of filters.

/// Multipliers of a zonal filter, absolute (they are at most 1). An angle θ is known to ε θ / 2 at best, and the
/// slope of $`P_\ell(\cos\theta)`$ grows as $`\sqrt\ell`$: that shows for narrow rings. Sums of
/// hundreds of terms add some ε; measured: at most 6.5 ε.
pub fn multiplier(degree: usize) -> f64 {
    f64::EPSILON * (8.0 + (degree as f64).sqrt())
}

/// A density of multipliers that are rounded once.
pub const ROUNDED: f64 = 4.0 * f64::EPSILON;
