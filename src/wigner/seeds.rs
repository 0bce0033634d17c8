//! Where the recursions in the degree start: angles that are accurate at both poles, and $`d^\ell_{mn}`$ of the lowest degree.

use crate::numeric::extended::{Power, Scaled, scaled};
use crate::{Result, check};
use ndarray::aview1;

/// A colatitude as the recursion needs it: accurate at both poles.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HalfAngle {
    /// $`\cos(\beta/2)`$
    pub(crate) cos: f64,
    /// $`\sin(\beta/2)`$
    pub(crate) sin: f64,
    /// The nearer pole: $`\cos\beta = pole + offset`$, pole = ±1.
    pub(crate) pole: f64,
    /// $`-2\sin^2(\beta/2)`$ in the north, $`2\cos^2(\beta/2)`$ in the south: no cancellation.
    pub(crate) offset: f64,
}

impl HalfAngle {
    /// β / 2 is exact, and the library sine and cosine are accurate to the last place near their zeros.
    pub(crate) fn new(beta: f64) -> HalfAngle {
        let (sin, cos) = (0.5 * beta).sin_cos();
        let (pole, offset) = if sin.abs() <= cos.abs() {
            (1.0, -2.0 * sin * sin)
        } else {
            (-1.0, 2.0 * cos * cos)
        };
        HalfAngle {
            cos,
            sin,
            pole,
            offset,
        }
    }
}

/// Below this sine of β the recursion runs on deviations from its limit at the pole; the other one would lose a factor of about
/// $`1/\sin^2\beta`$ in accuracy.
const POLAR_SINE: f64 = 0.5;

/// One angle β with $`\cos\beta \ge 0`$.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Angle {
    pub(crate) cos_half: f64,
    pub(crate) sin_half: f64,
    pub(super) cos: f64,
    /// $`\cos\beta - 1`$
    pub(super) offset: f64,
    /// Whether the functions are without the scales s.
    pub(crate) polar: bool,
}

impl Angle {
    /// For an angle in the south the angle is π − β, and the second value is true.
    pub(crate) fn new(beta: f64) -> (Angle, bool) {
        let half = HalfAngle::new(beta);
        let south = half.pole < 0.0;
        let (cos_half, sin_half) = if south {
            (half.sin, half.cos)
        } else {
            (half.cos, half.sin)
        };
        let angle = Angle {
            cos_half,
            sin_half,
            cos: (cos_half - sin_half) * (cos_half + sin_half),
            offset: -2.0 * sin_half * sin_half,
            polar: (2.0 * cos_half * sin_half).abs() < POLAR_SINE,
        };
        (angle, south)
    }

    /// The functions $`d^0_{00}`$ and, for the other sign of the second order, $`d^0_{00}`$ again, to be advanced to
    /// $`d^m_{m,\pm m} = \cos^{2m}(\beta/2)`$ and $`\sin^{2m}(\beta/2)`$.
    pub(crate) fn corners(&self) -> [Power; 2] {
        [Power::new(self.cos_half), Power::new(self.sin_half)]
    }

    /// The factor from the functions $`h^{m-1}_{m-1,n} t_{m-1}(n)`$ to $`h^m_{mn}`$, and its scale.
    #[inline(always)]
    pub(crate) fn seed_factor(&self, m: usize) -> (f64, f64) {
        let order = m as f64;
        let root = -(2.0 * order * (2.0 * order - 1.0)).sqrt();
        let (sine, scale) = scaled(self.sin_half);
        (root * self.cos_half * sine, scale)
    }
}

/// The class of $`d^\ell_{mn}`$ reduced by symmetry to `major ≥ |minor|`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CanonicalOrders {
    pub(crate) major: usize,
    pub(crate) minor: i64,
    /// $`d^\ell_{mn} = sign \cdot d^\ell_{major, minor}`$
    pub(crate) sign: f64,
}

impl CanonicalOrders {
    /// Uses $`d_{mn} = (-1)^{m-n} d_{nm} = (-1)^{m-n} d_{-m,-n} = d_{-n,-m}`$.
    pub(crate) fn new(m: i64, n: i64) -> CanonicalOrders {
        let odd = if (m - n) % 2 == 0 { 1.0 } else { -1.0 };
        let (major, minor, sign) = if m.abs() >= n.abs() {
            if m >= 0 { (m, n, 1.0) } else { (-m, -n, odd) }
        } else if n >= 0 {
            (n, m, odd)
        } else {
            (-n, -m, 1.0)
        };
        CanonicalOrders {
            major: major as usize,
            minor,
            sign,
        }
    }

    /// $`d^m_{mn} = (-1)^{m-n} \binom{2m}{m-n}^{1/2} \cos^{m+n}(\beta/2) \sin^{m-n}(\beta/2)`$ with m = major, n = minor.
    pub(crate) fn seed(&self, binomial: Scaled, angle: &HalfAngle) -> Scaled {
        let sum = (self.major as i64 + self.minor) as usize;
        let difference = (self.major as i64 - self.minor) as usize;
        binomial * Scaled::new(angle.cos).power(sum) * Scaled::new(-angle.sin).power(difference)
    }

    /// $`\binom{2m}{m-n}^{1/2}`$
    pub(crate) fn root_binomial(&self) -> Scaled {
        let count = self.major - self.minor.unsigned_abs() as usize;
        root_binomials(self.major)
            .nth(count)
            .expect("the minor order is at most the major one")
    }
}

/// $`\binom{2m}{m-n}^{1/2}`$ for n = m, m − 1, …, 0, a running product.
pub(crate) fn root_binomials(m: usize) -> impl Iterator<Item = Scaled> {
    (0..=m).scan(Scaled::ONE, move |product, i| {
        if i > 0 {
            *product = *product * Scaled::new(((2 * m - i + 1) as f64 / i as f64).sqrt());
        }
        Some(*product)
    })
}

/// Checks that all angles are finite.
pub(crate) fn check_angles(betas: &[f64]) -> Result<()> {
    check::finite("angles", aview1(betas))
}
