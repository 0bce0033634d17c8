//! Graphs on the command line: data sets in the TU format, and the bonds of molecules.

use crate::common::close::assert_close;
use crate::common::program::Bench;
use crate::common::tol::kernel as tol;

use haarmonic::data::arrays::{read_npz_real, write_npy};
use haarmonic::data::graphs::read_tu;
use haarmonic::data::structure::read_structures;
use haarmonic::kernel::Kernel;
use haarmonic::network::Network;
use ndarray::Array1;

const NETWORK: &str = r#"
[input]
space = "graph"
channels = 2
[[layers]]
kind = "aggregation"
normalisation = "mean"
self_loops = 1
[[layers]]
kind = "dense"
bias_std = 0.3
[[layers]]
kind = "activation"
function = "relu"
[[layers]]
kind = "dense"
[[layers]]
kind = "node-sum"
"#;

fn data_set(bench: &Bench) {
    std::fs::create_dir(bench.path("set")).unwrap();
    bench.text("set/TWO_A.txt", "1, 2\n2, 1\n3, 4\n4, 3\n4, 5\n5, 4\n");
    bench.text("set/TWO_graph_indicator.txt", "1\n1\n2\n2\n2\n");
    bench.text("set/TWO_node_labels.txt", "0\n1\n1\n1\n0\n");
}

#[test]
fn kernels_and_predictions_of_graphs() {
    let bench = Bench::new();
    data_set(&bench);
    bench.text("net.toml", NETWORK);
    bench.succeed("gram net.toml set --out k.npz");
    let graphs = read_tu(bench.path("set")).unwrap().graphs;
    let network = Network::from_toml(NETWORK).unwrap();
    let want = Kernel::new(&network).unwrap().gram(&graphs).unwrap();
    let found = read_npz_real(bench.path("k.npz"), "ntk").unwrap();
    assert_close(&found, want.ntk.clone().into_dyn(), tol::ROUNDING);
    // By tiles on disk, and at the nodes.
    bench.succeed("gram net.toml set --resume --out t.npz");
    assert_eq!(read_npz_real(bench.path("t.npz"), "ntk").unwrap(), found);
    let nodes = NETWORK.replace(
        "[[layers]]\nkind = \"node-sum\"\n",
        "[outputs]\nat = \"nodes\"\n",
    );
    bench.text("nodes.toml", &nodes);
    bench.succeed("gram nodes.toml set --out n.npz");
    assert_eq!(
        read_npz_real(bench.path("n.npz"), "ntk").unwrap().shape(),
        [5, 5]
    );

    let targets = Array1::from_vec(vec![1.0, -2.0]).into_dyn();
    write_npy(bench.path("y.npy"), &targets).unwrap();
    bench.succeed("predict net.toml --train-x set --train-y y.npy --test-x set --out p.npz");
    let mean = read_npz_real(bench.path("p.npz"), "mean").unwrap();
    let [mean, targets] = [mean, targets].map(|a| a.iter().copied().collect::<Vec<f64>>());
    assert_close(mean, targets, tol::SOLVE);
}

#[test]
fn kernels_of_the_bonds_of_molecules() {
    let bench = Bench::new();
    let record = "co\n\n\n  2  1  0  0  0  0            999 V2000\n    0.0       0.0       0.0    C  \n    0.0       0.0       1.1    O  \n  1  2  3\nM  END\n$$$$\n";
    bench.text("two.sdf", &record.repeat(2));
    let network = NETWORK.replace("channels = 2", "channels = 10\nrelations = 4");
    bench.text("net.toml", &network);
    bench.succeed("gram net.toml two.sdf --out k.npz");
    let structures = read_structures(bench.path("two.sdf")).unwrap().structures;
    let elements = [1, 6, 7, 8, 9, 15, 16, 17, 35, 53];
    let graphs: Vec<_> = structures
        .iter()
        .map(|s| s.graph(&elements).unwrap())
        .collect();
    let network = Network::from_toml(&network).unwrap();
    let want = Kernel::new(&network).unwrap().gram(&graphs).unwrap();
    let found = read_npz_real(bench.path("k.npz"), "nngp").unwrap();
    assert_close(&found, want.nngp.into_dyn(), tol::ROUNDING);
}

#[test]
fn other_files_are_refused_by_name() {
    let bench = Bench::new();
    bench.text("net.toml", NETWORK);
    bench.text("x.xyz", "1\n\nH 0 0 0\n");
    bench.refuse("gram net.toml x.xyz --out k.npz", &["TU format"]);
    data_set(&bench);
    bench.text(
        "wide.toml",
        &NETWORK.replace("channels = 2", "channels = 3"),
    );
    bench.refuse("gram wide.toml set --out k.npz", &["features per node"]);
}
