//! Values through JSON and back; what is not valid is refused.

use haarmonic::activation::Activation;
use haarmonic::group::{EulerZyz, PointGroup, Rotation, SpherePoint};
use haarmonic::kernel::{Kernel, KernelMatrices};
use haarmonic::network::{Hyperparameter, Init, Network, Padding};
use haarmonic::predict::{Prediction, Ridge, Time};
use haarmonic::sphere::Sampling;
use ndarray::{Array2, array};
use serde::de::DeserializeOwned;
use serde::ser::Serialize;
use serde_json::{from_str, to_string};

/// The text, after the value came back from it.
fn through<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) -> String {
    let text = to_string(value).unwrap();
    assert_eq!(from_str::<T>(&text).unwrap(), *value, "{text}");
    text
}

fn network() -> Network {
    Network::vector(2)
        .dense(Init::new(1.3, 0.2))
        .activation(Activation::Erf)
        .dense(Init::default())
        .build()
        .unwrap()
}

#[test]
fn values_come_back() {
    let half = Rotation::about_x(std::f64::consts::PI).unwrap();
    through(&half);
    assert_eq!(through(&Rotation::identity()), "[1.0,0.0,0.0,0.0]");
    assert_eq!(
        through(&EulerZyz::new(0.5, 1.5, -2.0).unwrap()),
        r#"{"alpha":0.5,"beta":1.5,"gamma":-2.0}"#
    );
    assert_eq!(
        through(&SpherePoint::new(0.5, 1.5).unwrap()),
        r#"{"colatitude":0.5,"longitude":1.5}"#
    );
    assert_eq!(through(&Sampling::DriscollHealy), r#""driscoll-healy""#);
    through(&PointGroup::D4);
    through(&Padding::Circular);
    through(&Ridge::Relative(1e-3));
    through(&Time::Finite(2.0));
    through(&Hyperparameter::Bias(1));
    let text = through(&network());
    assert!(text.contains("[input]"), "{text}");

    let gram = Kernel::new(&network())
        .unwrap()
        .gram(array![[1.0, 0.1], [0.3, -2.0]].view())
        .unwrap();
    through::<KernelMatrices>(&gram);
    through(&Prediction {
        mean: array![[1.0], [0.1 + 0.2]],
        covariance: Array2::eye(2),
    });
}

#[test]
fn what_is_not_valid_is_refused() {
    let said = |error: serde_json::Error| error.to_string();
    let error = said(from_str::<Rotation>("[0.0, 0.0, 0.0, 0.0]").unwrap_err());
    assert!(error.starts_with("quaternion: found [0.0"), "{error}");
    let error = from_str::<SpherePoint>(r#"{"colatitude": 4.0, "longitude": 0.0}"#).unwrap_err();
    assert!(said(error).starts_with("colatitude: found 4"));
    let error = from_str::<Sampling>(r#""healpy""#).unwrap_err();
    assert!(said(error).contains("healpy"));
    let error = from_str::<Network>(r#""[input]\nspace = \"vector\"\nsize = 7""#).unwrap_err();
    assert!(said(error).starts_with("key `size` in [input] (line 3)"));
    // Errors are written alone: they borrow the names of formats and libraries.
    let error = Sampling::GaussLegendre.colatitudes(0).unwrap_err();
    let text = to_string(&error).unwrap();
    assert!(text.starts_with(r#"{"InvalidValue":{"what":"#), "{text}");
}
