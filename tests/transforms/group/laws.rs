//! The laws of tests/common/laws.rs for every group of the crate and for one that a user might bring.

use crate::common::groups::{Acting, discrete};
use crate::common::laws;
use crate::common::naive_rotations::naive_wigner_d;
use crate::common::tol::group as tol;

use approx::assert_abs_diff_eq;
use std::f64::consts::PI;
use std::fmt::Debug;

use crate::common::laws::Function;
use haarmonic::Error;
use haarmonic::group::{
    Action, CyclicGroup, DihedralElement, DihedralGroup, EulerZyz, Exactness, FiniteAction,
    FiniteGroup, Group, Haar, HaarQuadrature, MAX_HAAR_DEGREE, PeriodicRotoTranslation,
    PlanarMotion, PointGroup, Rotation, RotationGroup, RotoTranslation, SpherePoint, TableGroup,
};
use haarmonic::sphere::Sampling;
use ndarray::{Array3, array};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Every law of a finite group and its action, with the indicator functions of its elements for the Haar measure.
fn assert_every_law<X: Debug + PartialEq, G>(group: &G, points: &[X])
where
    G: FiniteGroup<Element: PartialEq> + Action<X> + Clone + 'static,
{
    let elements = laws::assert_finite_group_laws(group);
    laws::assert_group_laws(group, &elements, discrete, 0.0);
    laws::assert_action_laws(group, &elements, points, discrete, 0.0);
    let functions: Vec<Function<G::Element>> = (0..group.order())
        .map(|i| {
            let group = group.clone();
            let indicator =
                move |g: &G::Element| Complex64::from(f64::from(u8::from(group.index_of(g) == i)));
            Box::new(indicator) as Function<G::Element>
        })
        .collect();
    let haar = group.haar(0).unwrap();
    assert_eq!(haar.exactness(), Exactness::EveryFunction);
    laws::assert_haar_invariance(group, &haar, &elements, &functions, tol::haar_invariance(0));
}

/// A corner of the regular n-gon: an independent model of C_n and D_n, as permutations.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Corner(i64, i64);

impl Action<Corner> for CyclicGroup {
    fn act(&self, g: &usize, x: &Corner) -> Corner {
        Corner((x.0 + *g as i64).rem_euclid(x.1), x.1)
    }
}

impl Action<Corner> for DihedralGroup {
    fn act(&self, g: &DihedralElement, x: &Corner) -> Corner {
        let mirrored = if g.reflected { -x.0 } else { x.0 };
        Corner((mirrored + g.rotations as i64).rem_euclid(x.1), x.1)
    }
}

#[test]
fn every_finite_group_obeys_every_law() {
    for n in [1, 2, 3, 4, 5, 8] {
        let corners: Vec<_> = (0..n as i64).map(|i| Corner(i, n as i64)).collect();
        assert_every_law(&CyclicGroup::new(n).unwrap(), &corners);
        let dihedral = DihedralGroup::new(n).unwrap();
        assert_eq!(dihedral.order(), 2 * n);
        assert_every_law(&dihedral, &corners);
    }
    let pixels: Vec<[isize; 2]> = (-1..5).flat_map(|y| [[y, 3 - y], [y, 7]]).collect();
    for point_group in PointGroup::ALL {
        assert_every_law(&point_group, &pixels);
        for (height, width) in [(1, 1), (2, 2), (3, 3), (1, 3), (2, 3)] {
            let torus = PeriodicRotoTranslation::new(point_group, height, width);
            if height != width && point_group.needs_square() {
                assert!(torus.is_err());
                continue;
            }
            let torus = torus.unwrap();
            let at = |x: usize| [x / width, x % width];
            let pixels: Vec<_> = (0..height * width).map(at).collect();
            assert_every_law(&torus, &pixels);
            let image = Array3::from_shape_fn((height, width, 2), |(y, x, c)| (y, x, c));
            assert_every_law(&torus, &[image]);
        }
    }
    for action in [
        FiniteAction::cyclic(6).unwrap(),
        FiniteAction::dihedral(5).unwrap(),
        FiniteAction::symmetric(4).unwrap(),
        FiniteAction::regular(TableGroup::symmetric(3).unwrap()),
        FiniteAction::torus(2, 2, PointGroup::D4).unwrap(),
        FiniteAction::octahedral(),
        FiniteAction::octahedral_on_cube_vertices(),
        FiniteAction::icosahedral(),
    ] {
        let points: Vec<_> = (0..action.points()).collect();
        assert_every_law(&action, &points);
    }
    assert_every_law(&Permutations, &PERMUTATIONS);
}

