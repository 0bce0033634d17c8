//! Who: someone who predicts one map on the sphere from another, say a field on a planet from another field.
//! What: learns how steep random maps are (the square of the gradient, smoothed) from its values at a few points of a few maps,
//!       with infinitely wide networks with local filters and with global ones, and with an MLP.
//! Run:  cargo run --release --example equivariant_map
//! Expect: a table of test errors against the number of training maps, and by how much each prediction fails to turn with the map;
//!       ten seconds.
//!
//! What turns with the input: a network of filters is equivariant whatever its weights. For the turned map R f it has the value at
//! R p that it has for f at p, and so has every network in training. So the kernel stays the same if map and point are turned on
//! one side alone, K(R f, R p; f', p') = K(f, p; f', p'), and the mean prediction turns with the map: at any training
//! time, from any training maps, whatever their orientations and points. In numbers, outputs at rotations do so up to rounding,
//! outputs at points up to the quadrature, since features at a point are means over finitely many turns about it.
//! Features at rotations depend on a direction at the point, too, which the target does not: they need more maps.
//! With global filters the network is an MLP on the coefficients of the map as seen from p. The last row is an MLP that is
//! given the coefficients and p instead: nothing makes its prediction turn, and the maps are too few to learn that from them.

#[macro_use]
#[path = "../shared/mod.rs"]
mod shared;

use std::f64::consts::{SQRT_2, TAU};

use haarmonic::Result;
use haarmonic::activation::Activation;
use haarmonic::group::Rotation;
use haarmonic::kernel::{Kernel, KernelMatrices};
use haarmonic::network::{Filter, Init, Network, Outputs, Quadrature, SphereSampling};
use haarmonic::predict::{Kernels, Regression, Ridge, fields};
use haarmonic::sphere::{
    CoefficientRotation, Gradient, Sampling, ShtPlanner, SphericalHarmonics, coefficients,
    smoothing::heat_kernel, zonal,
};
use ndarray::{Array2, Array3, Array4, Axis};
use num_complex::Complex64;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const BAND_LIMIT: usize = 5;
/// Training maps of the table; the target is known at the same points of each.
const SIZES: [usize; 4] = [4, 8, 16, 32];
const TEST: usize = 12;
const PLACES: usize = 6;
const RIDGE: Ridge = Ridge::Relative(1e-6);
const QUADRATURE: Quadrature = Quadrature::BandLimit(7);
/// What turning may change with this quadrature, and without one.
const QUADRATURE_ERROR: f64 = 5e-3;
const ROUNDING: f64 = 1e-9;
/// Standard deviations of weights and of biases.
const STD: [f64; 2] = [1.4, 0.2];

/// How the features of a network are read.
#[derive(Clone, Copy)]
enum Readout {
    Rotations,
    Points,
}

/// A row of the table: the error from all training maps, and the change in a turned frame, as parts of the spread.
struct Row {
    error: f64,
    change: f64,
}

/// Maps, rotations that take the north pole to points, and the targets at these.
struct Maps {
    coeffs: Array4<Complex64>,
    places: Vec<Rotation>,
    targets: Array2<f64>,
}

fn main() -> Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let places: Vec<_> = (0..PLACES).map(|_| Rotation::random(&mut rng)).collect();
    let train = Maps::random(SIZES[SIZES.len() - 1], &places, &mut rng)?;
    let test = Maps::random(TEST, &places, &mut rng)?;
    // The same maps, seen from elsewhere: what is predicted at the turned points should be the same.
    let turned = test.turned(&Rotation::random(&mut rng))?;
    let maps = [&train, &test, &turned];

    say!(
        "test error, and change of the prediction in a turned frame, in % of the spread of the targets"
    );
    say_part!("{:<30}", "training maps");
    SIZES.iter().for_each(|size| say_part!("{size:>8}"));
    say!("{:>10}", "change");
    let (cap, global) = (Filter::cap(0.6), Filter::Global);
    let exact = on_filters(
        "local filters, at rotations",
        &cap,
        Readout::Rotations,
        maps,
    )?;
    let local = on_filters("local filters, at points", &cap, Readout::Points, maps)?;
    let wide = on_filters("global filters, at points", &global, Readout::Points, maps)?;
    let mlp = on_vectors("MLP on map and point", maps)?;

    assert!(exact.change < ROUNDING);
    assert!(local.change < QUADRATURE_ERROR && wide.change < QUADRATURE_ERROR);
    assert!(mlp.change > 0.1);
    assert!(local.error < 0.5 * wide.error && wide.error < mlp.error);
    Ok(())
}

