//! Molecules and the composition baseline: closed forms, invariances, bad input.

use crate::common::tol::data as tol;

use crate::common::close::assert_named_close;
use haarmonic::Error;
use haarmonic::data::composition::{CompositionBaseline, element_counts};
use haarmonic::data::molecule::{
    Element::{self, *},
    HARTREE_IN_MEV, Molecule,
};
use haarmonic::group::Rotation;
use nalgebra::Rotation3;
use ndarray::{Array2, array};

fn methane() -> Molecule {
    Molecule::new(
        1,
        vec![C, H, H, H, H],
        vec![
            [-0.0126981359, 1.0858041578, 0.0080009958],
            [0.002150416, -0.0060313176, 0.0019761204],
            [1.0117308433, 1.4637511618, 0.0002765748],
            [-0.540815069, 1.4475266138, -0.8766437152],
            [-0.5238136345, 1.4379326443, 0.9063972942],
        ],
        -40.47893,
    )
    .unwrap()
}

#[test]
fn atomisation_energy_of_methane() {
    // −40.47893 + 37.846772 + 4 · 0.500273, by hand
    let wanted = -0.631066;
    assert_named_close(
        "hartree",
        [methane().atomisation_energy()],
        [wanted],
        tol::ENERGY / 0.6,
    );
    assert_named_close(
        "meV",
        [methane().atomisation_energy_mev()],
        [wanted * HARTREE_IN_MEV],
        tol::ENERGY / 0.6,
    );
}

#[test]
fn element_table() {
    let symbols: Vec<_> = Element::ALL.iter().map(|e| e.to_string()).collect();
    assert_eq!(symbols, ["H", "C", "N", "O", "F"]);
    assert_eq!(Element::ALL.map(Element::atomic_number), [1, 6, 7, 8, 9]);
    for (index, element) in Element::ALL.into_iter().enumerate() {
        assert_eq!(element.index(), index);
        assert_eq!(element.symbol().parse::<Element>().unwrap(), element);
    }
    for text in ["", "h", "Cl", " H", "X"] {
        assert!(
            matches!(text.parse::<Element>(), Err(Error::InvalidValue { .. })),
            "{text:?}"
        );
    }
}

#[test]
fn rotation_keeps_distances_and_moves_positions() {
    let molecule = methane();
    let rotation = Rotation3::from_euler_angles(0.4, 1.3, -2.0);
    let rotation = Rotation::from_matrix(rotation.inverse().into_inner().into()).unwrap();
    let turned = molecule.rotated(&rotation).unwrap();
    let distances = |m: &Molecule| -> Vec<f64> {
        let x = m.positions();
        (0..5)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| {
                (0..3)
                    .map(|k| (x[i][k] - x[j][k]).powi(2))
                    .sum::<f64>()
                    .sqrt()
            })
            .collect()
    };
    assert_named_close(
        "distances",
        distances(&turned),
        distances(&molecule),
        tol::ARITHMETIC,
    );
    assert_ne!(turned.positions(), molecule.positions());
    assert_eq!((turned.id(), turned.elements()), (1, molecule.elements()));
    assert_eq!(turned.internal_energy_0k(), molecule.internal_energy_0k());
    assert_eq!(molecule.rotated(&Rotation::identity()).unwrap(), molecule);
}

#[test]
fn bad_molecules_are_errors() {
    let new = |elements: &[Element], positions: &[[f64; 3]], energy| {
        Molecule::new(0, elements.to_vec(), positions.to_vec(), energy).unwrap_err()
    };
    assert!(matches!(new(&[], &[], 0.0), Error::Empty { .. }));
    assert!(matches!(
        new(&[H, H], &[[0.0; 3]], 0.0),
        Error::ShapeMismatch { .. }
    ));
    let error = new(&[H, H], &[[0.0; 3], [0.0, f64::NAN, 0.0]], 0.0);
    assert_eq!(
        error,
        Error::NotFinite {
            what: "positions".into(),
            index: vec![1, 1]
        }
    );
    assert!(matches!(
        new(&[H], &[[f64::INFINITY, 0.0, 0.0]], 0.0),
        Error::NotFinite { .. }
    ));
    assert!(matches!(
        new(&[H], &[[0.0; 3]], f64::NAN),
        Error::NotFinite { .. }
    ));
    let error = new(&[H, C, H], &[[1.0; 3], [0.0; 3], [1.0; 3]], 0.0);
    assert_eq!(
        error.to_string(),
        "distance of atoms 0 and 2: found 0, expected a positive finite distance"
    );
    let far = f64::MAX;
    assert!(matches!(
        new(&[H, H], &[[far, 0.0, 0.0], [-far, 0.0, 0.0]], 0.0),
        Error::InvalidValue { .. }
    ));
}

