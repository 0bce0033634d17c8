//! The plan of a finite network: its layers as steps on tensors, and the parameters that the steps need.

use candle_core::{DType, Device, Tensor};

use crate::network::{
    Filter, GroupName, Init, InputSpace, Layer, Message, Network, NodePooling, Outputs, Quadrature,
};
use crate::{Error, Result};

use super::backend::Backend;
use super::gather::{Gather, Table};
use super::message::{MessageMap, MessageSum};
use super::molecule::{COLUMNS, MoleculePlaces};
use super::parameters::{Slot, Slots};
use super::planar::PlanarPlaces;
use super::sphere_layers::{RotationPlaces, SphereConvolution, SphereLifting};
use super::steps::{Linear, Map, Step};
use super::width::Width;

/// The largest band limit of features: tables of rotations grow with its sixth power, and have a gigabyte here.
const MAX_BAND_LIMIT: usize = 16;

/// Everything about a finite network but the values of its parameters.
#[derive(Debug)]
pub(super) struct Plan {
    pub network: Network,
    pub dtype: DType,
    pub width: Width,
    pub steps: Vec<Step>,
    /// Names and shapes of the parameters.
    pub slots: Vec<Slot>,
    /// The rotations at which features are kept, for a network on the sphere.
    pub rotations: Option<RotationPlaces>,
    /// The rotations and messages of a network on molecules.
    pub molecules: Option<MoleculePlaces>,
    /// Numbers of places and channels of an input; molecules have any number of atoms, and one stands here.
    pub input: [usize; 2],
    /// Number of places of the outputs of one input.
    pub output_places: usize,
    /// Number of channels of the outputs.
    pub output_channels: usize,
}

/// The properties of the features after the steps so far.
#[derive(Clone, Copy)]
struct State {
    places: Places,
    /// Number of places.
    count: usize,
    channels: usize,
}

/// The space on which features are functions.
#[derive(Clone, Copy)]
enum Places {
    /// One place after pooling; also stands for an input before the lifting.
    One,
    /// Pixels and orientations.
    Plane(PlanarPlaces),
    /// The elements of a finite group.
    Finite,
    /// A grid of rotations.
    Rotations,
    /// Points of the sphere, after a partial pooling.
    Sphere,
    /// Rotations and atoms of a molecule, whose number is that of the input and not of the plan: the features count as one place.
    RotationsOfAtoms,
    /// Atoms of a molecule.
    Atoms,
}

impl Plan {
    /// Makes the plan of a network.
    ///
    /// # Errors
    /// As [`FiniteNetwork::new`](super::FiniteNetwork::new).
    pub(super) fn new(network: &Network, width: Width, dtype: DType) -> Result<Plan> {
        width.check()?;
        if !matches!(dtype, DType::F32 | DType::F64) {
            return Err(Error::invalid(
                "data type of a finite network",
                dtype.as_str(),
                "f32 or f64",
            ));
        }
        let rotations = match *network.input() {
            InputSpace::Sphere { band_limit, .. } => Some(RotationPlaces::new(
                feature_band_limit(band_limit, network.quadrature())?,
                network.outputs(),
                dtype,
            )?),
            _ => None,
        };
        let input = match network.input() {
            InputSpace::Vector { dimension } => [1, *dimension],
            InputSpace::Sphere {
                band_limit,
                channels,
                ..
            } => [band_limit * band_limit, *channels],
            InputSpace::Plane {
                height,
                width,
                channels,
            } => [height * width, *channels],
            InputSpace::Finite { action, channels } => [action.points(), *channels],
            InputSpace::Molecule { .. } => [1, COLUMNS],
            InputSpace::Graph { .. } => {
                return Err(Error::invalid(
                    "inputs of a finite network",
                    "graphs",
                    "vectors, images, functions on the sphere or on a finite set, or molecules",
                ));
            }
        };
        let molecules = match network.input() {
            InputSpace::Molecule { .. } => Some(MoleculePlaces::new(network, dtype)?),
            _ => None,
        };
        let mut planner = Planner {
            network,
            width,
            dtype,
            rotations: rotations.as_ref(),
            molecules,
            slots: Slots::default(),
            last: last_weights(network.layers())
                .expect("a network that was checked starts with weights"),
        };
        let state = State {
            places: Places::One,
            count: input[0],
            channels: input[1],
        };
        let mut steps = Vec::new();
        let mut state = planner.layers(network.layers(), "", state, &mut steps)?;
        if let (Some(rotations), true) = (&rotations, *network.outputs() != Outputs::Pooled) {
            let first = rotations.grid(matches!(state.places, Places::Sphere));
            steps.push(Step::Last(first));
            state.count -= first;
        }
        Ok(Plan {
            network: network.clone(),
            dtype,
            width,
            steps,
            slots: planner.slots.0,
            molecules: planner.molecules,
            rotations,
            input,
            output_places: state.count,
            output_channels: state.channels,
        })
    }
}

