//! Reading one array in NumPy's `.npy` format, versions 1 to 3: the header, and elements of every type of number.

use std::io::{self, Read};

use ndarray::{ArrayD, IxDyn, ShapeBuilder};
use num_complex::Complex;

use super::npy_header::parse_dictionary;
use crate::check;
use crate::files::formats::{HEAD_LEN, NPY, describe};
use crate::files::reading::one_line;
use crate::{Error, Result};

/// The largest number of bytes of a header that is read, as in NumPy.
const MAX_HEADER_BYTES: usize = 10_000;
/// The highest rank that is read, as in NumPy.
const MAX_RANK: usize = 64;
/// The number of bytes that are converted at once; every element size divides it.
const PART: usize = 1 << 16;

/// The types of numbers that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Float16,
    Float32,
    Float64,
    Complex64,
    Complex128,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Bool,
}

/// Each type with its name in NumPy, and with the other codes that a header can have for it.
const KINDS: [(Kind, &str, &[&str]); 14] = [
    (Kind::Float16, "float16", &["f2", "e", "half"]),
    (Kind::Float32, "float32", &["f4", "f", "single"]),
    (Kind::Float64, "float64", &["f8", "d", "float", "double"]),
    (Kind::Complex64, "complex64", &["c8", "F"]),
    (Kind::Complex128, "complex128", &["c16", "D", "complex"]),
    (Kind::Int8, "int8", &["i1", "b"]),
    (Kind::Int16, "int16", &["i2", "h"]),
    (Kind::Int32, "int32", &["i4", "i"]),
    (Kind::Int64, "int64", &["i8", "q"]),
    (Kind::Uint8, "uint8", &["u1", "B"]),
    (Kind::Uint16, "uint16", &["u2", "H"]),
    (Kind::Uint32, "uint32", &["u4", "I"]),
    (Kind::Uint64, "uint64", &["u8", "Q"]),
    (Kind::Bool, "bool", &["b1", "?"]),
];

/// The content of the header of an array.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    /// The descriptor of the element type as written, without quotes: `<f8`, `|u1`, `<U2`.
    pub descriptor: String,
    /// Whether the first index varies fastest.
    pub fortran: bool,
    pub shape: Vec<usize>,
    /// The number of bytes of data after the header.
    pub data_len: u64,
}

impl Header {
    /// The descriptor without its mark of the byte order.
    pub(super) fn type_code(&self) -> &str {
        self.descriptor.trim_start_matches(['<', '>', '|', '='])
    }

    /// The type of the elements; `None` if they are not numbers.
    pub(super) fn kind(&self) -> Option<Kind> {
        let code = self.type_code();
        KINDS
            .iter()
            .find(|(_, name, codes)| *name == code || codes.contains(&code))
            .map(|(kind, ..)| *kind)
    }

    /// Whether the highest byte of an element comes first. A descriptor with `=` or without a mark has the byte order of the machine.
    pub(super) fn big_endian(&self) -> bool {
        match self.descriptor.as_bytes().first() {
            Some(b'>') => true,
            Some(b'<' | b'|') => false,
            _ => cfg!(target_endian = "big"),
        }
    }

    /// The name of the element type in NumPy, or else the descriptor.
    pub(super) fn type_name(&self) -> String {
        if let Some(kind) = self.kind() {
            let named = KINDS.iter().find(|(known, ..)| *known == kind);
            return named.map_or(String::new(), |(_, name, _)| (*name).into());
        }
        match self.type_code() {
            "f16" => "float128".into(),
            "O" => "Python objects".into(),
            _ => {
                let plain = |c: char| if c.is_control() { ' ' } else { c };
                let shown: String = self.descriptor.chars().take(60).map(plain).collect();
                format!("the type {shown}")
            }
        }
    }

    /// The error for an element type that a reader does not accept.
    pub(super) fn wrong_type(&self, what: &str, expected: &str) -> Error {
        Error::invalid(
            format!("element type of {what}"),
            self.type_name(),
            expected,
        )
    }

