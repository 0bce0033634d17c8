//! The times of values at points, as JSON lines, for `benches/points_peer.py`, which sets them beside ducc0.
//!
//! `cargo bench --bench points_peer -- [--limit L] [--points N] [--tolerance ε] [--spin s] [--threads N] [--seconds S]`
//!
//! Directions: `plan`, `synthesis`, `adjoint`. Each line has the least time of a call in nanoseconds on the wall clock, and on the
//! processor for one thread where the system counts it (Linux).

use std::f64::consts::TAU;
use std::fs;
use std::hint::black_box;
use std::time::Instant;

use haarmonic::sphere::{PointPlan, PointSpinPlan};
use ndarray::{Array1, Array2};
use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Nanoseconds of this thread on a processor.
fn processor() -> Option<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

struct Timer {
    seconds: f64,
    description: String,
}

impl Timer {
    fn print(
        &self,
        direction: &str,
        mut call: impl FnMut() -> haarmonic::Result<()>,
    ) -> haarmonic::Result<()> {
        let start = Instant::now();
        let (mut wall, mut cpu, mut calls) = (f64::INFINITY, f64::INFINITY, 0);
        while calls < 3 || start.elapsed().as_secs_f64() < self.seconds {
            let (before, processor_before) = (Instant::now(), processor());
            call()?;
            wall = wall.min(before.elapsed().as_nanos() as f64);
            if let (Some(before), Some(after)) = (processor_before, processor()) {
                cpu = cpu.min(after - before);
            }
            calls += 1;
        }
        let cpu = if cpu.is_finite() { cpu } else { wall };
        println!(
            "{{{}, \"direction\": \"{direction}\", \"ns\": {wall:.1}, \"cpu_ns\": {cpu:.1}, \"calls\": {calls}}}",
            self.description
        );
        Ok(())
    }
}

fn option(name: &str, default: f64) -> f64 {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    let value = arguments.nth(1);
    value.map_or(default, |value| value.parse().expect("a number"))
}

fn main() -> haarmonic::Result<()> {
    let (limit, count) = (
        option("--limit", 512.0) as usize,
        option("--points", 1e6) as usize,
    );
    let (tolerance, spin) = (option("--tolerance", 1e-6), option("--spin", 0.0) as i32);
    let threads = option("--threads", 1.0) as usize;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.expect("threads");
    let timer = Timer {
        seconds: option("--seconds", 2.0),
        description: format!(
            "\"limit\": {limit}, \"points\": {count}, \"tolerance\": {tolerance:e}, \"spin\": {spin}, \"threads\": {threads}"
        ),
    };
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let points = Array2::from_shape_fn((count, 2), |(_, k)| match k {
        0 => (1.0 - 2.0 * rng.random::<f64>()).acos(),
        _ => TAU * rng.random::<f64>(),
    });
    let half = limit * (limit + 1) / 2;
    let parts = if spin == 0 { 1 } else { 2 };
    let mut coeffs = Array1::from_shape_fn(parts * half, |i| {
        let im = if i % half < limit {
            0.0
        } else {
            rng.random_range(-1.0..1.0)
        };
        Complex64::new(rng.random_range(-1.0..1.0), im)
    });
    let mut values = Array1::<f64>::zeros(parts * count);
    macro_rules! run {
        ($plan:expr, $coeffs:expr, $values:expr) => {{
            timer.print("plan", || black_box($plan).map(|_| ()))?;
            let plan = $plan?;
            let mut scratch = if threads == 1 {
                plan.make_scratch()
            } else {
                plan.make_parallel_scratch()
            };
            let (mut coeffs, mut values) = ($coeffs, $values);
            timer.print("synthesis", || {
                plan.inverse_into(black_box(coeffs.view()), values.view_mut(), &mut scratch)
            })?;
            timer.print("adjoint", || {
                plan.inverse_adjoint_into(black_box(values.view()), coeffs.view_mut(), &mut scratch)
            })
        }};
    }
    pool.install(|| {
        if spin == 0 {
            run!(
                PointPlan::with_tolerance(points.view(), limit, tolerance),
                coeffs.view_mut(),
                values.view_mut()
            )
        } else {
            run!(
                PointSpinPlan::with_tolerance(points.view(), limit, spin, tolerance),
                coeffs
                    .view_mut()
                    .into_shape_with_order((2, half))
                    .expect("two modes"),
                values
                    .view_mut()
                    .into_shape_with_order((2, count))
                    .expect("two planes")
            )
        }
    })
}
