//! Who: someone who trains ensembles with augmented data and asks what of them is invariant.
//! What: how far outputs are from their mean over the four turns of an image: of single networks, of the mean of some, of the
//!       expectation over initialisations. CNNs that are trained on all turned copies of some digits, beside C4
//!       networks and CNNs without augmentation.
//! Run:  cargo run --release --features finite-width --example equivariance
//!       cargo run --release --features finite-width,plot --example equivariance -- \
//!           --widths 4,64 --members 128 --sizes 2,8,32 --steps 40 --plot results
//! Expect: a table. C4 networks are invariant up to rounding. Single networks that are trained with augmentation are not, at any width; their
//!         expectation is, at every width, and the mean of n networks is off by noise of 1 / √n. Without augmentation the
//!         expectation is not invariant either. Ten seconds.

#[macro_use]
#[path = "../shared/mod.rs"]
mod shared;

mod ensembles;

use clap::Parser;
use ensembles::{Options, Outputs, Result, Setting, Size, TURNS, mean_square, pairs, singles};
use haarmonic::data::atomic::write_csv;
use haarmonic::group::PointGroup;
use ndarray::{Array3, Axis};

/// Name, group of the network, and whether it is trained on turned copies.
const ENSEMBLES: [(&str, PointGroup, bool); 3] = [
    ("C4 network", PointGroup::C4, false),
    ("augmented CNN", PointGroup::C1, true),
    ("CNN as it is", PointGroup::C1, false),
];
/// Outputs of C4 networks in single precision.
const ROUNDING: f64 = 1e-4;

/// How far outputs of an ensemble are from invariant.
struct Row {
    width: usize,
    steps: u64,
    inputs: &'static str,
    ensemble: usize,
    /// Numbers of networks, and how far their mean is.
    means: Vec<(usize, f64)>,
    expectation: Size,
    /// The size of the expectation of the outputs themselves.
    logits: f64,
}

