//! The pixels of HEALPix against stored values of healpy, definitions and closed forms.

use crate::common::close::{assert_absolutely_close, assert_close};
use crate::common::tol::sphere as tol;

use haarmonic::Error;
use haarmonic::group::SpherePoint;
use haarmonic::sphere::{Healpix, MaskRule, PixelOrder, Rings, UNSEEN};
use ndarray::{Array1, Array2, ArrayBase, Dimension, Ix1, Ix2, OwnedRepr};
use ndarray_npy::{NpzReader, ReadableElement};
use std::f64::consts::PI;
use std::fs::File;

fn golden<T: ReadableElement, D: Dimension>(name: &str) -> ArrayBase<OwnedRepr<T>, D> {
    let file = File::open("tests/data/healpix_pixels.npz").unwrap();
    NpzReader::new(file).unwrap().by_name(name).unwrap()
}

fn integers(name: &str) -> Vec<usize> {
    let array: Array1<i64> = golden(name);
    array.iter().map(|&n| n.try_into().unwrap()).collect()
}

fn points() -> Vec<SpherePoint> {
    let [theta, phi] = ["theta", "phi"].map(golden::<f64, Ix1>);
    let pairs = theta.iter().zip(&phi);
    pairs
        .map(|(theta, phi)| SpherePoint::new(*theta, *phi).unwrap())
        .collect()
}

const ORDERS: [(PixelOrder, &str); 2] =
    [(PixelOrder::Ring, "ring"), (PixelOrder::Nested, "nested")];

#[test]
fn pixels_are_those_of_healpy() {
    let points = points();
    for (i, nside) in [1, 2, 4, 32].into_iter().enumerate() {
        let pixels = integers(&format!("pixels_{nside}"));
        let [ring, nested] = ORDERS.map(|(order, _)| Healpix::new(nside, order).unwrap());
        let numbers = pixels
            .iter()
            .map(|&p| nested.renumbered(p, PixelOrder::Ring).unwrap());
        let numbers: Vec<usize> = numbers.collect();
        assert_eq!(numbers, integers(&format!("ring_of_nested_{nside}")));
        for (p, number) in pixels.iter().zip(&numbers) {
            assert_eq!(ring.renumbered(*number, PixelOrder::Nested).unwrap(), *p);
        }
        let want: Array2<f64> = golden(&format!("centres_{nside}"));
        let centres = pixels.iter().map(|&p| ring.centre(p).unwrap());
        let centres: Vec<[f64; 2]> = centres.map(|c| [c.colatitude(), c.longitude()]).collect();
        for (axis, want) in want.outer_iter().enumerate() {
            let found: Vec<f64> = centres.iter().map(|c| c[axis]).collect();
            assert_close(&found, want.to_vec(), tol::CLOSED_FORM);
        }
        for (order, name) in ORDERS {
            let grid = Healpix::new(nside, order).unwrap();
            let found: Vec<usize> = points.iter().map(|p| grid.pixel_at(p)).collect();
            assert_eq!(found, integers(&format!("at_{name}_{nside}")));
            let want = golden::<i64, Ix2>(&format!("around_{name}_{nside}"));
            for (&pixel, want) in pixels.iter().zip(want.outer_iter()) {
                let found = grid.neighbours(pixel).unwrap();
                let found = found.map(|p| p.map_or(-1, |p| p as i64));
                assert_eq!(found[..], want.to_vec()[..], "{name} {nside} {pixel}");
            }
        }
        let radius = golden::<f64, Ix1>("radius")[i];
        assert_close([ring.max_pixel_radius()], [radius], tol::CLOSED_FORM);
    }
    for nside in [3, 5] {
        let grid = Healpix::new(nside, PixelOrder::Ring).unwrap();
        let found: Vec<usize> = points.iter().map(|p| grid.pixel_at(p)).collect();
        assert_eq!(found, integers(&format!("at_ring_{nside}")));
    }
}

