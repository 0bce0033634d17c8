//! The cross-correlation of two signals along rotations about the polar axis.
//!
//! ```math
//! \kappa(R_z(\omega)) = \frac1{4\pi c} \sum_c \int f_c(x) f'_c(R_z(\omega) x) \, dx
//!   = \frac1{4\pi c} \sum_m e^{im\omega} \sum_{c,l} \overline{f_{c,lm}} f'_{c,lm}
//! ```

use std::f64::consts::PI;

use ndarray::{ArrayView3, Axis};
use num_complex::Complex64;

use crate::kernel::sphere::{channel_len, places};

/// Angles about the polar axis with their weights and phases.
#[derive(Debug, Clone)]
pub(super) struct AxialAngles {
    weights: Vec<f64>,
    /// L, the number of orders m.
    orders: usize,
    /// Entry `[angle][m]` is exp(imω).
    phases: Vec<Complex64>,
}

impl AxialAngles {
    /// Tabulates the phases.
    ///
    /// # Arguments
    /// * `angles` — pairs of an angle ω and its weight
    /// * `band_limit` — L of the signals
    pub(super) fn new(angles: &[(f64, f64)], band_limit: usize) -> Self {
        let phase = |&(omega, _): &(f64, f64)| {
            (0..band_limit).map(move |m| Complex64::cis(m as f64 * omega))
        };
        AxialAngles {
            weights: angles.iter().map(|(_, weight)| *weight).collect(),
            orders: band_limit,
            phases: angles.iter().flat_map(phase).collect(),
        }
    }

    /// Computes $`\mathrm{Re} \sum_{m \ge 0} s_m e^{im\omega}`$ at the first `count` angles, with the coefficients $`s_m`$ of the correlation.
    ///
    /// The correlation of real signals is this real part, since the $`s_m`$ are doubled for m > 0.
    pub(super) fn values(&self, correlation: &AxialCorrelation, count: usize, out: &mut Vec<f64>) {
        // A product of the matrix of phases, one row per angle, with the coefficients.
        out.clear();
        let phases = self.phases.chunks_exact(self.orders).take(count);
        out.extend(phases.map(|phases| {
            let terms = correlation.orders.iter().zip(phases);
            terms.map(|(s, e)| s.re * e.re - s.im * e.im).sum::<f64>()
        }));
    }

    /// The adjoint of [`values`](Self::values): writes the cotangents of the coefficients, $`\bar s_m = \sum_\omega \bar\kappa_\omega
    /// e^{-im\omega}`$.
    pub(super) fn values_adjoint(&self, cotangents: &[f64], correlation: &mut AxialCorrelation) {
        correlation.orders.clear();
        correlation.orders.resize(self.orders, Complex64::ZERO);
        for (cotangent, phases) in cotangents.iter().zip(self.phases.chunks_exact(self.orders)) {
            for (s, e) in correlation.orders.iter_mut().zip(phases) {
                *s += *cotangent * e.conj();
            }
        }
    }

    /// The adjoint of [`sum`](Self::sum) over all angles.
    pub(super) fn spread(&self, cotangent: f64, out: &mut Vec<f64>) {
        out.clear();
        out.extend(self.weights.iter().map(|weight| cotangent * weight));
    }

    /// The weighted sum of values at the first angles.
    pub(super) fn sum(&self, values: &[f64]) -> f64 {
        values.iter().zip(&self.weights).map(|(v, w)| v * w).sum()
    }

    pub(super) fn len(&self) -> usize {
        self.weights.len()
    }
}

/// The Fourier coefficients m ≥ 0 of the correlation, doubled for m > 0.
#[derive(Debug, Clone, Default)]
pub(super) struct AxialCorrelation {
    orders: Vec<Complex64>,
}

impl AxialCorrelation {
    /// Computes the coefficients for two signals.
    ///
    /// # Arguments
    /// * `f`, `g` — coefficients of real signals, `[channels, L, 2L − 1]`
    pub(super) fn set(&mut self, f: ArrayView3<'_, Complex64>, g: ArrayView3<'_, Complex64>) {
        let (channels, band_limit, _) = f.dim();
        let norm = 1.0 / (4.0 * PI * channels as f64);
        self.orders.clear();
        self.orders.extend((0..band_limit).map(|m| {
            let [f, g] = [f, g].map(|s| {
                let order = s.index_axis_move(Axis(2), band_limit - 1 + m);
                order.split_at(Axis(1), m).1
            });
            let sum: Complex64 = f.iter().zip(&g).map(|(f, g)| f.conj() * g).sum();
            sum * if m == 0 { norm } else { 2.0 * norm }
        }));
    }

    /// The adjoint of [`set`](Self::set), of which these are the cotangents: adds to the cotangents of those signals that are given.
    pub(super) fn set_adjoint(
        &self,
        [f, g]: [ArrayView3<'_, Complex64>; 2],
        [to_f, to_g]: [Option<&mut [f64]>; 2],
    ) {
        let (channels, band_limit, _) = f.dim();
        let norm = 1.0 / (4.0 * PI * channels as f64);
        // Of s = conj(f) g, with the cotangent t of s: conj(t) g for f, and t f for g.
        let sides = [(to_f, g, true), (to_g, f, false)];
        for (out, other, conjugate) in sides {
            let Some(out) = out else { continue };
            let channels = out.chunks_exact_mut(channel_len(band_limit));
            for (out, other) in channels.zip(other.outer_iter()) {
                let numbers = out.chunks_exact_mut(2);
                for ((m, l), number) in places(band_limit).zip(numbers) {
                    let t = self.orders[m];
                    let t = if conjugate { t.conj() } else { t };
                    let scale = if m == 0 { norm } else { 2.0 * norm };
                    let term = scale * t * other[[l, band_limit - 1 + m]];
                    number[0] += term.re;
                    if m > 0 {
                        number[1] += term.im;
                    }
                }
            }
        }
    }

    /// Replaces the second signal g by x ↦ g(Rz(ω) x).
    pub(super) fn rotate_second(&mut self, omega: f64) {
        for (m, s) in self.orders.iter_mut().enumerate() {
            *s *= Complex64::cis(m as f64 * omega);
        }
    }
}