fn main() -> Result<()> {
    let setting = Setting::new(Options::parse())?;
    let options = &setting.options;
    let table = options.table("equivariance")?;
    let mut sizes = vec![1];
    sizes.extend(options.sizes.iter().filter(|&&size| size > 1));
    let mut rows = Vec::new();
    for &width in &options.widths {
        for (number, &(_, group, augmented)) in ENSEMBLES.iter().enumerate() {
            let outputs = setting.learn(&setting.network(group, 2)?, width, augmented)?;
            for (outputs, &steps) in outputs.iter().zip(&options.steps) {
                for (inputs, range) in &setting.kinds {
                    let outputs = outputs.of(range);
                    let deviations = off_turn_means(&outputs);
                    let mean = |&size: &usize| (size, of_means(&deviations, size));
                    rows.push(Row {
                        width,
                        steps,
                        inputs,
                        ensemble: number,
                        means: sizes.iter().map(mean).collect(),
                        expectation: Size::of_expectation(&pairs(&deviations))?,
                        logits: Size::of_expectation(&pairs(&outputs.0))?.value,
                    });
                }
            }
        }
    }
    print(&setting, &rows, &sizes);
    let header = [
        "width",
        "steps",
        "inputs",
        "network",
        "members",
        "deviation",
        "low",
        "high",
    ];
    let records = rows.iter().flat_map(|row| {
        let record = move |members: String, deviation: [String; 3]| {
            let [value, low, high] = deviation;
            let name = ENSEMBLES[row.ensemble].0.to_owned();
            let (width, steps) = (row.width.to_string(), row.steps.to_string());
            [
                width,
                steps,
                row.inputs.into(),
                name,
                members,
                value,
                low,
                high,
            ]
        };
        let none = String::new;
        let means = row.means.iter().map(move |(size, value)| {
            record(size.to_string(), [value.to_string(), none(), none()])
        });
        let Size { value, low, high } = row.expectation;
        let expectation = [value, low, high].map(|x| x.to_string());
        means.chain([record("all".into(), expectation)])
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

/// What the mean over the turns of an image leaves of its outputs.
fn off_turn_means(outputs: &Outputs) -> Array3<f64> {
    let means = outputs.turn_means();
    Array3::from_shape_fn(outputs.0.dim(), |(member, row, class)| {
        outputs.0[[member, row, class]] - means[[member, row / TURNS, class]]
    })
}

/// Root mean square over disjoint ensembles of independent networks.
fn of_means(deviations: &Array3<f64>, size: usize) -> f64 {
    let networks = singles(deviations);
    let squares: Vec<f64> = networks
        .axis_chunks_iter(Axis(0), size)
        .filter(|ensemble| ensemble.len_of(Axis(0)) == size)
        .map(|ensemble| mean_square(&ensemble.mean_axis(Axis(0)).expect("members")))
        .collect();
    (squares.iter().sum::<f64>() / squares.len() as f64).sqrt()
}

fn print(setting: &Setting, rows: &[Row], sizes: &[usize]) {
    say!("root mean square distance of outputs from their mean over turns");
    say_part!(
        "{:>6} {:>6} {:<12} {:<14}",
        "width",
        "steps",
        "inputs",
        "network"
    );
    sizes
        .iter()
        .for_each(|size| say_part!(" {:>8}", format!("mean of {size}")));
    say!(" {:>24} {:>10}", "expectation", "its logits");
    for (inputs, _) in &setting.kinds {
        for row in rows.iter().filter(|row| row.inputs == *inputs) {
            let name = ENSEMBLES[row.ensemble].0;
            say_part!("{:>6} {:>6} {inputs:<12} {name:<14}", row.width, row.steps);
            for (size, deviation) in &row.means {
                let width = format!("mean of {size}").len();
                say_part!(" {deviation:>width$.4}");
            }
            say!(" {:>24} {:>10.4}", row.expectation.to_string(), row.logits);
        }
    }
}

fn check(setting: &Setting, rows: &[Row]) {
    let trained = |row: &&Row| Some(&row.steps) == setting.options.steps.last();
    for row in rows.iter().filter(trained) {
        let (first, last) = (row.means[0].1, row.means[row.means.len() - 1].1);
        match ENSEMBLES[row.ensemble] {
            ("C4 network", ..) => assert!(first < ROUNDING, "{first}"),
            ("augmented CNN", ..) => assert!(last < first, "{first} {last}"),
            _ => assert!(row.inputs != "test digits" || row.expectation.low > 0.0),
        }
    }
}

/// Draws deviations against the number of networks, at the largest width.
#[cfg(feature = "plot")]
fn draw(setting: &Setting, rows: &[Row], folder: &std::path::Path) -> Result<()> {
    use haarmonic::plot::{AxisScale, Curve, Labels, learning_curves};
    shared::create_folder(folder)?;
    let options = &setting.options;
    // C4 networks would be at rounding.
    let columns: Vec<(String, [Vec<f64>; 2])> = rows
        .iter()
        .filter(|row| row.ensemble > 0 && row.inputs == "test digits")
        .filter(|row| Some(&row.steps) == options.steps.last())
        .filter(|row| [options.widths.first(), options.widths.last()].contains(&Some(&row.width)))
        .map(|row| {
            let name = format!("{}, width {}", ENSEMBLES[row.ensemble].0, row.width);
            let means = row.means.iter();
            let columns = [
                means.clone().map(|mean| mean.0 as f64).collect(),
                means.map(|mean| mean.1).collect(),
            ];
            (name, columns)
        })
        .collect();
    let curves: Vec<Curve<'_>> = columns
        .iter()
        .map(|(name, [sizes, mean])| Curve {
            name,
            sizes,
            mean,
            error: None,
        })
        .collect();
    let labels = Labels {
        x: "networks of an ensemble",
        y: "deviation of their mean from invariance",
        ..Labels::default()
    };
    let path = folder.join("equivariance.svg");
    learning_curves(&curves, AxisScale::Logarithmic, &labels, path)?;
    say!("pictures in {}", folder.display());
    Ok(())
}
