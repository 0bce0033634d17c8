//! Derivatives of each output by all parameters.
//!
//! The output of one input does not depend on the other inputs of a batch. One backward pass through the sum of an output over the
//! batch therefore gives, for each input, the derivatives by the features of every layer. The derivatives by the weights of a layer are
//! products of the features that its filter takes with the derivatives by the features after it.

use candle_core::{Result, Tensor};

use super::FiniteNetwork;
use super::backend::Backend;
use super::sphere_layers::RotationPlaces;
use super::steps::{Map, Tap};

/// Returns, for each channel of the output, the derivatives at all places of all inputs, `[n · places, parameters]`.
pub(super) fn derivatives(network: &FiniteNetwork, inputs: &Tensor) -> crate::Result<Vec<Tensor>> {
    let (outputs, taps) = network.tapped(inputs)?;
    let [places, channels] = network.output_shape();
    let rows = |channel| {
        let n = outputs.dim(0)? / places;
        let each = (0..places).map(|place| {
            let outputs = outputs.reshape((n, places, channels))?;
            let output = outputs.narrow(1, place, 1)?.narrow(2, channel, 1)?;
            row(network, &output.sum_all()?, &taps)
        });
        let each = each.collect::<Result<Vec<_>>>()?;
        Tensor::stack(&each, 1)?.reshape((n * places, ()))
    };
    (0..channels)
        .map(rows)
        .collect::<Result<Vec<_>>>()
        .backend()
}

/// Returns the derivatives of an output by the parameters for each input, `[n, parameters]`.
///
/// # Arguments
/// * `output` — the sum of one output over the inputs
/// * `taps` — of the layers with weights
fn row(network: &FiniteNetwork, output: &Tensor, taps: &[Tap]) -> Result<Tensor> {
    let gradients = output.backward()?;
    let mut parts = vec![None; network.parameters().len()];
    for tap in taps {
        // An output that does not depend on a layer has no gradient there.
        let outer = match gradients.get(&tap.shift) {
            Some(gradient) => gradient.clone(),
            None => tap.shift.zeros_like()?,
        };
        let linear = &tap.linear;
        let by_weights = by_weights(tap, &outer, network.rotations())?;
        parts[linear.weights] = Some((by_weights * linear.factor)?);
        if let Some(bias) = linear.bias {
            parts[bias] = Some((outer.sum(1)? * linear.bias_std)?);
        }
    }
    let parts: Vec<Tensor> = parts.into_iter().flatten().collect();
    Tensor::cat(&parts, 1)
}

