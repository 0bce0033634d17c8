//! Filters on the sphere by distance from the pole: their multipliers, and what is not a filter.

use approx::assert_abs_diff_eq;
use std::f64::consts::PI;

use haarmonic::Error;
use haarmonic::network::{Filter, ZonalProfile};
use haarmonic::numeric::legendre_polynomials;

use crate::common::tol::network as tol;

/// Multipliers in high precision, by `data/zonal_multipliers.py`.
const TABLE: &str = include_str!("../../data/zonal_multipliers.csv");
const LIMIT: usize = 257;

fn error(profile: &ZonalProfile) -> String {
    match profile.validate() {
        Err(error @ Error::InvalidValue { .. }) => {
            assert_eq!(profile.multipliers(3).unwrap_err(), error);
            error.to_string()
        }
        other => panic!("{profile:?}: {other:?}"),
    }
}

#[test]
fn rings_caps_and_gaussians_follow_the_table() {
    let mut rows = 0;
    let mut last = None;
    let mut found = Vec::new();
    for line in TABLE.lines().skip(2) {
        let fields: Vec<_> = line.split(',').collect();
        let number = |k: usize| fields[k].parse::<f64>().unwrap();
        let (first, second, degree) = (number(1), number(2), fields[3].parse::<usize>().unwrap());
        let profile = match fields[0] {
            "ring" if first == 0.0 => ZonalProfile::Cap { angle: second },
            "ring" => ZonalProfile::Ring {
                inner: first,
                outer: second,
            },
            "gaussian" => ZonalProfile::Gaussian { width: first },
            other => panic!("{other}"),
        };
        if last.as_ref() != Some(&profile) {
            found = profile.multipliers(LIMIT).unwrap();
            assert_eq!(found.len(), LIMIT);
            assert_eq!(found[0], 1.0, "{profile}");
            last = Some(profile.clone());
        }
        let error = (found[degree] - number(4)).abs();
        assert!(
            error <= tol::multiplier(degree),
            "{profile}, degree {degree}: {} against {}, off by {error:e}",
            found[degree],
            fields[4]
        );
        rows += 1;
    }
    assert_eq!(rows, 26 * 12);
}

#[test]
fn a_low_band_limit_gives_the_first_multipliers() {
    for profile in [
        ZonalProfile::Cap { angle: 0.9 },
        ZonalProfile::Ring {
            inner: 0.3,
            outer: 2.9,
        },
        ZonalProfile::Gaussian { width: 0.4 },
        ZonalProfile::Gaussian { width: 40.0 },
        ZonalProfile::Heat { time: 0.1 },
        ZonalProfile::Legendre([1.0, 0.5, 0.1].into()),
    ] {
        let all = profile.multipliers(40).unwrap();
        for limit in 1..40 {
            let some = profile.multipliers(limit).unwrap();
            assert_eq!(some.len(), limit);
            for (l, (a, b)) in some.iter().zip(&all).enumerate() {
                assert!(
                    (a - b).abs() <= tol::multiplier(l),
                    "{profile}, {limit}, {l}"
                );
            }
        }
        assert!(profile.multipliers(0).is_err());
        assert!(profile.multipliers(usize::MAX).is_err());
    }
}

#[test]
fn limits_of_the_profiles() {
    // A ring as thin as numbers allow is the Legendre polynomial.
    let (inner, outer) = (0.7, 0.7_f64.next_up());
    let thin = ZonalProfile::Ring { inner, outer }
        .multipliers(LIMIT)
        .unwrap();
    let mut polynomials = vec![0.0; LIMIT];
    legendre_polynomials(2.0 * 0.35_f64.sin().powi(2), &mut polynomials);
    // A cap that covers the sphere, and one that covers a point; either pole.
    let whole = ZonalProfile::Cap { angle: PI }.multipliers(LIMIT).unwrap();
    let point = |profile: ZonalProfile| profile.multipliers(LIMIT).unwrap();
    let north = point(ZonalProfile::Cap {
        angle: f64::MIN_POSITIVE,
    });
    let narrow = point(ZonalProfile::Gaussian {
        width: f64::MIN_POSITIVE,
    });
    let brief = point(ZonalProfile::Heat {
        time: f64::MIN_POSITIVE,
    });
    let south = point(ZonalProfile::Ring {
        inner: PI.next_down(),
        outer: PI,
    });
    let flat = point(ZonalProfile::Gaussian { width: f64::MAX });
    let late = point(ZonalProfile::Heat { time: f64::MAX });
    for l in 0..LIMIT {
        let sign = if l % 2 == 0 { 1.0 } else { -1.0 };
        let mean = if l == 0 { 1.0 } else { 0.0 };
        for (found, wanted) in [
            (thin[l], polynomials[l]),
            (north[l], 1.0),
            (narrow[l], 1.0),
            (brief[l], 1.0),
            (south[l], sign),
            (whole[l], mean),
            (flat[l], mean),
            (late[l], mean),
        ] {
            assert!(
                (found - wanted).abs() <= tol::multiplier(l),
                "{l}: {found} against {wanted}"
            );
        }
    }
}

