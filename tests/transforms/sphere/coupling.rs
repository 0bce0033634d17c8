//! Mode coupling of masks: stored matrices, sums of 3j symbols, the mean over all modes; bins; recovered spectra.

use crate::common::close::assert_named_close;
use crate::common::naive_rotations as naive;
use crate::common::signals;
use crate::common::tol::sphere as tol;

use haarmonic::Error;
use haarmonic::sphere::coupling::{Binning, ModeCoupling};
use haarmonic::sphere::spectra::{SpectrumNorm, all_pairs, power};
use haarmonic::sphere::{Sampling, ShtPlan, ShtPlanner, SpinPlan};
use haarmonic::wigner::WignerFamily;
use ndarray::{Array1, Array2, Array3, Axis, Ix1, Ix2};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;
use std::sync::Arc;

/// The matrices TT, TE, M⁺, M⁻.
fn matrices(band_limit: usize, mask: &[f64]) -> [Array2<f64>; 4] {
    let coupling = ModeCoupling::new(band_limit).unwrap();
    let [plus, minus] = coupling.polarised(mask).unwrap();
    [
        coupling.scalar(mask).unwrap(),
        coupling.mixed(mask).unwrap(),
        plus,
        minus,
    ]
}

const NAMES: [&str; 4] = ["00", "02", "pp", "mm"];

#[test]
fn stored_matrices() {
    let mask: Array1<f64> = naive::golden::<f64, Ix1>("coupling.npz", "mcm_W");
    let found = matrices(12, mask.as_slice().unwrap());
    for (name, found) in NAMES.iter().zip(found) {
        let want: Array2<f64> = naive::golden::<f64, Ix2>("coupling.npz", &format!("mcm_{name}"));
        assert_named_close(name, found, want, tol::coupling(12));
    }
}

/// Sums over 3j symbols, for spectra of the mask that are shorter and longer than what couples.
#[test]
fn sums_of_three_j_symbols() {
    let mut family = WignerFamily::new();
    for (limit, len) in [(1, 1), (2, 5), (3, 2), (4, 7), (17, 40), (32, 30)] {
        let mask: Vec<f64> = (0..len)
            .map(|l| f64::from(l * l % 7) / f64::from(1 + l * l))
            .collect();
        let mut want = [(); 4].map(|()| Array2::<f64>::zeros((limit, limit)));
        for a in 0..limit {
            for b in 0..limit {
                let scalar = family
                    .three_j_over_degrees([a, b], [0, 0])
                    .unwrap()
                    .to_vec();
                let first = family.first() as usize;
                family.three_j_over_degrees([a, b], [2, -2]).unwrap();
                for (l, scalar) in (first..).zip(scalar).take_while(|(l, _)| *l < mask.len()) {
                    let spin = family.value(l as i64);
                    let factor = (2 * b + 1) as f64 / (4.0 * PI) * (2 * l + 1) as f64 * mask[l];
                    want[0][[a, b]] += factor * scalar * scalar;
                    want[1][[a, b]] += factor * scalar * spin;
                    want[2 + (a + b + l) % 2][[a, b]] += factor * spin * spin;
                }
            }
        }
        for (i, (found, want)) in matrices(limit, &mask).into_iter().zip(want).enumerate() {
            let scale = want.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
            // Degrees below 2 have no polarisation.
            if limit <= 2 && i > 0 {
                assert!(found.iter().all(|value| *value == 0.0) && scale == 0.0);
            } else {
                assert_named_close(
                    format!("{} at {limit}", NAMES[i]),
                    found,
                    want,
                    tol::coupling(limit),
                );
            }
        }
    }
}

/// Plans of band limit 8: products of fields below 5 with masks below 4.
struct Sky {
    scalar: Arc<ShtPlan>,
    spin: SpinPlan,
    mask: Array2<f64>,
    power: Vec<f64>,
}

const FIELD: usize = 5;
const MASK: usize = 4;
const GRID: usize = 8;

fn half(limit: usize, l: usize, m: usize) -> usize {
    m * (2 * limit - 1 - m) / 2 + l
}

impl Sky {
    fn new() -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let coeffs = signals::random_signals(&mut rng, [1, 1, MASK], 1);
        let coeffs = coeffs.index_axis(Axis(0), 0).index_axis_move(Axis(0), 0);
        let mut wide = Array2::zeros((GRID, 2 * GRID - 1));
        for ((l, k), value) in coeffs.indexed_iter() {
            wide[[l, k + GRID - MASK]] = *value;
        }
        let scalar = ShtPlanner::new()
            .plan(GRID, Sampling::GaussLegendre)
            .unwrap();
        Sky {
            mask: scalar.inverse(wide.view()).unwrap(),
            power: power(coeffs, SpectrumNorm::Mean).unwrap(),
            spin: SpinPlan::new(GRID, 2, Sampling::GaussLegendre).unwrap(),
            scalar,
        }
    }

    /// The six spectra of the masked maps of T, E, B in the half layout of band limit 8.
    fn masked_spectra(&self, teb: &Array2<Complex64>) -> Array2<f64> {
        let mut maps = Array3::<f64>::zeros((3, GRID, 2 * GRID - 1));
        let (scratch, spin_scratch) = (
            &mut self.scalar.make_scratch(),
            &mut self.spin.make_scratch(),
        );
        let tail = || (1..).into();
        self.scalar
            .inverse_into(teb.row(0), maps.index_axis_mut(Axis(0), 0), scratch)
            .unwrap();
        self.spin
            .inverse_into(
                teb.slice_axis(Axis(0), tail()),
                maps.slice_axis_mut(Axis(0), tail()),
                spin_scratch,
            )
            .unwrap();
        maps *= &self.mask;
        let mut masked = teb.clone();
        self.scalar
            .forward_into(maps.index_axis(Axis(0), 0), masked.row_mut(0), scratch)
            .unwrap();
        self.spin
            .forward_into(
                maps.slice_axis(Axis(0), tail()),
                masked.slice_axis_mut(Axis(0), tail()),
                spin_scratch,
            )
            .unwrap();
        all_pairs(masked.view(), SpectrumNorm::Mean).unwrap()
    }
}

