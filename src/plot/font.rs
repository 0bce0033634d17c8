//! The font of pictures in PNG, and how wide texts are.

use std::sync::Once;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

/// Name of the font within the process, apart from those of other users of `plotters`.
pub(super) const FAMILY: &str = "haarmonic: Ubuntu Light";
/// What `plotters` calls the size of this font, for a size of one: the distance from ascent to descent.
pub(super) const HEIGHT: f64 = 1.121;

/// Registers the font, once.
pub(super) fn ready() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        let font = epaint_default_fonts::UBUNTU_LIGHT;
        if register_font(FAMILY, FontStyle::Normal, font).is_err() {
            unreachable!("the font of the crate `epaint_default_fonts` is a font");
        }
    });
}

/// The width of a text; other fonts differ by a tenth or so.
pub(super) fn width(text: &str, size: f64) -> f64 {
    // Widths are whole numbers, so they are taken at a large size.
    const LARGE: f64 = 200.0;
    ready();
    let font = FontDesc::new(FontFamily::Name(FAMILY), LARGE * HEIGHT, FontStyle::Normal);
    match font.box_size(text) {
        Ok((width, _)) => f64::from(width) * size / LARGE,
        Err(_) => unreachable!("the font is registered"),
    }
}
