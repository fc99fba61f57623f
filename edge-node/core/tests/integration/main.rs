//! The integration tests of the node's core, as one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod admission;
mod fitness;
mod gate;
mod holds;
mod hostile;
mod lines;
mod outbox;
mod places;
mod received;
mod search;
mod world;
