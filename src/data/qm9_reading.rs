//! Records, progress and the state of one pass, shared by the readers of all forms of QM9.

use std::ops::ControlFlow;

use super::molecule::Molecule;
use crate::error::Result;

/// The forms of QM9 that can be read; see the table of the [module](super::qm9).
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Qm9Form {
    /// A raw extended xyz file of one molecule or several.
    Xyz,
    /// A folder of raw extended xyz files.
    XyzFolder,
    /// The wheel (a zip archive) of the Python package `qm9pack`.
    Wheel,
    /// The unpacked CSV parts of the Python package `qm9pack`.
    CsvParts,
    /// The compact sample of this crate.
    Sample,
}

/// A molecule and its row in the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Qm9Record {
    /// The zero-based row of the molecule in its source; for a sample, the row in the source from which it was drawn.
    pub row: usize,
    /// The molecule.
    pub molecule: Molecule,
}

/// The progress of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Qm9Progress {
    /// The amount read so far: bytes of CSV text, or files of a folder.
    pub done: u64,
    /// The amount in the whole source, in the unit of `done`. A reader may stop before it.
    pub total: u64,
    /// Molecules selected so far.
    pub selected: usize,
}

/// The state of one pass over a source, shared by the readers of the forms.
pub(super) struct Reading<'a> {
    select: &'a mut dyn FnMut(usize) -> bool,
    visit: &'a mut dyn FnMut(Qm9Record) -> Result<ControlFlow<()>>,
    progress: &'a mut dyn FnMut(Qm9Progress),
    row: usize,
    done: u64,
    pub(super) total: u64,
    selected: usize,
}

impl<'a> Reading<'a> {
    /// The largest amount that is read between two reports.
    const REPORT_EVERY: u64 = 1 << 18;

    pub(super) fn new(
        select: &'a mut dyn FnMut(usize) -> bool,
        visit: &'a mut dyn FnMut(Qm9Record) -> Result<ControlFlow<()>>,
        progress: &'a mut dyn FnMut(Qm9Progress),
    ) -> Self {
        Reading {
            select,
            visit,
            progress,
            row: 0,
            done: 0,
            total: 0,
            selected: 0,
        }
    }

    /// Counts one more row, and returns its number if it is selected.
    pub(super) fn next_row(&mut self) -> Option<usize> {
        let row = self.row;
        self.row += 1;
        self.selects(row).then_some(row)
    }

    /// Returns whether a row is selected.
    pub(super) fn selects(&mut self, row: usize) -> bool {
        (self.select)(row)
    }

    /// Counts a selected molecule and passes it to the visitor.
    pub(super) fn deliver(&mut self, record: Qm9Record) -> Result<ControlFlow<()>> {
        self.selected += 1;
        (self.visit)(record)
    }

    pub(super) fn done(&self) -> u64 {
        self.done
    }

    /// Sets the amount read, and reports when a step is completed.
    ///
    /// A step is 1/1024 of the source, but at most `REPORT_EVERY` and at least one byte or file.
    pub(super) fn advance_to(&mut self, done: u64) {
        let step = Self::REPORT_EVERY.min(self.total / 1024).max(1);
        let completed = done / step > self.done / step;
        self.done = done;
        if completed {
            self.report();
        }
    }

    pub(super) fn report(&mut self) {
        (self.progress)(Qm9Progress {
            done: self.done,
            total: self.total,
            selected: self.selected,
        });
    }
}
