//! Sums over spin-weighted harmonics, gradients and adjoints in double-double arithmetic.
use super::double_double::Dd;
use super::harmonics_oracle::{
    Complex, for_each_legendre, fourier_synthesis, roots_of_unity, spin_harmonic,
};
use ndarray::{Array2, Array3, ArrayView2};
use num_complex::Complex64;

fn is_present(coeffs: ArrayView2<'_, Complex64>, column: usize) -> bool {
    coeffs.column(column).iter().any(|c| *c != Complex64::ZERO)
}

/// Samples $`\sum_{lm} f_{lm}\, {}_sY_{lm}(\theta_t, 2\pi p/n)`$, shape `[rings, n]`; degrees below |s| are left out.
pub fn spin_synthesis(
    coeffs: ArrayView2<'_, Complex64>,
    spin: i64,
    colatitudes: &[Dd],
    longitudes: usize,
) -> Array2<Complex64> {
    let (limit, columns) = coeffs.dim();
    let mut orders = Array2::from_elem((colatitudes.len(), columns), Complex::default());
    for column in (0..columns).filter(|&column| is_present(coeffs, column)) {
        let m = column as i64 + 1 - limit as i64;
        let first = m.unsigned_abs().max(spin.unsigned_abs()) as usize;
        for (ring, angle) in colatitudes.iter().enumerate() {
            for (i, value) in spin_harmonic(limit, spin, m, *angle)
                .into_iter()
                .enumerate()
            {
                orders[[ring, column]].add_scaled(value, coeffs[[first + i, column]]);
            }
        }
    }
    fourier_synthesis(&orders, longitudes).mapv(Complex::round)
}

/// $`\partial_\theta f`$ and $`\partial_\varphi f / \sin\theta`$, shape `[rings, n]`, by the ladder of orders:
/// $`2 \partial_\theta \bar P_{lm} = \sqrt{(l-m)(l+m+1)}\, \bar P_{l,m+1} - \sqrt{(l+m)(l-m+1)}\, \bar P_{l,m-1}`$.
pub fn gradient(
    coeffs: ArrayView2<'_, Complex64>,
    colatitudes: &[Dd],
    longitudes: usize,
) -> [Array2<Complex64>; 2] {
    let (limit, columns) = coeffs.dim();
    let mut table = Array3::from_elem((limit + 1, limit, colatitudes.len()), Dd::ZERO);
    for_each_legendre(
        limit,
        colatitudes,
        |_| true,
        |m, l, ring, value| table[[m, l, ring]] = value,
    );
    let harmonic = |l: usize, m: i64, ring: usize| {
        let value = table[[m.unsigned_abs() as usize, l, ring]];
        if m < 0 && m % 2 != 0 { -value } else { value }
    };
    let shape = (colatitudes.len(), columns);
    let mut orders = [0; 2].map(|_| Array2::from_elem(shape, Complex::default()));
    for l in 0..limit {
        for m in -(l as i64)..=l as i64 {
            let column = (m + limit as i64 - 1) as usize;
            let (c, j) = (coeffs[[l, column]], l as i64);
            let up = Dd::from(((j - m) * (j + m + 1)) as f64).sqrt();
            let down = Dd::from(((j + m) * (j - m + 1)) as f64).sqrt();
            for (ring, angle) in colatitudes.iter().enumerate() {
                let slope = up * harmonic(l, m + 1, ring) - down * harmonic(l, m - 1, ring);
                orders[0][[ring, column]].add_scaled(slope.times_power(0.5), c);
                let along = harmonic(l, m, ring) * m as f64 / angle.sin_cos().0;
                orders[1][[ring, column]].add_scaled(along, Complex64::I * c);
            }
        }
    }
    orders.map(|orders| fourier_synthesis(&orders, longitudes).mapv(Complex::round))
}

/// $`\sum_t w_t \sum_p y_{tp} \overline{Y_{lm}(\theta_t, 2\pi p/n)}`$ for the orders ±m with `wanted(m)`; zero for others.
pub fn adjoint(
    samples: ArrayView2<'_, Complex64>,
    weights: &[Dd],
    colatitudes: &[Dd],
    band_limit: usize,
    wanted: impl Fn(usize) -> bool,
) -> Array2<Complex64> {
    let middle = band_limit - 1;
    let (rings, longitudes) = samples.dim();
    let roots = roots_of_unity(longitudes);
    let mut orders = Array2::from_elem((rings, 2 * band_limit - 1), Complex::default());
    for column in (0..2 * band_limit - 1).filter(|column| wanted(column.abs_diff(middle))) {
        for ring in 0..rings {
            for (p, sample) in samples.row(ring).iter().enumerate() {
                // e^{−imφ}
                let turn = (longitudes * band_limit + middle - column) * p % longitudes;
                let Complex { re, im } = roots[turn];
                let sum = &mut orders[[ring, column]];
                sum.add_scaled(re, *sample);
                sum.add_scaled(im, Complex64::I * sample);
            }
        }
    }
    let mut coeffs = Array2::from_elem((band_limit, 2 * band_limit - 1), Complex::default());
    for_each_legendre(band_limit, colatitudes, wanted, |m, l, ring, value| {
        let value = value * weights[ring];
        for (column, odd) in [(middle + m, false), (middle - m, m % 2 == 1)] {
            let value = if odd { -value } else { value };
            let Complex { re, im } = orders[[ring, column]];
            let target = &mut coeffs[[l, column]];
            target.re += value * re;
            target.im += value * im;
            if m == 0 {
                break;
            }
        }
    });
    coeffs.mapv(Complex::round)
}
