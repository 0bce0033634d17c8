//! `haarmonic gram`: kernel matrices.

use std::path::PathBuf;

use clap::Args;
use haarmonic::corrections::KernelAtWidth;
use haarmonic::data::arrays::{Numbers, write_npz};
use haarmonic::kernel::{Kernel, KernelError, KernelMatrices};
use haarmonic::network::Network;
use haarmonic::progress::Progress;
use haarmonic::store::{KernelStore, Share, StoreOptions};
use haarmonic::{Error, Result, memory};

use super::files::check_output;
use super::inputs::Inputs;
use super::progress::Watched;
use super::ranks::Ranks;
use super::{MAX_THREADS, PrecisionChoice, for_less_memory, make_kernel, read_network, say};

/// The advice for matrices that do not fit into memory.
const BY_TILES: &str = "use --memory to compute them by tiles on disk";

#[derive(Args)]
pub struct Arguments {
    /// The network (TOML)
    network: PathBuf,
    /// Inputs of the rows (.npy): [n, d], [n, H, W, c], [n, θ, φ, c], or complex [n, c, L, 2L-1]; graphs: a folder in the TU format, or an SDF
    /// file; molecules: an xyz or SDF file, or a folder of such files
    rows: PathBuf,
    /// Inputs of the columns; the inputs of the rows if left out
    columns: Option<PathBuf>,
    /// Precision within a pair of images or molecules
    #[arg(long, value_enum, default_value = "f64")]
    precision: PrecisionChoice,
    /// Channels of each hidden layer, separated by commas: writes `nngp_bias`, `ntk_bias`, `nngp_std`, `ntk_std` too, for one output
    #[arg(long, value_delimiter = ',', conflicts_with_all = ["resume", "memory", "share"])]
    width: Vec<usize>,
    /// Write all covariances at finite width too, arrays `v`, `d`, `a`, `b`, `f` of four axes, and for smooth activations the tensors
    /// `p`, `q`, `r`, `s`, `t`, `u` of the motion of the NTK, but not on the sphere. Few inputs, without columns
    #[arg(long, requires = "width", conflicts_with = "columns")]
    tensors: bool,
    /// Where to write `nngp`, `ntk` and their error estimates (.npz)
    #[arg(long)]
    out: PathBuf,
    /// Keep finished tiles in the folder OUT.tiles, and resume after the tiles in it
    #[arg(long)]
    resume: bool,
    /// Memory for a tile, such as 512M or 2G; inputs do not count. Implies --resume
    #[arg(long, value_parser = parse_bytes)]
    memory: Option<usize>,
    /// Compute only one share of the tiles, such as 2/8 for the second of eight processes with one disk; a last run without
    /// --share writes the result. Implies --resume
    #[arg(long, value_parser = parse_share)]
    share: Option<Share>,
    /// Number of threads, at most 1024; one per core by default
    #[arg(long)]
    threads: Option<usize>,
}