/// The mean spectra of masked maps, exactly, as sums over all modes of one degree; each of the three fields has the mode or not.
#[test]
fn mean_over_all_modes() {
    let sky = Sky::new();
    let [scalar, mixed, plus, minus] = matrices(FIELD, &sky.power);
    let both = &plus - &minus;
    // Present fields T, E, B; the row of the spectrum (TT, EE, BB, TE, EB, TB) and the matrix that it must have.
    for (present, expected) in [
        (
            [1.0, 1.0, 0.0],
            vec![(0, &scalar), (1, &plus), (2, &minus), (3, &mixed)],
        ),
        ([1.0, 0.0, 1.0], vec![(1, &minus), (2, &plus), (5, &mixed)]),
        ([0.0, 1.0, 1.0], vec![(4, &both)]),
    ] {
        let mut found = vec![Array2::<f64>::zeros((FIELD, FIELD)); 6];
        for b in 0..FIELD {
            // A real field of variance one: real for m = 0, otherwise real and imaginary parts of variance 1/2.
            for mode in 0..2 * b + 1 {
                let (m, value) = match mode {
                    0 => (0, Complex64::ONE),
                    _ if mode % 2 == 1 => (mode.div_ceil(2), Complex64::new(0.5_f64.sqrt(), 0.0)),
                    _ => (mode.div_ceil(2), Complex64::new(0.0, 0.5_f64.sqrt())),
                };
                let mut teb = Array2::zeros((3, half(GRID, GRID - 1, GRID - 1) + 1));
                for (field, present) in present.iter().enumerate() {
                    if field == 0 || b >= 2 {
                        teb[[field, half(GRID, b, m)]] = value * present;
                    }
                }
                let spectra = sky.masked_spectra(&teb);
                for (matrix, row) in found.iter_mut().zip(spectra.rows()) {
                    for a in 0..FIELD {
                        matrix[[a, b]] += row[a];
                    }
                }
            }
        }
        for (row, want) in expected {
            assert_named_close(
                format!("{present:?}, row {row}"),
                &found[row],
                want,
                tol::coupling(GRID),
            );
        }
    }
}

#[test]
fn bins() {
    let shape: Vec<f64> = (0..10)
        .map(|l| f64::from(l * (l + 1)) / (2.0 * PI))
        .collect();
    let weights: Vec<f64> = (0..10).map(|l| f64::from(2 * l + 1)).collect();
    let bins = Binning::new(10, &[2, 3, 7, 10])
        .unwrap()
        .with_weights(&weights)
        .unwrap()
        .with_shape(&shape)
        .unwrap();
    let powers = [3.0, -1.0, 0.5];
    let spectrum = bins.expand(&powers).unwrap();
    assert_named_close(
        "there and back",
        bins.bin(&spectrum).unwrap(),
        powers,
        tol::CLOSED_FORM,
    );
    assert_eq!((spectrum[1], bins.bins().len()), (0.0, 3));
    assert_named_close(
        "degrees",
        bins.mean_degrees(),
        [2.0, 190.0 / 40.0, 412.0 / 51.0],
        tol::CLOSED_FORM,
    );
}

#[test]
fn bad_arguments_are_errors() {
    assert!(ModeCoupling::new(0).is_err());
    let coupling = ModeCoupling::new(4).unwrap();
    assert_eq!(
        coupling.scalar(&[]).unwrap_err().to_string(),
        "spectrum of the mask: empty, expected at least one entry"
    );
    assert!(matches!(
        coupling.polarised(&[1.0, f64::NAN]),
        Err(Error::NotFinite { .. })
    ));
    let message = |edges: &[usize]| Binning::new(10, edges).unwrap_err().to_string();
    assert_eq!(
        message(&[2]),
        "number of edges of bins: found 1, expected 2 or more"
    );
    assert_eq!(
        message(&[2, 5, 5]),
        "edge 2 of bins: found 5, expected above 5 and at most the band limit, 10"
    );
    assert_eq!(
        message(&[2, 11]),
        "edge 1 of bins: found 11, expected above 2 and at most the band limit, 10"
    );
    let bins = Binning::new(4, &[1, 2, 4]).unwrap();
    assert!(bins.bin(&[0.0; 5]).is_err() && bins.expand(&[0.0; 3]).is_err());
    assert_eq!(
        bins.clone()
            .with_weights(&[1.0, 0.0, 1.0, 1.0])
            .unwrap_err()
            .to_string(),
        "sum of the weights of degrees 1 to 1: found 0, expected a finite number above 0"
    );
    assert!(bins.clone().with_weights(&[1.0, 1.0, -1.0, 2.0]).is_err());
    assert!(bins.clone().with_shape(&[0.0, 1.0, 0.0, 1.0]).is_err());
    assert!(bins.with_shape(&[0.0, 1.0, 1.0, 1.0]).is_ok());
}
