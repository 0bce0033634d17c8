//! Checkpoints, from which an interrupted training continues bit by bit as if it had not been interrupted.
//!
//! A checkpoint is a file in the format safetensors. It holds parameters and moments by name. Its metadata hold one text of settings,
//! which ends in a checksum of the text and all tensors.

use crate::error::FileOperation;
use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use safetensors::{SafeTensors, View};
use xxhash_rust::xxh3::Xxh3Default;

use crate::data::atomic::write_atomically;
use crate::files::reading::{check_regular, io_error};
use crate::{Error, Result};

use super::Trainer;
use super::backend::Backend;

/// The key of the settings in the metadata.
const KEY: &str = "haarmonic";
/// The first line of the settings.
const FORMAT: &str = "checkpoint 1";
/// The beginning of the last line of the settings.
const CHECKSUM: &str = "checksum ";

impl Trainer {
    /// Writes parameters, moments, the number of steps and the learning rate to a file.
    ///
    /// The file appears under its name only when it is complete.
    ///
    /// # Arguments
    /// * `path` — replaced if it exists; its folder must exist
    ///
    /// # Errors
    /// [`Error::Io`] if writing fails.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::finite_width::{FiniteNetwork, Trainer, Width, candle_core::DType};
    /// use haarmonic::network::{Network, Init};
    /// use ndarray::array;
    ///
    /// let network = Network::vector(1).dense(Init::default()).build()?;
    /// let trainer = || {
    ///     let network = FiniteNetwork::new(&network, Width::new(1, 1), 0, DType::F64)?;
    ///     let inputs = network.prepare(array![[1.0]].view())?;
    ///     Trainer::regression(&network, &inputs, array![[3.0]].view()).learning_rate(0.1).build()
    /// };
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("checkpoint.safetensors");
    /// let mut first = trainer()?;
    /// first.run(5)?;
    /// first.save(&path)?;
    /// let mut second = trainer()?;
    /// second.restore(&path)?;
    /// assert_eq!(second.step()?, first.step()?);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut text = format!(
            "{FORMAT}\nsteps {}\nlearning-rate {}\n",
            self.steps, self.learning_rate
        );
        for [name, value] in self.settings() {
            text += &format!("{name} {value}\n");
        }
        let tensors = self.tensors();
        text += &format!("{CHECKSUM}{}\n", checksum(&text, &tensors));
        let metadata = HashMap::from([(KEY.to_string(), text)]);
        let bytes = safetensors::serialize(tensors, Some(metadata))
            .map_err(|error| Error::backend("safetensors", error))?;
        write_atomically(path, |out| out.write_all(&bytes))
    }

    /// Reads a checkpoint of [`save`](Self::save); training then continues exactly as the saved trainer would, bit by bit.
    ///
    /// # Arguments
    /// * `path` — written by a trainer with an equal network, equal data and equal options. The learning rate is read from the file.
    ///   Layers without parameters, inputs and targets are not in the file and are not compared
    ///
    /// # Errors
    /// The trainer is unchanged after an error.
    /// * [`Error::Io`] — reading failed
    /// * [`Error::InFile`] — the file is not a checkpoint, is damaged, or belongs to a trainer with other settings
    pub fn restore(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        check_regular(path)?;
        let bytes =
            std::fs::read(path).map_err(|error| io_error(path, FileOperation::Read, error))?;
        self.restore_from(&bytes).map_err(|error| Error::InFile {
            path: path.to_path_buf(),
            source: Box::new(error),
        })
    }

    /// Checks the bytes of a checkpoint against this trainer, then replaces its state.
    fn restore_from(&mut self, bytes: &[u8]) -> Result<()> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| syntax(&error))?;
        let text = metadata.metadata().as_ref().and_then(|all| all.get(KEY));
        let text = text.ok_or_else(|| missing(KEY, "the metadata, expected a checkpoint"))?;
        let mut lines = text.lines();
        let format = lines.next().unwrap_or_default();
        if format != FORMAT {
            return Err(other("format", format, FORMAT));
        }
        let settings: HashMap<&str, &str> = lines.filter_map(|line| line.split_once(' ')).collect();
        let setting = |name: &str| {
            let value = settings.get(name).copied();
            value.ok_or_else(|| missing(name, "the settings of the checkpoint"))
        };
        for [name, value] in self.settings() {
            if setting(&name)? != value {
                return Err(other(&name, setting(&name)?, &value));
            }
        }
        let steps = setting("steps")?;
        let rate = setting("learning-rate")?;
        let (Ok(steps), Ok(rate)) = (steps.parse(), rate.parse()) else {
            return Err(other(
                "steps and learning-rate",
                &format!("{steps}, {rate}"),
                "numbers",
            ));
        };
        let mut found =
            candle_core::safetensors::load_buffer(bytes, &Device::Cpu).map_err(|e| syntax(&e))?;
        let mut values = Vec::new();
        for (name, now) in self.tensors() {
            let value = found
                .remove(&name)
                .ok_or_else(|| missing(&name, "the tensors of the checkpoint"))?;
            if value.dims() != now.dims() {
                return Err(Error::shape(
                    name,
                    format!("{:?}", now.dims()),
                    value.dims().to_vec(),
                ));
            }
            if value.dtype() != now.dtype() {
                let name = format!("data type of {name}");
                return Err(other(&name, value.dtype().as_str(), now.dtype().as_str()));
            }
            check_finite(&name, &value)?;
            values.push((name, value));
        }
        let (settings, sum) = text.split_at(text.rfind(CHECKSUM).unwrap_or(text.len()));
        let want = checksum(settings, &values);
        let sum = sum.strip_prefix(CHECKSUM).unwrap_or(sum).trim_end();
        if sum != want {
            return Err(other(
                "checksum",
                sum,
                &format!("{want}: the file is damaged"),
            ));
        }
        // All checks have passed: the trainer changes from here on.
        let mut values: Vec<Tensor> = values.into_iter().map(|(_, value)| value).collect();
        self.set_learning_rate(rate)?;
        let moments = values.split_off(self.network.parameters().len());
        self.network.set_parameters(&values)?;
        self.moments = moments
            .chunks_exact(2)
            .map(|pair| [pair[0].clone(), pair[1].clone()])
            .collect();
        self.steps = steps;
        Ok(())
    }

    /// Names and values of the options that must agree for training to continue.
    fn settings(&self) -> [[String; 2]; 6] {
        let augmentation = self.augmentation.as_ref();
        let augmentation =
            augmentation.map_or("none".into(), |augmentation| augmentation.describe());
        [
            ["loss", self.targets.name()],
            ["optimiser", &self.optimiser.describe()],
            ["items", &self.batches.items.to_string()],
            ["batch-size", &self.batches.size.to_string()],
            ["seed", &self.batches.seed.to_string()],
            ["augmentation", &augmentation],
        ]
        .map(|pair| pair.map(String::from))
    }

    /// All parameters, then all moments, with their names.
    fn tensors(&self) -> Vec<(String, Tensor)> {
        let names = self.network.names();
        let parameters = names.iter().zip(self.network.parameters());
        let parameters = parameters
            .map(|(name, value)| (format!("parameter.{name}"), value.as_detached_tensor()));
        let moments = names
            .iter()
            .zip(&self.moments)
            .flat_map(|(name, [mean, square])| {
                [
                    (format!("moment.1.{name}"), mean.clone()),
                    (format!("moment.2.{name}"), square.clone()),
                ]
            });
        parameters.chain(moments).collect()
    }
}

/// A hash of 128 bits, which detects accidental damage but no forgery.
fn checksum(text: &str, tensors: &[(String, Tensor)]) -> String {
    let mut hash = Xxh3Default::new();
    hash.update(text.as_bytes());
    for (name, tensor) in tensors {
        hash.update(name.as_bytes());
        hash.update(&tensor.data());
    }
    format!("{:032x}", hash.digest128())
}

/// Accepts a tensor of finite entries.
fn check_finite(name: &str, value: &Tensor) -> Result<()> {
    // The product of an infinite or undefined entry with zero is NaN, and so is the sum.
    let sum = (value * 0.0).and_then(|zeros| zeros.sum_all()).backend()?;
    if super::loss::number(&sum)? == 0.0 {
        return Ok(());
    }
    Err(Error::not_finite(name, vec![]))
}

fn syntax(error: &dyn std::fmt::Display) -> Error {
    Error::syntax("safetensors", None, error)
}

fn missing(what: &str, place: &str) -> Error {
    Error::missing(what, place)
}

fn other(what: &str, found: &str, expected: &str) -> Error {
    Error::invalid(format!("{what} of a checkpoint"), found, expected)
}
