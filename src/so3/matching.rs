//! Rotational matching: the rotation of one signal on the sphere that fits another signal best.

use super::best_rotation::BestRotation;
use super::correlation::correlate_real;
use super::grid::RotationGrid;
use super::planner::WignerPlanner;
use super::transform::WignerPlan;
use crate::check;
use crate::group::{EulerZyz, Rotation};
use crate::numeric::powers::{exponent, times_power};
use crate::numeric::small::{SymmetricEigen, dot, norm};
use crate::sphere::{
    CoefficientRotation, CoefficientRotationScratch, Sampling,
    coefficients::{band_limit, check_real},
};
use crate::{Error, Result};
use ndarray::{Array3, ArrayView3, Axis};
use num_complex::Complex64;
use std::f64::consts::PI;
use std::sync::Arc;

/// Grid points from which the refinement starts.
const STARTS: usize = 12;
/// Steps of one refinement; five or six are usual.
const STEP_LIMIT: usize = 100;
/// After a full Newton step of this length (radians) the next one would be below rounding.
const LAST_STEP: f64 = 1e-7;
/// Curvatures below this part of the largest one are raised to it: along a symmetry of the signals the curvature vanishes.
const LEAST_CURVATURE: f64 = 1e-6;
/// The largest deviation from the symmetry of a real signal, as a fraction of the largest coefficient.
const REALITY_GUARD: f64 = 1e-9;

/// Finds the rotation R that maximises $`\langle f, R g\rangle`$ for two real signals, summed over channels.
///
/// ```math
/// F(R) = \sum_c \int_{S^2} f_c(x)\, g_c(R^{-1} x)\, d\Omega
/// ```
/// The signal g is rotated actively, as by [`crate::sphere::rotate_coefficients`]. F is evaluated on a grid of SO(3). Newton's method
/// with a trust region then maximises the band-limited function itself from the best grid points.
/// If there are several maximisers (symmetric signals), one of them is returned.
///
/// The degree 0, the mean value, contributes a constant to F. It enters the value and the score, but not the search, so a
/// large mean does not reduce the accuracy of the rotation. If one of the signals has no other degree, every rotation is best, and the
/// identity is returned after 0 steps. Multiplying a signal by a power of two changes neither rotation nor score. Conventions: see [`crate::conventions`].
///
/// # Arguments
/// * `f`, `g` — coefficients of real signals, shape `[channels, L, 2L − 1]`
///
/// # Cost and accuracy
/// O(L⁴) time and O(L³) memory for the grid (1.5 L angles β, 3 L angles α and γ), O(L³) per Newton step. The rotation is within
/// about 1e-12 rad of the maximiser. For many pairs, [`RotationMatcher`] makes its tables once.
///
/// # Errors
/// As [`RotationMatcher::best_rotation`].
///
/// # Examples
/// ```
/// use haarmonic::so3::best_rotation;
/// use ndarray::Array3;
/// use num_complex::Complex64;
/// // f = Y₁₀ is largest at the pole, g = (Y₁₋₁ − Y₁₁)/√2 at x: R takes x to the pole.
/// let (mut f, mut g) = (Array3::<Complex64>::zeros((1, 2, 3)), Array3::<Complex64>::zeros((1, 2, 3)));
/// f[[0, 1, 1]] = 1.0.into();
/// g[[0, 1, 0]] = 0.5_f64.sqrt().into();
/// g[[0, 1, 2]] = (-0.5_f64.sqrt()).into();
/// let best = best_rotation(f.view(), g.view())?;
/// assert!((best.score - 1.0).abs() < 1e-14);
/// assert!((best.rotation.apply([1.0, 0.0, 0.0])[2] - 1.0).abs() < 1e-14);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// KR08, Sect. 5.
pub fn best_rotation(
    f: ArrayView3<'_, Complex64>,
    g: ArrayView3<'_, Complex64>,
) -> Result<BestRotation> {
    if f.is_empty() {
        return Err(Error::empty("first signal of a match"));
    }
    RotationMatcher::new(band_limit(f.index_axis(Axis(0), 0))?)?.best_rotation(f, g)
}

