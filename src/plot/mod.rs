//! Pictures: learning curves, training dynamics, bands along a line, convergence, kernel matrices, phase diagrams, calibration, signals on the sphere.
//!
//! There is one function per kind of picture. Each function takes plain numbers, chooses ranges and scales, and writes one file, whole
//! or not at all. The ending of the file name selects the format: `.png` or `.svg`. PNG pictures use an embedded font, so no font has
//! to be installed, and equal numbers give equal bytes on every machine. Colour-blind readers can distinguish the colours. Curves have
//! markers of different shapes, and the colour maps are perceptually uniform.
//!
//! ```
//! use haarmonic::plot::{self, AxisScale, Curve, Labels};
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("curves.svg");
//! let curve = Curve {
//!     name: "SO(3)",
//!     sizes: &[10.0, 30.0, 100.0],
//!     mean: &[410.0, 250.0, 140.0],
//!     error: Some(&[20.0, 11.0, 5.0]),
//! };
//! let labels = Labels { y: "mean absolute error / meV", ..Labels::default() };
//! plot::learning_curves(&[curve], AxisScale::Logarithmic, &labels, &path)?;
//! assert!(std::fs::read_to_string(&path).unwrap().starts_with("<svg"));
//! # Ok::<(), haarmonic::Error>(())
//! ```
//!
//! The guide `docs/plots.md` shows the pictures and the commands that draw them.

mod axis;
mod bands;
mod calibration;
mod check;
mod colour;
mod colour_bar;
mod convergence;
mod curves;
mod font;
mod format;
mod kernel_matrix;
mod labels;
mod learning_curves;
mod legend;
mod panel;
mod phase_diagram;
mod picture;
mod projection;
mod render;
mod sphere_signal;
mod training_dynamics;

pub use bands::{Band, bands};
pub use calibration::calibration;
pub use convergence::convergence;
pub use curves::Curve;
pub use format::Format;
pub use kernel_matrix::kernel_matrix;
pub use labels::{AxisScale, Labels};
pub use learning_curves::learning_curves;
pub use phase_diagram::phase_diagram;
pub use sphere_signal::{Projection, SphereSignal, sphere_signal};
pub use training_dynamics::{Dynamics, training_dynamics};
