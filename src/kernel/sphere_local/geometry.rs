//! The geometry of signals on the sphere under SO(3), with local filters.
//!
//! Filters are zonal, so $`\varphi_r(g)`$ depends on g only through the point y = g n, where n is the north pole. A fibre is therefore a
//! function on the sphere, and an average over a filter multiplies each degree of it by a number (`docs/theory.md`).

use std::sync::Arc;

use ndarray::{Array2, Axis};
use num_complex::Complex64;
use pulp::Arch;

use crate::group::Rotation;
use crate::group::haar::{CircleRule, PolarRule};
use crate::kernel::fibre_rules::{ProductTurns, Turn};
use crate::kernel::recursion::{Adjoint, Geometry, Side};
use crate::kernel::signals::Inputs;
use crate::kernel::sphere::{Centre, Copies, FieldSignal, SphereReadout};
use crate::network::Filter;
use crate::simd::fft::is_smooth;
use crate::sphere::field_grid::{FieldGrid, FieldScratch, half_len};
use crate::sphere::{CoefficientRotation, CoefficientRotationScratch};
use crate::{Error, Result};

use super::loops::{Confine, Product};
use super::ring_tables::RingTables;

/// The fibres that make up the kernel of a pair.
#[derive(Debug, Clone)]
pub(super) enum Fibres {
    /// The fibres of a quadrature over the group, for pooling.
    Pooled {
        product: ProductTurns,
        /// The rule for rotated copies and activations with a kink.
        polar: Option<PolarRule>,
    },
    /// The kernel at (e, Rz(ω)) at the north pole, averaged over the shifts ω; the signals of a row are rotated to their outputs before.
    AtPole {
        /// The rule for activations with a kink and signals that are copies of each other, rotated about the pole.
        circle: Option<CircleRule>,
    },
}

/// The resolution of fibres and of the mean over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resolution {
    /// Band limit of the Haar quadrature.
    pub(super) haar: usize,
    /// Band limit of fibres, as fields on the sphere.
    pub(super) field: usize,
}

/// The geometry of one resolution: a fibre is a field on a grid of the sphere.
#[derive(Debug)]
pub(super) struct SphereFields {
    pub(super) grid: FieldGrid,
    pub(super) tables: Arc<RingTables>,
    pub(super) rotation: CoefficientRotation,
    copies: Arc<Copies>,
    pub(super) fibres: Fibres,
    /// Number of longitudes between two shifts.
    shift: usize,
    /// Number of shifts.
    shifts: usize,
}

/// A fibre.
#[derive(Debug, Clone, Copy)]
pub(super) struct SphereRegion {
    /// Number of longitudes by which the second field is shifted.
    pub(super) shift: usize,
    /// Weight of the fibre in the mean.
    pub(super) weight: f64,
}

/// Scratch of one thread.
#[derive(Debug, Default)]
pub(super) struct SphereWorkspace {
    pub(super) scratch: FieldScratch,
    pub(super) rotation: CoefficientRotationScratch,
    /// The rotated coefficients of one channel.
    pub(super) rotated: Array2<Complex64>,
    /// The coefficients of two channels in the half layout.
    half: [Vec<Complex64>; 2],
    /// The fields of two channels.
    pair: [Vec<f64>; 2],
    /// The weight of the fibres of the current orientation.
    pub(super) weight: f64,
    /// The kink of the current pair, about which the coordinates are centred; none for the product rule.
    pub(super) centre: Option<Centre>,
    /// Whether a signal with itself takes all angles about its kink.
    pub(super) takes_all_angles: bool,
}

/// Returns the cheapest numbers of longitudes and of shifts among them.
///
/// The number of longitudes is a length of fast Fourier transforms, at least 2M for the band limit M of fields, and a multiple of the
/// number of shifts. The cost is the product of both numbers.
fn longitudes(field: usize, shifts: usize) -> (usize, usize) {
    // The number of longitudes is not below the wanted number of shifts: the mean over shifts would otherwise stop being refined.
    let smallest = (2 * field).max(shifts);
    (smallest..=2 * smallest)
        .filter(|n| is_smooth(*n))
        .map(|n| {
            let divisor = (shifts..=n).find(|d| n.is_multiple_of(*d)).unwrap_or(n);
            (n, divisor)
        })
        .min_by_key(|(n, divisor)| n * divisor)
        .expect("powers of two are among them")
}