/// Finds best rotations for signals of one band limit; see [`best_rotation`].
#[derive(Debug)]
pub struct RotationMatcher {
    plan: Arc<WignerPlan>,
    rotation: CoefficientRotation,
}

impl RotationMatcher {
    /// Makes the grid and the tables.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or the grid would be too large.
    pub fn new(band_limit: usize) -> Result<Self> {
        let rotation = CoefficientRotation::real(band_limit)?;
        let finer = band_limit.saturating_add(band_limit / 2);
        let count = smooth(2 * finer - 1);
        let grid = RotationGrid::with_counts(finer, Sampling::GaussLegendre, count, count)?;
        Ok(RotationMatcher {
            plan: WignerPlanner::new().plan_on(band_limit, &grid)?,
            rotation,
        })
    }

    /// Returns the band limit L.
    pub fn band_limit(&self) -> usize {
        self.rotation.band_limit()
    }

    /// Finds the rotation R that maximises $`\langle f, R g\rangle`$; formula and arguments as for [`best_rotation`].
    ///
    /// # Errors
    /// [`Error::Empty`] without a channel, [`Error::ShapeMismatch`] if the shapes differ or do not fit the band limit,
    /// [`Error::NotFinite`], [`Error::InvalidValue`] if a signal is not real or is zero, [`Error::NotConverged`] if the best
    /// refinement does not end.
    pub fn best_rotation(
        &self,
        f: ArrayView3<'_, Complex64>,
        g: ArrayView3<'_, Complex64>,
    ) -> Result<BestRotation> {
        let band_limit = self.band_limit();
        let shape = [f.shape()[0], band_limit, 2 * band_limit - 1];
        let [f, g] = [
            Signal::new("first signal of a match", f, &shape)?,
            Signal::new("second signal of a match", g, &shape)?,
        ];
        if f.norm == 0.0 || g.norm == 0.0 {
            return Ok(BestRotation {
                rotation: Rotation::identity(),
                value: f.value(&g, 0.0),
                score: f.score(&g, 0.0),
                runner_up: None,
                steps: 0,
                curvature: [[0.0; 3]; 3],
            });
        }
        // K(R) = (1/4π) ∫ g(x) f(R x): the moved signal comes first.
        let [f_rest, g_rest] = [&f, &g].map(|signal| signal.rest.view());
        let samples = correlate_real(&self.plan, g_rest, f_rest)?;
        let mut climber = Climber::new(&self.rotation, f_rest, g_rest, f.norm * g.norm);
        let starts = self.starts(&samples)?;
        let mut ends = Vec::with_capacity(starts.len());
        for start in starts {
            ends.push(climber.climb(start)?);
        }
        ends.sort_by(|a, b| b.value.total_cmp(&a.value));
        let best = ends[0];
        if !best.converged {
            return Err(Error::not_converged(
                "best rotation",
                best.last_step,
                LAST_STEP,
                format!("{STEP_LIMIT} steps"),
            ));
        }
        let apart = 0.25 * PI / band_limit as f64;
        let runner_up = ends[1..]
            .iter()
            .find(|end| end.rotation.angle_to(&best.rotation) > apart)
            .map(|end| f.score(&g, end.value));
        climber.value(&best.rotation)?;
        let (_, hessian) = climber.derivatives();
        Ok(BestRotation {
            rotation: best.rotation,
            value: f.value(&g, best.value),
            score: f.score(&g, best.value),
            runner_up,
            steps: best.steps,
            curvature: hessian.map(|row| row.map(|entry| times_power(-entry, f.own + g.own))),
        })
    }

