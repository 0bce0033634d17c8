//! Unbiased bandpowers: against a dense solver of another library, flat spectra, and the spectra of masked random skies.

use crate::common::close::{assert_absolutely_close, assert_named_close};
use crate::common::statistics::{student_errors, variance_ratios};
use crate::common::tol::sphere as tol;
use crate::common::tol::{FALSE_ALARM, sphere};

use haarmonic::sphere::coupling::{Binning, Decoupling, ModeCoupling, PolarisationDecoupling};
use haarmonic::sphere::spectra::{SpectrumNorm, power};
use haarmonic::sphere::{
    RandomField, Sampling, ShtPlanner, SphericalHarmonics, coefficients, layouts, smoothing, zonal,
};
use nalgebra::DMatrix;
use ndarray::{Array1, Array2, Axis};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A spectrum of a mask, and bins with weights and shapes that differ from degree to degree.
fn problem(limit: usize) -> (Vec<f64>, Binning) {
    let mask = (0..2 * limit)
        .map(|l| 1.0 / (1.0 + l as f64).powi(3))
        .collect();
    let factors: Vec<f64> = (0..limit).map(|l| 1.0 + l as f64).collect();
    let bins = Binning::new(limit, &[2, 4, 7, 11, limit - 2])
        .unwrap()
        .with_shape(&factors)
        .unwrap()
        .with_weights(&factors)
        .unwrap();
    (mask, bins)
}

/// P and Q as matrices.
fn averages(bins: &Binning) -> [DMatrix<f64>; 2] {
    let (count, limit) = (bins.bins().len(), bins.band_limit());
    let unit = |n: usize, i: usize| {
        (0..n)
            .map(|k| f64::from(u8::from(k == i)))
            .collect::<Vec<_>>()
    };
    let mut p = DMatrix::zeros(count, limit);
    let mut q = DMatrix::zeros(limit, count);
    for l in 0..limit {
        p.set_column(
            l,
            &DMatrix::from_vec(count, 1, bins.bin(&unit(limit, l)).unwrap()).column(0),
        );
    }
    for b in 0..count {
        q.set_column(
            b,
            &DMatrix::from_vec(limit, 1, bins.expand(&unit(count, b)).unwrap()).column(0),
        );
    }
    [p, q]
}

fn to_nalgebra(matrix: &Array2<f64>) -> DMatrix<f64> {
    DMatrix::from_fn(matrix.nrows(), matrix.ncols(), |i, j| matrix[[i, j]])
}

#[test]
fn windows_and_bandpowers_solve_the_binned_equations() {
    let limit = 20;
    let (mask, bins) = problem(limit);
    let coupling = ModeCoupling::new(limit).unwrap();
    let [p, q] = averages(&bins);
    let spectrum: Vec<f64> = (0..limit).map(|l| (l as f64).cos() + 1.5).collect();
    let m = coupling.scalar(&mask).unwrap();
    let decoupling = Decoupling::new(m.view(), &bins).unwrap();
    let m = to_nalgebra(&m);
    let inverse = (&p * &m * &q).try_inverse().unwrap();
    let norm = |m: &DMatrix<f64>| m.column_iter().map(|c| c.abs().sum()).fold(0.0, f64::max);
    let condition = norm(&(&p * &m * &q)) * norm(&inverse);
    let allowed = sphere::solved(condition);
    assert_absolutely_close(
        "condition",
        [decoupling.condition() / condition],
        [1.0],
        allowed,
    );
    let window = &inverse * &p * &m;
    let want = Array2::from_shape_fn((window.nrows(), limit), |(i, j)| window[(i, j)]);
    assert_named_close("window", decoupling.window(), want, allowed);
    let want = &inverse * &p * DMatrix::from_vec(limit, 1, spectrum.clone());
    let found = decoupling.bandpowers(&spectrum).unwrap();
    assert_named_close("bandpowers", found, want.as_slice().to_vec(), allowed);
}

