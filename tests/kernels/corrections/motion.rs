//! The mean change of the tangent kernel in training, and what is refused.

use haarmonic::Error;
use haarmonic::activation::Activation;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Init, Network};
use haarmonic::predict::Time;
use ndarray::array;

use crate::common::close::assert_entries_close;
use crate::common::tol::corrections as tol;

/// Two linear layers z = w·(u x)/√n at one point. The flow has dΘ/dt = −4 x² z (z − y)/n, and z relaxes with the rate λ = 2x² at first
/// order, so that the mean change is an integral of exponentials.
#[test]
fn linear_networks_have_closed_forms() {
    const WIDTH: usize = 40;
    let init = Init::default();
    let network = Network::vector(1).dense(init).dense(init).build().unwrap();
    let kernel = Kernel::new(&network).unwrap().at_width(&[WIDTH]).unwrap();
    let (x, y) = (0.8_f64, 1.3_f64);
    let (k, lambda) = (x * x, 2.0 * x * x);
    let factor = 4.0 * x * x / WIDTH as f64;
    for time in [0.0, 0.001, 0.7, f64::INFINITY] {
        let argument = match time.is_finite() {
            true => Time::Finite(time),
            false => Time::Infinite,
        };
        let part = |rate: f64| -(-rate * time).exp_m1() / rate;
        let (once, twice) = (part(lambda), part(2.0 * lambda));
        let want = [
            factor * (y * y * once - (k + y * y) * twice),
            factor * y * y * (once - twice),
        ];
        let change = kernel
            .ntk_change(
                array![[x]].view(),
                array![[y]].view(),
                array![[2.0 * x]].view(),
                argument,
            )
            .unwrap();
        for (found, want) in [change.random, change.centred].into_iter().zip(want) {
            // The kernel is that of the training point times products of the points.
            let want = array![[want, 2.0 * want], [2.0 * want, 4.0 * want]];
            assert_entries_close(format!("time {time}"), found, want, tol::ROUNDING);
        }
    }
}

#[test]
fn motion_needs_smooth_functions_and_sound_times() {
    let init = Init::default();
    let network = |activation: Activation| {
        let network = Network::vector(2).dense(init).activation(activation);
        network.dense(init).build().unwrap()
    };
    let bent = Kernel::new(&network(Activation::Relu)).unwrap();
    let x = array![[1.0, 0.5], [0.3, -1.0]];
    let error = bent.at_width(&[5]).unwrap().motion(x.view()).unwrap_err();
    assert!(
        error.to_string().contains("layer 2") && error.to_string().contains("bend"),
        "{error}"
    );
    let smooth = Kernel::new(&network(Activation::Erf)).unwrap();
    let smooth = smooth.at_width(&[5]).unwrap();
    let change = |y: ndarray::Array2<f64>, time| {
        smooth.ntk_change(x.view(), y.view(), array![[0.1, 0.2]].view(), time)
    };
    let y = array![[1.0], [0.5]];
    for time in [Time::Steps(3), Time::Finite(-1.0), Time::Finite(f64::NAN)] {
        let error = change(y.clone(), time).unwrap_err();
        assert!(matches!(error, Error::InvalidValue { .. }), "{error}");
    }
    for wrong in [array![[1.0, 2.0]], array![[1.0], [2.0], [3.0]]] {
        let error = change(wrong, Time::Finite(1.0)).unwrap_err();
        assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    }
    assert!(change(array![[f64::NAN], [1.0]], Time::Finite(1.0)).is_err());
}
