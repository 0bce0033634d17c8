//! The evaluator in single precision, with estimates of its rounding errors.

use crate::Result;

use super::evaluator::{
    Accuracy, AnySignals, Block, Control, Evaluator, GradientRequest, Pairs, SignalsOf,
};
use super::recursion::Geometry;
use super::refine::{Engine, Prepared, Refinement};
use super::signals::Inputs;

/// The number of the quadrature of a reference; engines take their last one if they have fewer.
const FINER: usize = 1;

/// Fibres in single precision; a sample of pairs in double precision, with a finer quadrature if there is one, estimates the errors.
///
/// Both engines share the form of their signals, which holds numbers in double precision.
pub(super) struct SinglePrecision<S: Refinement, D: Refinement> {
    pub(super) single: Engine<S>,
    pub(super) double: Engine<D>,
}

impl<S: Refinement, D: Refinement> SinglePrecision<S, D>
where
    D::Level: Geometry<Signal = <S::Level as Geometry>::Signal>,
    <S::Level as Geometry>::Signal: Clone,
{
    /// Prepares signals again in double precision.
    fn in_double(&self, signals: &AnySignals) -> Result<AnySignals> {
        let signals: SignalsOf<Prepared<S::Level>> = signals.of()?;
        let prepared = signals
            .iter()
            .map(|prepared| self.double.prepared(prepared.signal.clone()))
            .collect::<Result<Vec<_>>>()?;
        Ok(AnySignals::new(prepared))
    }
}

impl<S: Refinement, D: Refinement> Evaluator for SinglePrecision<S, D>
where
    D::Level: Geometry<Signal = <S::Level as Geometry>::Signal>,
    <S::Level as Geometry>::Signal: Clone,
{
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

    fn point_counts(&self, signals: &AnySignals) -> Result<Vec<usize>> {
        self.single.point_counts(signals)
    }

    fn between_points(
        &self,
        (rows, row): (&AnySignals, usize),
        (columns, column): (&AnySignals, usize),
        accuracy: Accuracy,
    ) -> Result<Block> {
        if accuracy == Control::Fixed.accuracy() {
            return self
                .single
                .between_points((rows, row), (columns, column), accuracy);
        }
        let rows = self.in_double(&rows.part(row..row + 1))?;
        let columns = self.in_double(&columns.part(column..column + 1))?;
        self.double
            .between_points((&rows, 0), (&columns, 0), accuracy)
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
            .pairs(&rows, Some(&columns), Accuracy::Step(FINER), diagonal)
    }
}
