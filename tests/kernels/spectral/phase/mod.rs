//! Order and chaos.

mod depth;
mod fixed_points;
mod pooling;

use haarmonic::activation::{Activation, Elementwise};
use haarmonic::network::Init;

/// tanh, by so many nodes.
fn tanh(nodes: usize) -> Activation {
    let derivative = |x: f64| 1.0 / x.cosh().powi(2);
    Activation::Elementwise(Elementwise::new("tanh", nodes, f64::tanh, derivative).unwrap())
}

/// An initialisation by its variances.
fn init(weight: f64, bias: f64) -> Init {
    Init::new(weight.sqrt(), bias.sqrt())
}