    /// Checks that the data have the length that the header announces, and returns the number of elements.
    ///
    /// # Errors
    /// [`Error::Empty`] for a length of zero, [`Error::Syntax`] for fewer or more bytes than announced.
    pub(super) fn count(&self, element_size: usize, what: &str) -> Result<usize> {
        let (shape, available) = (&self.shape, self.data_len);
        if shape.contains(&0) {
            return Err(Error::empty(format!("{what} of shape {shape:?}")));
        }
        let count = shape
            .iter()
            .try_fold(1usize, |product, &n| product.checked_mul(n));
        let bytes = count.and_then(|count| count.checked_mul(element_size));
        let (Some(count), Some(bytes)) = (count, bytes) else {
            return Err(not_npy(
                what,
                format!("shape {shape:?} is too large, the file holds {available} bytes of data"),
            ));
        };
        if bytes as u64 != available {
            let verdict = if (bytes as u64) > available {
                "cut short"
            } else {
                "too long"
            };
            return Err(not_npy(
                what,
                format!(
                    "{verdict}: shape {shape:?} needs {bytes} bytes of data, found {available}"
                ),
            ));
        }
        Ok(count)
    }
}

/// The error for bytes that are not an array.
pub(super) fn not_npy(what: &str, message: impl std::fmt::Display) -> Error {
    Error::syntax("npy", None, format!("{what}: {message}"))
}

/// Reads the header of an array; afterwards `reader` stands at the first byte of the data.
///
/// # Arguments
/// * `len` — the number of bytes of header and data together
/// * `what` — the name of the array in errors
pub(super) fn read_header(reader: &mut dyn Read, len: u64, what: &str) -> Result<Header> {
    // Reads `most` bytes, or fewer at the end of the file.
    let mut read = |most: u64| -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match (&mut *reader).take(most).read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(err) => Err(not_npy(what, one_line(&err))),
        }
    };
    let cut_short = || not_npy(what, format!("cut short: {len} bytes, inside the header"));
    let mut start = read(8)?;
    if !start.starts_with(NPY) {
        if NPY.starts_with(&start) && !start.is_empty() {
            return Err(cut_short());
        }
        start.extend(read(HEAD_LEN - 8)?);
        return Err(not_npy(
            what,
            format!("found {}, expected a NumPy .npy file", describe(&start)),
        ));
    }
    let size_bytes = match start[NPY.len()..] {
        [1, 0] => 2,
        [2 | 3, 0] => 4,
        [major, minor] => {
            return Err(not_npy(
                what,
                format!("found version {major}.{minor} of the format, expected 1.0, 2.0 or 3.0"),
            ));
        }
        _ => return Err(cut_short()),
    };
    let size = read(size_bytes)?;
    if size.len() as u64 != size_bytes {
        return Err(cut_short());
    }
    let dictionary_len = size
        .iter()
        .rev()
        .fold(0, |value, &byte| value << 8 | usize::from(byte));
    if dictionary_len > MAX_HEADER_BYTES {
        return Err(not_npy(
            what,
            format!("header of {dictionary_len} bytes, expected at most {MAX_HEADER_BYTES}"),
        ));
    }
    let dictionary = read(dictionary_len as u64)?;
    if dictionary.len() != dictionary_len {
        return Err(cut_short());
    }
    // The dictionary is UTF-8 in version 3, and Latin-1 in earlier versions.
    let dictionary = match start[NPY.len()] {
        3 => String::from_utf8_lossy(&dictionary).into_owned(),
        _ => dictionary.into_iter().map(char::from).collect(),
    };
    let found = parse_dictionary(&dictionary)
        .map_err(|message| not_npy(what, format!("header: {message}")))?;
    if found.shape.len() > MAX_RANK {
        return Err(not_npy(
            what,
            format!(
                "an array of rank {}, expected at most {MAX_RANK}",
                found.shape.len()
            ),
        ));
    }
    Ok(Header {
        descriptor: found.descriptor,
        fortran: found.fortran,
        shape: found.shape,
        data_len: len.saturating_sub(8 + size_bytes + dictionary_len as u64),
    })
}

