//! The evaluator in single precision, with estimates of its rounding errors.

use crate::Result;
use crate::kernel::evaluator::{Accuracy, AnySignals, Control, Evaluator, GradientRequest, Pairs};
use crate::kernel::refine::{Engine, Exact, Prepared};
use crate::kernel::signals::Inputs;

use super::geometry::PlaneGeometry;

/// Fibres in single precision; a sample of pairs in double precision estimates the rounding errors.
pub(super) struct SinglePrecision {
    pub(super) single: Engine<Exact<PlaneGeometry<f32>>>,
    pub(super) double: Engine<Exact<PlaneGeometry<f64>>>,
}

impl SinglePrecision {
    /// Prepares signals again in double precision.
    fn in_double(&self, signals: &AnySignals) -> Result<AnySignals> {
        let signals = signals.of::<Prepared<PlaneGeometry<f32>>>()?;
        let prepared = signals
            .iter()
            .map(|prepared| self.double.prepared(prepared.signal.clone()))
            .collect::<Result<Vec<_>>>()?;
        Ok(AnySignals::new(prepared))
    }
}

impl Evaluator for SinglePrecision {
    fn control(&self) -> Control {
        Control::Fixed
    }

    fn prepare(&self, inputs: &Inputs<'_>) -> Result<AnySignals> {
        self.single.prepare(inputs)
    }

    fn pairs(
        &self,
        rows: &AnySignals,
        columns: Option<&AnySignals>,
        accuracy: Accuracy,
        diagonal: bool,
    ) -> Result<Box<dyn Pairs + '_>> {
        self.single.pairs(rows, columns, accuracy, diagonal)
    }

    fn gradient(&self, request: GradientRequest<'_>) -> Result<[Vec<Vec<f64>>; 2]> {
        // A kink in single precision would turn rounding into derivatives.
        let rows = self.in_double(request.rows)?;
        let columns = request.columns.map(|columns| self.in_double(columns));
        self.double.gradient(GradientRequest {
            rows: &rows,
            columns: columns.transpose()?.as_ref(),
            ..request
        })
    }

    fn reference(
        &self,
        rows: &AnySignals,
        columns: &AnySignals,
        diagonal: bool,
    ) -> Result<Box<dyn Pairs + '_>> {
        let (rows, columns) = (self.in_double(rows)?, self.in_double(columns)?);
        self.double
            .pairs(&rows, Some(&columns), Accuracy::Step(0), diagonal)
    }
}
