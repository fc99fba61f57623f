//! One vshard with real storage: what nodes report, with the outcome of each batch.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bounds;
mod carried;
mod commands;
mod dismiss;
mod documents;
mod hostile;
mod jobs;
mod line;
mod reclaim;
mod restore;
mod vshard;
