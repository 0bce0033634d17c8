//! Who: someone who predicts one map on the sphere from another, say a field on a planet from another field.
//! What: learns how steep random maps are (the square of the gradient, smoothed) from its values at a few points of a few maps,
//!       with infinitely wide networks with local filters and with global ones, and with an MLP on the coefficients and the point.
//! Run:  cargo run --release --example equivariant_map
//! Expect: a table of test errors against the number of training maps, and by how much each prediction fails to turn with the map.
//!
//! What turns with the input: a network of filters is equivariant whatever its weights. For the turned map R f it has the value at
//! R p that it has for f at p, and so has every network in training. So the kernel stays the same if map and point are turned on
//! one side alone, K(R f, R p; f', p') = K(f, p; f', p'), and the mean prediction turns with the map: at any training
//! time, from any training maps, whatever their orientations and points. In numbers it does so up to the quadrature:
//! features at a point are means over finitely many turns about it. Outputs at rotations, without that mean, agree to rounding.
//! An MLP sees no rotations. Trained on turned copies of the maps, too, it learns them as it learns the target: approximately.

use std::f64::consts::{SQRT_2, TAU};

use haarmonic::Result;
use haarmonic::activation::Activation;
use haarmonic::group::{Rotation, SpherePoint};
use haarmonic::kernel::Kernel;
use haarmonic::network::{Network, Outputs, Quadrature, Scale, SphereSampling, Support};
use haarmonic::predict::{KernelRidge, Ridge, fields};
use haarmonic::sphere::{
    CoefficientRotation, Gradient, Sampling, ShtPlanner, SphericalHarmonics, coefficients,
    smoothing::heat_kernel, zonal,
};
use ndarray::{Array2, Array4, Axis};
use num_complex::Complex64;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const BAND_LIMIT: usize = 5;
/// Training maps of the table; the target is known at the same points of each.
const SIZES: [usize; 4] = [4, 8, 16, 32];
const TEST: usize = 12;
const POINTS: usize = 6;
/// Copies of each training map for the MLP, each in its own orientation.
const COPIES: usize = 16;
const RIDGE: Ridge = Ridge::Relative(1e-6);
const QUADRATURE: Quadrature = Quadrature::BandLimit(7);
/// Standard deviations of weights and of biases.
const STD: [f64; 2] = [1.4, 0.2];

/// Maps, points, and the targets at them.
#[derive(Clone)]
struct Maps {
    coeffs: Array4<Complex64>,
    points: Vec<[f64; 2]>,
    targets: Array2<f64>,
}

fn main() -> Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let points: Vec<[f64; 2]> = (0..POINTS).map(|_| random_point(&mut rng)).collect();
    let train = Maps::random(SIZES[SIZES.len() - 1], &points, &mut rng)?;
    let test = Maps::random(TEST, &points, &mut rng)?;
    // The same maps, seen from elsewhere: what is predicted at the turned points should be the same.
    let turned = test.turned(&Rotation::random(&mut rng))?;

    println!(
        "test error in % of the spread of the targets, from so many maps; change of the prediction in a turned frame"
    );
    print!("{:<24}", "");
    SIZES.iter().for_each(|size| print!("{size:>8}"));
    println!("{:>10}", "change");
    let local = [Support::cap(0.6), Support::cap(0.6)];
    let local = on_filters("local filters", local, [&train, &test, &turned])?;
    let global = [Support::Global, Support::Global];
    let global = on_filters("global filters", global, [&train, &test, &turned])?;
    let mlp = on_vectors("MLP", &[train.clone()], [&test, &turned])?;
    let copies = (0..COPIES)
        .map(|_| train.turned(&Rotation::random(&mut rng)))
        .collect::<Result<Vec<_>>>()?;
    let name = format!("MLP on {COPIES} turned copies");
    let augmented = on_vectors(&name, &copies, [&test, &turned])?;

    // Errors of the quadrature, and none of the size of the values.
    assert!(local.1 < 0.01 && global.1 < 0.01);
    assert!(mlp.1 > 0.1 && augmented.1 < mlp.1);
    assert!(local.0 < global.0 && local.0 < augmented.0);
    Ok(())
}

