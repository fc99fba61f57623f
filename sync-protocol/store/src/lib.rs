//! Durable state of hub and node: the only package that names SQLite.
//!
//! [`ShardTx`] lists what one transaction can do; [`SqliteShard`] is its synchronous engine over one file. Hub and node use
//! the same tables, and every key and statement contains `vshard`. [`ControlStore`] holds what the hub knows about
//! nodes, tenants, tokens and topics. [`Witness`] notices a database that was rolled back.

mod control;
mod error;
mod rows;
mod shard;
mod sqlite;
mod witness;

/// SQLite's C interface, for the simulator's faulty disk alone.
pub use rusqlite::ffi;

pub use control::{ControlStore, NodeRecord, TenantRecord, TokenRow, TopicRecord};
pub use error::StoreError;
pub use rows::{HoldingTotals, JobSummary, SeatRow, SeatTotals, SignUpRow, Stored, WaitRow};
pub use shard::{HubSaid, Page, ShardTx};
pub use sqlite::{OpenOptions, SqliteShard};
pub use witness::{Witness, WitnessError, WitnessFile};
