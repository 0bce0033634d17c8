//! The pass over the points for functions whose expectation takes a loop of its own: the points
//! go through in blocks, so that the inner loop runs over the lanes of a block.

use super::sweep::{Moment, check};
use super::variance::{Variance, check_finite};
use crate::error::Result;
use pulp::{Arch, Simd, WithSimd};

/// Points in a block: a few vector registers.
pub(crate) const LANES: usize = 32;
/// One number for each point of a block.
pub(crate) type Lanes = [f64; LANES];

/// The expectations of one activation function at a block of points.
pub(crate) trait BlockExpectation: Copy {
    /// What depends on the variances only.
    type Pair;

    fn pair(&self, q1: &Lanes, q2: &Lanes) -> Self::Pair;

    /// $`E[\sigma(u)\sigma(v)]`$ and, if wanted, $`E[\sigma'(u)\sigma'(v)]`$.
    fn at(&self, pair: &Self::Pair, k: &Lanes, derivative: bool) -> (Lanes, Lanes);
}

/// Checks the input, then replaces it; on a failed check nothing is changed.
pub(crate) fn sweep_blocks<E: BlockExpectation>(
    expectation: E,
    q1: Variance,
    q2: Variance,
    nngp: &mut [f64],
    mut ntk: Option<&mut [f64]>,
) -> Result<()> {
    check(q1, q2, nngp, ntk.as_deref())?;
    Arch::new().dispatch(Sweep {
        expectation,
        q1,
        q2,
        nngp: &mut *nngp,
        ntk: ntk.as_deref_mut(),
    });
    check_finite("expectation of the activation", nngp)?;
    check_finite("tangent kernel", ntk.as_deref().unwrap_or(&[]))
}

/// Replaces each variance by a second moment.
pub(crate) fn diagonal_blocks<E: BlockExpectation>(
    expectation: E,
    moment: Moment,
    q: &mut [f64],
) -> Result<()> {
    Variance::Field(q).check("variance", q.len())?;
    Arch::new().dispatch(Diagonal {
        expectation,
        moment,
        q: &mut *q,
    });
    check_finite("variance after the activation", q)
}

/// The block from `start` on; past the end it is zero.
#[inline(always)]
fn load(values: &[f64], start: usize) -> Lanes {
    let mut block = [0.0; LANES];
    let part = &values[start..values.len().min(start + LANES)];
    block[..part.len()].copy_from_slice(part);
    block
}

#[inline(always)]
fn load_variance(variance: Variance, start: usize) -> Lanes {
    match variance {
        Variance::Constant(q) => [q; LANES],
        Variance::Field(values) => load(values, start),
    }
}

struct Sweep<'a, E> {
    expectation: E,
    q1: Variance<'a>,
    q2: Variance<'a>,
    nngp: &'a mut [f64],
    ntk: Option<&'a mut [f64]>,
}

impl<E: BlockExpectation> WithSimd for Sweep<'_, E> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        if self.nngp.is_empty() {
            return;
        }
        let constant = matches!(
            (self.q1, self.q2),
            (Variance::Constant(_), Variance::Constant(_))
        );
        let mut pair = self
            .expectation
            .pair(&load_variance(self.q1, 0), &load_variance(self.q2, 0));
        for start in (0..self.nngp.len()).step_by(LANES) {
            if !constant && start > 0 {
                let (q1, q2) = (load_variance(self.q1, start), load_variance(self.q2, start));
                pair = self.expectation.pair(&q1, &q2);
            }
            let k = load(self.nngp, start);
            let (value, derivative) = self.expectation.at(&pair, &k, self.ntk.is_some());
            for (k, value) in self.nngp[start..].iter_mut().zip(value) {
                *k = value;
            }
            if let Some(ntk) = self.ntk.as_deref_mut() {
                for (t, derivative) in ntk[start..].iter_mut().zip(derivative) {
                    *t *= derivative;
                }
            }
        }
    }
}

struct Diagonal<'a, E> {
    expectation: E,
    moment: Moment,
    q: &'a mut [f64],
}

impl<E: BlockExpectation> WithSimd for Diagonal<'_, E> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for start in (0..self.q.len()).step_by(LANES) {
            let q = load(self.q, start);
            let pair = self.expectation.pair(&q, &q);
            let derivative = self.moment == Moment::Derivative;
            let moments = self.expectation.at(&pair, &q, derivative);
            let moment = if derivative { moments.1 } else { moments.0 };
            for (q, moment) in self.q[start..].iter_mut().zip(moment) {
                *q = moment;
            }
        }
    }
}