/// A row of the table for a network on the sphere: the last error, and the change.
fn on_filters(name: &str, supports: [Support; 2], maps: [&Maps; 3]) -> Result<(f64, f64)> {
    let [train, test, turned] = maps;
    let ([first, second], scale) = (supports, Scale::new(STD[0], STD[1]));
    let network = Network::sphere(BAND_LIMIT, SphereSampling::Coefficients, 1)
        .quadrature(QUADRATURE)
        .lifting_with(first, scale)
        .activation(Activation::Gelu)
        .group_convolution_with(second, scale)
        .activation(Activation::Gelu)
        .partial_pooling()
        .dense(Scale::default())
        .outputs(Outputs::points(&train.points))
        .build()?;
    let kernel = Kernel::new(&network)?;
    let signals = kernel.prepare(train.coeffs.view())?;
    let gram = kernel.gram_prepared(&signals)?.ntk;
    let [here, there] = [test, turned].map(|maps| {
        let at = Outputs::points(&maps.points);
        kernel.cross_prepared(&kernel.prepare_at(maps.coeffs.view(), &at)?, &signals)
    });
    learn(name, &train.targets, &gram, [here?.ntk, there?.ntk], test)
}

/// A row of the table for a network that takes the coefficients and the point as a vector.
fn on_vectors(name: &str, copies: &[Maps], tests: [&Maps; 2]) -> Result<(f64, f64)> {
    let scale = Scale::new(STD[0], STD[1]);
    let network = Network::vector(BAND_LIMIT * BAND_LIMIT + 3)
        .dense(scale)
        .activation(Activation::Gelu)
        .dense(scale)
        .activation(Activation::Gelu)
        .dense(Scale::default())
        .build()?;
    let kernel = Kernel::new(&network)?;
    let train = kernel.prepare(vectors(copies).view())?;
    let gram = kernel.gram_prepared(&train)?.ntk;
    let [here, there] = tests.map(|maps| {
        let vectors = vectors(std::slice::from_ref(maps));
        kernel.cross_prepared(&kernel.prepare(vectors.view())?, &train)
    });
    // All copies of a map one after the other.
    let shape = (copies[0].targets.nrows(), POINTS * copies.len());
    let targets = Array2::from_shape_fn(shape, |(i, j)| copies[0].targets[[i, j % POINTS]]);
    learn(name, &targets, &gram, [here?.ntk, there?.ntk], tests[0])
}

/// Kernel regression from the first of the maps, for each size.
fn learn(
    name: &str,
    targets: &Array2<f64>,
    gram: &Array2<f64>,
    crosses: [Array2<f64>; 2],
    test: &Maps,
) -> Result<(f64, f64)> {
    print!("{name:<24}");
    let places = targets.ncols();
    let (mut error, mut change) = (0.0, 0.0);
    for size in SIZES {
        let (y, _) = targets.view().split_at(Axis(0), size);
        let mean = y.sum() / y.len() as f64;
        let y = fields::to_rows((&y - mean).view().insert_axis(Axis(2)), places)?;
        let square = gram.view().split_at(Axis(0), size * places).0;
        let square = square.split_at(Axis(1), size * places).0;
        let model = KernelRidge::fit(square, y.view(), RIDGE)?;
        let [here, there] = crosses.each_ref().map(|cross| {
            let rows = model.predict(cross.view().split_at(Axis(1), size * places).0)?;
            Ok(fields::from_rows(rows, POINTS)?.index_axis_move(Axis(2), 0) + mean)
        });
        let (here, there): (Array2<f64>, Array2<f64>) = (here?, there?);
        error = deviation(&here, &test.targets) / test.targets.std(0.0);
        change = deviation(&here, &there) / test.targets.std(0.0);
        print!("{:>8.1}", 100.0 * error);
    }
    println!("{change:>10.0e}");
    Ok((error, change))
}

fn deviation(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    ((a - b).mapv(|d| d * d).sum() / a.len() as f64).sqrt()
}