fn on_filters(name: &str, filter: &Filter, readout: Readout, maps: [&Maps; 3]) -> Result<Row> {
    let init = Init::new(STD[0], STD[1]);
    let features = Network::sphere(BAND_LIMIT, SphereSampling::Coefficients, 1)
        .quadrature(QUADRATURE)
        .lifting_with(filter.clone(), init)
        .activation(Activation::Gelu)
        .group_convolution_with(filter.clone(), init)
        .activation(Activation::Gelu);
    let [train, test, turned] = maps;
    let outputs = |maps: &Maps| {
        let angles = maps.places.iter().map(Rotation::euler_zyz);
        let angles: Vec<_> = angles.map(|e| [e.alpha(), e.beta(), e.gamma()]).collect();
        match readout {
            Readout::Rotations => Outputs::rotations(&angles),
            Readout::Points => {
                Outputs::points(&angles.iter().map(|a| [a[1], a[0]]).collect::<Vec<_>>())
            }
        }
    };
    let network = match readout {
        Readout::Rotations => features
            .dense(Init::default())
            .outputs(outputs(train))
            .build()?,
        Readout::Points => features
            .partial_pooling()
            .dense(Init::default())
            .outputs(outputs(train))
            .build()?,
    };
    let kernel = Kernel::new(&network)?;
    let signals = kernel.prepare(train.coeffs.view())?;
    let gram = kernel.gram_prepared(&signals)?;
    let [here, there] = [test, turned].map(|maps| {
        let other = kernel.prepare_at(maps.coeffs.view(), &outputs(maps))?;
        kernel.cross_prepared(&other, &signals)
    });
    learn(name, &gram, [here?.ntk, there?.ntk], [train, test])
}

fn on_vectors(name: &str, maps: [&Maps; 3]) -> Result<Row> {
    let init = Init::new(STD[0], STD[1]);
    let network = Network::vector(BAND_LIMIT * BAND_LIMIT + 3)
        .dense(init)
        .activation(Activation::Gelu)
        .dense(init)
        .activation(Activation::Gelu)
        .dense(Init::default())
        .build()?;
    let kernel = Kernel::new(&network)?;
    let [train, test, turned] = maps.map(Maps::vectors);
    let gram = kernel.gram(train.view())?;
    let crosses = [
        kernel.cross(test.view(), train.view())?.ntk,
        kernel.cross(turned.view(), train.view())?.ntk,
    ];
    learn(name, &gram, crosses, [maps[0], maps[1]])
}

/// Kernel regression from the first of the maps, for each size.
fn learn(
    name: &str,
    gram: &KernelMatrices,
    crosses: [Array2<f64>; 2],
    [train, test]: [&Maps; 2],
) -> Result<Row> {
    say_part!("{name:<30}");
    let spread = test.targets.std(0.0);
    let mut row = Row {
        error: f64::NAN,
        change: f64::NAN,
    };
    for size in SIZES {
        let first = |matrix: &Array2<f64>, axis| {
            matrix
                .view()
                .split_at(Axis(axis), size * PLACES)
                .0
                .to_owned()
        };
        let (targets, _) = train.targets.view().split_at(Axis(0), size);
        let mean = targets.sum() / targets.len() as f64;
        // [maps, places, 1] as rows of the kernel, map after map, and back.
        let targets = fields::to_rows((&targets - mean).view().insert_axis(Axis(2)), PLACES)?;
        let [ntk, nngp] = [&gram.ntk, &gram.nngp].map(|kernel| first(&first(kernel, 0), 1));
        let train = Kernels::ntk(ntk.view(), nngp.view());
        let model = Regression::new().ridge(RIDGE).fit(train, targets.view())?;
        let predict = |cross| -> Result<Array2<f64>> {
            let rows = model.predict_mean(first(cross, 1).view())?;
            Ok(fields::from_rows(rows, PLACES)?.index_axis_move(Axis(2), 0) + mean)
        };
        let (here, there) = (predict(&crosses[0])?, predict(&crosses[1])?);
        row.error = deviation(&here, &test.targets) / spread;
        row.change = deviation(&here, &there) / spread;
        say_part!("{:>8.1}", 100.0 * row.error);
    }
    say!("{:>10.0e}", 100.0 * row.change);
    Ok(row)
}

