//! Writing the marks of a picture to a file: shapes in SVG, pixels in PNG, both through `plotters`.

use crate::error::FileOperation;
use std::io;
use std::path::Path;

use plotters::prelude::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBAColor, ShapeStyle, TextStyle,
};

use super::colour::Colour;
use super::font;
use super::format::Format;
use super::picture::{Anchor, Mark, Picture, Place, Raster, Text};
use crate::data::atomic::write_atomically;
use crate::{Error, Result};

/// The number of pixels of a PNG per unit of length.
pub(super) const PIXELS: usize = 2;
/// The factor by which a PNG is drawn larger; each of its pixels is the mean of a square.
const OVERSAMPLING: usize = 3;
/// The factor by which an SVG is drawn larger, because `plotters` places shapes at whole numbers. Its view box scales it back.
const SVG_STEPS: usize = 20;
/// The fonts of an SVG, in order of preference.
const SVG_FONTS: &str = "Helvetica, Arial, sans-serif";

/// The properties of a backend.
struct Manner {
    /// The number of units of the backend per unit of the picture.
    scale: f64,
    /// The fonts.
    family: &'static str,
    /// The size that `plotters` must be given for a font at size one.
    nominal: f64,
    /// The distance of the baseline below the top of a text, for a font at size one.
    baseline: f64,
    /// Whether lines are drawn as areas, because the rasteriser has no round joins.
    outlined: bool,
}

/// Writes a picture in the format of its file name.
pub(super) fn write(picture: &Picture, path: &Path) -> Result<()> {
    let content = match Format::of(path)? {
        Format::Svg => svg(picture),
        Format::Png => png(picture),
    };
    let content = content.map_err(|error| {
        Error::io(
            path,
            FileOperation::Write,
            error.to_string().replace('\n', " "),
        )
    })?;
    write_atomically(path, |out| out.write_all(&content))
}

/// The content of an SVG file: the background, the rasters, the shapes.
fn svg(picture: &Picture) -> io::Result<Vec<u8>> {
    let manner = Manner {
        scale: SVG_STEPS as f64,
        family: SVG_FONTS,
        nominal: 1.24,
        baseline: 0.76,
        outlined: false,
    };
    let [width, height] = picture.size.map(|length| length.round());
    let [wide, high] = [width, height].map(|length| length as usize * SVG_STEPS);
    let mut shapes = String::new();
    let mut backend = SVGBackend::with_string(&mut shapes, (wide as u32, high as u32));
    draw(picture, &mut backend, &manner)?;
    backend.present().map_err(io::Error::other)?;
    drop(backend);
    let header_len = shapes.find('>').map_or(0, |at| at + 1);
    let mut document = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {wide} {high}\" stroke-linejoin=\"round\" stroke-linecap=\"butt\">\n\
         <rect width=\"{wide}\" height=\"{high}\" fill=\"#FFFFFF\"/>"
    );
    for mark in &picture.marks {
        if let Mark::Raster(raster) = mark {
            document.push_str(&svg_raster(raster)?);
        }
    }
    document.push_str(&shapes[header_len..]);
    Ok(document.into_bytes())
}

/// The SVG element of a raster, which is an embedded PNG.
fn svg_raster(raster: &Raster) -> io::Result<String> {
    // Viewers blur the edges of pixels when they enlarge an image. Each pixel is repeated until the blurred edges are narrow.
    const FEWEST: usize = 400;
    let [rows, columns] = raster.shape;
    let times = FEWEST.div_ceil(rows.max(columns)).max(1);

    let mut palette: Vec<[u8; 4]> = raster.pixels.clone();
    palette.sort_unstable();
    palette.dedup();
    let mut bytes = Vec::with_capacity(rows * columns * times * times);
    for row in 0..rows * times {
        for column in 0..columns * times {
            let pixel = &raster.pixels[row / times * columns + column / times];
            match palette.binary_search(pixel) {
                Ok(index) if index < 256 => bytes.push(index as u8),
                _ => unreachable!("a colour scale has 255 colours"),
            }
        }
    }
    let image = encode([columns * times, rows * times], &bytes, Some(&palette))?;
    let units = |length: f64| (length * SVG_STEPS as f64).round();
    Ok(format!(
        "\n<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
         image-rendering=\"auto\" href=\"data:image/png;base64,{}\"/>",
        units(raster.corner[0]),
        units(raster.corner[1]),
        units(raster.size[0]),
        units(raster.size[1]),
        base64(&image)
    ))
}