impl Maps {
    /// Normal random coefficients, the smaller the higher the degree.
    fn random(count: usize, points: &[[f64; 2]], rng: &mut impl Rng) -> Result<Maps> {
        let (limit, middle) = (BAND_LIMIT, BAND_LIMIT - 1);
        let mut coeffs = Array4::zeros((count, 1, limit, 2 * limit - 1));
        for mut map in coeffs.outer_iter_mut() {
            for l in 1..limit {
                for m in 0..=l {
                    let [u, v]: [f64; 2] = rng.random();
                    let radius = 3.0 * (-(1.0 - u).ln() / (l * (l + 1)) as f64).sqrt();
                    let normal = Complex64::from_polar(radius, TAU * v);
                    let sign = if m % 2 == 0 { 1.0 } else { -1.0 };
                    map[[0, l, middle - m]] = sign * normal.conj();
                    map[[0, l, middle + m]] = normal;
                    if m == 0 {
                        map[[0, l, middle]] = (SQRT_2 * normal.re).into();
                    }
                }
            }
        }
        let targets = steepness(&coeffs, points)?;
        let points = points.to_vec();
        Ok(Maps {
            coeffs,
            points,
            targets,
        })
    }

    /// Maps and points turned; the target turns with them.
    fn turned(&self, rotation: &Rotation) -> Result<Maps> {
        let turn = CoefficientRotation::new(BAND_LIMIT)?;
        let mut coeffs = self.coeffs.clone();
        for mut map in coeffs.outer_iter_mut() {
            let euler = rotation.euler_zyz();
            let channel = turn.rotate_real(map.index_axis(Axis(0), 0), &euler)?;
            map.index_axis_mut(Axis(0), 0).assign(&channel);
        }
        let points = (self.points.iter())
            .map(|&[theta, phi]| {
                let point = rotation.apply_to_point(SpherePoint::new(theta, phi)?);
                Ok([point.colatitude(), point.longitude()])
            })
            .collect::<Result<_>>()?;
        let targets = self.targets.clone();
        Ok(Maps {
            coeffs,
            points,
            targets,
        })
    }
}

/// |∇f|², which has band limit 2L − 1, after a little heat flow, at some points.
fn steepness(coeffs: &Array4<Complex64>, points: &[[f64; 2]]) -> Result<Array2<f64>> {
    let limit = 2 * BAND_LIMIT - 1;
    let gradient = Gradient::new(limit, Sampling::GaussLegendre)?;
    let plan = ShtPlanner::new().plan(limit, Sampling::GaussLegendre)?;
    let (heat, harmonics) = (heat_kernel(limit, 0.05)?, SphericalHarmonics::new(limit)?);
    let points = Array2::from_shape_fn((points.len(), 2), |(i, angle)| points[i][angle]);
    let mut targets = Array2::zeros((coeffs.len_of(Axis(0)), points.nrows()));
    for (map, mut values) in coeffs.outer_iter().zip(targets.outer_iter_mut()) {
        let mut wide = coefficients::zeros(limit)?;
        for ((_, l, k), c) in map.indexed_iter() {
            wide[[l, k + limit - BAND_LIMIT]] = *c;
        }
        let [south, east] = gradient.real(wide.view())?;
        let mut square = plan.forward((&south * &south + &east * &east).view())?;
        zonal::filter(&heat, square.view_mut())?;
        values.assign(&harmonics.evaluate_real(square.view(), points.view())?);
    }
    Ok(targets)
}

/// Real coefficients and the point as a vector, for every map, every copy of it and every point.
fn vectors(copies: &[Maps]) -> Array2<f64> {
    let (count, middle) = (BAND_LIMIT * BAND_LIMIT, BAND_LIMIT - 1);
    let rows = copies[0].targets.len() * copies.len();
    Array2::from_shape_fn((rows, count + 3), |(row, entry)| {
        let (row, point) = (row / POINTS, row % POINTS);
        let (map, copy) = (row / copies.len(), &copies[row % copies.len()]);
        if entry < count {
            let l = entry.isqrt();
            let m = entry as isize - (l * (l + 1)) as isize;
            let value = copy.coeffs[[map, 0, l, middle + m.unsigned_abs()]];
            match m {
                0 => value.re,
                1.. => SQRT_2 * value.re,
                _ => SQRT_2 * value.im,
            }
        } else {
            let [theta, phi] = copy.points[point];
            let (sin, cos) = theta.sin_cos();
            [sin * phi.cos(), sin * phi.sin(), cos][entry - count]
        }
    })
}

fn random_point(rng: &mut impl Rng) -> [f64; 2] {
    let [u, v]: [f64; 2] = rng.random();
    [(1.0 - 2.0 * u).acos(), TAU * v]
}
