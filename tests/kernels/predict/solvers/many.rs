//! Solvers of many points: steps from outside, several ridges, several processes, kernels that are computed, and costs.

use std::sync::{Arc, Barrier, Mutex};

use super::*;
use haarmonic::activation::Activation;
use haarmonic::kernel::Kernel;
use haarmonic::network::{Init, Network};
use haarmonic::predict::{
    ComputedRows, ConjugateGradientSteps, KernelKind, Processes, Regression, Solver,
};

/// Threads that act as the processes of one computation.
struct Thread {
    place: [usize; 2],
    shared: Arc<(Barrier, Mutex<Vec<Vec<f64>>>)>,
}

impl Thread {
    fn all(count: usize) -> Vec<Arc<dyn Processes>> {
        let shared = Arc::new((Barrier::new(count), Mutex::new(vec![Vec::new(); count])));
        let one = |index| Thread {
            place: [index, count],
            shared: Arc::clone(&shared),
        };
        (0..count)
            .map(|k| Arc::new(one(k)) as Arc<dyn Processes>)
            .collect()
    }
}

impl Processes for Thread {
    fn place(&self) -> [usize; 2] {
        self.place
    }

    fn sum(&self, values: &mut [f64]) -> Result<()> {
        let (barrier, parts) = &*self.shared;
        parts.lock().unwrap()[self.place[0]] = values.to_vec();
        barrier.wait();
        values.fill(0.0);
        for part in parts.lock().unwrap().iter() {
            for (value, other) in values.iter_mut().zip(part) {
                *value += other;
            }
        }
        barrier.wait();
        Ok(())
    }
}

fn perceptron() -> Kernel {
    let scale = Init::new(1.4, 0.2);
    let network = Network::vector(3)
        .dense(scale)
        .activation(Activation::Relu)
        .dense(scale);
    Kernel::new(&network.build().unwrap()).unwrap()
}

/// Every share, process and budget gives the rows and the solution of the whole matrix.
#[test]
fn processes_and_shares_are_one_matrix() {
    let n = 61;
    let (kernel, x, y) = (perceptron(), random(n, 3), random(n, 2));
    let prepared = kernel.prepare(x.view()).unwrap();
    let test = kernel.prepare(random(7, 3).view()).unwrap();
    let gram = kernel.gram(x.view()).unwrap();
    let cross = kernel.cross_prepared(&test, &prepared).unwrap();
    let ridges = [1e-1, 1e-2].map(Ridge::Absolute);
    let solver = ConjugateGradient {
        tolerance: 1e-10,
        ..ConjugateGradient::default()
    };
    for (kind, want) in [(KernelKind::Nngp, &gram.nngp), (KernelKind::Ntk, &gram.ntk)] {
        let largest = want.diag().fold(0.0_f64, |m, d| m.max(*d));
        let close = |name: &str, found: &Array2<f64>, want: &Array2<f64>| {
            assert_named_close(name, found, want, tol::sum(n, largest));
        };
        let rows = ComputedRows::new(&kernel, prepared.clone(), kind).unwrap();
        let shares = (0..5).map(|k| rows.product_of_share(y.view(), [k, 5]).unwrap());
        close(
            "shares",
            &shares.reduce(|a, b| a + b).unwrap(),
            &want.dot(&y),
        );
        assert!(rows.product_of_share(y.view(), [5, 5]).is_err());
        let columns = rows.columns(&test, &[4, 60, 0]).unwrap();
        assert_eq!(columns, kind.of(&cross).select(Axis(1), &[4, 60, 0]));
        assert!(rows.columns(&test, &[n]).is_err());
        for memory in [0, 6000, 1 << 20] {
            let solve = |processes: Arc<dyn Processes>| {
                let rows = rows.clone().among(processes).keeping(memory);
                assert_eq!(rows.diagonal().unwrap(), want.diag());
                let mut some = Array2::zeros((2, n));
                rows.write_rows(17..19, some.view_mut()).unwrap();
                assert_eq!(some, want.slice_axis(Axis(0), (17..19).into()));
                let factor = PivotedCholesky::new(&rows, 12, 0.0).unwrap();
                let preconditioner = Preconditioner::new(&factor).unwrap();
                let solved = solver.fit_ridges(&rows, y.view(), &ridges, Some(&preconditioner));
                let solved = solved.unwrap();
                let first = rows.predict(&test, solved[0].model.coefficients().view());
                (rows.kept(), solved, first.unwrap())
            };
            let answers = std::thread::scope(|scope| {
                let threads = Thread::all(3).into_iter();
                let threads: Vec<_> = threads.map(|one| scope.spawn(move || solve(one))).collect();
                threads
                    .into_iter()
                    .map(|t| t.join().unwrap())
                    .collect::<Vec<_>>()
            });
            assert!(if memory == 6000 {
                answers[0].0 > 0.0 && answers[0].0 < 1.0
            } else {
                answers[0].0 == f64::from(u8::from(memory > 0))
            });
            for (_, solved, first) in &answers {
                for (ridge, solved) in ridges.iter().zip(solved) {
                    let Ridge::Absolute(epsilon) = *ridge else {
                        unreachable!()
                    };
                    let dense = dense_solution(want, &y, epsilon);
                    let tolerance = tol::from_residual(solver.tolerance, condition(want, epsilon));
                    assert_named_close("solution", solved.model.coefficients(), &dense, tolerance);
                    // All processes have the same numbers.
                    assert_eq!(
                        answers[0].1[0].model.coefficients(),
                        answers[1].1[0].model.coefficients()
                    );
                }
                close(
                    "prediction",
                    first,
                    &kind.of(&cross).dot(solved[0].model.coefficients()),
                );
            }
        }
    }
}