/// Returns the derivatives by the weights of a filter, `[n, …]`.
///
/// # Arguments
/// * `tap` — of the layer
/// * `outer` — derivatives by the features after the layer, `[n, places after, channels after]`
fn by_weights(tap: &Tap, outer: &Tensor, rotations: Option<&RotationPlaces>) -> Result<Tensor> {
    let x = &tap.input;
    let rotations = || rotations.expect("a network on the sphere has rotations");
    let products_with = |met: &Tensor, outer: &Tensor| {
        met.transpose(1, 2)?
            .contiguous()?
            .matmul(outer)?
            .flatten_from(1)
    };
    let products = |met: &Tensor| products_with(met, outer);
    match &tap.linear.map {
        Map::Pointwise => products(x),
        Map::Gather(gather) => products(&gather.gather(x)?),
        // The weights of each kind of atom meet the places of this kind only.
        Map::Message(message) => {
            let kinds = tap.kinds.as_ref().expect("a tap of a message has kinds");
            let of_kind =
                |kind| products_with(x, &outer.broadcast_mul(&kinds.narrow(2, kind, 1)?)?);
            let parts = (0..message.kinds).map(of_kind);
            Tensor::cat(&parts.collect::<Result<Vec<_>>>()?, 1)
        }
        Map::SphereLifting(lifting) => lifting.derivatives(x, outer, rotations()),
        Map::SphereConvolution(filter) => filter.derivatives(x, outer, rotations()),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::DType;
    use ndarray::{Array3, Array4};

    use super::*;
    use crate::activation::Activation;
    use crate::atoms::Atoms;
    use crate::finite_width::Width;
    use crate::group::{FiniteAction, PointGroup};
    use crate::kernel::Signals;
    use crate::network::{
        Filter, Init, Message, Network, Outputs, Padding, Quadrature, SphereSampling,
    };
    use crate::sphere::Sampling;
    use crate::tol::THOUSANDS_OF_TERMS as ROUNDING;

    /// The derivatives equal the results of one backward pass per output, through the weights.
    fn check(network: &Network, signals: Signals<'_>) {
        let finite = FiniteNetwork::new(network, Width::new(3, 2), 5, DType::F64).unwrap();
        let inputs = finite.prepare(signals).unwrap();
        let found = derivatives(&finite, &inputs).unwrap();
        for (channel, found) in found.iter().enumerate() {
            let rows = found.to_vec2::<f64>().unwrap();
            for (i, found) in rows.iter().enumerate() {
                let outputs = finite.forward(&inputs).unwrap();
                let gradients = outputs.get(i).unwrap().get(channel).unwrap().backward();
                let gradients = gradients.unwrap();
                let mut want = Vec::new();
                for parameter in finite.parameters() {
                    let gradient = gradients.get(parameter).unwrap().flatten_all().unwrap();
                    want.extend(gradient.to_vec1::<f64>().unwrap());
                }
                let size = want.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
                assert_eq!(found.len(), want.len());
                assert!(size > 0.0);
                for (found, want) in found.iter().zip(&want) {
                    assert!((found - want).abs() <= ROUNDING * size, "{found} {want}");
                }
            }
        }
    }

    #[test]
    fn rows_are_those_of_single_backward_passes() {
        let init = Init::new(1.2, 0.3);
        let images = Array4::from_shape_fn((2, 4, 4, 2), |(n, y, x, c)| {
            ((n + 3 * y + 5 * x * x + 7 * c) as f64).sin()
        });
        let filter = || Filter::window(3, Padding::Same);
        let plane = Network::plane(4, 4, 2)
            .lifting(PointGroup::C4, filter(), init)
            .activation(Activation::Gelu)
            .group_convolution(filter(), init)
            .activation(Activation::Sin)
            .group_pooling()
            .dense(init)
            .build()
            .unwrap();
        check(&plane, images.view().into());
        let points = Array3::from_shape_fn((2, 4, 1), |(n, x, _)| ((2 * n + x * x) as f64).cos());
        let finite = Network::finite(FiniteAction::dihedral(4).unwrap(), 1)
            .lifting(Filter::subset(&[0, 1]), init)
            .activation(Activation::Erf)
            .group_convolution(Filter::Global, init)
            .activation(Activation::Erf)
            .group_pooling()
            .build()
            .unwrap();
        check(&finite, points.view().into());
        let grid = Array4::from_shape_fn((2, 2, 3, 2), |(n, t, p, c)| {
            ((n + 2 * t + 5 * p + c) as f64).sin()
        });
        for filter in [Filter::Global, Filter::cap(1.0)] {
            let sphere = Network::sphere(2, SphereSampling::Grid(Sampling::GaussLegendre), 2)
                .lifting_with(filter.clone(), init)
                .activation(Activation::Erf)
                .group_convolution_with(filter, init)
                .activation(Activation::Erf)
                .outputs(Outputs::rotations(&[[0.1, 0.7, 2.0], [1.0, 2.0, -1.0]]))
                .build()
                .unwrap()
                .with_quadrature(Quadrature::BandLimit(3))
                .unwrap();
            check(&sphere, grid.view().into());
        }
        // Elements of different numbers of atoms, and a molecule that is filled up.
        let molecules = [
            Atoms::new(
                vec![8, 1, 1],
                vec![[0.0; 3], [0.0, 0.8, -0.5], [0.1, -0.8, -0.5]],
            )
            .unwrap(),
            Atoms::new(vec![6, 8], vec![[0.0; 3], [0.3, 0.0, 1.1]]).unwrap(),
        ];
        let shells = || Message::shells(2.5, &[[1.0, 0.5]]).spectrum(&[0.4, 0.6]);
        for message in [shells().self_share(0.5), shells().shared().self_share(0.5)] {
            let molecule = Network::molecule(&[1, 6, 8])
                .message(message.clone(), init)
                .normalisation()
                .activation(Activation::Erf)
                .message(message, init)
                .group_pooling()
                .element_sum()
                .dense(init)
                .build()
                .unwrap()
                .with_quadrature(Quadrature::BandLimit(2))
                .unwrap();
            check(&molecule, Signals::Atoms(&molecules));
        }
    }
}
