//! `haarmonic gram`: kernel matrices.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use haarmonic::data::arrays::{Numbers, read_numbers, write_npz};
use haarmonic::data::atomic::check_target;
use haarmonic::kernel::{Gram, Kernel, KernelError, Progress};
use haarmonic::store::{GramStore, Share, StoreOptions};
use haarmonic::{Error, Result};
use indicatif::ProgressBar;

use super::ranks::Ranks;
use super::{PrecisionChoice, inputs, progress, read_kernel};

#[derive(Args)]
pub struct Arguments {
    /// The network (TOML)
    network: PathBuf,
    /// Inputs of the rows (.npy): [n, d], [n, H, W, c], [n, θ, φ, c], or complex [n, c, L, 2L-1]
    rows: PathBuf,
    /// Inputs of the columns; the same as those of the rows if left out
    columns: Option<PathBuf>,
    /// Precision within a pair of images
    #[arg(long, value_enum, default_value = "f64")]
    precision: PrecisionChoice,
    /// Where to write `nngp`, `ntk` and their error estimates (.npz)
    #[arg(long)]
    out: PathBuf,
    /// Keep finished tiles in the folder OUT.tiles, and go on from those that are there
    #[arg(long)]
    resume: bool,
    /// Memory for a tile, such as 512M or 2G; inputs do not count. Implies --resume
    #[arg(long, value_parser = parse_bytes)]
    memory: Option<usize>,
    /// Compute one share of the tiles only, such as 2/8, the second of eight, for several processes with one disk; a last run
    /// without it writes the result. Implies --resume
    #[arg(long, value_parser = parse_share)]
    share: Option<Share>,
    /// Number of threads; all by default
    #[arg(long)]
    threads: Option<NonZeroUsize>,
}

/// A number of bytes, with k, M, G or T for powers of 1024.
fn parse_bytes(text: &str) -> std::result::Result<usize, String> {
    let expected =
        || format!("found {text:?}, expected a number of bytes such as 800000, 64M or 2G");
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let power = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kib" => 1,
        "m" | "mib" => 2,
        "g" | "gib" => 3,
        "t" | "tib" => 4,
        _ => return Err(expected()),
    };
    let number: usize = digits.parse().map_err(|_| expected())?;
    number
        .checked_mul(1024_usize.pow(power))
        .filter(|bytes| *bytes > 0)
        .ok_or_else(expected)
}

/// K/N with 1 ≤ K ≤ N.
fn parse_share(text: &str) -> std::result::Result<Share, String> {
    let share = text.split_once('/').and_then(|(index, count)| {
        let index: usize = index.parse().ok()?;
        Share::new(index.checked_sub(1)?, count.parse().ok()?).ok()
    });
    share.ok_or_else(|| format!("found {text:?}, expected K/N such as 2/8, with K from 1 to N"))
}

pub fn run(arguments: &Arguments) -> Result<()> {
    check_target(&arguments.out)?;
    let ranks = Ranks::join()?;
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.get())
            .build_global()
            .map_err(|err| Error::InvalidValue {
                what: "--threads".into(),
                found: threads.to_string(),
                expected: format!("a number for which threads can be made: {err}"),
            })?;
    }
    let (bar, report) = progress::pairs();
    let kernel = ranks.agree(read_kernel(&arguments.network, arguments.precision))?;
    let by_tiles_anyway = arguments.resume || arguments.memory.is_some();
    if by_tiles_anyway || arguments.share.is_some() || ranks.several() {
        return by_tiles(arguments, &kernel, &ranks, &bar, report);
    }
    let kernel = kernel.with_progress(report);
    let rows = inputs::read(&kernel, &arguments.rows)?;
    let gram = match &arguments.columns {
        None => kernel.gram_prepared(&rows)?,
        Some(path) => kernel.cross_prepared(&rows, &inputs::read(&kernel, path)?)?,
    };
    bar.finish_and_clear();
    let (n1, n2) = gram.nngp.dim();
    println!("{n1} x {n2} kernels, {}", describe(&gram.error));
    write(arguments, gram)
}

/// Tile by tile, through a folder beside the result.
fn by_tiles(
    arguments: &Arguments,
    kernel: &Kernel,
    ranks: &Ranks,
    bar: &ProgressBar,
    report: Progress,
) -> Result<()> {
    let mut folder = arguments.out.clone().into_os_string();
    folder.push(".tiles");
    let folder = PathBuf::from(folder);
    let mut options = StoreOptions::default();
    if let Some(memory) = arguments.memory {
        options.memory = memory;
    }
    // Whatever may fail in one process alone must not leave the others waiting.
    let rows = ranks.agree(read_numbers(&arguments.rows))?;
    let rows = inputs::signals(&rows).map_err(|error| error.in_file(&arguments.rows))?;
    let columns = arguments.columns.as_ref().map(read_numbers).transpose();
    let columns = ranks.agree(columns)?;
    let open = || match &columns {
        None => GramStore::open(&folder, kernel, rows, options),
        Some(columns) => {
            GramStore::open_cross(&folder, kernel, rows, inputs::signals(columns)?, options)
        }
    };
    // The first process makes the folder.
    if ranks.several() {
        ranks.agree(if ranks.is_first() {
            open().map(drop)
        } else {
            Ok(())
        })?;
    }
    let store = ranks.agree(open())?;
    let share = match arguments.share {
        Some(_) if ranks.several() => {
            return ranks.agree(Err(Error::InvalidValue {
                what: "--share".into(),
                found: "several processes of MPI, which have their shares".into(),
                expected: "one or the other".into(),
            }));
        }
        Some(share) => share,
        None => ranks.share()?,
    };
    let shown = ranks.is_first().then_some(report);
    let done = ranks.agree(store.complete_share(share, shown))?;
    bar.finish_and_clear();
    for (path, problem) in &done.damaged {
        println!("computed again: {}, found {problem}", path.display());
    }
    let counts = format!("{} tiles computed, {} found", done.computed, done.found);
    let [n1, n2] = store.shape();
    if arguments.share.is_some() {
        println!("a share of {n1} x {n2} kernels, {counts}; without --share the result is written");
        return Ok(());
    }
    let written = if ranks.is_first() {
        store.write_npz(&arguments.out).map(Some)
    } else {
        Ok(None)
    };
    if let Some(error) = ranks.agree(written)? {
        let others = if ranks.several() {
            " by the first process"
        } else {
            ""
        };
        println!(
            "{n1} x {n2} kernels, {counts}{others}, {}",
            describe(&error)
        );
    }
    Ok(())
}

pub fn describe(error: &KernelError) -> String {
    let largest = error.largest();
    let numbers = format!("nngp {:.1e}, ntk {:.1e}", largest.nngp, largest.ntk);
    match error {
        KernelError::Exact => "exact to rounding".into(),
        KernelError::Entries { .. } => format!("largest error estimate: {numbers}"),
        KernelError::Sampled { pairs, .. } => {
            format!("largest change in {pairs} pairs computed more accurately: {numbers}")
        }
    }
}

fn write(arguments: &Arguments, gram: Gram) -> Result<()> {
    let mut arrays = vec![
        ("nngp", Numbers::Real(gram.nngp.into_dyn())),
        ("ntk", Numbers::Real(gram.ntk.into_dyn())),
    ];
    if let KernelError::Entries { nngp, ntk } = gram.error {
        arrays.push(("nngp_error", Numbers::Real(nngp.into_dyn())));
        arrays.push(("ntk_error", Numbers::Real(ntk.into_dyn())));
    }
    write_npz(&arguments.out, &arrays)
}
