//! Inputs that are multiples of each other, or nearly, where rectifiers and `sign` turn a rounding error of ε in a correlation into
//! one of √ε: against 300-digit values.

#[path = "common/tol_kernel.rs"]
mod tol;

use haarmonic::activation::Activation;
use haarmonic::kernel::Kernel;
use haarmonic::network::{InputSpace, Layer, Network, Quadrature, Scale};
use ndarray::Array2;

struct Row {
    layers: String,
    network: Network,
    vectors: Array2<f64>,
    nngp: f64,
    ntk: f64,
}

fn layer(text: &str) -> Layer {
    match text.strip_prefix("d ") {
        Some(scale) => {
            let (weight, bias) = scale.split_once(' ').unwrap();
            Layer::Dense(Scale::new(weight.parse().unwrap(), bias.parse().unwrap()))
        }
        None => Layer::Activation(text.parse::<Activation>().unwrap()),
    }
}

fn table() -> Vec<Row> {
    let text = include_str!("data/collinear.csv");
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines
        .map(|line| {
            let (layers, numbers) = line.split_once(',').unwrap();
            let numbers: Vec<f64> = numbers.split(',').map(|n| n.parse().unwrap()).collect();
            let input = InputSpace::Vector { dimension: 6 };
            let list = layers.split("; ").map(layer).collect();
            Row {
                layers: layers.to_owned(),
                network: Network::new(input, Quadrature::default(), list).unwrap(),
                vectors: Array2::from_shape_vec((2, 6), numbers[..12].to_vec()).unwrap(),
                nngp: numbers[12],
                ntk: numbers[13],
            }
        })
        .collect()
}

#[test]
fn collinear_vectors_keep_their_digits() {
    let rows = table();
    assert!(rows.len() > 600);
    let mut failures = Vec::new();
    for row in rows {
        let tolerance = if row.layers.contains("erf") {
            tol::COLLINEAR_AFTER_SMOOTH
        } else {
            tol::COLLINEAR
        };
        let gram = Kernel::new(&row.network)
            .unwrap()
            .gram(row.vectors.view())
            .unwrap();
        for (what, found, want) in [("nngp", &gram.nngp, row.nngp), ("ntk", &gram.ntk, row.ntk)] {
            let scale = found[[0, 0]].sqrt() * found[[1, 1]].sqrt();
            let error = (found[[0, 1]] - want).abs() / scale;
            if error.is_nan() || error > tolerance {
                failures.push(format!(
                    "{what} {} {}: {:e} for {want:e}, {error:.1e}",
                    row.layers,
                    row.vectors,
                    found[[0, 1]]
                ));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} {}",
        failures.len(),
        failures.join("\n")
    );
}
