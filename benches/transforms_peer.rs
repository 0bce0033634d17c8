//! The times of the transforms, as JSON lines, for `benches/transforms_peer.py`, which sets them beside other libraries.
//!
//! `cargo bench --bench transforms_peer -- [--case NAME --limit L] [--threads N] [--seconds S]`
//!
//! Cases: `sht` (one real signal, Gauss–Legendre), `batch` (1000 of them), `rotation` (coefficients of a real signal),
//! `rotations` (100 of them). Each line has the least time of a call in nanoseconds, divided by the signals of the call.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use haarmonic::sphere::{ShtPlan, ShtPlanner};
use ndarray::{Array2, Array3, Axis};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What is called, and how: all use of the library is here.
mod calls {
    use std::sync::Arc;

    use haarmonic::Result;
    use haarmonic::sphere::{Sampling, ShtPlan, ShtPlanner, rotate_coefficients_into};
    use ndarray::{ArrayView2, ArrayView3, ArrayViewMut2, ArrayViewMut3};
    use num_complex::Complex64;
    use rayon::prelude::*;

    pub fn plan(planner: &mut ShtPlanner, band_limit: usize) -> Result<Arc<ShtPlan>> {
        planner.plan(band_limit, Sampling::GaussLegendre)
    }

    pub fn forward_batch(
        plan: &ShtPlan,
        signals: ArrayView3<'_, f64>,
        mut coeffs: ArrayViewMut3<'_, Complex64>,
    ) -> Result<()> {
        signals
            .outer_iter()
            .zip(coeffs.outer_iter_mut())
            .collect::<Vec<_>>()
            .into_par_iter()
            .try_for_each_init(
                || plan.make_scratch(),
                |scratch, (signal, coeffs)| plan.forward_into(signal, coeffs, scratch),
            )
    }

    pub fn inverse_batch(
        plan: &ShtPlan,
        coeffs: ArrayView3<'_, Complex64>,
        mut signals: ArrayViewMut3<'_, f64>,
    ) -> Result<()> {
        coeffs
            .outer_iter()
            .zip(signals.outer_iter_mut())
            .collect::<Vec<_>>()
            .into_par_iter()
            .try_for_each_init(
                || plan.make_scratch(),
                |scratch, (coeffs, signal)| plan.inverse_into(coeffs, signal, scratch),
            )
    }

    pub fn rotate(
        coeffs: ArrayView2<'_, Complex64>,
        rotated: ArrayViewMut2<'_, Complex64>,
    ) -> Result<()> {
        rotate_coefficients_into(coeffs, 0.3, 1.1, -0.7, rotated)
    }

    pub fn rotate_batch(
        coeffs: ArrayView3<'_, Complex64>,
        mut rotated: ArrayViewMut3<'_, Complex64>,
    ) -> Result<()> {
        coeffs
            .outer_iter()
            .zip(rotated.outer_iter_mut())
            .collect::<Vec<_>>()
            .into_par_iter()
            .try_for_each(|(coeffs, rotated)| rotate(coeffs, rotated))
    }
}

const CASES: [(&str, &[usize]); 4] = [
    ("sht", &[64, 128, 256, 512, 1024]),
    ("batch", &[8, 16, 32]),
    ("rotation", &[64, 256, 512]),
    ("rotations", &[64]),
];
const BATCH: usize = 1000;
const ROTATIONS: usize = 100;

struct Timer {
    case: &'static str,
    band_limit: usize,
    threads: usize,
    budget: Duration,
}

impl Timer {
    /// The least time of a call within the budget, three calls at least.
    fn print(
        &self,
        direction: &str,
        signals: usize,
        mut call: impl FnMut() -> haarmonic::Result<()>,
    ) -> haarmonic::Result<()> {
        let start = Instant::now();
        let (mut least, mut calls) = (f64::INFINITY, 0);
        while calls < 3 || start.elapsed() < self.budget {
            let before = Instant::now();
            call()?;
            least = least.min(before.elapsed().as_nanos() as f64);
            calls += 1;
        }
        println!(
            "{{\"case\": \"{}\", \"limit\": {}, \"direction\": \"{direction}\", \"threads\": {}, \"ns\": {:.1}, \"calls\": {calls}}}",
            self.case,
            self.band_limit,
            self.threads,
            least / signals as f64
        );
        Ok(())
    }
}

