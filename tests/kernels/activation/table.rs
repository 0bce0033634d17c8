//! Values with many digits at hard arguments, of `data/activation_mp.csv`.

use haarmonic::activation::Activation;

pub struct Row {
    pub activation: Activation,
    /// Both variances, the covariance, value and derivative, and the scales of both.
    pub numbers: [f64; 7],
}

pub fn table() -> Vec<Row> {
    let text = include_str!("../../data/activation_mp.csv");
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    let rows: Vec<Row> = lines
        .map(|line| {
            let (name, rest) = line.split_once(',').unwrap();
            let mut numbers = [0.0; 7];
            for (number, text) in numbers.iter_mut().zip(rest.split(',')) {
                *number = text.parse().unwrap();
            }
            Row {
                activation: name.parse().unwrap(),
                numbers,
            }
        })
        .collect();
    assert!(rows.len() > 2000);
    rows
}
