//! Projections of the sphere: from places of a picture to directions, and from directions to places.

use std::f64::consts::{FRAC_PI_2, PI, SQRT_2, TAU};

/// A direction, that is a point of the unit sphere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Direction {
    /// Colatitude θ, from 0 to π.
    pub colatitude: f64,
    /// Longitude φ, from 0 to 2π.
    pub longitude: f64,
}

impl Direction {
    fn new(colatitude: f64, longitude: f64) -> Direction {
        Direction {
            colatitude: colatitude.clamp(0.0, PI),
            longitude: longitude.rem_euclid(TAU),
        }
    }

    fn vector(self) -> [f64; 3] {
        let (sin, cos) = self.colatitude.sin_cos();
        [sin * self.longitude.cos(), sin * self.longitude.sin(), cos]
    }
}

/// The Mollweide projection: the whole sphere on an ellipse, with areas in proportion. φ = 0 lies in the middle, and φ grows to the
/// right.
pub(super) mod mollweide {
    use super::*;

    /// The direction at a place of the ellipse x²/4 + y² ≤ 1, with the north pole at y = 1; `None` outside.
    pub(crate) fn direction([x, y]: [f64; 2]) -> Option<Direction> {
        if 0.25 * x * x + y * y > 1.0 {
            return None;
        }
        let angle = y.clamp(-1.0, 1.0).asin();
        let sine = ((2.0 * angle + (2.0 * angle).sin()) / PI).clamp(-1.0, 1.0);
        let cosine = angle.cos();
        let longitude = if cosine > 1e-12 {
            0.5 * PI * x / cosine
        } else {
            0.0
        };
        Some(Direction::new(FRAC_PI_2 - sine.asin(), longitude))
    }

    /// The place of a direction, for a longitude from −π to π.
    pub(crate) fn place(colatitude: f64, longitude: f64) -> [f64; 2] {
        let wanted = PI * colatitude.cos();
        // Bisection solves 2a + sin 2a = π cos θ for the auxiliary angle a. Newton's method would fail at the poles.
        let (mut low, mut high) = (-FRAC_PI_2, FRAC_PI_2);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if 2.0 * middle + (2.0 * middle).sin() < wanted {
                low = middle;
            } else {
                high = middle;
            }
        }
        let angle = 0.5 * (low + high);
        // The classical formulas give half-axes √2 and 2√2; places are in units of the smaller one.
        let unit = SQRT_2;
        [
            2.0 * SQRT_2 / PI * longitude * angle.cos() / unit,
            unit * angle.sin() / unit,
        ]
    }
}

/// The orthographic projection: one hemisphere as seen from far away.
#[derive(Debug, Clone, Copy)]
pub(super) struct Orthographic {
    /// The unit vectors to the right, upwards, and towards the eye.
    axes: [[f64; 3]; 3],
}

impl Orthographic {
    /// The view from above a point, with north upwards.
    pub(super) fn new(colatitude: f64, longitude: f64) -> Orthographic {
        let (sin, cos) = colatitude.sin_cos();
        let (sin_phi, cos_phi) = longitude.sin_cos();
        Orthographic {
            axes: [
                [-sin_phi, cos_phi, 0.0],
                [-cos * cos_phi, -cos * sin_phi, sin],
                [sin * cos_phi, sin * sin_phi, cos],
            ],
        }
    }

    /// The direction at a place of the unit disc; `None` outside.
    pub(super) fn direction(&self, [x, y]: [f64; 2]) -> Option<Direction> {
        let square = x * x + y * y;
        if square > 1.0 {
            return None;
        }
        let depth = (1.0 - square).sqrt();
        let v =
            [0, 1, 2].map(|k| x * self.axes[0][k] + y * self.axes[1][k] + depth * self.axes[2][k]);
        Some(Direction::new(
            v[0].hypot(v[1]).atan2(v[2]),
            v[1].atan2(v[0]),
        ))
    }

    /// The place of a direction; `None` on the far hemisphere.
    pub(super) fn place(&self, colatitude: f64, longitude: f64) -> Option<[f64; 2]> {
        let v = Direction::new(colatitude, longitude).vector();
        let [x, y, depth] = self
            .axes
            .map(|axis| axis.iter().zip(v).map(|(a, b)| a * b).sum::<f64>());
        (depth >= 0.0).then_some([x, y])
    }
}
