//! The geometry of signals on the sphere under SO(3), with global filters: a fibre is one number, the cross-correlation
//! of the two signals at a rotation.

use std::sync::Arc;

use ndarray::Array3;
use num_complex::Complex64;

use crate::Result;
use crate::group::haar::{CircleRule, PolarRule, uniform_circle};
use crate::kernel::recursion::{Adjoint, Geometry, Side};
use crate::kernel::signals::Inputs;
use crate::kernel::sphere::{Centre, Copies, SphereReadout};
use crate::network::Filter;
use crate::so3::{CorrelatorWorkspace, RealCorrelator};
use crate::sphere::{CoefficientRotation, CoefficientRotationScratch};

use super::axial::{AxialAngles, AxialCorrelation};
use super::signal::GlobalSignal;

/// Signals on the sphere and the rotations at which they are correlated.
pub(super) struct SphereGeometry {
    copies: Arc<Copies>,
    pub(super) rotations: Rotations,
    /// Whether signals keep their coefficients: the geometry rotates them, or looks for rotated copies.
    keeps_coeffs: bool,
}

/// The rotations r whose fibres make up the kernel of a pair.
pub(super) enum Rotations {
    /// A product grid over the group, or polar coordinates about a kink.
    Group {
        correlator: Box<RealCorrelator>,
        polar: Option<Box<Polar>>,
    },
    /// Rotations about the polar axis; the signals of a row are rotated to their outputs before.
    Axis {
        uniform: AxialAngles,
        /// Angles relative to a kink, with more nodes near it.
        circle: Option<AxialAngles>,
    },
}

/// Polar coordinates about a kink: rotations by angles about axes.
pub(super) struct Polar {
    pub(super) rule: PolarRule,
    pub(super) angles: AxialAngles,
    pub(super) rotation: CoefficientRotation,
}

/// The fibres of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) enum GlobalRegion {
    /// A piece of the product grid, by its number.
    Piece(usize),
    /// Rotations about one axis of the polar coordinates, by the weight of the axis.
    Polar(f64),
    /// Rotations about the polar axis by equispaced angles.
    Uniform,
    /// Rotations about the polar axis by angles relative to a kink.
    Circle,
}

/// Scratch of one thread: a piece of the product grid, and two rotated signals.
#[derive(Default)]
pub(super) struct SphereGeometryWorkspace {
    pub(super) correlator: Option<CorrelatorWorkspace>,
    pub(super) rotation: CoefficientRotationScratch,
    /// Both signals of the current pair, rotated.
    pub(super) turned: [Array3<Complex64>; 2],
    /// The cotangents of both rotated signals.
    pub(super) pulled: [Vec<f64>; 2],
    pub(super) correlation: AxialCorrelation,
    /// The kink of the current pair.
    pub(super) centre: Option<Centre>,
    /// The weight of the current axis.
    weight: f64,
    /// Whether a signal with itself takes all angles about its kink.
    pub(super) takes_all_angles: bool,
}

impl SphereGeometry {
    /// Builds the tables of one quadrature.
    ///
    /// # Arguments
    /// * `band_limit` — L of the signals
    /// * `quadrature` — M of the mean over the group or over a circle
    /// * `readout` — the map from features to outputs
    /// * `polar` — whether a mean over the group for rotated copies takes polar coordinates about their kink
    /// * `copies` — finds rotated copies
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if a band limit is zero, or if the scratch of one thread would exceed 4 GiB.
    pub(super) fn new(
        band_limit: usize,
        quadrature: usize,
        readout: SphereReadout,
        polar: bool,
        copies: Arc<Copies>,
    ) -> Result<Self> {
        let angles = |angles: &[(f64, f64)]| AxialAngles::new(angles, band_limit);
        let rotations = match readout {
            SphereReadout::Pooling { kinked } => Rotations::Group {
                correlator: Box::new(RealCorrelator::new(band_limit, quadrature)?),
                polar: (kinked && polar)
                    .then(|| -> Result<_> {
                        let rule = PolarRule::new(quadrature)?;
                        Ok(Box::new(Polar {
                            angles: angles(rule.angles()),
                            rotation: CoefficientRotation::real(band_limit)?,
                            rule,
                        }))
                    })
                    .transpose()?,
            },
            SphereReadout::Rotation => Rotations::Axis {
                uniform: angles(&uniform_circle(1)),
                circle: None,
            },
            SphereReadout::Point { kinked } => Rotations::Axis {
                uniform: angles(&uniform_circle(2 * quadrature - 1)),
                circle: kinked
                    .then(|| CircleRule::new(quadrature))
                    .transpose()?
                    .map(|rule| angles(rule.angles())),
            },
        };
        Ok(SphereGeometry {
            copies,
            rotations,
            keeps_coeffs: readout != SphereReadout::Pooling { kinked: false },
        })
    }

