//! Least squares by the Krylov method LSMR: x that minimises $`\|b - A x\|^2 + \lambda^2 \|x\|^2`$.
//!
//! Golub–Kahan bidiagonalisation of A from b, and a QR factorisation of $`B_k^T B_k`$ that is updated by rotations. $`\|A^T r\|`$ falls from
//! step to step. (FS11)

/// A linear map on vectors of real numbers.
pub(super) trait Operator {
    /// y ← A x.
    fn apply(&mut self, x: &[f64], y: &mut [f64]);
    /// x ← Aᵀ y.
    fn apply_transposed(&mut self, y: &[f64], x: &mut [f64]);
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limits {
    pub tolerance: f64,
    pub iterations: usize,
    pub damping: f64,
    /// The largest condition number.
    pub condition: f64,
}

/// Why the iteration stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// The signal, or its projection onto the functions, is zero: so are the coefficients.
    Zero,
    /// The residual is below the tolerance times the signal: the values are fitted.
    Residual,
    /// The gradient $`A^T r`$ is below the tolerance times the norms of A and r: the residual is the least one.
    Gradient,
    /// The condition number exceeded its limit: the points do not determine the coefficients.
    Condition,
    /// The limit of iterations.
    Iterations,
}

/// What the iteration found out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Outcome {
    pub iterations: usize,
    pub condition: f64,
    pub reason: StopReason,
}

