//! Networks over finite groups: symmetries, and the theorem on augmentation.

use haarmonic::activation::Activation;
use haarmonic::corrections::Tensors;
use haarmonic::group::{FiniteAction, FiniteGroup, Permutations, TableGroup};
use haarmonic::kernel::{Kernel, Signals};
use haarmonic::network::{Filter, Init, Network};
use ndarray::{Array2, Array3, Array4, ArrayD, Axis};

use crate::common::close::assert_named_close;
use crate::common::tol::corrections as tol;
