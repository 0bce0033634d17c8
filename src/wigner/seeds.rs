//! Where the recursions in the degree start: angles that are accurate at both poles, and $`d^\ell_{mn}`$ of the lowest degree.

use crate::numeric::extended::Scaled;
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
