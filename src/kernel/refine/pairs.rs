//! The evaluator of a network over one geometry.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard};

use crate::Result;
use crate::kernel::evaluator::{
    Accuracy, AnySignals, Block, Control, Estimate, Evaluator, Features, GradientRequest, Pairs,
    SignalsOf,
};
use crate::kernel::recursion::Geometry;
use crate::kernel::signals::Inputs;
use crate::parallel::try_map;

use super::engine::{Engine, Prepared, PreparedSet, Workspaces};
use super::refinement::Refinement;

impl<R: Refinement> Evaluator for Engine<R> {
    fn control(&self) -> Control {
        self.control
    }

    fn prepare(&self, inputs: &Inputs<'_>) -> Result<AnySignals> {
        let geometry = self.first_level()?;
        let signals = try_map(inputs.rows(), |row| {
            self.prepared(geometry.take(inputs, row)?)
                .map_err(|error| error.in_input(inputs.signal_of(row)))
        })?;
        Ok(AnySignals::new(signals))
    }

    fn pairs(
        &self,
        rows: &AnySignals,
        columns: Option<&AnySignals>,
        accuracy: Accuracy,
        diagonal: bool,
    ) -> Result<Box<dyn Pairs + '_>> {
        let complete = |signals: &AnySignals| self.complete(signals.of()?, accuracy, diagonal);
        Ok(Box::new(EnginePairs {
            engine: self,
            rows: complete(rows)?,
            columns: columns.map(complete).transpose()?,
            accuracy,
            idle: Mutex::new(Vec::new()),
        }))
    }

    fn reference(
        &self,
        rows: &AnySignals,
        columns: &AnySignals,
        diagonal: bool,
    ) -> Result<Box<dyn Pairs + '_>> {
        self.pairs(rows, Some(columns), Accuracy::Step(1), diagonal)
    }

    fn point_counts(&self, signals: &AnySignals) -> Result<Vec<usize>> {
        let geometry = self.first_level()?;
        let signals: SignalsOf<Prepared<R::Level>> = signals.of()?;
        let counts = signals
            .iter()
            .map(|signal| geometry.point_count(&signal.signal));
        Ok(counts.collect())
    }

    fn between_points(
        &self,
        (rows, row): (&AnySignals, usize),
        (columns, column): (&AnySignals, usize),
        accuracy: Accuracy,
    ) -> Result<Block> {
        let (rows, columns) = (rows.of()?, columns.of()?);
        self.unpooled([&rows[row], &columns[column]], accuracy)
    }

    fn gradient(&self, request: GradientRequest<'_>) -> Result<[Vec<Vec<f64>>; 2]> {
        self.pull(request)
    }

    fn features(&self) -> Option<&dyn Features> {
        let complete = self.polynomials.as_ref()?.outputs.is_some();
        complete.then_some(self as &dyn Features)
    }
}

/// The pairs of two sets of signals.
struct EnginePairs<'a, R: Refinement> {
    engine: &'a Engine<R>,
    rows: PreparedSet<R::Level>,
    /// The columns; none if the columns are the rows.
    columns: Option<PreparedSet<R::Level>>,
    accuracy: Accuracy,
    /// Scratch that no thread uses now; a block takes one and returns it, so that tables of scratch are allocated once per thread.
    idle: Mutex<Vec<Workspaces<R>>>,
}

impl<R: Refinement> EnginePairs<'_, R> {
    fn columns(&self) -> &PreparedSet<R::Level> {
        self.columns.as_ref().unwrap_or(&self.rows)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Workspaces<R>>> {
        self.idle
            .lock()
            .expect("no thread panics while it takes scratch")
    }
}

impl<R: Refinement> Pairs for EnginePairs<'_, R> {
    fn block(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        wanted: Option<&dyn Fn(usize, usize) -> bool>,
    ) -> Result<Block> {
        let taken = self.idle().pop();
        let mut workspaces = taken.unwrap_or_else(|| self.engine.make_workspace());
        let (rows, columns) = ((&self.rows, rows), (self.columns(), columns));
        let block = self
            .engine
            .block(rows, columns, wanted, self.accuracy, &mut workspaces);
        self.idle().push(workspaces);
        block
    }

    fn diagonals(&self) -> [&[Estimate]; 2] {
        [&self.rows.diagonal, &self.columns().diagonal]
    }
}
