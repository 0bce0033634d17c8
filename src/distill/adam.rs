//! The method of Adam (KB15).

/// The decay of the mean of derivatives.
const MEAN: f64 = 0.9;
/// The decay of the mean of squared derivatives.
const SQUARE: f64 = 0.999;
/// Added to the root of a mean square, for derivatives that are zero.
const LEAST: f64 = 1e-8;

/// Running means of the derivatives by some parameters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Adam {
    pub(super) means: Vec<f64>,
    pub(super) squares: Vec<f64>,
}

impl Adam {
    pub(super) fn new(parameters: usize) -> Adam {
        Adam {
            means: vec![0.0; parameters],
            squares: vec![0.0; parameters],
        }
    }

    /// Moves the parameters against their derivatives.
    ///
    /// # Arguments
    /// * `step` — the number of this step, from 1 on
    /// * `rate` — the length of a step for a derivative that does not change
    pub(super) fn step(&mut self, step: usize, rate: f64, values: &mut [f64], slopes: &[f64]) {
        // Means that begin at zero are divided by the sum of their weights. Beyond 10⁵ steps this sum is one.
        let power = i32::try_from(step).unwrap_or(i32::MAX);
        let [mean_weight, square_weight] = [MEAN, SQUARE].map(|decay| 1.0 - decay.powi(power));
        let means = self.means.iter_mut().zip(&mut self.squares);
        for ((value, slope), (mean, square)) in values.iter_mut().zip(slopes).zip(means) {
            *mean = MEAN * *mean + (1.0 - MEAN) * slope;
            *square = SQUARE * *square + (1.0 - SQUARE) * slope * slope;
            let root = (*square / square_weight).sqrt();
            *value -= rate * (*mean / mean_weight) / (root + LEAST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Adam;
    use crate::tol;

    #[test]
    fn first_step_has_the_length_of_the_rate() {
        let mut adam = Adam::new(2);
        let mut values = [1.0, 2.0];
        adam.step(1, 0.1, &mut values, &[3.0, -5.0]);
        for (value, want) in values.into_iter().zip([0.9, 2.1]) {
            assert!((value - want).abs() <= tol::ADAM_STEP);
        }
    }

    #[test]
    fn a_parabola_ends_at_its_bottom() {
        let mut adam = Adam::new(1);
        let mut value = [3.0];
        for step in 1..2000 {
            let slope = [2.0 * (value[0] - 1.0)];
            adam.step(step, 0.05, &mut value, &slope);
        }
        assert!((value[0] - 1.0).abs() <= tol::ADAM_BOTTOM);
    }
}