/// The error of one process is an error of all of them, and none waits.
#[test]
fn an_error_of_one_process_ends_all() {
    let kernel = perceptron();
    let x = random(40, 3);
    let rows = ComputedRows::new(&kernel, kernel.prepare(x.view()).unwrap(), KernelKind::Ntk);
    let rows = rows.unwrap();
    let errors = std::thread::scope(|scope| {
        let one = |processes: Arc<dyn Processes>| {
            let first = processes.place()[0] == 0;
            let stop = Arc::new(move |_, _| match first {
                true => std::ops::ControlFlow::Break(()),
                false => std::ops::ControlFlow::Continue(()),
            });
            let rows = rows.clone().among(processes).with_progress(stop);
            let x = &x;
            scope.spawn(move || rows.product(x.view()).unwrap_err())
        };
        let threads: Vec<_> = Thread::all(3).into_iter().map(one).collect();
        threads
            .into_iter()
            .map(|t| t.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert!(
        matches!(errors[0], Error::Cancelled { .. }),
        "{}",
        errors[0]
    );
    for error in &errors[1..] {
        assert!(error.to_string().contains("another process"), "{error}");
    }
}

/// Ridges that are solved together take the steps and find the solutions of each alone; a state resumes to the bit.
#[test]
fn ridges_share_products_and_states_resume() {
    let n = 80;
    let (kernel, targets) = (gaussian_kernel(n, 0.2), random(n, 3));
    let rows = KernelMatrix::new(kernel.view()).unwrap();
    let preconditioner = Preconditioner::new(&partial(&kernel, 15)).unwrap();
    let solver = ConjugateGradient {
        tolerance: tol::FEW_STEPS,
        ..ConjugateGradient::default()
    };
    let ridges = [1.0, 1e-3, 0.1].map(Ridge::Absolute);
    for preconditioner in [None, Some(&preconditioner)] {
        let together = solver
            .fit_ridges(&rows, targets.view(), &ridges, preconditioner)
            .unwrap();
        for (ridge, found) in ridges.iter().zip(&together) {
            let alone = solver
                .fit(&rows, targets.view(), *ridge, preconditioner)
                .unwrap();
            assert_eq!(found.iterations, alone.iterations);
            let Ridge::Absolute(epsilon) = *ridge else {
                unreachable!()
            };
            let tolerance = tol::from_residual(solver.tolerance, condition(&kernel, epsilon));
            assert_named_close(
                "coefficients",
                found.model.coefficients(),
                alone.model.coefficients(),
                tolerance,
            );
        }
        let begin = |solver: ConjugateGradient, targets: &Array2<f64>, diagonal: Array1<f64>| {
            let preconditioner = preconditioner.map(std::borrow::Cow::Borrowed);
            ConjugateGradientSteps::new(solver, diagonal, targets.view(), &ridges, preconditioner)
                .unwrap()
        };
        let fresh = || begin(solver, &targets, kernel.diag().to_owned());
        // The state before each step continues to the end; the last one wants no product.
        let mut steps = fresh();
        let mut count = 0;
        loop {
            let mut other = fresh();
            other.restore(&steps.state()).unwrap();
            while let Some(wanted) = other.wanted() {
                other
                    .advance(rows.product(wanted.view()).unwrap().view())
                    .unwrap();
            }
            for (found, want) in other.finish().unwrap().iter().zip(&together) {
                assert_eq!(found.model.coefficients(), want.model.coefficients());
                assert_eq!(
                    (found.iterations, found.condition),
                    (want.iterations, want.condition)
                );
            }
            let Some(wanted) = steps.wanted() else { break };
            steps
                .advance(rows.product(wanted.view()).unwrap().view())
                .unwrap();
            count += 1;
        }
        // One product per step, and one or more for the residual.
        assert!(count > steps.iterations() && steps.iterations() >= together[1].iterations);
        let state = steps.state();
        let shorter = ConjugateGradient {
            tolerance: 0.5,
            ..solver
        };
        for (mut other, what) in [
            (
                begin(shorter, &targets, kernel.diag().to_owned()),
                "another tolerance",
            ),
            (
                begin(solver, &(&targets + 0.5), kernel.diag().to_owned()),
                "other targets",
            ),
            (
                begin(
                    solver,
                    &targets,
                    kernel.diag().mapv(|d| d * (1.0 + tol::exact())),
                ),
                "another",
            ),
        ] {
            let error = other.restore(&state).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
        for name in ["solution", "targets", "counts", "problem"] {
            let part: Vec<_> = state
                .iter()
                .filter(|(key, _)| *key != name)
                .cloned()
                .collect();
            assert!(fresh().restore(&part).is_err(), "{name}");
        }
        assert!(fresh().advance(targets.view()).is_err());
        assert!(fresh().finish().is_err());
        assert!(steps.advance(targets.view()).is_err());
    }
    assert!(solver.fit_ridges(&rows, targets.view(), &[], None).is_err());
}

/// All solvers find the regression; the costs count pairs, and foresee steps and differences.
#[test]
fn costs_are_those_of_the_solvers() {
    let n = 200;
    let (kernel, x) = (perceptron(), random(n, 3));
    let y = Array2::from_shape_fn((n, 1), |(i, _)| x[[i, 0]] * x[[i, 1]] + x[[i, 2]]);
    let rows = ComputedRows::new(&kernel, kernel.prepare(x.view()).unwrap(), KernelKind::Ntk);
    let rows = rows.unwrap();
    let unseen = Array2::from_shape_fn((50, 3), |(i, j)| ((7 * i + 5 * j) as f64).sin());
    let test = kernel.prepare(unseen.view()).unwrap();
    let options = ConjugateGradient::default();
    let rank = 40;
    let solvers = [
        Solver::Cholesky,
        Solver::ConjugateGradient { options, rank },
        Solver::Nystrom { rank },
        Solver::Features,
    ];
    let regression = Regression::new().ridge(Ridge::Relative(1e-3));
    let costs = regression.costs(&rows, y.view(), &solvers).unwrap();
    assert_eq!(costs.len(), 3, "no finite feature map");
    let means: Vec<Array2<f64>> = solvers[..3]
        .iter()
        .map(|&solver| {
            let fitted = regression
                .solver(solver)
                .fit_signals(&rows, y.view())
                .unwrap();
            fitted.predict(&rows, &test).unwrap()
        })
        .collect();
    let size = |a: &Array2<f64>| a.iter().map(|x| x * x).sum::<f64>().sqrt();
    let differences: Vec<f64> = means
        .iter()
        .map(|m| size(&(m - &means[0])) / size(&means[0]))
        .collect();
    let pairs = (n * (n + 1) / 2) as f64;
    assert_eq!((costs[0].pairs, costs[0].difference), (pairs, 0.0));
    assert_eq!(costs[2].pairs, (n * rank) as f64);
    assert_eq!(
        costs[1].pairs,
        (n * rank) as f64 + (1.0 + costs[1].steps) * pairs
    );
    assert!(
        costs
            .iter()
            .all(|cost| cost.seconds > 0.0 && cost.memory > 0.0)
    );
    // The pilot has 150 of the points: its estimate of a difference is right within a factor of a few.
    let ratio = costs[2].difference / differences[2];
    assert!((0.2..5.0).contains(&ratio), "{ratio}: {differences:?}");
    assert!(differences[1] < costs[2].difference && costs[1].difference < costs[2].difference);
    let factor = PivotedCholesky::new(&rows, rank, 0.0).unwrap();
    let preconditioner = Preconditioner::new(&factor).unwrap();
    let solved = options.fit(
        &rows,
        y.view(),
        Ridge::Relative(1e-3),
        Some(&preconditioner),
    );
    let steps = solved.unwrap().iterations as f64;
    // The condition number bounds the steps; the right side needs fewer.
    assert!(
        steps <= costs[1].steps && costs[1].steps <= 8.0 * steps,
        "{steps} of {}",
        costs[1].steps
    );
    let chosen = Regression::new().ridge(Criterion::LeaveOneOutError);
    assert!(chosen.costs(&rows, y.view(), &solvers).is_err());
    let early = Regression::new().time(Time::Finite(1.0));
    assert!(early.fit_signals(&rows, y.view()).is_err());
}
