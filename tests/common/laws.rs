//! The laws of groups, actions and Haar measures, written once and run for every group.

use std::fmt::Debug;

use haarmonic::group::{Action, FiniteGroup, Group, HaarQuadrature};
use num_complex::Complex64;

/// A complex function on the elements `E` of a group.
pub type Function<E> = Box<dyn Fn(&E) -> Complex64>;

/// Identity, inverse and associativity, for all triples of `elements`.
pub fn assert_group_laws<G: Group>(
    group: &G,
    elements: &[G::Element],
    distance: impl Fn(&G::Element, &G::Element) -> f64,
    tolerance: f64,
) {
    let near = |law: &str, a: &G::Element, b: &G::Element| {
        let d = distance(a, b);
        assert!(
            d <= tolerance,
            "{law}: {a:?} and {b:?} differ by {d:e}, tolerance {tolerance:e}"
        );
    };
    let e = group.identity();
    near("e⁻¹ = e", &group.inverse(&e), &e);
    for g in elements {
        near("e g = g", &group.compose(&e, g), g);
        near("g e = g", &group.compose(g, &e), g);
        near("g g⁻¹ = e", &group.compose(g, &group.inverse(g)), &e);
        near("g⁻¹ g = e", &group.compose(&group.inverse(g), g), &e);
        near("(g⁻¹)⁻¹ = g", &group.inverse(&group.inverse(g)), g);
        for h in elements {
            let gh = group.compose(g, h);
            let swapped = group.compose(&group.inverse(h), &group.inverse(g));
            near("(g h)⁻¹ = h⁻¹ g⁻¹", &group.inverse(&gh), &swapped);
            for k in elements {
                let left = group.compose(&gh, k);
                let right = group.compose(g, &group.compose(h, k));
                near("(g h) k = g (h k)", &left, &right);
            }
        }
    }
}

/// `e·x = x`, `(g h)·x = g·(h·x)` and `g⁻¹·(g·x) = x`.
pub fn assert_action_laws<X: Debug, G: Action<X>>(
    group: &G,
    elements: &[G::Element],
    points: &[X],
    distance: impl Fn(&X, &X) -> f64,
    tolerance: f64,
) {
    let near = |law: &str, a: &X, b: &X| {
        let d = distance(a, b);
        assert!(
            d <= tolerance,
            "{law}: {a:?} and {b:?} differ by {d:e}, tolerance {tolerance:e}"
        );
    };
    for x in points {
        near("e x = x", &group.act(&group.identity(), x), x);
        for g in elements {
            let back = group.act(&group.inverse(g), &group.act(g, x));
            near("g⁻¹ (g x) = x", &back, x);
            for h in elements {
                let product = group.act(&group.compose(g, h), x);
                let in_turn = group.act(g, &group.act(h, x));
                near("(g h) x = g (h x)", &product, &in_turn);
            }
        }
    }
}

/// The numbering is a bijection and the identity has number 0; returns all elements.
pub fn assert_finite_group_laws<G: FiniteGroup>(group: &G) -> Vec<G::Element>
where
    G::Element: PartialEq,
{
    let elements: Vec<_> = (0..group.order()).map(|i| group.element(i)).collect();
    assert_eq!(group.index_of(&group.identity()), 0);
    for (i, g) in elements.iter().enumerate() {
        assert_eq!(group.index_of(g), i, "index of {g:?}");
        assert!(
            *g == group.element(i + group.order()),
            "numbers are taken modulo the order"
        );
        assert!(!elements[..i].contains(g), "{g:?} is listed twice");
    }
    elements
}

/// Total mass 1, and `∫ f(h g) dg = ∫ f(g h) dg = ∫ f(g) dg` for the given functions (of size about 1).
pub fn assert_haar_invariance<G: Group>(
    group: &G,
    quadrature: &HaarQuadrature<G::Element>,
    translations: &[G::Element],
    functions: &[Function<G::Element>],
    tolerance: f64,
) {
    let mass: f64 = quadrature.integrate(|_| 1.0);
    assert!((mass - 1.0).abs() <= tolerance, "total mass {mass}");
    let defect = haar_defect(group, quadrature, translations, functions);
    assert!(
        defect.is_finite() && defect <= tolerance,
        "invariance fails by {defect:e}, tolerance {tolerance:e}"
    );
}

/// The largest difference between the integral of a function and of one of its translates.
pub fn haar_defect<G: Group>(
    group: &G,
    quadrature: &HaarQuadrature<G::Element>,
    translations: &[G::Element],
    functions: &[Function<G::Element>],
) -> f64 {
    let mut defect = 0.0_f64;
    for f in functions {
        let plain = quadrature.integrate(f);
        for h in translations {
            let left = quadrature.integrate(|g| f(&group.compose(h, g)));
            let right = quadrature.integrate(|g| f(&group.compose(g, h)));
            for translated in [left, right] {
                let difference = (translated - plain).norm();
                if difference.is_nan() {
                    return f64::NAN;
                }
                defect = defect.max(difference);
            }
        }
    }
    defect
}