    /// The polar coordinates for a pair with a kink; none for other pairs.
    pub(super) fn polar(&self, centre: Option<Centre>) -> Option<(&Polar, Centre)> {
        match &self.rotations {
            Rotations::Group { polar, .. } => Some((polar.as_deref()?, centre?)),
            Rotations::Axis { .. } => None,
        }
    }
}

impl Geometry for SphereGeometry {
    type Scalar = f64;
    type Signal = GlobalSignal;
    type Workspace = SphereGeometryWorkspace;
    type Region = GlobalRegion;

    const FIELDS: bool = false;

    fn take(&self, inputs: &Inputs<'_>, row: usize) -> Result<GlobalSignal> {
        let coeffs = inputs.coefficients(row)?;
        GlobalSignal::new(coeffs.view(), inputs.turn(row), self.keeps_coeffs)
    }

    fn make_workspace(&self) -> SphereGeometryWorkspace {
        SphereGeometryWorkspace::default()
    }

    fn orientation_count(
        &self,
        pair: [&GlobalSignal; 2],
        workspace: &mut SphereGeometryWorkspace,
    ) -> Result<usize> {
        let kinked = match &self.rotations {
            Rotations::Group { polar, .. } => polar.is_some(),
            Rotations::Axis { circle, .. } => circle.is_some(),
        };
        workspace.centre = match kinked {
            true => self.copies.centre(pair.map(GlobalSignal::coeffs))?,
            false => None,
        };
        if workspace.takes_all_angles {
            workspace.centre = workspace.centre.map(Centre::of_any_pair);
        }
        Ok(match self.polar(workspace.centre) {
            Some((polar, _)) => polar.rule.axes().len(),
            None => 1,
        })
    }

    /// In polar coordinates both signals are rotated towards an axis.
    fn turn(
        &self,
        pair: [&GlobalSignal; 2],
        orientation: usize,
        _: &mut [Option<GlobalSignal>; 2],
        workspace: &mut SphereGeometryWorkspace,
    ) -> Result<()> {
        let Some((polar, centre)) = self.polar(workspace.centre) else {
            return Ok(());
        };
        let (axis, weight) = polar.rule.axes()[orientation];
        // A signal with itself takes half of the angles, each with twice the weight.
        workspace.weight = if centre.is_same() {
            2.0 * weight
        } else {
            weight
        };
        let right = centre.rotation().map_or(axis, |c| c.compose(&axis));
        for ((signal, turned), g) in pair.iter().zip(&mut workspace.turned).zip([axis, right]) {
            let coeffs = &signal.coeffs().coeffs;
            if turned.dim() != coeffs.dim() {
                *turned = Array3::zeros(coeffs.dim());
            }
            let euler = g.inverse().euler_zyz();
            for (from, to) in coeffs.outer_iter().zip(turned.outer_iter_mut()) {
                polar
                    .rotation
                    .rotate_into(from, &euler, to, &mut workspace.rotation)?;
            }
        }
        Ok(())
    }

