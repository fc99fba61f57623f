//! Integration tests of simulations.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod exhaustive;
