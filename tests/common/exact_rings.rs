//! The rings of a sampling where they should be: those of the crate are these, rounded.
use super::double_double::{Dd, PI};
use super::harmonics_oracle::gauss_legendre;
use haarmonic::sphere::Sampling;

pub fn exact_colatitudes(sampling: Sampling, band_limit: usize) -> Vec<Dd> {
    let stored = sampling.colatitudes(band_limit).unwrap();
    let equispaced = |denominator: usize| {
        (0..stored.len())
            .map(|t| PI * (2 * t + 1) as f64 / denominator as f64)
            .collect()
    };
    match sampling {
        Sampling::DriscollHealy => equispaced(4 * band_limit),
        Sampling::McEwenWiaux => equispaced(2 * band_limit - 1),
        Sampling::ClenshawCurtis => (0..stored.len())
            .map(|t| PI * t as f64 / (2 * band_limit - 1) as f64)
            .collect(),
        Sampling::GaussLegendre => gauss_legendre(&stored)
            .into_iter()
            .map(|(angle, _)| angle)
            .collect(),
    }
}

/// All rings of small grids; of others the first and the last, those next to the equator, and two between.
pub fn rings(count: usize, band_limit: usize) -> Vec<usize> {
    if band_limit <= 16 {
        return (0..count).collect();
    }
    let mut rings = vec![
        0,
        1,
        count / 4,
        count / 2 - 1,
        count / 2,
        2 * count / 3,
        count - 2,
        count - 1,
    ];
    rings.dedup();
    rings
}