    fn begin(
        &self,
        [a, b]: [&GlobalSignal; 2],
        _: usize,
        workspace: &mut SphereGeometryWorkspace,
    ) -> usize {
        let SphereGeometryWorkspace {
            correlator: scratch,
            turned: [left, right],
            correlation,
            ..
        } = workspace;
        match &self.rotations {
            _ if self.polar(workspace.centre).is_some() => {
                correlation.set(left.view(), right.view());
                1
            }
            Rotations::Group { correlator, .. } => {
                let scratch = scratch.get_or_insert_with(|| correlator.make_workspace());
                correlator.begin(a.harmonics(), b.harmonics(), scratch);
                correlator.piece_count()
            }
            Rotations::Axis { .. } => {
                correlation.set(a.coeffs().coeffs.view(), b.coeffs().coeffs.view());
                1
            }
        }
    }

    fn lift(
        &self,
        _: [&GlobalSignal; 2],
        _: &Filter,
        batch: usize,
        workspace: &mut SphereGeometryWorkspace,
        fibres: &mut Vec<f64>,
    ) -> GlobalRegion {
        let SphereGeometryWorkspace {
            correlator: scratch,
            correlation,
            weight,
            ..
        } = workspace;
        if let Some((polar, centre)) = self.polar(workspace.centre) {
            let count = polar.rule.angle_count(centre.is_same());
            polar.angles.values(correlation, count, fibres);
            return GlobalRegion::Polar(*weight);
        }
        match &self.rotations {
            Rotations::Group { correlator, .. } => {
                let scratch = scratch.as_mut().expect("made when the pair was begun");
                correlator.piece_into(batch, scratch, fibres);
                GlobalRegion::Piece(batch)
            }
            Rotations::Axis { uniform, circle } => {
                let kink = workspace.centre.and_then(Centre::about_pole);
                if let (Some(circle), Some(omega)) = (circle, kink) {
                    correlation.rotate_second(omega);
                    circle.values(correlation, circle.len(), fibres);
                    GlobalRegion::Circle
                } else {
                    uniform.values(correlation, uniform.len(), fibres);
                    GlobalRegion::Uniform
                }
            }
        }
    }

    fn lift_self(
        &self,
        _: &Filter,
        signal: &GlobalSignal,
        workspace: &mut SphereGeometryWorkspace,
        fibres: &mut Vec<f64>,
    ) -> GlobalRegion {
        match &self.rotations {
            Rotations::Group { .. } => {
                fibres.clear();
                fibres.push(signal.harmonics().mean_square());
            }
            // The sum that a pair computes, with equal rounding: the correlation coefficient of a signal with itself is exactly 1.
            Rotations::Axis { uniform, .. } => {
                let coeffs = signal.coeffs().coeffs.view();
                workspace.correlation.set(coeffs, coeffs);
                uniform.values(&workspace.correlation, 1, fibres);
            }
        }
        GlobalRegion::Piece(0)
    }

    /// A fibre is constant, so its mean over a filter is the fibre.
    fn average(
        &self,
        _: &Filter,
        region: GlobalRegion,
        _: &mut SphereGeometryWorkspace,
        _: &mut Vec<f64>,
    ) -> GlobalRegion {
        region
    }

    fn family(&self, _: GlobalRegion) -> i64 {
        0
    }

    fn gather(&self, _: Side, field: &[f64], _: GlobalRegion, out: &mut Vec<f64>) {
        out.clear();
        out.extend_from_slice(field);
    }

    fn adjoint(&self) -> Option<&dyn Adjoint<Self>> {
        Some(self)
    }

    fn mean(&self, region: GlobalRegion, fibres: &[f64]) -> f64 {
        match (&self.rotations, region) {
            (Rotations::Group { correlator, .. }, GlobalRegion::Piece(piece)) => {
                correlator.piece_mean(piece, fibres)
            }
            (Rotations::Group { polar, .. }, GlobalRegion::Polar(weight)) => polar
                .as_ref()
                .map_or(0.0, |polar| weight * polar.angles.sum(fibres)),
            (
                Rotations::Axis {
                    circle: Some(circle),
                    ..
                },
                GlobalRegion::Circle,
            ) => circle.sum(fibres),
            (Rotations::Axis { uniform, .. }, _) => uniform.sum(fibres),
            _ => unreachable!("regions come from the same geometry"),
        }
    }
}