#[test]
fn centres_are_the_samples_of_the_rings() {
    for nside in [1, 3, 8, 20] {
        let rings = Rings::healpix(nside).unwrap();
        let grid = Healpix::new(nside, PixelOrder::Ring).unwrap();
        assert_eq!(
            Healpix::of_map(rings.samples(), PixelOrder::Ring).unwrap(),
            grid
        );
        for (index, ring) in rings.rings().iter().enumerate() {
            for (position, pixel) in rings.range(index).enumerate() {
                assert_eq!(grid.ring_of(pixel).unwrap(), (index, position));
                let centre = grid.centre(pixel).unwrap();
                assert_eq!(centre.colatitude(), ring.colatitude);
                assert_eq!(grid.pixel_at(&centre), pixel);
            }
        }
    }
    let finest = Healpix::new(8192, PixelOrder::Nested).unwrap();
    for pixel in [0, 12_345_678, finest.pixels() / 2, finest.pixels() - 1] {
        assert_eq!(finest.pixel_at(&finest.centre(pixel).unwrap()), pixel);
    }
}

#[test]
fn neighbours_are_mutual_and_near() {
    for nside in [1, 2, 3, 5, 8] {
        let grid = Healpix::new(nside, PixelOrder::Ring).unwrap();
        let mut missing = 0;
        for pixel in 0..grid.pixels() {
            let around = grid.neighbours(pixel).unwrap();
            missing += around.iter().filter(|p| p.is_none()).count();
            for other in around.into_iter().flatten() {
                let back = grid.neighbours(other).unwrap();
                assert!(back.contains(&Some(pixel)), "{nside} {pixel} {other}");
                let distance = grid.centre(pixel).unwrap();
                let distance = distance.angle_to(&grid.centre(other).unwrap());
                assert!(distance <= 2.0 * grid.max_pixel_radius());
            }
        }
        // Three pixels meet at each of eight points.
        assert_eq!(missing, 24);
    }
}

#[test]
fn discs() {
    let points = points();
    let table: Array2<f64> = golden("discs");
    for (i, row) in table.outer_iter().enumerate() {
        let grid = Healpix::new(16, ORDERS[i % 2].0).unwrap();
        let found = grid.disc(&points[row[0] as usize], row[1]).unwrap();
        assert_eq!(found, integers(&format!("disc_{i}")), "{i}");
    }
    // The definition, with angles that no centre has.
    for order in [PixelOrder::Ring, PixelOrder::Nested] {
        let grid = Healpix::new(4, order).unwrap();
        for (k, point) in points.iter().take(40).enumerate() {
            let radius = 0.07 * k as f64 + 0.0123;
            let inside = |p: &usize| grid.centre(*p).unwrap().angle_to(point) <= radius;
            let want: Vec<usize> = (0..192).filter(inside).collect();
            assert_eq!(grid.disc(point, radius).unwrap(), want, "{k}");
        }
        assert_eq!(grid.disc(&points[7], PI).unwrap().len(), 192);
    }
}

#[test]
fn maps_at_other_resolutions() {
    let value = |p: usize| 0.1 + ((p * 7919) % 101) as f64;
    for (here, there) in [(8, 2), (2, 8), (6, 3), (4, 4), (9, 1)] {
        let fine = Healpix::new(here.max(there), PixelOrder::Ring).unwrap();
        let coarse = Healpix::new(here.min(there), PixelOrder::Ring).unwrap();
        let parent = |p: usize| coarse.pixel_at(&fine.centre(p).unwrap());
        if here <= there {
            let map: Vec<f64> = (0..coarse.pixels()).map(value).collect();
            let found = coarse.regraded(&map, &fine, MaskRule::All).unwrap();
            let want: Vec<f64> = (0..fine.pixels()).map(|p| map[parent(p)]).collect();
            assert_eq!(found, want);
        }
        let mut map: Vec<f64> = (0..fine.pixels()).map(value).collect();
        map[3] = UNSEEN;
        map[11] = f64::NAN;
        // One whole coarse pixel is masked.
        let last = coarse.pixels() - 1;
        let masked = (0..fine.pixels()).filter(|p| parent(*p) == last);
        masked.for_each(|p| map[p] = UNSEEN);
        for rule in [MaskRule::All, MaskRule::Any] {
            let mut sums = vec![(0.0, 0, 0); coarse.pixels()];
            for (p, value) in map.iter().enumerate() {
                let sum = &mut sums[parent(p)];
                if value.is_nan() || *value == UNSEEN {
                    sum.2 += 1;
                } else {
                    *sum = (sum.0 + value, sum.1 + 1, sum.2);
                }
            }
            let want = sums.iter().map(|(sum, count, masked)| match rule {
                MaskRule::All if *count == 0 => UNSEEN,
                MaskRule::Any if *masked > 0 => UNSEEN,
                _ => sum / f64::from(*count),
            });
            let want: Vec<f64> = want.collect();
            let found = fine.regraded(&map, &coarse, rule).unwrap();
            assert_eq!(found[last], UNSEEN);
            for (found, want) in found.iter().zip(&want) {
                assert_close([*found], [*want], tol::CLOSED_FORM);
            }
            let single: Vec<f32> = map.iter().map(|v| *v as f32).collect();
            let found = fine.regraded(&single, &coarse, rule).unwrap();
            assert_eq!(found[last], UNSEEN as f32);
        }
    }
    let grid = Healpix::new(2, PixelOrder::Nested).unwrap();
    let map: Vec<usize> = (0..48).collect();
    let ring = grid.reordered(&map, PixelOrder::Ring).unwrap();
    let back = Healpix::new(2, PixelOrder::Ring).unwrap();
    assert_eq!(back.reordered(&ring, PixelOrder::Nested).unwrap(), map);
    for (p, number) in ring.iter().enumerate() {
        assert_eq!(grid.renumbered(*number, PixelOrder::Ring).unwrap(), p);
    }
}

