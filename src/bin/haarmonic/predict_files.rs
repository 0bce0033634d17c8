//! The input files of `haarmonic predict`.

use haarmonic::Result;
use haarmonic::network::Network;

use super::inputs::Inputs;
use super::predict_arguments::Arguments;
use super::read_network;
use super::targets::Known;

/// The network, and inputs that belong to it.
pub struct Files {
    pub network: Network,
    pub train: Known,
    pub test: Inputs,
    pub validation: Option<Known>,
}

impl Files {
    /// Reads all files, and compares the targets of training and validation.
    pub fn read(arguments: &Arguments) -> Result<Files> {
        let network = read_network(&arguments.network, arguments.precision)?;
        let train = Known::read(&network, &arguments.train_x, &arguments.train_y, "training")?;
        let test = Inputs::read(&network, &arguments.test_x)?;
        let validation = match (&arguments.validation_x, &arguments.validation_y) {
            (Some(x), Some(y)) => Some(Known::read(&network, x, y, "validation")?),
            _ => None,
        };
        if let Some(validation) = &validation {
            validation.targets.check_outputs(&train.targets)?;
        }
        Ok(Files {
            network,
            train,
            test,
            validation,
        })
    }
}
