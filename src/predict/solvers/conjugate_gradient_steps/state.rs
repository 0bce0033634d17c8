//! The state of conjugate gradients between two steps, as arrays.

use faer::Mat;
use ndarray::{Array1, Array2, ArrayD};

use super::{ConjugateGradientSteps, Descent, Memory, Phase, Tridiagonal};
use crate::{Error, Result};

/// The numbers of a column in the state.
const NUMBERS: usize = 4;

impl ConjugateGradientSteps<'_> {
    /// Returns the state as named arrays of finite numbers, from which [`restore`](Self::restore) continues.
    ///
    /// The arrays hold a few vectors per target and ridge, the targets and the diagonal.
    pub fn state(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let list = |numbers: Vec<f64>| Array1::from_vec(numbers).into_dyn();
        let table =
            |m: &Mat<f64>| Array2::from_shape_fn((m.nrows(), m.ncols()), |at| m[at]).into_dyn();
        let mut counts = vec![
            self.iterations as f64,
            // No number before the first round.
            if self.before.is_finite() {
                self.before
            } else {
                -1.0
            },
        ];
        counts.extend(self.of_ridges.iter().map(|&count| count as f64));
        let mut state = vec![
            ("problem", list(self.problem())),
            ("targets", table(&self.targets.scaled)),
            ("exponents", list(self.exponents())),
            ("diagonal", self.diagonal.clone().into_dyn()),
            ("counts", list(counts)),
            (
                "conditions",
                list(self.columns.iter().map(|c| c.condition).collect()),
            ),
            ("solution", table(&self.solution)),
        ];
        match &self.phase {
            Phase::Descent(descent) => {
                let memories = descent.active.iter();
                let numbers = memories.flat_map(|memory| {
                    [
                        memory.column as f64,
                        memory.square,
                        memory.step,
                        memory.weight,
                    ]
                });
                let shape = (descent.active.len(), NUMBERS);
                let numbers = Array2::from_shape_vec(shape, numbers.collect());
                // All have taken the same number of steps in this round.
                let lanczos = descent.active.iter().flat_map(|m| m.lanczos.entries());
                state.push(("active", numbers.expect("four per column").into_dyn()));
                state.push(("residual", table(&descent.residual)));
                state.push(("direction", table(&descent.direction)));
                let lanczos: Vec<f64> = lanczos.collect();
                if !lanczos.is_empty() {
                    state.push(("lanczos", list(lanczos)));
                }
            }
            Phase::Check => {}
            Phase::Done(residuals) => state.push(("reached", list(residuals.clone()))),
        }
        state
    }

    /// Continues from the [`state`](Self::state) of a run with equal targets, ridges and tolerance, and with a kernel of equal diagonal.
    ///
    /// The next steps are those of the other run, to the bit if its products are. The largest number of steps may differ.
    ///
    /// # Errors
    /// * [`Error::InvalidValue`] — the state of another problem, or a damaged one
    /// * [`Error::ShapeMismatch`] — an array of another shape
    /// * [`Error::Missing`] — an array is missing
    pub fn restore(&mut self, state: &[(impl AsRef<str>, ArrayD<f64>)]) -> Result<()> {
        let find = |name: &str| state.iter().find(|(key, _)| key.as_ref() == name);
        let array = |name: &str, shape: &[usize]| -> Result<&ArrayD<f64>> {
            let (_, array) = find(name).ok_or_else(|| {
                Error::missing(format!("array {name}"), "the state of conjugate gradients")
            })?;
            crate::check::shape(name, array.shape(), shape)?;
            crate::check::finite(name, array.view())?;
            Ok(array)
        };
        let (n, all) = (self.diagonal.len(), self.columns.len());
        let outputs = self.targets.scaled.ncols();
        let other = |found: &str, expected: &str| {
            Error::invalid("state of conjugate gradients", found, expected)
        };
        let problem = self.problem();
        if array("problem", &[problem.len()]).is_ok_and(|found| found.iter().ne(&problem))
            || find("problem").is_none_or(|(_, found)| found.len() != problem.len())
        {
            return Err(other(
                "another number of points, other ridges, another tolerance or another preconditioner",
                "those of this run",
            ));
        }
        let targets = array("targets", &[n, outputs])?;
        let equal = targets
            .iter()
            .enumerate()
            .all(|(k, value)| *value == self.targets.scaled[(k / outputs, k % outputs)]);
        let exponents = array("exponents", &[outputs])?;
        if !equal || exponents.iter().ne(&self.exponents()) {
            return Err(other("other targets", "the targets of this run"));
        }
        if array("diagonal", &[n])?.iter().ne(&self.diagonal) {
            return Err(other("another kernel", "the kernel of this run"));
        }
        let table = |array: &ArrayD<f64>| {
            let width = array.shape()[1];
            let values: Vec<f64> = array.iter().copied().collect();
            Mat::from_fn(array.shape()[0], width, |i, c| values[i * width + c])
        };
        let counts = array("counts", &[2 + self.of_ridges.len()])?;
        let counts: Vec<f64> = counts.iter().copied().collect();
        let conditions = array("conditions", &[all])?;
        let solution = table(array("solution", &[n, all])?);
        let phase = if find("reached").is_some() {
            Phase::Done(array("reached", &[all])?.iter().copied().collect())
        } else if let Some((_, active)) = find("active") {
            let count = active.shape()[0];
            let numbers = array("active", &[count, NUMBERS])?;
            let numbers: Vec<f64> = numbers.iter().copied().collect();
            let lanczos: Vec<f64> = match find("lanczos") {
                Some((_, entries)) => entries.iter().copied().collect(),
                None => Vec::new(),
            };
            let each = lanczos.len() / count.max(1);
            let columns = numbers.iter().step_by(NUMBERS);
            let known = columns.clone().all(|&c| c >= 0.0 && c < all as f64);
            if count == 0
                || !known
                || each * count != lanczos.len()
                || (each > 0 && each.is_multiple_of(2))
            {
                return Err(other("damaged numbers", "numbers that `state` returned"));
            }
            let memories = (0..count).map(|k| Memory {
                column: numbers[k * NUMBERS] as usize,
                square: numbers[k * NUMBERS + 1],
                step: numbers[k * NUMBERS + 2],
                weight: numbers[k * NUMBERS + 3],
                lanczos: Tridiagonal::from_entries(&lanczos[k * each..(k + 1) * each]),
            });
            Phase::Descent(Descent {
                active: memories.collect(),
                residual: table(array("residual", &[n, count])?),
                direction: table(array("direction", &[n, count])?),
            })
        } else {
            Phase::Check
        };
        for (column, condition) in self.columns.iter_mut().zip(conditions) {
            column.condition = *condition;
        }
        self.iterations = counts[0] as usize;
        self.before = if counts[1] < 0.0 {
            f64::INFINITY
        } else {
            counts[1]
        };
        self.of_ridges = counts[2..].iter().map(|&count| count as usize).collect();
        self.solution = solution;
        self.phase = phase;
        Ok(())
    }

    fn exponents(&self) -> Vec<f64> {
        let exponents = self.targets.exponents.iter();
        exponents.map(|&exponent| f64::from(exponent)).collect()
    }

    /// The numbers by which a state recognises its problem, beside targets and diagonal.
    fn problem(&self) -> Vec<f64> {
        let rank = self.preconditioner.as_ref().map(|p| p.rank() as f64);
        let mut numbers = vec![
            self.diagonal.len() as f64,
            self.options.tolerance,
            rank.unwrap_or(-1.0),
        ];
        numbers.extend(self.columns.iter().map(|column| column.epsilon));
        numbers
    }
}
