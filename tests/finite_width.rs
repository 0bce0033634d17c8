//! Networks of finite width: shapes, gradients, equivariance, errors.
