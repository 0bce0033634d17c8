//! Derivatives of kernels in the features of the nodes of graphs.

use crate::common::tol::gradient as tol;

use haarmonic::Error;
use haarmonic::activation::Activation;
use haarmonic::graph::Graph;
use haarmonic::kernel::{Cotangents, Kernel, OwnedSignals};
use haarmonic::network::{Aggregation, EdgeScaling, Init, Layer, Network};
use ndarray::{Array2, array};

/// Two aggregations, blocks side by side, a readout, and a tail with an activation.
fn network(mean: bool, activation: &Activation) -> Network {
    let init = Init::new(1.2, 0.3);
    let gcn = Aggregation::new()
        .scaling(EdgeScaling::Symmetric)
        .self_loops(1.0);
    let relations = Aggregation::new().self_loops(1.3);
    let block = || vec![Layer::Activation(activation.clone()), Layer::Dense(init)];
    let nodes = Network::graph(2, 2)
        .aggregation(gcn)
        .dense(init)
        .activation(activation.clone())
        .aggregation(relations)
        .dense(init)
        .jumping_knowledge(vec![block(), block()])
        .dense(init);
    let nodes = nodes.activation(activation.clone());
    let pooled = match mean {
        true => nodes.node_mean(),
        false => nodes.node_sum(),
    };
    pooled
        .dense(init)
        .activation(activation.clone())
        .dense(init)
        .build()
        .unwrap()
}

/// A graph of five nodes, one of three, and a single node.
fn graphs(features: &[Array2<f64>]) -> Vec<Graph> {
    let edges = [
        [
            vec![(0, 1, 1.0), (1, 0, 1.0), (1, 2, 0.5), (2, 1, 0.5)],
            vec![(3, 4, 1.0), (4, 3, 1.0), (0, 4, 0.7), (4, 0, 0.7)],
        ],
        [
            vec![(0, 1, 1.0), (1, 0, 1.0)],
            vec![(1, 2, 2.0), (2, 1, 2.0)],
        ],
        [vec![], vec![]],
    ];
    let graph = |(features, edges): (&Array2<f64>, &[Vec<_>; 2])| {
        Graph::new(features.clone(), edges).unwrap()
    };
    features.iter().zip(&edges).map(graph).collect()
}

#[test]
fn features_of_nodes_agree_with_differences() {
    const STEP: f64 = 1e-3;
    let features = [5, 3, 1].map(|nodes| {
        Array2::from_shape_fn((nodes, 2), |(i, c)| {
            (0.9 * (i * i + 3 * nodes) as f64 + 1.3 * c as f64).sin()
        })
    });
    let factors = array![[0.7, -0.4, 0.2], [1.1, 0.3, -0.6], [0.5, 0.9, 0.8]];
    let both = Cotangents {
        nngp: Some(factors.view()),
        ntk: Some(factors.view()),
    };
    for (mean, activation) in [
        (true, Activation::Erf),
        (false, Activation::Erf),
        (false, Activation::Relu),
    ] {
        let kernel = Kernel::new(&network(mean, &activation)).unwrap();
        let sum = |features: &[Array2<f64>]| {
            let matrices = kernel.gram(&graphs(features)[..]).unwrap();
            ((&matrices.nngp + &matrices.ntk) * &factors).sum()
        };
        let OwnedSignals::Graphs(got) = kernel.gradient(&graphs(&features)[..], both).unwrap()
        else {
            panic!("graphs have gradients that are graphs");
        };
        let features_of = |graph: &Graph| graph.features().to_owned();
        let entries = got.iter().flat_map(features_of);
        let scale = entries.fold(0.0, |m: f64, x| m.max(x.abs()));
        assert!(scale > 0.0);
        for (n, got) in got.iter().enumerate() {
            for (index, got) in got.features().indexed_iter() {
                let at = |steps: f64| {
                    let mut moved = features.clone();
                    moved[n][index] += steps * STEP;
                    sum(&moved)
                };
                let d = |n: f64| (at(n) - at(-n)) / STEP;
                let want = (45.0 * d(1.0) - 9.0 * d(2.0) + d(3.0)) / 60.0;
                assert!(
                    (got - want).abs() <= tol::DIFFERENCE * scale.max(1.0),
                    "{activation:?} graph {n} at {index:?}: {got} for {want}"
                );
            }
        }
    }
}

#[test]
fn derivatives_at_nodes_are_refused() {
    let network = Network::graph(2, 1)
        .aggregation(Aggregation::new())
        .dense(Init::default())
        .at_nodes()
        .build()
        .unwrap();
    let graph = Graph::undirected(array![[1.0, 2.0], [0.5, 1.0]], &[[0, 1]]).unwrap();
    let ones = Array2::ones((2, 2));
    let error = Kernel::new(&network)
        .unwrap()
        .gradient(&[graph][..], Cotangents::ntk(ones.view()))
        .unwrap_err();
    assert!(matches!(error, Error::InvalidNetwork { .. }), "{error}");
}
