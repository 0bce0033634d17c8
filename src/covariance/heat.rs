//! Heat kernels on SO(3) and S², as functions of the squared sine of half the angle.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, PI};

use crate::Result;
use crate::numeric::GaussLegendre;

/// Times from which the series over degrees is short; before, two images are enough.
const SERIES: f64 = 0.35;
/// Degrees whose factor is below e⁻⁴² do not count.
const LAST_EXPONENT: f64 = 42.0;
/// Nodes of the mean over rotations about a point.
const NODES: usize = 24;
/// Gaussians end where they are e⁻⁴⁴.
const WIDTH: f64 = 4.0 * 44.0;

/// The heat kernels $`\sum_\ell (2\ell+1) e^{-t\ell(\ell+1)} \chi_\ell(\omega)`$ on SO(3) and
/// $`\sum_\ell (2\ell+1) e^{-t\ell(\ell+1)} P_\ell(\cos\theta)`$ on S², not normalised.
///
/// Functions take the squared sine of half the angle, which keeps its digits near 0, and return the kernel and t times its derivative by t.
#[derive(Debug)]
pub(super) struct Heat {
    /// Nodes and weights on [0, 1].
    rule: Vec<[f64; 2]>,
}

impl Heat {
    pub(super) fn new() -> Result<Self> {
        Ok(Heat {
            rule: unit_rule(NODES)?,
        })
    }

    /// The kernel on SO(3) and t times its derivative.
    pub(super) fn on_rotations(&self, t: f64, square: f64) -> [f64; 2] {
        if t < SERIES {
            return images(t, square);
        }
        // χ_{ℓ+1} = 2 cos ω χ_ℓ − χ_{ℓ−1} with χ_{−1} = −1
        series(t, [-1.0, 1.0], |_, [last, now]| {
            (2.0 - 4.0 * square) * now - last
        })
    }

    /// The kernel on S² and t times its derivative.
    ///
    /// For short times it is the mean of the kernel on SO(3) over the rotations by 2α about a point: $`\sin^2(\omega/2) = \sin^2(\theta/2) +
    /// \cos^2(\theta/2) \sin^2\alpha`$. A series of Legendre polynomials would lose ε/t to the rounding of cos θ.
    pub(super) fn on_sphere(&self, t: f64, square: f64) -> [f64; 2] {
        if t >= SERIES {
            let cosine = 1.0 - 2.0 * square;
            return series(t, [0.0, 1.0], |degree, [last, now]| {
                ((2.0 * degree + 1.0) * cosine * now - degree * last) / (degree + 1.0)
            });
        }
        let opposite = 1.0 - square;
        let theta = angle(square);
        let farthest = (theta * theta + WIDTH * t).sqrt();
        let end = if farthest < PI {
            // sin²(ω/2) − sin²(θ/2) as a product
            let difference = WIDTH * t / (farthest + theta);
            let between = (0.5 * difference).sin() * (0.5 * (farthest + theta)).sin();
            (between / opposite).sqrt().min(1.0).asin()
        } else {
            FRAC_PI_2
        };
        let mut sum = [0.0; 2];
        for [x, weight] in &self.rule {
            let sine = (end * x).sin();
            let value = images(t, square + opposite * sine * sine);
            sum = [0, 1].map(|i| sum[i] + weight * value[i]);
        }
        sum.map(|sum| FRAC_2_PI * end * sum)
    }
}

/// Nodes and weights of Gauss–Legendre on [0, 1].
pub(super) fn unit_rule(nodes: usize) -> Result<Vec<[f64; 2]>> {
    let rule = GaussLegendre::new(nodes)?;
    let nodes = rule.nodes.iter().zip(&rule.weights);
    Ok(nodes.map(|(x, w)| [0.5 * (1.0 + x), 0.5 * w]).collect())
}

/// The angle of a squared sine of its half.
pub(super) fn angle(square: f64) -> f64 {
    2.0 * square.sqrt().atan2((1.0 - square).max(0.0).sqrt())
}

/// The sum over degrees; functions follow from the last two.
fn series(t: f64, [mut last, mut now]: [f64; 2], next: impl Fn(f64, [f64; 2]) -> f64) -> [f64; 2] {
    let degrees = (LAST_EXPONENT / t).sqrt() as usize + 2;
    let mut sum = [0.0; 2];
    for degree in 0..degrees {
        let l = degree as f64;
        let exponent = t * l * (l + 1.0);
        let term = (2.0 * l + 1.0) * (-exponent).exp() * now;
        sum[0] += term;
        sum[1] -= exponent * term;
        (last, now) = (now, next(l, [last, now]));
    }
    sum
}

/// The kernel on SO(3) as a sum over the angles ω and ω ± 2π, by Poisson's formula; further ones are below rounding for short times.
///
/// ```math
/// H_t(\omega) = \frac{\sqrt\pi \, e^{t/4}}{2 t^{3/2}} \sum_n (-1)^n \frac{\varphi_n e^{-\varphi_n^2/4t}}{\sin(\omega/2)} , \qquad
/// \varphi_n = \omega + 2\pi n
/// ```
fn images(t: f64, square: f64) -> [f64; 2] {
    let omega = angle(square);
    // ω / (2 sin(ω/2))
    let stretch = if omega > 0.0 {
        0.5 * omega / square.sqrt()
    } else {
        1.0
    };
    let exponent = omega * omega / (4.0 * t);
    let direct = 2.0 * stretch * (-exponent).exp();
    let mut sum = [direct, exponent * direct];
    // How far the other two lie below the first, as an exponent.
    if PI * (PI - omega) / t < LAST_EXPONENT {
        let pair = pair(t, omega, stretch, square);
        sum = [0, 1].map(|i| sum[i] + pair[i]);
    }
    let factor = 0.5 * PI.sqrt() * (0.25 * t).exp() / (t * t.sqrt());
    [
        factor * sum[0],
        factor * (sum[1] + (0.25 * t - 1.5) * sum[0]),
    ]
}

/// The terms n = ±1 and t times their derivative.
fn pair(t: f64, omega: f64, stretch: f64, square: f64) -> [f64; 2] {
    let x = PI * omega / t;
    if x > 1.0 {
        let term = |angle: f64| {
            let exponent = angle * angle / (4.0 * t);
            let value = -angle * (-exponent).exp() / square.sqrt();
            [value, exponent * value]
        };
        let (near, far) = (term(omega - 2.0 * PI), term(omega + 2.0 * PI));
        return [near[0] + far[0], near[1] + far[1]];
    }
    // The two nearly cancel: −(φ₊ e^{−x} + φ₋ e^{x}) = 4π sinh x − 2ω cosh x
    let exponent = (omega * omega + 4.0 * PI * PI) / (4.0 * t);
    let sinhc = if x > 0.0 { x.sinh() / x } else { 1.0 };
    let (sinh, cosh) = (x.sinh(), x.cosh());
    let weight = 4.0 * stretch * (-exponent).exp();
    let steep = 2.0 * PI * PI / t;
    let value = steep * sinhc - cosh;
    [
        weight * value,
        weight * (exponent * value + x * sinh - steep * cosh),
    ]
}
