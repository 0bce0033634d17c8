//! Who: someone who wants the neural tangent kernel of an SO(3)-equivariant network on spherical signals.
//! What: computes NNGP and NTK of three signals, one of which is another one rotated, with error estimates.
//! Run:  cargo run --release --example ntk_of_a_gcnn
//! Expect: two 3 × 3 matrices in which the first two rows agree, in well under a second.

#[macro_use]
mod shared;

use haarmonic::activation::Activation;
use haarmonic::group::{EulerZyz, Rotation};
use haarmonic::kernel::Kernel;
use haarmonic::network::{Init, Network, Quadrature, SphereSampling};
use haarmonic::sphere::Sampling;
use ndarray::Array4;

const BAND_LIMIT: usize = 6;

fn main() -> haarmonic::Result<()> {
    let sampling = Sampling::DriscollHealy;
    let (theta, phi) = (
        sampling.colatitudes(BAND_LIMIT)?,
        sampling.longitudes(BAND_LIMIT)?,
    );
    let turn = Rotation::from(EulerZyz::new(0.4, 1.1, 2.3)?);
    // A polynomial of degree 5 without symmetry; the same seen from another side; and another one.
    let shape = |[x, y, z]: [f64; 3]| x * y * z + z.powi(5) - 0.6 * x + y * y;
    let other = |[x, y, z]: [f64; 3]| x.powi(4) - y * z + 0.3 * z;
    let signals = Array4::from_shape_fn((3, theta.len(), phi.len(), 1), |(i, t, p, _)| {
        let (sin, cos) = theta[t].sin_cos();
        let point = [sin * phi[p].cos(), sin * phi[p].sin(), cos];
        match i {
            0 => shape(point),
            1 => shape(turn.inverse().apply(point)),
            _ => other(point),
        }
    });

    let init = Init::new(1.3, 0.2);
    let network = Network::sphere(BAND_LIMIT, SphereSampling::Grid(sampling), 1)
        .quadrature(Quadrature::Tolerance(1e-8))
        .lifting(init)
        .activation(Activation::Erf)
        .group_convolution(init)
        .activation(Activation::Erf)
        .group_pooling()
        .dense(init)
        .build()?;
    let gram = Kernel::new(&network)?.gram(signals.view())?;
    let error = gram.error.largest();
    say!(
        "NNGP (error estimate {:.0e})\n{:.8}\n",
        error.nngp,
        gram.nngp
    );
    say!("NTK (error estimate {:.0e})\n{:.8}", error.ntk, gram.ntk);
    for column in 0..3 {
        assert!((gram.ntk[[0, column]] - gram.ntk[[1, column]]).abs() < 2.0 * error.ntk + 1e-12);
    }
    Ok(())
}
