//! Kernels of graphs against stored values of an independent program, and against closed forms.

use crate::common::close::{assert_close, assert_named_close};
use crate::common::tol::{activation, kernel as tol};

use haarmonic::Error;
use haarmonic::activation::Activation;
use haarmonic::graph::Graph;
use haarmonic::kernel::{Kernel, KernelError, KernelMatrices};
use haarmonic::network::{Aggregation, EdgeScaling, Init, Layer, Network};
use ndarray::{Array1, Array2, Axis, Slice, array};
use ndarray_npy::NpzReader;
use std::fs::File;

fn stored() -> NpzReader<File> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/graphs.npz");
    NpzReader::new(File::open(path).unwrap()).unwrap()
}

fn graphs(stored: &mut NpzReader<File>) -> [Graph; 2] {
    ["a", "b"].map(|name| {
        let weights: Array2<f64> = stored.by_name(&format!("graph_{name}")).unwrap();
        let features: Array2<f64> = stored.by_name(&format!("x_{name}")).unwrap();
        Graph::from_matrix(features, weights.view()).unwrap()
    })
}

/// The aggregations of the stored values.
fn aggregations() -> [(&'static str, Aggregation); 3] {
    let plain = Aggregation::new();
    [
        ("gcn", plain.scaling(EdgeScaling::Symmetric).self_loops(1.0)),
        ("gin", plain.self_loops(1.3)),
        ("mean", plain.scaling(EdgeScaling::Mean)),
    ]
}

/// The part of a matrix that belongs to a pair of graphs of 5 and 6 nodes.
fn part(matrix: &Array2<f64>, pair: &str) -> Array2<f64> {
    let range = |graph| match graph {
        'a' => Slice::from(0..5),
        _ => Slice::from(5..11),
    };
    let mut graphs = pair.chars().map(range);
    let (rows, columns) = (graphs.next().unwrap(), graphs.next().unwrap());
    let rows = matrix.slice_axis(Axis(0), rows);
    rows.slice_axis(Axis(1), columns).to_owned()
}

#[test]
fn kernels_between_nodes_are_the_stored_ones() {
    let mut stored = stored();
    let graphs = graphs(&mut stored);
    for (name, aggregation) in aggregations() {
        let first = || {
            Network::graph(3, 1)
                .aggregation(aggregation)
                .dense(Init::new(1.2, 0.1))
        };
        let second = || {
            first()
                .activation(Activation::Relu)
                .aggregation(aggregation)
                .dense(Init::new(1.1, 0.2))
        };
        let networks = [
            first().at_nodes().build(),
            first().activation(Activation::Relu).at_nodes().build(),
            second().at_nodes().build(),
            second().activation(Activation::Erf).at_nodes().build(),
        ];
        for (step, network) in networks.into_iter().enumerate() {
            let kernel = Kernel::new(&network.unwrap()).unwrap();
            let prepared = kernel.prepare(&graphs[..]).unwrap();
            assert_eq!(prepared.len(), 11);
            let gram = kernel.gram_prepared(&prepared).unwrap();
            assert_eq!(gram.error, KernelError::Exact);
            let cross = kernel.cross(&graphs[..1], &graphs[1..]).unwrap();
            assert_close(&cross.ntk, part(&gram.ntk, "ab"), tol::ROUNDING);
            for pair in ["aa", "ab", "bb"] {
                for (kind, matrix) in [("K", &gram.nngp), ("T", &gram.ntk)] {
                    let key = format!("plain_{name}_{pair}_{step}_{kind}");
                    let want: Array2<f64> = stored.by_name(&key).unwrap();
                    assert_named_close(&key, part(matrix, pair), &want, activation::GOLDEN);
                }
            }
        }
    }
}

fn assert_pooled(name: &str, network: &Network, stored: &mut NpzReader<File>, readout: &str) {
    let graphs = graphs(stored);
    let gram = Kernel::new(network).unwrap().gram(&graphs[..]).unwrap();
    for (pair, at) in [("aa", [0, 0]), ("ab", [0, 1]), ("bb", [1, 1])] {
        let key = format!("plain_{name}_{pair}_{readout}");
        let want: Array1<f64> = stored.by_name(&key).unwrap();
        let found = [gram.nngp[at], gram.ntk[at]];
        assert_named_close(&key, found, &want, activation::GOLDEN);
    }
}

#[test]
fn pooled_kernels_are_the_stored_ones() {
    let mut stored = stored();
    for (name, aggregation) in aggregations() {
        let erf = || {
            Network::graph(3, 1)
                .aggregation(aggregation)
                .dense(Init::new(1.2, 0.1))
                .activation(Activation::Relu)
                .aggregation(aggregation)
                .dense(Init::new(1.1, 0.2))
                .activation(Activation::Erf)
        };
        let sum = erf().node_sum().dense(Init::default()).build().unwrap();
        assert_pooled(name, &sum, &mut stored, "sum");
        let mean = erf().dense(Init::default()).node_mean().build().unwrap();
        assert_pooled(name, &mean, &mut stored, "mean");
        let blocks = vec![
            vec![Layer::Activation(Activation::Relu)],
            vec![
                Layer::Aggregation(aggregation),
                Layer::Dense(Init::new(1.1, 0.2)),
                Layer::Activation(Activation::Erf),
            ],
        ];
        let jumping = Network::graph(3, 1)
            .aggregation(aggregation)
            .dense(Init::new(1.2, 0.1))
            .jumping_knowledge(blocks)
            .dense(Init::default())
            .node_sum()
            .build()
            .unwrap();
        assert_pooled(name, &jumping, &mut stored, "jumping");
        assert_eq!(
            Network::from_toml(&jumping.to_toml().unwrap()).unwrap(),
            jumping
        );
    }
}

/// The kernels after steps that are written out over all pairs of nodes; relations with their own weights.
#[test]
fn relations_have_their_own_weights() {
    let features = [
        array![[1.0, -0.5], [0.2, 0.8], [-1.1, 0.4]],
        array![[0.3, 0.9], [1.4, -0.2]],
    ];
    let relations = [
        vec![
            vec![(0, 1, 0.5), (1, 0, 2.0), (2, 2, 1.5)],
            vec![(0, 2, 1.0), (2, 0, -1.0), (0, 2, 0.25)],
        ],
        vec![vec![(0, 1, 1.0)], vec![(1, 0, 0.7), (1, 1, 0.1)]],
    ];
    let graphs: Vec<Graph> = features
        .iter()
        .zip(&relations)
        .map(|(x, edges)| Graph::new(x.clone(), edges).unwrap())
        .collect();
    let aggregation = Aggregation::new().self_loops(0.6).separate();
    let network = Network::graph(2, 2)
        .dense(Init::new(1.1, 0.3))
        .activation(Activation::Erf)
        .aggregation(aggregation)
        .dense(Init::new(1.2, 0.1))
        .at_nodes()
        .build()
        .unwrap();
    let found = Kernel::new(&network)
        .unwrap()
        .cross(&graphs[..1], &graphs[1..])
        .unwrap();

    let matrix = |graph: usize, relation: usize| {
        let n = features[graph].nrows();
        let mut matrix = Array2::<f64>::zeros((n, n));
        for &(i, k, w) in &relations[graph][relation] {
            matrix[[i, k]] += w;
        }
        matrix
    };
    let own = |x: &Array2<f64>, y: &Array2<f64>| x.dot(&y.t()) * (1.21 / 2.0) + 0.09;
    let variances = [0, 1].map(|g| own(&features[g], &features[g]).diag().to_owned());
    let start = own(&features[0], &features[1]);
    // Closed forms of erf.
    let value = |k: f64, p: f64, q: f64| {
        (2.0 * k / ((1.0 + 2.0 * p) * (1.0 + 2.0 * q)).sqrt()).asin() / std::f64::consts::FRAC_PI_2
    };
    let slope = |k: f64, p: f64, q: f64| {
        4.0 / std::f64::consts::PI / ((1.0 + 2.0 * p) * (1.0 + 2.0 * q) - 4.0 * k * k).sqrt()
    };
    let pairwise = |function: &dyn Fn(f64, f64, f64) -> f64| {
        Array2::from_shape_fn((3, 2), |(i, j)| {
            function(start[[i, j]], variances[0][i], variances[1][j])
        })
    };
    let (k, t) = (pairwise(&value), pairwise(&slope) * &start);
    let aggregated = |k: &Array2<f64>| {
        let sum = (0..2).map(|a| matrix(0, a).dot(k).dot(&matrix(1, a).t()));
        sum.fold(k * 0.36, |sum, term| sum + term)
    };
    let want = aggregated(&k) * 1.44 + 0.01;
    assert_close(&found.nngp, &want, tol::ROUNDING);
    assert_close(&found.ntk, &(want + aggregated(&t) * 1.44), tol::ROUNDING);
}

/// The graph neural tangent kernel: aggregation, then blocks of rectified layers, all weights without biases, and a sum over the nodes.
/// The steps are written out for graphs of one relation.
#[test]
fn the_published_kernel_of_graphs_is_an_instance() {
    let mut stored = stored();
    let graphs = graphs(&mut stored);
    let aggregation = Aggregation::new()
        .scaling(EdgeScaling::Mean)
        .self_loops(1.0);
    let relu = Init::new(2.0_f64.sqrt(), 0.0);
    let network = Network::graph(3, 1)
        .aggregation(aggregation)
        .dense(Init::new(3.0_f64.sqrt(), 0.0))
        .activation(Activation::Relu)
        .dense(relu)
        .activation(Activation::Relu)
        .dense(relu)
        .aggregation(aggregation)
        .activation(Activation::Relu)
        .dense(relu)
        .node_sum()
        .build()
        .unwrap();
    let found = Kernel::new(&network).unwrap().gram(&graphs[..]).unwrap();
    // A + 1 with rows that sum to one.
    let matrices = graphs.clone().map(|graph| {
        let n = graph.len();
        let name = if n == 5 { "graph_a" } else { "graph_b" };
        let weights: Array2<f64> = stored.by_name(name).unwrap();
        let mut matrix = weights + Array2::<f64>::eye(n);
        for mut row in matrix.rows_mut() {
            let sum = row.sum();
            row /= sum;
        }
        matrix
    });
    let lift = |a: usize, b: usize| {
        let product = graphs[a].features().dot(&graphs[b].features().t());
        matrices[a].dot(&product).dot(&matrices[b].t())
    };
    // Both kernels of a pair beside those of both graphs with themselves.
    let mut kernels: Vec<Vec<[Array2<f64>; 2]>> = (0..2)
        .map(|a| (0..2).map(|b| [lift(a, b), lift(a, b)]).collect())
        .collect();
    for aggregates in [false, true, false] {
        let variances: Vec<Array1<f64>> =
            (0..2).map(|a| kernels[a][a][0].diag().to_owned()).collect();
        for (a, row) in kernels.iter_mut().enumerate() {
            for (b, [k, t]) in row.iter_mut().enumerate() {
                for ((i, j), k) in k.indexed_iter_mut() {
                    let size = (variances[a][i] * variances[b][j]).sqrt();
                    let c = (*k / size).clamp(-1.0, 1.0);
                    let angle = std::f64::consts::PI - c.acos();
                    *k = size * (c * angle + (1.0 - c * c).sqrt()) / std::f64::consts::PI;
                    t[[i, j]] = t[[i, j]] * angle / std::f64::consts::PI + *k;
                }
                if aggregates {
                    for kernel in [k, t] {
                        *kernel = matrices[a].dot(kernel).dot(&matrices[b].t());
                    }
                }
            }
        }
    }
    let sums = |kind: usize| Array2::from_shape_fn((2, 2), |(a, b)| kernels[a][b][kind].sum());
    assert_close(&found.nngp, sums(0), tol::SOLVE);
    assert_close(&found.ntk, sums(1), tol::SOLVE);
}

fn permuted(graph: &Graph, order: &[usize], edges: &[(usize, usize, f64)]) -> Graph {
    let features = graph.features().select(Axis(0), order);
    let place = |node| order.iter().position(|&n| n == node).unwrap();
    let edges = edges
        .iter()
        .map(|&(i, k, w)| (place(i), place(k), w))
        .collect();
    Graph::new(features, &[edges]).unwrap()
}

#[test]
fn the_order_of_nodes_does_not_matter() {
    let features = array![[1.0, 0.3], [-0.4, 0.9], [0.0, 0.0], [0.7, -1.2], [2.0, 0.1]];
    // Node 2 has no features, and node 4 no edges.
    let edges = vec![
        (0, 1, 0.5),
        (1, 0, 0.5),
        (1, 3, 2.0),
        (3, 1, 2.0),
        (2, 3, 1.0),
        (3, 2, 1.0),
    ];
    let graph = Graph::new(features, std::slice::from_ref(&edges)).unwrap();
    let order = [3, 0, 4, 2, 1];
    let copy = permuted(&graph, &order, &edges);
    for scaling in [EdgeScaling::Sum, EdgeScaling::Mean, EdgeScaling::Symmetric] {
        let aggregation = Aggregation::new().scaling(scaling);
        let start = Network::graph(2, 1)
            .aggregation(aggregation)
            .dense(Init::new(1.3, 0.0))
            .activation(Activation::Relu)
            .normalisation()
            .aggregation(aggregation)
            .residual(|block| block.dense(Init::default()))
            .dense(Init::new(1.1, 0.1))
            .activation(Activation::Erf);
        let both = [graph.clone(), copy.clone()];
        let pooled = start
            .clone()
            .node_sum()
            .dense(Init::default())
            .activation(Activation::Relu);
        let gram = Kernel::new(&pooled.build().unwrap())
            .unwrap()
            .gram(&both[..])
            .unwrap();
        for matrix in [&gram.nngp, &gram.ntk] {
            let first = matrix[[0, 0]];
            assert!(first > 0.0);
            assert_close(matrix, Array2::from_elem((2, 2), first), tol::INVARIANCE);
        }
        let nodes = Kernel::new(&start.at_nodes().build().unwrap()).unwrap();
        let [a, b] = both.map(|graph| nodes.gram(&[graph][..]).unwrap());
        let moved = |k: &Array2<f64>| k.select(Axis(0), &order).select(Axis(1), &order);
        assert_close(moved(&a.ntk), &b.ntk, tol::INVARIANCE);
    }
}

#[test]
fn a_graph_of_one_node_is_a_vector() {
    let rows = array![[0.3, -1.2, 0.5], [2.0, 0.1, 0.4]];
    let graphs: Vec<Graph> = rows
        .outer_iter()
        .map(|row| Graph::undirected(row.to_owned().insert_axis(Axis(0)), &[]).unwrap())
        .collect();
    for function in [Activation::Relu, Activation::Gelu] {
        let init = Init::new(1.2, 0.3);
        let vector = Network::vector(3)
            .dense(init)
            .activation(function.clone())
            .dense(init);
        let vector = vector
            .activation(function.clone())
            .dense(init)
            .build()
            .unwrap();
        let graph = Network::graph(3, 1)
            .dense(init)
            .activation(function.clone())
            .dense(init);
        let graph = graph
            .activation(function)
            .dense(init)
            .node_mean()
            .build()
            .unwrap();
        let want = Kernel::new(&vector).unwrap().gram(rows.view()).unwrap();
        let found: KernelMatrices = Kernel::new(&graph).unwrap().gram(&graphs).unwrap();
        assert_close(&found.nngp, &want.nngp, tol::ROUNDING);
        assert_close(&found.ntk, &want.ntk, tol::ROUNDING);
    }
}

#[test]
fn mistakes_are_named() {
    let dense = || Layer::Dense(Init::default());
    let separate = Layer::Aggregation(Aggregation::new().separate());
    let refused = |layers: Vec<Layer>, text: &str| {
        let input = haarmonic::network::InputSpace::Graph {
            channels: 1,
            relations: 1,
        };
        let error = Network::new(input, haarmonic::network::Quadrature::default(), layers);
        let message = error.unwrap_err().to_string();
        assert!(message.contains(text), "{message}");
    };
    let sum = || Layer::NodePooling(haarmonic::network::NodePooling::Sum);
    refused(vec![], "no layers");
    refused(vec![dense()], "node-sum");
    refused(vec![Layer::GroupPooling], "group-pooling");
    refused(vec![dense(), separate, sum()], "weights per relation");
    refused(
        vec![dense(), sum(), Layer::Aggregation(Aggregation::new())],
        "after the pooling",
    );
    refused(vec![Layer::Activation(Activation::Relu)], "starts with");
    refused(
        vec![
            dense(),
            Layer::JumpingKnowledge {
                blocks: vec![vec![]],
            },
            dense(),
            sum(),
        ],
        "without layers",
    );
    refused(
        vec![
            dense(),
            Layer::Aggregation(Aggregation::new().self_loops(-1.0)),
            dense(),
            sum(),
        ],
        "self_loops",
    );

    assert!(matches!(
        Graph::undirected(array![[1.0]], &[[0, 1]]),
        Err(Error::InvalidValue { .. })
    ));
    assert!(matches!(
        Graph::new(array![[f64::NAN]], &[vec![]]),
        Err(Error::NotFinite { .. })
    ));
    let graph = Graph::undirected(array![[1.0, 2.0]], &[]).unwrap();
    let network = Network::graph(1, 1)
        .dense(Init::default())
        .node_sum()
        .build()
        .unwrap();
    let kernel = Kernel::new(&network).unwrap();
    assert!(matches!(
        kernel.gram(&[graph][..]),
        Err(Error::InInput { .. })
    ));
    assert!(matches!(
        kernel.gram(&Vec::<Graph>::new()),
        Err(Error::Empty { .. })
    ));
    assert!(kernel.gram(array![[1.0]].view()).is_err());
    let mean = Aggregation::new().scaling(EdgeScaling::Mean);
    let network = Network::graph(1, 1)
        .aggregation(mean)
        .dense(Init::default())
        .node_sum()
        .build();
    let negative = Graph::new(array![[1.0], [1.0]], &[vec![(0, 1, -1.0)]]).unwrap();
    let error = Kernel::new(&network.unwrap())
        .unwrap()
        .gram(&[negative][..]);
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("sum of the weights at node 0")
    );
}
