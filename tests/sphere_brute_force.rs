//! The sphere recursion against its definition on G × G, with nothing shared.
//!
//! Signals are linear functions of x, written out in Cartesian form; K_{g,g'} is kept for all pairs of a grid of
//! rotations, every convolution is a sum over h of K_{gh,g'h}, every lifting a sum over points of the sphere. The
//! activation is x², so that all sums are of polynomials that the coarse grids integrate exactly.

#[path = "common/tol_kernel.rs"]
mod tol;

use std::f64::consts::PI;

use haarmonic::activation::Activation;
use haarmonic::group::Rotation;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Network, Quadrature, Scale, SphereSampling};
use ndarray::Array4;
use num_complex::Complex64;

const LIFT: [f64; 2] = [0.8, 0.3];
const CONV: [f64; 2] = [1.2, 0.4];
const DENSE: [f64; 2] = [0.7, 0.5];
/// Points with equal weights that average polynomials of degree 3 over the sphere exactly.
const OCTAHEDRON: [[f64; 3]; 6] = [
    [1.0, 0.0, 0.0],
    [-1.0, 0.0, 0.0],
    [0.0, 1.0, 0.0],
    [0.0, -1.0, 0.0],
    [0.0, 0.0, 1.0],
    [0.0, 0.0, -1.0],
];

/// Two channels, each `a0 + a1 x + a2 y + a3 z`.
type Signal = [[f64; 4]; 2];

const SIGNALS: [Signal; 3] = [
    [[0.4, -0.7, 0.9, 0.3], [-0.2, 0.5, 0.1, -1.1]],
    [[-0.6, 0.2, -0.4, 0.8], [0.9, -0.3, 0.7, 0.2]],
    [[0.1, 1.1, 0.6, -0.5], [0.3, 0.0, -0.9, 0.4]],
];

fn value(channel: &[f64; 4], x: [f64; 3]) -> f64 {
    channel[0] + channel[1] * x[0] + channel[2] * x[1] + channel[3] * x[2]
}

/// Rotations with weights that average polynomials of degree 4 in their matrix entries exactly.
fn rotations() -> Vec<(Rotation, f64)> {
    let turn = |k: usize| Rotation::about_z(2.0 * PI * k as f64 / 5.0).unwrap();
    let nodes = [
        (-(0.6_f64.sqrt()), 5.0 / 18.0),
        (0.0, 8.0 / 18.0),
        (0.6_f64.sqrt(), 5.0 / 18.0),
    ];
    let mut all = Vec::new();
    for alpha in 0..5 {
        for (cosine, weight) in nodes {
            let tilt = Rotation::about_y(cosine.acos()).unwrap();
            for gamma in 0..5 {
                let rotation = turn(alpha).compose(&tilt).compose(&turn(gamma));
                all.push((rotation, weight / 25.0));
            }
        }
    }
    all
}

/// f_c(g h x) for every g, h, x, c.
fn values(signal: &Signal, grid: &[(Rotation, f64)]) -> Vec<Vec<Vec<f64>>> {
    let at = |r: &Rotation| {
        OCTAHEDRON
            .iter()
            .flat_map(|&x| signal.iter().map(move |c| value(c, r.apply(x))))
            .collect()
    };
    grid.iter()
        .map(|(g, _)| grid.iter().map(|(h, _)| at(&g.compose(h))).collect())
        .collect()
}

fn lifted(a: &[f64], b: &[f64]) -> f64 {
    let sum: f64 = a.iter().zip(b).map(|(x, y)| x * y).sum();
    LIFT[0].powi(2) * sum / a.len() as f64 + LIFT[1].powi(2)
}

/// E[u² v²] and E[(u²)' (v²)'].
fn square(q1: f64, q2: f64, k: f64) -> (f64, f64) {
    (q1 * q2 + 2.0 * k * k, 4.0 * k)
}

