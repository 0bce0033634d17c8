//! Colours of curves, and maps from numbers to colours.

use super::axis::Axis;

/// A colour: red, green and blue of sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour(pub [u8; 3]);

/// The background.
pub(super) const PAPER: Colour = Colour([255, 255, 255]);
/// Axes and texts.
pub(super) const INK: Colour = Colour([38, 38, 38]);
/// Remarks and guide lines.
pub(super) const QUIET: Colour = Colour([110, 110, 110]);
/// Grid lines.
pub(super) const GRID: Colour = Colour([228, 228, 228]);

/// Colours of curves: the palette of Okabe and Ito, which colour-blind readers can distinguish, without its light yellow.
const CURVES: [Colour; 7] = [
    Colour([0, 114, 178]),
    Colour([213, 94, 0]),
    Colour([0, 158, 115]),
    Colour([204, 121, 167]),
    Colour([230, 159, 0]),
    Colour([86, 180, 233]),
    Colour([70, 70, 70]),
];

/// The colour of a curve; the colours repeat after seven.
pub(super) fn of_curve(number: usize) -> Colour {
    CURVES[number % CURVES.len()]
}

/// Sixteen equidistant colours of the map viridis (S. van der Walt, N. Smith; public domain).
const VIRIDIS: [[u8; 3]; 16] = [
    [68, 1, 84],
    [72, 26, 108],
    [71, 47, 125],
    [65, 68, 135],
    [57, 86, 140],
    [49, 104, 142],
    [42, 120, 142],
    [35, 136, 142],
    [31, 152, 139],
    [34, 168, 132],
    [53, 183, 121],
    [84, 197, 104],
    [122, 209, 81],
    [165, 219, 54],
    [210, 226, 27],
    [253, 231, 37],
];

/// A map from numbers to colours.
#[derive(Debug, Clone)]
pub(super) struct ColourScale {
    pub axis: Axis,
    diverging: bool,
}

impl ColourScale {
    /// A scale that covers the given numbers, which must be finite.
    ///
    /// Numbers of both signs get a diverging map with zero in the middle, unless the numbers of one sign are rounding errors.
    pub(super) fn of<'a>(values: impl Iterator<Item = &'a f64>) -> ColourScale {
        /// Numbers of one sign count as rounding errors below this part of the largest.
        const ROUNDING: f64 = 1e-9;
        let (low, high) = super::axis::extremes(values.copied());
        let largest = high.max(-low);
        let diverging = low < -ROUNDING * largest && high > ROUNDING * largest;
        let axis = if diverging {
            Axis::exactly(-largest, largest)
        } else {
            Axis::exactly(low, high)
        };
        ColourScale { axis, diverging }
    }

    /// The colour of a number; numbers beyond the ends get the colours of the ends.
    pub(super) fn colour(&self, value: f64) -> Colour {
        // A scale has 255 colours, of which one is the colour of zero, so that a palette of 256 also holds the background.
        const STEPS: f64 = 254.0;
        let t = (self.axis.fraction(value).clamp(0.0, 1.0) * STEPS).round() / STEPS;

        if self.diverging {
            diverging(t)
        } else {
            sequential(t)
        }
    }
}

/// The colour at t in `[0, 1]` of viridis, interpolated linearly between the tabulated colours.
fn sequential(t: f64) -> Colour {
    let place = t * (VIRIDIS.len() - 1) as f64;
    let first = (place as usize).min(VIRIDIS.len() - 2);
    let part = place - first as f64;
    let mix = |k: usize| {
        let (a, b) = (
            f64::from(VIRIDIS[first][k]),
            f64::from(VIRIDIS[first + 1][k]),
        );
        (a + part * (b - a)).round() as u8
    };
    Colour([mix(0), mix(1), mix(2)])
}

/// The colour at t in `[0, 1]` of a map from blue through near white to red.
///
/// The map runs on straight lines in Oklab, where equal distances look equal.
fn diverging(t: f64) -> Colour {
    const WHITE: [f64; 3] = [0.975, 0.0, 0.0];
    // Lightness, chroma and hue of the ends.
    const BLUE: [f64; 3] = [0.43, 0.155, 4.55];
    const RED: [f64; 3] = [0.43, 0.165, 0.45];
    let [lightness, chroma, hue] = if t < 0.5 { BLUE } else { RED };
    let end = [lightness, chroma * hue.cos(), chroma * hue.sin()];
    let part = (2.0 * t - 1.0).abs();
    oklab([0, 1, 2].map(|k| WHITE[k] + part * (end[k] - WHITE[k])))
}

/// Converts a colour from Oklab (B. Ottosson, 2020) to sRGB.
fn oklab([lightness, a, b]: [f64; 3]) -> Colour {
    let cones = [
        lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b,
        lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b,
        lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b,
    ]
    .map(|cone| cone * cone * cone);
    let rows = [
        [4.076_741_662_1, -3.307_711_591_3, 0.230_969_929_2],
        [-1.268_438_004_6, 2.609_757_401_1, -0.341_319_396_5],
        [-0.004_196_086_3, -0.703_418_614_7, 1.707_614_701_0],
    ];
    Colour(rows.map(|row| {
        let linear: f64 = row.iter().zip(cones).map(|(m, cone)| m * cone).sum();
        let linear = linear.clamp(0.0, 1.0);
        let encoded = if linear <= 0.003_130_8 {
            12.92 * linear
        } else {
            1.055 * linear.powf(1.0 / 2.4) - 0.055
        };
        (255.0 * encoded).round() as u8
    }))
}

/// Whether a colour is so dark that text on it should be light.
pub(super) fn is_dark(Colour([r, g, b]): Colour) -> bool {
    0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b) < 140.0
}