/// The band limit of features between layers.
fn feature_band_limit(signals: usize, quadrature: Quadrature) -> Result<usize> {
    let band_limit = match quadrature {
        Quadrature::BandLimit(band_limit) => band_limit,
        Quadrature::Tolerance(_) => 2 * signals,
    };
    if band_limit < signals || band_limit > MAX_BAND_LIMIT {
        return Err(Error::invalid(
            "band limit of the quadrature of a finite network",
            band_limit,
            format!("{signals} (that of the signals) to {MAX_BAND_LIMIT}"),
        ));
    }
    Ok(band_limit)
}

/// The number of the last layer with weights; none for an identity shortcut, or one of poolings only.
fn last_weights(layers: &[Layer]) -> Option<usize> {
    let weights = |layer: &Layer| {
        matches!(
            layer,
            Layer::Lifting { .. }
                | Layer::GroupConvolution { .. }
                | Layer::Dense(_)
                | Layer::Message { .. }
                | Layer::Residual { .. }
        )
    };
    layers.iter().rposition(weights)
}

/// Converts layers to steps and collects their parameters.
struct Planner<'a> {
    network: &'a Network,
    width: Width,
    dtype: DType,
    rotations: Option<&'a RotationPlaces>,
    molecules: Option<MoleculePlaces>,
    slots: Slots,
    /// The number of the last layer with weights, which has the output channels.
    last: usize,
}

