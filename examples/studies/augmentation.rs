//! Who: someone who trains networks of finite width and asks whether augmenting the data makes up for building the symmetry in.
//! What: ensembles of CNNs that are trained on all turned copies of some digits, against ensembles of C4 networks with the same
//!       filters and a mean over the group. With infinite width their means are equal at all times, on all inputs. Here is
//!       how close they are with finite width: on test digits, on letters, on noise. Beside it two ensembles that do not
//!       correspond: C4 networks with one layer less, and CNNs without augmentation.
//! Run:  cargo run --release --features finite-width --example augmentation
//!       cargo run --release --features finite-width,plot --example augmentation -- \
//!           --widths 4,8,16,32,64 --members 128 --sizes 2,8,32 --steps 1,3,10,40 --plot results
//!       … -- --group-convolution                 # a second layer over all orientations, instead of the same filters
//! Expect: a table of distances between expectations, in brackets two standard errors to either side. Between corresponding ensembles
//!         they fall like one over the width; the others tend to what the kernels say. Then distances between the means of
//!         a few networks, which are mostly noise. Ten seconds.

#[macro_use]
#[path = "../shared/mod.rs"]
mod shared;

mod ensembles;

use clap::Parser;
use ensembles::{Options, Outputs, Result, Setting, Size, TURNS, mean_square, pairs, singles};
use haarmonic::data::atomic::write_csv;
use haarmonic::group::PointGroup;
use haarmonic::kernel::{AugmentedKernel, Kernel, KernelMatrices, Transformation};
use haarmonic::predict::{KernelKind, Kernels, Regression, Time};
use ndarray::{Array2, Array3, Axis, Slice};

/// Ensembles that are compared with C4 networks.
const OTHERS: [Other; 3] = [
    Other {
        name: "augmented CNN",
        group: PointGroup::C1,
        layers: 2,
        augmented: true,
    },
    Other {
        name: "shallower C4",
        group: PointGroup::C4,
        layers: 1,
        augmented: false,
    },
    Other {
        name: "CNN as it is",
        group: PointGroup::C1,
        layers: 2,
        augmented: false,
    },
];

struct Other {
    name: &'static str,
    group: PointGroup,
    layers: usize,
    augmented: bool,
}

/// A distance to the C4 networks.
struct Row {
    width: usize,
    steps: u64,
    inputs: &'static str,
    other: usize,
    /// Between means over so many networks of each ensemble, or between expectations.
    members: Option<usize>,
    distance: Size,
    /// Between the means of infinitely wide networks, and the size of that of C4 networks.
    limit: f64,
    logits: f64,
}

fn main() -> Result<()> {
    let setting = Setting::new(Options::parse())?;
    let options = &setting.options;
    let table = options.table("augmentation")?;
    say!(
        "learning rate {:.2}, {} members, {} digits",
        setting.rate,
        options.members,
        setting.train.len_of(Axis(0))
    );
    let c4 = setting.network(PointGroup::C4, 2)?;
    let exact = limit(&setting, &Kernel::new(&c4)?)?;
    let mut limits = Vec::new();
    for other in &OTHERS {
        let kernel = Kernel::new(&setting.network(other.group, other.layers)?)?;
        let means = match other.augmented {
            true => {
                let turns = Transformation::point_group(PointGroup::C4);
                limit(&setting, &AugmentedKernel::over_group(kernel, turns)?)?
            }
            false => limit(&setting, &kernel)?,
        };
        limits.push(means);
    }

    let mut rows = Vec::new();
    for &width in &options.widths {
        let own = setting.learn(&c4, width, false)?;
        for (number, other) in OTHERS.iter().enumerate() {
            let network = setting.network(other.group, other.layers)?;
            let outputs = setting.learn(&network, width, other.augmented)?;
            for (at, &steps) in options.steps.iter().enumerate() {
                for (inputs, range) in &setting.kinds {
                    let size = |means: &Array2<f64>| {
                        let rows = means.slice_axis(Axis(0), Slice::from(range.clone()));
                        mean_square(&rows.to_owned()).sqrt()
                    };
                    let (own, outputs) = (own[at].of(range), outputs[at].of(range));
                    let row = |members, distance| Row {
                        width,
                        steps,
                        inputs,
                        other: number,
                        members,
                        distance,
                        limit: size(&(&exact[at] - &limits[number][at])),
                        logits: size(&exact[at]),
                    };
                    let all = of_expectations(&own, &outputs, other.augmented)?;
                    rows.push(row(None, all));
                    for &size in &options.sizes {
                        rows.push(row(Some(size), of_ensembles(&own, &outputs, size)));
                    }
                }
            }
        }
    }
    print(&setting, &rows);
    let header = [
        "width", "steps", "inputs", "network", "members", "distance", "low", "high", "limit",
        "logits",
    ];
    let records = rows.iter().map(|row| {
        [
            row.width.to_string(),
            row.steps.to_string(),
            row.inputs.into(),
            OTHERS[row.other].name.into(),
            row.members.map_or("all".into(), |size| size.to_string()),
            row.distance.value.to_string(),
            row.distance.low.to_string(),
            row.distance.high.to_string(),
            row.limit.to_string(),
            row.logits.to_string(),
        ]
    });
    write_csv(&table, &header, records)?;
    say!("\ntable in {}", table.display());
    #[cfg(feature = "plot")]
    if let Some(folder) = &options.plot {
        draw(&setting, &rows, folder)?;
    }
    check(&setting, &rows);
    Ok(())
}