    /// The best grid points, a grid cell and more from each other.
    fn starts(&self, samples: &Array3<f64>) -> Result<Vec<Rotation>> {
        let grid = self.plan.grid();
        let (alphas, betas, gammas) = (grid.alphas(), grid.betas(), grid.gammas());
        let [n_gamma, n_beta, n_alpha] = grid.shape();
        let mut peaks = Vec::new();
        for c in 0..n_gamma {
            for b in 0..n_beta {
                for a in 0..n_alpha {
                    let value = samples[[c, b, a]];
                    // Local maxima among the six neighbours; equal values count, so there is always one.
                    let before = [(a + n_alpha - 1) % n_alpha, (c + n_gamma - 1) % n_gamma];
                    let after = [(a + 1) % n_alpha, (c + 1) % n_gamma];
                    if value >= samples[[c, b, before[0]]]
                        && value >= samples[[c, b, after[0]]]
                        && value >= samples[[before[1], b, a]]
                        && value >= samples[[after[1], b, a]]
                        && (b == 0 || value >= samples[[c, b - 1, a]])
                        && (b + 1 == n_beta || value >= samples[[c, b + 1, a]])
                    {
                        peaks.push((value, [a, b, c]));
                    }
                }
            }
        }
        peaks.sort_by(|x, y| y.0.total_cmp(&x.0));
        let apart = PI / grid.band_limit() as f64;
        let mut starts: Vec<Rotation> = Vec::with_capacity(STARTS);
        // On flat functions every point is a peak: a bounded number is looked at.
        for (_, [a, b, c]) in peaks.into_iter().take(64 * STARTS) {
            let rotation = Rotation::from(EulerZyz::new(alphas[a], betas[b], gammas[c])?);
            if starts.iter().all(|other| other.angle_to(&rotation) > apart) {
                starts.push(rotation);
                if starts.len() == STARTS {
                    break;
                }
            }
        }
        Ok(starts)
    }
}

/// A real signal in two parts: the degree 0, which no rotation changes, and the rest, each divided by a power of two so that it is near
/// one in size.
struct Signal {
    /// The degree 0 of each channel, divided by 2ᵗ with the exponent t of the whole signal.
    means: Vec<f64>,
    /// The other degrees, divided by 2ʳ with the exponent r of their own.
    rest: Array3<Complex64>,
    /// Of the rest as it is stored.
    norm: f64,
    /// t and r.
    whole: i32,
    own: i32,
}

impl Signal {
    fn new(what: &str, signal: ArrayView3<'_, Complex64>, shape: &[usize]) -> Result<Signal> {
        check::shape(what, signal.shape(), shape)?;
        check::finite(what, signal)?;
        for channel in signal.outer_iter() {
            check_real(channel, REALITY_GUARD)?;
        }
        let centre = signal.shape()[1] - 1;
        let mut constant = Vec::with_capacity(signal.shape()[0]);
        let mut rest = signal.to_owned();
        for mut channel in rest.outer_iter_mut() {
            constant.push(channel[[0, centre]].re);
            channel.row_mut(0).fill(Complex64::ZERO);
        }
        let own = exponent(rest.iter().flat_map(|c| [c.re, c.im]));
        rest.mapv_inplace(|c| Complex64::new(times_power(c.re, -own), times_power(c.im, -own)));
        let norm = inner(&rest.view(), &rest.view()).sqrt();
        let of_means = exponent(constant.iter().copied());
        let has_means = constant.iter().any(|mean| *mean != 0.0);
        let whole = match (has_means, norm > 0.0) {
            (true, true) => own.max(of_means),
            (true, false) => of_means,
            (false, true) => own,
            (false, false) => {
                return Err(Error::invalid(
                    what,
                    "zero everywhere",
                    "a signal that is not zero",
                ));
            }
        };
        let means = constant.iter().map(|mean| times_power(*mean, -whole));
        Ok(Signal {
            means: means.collect(),
            rest,
            norm,
            whole,
            own,
        })
    }

    /// ⟨f, R g⟩ divided by the powers of two of both whole signals.
    ///
    /// # Arguments
    /// * `rest` — the index among the stored rests
    fn whole_value(&self, other: &Signal, rest: f64) -> f64 {
        let means: f64 = self
            .means
            .iter()
            .zip(&other.means)
            .map(|(f, g)| f * g)
            .sum();
        let finer = (self.own - self.whole) + (other.own - other.whole);
        means + times_power(rest, finer)
    }

    fn value(&self, other: &Signal, rest: f64) -> f64 {
        times_power(self.whole_value(other, rest), self.whole + other.whole)
    }

    fn score(&self, other: &Signal, rest: f64) -> f64 {
        self.whole_value(other, rest) / (self.whole_norm() * other.whole_norm())
    }