/// NNGP and NTK of lifting, x², convolution, x², pooling, dense; both means of the pooling are taken.
fn brute_force(f1: &Signal, f2: &Signal) -> (f64, f64) {
    let grid = rotations();
    let (v1, v2) = (values(f1, &grid), values(f2, &grid));
    // Behind the convolution, at (g, g'), of two signals given by their values at g h and g' h.
    let convolved = |a: &[Vec<f64>], b: &[Vec<f64>]| {
        let (mut k, mut theta) = (0.0, 0.0);
        for ((a, b), (_, weight)) in a.iter().zip(b).zip(&grid) {
            let first = lifted(a, b);
            let (value, derivative) = square(lifted(a, a), lifted(b, b), first);
            k += weight * value;
            theta += weight * derivative * first;
        }
        let k = CONV[0].powi(2) * k + CONV[1].powi(2);
        (k, k + CONV[0].powi(2) * theta)
    };
    let (mut nngp, mut ntk) = (0.0, 0.0);
    for (a, (_, weight1)) in v1.iter().zip(&grid) {
        let q1 = convolved(a, a).0;
        for (b, (_, weight2)) in v2.iter().zip(&grid) {
            let q2 = convolved(b, b).0;
            let (k, theta) = convolved(a, b);
            let (value, derivative) = square(q1, q2, k);
            nngp += weight1 * weight2 * value;
            ntk += weight1 * weight2 * derivative * theta;
        }
    }
    let nngp = DENSE[0].powi(2) * nngp + DENSE[1].powi(2);
    (nngp, nngp + DENSE[0].powi(2) * ntk)
}

/// x = √(2π/3) (Y_{1,−1} − Y_{11}), y = i √(2π/3) (Y_{1,−1} + Y_{11}), z = √(4π/3) Y_{10}.
fn coefficients() -> Array4<Complex64> {
    let mut coeffs = Array4::zeros((SIGNALS.len(), 2, 2, 3));
    let (side, top) = ((2.0 * PI / 3.0).sqrt(), (4.0 * PI / 3.0).sqrt());
    for (i, signal) in SIGNALS.iter().enumerate() {
        for (c, a) in signal.iter().enumerate() {
            coeffs[[i, c, 0, 1]] = Complex64::new(a[0] * (4.0 * PI).sqrt(), 0.0);
            coeffs[[i, c, 1, 0]] = Complex64::new(a[1], a[2]) * side;
            coeffs[[i, c, 1, 1]] = Complex64::new(a[3] * top, 0.0);
            coeffs[[i, c, 1, 2]] = Complex64::new(-a[1], a[2]) * side;
        }
    }
    coeffs
}

#[test]
fn recursion_equals_its_definition_on_pairs_of_rotations() {
    for quadrature in [Quadrature::BandLimit(3), Quadrature::Tolerance(1e-12)] {
        let network = Network::sphere(2, SphereSampling::Coefficients, 2)
            .quadrature(quadrature)
            .lifting(Scale::new(LIFT[0], LIFT[1]))
            .activation(Activation::Monomial { degree: 2 })
            .group_convolution(Scale::new(CONV[0], CONV[1]))
            .activation(Activation::Monomial { degree: 2 })
            .group_pooling()
            .dense(Scale::new(DENSE[0], DENSE[1]))
            .build()
            .unwrap();
        let gram = Kernel::new(&network)
            .unwrap()
            .gram(coefficients().view())
            .unwrap();
        for (i, first) in SIGNALS.iter().enumerate() {
            for (j, second) in SIGNALS.iter().enumerate().skip(i) {
                let (nngp, ntk) = brute_force(first, second);
                for (found, want) in [(gram.nngp[[i, j]], nngp), (gram.ntk[[i, j]], ntk)] {
                    assert!(
                        (found - want).abs() <= tol::ROUNDING * want.abs(),
                        "{quadrature:?} ({i}, {j}): found {found}, want {want}"
                    );
                }
            }
        }
    }
}