/// Means of infinitely wide networks at all times.
fn limit(setting: &Setting, kernel: &impl Grams) -> Result<Vec<Array2<f64>>> {
    let [gram, cross] = kernel.grams(setting)?;
    let model = Regression::new()
        .learning_rate(setting.rate)
        .fit(Kernels::of(KernelKind::Ntk, &gram), setting.targets.view())?;
    let steps = setting.options.steps.iter();
    let times: Vec<Time> = steps.map(|&steps| Time::Steps(steps)).collect();
    Ok(model.flow().predict_mean_at(cross.ntk.view(), &times)?)
}

/// Kernels between the digits that are learned, and with all inputs.
trait Grams {
    fn grams(&self, setting: &Setting) -> Result<[KernelMatrices; 2]>;
}

impl Grams for Kernel {
    fn grams(&self, setting: &Setting) -> Result<[KernelMatrices; 2]> {
        let (train, inputs) = (setting.train.view(), setting.inputs.view());
        Ok([self.gram(train)?, self.cross(inputs, train)?])
    }
}

impl Grams for AugmentedKernel {
    fn grams(&self, setting: &Setting) -> Result<[KernelMatrices; 2]> {
        let (train, inputs) = (setting.train.view(), setting.inputs.view());
        Ok([self.gram(train)?, self.cross(inputs, train)?])
    }
}

/// Outputs for the images as they are.
fn upright(outputs: &Outputs) -> Array3<f64> {
    let rows = Slice::from(..).step_by(TURNS as isize);
    outputs.0.slice_axis(Axis(1), rows).to_owned()
}

/// The distance between expectations. That of augmented networks is invariant, so that the mean over turns has the same.
fn of_expectations(own: &Outputs, other: &Outputs, augmented: bool) -> Result<Size> {
    let [own, other] = [own, other].map(|outputs| match augmented {
        true => outputs.turn_means(),
        false => upright(outputs),
    });
    Size::of_expectation(&pairs(&(own - other)))
}

/// The distance between means over independent networks: its root mean square over disjoint ensembles, the smallest, the largest.
fn of_ensembles(own: &Outputs, other: &Outputs, size: usize) -> Size {
    let means = |outputs: &Outputs| -> Vec<Array2<f64>> {
        let networks = singles(&upright(outputs));
        let ensembles = networks.axis_chunks_iter(Axis(0), size);
        ensembles
            .filter(|ensemble| ensemble.len_of(Axis(0)) == size)
            .map(|ensemble| ensemble.mean_axis(Axis(0)).expect("members"))
            .collect()
    };
    let (own, other) = (means(own), means(other));
    // Networks of the same number have parameters in common.
    let squares: Vec<f64> = (0..own.len())
        .map(|i| mean_square(&(&own[i] - &other[(i + 1) % other.len()])))
        .collect();
    let mean = squares.iter().sum::<f64>() / squares.len() as f64;
    Size {
        value: mean.sqrt(),
        low: squares.iter().copied().fold(f64::INFINITY, f64::min).sqrt(),
        high: squares.iter().copied().fold(0.0, f64::max).sqrt(),
    }
}