fn deviation(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    ((a - b).mapv(|d| d * d).sum() / a.len() as f64).sqrt()
}

impl Maps {
    /// Normal random coefficients, the smaller the higher the degree.
    fn random(count: usize, places: &[Rotation], rng: &mut impl Rng) -> Result<Maps> {
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
        let (targets, places) = (steepness(&coeffs, places)?, places.to_vec());
        Ok(Maps {
            coeffs,
            places,
            targets,
        })
    }

    /// Maps and places turned; the target is the same there.
    fn turned(&self, rotation: &Rotation) -> Result<Maps> {
        let turn = CoefficientRotation::real(BAND_LIMIT)?;
        let mut coeffs = self.coeffs.clone();
        for mut map in coeffs.outer_iter_mut() {
            let channel = turn.rotate(map.index_axis(Axis(0), 0), &rotation.euler_zyz())?;
            map.index_axis_mut(Axis(0), 0).assign(&channel);
        }
        let places = self
            .places
            .iter()
            .map(|place| rotation.compose(place))
            .collect();
        let targets = self.targets.clone();
        Ok(Maps {
            coeffs,
            places,
            targets,
        })
    }

    /// Real coefficients and the point as a vector, for every map and every point.
    fn vectors(&self) -> Array2<f64> {
        let (count, middle) = (BAND_LIMIT * BAND_LIMIT, BAND_LIMIT - 1);
        Array2::from_shape_fn((self.targets.len(), count + 3), |(row, entry)| {
            if entry >= count {
                return self.places[row % PLACES].apply([0.0, 0.0, 1.0])[entry - count];
            }
            let l = entry.isqrt();
            let m = entry as isize - (l * (l + 1)) as isize;
            let value = self.coeffs[[row / PLACES, 0, l, middle + m.unsigned_abs()]];
            match m {
                0 => value.re,
                1.. => SQRT_2 * value.re,
                _ => SQRT_2 * value.im,
            }
        })
    }
}

/// |∇f|², which has band limit 2L − 1, after a little heat flow, where the rotations take the north pole.
fn steepness(coeffs: &Array4<Complex64>, places: &[Rotation]) -> Result<Array2<f64>> {
    let limit = 2 * BAND_LIMIT - 1;
    let gradient = Gradient::new(limit, Sampling::GaussLegendre)?;
    let plan = ShtPlanner::new().plan(limit, Sampling::GaussLegendre)?;
    let (heat, harmonics) = (heat_kernel(limit, 0.05)?, SphericalHarmonics::new(limit)?);
    let points = Array2::from_shape_fn((places.len(), 2), |(i, angle)| {
        let euler = places[i].euler_zyz();
        [euler.beta(), euler.alpha()][angle]
    });
    let mut targets = Array2::zeros((coeffs.len_of(Axis(0)), points.nrows()));
    for (map, mut values) in coeffs.outer_iter().zip(targets.outer_iter_mut()) {
        let mut wide = coefficients::zeros(limit)?;
        for ((_, l, k), c) in map.indexed_iter() {
            wide[[l, k + limit - BAND_LIMIT]] = *c;
        }
        let field: Array3<f64> = gradient.inverse(wide.view())?;
        let mut square = plan.forward((&field * &field).sum_axis(Axis(0)).view())?;
        zonal::filter(&heat, square.view_mut())?;
        values.assign(&harmonics.evaluate_real(square.view(), points.view())?);
    }
    Ok(targets)
}
