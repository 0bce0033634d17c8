//! Local filters on the sphere against stored values of an independent program: direct nested quadrature of the definition.

use crate::common::tol::sphere_local as tol;

use haarmonic::activation::Activation;
use haarmonic::group::Rotation;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Filter, Init, Network, Outputs, Quadrature, SphereSampling};
use ndarray::{Array1, Array3, Array4, Axis};
use ndarray_npy::NpzReader;
use num_complex::Complex64;
use std::fs::File;

fn stored() -> NpzReader<File> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/so3_local.npz");
    NpzReader::new(File::open(path).unwrap()).unwrap()
}

fn angles(matrices: &Array3<f64>) -> Vec<[f64; 3]> {
    matrices
        .outer_iter()
        .map(|m| {
            let rows = std::array::from_fn(|i| std::array::from_fn(|j| m[[i, j]]));
            let euler = Rotation::from_matrix(rows).unwrap().euler_zyz();
            [euler.alpha(), euler.beta(), euler.gamma()]
        })
        .collect()
}

#[test]
fn local_filters_agree_with_nested_quadrature() {
    let mut file = stored();
    let signals: Vec<Array4<Complex64>> = ["x1", "x2"]
        .iter()
        .map(|name| {
            let one: Array3<Complex64> = file.by_name(&format!("{name}_coefficients")).unwrap();
            one.insert_axis(Axis(0))
        })
        .collect();
    let mut places = angles(&file.by_name("g1").unwrap());
    let count = places.len();
    places.extend(angles(&file.by_name("g2").unwrap()));
    let init = Init::new(1.3, 0.2);
    for (name, activation) in [("erf", Activation::Erf), ("relu", Activation::Relu)] {
        for depth in 0..2 {
            let mut network = Network::sphere(3, SphereSampling::Coefficients, 2)
                .quadrature(Quadrature::Tolerance(tol::GOLDEN))
                .lifting_with(Filter::cap(0.9), init);
            if depth == 1 {
                network = network
                    .activation(activation.clone())
                    .group_convolution_with(Filter::cap(0.7), init);
            }
            let network = network
                .outputs(Outputs::rotations(&places))
                .build()
                .unwrap();
            let kernel = Kernel::new(&network).unwrap();
            let gram = kernel.cross(signals[0].view(), signals[1].view()).unwrap();
            let kinds: &[&str] = match depth {
                0 => &["lift_nngp_"],
                _ => &["conv_nngp", "conv_ntk"],
            };
            for kind in kinds {
                let key = match depth {
                    0 => format!("{kind}{name}"),
                    _ => format!("lift_{name}_{kind}"),
                };
                let want: Array1<f64> = file.by_name(&key).unwrap();
                let (values, errors) = match &gram.error {
                    haarmonic::kernel::KernelError::Entries { nngp, ntk } => {
                        if kind.ends_with("ntk") {
                            (&gram.ntk, ntk)
                        } else {
                            (&gram.nngp, nngp)
                        }
                    }
                    _ => panic!("entries carry their errors"),
                };
                for (i, want) in want.iter().enumerate() {
                    let found = values[[i, count + i]];
                    let error = (found - want).abs();
                    println!(
                        "{key} {i}: {found:.15} {want:.15} {error:.1e} estimate {:.1e}",
                        errors[[i, count + i]]
                    );
                    assert!(
                        error <= tol::GOLDEN * want.abs().max(1.0),
                        "{key} {i}: {found} {want}"
                    );
                }
            }
        }
    }
}
