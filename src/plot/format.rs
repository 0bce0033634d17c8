//! The formats of pictures.

use std::path::Path;

use crate::{Error, Result};

/// How a picture is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Pixels, two for each unit of length.
    Png,
    /// Shapes; text in the sans-serif font of the viewer.
    Svg,
}

impl Format {
    /// Returns the format that the name of a file asks for: it ends in `.png` or `.svg`, in capitals or not.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for any other name.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::plot::Format;
    /// assert_eq!(Format::of("curves.svg")?, Format::Svg);
    /// assert!(Format::of("curves.pdf").is_err());
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn of(path: impl AsRef<Path>) -> Result<Format> {
        let path = path.as_ref();
        let extension = path.extension().map(|e| e.to_ascii_lowercase());
        match extension.as_ref().and_then(|e| e.to_str()) {
            Some("png") => Ok(Format::Png),
            Some("svg") => Ok(Format::Svg),
            _ => Err(Error::invalid(
                "name of the picture",
                path.display().to_string(),
                "a name that ends in .png or .svg",
            )),
        }
    }
}
