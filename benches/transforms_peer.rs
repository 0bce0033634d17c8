//! The times of the transforms, as JSON lines, for `benches/transforms_peer.py`, which sets them beside other libraries.
//!
//! `cargo bench --bench transforms_peer -- [--case NAME --limit L] [--threads N] [--seconds S]`
//!
//! Cases: `sht` (one real signal, Gauss–Legendre), `batch` (1000 of them), `rotation` (coefficients of a real signal),
//! `rotations` (100 of them, `square` as arrays `[L, 2L − 1]`, `half` as their coefficients m ≥ 0), `wigner` (all Wigner matrices of
//! one angle, and their quarters). Each line has the least time of a call in nanoseconds, divided by the signals of the call.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use haarmonic::group::EulerZyz;
use haarmonic::sphere::{CoefficientRotation, Sampling, ShtPlan, ShtPlanner, ShtScratch};
use haarmonic::wigner::WignerDegrees;
use ndarray::{Array1, Array2, Array3, ArrayViewMut2, Axis};

use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const CASES: [(&str, &[usize]); 5] = [
    ("sht", &[64, 128, 256, 512, 1024]),
    ("batch", &[8, 16, 32]),
    ("rotation", &[16, 32, 64, 128, 256, 512]),
    ("rotations", &[16, 32, 64, 128, 256]),
    ("wigner", &[64, 256]),
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

/// Coefficients in the order of the other libraries: m by m, m >= 0.
fn sht(timer: &Timer, plan: &ShtPlan, mut scratch: ShtScratch) -> haarmonic::Result<()> {
    let dense = random(1, timer.band_limit).remove_axis(Axis(0));
    let mut signal: Array2<f64> = plan.inverse(dense.view())?;
    let mut half = Array1::from_elem(plan.half_len(), Complex64::ZERO);
    plan.forward_into(signal.view(), half.view_mut(), &mut scratch)?;
    let mut out = half.clone();
    timer.print("forward", 1, || {
        plan.forward_into(black_box(signal.view()), out.view_mut(), &mut scratch)
    })?;
    timer.print("inverse", 1, || {
        plan.inverse_into(black_box(half.view()), signal.view_mut(), &mut scratch)
    })
}

fn batch(timer: &Timer, plan: &ShtPlan, mut scratch: ShtScratch) -> haarmonic::Result<()> {
    let dense = random(BATCH, timer.band_limit);
    let [rings, longitudes] = plan.signal_shape();
    let mut signals = Array3::<f64>::zeros((BATCH, rings, longitudes));
    plan.inverse_into(dense.view(), signals.view_mut(), &mut scratch)?;
    let mut half = Array2::zeros((BATCH, plan.half_len()));
    timer.print("forward", BATCH, || {
        plan.forward_into(black_box(signals.view()), half.view_mut(), &mut scratch)
    })?;
    timer.print("inverse", BATCH, || {
        plan.inverse_into(black_box(half.view()), signals.view_mut(), &mut scratch)
    })
}

fn rotations(timer: &Timer, count: usize) -> haarmonic::Result<()> {
    let coeffs = random(count, timer.band_limit);
    let mut rotated = coeffs.clone();
    let rotation = CoefficientRotation::real(timer.band_limit)?;
    let mut scratch = rotation.make_parallel_scratch();
    let euler = EulerZyz::new(0.3, 1.1, -0.7)?;
    let name = if count == 1 { "rotate" } else { "square" };
    timer.print(name, count, || {
        if count == 1 {
            let (from, to) = (
                coeffs.index_axis(Axis(0), 0),
                rotated.index_axis_mut(Axis(0), 0),
            );
            return rotation.rotate_into(black_box(from), &euler, to, &mut scratch);
        }
        rotation.rotate_into(
            black_box(coeffs.view()),
            &euler,
            rotated.view_mut(),
            &mut scratch,
        )
    })?;
    if count == 1 {
        return Ok(());
    }
    let limit = timer.band_limit;
    let mut half = Array2::zeros((count, limit * (limit + 1) / 2));
    for (mut half, coeffs) in half.outer_iter_mut().zip(coeffs.outer_iter()) {
        let orders = (0..limit).flat_map(|m| (m..limit).map(move |l| (l, limit - 1 + m)));
        for (value, at) in half.iter_mut().zip(orders) {
            *value = coeffs[at];
        }
    }
    let of_half = CoefficientRotation::half(limit)?;
    let mut turned = half.clone();
    timer.print("half", count, || {
        of_half.rotate_into(
            black_box(half.view()),
            &euler,
            turned.view_mut(),
            &mut scratch,
        )
    })
}

fn wigner(timer: &Timer) -> haarmonic::Result<()> {
    let size = 2 * timer.band_limit - 1;
    let mut space = vec![0.0; size * size];
    timer.print("matrices", 1, || {
        let mut degrees = WignerDegrees::new(timer.band_limit, black_box(1.1))?;
        while let Some(d) = degrees.next_degree() {
            let size = 2 * d.degree() + 1;
            let space = &mut space[..size * size];
            d.write_matrix(ArrayViewMut2::from_shape((size, size), space).expect("square"))?;
        }
        Ok(())
    })?;
    timer.print("quarters", 1, || {
        let mut degrees = WignerDegrees::new(timer.band_limit, black_box(1.1))?;
        while let Some(d) = degrees.next_degree() {
            d.write_quarter(&mut space[..(d.degree() + 1).pow(2)])?;
        }
        Ok(())
    })?;
    timer.print("recursion", 1, || {
        let mut degrees = WignerDegrees::new(timer.band_limit, black_box(1.1))?;
        while let Some(d) = degrees.next_degree() {
            black_box(d.value(0, 0));
        }
        Ok(())
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
            let plan = planner
                .plan_with_longitudes(band_limit, Sampling::GaussLegendre, 2 * band_limit)
                .map_err(|error| error.to_string())?;
            let scratch = if threads == 1 {
                plan.make_scratch()
            } else {
                plan.make_parallel_scratch()
            };
            pool.install(|| match case {
                "sht" => sht(&timer, &plan, scratch),
                "batch" => batch(&timer, &plan, scratch),
                "rotation" => rotations(&timer, 1),
                "wigner" => wigner(&timer),
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
