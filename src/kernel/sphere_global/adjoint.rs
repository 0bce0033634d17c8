//! The adjoints of correlations of signals on the sphere.

use crate::Result;
use crate::kernel::recursion::{Adjoint, Geometry, Side};
use crate::kernel::sphere::{Centre, add_rotated_back, cotangent_len};
use crate::network::Filter;

use super::geometry::{GlobalRegion, Rotations, SphereGeometry, SphereGeometryWorkspace};
use super::signal::GlobalSignal;

impl Adjoint<SphereGeometry> for SphereGeometry {
    fn cotangent_len(&self, signal: &GlobalSignal) -> usize {
        let harmonics = signal.harmonics();
        cotangent_len(harmonics.channels(), harmonics.band_limit())
    }

    fn norm(&self, signal: &GlobalSignal) -> f64 {
        let harmonics = signal.harmonics();
        let scale = 4.0 * std::f64::consts::PI * harmonics.channels() as f64;
        (scale * harmonics.mean_square()).sqrt()
    }

    /// Half of the angles about a kink suffice for a signal with itself, but not for the derivatives by either argument.
    fn gradient_workspace(&self, geometry: &SphereGeometry) -> SphereGeometryWorkspace {
        let mut workspace = geometry.make_workspace();
        workspace.takes_all_angles = true;
        workspace
    }

    fn spread(&self, region: GlobalRegion, cotangent: f64, fibres: &mut Vec<f64>) {
        match (&self.rotations, region) {
            (Rotations::Group { correlator, .. }, GlobalRegion::Piece(piece)) => {
                correlator.piece_spread(piece, cotangent, fibres);
            }
            (Rotations::Group { polar, .. }, GlobalRegion::Polar(weight)) => {
                let polar = polar.as_ref().expect("regions come from the same geometry");
                polar.angles.spread(weight * cotangent, fibres);
            }
            (Rotations::Axis { circle, .. }, GlobalRegion::Circle) => {
                let circle = circle
                    .as_ref()
                    .expect("regions come from the same geometry");
                circle.spread(cotangent, fibres);
            }
            (Rotations::Axis { uniform, .. }, _) => uniform.spread(cotangent, fibres),
            _ => unreachable!("regions come from the same geometry"),
        }
    }

    /// The mean over a filter leaves a fibre as it is.
    fn average_adjoint(
        &self,
        _: &Filter,
        _: [GlobalRegion; 2],
        _: &mut SphereGeometryWorkspace,
        _: &mut Vec<f64>,
    ) {
    }

    fn scatter(&self, _: Side, _: GlobalRegion, values: &[f64], field: &mut [f64]) {
        field[0] += values.iter().sum::<f64>();
    }

    fn lift_adjoint(
        &self,
        [a, b]: [&GlobalSignal; 2],
        _: &Filter,
        region: GlobalRegion,
        workspace: &mut SphereGeometryWorkspace,
        fibres: &mut Vec<f64>,
        cotangents: [Option<&mut [f64]>; 2],
    ) {
        let SphereGeometryWorkspace {
            correlator: scratch,
            turned,
            pulled,
            correlation,
            ..
        } = workspace;
        match (&self.rotations, region) {
            (Rotations::Group { correlator, .. }, GlobalRegion::Piece(piece)) => {
                let scratch = scratch.as_mut().expect("made when the pair was begun");
                correlator.piece_adjoint(piece, fibres, scratch);
            }
            // The cotangents of the rotated signals, which `begin_adjoint` rotates back.
            (Rotations::Group { polar, .. }, _) => {
                let polar = polar.as_ref().expect("regions come from the same geometry");
                polar.angles.values_adjoint(fibres, correlation);
                for pulled in &mut *pulled {
                    pulled.clear();
                    pulled.resize(self.cotangent_len(a), 0.0);
                }
                let [to_a, to_b] = pulled;
                let [left, right] = turned;
                correlation.set_adjoint([left.view(), right.view()], [Some(to_a), Some(to_b)]);
            }
            (Rotations::Axis { uniform, circle }, _) => {
                let kink = workspace.centre.and_then(Centre::about_pole);
                match (circle, kink) {
                    (Some(circle), Some(omega)) => {
                        circle.values_adjoint(fibres, correlation);
                        correlation.rotate_second(-omega);
                    }
                    _ => uniform.values_adjoint(fibres, correlation),
                }
                let signals = [a, b].map(|signal| signal.coeffs().coeffs.view());
                correlation.set_adjoint(signals, cotangents);
            }
        }
    }

    fn begin_adjoint(
        &self,
        [a, b]: [&GlobalSignal; 2],
        orientation: usize,
        workspace: &mut SphereGeometryWorkspace,
        cotangents: [Option<&mut [f64]>; 2],
    ) -> Result<()> {
        let Rotations::Group { correlator, .. } = &self.rotations else {
            return Ok(());
        };
        let Some((polar, centre)) = self.polar(workspace.centre) else {
            let scratch = workspace.correlator.as_mut();
            let scratch = scratch.expect("made when the pair was begun");
            correlator.begin_adjoint([a.harmonics(), b.harmonics()], scratch, cotangents);
            return Ok(());
        };
        let (axis, _) = polar.rule.axes()[orientation];
        let right = centre.rotation().map_or(axis, |c| c.compose(&axis));
        let band_limit = a.harmonics().band_limit();
        let sides = cotangents.into_iter().zip(&workspace.pulled);
        for ((out, pulled), g) in sides.zip([axis, right]) {
            if let Some(out) = out {
                let back = Some((&polar.rotation, &g.euler_zyz()));
                add_rotated_back(pulled, band_limit, back, &mut workspace.rotation, out)?;
            }
        }
        Ok(())
    }

    fn lift_self_adjoint(
        &self,
        _: &Filter,
        signal: &GlobalSignal,
        _: GlobalRegion,
        workspace: &mut SphereGeometryWorkspace,
        fibres: &mut Vec<f64>,
        cotangent: &mut [f64],
    ) {
        match &self.rotations {
            Rotations::Group { .. } => {
                let harmonics = signal.harmonics();
                harmonics.add_mean_square_adjoint(fibres[0], cotangent);
            }
            // The signal as it is rotated to its output.
            Rotations::Axis { uniform, .. } => {
                let coeffs = signal.coeffs().coeffs.view();
                let correlation = &mut workspace.correlation;
                uniform.values_adjoint(&[2.0 * fibres[0]], correlation);
                correlation.set_adjoint([coeffs, coeffs], [Some(cotangent), None]);
            }
        }
    }
}
