//! Kernels of networks with local filters by nested quadrature of their definition: every layer is a mean over the support
//! of its filter at g h and g' h, down to the values of the signals there. Nothing of the crate is used.

use ndarray::ArrayView3;
use num_complex::Complex64;
use std::f64::consts::{PI, TAU};

pub type Matrix = [[f64; 3]; 3];
/// A rotation and its share in a mean.
pub type Weighted = (Matrix, f64);

pub fn product(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

/// Rz(α) Ry(β) Rz(γ).
pub fn zyz([alpha, beta, gamma]: [f64; 3]) -> Matrix {
    let about_z = |angle: f64| {
        let (s, c) = angle.sin_cos();
        [[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]
    };
    let (s, c) = beta.sin_cos();
    let about_y = [[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]];
    product(&product(&about_z(alpha), &about_y), &about_z(gamma))
}

/// Where the rotation takes the north pole.
pub fn pole(r: &Matrix) -> [f64; 3] {
    [r[0][2], r[1][2], r[2][2]]
}

/// A real signal as a polynomial: channel by channel and order by order, the real part of a polynomial in z times
/// (x + iy)^m.
pub struct Signal(Vec<Vec<Vec<Complex64>>>);

impl Signal {
    /// # Arguments
    /// * `coeffs` — `[channels, L, 2L − 1]`
    pub fn new(coeffs: ArrayView3<'_, Complex64>) -> Self {
        let band_limit = coeffs.dim().1;
        let channel = |c: usize| {
            (0..band_limit)
                .map(|m| {
                    let mut polynomial = vec![Complex64::ZERO; band_limit];
                    for l in m..band_limit {
                        let twice = if m == 0 { 1.0 } else { 2.0 };
                        let f = twice * coeffs[[c, l, band_limit - 1 + m]];
                        for (power, factor) in harmonic(l, m).into_iter().enumerate() {
                            polynomial[power] += factor * f;
                        }
                    }
                    polynomial
                })
                .collect()
        };
        Signal((0..coeffs.dim().0).map(channel).collect())
    }

    pub fn values(&self, [x, y, z]: [f64; 3]) -> impl Iterator<Item = f64> {
        let step = Complex64::new(x, y);
        self.0.iter().map(move |orders| {
            let mut power = Complex64::ONE;
            let mut sum = 0.0;
            for polynomial in orders {
                let at_z = polynomial
                    .iter()
                    .rev()
                    .fold(Complex64::ZERO, |value, a| value * z + a);
                sum += (power * at_z).re;
                power *= step;
            }
            sum
        })
    }
}

fn factorial(n: usize) -> f64 {
    (1..=n).map(|k| k as f64).product()
}

/// The coefficients in z of $`Y_{lm} / (x+iy)^m = (-1)^m \sqrt{\frac{2l+1}{4\pi} \frac{(l-m)!}{(l+m)!}} \, P_l^{(m)}(z)`$ with
/// $`P_l(z) = 2^{-l} \sum_k (-1)^k \frac{(2l-2k)!}{k! \, (l-k)! \, (l-2k)!} z^{l-2k}`$.
fn harmonic(l: usize, m: usize) -> Vec<f64> {
    let size = (2 * l + 1) as f64 / (4.0 * PI) * factorial(l - m) / factorial(l + m);
    let mut coeffs = vec![0.0; l + 1];
    for k in (0..=l / 2).filter(|k| l - 2 * k >= m) {
        let sign = if (k + m).is_multiple_of(2) { 1.0 } else { -1.0 };
        let legendre =
            factorial(2 * l - 2 * k) / (factorial(k) * factorial(l - k) * factorial(l - 2 * k));
        let derivative = factorial(l - 2 * k) / factorial(l - 2 * k - m);
        coeffs[l - 2 * k - m] += sign * size.sqrt() * legendre * derivative / 2f64.powi(l as i32);
    }
    coeffs
}

/// Nodes and weights on [a, b], by Newton's method.
pub fn gauss_legendre(n: usize, [a, b]: [f64; 2]) -> Vec<(f64, f64)> {
    (0..n)
        .map(|i| {
            let mut x = (PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..20 {
                let (mut before, mut value) = (0.0, 1.0);
                for l in 0..n {
                    let next =
                        ((2 * l + 1) as f64 * x * value - l as f64 * before) / (l + 1) as f64;
                    (before, value) = (value, next);
                }
                slope = n as f64 * (x * value - before) / (x * x - 1.0);
                x -= value / slope;
            }
            let weight = 2.0 / ((1.0 - x * x) * slope * slope);
            (0.5 * (a + b) + 0.5 * (b - a) * x, 0.5 * (b - a) * weight)
        })
        .collect()
}

/// A density by the distance θ from the north pole.
#[derive(Debug, Clone, Copy)]
pub enum Profile {
    Ring(f64, f64),
    /// exp(−θ² / 2w²)
    Gaussian(f64),
}

impl Profile {
    pub fn cap(angle: f64) -> Self {
        Profile::Ring(0.0, angle)
    }

    /// Rotations over the filter: rings by Gauss–Legendre nodes in cos θ, or in θ, times equal steps in φ. The third
    /// angle differs from node to node: h is uniform apart from where it takes the pole.
    pub fn rule(self, [rings, longitudes]: [usize; 2]) -> Vec<Weighted> {
        let colatitudes: Vec<(f64, f64)> = match self {
            Profile::Ring(inner, outer) => gauss_legendre(rings, [outer.cos(), inner.cos()])
                .into_iter()
                .map(|(z, weight)| (z.acos(), weight))
                .collect(),
            // At eight widths the density is 1e-14 of its maximum.
            Profile::Gaussian(width) => gauss_legendre(rings, [0.0, PI.min(8.0 * width)])
                .into_iter()
                .map(|(theta, w)| {
                    let density = (-0.5 * (theta / width).powi(2)).exp();
                    (theta, w * theta.sin() * density)
                })
                .collect(),
        };
        let mass: f64 = colatitudes.iter().map(|(_, weight)| weight).sum();
        let mut rule = Vec::with_capacity(rings * longitudes);
        for (theta, weight) in colatitudes {
            for k in 0..longitudes {
                let phi = TAU * k as f64 / longitudes as f64;
                let rotation = zyz([phi, theta, 2.4 * rule.len() as f64]);
                rule.push((rotation, weight / mass / longitudes as f64));
            }
        }
        rule
    }
}

/// Product rule over SO(3), with exactness for Wigner functions below twice the limit.
pub fn haar(limit: usize, gammas: usize) -> Vec<Weighted> {
    let alphas = 2 * limit - 1;
    let mut rule = Vec::new();
    for (z, weight) in gauss_legendre(limit, [-1.0, 1.0]) {
        for (i, k) in (0..alphas).flat_map(|i| (0..gammas).map(move |k| (i, k))) {
            let alpha = TAU * i as f64 / alphas as f64;
            let gamma = TAU * k as f64 / gammas as f64;
            let rotation = zyz([alpha, z.acos(), gamma]);
            rule.push((rotation, 0.5 * weight / (alphas * gammas) as f64));
        }
    }
    rule
}

/// (K, Θ) to (E[σ(u)σ(v)], E[σ'(u)σ'(v)]).
#[derive(Debug, Clone, Copy)]
pub enum Activation {
    Erf,
    Relu,
    Square,
}

impl Activation {
    pub fn apply(self, q1: f64, q2: f64, k: f64) -> [f64; 2] {
        match self {
            Activation::Erf => {
                let product = (1.0 + 2.0 * q1) * (1.0 + 2.0 * q2);
                [
                    2.0 / PI * (2.0 * k / product.sqrt()).asin(),
                    4.0 / PI / (product - 4.0 * k * k).sqrt(),
                ]
            }
            Activation::Relu => {
                let size = (q1 * q2).sqrt();
                let angle = (k / size).clamp(-1.0, 1.0).acos();
                [
                    size / TAU * (angle.sin() + (PI - angle) * angle.cos()),
                    (PI - angle) / TAU,
                ]
            }
            Activation::Square => [q1 * q2 + 2.0 * k * k, 4.0 * k],
        }
    }
}

/// Lifting, then activations and convolutions in turn. Scales are (σw, σb).
pub struct Nested {
    pub lifting: ([f64; 2], Vec<Weighted>),
    pub convolutions: Vec<(Activation, [f64; 2], Vec<Weighted>)>,
}

/// What a network makes of one signal at one rotation: the values wherever its filters look, and before each activation
/// the variances.
pub struct Features {
    values: Vec<f64>,
    channels: usize,
    variances: Vec<Vec<f64>>,
}

pub fn affine([weight, bias]: [f64; 2], mean: f64) -> f64 {
    weight * weight * mean + bias * bias
}

/// The mean over the filter of every run of nodes.
fn means(fields: &[f64], filter: &[Weighted]) -> Vec<f64> {
    fields
        .chunks_exact(filter.len())
        .map(|run| run.iter().zip(filter).map(|(k, (_, w))| w * k).sum())
        .collect()
}

impl Nested {
    pub fn features(&self, signal: &Signal, g: &Matrix) -> Features {
        let mut places = vec![*g];
        let filters = self.convolutions.iter().rev().map(|(.., filter)| filter);
        for filter in filters.chain([&self.lifting.1]) {
            places = places
                .iter()
                .flat_map(|g| filter.iter().map(move |(h, _)| product(g, h)))
                .collect();
        }
        let mut features = Features {
            values: places.iter().flat_map(|g| signal.values(pole(g))).collect(),
            channels: signal.0.len(),
            variances: Vec::new(),
        };
        let mut variances = Vec::new();
        self.run(&features, &features, |_, k| {
            variances.push(k.to_vec());
            [k.to_vec(), k.to_vec()]
        });
        features.variances = variances;
        features
    }

    /// K and Θ of two signals at two rotations.
    pub fn kernels(&self, a: &Features, b: &Features) -> [f64; 2] {
        self.run(a, b, |layer, _| {
            [&a.variances[layer][..], &b.variances[layer]]
        })
    }

    fn run<Q: AsRef<[f64]>>(
        &self,
        a: &Features,
        b: &Features,
        mut variances: impl FnMut(usize, &[f64]) -> [Q; 2],
    ) -> [f64; 2] {
        let channels = a.channels;
        let products: Vec<f64> = a
            .values
            .chunks_exact(channels)
            .zip(b.values.chunks_exact(channels))
            .map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / channels as f64)
            .collect();
        let (scale, filter) = &self.lifting;
        let mut k = means(&products, filter);
        k.iter_mut().for_each(|k| *k = affine(*scale, *k));
        let mut theta = k.clone();
        for (layer, (activation, scale, filter)) in self.convolutions.iter().enumerate() {
            let [q1, q2] = variances(layer, &k);
            let sides = q1.as_ref().iter().zip(q2.as_ref());
            for ((k, theta), (q1, q2)) in k.iter_mut().zip(&mut theta).zip(sides) {
                let [value, derivative] = activation.apply(*q1, *q2, *k);
                *k = value;
                *theta *= derivative;
            }
            k = means(&k, filter);
            k.iter_mut().for_each(|k| *k = affine(*scale, *k));
            theta = means(&theta, filter);
            for (theta, k) in theta.iter_mut().zip(&k) {
                *theta = k + scale[0] * scale[0] * *theta;
            }
        }
        [k[0], theta[0]]
    }
}
