//! Integration tests of simulations.

mod model;