    /// The norm, divided by the power of two of the whole signal.
    fn whole_norm(&self) -> f64 {
        let means: f64 = self.means.iter().map(|mean| mean * mean).sum();
        let rest = times_power(self.norm, self.own - self.whole);
        (means + rest * rest).sqrt()
    }
}

/// The smallest number from `least` on without prime factors above five.
fn smooth(least: usize) -> usize {
    (least..)
        .find(|&n| {
            let mut rest = n;
            for prime in [2, 3, 5] {
                while rest.is_multiple_of(prime) {
                    rest /= prime;
                }
            }
            rest == 1
        })
        .expect("there are powers of two above every number")
}

/// Where a refinement ended.
#[derive(Debug, Clone, Copy)]
struct End {
    rotation: Rotation,
    value: f64,
    steps: usize,
    last_step: f64,
    converged: bool,
}

/// Climbs $`F(e^{\omega} R) = \langle f, e^{-i\omega\cdot J} R g\rangle`$ from given rotations.
struct Climber<'a> {
    rotation: &'a CoefficientRotation,
    scratch: CoefficientRotationScratch,
    f: ArrayView3<'a, Complex64>,
    g: ArrayView3<'a, Complex64>,
    turned_f: [Array3<Complex64>; 3],
    turned_moved: [Array3<Complex64>; 3],
    moved: Array3<Complex64>,
    norm: f64,
}

impl<'a> Climber<'a> {
    fn new(
        rotation: &'a CoefficientRotation,
        f: ArrayView3<'a, Complex64>,
        g: ArrayView3<'a, Complex64>,
        norm: f64,
    ) -> Self {
        let zeros = || [(); 3].map(|_| Array3::zeros(f.raw_dim()));
        let mut turned_f = zeros();
        infinitesimal(&f, &mut turned_f);
        Climber {
            rotation,
            scratch: rotation.make_scratch(),
            f,
            g,
            turned_f,
            turned_moved: zeros(),
            moved: Array3::zeros(g.raw_dim()),
            norm,
        }
    }

    /// Rotates g and returns F.
    fn value(&mut self, rotation: &Rotation) -> Result<f64> {
        let euler = rotation.euler_zyz();
        for (g, moved) in self.g.outer_iter().zip(self.moved.outer_iter_mut()) {
            self.rotation
                .rotate_into(g, &euler, moved, &mut self.scratch)?;
        }
        Ok(inner(&self.f, &self.moved.view()))
    }

    /// Gradient and Hessian of F in ω at ω = 0, from the signal that was moved last.
    fn derivatives(&mut self) -> ([f64; 3], [[f64; 3]; 3]) {
        infinitesimal(&self.moved.view(), &mut self.turned_moved);
        let (f, g) = (&self.turned_f, &self.turned_moved);
        let gradient = [0, 1, 2].map(|a| inner(&self.f, &g[a].view()));
        // X_a = −iJ_a is antisymmetric: ⟨f, X_a X_b g⟩ = −⟨X_a f, X_b g⟩.
        let products = [0, 1, 2].map(|a| [0, 1, 2].map(|b| -inner(&f[a].view(), &g[b].view())));
        let hessian = [0, 1, 2].map(|a| [0, 1, 2].map(|b| 0.5 * (products[a][b] + products[b][a])));
        (gradient, hessian)
    }

