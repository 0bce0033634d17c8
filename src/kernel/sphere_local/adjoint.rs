//! The adjoints of products of fields on the sphere, of zonal averages, and of rotations and synthesis of signals.
//!
//! The cotangent of a rotated signal consists of its fields on the grid, channel by channel; that of a signal itself of the derivatives by its
//! coefficients. Cotangents of fields belong to nodes, and sums of them have no weights.

use ndarray::Axis;
use pulp::Arch;

use crate::Result;
use crate::kernel::recursion::{Adjoint, Geometry, Side};
use crate::kernel::sphere::{FieldSignal, add_rotated_back, channel_len, cotangent_len};
use crate::network::Filter;

use super::geometry::{Fibres, SphereFields, SphereRegion, SphereWorkspace};
use super::loops::ProductAdjoint;

impl SphereFields {
    /// The adjoint of the averages of one or two fields over a filter.
    fn average_over_adjoint(
        &self,
        filter: &Filter,
        first: &mut [f64],
        second: Option<&mut [f64]>,
        workspace: &mut SphereWorkspace,
    ) {
        match self.tables.average(filter) {
            Some(average) => {
                average.apply_adjoint(&self.grid, first, second, &mut workspace.scratch);
            }
            None => {
                for field in [Some(first), second].into_iter().flatten() {
                    let sum = field.iter().sum::<f64>();
                    field.fill(0.0);
                    self.grid.add_mean_adjoint(sum, field);
                }
            }
        }
    }

    /// Adds the cotangent of one factor of the product of two signals.
    fn product_adjoint(&self, cotangent: &[f64], other: &[f64], scale: f64, out: &mut [f64]) {
        Arch::new().dispatch(ProductAdjoint {
            cotangent,
            other,
            scale,
            out,
        });
    }
}

impl Adjoint<SphereFields> for SphereFields {
    fn cotangent_len(&self, signal: &FieldSignal) -> usize {
        match signal.fields.len() {
            0 => cotangent_len(signal.channels(), signal.coeffs.len_of(Axis(1))),
            doubled => doubled / 2,
        }
    }

    fn norm(&self, signal: &FieldSignal) -> f64 {
        signal.power().sqrt()
    }

    /// Half of the angles about a kink suffice for a signal with itself, but not for the derivatives by either argument.
    fn gradient_workspace(&self, geometry: &SphereFields) -> SphereWorkspace {
        let mut workspace = geometry.make_workspace();
        workspace.takes_all_angles = true;
        workspace
    }

    fn spread(&self, region: SphereRegion, cotangent: f64, fibres: &mut Vec<f64>) {
        fibres.clear();
        fibres.resize(self.grid.len(), 0.0);
        let cotangent = region.weight * cotangent;
        match self.fibres {
            Fibres::Pooled { .. } => self.grid.add_mean_adjoint(cotangent, fibres),
            Fibres::AtPole { .. } => self.grid.add_pole_adjoint(cotangent, fibres),
        }
    }

    fn average_adjoint(
        &self,
        filter: &Filter,
        _: [SphereRegion; 2],
        workspace: &mut SphereWorkspace,
        fibres: &mut Vec<f64>,
    ) {
        self.average_over_adjoint(filter, fibres, None, workspace);
    }

    fn average_both_adjoint(
        &self,
        filter: &Filter,
        _: [SphereRegion; 2],
        workspace: &mut SphereWorkspace,
        [nngp, ntk]: [&mut Vec<f64>; 2],
    ) {
        self.average_over_adjoint(filter, nngp, Some(ntk), workspace);
    }

    fn scatter(&self, side: Side, region: SphereRegion, values: &[f64], field: &mut [f64]) {
        let shift = match side {
            Side::Left => 0,
            Side::Right => region.shift * self.grid.row(),
        };
        let (wrapped, direct) = field.split_at_mut(shift);
        let (to_direct, to_wrapped) = values.split_at(direct.len());
        let direct = direct.iter_mut().zip(to_direct);
        let wrapped = wrapped.iter_mut().zip(to_wrapped);
        for (sum, value) in direct.chain(wrapped) {
            *sum += value;
        }
    }

    fn lift_adjoint(
        &self,
        [a, b]: [&FieldSignal; 2],
        filter: &Filter,
        region: SphereRegion,
        workspace: &mut SphereWorkspace,
        fibres: &mut Vec<f64>,
        [to_a, to_b]: [Option<&mut [f64]>; 2],
    ) {
        self.average_over_adjoint(filter, fibres, None, workspace);
        let len = self.grid.len();
        let scale = 2.0 * len as f64 / a.fields.len() as f64;
        let shift = region.shift * self.grid.row();
        if let Some(to_a) = to_a {
            self.product_adjoint(fibres, &b.fields[shift..], scale, to_a);
        }
        if let Some(to_b) = to_b {
            // The value at y + shift has the cotangent at y: both are shifted back.
            fibres.rotate_right(shift);
            self.product_adjoint(fibres, &a.fields[len - shift..], scale, to_b);
        }
    }

    fn lift_self_adjoint(
        &self,
        filter: &Filter,
        signal: &FieldSignal,
        _: SphereRegion,
        workspace: &mut SphereWorkspace,
        fibres: &mut Vec<f64>,
        cotangent: &mut [f64],
    ) {
        self.average_over_adjoint(filter, fibres, None, workspace);
        let scale = 4.0 * self.grid.len() as f64 / signal.fields.len() as f64;
        self.product_adjoint(fibres, &signal.fields, scale, cotangent);
    }

    fn turn_back(
        &self,
        side: Side,
        orientation: usize,
        turned: &[f64],
        workspace: &mut SphereWorkspace,
        cotangent: &mut [f64],
    ) -> Result<()> {
        let turn = self.orientation(orientation, workspace.centre);
        let rotation = match side {
            Side::Left => turn.left,
            Side::Right => turn.right,
        };
        let (len, band_limit) = (self.grid.len(), self.rotation.band_limit());
        let numbers = channel_len(band_limit);
        // The fields of two channels are transformed at once, an odd last one with zeros.
        let channels = cotangent.len() / numbers;
        let mut pulled = vec![0.0; channels.next_multiple_of(2) * numbers];
        let fields = turned.chunks(2 * len);
        for (pulled, fields) in pulled.chunks_exact_mut(2 * numbers).zip(fields) {
            let (first, second) = pulled.split_at_mut(numbers);
            let fields: [&[f64]; 2] = fields.split_at(len).into();
            self.tables.synthesis.synthesise_adjoint(
                &self.grid,
                fields,
                [first, second],
                &mut workspace.scratch,
            );
        }
        let g = rotation.map(|g| g.euler_zyz());
        let back = g.as_ref().map(|g| (&self.rotation, g));
        add_rotated_back(
            &pulled,
            band_limit,
            back,
            &mut workspace.rotation,
            cotangent,
        )
    }
}