/// Coefficients of real signals.
fn random(signals: usize, band_limit: usize) -> Array3<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let middle = band_limit - 1;
    let mut coeffs = Array3::zeros((signals, band_limit, 2 * band_limit - 1));
    for mut coeffs in coeffs.outer_iter_mut() {
        for l in 0..band_limit {
            for m in 0..=l {
                let im = if m == 0 {
                    0.0
                } else {
                    rng.random_range(-1.0..1.0)
                };
                let value = Complex64::new(rng.random_range(-1.0..1.0), im);
                let sign = if m % 2 == 0 { 1.0 } else { -1.0 };
                coeffs[[l, middle - m]] = sign * value.conj();
                coeffs[[l, middle + m]] = value;
            }
        }
    }
    coeffs
}

fn sht(timer: &Timer, plan: &ShtPlan) -> haarmonic::Result<()> {
    let coeffs = random(1, timer.band_limit).remove_axis(Axis(0));
    let signal: Array2<f64> = plan.inverse(coeffs.view())?;
    let (mut scratch, mut out, mut samples) =
        (plan.make_scratch(), plan.make_coeffs(), signal.clone());
    timer.print("forward", 1, || {
        plan.forward_into(black_box(signal.view()), out.view_mut(), &mut scratch)
    })?;
    timer.print("inverse", 1, || {
        plan.inverse_into(black_box(coeffs.view()), samples.view_mut(), &mut scratch)
    })
}

fn batch(timer: &Timer, plan: &ShtPlan) -> haarmonic::Result<()> {
    let coeffs = random(BATCH, timer.band_limit);
    let [rings, longitudes] = plan.signal_shape();
    let mut signals = Array3::zeros((BATCH, rings, longitudes));
    calls::inverse_batch(plan, coeffs.view(), signals.view_mut())?;
    let (mut out, mut samples) = (coeffs.clone(), signals.clone());
    timer.print("forward", BATCH, || {
        calls::forward_batch(plan, black_box(signals.view()), out.view_mut())
    })?;
    timer.print("inverse", BATCH, || {
        calls::inverse_batch(plan, black_box(coeffs.view()), samples.view_mut())
    })
}

fn rotations(timer: &Timer, count: usize) -> haarmonic::Result<()> {
    let coeffs = random(count, timer.band_limit);
    let mut rotated = coeffs.clone();
    timer.print("rotate", count, || {
        if count == 1 {
            let (from, to) = (
                coeffs.index_axis(Axis(0), 0),
                rotated.index_axis_mut(Axis(0), 0),
            );
            return calls::rotate(black_box(from), to);
        }
        calls::rotate_batch(black_box(coeffs.view()), rotated.view_mut())
    })
}

fn run(arguments: &[String]) -> Result<(), String> {
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1)
    };
    let number = |name: &str, default: f64| match value(name) {
        None => Ok(default),
        Some(text) => text
            .parse::<f64>()
            .map_err(|_| format!("{name}: a number, not {text:?}")),
    };
    let threads = number("--threads", 1.0)? as usize;
    let budget =
        Duration::try_from_secs_f64(number("--seconds", 0.3)?).map_err(|e| e.to_string())?;
    let only = number("--limit", 0.0)? as usize;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| error.to_string())?;
    let mut planner = ShtPlanner::new();
    for (case, limits) in CASES {
        if value("--case").is_some_and(|name| name != case) {
            continue;
        }
        for &band_limit in limits.iter().filter(|&&limit| only == 0 || limit == only) {
            let timer = Timer {
                case,
                band_limit,
                threads,
                budget,
            };
            let plan = calls::plan(&mut planner, band_limit).map_err(|error| error.to_string())?;
            pool.install(|| match case {
                "sht" => sht(&timer, &plan),
                "batch" => batch(&timer, &plan),
                "rotation" => rotations(&timer, 1),
                _ => rotations(&timer, ROTATIONS),
            })
            .map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    match run(&std::env::args().collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}
