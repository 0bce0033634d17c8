//! Networks on molecules.

use super::{
    Gaussian, NetworkBuilder, OnMolecule, OverAtoms, OverMolecule, Read, Start, Vectors, sealed,
};
use crate::network::{Init, InputSpace, Layer, Message, Network, NodePooling, Outputs, Quadrature};

impl Network {
    /// Begins a network on molecules: atoms in space, which pass messages to their neighbours.
    ///
    /// Features are functions on the atoms and on SO(3). They are equivariant under rotations of the molecule and under permutations of its
    /// atoms, and do not change if it is moved.
    ///
    /// # Arguments
    /// * `elements` — the atomic numbers that occur
    ///
    /// # Examples
    /// Two messages, whose outputs are summed over the pairs of atoms of one element:
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::atoms::Atoms;
    /// use haarmonic::group::Rotation;
    /// use haarmonic::kernel::Kernel;
    /// use haarmonic::network::{Init, Message, Network};
    ///
    /// let message = || Message::gaussian(3.4, 0.3).spectrum(&[0.5, 0.5]).self_share(0.5);
    /// let network = Network::molecule(&[1, 8])
    ///     .message(message(), Init::new(1.0, 0.8))
    ///     .normalisation()
    ///     .activation(Activation::Hermite { degree: 2 })
    ///     .message(message(), Init::default())
    ///     .group_pooling()
    ///     .element_sum()
    ///     .dense(Init::default())
    ///     .build()?;
    /// let water = Atoms::new(vec![8, 1, 1], vec![[0.0, 0.0, 0.1], [0.0, 0.8, -0.5], [0.0, -0.8, -0.5]])?;
    /// let turned = water.rotated(&Rotation::about_x(0.7)?)?;
    /// let gram = Kernel::new(&network)?.gram(&[water, turned][..])?;
    /// assert!((gram.ntk[[0, 1]] / gram.ntk[[0, 0]] - 1.0).abs() < 1e-12);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn molecule(elements: &[u8]) -> NetworkBuilder<OnMolecule, Start> {
        NetworkBuilder::new(InputSpace::Molecule {
            elements: elements.into(),
            improper: false,
        })
    }
}

impl NetworkBuilder<OnMolecule, Start> {
    /// Sets the quadrature of the mean over the group; by default a tolerance of
    /// [`DEFAULT_TOLERANCE`](crate::network::DEFAULT_TOLERANCE). If all activations before the pooling are polynomials, a tolerance leads to the
    /// smallest quadrature that is exact.
    pub fn quadrature(mut self, quadrature: Quadrature) -> Self {
        self.quadrature = quadrature;
        self
    }

    /// Takes the mean over rotations and reflections, O(3): the kernels of mirror images become equal.
    pub fn improper(mut self) -> Self {
        if let InputSpace::Molecule { improper, .. } = &mut self.input {
            *improper = true;
        }
        self
    }

    /// Adds the first message, from the elements of the atoms.
    pub fn message(self, message: Message, init: Init) -> NetworkBuilder<OverMolecule, Gaussian> {
        self.push(Layer::Message { message, init })
    }
}

impl<S: sealed::Stage> NetworkBuilder<OverMolecule, S> {
    /// Adds a message.
    pub fn message(self, message: Message, init: Init) -> NetworkBuilder<OverMolecule, Gaussian> {
        self.push(Layer::Message { message, init })
    }

    /// Adds the mean over the group at each atom. The mean of activated features is not Gaussian: they stay at their stage.
    pub fn group_pooling(self) -> NetworkBuilder<OverAtoms, S> {
        self.push(Layer::GroupPooling)
    }

    /// Reads the features of every atom at the identity of the group, which ends the network: a kernel matrix has one row per atom, molecule
    /// after molecule. The features at a rotation g are those of the molecule that was rotated by g⁻¹.
    pub fn at_nodes(mut self) -> NetworkBuilder<Read, S> {
        self.outputs = Outputs::Nodes;
        self.retyped()
    }
}

impl<S: sealed::Stage> NetworkBuilder<OverAtoms, S> {
    /// Adds the sum over the atoms.
    pub fn node_sum(self) -> NetworkBuilder<Vectors, S> {
        self.push(Layer::NodePooling(NodePooling::Sum))
    }

    /// Adds the sums over the atoms of each element, side by side: the kernel is the sum over the pairs of atoms of one element. A dense layer
    /// must follow.
    pub fn element_sum(self) -> NetworkBuilder<Vectors, S> {
        self.push(Layer::NodePooling(NodePooling::LabelSum))
    }

    /// Adds the mean over the atoms.
    pub fn node_mean(self) -> NetworkBuilder<Vectors, S> {
        self.push(Layer::NodePooling(NodePooling::Mean))
    }

    /// Reads the features of every atom, which ends the network: a kernel matrix has one row per atom, molecule after molecule.
    pub fn at_nodes(mut self) -> NetworkBuilder<Read, S> {
        self.outputs = Outputs::Nodes;
        self.retyped()
    }
}
