//! Kernels on the sphere against stored values of an independent program.

use crate::common::close::assert_named_close;
use crate::common::tol::kernel as tol;

use haarmonic::activation::Activation;
use haarmonic::kernel::{Kernel, KernelMatrices};
use haarmonic::network::{Init, Network, Quadrature, SphereSampling};
use haarmonic::sphere::Sampling;
use ndarray::{Array0, Array2, Array4};
use ndarray_npy::NpzReader;
use num_complex::Complex64;
use std::fs::File;

const BAND_LIMITS: [usize; 2] = [4, 6];

struct Stored(NpzReader<File>);

impl Stored {
    fn open() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/so3_global.npz");
        Stored(NpzReader::new(File::open(path).unwrap()).unwrap())
    }

    fn matrix(&mut self, name: &str) -> Array2<f64> {
        self.0.by_name(name).unwrap()
    }

    fn number(&mut self, name: &str) -> f64 {
        let value: Array0<f64> = self.0.by_name(name).unwrap();
        value[()]
    }

    fn coefficients(&mut self, set: &str, band_limit: usize) -> Array4<Complex64> {
        let name = format!("{set}_coefficients_L{band_limit}");
        self.0.by_name(&name).unwrap()
    }

    fn grid(&mut self, set: &str, band_limit: usize) -> Array4<f64> {
        self.0.by_name(&format!("{set}_dh_L{band_limit}")).unwrap()
    }
}

/// Lifting, activation, (convolution, activation)…, pooling, dense.
fn network(
    band_limit: usize,
    sampling: SphereSampling,
    activation: &Activation,
    depth: usize,
    quadrature: Quadrature,
) -> Network {
    let init = Init::new(1.3, 0.2);
    let mut builder = Network::sphere(band_limit, sampling, 2)
        .quadrature(quadrature)
        .lifting(init)
        .activation(activation.clone());
    for _ in 1..depth {
        builder = builder
            .group_convolution(init)
            .activation(activation.clone());
    }
    builder.group_pooling().dense(init).build().unwrap()
}

fn assert_stored(
    what: &str,
    stored: &mut Stored,
    key: &str,
    gram: &KernelMatrices,
    tolerance: f64,
) {
    let estimate = stored.number(&format!("{key}_error"));
    let allowed = tol::stored(estimate, tolerance);
    assert_named_close(
        what,
        &gram.nngp,
        stored.matrix(&format!("{key}_nngp")),
        allowed,
    );
    assert_named_close(
        what,
        &gram.ntk,
        stored.matrix(&format!("{key}_ntk")),
        allowed,
    );
}

#[test]
fn kernels_of_distinct_signals() {
    let mut stored = Stored::open();
    let tolerance = tol::ASKED_GOLDEN;
    for band_limit in BAND_LIMITS {
        let [x1, x2] = ["x1", "x2"].map(|set| stored.coefficients(set, band_limit));
        for (name, activation) in [("erf", Activation::Erf), ("relu", Activation::Relu)] {
            for depth in 1..=3 {
                let network = network(
                    band_limit,
                    SphereSampling::Coefficients,
                    &activation,
                    depth,
                    Quadrature::Tolerance(tolerance),
                );
                let gram = Kernel::new(&network)
                    .unwrap()
                    .cross(x1.view(), x2.view())
                    .unwrap();
                let key = format!("global_{name}_depth{depth}_L{band_limit}");
                assert_stored(&key, &mut stored, &key, &gram, tolerance);
            }
        }
    }
}

#[test]
fn kernels_of_sampled_signals() {
    let mut stored = Stored::open();
    let tolerance = tol::ASKED_GOLDEN;
    for band_limit in BAND_LIMITS {
        let [x1, x2] = ["x1", "x2"].map(|set| stored.grid(set, band_limit));
        let network = network(
            band_limit,
            SphereSampling::Grid(Sampling::DriscollHealy),
            &Activation::Erf,
            2,
            Quadrature::Tolerance(tolerance),
        );
        let gram = Kernel::new(&network)
            .unwrap()
            .cross(x1.view(), x2.view())
            .unwrap();
        let key = format!("global_erf_depth2_L{band_limit}");
        assert_stored(&key, &mut stored, &key, &gram, tolerance);
    }
}

#[test]
fn symmetric_matrix_with_kinks_on_the_diagonal() {
    let mut stored = Stored::open();
    for band_limit in BAND_LIMITS {
        let x1 = stored.coefficients("x1", band_limit);
        for tolerance in tol::ASKED_KINKED {
            let network = network(
                band_limit,
                SphereSampling::Coefficients,
                &Activation::Relu,
                2,
                Quadrature::Tolerance(tolerance),
            );
            let gram = Kernel::new(&network).unwrap().gram(x1.view()).unwrap();
            assert_eq!(gram.nngp, gram.nngp.t());
            let key = format!("global_relu_depth2_gram_L{band_limit}");
            println!("{:?}", gram.error.largest());
            assert_stored(&key, &mut stored, &key, &gram, tolerance);
        }
    }
}
