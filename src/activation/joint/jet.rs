//! The numbers that the corrections take from one variable and from a pair of variables.

/// A function of variances $`q_a, q_b`$ and covariance k of two Gaussian variables, with its first and second derivatives.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Jet {
    /// The value.
    pub(crate) v: f64,
    /// By k.
    pub(crate) k: f64,
    /// By $`q_a`$.
    pub(crate) a: f64,
    /// By $`q_b`$.
    pub(crate) b: f64,
    pub(crate) kk: f64,
    pub(crate) ka: f64,
    pub(crate) kb: f64,
    pub(crate) aa: f64,
    pub(crate) ab: f64,
    pub(crate) bb: f64,
}

impl Jet {
    /// The jet of a multiple of the function.
    pub(crate) fn scaled(self, factor: f64) -> Jet {
        Jet {
            v: factor * self.v,
            k: factor * self.k,
            a: factor * self.a,
            b: factor * self.b,
            kk: factor * self.kk,
            ka: factor * self.ka,
            kb: factor * self.kb,
            aa: factor * self.aa,
            ab: factor * self.ab,
            bb: factor * self.bb,
        }
    }

    /// The jet with the two variables exchanged.
    pub(crate) fn reversed(self) -> Jet {
        Jet {
            a: self.b,
            b: self.a,
            ka: self.kb,
            kb: self.ka,
            aa: self.bb,
            bb: self.aa,
            ..self
        }
    }

    /// The jet of the diagonal, a function of one variance: value, first and second derivative.
    pub(crate) fn diagonal([v, k, kk]: [f64; 3]) -> Jet {
        Jet {
            v,
            k,
            kk,
            ..Jet::default()
        }
    }

    /// Value, first and second derivative along $`q_a = k = q_b`$.
    pub(crate) fn along(self) -> [f64; 3] {
        [
            self.v,
            self.k + self.a + self.b,
            self.kk + self.aa + self.bb + 2.0 * (self.ka + self.kb + self.ab),
        ]
    }
}

/// The expectations of one variable of variance q.
#[derive(Debug, Clone, Default)]
pub(crate) struct Own {
    /// q
    pub(crate) q: f64,
    /// $`c(q) = E[\sigma^2]`$ with its first and second derivative.
    pub(crate) value: [f64; 3],
    /// $`\dot c(q) = E[\sigma'^2]`$ with its first and second derivative.
    pub(crate) derivative: [f64; 3],
    /// $`E[\sigma^4], E[\sigma^2\sigma'^2], E[\sigma'^4]`$
    pub(crate) fourth: [f64; 3],
    /// The Hermite coefficients of a series, one array after the other.
    pub(super) coefficients: Vec<f64>,
    /// The number of coefficients that matter.
    pub(super) terms: usize,
}

/// The expectations of a pair of variables a, b.
///
/// A pair of samples among aa, ab, bb has the number 0, 1, 2: how often b occurs in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    /// $`C = E[\sigma_a\sigma_b]`$
    pub(crate) value: Jet,
    /// $`\dot C = E[\sigma'_a\sigma'_b]`$
    pub(crate) derivative: Jet,
    /// $`E[\sigma\sigma\sigma\sigma]`$ by the number of b.
    pub(crate) values: [f64; 5],
    /// $`E[\sigma\sigma\,\sigma'\sigma']`$ by the pair of σ and the pair of σ'.
    pub(crate) mixed: [[f64; 3]; 3],
    /// $`E[\sigma'\sigma'\sigma'\sigma']`$ by the number of b.
    pub(crate) derivatives: [f64; 5],
}
