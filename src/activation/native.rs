//! One pass over prepared variances, in whole vector registers of either precision.
//!
//! Per point it needs one root and one division, of independent numbers; what fails a check goes through the
//! general pass, which finds the error.

use super::function::Activation;
use super::native_kernels::{Bell, Erf, Gelu, LeakyRelu, Modulus, Relu, Sigmoid, Sign};
use super::prepared::PreparedVariance;
use super::variance::Variance;
use crate::error::Result;
use crate::special::Real;
use crate::special::lanes::{Pack, Truth};
use pulp::{Arch, Simd, WithSimd};

/// Points that go through the general pass after a failed check; at least one.
const DETOUR: usize = 16;

/// What a kernel needs at the points of one register.
#[derive(Clone, Copy)]
pub(crate) struct Points<S: Simd, T: Real> {
    pub(crate) q1: Pack<S, T>,
    pub(crate) q2: Pack<S, T>,
    pub(crate) f1: Pack<S, T>,
    pub(crate) f2: Pack<S, T>,
    pub(crate) k: Pack<S, T>,
}

/// Expectations of σσ and σ'σ', and whether the covariance is one.
pub(crate) struct Moments<S: Simd, T: Real> {
    pub(crate) value: Pack<S, T>,
    pub(crate) derivative: Pack<S, T>,
    pub(crate) valid: Truth<S, T>,
}

/// The expectations of one activation function at the points of a register.
pub(crate) trait Kernel<T: Real>: Copy {
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T>;
}

/// Does what [`Activation::apply_prepared`] says for plain variances, or returns `None` if the activation
/// has no kernel here.
pub(crate) fn apply<T: Real>(
    activation: &Activation,
    q1: PreparedVariance<T>,
    q2: PreparedVariance<T>,
    nngp: &mut [T],
    ntk: &mut [T],
    noise: f64,
) -> Option<Result<()>> {
    Some(match *activation {
        Activation::Relu => run(activation, Relu { noise }, q1, q2, nngp, ntk, noise),
        Activation::LeakyRelu { slope: -1.0 } | Activation::Abs => {
            run(activation, Modulus { noise }, q1, q2, nngp, ntk, noise)
        }
        Activation::LeakyRelu { slope } => run(
            activation,
            LeakyRelu { slope, noise },
            q1,
            q2,
            nngp,
            ntk,
            noise,
        ),
        Activation::Sign => run(activation, Sign { noise }, q1, q2, nngp, ntk, noise),
        Activation::Erf => run(activation, Erf, q1, q2, nngp, ntk, noise),
        Activation::SigmoidLike => run(activation, Sigmoid, q1, q2, nngp, ntk, noise),
        Activation::Gaussian => run(activation, Bell, q1, q2, nngp, ntk, noise),
        Activation::Gelu => run(activation, Gelu, q1, q2, nngp, ntk, noise),
        _ => return None,
    })
}

fn run<T: Real, K: Kernel<T>>(
    activation: &Activation,
    kernel: K,
    q1: PreparedVariance<T>,
    q2: PreparedVariance<T>,
    nngp: &mut [T],
    ntk: &mut [T],
    noise: f64,
) -> Result<()> {
    let mut done = 0;
    loop {
        let failed = Arch::new().dispatch(Pass {
            kernel,
            q1: q1.from(done),
            q2: q2.from(done),
            nngp: &mut nngp[done..],
            ntk: &mut ntk[done..],
        });
        let Some(start) = failed else {
            return Ok(());
        };
        let start = done + start;
        done = nngp.len().min(start + DETOUR);
        detour(activation, [q1, q2], nngp, ntk, start..done, noise)?;
    }
}

/// The general pass over some points.
#[cold]
fn detour<T: Real>(
    activation: &Activation,
    variances: [PreparedVariance<T>; 2],
    nngp: &mut [T],
    ntk: &mut [T],
    range: std::ops::Range<usize>,
    noise: f64,
) -> Result<()> {
    let start = range.start;
    let [q1, q2] = variances.map(|q| &q.variance[range.clone()]);
    T::apply_general(
        activation,
        Variance::Field(q1),
        Variance::Field(q2),
        &mut nngp[range.clone()],
        Some(&mut ntk[range]),
        noise,
    )
    .map_err(|error| error.shifted(start))
}

/// New covariances and tangent kernels of one register, and whether all is well.
#[inline(always)]
fn step<S: Simd, T: Real, K: Kernel<T>>(
    simd: S,
    kernel: K,
    [q1, q2, f1, f2, k, t]: [T::Register<S>; 6],
) -> (T::Register<S>, T::Register<S>, bool) {
    let moments = kernel.at(Points {
        q1: Pack::new(simd, q1),
        q2: Pack::new(simd, q2),
        f1: Pack::new(simd, f1),
        f2: Pack::new(simd, f2),
        k: Pack::new(simd, k),
    });
    let tangent = moments.derivative * Pack::new(simd, t);
    let finite = tangent.abs().at_most(Pack::splat(simd, T::max_value()));
    let good = (moments.valid & finite).all();
    (moments.value.register, tangent.register, good)
}

struct Pass<'a, T: Real, K> {
    kernel: K,
    q1: PreparedVariance<'a, T>,
    q2: PreparedVariance<'a, T>,
    nngp: &'a mut [T],
    ntk: &'a mut [T],
}

impl<T: Real, K: Kernel<T>> WithSimd for Pass<'_, T, K> {
    /// The first point of the first register that failed a check, which is left as it was.
    type Output = Option<usize>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Option<usize> {
        let (k, k_rest) = T::split_mut::<S>(self.nngp);
        let (t, t_rest) = T::split_mut::<S>(self.ntk);
        let (q1, q1_rest) = T::split::<S>(self.q1.variance);
        let (q2, q2_rest) = T::split::<S>(self.q2.variance);
        let (f1, f1_rest) = T::split::<S>(self.q1.factor);
        let (f2, f2_rest) = T::split::<S>(self.q2.factor);
        let kernel = self.kernel;
        let registers = k.len();
        let variances = q1.iter().zip(q2).zip(f1.iter().zip(f2));
        for (i, ((k, t), ((q1, q2), (f1, f2)))) in k.iter_mut().zip(t).zip(variances).enumerate() {
            let (value, tangent, good) = step(simd, kernel, [*q1, *q2, *f1, *f2, *k, *t]);
            if !good {
                return Some(i * (size_of_val(k) / size_of::<T>()));
            }
            *k = value;
            *t = tangent;
        }
        if k_rest.is_empty() {
            return None;
        }
        let rest = [
            T::load_part(simd, q1_rest),
            T::load_part(simd, q2_rest),
            T::load_part(simd, f1_rest),
            T::load_part(simd, f2_rest),
            T::load_part(simd, k_rest),
            T::load_part(simd, t_rest),
        ];
        let (value, tangent, good) = step(simd, kernel, rest);
        if !good {
            return Some(registers * (size_of::<T::Register<S>>() / size_of::<T>()));
        }
        T::store_part(simd, k_rest, value);
        T::store_part(simd, t_rest, tangent);
        None
    }
}