#[test]
fn weights_of_rings() {
    for (nside, degree) in [(4, 8), (8, 24)] {
        let file = File::open("tests/data/healpix.npz").unwrap();
        let mut file = NpzReader::new(file).unwrap();
        let want: Array1<f64> = file.by_name(&format!("ring_weights_{nside}")).unwrap();
        let grid = Healpix::new(nside, PixelOrder::Ring).unwrap();
        let weights = grid.ring_weights(degree).unwrap();
        let deviations = weights.iter().map(|w| w / grid.pixel_area() - 1.0);
        let deviations: Vec<f64> = deviations.take(2 * nside).collect();
        assert_absolutely_close(nside, &deviations, &want, tol::transform(4 * nside));
    }
    for (nside, degree) in [(1, 2), (2, 6), (16, 48), (64, 192)] {
        let grid = Healpix::new(nside, PixelOrder::Ring).unwrap();
        let weights = grid.ring_weights(degree).unwrap();
        let rings = Rings::healpix(nside).unwrap();
        let mut sums = vec![0.0; degree + 1];
        for (weight, ring) in weights.iter().zip(rings.rings()) {
            let (x, share) = (ring.colatitude.cos(), weight * ring.longitudes as f64);
            let (mut before, mut here) = (0.0, 1.0);
            for (l, sum) in sums.iter_mut().enumerate() {
                *sum += share * here;
                let k = l as f64;
                let next = ((2.0 * k + 1.0) * x * here - k * before) / (k + 1.0);
                (before, here) = (here, next);
            }
        }
        let mut want = vec![0.0; degree + 1];
        want[0] = 4.0 * PI;
        assert_close(&sums, &want, tol::transform(4 * nside));
    }
}

#[test]
fn bad_arguments_are_refused() {
    let invalid = |error: Result<(), Error>| {
        assert!(matches!(error, Err(Error::InvalidValue { .. })));
    };
    invalid(Healpix::new(0, PixelOrder::Ring).map(drop));
    invalid(Healpix::new(8193, PixelOrder::Ring).map(drop));
    invalid(Healpix::new(3, PixelOrder::Nested).map(drop));
    invalid(Healpix::of_map(47, PixelOrder::Ring).map(drop));
    let grid = Healpix::new(3, PixelOrder::Ring).unwrap();
    invalid(grid.centre(108).map(drop));
    invalid(grid.neighbours(108).map(drop));
    invalid(grid.renumbered(0, PixelOrder::Nested).map(drop));
    invalid(grid.ring_weights(11).map(drop));
    let north = SpherePoint::new(0.0, 0.0).unwrap();
    for radius in [-0.1, 4.0, f64::NAN] {
        invalid(grid.disc(&north, radius).map(drop));
    }
    let map = vec![1.0; 108];
    let two = Healpix::new(2, PixelOrder::Ring).unwrap();
    invalid(grid.regraded(&map, &two, MaskRule::All).map(drop));
    let short = grid.regraded(&map[1..], &two, MaskRule::All);
    assert!(matches!(short, Err(Error::ShapeMismatch { .. })));
    assert!(grid.reordered(&map[1..], PixelOrder::Ring).is_err());
    let mut infinite = map;
    infinite[4] = f64::INFINITY;
    let one = Healpix::new(1, PixelOrder::Ring).unwrap();
    let error = grid.regraded(&infinite, &one, MaskRule::All);
    assert!(matches!(error, Err(Error::NotFinite { .. })));
}