impl Planner<'_> {
    /// Appends the steps of the layers of the network.
    fn layers(
        &mut self,
        layers: &[Layer],
        prefix: &str,
        mut state: State,
        steps: &mut Vec<Step>,
    ) -> Result<State> {
        for (index, layer) in layers.iter().enumerate() {
            let channels = if index == self.last {
                self.width.outputs
            } else {
                self.width.hidden
            };
            let name = format!("{prefix}{index}");
            state = self.layer(layer, &name, channels, state, steps)?;
        }
        Ok(state)
    }

    /// Returns the steps of a branch; its last layer with weights has `channels` channels, the others have the hidden ones.
    fn branch(
        &mut self,
        layers: &[Layer],
        name: &str,
        channels: usize,
        mut state: State,
    ) -> Result<(Vec<Step>, State)> {
        let mut steps = Vec::new();
        let last = last_weights(layers);
        for (index, layer) in layers.iter().enumerate() {
            let channels = if Some(index) == last {
                channels
            } else {
                self.width.hidden
            };
            let name = format!("{name}.{index}");
            state = self.layer(layer, &name, channels, state, &mut steps)?;
        }
        Ok((steps, state))
    }

    /// Appends the steps of one layer; `channels` is the number of channels after it, if it has weights.
    fn layer(
        &mut self,
        layer: &Layer,
        name: &str,
        channels: usize,
        state: State,
        steps: &mut Vec<Step>,
    ) -> Result<State> {
        match layer {
            Layer::Lifting {
                group,
                filter,
                init,
            } => {
                let (map, shape, after) = self.lifting(*group, filter, state)?;
                steps.push(self.linear(name, map, shape, *init, (state, channels)));
                Ok(State { channels, ..after })
            }
            Layer::GroupConvolution { filter, init } => {
                let (map, shape, after) = self.convolution(filter, state)?;
                steps.push(self.linear(name, map, shape, *init, (state, channels)));
                Ok(State { channels, ..after })
            }
            Layer::Dense(init) => {
                let step = self.linear(
                    name,
                    Map::Pointwise,
                    FilterShape::Places(1),
                    *init,
                    (state, channels),
                );
                steps.push(step);
                Ok(State { channels, ..state })
            }
            Layer::Activation(activation) => {
                steps.push(Step::Activation(activation.clone()));
                Ok(state)
            }
            Layer::AveragePooling(pooling) => {
                let Places::Plane(places) = state.places else {
                    unreachable!("a network that was checked pools features on the plane")
                };
                let (weights, after) = places.means(*pooling);
                let count = weights.len() / state.count;
                let weights = Tensor::from_vec(weights, (count, state.count), &Device::Cpu)
                    .and_then(|weights| weights.to_dtype(self.dtype))
                    .backend()?;
                steps.push(Step::Mean(weights));
                Ok(State {
                    places: Places::Plane(after),
                    count,
                    ..state
                })
            }
            Layer::GroupPooling if matches!(state.places, Places::RotationsOfAtoms) => {
                steps.push(Step::RotationMean(self.molecules().means()?));
                Ok(State {
                    places: Places::Atoms,
                    ..state
                })
            }
            Layer::GroupPooling => {
                steps.push(Step::Mean(self.means(state)?));
                Ok(State {
                    places: Places::One,
                    count: 1,
                    ..state
                })
            }
            Layer::PartialPooling => {
                let ring = self.rotations().ring();
                steps.push(Step::RingMean(ring));
                Ok(State {
                    places: Places::Sphere,
                    count: state.count / ring,
                    ..state
                })
            }
            Layer::Flatten => {
                steps.push(Step::Flatten);
                Ok(State {
                    places: Places::One,
                    count: 1,
                    channels: state.count * state.channels,
                })
            }
            Layer::Normalisation => {
                steps.push(Step::Normalisation);
                Ok(state)
            }
            Layer::Message { message, init } => {
                let (map, filter, after) = self.message(name, message, state)?;
                steps.push(self.linear(name, map, filter, *init, (after, channels)));
                Ok(State { channels, ..after })
            }
            Layer::NodePooling(pooling) => {
                steps.push(Step::Readout(*pooling));
                // The sums of each element stand side by side.
                let kinds = match pooling {
                    NodePooling::LabelSum => self.molecules().elements(),
                    NodePooling::Sum | NodePooling::Mean => 1,
                };
                Ok(State {
                    places: Places::One,
                    count: 1,
                    channels: kinds * state.channels,
                })
            }
            Layer::Aggregation(_) | Layer::JumpingKnowledge { .. } => {
                unreachable!("layers on graphs, which have no plan")
            }
            Layer::Residual { branch, shortcut } => {
                // An identity shortcut keeps its channels, so the branch must end with their number.
                if last_weights(shortcut).is_none() && channels != state.channels {
                    return Err(Error::invalid(
                        format!("channels after the residual sum of layer {name}"),
                        channels,
                        format!(
                            "{}, those of its identity shortcut; or a dense layer after it",
                            state.channels
                        ),
                    ));
                }
                let (branch, after) =
                    self.branch(branch, &format!("{name}.branch"), channels, state)?;
                let (shortcut, _) =
                    self.branch(shortcut, &format!("{name}.shortcut"), channels, state)?;
                steps.push(Step::Sum { branch, shortcut });
                Ok(after)
            }
        }
    }

    /// The map of a message, the size of its filter, and the features after it; their channels are still those before it.
    fn message(
        &mut self,
        name: &str,
        message: &Message,
        state: State,
    ) -> Result<(Map, FilterShape, State)> {
        let elements = self.molecules().elements();
        let first = matches!(state.places, Places::One);
        let sum = MessageSum::new(name, message, elements, first)?;
        let (kinds, blocks) = (sum.kinds(), sum.blocks());
        let places = self.molecules.as_mut().expect("on molecules");
        let number = places.push(sum);
        let after = State {
            places: Places::RotationsOfAtoms,
            // The elements are one channel.
            channels: if first { 1 } else { state.channels },
            ..state
        };
        let map = Map::Message(MessageMap { number, kinds });
        Ok((map, FilterShape::Edges { kinds, blocks }, after))
    }

    /// The map of a lifting, the size of its filter, and the features after it.
    fn lifting(
        &self,
        group: GroupName,
        filter: &Filter,
        state: State,
    ) -> Result<(Map, FilterShape, State)> {
        let (table, places) = match (self.network.input(), group) {
            (InputSpace::Sphere { band_limit, .. }, _) => {
                let lifting = SphereLifting::new(filter, *band_limit, self.dtype)?;
                let after = State {
                    places: Places::Rotations,
                    count: self.rotations().count(),
                    ..state
                };
                let filter = FilterShape::Noise(band_limit * band_limit);
                return Ok((Map::SphereLifting(lifting), filter, after));
            }
            (InputSpace::Plane { height, width, .. }, GroupName::Plane(group)) => {
                let places = PlanarPlaces {
                    size: [*height, *width],
                    group,
                };
                let (table, after) = places.table(filter, true);
                (table, Places::Plane(after))
            }
            (InputSpace::Finite { action, .. }, _) => {
                (Table::finite(action, filter, true), Places::Finite)
            }
            _ => unreachable!("a network that was checked lifts to a group of its input space"),
        };
        gathered(&table, places, state)
    }

    /// The map of a group convolution, the size of its filter, and the features after it.
    fn convolution(&self, filter: &Filter, state: State) -> Result<(Map, FilterShape, State)> {
        match (state.places, self.network.input()) {
            (Places::Plane(places), _) => {
                let (table, after) = places.table(filter, false);
                gathered(&table, Places::Plane(after), state)
            }
            (Places::Finite, InputSpace::Finite { action, .. }) => {
                let table = Table::finite(action, filter, false);
                gathered(&table, Places::Finite, state)
            }
            _ => {
                let convolution = SphereConvolution::new(filter, self.rotations(), self.dtype)?;
                let filter = FilterShape::Noise(self.rotations().coefficients());
                Ok((Map::SphereConvolution(convolution), filter, state))
            }
        }
    }

    /// The step of a layer with weights; adds its parameters.
    fn linear(
        &mut self,
        name: &str,
        map: Map,
        filter: FilterShape,
        init: Init,
        (state, channels): (State, usize),
    ) -> Step {
        // The factor is σw / √terms, where terms are the weights that meet in one output. The coefficients of noise on the sphere already
        // contain the mean over the support, so only the channels count.
        let (shape, terms) = match filter {
            FilterShape::Places(places) => {
                let terms = places * state.channels;
                (vec![terms, channels], terms)
            }
            FilterShape::Noise(coefficients) => {
                (vec![coefficients, state.channels, channels], state.channels)
            }
            // The functions of edges and the sum over neighbours are part of the features.
            FilterShape::Edges { kinds, blocks } => (
                vec![kinds, blocks * state.channels, channels],
                state.channels,
            ),
        };
        let weights = self.slots.push(format!("{name}.weight"), shape);
        let bias =
            (init.bias_std != 0.0).then(|| self.slots.push(format!("{name}.bias"), vec![channels]));
        Step::Linear(Linear {
            map,
            weights,
            bias,
            factor: init.weight_std / (terms as f64).sqrt(),
            bias_std: init.bias_std,
        })
    }

    /// The weights of the mean over all places, `[1, places]`, for [`Step::Mean`].
    fn means(&self, state: State) -> Result<Tensor> {
        match state.places {
            Places::Rotations => self.rotations().means(false, self.dtype),
            Places::Sphere => self.rotations().means(true, self.dtype),
            Places::RotationsOfAtoms | Places::Atoms => {
                unreachable!("a network that was checked has one mean over the group")
            }
            Places::One | Places::Plane(_) | Places::Finite => {
                let weight = (state.count as f64).recip();
                Tensor::full(weight, (1, state.count), &Device::Cpu)
                    .and_then(|weights| weights.to_dtype(self.dtype))
                    .backend()
            }
        }
    }

    fn molecules(&self) -> &MoleculePlaces {
        self.molecules
            .as_ref()
            .expect("a network on molecules has their places")
    }

    fn rotations(&self) -> &RotationPlaces {
        self.rotations
            .expect("a network on the sphere has rotations")
    }
}

/// The size of a filter.
enum FilterShape {
    /// A number of places.
    Places(usize),
    /// Coefficients of noise on its support.
    Noise(usize),
    /// Blocks of features that meet the weights in one matrix, of which there are as many as there are kinds of atoms.
    Edges { kinds: usize, blocks: usize },
}

/// The map, the filter and the features of a layer that a table describes.
fn gathered(table: &Table, places: Places, state: State) -> Result<(Map, FilterShape, State)> {
    let after = State {
        places,
        count: table.sources.len() / table.filter,
        ..state
    };
    let map = Map::Gather(Gather::new(table).backend()?);
    Ok((map, FilterShape::Places(table.filter), after))
}