/// Both kinds of modes as one system of twice the size.
#[test]
fn modes_are_solved_together() {
    let limit = 20;
    let (mask, bins) = problem(limit);
    let [plus, minus] = ModeCoupling::new(limit).unwrap().polarised(&mask).unwrap();
    let decoupling = PolarisationDecoupling::new(plus.view(), minus.view(), &bins).unwrap();
    let [p, q] = averages(&bins);
    let (count, plus, minus) = (bins.bins().len(), to_nalgebra(&plus), to_nalgebra(&minus));
    let blocks = |a: &DMatrix<f64>, b: &DMatrix<f64>| {
        let (rows, columns) = a.shape();
        DMatrix::from_fn(2 * rows, 2 * columns, |i, j| {
            let block = if (i < rows) == (j < columns) { a } else { b };
            block[(i % rows, j % columns)]
        })
    };
    let system = blocks(&(&p * &plus * &q), &(&p * &minus * &q));
    let inverse = system.clone().try_inverse().unwrap();
    let norm = |m: &DMatrix<f64>| m.column_iter().map(|c| c.abs().sum()).fold(0.0, f64::max);
    let condition = norm(&system) * norm(&inverse);
    let found = decoupling.condition();
    assert!(found <= condition * (1.0 + tol::CLOSED_FORM) && condition <= 4.0 * found);
    let allowed = sphere::solved(condition);
    let windows = &inverse * blocks(&(&p * &plus), &(&p * &minus));
    let [same, other] = decoupling.windows();
    for (found, first) in [(same, 0), (other, limit)] {
        let want = Array2::from_shape_fn((count, limit), |(i, j)| windows[(i, first + j)]);
        assert_named_close("window", found, want, allowed);
    }
    let ee: Vec<f64> = (0..limit).map(|l| (l as f64).cos() + 1.5).collect();
    let bb: Vec<f64> = (0..limit).map(|l| (l as f64).sin() + 0.5).collect();
    let right = |s: &[f64]| &p * DMatrix::from_vec(limit, 1, s.to_vec());
    let stacked: Vec<f64> = right(&ee)
        .iter()
        .chain(right(&bb).iter())
        .copied()
        .collect();
    let want = &inverse * DMatrix::from_vec(2 * count, 1, stacked);
    let found = decoupling.bandpowers(&ee, &bb).unwrap().concat();
    assert_named_close("bandpowers", found, want.as_slice().to_vec(), allowed);
    // EB: the difference of the matrices.
    let powers = [1.0, -2.0, 0.5, 0.25];
    let eb = &(&plus - &minus) * DMatrix::from_vec(limit, 1, bins.expand(&powers).unwrap());
    let found = decoupling.bandpowers_eb(eb.as_slice()).unwrap();
    assert_named_close("EB", found, powers, allowed);
}

