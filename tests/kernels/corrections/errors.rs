//! What is refused, with the reason.

use haarmonic::Error;
use haarmonic::activation::{Activation, Elementwise};
use haarmonic::group::{FiniteAction, PointGroup, TableGroup};
use haarmonic::kernel::{Kernel, Signals};
use haarmonic::network::{Filter, Init, Network, Padding, SphereSampling};
use ndarray::{Array3, array};

fn refused(network: &Network, widths: &[usize]) -> Error {
    match Kernel::new(network).unwrap().at_width(widths) {
        Ok(_) => panic!("{network} was accepted"),
        Err(error) => error,
    }
}

#[test]
fn widths_are_one_per_hidden_layer() {
    let init = Init::default();
    let network = Network::vector(2)
        .dense(init)
        .activation(Activation::Erf)
        .dense(init);
    let network = network.build().unwrap();
    let error = refused(&network, &[3, 4]);
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    assert!(
        error.to_string().contains("one width per hidden layer"),
        "{error}"
    );
    let error = refused(&network, &[0]);
    assert!(matches!(error, Error::InvalidValue { .. }), "{error}");
}

#[test]
fn layers_without_corrections_are_named() {
    let init = Init::default();
    let erf = || Activation::Erf;
    let residual = Network::vector(2)
        .dense(init)
        .residual(|block| block.activation(Activation::Relu).dense(init))
        .build()
        .unwrap();
    let plane = Network::plane(3, 3, 1)
        .lifting(PointGroup::C4, Filter::window(3, Padding::Same), init)
        .activation(erf())
        .group_pooling()
        .dense(init)
        .build()
        .unwrap();
    let sphere = Network::sphere(2, SphereSampling::Coefficients, 1)
        .lifting_with(Filter::cap(0.9), init)
        .activation(erf())
        .group_pooling()
        .dense(init)
        .build()
        .unwrap();
    let open = Network::vector(2)
        .dense(init)
        .activation(erf())
        .build()
        .unwrap();
    let flat = Network::plane(3, 3, 1)
        .lifting(PointGroup::C4, Filter::Global, init)
        .activation(erf())
        .flatten()
        .dense(init)
        .build()
        .unwrap();
    for (network, words) in [
        (residual, "residual"),
        (
            plane,
            "local filters, or of dense layers before the pooling, over the plane",
        ),
        (sphere, "before the pooling, over the sphere"),
        (flat, "the plane"),
        (open, "add a `dense` layer"),
    ] {
        let error = refused(&network, &[5]);
        assert!(matches!(error, Error::InvalidNetwork { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn activations_without_corrections_are_named() {
    let init = Init::default();
    let of = |activation: Activation| {
        Network::vector(2)
            .dense(init)
            .activation(activation)
            .dense(init)
            .build()
            .unwrap()
    };
    for activation in [
        Activation::Sign,
        Activation::RectifiedMonomial { degree: 0 },
        Activation::RectifiedMonomial { degree: 2 },
    ] {
        let error = refused(&of(activation), &[5]).to_string();
        assert!(
            error.contains("layer 2") && error.contains("smooth"),
            "{error}"
        );
    }
    // A kink that only the values show.
    let bent = Elementwise::new("bent", 64, |x| x.abs(), f64::signum).unwrap();
    let kernel = Kernel::new(&of(Activation::Elementwise(bent))).unwrap();
    let error = kernel
        .at_width(&[5])
        .unwrap()
        .gram(array![[1.0, 2.0]].view())
        .unwrap_err();
    assert!(error.to_string().contains("Hermite series"), "{error}");
}

#[test]
fn large_groups_are_refused() {
    let init = Init::default();
    let refused = |order: usize, filter: Filter, activation: Activation| {
        let action = FiniteAction::regular(TableGroup::cyclic(order).unwrap());
        let network = Network::finite(action, 1)
            .lifting(filter.clone(), init)
            .activation(activation.clone())
            .group_convolution(filter, init)
            .activation(activation)
            .group_pooling()
            .dense(init)
            .build()
            .unwrap();
        let kernel = Kernel::new(&network).unwrap().at_width(&[5, 5]).unwrap();
        let signals = Array3::from_elem((1, order, 1), 1.0);
        let error = kernel.gram(Signals::Points(signals.view())).unwrap_err();
        error.to_string()
    };
    let local = refused(33, Filter::subset(&[0, 1]), Activation::Erf);
    assert!(local.contains("at most 32"), "{local}");
    let global = refused(257, Filter::Global, Activation::Erf);
    assert!(global.contains("at most 256"), "{global}");
    let smooth = refused(33, Filter::Global, Activation::Gelu);
    assert!(
        smooth.contains("layer 2") && smooth.contains("closed form"),
        "{smooth}"
    );
}

#[test]
fn numbers_out_of_range_are_errors() {
    let init = Init::default();
    let network = Network::vector(1)
        .dense(init)
        .activation(Activation::Relu)
        .dense(init)
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap().at_width(&[5]).unwrap();
    let error = kernel.gram(array![[1e120]].view()).unwrap_err().to_string();
    assert!(error.contains("fourth powers"), "{error}");
    // Inputs of zero have neither bias nor spread.
    let zero = kernel.gram(array![[0.0], [1.0]].view()).unwrap();
    assert_eq!(zero.ntk_std[[0, 0]], 0.0);
    assert!(
        zero.ntk_std
            .iter()
            .chain(&zero.ntk_bias)
            .all(|x| x.is_finite())
    );
}
