//! Folders of images.

use std::path::Path;

use haarmonic::data::image_folder::read_image_folder;
use haarmonic::data::image_source::read_images_resized;
use image::{DynamicImage, ImageFormat, RgbImage};
use tempfile::tempdir;

use crate::harness::{DEFLATE, Target, as_it_is, memory};

/// What a decoder may take for any file.
const DECODER: usize = 4 << 20;
/// What it may take for each byte of the file: a bit becomes a pixel of four channels.
const EXPANSION: usize = 32 * DEFLATE;
/// Decoded, in another form, as numbers, and in the set of all images.
const COPIES: usize = 1 + 1 + 8 + 8;

/// Corrects the sums of all chunks of a PNG.
fn with_sums(content: &[u8]) -> Vec<u8> {
    let mut file = content.to_vec();
    let mut at = 8;
    while let Some(length) = file.get(at..at + 4) {
        let length = length
            .iter()
            .fold(0, |value, &byte| value << 8 | usize::from(byte));
        let Some(chunk) = file.get(at + 4..at.saturating_add(8).saturating_add(length)) else {
            break;
        };
        let mut sum = flate2::Crc::new();
        sum.update(chunk);
        at += 8 + length;
        if let Some(place) = file.get_mut(at..at + 4) {
            place.copy_from_slice(&sum.sum().to_be_bytes());
        }
        at += 4;
    }
    file
}

#[test]
fn image_folders() {
    let _turn = crate::harness::turn();
    let folder = tempdir().unwrap();
    let class = folder.path().join("class");
    std::fs::create_dir(&class).unwrap();
    let colour = RgbImage::from_fn(9, 7, |x, y| image::Rgb([(x * y) as u8, x as u8, 200]));
    let grey = DynamicImage::from(colour.clone()).into_luma16();
    let encoded = |image: &DynamicImage, format| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    let [colour, grey] = [DynamicImage::from(colour), DynamicImage::from(grey)];
    let png = encoded(&colour, ImageFormat::Png);
    let jpeg = encoded(&colour, ImageFormat::Jpeg);
    let tiff = encoded(&colour, ImageFormat::Tiff);
    let frame = jpeg
        .windows(2)
        .position(|mark| mark == [0xff, 0xc0])
        .unwrap();
    let forge = |bytes: &[u8], at: usize, with: &[u8]| {
        let mut forged = bytes.to_vec();
        forged[at..at + with.len()].copy_from_slice(with);
        forged
    };
    let read = |path: &Path| {
        let accepted = read_image_folder(folder.path(), None).is_ok();
        let resized = read_images_resized(folder.path(), 3, 20).is_ok();
        assert_eq!(accepted, resized, "{}", path.display());
        accepted
    };
    // 200 million bytes announced by a few hundred.
    let large = with_sums(&forge(&png, 16, &[0, 0, 0x20, 0, 0, 0, 0x20, 0]));
    std::fs::write(class.join("image"), &large).unwrap();
    let taken = memory(|| assert!(read_image_folder(folder.path(), None).is_err()));
    assert!(taken <= DECODER + EXPANSION * large.len(), "{taken} bytes");
    for (name, seeds, forged, wrap) in [
        (
            "PNG with its sums",
            vec![png.clone(), encoded(&grey, ImageFormat::Png)],
            vec![
                forge(&png, 16, &[0x7f; 8]),
                forge(&png, 16, &[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]),
                forge(&png, 16, &[0, 0, 0x20, 0, 0, 0, 0x20, 0]),
            ],
            with_sums as fn(&[u8]) -> Vec<u8>,
        ),
        (
            "PNG, JPEG, TIFF",
            vec![
                png,
                jpeg.clone(),
                tiff.clone(),
                encoded(&grey, ImageFormat::Tiff),
            ],
            vec![
                forge(&jpeg, frame + 5, &[0xff; 4]),
                forge(&tiff, 4, &[0xff; 4]),
            ],
            as_it_is,
        ),
    ] {
        Target {
            name,
            seeds,
            forged,
            words: &["IHDR", "IDAT", "PLTE", "tRNS", "\0\0\0\0"],
            wrap: &wrap,
            read: &read,
            memory: [COPIES * DECODER, COPIES * EXPANSION],
            share: 4,
        }
        .survive(&class.join("image"));
    }
}
