//! Network files: what each mistake is answered with, and damaged files.

mod damaged;
mod keys;
mod layers;

use crate::common::network_files::{documented_files, every_activation, mlp_file, sphere_file};
use haarmonic::Error;
use haarmonic::network::Network;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[track_caller]
fn refused(result: haarmonic::Result<Network>, message: &str) {
    let error = result.expect_err("the network is not well formed");
    assert_eq!(error.to_string(), message);
    assert!(!message.contains('\n'));
}

/// The message for a file made from a good one by replacing a text.
#[track_caller]
fn refused_after(file: &str, from: &str, to: &str, message: &str) {
    assert!(file.contains(from), "{from:?} is not in the file");
    refused(Network::from_toml(&file.replacen(from, to, 1)), message);
}