/// Parses a number of bytes, with k, M, G or T for powers of 1024.
pub fn parse_bytes(text: &str) -> std::result::Result<usize, String> {
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

/// Parses K/N with 1 ≤ K ≤ N.
fn parse_share(text: &str) -> std::result::Result<Share, String> {
    let share = text.split_once('/').and_then(|(index, count)| {
        let index: usize = index.parse().ok()?;
        Share::new(index.checked_sub(1)?, count.parse().ok()?).ok()
    });
    share.ok_or_else(|| format!("found {text:?}, expected K/N such as 2/8, with K from 1 to N"))
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let files = [Some(&arguments.network), Some(&arguments.rows)];
    let files = files.into_iter().chain([arguments.columns.as_ref()]);
    check_output(&arguments.out, files.flatten().map(PathBuf::as_path))?;
    if let Some(threads) = arguments.threads {
        use_threads(threads)?;
    }
    let ranks = Ranks::join()?;
    if arguments.share.is_some() && ranks.several() {
        return ranks.agree(Err(Error::invalid(
            "--share",
            "several processes of MPI, which have their shares",
            "one or the other",
        )));
    }
    // Every step that can fail in one process ends in `agree`, so that no process waits for a failed one.
    if !arguments.width.is_empty() && ranks.several() {
        return ranks.agree(Err(Error::invalid(
            "--width",
            "several processes of MPI",
            "one process",
        )));
    }
    let sets = ranks.agree(Sets::read(arguments))?;
    let by_tiles_anyway = arguments.resume || arguments.memory.is_some();
    let by_tiles_anyway = by_tiles_anyway || arguments.share.is_some() || ranks.several();
    if !by_tiles_anyway {
        sets.check_memory()?;
    }
    let kernel = ranks.agree(make_kernel(&sets.network, arguments.precision))?;
    let watched = Watched::new()?;
    let report = watched.progress(ranks.is_first());
    let said = match by_tiles_anyway {
        true => by_tiles(arguments, &kernel, &sets, &ranks, report),
        false => at_once(arguments, kernel.with_progress(report), &sets)
            .map_err(|error| for_less_memory(error, BY_TILES)),
    };
    drop(watched);
    say::lines(&said?)
}

/// Creates the pool of threads for all computations.
pub fn use_threads(threads: usize) -> Result<()> {
    let refused = |expected: String| Error::invalid("--threads", threads, expected);
    if !(1..=MAX_THREADS).contains(&threads) {
        return Err(refused(format!("a number from 1 to {MAX_THREADS}")));
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|err| refused(format!("a number for which threads can be made: {err}")))
}

/// The network and its inputs.
struct Sets {
    network: Network,
    rows: Inputs,
    columns: Option<Inputs>,
}

impl Sets {
    /// Reads the network and its inputs.
    fn read(arguments: &Arguments) -> Result<Sets> {
        let network = read_network(&arguments.network, arguments.precision)?;
        let rows = Inputs::read(&network, &arguments.rows)?;
        let columns = arguments.columns.as_ref();
        let columns = columns
            .map(|path| Inputs::read(&network, path))
            .transpose()?;
        Ok(Sets {
            network,
            rows,
            columns,
        })
    }

    /// Refuses matrices that do not fit into memory, before the inputs are prepared.
    fn check_memory(&self) -> Result<()> {
        let outputs = self.network.outputs().count();
        let columns = self.columns.as_ref().unwrap_or(&self.rows);
        let [n1, n2] = [&self.rows, columns].map(|inputs| inputs.len().saturating_mul(outputs));
        let what = format!("two matrices of {n1} x {n2}");
        memory::check(&what, memory::bytes(2, &[n1, n2]), BY_TILES)
    }
}

/// Computes the whole matrices in memory and writes them. Returns the lines to print.
fn at_once(arguments: &Arguments, kernel: Kernel, sets: &Sets) -> Result<Vec<String>> {
    if !arguments.width.is_empty() {
        return at_width(arguments, &kernel, sets);
    }
    let rows = sets.rows.prepare(&kernel)?;
    let gram = match &sets.columns {
        None => kernel.gram_prepared(&rows)?,
        Some(columns) => kernel.cross_prepared(&rows, &columns.prepare(&kernel)?)?,
    };
    let (n1, n2) = gram.nngp.dim();
    let said = format!("{n1} x {n2} kernels, {}", describe(&gram.error));
    write(arguments, gram)?;
    Ok(vec![said])
}

/// Computes the whole matrices with bias and standard deviation of finite width, and writes them. Returns the lines to print.
fn at_width(arguments: &Arguments, kernel: &Kernel, sets: &Sets) -> Result<Vec<String>> {
    let kernel = kernel.at_width(&arguments.width)?;
    let rows = sets.rows.signals()?;
    let gram = match &sets.columns {
        None => kernel.gram(rows)?,
        Some(columns) => kernel.cross(rows, columns.signals()?)?,
    };
    let (n1, n2) = gram.limit.nngp.dim();
    let mut said = vec![format!(
        "{n1} x {n2} kernels, {}",
        describe(&gram.limit.error)
    )];
    said.extend(doubt(&kernel));
    let mut arrays = arrays(gram.limit);
    if arguments.tensors {
        let all = kernel.tensors(sets.rows.signals()?)?;
        let mut named = vec![
            ("v", all.v),
            ("d", all.d),
            ("a", all.a),
            ("b", all.b),
            ("f", all.f),
        ];
        // The motion is not known on the sphere.
        if kernel.is_smooth() && all.quadrature_error.is_none() {
            let all = kernel.motion(sets.rows.signals()?)?;
            let (first, second) = ([("p", all.p), ("q", all.q)], [("r", all.r), ("s", all.s)]);
            named.extend(first.into_iter().chain(second));
            named.extend([("t", all.t), ("u", all.u)]);
        }
        if let Some(error) = all.quadrature_error {
            said.push(format!(
                "tensors: quadrature error {:.1} % of the largest entry",
                100.0 * error
            ));
        }
        let named = named.into_iter();
        arrays.extend(named.map(|(name, array)| (name, Numbers::Real(array.into_dyn()))));
    }
    arrays.extend(
        [
            ("nngp_bias", gram.nngp_bias),
            ("ntk_bias", gram.ntk_bias),
            ("nngp_std", gram.nngp_std),
            ("ntk_std", gram.ntk_std),
        ]
        .map(|(name, array)| (name, Numbers::Real(array.into_dyn()))),
    );
    if let Some(errors) = gram.quadrature_error {
        let names = [
            "nngp_bias_error",
            "ntk_bias_error",
            "nngp_std_error",
            "ntk_std_error",
        ];
        for (name, array) in names.into_iter().zip(errors) {
            arrays.push((name, Numbers::Real(array.into_dyn())));
        }
    }
    write_npz(&arguments.out, &arrays)?;
    Ok(said)
}

/// A warning where the first order in 1/n is a poor approximation.
pub fn doubt(kernel: &KernelAtWidth) -> Option<String> {
    const LARGE: f64 = 0.2;
    let error = kernel.relative_error();
    (error > LARGE).then(|| {
        format!(
            "warning: bias and spread may be off by {:.0} % (2.5 times the sum of 1/width): the layers are narrow for their depth",
            100.0 * error
        )
    })
}

/// Computes the matrices tile by tile, through a folder beside the result. Returns the lines to print.
fn by_tiles(
    arguments: &Arguments,
    kernel: &Kernel,
    sets: &Sets,
    ranks: &Ranks,
    report: Progress,
) -> Result<Vec<String>> {
    let mut folder = arguments.out.clone().into_os_string();
    folder.push(".tiles");
    let folder = PathBuf::from(folder);
    let mut options = StoreOptions::default();
    if let Some(memory) = arguments.memory {
        options.memory = memory;
    }
    let rows = sets.rows.signals()?;
    let open = || match &sets.columns {
        None => KernelStore::open(&folder, kernel, rows, options),
        Some(columns) => {
            KernelStore::open_cross(&folder, kernel, rows, columns.signals()?, options)
        }
    };
    // The first process creates the folder before the others open it.
    if ranks.several() {
        ranks.agree(if ranks.is_first() {
            open().map(drop)
        } else {
            Ok(())
        })?;
    }
    let store = ranks.agree(open())?;
    let share = match arguments.share {
        Some(share) => share,
        None => ranks.share()?,
    };
    let done = ranks.agree(store.complete_share(share, Some(report)))?;
    let damaged = done.damaged.iter();
    let mut said: Vec<String> = damaged
        .map(|(path, problem)| format!("computed again: {}, found {problem}", path.display()))
        .collect();
    let counts = format!("{} tiles computed, {} found", done.computed, done.found);
    let [n1, n2] = store.shape();
    if arguments.share.is_some() {
        said.push(format!(
            "a share of {n1} x {n2} kernels, {counts}; without --share the result is written"
        ));
        return Ok(said);
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
        said.push(format!(
            "{n1} x {n2} kernels, {counts}{others}, {}",
            describe(&error)
        ));
    }
    Ok(said)
}

/// Describes the error of kernels in one phrase.
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

/// Writes the kernels and their error estimates.
fn write(arguments: &Arguments, gram: KernelMatrices) -> Result<()> {
    write_npz(&arguments.out, &arrays(gram))
}

/// The kernels and their error estimates with their names.
fn arrays(gram: KernelMatrices) -> Vec<(&'static str, Numbers)> {
    let mut arrays = vec![
        ("nngp", Numbers::Real(gram.nngp.into_dyn())),
        ("ntk", Numbers::Real(gram.ntk.into_dyn())),
    ];
    if let KernelError::Entries { nngp, ntk } = gram.error {
        arrays.push(("nngp_error", Numbers::Real(nngp.into_dyn())));
        arrays.push(("ntk_error", Numbers::Real(ntk.into_dyn())));
    }
    arrays
}
