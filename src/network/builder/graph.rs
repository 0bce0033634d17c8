//! Networks on graphs.

use super::{
    Activated, Gaussian, NetworkBuilder, OnGraph, OverNodes, Read, Start, Vectors, sealed,
};
use crate::network::{Aggregation, Init, InputSpace, Layer, Network, NodePooling, Outputs};

impl Network {
    /// Begins a network on graphs.
    ///
    /// # Arguments
    /// * `channels` — features of one node
    /// * `relations` — types of edges
    ///
    /// # Examples
    /// A graph convolution network, whose outputs are summed over the nodes:
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::graph::Graph;
    /// use haarmonic::kernel::Kernel;
    /// use haarmonic::network::{Aggregation, EdgeScaling, Init, Network};
    ///
    /// let gcn = Aggregation::new().scaling(EdgeScaling::Symmetric).self_loops(1.0);
    /// let network = Network::graph(1, 1)
    ///     .aggregation(gcn)
    ///     .dense(Init::default())
    ///     .activation(Activation::Relu)
    ///     .aggregation(gcn)
    ///     .dense(Init::default())
    ///     .node_sum()
    ///     .build()?;
    /// let path = Graph::undirected(ndarray::array![[1.0], [2.0], [1.0]], &[[0, 1], [1, 2]])?;
    /// // A graph is the graph with its nodes in another order.
    /// let same = Graph::undirected(ndarray::array![[2.0], [1.0], [1.0]], &[[0, 1], [0, 2]])?;
    /// let gram = Kernel::new(&network)?.gram(&[path, same][..])?;
    /// assert!((gram.ntk[[0, 0]] / gram.ntk[[0, 1]] - 1.0).abs() < 1e-14);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn graph(channels: usize, relations: usize) -> NetworkBuilder<OnGraph, Start> {
        NetworkBuilder::new(InputSpace::Graph {
            channels,
            relations,
        })
    }
}

impl NetworkBuilder<OnGraph, Start> {
    /// Adds the sum of the input features over the neighbours of each node.
    pub fn aggregation(self, aggregation: Aggregation) -> Self {
        self.push(Layer::Aggregation(aggregation))
    }

    /// Adds the first dense layer.
    pub fn dense(self, init: Init) -> NetworkBuilder<OverNodes, Gaussian> {
        self.push(Layer::Dense(init))
    }
}

impl<S: sealed::Stage> NetworkBuilder<OverNodes, S> {
    /// Adds the sum of the features over the neighbours of each node. Features stay at their stage.
    pub fn aggregation(self, aggregation: Aggregation) -> Self {
        self.push(Layer::Aggregation(aggregation))
    }

    /// Adds blocks of layers one after the other, whose features stand side by side at the end. A dense layer must follow.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::network::{Aggregation, Init, Layer, Network};
    /// let block = || vec![Layer::Activation(Activation::Relu), Layer::Dense(Init::default())];
    /// let network = Network::graph(3, 1)
    ///     .dense(Init::default())
    ///     .jumping_knowledge(vec![block(), block()])
    ///     .dense(Init::default())
    ///     .node_sum()
    ///     .build()?;
    /// assert_eq!(network.inits().len(), 4);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn jumping_knowledge(
        self,
        blocks: Vec<Vec<Layer>>,
    ) -> NetworkBuilder<OverNodes, Activated> {
        self.push(Layer::JumpingKnowledge { blocks })
    }

    /// Adds the sum over the nodes.
    pub fn node_sum(self) -> NetworkBuilder<Vectors, S> {
        self.push(Layer::NodePooling(NodePooling::Sum))
    }

    /// Adds the mean over the nodes.
    pub fn node_mean(self) -> NetworkBuilder<Vectors, S> {
        self.push(Layer::NodePooling(NodePooling::Mean))
    }

    /// Reads the features of every node, which ends the network: a kernel matrix has one row per node, graph after graph.
    pub fn at_nodes(mut self) -> NetworkBuilder<Read, S> {
        self.outputs = Outputs::Nodes;
        self.retyped()
    }
}