/// Encodes bytes in base 64.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |k: usize| usize::from(chunk.get(k).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for k in 0..4 {
            text.push(match k <= chunk.len() {
                true => char::from(DIGITS[word >> (18 - 6 * k) & 63]),
                false => '=',
            });
        }
    }
    text
}

/// The content of a PNG file: the picture is drawn larger, and then averaged over squares.
fn png(picture: &Picture) -> io::Result<Vec<u8>> {
    font::ready();
    let manner = Manner {
        scale: (PIXELS * OVERSAMPLING) as f64,
        family: font::FAMILY,
        nominal: font::HEIGHT,
        baseline: 0.5 * font::HEIGHT,
        outlined: true,
    };
    let [columns, rows] = picture.size.map(|length| length.round() as usize * PIXELS);
    let [wide, high] = [columns * OVERSAMPLING, rows * OVERSAMPLING];
    let mut large = vec![255; 3 * wide * high];
    let mut backend = BitMapBackend::with_buffer(&mut large, (wide as u32, high as u32));
    draw(picture, &mut backend, &manner)?;
    backend.present().map_err(io::Error::other)?;
    drop(backend);
    // Pixels lie row by row, with red, green and blue in turn. Each is the rounded mean over a square of the larger picture.
    let mut small = Vec::with_capacity(3 * columns * rows);
    for row in 0..rows {
        for column in 0..columns {
            for channel in 0..3 {
                let mut sum = 0;
                for r in row * OVERSAMPLING..(row + 1) * OVERSAMPLING {
                    for c in column * OVERSAMPLING..(column + 1) * OVERSAMPLING {
                        sum += usize::from(large[3 * (r * wide + c) + channel]);
                    }
                }
                let count = OVERSAMPLING * OVERSAMPLING;
                small.push(((sum + count / 2) / count) as u8);
            }
        }
    }
    encode([columns, rows], &small, None)
}

/// Encodes a PNG.
///
/// # Arguments
/// * `bytes` — red, green and blue in turn without a palette; indices of the palette with one
fn encode(
    [columns, rows]: [usize; 2],
    bytes: &[u8],
    palette: Option<&[[u8; 4]]>,
) -> io::Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, columns as u32, rows as u32);
    encoder.set_compression(png::Compression::High);
    match palette {
        None => encoder.set_color(png::ColorType::Rgb),
        Some(palette) => {
            encoder.set_color(png::ColorType::Indexed);
            // Filters store differences of neighbours, which do not make indices of a palette smaller.
            encoder.set_filter(png::Filter::NoFilter);
            let colours: Vec<u8> = palette.iter().flat_map(|p| [p[0], p[1], p[2]]).collect();
            encoder.set_palette(colours);
            encoder.set_trns(palette.iter().map(|p| p[3]).collect::<Vec<u8>>());
        }
    }
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(io::Error::other)?;
    writer.write_image_data(bytes).map_err(io::Error::other)?;
    writer.finish().map_err(io::Error::other)?;
    Ok(file)
}