/// A table has no space of its own: it acts on itself.
#[test]
fn every_table_obeys_every_law() {
    let klein = array![[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]];
    for table in [
        TableGroup::new(klein.view()).unwrap(),
        TableGroup::icosahedral(),
    ] {
        let elements: Vec<_> = (0..table.order()).collect();
        let regular = Acting {
            group: table,
            action: |table: &TableGroup, g: &usize, x: &usize| table.product(*g, *x),
        };
        assert_every_law(&regular, &elements);
    }
}

/// The infinite group of the plane, on some of its elements, and its quotient on a torus.
#[test]
fn the_groups_of_the_plane() {
    let pixels: Vec<[isize; 2]> = (-2..3).map(|y| [y, 5 * y - 2]).collect();
    for point_group in PointGroup::ALL {
        let plane = RotoTranslation::new(point_group);
        let torus = PeriodicRotoTranslation::new(point_group, 4, 4).unwrap();
        let elements: Vec<PlanarMotion> = point_group
            .elements()
            .iter()
            .flat_map(|&symmetry| {
                [[0, 0], [0, 1], [-3, 8]].map(|translation| PlanarMotion {
                    translation,
                    symmetry,
                })
            })
            .collect();
        laws::assert_group_laws(&plane, &elements, discrete, 0.0);
        laws::assert_action_laws(&plane, &elements, &pixels, discrete, 0.0);
        for g in &elements {
            for h in &elements {
                let product = torus.index_of(&plane.compose(g, h));
                assert_eq!(product, torus.index_of(&torus.compose(g, h)));
            }
            assert_eq!(
                torus.index_of(&plane.inverse(g)),
                torus.index_of(&torus.inverse(g))
            );
        }
    }
}

#[test]
fn dihedral_groups_commute_up_to_two() {
    // Two is the last n for which the group is commutative.
    for (n, commutes) in [(1, true), (2, true), (3, false), (4, false)] {
        let group = DihedralGroup::new(n).unwrap();
        let elements: Vec<_> = (0..2 * n).map(|i| group.element(i)).collect();
        let all = elements.iter().all(|g| {
            elements
                .iter()
                .all(|h| group.compose(g, h) == group.compose(h, g))
        });
        assert_eq!(all, commutes, "D_{n}");
    }
}

#[test]
fn elements_beyond_the_order_are_reduced() {
    let group = CyclicGroup::new(3).unwrap();
    assert_eq!(
        group.compose(&usize::MAX, &usize::MAX),
        (2 * (usize::MAX % 3)) % 3
    );
    assert_eq!(group.inverse(&5), 1);
    let group = DihedralGroup::new(3).unwrap();
    let far = DihedralElement {
        rotations: usize::MAX,
        reflected: true,
    };
    assert_eq!(group.compose(&far, &group.inverse(&far)), group.identity());
    assert!(group.index_of(&far) < group.order());
}

/// The alternating group of even permutations of three letters is C_3; all permutations are a user's group.
#[derive(Debug, Clone, Copy)]
struct Permutations;

const PERMUTATIONS: [[usize; 3]; 6] = [
    [0, 1, 2],
    [1, 2, 0],
    [2, 0, 1],
    [0, 2, 1],
    [2, 1, 0],
    [1, 0, 2],
];

impl Group for Permutations {
    type Element = [usize; 3];

    fn identity(&self) -> [usize; 3] {
        [0, 1, 2]
    }

    fn compose(&self, g: &[usize; 3], h: &[usize; 3]) -> [usize; 3] {
        h.map(|i| g[i])
    }

    fn inverse(&self, g: &[usize; 3]) -> [usize; 3] {
        let mut inverse = [0; 3];
        for (i, &image) in g.iter().enumerate() {
            inverse[image] = i;
        }
        inverse
    }
}

impl FiniteGroup for Permutations {
    fn order(&self) -> usize {
        6
    }

