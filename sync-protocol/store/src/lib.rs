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

pub use control::{ControlStore, NodeRecord, TenantRecord, TokenRow, TopicRecord};
pub use error::StoreError;
pub use rows::{
    EndingRow, FenceCause, HoldingTotals, JobSummary, LimboRow, SeatRow, SeatTotals, SignUpRow, StandingRow, Stored,
    WaitRow,
};
pub use shard::{HubSaid, Page, ShardTx};
pub use sqlite::{OpenOptions, SqliteShard};
pub use witness::{Witness, WitnessError};
