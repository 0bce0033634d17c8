//! The formats of pictures.

use std::path::Path;

use crate::{Error, Result};

/// The format of the file of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Pixels, two per unit of length of 1/96 inch.
    Png,
    /// Shapes; texts have the sans-serif font of the viewer.
    Svg,
}

impl Format {
    /// Returns the format for a file name that ends in `.png` or `.svg`, in upper or lower case.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for every other name.
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