/// Draws all marks. For a backend of shapes, the caller draws the rasters.
fn draw<B: DrawingBackend>(picture: &Picture, backend: &mut B, manner: &Manner) -> io::Result<()> {
    let place = |[x, y]: Place| {
        (
            (x * manner.scale).round() as i32,
            (y * manner.scale).round() as i32,
        )
    };
    let length = |value: f64| ((value * manner.scale).round() as u32).max(1);
    for mark in &picture.marks {
        match mark {
            Mark::Line {
                places,
                colour,
                width,
                opacity,
            } if !manner.outlined => {
                let style = style(*colour, *opacity).stroke_width(length(*width));
                done(backend.draw_path(places.iter().map(|p| place(*p)), &style))?;
            }
            Mark::Line {
                places,
                colour,
                width,
                opacity,
            } => {
                let style = style(*colour, *opacity).filled();
                for pair in places.windows(2) {
                    let outline = outline([pair[0], pair[1]], *width);
                    done(backend.fill_polygon(outline.map(place), &style))?;
                }
                // A disc closes the gap at a joint. Faint lines have none, because it would be visible where it overlaps the line.
                if *opacity == 1.0 && *width > 1.0 {
                    for joint in &places[1..places.len() - 1] {
                        let radius = length(0.5 * width);
                        done(backend.draw_circle(place(*joint), radius, &style, true))?;
                    }
                }
            }
            Mark::Area {
                places,
                colour,
                opacity,
            } => {
                let style = style(*colour, *opacity).filled();
                done(backend.fill_polygon(places.iter().map(|p| place(*p)), &style))?;
            }
            Mark::Disc {
                centre,
                radius,
                colour,
            } => {
                let style = style(*colour, 1.0).filled();
                done(backend.draw_circle(place(*centre), length(*radius), &style, true))?;
            }
            Mark::Text(text) => {
                let (style, at) = text_style(text, manner);
                done(backend.draw_text(&text.text, &style, place(at)))?;
            }
            Mark::Raster(raster) if manner.outlined => {
                draw_raster(raster, backend, manner.scale)?;
            }
            Mark::Raster(_) => {}
        }
    }
    Ok(())
}

fn done<E: std::fmt::Display>(drawn: std::result::Result<(), E>) -> io::Result<()> {
    drawn.map_err(|error| io::Error::other(error.to_string()))
}

fn style(colour: Colour, opacity: f64) -> ShapeStyle {
    let [r, g, b] = colour.0;
    ShapeStyle::from(RGBAColor(r, g, b, opacity))
}

/// The corners of the rectangle that a line segment of the given width covers.
fn outline([a, b]: [Place; 2], width: f64) -> [Place; 4] {
    let [dx, dy] = [b[0] - a[0], b[1] - a[1]];
    let norm = dx.hypot(dy).max(1e-9);
    let [u, v] = [-0.5 * width * dy / norm, 0.5 * width * dx / norm];
    [
        [a[0] + u, a[1] + v],
        [b[0] + u, b[1] + v],
        [b[0] - u, b[1] - v],
        [a[0] - u, a[1] - v],
    ]
}

/// The style of a text, and the place of its top at which its baseline is correct.
fn text_style(text: &Text, manner: &Manner) -> (TextStyle<'static>, Place) {
    let [r, g, b] = text.colour.0;
    let size = text.size * manner.scale * manner.nominal;
    let font = FontDesc::new(FontFamily::Name(manner.family), size, FontStyle::Normal);
    let above = text.size * manner.baseline;
    let [x, y] = text.at;
    let (font, at) = if text.turned {
        (font.transform(FontTransform::Rotate270), [x - above, y])
    } else {
        (font, [x, y - above])
    };
    let anchor = match text.anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let style = font
        .color(&RGBAColor(r, g, b, 1.0))
        .pos(Pos::new(anchor, VPos::Top));
    (style, at)
}

/// Draws a raster pixel by pixel, scaled to the nearest pixel of the raster.
fn draw_raster<B: DrawingBackend>(raster: &Raster, backend: &mut B, scale: f64) -> io::Result<()> {
    let first = raster.corner.map(|c| (c * scale).round() as i32);
    let size = raster.size.map(|s| (s * scale).round().max(1.0) as usize);
    let [rows, columns] = raster.shape;
    for y in 0..size[1] {
        let row = y * rows / size[1] * columns;
        for x in 0..size[0] {
            let [r, g, b, opacity] = raster.pixels[row + x * columns / size[0]];
            if opacity > 0 {
                let colour = RGBAColor(r, g, b, f64::from(opacity) / 255.0).to_backend_color();
                let place = (first[0] + x as i32, first[1] + y as i32);
                done(backend.draw_pixel(place, colour))?;
            }
        }
    }
    Ok(())
}
