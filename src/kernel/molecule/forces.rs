//! Forces: the derivatives of linear functions of the features in the positions of atoms.
//!
//! The adjoints of the steps that make the features, backwards: the power spectra and their factors per atom, the division by the root mean square, and
//! the edges.

use std::f64::consts::SQRT_2;

use super::features::{MoleculeFeatures, Scratch};
use super::harmonics::HarmonicTables;
use super::signal::{MoleculeSignal, edge_weight};

/// Scratch for the derivatives of edges.
#[derive(Debug, Default)]
struct Slopes {
    tables: HarmonicTables,
    harmonics: Vec<f64>,
    gradients: Vec<[f64; 3]>,
    radial: [Vec<f64>; 2],
}

impl MoleculeFeatures {
    /// The derivatives of a linear function of the features in the positions of the atoms, three numbers per atom.
    ///
    /// # Arguments
    /// * `factors` — for each power that counts, its number and the factors of its features, panel after panel
    pub(super) fn pull(&self, signal: &MoleculeSignal, factors: &[(usize, Vec<f64>)]) -> Vec<f64> {
        let mut gradient = vec![0.0; 3 * signal.labels.len()];
        let (mut scratch, mut rows) = (Scratch::default(), Vec::new());
        let mut slopes = Slopes::default();
        for atom in 0..signal.labels.len() {
            self.write_all(signal, atom, &mut scratch, &mut rows);
            let cotangents = self.pull_rows(signal, atom, factors, &rows);
            self.pull_edges(signal, atom, &cotangents, &mut slopes, &mut gradient);
        }
        gradient
    }

    /// The derivatives of the function in what an atom sees of its neighbours.
    ///
    /// # Arguments
    /// * `seen` — without factors, all degrees
    fn pull_rows(
        &self,
        signal: &MoleculeSignal,
        atom: usize,
        factors: &[(usize, Vec<f64>)],
        seen: &[f64],
    ) -> Vec<f64> {
        let label = signal.labels[atom];
        let (channels, degrees) = (self.channels(), self.harmonics.degrees());
        let square: f64 = seen.iter().map(|a| a * a).sum();
        let scale = self.factors_of(signal, atom)[0];
        let mut rows = seen.to_vec();
        self.finish_rows(label, scale, true, &mut rows);
        let numbers = self
            .atoms
            .numbers(scale * scale * square + self.share * self.share);
        let weight = self.weight(signal);
        let mut cotangents = vec![0.0; rows.len()];
        // The derivative in the correlation of the atom with itself.
        let mut of_square = 0.0;
        for (number, features) in factors {
            let power = self.powers[*number];
            let Some(index) = power.term.filter(|_| Self::counts(power, label)) else {
                continue;
            };
            let term = &self.atoms.atoms[index];
            let [factor, slope] = term.factor_with_slope(&numbers);
            let value = match term.power {
                0 => features[0],
                1 => {
                    let mut value = 0.0;
                    for ((sum, a), w) in cotangents.iter_mut().zip(&rows[..channels]).zip(features)
                    {
                        *sum += weight * factor * w;
                        value += w * a;
                    }
                    value
                }
                _ => {
                    let panels = features.chunks_exact(channels * (channels + 1) / 2);
                    let mut value = 0.0;
                    for (l, panel) in panels.take(degrees).enumerate() {
                        let root = ((2 * l + 1) as f64).sqrt().recip();
                        let range = channels * l * l..channels * (l + 1) * (l + 1);
                        let orders = rows[range.clone()].chunks_exact(channels);
                        let sums = cotangents[range].chunks_exact_mut(channels);
                        for (row, sums) in orders.zip(sums) {
                            value += root * pull_spectrum(panel, row, weight * factor * root, sums);
                        }
                    }
                    value
                }
            };
            of_square += weight * slope * value;
        }
        if self.normalise {
            // The correlation of an atom with itself is fixed, and the cotangent along what it sees has no effect.
            if square > 0.0 {
                let along: f64 = cotangents.iter().zip(seen).map(|(g, a)| g * a).sum();
                for (g, a) in cotangents.iter_mut().zip(seen) {
                    *g = scale * (*g - along / square * a);
                }
            }
        } else {
            for (g, a) in cotangents.iter_mut().zip(seen) {
                *g += 2.0 * of_square * a;
            }
        }
        cotangents
    }

    /// Adds the derivatives in the positions of an atom and its neighbours.
    fn pull_edges(
        &self,
        signal: &MoleculeSignal,
        atom: usize,
        cotangents: &[f64],
        slopes: &mut Slopes,
        gradient: &mut [f64],
    ) {
        let neighbours = self.neighbours(signal);
        let (channels, count) = (self.channels(), self.radial.len());
        for edge in &neighbours.edges[neighbours.starts[atom]..neighbours.starts[atom + 1]] {
            let Slopes {
                tables,
                harmonics,
                gradients,
                radial: [values, derivatives],
            } = &mut *slopes;
            let (u, d) = (edge.direction, edge.distance);
            self.harmonics.write(u, tables, harmonics);
            self.harmonics.write_gradients(u, tables, gradients);
            values.resize(count, 0.0);
            derivatives.resize(count, 0.0);
            self.radial.write(d, values, Some(derivatives));
            let [weight, rise] = edge_weight(&self.message, d, edge.charge);
            for (value, derivative) in values.iter_mut().zip(&mut *derivatives) {
                *derivative = weight * *derivative + rise * *value;
                *value *= weight;
            }
            let first = self.element(signal.labels[edge.to]) * count;
            let (mut along, mut across) = (0.0, [0.0; 3]);
            for ((row, y), slope) in cotangents
                .chunks_exact(channels)
                .zip(&*harmonics)
                .zip(&*gradients)
            {
                let (mut by_value, mut by_derivative) = (0.0, 0.0);
                let row = &row[first..first + count];
                for ((g, value), derivative) in row.iter().zip(&*values).zip(&*derivatives) {
                    by_value += g * value;
                    by_derivative += g * derivative;
                }
                along += by_derivative * y;
                for (sum, slope) in across.iter_mut().zip(slope) {
                    *sum += by_value * slope;
                }
            }
            // Moving the neighbour turns the direction only by the part across it.
            let radial: f64 = across.iter().zip(u).map(|(g, u)| g * u).sum();
            for axis in 0..3 {
                let g = along * u[axis] + (across[axis] - radial * u[axis]) / d;
                gradient[3 * edge.to + axis] += g;
                gradient[3 * atom + axis] -= g;
            }
        }
    }
}

/// Adds the derivatives of a linear function of one order of a power spectrum, times a number; returns the function.
fn pull_spectrum(panel: &[f64], row: &[f64], scale: f64, sums: &mut [f64]) -> f64 {
    let mut start = 0;
    let mut value = 0.0;
    for (c, &a) in row.iter().enumerate() {
        let factors = &panel[start..start + row.len() - c];
        start += factors.len();
        // The entries of the matrix of the quadratic form, of which features with c < c' have a part √2 of both.
        let mut of_row = 2.0 * factors[0] * a;
        value += factors[0] * a * a;
        let others = row[c + 1..].iter().zip(&mut sums[c + 1..]);
        let (doubled, mut mixed) = (SQRT_2 * a, 0.0);
        for (w, (b, sum)) in factors[1..].iter().zip(others) {
            mixed += w * b;
            *sum += scale * doubled * w;
        }
        of_row += SQRT_2 * mixed;
        value += doubled * mixed;
        sums[c] += scale * of_row;
    }
    value
}
