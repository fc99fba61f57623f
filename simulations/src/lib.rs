//! Deterministic simulation of hub and nodes: the production cores and real SQLite over simulated disks, networks and clocks.
//!
//! [`exhaustive`] walks through every state of small worlds instead.
//!
//! One seed decides everything. [`schedule`] draws what people and the world do, [`world`] carries it out in virtual time,
//! [`model`] remembers what workers were told, [`checks`] compares. A trace replays, and can be made short.

pub mod bugs;
mod checks;
pub mod disk;
pub mod exhaustive;
pub mod model;
pub mod picture;
pub mod random;
pub mod runs;
pub mod scenario;
pub mod schedule;
pub mod tally;
pub mod trace;
pub mod trace_file;
pub mod trials;
pub mod vfs;
pub mod witness_file;
pub mod world;

/// The commit that was checked out when the sources were compiled last, with `+changes` where they were not as committed.
/// `None` outside of a checkout.
pub const COMMIT: Option<&str> = option_env!("DAYSHIFT_COMMIT");
