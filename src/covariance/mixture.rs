//! A covariance as a mean of heat kernels, and its profile.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI, FRAC_PI_4};

use super::heat::{Heat, unit_rule};
use super::space::{Family, Space};
use super::table::{PARTS, Table};
use crate::Result;

/// Shares of the whole below this do not count.
const NEGLIGIBLE: f64 = 1e-18;
/// The largest step of the trapezoidal rule in the logarithm of the time, and the step for narrow laws times the root of their exponent.
const STEP: f64 = 0.18;
const NARROW_STEP: f64 = 0.5;
/// Nodes per unit near the point of coincidence, at least so many, and beyond.
const NEAR_DENSITY: f64 = 6.0;
const NEAR_NODES: usize = 24;
const FAR_NODES: usize = 32;

/// A time and its weight, with the derivatives of the weight by ln κ and ν.
#[derive(Debug, Clone, Copy)]
struct Time {
    t: f64,
    weights: [f64; PARTS],
}

/// Heat kernels at some times with weights.
///
/// ```math
/// (a + \lambda)^{-s} = \frac{1}{\Gamma(s)} \int_0^\infty t^{s-1} e^{-at} e^{-t\lambda} \, dt
/// ```
/// makes a Matérn kernel a mean of heat kernels over the Gamma distribution of the time. All terms are positive, so that no digits are lost, for any
/// smoothness and length scale. The integral over ln t is analytic and falls off on both sides: the trapezoidal rule is exact to rounding.
#[derive(Debug)]
pub(super) struct Mixture {
    heat: Heat,
    space: Space,
    /// The largest first. One time with the derivative of the heat kernel itself, or many.
    times: Vec<Time>,
    single: bool,
    /// The kernel of a point with itself, before it is normalised, and its derivatives.
    whole: [f64; PARTS],
}

impl Mixture {
    pub(super) fn new(space: Space, family: Family, length_scale: f64) -> Result<Self> {
        let mut mixture = Mixture {
            heat: Heat::new()?,
            space,
            times: Vec::new(),
            single: family == Family::Heat,
            whole: [0.0; PARTS],
        };
        match family {
            Family::Heat => mixture.times.push(Time {
                t: 0.5 * length_scale * length_scale,
                weights: [1.0, 0.0, 0.0],
            }),
            Family::Matern { nu } => mixture.spread(nu, length_scale),
        }
        let terms = mixture.times.iter().map(|time| mixture.of_space(time, 0.0));
        mixture.whole = sum(terms);
        Ok(mixture)
    }

    /// Times and weights of a Matérn kernel; the largest weight is near 1.
    fn spread(&mut self, nu: f64, length_scale: f64) {
        let s = nu + 0.5 * self.space.dimension() as f64;
        let a = 2.0 * nu / (length_scale * length_scale);
        let step = STEP.min(NARROW_STEP / s.sqrt());
        let time = |u: f64| {
            let weight = (s * (u - u.exp_m1())).exp();
            let excess = s * u.exp();
            Time {
                t: s / a * u.exp(),
                weights: [
                    weight,
                    2.0 * (excess - s) * weight,
                    // Without a term that is the same for all times: it leaves the normalised kernel as it is
                    (u + (s - excess) / nu) * weight,
                ],
            }
        };
        let mut whole = 0.0;
        let mut times = Vec::new();
        let mut add = |from: i32, direction: i32| {
            let mut index = from;
            loop {
                let u = step * f64::from(index);
                let time = time(u);
                let share = self.of_space(&time, 0.0)[0];
                whole += share;
                times.push(time);
                // Below ln(ν/s), shares fall with the time.
                let falling = u > 0.0 || u.exp() < nu / s;
                if falling && share <= NEGLIGIBLE * whole {
                    break;
                }
                index += direction;
            }
        };
        add(0, -1);
        add(1, 1);
        times.sort_by(|x, y| y.t.total_cmp(&x.t));
        self.times = times;
    }

    /// The share of one time in the kernel of the space and its derivatives.
    fn of_space(&self, time: &Time, square: f64) -> [f64; PARTS] {
        let value = match self.space {
            Space::Sphere => self.heat.on_sphere(time.t, square),
            Space::Rotations => self.heat.on_rotations(time.t, square),
        };
        self.weighted(time, value)
    }

    fn weighted(&self, time: &Time, [value, slope]: [f64; 2]) -> [f64; PARTS] {
        match self.single {
            // t = κ²/2
            true => [value, 2.0 * slope, 0.0],
            false => time.weights.map(|weight| weight * value),
        }
    }

    /// The kernel of a point with itself, relative to its eigenvalue of degree 0.
    pub(super) fn relative_whole(&self) -> f64 {
        // The heat kernels have 1 there.
        let weights: f64 = self.times.iter().map(|time| time.weights[0]).sum();
        self.whole[0] / weights
    }

