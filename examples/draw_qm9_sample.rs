//! Who: someone who wants to see where the shipped sample of QM9 comes from, or draw it again.
//! What: draws 1,340 molecules from the qm9pack wheel with the stated seed and writes the compact file.
//! Run:  cargo run --release --features data --example draw_qm9_sample -- qm9pack-1.0.3-py3-none-any.whl [OUT.csv]
//! Expect: a few seconds; OUT.csv (default: qm9_sample.csv) equals examples/data/qm9_sample.csv byte for byte.
//! Without arguments it reads the shipped sample back and prints its first molecules.

#[macro_use]
mod shared;

use std::error::Error;
use std::io::Write;
use std::path::Path;

use haarmonic::data::qm9::{QM9PACK_ROWS, Qm9Record, Qm9Source};
use haarmonic::data::qm9_sample::{
    SAMPLE_COMMENT, SAMPLE_LEN, SAMPLE_SEED, sample_rows, write_sample,
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let records = match arguments.first() {
        Some(wheel) => {
            let records = draw(wheel)?;
            let out = Path::new(arguments.get(1).map_or("qm9_sample.csv", String::as_str));
            let folder = out.parent().filter(|p| !p.as_os_str().is_empty());
            let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
            let mut text = Vec::new();
            write_sample(&mut text, &records, SAMPLE_COMMENT)?;
            file.write_all(&text)?;
            file.persist(out)?;
            say!("{}: {} bytes", out.display(), text.len());
            records
        }
        None => Qm9Source::open("examples/data/qm9_sample.csv")?.read_all()?,
    };
    for Qm9Record { row, molecule } in &records[..5] {
        say!(
            "row {row:6}  gdb {:6}  {:2} atoms  atomisation energy {:8.0} meV",
            molecule.id(),
            molecule.len(),
            molecule.atomisation_energy_mev()
        );
    }
    assert_eq!(records.len(), SAMPLE_LEN);
    Ok(())
}

fn draw(wheel: &str) -> haarmonic::Result<Vec<Qm9Record>> {
    let rows = sample_rows(QM9PACK_ROWS, SAMPLE_LEN, SAMPLE_SEED)?;
    let bar = indicatif::ProgressBar::new(1);
    let molecules = Qm9Source::open(wheel)?.read_rows(&rows, |progress| {
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    })?;
    bar.finish_and_clear();
    let records = rows.into_iter().zip(molecules);
    Ok(records
        .map(|(row, molecule)| Qm9Record { row, molecule })
        .collect())
}
