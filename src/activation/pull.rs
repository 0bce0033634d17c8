//! The pass over the points that pulls cotangents back through an activation.

use pulp::Arch;

use super::formula::Function;
use super::slopes::At;

/// Cotangents of both kernels after an activation; replaced by those before it.
pub(crate) struct Pulled<'a> {
    pub(crate) nngp: &'a mut [f64],
    pub(crate) ntk: &'a mut [f64],
    /// Receives the cotangents of both variances, point by point.
    pub(crate) variances: [&'a mut [f64]; 2],
}

/// The arrays of a pass, one entry per point.
pub(super) struct PullJob<'a> {
    pub(super) variances: [&'a [f64]; 2],
    pub(super) covariance: &'a [f64],
    pub(super) value: &'a [f64],
    pub(super) derivative: &'a [f64],
    pub(super) further: [&'a [f64]; 2],
    pub(super) tangent: &'a [f64],
    pub(super) noise: f64,
    pub(super) pulled: Pulled<'a>,
}

/// Replaces cotangents after an activation by those before it.
///
/// All arrays are contiguous over the points, which are independent of each other: the compiler vectorises the loop for functions whose
/// derivatives have no branches.
pub(super) fn pull<F: Function>(function: F, job: PullJob<'_>) {
    let n = job.covariance.len();
    let PullJob {
        variances: [q1, q2],
        pulled:
            Pulled {
                nngp,
                ntk,
                variances: [to_q1, to_q2],
            },
        noise,
        ..
    } = job;
    let (q1, q2, k) = (&q1[..n], &q2[..n], &job.covariance[..n]);
    let (value, derivative) = (&job.value[..n], &job.derivative[..n]);
    let (first, second) = (&job.further[0][..n], &job.further[1][..n]);
    let tangent = &job.tangent[..n];
    let (nngp, ntk) = (&mut nngp[..n], &mut ntk[..n]);
    let (to_q1, to_q2) = (&mut to_q1[..n], &mut to_q2[..n]);
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for i in 0..n {
                let at = At {
                    q: [q1[i], q2[i]],
                    k: k[i],
                    value: value[i],
                    derivative: derivative[i],
                    further: [first[i], second[i]],
                    noise,
                };
                let slopes = function.slopes(at);
                let (a, b) = (nngp[i], ntk[i]);
                let tangent = b * tangent[i];
                to_q1[i] = a * slopes.value[0] + tangent * slopes.derivative[0];
                to_q2[i] = a * slopes.value[1] + tangent * slopes.derivative[1];
                nngp[i] = a * at.derivative + tangent * slopes.bend;
                ntk[i] = b * at.derivative;
            }
        },
    );
}