    fn element(&self, i: usize) -> [usize; 3] {
        PERMUTATIONS[i % 6]
    }

    fn index_of(&self, g: &[usize; 3]) -> usize {
        PERMUTATIONS
            .iter()
            .position(|p| p == g)
            .expect("all permutations are listed")
    }
}

/// On words of three letters: letter i goes to place g(i).
impl Action<[usize; 3]> for Permutations {
    fn act(&self, g: &[usize; 3], word: &[usize; 3]) -> [usize; 3] {
        let mut moved = [0; 3];
        for (letter, &place) in word.iter().zip(g) {
            moved[place] = *letter;
        }
        moved
    }
}

fn seeded_rotations(count: usize, seed: u64) -> Vec<Rotation> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| Rotation::random(&mut rng)).collect()
}

fn euclidean(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn rotations_are_a_group() {
    let mut elements = seeded_rotations(6, 21);
    for (alpha, beta, gamma) in [
        (0.0, PI, 0.0),
        (1.0, PI, 2.0),
        (0.3, 0.0, 0.4),
        (PI, PI / 2.0, PI),
    ] {
        elements.push(EulerZyz::new(alpha, beta, gamma).unwrap().into());
    }
    let distance = |a: &Rotation, b: &Rotation| a.angle_to(b);
    laws::assert_group_laws(&RotationGroup, &elements, distance, tol::rotation_laws());
}

#[test]
fn rotations_act_on_vectors_and_on_the_sphere() {
    let elements = seeded_rotations(8, 22);
    let mut vectors = vec![[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, -1.0]];
    vectors.extend(elements.iter().map(|r| r.apply([0.6, 0.0, 0.8])));
    laws::assert_action_laws(
        &RotationGroup,
        &elements,
        &vectors,
        euclidean,
        tol::rotation_laws(),
    );

    let points: Vec<_> = vectors
        .iter()
        .map(|&v| SpherePoint::from_vector(v).unwrap())
        .collect();
    let distance = |a: &SpherePoint, b: &SpherePoint| euclidean(&a.to_vector(), &b.to_vector());
    laws::assert_action_laws(
        &RotationGroup,
        &elements,
        &points,
        distance,
        tol::rotation_laws(),
    );
}

/// $`D^\ell_{mn} = e^{-i m α} d^\ell_{mn}(β) e^{-i n γ}`$ by Wigner's sum: an oracle for small degrees only.
fn naive_wigner(l: i64, m: i64, n: i64, rotation: &Rotation) -> Complex64 {
    let angles = rotation.euler_zyz();
    let phase = -(m as f64) * angles.alpha() - n as f64 * angles.gamma();
    Complex64::cis(phase) * naive_wigner_d(l, m, n, angles.beta())
}

fn wigner_functions(degree: usize) -> Vec<Function<Rotation>> {
    let l = degree as i64;
    let orders = (-l..=l).flat_map(|m| (-l..=l).map(move |n| (m, n)));
    orders
        .map(|(m, n)| Box::new(move |r: &Rotation| naive_wigner(l, m, n, r)) as Function<Rotation>)
        .collect()
}

/// A product of `degree` random linear forms in the nine matrix entries, each at most 1.
fn random_polynomial(degree: usize, rng: &mut ChaCha8Rng) -> Function<Rotation> {
    let forms: Vec<[[f64; 3]; 3]> = (0..degree)
        .map(|_| {
            std::array::from_fn(|_| {
                std::array::from_fn(|_| (2.0 * rng.random::<f64>() - 1.0) / 3.0)
            })
        })
        .collect();
    Box::new(move |r: &Rotation| {
        let matrix = r.to_matrix();
        let value = |form: &[[f64; 3]; 3]| -> f64 {
            (0..3)
                .map(|i| (0..3).map(|j| form[i][j] * matrix[i][j]).sum::<f64>())
                .sum()
        };
        forms.iter().map(value).product::<f64>().into()
    })
}

/// The product quadrature with as few rings of a sampling as the degree allows.
fn product(degree: usize, sampling: Sampling) -> HaarQuadrature<Rotation> {
    let band_limit = match sampling {
        Sampling::McEwenWiaux => degree + 1,
        _ => degree / 2 + 1,
    };
    let betas = sampling.colatitudes(band_limit).unwrap();
    let weights = sampling.colatitude_weights(band_limit).unwrap();
    let rings: Vec<_> = betas.into_iter().zip(weights).collect();
    let haar = HaarQuadrature::product(&rings, degree).unwrap();
    if sampling == Sampling::GaussLegendre {
        let own = RotationGroup.haar(degree).unwrap();
        assert_eq!(own.weights(), haar.weights());
    }
    haar
}

#[test]
fn haar_quadrature_on_rotations_is_invariant_up_to_its_degree() {
    let translations = seeded_rotations(3, 23);
    let mut rng = ChaCha8Rng::seed_from_u64(24);
    for sampling in Sampling::ALL {
        for degree in 0..=5 {
            let haar = product(degree, sampling);
            assert_eq!(haar.exactness(), Exactness::Degree(degree));
            let mut functions: Vec<_> = (0..=degree).flat_map(wigner_functions).collect();
            functions.extend((0..4).map(|_| random_polynomial(degree, &mut rng)));
            let tolerance = tol::haar_invariance(degree);
            laws::assert_haar_invariance(
                &RotationGroup,
                &haar,
                &translations,
                &functions,
                tolerance,
            );
        }
    }
}

#[test]
fn haar_quadrature_on_rotations_fails_one_degree_beyond() {
    let translations = seeded_rotations(3, 25);
    for sampling in Sampling::ALL {
        for degree in 0..=5 {
            let haar = product(degree, sampling);
            let defect = laws::haar_defect(
                &RotationGroup,
                &haar,
                &translations,
                &wigner_functions(degree + 1),
            );
            assert!(
                defect > tol::visible_defect(),
                "{sampling} {degree}: {defect:e}"
            );
        }
    }
}

/// Invariance alone would allow a wrong mean: all Wigner functions but the constant have integral 0, and
/// $`∫ R_{zz}^{2k} = 1/(2k+1)`$, $`∫ (\mathrm{tr} R)^2 = 1`$.
#[test]
fn haar_integrals_in_closed_form() {
    for sampling in Sampling::ALL {
        for degree in [1, 2, 5, 6, 20] {
            let haar = product(degree, sampling);
            for f in (1..=degree.min(6)).flat_map(wigner_functions) {
                assert!(haar.integrate(f).norm() <= tol::haar_invariance(degree));
            }
            for k in 0..=degree / 2 {
                let found: f64 = haar.integrate(|r| r.to_matrix()[2][2].powi(2 * k as i32));
                assert_abs_diff_eq!(
                    found,
                    1.0 / (2 * k + 1) as f64,
                    epsilon = tol::haar_invariance(degree)
                );
            }
            if degree >= 2 {
                let trace = |r: &Rotation| (0..3).map(|i| r.to_matrix()[i][i]).sum::<f64>();
                let found: f64 = haar.integrate(|r| trace(r).powi(2));
                assert_abs_diff_eq!(found, 1.0, epsilon = tol::haar_invariance(degree));
            }
        }
    }
}

#[test]
fn invalid_groups_and_quadratures_are_errors() {
    assert!(matches!(
        CyclicGroup::new(0),
        Err(Error::InvalidValue { .. })
    ));
    assert!(matches!(
        DihedralGroup::new(0),
        Err(Error::InvalidValue { .. })
    ));
    assert!(matches!(
        DihedralGroup::new(usize::MAX),
        Err(Error::InvalidValue { .. })
    ));
    let too_high = RotationGroup.haar(MAX_HAAR_DEGREE + 1);
    assert!(matches!(too_high, Err(Error::InvalidValue { .. })));
    let exact = Exactness::Degree(0);
    assert!(matches!(
        HaarQuadrature::<usize>::new(vec![], vec![], exact),
        Err(Error::Empty { .. })
    ));
    assert!(matches!(
        HaarQuadrature::new(vec![0], vec![0.5, 0.5], exact),
        Err(Error::ShapeMismatch { .. })
    ));
    assert!(matches!(
        HaarQuadrature::new(vec![0], vec![f64::NAN], exact),
        Err(Error::NotFinite { .. })
    ));
    assert!(matches!(
        HaarQuadrature::new(vec![0, 1], vec![1.0, 1.0], exact),
        Err(Error::InvalidValue { .. })
    ));
}