/// Reads the elements of an array of real numbers as `f64`: floating point, integers, or booleans as 0 and 1.
///
/// # Errors
/// [`Error::NotFinite`] for a NaN or an infinity, [`Error::InvalidValue`] for an integer that no `f64` equals, and the errors of
/// [`Header::count`].
pub(super) fn read_real(
    reader: &mut dyn Read,
    header: &Header,
    kind: Kind,
    what: &str,
) -> Result<ArrayD<f64>> {
    let array = match kind {
        Kind::Float16 => elements(reader, header, what, |b| Ok(half(u16::from_le_bytes(b)))),
        Kind::Float32 => elements(reader, header, what, |b| Ok(f32::from_le_bytes(b).into())),
        Kind::Float64 => elements(reader, header, what, |b| Ok(f64::from_le_bytes(b))),
        Kind::Int8 => elements(reader, header, what, |b| Ok(i8::from_le_bytes(b).into())),
        Kind::Int16 => elements(reader, header, what, |b| Ok(i16::from_le_bytes(b).into())),
        Kind::Int32 => elements(reader, header, what, |b| Ok(i32::from_le_bytes(b).into())),
        Kind::Int64 => elements(reader, header, what, |b| {
            exact(i64::from_le_bytes(b).into())
        }),
        Kind::Uint8 => elements(reader, header, what, |b| Ok(u8::from_le_bytes(b).into())),
        Kind::Uint16 => elements(reader, header, what, |b| Ok(u16::from_le_bytes(b).into())),
        Kind::Uint32 => elements(reader, header, what, |b| Ok(u32::from_le_bytes(b).into())),
        Kind::Uint64 => elements(reader, header, what, |b| {
            exact(u64::from_le_bytes(b).into())
        }),
        Kind::Bool => elements(reader, header, what, |b| truth(b).map(f64::from)),
        Kind::Complex64 | Kind::Complex128 => {
            return Err(header.wrong_type(what, REAL));
        }
    }?;
    check::finite(what, array.view())?;
    Ok(array)
}

/// The accepted real types, as errors name them.
pub(super) const REAL: &str = "real numbers (floating point, integers or bool)";

/// The accepted complex types, as errors name them.
pub(super) const COMPLEX: &str = "complex128 or complex64";

/// Reads the elements of an array of integers or booleans.
///
/// # Errors
/// [`Error::InvalidValue`] for other types and for an integer above 2⁶³ − 1, and the errors of [`Header::count`].
pub(super) fn read_integers(
    reader: &mut dyn Read,
    header: &Header,
    what: &str,
) -> Result<ArrayD<i64>> {
    match header.kind() {
        Some(Kind::Int8) => elements(reader, header, what, |b| Ok(i8::from_le_bytes(b).into())),
        Some(Kind::Int16) => elements(reader, header, what, |b| Ok(i16::from_le_bytes(b).into())),
        Some(Kind::Int32) => elements(reader, header, what, |b| Ok(i32::from_le_bytes(b).into())),
        Some(Kind::Int64) => elements(reader, header, what, |b| Ok(i64::from_le_bytes(b))),
        Some(Kind::Uint8) => elements(reader, header, what, |b| Ok(u8::from_le_bytes(b).into())),
        Some(Kind::Uint16) => elements(reader, header, what, |b| Ok(u16::from_le_bytes(b).into())),
        Some(Kind::Uint32) => elements(reader, header, what, |b| Ok(u32::from_le_bytes(b).into())),
        Some(Kind::Uint64) => elements(reader, header, what, |b| {
            let number = u64::from_le_bytes(b);
            i64::try_from(number).map_err(|_| (number.to_string(), "at most 9223372036854775807"))
        }),
        Some(Kind::Bool) => elements(reader, header, what, |b| truth(b).map(i64::from)),
        _ => Err(header.wrong_type(what, "integers or bool")),
    }
}

/// Reads the elements of an array of complex numbers.
///
/// # Errors
/// [`Error::NotFinite`] for a NaN or an infinity, [`Error::InvalidValue`] for other types, and the errors of [`Header::count`].
pub(super) fn read_complex(
    reader: &mut dyn Read,
    header: &Header,
    kind: Kind,
    what: &str,
) -> Result<ArrayD<Complex<f64>>> {
    // Reversing the bytes of a whole element exchanges its real and imaginary part.
    let swap = header.big_endian();
    let number = |[a, b]: [f64; 2]| {
        let (re, im) = if swap { (b, a) } else { (a, b) };
        Ok(Complex::new(re, im))
    };
    let array = match kind {
        Kind::Complex64 => elements::<8, _>(reader, header, what, |bytes| {
            let halves = bytes.as_chunks::<4>().0;
            number([0, 1].map(|i| f32::from_le_bytes(halves[i]).into()))
        }),
        Kind::Complex128 => elements::<16, _>(reader, header, what, |bytes| {
            let halves = bytes.as_chunks::<8>().0;
            number([0, 1].map(|i| f64::from_le_bytes(halves[i])))
        }),
        _ => return Err(header.wrong_type(what, COMPLEX)),
    }?;
    check::finite(what, array.view())?;
    Ok(array)
}

/// The error for an array that does not fit into memory.
fn out_of_memory(what: &str, count: usize, size: usize) -> Error {
    Error::invalid(
        what,
        format!(
            "{count} elements, which need {} bytes",
            count.saturating_mul(size)
        ),
        "an array that fits into memory",
    )
}

