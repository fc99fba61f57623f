//! The integration tests of the simulations, as one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod commands;
mod disks;
mod exhaustive;
mod frames;
mod worlds;
