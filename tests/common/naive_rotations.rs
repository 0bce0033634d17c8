//! Slow twins for SO(3) that share nothing with the library, seeded data, and the reader of golden files.
use ndarray::{Array, Array3, Array4, ArrayView3, Dimension};
use ndarray_npy::{NpzReader, ReadableElement};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;
use std::fs::File;

/// Reads one array of a golden file.
pub fn golden<T: ReadableElement, D: Dimension>(file: &str, name: &str) -> Array<T, D> {
    let path = format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
    let mut npz = NpzReader::new(File::open(path).unwrap()).unwrap();
    npz.by_name(name).unwrap()
}

fn factorial(n: i64) -> f64 {
    (1..=n).map(|k| k as f64).product()
}

/// Wigner's explicit sum (Varshalovich 4.3.1), good for small degrees.
pub fn naive_wigner_d(l: i64, m: i64, n: i64, beta: f64) -> f64 {
    if m.abs() > l || n.abs() > l {
        return 0.0;
    }
    let (c, s) = ((beta / 2.0).cos(), (beta / 2.0).sin());
    let root = (factorial(l + m) * factorial(l - m) * factorial(l + n) * factorial(l - n)).sqrt();
    (0.max(n - m)..=(l + n).min(l - m))
        .map(|k| {
            let sign = if (m - n + k) % 2 == 0 { 1.0 } else { -1.0 };
            let below =
                factorial(l + n - k) * factorial(k) * factorial(m - n + k) * factorial(l - m - k);
            sign * root / below
                * c.powi((2 * l + n - m - 2 * k) as i32)
                * s.powi((m - n + 2 * k) as i32)
        })
        .sum()
}

/// The spherical harmonic with the Condon–Shortley phase, from the explicit sum.
pub fn naive_harmonic(l: i64, m: i64, theta: f64, phi: f64) -> Complex64 {
    let norm = ((2 * l + 1) as f64 / (4.0 * PI)).sqrt();
    Complex64::from_polar(norm * naive_wigner_d(l, m, 0, theta), m as f64 * phi)
}

/// The value of a band-limited signal at a point, coefficients `[l, m + L − 1]`.
pub fn naive_signal(coeffs: ndarray::ArrayView2<Complex64>, theta: f64, phi: f64) -> Complex64 {
    let band_limit = coeffs.nrows() as i64;
    let mut sum = Complex64::default();
    for l in 0..band_limit {
        for m in -l..=l {
            sum += coeffs[[l as usize, (m + band_limit - 1) as usize]]
                * naive_harmonic(l, m, theta, phi);
        }
    }
    sum
}

/// Colatitude and longitude of a vector.
pub fn angles(v: [f64; 3]) -> (f64, f64) {
    (v[0].hypot(v[1]).atan2(v[2]), v[1].atan2(v[0]))
}

/// The vector of a colatitude and a longitude.
pub fn vector(theta: f64, phi: f64) -> [f64; 3] {
    [
        theta.sin() * phi.cos(),
        theta.sin() * phi.sin(),
        theta.cos(),
    ]
}

