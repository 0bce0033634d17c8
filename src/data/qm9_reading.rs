//! What the readers of all forms of QM9 share: records, progress, and the state of one pass.

use std::ops::ControlFlow;

use super::molecule::Molecule;
use crate::error::Result;

/// The forms of QM9 that can be read; see the table of the [module](super::qm9).
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Qm9Form {
    /// One molecule or several, raw extended xyz.
    Xyz,
    /// A folder of raw extended xyz files.
    XyzFolder,
    /// The wheel (a zip archive) of the Python package `qm9pack`.
    Wheel,
    /// The CSV parts of that package, unpacked.
    CsvParts,
    /// The compact sample of this crate.
    Sample,
}

/// A molecule and the row it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Qm9Record {
    /// Zero-based row: the place of the molecule in its source, or for a sample in the source it was drawn from.
    pub row: usize,
    /// The molecule.
    pub molecule: Molecule,
}

/// How far a reader has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Qm9Progress {
    /// What has been read: bytes of CSV text, or files of a folder.
    pub done: u64,
    /// The same for the whole source; a reader that finds all it needs may stop earlier.
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
    /// How much is read between two reports.
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

    /// Counts one more row; returns its number if it is selected.
    pub(super) fn next_row(&mut self) -> Option<usize> {
        let row = self.row;
        self.row += 1;
        self.selects(row).then_some(row)
    }

    /// Asks whether a row that carries its own number is selected.
    pub(super) fn selects(&mut self, row: usize) -> bool {
        (self.select)(row)
    }

    pub(super) fn deliver(&mut self, record: Qm9Record) -> Result<ControlFlow<()>> {
        self.selected += 1;
        (self.visit)(record)
    }

    pub(super) fn done(&self) -> u64 {
        self.done
    }

    /// Moves on to `done`, and reports where a step is completed. A folder reports each of its files.
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
