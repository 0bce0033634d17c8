//! Writing one array in NumPy's `.npy` format, version 1: a header and the elements, little endian, in C order.

use std::io::{self, Write};

use num_complex::Complex;

use crate::files::formats::NPY;

/// The data begin at a multiple of this number of bytes.
const ALIGNMENT: usize = 64;
/// The number of elements that are written at once.
const PART: usize = 1 << 12;

/// A type of the elements of a `.npy` file: integers of 8 to 64 bits, booleans, real and complex numbers in single and double
/// precision.
///
/// The trait is sealed, because the format has a fixed list of types.
pub trait NpyElement: Copy + sealed::Bytes {
    /// The descriptor of the type in a header, such as `<f8`.
    const DESCRIPTOR: &'static str;
}

mod sealed {
    pub trait Bytes {
        /// Appends the bytes, the lowest first.
        fn append(self, bytes: &mut Vec<u8>);
    }
}

macro_rules! elements {
    ($($element:ty: $descriptor:literal)*) => {$(
        impl NpyElement for $element {
            const DESCRIPTOR: &'static str = $descriptor;
        }

        impl sealed::Bytes for $element {
            fn append(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}

elements! {
    f64: "<f8" f32: "<f4"
    i8: "|i1" i16: "<i2" i32: "<i4" i64: "<i8"
    u8: "|u1" u16: "<u2" u32: "<u4" u64: "<u8"
}

macro_rules! complex_elements {
    ($($part:ty: $descriptor:literal)*) => {$(
        impl NpyElement for Complex<$part> {
            const DESCRIPTOR: &'static str = $descriptor;
        }

        impl sealed::Bytes for Complex<$part> {
            fn append(self, bytes: &mut Vec<u8>) {
                self.re.append(bytes);
                self.im.append(bytes);
            }
        }
    )*};
}

complex_elements! { f64: "<c16" f32: "<c8" }

impl NpyElement for bool {
    const DESCRIPTOR: &'static str = "|b1";
}

impl sealed::Bytes for bool {
    fn append(self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(self));
    }
}

/// Writes the header of an array in C order.
pub(super) fn write_header<A: NpyElement>(
    out: &mut (impl Write + ?Sized),
    shape: &[usize],
) -> io::Result<()> {
    let lengths: Vec<String> = shape.iter().map(|length| length.to_string()).collect();
    let comma = if shape.len() == 1 { "," } else { "" };
    let mut dictionary = format!(
        "{{'descr': '{}', 'fortran_order': False, 'shape': ({}{comma}), }}",
        A::DESCRIPTOR,
        lengths.join(", "),
    );
    // Before the dictionary stand the signature, two bytes of version and two of length. Blanks and a line feed after the
    // dictionary fill the header up to the alignment.
    let before = NPY.len() + 4;
    let len = (before + dictionary.len() + 1).next_multiple_of(ALIGNMENT) - before;
    dictionary.extend(std::iter::repeat_n(' ', len - 1 - dictionary.len()));
    dictionary.push('\n');
    let len = u16::try_from(len).map_err(io::Error::other)?;
    out.write_all(NPY)?;
    out.write_all(&[1, 0])?;
    out.write_all(&len.to_le_bytes())?;
    out.write_all(dictionary.as_bytes())
}

/// Writes elements in the given order, many at a time.
pub(super) fn write_elements<'a, A: NpyElement + 'a>(
    out: &mut (impl Write + ?Sized),
    mut elements: impl Iterator<Item = &'a A>,
) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(PART * size_of::<A>());
    loop {
        for element in elements.by_ref().take(PART) {
            element.append(&mut bytes);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        out.write_all(&bytes)?;
        bytes.clear();
    }
}
