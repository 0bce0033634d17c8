//! The font of pictures in PNG, and the width of texts.

use std::sync::Once;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

/// The name of the font within the process; it differs from the fonts of other users of `plotters`.
pub(super) const FAMILY: &str = "haarmonic: Ubuntu Light";
/// The size that `plotters` must be given for this font at size one: the distance from ascent to descent.
pub(super) const HEIGHT: f64 = 1.121;

/// Registers the font with `plotters`, once per process.
pub(super) fn ready() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        let font = epaint_default_fonts::UBUNTU_LIGHT;
        if register_font(FAMILY, FontStyle::Normal, font).is_err() {
            unreachable!("the font of the crate `epaint_default_fonts` is a font");
        }
    });
}

/// The width of a text in the font of PNG. The fonts of SVG viewers differ by about a tenth.
pub(super) fn width(text: &str, size: f64) -> f64 {
    // `plotters` rounds widths to whole numbers, so the width is taken at a large size.
    const LARGE: f64 = 200.0;
    ready();
    let font = FontDesc::new(FontFamily::Name(FAMILY), LARGE * HEIGHT, FontStyle::Normal);
    match font.box_size(text) {
        Ok((width, _)) => f64::from(width) * size / LARGE,
        Err(_) => unreachable!("the font is registered"),
    }
}
