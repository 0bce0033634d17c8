//! Tensors of the whole network against an independent program in Python.

use haarmonic::activation::{Activation, Elementwise};
use haarmonic::corrections::{KernelAtWidth, MotionTensors, Tensors};
use haarmonic::group::{FiniteAction, TableGroup};
use haarmonic::kernel::{Kernel, Signals};
use haarmonic::network::{Filter, Init, Network};
use ndarray::{Array, Array2, Array3, Array4, Axis, Dimension};

use super::read;
use crate::common::close::assert_named_close;
use crate::common::tol::corrections as tol;

/// Compares all tensors with those of a case.
fn compare(case: &str, tensors: &Tensors, tolerance: f64) {
    let matrix = |name: &str| -> Array2<f64> { read(&format!("{case}/{name}")) };
    let tensor = |name: &str| -> Array4<f64> { read(&format!("{case}/{name}")) };
    fn close<D: Dimension>(what: String, found: &Array<f64, D>, want: &Array<f64, D>, tol: f64) {
        assert_named_close(what, found, want, tol);
    }
    let what = |name: &str| format!("{case} {name}");
    let pairs = [
        ("K", &tensors.nngp),
        ("Theta", &tensors.ntk),
        ("K1", &tensors.nngp_bias),
        ("Theta1", &tensors.ntk_bias),
    ];
    for (name, found) in pairs {
        close(what(name), found, &matrix(name), tolerance);
    }
    let tensors = [
        ("V", &tensors.v),
        ("D", &tensors.d),
        ("A", &tensors.a),
        ("B", &tensors.b),
        ("F", &tensors.f),
    ];
    for (name, found) in tensors {
        close(what(name), found, &tensor(name), tolerance);
    }
}

/// Compares the tensors of the motion with those of a case.
fn compare_motion(case: &str, motion: &MotionTensors) {
    for (name, found) in [
        ("P", &motion.p),
        ("Q", &motion.q),
        ("Rdd", &motion.r),
        ("Sdd", &motion.s),
        ("Tdd", &motion.t),
        ("Udd", &motion.u),
    ] {
        let want: Array4<f64> = read(&format!("{case}/{name}"));
        assert_named_close(format!("{case} {name}"), found, &want, tol::GOLDEN);
    }
}

/// A multilayer perceptron with equal layers.
fn perceptron(activation: &Activation, init: Init, widths: &[usize]) -> KernelAtWidth {
    let mut network = Network::vector(3).dense(init);
    for _ in widths {
        network = network.activation(activation.clone()).dense(init);
    }
    let network = network.build().unwrap();
    Kernel::new(&network).unwrap().at_width(widths).unwrap()
}

fn inputs() -> Array2<f64> {
    read("x/mlp")
}

#[test]
fn perceptrons_with_erf() {
    let kernel = perceptron(&Activation::Erf, Init::new(1.3, 0.2), &[16, 24, 32]);
    compare(
        "mlp_erf",
        &kernel.tensors(inputs().view()).unwrap(),
        tol::GOLDEN,
    );
    compare_motion("mlp_erf", &kernel.motion(inputs().view()).unwrap());
}

#[test]
fn perceptrons_with_relu() {
    let init = Init::new(2.0_f64.sqrt(), 0.1);
    let kernel = perceptron(&Activation::Relu, init, &[16, 24, 32]);
    compare(
        "mlp_relu",
        &kernel.tensors(inputs().view()).unwrap(),
        tol::GOLDEN,
    );
}

#[test]
fn perceptrons_with_tanh() {
    let tanh = Elementwise::new("tanh", 64, f64::tanh, |x| 1.0 / x.cosh().powi(2)).unwrap();
    let kernel = perceptron(
        &Activation::Elementwise(tanh),
        Init::new(1.3, 0.2),
        &[16, 24],
    );
    let inputs = inputs();
    let two = inputs.view().split_at(Axis(0), 2).0;
    compare("mlp_tanh", &kernel.tensors(two).unwrap(), tol::TRAPEZOID);
}

#[test]
fn perceptrons_with_a_polynomial() {
    let cubic = Elementwise::new(
        "cubic",
        16,
        |x| 0.1 + x + 0.3 * x * x - 0.1 * x * x * x,
        |x| 1.0 + 0.6 * x - 0.3 * x * x,
    );
    let cubic = Activation::Elementwise(cubic.unwrap());
    // The case has a quarter of the covariance of the first layer.
    let init = Init::new(0.9, 0.2);
    let network = Network::vector(3)
        .dense(Init::new(0.65, 0.1))
        .activation(cubic.clone())
        .dense(init)
        .activation(cubic)
        .dense(init)
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap().at_width(&[16, 24]).unwrap();
    compare(
        "mlp_poly",
        &kernel.tensors(inputs().view()).unwrap(),
        tol::GOLDEN,
    );
    compare_motion("mlp_poly", &kernel.motion(inputs().view()).unwrap());
}

/// Lifting, activation, convolution, activation, mean over the group, dense.
fn over_group(action: FiniteAction, filter: &Filter, inits: [Init; 3]) -> KernelAtWidth {
    let network = Network::finite(action, 1)
        .lifting(filter.clone(), inits[0])
        .activation(Activation::Erf)
        .group_convolution(filter.clone(), inits[1])
        .activation(Activation::Erf)
        .group_pooling()
        .dense(inits[2])
        .build()
        .unwrap();
    Kernel::new(&network).unwrap().at_width(&[16, 24]).unwrap()
}

fn cyclic_signals() -> Array3<f64> {
    let signals: Array2<f64> = read("x/c4");
    signals.insert_axis(Axis(2))
}

#[test]
fn cyclic_groups_with_local_filters() {
    let inits = [
        Init::new(1.3, 0.2),
        Init::new(1.5, 0.2),
        Init::new(1.5, 0.2),
    ];
    let action = FiniteAction::regular(TableGroup::cyclic(4).unwrap());
    let kernel = over_group(action, &Filter::subset(&[0, 1]), inits);
    let signals = cyclic_signals();
    let tensors = kernel.tensors(Signals::Points(signals.view())).unwrap();
    compare("c4_local", &tensors, tol::GOLDEN);
    let motion = kernel.motion(Signals::Points(signals.view())).unwrap();
    compare_motion("c4_local", &motion);
}

#[test]
fn cyclic_groups_with_global_filters() {
    let inits = [
        Init::new(1.3, 0.2),
        Init::new(1.5, 0.2),
        Init::new(1.5, 0.2),
    ];
    let action = FiniteAction::regular(TableGroup::cyclic(4).unwrap());
    let kernel = over_group(action, &Filter::Global, inits);
    let signals = cyclic_signals();
    let tensors = kernel.tensors(Signals::Points(signals.view())).unwrap();
    compare("c4_global", &tensors, tol::GOLDEN);
}

#[test]
fn permutations_with_local_filters() {
    let table: Array2<i64> = read("s3/mul");
    let table = TableGroup::new(table.mapv(|g| g as usize).view()).unwrap();
    let init = Init::new(1.3, 0.2);
    let inits = [init, Init::new(1.5, 0.2), Init::new(1.5, 0.2)];
    let kernel = over_group(
        FiniteAction::regular(table),
        &Filter::subset(&[0, 1, 3]),
        inits,
    );
    let signals: Array2<f64> = read("x/s3");
    let signals = signals.insert_axis(Axis(2));
    let tensors = kernel.tensors(Signals::Points(signals.view())).unwrap();
    compare("s3_local", &tensors, tol::GOLDEN);
}