#[test]
fn heat_and_given_multipliers() {
    let heat = ZonalProfile::Heat { time: 0.25 }.multipliers(4).unwrap();
    for (a, exponent) in heat.iter().zip([0.0, -0.5, -1.5, -3.0_f64]) {
        assert_abs_diff_eq!(*a, exponent.exp(), epsilon = tol::multiplier(0));
    }
    let given = ZonalProfile::Legendre([1.0, 0.25].into());
    assert_eq!(given.multipliers(4).unwrap(), [1.0, 0.25, 0.0, 0.0]);
    assert_eq!(given.multipliers(1).unwrap(), [1.0]);
}

#[test]
fn a_density_may_touch_zero_and_not_cross_it() {
    // 1 + 3 a_1 cos θ is zero at the south pole for a_1 = 1/3, at the north pole for −1/3.
    let pair = |a: f64| ZonalProfile::Legendre([1.0, a].into());
    for sign in [1.0, -1.0] {
        pair(sign / 3.0).validate().unwrap();
        pair(sign / 3.0 * (1.0 + tol::ROUNDED)).validate().unwrap();
    }
    assert_eq!(
        error(&pair(0.5)),
        "legendre: found multipliers of a density that is -3.979e-2 at 3.1416 rad, expected a density \
         that is nowhere negative"
    );
    assert!(error(&pair(-1.0 / 3.0 - 1e-9)).contains(" at 0.0000 rad"));
    // (1 + 5 a_2 P_2): zero on the equator for a_2 = 2/5.
    ZonalProfile::Legendre([1.0, 0.0, 0.4].into())
        .validate()
        .unwrap();
    let crossing = ZonalProfile::Legendre([1.0, 0.0, 0.41].into());
    assert!(
        error(&crossing).contains(" at 1.5708 rad"),
        "{}",
        error(&crossing)
    );
    // The multipliers of a density, with enough of them, are accepted.
    let heat = ZonalProfile::Heat { time: 0.1 }.multipliers(40).unwrap();
    ZonalProfile::Legendre(heat.into()).validate().unwrap();
    // Cut off early, they are not.
    let heat = ZonalProfile::Heat { time: 0.1 }.multipliers(6).unwrap();
    error(&ZonalProfile::Legendre(heat.into()));
}

#[test]
fn parameters_out_of_range() {
    for bad in [0.0, -0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for (profile, expected) in [
            (
                ZonalProfile::Cap { angle: bad },
                "cap: found #, expected an angle in radians greater than 0 and at most π",
            ),
            (
                ZonalProfile::Gaussian { width: bad },
                "gaussian: found #, expected a finite width in radians greater than 0",
            ),
            (
                ZonalProfile::Heat { time: bad },
                "heat: found #, expected a finite time greater than 0",
            ),
        ] {
            assert_eq!(error(&profile), expected.replace('#', &bad.to_string()));
        }
    }
    assert!(
        error(&ZonalProfile::Cap {
            angle: PI.next_up()
        })
        .contains("at most π")
    );
    for (inner, outer) in [
        (0.5, 0.5),
        (0.6, 0.5),
        (-0.1, 0.5),
        (0.1, PI.next_up()),
        (f64::NAN, 0.5),
        (0.1, f64::NAN),
        (0.1, f64::INFINITY),
    ] {
        assert_eq!(
            error(&ZonalProfile::Ring { inner, outer }),
            format!(
                "ring: found [{inner}, {outer}], expected two angles in radians, 0 <= inner < outer <= π"
            )
        );
    }
    for (multipliers, message) in [
        (
            &[][..],
            "legendre: found no numbers, expected 1 for degree 0, and further ones",
        ),
        (
            &[0.9, 0.1],
            "legendre: found 0.9 for degree 0, expected 1 there, so that the mass is 1",
        ),
        (
            &[1.0, f64::NAN],
            "legendre: found NaN for degree 1, expected finite numbers",
        ),
        (
            &[1.0; 4097],
            "legendre: found 4097 multipliers, expected at most 4096",
        ),
    ] {
        assert_eq!(error(&ZonalProfile::Legendre(multipliers.into())), message);
    }
}

#[test]
fn supports_that_are_global() {
    assert_eq!(Filter::cap(PI), Filter::Global);
    assert_eq!(Filter::cap(7.0), Filter::Global);
    assert_eq!(Filter::ring(0.0, PI), Filter::Global);
    assert_eq!(Filter::legendre(&[1.0]), Filter::Global);
    assert_eq!(Filter::legendre(&[1.0, 0.0, 0.0]), Filter::Global);
    assert!(Filter::Zonal(ZonalProfile::Cap { angle: PI }).is_global());
    for local in [
        Filter::cap(PI.next_down()),
        Filter::cap(f64::INFINITY),
        Filter::cap(f64::NAN),
        Filter::ring(0.1, PI),
        Filter::ring(0.0, 3.0),
        Filter::gaussian(1e9),
        Filter::heat(1e9),
        Filter::legendre(&[1.0, 0.1]),
        Filter::legendre(&[]),
        Filter::legendre(&[2.0]),
        Filter::subset(&[0]),
        Filter::window(1, Default::default()),
    ] {
        assert!(!local.is_global(), "{local:?}");
    }
}
