//! The integration tests of storage, as one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod conformance;
mod control;
mod engine;
mod integrity;
mod place;
mod statements;