/// A plane rotation that takes (a, b) to (r, 0).
fn rotation(a: f64, b: f64) -> (f64, f64, f64) {
    let r = a.hypot(b);
    if r == 0.0 {
        return (1.0, 0.0, 0.0);
    }
    (a / r, b / r, r)
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// Divides a vector by its norm, which it returns.
fn normalise(values: &mut [f64]) -> f64 {
    let size = norm(values);
    if size > 0.0 {
        for value in values.iter_mut() {
            *value /= size;
        }
    }
    size
}

/// out ← values − factor · out.
fn subtract_from(values: &[f64], factor: f64, out: &mut [f64]) {
    for (out, value) in out.iter_mut().zip(values) {
        *out = value - factor * *out;
    }
}

/// Solves from x = 0; `signal` is overwritten.
pub(super) fn lsmr(
    operator: &mut impl Operator,
    signal: &mut [f64],
    x: &mut [f64],
    limits: Limits,
) -> Outcome {
    x.fill(0.0);
    let u = signal;
    let total = normalise(u);
    let mut v = vec![0.0; x.len()];
    operator.apply_transposed(u, &mut v);
    let mut alpha = normalise(&mut v);
    let mut outcome = Outcome {
        iterations: 0,
        condition: 1.0,
        reason: StopReason::Zero,
    };
    if total == 0.0 || alpha == 0.0 {
        return outcome;
    }
    let (mut h, mut h_bar) = (v.clone(), vec![0.0; x.len()]);
    let (mut image, mut back) = (vec![0.0; u.len()], vec![0.0; x.len()]);
    let (mut zeta_bar, mut alpha_bar) = (alpha * total, alpha);
    let (mut rho, mut rho_bar, mut c_bar, mut s_bar) = (1.0, 1.0, 1.0, 0.0);
    // For the norm of the residual: a second factorisation, of the triangle of the first one.
    let (mut beta_dd, mut beta_d, mut rho_d) = (total, 0.0, 1.0);
    let (mut tau, mut theta_tilde, mut zeta, mut lost) = (0.0, 0.0, 0.0, 0.0);
    let mut size = alpha * alpha;
    let (mut largest, mut smallest) = (0.0_f64, f64::INFINITY);
    outcome.reason = StopReason::Iterations;
    while outcome.iterations < limits.iterations {
        outcome.iterations += 1;
        operator.apply(&v, &mut image);
        subtract_from(&image, alpha, u);
        let beta = normalise(u);
        if beta > 0.0 {
            operator.apply_transposed(u, &mut back);
            subtract_from(&back, beta, &mut v);
            alpha = normalise(&mut v);
        } else {
            alpha = 0.0;
        }
        size += beta * beta + limits.damping * limits.damping;

        let (c_hat, s_hat, alpha_hat) = rotation(alpha_bar, limits.damping);
        let rho_old = rho;
        let (c, s, next_rho) = rotation(alpha_hat, beta);
        rho = next_rho;
        let theta_new = s * alpha;
        alpha_bar = c * alpha;
        let (rho_bar_old, zeta_old) = (rho_bar, zeta);
        let theta_bar = s_bar * rho;
        let rho_temp = c_bar * rho;
        (c_bar, s_bar, rho_bar) = rotation(rho_temp, theta_new);
        zeta = c_bar * zeta_bar;
        zeta_bar *= -s_bar;

        let factor = theta_bar * rho / (rho_old * rho_bar_old);
        subtract_from(&h, factor, &mut h_bar);
        let factor = zeta / (rho * rho_bar);
        for (x, h) in x.iter_mut().zip(&h_bar) {
            *x += factor * h;
        }
        subtract_from(&v, theta_new / rho, &mut h);

        let (beta_acute, beta_check) = (c_hat * beta_dd, -s_hat * beta_dd);
        let beta_hat = c * beta_acute;
        beta_dd = -s * beta_acute;
        let theta_tilde_old = theta_tilde;
        let (c_tilde, s_tilde, rho_tilde) = rotation(rho_d, theta_bar);
        theta_tilde = s_tilde * rho_bar;
        rho_d = c_tilde * rho_bar;
        beta_d = -s_tilde * beta_d + c_tilde * beta_hat;
        tau = (zeta_old - theta_tilde_old * tau) / rho_tilde;
        let tau_d = (zeta - theta_tilde * tau) / rho_d;
        lost += beta_check * beta_check;
        let residual = (lost + (beta_d - tau_d).powi(2) + beta_dd * beta_dd).sqrt();

        // The last pivot is still to change.
        if outcome.iterations > 1 {
            largest = largest.max(rho_bar_old);
            smallest = smallest.min(rho_bar_old);
        }
        outcome.condition = largest.max(rho_temp) / smallest.min(rho_temp);
        let norm_a = size.sqrt();
        size += alpha * alpha;
        if residual <= limits.tolerance * total {
            outcome.reason = StopReason::Residual;
            break;
        }
        if zeta_bar.abs() <= limits.tolerance * norm_a * residual || alpha == 0.0 {
            outcome.reason = StopReason::Gradient;
            break;
        }
        if outcome.condition > limits.condition {
            outcome.reason = StopReason::Condition;
            break;
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tol;

    /// A dense matrix, row by row.
    struct Matrix {
        columns: usize,
        entries: Vec<f64>,
    }

    impl Operator for Matrix {
        fn apply(&mut self, x: &[f64], y: &mut [f64]) {
            for (y, row) in y.iter_mut().zip(self.entries.chunks_exact(self.columns)) {
                *y = row.iter().zip(x).map(|(a, x)| a * x).sum();
            }
        }

        fn apply_transposed(&mut self, y: &[f64], x: &mut [f64]) {
            x.fill(0.0);
            for (y, row) in y.iter().zip(self.entries.chunks_exact(self.columns)) {
                for (x, a) in x.iter_mut().zip(row) {
                    *x += a * y;
                }
            }
        }
    }

    const LIMITS: Limits = Limits {
        tolerance: 1e-14,
        iterations: 50,
        damping: 0.0,
        condition: 1e12,
    };

    /// Diagonal problems have closed forms: $`x = d b / (d^2 + \lambda^2)`$.
    #[test]
    fn diagonal_problems() {
        let d = [3.0, 2.0, 1.0, 0.5];
        for damping in [0.0, 0.7] {
            let mut entries = vec![0.0; 24];
            for (i, d) in d.iter().enumerate() {
                entries[i * 4 + i] = *d;
            }
            let mut matrix = Matrix {
                columns: 4,
                entries,
            };
            let b = [1.0, -2.0, 3.0, 0.25, 4.0, 5.0];
            let (mut signal, mut x) = (b, [9.0; 4]);
            let limits = Limits { damping, ..LIMITS };
            let outcome = lsmr(&mut matrix, &mut signal, &mut x, limits);
            for i in 0..4 {
                let want = d[i] * b[i] / (d[i] * d[i] + damping * damping);
                assert!(
                    (x[i] - want).abs() <= tol::SMALL_SOLVE,
                    "{i}: {} {want}",
                    x[i]
                );
            }
            assert_eq!(outcome.reason, StopReason::Gradient);
            assert!(outcome.iterations <= 5, "{outcome:?}");
            let (a, b) = (d[0].hypot(damping), d[3].hypot(damping));
            assert!(
                (outcome.condition / (a / b) - 1.0).abs() < 0.5,
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn zero_signals_and_singular_matrices() {
        let mut matrix = Matrix {
            columns: 2,
            entries: vec![1.0, 1.0, 1.0, 1.0, 0.0, 0.0],
        };
        let mut x = [1.0; 2];
        let outcome = lsmr(&mut matrix, &mut [0.0; 3], &mut x, LIMITS);
        assert_eq!((outcome.reason, x), (StopReason::Zero, [0.0; 2]));
        // Orthogonal to the range.
        let outcome = lsmr(&mut matrix, &mut [0.0, 0.0, 1.0], &mut x, LIMITS);
        assert_eq!((outcome.reason, x), (StopReason::Zero, [0.0; 2]));
        // The solution of least norm.
        let outcome = lsmr(&mut matrix, &mut [2.0, 2.0, 0.0], &mut x, LIMITS);
        assert!(matches!(
            outcome.reason,
            StopReason::Residual | StopReason::Gradient
        ));
        assert!(
            x.iter().all(|x| (x - 1.0).abs() <= tol::SMALL_SOLVE),
            "{x:?}"
        );
        let limits = Limits {
            iterations: 1,
            ..LIMITS
        };
        matrix.entries[1] = 0.3;
        let outcome = lsmr(&mut matrix, &mut [2.0, -2.0, 1.0], &mut x, limits);
        assert_eq!(
            (outcome.reason, outcome.iterations),
            (StopReason::Iterations, 1)
        );
    }
}