/// The value that was found in place of an element, and the expected one.
type Refused = (String, &'static str);

/// Reads the elements up to the end of the data, after [`Header::count`] has checked its length.
///
/// # Arguments
/// * `convert` — makes an element from its bytes, the lowest first
///
/// Returns an array in standard layout.
fn elements<const N: usize, T>(
    reader: &mut dyn Read,
    header: &Header,
    what: &str,
    convert: impl Fn([u8; N]) -> std::result::Result<T, Refused>,
) -> Result<ArrayD<T>>
where
    T: Clone,
{
    let count = header.count(N, what)?;
    let unreadable = |err: io::Error| match err.kind() {
        io::ErrorKind::UnexpectedEof => not_npy(
            what,
            format!("cut short: fewer than {} bytes of data", count * N),
        ),
        _ => not_npy(what, one_line(&err)),
    };
    let mut values = Vec::new();
    values
        .try_reserve_exact(count)
        .map_err(|_| out_of_memory(what, count, size_of::<T>()))?;
    // The data are converted in parts of `PART` bytes, so the bytes of the whole array are never in memory.
    let reverse = header.big_endian();
    let mut part = vec![0; PART.min(count * N)];
    while values.len() < count {
        let bytes = part.len().min((count - values.len()) * N);
        reader.read_exact(&mut part[..bytes]).map_err(unreadable)?;
        for element in part[..bytes].as_chunks::<N>().0 {
            let mut element = *element;
            if reverse {
                element.reverse();
            }
            values.push(convert(element).map_err(|(found, expected)| {
                let index = unravel(values.len(), header);
                Error::invalid(format!("{what} at index {index:?}"), found, expected)
            })?);
        }
    }
    // An archive compares its check sum when a reader reaches the end of the entry.
    if reader.read(&mut [0]).map_err(unreadable)? != 0 {
        return Err(not_npy(what, "too long: more data than announced"));
    }
    let array = ArrayD::from_shape_vec(IxDyn(&header.shape).set_f(header.fortran), values)
        .map_err(|err| not_npy(what, format!("shape {:?}: {err}", header.shape)))?;
    Ok(if array.is_standard_layout() {
        array
    } else {
        array.as_standard_layout().into_owned()
    })
}

/// The index of the element that has the given position among the elements of the file.
fn unravel(mut place: usize, header: &Header) -> Vec<usize> {
    // The index is the position written in the mixed radix of the lengths, from the fastest axis to the slowest.
    let mut index = vec![0; header.shape.len()];
    let mut split = |(entry, &n): (&mut usize, &usize)| {
        *entry = place % n;
        place /= n;
    };
    let axes = index.iter_mut().zip(&header.shape);
    if header.fortran {
        axes.for_each(&mut split);
    } else {
        axes.rev().for_each(&mut split);
    }
    index
}

/// The value of a half-precision number: one bit of sign, five of exponent, ten of fraction.
fn half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x3ff);
    let size = match i32::from(bits >> 10 & 0x1f) {
        0 => fraction * 2.0_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1024.0 + fraction) * 2.0_f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// The `f64` that equals an integer, or an error if there is none.
fn exact(integer: i128) -> std::result::Result<f64, Refused> {
    let number = integer as f64;
    if number as i128 == integer {
        Ok(number)
    } else {
        Err((
            integer.to_string(),
            "an integer that double precision holds exactly, such as any up to 2^53",
        ))
    }
}

/// A boolean from its byte, which must be 0 or 1.
fn truth([byte]: [u8; 1]) -> std::result::Result<bool, Refused> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err((format!("the byte {byte}"), "a truth value, 0 or 1")),
    }
}

#[cfg(test)]
mod tests {
    use super::half;

    /// Zero, subnormal, normal and infinite halves against their values, and the order of all positive halves.
    #[test]
    fn half_precision_is_exact() {
        for (bits, number) in [
            (0x0000, 0.0),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x03ff, 1023.0 / 16_777_216.0),
            (0x0400, 1.0 / 16_384.0),
            (0x3555, 0.333_251_953_125),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0xfc00, f64::NEG_INFINITY),
        ] {
            assert_eq!(half(bits), number, "{bits:#x}");
        }
        assert!(half(0x7e00).is_nan());
        // Positive halves have the order of their bits.
        assert!((0..0x7c00).all(|bits| half(bits) < half(bits + 1)));
    }
}
