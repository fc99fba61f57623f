//! The integration tests of the protocol core, as one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod documents;
mod frames;
mod receipts;
mod seats;
mod sessions;