#[test]
fn composition_recovers_energies_that_are_sums() {
    let truth = [-0.6, -38.1, -54.8, -75.3, -99.9];
    let counts = Array2::from_shape_fn((40, 5), |(i, z)| {
        ((i * (3 * z + 7) + z * z) % (9 - z)) as f64
    });
    let energies: Vec<f64> = counts
        .rows()
        .into_iter()
        .map(|row| row.iter().zip(truth).map(|(n, e)| n * e).sum())
        .collect();
    let fit = CompositionBaseline::fit(counts.view(), &energies).unwrap();
    assert_eq!(fit.rank(), 5);
    assert_named_close(
        "coefficients",
        fit.coefficients(),
        truth,
        tol::least_squares(40),
    );
    assert_named_close(
        "predictions",
        fit.predict(counts.view()).unwrap(),
        &energies,
        tol::least_squares(40),
    );
}

#[test]
fn composition_residual_is_orthogonal_to_the_counts() {
    let counts = element_counts(&sample());
    let energies: Vec<f64> = sample().iter().map(Molecule::atomisation_energy).collect();
    let fit = CompositionBaseline::fit(counts.view(), &energies).unwrap();
    let predicted = fit.predict(counts.view()).unwrap();
    let n = counts.nrows();
    for column in counts.columns() {
        let product: f64 = (0..n)
            .map(|i| column[i] * (energies[i] - predicted[i]))
            .sum();
        let scale: f64 = (0..n).map(|i| column[i] * energies[i].abs()).sum();
        assert!(
            product.abs() <= tol::least_squares(n) * scale,
            "{product} of {scale}"
        );
    }
}

fn sample() -> Vec<Molecule> {
    haarmonic::data::qm9::Qm9Source::open("examples/data/qm9_sample.csv")
        .unwrap()
        .read_all()
        .unwrap()
        .into_iter()
        .map(|record| record.molecule)
        .collect()
}

#[test]
fn composition_takes_the_smallest_norm_when_undetermined() {
    // No fluorine, and two columns in a fixed ratio: c = v (v·…): only 2 c_0 + c_1 = 5 is known, c ∝ (2, 1).
    let counts = array![[2., 1., 0.], [4., 2., 0.], [6., 3., 0.]];
    let fit = CompositionBaseline::fit(counts.view(), &[5., 10., 15.]).unwrap();
    assert_eq!(fit.rank(), 1);
    assert_named_close(
        "coefficients",
        fit.coefficients(),
        [2., 1., 0.],
        tol::least_squares(3),
    );
    // Fewer molecules than elements: one molecule with counts n gives c = E n / |n|².
    let fit = CompositionBaseline::fit(array![[1., 2., 0., 2., 0.]].view(), &[18.]).unwrap();
    assert_named_close(
        "coefficients",
        fit.coefficients(),
        [2., 4., 0., 4., 0.],
        tol::least_squares(5),
    );
    // The third column is p n_0 + q n_1, up to rounding, and E = a n_0 + b n_1: c = (a − p s, b − q s, s) is shortest at
    // s = (p a + q b) / (1 + p² + q²).
    let (p, q) = (0.3, 0.7);
    let (a, b) = (-7.0, 4.0);
    let mut counts = Array2::from_shape_fn((50, 3), |(i, z)| ((i * i + 3 * i * z + 1) % 11) as f64);
    let energies: Vec<f64> = counts
        .rows_mut()
        .into_iter()
        .map(|mut row| {
            row[2] = p * row[0] + q * row[1];
            a * row[0] + b * row[1]
        })
        .collect();
    let fit = CompositionBaseline::fit(counts.view(), &energies).unwrap();
    assert_eq!(fit.rank(), 2);
    let s = (p * a + q * b) / (1.0 + p * p + q * q);
    assert_named_close(
        "coefficients",
        fit.coefficients(),
        [a - p * s, b - q * s, s],
        tol::least_squares(50),
    );
    // No atoms of the elements at all.
    let fit = CompositionBaseline::fit(array![[0., 0.]].view(), &[1.]).unwrap();
    assert_eq!((fit.coefficients(), fit.rank()), (&[0., 0.][..], 0));
}

#[test]
fn bad_compositions_are_errors() {
    let counts = array![[1., 2.], [3., 4.]];
    let fit =
        |counts: &Array2<f64>, energies: &[f64]| CompositionBaseline::fit(counts.view(), energies);
    assert!(matches!(
        fit(&counts, &[1.]),
        Err(Error::ShapeMismatch { .. })
    ));
    assert!(matches!(
        fit(&counts, &[1., f64::NAN]),
        Err(Error::NotFinite { .. })
    ));
    assert!(matches!(
        fit(&array![[1., f64::INFINITY]], &[1.]),
        Err(Error::NotFinite { .. })
    ));
    assert!(matches!(
        fit(&Array2::zeros((0, 5)), &[]),
        Err(Error::Empty { .. })
    ));
    assert!(matches!(
        fit(&Array2::zeros((2, 0)), &[1., 2.]),
        Err(Error::Empty { .. })
    ));
    let tiny = array![[f64::MIN_POSITIVE]];
    assert!(matches!(
        fit(&tiny, &[f64::MAX]),
        Err(Error::NotFinite { .. })
    ));
    let good = fit(&counts, &[1., 2.]).unwrap();
    assert!(matches!(
        good.predict(array![[1.]].view()),
        Err(Error::ShapeMismatch { .. })
    ));
    assert!(matches!(
        good.predict(array![[1., f64::NAN]].view()),
        Err(Error::NotFinite { .. })
    ));
}