    fn climb(&mut self, start: Rotation) -> Result<End> {
        let mut radius = 0.5 / self.rotation.band_limit() as f64;
        let mut end = End {
            rotation: start,
            value: self.value(&start)?,
            steps: 0,
            last_step: f64::INFINITY,
            converged: false,
        };
        let (mut gradient, mut hessian) = self.derivatives();
        while end.steps < STEP_LIMIT {
            let eigen = SymmetricEigen::new(hessian);
            let highest = eigen.values[eigen.largest()];
            let steepest = eigen.values.iter().fold(highest, |m, v| m.max(v.abs()));
            if steepest <= f64::EPSILON * self.norm {
                // Constant signals: every rotation is best.
                (end.last_step, end.converged) = (0.0, true);
                break;
            }
            let mut step = [0.0; 3];
            for (value, vector) in eigen.values.iter().zip(&eigen.vectors) {
                let curvature = value.abs().max(LEAST_CURVATURE * steepest);
                let along = dot(vector, &gradient) / curvature;
                for (entry, component) in step.iter_mut().zip(vector) {
                    *entry += along * component;
                }
            }
            let length = norm(&step);
            let uphill = highest <= LEAST_CURVATURE * steepest;
            if length > radius {
                step = step.map(|entry| entry * (radius / length));
            }
            end.last_step = length.min(radius);
            let next = moved_by(&step, &end.rotation)?;
            let value = self.value(&next)?;
            end.steps += 1;
            if length <= LAST_STEP && length <= radius && uphill {
                (end.rotation, end.value) = (next, value);
                end.converged = true;
                break;
            }
            // A gain below rounding is a gain.
            if value >= end.value - 64.0 * f64::EPSILON * self.norm {
                (end.rotation, end.value) = (next, value);
                (gradient, hessian) = self.derivatives();
                radius = (2.0 * radius).min(PI / 4.0);
                if length <= LAST_STEP {
                    // On a saddle: the symmetry of the start is broken once.
                    let away = eigen.vectors[eigen.largest()]
                        .map(|entry| entry * (0.1 / self.rotation.band_limit() as f64));
                    end.rotation = moved_by(&away, &end.rotation)?;
                    end.value = self.value(&end.rotation)?;
                    (gradient, hessian) = self.derivatives();
                }
            } else {
                radius = 0.25 * end.last_step;
            }
        }
        Ok(end)
    }
}

/// The rotation by the vector ω after another one.
fn moved_by(step: &[f64; 3], rotation: &Rotation) -> Result<Rotation> {
    let angle = norm(step);
    if angle == 0.0 {
        return Ok(*rotation);
    }
    Ok(Rotation::about_axis(*step, angle)?.compose(rotation))
}

/// $`\sum_c \int f_c g_c\, d\Omega`$ for real signals, from the orders m ≥ 0.
fn inner(f: &ArrayView3<'_, Complex64>, g: &ArrayView3<'_, Complex64>) -> f64 {
    let centre = f.shape()[1] - 1;
    let mut sum = 0.0;
    for (f, g) in f.outer_iter().zip(g.outer_iter()) {
        for (l, (f, g)) in f.rows().into_iter().zip(g.rows()).enumerate() {
            let mut above = 0.0;
            for k in centre + 1..=centre + l {
                above += f[k].re * g[k].re + f[k].im * g[k].im;
            }
            sum += f[centre].re * g[centre].re + 2.0 * above;
        }
    }
    sum
}

/// The derivatives of a real signal under rotations about x, y and z: $`X_a = -i J_a`$, for the orders m ≥ 0.
///
/// $`J_z = m`$, $`J_\pm\,|m\rangle = \sqrt{\ell(\ell+1) - m(m\pm1)}\,|m\pm1\rangle`$, $`J_x = (J_+ + J_-)/2`$, $`J_y = (J_+ - J_-)/2i`$.
fn infinitesimal(signal: &ArrayView3<'_, Complex64>, out: &mut [Array3<Complex64>; 3]) {
    let limit = signal.shape()[1];
    let centre = limit - 1;
    for (c, channel) in signal.outer_iter().enumerate() {
        for (l, row) in channel.rows().into_iter().enumerate() {
            let square = (l * (l + 1)) as f64;
            for m in 0..=l {
                let order = m as f64;
                let lower = if m > 0 {
                    row[centre + m - 1]
                } else if l > 0 {
                    // f_{l,−1} = −conj f_{l,1}
                    -row[centre + 1].conj()
                } else {
                    Complex64::ZERO
                };
                let upper = if m < l {
                    row[centre + m + 1]
                } else {
                    Complex64::ZERO
                };
                let raised = (square - order * (order - 1.0)).sqrt() * lower;
                let lowered = (square - order * (order + 1.0)).sqrt() * upper;
                let sum = 0.5 * (raised + lowered);
                let at = [c, l, centre + m];
                out[0][at] = Complex64::new(sum.im, -sum.re);
                out[1][at] = -0.5 * (raised - lowered);
                out[2][at] =
                    Complex64::new(order * row[centre + m].im, -order * row[centre + m].re);
            }
        }
    }
}
