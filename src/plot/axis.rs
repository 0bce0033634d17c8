//! Axes: ranges of numbers, the places of numbers along an axis, and ticks.

use super::labels::AxisScale;

/// The smallest and the largest of some numbers; 0 and 1 if there are none.
pub(super) fn extremes(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let found = values.fold(None, |found: Option<(f64, f64)>, value| {
        Some(match found {
            None => (value, value),
            Some((low, high)) => (low.min(value), high.max(value)),
        })
    });
    found.unwrap_or((0.0, 1.0))
}

/// The smallest number that is distinguished from zero; a logarithmic axis does not reach below it.
const SMALLEST: f64 = 1e-300;
/// The largest number that a logarithmic axis reaches.
const LARGEST: f64 = 1e305;

/// A range of numbers along an axis.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    pub low: f64,
    pub high: f64,
    pub logarithmic: bool,
    /// The numbers with a labelled tick; empty for ticks at round numbers.
    marks: Vec<f64>,
}

/// A marked number on an axis; small ticks have no label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub value: f64,
    pub label: Option<TickLabel>,
}

/// The label of a tick: a text, and a raised exponent for a power of ten.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TickLabel {
    pub text: String,
    pub exponent: String,
}

impl Axis {
    /// A linear axis from `low` to `high`, which is widened if the two are equal up to rounding.
    pub(super) fn exactly(low: f64, high: f64) -> Axis {
        // The labels of ticks within the rounding of a number could not be distinguished.
        let size = low.abs().max(high.abs());
        let (low, high) = if high - low > 1e-9 * size && size > SMALLEST {
            (low, high)
        } else {
            let half = if size > SMALLEST { 0.5 * size } else { 0.5 };
            (low - half, high + half)
        };
        Axis {
            low,
            high,
            logarithmic: false,
            marks: Vec::new(),
        }
    }

    /// An axis around some numbers; a logarithmic axis covers the positive numbers only.
    ///
    /// # Arguments
    /// * `margin` — the room at each end, as a part of the range
    pub(super) fn around(values: &[f64], scale: AxisScale, margin: f64) -> Axis {
        let (low, high) = extremes(values.iter().copied());
        let logarithmic = match scale {
            AxisScale::Linear => false,
            AxisScale::Logarithmic => high > 0.0,
            AxisScale::Automatic => low > 0.0 && high >= 10.0 * low,
        };
        if !logarithmic {
            let axis = Axis::exactly(low, high);
            let wider = margin * (axis.high - axis.low);
            return Axis::exactly(axis.low - wider, axis.high + wider);
        }
        // The range is computed in logarithms, because a ratio may overflow where both numbers are finite.
        let positive = values.iter().copied().filter(|value| *value > 0.0);
        let (low, high) = extremes(positive.map(|value| value.max(SMALLEST).ln()));
        let wider = if high - low > 1e-9 {
            margin * (high - low)
        } else {
            2f64.ln()
        };
        Axis {
            low: (low - wider).exp().max(SMALLEST),
            high: (high + wider).exp().min(LARGEST),
            logarithmic: true,
            marks: Vec::new(),
        }
    }

    /// A linear axis from `low` to `high`, which may be the smaller number, with ticks at given numbers.
    pub(super) fn with_marks(low: f64, high: f64, marks: Vec<f64>) -> Axis {
        Axis {
            low,
            high,
            logarithmic: false,
            marks,
        }
    }

    /// Puts labelled ticks at the given numbers if there are 2 to 8 of them and they are not too close together.
    pub(super) fn marked(mut self, values: &[f64]) -> Axis {
        const MOST: usize = 8;
        const CLOSEST: f64 = 0.075;
        let mut marks = values.to_vec();
        marks.sort_by(f64::total_cmp);
        marks.dedup();
        let apart = marks
            .windows(2)
            .all(|pair| self.fraction(pair[1]) - self.fraction(pair[0]) >= CLOSEST);
        if (2..=MOST).contains(&marks.len()) && apart {
            self.marks = marks;
        }
        self
    }

    /// Lowers the lower end of a linear axis to zero if it is below 0.35 times the upper end.
    pub(super) fn down_to_zero(mut self) -> Axis {
        if !self.logarithmic && self.low < 0.35 * self.high {
            self.low = 0.0;
        }
        self
    }