fn print(setting: &Setting, rows: &[Row]) {
    let options = &setting.options;
    let find = |width, steps, inputs, members, other| {
        rows.iter()
            .find(|row| {
                (row.width, row.steps, row.inputs) == (width, steps, inputs)
                    && (row.members, row.other) == (members, other)
            })
            .expect("all distances were computed")
    };
    say!("\ndistance between expectations: mean logits of C4 networks, and of");
    say_part!("{:>6} {:>6} {:<12}", "width", "steps", "inputs");
    OTHERS
        .iter()
        .for_each(|other| say_part!(" {:>24}", other.name));
    say!();
    for &steps in &options.steps {
        for (inputs, _) in &setting.kinds {
            for &width in &options.widths {
                say_part!("{width:>6} {steps:>6} {inputs:<12}");
                for other in 0..OTHERS.len() {
                    let row = find(width, steps, inputs, None, other);
                    say_part!(" {:>24}", row.distance.to_string());
                }
                say!();
            }
            say_part!("{:>6} {steps:>6} {inputs:<12}", "inf");
            for other in 0..OTHERS.len() {
                let row = find(options.widths[0], steps, inputs, None, other);
                say_part!(" {:<24}", format!("{:.4}", row.limit));
            }
            say!();
            let logits = find(options.widths[0], steps, inputs, None, 0).logits;
            say!(
                "{:13} {inputs:<12} for comparison, size of the logits: {logits:.4}",
                ""
            );
        }
    }
    let steps = *options.steps.last().expect("checked");
    say!("\ndistance between means over some networks, after {steps} steps, on test digits");
    say_part!("{:>6} {:>6} {:<12}", "width", "", "networks");
    OTHERS
        .iter()
        .for_each(|other| say_part!(" {:>24}", other.name));
    say!();
    for &width in &options.widths {
        for &size in &options.sizes {
            say_part!("{width:>6} {:>6} {size:<12}", "");
            for other in 0..OTHERS.len() {
                let row = find(width, steps, "test digits", Some(size), other);
                say_part!(" {:>24}", row.distance.to_string());
            }
            say!();
        }
    }
}

/// After training, on test digits: corresponding ensembles come closer with the width, and are much closer than the others.
fn check(setting: &Setting, rows: &[Row]) {
    let steps = setting.options.steps.last();
    let of = |other| -> Vec<&Row> {
        rows.iter()
            .filter(|row| row.other == other && row.members.is_none())
            .filter(|row| Some(&row.steps) == steps && row.inputs == "test digits")
            .collect()
    };
    if let [first, .., last] = of(0)[..] {
        assert!(last.distance.low < first.distance.high);
        assert!(last.limit < 1e-6, "infinitely wide networks agree");
        for (number, other) in OTHERS.iter().enumerate().skip(1) {
            let control = of(number).last().map_or(0.0, |row| row.distance.low);
            assert!(last.distance.high < control, "{}", other.name);
        }
    }
}

/// Draws distances on test digits: against the width and against time, of expectations, and against the number of networks.
#[cfg(feature = "plot")]
fn draw(setting: &Setting, rows: &[Row], folder: &std::path::Path) -> Result<()> {
    use haarmonic::plot::{AxisScale, Curve, Labels, convergence, learning_curves};
    shared::create_folder(folder)?;
    let (width, steps) = (setting.options.widths.last(), setting.options.steps.last());
    type Choice<'a> = &'a dyn Fn(&Row) -> Option<f64>;
    let at_end = |row: &Row| Some(&row.steps) == steps;
    let widest = |row: &Row| Some(&row.width) == width;
    let against_width = |row: &Row| {
        let shown = row.members.is_none() && at_end(row);
        shown.then_some(row.width as f64)
    };
    let against_time = |row: &Row| {
        let shown = row.members.is_none() && widest(row);
        shown.then_some(row.steps as f64)
    };
    let against_size = |row: &Row| match row.members {
        Some(size) if at_end(row) && widest(row) => Some(size as f64),
        _ => None,
    };
    let pictures: [(&str, &str, Choice<'_>); 3] = [
        ("width", "width", &against_width),
        ("time", "steps", &against_time),
        ("size", "networks of each ensemble", &against_size),
    ];
    for (name, x, choose) in pictures {
        // What cannot be told from zero has no place on a logarithmic axis.
        let columns = |other| {
            let mut columns: [Vec<f64>; 3] = Default::default();
            for row in rows.iter().filter(|row| row.inputs == "test digits") {
                let Size { value, low, high } = row.distance;
                if let (Some(x), true) = (choose(row), row.other == other && value > 0.0) {
                    columns[0].push(x);
                    columns[1].push(value);
                    columns[2].push(0.5 * (high - low));
                }
            }
            columns
        };
        let columns = [0, 1, 2].map(columns);
        let curves: Vec<Curve<'_>> = OTHERS
            .iter()
            .zip(&columns)
            .filter(|(_, [sizes, ..])| !sizes.is_empty())
            .map(|(other, [sizes, mean, error])| Curve {
                name: other.name,
                sizes,
                mean,
                error: Some(error),
            })
            .collect();
        if curves.is_empty() {
            continue;
        }
        let labels = Labels {
            x,
            y: "distance to C4 networks",
            ..Labels::default()
        };
        let path = folder.join(format!("augmentation-{name}.svg"));
        match name {
            "width" => convergence(&curves, &labels, path)?,
            _ => learning_curves(&curves, AxisScale::Logarithmic, &labels, path)?,
        }
    }
    say!("pictures in {}", folder.display());
    Ok(())
}
