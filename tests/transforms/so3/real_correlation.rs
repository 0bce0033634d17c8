//! The piecewise correlation against a direct sum over degrees and orders.

use crate::common::signals;
use crate::common::tol::kernel as tol;

use haarmonic::numeric::GaussLegendre;
use haarmonic::so3::{CorrelatorSignal, RealCorrelator};
use haarmonic::wigner::wigner_d;
use ndarray::{Array3, Axis};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;

/// `K(r) = 1/(4πC) Σ conj(f_lm) f'_ln e^{−imα} d^l_mn(β) e^{−inγ}`, term by term.
fn naive(f: &Array3<Complex64>, g: &Array3<Complex64>, [alpha, beta, gamma]: [f64; 3]) -> f64 {
    let (channels, band_limit, _) = f.dim();
    let mut sum = Complex64::default();
    for l in 0..band_limit as i64 {
        for m in -l..=l {
            for n in -l..=l {
                let d = wigner_d(l as usize, m, n, beta).unwrap();
                let phase = Complex64::cis(-(m as f64) * alpha - n as f64 * gamma);
                let column = |k: i64| (k + band_limit as i64 - 1) as usize;
                for c in 0..channels {
                    sum += f[[c, l as usize, column(m)]].conj()
                        * g[[c, l as usize, column(n)]]
                        * d
                        * phase;
                }
            }
        }
    }
    assert!(sum.im.abs() < tol::ROUNDING);
    sum.re / (4.0 * PI * channels as f64)
}

#[test]
fn pieces_hold_every_node_once() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for (band_limit, nodes, channels) in [
        (1, 1, 1),
        (1, 3, 2),
        (2, 1, 1),
        (3, 4, 2),
        (4, 4, 1),
        (6, 6, 2),
        (5, 9, 3),
        (8, 9, 1),
        // More orders than angles.
        (7, 2, 1),
        (9, 3, 2),
        // By one.
        (11, 10, 1),
        // Lanes of all nodes, and of pairs of nodes; more than one block.
        (3, 17, 1),
        (10, 10, 1),
        (2, 33, 1),
    ] {
        let f = signals::random_signals(&mut rng, [1, channels, band_limit], 0)
            .index_axis_move(Axis(0), 0);
        let g = signals::random_signals(&mut rng, [1, channels, band_limit], 0)
            .index_axis_move(Axis(0), 0);
        let correlator = RealCorrelator::new(band_limit, nodes).unwrap();
        let mut workspace = correlator.make_workspace();
        let prepared = [&f, &g].map(|s| CorrelatorSignal::new(s.view()).unwrap());
        correlator.begin(&prepared[0], &prepared[1], &mut workspace);
        // Moments of the correlation over the grid, with the weights, identify the set of values.
        let rule = GaussLegendre::new(nodes).unwrap();
        let angles = correlator.angle_count();
        assert!(angles >= 2 * nodes - 1);
        let mut want = [0.0; 4];
        for j in 0..angles {
            for k in 0..angles {
                for (beta, w) in rule.colatitudes.iter().zip(&rule.weights) {
                    let angle = |i: usize| 2.0 * PI * i as f64 / angles as f64;
                    let value = naive(&f, &g, [angle(j), *beta, angle(k)]);
                    let weight = w / 2.0 / (angles * angles) as f64;
                    for (p, want) in want.iter_mut().enumerate() {
                        *want += weight * (value * (0.3 + p as f64)).sin();
                    }
                }
            }
        }
        let mut found = [0.0; 4];
        let mut field = Vec::new();
        for piece in 0..correlator.piece_count() {
            correlator.piece_into(piece, &mut workspace, &mut field);
            for (p, found) in found.iter_mut().enumerate() {
                let mapped: Vec<f64> = field.iter().map(|v| (v * (0.3 + p as f64)).sin()).collect();
                *found += correlator.piece_mean(piece, &mapped);
            }
        }
        for (want, found) in want.iter().zip(&found) {
            assert!(
                (want - found).abs() < tol::ROUNDING,
                "L {band_limit}, M {nodes}: {want} {found}"
            );
        }
    }
}