fn product(a: [[f64; 3]; 3], b: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

/// $`R_z(\alpha) R_y(\beta) R_z(\gamma)`$
pub fn matrix([alpha, beta, gamma]: [f64; 3]) -> [[f64; 3]; 3] {
    let about_z = |t: f64| {
        [
            [t.cos(), -t.sin(), 0.0],
            [t.sin(), t.cos(), 0.0],
            [0.0, 0.0, 1.0],
        ]
    };
    let about_y = [
        [beta.cos(), 0.0, beta.sin()],
        [0.0, 1.0, 0.0],
        [-beta.sin(), 0.0, beta.cos()],
    ];
    product(product(about_z(alpha), about_y), about_z(gamma))
}

/// ZYZ angles of the product g h (first h, then g), by its matrix.
pub fn composed(g: [f64; 3], h: [f64; 3]) -> [f64; 3] {
    let r = product(matrix(g), matrix(h));
    let beta = r[0][2].hypot(r[1][2]).atan2(r[2][2]);
    [r[1][2].atan2(r[0][2]), beta, r[2][1].atan2(-r[2][0])]
}

/// Matrix times vector.
pub fn apply(r: [[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| (0..3).map(|k| r[i][k] * v[k]).sum())
}

/// The value of a band-limited function on SO(3) by the direct sum over l, m, n; coefficients `[n, l, m]`.
pub fn naive_rotation_value(
    coeffs: ArrayView3<Complex64>,
    [alpha, beta, gamma]: [f64; 3],
) -> Complex64 {
    let band_limit = coeffs.shape()[1] as i64;
    let shift = band_limit - 1;
    let mut sum = Complex64::default();
    for l in 0..band_limit {
        let norm = (2 * l + 1) as f64 / (8.0 * PI * PI);
        for m in -l..=l {
            for n in -l..=l {
                sum += coeffs[[(n + shift) as usize, l as usize, (m + shift) as usize]]
                    * Complex64::from_polar(
                        norm * naive_wigner_d(l, m, n, beta),
                        m as f64 * alpha + n as f64 * gamma,
                    );
            }
        }
    }
    sum
}

/// Seeded generator.
pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A complex number in the square [−1, 1]².
pub fn random_complex(rng: &mut ChaCha8Rng) -> Complex64 {
    Complex64::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0))
}

/// Random coefficients `[n, l, m]`, zero where |m| > l or |n| > l; of a real function if asked for.
pub fn random_rotation_coeffs(band_limit: usize, real: bool, seed: u64) -> Array3<Complex64> {
    let mut rng = rng(seed);
    let orders = 2 * band_limit - 1;
    let mut coeffs = Array3::zeros((orders, band_limit, orders));
    let shift = band_limit as i64 - 1;
    for l in 0..band_limit as i64 {
        for n in -l..=l {
            for m in -l..=l {
                let value = random_complex(&mut rng);
                let at = |n: i64, m: i64| [(n + shift) as usize, l as usize, (m + shift) as usize];
                if !real {
                    coeffs[at(n, m)] = value;
                } else if (n, m) == (0, 0) {
                    coeffs[at(0, 0)] = Complex64::new(value.re, 0.0);
                } else if (n, m) > (0, 0) {
                    coeffs[at(n, m)] = value;
                    let sign = if (n - m) % 2 == 0 { 1.0 } else { -1.0 };
                    coeffs[at(-n, -m)] = sign * value.conj();
                }
            }
        }
    }
    coeffs
}

/// Random coefficients of signals on the sphere, `[channel, l, m]`; of real signals if asked for.
pub fn random_sphere_coeffs(
    channels: usize,
    band_limit: usize,
    real: bool,
    seed: u64,
) -> Array3<Complex64> {
    let mut rng = rng(seed);
    let shift = band_limit as i64 - 1;
    let mut coeffs = Array3::zeros((channels, band_limit, 2 * band_limit - 1));
    for c in 0..channels {
        for l in 0..band_limit as i64 {
            for m in -l..=l {
                let value = random_complex(&mut rng);
                let at = |m: i64| [c, l as usize, (m + shift) as usize];
                if !real {
                    coeffs[at(m)] = value;
                } else if m == 0 {
                    coeffs[at(0)] = Complex64::new(value.re, 0.0);
                } else if m > 0 {
                    coeffs[at(m)] = value;
                    coeffs[at(-m)] = if m % 2 == 0 {
                        value.conj()
                    } else {
                        -value.conj()
                    };
                }
            }
        }
    }
    coeffs
}

/// All matrices of the naive Wigner functions for one angle, `[l, m + L − 1, n + L − 1]` with a leading β axis.
pub fn naive_wigner_table(band_limit: usize, betas: &[f64]) -> Array4<f64> {
    let shift = band_limit as i64 - 1;
    let orders = 2 * band_limit - 1;
    Array4::from_shape_fn((betas.len(), band_limit, orders, orders), |(b, l, m, n)| {
        naive_wigner_d(l as i64, m as i64 - shift, n as i64 - shift, betas[b])
    })
}