/// The number of shifts that a quadrature needs.
fn wanted_shifts(haar: usize, readout: SphereReadout) -> usize {
    match readout {
        SphereReadout::Rotation => 1,
        _ => 2 * haar - 1,
    }
}

impl SphereFields {
    /// Makes the grid and the quadrature of a resolution.
    ///
    /// # Arguments
    /// * `band_limit` — L of the signals
    /// * `tables` — for the band limit of the fields; with the pole unless the readout pools
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if a band limit is zero or too small for products of two signals.
    pub(super) fn new(
        band_limit: usize,
        resolution: Resolution,
        tables: Arc<RingTables>,
        copies: Arc<Copies>,
        readout: SphereReadout,
    ) -> Result<Self> {
        let Resolution { haar, field } = resolution;
        if haar == 0 || field + 1 < 2 * band_limit {
            return Err(Error::invalid(
                "band limits of the Haar quadrature and of fields",
                format!("{haar} and {field}"),
                format!("at least 1 and {}", 2 * band_limit - 1),
            ));
        }
        let (longitudes, shifts) = longitudes(field, wanted_shifts(haar, readout));
        let grid = FieldGrid::new(field, longitudes, readout.at_pole())?;
        let fibres = match readout {
            SphereReadout::Pooling { kinked } => Fibres::Pooled {
                product: ProductTurns::new(haar, shifts)?,
                polar: kinked.then(|| PolarRule::new(haar)).transpose()?,
            },
            SphereReadout::Rotation => Fibres::AtPole { circle: None },
            SphereReadout::Point { kinked } => Fibres::AtPole {
                circle: kinked.then(|| CircleRule::new(haar)).transpose()?,
            },
        };
        Ok(SphereFields {
            tables,
            rotation: CoefficientRotation::real(band_limit)?,
            copies,
            fibres,
            shift: longitudes / shifts,
            shifts,
            grid,
        })
    }

    /// The number of fibres of a pair times the number of points of a fibre.
    pub(super) fn points(resolution: Resolution, readout: SphereReadout) -> u64 {
        let Resolution { haar, field } = resolution;
        let (longitudes, shifts) = longitudes(field, wanted_shifts(haar, readout));
        let turns = match readout {
            SphereReadout::Pooling { .. } => haar * (2 * haar - 1),
            _ => 1,
        };
        (turns * shifts) as u64 * (longitudes * field.next_multiple_of(8)) as u64
    }

    /// The rotations of both signals in an orientation.
    pub(super) fn orientation(&self, index: usize, centre: Option<Centre>) -> Turn {
        match (&self.fibres, centre) {
            (
                Fibres::Pooled {
                    polar: Some(polar), ..
                },
                Some(centre),
            ) => polar.turn(index, centre.rotation(), centre.is_same()),
            (
                Fibres::AtPole {
                    circle: Some(circle),
                },
                Some(centre),
            ) => circle.turn(index, centre.about_pole().unwrap_or(0.0)),
            (Fibres::Pooled { product, .. }, _) => product.turn(index),
            (Fibres::AtPole { .. }, _) => Turn {
                left: None,
                right: None,
                weight: 1.0 / self.shifts as f64,
                same_left: false,
            },
        }
    }

    /// Computes the values of x ↦ f(g x) on the grid, for all channels.
    ///
    /// A field is stored longitude by longitude, and twice in a row: a field shifted by s longitudes is a window of the doubled field, so
    /// that no shift copies values. Channels go through the synthesis in pairs, which share the Legendre functions.
    fn expand(
        &self,
        signal: &FieldSignal,
        g: Option<&Rotation>,
        turned: &mut Option<FieldSignal>,
        workspace: &mut SphereWorkspace,
    ) -> Result<()> {
        let SphereWorkspace {
            scratch,
            rotation,
            rotated,
            half,
            pair,
            ..
        } = workspace;
        let (channels, len) = (signal.channels(), self.grid.len());
        let band_limit = self.rotation.band_limit();
        let turned = turned.get_or_insert_with(|| FieldSignal::on_grid(channels, len));
        if rotated.dim() != (band_limit, 2 * band_limit - 1) {
            *rotated = Array2::zeros((band_limit, 2 * band_limit - 1));
        }
        let euler = g.map(|g| g.inverse().euler_zyz());
        for first in (0..channels).step_by(2) {
            let count = (channels - first).min(2);
            for (k, half) in half.iter_mut().enumerate() {
                half.clear();
                if k >= count {
                    continue;
                }
                let coeffs = signal.coeffs.index_axis(Axis(0), first + k);
                let coeffs = match &euler {
                    Some(euler) => {
                        self.rotation
                            .rotate_into(coeffs, euler, rotated.view_mut(), rotation)?;
                        rotated.view()
                    }
                    None => coeffs,
                };
                half.reserve(half_len(band_limit));
                // The fields are real: the half layout of orders m ≥ 0, order by order, suffices.
                for m in 0..band_limit {
                    let order = coeffs.column(band_limit - 1 + m);
                    half.extend(order.iter().skip(m));
                }
            }
            pair.iter_mut().for_each(|field| field.resize(len, 0.0));
            let [one, two] = &mut *pair;
            let coeffs = [&half[0][..], &half[1][..]];
            let second = (count == 2).then_some(&mut two[..]);
            self.tables
                .synthesis
                .synthesise(&self.grid, coeffs, one, second, scratch);
            let fields = turned.fields[2 * first * len..].chunks_exact_mut(len);
            for (to, from) in fields.zip([&*one, &*one, &*two, &*two]).take(2 * count) {
                to.copy_from_slice(from);
            }
        }
        Ok(())
    }