    /// The profile of the normalised kernel.
    pub(super) fn table(&self) -> Result<Table> {
        let panels = self.panels();
        let below = [1.0, 0.0, 0.0];
        if self.single {
            let value = |_, square| self.normalised(self.of_space(&self.times[0], square));
            return Ok(Table::new(panels, below, value));
        }
        if self.space == Space::Rotations {
            let value = |_, square| self.normalised(self.class_sum(square));
            return Ok(Table::new(panels, below, value));
        }
        let classes = Table::new(panels, [0.0; PARTS], |_, square| self.class_sum(square));
        let near = |panel: usize| {
            let range = near_range(0.5_f64.powi(panel as i32 + 1));
            unit_rule(NEAR_NODES + (NEAR_DENSITY * range) as usize)
        };
        let near = (0..panels).map(near).collect::<Result<Vec<_>>>()?;
        let far = unit_rule(FAR_NODES)?;
        Ok(Table::new(panels, below, |panel, square| {
            self.normalised(stabiliser_mean(&classes, square, &near[panel], &far))
        }))
    }

    /// The sum of heat kernels on SO(3), whatever the space.
    fn class_sum(&self, square: f64) -> [f64; PARTS] {
        let mut total = [0.0; PARTS];
        for time in &self.times {
            let value = self.heat.on_rotations(time.t, square);
            let term = self.weighted(time, value);
            total = [0, 1, 2].map(|part| total[part] + term[part]);
            // Times far below the square of the angle do not reach it.
            if time.t < square && term[0] <= NEGLIGIBLE * total[0] {
                break;
            }
        }
        total
    }

    /// Divides by the kernel of a point with itself.
    fn normalised(&self, [value, scale, nu]: [f64; PARTS]) -> [f64; PARTS] {
        let [whole, whole_scale, whole_nu] = self.whole;
        let share = value / whole;
        [
            share,
            (scale - share * whole_scale) / whole,
            (nu - share * whole_nu) / whole,
        ]
    }

    /// The number of panels below which the kernel is 1 to rounding.
    fn panels(&self) -> usize {
        let shares: Vec<[f64; 2]> = self
            .times
            .iter()
            .map(|time| [time.t, self.of_space(time, 0.0)[0] / self.whole[0]])
            .collect();
        // 1 − H_t(ω)/H_t(0) is below sin²(ω/2) (1/t + 2), and below 1
        let defect = |square: f64| -> f64 {
            let terms = shares.iter();
            terms
                .map(|[t, share]| share * (square * (1.0 / t + 2.0)).min(1.0))
                .sum()
        };
        let mut panels = 1;
        while defect(0.5_f64.powi(panels)) > 16.0 * NEGLIGIBLE {
            panels += 1;
        }
        panels as usize
    }
}

fn sum(terms: impl Iterator<Item = [f64; PARTS]>) -> [f64; PARTS] {
    terms.fold([0.0; PARTS], |sum, term| {
        [0, 1, 2].map(|part| sum[part] + term[part])
    })
}

/// The range of u near the point of coincidence: sin α = tan(θ/2) sinh u up to α = π/4.
fn near_range(square: f64) -> f64 {
    (FRAC_1_SQRT_2 * ((1.0 - square) / square).sqrt()).asinh()
}

/// The mean over rotations about a point, $`\frac2\pi \int_0^{\pi/2} W(\omega(\alpha)) \, d\alpha`$ with $`\sin^2(\omega/2) = \sin^2(\theta/2) +
/// \cos^2(\theta/2) \sin^2\alpha`$.
///
/// Near α = 0 the integrand is singular at complex α of size θ/2; the variable u of [`near_range`] moves that away.
fn stabiliser_mean(
    classes: &Table,
    square: f64,
    near: &[[f64; 2]],
    far: &[[f64; 2]],
) -> [f64; PARTS] {
    let opposite = 1.0 - square;
    let tangent = (square / opposite).sqrt();
    let range = near_range(square);
    let near = near.iter().map(|[x, weight]| {
        let u = range * x;
        let (sinh, cosh) = (u.sinh(), u.cosh());
        let cosine = (1.0 - (tangent * sinh).powi(2)).sqrt();
        let weight = weight * range * tangent * cosh / cosine;
        classes
            .all(square * cosh * cosh)
            .map(|value| weight * value)
    });
    let far = far.iter().map(|[x, weight]| {
        let sine = (FRAC_PI_4 * (1.0 + x)).sin();
        let weight = weight * FRAC_PI_4;
        classes
            .all(square + opposite * sine * sine)
            .map(|value| weight * value)
    });
    sum(near.chain(far)).map(|sum| FRAC_2_PI * sum)
}