    /// The place of a number along the axis: 0 at the lower end and 1 at the upper end.
    pub(super) fn fraction(&self, value: f64) -> f64 {
        if self.logarithmic {
            // Numbers that are not positive lie far below the lower end.
            let [value, low, high] =
                [value.max(f64::MIN_POSITIVE), self.low, self.high].map(f64::ln);
            (value - low) / (high - low)
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }

    /// The exponent of the power of ten that all labels share and that is written once; 0 for none.
    pub(super) fn exponent(&self) -> i32 {
        if self.logarithmic {
            return 0;
        }
        let exponent = self.low.abs().max(self.high.abs()).log10().floor() as i32;
        if (-3..5).contains(&exponent) {
            0
        } else {
            exponent
        }
    }

    /// The ticks within the range: at the given marks, or else at round numbers with about `most` labels.
    pub(super) fn ticks(&self, most: usize) -> Vec<Tick> {
        let inside = |value: f64| (-1e-6..=1.0 + 1e-6).contains(&self.fraction(value));
        let mut ticks = match (self.logarithmic, self.marks.is_empty()) {
            (true, _) => self.logarithmic_ticks(most),
            (false, true) => self.linear_ticks(most),
            // Small ticks between marks would suggest a logarithmic axis.
            (false, false) => Vec::new(),
        };
        if !self.marks.is_empty() {
            for tick in &mut ticks {
                tick.label = None;
            }
            let scale = 10f64.powi(-self.exponent());
            ticks.extend(self.marks.iter().map(|&value| Tick {
                value,
                label: Some(TickLabel::plain(shortest(value * scale))),
            }));
        }
        ticks.retain(|tick| inside(tick.value));
        ticks
    }

    /// Ticks at multiples of 1, 2, 2.5 or 5 times a power of ten.
    fn linear_ticks(&self, most: usize) -> Vec<Tick> {
        let rough = (self.high - self.low) / most.max(1) as f64;
        let power = 10f64.powf(rough.log10().floor());
        let factor = [1.0, 2.0, 2.5, 5.0, 10.0]
            .into_iter()
            .find(|factor| factor * power >= rough * (1.0 - 1e-9))
            .unwrap_or(10.0);
        let step = factor * power;
        // Labels have as many decimals as the step, after division by the shared power of ten; 2.5 needs one more.
        let scale = 10f64.powi(-self.exponent());
        let first_decimal = (step * scale).log10().floor() as i32;
        let decimals = (i32::from(factor == 2.5) - first_decimal).clamp(0, 12) as usize;
        let first = (self.low / step - 1e-6).ceil();
        let last = (self.high / step + 1e-6).floor();
        (0..=(last - first).max(0.0) as usize)
            .map(|k| {
                let value = (first + k as f64) * step;
                // Rounding would give zero a minus sign.
                let value = if value.abs() < 1e-9 * step {
                    0.0
                } else {
                    value
                };
                Tick {
                    value,
                    label: Some(TickLabel::plain(format!("{:.decimals$}", value * scale))),
                }
            })
            .collect()
    }

    /// Ticks at digits times powers of ten; the shorter the range, the more of them have labels.
    fn logarithmic_ticks(&self, most: usize) -> Vec<Tick> {
        let decades = self.high.log10() - self.low.log10();
        if decades < 0.4 {
            let linear = Axis {
                logarithmic: false,
                marks: Vec::new(),
                ..*self
            };
            return linear.linear_ticks(most);
        }
        let labelled: &[u32] = match decades {
            d if d < 1.2 => &[1, 2, 3, 5, 7],
            d if d < 2.2 => &[1, 2, 5],
            _ => &[1],
        };
        let first = self.low.log10().floor() as i32;
        let last = self.high.log10().ceil() as i32;
        let stride = (decades / most.max(1) as f64).ceil().max(1.0) as i32;
        // All labels of an axis are decimal numbers, or all are powers of ten.
        let powers = self.low < 0.99e-3 || self.high > 1.01e5;
        let mut ticks = Vec::new();
        for decade in first..=last {
            for digit in 1..10 {
                if stride > 1 && digit > 1 {
                    continue;
                }
                let value = f64::from(digit) * 10f64.powi(decade);
                let label = (labelled.contains(&digit) && decade.rem_euclid(stride) == 0)
                    .then(|| TickLabel::of(digit, decade, powers));
                ticks.push(Tick { value, label });
            }
        }
        ticks
    }
}

impl TickLabel {
    /// A label without an exponent.
    fn plain(text: String) -> TickLabel {
        TickLabel {
            text: text.replace('-', "−"),
            exponent: String::new(),
        }
    }

    /// The label of a digit times a power of ten, as a power or as a decimal number.
    fn of(digit: u32, decade: i32, power: bool) -> TickLabel {
        if !power {
            return TickLabel::plain(shortest(f64::from(digit) * 10f64.powi(decade)));
        }
        let factor = match digit {
            1 => String::new(),
            _ => format!("{digit}·"),
        };
        TickLabel {
            text: format!("{factor}10"),
            exponent: decade.to_string().replace('-', "−"),
        }
    }
}

/// A number in decimal form with at most six significant digits.
pub(super) fn shortest(value: f64) -> String {
    if value != 0.0 && !(1e-4..1e6).contains(&value.abs()) {
        return format!("{value:.1e}");
    }
    let digits = if value == 0.0 {
        0
    } else {
        value.abs().log10().floor() as i32
    };
    let decimals = (5 - digits).clamp(0, 9) as usize;
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}