    /// Computes the fibre before the average over the filter: the mean over channels of f(x) f'(x shifted in longitude).
    fn product(&self, [a, b]: [&FieldSignal; 2], shift: usize, fibres: &mut Vec<f64>) {
        let len = self.grid.len();
        fibres.resize(len, 0.0);
        let channels = a.fields.len() / (2 * len);
        Arch::new().dispatch(Product {
            a: &a.fields,
            b: &b.fields[shift * self.grid.row()..],
            scale: 1.0 / channels as f64,
            out: fibres,
        });
    }

    /// Replaces one or two fields by their averages over a filter, which multiply each degree by a number.
    ///
    /// The average over a global filter is the mean over the sphere.
    fn average_over(
        &self,
        filter: &Filter,
        first: &mut [f64],
        second: Option<&mut [f64]>,
        workspace: &mut SphereWorkspace,
    ) {
        match self.tables.average(filter) {
            Some(average) => {
                average.apply(&self.grid, first, second, &mut workspace.scratch);
            }
            // The constant fills the whole field, since another branch of a sum may have local filters.
            None => {
                for field in [Some(first), second].into_iter().flatten() {
                    let mean = self.grid.mean(field);
                    field.fill(mean);
                }
            }
        }
    }
}

impl Geometry for SphereFields {
    type Scalar = f64;
    type Signal = FieldSignal;
    type Workspace = SphereWorkspace;
    type Region = SphereRegion;

    const FIELDS: bool = true;

    fn take(&self, inputs: &Inputs<'_>, row: usize) -> Result<FieldSignal> {
        let signal = FieldSignal::new(inputs.coefficients(row)?.view());
        match inputs.turn(row) {
            Some((rotation, g)) => signal.turned(rotation, g),
            None => Ok(signal),
        }
    }

    fn make_workspace(&self) -> SphereWorkspace {
        SphereWorkspace::default()
    }

    fn orientation_count(
        &self,
        pair: [&FieldSignal; 2],
        workspace: &mut SphereWorkspace,
    ) -> Result<usize> {
        let kinked = match &self.fibres {
            Fibres::Pooled { polar, .. } => polar.is_some(),
            Fibres::AtPole { circle } => circle.is_some(),
        };
        workspace.centre = match kinked {
            true => self.copies.centre(pair)?,
            false => None,
        };
        if workspace.takes_all_angles {
            workspace.centre = workspace.centre.map(Centre::of_any_pair);
        }
        Ok(match (&self.fibres, workspace.centre) {
            (
                Fibres::Pooled {
                    polar: Some(polar), ..
                },
                Some(centre),
            ) => polar.len(centre.is_same()),
            (Fibres::Pooled { product, .. }, _) => product.len(),
            (
                Fibres::AtPole {
                    circle: Some(circle),
                },
                Some(centre),
            ) if centre.about_pole().is_some() => circle.len(),
            (Fibres::AtPole { .. }, _) => {
                workspace.centre = None;
                1
            }
        })
    }

    fn changes(&self, orientation: usize, workspace: &SphereWorkspace) -> [bool; 2] {
        let turn = self.orientation(orientation, workspace.centre);
        [!turn.same_left, true]
    }

