//! first light
use haarmonic::activation::{Activation, Variance};
#[test]
fn first_light() {
    let mut k = [0.3, -0.9, 0.0, 1.0, -1.0];
    let mut t = [1.0; 5];
    Activation::Relu
        .apply(
            Variance::Constant(1.0),
            Variance::Constant(1.0),
            &mut k,
            Some(&mut t),
        )
        .unwrap();
    println!("{k:?} {t:?}");
    let mut k = [0.3, -0.9, 0.0, 1.0, -1.0];
    let mut t = [1.0; 5];
    Activation::Erf
        .apply(
            Variance::Constant(1.0),
            Variance::Field(&[1.0; 5]),
            &mut k,
            Some(&mut t),
        )
        .unwrap();
    println!("{k:?} {t:?}");
}
