//! Measured learning curves beside predicted ones.

use haarmonic::activation::Activation;
use haarmonic::network::{Init, Network};
use haarmonic::predict::KernelKind;
use haarmonic::spectral::{LearningCurve, SimulatedCurve, network_spectra};

fn network(dimension: usize) -> Network {
    let layer = Init::new(2.0_f64.sqrt(), 0.3);
    let hidden = Network::vector(dimension)
        .dense(layer)
        .activation(Activation::Relu);
    hidden.dense(layer).build().unwrap()
}

/// In eight dimensions the theory is good, with and without noise; the measured error has five standard errors on top.
#[test]
fn regression_does_what_is_predicted_in_eight_dimensions() {
    let (network, power) = (network(8), [0.1, 0.6, 0.3]);
    for (kind, ridge, noise) in [(KernelKind::Ntk, 0.1, 0.05), (KernelKind::Nngp, 0.1, 0.0)] {
        let spectra = network_spectra(&network, 32).unwrap();
        let spectrum = match kind {
            KernelKind::Ntk => spectra.ntk,
            KernelKind::Nngp => spectra.nngp,
        };
        let mut padded = power.to_vec();
        padded.resize(32, 0.0);
        let curve =
            LearningCurve::new(&spectrum.eigenvalues, &spectrum.multiplicities, &padded).unwrap();
        let curve = curve.with_tail(spectrum.tail, 0.0).unwrap();
        let curve = curve.with_ridge(ridge).unwrap().with_noise(noise).unwrap();
        let simulation = SimulatedCurve::new(&network, &power)
            .unwrap()
            .with_kernel(kind);
        let simulation = simulation
            .with_ridge(ridge)
            .unwrap()
            .with_noise(noise)
            .unwrap();
        let simulation = simulation.with_repeats(10).unwrap();
        let points = [25, 80];
        for (n, found) in points.iter().zip(simulation.run(&points).unwrap()) {
            let want = curve.at(*n as f64).unwrap();
            let bound = 0.1 * want.risk + 5.0 * found.risk_error;
            assert!(
                (found.risk - want.risk).abs() < bound,
                "{n}: {found:?} {want:?}"
            );
            let gap = (found.leave_one_out - found.risk - noise).abs();
            let bound = 0.1 * want.test + 5.0 * found.leave_one_out_error;
            assert!(gap < bound, "{n}: {found:?}");
            assert!(found.risk_error < 0.3 * found.risk);
        }
    }
}

/// Of two points on a circle nothing is learned of a high degree: the risk is the power of the target and of what was fitted to it.
#[test]
fn targets_have_their_power() {
    let simulation = SimulatedCurve::new(&network(3), &[0.0, 0.0, 0.0, 2.0]).unwrap();
    // With a ridge so large that the prediction is zero.
    let simulation = simulation
        .with_ridge(1e12)
        .unwrap()
        .with_repeats(60)
        .unwrap();
    let found = simulation.run(&[2]).unwrap()[0];
    assert!(
        (found.risk - 2.0).abs() < 5.0 * found.risk_error,
        "{found:?}"
    );
    assert!(found.risk_error < 0.2);
}

#[test]
fn seeds_and_bad_arguments() {
    let simulation = SimulatedCurve::new(&network(3), &[0.0, 1.0]).unwrap();
    let simulation = simulation.with_ridge(0.1).unwrap().with_repeats(2).unwrap();
    let first = simulation.run(&[5]).unwrap();
    assert_eq!(first, simulation.run(&[5]).unwrap());
    assert_ne!(first, simulation.clone().with_seed(1).run(&[5]).unwrap());
    assert!(simulation.run(&[]).is_err() && simulation.run(&[5, 1]).is_err());
    assert!(simulation.clone().with_repeats(1).is_err());
    assert!(simulation.clone().with_ridge(-1.0).is_err());
    assert!(simulation.with_noise(f64::NAN).is_err());
    assert!(SimulatedCurve::new(&network(3), &[]).is_err());
    assert!(SimulatedCurve::new(&network(3), &[-1.0]).is_err());
}
