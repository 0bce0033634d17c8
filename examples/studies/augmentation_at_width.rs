//! Who: someone who asks whether data augmentation and equivariance are equal for networks with few channels.
//! What: at infinite width a CNN that is averaged over quarter turns of its input has the kernels of a network with C4 symmetry. At finite
//!       width their fluctuations agree to order 1/n, and their mean kernels do not: the study predicts K1 and Θ1 of both and measures
//!       them with random networks of two widths, extrapolated in 1/n. Filters are global, images have 3 × 3 pixels.
//! Run:  cargo run --release --features finite-width --example augmentation_at_width
//!       cargo run --release --features finite-width --example augmentation_at_width -- 20000
//! Expect: a table of n K1, n Θ1 and of n times the variance of the NTK, predicted and measured with standard errors, and measured values
//!       within five of them; the argument is the number of networks per width.

use haarmonic::Result;
use haarmonic::activation::Activation;
use haarmonic::finite_width::candle_core::DType;
use haarmonic::finite_width::{EmpiricalKernel, FiniteNetwork, Width};
use haarmonic::group::PointGroup;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Filter, Init, Network};
use ndarray::{Array2, Array4, Axis, stack};
use rayon::prelude::*;

const COPIES: usize = 4;
const WIDTHS: [usize; 2] = [16, 32];
/// Networks come in so many batches, whose scatter gives standard errors.
const BATCHES: usize = 20;
const NETWORKS: usize = 400;

fn main() -> Result<()> {
    let networks = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let networks = networks.unwrap_or(NETWORKS);
    let images = Array4::from_shape_fn((2, 3, 3, 1), |(i, y, x, _)| {
        (1.0 + 2.3 * i as f64 + 1.7 * y as f64 + 0.8 * (x * x) as f64).sin()
    });
    let mut turned = Vec::new();
    for image in images.outer_iter() {
        turned.extend(PointGroup::C4.transforms(image)?);
    }
    let views: Vec<_> = turned.iter().map(|image| image.view()).collect();
    let copies = stack(Axis(0), &views).expect("images of one shape");

    let (plain, equivariant) = (network(PointGroup::C1)?, network(PointGroup::C4)?);
    let augmented = Kernel::new(&plain)?
        .at_width(&[1, 1])?
        .gram(copies.view())?;
    let invariant = Kernel::new(&equivariant)?
        .at_width(&[1, 1])?
        .gram(images.view())?;
    let limit = means(&augmented.limit.ntk)[[0, 1]] / invariant.limit.ntk[[0, 1]] - 1.0;
    println!("relative difference of the kernels at infinite width: {limit:.1e}");

    // The variances of both are those of the equivariant network, by the theorem of docs/theory.md.
    let variance = invariant.ntk_std[[0, 1]].powi(2);
    let cases = [
        (
            "augmented CNN",
            [means(&augmented.nngp_bias), means(&augmented.ntk_bias)],
            measure(&plain, &copies, COPIES, networks)?,
        ),
        (
            "C4 network",
            [invariant.nngp_bias, invariant.ntk_bias],
            measure(&equivariant, &images, 1, networks)?,
        ),
    ];
    println!("{networks} networks per width, one pair of images      predicted    measured");
    for (name, [nngp, ntk], found) in cases {
        let want = [nngp[[0, 1]], ntk[[0, 1]], variance];
        for ((number, want), [mean, error]) in
            ["n K1", "n Θ1", "n Var NTK"].iter().zip(want).zip(found)
        {
            println!("{name:>16} {number:>10} {want:38.3} {mean:11.3} ± {error:.3}");
            assert!((mean - want).abs() < 5.0 * error, "{name} {number}");
        }
    }
    Ok(())
}

/// Two convolutions with global filters and a rectifier, averaged over the group.
fn network(group: PointGroup) -> Result<Network> {
    let init = Init::new(1.4, 0.1);
    Network::plane(3, 3, 1)
        .lifting(group, Filter::Global, init)
        .activation(Activation::Relu)
        .group_convolution(Filter::Global, init)
        .activation(Activation::Relu)
        .group_pooling()
        .dense(init)
        .build()
}

/// The means over blocks of copies.
fn means(matrix: &Array2<f64>) -> Array2<f64> {
    let m = matrix.nrows() / COPIES;
    let mut mean = Array2::zeros((m, m));
    for ((i, j), entry) in matrix.indexed_iter() {
        mean[[i / COPIES, j / COPIES]] += entry / (COPIES * COPIES) as f64;
    }
    mean
}

/// n K1, n Θ1 and n Var of the NTK of the first two images, extrapolated in 1/n, with standard errors.
fn measure(
    network: &Network,
    inputs: &Array4<f64>,
    copies: usize,
    networks: usize,
) -> Result<[[f64; 2]; 3]> {
    let limit = Kernel::new(network)?.gram(inputs.view())?;
    let entry = |matrix: &Array2<f64>| match copies {
        COPIES => means(matrix)[[0, 1]],
        _ => matrix[[0, 1]],
    };
    let limits = [entry(&limit.nngp), entry(&limit.ntk)];
    let size = networks.div_ceil(BATCHES).max(2);
    let mut found = Vec::new();
    for width in WIDTHS {
        let finite = FiniteNetwork::new(network, Width::new(width, 1), 0, DType::F64)?;
        let prepared = finite.prepare(inputs.view())?;
        let batch = |batch: usize| -> Result<[f64; 3]> {
            let (mut sums, mut squares) = ([0.0; 2], 0.0);
            for i in 0..size {
                let seed = (width * networks + batch * size + i) as u64;
                let one = finite.reinitialised(seed)?;
                let kernels = EmpiricalKernel::default().gram(&one, &prepared)?;
                let off = [
                    entry(&kernels.nngp) - limits[0],
                    entry(&kernels.ntk) - limits[1],
                ];
                sums = [sums[0] + off[0], sums[1] + off[1]];
                squares += off[1] * off[1];
            }
            let [nngp, ntk] = sums.map(|sum| sum / size as f64);
            let spread = (squares / size as f64 - ntk * ntk) * size as f64 / (size - 1) as f64;
            Ok([nngp, ntk, spread].map(|number| width as f64 * number))
        };
        found.push(
            (0..BATCHES)
                .into_par_iter()
                .map(batch)
                .collect::<Result<Vec<_>>>()?,
        );
    }
    // Each batch of the first width with one of the second: the line through both, at 1/n = 0.
    Ok([0, 1, 2].map(|number| {
        let at = |batch: usize| 2.0 * found[1][batch][number] - found[0][batch][number];
        let mean = (0..BATCHES).map(at).sum::<f64>() / BATCHES as f64;
        let squares: f64 = (0..BATCHES).map(|batch| (at(batch) - mean).powi(2)).sum();
        [mean, (squares / (BATCHES * (BATCHES - 1)) as f64).sqrt()]
    }))
}