/// The mean bandpowers of 100 masked skies are those of the window and the spectrum of the sky, and their scatter is that of the number of modes.
#[test]
fn masked_skies_have_the_spectrum_of_the_sky() {
    const SKIES: usize = 100;
    let (limit, mask_limit) = (32, 16);
    let grid = limit + mask_limit;
    let plan = ShtPlanner::new()
        .plan(grid, Sampling::GaussLegendre)
        .unwrap();
    // A smooth cap of radius 70°, band-limited, so that the product has no degree above the grid.
    let mut mask = coefficients::zeros(mask_limit).unwrap();
    let mut multipliers = zonal::cap_multipliers(mask_limit, 1.2).unwrap();
    for (a, b) in multipliers
        .iter_mut()
        .zip(smoothing::gaussian_beam(mask_limit, 0.4).unwrap())
    {
        *a *= b;
    }
    let harmonics = SphericalHarmonics::new(mask_limit).unwrap();
    zonal::add_bumps(
        &harmonics,
        &multipliers,
        &[[0.2, 0.5, -0.7]],
        &[2.0],
        mask.view_mut(),
    )
    .unwrap();
    let widened = |coeffs: &Array2<Complex64>| {
        let from = coeffs.nrows();
        let mut wide = coefficients::zeros(grid).unwrap();
        for ((l, k), value) in coeffs.indexed_iter() {
            wide[[l, k + grid - from]] = *value;
        }
        wide
    };
    let mask_map: Array2<f64> = plan.inverse(widened(&mask).view()).unwrap();
    let spectrum_of_mask = power(mask.view(), SpectrumNorm::Mean).unwrap();
    let matrix = ModeCoupling::new(limit)
        .unwrap()
        .scalar(&spectrum_of_mask)
        .unwrap();
    let bins = Binning::new(limit, &[2, 6, 11, 16, 21, 26]).unwrap();
    let decoupling = Decoupling::new(matrix.view(), &bins).unwrap();
    let sky: Vec<f64> = (0..limit).map(|l| 1.0 / (1.0 + 0.2 * l as f64)).collect();
    let want = decoupling.window().dot(&Array1::from_vec(sky.clone()));

    let field = RandomField::new(&sky).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut found = Array2::<f64>::zeros((SKIES, want.len()));
    for mut row in found.rows_mut() {
        let sample = field.sample(&mut rng).unwrap();
        let coeffs = layouts::from_healpy(sample.row(0)).unwrap();
        let map: Array2<f64> = plan.inverse(widened(&coeffs).view()).unwrap();
        let masked = plan.forward((&map * &mask_map).view()).unwrap();
        let spectrum = power(masked.view(), SpectrumNorm::Mean).unwrap();
        row.assign(&Array1::from_vec(
            decoupling.bandpowers(&spectrum[..limit]).unwrap(),
        ));
    }
    let mean = found.mean_axis(Axis(0)).unwrap();
    let deviation = found.std_axis(Axis(0), 1.0);
    let errors = student_errors(FALSE_ALARM, want.len(), SKIES);
    // (∫ w²)² / (4π ∫ w⁴): the part of the sky that counts.
    let weights = Sampling::GaussLegendre.colatitude_weights(grid).unwrap();
    let moment = |power: i32| {
        let terms = mask_map
            .indexed_iter()
            .map(|((t, _), w)| weights[t] * w.powi(power));
        terms.sum::<f64>() / (2.0 * (2 * grid - 1) as f64)
    };
    let part = moment(2) * moment(2) / moment(4);
    let [least, most] = variance_ratios(FALSE_ALARM, want.len(), SKIES - 1);
    for (q, bin) in bins.bins().iter().enumerate() {
        let error = deviation[q] / (SKIES as f64).sqrt();
        assert!(
            (mean[q] - want[q]).abs() <= errors * error,
            "bin {q}: {} ± {error}, want {}",
            mean[q],
            want[q]
        );
        let modes: f64 = bin.clone().map(|l| (2 * l + 1) as f64).sum::<f64>() * part;
        let ratio = deviation[q] * deviation[q] / (2.0 * want[q] * want[q] / modes);
        // The number of modes is an estimate, good to a factor 2 for these narrow bins.
        assert!(
            ratio > 0.5 * least && ratio < 2.0 * most,
            "bin {q}: {ratio}"
        );
    }
}

#[test]
fn bad_arguments_are_errors() {
    let [plus, minus] = ModeCoupling::new(8).unwrap().polarised(&[1.0]).unwrap();
    let bins = Binning::new(8, &[0, 2, 8]).unwrap();
    let error = Decoupling::new(plus.view(), &bins).unwrap_err().to_string();
    assert!(
        error.starts_with("condition of the binned mode-coupling matrix: found "),
        "{error}"
    );
    let other = Binning::new(9, &[2, 8]).unwrap();
    assert_eq!(
        Decoupling::new(plus.view(), &other)
            .unwrap_err()
            .to_string(),
        "mode-coupling matrix: expected shape [9, 9], found [8, 8]"
    );
    let bins = Binning::new(8, &[2, 5, 8]).unwrap();
    let decoupling = PolarisationDecoupling::new(plus.view(), minus.view(), &bins).unwrap();
    assert!(decoupling.bandpowers(&[0.0; 8], &[0.0; 7]).is_err());
    assert!(decoupling.bandpowers_eb(&[f64::NAN; 8]).is_err());
    assert!(PolarisationDecoupling::new(plus.view(), Array2::zeros((7, 8)).view(), &bins).is_err());
}
