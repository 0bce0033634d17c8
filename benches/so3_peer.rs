//! The times of the Wigner transform and of correlation, as JSON lines, for `benches/so3_peer.py`, which sets them beside so3.
//!
//! `cargo bench --bench so3_peer -- --limit L [--seconds S] [--memory]`
//!
//! Each line has the least time of a call in nanoseconds, on one thread, planning apart. Grids: Gauss–Legendre with
//! fast numbers of angles (`fast`), and the samples of so3 itself, McEwen–Wiaux with 2L − 1 angles (`same`). With `--memory`
//! one complex and one real function go there and back, and the largest resident memory of the program is printed.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use haarmonic::so3::{RotationGrid, WignerPlan, WignerPlanner, correlate_real_into};
use haarmonic::sphere::Sampling;
use ndarray::Array3;
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

struct Timer {
    grid: &'static str,
    band_limit: usize,
    budget: Duration,
}

impl Timer {
    /// The least time of a call within the budget, two calls at least.
    fn print(
        &self,
        case: &str,
        mut call: impl FnMut() -> haarmonic::Result<()>,
    ) -> Result<(), String> {
        let start = Instant::now();
        let (mut least, mut calls) = (f64::INFINITY, 0);
        while calls < 2 || start.elapsed() < self.budget {
            let before = Instant::now();
            call().map_err(|error| error.to_string())?;
            least = least.min(before.elapsed().as_nanos() as f64);
            calls += 1;
        }
        println!(
            "{{\"case\": \"{case}\", \"grid\": \"{}\", \"limit\": {}, \"ns\": {least:.1}, \"calls\": {calls}}}",
            self.grid, self.band_limit,
        );
        Ok(())
    }
}

fn random(shape: [usize; 3]) -> Array3<Complex64> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    Array3::from_shape_simple_fn(shape, || {
        Complex64::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0))
    })
}

fn transforms(timer: &Timer, plan: &WignerPlan) -> Result<(), String> {
    let mut scratch = plan.make_scratch();
    let coeffs = random(plan.coeffs_shape());
    let mut back = plan.make_coeffs();
    let mut samples = Array3::<Complex64>::zeros(plan.signal_shape());
    timer.print("inverse, complex", || {
        plan.inverse_into(black_box(coeffs.view()), samples.view_mut(), &mut scratch)
    })?;
    timer.print("forward, complex", || {
        plan.forward_into(black_box(samples.view()), back.view_mut(), &mut scratch)
    })?;
    drop(samples);
    let mut samples = Array3::<f64>::zeros(plan.signal_shape());
    timer.print("inverse, real", || {
        plan.inverse_into(black_box(coeffs.view()), samples.view_mut(), &mut scratch)
    })?;
    timer.print("forward, real", || {
        plan.forward_into(black_box(samples.view()), back.view_mut(), &mut scratch)
    })?;
    let limit = timer.band_limit;
    let [f, g] = [1, 2].map(|k| random([1, limit, 2 * limit - 1]) * Complex64::from(k as f64));
    timer.print("correlation, real", || {
        correlate_real_into(
            plan,
            black_box(f.view()),
            g.view(),
            samples.view_mut(),
            &mut scratch,
        )
    })
}

/// One transform each, there and back, and the high-water mark of the resident memory (Linux).
fn memory(plan: &WignerPlan) -> Result<(), String> {
    let report = |what: &str| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status.lines().find(|line| line.starts_with("VmHWM"));
        println!("{what}: {}", peak.unwrap_or("resident memory is not known"));
    };
    let fail = |error: haarmonic::Error| error.to_string();
    let mut scratch = plan.make_scratch();
    report("plan and scratch");
    let mut coeffs = random(plan.coeffs_shape());
    let mut samples = Array3::<f64>::zeros(plan.signal_shape());
    plan.inverse_into(coeffs.view(), samples.view_mut(), &mut scratch)
        .map_err(fail)?;
    plan.forward_into(samples.view(), coeffs.view_mut(), &mut scratch)
        .map_err(fail)?;
    drop(samples);
    report("real");
    let mut samples = Array3::<Complex64>::zeros(plan.signal_shape());
    plan.inverse_into(coeffs.view(), samples.view_mut(), &mut scratch)
        .map_err(fail)?;
    plan.forward_into(samples.view(), coeffs.view_mut(), &mut scratch)
        .map_err(fail)?;
    report("complex");
    Ok(())
}

fn run(arguments: &[String]) -> Result<(), String> {
    let number = |name: &str, default: f64| {
        let place = arguments.iter().position(|argument| argument == name);
        match place.and_then(|place| arguments.get(place + 1)) {
            None => Ok(default),
            Some(text) => text
                .parse::<f64>()
                .map_err(|_| format!("{name}: a number, not {text:?}")),
        }
    };
    let band_limit = number("--limit", 16.0)? as usize;
    let budget =
        Duration::try_from_secs_f64(number("--seconds", 0.3)?).map_err(|e| e.to_string())?;
    let mut planner = WignerPlanner::new();
    let grids = [
        (
            "fast",
            RotationGrid::fast(band_limit, band_limit, Sampling::GaussLegendre),
        ),
        ("same", RotationGrid::new(band_limit, Sampling::McEwenWiaux)),
    ];
    for (name, grid) in grids {
        let grid = grid.map_err(|error| error.to_string())?;
        let plan = planner
            .plan_on(band_limit, &grid)
            .map_err(|error| error.to_string())?;
        if arguments.iter().any(|argument| argument == "--memory") {
            return memory(&plan);
        }
        let timer = Timer {
            grid: name,
            band_limit,
            budget,
        };
        transforms(&timer, &plan)?;
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
