//! Pictures.

/// Between a colour and its published value: one of 255 steps of a map changes a component by up to three, and it is rounded.
pub const COLOUR: u8 = 4;

/// Between colours at places of which the values differ by a hundredth of the range.
pub const NEAR_COLOUR: u8 = 10;

/// A place in an SVG is rounded to a whole unit, of which a pixel has twenty; so are both ends of a distance.
pub const UNITS: f64 = 1.5;
