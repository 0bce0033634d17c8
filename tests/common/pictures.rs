//! Pictures as the tests see them: pixels of a PNG, elements of an SVG.

use std::path::Path;

/// The pixels of a PNG.
pub struct Pixels {
    pub width: usize,
    pub height: usize,
    bytes: Vec<u8>,
}

impl Pixels {
    pub fn read(path: &Path) -> Pixels {
        let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        assert_eq!(info.color_type, png::ColorType::Rgb);
        Pixels {
            width: info.width as usize,
            height: info.height as usize,
            bytes,
        }
    }

    /// Red, green and blue at a place, from the upper left.
    pub fn at(&self, x: usize, y: usize) -> [u8; 3] {
        let first = 3 * (y * self.width + x);
        self.bytes[first..first + 3].try_into().unwrap()
    }
}

/// Asserts that two colours are alike.
pub fn assert_colour(found: [u8; 3], wanted: [u8; 3], tolerance: u8) {
    let far = found
        .iter()
        .zip(wanted)
        .any(|(a, b)| a.abs_diff(b) > tolerance);
    assert!(!far, "found {found:?}, wanted {wanted:?} ± {tolerance}");
}

/// An element of an SVG with its attributes; text is left out.
#[derive(Debug, Clone)]
pub struct Element {
    pub name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    pub fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(own, _)| own == name);
        found.map_or("", |(_, value)| value)
    }

    pub fn number(&self, name: &str) -> f64 {
        self.attribute(name).parse().unwrap()
    }

    pub fn points(&self) -> Vec<[f64; 2]> {
        let pair = |text: &str| {
            let (x, y) = text.split_once(',').unwrap();
            [x.parse().unwrap(), y.parse().unwrap()]
        };
        self.attribute("points")
            .split_whitespace()
            .map(pair)
            .collect()
    }
}

/// Reads an SVG and asserts that it is well formed: elements nest, attributes are quoted, text is escaped.
pub fn elements(document: &str) -> Vec<Element> {
    let escaped = |text: &str| {
        let entities = ["&lt;", "&gt;", "&amp;", "&quot;", "&apos;"];
        let bare = entities
            .iter()
            .fold(text.to_owned(), |text, e| text.replace(e, ""));
        assert!(!bare.contains(['&', '<']), "not escaped: {text:?}");
        assert!(
            !bare.chars().any(|c| c.is_control() && c != '\n'),
            "{text:?}"
        );
    };
    let (mut open, mut all, mut rest) = (Vec::new(), Vec::new(), document);
    while let Some(start) = rest.find('<') {
        escaped(&rest[..start]);
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "elements nest");
            continue;
        }
        let (tag, alone) = match tag.strip_suffix('/') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        let (name, mut text) = tag.split_once([' ', '\n']).unwrap_or((tag, ""));
        let mut attributes = Vec::new();
        while let Some((key, value)) = text.split_once("=\"") {
            let (value, after) = value.split_once('"').expect("attributes are quoted");
            escaped(value);
            attributes.push((key.trim().to_owned(), value.to_owned()));
            text = after;
        }
        assert!(text.trim().is_empty(), "{tag:?}");
        assert!(!open.is_empty() || all.is_empty(), "one root");
        if !alone {
            open.push(name.to_owned());
        }
        let name = name.to_owned();
        all.push(Element { name, attributes });
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    assert_eq!(all[0].name, "svg");
    all
}
