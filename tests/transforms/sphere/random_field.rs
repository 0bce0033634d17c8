//! Random fields on the sphere: spectra and covariances of samples, correlated fields, seeds, refusals.

use crate::common::statistics::{assert_uniform, normal_errors, variance_ratios};
use crate::common::tol::{self, sphere as sphere_tol};
use haarmonic::numeric::legendre_polynomials;
use haarmonic::rand::SeedableRng;
use haarmonic::rand::rngs::Xoshiro256PlusPlus;
use haarmonic::sphere::spectra::{SpectrumNorm, power};
use haarmonic::sphere::{RandomField, Sampling, ShtPlanner, SpinPlan, coefficients, layouts};
use haarmonic::{Error, Result};
use ndarray::{Array2, Array3, ArrayView2, Axis, array};
use num_complex::Complex64;
use statrs::distribution::{ContinuousCDF, Normal};
use std::f64::consts::PI;

fn generator(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

fn spectrum(limit: usize) -> Vec<f64> {
    (0..limit).map(|l| 3.0 / (1.0 + l as f64).powi(2)).collect()
}

/// Three correlated fields with E and B of spin two in mind: nothing below degree two, and B independent of the others.
fn temperature_and_polarisation(limit: usize) -> Array3<f64> {
    Array3::from_shape_fn((3, 3, limit), |(i, j, l)| {
        let size = [1.0, 0.3, 0.05];
        let correlation = match (i, j) {
            _ if i == j => 1.0,
            (0, 1) | (1, 0) => -0.6,
            _ => 0.0,
        };
        match (i, j) {
            (0, 0) => 1.0 / (1 + l) as f64,
            _ if l < 2 => 0.0,
            _ => correlation * size[i] * size[j] / (1 + l) as f64,
        }
    })
}

/// The sum of the squares of 2ℓ + 1 independent real numbers of variance `C_ℓ` for each sample.
#[test]
fn samples_have_the_spectrum() {
    const SAMPLES: usize = 300;
    let (limit, want) = (20, spectrum(20));
    let field = RandomField::new(&want).unwrap();
    let rng = &mut generator(1);
    let mut sums = vec![0.0; limit];
    for _ in 0..SAMPLES {
        let half = field.sample(rng).unwrap();
        let full = layouts::from_healpy(half.row(0)).unwrap();
        coefficients::check_real(full.view(), 0.0).unwrap();
        for (sum, found) in sums
            .iter_mut()
            .zip(power(full.view(), SpectrumNorm::Sum).unwrap())
        {
            *sum += found;
        }
    }
    for (l, (sum, want)) in sums.iter().zip(&want).enumerate() {
        let freedom = SAMPLES * (2 * l + 1);
        let [least, largest] = variance_ratios(tol::FALSE_ALARM, limit, freedom);
        let ratio = sum / freedom as f64 / want;
        assert!((least..largest).contains(&ratio), "degree {l}: {ratio}");
    }
}

/// The parts of coefficients are normal, with half of the variance each where m > 0.
#[test]
fn coefficients_are_normal() {
    let limit = 24;
    let field = RandomField::new(&vec![1.0; limit]).unwrap();
    let rng = &mut generator(2);
    let normal = Normal::standard();
    let (mut real, mut imaginary, mut axial) = (vec![], vec![], vec![]);
    for _ in 0..40 {
        for (k, value) in field.sample(rng).unwrap().iter().enumerate() {
            if k < limit {
                assert_eq!(value.im, 0.0);
                axial.push(normal.cdf(value.re));
            } else {
                real.push(normal.cdf(value.re * 2.0_f64.sqrt()));
                imaginary.push(normal.cdf(value.im * 2.0_f64.sqrt()));
            }
        }
    }
    for (what, numbers) in [("m = 0", axial), ("real", real), ("imaginary", imaginary)] {
        assert_uniform(what, numbers, tol::FALSE_ALARM / 3.0);
    }
}

/// Products of values at two points, from maps on a grid, against the covariance as a sum of Legendre polynomials.
#[test]
fn maps_have_the_covariance() {
    const SAMPLES: usize = 4000;
    let (limit, spectrum) = (8, spectrum(8));
    let field = RandomField::new(&spectrum).unwrap();
    let sampling = Sampling::GaussLegendre;
    let plan = ShtPlanner::new().plan(limit, sampling).unwrap();
    let mut scratch = plan.make_scratch();
    let (theta, phi) = (
        sampling.colatitudes(limit).unwrap(),
        sampling.longitudes(limit).unwrap(),
    );
    let pairs = [
        [(2, 3), (2, 3)],
        [(0, 0), (7, 4)],
        [(3, 1), (4, 2)],
        [(1, 0), (5, 9)],
    ];
    let rng = &mut generator(3);
    let mut map = Array3::<f64>::zeros((1, limit, 2 * limit - 1));
    let mut sums = [0.0; 4];
    for _ in 0..SAMPLES {
        let coeffs = field.sample(rng).unwrap();
        plan.inverse_into(coeffs.view(), map.view_mut(), &mut scratch)
            .unwrap();
        for (sum, [a, b]) in sums.iter_mut().zip(pairs) {
            *sum += map[[0, a.0, a.1]] * map[[0, b.0, b.1]];
        }
    }
    let covariance = |cosine: f64| -> f64 {
        let mut legendre = vec![0.0; limit];
        legendre_polynomials(1.0 - cosine, &mut legendre);
        let terms = legendre.iter().zip(&spectrum).enumerate();
        terms
            .map(|(l, (p, c))| (2 * l + 1) as f64 / (4.0 * PI) * c * p)
            .sum()
    };
    let errors = normal_errors(tol::FALSE_ALARM, pairs.len());
    for (sum, [a, b]) in sums.iter().zip(pairs) {
        let between = theta[a.0].cos() * theta[b.0].cos()
            + theta[a.0].sin() * theta[b.0].sin() * (phi[a.1] - phi[b.1]).cos();
        let (want, variance) = (covariance(between.min(1.0)), covariance(1.0));
        // Var(fg) = k(0)² + k(θ)² for normal f and g.
        let deviation = ((variance * variance + want * want) / SAMPLES as f64).sqrt();
        let found = sum / SAMPLES as f64;
        assert!(
            (found - want).abs() < errors * deviation,
            "{a:?} {b:?}: {found} {want}"
        );
    }
}

/// The matrix that takes independent normal numbers to correlated ones, read off two orders of one degree, has the given square; also for
/// fields of very different size, and for fields that depend on each other or vanish.
#[test]
fn roots_have_their_squares() {
    let limit = 2;
    let at = |matrix: &Array2<f64>| {
        let n = matrix.nrows();
        let spectra = Array3::from_shape_fn((n, n, limit), |(i, j, _)| matrix[[i, j]]);
        RandomField::correlated(spectra.view())
            .unwrap()
            .sample(&mut generator(4))
            .unwrap()
    };
    // Entries 1 and 2 are the degree 1, orders 0 and 1: three real numbers.
    let numbers = |half: &Array2<Complex64>| {
        Array2::from_shape_fn((half.nrows(), 3), |(i, k)| match k {
            0 => half[[i, 1]].re,
            1 => half[[i, 2]].re,
            _ => half[[i, 2]].im,
        })
    };
    let tiny = 1e-12;
    for matrix in [
        array![[2.0, -0.5], [-0.5, 1.0]],
        array![[4.0, 0.3 * tiny * 2.0], [0.3 * tiny * 2.0, tiny * tiny]],
        array![[1.0, 3.0], [3.0, 9.0]],
        array![[0.0, 0.0], [0.0, 2.0]],
        array![[0.1 + 0.2, 0.3], [0.3, 0.3]],
        array![[1.0, 0.5, 0.5], [0.5, 1.0, -0.5], [0.5, -0.5, 1.0]],
    ] {
        let n = matrix.nrows();
        let (normal, found) = (numbers(&at(&Array2::eye(n))), numbers(&at(&matrix)));
        let inverse = nalgebra::DMatrix::from_fn(n, n, |i, k| normal[[i, k]])
            .try_inverse()
            .unwrap();
        let norm = normal.iter().map(|x| x * x).sum::<f64>().sqrt();
        let root = nalgebra::DMatrix::from_fn(n, n, |i, k| found[[i, k]]) * &inverse;
        let square = &root * root.transpose();
        for i in 0..n {
            for j in 0..n {
                let size = (matrix[[i, i]] * matrix[[j, j]]).sqrt();
                let error = (square[(i, j)] - matrix[[i, j]]).abs();
                let tolerance = sphere_tol::solved(inverse.norm() * norm);
                assert!(
                    error <= tolerance * size,
                    "{matrix}: {error:e} at [{i}, {j}]"
                );
            }
        }
    }
}

/// Covariances of T, E and B, and polarisation maps: E and B of the maps are those of the sample, and Q² + U² has its mean.
#[test]
fn polarisation_is_drawn_with_its_correlations() -> Result<()> {
    const SAMPLES: usize = 400;
    let limit = 12;
    let spectra = temperature_and_polarisation(limit);
    let fields = RandomField::correlated(spectra.view())?;
    let plan = SpinPlan::new(limit, 2, Sampling::ClenshawCurtis)?;
    let (mut scratch, rng) = (plan.make_scratch(), &mut generator(5));
    let [rings, longitudes] = plan.signal_shape();
    let mut maps = Array3::<f64>::zeros((2, rings, longitudes));
    let mut sums = Array3::<f64>::zeros((3, 3, limit));
    for sample in 0..SAMPLES {
        let coeffs = fields.sample(rng)?;
        let modes = coeffs.slice_axis(Axis(0), (1..).into());
        if sample == 0 {
            plan.inverse_into(modes, maps.view_mut(), &mut scratch)?;
            let mut back = Array2::<Complex64>::zeros(modes.dim());
            plan.forward_into(maps.view(), back.view_mut(), &mut scratch)?;
            let largest = modes.iter().fold(0.0_f64, |m, c| m.max(c.norm()));
            let error = (&back - &modes)
                .iter()
                .fold(0.0_f64, |m, c| m.max(c.norm()));
            assert!(error < sphere_tol::transform(limit) * largest);
        }
        add_products(coeffs.view(), &mut sums);
    }
    let errors = normal_errors(tol::FALSE_ALARM, 6 * limit);
    for ((i, j, l), &want) in spectra.indexed_iter() {
        let freedom = (SAMPLES * (2 * l + 1)) as f64;
        let found = sums[[i, j, l]] / freedom;
        let variance = spectra[[i, i, l]] * spectra[[j, j, l]] + want * want;
        // The law of the sum is skew: with four hundred terms or more its tail is longer by a tenth.
        let allowed = 1.2 * errors * (variance / freedom).sqrt();
        assert!(
            (found - want).abs() <= allowed,
            "{i} {j} {l}: {found} {want}"
        );
    }
    Ok(())
}

/// Adds Σ_m of the products of each degree.
fn add_products(coeffs: ArrayView2<'_, Complex64>, sums: &mut Array3<f64>) {
    let limit = sums.dim().2;
    for ((i, j, l), sum) in sums.indexed_iter_mut() {
        for m in 0..=l {
            let at = m * (2 * limit - 1 - m) / 2 + l;
            let twice = if m == 0 { 1.0 } else { 2.0 };
            *sum += twice * (coeffs[[i, at]].conj() * coeffs[[j, at]]).re;
        }
    }
}

/// One seed gives one field, on every machine; a larger band limit adds degrees to it.
#[test]
fn seeds_reproduce_fields() {
    let draw = |limit: usize, seed: u64| {
        let field = RandomField::new(&vec![1.0; limit]).unwrap();
        field.sample(&mut generator(seed)).unwrap()
    };
    let (first, again) = (draw(9, 6), draw(9, 6));
    assert_eq!(first, again);
    assert_ne!(first, draw(9, 7));
    let larger = draw(12, 6);
    for l in 0..9 {
        for m in 0..=l {
            let at = |limit: usize| m * (2 * limit - 1 - m) / 2 + l;
            assert_eq!(first[[0, at(9)]], larger[[0, at(12)]]);
        }
    }
    // From another program: xoshiro256++, seeded by splitmix64, and the method of Box and Muller.
    let stored = [-0.9517606181979119, 0.6683810071286728, 0.12661080840302685];
    let found = draw(2, 6);
    assert_eq!(
        [found[[0, 0]].re, found[[0, 1]].re, found[[0, 2]].im],
        stored
    );
}

#[test]
fn bad_spectra_are_refused() {
    let invalid = |result: Result<RandomField>| matches!(result, Err(Error::InvalidValue { .. }));
    assert!(invalid(RandomField::new(&[])));
    assert!(invalid(RandomField::new(&[1.0, -1e-300])));
    let refused = RandomField::new(&[1.0, f64::NAN]);
    assert_eq!(
        refused,
        Err(Error::not_finite("spectrum of a random field", vec![1]))
    );
    let of = |matrix: Array2<f64>| RandomField::correlated(matrix.view().insert_axis(Axis(2)));
    assert!(matches!(
        of(array![[1.0, 0.0]]),
        Err(Error::ShapeMismatch { .. })
    ));
    assert!(matches!(
        of(Array2::zeros((0, 0))),
        Err(Error::Empty { .. })
    ));
    assert!(matches!(
        of(array![[f64::INFINITY]]),
        Err(Error::NotFinite { .. })
    ));
    assert!(invalid(of(array![[1.0, 0.5], [0.4, 1.0]])));
    for indefinite in [
        array![[-1.0]],
        array![[1.0, 1.1], [1.1, 1.0]],
        array![[1.0, 0.1], [0.1, 0.0]],
        array![[1.0, 0.0], [0.0, -1e-300]],
        array![[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]],
    ] {
        let result = of(indefinite.clone());
        assert!(
            matches!(result, Err(Error::NotPositiveDefinite { .. })),
            "{indefinite}"
        );
    }
    let field = RandomField::new(&[1.0, 1.0]).unwrap();
    let mut short = Array2::zeros((1, 2));
    let result = field.sample_into(&mut generator(1), short.view_mut());
    assert!(matches!(result, Err(Error::ShapeMismatch { .. })));
}