    fn turn(
        &self,
        [a, b]: [&FieldSignal; 2],
        orientation: usize,
        turned: &mut [Option<FieldSignal>; 2],
        workspace: &mut SphereWorkspace,
    ) -> Result<()> {
        let turn = self.orientation(orientation, workspace.centre);
        let [turned_a, turned_b] = turned;
        if !turn.same_left {
            self.expand(a, turn.left.as_ref(), turned_a, workspace)?;
        }
        self.expand(b, turn.right.as_ref(), turned_b, workspace)
    }

    fn begin(
        &self,
        _: [&FieldSignal; 2],
        orientation: usize,
        workspace: &mut SphereWorkspace,
    ) -> usize {
        workspace.weight = self.orientation(orientation, workspace.centre).weight;
        match workspace.centre {
            Some(_) => 1,
            None => self.shifts,
        }
    }

    fn lift(
        &self,
        pair: [&FieldSignal; 2],
        filter: &Filter,
        batch: usize,
        workspace: &mut SphereWorkspace,
        fibres: &mut Vec<f64>,
    ) -> SphereRegion {
        let shift = batch * self.shift;
        self.product(pair, shift, fibres);
        self.average_over(filter, fibres, None, workspace);
        SphereRegion {
            shift,
            weight: workspace.weight,
        }
    }

    fn lift_self(
        &self,
        filter: &Filter,
        signal: &FieldSignal,
        workspace: &mut SphereWorkspace,
        fibres: &mut Vec<f64>,
    ) -> SphereRegion {
        self.product([signal, signal], 0, fibres);
        self.average_over(filter, fibres, None, workspace);
        SphereRegion {
            shift: 0,
            weight: 1.0,
        }
    }

    fn average(
        &self,
        filter: &Filter,
        region: SphereRegion,
        workspace: &mut SphereWorkspace,
        fibres: &mut Vec<f64>,
    ) -> SphereRegion {
        self.average_over(filter, fibres, None, workspace);
        region
    }

    fn average_both(
        &self,
        filter: &Filter,
        region: SphereRegion,
        workspace: &mut SphereWorkspace,
        [nngp, ntk]: [&mut Vec<f64>; 2],
    ) -> SphereRegion {
        self.average_over(filter, nngp, Some(ntk), workspace);
        region
    }

    /// All fibres of an orientation need one pair of variance fields, in different shifts.
    fn family(&self, _: SphereRegion) -> i64 {
        0
    }

    /// The right field is stored twice in a row, as in `expand`, so that every shift is a window of it.
    fn gather(&self, side: Side, field: &[f64], _: SphereRegion, out: &mut Vec<f64>) {
        out.clear();
        out.extend_from_slice(field);
        if side == Side::Right {
            out.extend_from_slice(field);
        }
    }

    fn restrict<'f>(
        &self,
        side: Side,
        gathered: &'f [f64],
        region: SphereRegion,
        _: &'f mut Vec<f64>,
    ) -> &'f [f64] {
        match side {
            Side::Left => gathered,
            Side::Right => &gathered[region.shift * self.grid.row()..][..self.grid.len()],
        }
    }

    fn confine(&self, [q1, q2]: [&[f64]; 2], k: &mut [f64]) {
        Arch::new().dispatch(Confine { q1, q2, k });
    }

    fn confine_own(&self, variances: &mut [f64]) {
        for q in variances {
            *q = q.max(0.0);
        }
    }

    fn adjoint(&self) -> Option<&dyn Adjoint<Self>> {
        Some(self)
    }

    fn mean(&self, region: SphereRegion, fibres: &[f64]) -> f64 {
        let own = match self.fibres {
            Fibres::Pooled { .. } => self.grid.mean(fibres),
            Fibres::AtPole { .. } => self.grid.at_pole(fibres),
        };
        own * region.weight
    }

    fn own_mean(&self, region: SphereRegion, fibres: &[f64]) -> f64 {
        self.mean(
            SphereRegion {
                weight: 1.0,
                ..region
            },
            fibres,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::longitudes;

    /// Fewer shifts than wanted would stop the refinement of the mean over shifts without an error.
    #[test]
    fn there_are_as_many_shifts_as_asked_for() {
        for field in [1, 2, 8, 16, 24] {
            for shifts in [1, 3, 9, 15, 23, 47, 71, 107] {
                let (longitudes, found) = longitudes(field, shifts);
                assert!(
                    longitudes >= 2 * field && found >= shifts,
                    "{field} {shifts}"
                );
                assert!(longitudes.is_multiple_of(found), "{longitudes} {found}");
            }
        }
    }
}
