//! How checked values are serialised: in a form that is checked again when it is read.
//!
//! | value | form |
//! |---|---|
//! | rotation | its quaternion `[w, x, y, z]` |
//! | Euler angles | `alpha`, `beta`, `gamma` |
//! | point of the sphere | `colatitude`, `longitude` |
//! | sampling, point group, group, padding | its name |
//! | network | the text of its network file |
//! | kernel matrices, predictions, scales and other plain values | their fields |

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};

use crate::group::{EulerZyz, PointGroup, Rotation, SpherePoint};
use crate::sphere::Sampling;

/// Serialises a value in another form. The first function may refuse it, and the second checks the form.
macro_rules! as_form {
    ($($value:ty, $form:ty: $write:expr, $read:expr;)*) => {$(
        impl Serialize for $value {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let write: fn(&$value) -> crate::Result<$form> = $write;
                write(self).map_err(S::Error::custom)?.serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $value {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let read: fn($form) -> crate::Result<$value> = $read;
                read(<$form>::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    )*};
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename = "EulerZyz", deny_unknown_fields)]
struct Angles {
    alpha: f64,
    beta: f64,
    gamma: f64,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename = "SpherePoint", deny_unknown_fields)]
struct Direction {
    colatitude: f64,
    longitude: f64,
}

as_form! {
    Rotation, [f64; 4]: |rotation| Ok(rotation.to_quaternion()), Rotation::from_quaternion;
    EulerZyz, Angles:
        |e| Ok(Angles { alpha: e.alpha(), beta: e.beta(), gamma: e.gamma() }),
        |e| EulerZyz::new(e.alpha, e.beta, e.gamma);
    SpherePoint, Direction:
        |p| Ok(Direction { colatitude: p.colatitude(), longitude: p.longitude() }),
        |p| SpherePoint::new(p.colatitude, p.longitude);
    Sampling, String: |sampling| Ok(sampling.to_string()), |name| name.parse();
    PointGroup, String: |group| Ok(group.to_string()), |name| name.parse();
}

#[cfg(feature = "kernels")]
mod networks {
    use super::*;
    use crate::network::{GroupName, Network, Padding, SphereSampling};

    as_form! {
        Network, String: Network::to_toml, |text| Network::from_toml(&text);
        GroupName, String: |group| Ok(group.to_string()), |name| name.parse();
        Padding, String: |padding| Ok(padding.to_string()), |name| name.parse();
        SphereSampling, String: |sampling| Ok(sampling.to_string()), |name| name.parse();
    }
}
